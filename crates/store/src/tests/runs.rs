//! Approvals and runs: who may go on, who holds the person's lock, and that a decision is written whole or not at all.

use domain::StepKey;
use domain::plan::{Digest, StoredPlan};
use engine::journal::{Commit, Error as Refusal, Journal as _};
use engine::state::{Event, Status};

use super::{NOW, Place, Ride, all, approval, at, new_run, plan, request};
use crate::{Error, NewRun};

/// A plan that needs two people.
async fn for_two(place: &Place) -> StoredPlan {
    let mut two = plan("p1", "north", "r1", "ann").plan;
    two.approval.people = 2;
    place
        .made(StoredPlan::seal("p1".into(), two, at(1), at(0)))
        .await
}

#[tokio::test]
async fn an_approval_binds_to_one_digest_and_each_person_counts_once() {
    let place = Place::new().await;
    let store = &place.store;
    let two = for_two(&place).await;
    let mut other = approval(&two, "Ann");
    other.digest = Digest::of(b"other");
    let refused = store.approve(&all(), &other).await;
    assert!(matches!(refused, Err(Error::OtherDigest { .. })));
    store.approve(&all(), &approval(&two, "Ann")).await.unwrap();
    let again = store.approve(&all(), &approval(&two, " ann ")).await;
    assert!(matches!(again, Err(Error::AlreadyApproved { .. })));
    let new = new_run(&"run-1".into(), &two.id);
    let alone = store.begin_run(&all(), &new).await;
    assert!(matches!(
        alone,
        Err(Error::Unapproved {
            have: 1,
            need: 2,
            ..
        })
    ));

    store.approve(&all(), &approval(&two, "Bob")).await.unwrap();
    store
        .take_back(&all(), &two.id, "Ann", at(3))
        .await
        .unwrap();
    let alone = store.begin_run(&all(), &new).await;
    assert!(matches!(
        alone,
        Err(Error::Unapproved {
            have: 1,
            need: 2,
            ..
        })
    ));
}

#[tokio::test]
async fn a_run_is_begun_under_the_approvals_that_hold() {
    let place = Place::new().await;
    let store = &place.store;
    let two = for_two(&place).await;
    let mut first = approval(&two, "Ann");
    first.apart = vec![StepKey::from("wipe")];
    store.approve(&all(), &first).await.unwrap();
    store.approve(&all(), &approval(&two, "Bob")).await.unwrap();
    let new = new_run(&"run-1".into(), &two.id);
    let late = NewRun {
        at: at(72 * 3_600_000 + 2),
        ..new.clone()
    };
    let ran_out = store.begin_run(&all(), &late).await;
    assert!(matches!(
        ran_out,
        Err(Error::Unapproved {
            have: 0,
            need: 2,
            ..
        })
    ));

    let state = store.begin_run(&all(), &new).await.unwrap();
    assert_eq!(state.approvers, ["Ann", "Bob"]);
    assert!(
        state.apart.is_empty(),
        "a line apart needs as many people as the plan"
    );
    assert_eq!(state.approved_until_ms, NOW + 2 + 72 * 3_600_000);
    assert_eq!(
        store.run_of_plan(&all(), &two.id).await.unwrap(),
        Some(new.run)
    );
}

#[tokio::test]
async fn a_newer_plan_takes_the_place_of_the_older() {
    let place = Place::new().await;
    let store = &place.store;
    let old = place.made(plan("old", "north", "r1", "ann")).await;
    store.approve(&all(), &approval(&old, "Ann")).await.unwrap();
    let new = plan("new", "north", "r1", "ann");
    store.add_plan(&all(), &new).await.unwrap();
    let by_now = store
        .approve(&all(), &approval(&old, "Bob"))
        .await
        .unwrap_err();
    assert!(
        by_now.to_string().contains("replaced by plan new"),
        "{by_now}"
    );
    let begun = store
        .begin_run(&all(), &new_run(&"run".into(), &old.id))
        .await;
    assert!(matches!(begun, Err(Error::Superseded { .. })));
    assert_eq!(store.plan(&all(), &new.id).await.unwrap(), new);
    let rows = store.plans(&all(), 5).await.unwrap();
    let old = rows.iter().find(|row| row.id == old.id).unwrap();
    assert_eq!(
        (old.superseded_by.as_ref(), old.approvals),
        (Some(&new.id), 1)
    );
}

