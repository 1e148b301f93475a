//! Lists: what they show, and how they are walked.

use domain::request::{Cited, PersonHint, Request};
use domain::{PlanId, TenantId};
use engine::state::{Event, Finding};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Place, Ride, all, approval, at, new_run, new_tenant, north, plan, request};
use crate::lists::{self, Parts, Table};
use crate::{
    EntryFilter, Error, FindingFilter, FindingGroup, FindingStatus, PlanFilter, PlanStatus,
    RequestFilter, RequestStatus, RunFilter, RunStatus, Store, TenantScope, glances,
};

const TABLES: [Table; 6] = [
    lists::REQUESTS,
    lists::PLANS,
    lists::RUNS,
    lists::FINDINGS,
    lists::ENTRIES,
    lists::PEOPLE,
];

/// The combinations that the functions of the store ask for.
fn combinations(table: Table) -> Vec<Parts> {
    let people = table.name == "people";
    let (states, findings) = (
        table.name.ends_with("_rows") && table.name != "ledger_rows",
        table.name == "finding_rows",
    );
    let mut all = Vec::new();
    for bits in 0..128_u32 {
        let bit = |place: u32| bits & (1 << place) != 0;
        let parts = Parts {
            wide: bit(0),
            state: bit(1),
            kind: bit(2),
            who: bit(3),
            after: bit(4),
            run: bit(5),
            since: bit(6),
        };
        let asked = (states || !parts.state)
            && (findings || !(parts.run || parts.since))
            && (!people || (parts.who && !parts.kind));
        if asked {
            all.push(parts);
        }
    }
    all
}

