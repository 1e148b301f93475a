//! Runs as people look at them: begin one, list them, read their events, and submit events for whoever drives them.

use std::collections::BTreeMap;

use domain::plan::{FollowUp, Plan};
use domain::request::{Cited, Origin, PersonHint, Request, When};
use domain::{PlanId, RequestId, RunId, TenantId};
use engine::state::{Event, FORMAT, Outcome, RunState};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::to_string;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::open::Store;
use crate::sql::{count, of_scope, seen, statements};
use crate::tenants::time;
use crate::{Error, TenantScope, approvals, decisions, plans, requests, rows};

statements! {
    INSERT = "INSERT INTO runs (id, tenant, plan, person, created_ms, seq, state, started, ended)
        VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 0, 0)";
    SELECT = concat!("SELECT runs.id, runs.tenant, runs.plan, runs.created_ms, runs.seq, runs.state, plans.upn
        FROM runs JOIN plans ON plans.id = runs.plan WHERE ", of_scope!("runs.tenant"), " AND ", seen!("run_rows", "run_rows.id = runs.id"), " AND runs.id = ?2");
    SELECT_ALL = concat!("SELECT runs.id, runs.tenant, runs.plan, runs.created_ms, runs.seq, runs.state, plans.upn
        FROM runs JOIN plans ON plans.id = runs.plan WHERE ", of_scope!("runs.tenant"), " AND ", seen!("run_rows", "run_rows.id = runs.id"), "
        ORDER BY runs.created_ms DESC, runs.id LIMIT ?2");
    SELECT_OF_PLAN = concat!("SELECT id FROM runs WHERE ", of_scope!("tenant"), " AND ", seen!("run_rows", "run_rows.id = runs.id"), " AND plan = ?2");
    SELECT_OF_PERSON = "SELECT id FROM runs WHERE tenant = ?1 AND person = ?2 AND ended = 0 AND id <> ?3";
    SELECT_EVENTS = concat!("SELECT seq, event, at_ms FROM run_events
        WHERE ", of_scope!("tenant"), " AND ", seen!("run_rows", "run_rows.id = run_events.run"), " AND run = ?2 AND seq > ?3 ORDER BY seq");
    SELECT_TARGET = concat!("SELECT tenant, plan, void FROM runs WHERE ", of_scope!("tenant"), " AND ", seen!("run_rows", "run_rows.id = runs.id"), " AND id = ?2");
    SUBMIT = "INSERT INTO inbox (run, tenant, event, at_ms) VALUES (?1, ?2, ?3, ?4) RETURNING id";
}

/// A run to be begun.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id.
    pub run: RunId,
    /// The approved plan.
    pub plan: PlanId,
    /// Now: approvals must hold at this moment.
    pub at: Timestamp,
}

/// A run as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRow {
    /// The run.
    pub run: RunId,
    /// The tenant.
    pub tenant: TenantId,
    /// The plan.
    pub plan: PlanId,
    /// The person's sign-in name.
    pub upn: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many events it has had.
    pub seq: u64,
    /// Its state.
    pub state: RunState,
}

impl RunRow {
    /// How it ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.outcome()
    }
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunEvent {
    /// Counted from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// The request that a run makes for later; its origin says which run it was.
fn later_request(
    plan: &Plan,
    later: &FollowUp,
    new: &NewRun,
    confidential: Vec<String>,
) -> Request {
    Request {
        id: RequestId::new(format!("{}-later", new.run)),
        tenant: plan.tenant.clone(),
        kind: later.kind,
        person: PersonHint {
            address: Some(Cited::typed(plan.upn.clone())),
            ..PersonHint::default()
        },
        when: Some(Cited::typed(When::On(later.on))),
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "run".to_owned(),
            requester: plan.requester.clone(),
            reference: Some(new.run.to_string()),
            received_at: new.at,
            subject: Some(later.because.clone()),
            body: None,
        },
        asks: Vec::new(),
        confidential,
        only: None,
    }
}

impl Store {
    /// Makes the run of an approved plan, and takes the person's lock. A driver finds it among the open runs and starts it.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Superseded`], [`Error::HasRun`], [`Error::Unapproved`], [`Error::PersonBusy`] and store errors.
    pub async fn begin_run(&self, scope: &TenantScope, new: &NewRun) -> Result<RunState, Error> {
        let now_ms = new.at.as_millisecond();
        let mut tx = self.write().await?;
        let kept = plans::load(&mut tx, scope, &new.plan).await?;
        let plan = &kept.plan.plan;
        if let Some(run) = run_of(&mut tx, scope, &new.plan).await? {
            let plan = new.plan.clone();
            return Err(Error::HasRun { plan, run });
        }
        kept.refuse_superseded()?;
        decisions::hold_up(&mut tx, scope, &new.plan).await?;
        let standing = approvals::standing(&mut tx, &kept.plan, now_ms).await?;
        let person = lock_name(plan);
        if let Some(other) = holder(&mut tx, &plan.tenant, &person, &new.run).await? {
            return Err(Error::PersonBusy(other));
        }
        let state = RunState::new(new.run.clone(), plan, standing.apart, standing.until_ms)
            .approved(
                kept.plan.digest.clone(),
                standing.approvers,
                standing.given_ms,
            );
        sqlx::query(INSERT)
            .bind(new.run.as_str())
            .bind(plan.tenant.as_str())
            .bind(new.plan.as_str())
            .bind(&person)
            .bind(now_ms)
            .bind(json(&state))
            .execute(&mut *tx)
            .await?;
        rows::begun(&mut tx, &plan.tenant, &new.plan, &state, now_ms).await?;
        if let Some(later) = &plan.follow_up {
            // Whoever may not see this request may not see what follows from it.
            let named = requests::named(&mut tx, plan).await?;
            let request = later_request(plan, later, new, named);
            requests::keep(&mut tx, &request, new.at).await?;
        }
        tx.commit().await?;
        Ok(state)
    }

