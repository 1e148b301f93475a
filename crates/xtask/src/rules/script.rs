//! A plan as the world model reads it: who waits for whom, what a step would harm by beginning too early, and what is wrong however
//! the run goes.

use domain::StepKey;
use domain::plan::{Remark, Weight};
use domain::request::Kind;
use domain::spec::Edge;

use super::damage::{Damage, Damages};
use super::moves::{Ground, Move, does};
use super::shapes::Mail;

/// How far along another step has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// It was answered.
    Answered,
    /// It is settled.
    Settled,
    /// It is verified.
    Verified,
}

use Level::{Answered, Settled, Verified};

/// What would be harmed if a step began before these others are that far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Harm {
    pub(super) others: u32,
    pub(super) level: Level,
    pub(super) damage: Damage,
}

/// A plan, ready to be carried out. Sets of steps are bits by position.
pub(super) struct Script<'a> {
    pub(super) ground: &'a Ground<'a>,
    pub(super) moves: Vec<&'a Move>,
    /// The steps that each step waits for, until they are answered, settled, verified.
    pub(super) answered: Vec<u32>,
    pub(super) after: Vec<u32>,
    pub(super) needs: Vec<u32>,
    /// What each step harms by beginning too early.
    pub(super) harms: Vec<Vec<Harm>>,
    pub(super) all: u32,
    pub(super) containment: u32,
    pub(super) roles: u32,
    /// What may keep roles waiting.
    pub(super) before_roles: u32,
    /// Conversion, where a rule may take the licence at any moment, and what may keep it waiting.
    pub(super) urgent: u32,
    pub(super) before_urgent: u32,
    /// Every kind of effect in the plan.
    pub(super) does: u64,
}

/// Whether it applies to a step, the others that have to be how far along, and the damage when they are not.
type Early = (bool, u32, Level, Damage);

fn keep(at: usize, early: &[Early], harms: &mut Vec<Harm>) {
    for &(applies, others, level, damage) in early {
        let others = others & !(1 << at);
        if applies && others != 0 {
            harms.push(Harm {
                others,
                level,
                damage,
            });
        }
    }
}

impl<'a> Script<'a> {
    /// Reads a plan: its steps in order, and for each the edges it carries, resolved to positions.
    pub(super) fn new(
        ground: &'a Ground<'a>,
        steps: impl ExactSizeIterator<Item = (&'a Move, &'a [Edge])>,
        place: impl Fn(&StepKey) -> Option<usize>,
    ) -> Self {
        let count = steps.len();
        let mut script = Self {
            ground,
            moves: Vec::with_capacity(count),
            answered: vec![0; count],
            after: vec![0; count],
            needs: vec![0; count],
            harms: Vec::with_capacity(count),
            all: 1u32
                .checked_shl(count as u32)
                .map_or(u32::MAX, |above| above - 1),
            containment: 0,
            roles: 0,
            before_roles: 0,
            urgent: 0,
            before_urgent: 0,
            does: 0,
        };
        for (at, (step, edges)) in steps.enumerate() {
            for edge in edges {
                // A step that waits for itself never begins, like one that waits for a step which is not there.
                let bit = 1 << place(edge.key()).unwrap_or(at);
                match edge {
                    Edge::Answered(_) => script.answered[at] |= bit,
                    Edge::After(_) => script.after[at] |= bit,
                    Edge::Needs(_) => script.needs[at] |= bit,
                }
            }
            script.does |= step.does;
            script.moves.push(step);
        }
        script.containment = script.with(does::CONTAINS);
        script.roles = script.with(does::ROLE) & !script.containment;
        script.before_roles = script.containment | script.with(does::ROLE | does::CREATES);
        if script.does & does::CLOSES != 0 && ground.touchy != 0 {
            script.urgent = script.with(does::CONVERTS);
            script.before_urgent = script.containment | script.with(does::CONVERTS | does::KEEPS);
        }
        script.harms = (0..count).map(|at| script.harms_of(at)).collect();
        script
    }

    fn with(&self, kinds: u64) -> u32 {
        self.that(|step| step.does & kinds != 0)
    }

