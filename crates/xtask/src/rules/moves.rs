//! A plan in few bytes: each step as a move in the world model, translated once per proposed spec.

use domain::ObjectId;
use domain::request::Kind;
use domain::spec::{Carries, Effect, Expect, ObjectKind, Reversal, Route, StepSpec};
use jiff::Timestamp;

use super::damage::{Damage, Damages};
use super::effects;
use super::shapes::{Mail, Shape, Traits};

/// Kinds of effects, one bit each.
pub(super) mod does {
    macro_rules! bits {
        ($($name:ident)*) => { bits!(0; $($name)*); };
        ($at:expr; $name:ident $($rest:ident)*) => {
            pub(in crate::rules) const $name: u64 = 1 << $at;
            bits!($at + 1; $($rest)*);
        };
        ($at:expr;) => {};
    }
    bits! {
        CLOSES OPENS RESETS ENDS AGAIN ROLE APPLICATION METHOD HIDES MEETINGS MAILBOX_WORK RIGHTS CONVERTS LETS_GO KEEPS LEAVES
        ADDS_OWNER DROPS_OWNER REPORT FREES FREES_MAIL FREES_VOICE FREES_DEVICES ASSIGNS ASSIGNS_MAIL LOCATES CREATES DELETES AWAITS_MAILBOX
        NEEDS_MAILBOX UNASSIGNS RETURNS WIPES RETIRES PUTS_AWAY SECURES BUYS REDUCES PREMISES_DISABLES PREMISES_RESETS PREMISES_CREATES
        PREMISES_CHANGES SYNCED AWAITS_SYNC READS_BLOCK LINK CONDITIONAL TELLS JOINS PROFILE SERVICES REGISTERS PASSES
    }
    /// Closing access.
    pub(in crate::rules) const CONTAINS: u64 = CLOSES | RESETS | ENDS;
    /// Done where the account is mastered on premises.
    pub(in crate::rules) const PREMISES: u64 =
        PREMISES_DISABLES | PREMISES_RESETS | PREMISES_CREATES | PREMISES_CHANGES;
}

/// One step.
#[derive(Clone, Debug, Default)]
pub(super) struct Move {
    /// Which kinds of effects it has.
    pub(super) does: u64,
    /// Licences it takes, and gives.
    pub(super) frees: u32,
    pub(super) gives: u32,
    /// Groups whose owner it replaces, and in which it ends the person's ownership.
    pub(super) owns: u32,
    pub(super) unowns: u32,
    /// Licences by product: taken, assigned, bought, given up.
    pub(super) freed_skus: u32,
    pub(super) assigned_skus: u32,
    pub(super) bought_skus: u32,
    pub(super) reduced_skus: u32,
    /// Devices: wiped, retired, put away, secured.
    pub(super) wiped: u32,
    pub(super) retired: u32,
    pub(super) put_away: u32,
    pub(super) secured: u32,
    /// What each of its changes changes, as a hash of object and property.
    pub(super) touches: Vec<u64>,
    /// The moment before which it does not begin.
    pub(super) not_before: Option<Timestamp>,
    /// It gives a licence directly, so the person needs a usage location.
    pub(super) located: bool,
    /// What is wrong with it whatever the plan.
    pub(super) wrong: Damages,
}

/// What stands before a plan begins, and numbers for the objects in it.
#[derive(Clone, Debug)]
pub(super) struct Ground<'a> {
    pub(super) shape: &'a Shape,
    pub(super) kind: Kind,
    licences: Vec<(ObjectId, Route, Carries)>,
    groups: Vec<ObjectId>,
    skus: Vec<ObjectId>,
    devices: Vec<ObjectId>,
    /// Licences held at the start.
    pub(super) held: u32,
    /// Those that carry the mailbox, keep a large one, come through a group, are direct, may vanish by a rule.
    pub(super) mail: u32,
    pub(super) keepers: u32,
    pub(super) grouped: u32,
    pub(super) direct: u32,
    pub(super) touchy: u32,
    /// Groups that have another owner at the start, and groups that the person owns.
    pub(super) others: u32,
    pub(super) owned: u32,
}

