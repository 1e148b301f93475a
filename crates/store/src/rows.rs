//! Writing the read model: narrow rows for lists, in the transaction of what they show.

use std::collections::BTreeSet;

use domain::plan::StoredPlan;
use domain::protect::one_name;
use domain::request::Request;
use domain::spec::Reversal;
use domain::{PlanId, TenantId};
use engine::state::{Finding, Outcome, Phase, RunState, Status};
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::Error;
use crate::lines::FindingGroup;
use crate::scope::{address, folded};
use crate::sql::{int, statements};

statements! {
    UPSERT_REQUEST = "INSERT INTO request_rows (id, draft, tenant, kind, state, upn, name, who, about, seen_by, requester, channel, reference, asks, at_ms, pos)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, -?15)
        ON CONFLICT (id, draft) DO UPDATE SET kind = excluded.kind, state = excluded.state, upn = excluded.upn, name = excluded.name,
            who = excluded.who, about = excluded.about, seen_by = excluded.seen_by, requester = excluded.requester,
            channel = excluded.channel, reference = excluded.reference, asks = excluded.asks, at_ms = excluded.at_ms, pos = excluded.pos
        WHERE tenant = excluded.tenant";
    DROP_DRAFT = "DELETE FROM request_rows WHERE tenant = ?1 AND id = ?2 AND draft = 1";
    PLANNED = "UPDATE request_rows SET state = 'planned', upn = ?3, name = ?4, who = ?5, about = CASE WHEN ?6 = ?7 THEN NULL ELSE ?6 END
        WHERE tenant = ?1 AND id = ?2 AND draft = 0 AND (state <> 'planned' OR upn IS NOT ?3 OR name IS NOT ?4)";
    INSERT_PLAN = "INSERT INTO plan_rows (id, tenant, request, kind, state, person, upn, name, who, about, seen_by, requester, digest,
            need, have, holds_ms, start_ms, steps, apart, made_ms, pos)
        VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?6, ?7, ?8, ?18, ?9, ?10, ?11, ?12, 0, ?13, ?14, ?15, ?16, ?17, -?17)";
    UPSERT_PERSON = "INSERT INTO people (id, tenant, person, upn, name, who) VALUES (?1 || '/' || ?2, ?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (tenant, person) DO UPDATE SET upn = excluded.upn, name = excluded.name, who = excluded.who
        WHERE upn <> excluded.upn OR name <> excluded.name";
    PLAN_STATE = "UPDATE plan_rows SET (state, have, until_ms, run) = (
            SELECT CASE
                WHEN runs.void = 1 AND runs.started = 0 THEN 'void'
                WHEN runs.ended = 1 THEN 'ended'
                WHEN runs.started = 1 THEN 'running'
                WHEN runs.id IS NOT NULL THEN 'scheduled'
                WHEN plans.superseded_by IS NOT NULL THEN 'replaced'
                WHEN EXISTS (SELECT 1 FROM refusals WHERE refusals.plan = plans.id) THEN 'refused'
                WHEN given.have >= plan_rows.need THEN 'approved'
                ELSE 'waiting' END,
                given.have, given.first_ms + plan_rows.holds_ms, runs.id
            FROM plans LEFT JOIN runs ON runs.plan = plans.id,
                (SELECT count(*) AS have, min(at_ms) AS first_ms FROM approvals WHERE approvals.plan = ?2 AND taken_back_ms IS NULL
                    AND at_ms + (SELECT holds_ms FROM plan_rows AS own WHERE own.id = ?2) > ?3) AS given
            WHERE plans.id = ?2)
        WHERE tenant = ?1 AND id = ?2";
    SELECT_LAPSED = "SELECT tenant, id FROM plan_rows
        WHERE state IN ('waiting', 'approved') AND until_ms IS NOT NULL AND until_ms <= ?1";
    SELECT_REPLACED = "SELECT id FROM plans WHERE tenant = ?1 AND superseded_by = ?2";
    SELECT_REQUEST_SUBJECT = "SELECT id AS request, NULL AS plan, NULL AS run, kind, NULL AS person, upn, name, who, about, seen_by, NULL AS digest
        FROM request_rows WHERE id = ?1 ORDER BY draft LIMIT 1";
    SELECT_PLAN_SUBJECT = "SELECT request, id AS plan, NULL AS run, kind, person, upn, name, who, about, seen_by, digest FROM plan_rows WHERE id = ?1";
    SELECT_RUN_SUBJECT = "SELECT request, plan, id AS run, kind, person, upn, name, who, about, seen_by, digest FROM run_rows WHERE id = ?1";
    INSERT_RUN = "INSERT INTO run_rows (id, tenant, plan, request, kind, state, person, upn, name, who, about, seen_by, digest,
            created_ms, from_ms, steps, verified, open_findings, due_ms, pos)
        SELECT ?1, tenant, id, request, kind, 'scheduled', person, upn, name, who, about, seen_by, digest, ?3, max(?4, coalesce(start_ms, 0)), steps, 0, 0, start_ms, -?3
        FROM plan_rows WHERE id = ?2";
    RUN_STATE = "UPDATE run_rows SET state = ?3 WHERE tenant = ?1 AND id = ?2 AND state <> ?3";
    RUN_ENDED = "UPDATE run_rows SET ended_ms = ?3 WHERE tenant = ?1 AND id = ?2 AND ended_ms IS NOT ?3";
    RUN_FIGURES = "UPDATE run_rows SET started_ms = ?3, contained_ms = ?4, verified = ?5, open_findings = ?6, due_ms = ?7
        WHERE tenant = ?1 AND id = ?2";
    DELETE_RUN = "DELETE FROM run_rows WHERE tenant = ?1 AND id = ?2";
    UPSERT_FINDING = "INSERT INTO finding_rows (id, tenant, run, number, plan, state, kind, word, step, text, person, upn, name, who, about,
            seen_by, opened_ms, closed_ms, closed, pos)
        SELECT ?1, tenant, id, ?3, plan, ?4, ?5, ?6, ?7, ?8, person, upn, name, who, about, seen_by, ?9, ?10, ?11, ?12
        FROM run_rows WHERE id = ?2
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, kind = excluded.kind, word = excluded.word, step = excluded.step,
            text = excluded.text, closed_ms = excluded.closed_ms, closed = excluded.closed, pos = excluded.pos";
    INSERT_ENTRY = "INSERT INTO ledger_rows (id, tenant, seq, kind, request, plan, run, upn, name, who, about, seen_by, digest, at_ms, pos)
        VALUES (?1 || '/' || printf('%012d', 999999999999 - ?2), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, -?13)";
    FORGET_ENTRY = "UPDATE ledger_rows SET upn = NULL, name = NULL, who = '', about = NULL WHERE tenant = ?1 AND seq = ?2";
}