    fn that(&self, question: impl Fn(&Move) -> bool) -> u32 {
        let mut mask = 0;
        for (at, step) in self.moves.iter().enumerate() {
            mask |= u32::from(question(step)) << at;
        }
        mask
    }

    /// What this step would harm by beginning too early.
    fn harms_of(&self, at: usize) -> Vec<Harm> {
        let mut harms = Vec::new();
        keep(at, &self.always(at), &mut harms);
        if self.does & LATER != 0 {
            keep(at, &self.people_and_premises(at), &mut harms);
            keep(at, &self.things(at), &mut harms);
        }
        harms
    }

    /// Containment first; sessions once more, and what is told, at the end.
    fn always(&self, at: usize) -> [Early; 5] {
        let is = |kinds: u64| self.moves[at].does & kinds != 0;
        let closes = self.with(does::CLOSES);
        let untold = self.all & !self.with(does::TELLS);
        let done = untold & !self.with(does::AGAIN);
        [
            (
                !is(does::CONTAINS),
                self.containment,
                Settled,
                Damage::SlowBeforeContainment,
            ),
            (
                is(does::RESETS),
                closes,
                Answered,
                Damage::SessionsBeforeBlock,
            ),
            (
                is(does::ENDS),
                closes | self.with(does::RESETS),
                Answered,
                Damage::SessionsBeforeBlock,
            ),
            (is(does::AGAIN), done, Settled, Damage::SessionsNotLast),
            (is(does::TELLS), untold, Settled, Damage::NoticeEarly),
        ]
    }

    /// The person, the mailbox, the usage location, and the directory on premises.
    fn people_and_premises(&self, at: usize) -> [Early; 9] {
        let is = |kinds: u64| self.moves[at].does & kinds != 0;
        let starts =
            does::CREATES | does::PREMISES_CREATES | does::AWAITS_SYNC | does::BUYS | does::TELLS;
        let synced = self.with(does::AWAITS_SYNC);
        let [assigned, awaited] =
            [does::ASSIGNS_MAIL, does::AWAITS_MAILBOX].map(|kind| self.with(kind));
        let disabled = self.with(does::PREMISES_DISABLES);
        let changed = self.with(does::PREMISES_CHANGES);
        [
            (
                is(does::KEEPS | does::ASSIGNS),
                self.with(does::LOCATES),
                Verified,
                Damage::TooEarly,
            ),
            (
                !is(starts),
                self.with(does::CREATES),
                Verified,
                Damage::TooEarly,
            ),
            (
                is(does::AWAITS_MAILBOX),
                assigned,
                Verified,
                Damage::TooEarly,
            ),
            (is(does::NEEDS_MAILBOX), awaited, Verified, Damage::TooEarly),
            (
                is(does::AWAITS_SYNC),
                self.with(does::PREMISES),
                Verified,
                Damage::PremisesOrder,
            ),
            (
                is(does::READS_BLOCK | does::ASSIGNS),
                synced,
                Verified,
                Damage::PremisesOrder,
            ),
            (
                is(does::READS_BLOCK),
                disabled,
                Verified,
                Damage::PremisesOrder,
            ),
            (is(does::LINK), synced, Verified, Damage::LinkCleared),
            (
                is(does::SYNCED | does::HIDES),
                changed,
                Verified,
                Damage::SyncedChanged,
            ),
        ]
    }

    /// Numbers, devices and seats.
    fn things(&self, at: usize) -> [Early; 6] {
        let step = self.moves[at];
        let is = |kinds: u64| step.does & kinds != 0;
        let voice = is(does::FREES_VOICE | does::RETURNS);
        let clears = self.with(does::WIPES | does::RETIRES);
        let same = self.that(|other| (other.wiped | other.retired) & step.put_away != 0);
        let devices = step.put_away | step.wiped | step.retired;
        let secures = self.that(|other| other.secured & devices != 0);
        let buys = self.that(|other| other.bought_skus & step.assigned_skus != 0);
        let frees = self.that(|other| other.freed_skus & step.reduced_skus != 0);
        [
            (
                voice,
                self.with(does::UNASSIGNS),
                Verified,
                Damage::NumberLost,
            ),
            (
                is(does::FREES_DEVICES),
                clears,
                Settled,
                Damage::DeviceUncleared,
            ),
            (true, same, Settled, Damage::DeviceUncleared),
            (true, secures, Verified, Damage::KeyLost),
            (true, buys, Verified, Damage::SeatUnbought),
            (true, frees, Verified, Damage::SeatReducedEarly),
        ]
    }

