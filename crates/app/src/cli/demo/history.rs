//! Weeks of history for the web app to show: real plans, approvals and runs on the sandbox, both clocks set back week by week.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::plan::StoredPlan;
use domain::request::{Kind, When};
use domain::{RunId, TenantId};
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::TenantScope;

use super::stage::Stage;
use super::{APPROVER, scene, talk};
use crate::acts::approve::{self, Decision, Read, Refusing};
use crate::acts::begin::begin;
use crate::acts::request::{self, Wish, person};
use crate::acts::{handle, undo};
use crate::background;
use crate::clock;
use crate::problem::{Exit, Outcome, Problem};
use crate::running;
use crate::wiring::{Wiring, of_store};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// When the history begins, counted back from now.
pub(super) const FIRST: SignedDuration = SignedDuration::from_hours(21 * 24);
/// How long the runs of one week may take; what is not over by then goes on in the next.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where the web app is opened, when nobody else listens there.
const PORT: u16 = 8080;

const CONTOSO_HR: &str = "hr@contoso.example";
const FABRIKAM_HR: &str = "people@fabrikam.example";
const NORTHWIND_HR: &str = "karin.moe@northwind.example";

/// What is asked for in a week. All of it is planned, approved and run.
enum Deed {
    /// A person leaves now.
    Leaves(&'static str, &'static str, &'static str),
    /// A person joins now: the fields as a file would have them.
    Joins(&'static str, fn() -> Value, &'static str),
    /// Somebody who left in an earlier week comes back.
    ComesBack(&'static str, &'static str),
}

/// A week: how long ago, what goes wrong in the cloud, and what is asked for.
struct Week {
    ago: SignedDuration,
    faults: fn() -> Value,
    deeds: &'static [Deed],
}

const WEEKS: &[Week] = &[
    Week {
        ago: FIRST,
        faults: calm,
        deeds: &[
            Deed::Leaves("contoso", "tomas.novak@contoso.example", CONTOSO_HR),
            Deed::Leaves("contoso", "elin.sato@contoso.example", CONTOSO_HR),
            Deed::Leaves("fabrikam", "yusuf.demir@fabrikam.example", FABRIKAM_HR),
        ],
    },
    Week {
        ago: SignedDuration::from_hours(14 * 24),
        faults: no_auto_reply,
        deeds: &[
            Deed::Joins("contoso", siv, CONTOSO_HR),
            Deed::Leaves("fabrikam", "ines.costa@fabrikam.example", FABRIKAM_HR),
        ],
    },
    Week {
        ago: SignedDuration::from_hours(7 * 24),
        faults: no_hiding,
        deeds: &[
            Deed::ComesBack("contoso", "elin.sato@contoso.example"),
            Deed::Joins("contoso", elias, "priya.raman@contoso.example"),
            Deed::Leaves("contoso", "liam.byrne@contoso.example", CONTOSO_HR),
        ],
    },
];

fn calm() -> Value {
    json!({})
}

/// Fabrikam's application has lost the right to set automatic replies.
fn no_auto_reply() -> Value {
    json!({ "rule": [{
        "effect": { "do": "fail-before", "status": 403 },
        "path": sim::worlds::FABRIKAM, "cmdlet": "Set-MailboxAutoReplyConfiguration",
    }] })
}

/// Contoso's may not hide anybody from the address lists.
fn no_hiding() -> Value {
    json!({ "rule": [{
        "effect": { "do": "fail-before", "status": 403 },
        "path": sim::worlds::CONTOSO, "cmdlet": "Set-Mailbox", "body": "\"HiddenFromAddressListsEnabled\":true",
    }] })
}

/// The joiner of the sample ticket `new-hire-form`.
fn siv() -> Value {
    json!({
        "given-name": "Siv", "family-name": "Almgren", "job-title": "Account Manager", "department": "Sales",
        "site": "stockholm", "role": "sales", "manager": "henrik.dahl@contoso.example",
        "mobile": "+46 70 555 01 22", "copy-from": "amira.haddad@contoso.example",
    })
}

/// The contractor of the sample ticket `contractor-mail`.
fn elias() -> Value {
    let end = (clock::now() + DAY * 60).to_zoned(jiff::tz::TimeZone::UTC);
    json!({
        "given-name": "Elias", "family-name": "Brandt", "job-title": "Network Engineer", "department": "IT",
        "site": "stockholm", "role": "contractor", "manager": "jonas.weber@contoso.example",
        "mobile": "+46 70 555 01 47", "contractor": true, "contract-end": end.date().to_string(),
    })
}

/// Makes the history, then serves the web app on it until Ctrl-C.
pub(super) async fn open(stage: &mut Stage) -> Outcome<Exit> {
    scene(
        "Three weeks of a provider with three tenants",
        "Real plans, approvals and runs on the sandbox, with the clock of both set back. This takes a few minutes.",
    );
    stage.provider().await?;
    for (at, week) in WEEKS.iter().enumerate() {
        if at > 0 {
            stage.go_to(week.ago).await?;
        }
        stage.set_faults(&(week.faults)()).await?;
        live(stage, week).await?;
    }
    stage.go_to(SignedDuration::ZERO).await?;
    today(stage).await?;
    scene("The web app", "Stop it with Ctrl-C.");
    let listen = format!("127.0.0.1:{}", port());
    stage.tenure(&["serve", "--listen", &listen]).await
}

/// The usual port, or any free one where that is taken.
fn port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", PORT)).map_or(0, |_| PORT)
}

