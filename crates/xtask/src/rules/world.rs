//! A small world in which a plan is carried out as unkindly as its edges allow, to read the damage.
//!
//! Time goes in rounds: whatever may begin begins at once, side by side. What does harm does it as soon as its step begins,
//! whether it succeeds or not; what protects counts only when it is verified.

use super::damage::{Damage, Damages};
use super::moves::does;
use super::script::{Level, Script};
use super::shapes::Mail;

/// One course that the vendors could let a run take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Course {
    /// This step fails.
    pub(super) fails: Option<usize>,
    /// This step is late: everything that may go on without it does.
    pub(super) late: Option<Late>,
}

/// What a rule that gives licences may read: whether the account is enabled, and the profile.
const TOUCHES: u64 = does::CLOSES | does::PROFILE;

/// How a step is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// It begins late.
    Begin(usize),
    /// It is answered at once and settled late.
    Settle(usize),
}

#[derive(Clone, Copy)]
struct World {
    held: u32,
    taken: u32,
    others: u32,
    dropped: u32,
    door: bool,
    shared: bool,
    kept: bool,
    let_go: bool,
    deleted: bool,
    unsure: bool,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    begun: u32,
    answered: u32,
    settled: u32,
    verified: u32,
}

fn bits(mut mask: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (mask != 0).then(|| mask.trailing_zeros() as usize);
        mask &= mask.wrapping_sub(1);
        lowest
    })
}

