//! Who sees nothing: another tenant, a viewer who is not named, and the person it is about.

use domain::{FindingId, TenantId};
use engine::state::Event;

use super::lists::{find_in, ride};
use super::{Place, Ride, all, approval, at, north};
use crate::{EntryFilter, FindingFilter, PlanFilter, RequestFilter, RunFilter, Store, TenantScope};

/// Every read that people reach, and whether it shows anything of the run.
async fn shown(store: &Store, scope: &TenantScope, ride: &Ride) -> Vec<(&'static str, bool)> {
    let mut all = shown_singly(store, scope, ride).await;
    all.extend(shown_of_run(store, scope, ride).await);
    all.extend(shown_in_lists(store, scope, ride).await);
    all.extend(shown_by_name(store, scope, ride).await);
    all
}

async fn shown_singly(
    store: &Store,
    scope: &TenantScope,
    ride: &Ride,
) -> Vec<(&'static str, bool)> {
    let (plan, request) = (&ride.plan.id, &ride.plan.plan.request);
    let one = store.request(scope, request).await;
    let line = store.request_line(scope, request).await;
    let answers = store.plans_of_request(scope, request).await.unwrap();
    let approvals = store.approvals(scope, plan).await.unwrap();
    let comments = store.comments(scope, plan).await.unwrap();
    // The first entry tells of the tenant itself, the second of the request.
    let entry = store.ledger_entry(scope, &north(), 2).await;
    let proof = store.prove_entry(scope, &north(), 2, at(9)).await;
    vec![
        ("request", one.is_ok()),
        ("request_line", line.is_ok()),
        ("plan", store.plan(scope, plan).await.is_ok()),
        ("plan_line", store.plan_line(scope, plan).await.is_ok()),
        ("plans_of_request", !answers.is_empty()),
        ("approvals", !approvals.is_empty()),
        ("comments", !comments.is_empty()),
        ("ledger_entry", entry.is_ok()),
        ("prove_entry", proof.is_ok()),
    ]
}

async fn shown_of_run(
    store: &Store,
    scope: &TenantScope,
    ride: &Ride,
) -> Vec<(&'static str, bool)> {
    let (run, plan) = (&ride.run, &ride.plan.id);
    let of_plan = store.run_of_plan(scope, plan).await.unwrap();
    let events = store.run_events(scope, run, 0).await.unwrap();
    let receipts = store.receipts(scope, run).await.unwrap();
    let findings = store.findings(scope, run).await.unwrap();
    let id = FindingId::new(format!("{run}/1"));
    let finding = store.finding_line(scope, &id).await;
    vec![
        ("run", store.run(scope, run).await.is_ok()),
        ("run_line", store.run_line(scope, run).await.is_ok()),
        ("run_of_plan", of_plan.is_some()),
        ("run_events", !events.is_empty()),
        ("receipts", !receipts.is_empty()),
        ("findings", !findings.is_empty()),
        ("finding_line", finding.is_ok()),
    ]
}

async fn shown_in_lists(
    store: &Store,
    scope: &TenantScope,
    ride: &Ride,
) -> Vec<(&'static str, bool)> {
    let upn = Some(ride.plan.plan.person.id.as_str().to_owned());
    let by_upn = RequestFilter {
        upn: upn.clone(),
        ..RequestFilter::default()
    };
    let list_requests = store.list_requests(scope, &by_upn, None).await.unwrap();
    let by_upn = PlanFilter {
        upn,
        ..PlanFilter::default()
    };
    let list_plans = store.list_plans(scope, &by_upn, None).await.unwrap();
    let list_runs = store
        .list_runs(scope, &RunFilter::default(), None)
        .await
        .unwrap();
    let list_findings = store
        .list_findings(scope, &FindingFilter::default(), None)
        .await
        .unwrap();
    let list_entries = store
        .list_entries(scope, &EntryFilter::default(), None)
        .await
        .unwrap();
    let list_people = store.list_people(scope, None, None).await.unwrap();
    let open_findings = store.open_findings(scope).await.unwrap();
    vec![
        (
            "requests",
            !store.requests(scope, 9).await.unwrap().is_empty(),
        ),
        ("plans", !store.plans(scope, 9).await.unwrap().is_empty()),
        ("runs", !store.runs(scope, 9).await.unwrap().is_empty()),
        ("open_findings", !open_findings.is_empty()),
        ("list_requests", !list_requests.lines.is_empty()),
        ("list_plans", !list_plans.lines.is_empty()),
        ("list_runs", !list_runs.lines.is_empty()),
        ("list_findings", !list_findings.lines.is_empty()),
        (
            "list_entries",
            list_entries.lines.iter().any(|entry| entry.upn.is_some()),
        ),
        ("list_people", !list_people.lines.is_empty()),
    ]
}

