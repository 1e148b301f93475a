//! Plays one scene: facts are read, every step proposes, and each proposal is read, carried out, read back, tried again and taken
//! back, one step at a time, so that its requests are nobody else's.

use std::collections::BTreeMap;
use std::time::Duration;

use connectors::facts::{Owned, Scan, Wanted, Who};
use connectors::{Ctx, Purpose};
use domain::StepKey;
use domain::facts::Facts;
use domain::plan::{ApprovalNeed, FORMAT, Plan};
use domain::policy::Policy;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use domain::spec::{Expect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Seen, Task};
use jiff::Timestamp;
use serde_json::{Value, json};
use steps::{Cx, Switches, Undo};

use super::Reel;
use super::scene::{Cast, Scene, casts};
use super::stage::Stage;
use super::vault::InMemory;
use crate::contract::permissions::Sender;

/// When every scene begins.
pub(super) const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

/// How often a change is read back before it counts as not come, and how long apart.
const READS_AT_MOST: u32 = 40;
const BETWEEN_READS: Duration = Duration::from_millis(500);

type Evidence = BTreeMap<StepKey, BTreeMap<String, Value>>;

/// Plays a scene for everybody it is about.
///
/// # Errors
/// When nothing can be recorded, or the sandbox is not as this check expects it.
pub(super) async fn scene(scene: &Scene, reel: &mut Reel<'_>) -> anyhow::Result<()> {
    for cast in casts() {
        let world = sim::worlds::demo(START);
        let people = world.tenants[cast.tenant].users.keys();
        for person in people.filter(|person| scene.everybody || **person == cast.leaver) {
            let cast = Cast {
                leaver: person.clone(),
                ..cast.clone()
            };
            leave(scene, &cast, reel).await?;
        }
    }
    Ok(())
}

async fn leave(scene: &Scene, cast: &Cast, reel: &mut Reel<'_>) -> anyhow::Result<()> {
    let world = |meanwhile: bool| {
        let mut world = sim::worlds::demo(START);
        if let Some(tenant) = world.tenants.get_mut(cast.tenant) {
            (scene.before)(tenant, cast);
            if let Some(change) = scene.meanwhile.filter(|_| meanwhile) {
                change(tenant, cast);
            }
        }
        world
    };
    let mut stage = Stage::set(world(false), cast.tenant, START)?;
    let title = format!("{} {}", scene.name, &cast.leaver[..8]);
    reel.turn(&stage, &format!("{title} facts"), reel.facts.clone())
        .await?;
    let request = request(scene, cast);
    let switches = switches(scene, cast);
    let policy = policy(cast)?;
    let Some(facts) = facts(&stage, (&request, &switches), cast, None).await else {
        return Ok(());
    };
    let proposal = steps::propose(&request, &policy, &facts, &switches);
    let plan = plan(&request, cast, &facts, proposal.specs);
    if scene.meanwhile.is_some() {
        stage = Stage::set(world(true), cast.tenant, START)?;
        reel.turn(&stage, &format!("{title} facts again"), reel.facts.clone())
            .await?;
    }
    if let Some(faults) = scene.faults {
        stage.sandbox.set_faults(faults());
    }
    // What the second look finds does not matter here: its requests and replies are recorded.
    let _again = self::facts(&stage, (&request, &switches), cast, Some(&facts)).await;
    let mut act = Act {
        stage: &stage,
        plan: &plan,
        evidence: Evidence::new(),
        vault: InMemory::default(),
    };
    let mut done = Vec::new();
    for spec in &plan.steps {
        reel.turn(&stage, &format!("{title} {}", spec.key), sender(spec))
            .await?;
        let (before, carried) = act.carry(spec).await;
        if let Some(step) = steps::find(&spec.step) {
            let deeds = reel.deeds.entry(step.about().name).or_default();
            deeds.carried |= carried;
            done.push((step, spec, before));
        }
    }
    for (step, spec, before) in done.into_iter().rev() {
        if let Undo::Spec(undo) = step.undo(spec, &before) {
            reel.turn(&stage, &format!("{title} {}", undo.key), sender(spec))
                .await?;
            let (_, returned) = act.carry(&undo).await;
            let deeds = reel.deeds.entry(step.about().name).or_default();
            deeds.can_return = true;
            deeds.returned |= returned;
        }
    }
    Ok(())
}