async fn explain(store: &Store, text: String) -> Vec<String> {
    let mut connection = store.read().await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
        .fetch_all(&mut *connection)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Whether a line of a query plan reads a whole table.
fn reads_all(line: &str) -> bool {
    line.starts_with("SCAN ")
        && !line.contains(" USING ")
        && !line.contains("VIRTUAL TABLE")
        && !line.contains("CONSTANT ROW")
}

#[tokio::test]
async fn no_list_reads_a_whole_table_or_sorts_one() {
    let place = Place::new().await;
    let store = &place.store;
    let mut seen = 0;
    for table in TABLES {
        for parts in combinations(table) {
            let plan = explain(store, table.statement(parts)).await;
            assert!(
                !plan.iter().any(|line| reads_all(line)),
                "{} {parts:?}: {plan:#?}",
                table.name
            );
            let sorts = plan
                .iter()
                .filter(|line| line.contains("TEMP B-TREE"))
                .count();
            // Of one run there are few; tenant by tenant, a page of each is sorted.
            let allowed = usize::from(!parts.wide) + usize::from(parts.run);
            assert!(sorts <= allowed, "{} {parts:?}: {plan:#?}", table.name);
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
    for (name, text) in glances::STATEMENTS {
        let plan = explain(store, (*text).to_owned()).await;
        assert!(
            !plan.iter().any(|line| reads_all(line)),
            "{name}: {plan:#?}"
        );
    }
    // The driver asks for its runs again and again, and most of a store's runs have ended.
    let (_, driven) = crate::journal::STATEMENTS
        .iter()
        .find(|(name, _)| *name == "SELECT_OPEN")
        .unwrap();
    let plan = explain(store, (*driven).to_owned()).await;
    let of_runs = |line: &String| line.starts_with("SCAN runs");
    assert!(!plan.iter().any(of_runs), "{plan:#?}");
    let sure = explain(store, "SELECT id FROM run_rows WHERE upn = 'x'".to_owned()).await;
    assert!(
        sure.iter().any(|line| reads_all(line)),
        "the check sees a scan: {sure:?}"
    );
}

#[tokio::test]
async fn pages_hold_every_line_once_while_lines_come() {
    let place = Place::new().await;
    let store = &place.store;
    store
        .add_tenant(&all(), &new_tenant("south", "D2"))
        .await
        .unwrap();
    for number in 0..120 {
        let tenant = if number % 3 == 0 { "south" } else { "north" };
        let id = format!("r{number:03}");
        // Many in one millisecond, so that the id has to tell them apart.
        store
            .add_request(&all(), &request(&id, tenant), at(number / 40))
            .await
            .unwrap();
    }
    let both = TenantScope::some([north(), TenantId::from("south")]);
    for scope in [all(), both.clone(), TenantScope::of(&north())] {
        let (mut ids, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = store
                .list_requests(&scope, &RequestFilter::default(), after.as_deref())
                .await
                .unwrap();
            ids.extend(page.lines.into_iter().map(|line| line.id.to_string()));
            pages += 1;
            let new = format!("new-{pages}-{}", ids.len());
            store
                .put_draft(&all(), &request(&new, "north"), at(1_000))
                .await
                .unwrap();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let old: Vec<_> = ids.iter().filter(|id| id.starts_with('r')).collect();
        let distinct: std::collections::BTreeSet<_> = old.iter().collect();
        let expected = if scope == TenantScope::of(&north()) {
            80
        } else {
            120
        };
        assert_eq!(
            (old.len(), distinct.len()),
            (expected, expected),
            "{scope:?}"
        );
        for id in store.drafts(&all()).await.unwrap() {
            store.drop_draft(&all(), &id.id).await.unwrap();
        }
    }
    let first = store
        .list_requests(&both, &RequestFilter::default(), None)
        .await
        .unwrap();
    assert_eq!(first.lines.len(), 50);
    let broken = store
        .list_requests(&both, &RequestFilter::default(), Some("x"))
        .await;
    assert!(matches!(broken, Err(Error::BadCursor)));
}

/// A finding as the engine opens it.
fn finding(number: u32, kind: &str) -> Finding {
    let text = serde_json::json!({
        "number": number, "step": "rules", "kind": kind, "access": kind == "residual", "text": "The rule is still there.", "opened_ms": at(20).as_millisecond(), "closed": null,
    });
    serde_json::from_value(text).unwrap()
}

/// A run of `person` under a request of this privacy: started, with an open finding.
pub(super) async fn ride(place: &Place, id: &str, person: &str, confidential: &[&str]) -> Ride {
    let store = &place.store;
    let asked = Request {
        confidential: confidential.iter().map(|one| (*one).to_owned()).collect(),
        person: PersonHint {
            address: Some(Cited::typed(format!("{person}@north.example"))),
            ..PersonHint::default()
        },
        ..request(&format!("r-{id}"), "north")
    };
    store.add_request(&all(), &asked, at(0)).await.unwrap();
    let made = plan(id, "north", &format!("r-{id}"), person);
    store.add_plan(&all(), &made).await.unwrap();
    store
        .approve(&all(), &approval(&made, "boss@contoso.example"))
        .await
        .unwrap();
    store
        .add_comment(&all(), &made.id, "boss@contoso.example", "Fine.", at(2))
        .await
        .unwrap();
    let run = domain::RunId::new(format!("run-{id}"));
    let state = store
        .begin_run(&all(), &new_run(&run, &made.id))
        .await
        .unwrap();
    let epoch = engine::journal::Journal::lease(store, "d", super::NOW, 5_000)
        .await
        .unwrap();
    let mut ride = Ride {
        plan: made,
        run,
        state,
        seq: 0,
        epoch,
    };
    let started = ride.started();
    ride.happened(store, started).await.unwrap();
    ride
}

/// Opens a finding in a run.
pub(super) async fn find_in(store: &Store, ride: &mut Ride, kind: &str) {
    let event = Event::Recovered;
    let mut decision = ride.decide(&event);
    decision.state.findings.push(finding(1, kind));
    engine::journal::Journal::commit(store, ride.commit(&event, &decision))
        .await
        .unwrap();
    ride.seq += 1;
    ride.state = decision.state;
}

async fn status(store: &Store, plan: &str) -> PlanStatus {
    let line = store.plan_line(&all(), &PlanId::from(plan)).await;
    line.unwrap().status
}

#[tokio::test]
async fn lines_of_requests_follow_what_they_show() {
    let place = Place::new().await;
    let store = &place.store;
    let draft = request("draft", "north");
    store.put_draft(&all(), &draft, at(0)).await.unwrap();
    assert_eq!(
        store.request_line(&all(), &draft.id).await.unwrap().status,
        RequestStatus::Asks
    );
    assert_eq!(store.counts(&all()).await.unwrap().asks, 1);
    store.add_request(&all(), &draft, at(0)).await.unwrap();
    assert_eq!(
        store.request_line(&all(), &draft.id).await.unwrap().status,
        RequestStatus::New
    );
    assert_eq!(store.counts(&all()).await.unwrap().asks, 0);
    let made = plan("p1", "north", "draft", "ann");
    store.add_plan(&all(), &made).await.unwrap();
    let planned = store.request_line(&all(), &draft.id).await.unwrap();
    assert_eq!(
        (planned.status, planned.upn, planned.name),
        (
            RequestStatus::Planned,
            Some(made.plan.upn.clone()),
            Some(made.plan.person.name.clone())
        )
    );
}

#[tokio::test]
async fn lines_of_plans_follow_what_they_show() {
    let place = Place::new().await;
    let store = &place.store;
    let made = place.made(plan("p1", "north", "draft", "ann")).await;
    let line = store.plan_line(&all(), &made.id).await.unwrap();
    assert_eq!(
        (line.status, line.need, line.have, line.apart),
        (PlanStatus::Waiting, 1, 0, 1)
    );
    assert_eq!(store.counts(&all()).await.unwrap().plans_waiting, 1);
    let newer = plan("p2", "north", "draft", "ann");
    store.add_plan(&all(), &newer).await.unwrap();
    assert_eq!(
        (status(store, "p1").await, status(store, "p2").await),
        (PlanStatus::Replaced, PlanStatus::Waiting)
    );
    store
        .approve(&all(), &approval(&newer, "Ann"))
        .await
        .unwrap();
    assert_eq!(status(store, "p2").await, PlanStatus::Approved);
    // 72 hours on, the approval has run out.
    assert_eq!(store.lapse_approvals(at(3)).await.unwrap(), 0);
    assert_eq!(
        store.lapse_approvals(at(72 * 3_600_000 + 2)).await.unwrap(),
        1
    );
    let lapsed = store.plan_line(&all(), &newer.id).await.unwrap();
    assert_eq!(
        (lapsed.status, lapsed.have, lapsed.approved_until),
        (PlanStatus::Waiting, 0, None)
    );
    assert_eq!(
        store.lapse_approvals(at(72 * 3_600_000 + 3)).await.unwrap(),
        0
    );
}

#[tokio::test]
async fn lines_of_runs_and_findings_follow_what_they_show() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = ride(&place, "p3", "bob", &[]).await;
    assert_eq!(status(store, "p3").await, PlanStatus::Running);
    let run = store.run_line(&all(), &ride.run).await.unwrap();
    assert_eq!(
        (run.status, run.steps, run.upn.as_str()),
        (RunStatus::Containing, 3, "bob@north.example")
    );
    assert_eq!(store.counts(&all()).await.unwrap().runs_under_way, 1);
    find_in(store, &mut ride, "residual").await;
    let open = store
        .list_findings(&all(), &FindingFilter::default(), None)
        .await
        .unwrap();
    assert_eq!(
        (open.lines[0].status, open.lines[0].group),
        (FindingStatus::Open, FindingGroup::AccessOpen)
    );
    let by_run = FindingFilter {
        run: Some(ride.run.clone()),
        since: Some(at(20)),
        ..FindingFilter::default()
    };
    assert_eq!(
        store
            .list_findings(&all(), &by_run, None)
            .await
            .unwrap()
            .lines,
        open.lines
    );
    let later = FindingFilter {
        since: Some(at(21)),
        ..FindingFilter::default()
    };
    assert!(
        store
            .list_findings(&all(), &later, None)
            .await
            .unwrap()
            .lines
            .is_empty()
    );
    assert_eq!(store.counts(&all()).await.unwrap().open_findings, 1);
    ride.happened(
        store,
        Event::Cancelled {
            by: "Ann".to_owned(),
        },
    )
    .await
    .unwrap();
    let cancelled = store.run_line(&all(), &ride.run).await.unwrap();
    assert_eq!(cancelled.status, RunStatus::Cancelling);
    let filter = RunFilter {
        status: Some(RunStatus::Cancelling),
        ..RunFilter::default()
    };
    assert_eq!(
        store.list_runs(&all(), &filter, None).await.unwrap().lines,
        [cancelled]
    );
}

#[tokio::test]
async fn a_run_taken_back_before_it_begins_is_in_no_list() {
    let place = Place::new().await;
    let store = &place.store;
    let waiting = place.approved("p4", "cyd").await;
    store
        .begin_run(&all(), &new_run(&"run-p4".into(), &waiting.id))
        .await
        .unwrap();
    assert_eq!(status(store, "p4").await, PlanStatus::Scheduled);
    store
        .take_back(&all(), &waiting.id, "Ann", at(4))
        .await
        .unwrap();
    assert_eq!(status(store, "p4").await, PlanStatus::Waiting);
    assert!(store.run_line(&all(), &"run-p4".into()).await.is_err());
}

#[tokio::test]
async fn the_read_model_is_written_anew_from_what_the_store_holds() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ride = ride(&place, "p1", "ann", &["hr@contoso.example"]).await;
    find_in(store, &mut ride, "failed").await;
    place.approved("p2", "bob").await;
    store
        .put_draft(&all(), &request("draft", "north"), at(1))
        .await
        .unwrap();
    let before = everything(store).await;
    let mut tx = store.write().await.unwrap();
    for table in TABLES {
        let empty = AssertSqlSafe(format!("DELETE FROM {}", table.name));
        sqlx::raw_sql(empty).execute(&mut *tx).await.unwrap();
    }
    crate::backfill::all(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    // Not by assert_eq, which would print both.
    let after = everything(store).await;
    let differs = before.lines().zip(after.lines());
    let differs = differs.into_iter().find(|(one, other)| one != other);
    assert!(before == after, "{differs:?}");
    assert!(before.contains("bob@north.example") && before.contains("draft"));
}

#[tokio::test]
async fn an_older_store_gets_its_lists_when_it_is_opened() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("tenure.db");
    let body = serde_json::to_string(&request("old", "north")).unwrap();
    {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true);
        let mut old = sqlx::ConnectOptions::connect(&options).await.unwrap();
        for text in &crate::open::MIGRATIONS[..2] {
            sqlx::raw_sql(*text).execute(&mut old).await.unwrap();
        }
        let rows = format!(
            "INSERT INTO tenants VALUES ('north', 'd1', 'sandbox', 'c1', 'secret', x'00', 1);
            INSERT INTO drafts VALUES ('old', 'north', '{body}', 5);
            PRAGMA application_id = {}; PRAGMA user_version = 2",
            0x544E_5552
        );
        sqlx::raw_sql(AssertSqlSafe(rows))
            .execute(&mut old)
            .await
            .unwrap();
        sqlx::Connection::close(old).await.unwrap();
    }
    let store = Store::open(&file, super::key(1)).await.unwrap();
    let lines = store
        .list_requests(&all(), &RequestFilter::default(), None)
        .await
        .unwrap()
        .lines;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].status, RequestStatus::Asks);
}

