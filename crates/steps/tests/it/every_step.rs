//! Every step of the list, without a line of its own here: done twice is done once, a lost reply loses nothing, undoing restores
//! the world or is honestly refused, and no secret leaves a trace.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::StepKey;
use domain::drift::compare;
use domain::plan::is_containment;
use domain::spec::{Effect as Does, Expect, ObjectKind, Reversal, StepSpec};
use engine::hands::{Purpose, Seen};
use futures::future::join_all;
use serde_json::{Value, json};
use sim::{Effect, Faults, Rule};
use steps::Undo;
use tracing_subscriber::fmt::MakeWriter;

use crate::joiners::JOINERS;
use crate::lab::{Bench, Lab, calm, open};
use crate::leavers::{LARGE, LARGE_BY_GROUP, Leaver, MARIA, NORA};
use crate::welcome::IVAN;

pub(crate) const NONE: [usize; 0] = [];
pub(crate) const NOTHING: [String; 0] = [];
const LEAVERS: [Leaver; 4] = [NORA, MARIA, LARGE, LARGE_BY_GROUP];

/// The indices of all changes.
pub(crate) fn all(spec: &StepSpec) -> Vec<usize> {
    (0..spec.changes.len()).collect()
}

/// The settled world, without what differs from one run to the next: times, secrets, and ids that the vendor gives.
pub(crate) fn world(lab: &Lab) -> Value {
    let world = lab.sandbox.world();
    let tenant = &world.tenants[lab.leaver.tenant];
    // An account that a run has made bears an id that the vendor drew.
    let made = tenant.user(&lab.plan.upn).map(|(id, _)| id.clone());
    let mut text = serde_json::to_string(tenant).unwrap();
    if let Some(made) = made.filter(|_| lab.plan.person.id.as_str().contains('@')) {
        text = text.replace(&made, "the-newcomer");
    }
    let mut tenant: Value = serde_json::from_str(&text).unwrap();
    for made in ["role_assignments", "eligibilities", "messages"] {
        let mut values: Vec<Value> = tenant[made]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, value)| value.clone())
            .collect();
        values.sort_by_key(Value::to_string);
        tenant[made] = Value::Array(values);
    }
    for user in tenant["users"].as_object_mut().into_iter().flatten() {
        name_pass(&mut user.1["methods"]);
    }
    blur(&mut tenant);
    tenant
}

/// A pass bears an id that the vendor drew.
fn name_pass(methods: &mut Value) {
    let Some(methods) = methods.as_object_mut() else {
        return;
    };
    let is_pass = |method: &Value| method["kind"] == "temporary-access-pass";
    let drawn: Vec<String> = methods
        .iter()
        .filter(|(_, method)| is_pass(method))
        .map(|(id, _)| id.clone())
        .collect();
    for id in drawn {
        if let Some(pass) = methods.remove(&id) {
            methods.insert("the-pass".to_owned(), pass);
        }
    }
}

fn blur(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let passing = name.ends_with("date_time")
                    || [
                        "password_hash",
                        "secret_hash",
                        "exchange_guid",
                        "archive_guid",
                        "internet_message_id",
                        "created",
                        "sent",
                        "last_sync",
                    ]
                    .contains(&name.as_str());
                if passing && !field.is_null() {
                    *field = json!("…");
                } else {
                    blur(field);
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(blur);
            // Members of lists of ids and grants stand in no order.
            items.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}

pub(crate) fn differences(one: &Value, other: &Value) -> Vec<String> {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let nested = |key: &String| {
                let (a, b) = (
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                );
                differences(a, b)
                    .into_iter()
                    .map(|rest| format!("{key}/{rest}"))
                    .collect::<Vec<_>>()
            };
            keys.into_iter().flat_map(nested).collect()
        }
        _ if one == other => Vec::new(),
        _ => vec![format!(" {one} is now {other}")],
    }
}