async fn shown_by_name(
    store: &Store,
    scope: &TenantScope,
    ride: &Ride,
) -> Vec<(&'static str, bool)> {
    let person = ride.plan.plan.person.id.as_str();
    let plan = store.find(scope, ride.plan.id.as_str(), 5).await.unwrap();
    let digest = store
        .find(scope, &ride.plan.digest.short()[..8], 5)
        .await
        .unwrap();
    let run = store.find(scope, ride.run.as_str(), 5).await.unwrap();
    let name = store.find(scope, person, 5).await.unwrap();
    let plans = store
        .plans_of_person(scope, &north(), person)
        .await
        .unwrap();
    let runs = store.runs_of_person(scope, &north(), person).await.unwrap();
    let counts = store.counts(scope).await.unwrap();
    vec![
        ("find plan", !plan.plans.is_empty()),
        ("find digest", !digest.plans.is_empty()),
        ("find run", !run.runs.is_empty()),
        ("find person", !name.people.is_empty()),
        ("plans_of_person", !plans.is_empty()),
        ("runs_of_person", !runs.is_empty()),
        ("counts findings", counts.open_findings > 0),
        ("counts runs", counts.runs_under_way > 0),
    ]
}

#[tokio::test]
async fn another_tenant_a_wrong_viewer_and_the_person_see_nothing() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = ride(
        &place,
        "p1",
        "ann",
        &["HR <hr@contoso.example>", "boss@contoso.example"],
    )
    .await;
    find_in(store, &mut ride, "failed").await;
    let own = TenantScope::of(&north());
    let sees = [
        own.clone(),
        all(),
        own.clone().seen_by("HR@contoso.example"),
        all().seen_by("boss@contoso.example"),
        TenantScope::some([north(), TenantId::from("south")]).seen_by("hr@contoso.example"),
    ];
    for scope in sees {
        for (name, shown) in shown(store, &scope, &ride).await {
            assert!(shown, "{name} under {scope:?}");
        }
    }
    let blind = [
        TenantScope::of(&TenantId::from("south")),
        TenantScope::some([]),
        own.only(&TenantId::from("south")),
        own.clone().seen_by("technician@contoso.example"),
        all().seen_by("technician@contoso.example"),
        own.clone().seen_by("ann@north.example"),
    ];
    for scope in &blind {
        for (name, shown) in shown(store, scope, &ride).await {
            assert!(!shown, "{name} under {scope:?}");
        }
        let refused = approval(&ride.plan, "eve@contoso.example");
        assert!(store.approve(scope, &refused).await.is_err());
        assert!(
            store
                .take_back(scope, &ride.plan.id, "boss@contoso.example", at(5))
                .await
                .is_err()
        );
        let pause = Event::Paused {
            by: "eve".to_owned(),
        };
        assert!(store.submit(scope, &ride.run, &pause, at(5)).await.is_err());
        let export = store
            .export_ledger(scope, &north(), at(9))
            .await
            .unwrap_or_default();
        assert!(!export.contains("ann@north.example"), "{scope:?}");
        assert!(
            store
                .erase_payload(scope, &north(), 2, "eve", at(9))
                .await
                .is_err()
        );
    }
    assert!(
        store
            .export_ledger(&own, &north(), at(9))
            .await
            .unwrap()
            .contains("ann@north.example")
    );
}

#[tokio::test]
async fn nobody_sees_a_run_about_himself_and_others_do() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = ride(&place, "p1", "Ann", &[]).await;
    find_in(store, &mut ride, "failed").await;
    let own = TenantScope::of(&north());
    for (name, shown) in shown(store, &own.clone().seen_by("ANN@North.example"), &ride).await {
        assert!(!shown, "{name}");
    }
    for (name, shown) in shown(store, &own.seen_by("bob@north.example"), &ride).await {
        assert!(shown, "{name}");
    }
}