async fn everything(store: &Store) -> String {
    let scope = all();
    let requests = store
        .list_requests(&scope, &RequestFilter::default(), None)
        .await
        .unwrap();
    let plans = store
        .list_plans(&scope, &PlanFilter::default(), None)
        .await
        .unwrap();
    let runs = store
        .list_runs(&scope, &RunFilter::default(), None)
        .await
        .unwrap();
    let findings = store
        .list_findings(&scope, &FindingFilter::default(), None)
        .await
        .unwrap();
    let entries = store
        .list_entries(&scope, &EntryFilter::default(), None)
        .await
        .unwrap();
    let people = store.list_people(&scope, None, None).await.unwrap();
    format!("{requests:#?}{plans:#?}{runs:#?}{findings:#?}{entries:#?}{people:#?}")
}

#[tokio::test]
async fn a_history_for_measuring_is_sound() {
    let place = Place::new().await;
    let store = &place.store;
    let like = plan("like", "north", "r", "person").plan;
    let history = crate::bench::History {
        like: &like,
        tenants: &[north()],
        runs: 60,
        until: at(0),
        minutes_apart: 5,
    };
    store.fill(&history).await.unwrap();
    assert_eq!(store.check(at(1)).await.unwrap(), Vec::<String>::new());
    let runs = store
        .list_runs(&all(), &RunFilter::default(), None)
        .await
        .unwrap();
    assert_eq!((runs.lines.len(), runs.next.is_some()), (50, true));
    assert_eq!(store.counts(&all()).await.unwrap().open_findings, 3);
    let ended = store.ended_since(&all(), at(-3_600_000), 99).await.unwrap();
    // Asked for every 5 minutes, and ended a little over 6 minutes after that: those asked for up to 65 minutes ago.
    assert_eq!(ended.len(), 13);
    assert!(
        ended
            .iter()
            .all(|run| run.closed_after_ms() > run.contained_after_ms())
    );
}