    /// What is wrong however the run goes.
    pub(super) fn standing(&self, remarks: &[Remark], may_free: bool) -> Damages {
        let mut damages = self.unsaid(remarks);
        for step in &self.moves {
            damages.join(step.wrong);
        }
        let traits = self.ground.traits();
        let any = |kinds: u64| self.does & kinds != 0;
        let leaver = self.ground.kind == Kind::Offboard;
        let union = |of: fn(&Move) -> u32| self.moves.iter().fold(0, |all, step| all | of(step));
        let wiped_and_retired = union(|step| step.wiped) & union(|step| step.retired) != 0;
        let goes_along = self.with(does::DELETES | does::CONTAINS | does::AGAIN | does::TELLS);
        let blind = matches!(traits.mail, Mail::OnPremises | Mail::Unread);
        let mastered = traits.synced && any(does::SYNCED | does::HIDES);
        let nowhere = !traits.located && !any(does::LOCATES);
        damages.join(self.of_joiner());
        let given = self.moves.iter().any(|step| step.located);
        for (happened, damage) in [
            (self.overwrites(), Damage::PreImageLost),
            (leaver && any(does::OPENS), Damage::AccessOpen),
            (
                leaver && any(does::ENDS) && !any(does::AGAIN),
                Damage::SessionsNotLast,
            ),
            (
                self.with(does::METHOD).count_ones() > 1,
                Damage::MethodsSplit,
            ),
            (leaver && any(does::LOCATES), Damage::LocationTouched),
            (any(does::CONDITIONAL), Damage::ConditionalAccess),
            (
                any(does::DELETES) && goes_along != self.all,
                Damage::DeletionBesideOthers,
            ),
            (wiped_and_retired, Damage::WipedAndRetired),
            (any(does::CONVERTS) && blind, Damage::ConvertedBlindly),
            (
                any(does::PREMISES_DISABLES) && !any(does::READS_BLOCK),
                Damage::PremisesOrder,
            ),
            (traits.synced && any(does::LINK), Damage::LinkCleared),
            (
                mastered && !any(does::PREMISES_CHANGES),
                Damage::SyncedChanged,
            ),
            (
                any(does::RETURNS) && !any(does::UNASSIGNS),
                Damage::NumberLost,
            ),
            (nowhere && given, Damage::TooEarly),
            (!may_free && any(does::FREES), Damage::LicenceTakenUnasked),
        ] {
            damages.add_if(happened, damage);
        }
        damages
    }

    /// What is wrong for somebody who comes.
    fn of_joiner(&self) -> Damages {
        let mut damages = Damages::default();
        let ground = self.ground;
        let given = self.moves.iter().fold(0, |all, step| all | step.gives);
        let two_routes = given & ground.direct != 0 && given & ground.grouped != 0;
        damages.add_if(two_routes, Damage::DirectBesideGroup);
        let Some(comes) = &ground.shape.comes else {
            return damages;
        };
        let any = |kinds: u64| self.does & kinds != 0;
        let told = self.with(does::TELLS | does::AWAITS_SYNC | does::PREMISES);
        let homeless = ground.traits().mail == Mail::None && !any(does::AWAITS_MAILBOX);
        let brought = (given | ground.held) & ground.mail != 0;
        let beside =
            self.that(|step| step.does & does::CREATES != 0 && step.does & does::AWAITS_SYNC == 0);
        let there = self.with(does::PREMISES_CREATES);
        let open_there = self.that(|step| {
            step.does & does::PREMISES_CREATES != 0 && step.not_before != comes.starts
        });
        for (happened, damage) in [
            (
                comes.new && !any(does::CREATES) && self.all & !told != 0,
                Damage::PersonMissing,
            ),
            (any(does::NEEDS_MAILBOX) && homeless, Damage::MailboxMissing),
            (
                any(does::AWAITS_MAILBOX) && !brought,
                Damage::MailboxNeverComes,
            ),
            (there != 0 && beside != 0, Damage::MadeBeside),
            (
                comes.starts.is_some() && open_there != 0 && !any(does::OPENS),
                Damage::BeforeFirstDay,
            ),
            (
                any(does::PASSES) && !any(does::TELLS),
                Damage::PassForNobody,
            ),
        ] {
            damages.add_if(happened, damage);
        }
        damages
    }

