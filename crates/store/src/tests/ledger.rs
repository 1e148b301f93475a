//! The ledger as kept, held against the check that needs no server.

use domain::ledger::{End, Place as At, verify};
use engine::hands::{Applied, Class, Problem, Seen};
use engine::journal::Journal as _;
use engine::state::{Command, Event};
use proptest::prelude::*;
use serde_json::json;

use super::{NOW, Place, all, at, north};
use crate::Ed25519;

/// An answer to a command: what was wanted, or a failure.
pub(super) fn answer(command: &Command, well: bool) -> Event {
    let problem = Problem {
        class: Class::Denied,
        message: "not allowed".to_owned(),
        request_id: None,
    };
    match command {
        Command::Observe { step, purpose } => Event::Observed {
            step: step.clone(),
            purpose: *purpose,
            seen: if well {
                Ok(vec![Seen::Value { value: json!(null) }])
            } else {
                Err(problem)
            },
            spent_ms: 100_000,
        },
        Command::Apply {
            step,
            attempt,
            todo,
        } => Event::Applied {
            step: step.clone(),
            attempt: *attempt,
            applied: Applied {
                problems: todo
                    .iter()
                    .filter(|_| !well)
                    .map(|index| (*index, problem.clone()))
                    .collect(),
                ..Applied::default()
            },
        },
        Command::ReadDrift => Event::DriftRead {
            differences: if well { Ok(Vec::new()) } else { Err(problem) },
        },
        Command::Timer { .. } => Event::Due,
    }
}

fn chance() -> impl Strategy<Value = Vec<(u8, bool)>> {
    proptest::collection::vec((0..12_u8, any::<bool>()), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happens_in_a_run_the_ledger_verifies(steps in chance()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(ride(steps));
    }
}

async fn ride(steps: Vec<(u8, bool)>) {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = place.begun("p1", "ann").await;
    let mut leaves = ride
        .happened(store, ride.started())
        .await
        .unwrap()
        .leaves
        .len();
    for (what, well) in steps {
        let open = ride.state.open.first().cloned();
        let decision = match (what, open) {
            (0, _) => ride.happened(store, Event::Recovered).await,
            (1, _) => {
                ride.happened(
                    store,
                    Event::Paused {
                        by: "Ann".to_owned(),
                    },
                )
                .await
            }
            (2, _) => {
                ride.happened(
                    store,
                    Event::Resumed {
                        by: "Ann".to_owned(),
                    },
                )
                .await
            }
            (3, _) => {
                store.sign_heads(NOW + 20).await.unwrap();
                continue;
            }
            (_, Some(open)) => {
                let event = answer(&open.command, well);
                ride.took(store, event, Some(open.id), None).await
            }
            (_, None) => {
                ride.happened(
                    store,
                    Event::Retried {
                        by: "Ann".to_owned(),
                    },
                )
                .await
            }
        };
        leaves += decision.unwrap().leaves.len();
        let loaded = store.load(&ride.run).await.unwrap();
        assert_eq!(loaded.pending, loaded.state.open);
    }
    let export = store.export_ledger(&all(), &north(), at(30)).await.unwrap();
    let report = verify(export.as_bytes(), None, &Ed25519);
    assert_eq!(report.fault, None);
    // The tenant, the request, the plan and the approval come before the run's own.
    assert_eq!(report.entries as usize, 4 + leaves);
    assert_eq!(report.signed, report.entries);
}

#[tokio::test]
async fn every_kind_of_thing_is_in_the_ledger_and_a_kept_head_proves_its_end() {
    let place = Place::new().await;
    let store = &place.store;
    store
        .apply_policy(&all(), &north(), "a = 1", "Ann", at(1))
        .await
        .unwrap();
    place.approved("p1", "ann").await;
    let head = store.ledger_head(&all(), &north(), at(2)).await.unwrap();
    store
        .take_back(&all(), &"p1".into(), "Ann", at(3))
        .await
        .unwrap();
    let export = store.export_ledger(&all(), &north(), at(4)).await.unwrap();
    for kind in [
        "tenant-added",
        "policy",
        "request",
        "plan",
        "approval",
        "approval-taken-back",
    ] {
        assert!(export.contains(&format!("\"kind\":\"{kind}\"")), "{kind}");
    }
    let report = verify(export.as_bytes(), Some(&head), &Ed25519);
    assert_eq!(
        (report.fault, report.end),
        (None, End::ProvenTo { entries: 5 })
    );
    assert_eq!((report.entries, report.heads), (6, 2));

    let forged = export.replace("raw evidence", "new evidence");
    let fault = verify(forged.as_bytes(), Some(&head), &Ed25519)
        .fault
        .unwrap();
    assert_eq!(fault.place, At::Entries { first: 3, last: 3 });
    let other = Place::new().await;
    let anew = other
        .store
        .export_ledger(&all(), &north(), at(4))
        .await
        .unwrap();
    assert!(verify(anew.as_bytes(), None, &Ed25519).holds());
    let fault = verify(anew.as_bytes(), Some(&head), &Ed25519)
        .fault
        .unwrap();
    assert_eq!(fault.place, At::OutsideHead);
}

#[tokio::test]
async fn an_erased_payload_is_gone_from_the_disk_and_the_ledger_still_verifies() {
    let place = Place::new().await;
    let store = &place.store;
    let mut personal = super::request("r1", "north");
    personal.fields.insert(
        "note".to_owned(),
        domain::request::Cited::typed("in-ledger-only".to_owned()),
    );
    store.add_request(&all(), &personal, at(0)).await.unwrap();
    {
        // What the other table holds of it is not at issue here.
        let mut writer = store.writer().await.unwrap();
        sqlx::raw_sql("UPDATE requests SET body = '{}'")
            .execute(&mut *writer)
            .await
            .unwrap();
    }
    store
        .erase_payload(&all(), &north(), 2, "Ann", at(1))
        .await
        .unwrap();
    let twice = store.erase_payload(&all(), &north(), 2, "Ann", at(1)).await;
    assert!(twice.is_err());
    for file in std::fs::read_dir(place.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(14).any(|window| window == b"in-ledger-only"));
    }
    let export = store.export_ledger(&all(), &north(), at(2)).await.unwrap();
    let report = verify(export.as_bytes(), None, &Ed25519);
    assert_eq!(report.fault, None);
    assert_eq!((report.erased, report.erased_unrecorded), (vec![2], vec![]));
    assert_eq!(store.check(at(3)).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn one_entry_is_proven_without_the_others() {
    let place = Place::new().await;
    place.approved("p1", "ann").await;
    let proof = place
        .store
        .prove_entry(&all(), &north(), 3, at(5))
        .await
        .unwrap();
    assert_eq!(proof.check(&Ed25519).unwrap().size, 4);
    assert!(proof.row.payload.unwrap().contains("\"plan\":\"p1\""));
    assert!(
        place
            .store
            .prove_entry(&all(), &north(), 5, at(5))
            .await
            .is_err()
    );
}
