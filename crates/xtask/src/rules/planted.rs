//! Planted violations: good plans, each broken in one place. The judge must find the good plan harmless and see what the
//! break does. Beside them, contradictions that the planner itself must refuse.

use anyhow::{Context as _, anyhow};
use domain::StepKey;
use domain::plan::Plan;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Edge, Effect, Reversal, Route, StepSpec};

use super::contradictions;
use super::damage::{Damage, Damages};
use super::judge::{Office, Tally, Went, replay, script, told, violate};
use super::moves::{Ground, Move};
use super::refuse::Whys;
use super::shapes::{self, Shape};
use super::switches::{
    ASSIGN, ASSIGN_REPLACES, BLOCK, CONVERT, CREATE, CREATE_THERE, DISABLE, LICENSES,
    LICENSES_LET_GO, METHODS, OFF, Playbook, READ_BLOCK,
};
use super::synthetic::{self, NOTHING, Scene, step};

/// A planted violation and whether it was seen.
pub(super) struct Planted {
    pub(super) rule: u8,
    pub(super) says: &'static str,
    pub(super) caught: bool,
}

/// A good plan and how it is broken.
struct Plant {
    damage: Damage,
    base: Base,
    breaks: fn(&mut Plan),
}

/// Where a good plan comes from.
enum Base {
    /// The steps, in the shape whose name begins like this, with every switch on but for these.
    Steps(&'static str, &'static [(usize, u8)]),
    /// Effects of steps that come later.
    Scene(fn() -> Scene),
}

use Base::{Scene as Made, Steps};
use Damage as D;

const RICH: &str = "cloud only";
const EVERYTHING: Base = Steps(RICH, &[]);

/// Judges every scene, plants every violation, and has the planner refuse every contradiction.
///
/// # Errors
/// When a good plan cannot be made.
pub(super) fn plant(tally: &mut Tally) -> anyhow::Result<Vec<Planted>> {
    let offices = [Office::open(Kind::Offboard)?, Office::open(Kind::Onboard)?];
    let office = |kind: Kind| &offices[usize::from(kind == Kind::Onboard)];
    for scene in synthetic::scenes() {
        part(&scene, office(scene.kind), tally);
    }
    for (rule, says, scene) in contradictions::all() {
        let given = office(scene.kind).refusals(&scene.shape, proposal(scene.specs));
        let word = format!("rule-{rule}");
        if !given.contains(&word) {
            let sort = format!("a contradiction: {says}");
            tally.violate(sort.clone(), || {
                format!("{sort}\n  must be refused for {word}; refused for {given:?}\n")
            });
        }
    }
    let shapes = shapes::all();
    let mut planted = Vec::new();
    for plant in plants() {
        let (rule, says) = plant.damage.about();
        let scene = plant.base.scene(&shapes, office(Kind::Offboard))?;
        let caught = seen(&plant, &scene, office(scene.kind), tally)
            .with_context(|| format!("the good plan for “{says}”"))?;
        planted.push(Planted { rule, says, caught });
    }
    // What no plan can be broken into shows that the table of plants is behind.
    for (damage, rule, says) in Damages::every() {
        if damage != D::Altered && !plants().iter().any(|plant| plant.damage == damage) {
            planted.push(Planted {
                rule,
                says,
                caught: false,
            });
        }
    }
    Ok(planted)
}

fn proposal(specs: Vec<StepSpec>) -> Proposal {
    Proposal {
        specs,
        ..Proposal::default()
    }
}

/// Every part of a scene that the planner accepts must do no damage.
fn part(scene: &Scene, office: &Office, tally: &mut Tally) {
    for set in 1..1u32 << scene.specs.len() {
        let specs = scene.specs.iter().enumerate();
        let specs = specs
            .filter(|(at, _)| set & (1 << at) != 0)
            .map(|(_, spec)| spec.clone())
            .collect();
        if let Ok(plan) = office.plan(&scene.shape, proposal(specs)) {
            tally.plans += 1;
            good(&plan, scene, false, tally);
        }
    }
}

/// A good plan must do no damage.
fn good(plan: &Plan, scene: &Scene, by_name: bool, tally: &mut Tally) {
    for (damages, went) in judge(plan, scene, true, by_name, tally) {
        violate(tally, damages, &scene.shape, || {
            format!(
                "{} ({})\n{}",
                scene.shape.name,
                scene.name,
                told(plan, went, damages)
            )
        });
    }
}

