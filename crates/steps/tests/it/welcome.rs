//! What surrounds the account of somebody who comes: the mailbox that is waited for, the pass and its one delivery, the mails. And of
//! somebody who goes: the half that is done on premises.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::StepKey;
use domain::drift::compare;
use domain::spec::{Effect as Does, StepSpec};
use engine::hands::{Class, Purpose, Seen};
use engine::state::{Event, Outcome, RunState, Status};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sim::world::{MethodKind, Tenant};
use sim::worlds::NORTHWIND;
use sim::{Effect, Faults, HumanChange, Rule};
use steps::{Vault as _, secret_name};

use crate::every_step::{Log, all, lost, twice, undone};
use crate::joiners::ARNE;
use crate::lab::{Bench, Lab, calm, open};
use crate::leavers::{Leaver, NORA};
use crate::whole_run::{Inbox, drive};

const PASS: &str = "create-temporary-access-pass";
const NOTICE: &str = "notify-manager";

/// The hash of the pass that the tenant would accept.
fn accepted(lab: &Lab) -> String {
    let world = lab.sandbox.world();
    let (_, user) = world.tenants[lab.leaver.tenant]
        .user(&lab.plan.upn)
        .unwrap();
    let mut methods = user.methods.values();
    let pass = methods.find(|method| method.kind == MethodKind::TemporaryAccessPass);
    pass.unwrap().secret_hash.clone()
}

async fn sealed(lab: &Lab) -> Option<String> {
    let name = secret_name("run", "temporary-access-pass");
    let secret = lab.vault.open(&lab.plan.tenant, &name).await.unwrap();
    // Behind the moment until which it works.
    secret.map(|secret| {
        let (_, pass) = secret.expose_secret().split_once(' ').unwrap();
        pass.to_owned()
    })
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The mails to this address, and what stands in them.
fn mails(lab: &Lab, to: &str) -> Vec<(String, String)> {
    let world = lab.sandbox.world();
    let messages = world.tenants[lab.leaver.tenant].messages.values();
    messages
        .filter(|message| message.to.iter().any(|one| one == to))
        .map(|message| {
            assert_ne!(message.folder, "drafts", "{}", message.subject);
            (message.subject.clone(), message.content.clone())
        })
        .collect()
}

const MANAGER: &str = "ravi.menon@contoso.example";

/// Everything that a run leaves behind, but the vendor's own world: log, recording, state, plan, receipts.
async fn traced(leaver: Leaver, seed: u64) -> (Lab, RunState, String) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // While there is one listener alone, places of the log that tests beside this one meet first ask for theirs, and find none.
    let _another = tracing::Dispatch::new(
        tracing_subscriber::fmt()
            .with_writer(std::io::sink)
            .finish(),
    );
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let bench = Bench::of(leaver).await;
    let lab = bench.lab_with(Faults::default(), seed);
    let file =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("welcome-{seed}.har"));
    lab.sandbox.record(&file).unwrap();
    let state = drive(&bench, &lab, &Inbox::default()).await;
    let mut traces = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(traces.contains("sending a request"), "the log was kept");
    traces.push_str(&std::fs::read_to_string(&file).unwrap());
    assert!(
        traces.contains("temporaryAccessPassMethods"),
        "the recording was kept"
    );
    traces.push_str(&serde_json::to_string(&state).unwrap());
    traces.push_str(&serde_json::to_string(&lab.plan).unwrap());
    (lab, state, traces)
}