impl<'a> Ground<'a> {
    /// What stands in this shape.
    pub(super) fn of(shape: &'a Shape, kind: Kind) -> Self {
        let mut ground = Self {
            shape,
            kind,
            licences: Vec::new(),
            groups: Vec::new(),
            skus: Vec::new(),
            devices: Vec::new(),
            held: 0,
            mail: 0,
            keepers: 0,
            grouped: 0,
            direct: 0,
            touchy: 0,
            others: 0,
            owned: 0,
        };
        for held in &shape.facts.licenses {
            ground.held |= ground.licence(&held.sku, &held.route, held.carries);
        }
        for owned in &shape.facts.owned_groups {
            let bit = ground.group(&owned.group.id);
            ground.owned |= bit;
            if owned
                .owners
                .iter()
                .any(|owner| *owner != shape.facts.person.id)
            {
                ground.others |= bit;
            }
        }
        ground
    }

    pub(super) fn traits(&self) -> &'a Traits {
        &self.shape.traits
    }

    /// Whether the mailbox lives in the cloud.
    pub(super) fn in_cloud(&self) -> bool {
        matches!(self.traits().mail, Mail::User | Mail::Shared)
    }

    fn licence(&mut self, sku: &ObjectId, route: &Route, carries: Carries) -> u32 {
        let known = self
            .licences
            .iter()
            .position(|(s, r, _)| s == sku && r == route);
        let bit = 1 << known.unwrap_or(self.licences.len());
        if known.is_none() {
            self.licences.push((sku.clone(), route.clone(), carries));
            let sold = self
                .shape
                .facts
                .tenant
                .skus
                .iter()
                .find(|sold| sold.id == *sku);
            self.mail |= if carries.mailbox { bit } else { 0 };
            self.keepers |= if sold.is_some_and(|sku| sku.keeps_large_mailbox) {
                bit
            } else {
                0
            };
            match route {
                Route::Direct => self.direct |= bit,
                Route::Group(group) => {
                    self.grouped |= bit;
                    if self.traits().touchy == Some(group.as_str()) {
                        self.touchy |= bit;
                    }
                }
            }
        }
        bit
    }

    fn group(&mut self, group: &ObjectId) -> u32 {
        numbered(&mut self.groups, group)
    }

    /// Translates a spec. `by_name` holds its effects against the judge's own table of steps.
    pub(super) fn translate(&mut self, spec: &StepSpec, by_name: bool) -> Move {
        let mut step = Move::default();
        for effect in &spec.effects {
            self.effect(effect, &mut step);
        }
        for change in &spec.changes {
            if change.after != Expect::Later {
                step.touches.push(hash(
                    &change.object.id,
                    change.object.kind,
                    &change.property,
                ));
            }
        }
        step.wrong
            .add_if(spec.changes.is_empty(), Damage::NothingRecorded);
        if by_name {
            step.wrong.add_if(
                !effects::honest(spec, &self.shape.facts),
                Damage::EffectsLie,
            );
        }
        step.not_before = spec.not_before;
        self.marks(spec, &mut step);
        self.joined(spec, &mut step);
        self.groups_left(spec, &mut step);
        step
    }

    /// Rules 2 and 15: calls of their own, lines of their own, honest marks.
    fn marks(&self, spec: &StepSpec, step: &mut Move) {
        let apart =
            |change: &domain::spec::Change| matches!(change.reversal, Reversal::ApprovedApart(_));
        let grave = does::WIPES | does::DELETES | does::REDUCES | does::LETS_GO;
        let mut unlined = step.does & grave != 0 && !spec.changes.iter().any(apart);
        if step.does & does::LETS_GO != 0 {
            // Each change that takes a licence which carries the mailbox is a line of its own.
            unlined |= spec.changes.iter().any(|change| {
                self.licences.iter().any(|(sku, route, carries)| {
                    let takes = match route {
                        Route::Direct => {
                            change.object.kind == ObjectKind::License && change.object.id == *sku
                        }
                        Route::Group(group) => change.object.id == *group,
                    };
                    takes && carries.mailbox && !apart(change)
                })
            });
        }
        step.wrong.add_if(unlined, Damage::NoLineOfItsOwn);
        let lasting = step.does & (does::MEETINGS | does::METHOD | does::RESETS) != 0;
        let returns = spec
            .changes
            .iter()
            .any(|change| change.reversal == Reversal::Return);
        step.wrong
            .add_if(lasting && returns, Damage::LastingUnmarked);
        let shares = step.does & does::CONTAINS != 0 && step.does.count_ones() > 1;
        step.wrong.add_if(shares, Damage::ContainmentNotApart);
    }

    /// Rules 7 and 17: memberships that are not this step's to end.
    fn groups_left(&self, spec: &StepSpec, step: &mut Move) {
        for effect in &spec.effects {
            let (Effect::RemovesMembership { group }
            | Effect::RemovesListMembership { list: group }) = effect
            else {
                continue;
            };
            let Some(member) = self
                .shape
                .facts
                .memberships
                .iter()
                .find(|member| member.id == *group)
            else {
                continue;
            };
            let frees = spec.effects.iter().any(|effect| {
                matches!(effect, Effect::FreesLicense { route: Route::Group(by), .. } if by == group)
            });
            step.wrong.add_if(
                !member.licenses.is_empty() && !frees,
                Damage::LicenceGroupTaken,
            );
            step.wrong.add_if(member.synced, Damage::SyncedChanged);
        }
    }

    /// Rules 8 and 17 and policy: memberships that are not this step's to begin, and doors that open too early.
    fn joined(&self, spec: &StepSpec, step: &mut Move) {
        let Some(comes) = &self.shape.comes else {
            return;
        };
        step.wrong.add_if(
            step.does & does::CREATES != 0 && !comes.new,
            Damage::MadeTwice,
        );
        for effect in &spec.effects {
            let (Effect::AddsMembership { group } | Effect::AddsListMembership { list: group }) =
                effect
            else {
                continue;
            };
            let gives = effects::read_group(&self.shape.facts, group)
                .is_some_and(|group| !group.licenses.is_empty());
            let assigns = spec.has(|effect| {
                matches!(effect, Effect::AssignsLicense { route: Route::Group(by), .. } if by == group)
            });
            step.wrong
                .add_if(gives && !assigns, Damage::LicenceGroupJoined);
            step.wrong.add_if(
                comes.barred.contains(&group.as_str()),
                Damage::AgainstPolicy,
            );
        }
        let opened = spec.changes.iter().any(|change| {
            change.property == "sign-in" && change.after == Expect::Is("allowed".into())
        });
        let early = comes.starts.is_some() && spec.not_before != comes.starts;
        step.wrong.add_if(
            early
                && (opened && step.does & does::CREATES != 0
                    || step.does & (does::OPENS | does::PASSES) != 0),
            Damage::BeforeFirstDay,
        );
    }

    fn effect(&mut self, effect: &Effect, step: &mut Move) {
        step.does |= kind_of(effect);
        match effect {
            Effect::FreesLicense {
                sku,
                route,
                carries,
            } => {
                step.frees |= self.licence(sku, route, *carries);
                step.freed_skus |= numbered(&mut self.skus, sku);
                step.does |= if carries.mailbox { does::FREES_MAIL } else { 0 }
                    | if carries.voice { does::FREES_VOICE } else { 0 }
                    | if carries.devices {
                        does::FREES_DEVICES
                    } else {
                        0
                    };
            }
            Effect::AssignsLicense {
                sku,
                route,
                carries,
            } => {
                step.gives |= self.licence(sku, route, *carries);
                step.assigned_skus |= numbered(&mut self.skus, sku);
                step.does |= if carries.mailbox {
                    does::ASSIGNS_MAIL
                } else {
                    0
                };
                step.located = *route == Route::Direct;
                step.wrong.add_if(
                    *route == Route::Direct && self.held & self.grouped != 0,
                    Damage::DirectBesideGroup,
                );
            }
            Effect::KeepsMailboxLicense { route } => {
                let beside = self.held & self.grouped != 0 && self.shape.keepers;
                step.wrong
                    .add_if(*route == Route::Direct && beside, Damage::DirectBesideGroup);
                step.located = *route == Route::Direct;
            }
            Effect::AddsOwner { group } => step.owns |= self.group(group),
            Effect::RemovesOwner { group } => step.unowns |= self.group(group),
            Effect::DeletesPerson => {
                step.unowns |= self.owned;
                step.frees |= self.held;
            }
            Effect::BuysSeat { sku } => step.bought_skus |= numbered(&mut self.skus, sku),
            Effect::ReducesSeats {
                sku,
                breaks_commitment,
            } => {
                step.reduced_skus |= numbered(&mut self.skus, sku);
                step.wrong
                    .add_if(*breaks_commitment, Damage::CommitmentBroken);
            }
            Effect::WipesDevice { device, company } => {
                step.wiped |= numbered(&mut self.devices, device);
                step.wrong.add_if(!company, Damage::PersonalWiped);
            }
            Effect::RetiresDevice { device } => step.retired |= numbered(&mut self.devices, device),
            Effect::DisablesDevice { device } | Effect::RemovesDevice { device } => {
                step.put_away |= numbered(&mut self.devices, device);
            }
            Effect::SecuresRecoveryKey { device } => {
                step.secured |= numbered(&mut self.devices, device)
            }
            _ => {}
        }
    }
}