#[tokio::test]
async fn a_second_run_for_the_same_person_is_refused() {
    let place = Place::new().await;
    let store = &place.store;
    let mut first = place.begun("p1", "ann").await;
    let second = place.approved("p2", "ANN").await;
    let run = "run-p2".into();
    let busy = store
        .begin_run(&all(), &new_run(&run, &second.id))
        .await
        .unwrap_err();
    assert!(
        matches!(&busy, Error::PersonBusy(other) if *other == first.run),
        "{busy:?}"
    );
    let other = place.begun("p3", "bob").await;
    assert_eq!(store.open_runs().await.unwrap().len(), 2);

    first.happened(store, first.started()).await.unwrap();
    end(&mut first, &place).await;
    store
        .begin_run(&all(), &new_run(&run, &second.id))
        .await
        .unwrap();
    let retried = Event::Retried {
        by: "Ann".to_owned(),
    };
    let busy = first.happened(store, retried).await.unwrap_err();
    assert!(
        matches!(&busy, Refusal::PersonBusy(other) if *other == run),
        "{busy:?}"
    );
    let open: Vec<_> = store
        .open_runs()
        .await
        .unwrap()
        .into_iter()
        .map(|(run, _)| run)
        .collect();
    assert_eq!(open, [run, other.run]);
    let again = store
        .begin_run(&all(), &new_run(&"x".into(), &first.plan.id))
        .await;
    assert!(matches!(again, Err(Error::HasRun { .. })));
}

/// Cancels a run and settles what is in flight.
async fn end(ride: &mut Ride, place: &Place) {
    let cancelled = Event::Cancelled {
        by: "Ann".to_owned(),
    };
    ride.happened(&place.store, cancelled).await.unwrap();
    for _ in 0..40 {
        if ride.state.outcome().is_some() {
            return;
        }
        let open = ride
            .state
            .open
            .first()
            .cloned()
            .expect("something is in flight");
        let event = super::ledger::answer(&open.command, false);
        ride.took(&place.store, event, Some(open.id), None)
            .await
            .unwrap();
    }
    panic!("the run does not end: {:?}", ride.state);
}

#[tokio::test]
async fn a_decision_is_written_whole() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = place.begun("p1", "ann").await;
    let decision = ride.happened(store, ride.started()).await.unwrap();
    assert!(!decision.commands.is_empty() && !decision.leaves.is_empty());

    let loaded = place.again().await.load(&ride.run).await.unwrap();
    assert_eq!((loaded.seq, loaded.tenant.as_str()), (1, "north"));
    assert_eq!(
        (loaded.state, loaded.plan),
        (ride.state.clone(), ride.plan.clone())
    );
    assert_eq!(loaded.pending, decision.commands);
    let receipts = store.receipts(&all(), &ride.run).await.unwrap();
    assert_eq!(receipts.len(), 3);
    assert_ne!(receipts[0].status, Status::Waiting);

    end(&mut ride, &place).await;
    let loaded = store.load(&ride.run).await.unwrap();
    assert_eq!((loaded.seq, loaded.pending), (ride.seq, Vec::new()));
    let open = store.open_findings(&all()).await.unwrap();
    assert_eq!(open.len(), ride.state.open_findings().count());
    assert!(open.iter().any(|row| row.finding.kind == "cancelled"));
    let events = store.run_events(&all(), &ride.run, 1).await.unwrap();
    assert_eq!(events.len() as u64, ride.seq - 1);
    assert_eq!(
        events[0].event,
        Event::Cancelled {
            by: "Ann".to_owned()
        }
    );
}