/// A step is judged by what the very proposal declares, which an approver sees.
fn sender(spec: &StepSpec) -> Sender {
    Sender::new(&spec.step, &spec.permissions)
}

/// The facts as the planner reads them, or as the drift check does, which knows some of them already. Nothing where they cannot be
/// read, which is an answer, too.
async fn facts(
    stage: &Stage,
    (request, switches): (&Request, &Switches),
    cast: &Cast,
    known: Option<&Facts>,
) -> Option<Facts> {
    let mut names = steps::names(request, switches);
    names.push("Alex Murphy".to_owned());
    names.push(cast.address("nobody.at.all"));
    let hint = &request.person;
    let written = hint.address.as_ref().or(hint.name.as_ref())?;
    let (person, scan) = match known {
        None => (Who::Written(&written.value), Scan::Everywhere),
        Some(Facts {
            person,
            rights_elsewhere,
            ..
        }) => (
            Who::Known {
                id: person.id.as_str(),
                upn: &person.upn,
            },
            Scan::Known(rights_elsewhere.clone()),
        ),
    };
    let owned = known.map(owned).unwrap_or_default();
    let wanted = Wanted {
        person,
        names: &names,
        scan,
        owned: &owned,
        now: stage.sandbox.now(),
    };
    let ctx = Ctx::of(if known.is_some() {
        Purpose::Drift
    } else {
        Purpose::Plan
    });
    connectors::facts::read(&stage.connection, &ctx, wanted)
        .await
        .ok()
}

fn owned(facts: &Facts) -> Vec<Owned> {
    let groups = facts
        .owned_groups
        .iter()
        .map(|owned| Owned::Group(owned.group.id.clone()));
    let applications = facts
        .owned_applications
        .iter()
        .map(|owned| Owned::Application(owned.id.clone()));
    groups.chain(applications).collect()
}

/// A plan under way.
struct Act<'a> {
    stage: &'a Stage,
    plan: &'a Plan,
    evidence: Evidence,
    vault: InMemory,
}

impl Act<'_> {
    /// Reads, writes, reads back until all is as wanted, and writes and reads once more. Gives what was read first and whether
    /// everything came true.
    async fn carry(&mut self, spec: &StepSpec) -> (Vec<Value>, bool) {
        let all: Vec<usize> = (0..spec.changes.len()).collect();
        let before = self.observe(spec, 0, Purpose::Apply).await;
        let clean = self.apply(spec, 1, &all).await;
        let mut open = all.len();
        for read in 0..READS_AT_MOST {
            let purpose = if read == 0 {
                Purpose::Verify
            } else {
                Purpose::Poll
            };
            let seen = self.observe(spec, 1, purpose).await;
            open = all
                .iter()
                .filter(|index| !is_so(spec, &seen, **index))
                .count();
            if open == 0 || !clean {
                break;
            }
            tokio::time::sleep(BETWEEN_READS).await;
        }
        self.apply(spec, 2, &all).await;
        self.observe(spec, 2, Purpose::Poll).await;
        let values = all
            .iter()
            .map(|index| before.get(*index).map(value).unwrap_or_default());
        (values.collect(), clean && open == 0)
    }

    async fn observe(&self, spec: &StepSpec, attempt: u32, purpose: Purpose) -> Vec<Seen> {
        let Some(step) = steps::find(&spec.step) else {
            return Vec::new();
        };
        let seen = step
            .observe(&self.cx(purpose), &self.task(spec, attempt))
            .await;
        seen.unwrap_or_default()
    }

    /// Whether the cloud took all of it.
    async fn apply(&mut self, spec: &StepSpec, attempt: u32, todo: &[usize]) -> bool {
        let Some(step) = steps::find(&spec.step) else {
            return false;
        };
        let applied = step
            .apply(&self.cx(Purpose::Apply), &self.task(spec, attempt), todo)
            .await;
        self.evidence
            .entry(spec.key.clone())
            .or_default()
            .extend(applied.evidence);
        applied.problems.is_empty()
    }

    fn cx(&self, purpose: Purpose) -> Cx<'_> {
        Cx {
            connection: &self.stage.connection,
            ctx: Ctx::of_run("run", purpose),
            now: self.stage.sandbox.now(),
            random: &|bytes: &mut [u8]| {
                for (byte, n) in bytes.iter_mut().zip(0_u8..) {
                    *byte = n;
                }
            },
            vault: &self.vault,
        }
    }

    fn task<'a>(&'a self, spec: &'a StepSpec, attempt: u32) -> Task<'a> {
        Task {
            run: "run",
            operation: spec.key.as_str(),
            attempt,
            intended: (attempt > 0).then_some(START),
            plan: self.plan,
            spec,
            evidence: &self.evidence,
            outcome: Some("Offboarding: completed."),
        }
    }
}