fn judge(
    plan: &Plan,
    scene: &Scene,
    may_free: bool,
    by_name: bool,
    tally: &mut Tally,
) -> Vec<(Damages, Went)> {
    let mut ground = Ground::of(&scene.shape, scene.kind);
    let moves: Vec<Move> = plan
        .steps
        .iter()
        .map(|spec| ground.translate(spec, by_name))
        .collect();
    replay(
        &script(&ground, plan, moves.iter().collect()),
        plan,
        may_free,
        tally,
    )
}

/// Whether the judge sees the damage that a break does.
fn seen(plant: &Plant, scene: &Scene, office: &Office, tally: &mut Tally) -> anyhow::Result<bool> {
    let refused = |whys: Whys| anyhow!("refused: {}", whys.words());
    let mut plan = office
        .plan(&scene.shape, proposal(scene.specs.clone()))
        .map_err(refused)?;
    let by_name = plant.damage == D::EffectsLie;
    good(&plan, scene, by_name, tally);
    (plant.breaks)(&mut plan);
    // The plan itself is good there: it is the switches that do not ask for it.
    let may_free = plant.damage != D::LicenceTakenUnasked;
    let found = judge(&plan, scene, may_free, by_name, &mut Tally::default());
    Ok(found.iter().any(|(damages, _)| damages.has(plant.damage)))
}

impl Base {
    fn scene(&self, shapes: &[Shape], office: &Office) -> anyhow::Result<Scene> {
        match self {
            Made(scene) => Ok(scene()),
            Steps(name, states) => {
                let shape = shapes.iter().find(|shape| shape.name.starts_with(name));
                let shape = shape.with_context(|| format!("no shape is called {name}"))?;
                let book = Playbook::of(shape.kind);
                let mut combination = book.all_on();
                for (step, state) in *states {
                    combination[*step] = *state;
                }
                let switches = book.switches(shape, &combination);
                let (request, policy) = office.of(shape);
                let proposal = steps::propose(request, policy, &shape.facts, &switches);
                Ok(Scene {
                    name: "every switch on",
                    kind: shape.kind,
                    shape: shape.clone(),
                    specs: proposal.specs,
                })
            }
        }
    }
}

// The ways to break a plan.

fn of<'a>(plan: &'a mut Plan, key: &str) -> &'a mut StepSpec {
    let found = plan.steps.iter_mut().find(|step| step.key.as_str() == key);
    found.expect("a plant names a step of its own good plan")
}

/// A step no longer waits for these.
fn cut(plan: &mut Plan, key: &str, others: &[&str]) {
    of(plan, key)
        .edges
        .retain(|edge| !others.contains(&edge.key().as_str()));
}

/// A step waits until another is settled, no longer until it is verified.
fn loosen(plan: &mut Plan, key: &str, other: &str) {
    cut(plan, key, &[other]);
    wait(plan, key, other);
}

/// A step waits for another.
fn wait(plan: &mut Plan, key: &str, other: &str) {
    of(plan, key).edges.push(Edge::After(StepKey::new(other)));
}

/// Nothing waits for anything that this step waits for.
fn free(plan: &mut Plan, key: &str) {
    of(plan, key).edges.clear();
}

fn add(plan: &mut Plan, key: &str, effect: Effect) {
    of(plan, key).effects.push(effect);
}

fn lose(plan: &mut Plan, key: &str, effect: fn(&Effect) -> bool) {
    of(plan, key).effects.retain(|other| !effect(other));
}

/// Another step, beside the others: after containment and before the end, as far as the good plan's own steps are.
fn beside(plan: &mut Plan, key: &str, effects: Vec<Effect>, like: &str) {
    let mut spec = step(key, effects);
    spec.edges.clone_from(&of(plan, like).edges);
    for other in &mut plan.steps {
        let ends = other.effects.iter().any(|effect| {
            matches!(
                effect,
                Effect::EndsSessionsAgain | Effect::Notifies | Effect::ClosesTicket
            )
        });
        if ends {
            other.edges.push(Edge::After(spec.key.clone()));
        }
    }
    plan.steps.push(spec);
}