#[tokio::test(start_paused = true)]
async fn the_pass_is_in_one_mail_and_nowhere_else() {
    for seed in 0..3 {
        let (lab, state, traces) = traced(ARNE, seed).await;
        let findings: Vec<_> = state.open_findings().collect();
        assert_eq!(
            (state.outcome(), findings),
            (Some(Outcome::Completed), Vec::new()),
            "seed {seed}"
        );
        let notices = mails(&lab, MANAGER);
        let [(subject, text)] = notices.as_slice() else {
            panic!("one notice, sent once: {notices:?}");
        };
        assert_eq!(subject, "Arne Holm: ready");
        assert!(text.contains("completed") && text.contains(&lab.plan.upn));
        let (_, after) = text.split_once("Temporary Access Pass").unwrap();
        let pass = after.split("\n\n").nth(1).unwrap();
        assert_eq!(hash(pass), accepted(&lab), "it is the pass");
        assert!(!traces.contains(pass), "the pass has left a trace");
        assert!(!subject.contains(pass));
        assert_eq!(sealed(&lab).await, None, "it is erased after hand-over");
        for (_, text) in mails(&lab, "it@contoso.example") {
            assert!(!text.contains(pass));
        }
        let welcomes = mails(&lab, &lab.plan.upn);
        assert_eq!(welcomes.len(), 1, "{welcomes:?}");
        assert!(!welcomes[0].1.contains(pass));
        // It was made at the start, not before.
        let key = PASS.into();
        let made = state.step(&key).unwrap().receipt.intended_ms.unwrap();
        let start = lab.plan.step(&key).unwrap().not_before.unwrap();
        assert!(made >= start.as_millisecond());
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_behind_a_link_is_in_no_mail_at_all() {
    let arne = Leaver {
        set: |switches| {
            (ARNE.set)(switches);
            switches.insert(NOTICE.to_owned(), json!({ "pass": "link" }));
        },
        ..ARNE
    };
    let (lab, state, traces) = traced(arne, 12).await;
    assert_eq!(state.outcome(), Some(Outcome::Completed));
    let notices = mails(&lab, MANAGER);
    let [(_, text)] = notices.as_slice() else {
        panic!("one notice, sent once: {notices:?}");
    };
    assert!(
        text.contains("https://tenure.provider.example/link/once"),
        "{text}"
    );
    let name = format!("link to {}", secret_name("run", "temporary-access-pass"));
    let pass = lab
        .vault
        .open(&lab.plan.tenant, &name)
        .await
        .unwrap()
        .unwrap();
    let pass = pass.expose_secret().to_owned();
    assert_eq!(hash(&pass), accepted(&lab), "it is the pass");
    assert!(
        !text.contains(&pass) && !traces.contains(&pass),
        "the pass has left a trace"
    );
    assert_eq!(sealed(&lab).await, None, "it is erased after hand-over");
}

#[tokio::test(start_paused = true)]
async fn a_manager_hears_that_something_is_left_to_do() {
    let arne = Leaver {
        furnish: |tenant| tenant.tap_policy.enabled = false,
        ..ARNE
    };
    let (lab, state, _) = traced(arne, 11).await;
    assert_eq!(state.outcome(), Some(Outcome::NeedsReview));
    let finding = state.open_findings().next().unwrap();
    assert!(
        finding.text.contains("Authentication methods"),
        "{}",
        finding.text
    );
    let notices = mails(&lab, MANAGER);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].0, "Arne Holm: needs review");
    assert!(
        notices[0]
            .1
            .contains("no Temporary Access Pass to hand over")
    );
    assert!(notices[0].1.contains("Authentication methods"));
}