#[tokio::test(start_paused = true)]
async fn the_leavers_exercise_every_step() {
    for leaver in LEAVERS {
        let bench = Bench::of(leaver).await;
        let lab = bench.lab();
        for key in bench.keys() {
            let spec = lab.spec(&key);
            let seen = lab.observe(&spec, 0, Purpose::Probe).await;
            assert_eq!(
                open(&spec, &seen).len(),
                spec.changes.len(),
                "{key} has something to do everywhere: {seen:?}"
            );
            for (change, seen) in spec.changes.iter().zip(&seen) {
                if let Seen::Value { value } = seen {
                    let what = format!(
                        "{key}: {} {} is read as it was planned on",
                        change.object, change.property
                    );
                    assert_eq!(*value, change.now, "{what}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_cases_exercise_every_step() {
    let mut met: BTreeSet<String> = BTreeSet::new();
    for case in LEAVERS.into_iter().chain(JOINERS).chain([IVAN]) {
        let bench = Bench::of(case).await;
        met.extend(bench.plan.steps.iter().map(|spec| spec.step.clone()));
    }
    let all: BTreeSet<String> = steps::ALL
        .iter()
        .map(|step| step.about().name.to_owned())
        .collect();
    assert_eq!(met, all);
}

#[tokio::test(start_paused = true)]
async fn done_twice_is_done_once() {
    for leaver in LEAVERS {
        let bench = Bench::of(leaver).await;
        for key in bench.keys() {
            twice(&bench, &key).await;
        }
    }
}

pub(crate) async fn twice(bench: &Bench, key: &StepKey) {
    let (lab, spec) = bench.ready(key).await;
    let untouched = world(&lab);
    let carried = lab.carry(&spec).await;
    assert_eq!(carried.attempts, 1, "{key}");
    let once = world(&lab);
    let changes = lab.sandbox.log().len();
    let later = spec
        .changes
        .iter()
        .any(|change| change.after == Expect::Later);
    assert!(later || once != untouched, "{key} changed nothing");
    let mail = spec
        .changes
        .iter()
        .all(|change| change.object.kind == ObjectKind::Message);
    if !mail && !spec.has(|effect| *effect == Does::GivesPass) {
        // Writing again where all is done already: accepted, and nothing more happens. A mail is never sent again unprobed, and
        // every pass is another one.
        assert_eq!(lab.apply(&spec, 2, &all(&spec)).await.problems, [], "{key}");
    }
    let seen = lab.observe(&spec, 2, Purpose::Poll).await;
    assert_eq!(open(&spec, &seen), NONE, "{key}: {seen:?}");
    assert_eq!(differences(&once, &world(&lab)), NOTHING, "{key}");
    if !later {
        let log = lab.sandbox.log();
        assert_eq!(
            log.len(),
            changes,
            "{key} changed something twice: {:?}",
            log.last()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_loses_nothing() {
    let bench = Bench::of(NORA).await;
    for key in bench.keys() {
        lost(&bench, &key).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_loses_no_licence() {
    for leaver in [MARIA, LARGE, LARGE_BY_GROUP] {
        let bench = Bench::of(leaver).await;
        for key in bench.keys() {
            lost(&bench, &key).await;
        }
    }
}

/// Each call's reply is lost in turn; the first call is also lost on its way, and answered by a gateway that gave up.
pub(crate) async fn lost(bench: &Bench, key: &StepKey) {
    let (lab, spec) = bench.ready(key).await;
    let requests = lab.sandbox.requests().len();
    lab.apply(&spec, 1, &all(&spec)).await;
    let calls = lab.sandbox.requests()[requests..]
        .iter()
        .filter(|seen| seen.part_of.is_none())
        .count();
    lab.finish(&spec, 1, &lab.observe(&spec, 1, Purpose::Verify).await)
        .await;
    let undisturbed = world(&lab);
    assert!(calls > 0, "{key} made no call");
    let replies = (1..=calls).map(|nth| (Effect::LoseReply, nth));
    let others = [
        (Effect::LoseRequest, 1),
        (Effect::FailAfter { status: 504 }, 1),
    ];
    for (effect, nth) in replies.chain(others) {
        let name = format!("{key}, {effect:?} of call {nth}");
        let (lab, spec) = bench.ready(key).await;
        let before = lab.sandbox.log().len();
        let rule = Rule {
            nth: nth as u64,
            ..Rule::once(effect)
        };
        lab.sandbox.set_faults(Faults {
            rules: vec![rule],
            ..calm()
        });
        let applied = lab.apply(&spec, 1, &all(&spec)).await;
        lab.sandbox.set_faults(calm());
        assert!(!applied.problems.is_empty(), "{name} was not noticed");
        tokio::time::sleep(Duration::from_secs(2)).await;
        lab.finish(&spec, 1, &lab.observe(&spec, 1, Purpose::Probe).await)
            .await;
        assert_eq!(differences(&undisturbed, &world(&lab)), NOTHING, "{name}");
        nothing_twice(&lab, before, &name);
    }
}

/// No field was changed twice by two different requests.
fn nothing_twice(lab: &Lab, since: usize, name: &str) {
    let log = lab.sandbox.log();
    let mut changed = BTreeSet::new();
    for change in log[since..]
        .iter()
        .filter(|change| change.request_id.is_some())
    {
        // Sets grow and shrink member by member; messages and roles have fields of their own for each.
        let set = matches!(
            change.field.as_str(),
            "members"
                | "owners"
                | "email_addresses"
                | "addresses_pending"
                | "permissions"
                | "rules"
                | "devices"
                | "methods"
                | "send_as"
                | "due"
                | "licences"
        );
        assert!(
            set || changed.insert((change.object.clone(), change.field.clone())),
            "{name}: {change:?} happened twice"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn undoing_restores_the_world_or_is_honestly_refused() {
    let mut refused = BTreeSet::new();
    for leaver in LEAVERS {
        let bench = Bench::of(leaver).await;
        for key in bench.keys() {
            if let Some(step) = undone(&bench, &key).await {
                refused.insert(step);
            }
        }
    }
    let honest = [
        "cancel-meetings",
        "notify",
        "remove-auth-methods",
        "remove-inbox-rules",
        "remove-mobile-devices",
        "reset-password",
        "revoke-sessions",
    ];
    assert_eq!(
        refused.iter().map(String::as_str).collect::<Vec<_>>(),
        honest
    );
}

/// Takes the step back; gives its name where it says that it cannot.
pub(crate) async fn undone(bench: &Bench, key: &StepKey) -> Option<String> {
    let (lab, spec) = bench.ready(key).await;
    let untouched = world(&lab);
    let carried = lab.carry(&spec).await;
    let marked = spec
        .changes
        .iter()
        .any(|change| change.reversal != Reversal::Return);
    match steps::find(&spec.step)?.undo(&spec, &carried.before) {
        Undo::Cannot(because) => {
            assert!(
                marked && !because.is_empty(),
                "{key} was shown as one that can return"
            );
            Some(spec.step)
        }
        // What cannot go is closed at least.
        Undo::Spec(undo) if undo.effects == [Does::ClosesSignIn] && marked => {
            lab.carry(&undo).await;
            let world = lab.sandbox.world();
            let (_, user) = world.tenants[lab.leaver.tenant].user(&lab.plan.upn)?;
            assert!(!user.account_enabled, "{key}");
            Some(spec.step)
        }
        Undo::Spec(undo) => {
            assert!(!marked, "{key} was shown as one that cannot return");
            lab.carry(&undo).await;
            assert_eq!(differences(&untouched, &world(&lab)), NOTHING, "{key}");
            None
        }
    }
}

#[tokio::test(start_paused = true)]
async fn containment_is_read_back_in_one_request() {
    let lab = Bench::of(NORA).await.lab();
    let specs: Vec<StepSpec> = lab
        .plan
        .steps
        .iter()
        .filter(|spec| is_containment(spec))
        .cloned()
        .collect();
    assert_eq!(specs.len(), 3);
    for spec in &specs {
        assert_eq!(lab.apply(spec, 1, &[0]).await.problems, []);
    }
    let before = lab.sandbox.requests().len();
    let seen = join_all(
        specs
            .iter()
            .map(|spec| lab.observe(spec, 1, Purpose::Verify)),
    )
    .await;
    for (spec, seen) in specs.iter().zip(seen) {
        assert_eq!(open(spec, &seen), NONE, "{}: {seen:?}", spec.key);
    }
    assert_eq!(lab.sandbox.requests().len(), before + 1);
}

/// Writes to one mailbox go one after the other, but all that they did is read back together.
#[tokio::test(start_paused = true)]
async fn what_is_written_together_is_read_back_together() {
    let lab = Bench::of(NORA).await.lab();
    let keys = [
        "set-auto-reply",
        "set-forwarding",
        "hide-from-address-lists",
        "remove-inbox-rules",
        "remove-mobile-devices",
    ];
    let specs: Vec<StepSpec> = keys.iter().map(|&key| lab.spec(&key.into())).collect();
    let seen = join_all(specs.iter().map(|spec| async {
        assert_eq!(lab.apply(spec, 1, &all(spec)).await.problems, []);
        lab.observe(spec, 1, Purpose::Verify).await
    }))
    .await;
    for (spec, seen) in specs.iter().zip(seen) {
        assert_eq!(open(spec, &seen), NONE, "{}: {seen:?}", spec.key);
    }
    let sent = lab.connection.meter.counts_of_run("run");
    // The recipient behind a forwarding address is looked up once its name is read.
    assert!(
        sent.of(&[connectors::Purpose::Verify]).requests() <= 2,
        "{sent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_drift_check_sees_only_what_others_have_changed() {
    for leaver in LEAVERS {
        let lab = Bench::of(leaver).await.lab();
        let fresh = lab.propose_again().await;
        assert_eq!(compare(&lab.plan.steps, &fresh, false), []);
        for spec in lab.plan.steps.iter().filter(|spec| is_containment(spec)) {
            lab.carry(spec).await;
        }
        let fresh = lab.propose_again().await;
        assert_eq!(
            compare(&lab.plan.steps, &fresh, false),
            [],
            "containment is no drift"
        );
    }
}

#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_leaves_a_trace() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (lab, spec) = Bench::of(NORA).await.ready(&"reset-password".into()).await;
    // Tests beside this one may have met a place of the log before there was a listener; it is asked again.
    tracing::callsite::rebuild_interest_cache();
    let rule = Rule {
        nth: 1,
        ..Rule::once(Effect::FailAfter { status: 500 })
    };
    lab.sandbox.set_faults(Faults {
        rules: vec![rule],
        ..calm()
    });
    lab.apply(&spec, 1, &[0]).await;
    lab.sandbox.set_faults(calm());
    lab.carry(&spec).await;
    let hash = lab.sandbox.world().tenants[lab.leaver.tenant].users[&lab.leaver.id()]
        .password_hash
        .clone();
    assert_ne!(hash, "", "the password was set");
    let mut traces = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(traces.contains("sending a request"), "the log was kept");
    traces.push_str(&format!("{:?}", lab.receipts.lock().unwrap()));
    traces.push_str(&serde_json::to_string(&*lab.receipts.lock().unwrap()).unwrap());
    traces.push_str(&serde_json::to_string(&lab.plan).unwrap());
    // The sandbox keeps a hash alone, so every run of characters that could be the password is tried.
    let candidates = traces
        .as_bytes()
        .windows(40)
        .filter(|window| window.iter().all(|byte| byte.is_ascii_graphic()));
    for candidate in candidates {
        assert!(
            !is_password(candidate, &hash),
            "the password is in a log or a receipt"
        );
    }
}

fn is_password(candidate: &[u8], hash: &str) -> bool {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(candidate)) == hash
}