    /// One run.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn run(&self, scope: &TenantScope, run: &RunId) -> Result<RunRow, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT)
            .bind(scope.filter())
            .bind(run.as_str())
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("run", run.as_str()))?;
        run_row(&row)
    }

    /// The newest runs, at most so many.
    ///
    /// # Errors
    /// Store errors.
    pub async fn runs(&self, scope: &TenantScope, limit: u32) -> Result<Vec<RunRow>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(run_row).collect()
    }

    /// The run of a plan, if it has one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn run_of_plan(
        &self,
        scope: &TenantScope,
        plan: &PlanId,
    ) -> Result<Option<RunId>, Error> {
        let mut connection = self.read().await?;
        run_of(&mut connection, scope, plan).await
    }

    /// What happened in a run after the event of this number; 0 for everything.
    ///
    /// # Errors
    /// Store errors.
    pub async fn run_events(
        &self,
        scope: &TenantScope,
        run: &RunId,
        after: u64,
    ) -> Result<Vec<RunEvent>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_EVENTS)
            .bind(scope.filter())
            .bind(run.as_str())
            .bind(crate::sql::int(after))
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(|row| run_event(run, row)).collect()
    }

    /// Submits an event (cancel, pause, resume, retry, an approval) for whoever drives the run.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::TakenBack`] when the run must not begin any more, and store errors.
    pub async fn submit(
        &self,
        scope: &TenantScope,
        run: &RunId,
        event: &Event,
        at: Timestamp,
    ) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let row = sqlx::query(SELECT_TARGET)
            .bind(scope.filter())
            .bind(run.as_str())
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| Error::missing("run", run.as_str()))?;
        if row.try_get("void")? && !matches!(event, Event::Cancelled { .. }) {
            let plan = PlanId::new(row.try_get::<String, _>("plan")?);
            return Err(Error::TakenBack(plan));
        }
        let tenant = TenantId::new(row.try_get::<String, _>("tenant")?);
        let id = submit(&mut tx, &tenant, run, event, at.as_millisecond()).await?;
        tx.commit().await?;
        Ok(id)
    }
}

pub(crate) async fn submit(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    run: &RunId,
    event: &Event,
    at_ms: i64,
) -> Result<u64, Error> {
    let row = sqlx::query(SUBMIT)
        .bind(run.as_str())
        .bind(tenant.as_str())
        .bind(json(event))
        .bind(at_ms)
        .fetch_one(tx)
        .await?;
    Ok(count(row.try_get("id")?))
}

/// Another run that holds the person's lock.
pub(crate) async fn holder(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    person: &str,
    but: &RunId,
) -> Result<Option<RunId>, Error> {
    let row = sqlx::query(SELECT_OF_PERSON)
        .bind(tenant.as_str())
        .bind(person)
        .bind(but.as_str())
        .fetch_optional(tx)
        .await?;
    row.map(|row| Ok(RunId::new(row.try_get::<String, _>("id")?)))
        .transpose()
}

/// Under which name a person is locked; directory ids are written in either case.
fn lock_name(plan: &Plan) -> String {
    plan.person.id.as_str().to_lowercase()
}

async fn run_of(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<Option<RunId>, Error> {
    let row = sqlx::query(SELECT_OF_PLAN)
        .bind(scope.filter())
        .bind(plan.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(RunId::new(row.try_get::<String, _>("id")?)))
        .transpose()
}

pub(crate) fn json<T: Serialize>(data: &T) -> String {
    to_string(data).expect("what the engine keeps consists of JSON values")
}

/// Reads a stored state of a format we know.
pub(crate) fn read_state(run: &str, text: &str) -> Result<RunState, Error> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        format: u32,
    }
    let unreadable = |error: serde_json::Error| Error::unreadable("run", run, error);
    let versioned: Versioned = serde_json::from_str(text).map_err(unreadable)?;
    if versioned.format > FORMAT {
        let why = format!(
            "its state has format {}, known is {FORMAT}",
            versioned.format
        );
        return Err(Error::unreadable("run", run, why));
    }
    serde_json::from_str(text).map_err(unreadable)
}

fn run_row(row: &SqliteRow) -> Result<RunRow, Error> {
    let run: String = row.try_get("id")?;
    let state: &str = row.try_get("state")?;
    Ok(RunRow {
        created_at: time("run", &run, row.try_get("created_ms")?)?,
        state: read_state(&run, state)?,
        run: RunId::new(run),
        tenant: TenantId::new(row.try_get::<String, _>("tenant")?),
        plan: PlanId::new(row.try_get::<String, _>("plan")?),
        upn: row.try_get("upn")?,
        seq: count(row.try_get("seq")?),
    })
}

fn run_event(run: &RunId, row: &SqliteRow) -> Result<RunEvent, Error> {
    let event: &str = row.try_get("event")?;
    Ok(RunEvent {
        seq: count(row.try_get("seq")?),
        at: time("run", run.as_str(), row.try_get("at_ms")?)?,
        event: serde_json::from_str(event)
            .map_err(|error| Error::unreadable("event of run", run.as_str(), error))?,
    })
}