#[tokio::test(start_paused = true)]
async fn the_pass_that_is_kept_is_the_one_that_works() {
    let stubborn: fn(&mut Tenant) = |tenant| tenant.tap_policy.replaces = false;
    for furnish in [ARNE.furnish, stubborn] {
        let bench = Bench::of(Leaver { furnish, ..ARNE }).await;
        for effect in [
            Effect::LoseReply,
            Effect::LoseRequest,
            Effect::FailAfter { status: 504 },
        ] {
            let (lab, spec) = bench.ready(&PASS.into()).await;
            let name = format!("{effect:?}");
            lab.sandbox.set_faults(Faults {
                rules: vec![Rule {
                    nth: 1,
                    ..Rule::once(effect)
                }],
                ..calm()
            });
            let applied = lab.apply(&spec, 1, &all(&spec)).await;
            assert_eq!(applied.problems.len(), 1, "{name}");
            lab.sandbox.set_faults(calm());
            assert_eq!(sealed(&lab).await, None, "{name}");
            let seen = lab.observe(&spec, 1, Purpose::Probe).await;
            assert_eq!(open(&spec, &seen), [0], "a pass without its secret is none");
            lab.finish(&spec, 1, &seen).await;
            assert_eq!(hash(&sealed(&lab).await.unwrap()), accepted(&lab), "{name}");
        }
        // Somebody else has made one meanwhile.
        let (lab, spec) = bench.ready(&PASS.into()).await;
        for _ in 0..2 {
            assert_eq!(lab.apply(&spec, 1, &[0]).await.problems, []);
            assert_eq!(hash(&sealed(&lab).await.unwrap()), accepted(&lab));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pass_is_withdrawn_by_undoing() {
    let bench = Bench::of(ARNE).await;
    let (lab, spec) = bench.ready(&PASS.into()).await;
    let carried = lab.carry(&spec).await;
    let steps::Undo::Spec(undo) = steps::find(PASS).unwrap().undo(&spec, &carried.before) else {
        panic!("a pass can be withdrawn");
    };
    lab.carry(&undo).await;
    let world = lab.sandbox.world();
    let (_, user) = world.tenants[lab.leaver.tenant]
        .user(&lab.plan.upn)
        .unwrap();
    assert!(user.methods.is_empty(), "{:?}", user.methods);
}

#[tokio::test(start_paused = true)]
async fn settings_that_the_tenant_does_not_allow_are_told_by_name() {
    let arne = Leaver {
        furnish: |tenant| {
            tenant.tap_policy.maximum_minutes = 60;
        },
        ..ARNE
    };
    let (lab, spec) = Bench::of(arne).await.ready(&PASS.into()).await;
    let applied = lab.apply(&spec, 1, &[0]).await;
    let (_, problem) = &applied.problems[0];
    assert_eq!(problem.class, Class::Invalid);
    assert!(problem.message.contains("lifetime-minutes"), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_cannot_be_sent_leaves_no_pass_in_a_mailbox() {
    let bench = Bench::of(ARNE).await;
    let (lab, _) = bench.ready(&PASS.into()).await;
    lab.carry(&lab.spec(&PASS.into())).await;
    let spec = lab.spec(&NOTICE.into());
    lab.sandbox.set_faults(Faults {
        rules: vec![Rule {
            nth: 2,
            ..Rule::once(Effect::FailBefore {
                status: 403,
                retry_after_s: None,
            })
        }],
        ..calm()
    });
    let applied = lab.apply(&spec, 1, &[0]).await;
    lab.sandbox.set_faults(calm());
    assert_eq!(applied.problems[0].1.class, Class::Denied);
    let world = lab.sandbox.world();
    let messages = &world.tenants[lab.leaver.tenant].messages;
    assert!(messages.is_empty(), "{messages:?}");
    assert!(sealed(&lab).await.is_some(), "nobody has it yet");
    lab.carry(&spec).await;
    assert_eq!(mails(&lab, MANAGER).len(), 1);
    assert_eq!(sealed(&lab).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_mailbox_is_waited_for_as_long_as_the_vendor_takes() {
    let bench = Bench::of(ARNE).await;
    let (lab, spec) = bench.ready(&"await-mailbox".into()).await;
    assert_eq!(spec.budget.converge_ms, 24 * 3_600_000);
    assert_eq!(
        lab.apply(&spec, 1, &[0]).await,
        engine::hands::Applied::default()
    );
    // Nothing gives the licence, so nothing makes the mailbox.
    let lab = bench.lab();
    lab.carry(&lab.spec(&"create-user".into())).await;
    let seen = lab.observe(&spec, 1, Purpose::Poll).await;
    assert_eq!(seen, [Seen::Value { value: Value::Null }]);
}

/// Gets everything that a mailbox can get.
const EQUIPPED: Leaver = Leaver {
    set: |switches| {
        switches.insert(
            "mailbox-settings".to_owned(),
            json!({ "aliases": ["{f}{last}", "{first}"], "archive": true }),
        );
    },
    about: &[
        "mailbox-settings",
        "grant-shared-mailbox",
        "register-phone-method",
        PASS,
        "send-welcome",
        NOTICE,
        "notify",
    ],
    ..ARNE
};

#[tokio::test(start_paused = true)]
async fn what_is_planned_is_what_is_read() {
    let bench = Bench::of(EQUIPPED).await;
    for key in bench.keys() {
        let (lab, spec) = bench.ready(&key).await;
        let seen = lab.observe(&spec, 0, Purpose::Probe).await;
        let now = spec.changes.iter().map(|change| Seen::Value {
            value: change.now.clone(),
        });
        assert_eq!(seen, now.collect::<Vec<_>>(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn done_twice_is_done_once() {
    let bench = Bench::of(EQUIPPED).await;
    for key in bench.keys() {
        twice(&bench, &key).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_loses_nothing() {
    let bench = Bench::of(EQUIPPED).await;
    for key in bench.keys() {
        lost(&bench, &key).await;
    }
}

#[tokio::test(start_paused = true)]
async fn undoing_restores_the_world_or_is_honestly_refused() {
    let bench = Bench::of(EQUIPPED).await;
    let mut refused = Vec::new();
    for key in bench.keys() {
        refused.extend(undone(&bench, &key).await);
    }
    assert_eq!(
        refused,
        ["mailbox-settings", "send-welcome", NOTICE, "notify"]
    );
}

/// A run that is retried somewhere in the middle finds its own work, and that is no drift.
#[tokio::test(start_paused = true)]
async fn what_the_run_itself_has_done_is_no_drift() {
    let bench = Bench::of(EQUIPPED).await;
    let lab = bench.lab();
    let keys = bench.keys();
    let ours = |specs: &[StepSpec], left: &[StepKey]| -> Vec<StepSpec> {
        let specs = specs.iter().filter(|spec| left.contains(&spec.key));
        specs.cloned().collect()
    };
    let mut left = keys.clone();
    for spec in lab.plan.steps.clone() {
        lab.carry(&spec).await;
        left.retain(|key| *key != spec.key);
        let fresh = lab.propose_again().await;
        assert_eq!(
            compare(&ours(&lab.plan.steps, &left), &ours(&fresh, &left), false),
            [],
            "after {}",
            spec.key
        );
    }
    assert!(left.is_empty());
}

/// Is mastered on premises.
pub(crate) const IVAN: Leaver = Leaver {
    tenant: NORTHWIND,
    domain: "northwind.example",
    local: "ivan.koroma",
    furnish: |_| {},
    policy: r#"{ "notify": { "sender": "shifts@northwind.example", "recipients": ["it@northwind.example"] } }"#,
    about: &["block-sign-in", "read-block-again"],
    ..NORA
};

fn on_premises(lab: &Lab, set: Value) {
    let change = HumanChange::ChangeOnPremisesUser {
        user: "ivan.koroma".to_owned(),
        set: set.as_object().unwrap().clone(),
    };
    lab.sandbox.human(NORTHWIND, &change).unwrap();
}

fn said() -> Event {
    Event::DoneByHand {
        by: "ad-team@northwind.example".to_owned(),
        step: "disable-on-premises".into(),
        note: None,
    }
}

/// A run in which somebody is asked to disable the account, does this on premises, and says that it is done.
async fn closed_by_hand(set: Value) -> (Lab, RunState) {
    let bench = Bench::of(IVAN).await;
    let lab = Arc::new(bench.lab());
    let inbox: Inbox = Arc::new(Mutex::default());
    let (there, words) = (Arc::clone(&lab), Arc::clone(&inbox));
    let person = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        on_premises(&there, set);
        words.lock().unwrap().push((1, said()));
    });
    let state = drive(&bench, &lab, &inbox).await;
    person.await.unwrap();
    (Arc::into_inner(lab).unwrap(), state)
}

#[tokio::test(start_paused = true)]
async fn what_is_mastered_on_premises_is_closed_there_and_read_after_the_sync() {
    let (lab, state) = closed_by_hand(json!({ "enabled": false })).await;
    let status = |key: &str| &state.step(&key.into()).unwrap().status;
    assert_eq!(*status("disable-on-premises"), Status::Verified);
    assert_eq!(*status("read-block-again"), Status::Verified);
    let plan = &lab.plan;
    let by_hand = plan.steps.iter().filter(|spec| spec.by_hand.is_some());
    assert_eq!(by_hand.count(), 1);
    assert!(
        !plan
            .steps
            .iter()
            .any(|spec| spec.has(|e| *e == Does::ResetsPassword))
    );
    // What the step asks for is not asked for a second time by a remark.
    let doubled = |text: &str| text.contains("reset it there");
    assert!(!plan.remarks.iter().any(|remark| doubled(&remark.text)));
    let user = lab.sandbox.world().tenants[NORTHWIND].users[&IVAN.id()].clone();
    assert!(!user.account_enabled);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_still_enabled_on_premises_is_found() {
    let (lab, state) = closed_by_hand(json!({ "job_title": "Former Shift Lead" })).await;
    let key = "read-block-again".into();
    assert_eq!(state.step(&key).unwrap().status, Status::Failed);
    let mut findings = state.open_findings();
    let found = findings.find(|finding| finding.step.as_ref() == Some(&key));
    let text = &found.unwrap().text;
    assert!(text.contains("still enabled on premises"), "{text}");
    assert_eq!(state.outcome(), Some(Outcome::NeedsReview));
    let user = lab.sandbox.world().tenants[NORTHWIND].users[&IVAN.id()].clone();
    assert!(user.account_enabled, "the sync has opened it again");
}