/// Above every time in milliseconds that a finding can have been opened at, so that groups are apart in a list.
const GROUP_MS: i64 = 1 << 44;

/// What a ledger entry or a delivery is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On<'a> {
    Nobody,
    Request(&'a str),
    Plan(&'a str),
    Run(&'a str),
}

/// Whom something is about, and who may see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) request: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) run: Option<String>,
    pub(crate) upn: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) who: String,
    pub(crate) about: Option<String>,
    pub(crate) seen_by: Option<String>,
    pub(crate) digest: Option<String>,
}

impl Subject {
    pub(crate) async fn of_request(tx: &mut SqliteConnection, id: &str) -> Result<Self, Error> {
        Self::of(tx, On::Request(id)).await
    }

    pub(crate) async fn of_plan(tx: &mut SqliteConnection, id: &str) -> Result<Self, Error> {
        Self::of(tx, On::Plan(id)).await
    }

    pub(crate) async fn of_run(tx: &mut SqliteConnection, id: &str) -> Result<Self, Error> {
        Self::of(tx, On::Run(id)).await
    }

    /// Whom it is about; nobody in particular where the read model does not know it.
    pub(crate) async fn of(tx: &mut SqliteConnection, on: On<'_>) -> Result<Self, Error> {
        match on {
            On::Nobody => Ok(Self::default()),
            On::Request(id) => Self::find(tx, SELECT_REQUEST_SUBJECT, "request", id).await,
            On::Plan(id) => Self::find(tx, SELECT_PLAN_SUBJECT, "plan", id).await,
            On::Run(id) => Self::find(tx, SELECT_RUN_SUBJECT, "run", id).await,
        }
    }