fn numbered(known: &mut Vec<ObjectId>, id: &ObjectId) -> u32 {
    let place = known
        .iter()
        .position(|other| other == id)
        .unwrap_or_else(|| {
            known.push(id.clone());
            known.len() - 1
        });
    1 << place
}

fn hash(id: &ObjectId, kind: ObjectKind, property: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    (id, kind, property).hash(&mut hasher);
    hasher.finish()
}

/// The kind of an effect. A new effect does not compile before the judge has thought about it.
fn kind_of(effect: &Effect) -> u64 {
    match effect {
        Effect::ClosesSignIn => does::CLOSES,
        Effect::OpensSignIn => does::OPENS,
        Effect::ResetsPassword => does::RESETS,
        Effect::EndsSessions => does::ENDS,
        Effect::EndsSessionsAgain => does::AGAIN,
        Effect::RemovesRole { .. } => does::ROLE,
        Effect::HandsOverApplication { .. } => does::APPLICATION,
        Effect::RemovesMethod => does::METHOD,
        Effect::RegistersMethod => does::REGISTERS,
        Effect::GivesPass => does::PASSES,
        Effect::CancelsMeetings => does::MEETINGS,
        Effect::SetsAutoReply
        | Effect::SetsForwarding
        | Effect::ClearsForwarding
        | Effect::GrantsMailboxAccess
        | Effect::RemovesRules
        | Effect::RemovesPartnership => does::MAILBOX_WORK,
        Effect::HidesFromAddressLists => does::MAILBOX_WORK | does::HIDES,
        Effect::RemovesMailboxRights => does::RIGHTS,
        Effect::ConvertsMailbox => does::CONVERTS,
        Effect::LetsMailboxGo => does::LETS_GO,
        Effect::KeepsMailboxLicense { .. } => does::KEEPS,
        Effect::RemovesMembership { .. } | Effect::RemovesListMembership { .. } => does::LEAVES,
        Effect::AddsMembership { .. } | Effect::AddsListMembership { .. } => does::JOINS,
        Effect::AddsOwner { .. } => does::ADDS_OWNER,
        Effect::RemovesOwner { .. } => does::DROPS_OWNER,
        Effect::MovesReport => does::REPORT,
        Effect::FreesLicense { .. } => does::FREES,
        Effect::AssignsLicense { .. } => does::ASSIGNS,
        Effect::ChangesLicense { .. } => does::SERVICES,
        Effect::SetsUsageLocation => does::LOCATES,
        Effect::ChangesProfile => does::PROFILE,
        Effect::CreatesPerson => does::CREATES,
        Effect::DeletesPerson => does::DELETES,
        Effect::AwaitsMailbox => does::AWAITS_MAILBOX,
        Effect::NeedsMailbox => does::NEEDS_MAILBOX,
        Effect::UnassignsNumber => does::UNASSIGNS,
        Effect::ReturnsNumber => does::RETURNS,
        Effect::WipesDevice { .. } => does::WIPES,
        Effect::RetiresDevice { .. } => does::RETIRES,
        Effect::DisablesDevice { .. } | Effect::RemovesDevice { .. } => does::PUTS_AWAY,
        Effect::SecuresRecoveryKey { .. } => does::SECURES,
        Effect::BuysSeat { .. } => does::BUYS,
        Effect::ReducesSeats { .. } => does::REDUCES,
        Effect::DisablesOnPremises => does::PREMISES_DISABLES,
        Effect::ResetsPasswordOnPremises => does::PREMISES_RESETS,
        Effect::CreatesOnPremises => does::PREMISES_CREATES,
        Effect::ChangesOnPremises => does::PREMISES_CHANGES,
        Effect::ChangesSyncedAttribute => does::SYNCED,
        Effect::AwaitsSync => does::AWAITS_SYNC,
        Effect::ReadsBlockAgain => does::READS_BLOCK,
        Effect::ClearsImmutableId => does::LINK,
        Effect::ChangesConditionalAccess => does::CONDITIONAL,
        Effect::Notifies | Effect::ClosesTicket => does::TELLS,
    }
}
