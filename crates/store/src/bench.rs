//! Fills a store with a history, for measuring: runs that ended, as they would stand there, without living through each.

use domain::plan::{Approval, Plan, StoredPlan};
use domain::request::{Cited, Origin, PersonHint, Request};
use domain::spec::ObjectRef;
use domain::{ObjectId, PlanId, RequestId, RunId, TenantId};
use engine::state::{Finding, Outcome, Phase, RunState, Status};
use jiff::Timestamp;
use serde_json::json;
use sqlx::SqliteConnection;

use crate::ledger::append_json;
use crate::open::Store;
use crate::rows::{self, On};
use crate::runs::json;
use crate::sql::statements;
use crate::{Error, TenantScope, findings, plans, requests};

/// So many in one transaction.
const AT_ONCE: u32 = 500;
const MINUTE_MS: i64 = 60_000;

statements! {
    INSERT_APPROVAL = "INSERT INTO approvals (plan, tenant, by, digest, at_ms, apart) VALUES (?1, ?2, ?3, ?4, ?5, '[]')";
    INSERT_RUN = "INSERT INTO runs (id, tenant, plan, person, created_ms, seq, state, started, ended)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, 1)";
}

/// What to fill a store with.
#[derive(Clone, Debug)]
pub struct History<'a> {
    /// A plan as one was made; each run carries out one like it, for another person.
    pub like: &'a Plan,
    /// Tenants that are there, each getting as many runs as the others.
    pub tenants: &'a [TenantId],
    /// How many runs.
    pub runs: u32,
    /// Up to when runs were asked for; each some minutes before the one after it.
    pub until: Timestamp,
    /// How many minutes lie between two of them.
    pub minutes_apart: u32,
}

impl Store {
    /// Fills the store: of 20 runs one ended with an open finding and one with a handled one, the others completed.
    ///
    /// # Errors
    /// Store errors.
    pub async fn fill(&self, history: &History<'_>) -> Result<(), Error> {
        let mut number = 0;
        while number < history.runs {
            let until = history.runs.min(number + AT_ONCE);
            let mut tx = self.write().await?;
            for number in number..until {
                one(&mut tx, history, number).await?;
            }
            tx.commit().await?;
            number = until;
        }
        Ok(())
    }
}

async fn one(tx: &mut SqliteConnection, history: &History<'_>, number: u32) -> Result<(), Error> {
    let (request, stored) = asked(history, number)?;
    let tenant = &stored.plan.tenant;
    let (made_at, run) = (stored.made_at, RunId::new(format!("run-{number:07}")));
    requests::keep(&mut *tx, &request, made_at).await?;
    plans::keep(&mut *tx, &stored).await?;
    let approval = Approval {
        plan: stored.id.clone(),
        digest: stored.digest.clone(),
        by: "approver@contoso.example".to_owned(),
        at: made_at,
        through: None,
        apart: Vec::new(),
    };
    let at_ms = made_at.as_millisecond() + 4 * MINUTE_MS;
    sqlx::query(INSERT_APPROVAL)
        .bind(stored.id.as_str())
        .bind(tenant.as_str())
        .bind(&approval.by)
        .bind(stored.digest.as_str())
        .bind(at_ms)
        .execute(&mut *tx)
        .await?;
    append_json(
        &mut *tx,
        tenant,
        "approval",
        On::Plan(stored.id.as_str()),
        &approval,
        at_ms,
    )
    .await?;
    let state = ended(&stored, &run, number, at_ms);
    sqlx::query(INSERT_RUN)
        .bind(run.as_str())
        .bind(tenant.as_str())
        .bind(stored.id.as_str())
        .bind(stored.plan.person.id.as_str().to_lowercase())
        .bind(at_ms)
        .bind(i64::from(number % 40) + 60)
        .bind(json(&state))
        .execute(&mut *tx)
        .await?;
    rows::begun(&mut *tx, tenant, &stored.id, &state, at_ms).await?;
    findings::write(&mut *tx, tenant, &state).await?;
    let payload = json!({ "run": run, "outcome": state.outcome(), "at_ms": state.ended_ms });
    append_json(
        &mut *tx,
        tenant,
        "run-ended",
        On::Run(run.as_str()),
        &payload,
        at_ms,
    )
    .await?;
    Ok(())
}