#[tokio::test]
async fn the_beginning_of_a_name_finds_and_orders() {
    let place = Place::new().await;
    let store = &place.store;
    for (id, person) in [("p1", "zoe"), ("p2", "anna"), ("p3", "Ann")] {
        place
            .made(plan(id, "north", &format!("r-{id}"), person))
            .await;
    }
    let filter = PlanFilter {
        upn: Some("ANN".to_owned()),
        status: Some(PlanStatus::Waiting),
        ..PlanFilter::default()
    };
    let named = store.list_plans(&all(), &filter, None).await.unwrap();
    let upns: Vec<_> = named.lines.iter().map(|line| line.upn.as_str()).collect();
    assert_eq!(upns, ["Ann@north.example", "anna@north.example"]);
    let people = store
        .list_people(&TenantScope::of(&north()), None, None)
        .await
        .unwrap();
    assert_eq!(people.lines.len(), 3);
    assert_eq!(
        people.lines[2].plan.as_ref().unwrap().id,
        PlanId::from("p1")
    );
    assert_eq!(
        store.find(&all(), "  ", 5).await.unwrap(),
        crate::Found::default()
    );
    let none = store.find(&all(), "%", 5).await.unwrap();
    assert!(none.people.is_empty() && none.plans.is_empty());
}