    async fn find(
        tx: &mut SqliteConnection,
        statement: &'static str,
        what: &'static str,
        id: &str,
    ) -> Result<Self, Error> {
        let row = sqlx::query(statement).bind(id).fetch_optional(tx).await?;
        row.as_ref()
            .map(Self::read)
            .transpose()?
            .ok_or_else(|| Error::missing(what, id))
    }

    fn read(row: &SqliteRow) -> Result<Self, Error> {
        Ok(Self {
            request: row.try_get("request")?,
            plan: row.try_get("plan")?,
            run: row.try_get("run")?,
            upn: row.try_get("upn")?,
            name: row.try_get("name")?,
            who: row.try_get("who")?,
            about: row.try_get("about")?,
            seen_by: row.try_get("seen_by")?,
            digest: row.try_get("digest")?,
        })
    }
}

/// Who may see what belongs to a request, as kept: nothing for everybody.
fn seen_by(request: &Request) -> Option<String> {
    let named = request.confidential.iter();
    let named: BTreeSet<String> = named.filter_map(|one| one_name(one).ok()).collect();
    // Where no name can be told, it is seen by nobody.
    (!request.confidential.is_empty()).then(|| json!(named).to_string())
}

/// Writes the row of a request or a draft.
pub(crate) async fn request(
    tx: &mut SqliteConnection,
    request: &Request,
    draft: bool,
    at_ms: i64,
) -> Result<(), Error> {
    let person = &request.person;
    let upn = person.address.as_ref().map(|cited| cited.value.clone());
    let name = person.name.as_ref().map(|cited| cited.value.clone());
    let id = person.employee_id.as_ref().map(|cited| cited.value.clone());
    let who = upn.clone().or_else(|| name.clone()).or(id);
    // Whoever asks for something for himself knows of it.
    let about = upn
        .as_deref()
        .map(address)
        .filter(|about| *about != address(&request.origin.requester));
    sqlx::query(UPSERT_REQUEST)
        .bind(request.id.as_str())
        .bind(draft)
        .bind(request.tenant.as_str())
        .bind(request.kind.word())
        .bind(if draft { "asks" } else { "new" })
        .bind(upn)
        .bind(name)
        .bind(who.as_deref().map(folded).unwrap_or_default())
        .bind(about)
        .bind(seen_by(request))
        .bind(&request.origin.requester)
        .bind(&request.origin.channel)
        .bind(request.origin.reference.as_deref())
        .bind(int(request.asks.len() as u64))
        .bind(at_ms)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Drops the row of a draft.
pub(crate) async fn drop_draft(
    tx: &mut SqliteConnection,
    tenant: &str,
    id: &str,
) -> Result<(), Error> {
    sqlx::query(DROP_DRAFT)
        .bind(tenant)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes the row of a new plan, its person's and its request's.
pub(crate) async fn plan(tx: &mut SqliteConnection, stored: &StoredPlan) -> Result<(), Error> {
    let plan = &stored.plan;
    let request = Subject::of(&mut *tx, On::Request(plan.request.as_str())).await?;
    let tenant = plan.tenant.as_str();
    let person = plan.person.id.as_str().to_lowercase();
    let who = folded(&plan.upn);
    let apart = plan.steps.iter().flat_map(|step| &step.changes);
    let apart = apart.filter(|change| matches!(change.reversal, Reversal::ApprovedApart(_)));
    sqlx::query(INSERT_PLAN)
        .bind(stored.id.as_str())
        .bind(tenant)
        .bind(plan.request.as_str())
        .bind(plan.kind.word())
        .bind(&person)
        .bind(&plan.upn)
        .bind(&plan.person.name)
        .bind(&who)
        .bind(request.seen_by)
        .bind(&plan.requester)
        .bind(stored.digest.as_str())
        .bind(plan.approval.people)
        .bind(i64::from(plan.approval.holds_for_hours) * 3_600_000)
        .bind(plan.at.map(jiff::Timestamp::as_millisecond))
        .bind(int(plan.steps.len() as u64))
        .bind(int(apart.count() as u64))
        .bind(stored.made_at.as_millisecond())
        .bind(address(&plan.upn))
        .execute(&mut *tx)
        .await?;
    sqlx::query(UPSERT_PERSON)
        .bind(tenant)
        .bind(&person)
        .bind(&plan.upn)
        .bind(&plan.person.name)
        .bind(&who)
        .execute(&mut *tx)
        .await?;
    // The plan has looked the person up: a list of requests names them as the tenant does.
    sqlx::query(PLANNED)
        .bind(tenant)
        .bind(plan.request.as_str())
        .bind(&plan.upn)
        .bind(&plan.person.name)
        .bind(&who)
        .bind(address(&plan.upn))
        .bind(address(&plan.requester))
        .execute(&mut *tx)
        .await?;
    let at_ms = stored.made_at.as_millisecond();
    plan_state(&mut *tx, &plan.tenant, stored.id.as_str(), at_ms).await?;
    let replaced = sqlx::query(SELECT_REPLACED)
        .bind(tenant)
        .bind(stored.id.as_str())
        .fetch_all(&mut *tx)
        .await?;
    for row in replaced {
        plan_state(&mut *tx, &plan.tenant, row.try_get("id")?, at_ms).await?;
    }
    Ok(())
}

/// Writes where a plan stands, from its approvals, its refusal, its run and the plan that took its place.
pub(crate) async fn plan_state(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    plan: &str,
    now_ms: i64,
) -> Result<(), Error> {
    sqlx::query(PLAN_STATE)
        .bind(tenant.as_str())
        .bind(plan)
        .bind(now_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes where plans stand whose approvals have run out; returns how many.
pub(crate) async fn lapse(tx: &mut SqliteConnection, now_ms: i64) -> Result<u64, Error> {
    let lapsed = sqlx::query(SELECT_LAPSED)
        .bind(now_ms)
        .fetch_all(&mut *tx)
        .await?;
    for row in &lapsed {
        let tenant = TenantId::new(row.try_get::<String, _>("tenant")?);
        plan_state(&mut *tx, &tenant, row.try_get("id")?, now_ms).await?;
    }
    Ok(lapsed.len() as u64)
}

/// Writes the row of a new run, and where its plan stands with it.
pub(crate) async fn begun(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    plan: &PlanId,
    state: &RunState,
    at_ms: i64,
) -> Result<(), Error> {
    sqlx::query(INSERT_RUN)
        .bind(state.run.as_str())
        .bind(plan.as_str())
        .bind(at_ms)
        .bind(state.approved_ms.unwrap_or(at_ms))
        .execute(&mut *tx)
        .await?;
    run(&mut *tx, tenant, state).await?;
    plan_state(tx, tenant, plan.as_str(), at_ms).await
}

/// Drops the row of a run that nobody had seen.
pub(crate) async fn drop_run(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    run: &str,
) -> Result<(), Error> {
    sqlx::query(DELETE_RUN)
        .bind(tenant.as_str())
        .bind(run)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes where a run stands.
pub(crate) async fn run(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    state: &RunState,
) -> Result<(), Error> {
    let (tenant, id) = (tenant.as_str(), state.run.as_str());
    // Apart, because only these are in indexes, and they seldom change.
    sqlx::query(RUN_STATE)
        .bind(tenant)
        .bind(id)
        .bind(word(state))
        .execute(&mut *tx)
        .await?;
    let ended_ms = state.outcome().and(state.ended_ms);
    sqlx::query(RUN_ENDED)
        .bind(tenant)
        .bind(id)
        .bind(ended_ms)
        .execute(&mut *tx)
        .await?;
    let verified = state.steps.iter();
    let verified = verified.filter(|(_, step)| step.status == Status::Verified);
    let due_ms = match state.phase {
        Phase::Scheduled { due_ms } => Some(due_ms),
        Phase::Ended { .. } => None,
        _ => state.next_due_ms(),
    };
    sqlx::query(RUN_FIGURES)
        .bind(tenant)
        .bind(id)
        .bind(state.started_ms)
        .bind(state.contained_ms)
        .bind(int(verified.count() as u64))
        .bind(int(state.open_findings().count() as u64))
        .bind(due_ms)
        .execute(tx)
        .await?;
    Ok(())
}

fn word(state: &RunState) -> &'static str {
    match state.phase {
        Phase::Ended {
            outcome: Outcome::Completed,
        } => "completed",
        Phase::Ended {
            outcome: Outcome::NeedsReview,
        } => "needs-review",
        Phase::Cancelling => "cancelling",
        _ if state.paused => "paused",
        Phase::Scheduled { .. } => "scheduled",
        Phase::Containing => "containing",
        Phase::CheckingDrift | Phase::Running => "running",
    }
}

/// Writes the row of a finding.
pub(crate) async fn finding(
    tx: &mut SqliteConnection,
    run: &str,
    finding: &Finding,
) -> Result<(), Error> {
    let group = FindingGroup::of(finding);
    let open = finding.closed.is_none();
    // Handled ones lie behind all open ones.
    let rank = if open { group.rank() } else { 9 };
    sqlx::query(UPSERT_FINDING)
        .bind(format!("{run}/{}", finding.number))
        .bind(run)
        .bind(finding.number)
        .bind(if open { "open" } else { "handled" })
        .bind(group.word())
        .bind(&finding.kind)
        .bind(finding.step.as_ref().map(|step| step.as_str()))
        .bind(&finding.text)
        .bind(finding.opened_ms)
        .bind(finding.closed.as_ref().map(|(at_ms, _)| *at_ms))
        .bind(finding.closed.as_ref().map(|(_, how)| how.as_str()))
        .bind(rank * GROUP_MS - finding.opened_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// A ledger entry as the read model knows it.
pub(crate) struct NewEntry<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) seq: u64,
    pub(crate) kind: &'a str,
    pub(crate) at_ms: i64,
}

/// Writes the row of a ledger entry.
pub(crate) async fn entry(
    tx: &mut SqliteConnection,
    new: &NewEntry<'_>,
    subject: &Subject,
) -> Result<(), Error> {
    sqlx::query(INSERT_ENTRY)
        .bind(new.tenant.as_str())
        .bind(int(new.seq))
        .bind(new.kind)
        .bind(subject.request.as_deref())
        .bind(subject.plan.as_deref())
        .bind(subject.run.as_deref())
        .bind(subject.upn.as_deref())
        .bind(subject.name.as_deref())
        .bind(&subject.who)
        .bind(subject.about.as_deref())
        .bind(subject.seen_by.as_deref())
        .bind(subject.digest.as_deref())
        .bind(new.at_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// The payload of an entry was erased: its row does not tell of the person any more.
pub(crate) async fn forget_entry(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    seq: u64,
) -> Result<(), Error> {
    sqlx::query(FORGET_ENTRY)
        .bind(tenant.as_str())
        .bind(int(seq))
        .execute(tx)
        .await?;
    Ok(())
}