    /// Whether two changes are of one property, so that what stood before the first is recorded nowhere.
    fn overwrites(&self) -> bool {
        let all = self
            .moves
            .iter()
            .flat_map(|step| step.touches.iter().copied());
        let mut touches: Vec<u64> = all.collect();
        touches.sort_unstable();
        touches.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// What the approver is not told although he must be.
    fn unsaid(&self, remarks: &[Remark]) -> Damages {
        let mut damages = Damages::default();
        let traits = self.ground.traits();
        let leaver = self.ground.kind == Kind::Offboard;
        let closes = self.does & does::CLOSES != 0;
        let said = |words: &str| {
            let grave = remarks
                .iter()
                .filter(|remark| remark.weight == Weight::Danger);
            grave.into_iter().any(|remark| remark.text.contains(words))
        };
        if let Some(group) = traits.touchy {
            damages.add_if(closes && !said(group), Damage::RuleUnsaid);
        }
        damages.add_if(
            // Where a step asks for it to be done there, that is said by the step.
            leaver && traits.synced && !said("on premises") && self.does & does::PREMISES == 0,
            Damage::PremisesUnsaid,
        );
        let open = leaver && traits.open && !closes;
        damages.add_if(open && !said("can still sign in"), Damage::AccessOpenUnsaid);
        damages
    }

    /// In which rules' business this plan is, one bit per rule.
    pub(super) fn matters(&self) -> u32 {
        let any = |kinds: u64| self.does & kinds != 0;
        let both = |one: u64, other: u64| any(one) && any(other);
        let ground = self.ground;
        let grave = does::WIPES | does::DELETES | does::REDUCES | does::LETS_GO;
        let lasting = does::MEETINGS | does::METHOD | does::RESETS;
        let applies = [
            self.moves.iter().any(|step| !step.touches.is_empty()),
            any(does::CONTAINS) && self.containment != self.all,
            any(does::ROLE) && self.all.count_ones() > 1,
            both(does::MEETINGS, does::FREES_MAIL | does::DELETES),
            both(does::CONVERTS, does::FREES_MAIL | does::KEEPS)
                || (ground.traits().large && any(does::FREES_MAIL)),
            both(does::MAILBOX_WORK, does::FREES_MAIL),
            ground.grouped & ground.held != 0 && any(does::FREES | does::LEAVES),
            ground.grouped != 0 && any(does::KEEPS | does::ASSIGNS)
                || (ground.touchy != 0 && any(does::CLOSES)),
            any(does::ASSIGNS | does::KEEPS | does::CREATES | does::NEEDS_MAILBOX),
            any(does::DROPS_OWNER),
            any(does::METHOD),
            any(does::UNASSIGNS | does::RETURNS),
            any(does::DELETES),
            any(does::WIPES | does::RETIRES | does::PUTS_AWAY),
            any(grave | lasting),
            any(does::BUYS | does::REDUCES),
            ground.traits().synced || any(does::PREMISES | does::AWAITS_SYNC | does::LINK),
            any(does::METHOD | does::CONVERTS | does::FREES_MAIL),
            any(does::TELLS) && self.all.count_ones() > 1,
        ];
        applies
            .iter()
            .enumerate()
            .fold(0, |mask, (at, applies)| mask | u32::from(*applies) << at)
    }
}

/// Effects of steps that come later, besides those that need a look at every plan.
const LATER: u64 = does::UNASSIGNS
    | does::RETURNS
    | does::WIPES
    | does::RETIRES
    | does::PUTS_AWAY
    | does::SECURES
    | does::KEEPS
    | does::ASSIGNS
    | does::LOCATES
    | does::CREATES
    | does::AWAITS_MAILBOX
    | does::NEEDS_MAILBOX
    | does::BUYS
    | does::REDUCES
    | does::PREMISES
    | does::AWAITS_SYNC
    | does::READS_BLOCK
    | does::LINK
    | does::SYNCED;