/// Conversion and licence removal in a mailbox that needs a licence of its own.
const BIG: Base = Steps("60 GB, a seat", &[]);
/// Licences by group and directly.
const MIXED: Base = Steps("licensed directly and by two", &[]);
/// Licences by a rule.
const TOUCHY: Base = Steps(
    "licensed by a rule that reads accountEnabled, and directly",
    &[],
);
/// The mailbox is let go.
const LET_GO: Base = Steps(RICH, &[(CONVERT, OFF), (LICENSES, LICENSES_LET_GO)]);
/// Sign-in stays open.
const OPEN: Base = Steps(
    RICH,
    &[
        (BLOCK, OFF),
        (METHODS, OFF),
        (CONVERT, OFF),
        (LICENSES, OFF),
    ],
);
/// Somebody comes: licensed directly, by group and later, on premises and later, or is there already.
const JOINER: Base = Steps("a joiner, licensed directly", &[]);
const BY_GROUP: Base = Steps("a joiner, licensed by group", &[]);
const THERE: Base = Steps("a joiner, licensed by group", &[(CREATE, CREATE_THERE)]);
const IN_PLACE: Base = Steps("in place, sign-in blocked", &[]);
const EXCHANGED: Base = Steps("in place, another licence", &[(ASSIGN, ASSIGN_REPLACES)]);
/// Somebody leaves whose account is mastered on premises.
const HYBRID: Base = Steps("synced, mailbox in the cloud", &[]);
/// The same, and nobody is asked to close the account there.
const UNASKED: Base = Steps(
    "synced, mailbox in the cloud",
    &[(DISABLE, OFF), (READ_BLOCK, OFF)],
);
/// Nothing can be done to the mailbox.
const PREMISES: Base = Steps("synced, mailbox on premises", &[]);

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table: one entry after the other")]
fn plants() -> Vec<Plant> {
    let plant = |damage: Damage, base: Base, breaks: fn(&mut Plan)| Plant { damage, base, breaks };
    vec![
        plant(D::EffectsLie, EVERYTHING, |p| lose(p, "convert-mailbox", |_| true)),
        plant(D::NeverBegins, EVERYTHING, |p| wait(p, "convert-mailbox", "notify")),
        plant(D::PreImageLost, EVERYTHING, |p| {
            let changes = of(p, "convert-mailbox").changes.clone();
            of(p, "hide-from-address-lists").changes.extend(changes);
        }),
        plant(D::NothingRecorded, EVERYTHING, |p| of(p, "convert-mailbox").changes.clear()),
        plant(D::AccessOpen, EVERYTHING, |p| add(p, "cancel-meetings", Effect::OpensSignIn)),
        plant(D::AccessOpenUnsaid, OPEN, |p| p.remarks.clear()),
        plant(D::SessionsBeforeBlock, EVERYTHING, |p| free(p, "revoke-sessions")),
        plant(D::SessionsNotLast, EVERYTHING, |p| cut(p, "revoke-sessions:again", &["remove-licenses"])),
        plant(D::SlowBeforeContainment, EVERYTHING, |p| free(p, "remove-from-lists")),
        plant(D::ContainmentWaits, EVERYTHING, |p| {
            free(p, "remove-from-lists");
            wait(p, "reset-password", "remove-from-lists");
        }),
        plant(D::ContainmentNotApart, EVERYTHING, |p| add(p, "reset-password", Effect::RemovesRules)),
        plant(D::RolesLate, EVERYTHING, |p| wait(p, "remove-admin-roles", "convert-mailbox")),
        plant(D::MeetingsLeft, EVERYTHING, |p| cut(p, "remove-licenses", &["cancel-meetings"])),
        plant(D::MailLost, EVERYTHING, |p| loosen(p, "remove-licenses", "convert-mailbox")),
        plant(D::KeeperMissing, BIG, |p| {
            loosen(p, "remove-licenses", "convert-mailbox:keep-licence");
            loosen(p, "convert-mailbox", "convert-mailbox:keep-licence");
        }),
        plant(D::ConvertedBlindly, PREMISES, |p| beside(p, "convert", vec![Effect::ConvertsMailbox], "remove-licenses")),
        plant(D::MailboxGone, EVERYTHING, |p| cut(p, "remove-licenses", &["set-forwarding"])),
        plant(D::LicenceStuck, MIXED, |p| lose(p, "remove-licenses", |e| matches!(e, Effect::FreesLicense { route: Route::Group(g), .. } if g.as_str() == "licence-list"))),
        plant(D::LicenceGroupTaken, MIXED, |p| add(p, "hide-from-address-lists", Effect::RemovesMembership { group: "licences".into() })),
        plant(D::LicenceTakenUnasked, EVERYTHING, |_| {}),
        plant(D::DirectBesideGroup, MIXED, |p| {
            let given = Effect::AssignsLicense { sku: "VISIO".into(), route: Route::Direct, carries: NOTHING };
            beside(p, "assign", vec![given], "hide-from-address-lists");
        }),
        plant(D::ConvertLate, TOUCHY, |p| wait(p, "convert-mailbox", "grant-mailbox-access")),
        plant(D::MailTakenByRule, TOUCHY, |p| lose(p, "convert-mailbox", |e| *e == Effect::ConvertsMailbox)),
        plant(D::RuleUnsaid, TOUCHY, |p| p.remarks.clear()),
        plant(D::LocationTouched, EVERYTHING, |p| beside(p, "locate", vec![Effect::SetsUsageLocation], "hide-from-address-lists")),
        plant(D::TooEarly, Made(synthetic::joiner), |p| cut(p, "assign", &["locate"])),
        plant(D::TooEarly, Made(synthetic::joiner), |p| loosen(p, "grant", "await-mailbox")),
        plant(D::OwnerGone, EVERYTHING, |p| loosen(p, "remove-from-groups:ownerships", "transfer-ownership")),
        plant(D::MethodsSplit, EVERYTHING, |p| add(p, "remove-mailbox-permissions", Effect::RemovesMethod)),
        plant(D::NumberLost, Made(synthetic::number), |p| loosen(p, "free", "unassign")),
        plant(D::NumberLost, Made(synthetic::number), |p| cut(p, "return-number", &["unassign"])),
        plant(D::DeletionBesideOthers, Made(synthetic::deletion), |p| beside(p, "forward", vec![Effect::SetsForwarding], "delete")),
        plant(D::DeviceUncleared, Made(synthetic::devices), |p| cut(p, "disable", &["wipe"])),
        plant(D::DeviceUncleared, Made(synthetic::devices), |p| cut(p, "free", &["retire"])),
        plant(D::PersonalWiped, Made(synthetic::devices), |p| of(p, "wipe").effects = vec![Effect::WipesDevice { device: "laptop".into(), company: false }]),
        plant(D::WipedAndRetired, Made(synthetic::devices), |p| add(p, "wipe", Effect::RetiresDevice { device: "laptop".into() })),
        plant(D::KeyLost, Made(synthetic::devices), |p| loosen(p, "wipe", "secure-key")),
        plant(D::NoLineOfItsOwn, LET_GO, |p| for change in &mut of(p, "remove-licenses").changes { change.reversal = Reversal::Return; }),
        plant(D::LastingUnmarked, EVERYTHING, |p| of(p, "cancel-meetings").changes[0].reversal = Reversal::Return),
        plant(D::SeatUnbought, Made(synthetic::joiner), |p| loosen(p, "assign", "buy")),
        plant(D::SeatReducedEarly, Made(synthetic::number), |p| loosen(p, "reduce", "free")),
        plant(D::CommitmentBroken, Made(synthetic::number), |p| of(p, "reduce").effects = vec![Effect::ReducesSeats { sku: "MCOEV".into(), breaks_commitment: true }]),
        plant(D::PremisesOrder, Made(synthetic::hybrid), |p| loosen(p, "read-block", "await-sync")),
        plant(D::PremisesOrder, Made(synthetic::hybrid_joiner), |p| cut(p, "assign", &["await-sync"])),
        plant(D::PremisesUnsaid, UNASKED, |p| p.remarks.clear()),
        plant(D::SyncedChanged, Made(synthetic::hybrid), |p| loosen(p, "change-in-cloud", "change-on-premises")),
        plant(D::LinkCleared, Made(synthetic::hybrid), |p| beside(p, "unlink", vec![Effect::ClearsImmutableId], "read-block")),
        plant(D::DoorOpen, EVERYTHING, |p| loosen(p, "remove-auth-methods", "block-sign-in")),
        plant(D::MailGivenUp, LET_GO, |p| lose(p, "remove-licenses", |e| *e == Effect::LetsMailboxGo)),
        plant(D::ConditionalAccess, EVERYTHING, |p| add(p, "hide-from-address-lists", Effect::ChangesConditionalAccess)),
        plant(D::NoticeEarly, EVERYTHING, |p| cut(p, "notify", &["revoke-sessions:again"])),
        plant(D::EffectsLie, JOINER, |p| lose(p, "assign-licenses", |_| true)),
        plant(D::EffectsLie, EXCHANGED, |p| lose(p, "assign-licenses", |e| matches!(e, Effect::FreesLicense { .. }))),
        plant(D::EffectsLie, BY_GROUP, |p| lose(p, "assign-licenses:groups", |e| matches!(e, Effect::AssignsLicense { .. }))),
        plant(D::DirectBesideGroup, BY_GROUP, |p| {
            let given = Effect::AssignsLicense { sku: "VISIO".into(), route: Route::Direct, carries: NOTHING };
            beside(p, "assign", vec![given], "add-to-groups");
        }),
        plant(D::LicenceGroupJoined, JOINER, |p| add(p, "add-to-groups", Effect::AddsMembership { group: "licences".into() })),
        plant(D::TooEarly, JOINER, |p| loosen(p, "assign-licenses", "set-usage-location")),
        plant(D::TooEarly, BY_GROUP, |p| cut(p, "assign-licenses:groups", &["set-usage-location"])),
        plant(D::TooEarly, JOINER, |p| loosen(p, "add-to-groups", "create-user")),
        plant(D::TooEarly, JOINER, |p| cut(p, "register-phone-method", &["create-user"])),
        plant(D::TooEarly, BY_GROUP, |p| loosen(p, "create-user:enable", "create-user")),
        plant(D::TooEarly, THERE, |p| loosen(p, "create-temporary-access-pass", "create-user:synced")),
        plant(D::TooEarly, JOINER, |p| loosen(p, "await-mailbox", "assign-licenses")),
        plant(D::TooEarly, JOINER, |p| loosen(p, "mailbox-settings", "await-mailbox")),
        plant(D::TooEarly, BY_GROUP, |p| cut(p, "add-to-lists", &["await-mailbox"])),
        plant(D::TooEarly, JOINER, |p| loosen(p, "send-welcome", "await-mailbox")),
        plant(D::PersonMissing, JOINER, |p| p.steps.retain(|step| step.key.as_str() != "create-user")),
        plant(D::MailboxMissing, JOINER, |p| p.steps.retain(|step| step.key.as_str() != "await-mailbox")),
        plant(D::MailboxNeverComes, JOINER, |p| lose(p, "assign-licenses", |_| true)),
        plant(D::SeatUnbought, JOINER, |p| beside(p, "buy", vec![Effect::BuysSeat { sku: "SPE_E3".into() }], "set-usage-location")),
        plant(D::MailGivenUp, EXCHANGED, |p| lose(p, "assign-licenses", |e| matches!(e, Effect::AssignsLicense { .. }))),
        plant(D::LicenceTakenUnasked, EXCHANGED, |_| {}),
        plant(D::MadeTwice, IN_PLACE, |p| add(p, "create-user", Effect::CreatesPerson)),
        plant(D::MadeBeside, THERE, |p| beside(p, "create-in-cloud", vec![Effect::CreatesPerson], "create-user")),
        plant(D::PremisesOrder, THERE, |p| loosen(p, "create-user:synced", "create-user")),
        plant(D::PremisesOrder, THERE, |p| {
            loosen(p, "assign-licenses:groups", "create-user:synced");
            cut(p, "assign-licenses:groups", &["set-usage-location"]);
        }),
        plant(D::PremisesOrder, HYBRID, |p| loosen(p, "read-block-again", "disable-on-premises")),
        plant(D::PremisesOrder, HYBRID, |p| p.steps.retain(|step| step.key.as_str() != "read-block-again")),
        plant(D::SlowBeforeContainment, HYBRID, |p| free(p, "disable-on-premises")),
        plant(D::ContainmentWaits, HYBRID, |p| {
            free(p, "disable-on-premises");
            wait(p, "revoke-sessions", "disable-on-premises");
        }),
        plant(D::AgainstPolicy, JOINER, |p| add(p, "add-to-groups", Effect::AddsMembership { group: "board".into() })),
        plant(D::BeforeFirstDay, BY_GROUP, |p| of(p, "create-user:enable").not_before = None),
        plant(D::BeforeFirstDay, BY_GROUP, |p| of(p, "create-temporary-access-pass").not_before = None),
        plant(D::PassForNobody, JOINER, |p| p.steps.retain(|step| !step.effects.contains(&Effect::Notifies))),
        plant(D::NoticeEarly, JOINER, |p| cut(p, "notify-manager", &["send-welcome"])),
        plant(D::NoticeEarly, THERE, |p| cut(p, "notify", &["send-welcome"])),
    ]
}