impl Script<'_> {
    /// Every course: all succeed; one fails; one is late; and one is late while what others need has failed.
    pub(super) fn courses(&self) -> impl Iterator<Item = Course> {
        let count = self.moves.len();
        let needed = self.needs.iter().fold(0, |all, needs| all | needs);
        let late = move || {
            (0..count)
                .flat_map(|at| [Late::Begin(at), Late::Settle(at)])
                .map(Some)
        };
        let fails = (0..count).map(|at| Course {
            fails: Some(at),
            late: None,
        });
        let lates = late().map(|late| Course { fails: None, late });
        let both = bits(needed).flat_map(move |at| {
            late().map(move |late| Course {
                fails: Some(at),
                late,
            })
        });
        std::iter::once(Course::default())
            .chain(fails)
            .chain(lates)
            .chain(both)
    }

    /// Carries the plan out in one course.
    pub(super) fn play(&self, course: Course, mut rounds: Option<&mut Vec<u32>>) -> Damages {
        let mut damages = Damages::default();
        let mut progress = Progress::default();
        let mut world = self.begin();
        let mut late = course.late;
        loop {
            let ready = self.ready(&mut progress, late);
            if ready == 0 && late.is_none() {
                break;
            }
            if ready == 0 {
                self.held_up(late.take(), progress, &mut damages);
                self.settle(&mut progress, &mut world, None, course.fails);
                continue;
            }
            if let Some(rounds) = &mut rounds {
                rounds.push(ready);
            }
            progress.begun |= ready;
            for at in bits(ready) {
                self.harm(at, &mut world);
                for harm in &self.harms[at] {
                    let reached = match harm.level {
                        Level::Answered => progress.answered,
                        Level::Settled => progress.settled,
                        Level::Verified => progress.verified,
                    };
                    damages.add_if(harm.others & !reached != 0, harm.damage);
                }
            }
            self.look(ready, progress, world, &mut damages);
            self.settle(&mut progress, &mut world, late, course.fails);
        }
        damages.add_if(progress.settled != self.all, Damage::NeverBegins);
        if course.fails.is_none() {
            damages.add_if(
                self.does & does::CLOSES != 0 && !world.door,
                Damage::AccessOpen,
            );
            let stuck =
                world.taken & self.ground.direct != 0 && world.held & self.ground.grouped != 0;
            damages.add_if(stuck && !world.deleted, Damage::LicenceStuck);
            let by_rule = self.does & TOUCHES != 0 && self.ground.touchy != 0;
            let lost = by_rule && !world.let_go && self.is_lost(world);
            damages.add_if(lost, Damage::MailTakenByRule);
        }
        damages
    }

    fn begin(&self) -> World {
        let traits = self.ground.traits();
        World {
            held: self.ground.held,
            taken: 0,
            others: self.ground.others,
            dropped: 0,
            door: !traits.open,
            shared: traits.mail == Mail::Shared,
            kept: false,
            let_go: false,
            deleted: false,
            unsure: false,
        }
    }

    /// The steps that begin now. What needs a step that will never be verified is settled without having begun.
    fn ready(&self, progress: &mut Progress, late: Option<Late>) -> u32 {
        let mut ready = 0;
        loop {
            let mut skipped = 0;
            for at in bits(self.all & !progress.begun & !progress.settled & !ready) {
                if self.needs[at] & progress.settled & !progress.verified != 0 {
                    skipped |= 1 << at;
                } else if self.answered[at] & !progress.answered == 0
                    && self.after[at] & !progress.settled == 0
                    && self.needs[at] & !progress.verified == 0
                    && late != Some(Late::Begin(at))
                {
                    ready |= 1 << at;
                }
            }
            progress.answered |= skipped;
            progress.settled |= skipped;
            if skipped == 0 {
                return ready;
            }
        }
    }

    fn settle(
        &self,
        progress: &mut Progress,
        world: &mut World,
        late: Option<Late>,
        fails: Option<usize>,
    ) {
        progress.answered |= progress.begun;
        let mut now = progress.begun & !progress.settled;
        if let Some(Late::Settle(at)) = late {
            now &= !(1 << at);
        }
        progress.settled |= now;
        if let Some(at) = fails {
            now &= !(1 << at);
        }
        progress.verified |= now;
        for at in bits(now) {
            let step = self.moves[at];
            world.held |= step.gives;
            world.others |= step.owns;
            world.door |= step.does & does::CLOSES != 0;
            world.shared |= step.does & does::CONVERTS != 0;
            world.kept |= step.does & does::KEEPS != 0;
        }
    }

    /// What a step harms as soon as it begins.
    fn harm(&self, at: usize, world: &mut World) {
        let step = self.moves[at];
        world.held &= !step.frees;
        world.taken |= step.frees;
        world.dropped |= step.unowns;
        world.door &= step.does & does::OPENS == 0;
        world.let_go |= step.does & does::LETS_GO != 0;
        world.deleted |= step.does & does::DELETES != 0;
        world.unsure |= step.does & TOUCHES != 0;
        // Licences taken and given in one call are exchanged: there is no moment between.
        if step.frees != 0 {
            world.held |= step.gives;
        }
    }

    /// Looks at the world while steps are under way.
    fn look(&self, ready: u32, progress: Progress, world: World, damages: &mut Damages) {
        let ground = self.ground;
        damages.add_if(world.dropped & !world.others != 0, Damage::OwnerGone);
        if !world.door {
            let careless =
                bits(ready).any(|at| self.moves[at].does & (does::METHOD | does::CONVERTS) != 0);
            damages.add_if(careless, Damage::DoorOpen);
        }
        if world.taken & ground.mail == 0 {
            return;
        }
        if !world.let_go && !world.deleted {
            let lost = self.is_lost(world);
            let converts = self.does & does::CONVERTS != 0;
            damages.add_if(
                lost,
                if converts {
                    Damage::MailLost
                } else {
                    Damage::MailGivenUp
                },
            );
            let bare = ground.traits().large
                && ground.in_cloud()
                && self.sure(world) & ground.keepers == 0;
            damages.add_if(bare && !world.kept, Damage::KeeperMissing);
        }
        if world.held & ground.mail == 0 && !world.kept {
            let under_way = progress.begun & !progress.settled;
            for at in bits(self.all & !progress.settled) {
                let does = self.moves[at].does;
                damages.add_if(does & does::MEETINGS != 0, Damage::MeetingsLeft);
                let works = does & does::MAILBOX_WORK != 0 && under_way & (1 << at) != 0;
                damages.add_if(works, Damage::MailboxGone);
            }
        }
    }

    /// Licences that stay. A rule that reads whether the account is enabled takes its own when it likes.
    fn sure(&self, world: World) -> u32 {
        let may_vanish = if world.unsure { self.ground.touchy } else { 0 };
        world.held & !may_vanish
    }

    /// Whether nothing keeps the mailbox.
    fn is_lost(&self, world: World) -> bool {
        let hangs = matches!(self.ground.traits().mail, Mail::User | Mail::Unread);
        hangs && !world.shared && !world.kept && self.sure(world) & self.ground.mail == 0
    }

    /// Nothing can go on without the late step: what waits for it that must not?
    fn held_up(&self, late: Option<Late>, progress: Progress, damages: &mut Damages) {
        let Some(Late::Begin(at) | Late::Settle(at)) = late else {
            return;
        };
        let waits = |steps: u32, may_hold_up: u32| {
            steps & !progress.begun & !progress.settled != 0 && may_hold_up & (1 << at) == 0
        };
        damages.add_if(
            waits(self.containment, self.containment),
            Damage::ContainmentWaits,
        );
        damages.add_if(waits(self.roles, self.before_roles), Damage::RolesLate);
        damages.add_if(waits(self.urgent, self.before_urgent), Damage::ConvertLate);
    }
}
