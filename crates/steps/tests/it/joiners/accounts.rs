//! Accounts that are made once and never a stranger's: lost replies, names taken in between, the first moment of work, and what is left
//! of them when they are taken back.

use std::time::Duration;

use connectors::Purpose as CallPurpose;
use connectors::graph::{Call, Path};
use domain::drift::compare;
use engine::state::Outcome;
use serde_json::json;
use sim::world::User;
use sim::{Effect, Faults, Rule};

use super::*;
use crate::every_step::{Log, all};
use crate::leavers::START;
use crate::whole_run::{Inbox, drive};

pub(super) const CREATE: &str = "create-user";
const UPN: &str = "arne.holm@contoso.example";

/// Everybody of the new sign-in name.
pub(super) fn of_that_name(lab: &Lab) -> Vec<User> {
    let world = lab.sandbox.world();
    let users = world.tenants[lab.leaver.tenant].users.values();
    users
        .filter(|user| user.user_principal_name == lab.plan.upn)
        .cloned()
        .collect()
}

/// Another administrator makes an account of that name.
pub(super) async fn somebody_else(lab: &Lab, display_name: &str, employee_id: Option<&str>) {
    let body = json!({
        "accountEnabled": true, "displayName": display_name, "mailNickname": "arne.holm", "userPrincipalName": UPN,
        "employeeId": employee_id,
        "passwordProfile": { "password": STRANGERS },
    });
    let ctx = connectors::Ctx::of(CallPurpose::Apply);
    let call = Call::post(Path::of(["users"]), body);
    lab.connection.graph.write(&ctx, call).await.unwrap();
}

fn failing(effect: Effect) -> Faults {
    Faults {
        rules: vec![Rule::once(effect)],
        ..calm()
    }
}

