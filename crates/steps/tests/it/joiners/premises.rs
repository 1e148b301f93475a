//! Accounts that are made on premises by hand, and awaited and read back in the cloud.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::state::{Event, Outcome, RunState};
use serde_json::{Value, json};
use sim::HumanChange;
use sim::world::OnPremisesUser;
use sim::worlds::NORTHWIND;

use super::accounts::{CREATE, impossible, of_that_name, somebody_else};
use super::*;
use crate::leavers::START;
use crate::whole_run::{Inbox, drive};

/// Comes to a tenant whose accounts are made on premises.
const OLE: Leaver = Leaver {
    tenant: NORTHWIND,
    domain: "northwind.example",
    fields: &[
        ("given-name", "Ole"),
        ("family-name", "Vik"),
        ("department", "Warehouse"),
    ],
    policy: r#"{
        "sites": { "default": { "usage-location": "NO", "time-zone": "Europe/Oslo" } },
        "naming": { "domain": "northwind.example" },
        "roles": { "default": { "licences": ["Microsoft 365 E3"] } },
        "notify": { "sender": "shifts@northwind.example", "recipients": ["it@northwind.example"] }
    }"#,
    set: |switches| {
        switches.insert(
            CREATE.to_owned(),
            json!({ "where": "on-premises", "assignee": "it@northwind.example" }),
        );
    },
    about: &[],
    ..ARNE
};

#[tokio::test(start_paused = true)]
async fn an_account_that_is_made_on_premises_is_awaited_and_then_licensed() {
    let bench = Bench::of(OLE).await;
    let lab = bench.lab();
    let synced = lab.spec(&"create-user:synced".into());
    let seen = lab.observe(&synced, 0, Purpose::Probe).await;
    assert_eq!(seen, [Seen::Value { value: Value::Null }]);
    assert_eq!(
        lab.apply(&synced, 1, &[0]).await,
        engine::hands::Applied::default()
    );
    let user = OnPremisesUser {
        sam_account_name: "ole.vik".to_owned(),
        user_principal_name: lab.plan.upn.clone(),
        display_name: "Ole Vik".to_owned(),
        enabled: false,
        ..OnPremisesUser::default()
    };
    let add = HumanChange::AddOnPremisesUser {
        user: Box::new(user),
    };
    lab.sandbox.human(NORTHWIND, &add).unwrap();
    let sync = HumanChange::SyncDirectory { full: false };
    lab.sandbox.human(NORTHWIND, &sync).unwrap();
    let seen = lab.observe(&synced, 1, Purpose::Poll).await;
    assert_eq!(open(&synced, &seen), NONE);
    for key in ["set-usage-location", "assign-licenses"] {
        lab.carry(&lab.spec(&key.into())).await;
    }
    let [ole] = of_that_name(&lab).try_into().unwrap();
    assert_eq!(
        (ole.usage_location.as_deref(), ole.licences.len()),
        (Some("NO"), 1)
    );
    let profile = lab.spec(&"create-user:profile-on-premises".into());
    let seen = lab.observe(&profile, 1, Purpose::Poll).await;
    assert_eq!(
        parts(&profile, &open(&profile, &seen)),
        ["given-name", "family-name", "department"]
    );
    let task = lab.spec(&CREATE.into()).by_hand.unwrap();
    assert!(
        task.instructions
            .contains(&"department: Warehouse".to_owned()),
        "{task:?}"
    );
}

fn parts<'s>(spec: &'s StepSpec, indices: &[usize]) -> Vec<&'s str> {
    let properties = indices
        .iter()
        .map(|&index| spec.changes[index].property.as_str());
    properties.collect()
}

/// A whole run in which somebody creates the account on premises like this, and says that it is done.
async fn hired(user: OnPremisesUser) -> (Lab, RunState) {
    let bench = Bench::of(Leaver { starts_s: 0, ..OLE }).await;
    let lab = Arc::new(bench.lab());
    let inbox: Inbox = Arc::new(Mutex::default());
    let (there, words) = (Arc::clone(&lab), Arc::clone(&inbox));
    let person = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        let add = HumanChange::AddOnPremisesUser {
            user: Box::new(user),
        };
        there.sandbox.human(NORTHWIND, &add).unwrap();
        let sync = HumanChange::SyncDirectory { full: false };
        there.sandbox.human(NORTHWIND, &sync).unwrap();
        let said = Event::DoneByHand {
            by: "it@northwind.example".to_owned(),
            step: CREATE.into(),
            note: None,
        };
        words.lock().unwrap().push((1, said));
    });
    let state = drive(&bench, &lab, &inbox).await;
    person.await.unwrap();
    (Arc::into_inner(lab).unwrap(), state)
}

fn ole() -> OnPremisesUser {
    OnPremisesUser {
        sam_account_name: "ole.vik".to_owned(),
        user_principal_name: "ole.vik@northwind.example".to_owned(),
        display_name: "Ole Vik".to_owned(),
        given_name: Some("Ole".to_owned()),
        surname: Some("Vik".to_owned()),
        department: Some("Warehouse".to_owned()),
        enabled: true,
        ..OnPremisesUser::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_on_premises_is_read_back_part_by_part() {
    let (_, state) = hired(ole()).await;
    let findings: Vec<_> = state.open_findings().collect();
    assert_eq!(
        (state.outcome(), findings),
        (Some(Outcome::Completed), Vec::new())
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_on_premises_is_a_finding_by_name_and_holds_nothing_up() {
    let wrong = OnPremisesUser {
        display_name: "Olaf Vik".to_owned(),
        department: Some("Finance".to_owned()),
        enabled: false,
        ..ole()
    };
    let (lab, state) = hired(wrong).await;
    assert_eq!(state.outcome(), Some(Outcome::NeedsReview));
    let texts: Vec<String> = state.open_findings().map(|one| one.text.clone()).collect();
    for (part, wanted, seen) in [
        ("display-name", "Ole Vik", "Olaf Vik"),
        ("department", "Warehouse", "Finance"),
        ("sign-in", "allowed", "blocked"),
    ] {
        let told = |text: &&String| {
            text.contains(&format!("The {part} of ole.vik@northwind.example"))
                && text.contains(&format!("“{wanted}”"))
                && text.contains(&format!("“{seen}”"))
                && text.contains("correct it there")
        };
        assert_eq!(texts.iter().filter(told).count(), 1, "{part}: {texts:#?}");
    }
    let licensed = state.step(&"assign-licenses".into()).unwrap();
    assert_eq!(licensed.status, engine::state::Status::Verified);
    let waited = licensed.receipt.effective_ms.unwrap() - START * 1_000;
    assert!(waited < 30 * 60_000, "licensed after {waited} ms");
    assert_eq!(of_that_name(&lab).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_account_is_not_taken_for_the_synchronised_one() {
    let bench = Bench::of(Leaver {
        fields: &[("given-name", "Arne"), ("family-name", "Holm")],
        tenant: NORA.tenant,
        domain: NORA.domain,
        policy: ARNE.policy,
        ..OLE
    })
    .await;
    let lab = bench.lab();
    somebody_else(&lab, "Somebody Else", None).await;
    let synced = lab.spec(&"create-user:synced".into());
    let seen = lab.observe(&synced, 1, Purpose::Poll).await;
    assert!(impossible(&seen).contains("Somebody Else"), "{seen:?}");
}
