//! Plays one scene: facts are read, every step proposes, and each proposal is read, carried out, read back, tried again and taken
//! back, one step at a time, so that its requests are nobody else's.

use std::collections::BTreeMap;
use std::time::Duration;

use connectors::{Ctx, Purpose};
use domain::StepKey;
use domain::facts::Facts;
use domain::plan::{ApprovalNeed, FORMAT, Plan};
use domain::request::Request;
use domain::spec::{Effect, Expect, ObjectKind, ObjectRef, Route, StepSpec};
use engine::hands::{Seen, Task};
use engine::state::DONE;
use jiff::Timestamp;
use serde_json::Value;
use steps::{Cx, Undo};

use super::Reel;
use super::ask::Ask;
use super::by_hand;
use super::scene::{Cast, Scene};
use super::stage::Stage;
use super::vault::InMemory;
use crate::contract::permissions::Sender;

/// When every scene begins.
pub(super) const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

/// How often a change is read back before it counts as not come, and how long apart.
const READS_AT_MOST: u32 = 40;
const BETWEEN_READS: Duration = Duration::from_millis(500);
/// The same for what the vendor does in minutes.
const BETWEEN_LONG_READS: Duration = Duration::from_secs(30);

type Evidence = BTreeMap<StepKey, BTreeMap<String, Value>>;

/// Plays a scene for everybody it is about.
///
/// # Errors
/// When nothing can be recorded, or the sandbox is not as this check expects it.
pub(super) async fn scene(scene: &Scene, reel: &mut Reel<'_>) -> anyhow::Result<()> {
    for cast in (scene.casts)() {
        let world = sim::worlds::demo(START);
        let people = world.tenants[cast.tenant].users.keys();
        for person in people.filter(|person| scene.everybody || **person == cast.leaver) {
            let cast = Cast {
                leaver: person.clone(),
                ..cast.clone()
            };
            play(scene, &cast, reel).await?;
        }
    }
    Ok(())
}

async fn play(scene: &Scene, cast: &Cast, reel: &mut Reel<'_>) -> anyhow::Result<()> {
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
    let ask = Ask::of(scene, cast)?;
    let Some(facts) = ask.facts(&stage, None).await else {
        return Ok(());
    };
    let proposal = steps::propose(&ask.request, &ask.policy, &facts, &ask.switches);
    let plan = plan(&ask.request, cast, &facts, proposal.specs);
    if scene.meanwhile.is_some() {
        stage = Stage::set(world(true), cast.tenant, START)?;
        reel.turn(&stage, &format!("{title} facts again"), reel.facts.clone())
            .await?;
    }
    if let Some(faults) = scene.faults {
        stage.sandbox.set_faults(faults());
    }
    // What the second look finds does not matter here: its requests and replies are recorded.
    let _again = ask.facts(&stage, Some(&facts)).await;
    let mut act = Act {
        stage: &stage,
        plan: &plan,
        evidence: Evidence::new(),
        vault: InMemory::default(),
    };
    let mut done = Vec::new();
    for spec in &plan.steps {
        let Some(step) = steps::find(&spec.step) else {
            continue;
        };
        if spec.by_hand.is_some() {
            if !spec.permissions.is_empty() {
                reel.overasking.insert(spec.summary.clone());
            }
            if by_hand::act(&stage, cast.tenant, &plan, spec)? {
                reel.deeds.entry(step.about().name).or_default().carried = true;
                act.said_done(spec);
            }
            continue;
        }
        reel.turn(&stage, &format!("{title} {}", spec.key), sender(spec))
            .await?;
        let (before, carried) = act.carry(spec).await;
        let deeds = reel.deeds.entry(step.about().name).or_default();
        deeds.carried |= carried;
        done.push((step, spec, before));
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
            tokio::time::sleep(between_reads(spec)).await;
        }
        self.apply(spec, 2, &all).await;
        self.observe(spec, 2, Purpose::Poll).await;
        let values = all
            .iter()
            .map(|index| before.get(*index).map(value).unwrap_or_default());
        (values.collect(), clean && open == 0)
    }

    /// Whoever had to do it by hand says that it is done.
    fn said_done(&mut self, spec: &StepSpec) {
        let now = self.stage.sandbox.now().to_string();
        let evidence = self.evidence.entry(spec.key.clone()).or_default();
        evidence.insert(DONE.to_owned(), now.into());
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

fn between_reads(spec: &StepSpec) -> Duration {
    let is_long = spec.has(|effect| {
        matches!(
            effect,
            Effect::AwaitsMailbox
                | Effect::AwaitsSync
                | Effect::AssignsLicense {
                    route: Route::Group(_),
                    ..
                }
        )
    });
    if is_long {
        BETWEEN_LONG_READS
    } else {
        BETWEEN_READS
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

/// All proposals in the order of the list, but what needs the mailbox behind what waits for it, and what tells people at the end. What
/// may stand together in one plan is not asked here: requests are judged, not plans.
fn plan(request: &Request, cast: &Cast, facts: &Facts, mut steps: Vec<StepSpec>) -> Plan {
    steps.sort_by_key(|spec| {
        let has = |effect: Effect| spec.has(|other| *other == effect);
        (has(Effect::Notifies), has(Effect::NeedsMailbox))
    });
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
        only: None,
        review: None,
    }
}
