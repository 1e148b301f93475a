//! The engine's journal: one transaction for each decision, before anything is done about it.

use async_trait::async_trait;
use domain::{PlanId, RunId, TenantId};
use engine::journal::{Commit, Error as Refusal, Journal, Loaded, Pending};
use engine::state::{Command, Event, Status};
use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use crate::error::is_duplicate;
use crate::ledger::append_json;
use crate::open::Store;
use crate::rows::{self, On};
use crate::runs::{self, json, read_state};
use crate::sql::{count, int, statements};
use crate::{Error, TenantScope, findings, lease, plans, reservations};

statements! {
    SELECT_RUN = "SELECT tenant, plan, person, seq, state, started, ended, void FROM runs WHERE id = ?1";
    UPDATE_RUN = "UPDATE runs SET seq = ?3, state = ?4, started = ?5, ended = ?6 WHERE tenant = ?1 AND id = ?2";
    INSERT_EVENT = "INSERT INTO run_events (run, tenant, seq, event, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    INSERT_COMMAND = "INSERT INTO commands (run, tenant, id, command, due_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    DELETE_COMMAND = "DELETE FROM commands WHERE tenant = ?1 AND run = ?2 AND id = ?3";
    SELECT_COMMANDS = "SELECT id, command FROM commands WHERE tenant = ?1 AND run = ?2 ORDER BY id";
    TAKE_INBOX = "UPDATE inbox SET taken_seq = ?4 WHERE tenant = ?1 AND run = ?2 AND id = ?3 AND taken_seq IS NULL";
    SELECT_INBOX = "SELECT id, event FROM inbox WHERE run = ?1 AND taken_seq IS NULL ORDER BY id";
    SELECT_OPEN = "SELECT id,
            (SELECT min(due_ms) FROM commands WHERE commands.run = runs.id) AS due_ms,
            EXISTS (SELECT 1 FROM commands WHERE commands.run = runs.id AND commands.due_ms IS NULL)
                OR EXISTS (SELECT 1 FROM inbox WHERE inbox.run = runs.id AND inbox.taken_seq IS NULL) AS at_once
        FROM runs
        WHERE id IN (SELECT id FROM runs AS open WHERE open.ended = 0
            UNION SELECT run FROM commands UNION SELECT run FROM inbox WHERE taken_seq IS NULL)
        ORDER BY created_ms, id";
}

#[async_trait]
impl Journal for Store {
    async fn lease(&self, driver: &str, now_ms: i64, lasts_ms: i64) -> Result<u64, Refusal> {
        let epoch = self
            .take_lease(driver, now_ms, lasts_ms)
            .await
            .map_err(refusal)?;
        epoch.ok_or(Refusal::LeaseLost)
    }

    async fn load(&self, run: &RunId) -> Result<Loaded, Refusal> {
        let loaded = self.load_run(run).await.map_err(refusal)?;
        loaded.ok_or_else(|| Refusal::NoRun(run.clone()))
    }

    async fn commit(&self, commit: Commit<'_>) -> Result<(), Refusal> {
        let mut tx = self.write().await.map_err(refusal)?;
        write(&mut tx, &commit).await?;
        tx.commit().await.map_err(|error| refusal(error.into()))
    }

    async fn inbox(&self, run: &RunId) -> Result<Vec<(u64, Event)>, Refusal> {
        self.waiting_events(run).await.map_err(refusal)
    }

    async fn open_runs(&self) -> Result<Vec<(RunId, Option<i64>)>, Refusal> {
        self.runs_to_drive().await.map_err(refusal)
    }

    async fn sign_heads(&self, now_ms: i64) -> Result<(), Refusal> {
        let at = Timestamp::from_millisecond(now_ms)
            .map_err(|error| Refusal::Store(format!("the clock cannot be right: {error}")))?;
        let signed = self.sign_ledgers(&TenantScope::provider(), at).await;
        signed.map_err(refusal)
    }
}

/// What the engine is told of a store's error.
fn refusal(error: Error) -> Refusal {
    Refusal::Store(error.to_string())
}

/// A failed statement, as the engine is told of it.
fn failed(error: sqlx::Error) -> Refusal {
    refusal(error.into())
}

/// The run a commit belongs to, as it stands in the transaction.
struct Standing {
    tenant: TenantId,
    person: String,
    started: bool,
    ended: bool,
    plan: String,
}

/// Writes one decision; the caller commits, or drops everything.
pub(crate) async fn write(tx: &mut SqliteConnection, commit: &Commit<'_>) -> Result<(), Refusal> {
    let lease = lease::holder(&mut *tx).await.map_err(refusal)?;
    if lease.is_none_or(|lease| lease.epoch != commit.epoch) {
        return Err(Refusal::LeaseLost);
    }
    let run = standing(&mut *tx, commit).await?;
    let seq = commit.expected_seq + 1;
    sqlx::query(INSERT_EVENT)
        .bind(commit.run.as_str())
        .bind(run.tenant.as_str())
        .bind(int(seq))
        .bind(json(commit.event))
        .bind(commit.now_ms)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    update_run(&mut *tx, commit, &run, seq).await?;
    update_commands(&mut *tx, commit, &run.tenant).await?;
    if let Some(id) = commit.inbox {
        let taken = sqlx::query(TAKE_INBOX)
            .bind(run.tenant.as_str())
            .bind(commit.run.as_str())
            .bind(int(id))
            .bind(int(seq))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        if taken.rows_affected() == 0 {
            return Err(Refusal::Stale(commit.run.clone()));
        }
    }
    release(&mut *tx, commit, &run.tenant).await?;
    findings::write(&mut *tx, &run.tenant, commit.state)
        .await
        .map_err(refusal)?;
    for leaf in commit.leaves {
        append_json(
            &mut *tx,
            &run.tenant,
            &leaf.kind,
            On::Run(commit.run.as_str()),
            &leaf.payload,
            commit.now_ms,
        )
        .await
        .map_err(refusal)?;
    }
    Ok(())
}

/// What verified steps took is the tenant's own to show from now on.
async fn release(
    tx: &mut SqliteConnection,
    commit: &Commit<'_>,
    tenant: &TenantId,
) -> Result<(), Refusal> {
    let settles = commit.leaves.iter().any(|leaf| leaf.kind == "receipt");
    if !settles {
        return Ok(());
    }
    let verified: Vec<_> = commit
        .state
        .steps
        .iter()
        .filter(|(_, step)| step.status == Status::Verified)
        .map(|(key, _)| key)
        .collect();
    reservations::settle(tx, tenant, commit.run.as_str(), &verified)
        .await
        .map_err(refusal)
}

async fn standing(tx: &mut SqliteConnection, commit: &Commit<'_>) -> Result<Standing, Refusal> {
    let row = sqlx::query(SELECT_RUN)
        .bind(commit.run.as_str())
        .fetch_optional(tx)
        .await
        .map_err(failed)?
        .ok_or_else(|| Refusal::NoRun(commit.run.clone()))?;
    let read = || -> Result<_, sqlx::Error> {
        let seq: i64 = row.try_get("seq")?;
        let void: bool = row.try_get("void")?;
        let tenant: String = row.try_get("tenant")?;
        let started = row.try_get("started")?;
        let person = row.try_get("person")?;
        let (ended, plan) = (row.try_get("ended")?, row.try_get("plan")?);
        Ok((
            seq,
            void,
            Standing {
                tenant: TenantId::new(tenant),
                person,
                started,
                ended,
                plan,
            },
        ))
    };
    let (seq, void, run) = read().map_err(failed)?;
    // Where an approval was taken back meanwhile, the run may be cancelled and must not begin.
    let forbidden = void && !run.started && commit.state.started_ms.is_some();
    if count(seq) != commit.expected_seq || forbidden {
        return Err(Refusal::Stale(commit.run.clone()));
    }
    Ok(run)
}

/// Writes the state. The person's lock hangs on `ended`: an ended run releases it, and a retry takes it again or is refused.
async fn update_run(
    tx: &mut SqliteConnection,
    commit: &Commit<'_>,
    run: &Standing,
    seq: u64,
) -> Result<(), Refusal> {
    let updated = sqlx::query(UPDATE_RUN)
        .bind(run.tenant.as_str())
        .bind(commit.run.as_str())
        .bind(int(seq))
        .bind(json(commit.state))
        .bind(run.started || commit.state.started_ms.is_some())
        .bind(commit.state.outcome().is_some())
        .execute(&mut *tx)
        .await;
    match updated {
        Ok(_) => show(tx, commit, run).await.map_err(refusal),
        Err(error) if is_duplicate(&error) => {
            let other = runs::holder(tx, &run.tenant, &run.person, commit.run)
                .await
                .map_err(refusal)?;
            Err(other.map_or_else(|| failed(error), Refusal::PersonBusy))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes what lists show of the run, and of its plan when that stands elsewhere with it.
async fn show(tx: &mut SqliteConnection, commit: &Commit<'_>, run: &Standing) -> Result<(), Error> {
    rows::run(&mut *tx, &run.tenant, commit.state).await?;
    let begins = !run.started && commit.state.started_ms.is_some();
    if begins || run.ended != commit.state.outcome().is_some() {
        rows::plan_state(tx, &run.tenant, &run.plan, commit.now_ms).await?;
    }
    Ok(())
}

async fn update_commands(
    tx: &mut SqliteConnection,
    commit: &Commit<'_>,
    tenant: &TenantId,
) -> Result<(), Refusal> {
    for id in commit.settles.iter().chain(commit.withdrawn) {
        sqlx::query(DELETE_COMMAND)
            .bind(tenant.as_str())
            .bind(commit.run.as_str())
            .bind(int(*id))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    for pending in commit.commands {
        let due_ms = match pending.command {
            Command::Timer { due_ms } => Some(due_ms),
            _ => None,
        };
        sqlx::query(INSERT_COMMAND)
            .bind(commit.run.as_str())
            .bind(tenant.as_str())
            .bind(int(pending.id))
            .bind(json(&pending.command))
            .bind(due_ms)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

impl Store {
    async fn load_run(&self, run: &RunId) -> Result<Option<Loaded>, Error> {
        let mut tx = self.snapshot().await?;
        let row = sqlx::query(SELECT_RUN)
            .bind(run.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let tenant: String = row.try_get("tenant")?;
        let plan = PlanId::new(row.try_get::<String, _>("plan")?);
        let mut pending = Vec::new();
        let commands = sqlx::query(SELECT_COMMANDS)
            .bind(&tenant)
            .bind(run.as_str())
            .fetch_all(&mut *tx)
            .await?;
        for row in commands {
            let command: &str = row.try_get("command")?;
            pending.push(Pending {
                id: count(row.try_get("id")?),
                command: serde_json::from_str(command)
                    .map_err(|error| Error::unreadable("command of run", run.as_str(), error))?,
            });
        }
        let own = TenantId::new(tenant);
        Ok(Some(Loaded {
            run: run.clone(),
            plan: plans::load(&mut tx, &TenantScope::of(&own), &plan)
                .await?
                .plan,
            tenant: own,
            state: read_state(run.as_str(), row.try_get("state")?)?,
            seq: count(row.try_get("seq")?),
            pending,
        }))
    }

    async fn waiting_events(&self, run: &RunId) -> Result<Vec<(u64, Event)>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_INBOX)
            .bind(run.as_str())
            .fetch_all(&mut *connection)
            .await?;
        let event = |row: &sqlx::sqlite::SqliteRow| {
            let event: &str = row.try_get("event")?;
            let event = serde_json::from_str(event)
                .map_err(|error| Error::unreadable("event of run", run.as_str(), error))?;
            Ok((count(row.try_get("id")?), event))
        };
        rows.iter().map(event).collect()
    }

    async fn runs_to_drive(&self) -> Result<Vec<(RunId, Option<i64>)>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_OPEN).fetch_all(&mut *connection).await?;
        let open = |row: &sqlx::sqlite::SqliteRow| {
            let at_once: bool = row.try_get("at_once")?;
            let due_ms: Option<i64> = row.try_get("due_ms")?;
            let run = RunId::new(row.try_get::<String, _>("id")?);
            Ok((run, due_ms.filter(|_| !at_once)))
        };
        rows.iter().map(open).collect()
    }
}