#[tokio::test]
async fn a_process_that_dies_in_a_commit_leaves_nothing_of_it() {
    let place = Place::new().await;
    let ride = place.begun("p1", "ann").await;
    let event = ride.started();
    let decision = ride.decide(&event);
    {
        let mut tx = place.store.write().await.unwrap();
        crate::journal::write(&mut tx, &ride.commit(&event, &decision))
            .await
            .unwrap();
        // Everything is written and nothing is committed: the connection goes away with its process.
        drop(tx);
    }
    let store = place.again().await;
    let loaded = store.load(&ride.run).await.unwrap();
    assert_eq!((loaded.seq, loaded.pending.len()), (0, 0));
    assert_eq!(loaded.state, ride.state);
    assert_eq!(store.receipts(&all(), &ride.run).await.unwrap().len(), 0);
    store.commit(ride.commit(&event, &decision)).await.unwrap();
    assert_eq!(store.load(&ride.run).await.unwrap().seq, 1);
    assert_eq!(store.check(at(9)).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_driver_that_was_overtaken_writes_nothing_any_more() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = place.begun("p1", "ann").await;
    assert_eq!(
        store.lease("d", NOW + 1_000, 5_000).await.unwrap(),
        ride.epoch
    );
    let refused = store.lease("other", NOW + 5_999, 5_000).await.unwrap_err();
    assert!(matches!(refused, Refusal::LeaseLost));
    let epoch = place
        .again()
        .await
        .lease("other", NOW + 6_000, 5_000)
        .await
        .unwrap();
    assert_eq!(epoch, ride.epoch + 1);
    let lost = ride.happened(store, ride.started()).await.unwrap_err();
    assert!(matches!(lost, Refusal::LeaseLost));
    assert!(matches!(
        store.lease("d", NOW + 6_001, 5_000).await,
        Err(Refusal::LeaseLost)
    ));
    assert_eq!(store.load(&ride.run).await.unwrap().seq, 0);

    assert_eq!(store.lease_holder().await.unwrap().unwrap().driver, "other");
    store.lease("other", NOW + 7_000, 0).await.unwrap();
    ride.epoch = store.lease("d", NOW + 7_000, 5_000).await.unwrap();
    ride.happened(store, ride.started()).await.unwrap();
}

#[tokio::test]
async fn a_decision_on_an_old_state_is_refused() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = place.begun("p1", "ann").await;
    let (event, stale) = (ride.started(), ride.decide(&ride.started()));
    ride.happened(store, ride.started()).await.unwrap();
    let again = Commit {
        expected_seq: 0,
        ..ride.commit(&event, &stale)
    };
    assert!(matches!(store.commit(again).await, Err(Refusal::Stale(_))));
    let nobody = "nobody".into();
    let unknown = Commit {
        run: &nobody,
        ..ride.commit(&event, &stale)
    };
    assert!(matches!(
        store.commit(unknown).await,
        Err(Refusal::NoRun(_))
    ));
}

#[tokio::test]
async fn submitted_events_are_taken_up_once() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = place.begun("p1", "ann").await;
    ride.happened(store, ride.started()).await.unwrap();
    let paused = Event::Paused {
        by: "Bob".to_owned(),
    };
    let id = place
        .again()
        .await
        .submit(&all(), &ride.run, &paused, at(5))
        .await
        .unwrap();
    assert_eq!(
        store.inbox(&ride.run).await.unwrap(),
        [(id, paused.clone())]
    );
    ride.took(store, paused.clone(), None, Some(id))
        .await
        .unwrap();
    assert!(store.inbox(&ride.run).await.unwrap().is_empty());
    let twice = ride.took(store, paused, None, Some(id)).await.unwrap_err();
    assert!(matches!(twice, Refusal::Stale(_)));

    end(&mut ride, &place).await;
    assert!(store.open_runs().await.unwrap().is_empty());
    let retried = Event::Retried {
        by: "Bob".to_owned(),
    };
    store
        .submit(&all(), &ride.run, &retried, at(6))
        .await
        .unwrap();
    assert_eq!(store.open_runs().await.unwrap(), [(ride.run.clone(), None)]);
}