/// The request and the plan of one run.
fn asked(history: &History<'_>, number: u32) -> Result<(Request, StoredPlan), Error> {
    let scope = TenantScope::provider();
    let place = number as usize % history.tenants.len().max(1);
    let tenant = history
        .tenants
        .get(place)
        .ok_or_else(|| Error::missing("tenant", format!("in {scope:?}")))?;
    let back = i64::from(history.runs - number) * i64::from(history.minutes_apart) * MINUTE_MS;
    let made_at = Timestamp::from_millisecond(history.until.as_millisecond() - back)
        .map_err(|error| Error::unreadable("time of run", number.to_string(), error))?;
    // Names spread over the alphabet, so that prefixes are as selective as with people.
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap_or_default());
    let upn = format!("{letter}{number:07}@contoso.example");
    let id = RequestId::new(format!("req-{number:07}"));
    let request = Request {
        id: id.clone(),
        tenant: tenant.clone(),
        kind: history.like.kind,
        person: PersonHint {
            address: Some(Cited::typed(upn.clone())),
            ..PersonHint::default()
        },
        when: None,
        fields: std::collections::BTreeMap::new(),
        switches: std::collections::BTreeMap::new(),
        origin: Origin {
            channel: "ticket".to_owned(),
            requester: history.like.requester.clone(),
            reference: Some(format!("T-{number}")),
            received_at: made_at,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    };
    let person = &history.like.person;
    let plan = Plan {
        tenant: tenant.clone(),
        request: id,
        person: ObjectRef::new(
            person.kind,
            &ObjectId::new(format!("{}-{number:07}", person.id)),
            &format!("Person {number}"),
        ),
        upn,
        at: None,
        reserves: Vec::new(),
        follow_up: None,
        ..history.like.clone()
    };
    let id = PlanId::new(format!("{number:07x}"));
    Ok((request, StoredPlan::seal(id, plan, made_at, made_at)))
}

/// The state in which a run ended.
fn ended(stored: &StoredPlan, run: &RunId, number: u32, at_ms: i64) -> RunState {
    let approvers = vec!["approver@contoso.example".to_owned()];
    let mut state = RunState::new(
        run.clone(),
        &stored.plan,
        Vec::new(),
        at_ms + 72 * 60 * MINUTE_MS,
    )
    .approved(stored.digest.clone(), approvers, at_ms);
    let took_ms = 4_000 + i64::from(number % 97) * 100;
    let (open, handled) = (number % 20 == 7, number % 20 == 13);
    for (place, (_, step)) in state.steps.iter_mut().enumerate() {
        let offset = i64::try_from(place).unwrap_or_default() * 1_700;
        let failed = open && place == 1;
        step.status = if failed {
            Status::Failed
        } else {
            Status::Verified
        };
        step.receipt.attempts = 1;
        step.receipt.reads = 2;
        step.receipt.intended_ms = Some(at_ms + offset);
        step.receipt.accepted_ms = Some(at_ms + offset + 300);
        step.receipt.effective_ms = Some(at_ms + offset + 900);
        step.receipt.verified_ms = (!failed).then_some(at_ms + offset + took_ms);
    }
    if open || handled {
        let step = state.steps.get(1).map(|(key, _)| key.clone());
        let kind = ["residual", "denied", "drift", "by-hand"][number as usize / 20 % 4];
        let text = format!(
            "A step for person {number} could not be finished. Look at it, then retry the run."
        );
        let mut finding = Finding::opened(1, step, kind, text, at_ms + took_ms);
        finding.access = kind == "residual";
        finding.closed = handled.then(|| (at_ms + 5 * MINUTE_MS, "done by hand".to_owned()));
        state.findings.push(finding);
    }
    let outcome = if open {
        Outcome::NeedsReview
    } else {
        Outcome::Completed
    };
    state.started_ms = Some(at_ms);
    state.contained_ms = Some(at_ms + took_ms);
    state.ended_ms = Some(at_ms + 2 * MINUTE_MS + took_ms);
    state.phase = Phase::Ended { outcome };
    state
}