fn is_so(spec: &StepSpec, seen: &[Seen], index: usize) -> bool {
    match (seen.get(index), &spec.changes[index].after) {
        (Some(Seen::Done { .. }), _) => true,
        (Some(Seen::Value { value }), Expect::Is(after)) => value == after,
        _ => false,
    }
}

fn value(seen: &Seen) -> Value {
    match seen {
        Seen::Value { value } | Seen::Done { value } | Seen::Todo { value } => value.clone(),
        Seen::Impossible { .. } => Value::Null,
    }
}

fn request(scene: &Scene, cast: &Cast) -> Request {
    let world = sim::worlds::demo(START);
    let user = &world.tenants[cast.tenant].users[&cast.leaver];
    let mut fields = BTreeMap::new();
    let mut person = PersonHint::default();
    if scene.asks {
        person.name = Some(Cited::typed(user.display_name.clone()));
        fields.insert(
            "delegate".to_owned(),
            Cited::typed(cast.address(cast.others[0])),
        );
        fields.insert(
            "successor".to_owned(),
            Cited::typed(cast.address(cast.others[1])),
        );
        fields.insert(
            "forward-to".to_owned(),
            Cited::typed("somebody@partner.example".to_owned()),
        );
    } else {
        person.address = Some(Cited::typed(user.user_principal_name.clone()));
    }
    Request {
        id: "request".into(),
        tenant: "tenant".into(),
        kind: Kind::Offboard,
        person,
        when: Some(Cited::typed(When::Now)),
        fields,
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "cli".to_owned(),
            requester: cast.address("hr"),
            reference: None,
            received_at: START,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
    }
}

fn policy(cast: &Cast) -> anyhow::Result<Policy> {
    Ok(serde_json::from_value(json!({
        "version": 1, "sites": {}, "requesters": {}, "approvals": {},
        "protected": { "break-glass-confirmed": true },
        "notify": { "sender": cast.address(cast.shared), "recipients": ["it@partner.example"] },
    }))?)
}

/// Every step of the list with its defaults, and what the scene has to say about them.
fn switches(scene: &Scene, cast: &Cast) -> Switches {
    let entries = steps::catalogue().entries;
    let mut switches: Switches = entries
        .into_iter()
        .map(|entry| (entry.name.to_owned(), entry.defaults))
        .collect();
    if let Value::Object(settings) = (scene.settings)(cast) {
        for (step, wanted) in settings {
            match wanted {
                Value::Null => drop(switches.remove(&step)),
                wanted => drop(switches.insert(step, wanted)),
            }
        }
    }
    switches
}

/// All proposals in the order of the list. What may stand together in one plan is not asked here: requests are judged, not plans.
fn plan(request: &Request, cast: &Cast, facts: &Facts, steps: Vec<StepSpec>) -> Plan {
    let person = &facts.person;
    Plan {
        format: FORMAT,
        tenant: request.tenant.clone(),
        directory: cast.tenant.to_owned(),
        request: request.id.clone(),
        kind: request.kind,
        person: ObjectRef::new(ObjectKind::Person, &person.id, &person.display_name),
        upn: person.upn.clone(),
        at: None,
        steps,
        remarks: Vec::new(),
        policy: String::new(),
        requester: request.origin.requester.clone(),
        approval: ApprovalNeed::default(),
        removals_may_grow: false,
        reserves: Vec::new(),
        follow_up: None,
    }
}