pub(super) fn impossible(seen: &[Seen]) -> &str {
    match &seen[0] {
        Seen::Impossible { because } => because,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_in_between_is_never_adopted() {
    let bench = Bench::of(ARNE).await;
    for name in ["Somebody Else", "Arne Holm"] {
        // Before anything was written.
        let (lab, spec) = bench.ready(&CREATE.into()).await;
        somebody_else(&lab, name, None).await;
        let seen = lab.observe(&spec, 0, Purpose::Probe).await;
        assert!(impossible(&seen).contains(name), "{seen:?}");
        // Written all the same: refused, and the stranger is left alone.
        let applied = lab.apply(&spec, 1, &all(&spec)).await;
        assert_eq!(applied.calls, []);
        assert_eq!(applied.problems.len(), spec.changes.len());
        for (_, problem) in &applied.problems {
            assert_eq!(problem.class, Class::Conflict);
            assert!(problem.message.contains(name), "{problem:?}");
        }
        let [stranger] = of_that_name(&lab).try_into().unwrap();
        assert_eq!((stranger.manager, stranger.employee_id), (None, None));
        // A request of ours that never arrived, and then somebody else's.
        let (lab, spec) = bench.ready(&CREATE.into()).await;
        lab.sandbox.set_faults(failing(Effect::LoseRequest));
        lab.apply(&spec, 1, &all(&spec)).await;
        lab.sandbox.set_faults(calm());
        somebody_else(&lab, name, None).await;
        let seen = lab.observe(&spec, 1, Purpose::Probe).await;
        assert!(impossible(&seen).contains(name), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_with_the_same_marks_that_was_there_before_is_not_ours() {
    let (lab, spec) = Bench::of(ARNE).await.ready(&CREATE.into()).await;
    somebody_else(&lab, "Arne Holm", Some("20417")).await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let applied = lab.apply(&spec, 1, &all(&spec)).await;
    assert_eq!(applied.calls, []);
    assert!(
        applied
            .problems
            .iter()
            .all(|(_, problem)| problem.class == Class::Conflict)
    );
    impossible(&lab.observe(&spec, 1, Purpose::Verify).await);
}

#[tokio::test(start_paused = true)]
async fn a_plain_answer_that_the_name_is_taken_means_a_stranger_whatever_the_account_looks_like() {
    let bench = Bench::of(ARNE).await;
    for refused_before in [false, true] {
        let (lab, spec) = bench.ready(&CREATE.into()).await;
        let mut attempt = 1;
        if refused_before {
            // A call that was answered with an error has made no account either.
            lab.sandbox.set_faults(failing(Effect::FailBefore {
                status: 403,
                retry_after_s: None,
            }));
            let applied = lab.apply(&spec, attempt, &all(&spec)).await;
            assert_eq!(applied.problems.len(), spec.changes.len());
            lab.sandbox.set_faults(calm());
            attempt += 1;
        }
        somebody_else(&lab, "Arne Holm", Some("20417")).await;
        let applied = lab.apply(&spec, attempt, &all(&spec)).await;
        assert_eq!(
            (applied.calls.len(), applied.evidence.get("created")),
            (0, None)
        );
        for (_, problem) in &applied.problems {
            assert_eq!(problem.class, Class::Conflict);
            assert!(problem.message.contains("Arne Holm"), "{problem:?}");
        }
        let seen = lab.observe(&spec, attempt, Purpose::Probe).await;
        impossible(&seen);
        let [stranger] = of_that_name(&lab).try_into().unwrap();
        assert_eq!(stranger.password_hash, hash_of(STRANGERS));
        assert_eq!((stranger.manager, stranger.department), (None, None));
    }
}

/// The password that somebody else's account has.
const STRANGERS: &str = "correct-Horse-7-battery";

fn hash_of(text: &str) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(text.as_bytes()))
}

#[tokio::test(start_paused = true)]
async fn an_account_that_may_be_ours_is_taken_into_possession_before_it_is_used() {
    let bench = Bench::of(ARNE).await;
    let refused = |status: u16| Rule {
        method: Some("PATCH".to_owned()),
        ..Rule::once(Effect::FailBefore {
            status,
            retry_after_s: None,
        })
    };
    for refusal in [None, Some(refused(403))] {
        let (lab, spec) = bench.ready(&CREATE.into()).await;
        lab.sandbox.set_faults(failing(Effect::LoseRequest));
        lab.apply(&spec, 1, &all(&spec)).await;
        somebody_else(&lab, "Arne Holm", Some("20417")).await;
        lab.sandbox.set_faults(Faults {
            rules: refusal.iter().cloned().collect(),
            ..calm()
        });
        let seen = lab.observe(&spec, 1, Purpose::Probe).await;
        let left: Vec<&str> = open(&spec, &seen)
            .iter()
            .map(|&index| spec.changes[index].property.as_str())
            .collect();
        assert!(left.contains(&"first password"), "{left:?}");
        let before = lab.sandbox.now();
        tokio::time::sleep(Duration::from_secs(5)).await;
        let applied = lab.apply(&spec, 2, &open(&spec, &seen)).await;
        let [user] = of_that_name(&lab).try_into().unwrap();
        if refusal.is_some() {
            // Without the right to replace it, the account is left alone.
            assert!(
                applied
                    .problems
                    .iter()
                    .all(|(_, one)| one.class == Class::Denied)
            );
            assert_eq!(applied.evidence.get("created"), None);
            assert_eq!(
                (user.password_hash, user.department),
                (hash_of(STRANGERS), None)
            );
            continue;
        }
        assert_eq!(applied.problems, []);
        assert!(
            applied.evidence.contains_key("created")
                && applied.evidence.contains_key("password-replaced")
        );
        assert_ne!(user.password_hash, hash_of(STRANGERS));
        assert!(user.force_change_password && !user.account_enabled);
        assert!(user.sign_in_sessions_valid_from_date_time > before);
        assert_eq!(user.department.as_deref(), Some("Marketing"));
        tokio::time::sleep(Duration::from_secs(5)).await;
        let seen = lab.observe(&spec, 2, Purpose::Verify).await;
        assert_eq!(open(&spec, &seen), NONE, "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_between_plan_and_run_is_told_as_taken() {
    let lab = Bench::of(ARNE).await.lab();
    somebody_else(&lab, "Adam Holm", None).await;
    let fresh = lab.propose_again().await;
    let found = compare(&lab.plan.steps, &fresh, false);
    let account = found.iter().find(|one| one.step == Some(CREATE.into()));
    let text = &account.unwrap().text;
    assert!(text.contains("taken by an account of Adam Holm"), "{text}");
    assert!(
        !found
            .iter()
            .any(|one| one.text.contains("not there any more")),
        "{found:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_joiner_that_is_taken_back_can_sign_in_no_more() {
    for joiner in [ARNE, KATE] {
        let bench = Bench::of(joiner).await;
        let lab = bench.lab();
        let state = drive(&bench, &lab, &Inbox::default()).await;
        assert_eq!(state.outcome(), Some(Outcome::Completed));
        let back = steps::take_back(&lab.plan, &state);
        let stays =
            |remark: &domain::plan::Remark| remark.text.contains("deleting is a plan of its own");
        assert!(back.remarks.iter().any(stays), "{:?}", back.remarks);
        let closes: Vec<&StepSpec> = back
            .specs
            .iter()
            .filter(|spec| domain::plan::is_containment(spec))
            .collect();
        let [block] = closes.as_slice() else {
            panic!("{closes:?}");
        };
        assert_eq!(block.edges, [], "closing access waits for nothing");
        let ctx = connectors::Ctx::of(CallPurpose::Plan);
        let wanted = connectors::facts::Wanted {
            person: connectors::facts::Who::Written(&lab.plan.upn),
            names: &[],
            scan: connectors::facts::Scan::Skip,
            owned: &[],
            now: lab.sandbox.now(),
        };
        let facts = connectors::facts::read(&lab.connection, &ctx, wanted)
            .await
            .unwrap();
        let request = domain::request::Request {
            kind: Kind::Restore,
            ..joiner.request()
        };
        let ask = domain::planner::Ask {
            request: &request,
            directory: joiner.tenant,
            policy: &joiner.policy(),
            policy_digest: "policy",
            facts: &facts,
            at: None,
            around: domain::planner::Around::default(),
        };
        let block = (*block).clone();
        let plan =
            domain::planner::plan(&ask, back).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        assert!(plan.step(&block.key).unwrap().edges.is_empty());
        lab.carry(&block).await;
        let [user] = of_that_name(&lab).try_into().unwrap();
        assert!(!user.account_enabled, "{}", lab.plan.upn);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_recognised_by_its_marks_and_nobody_is_created_twice() {
    let bench = Bench::of(ARNE).await;
    let (lab, spec) = bench.ready(&CREATE.into()).await;
    lab.sandbox.set_faults(failing(Effect::LoseReply));
    let applied = lab.apply(&spec, 1, &all(&spec)).await;
    lab.sandbox.set_faults(calm());
    assert_eq!(applied.evidence.get("created"), None);
    let seen = lab.observe(&spec, 1, Purpose::Probe).await;
    let open = open(&spec, &seen);
    let left: Vec<&str> = open
        .iter()
        .map(|&index| spec.changes[index].property.as_str())
        .collect();
    assert_eq!(left, ["first password", "manager"]);
    lab.finish(&spec, 1, &seen).await;
    let [arne] = of_that_name(&lab).try_into().unwrap();
    assert!(arne.manager.is_some() && arne.force_change_password && !arne.account_enabled);
    assert_eq!(arne.business_phones, ["+49 40 5550100"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_password_leaves_no_trace() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (lab, spec) = Bench::of(ARNE).await.ready(&CREATE.into()).await;
    tracing::callsite::rebuild_interest_cache();
    lab.carry(&spec).await;
    let [arne] = of_that_name(&lab).try_into().unwrap();
    let mut traces = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(traces.contains("sending a request"), "the log was kept");
    traces.push_str(&format!("{:?}", lab.receipts.lock().unwrap()));
    traces.push_str(&serde_json::to_string(&*lab.receipts.lock().unwrap()).unwrap());
    traces.push_str(&serde_json::to_string(&lab.plan).unwrap());
    let candidates = traces.as_bytes().windows(40);
    for candidate in candidates {
        use sha2::Digest as _;
        let hash = hex::encode(sha2::Sha256::digest(candidate));
        assert_ne!(
            hash, arne.password_hash,
            "the password is in a log or a receipt"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_drift_check_sees_only_what_others_have_changed() {
    for joiner in JOINERS {
        let bench = Bench::of(joiner).await;
        let lab = bench.lab();
        assert_eq!(
            compare(&lab.plan.steps, &lab.propose_again().await, false),
            []
        );
        // A run that is retried after it has created the account reads somebody who is in the directory.
        let create = lab.spec(&CREATE.into());
        lab.carry(&create).await;
        let rest: Vec<StepSpec> = without(&lab.plan.steps, &create.key);
        let fresh = without(&lab.propose_again().await, &create.key);
        let ours = |spec: &&StepSpec| OURS.contains(&spec.key.as_str());
        let (rest, fresh): (Vec<_>, Vec<_>) = (
            rest.iter().filter(ours).cloned().collect(),
            fresh.iter().filter(ours).cloned().collect(),
        );
        assert_eq!(compare(&rest, &fresh, false), []);
    }
}

fn without(specs: &[StepSpec], key: &StepKey) -> Vec<StepSpec> {
    let rest = specs.iter().filter(|spec| spec.key != *key);
    rest.cloned().collect()
}

/// The whole run by the real engine, in a cloud that lags, throttles and loses replies.
#[tokio::test(start_paused = true)]
async fn joiners_are_ready_and_open_from_the_first_moment() {
    let rule = |effect: Effect, probability: f64| Rule {
        probability,
        ..Rule::always(effect)
    };
    let rules = vec![
        rule(Effect::LoseReply, 0.02),
        rule(Effect::LoseRequest, 0.01),
        rule(Effect::FailAfter { status: 504 }, 0.01),
    ];
    for (joiner, seed) in [(ARNE, 1), (ARNE, 2), (ARNE, 3), (KATE, 4), (TOMAS, 5)] {
        let bench = Bench::of(joiner).await;
        let faults = Faults {
            rules: rules.clone(),
            ..Faults::default()
        };
        let lab = bench.lab_with(faults, seed);
        let state = drive(&bench, &lab, &Inbox::default()).await;
        let findings: Vec<_> = state.open_findings().collect();
        let name = format!("{} with seed {seed}", bench.plan.upn);
        assert_eq!(
            (state.outcome(), findings),
            (Some(Outcome::Completed), Vec::new()),
            "{name}"
        );
        let [user] = of_that_name(&lab).try_into().unwrap();
        assert!(user.account_enabled && !user.licences.is_empty(), "{name}");
        let log = lab.sandbox.log();
        let opened: Vec<_> = log
            .iter()
            .filter(|change| change.field == "account_enabled" && change.after == json!(true))
            .collect();
        assert_eq!(opened.len(), usize::from(joiner.starts_s > 0), "{name}");
        for change in opened {
            assert!(
                change.time.as_second() >= START + joiner.starts_s,
                "{name}: {change:?}"
            );
        }
        let created: Vec<_> = log
            .iter()
            .filter(|change| change.operation == "POST /users")
            .collect();
        assert_eq!(
            created.len(),
            usize::from(joiner.local.is_empty()),
            "{name}"
        );
        for change in created {
            let open = joiner.starts_s == 0;
            assert_eq!(change.after["account_enabled"], json!(open), "{name}");
        }
    }
}