#[tokio::test]
async fn a_run_whose_approval_was_taken_back_never_begins() {
    let place = Place::new().await;
    let store = &place.store;
    let unseen = place.begun("p1", "ann").await;
    let dropped = store
        .take_back(&all(), &unseen.plan.id, "Ann", at(4))
        .await
        .unwrap();
    assert_eq!(dropped, Some(unseen.run.clone()));
    assert!(matches!(
        store.load(&unseen.run).await,
        Err(Refusal::NoRun(_))
    ));

    let mut later = plan("p2", "north", "r2", "bob");
    later.plan.at = Some(at(60_000));
    let later = StoredPlan::seal(later.id, later.plan, at(1), at(0));
    let later = place.made(later).await;
    store
        .approve(&all(), &approval(&later, "Ann"))
        .await
        .unwrap();
    let run = "run-p2".into();
    let state = store
        .begin_run(&all(), &new_run(&run, &later.id))
        .await
        .unwrap();
    let mut ride = Ride {
        plan: later,
        run,
        state,
        seq: 0,
        epoch: unseen.epoch,
    };
    ride.happened(store, ride.started()).await.unwrap();
    assert_eq!(
        store.open_runs().await.unwrap(),
        [(ride.run.clone(), Some(NOW + 60_000))]
    );
    assert_eq!(
        store
            .take_back(&all(), &ride.plan.id, "ann", at(4))
            .await
            .unwrap()
            .as_ref(),
        Some(&ride.run)
    );
    assert_eq!(store.open_runs().await.unwrap(), [(ride.run.clone(), None)]);

    // Its time has come, and the driver has not seen the cancellation yet.
    let begun = engine::decide(&ride.plan.plan, &ride.state, &Event::Due, NOW + 60_000);
    assert!(begun.state.started_ms.is_some());
    let begin = ride.commit(&Event::Due, &begun);
    assert!(matches!(store.commit(begin).await, Err(Refusal::Stale(_))));
    let retried = Event::Retried {
        by: "Ann".to_owned(),
    };
    let refused = store.submit(&all(), &ride.run, &retried, at(5)).await;
    assert!(matches!(refused, Err(Error::TakenBack(_))));
    let (id, event) = store.inbox(&ride.run).await.unwrap().remove(0);
    ride.took(store, event, None, Some(id)).await.unwrap();
    assert!(ride.state.outcome().is_some());

    let mut started = place.begun("p3", "cy").await;
    started.happened(store, started.started()).await.unwrap();
    let late = store
        .take_back(&all(), &started.plan.id, "Ann", at(4))
        .await
        .unwrap_err();
    assert!(matches!(late, Error::Started(_)), "{late:?}");
}

#[tokio::test]
async fn policies_and_requests_are_kept_as_written() {
    let place = Place::new().await;
    let (store, north) = (&place.store, super::north());
    let first = store
        .apply_policy(&all(), &north, "a = 1", "Ann", at(1))
        .await
        .unwrap();
    let same = store
        .apply_policy(&all(), &north, "a = 1", "Bob", at(2))
        .await
        .unwrap();
    assert_eq!((first.version, &same), (1, &first));
    let second = store
        .apply_policy(&all(), &north, "a = 2", "Bob", at(3))
        .await
        .unwrap();
    assert_eq!(store.policy(&all(), &north).await.unwrap(), second);
    assert_eq!(
        store
            .policy_of(&all(), &north, first.digest.as_str())
            .await
            .unwrap(),
        first
    );
    assert_eq!(
        store.policies(&all(), &north).await.unwrap(),
        [second, first]
    );

    let mut draft = request("r1", "north");
    store.put_draft(&all(), &draft, at(1)).await.unwrap();
    draft.origin.subject = Some("now with a date".to_owned());
    store.put_draft(&all(), &draft, at(2)).await.unwrap();
    assert_eq!(store.drafts(&all()).await.unwrap(), [draft.clone()]);
    store.add_request(&all(), &draft, at(3)).await.unwrap();
    assert_eq!(store.request(&all(), &draft.id).await.unwrap(), draft);
    assert!(store.drafts(&all()).await.unwrap().is_empty());
    let twice = store.add_request(&all(), &draft, at(3)).await;
    assert!(matches!(twice, Err(Error::Exists { .. })));
}