/// One week: everything is planned and approved, then a worker carries all of it at once.
async fn live(stage: &Stage, week: &Week) -> Result<(), Problem> {
    let wiring = Arc::new(stage.open().await?);
    settle(&wiring).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = background::go_on(&wiring, Arc::new(engine::Silent), talk, async move {
        drop(stopped.await);
    });
    let deeds = async {
        let carried = carry(&wiring, week).await;
        let _ = stop.send(());
        carried
    };
    let (worked, carried) = tokio::join!(worker, deeds);
    wiring.store.close().await;
    carried?;
    worked
}

async fn carry(wiring: &Wiring, week: &Week) -> Result<(), Problem> {
    let mut runs = Vec::new();
    for deed in week.deeds {
        let stored = plan(wiring, deed).await?;
        approve(wiring, &stored).await?;
        let begun = begin(wiring, &stored).await?;
        said(&format!(
            "{} of {}: run {} has begun",
            stored.plan.upn, stored.plan.tenant, begun.run
        ));
        runs.push(begun.run);
    }
    let until = Instant::now() + PATIENCE;
    for run in runs {
        if let Some(words) = ended(wiring, &run, until).await? {
            said(&format!("run {run}: {words}"));
        }
    }
    Ok(())
}

/// One line with its day.
fn said(what: &str) {
    let day = clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    talk(&format!("  {day}  {what}"));
}

/// The plan of a deed.
async fn plan(wiring: &Wiring, deed: &Deed) -> Result<StoredPlan, Problem> {
    match deed {
        Deed::Leaves(tenant, who, by) => request::make(wiring, leaver(tenant, who, by), true).await,
        Deed::Joins(tenant, fields, by) => {
            let fields = fields();
            let table = fields.as_object().cloned().unwrap_or_default();
            let person = person::of(&table).map_err(|wrong| {
                let lines: Vec<String> = wrong.into_iter().map(|one| one.why).collect();
                Problem::failed("demo", lines.join("; "))
            })?;
            let wish = Wish {
                kind: Kind::Onboard,
                person: person.hint,
                fields: person.fields,
                ..leaver(tenant, "", by)
            };
            request::make(wiring, wish, false).await
        }
        Deed::ComesBack(tenant, who) => {
            let run = run_of(wiring, tenant, who).await?;
            let scope = TenantScope::of(&TenantId::from(*tenant));
            undo::undo(wiring, &scope, &run, When::Now, CONTOSO_HR, "form").await
        }
    }
}

fn leaver(tenant: &str, who: &str, by: &str) -> Wish {
    Wish {
        tenant: TenantId::from(tenant),
        kind: Kind::Offboard,
        person: request::hint(who),
        when: When::Now,
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        only: None,
        confidential: Vec::new(),
        channel: "form",
        requester: by.to_owned(),
        reference: None,
    }
}

/// The newest run about a person.
async fn run_of(wiring: &Wiring, tenant: &str, upn: &str) -> Result<RunId, Problem> {
    let scope = TenantScope::of(&TenantId::from(tenant));
    let plans = wiring.store.plans(&scope, 50).await.map_err(of_store)?;
    let run = plans
        .into_iter()
        .find(|plan| plan.upn == upn && plan.run.is_some())
        .and_then(|plan| plan.run);
    run.ok_or_else(|| Problem::failed("demo", format!("{upn} has no run")))
}

/// As many people as the plan needs approve it.
async fn approve(wiring: &Wiring, stored: &StoredPlan) -> Result<(), Problem> {
    let scope = TenantScope::of(&stored.plan.tenant);
    for person in 1..=stored.plan.approval.people {
        let by = if person == 1 {
            APPROVER.to_owned()
        } else {
            format!("colleague{person}@provider.example")
        };
        let decision = Decision {
            plan: &stored.id,
            by: &by,
            read: Read::Whole(stored.digest.as_str()),
            lines: &[],
        };
        approve::approve(wiring, &scope, &decision).await?;
    }
    Ok(())
}

/// Waits until a run is over, or waits for a person or the calendar; in words how it stands.
async fn ended(wiring: &Wiring, run: &RunId, until: Instant) -> Result<Option<String>, Problem> {
    let scope = TenantScope::provider();
    loop {
        let row = wiring.store.run(&scope, run).await.map_err(of_store)?;
        if let Some(outcome) = row.outcome() {
            return Ok(Some(format!(
                "{}, {} open finding(s)",
                outcome.words(),
                row.state.open_findings().count()
            )));
        }
        if running::waits(&row.state) {
            return Ok(Some("waits".to_owned()));
        }
        if Instant::now() > until {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// What a person did about the findings of an earlier week: the oldest is settled, with the reason.
async fn settle(wiring: &Wiring) -> Result<(), Problem> {
    let scope = TenantScope::of(&TenantId::from("fabrikam"));
    for row in wiring.store.runs(&scope, 50).await.map_err(of_store)? {
        let Some(finding) = row.state.open_findings().next() else {
            continue;
        };
        if row.outcome().is_none() {
            continue;
        }
        let of = handle::Of {
            run: &row.run,
            number: finding.number,
            by: APPROVER,
        };
        let reason = "The right was given to the application; the reply was set by hand in the Exchange admin centre.";
        handle::handle(wiring, &scope, &of, reason).await?;
        said(&format!("a finding of run {} is handled", row.run));
        return Ok(());
    }
    Ok(())
}

/// What lies on the desk today: one refused, one that begins now, one scheduled, one to be approved, one request that asks.
async fn today(stage: &Stage) -> Result<(), Problem> {
    let wiring = stage.open().await?;
    let refused = leaver("fabrikam", "hugo.falk@fabrikam.example", FABRIKAM_HR);
    let refused = request::make(&wiring, refused, true).await?;
    let scope = TenantScope::of(&refused.plan.tenant);
    let refusing = Refusing {
        plan: &refused.id,
        by: APPROVER,
        read: Read::Whole(refused.digest.as_str()),
        reason: "He stays until the spring: HR has taken the notice back.",
    };
    approve::refuse(&wiring, &scope, &refusing).await?;
    said(&format!("plan {} is refused", refused.id));
    let northwind = leaver("northwind", "marcus.dean@northwind.example", NORTHWIND_HR);
    let northwind = request::make(&wiring, northwind, true).await?;
    approve(&wiring, &northwind).await?;
    begin(&wiring, &northwind).await?;
    said(&format!("{} leaves now", northwind.plan.upn));
    wiring.store.close().await;
    scheduled(stage).await?;
    ticket(stage, "same-day-termination", "fabrikam", &[]).await?;
    ticket(stage, "missing-date", "contoso", &[]).await
}

/// A ticket whose plan is approved and begins tomorrow.
async fn scheduled(stage: &Stage) -> Result<(), Problem> {
    let tomorrow = format!("{:.0}", clock::now() + DAY);
    ticket(stage, "planned-leaver", "contoso", &["--at", &tomorrow]).await?;
    let Some(stored) = stage.newest_plan("contoso").await? else {
        return Err(Problem::failed("demo", "the planned leaver has no plan"));
    };
    let wiring = stage.open().await?;
    approve(&wiring, &stored).await?;
    let begun = begin(&wiring, &stored).await?;
    said(&format!("run {} is scheduled for tomorrow", begun.run));
    wiring.store.close().await;
    Ok(())
}

/// A sample ticket, as if it had come in an hour ago.
async fn ticket(stage: &Stage, name: &str, tenant: &str, more: &[&str]) -> Result<(), Problem> {
    let Some(text) = super::scenes::ticket(name) else {
        return Err(Problem::failed(
            "demo",
            format!("there is no ticket {name}"),
        ));
    };
    let hour_ago = clock::now() - SignedDuration::from_hours(1);
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.split_once("Received: ") {
            Some(("", _)) => format!("Received: {hour_ago:.0}"),
            _ => line.to_owned(),
        })
        .collect();
    let file = stage.file(&format!("{name}.eml"), &lines.join("\n"))?;
    let mut words = vec!["plan", "ticket", &file, "--tenant", tenant];
    words.extend(more);
    match stage.tenure(&words).await {
        // What is missing is asked for, and the request stays on the list.
        Err(problem) if problem.code == "incomplete" => talk(&problem.to_string()),
        Err(problem) => return Err(problem),
        Ok(_) => {}
    }
    Ok(())
}
