//! What approved plans have reserved: sign-in names and seats, from the approval until the tenant itself shows them.

use std::collections::BTreeMap;

use domain::plan::{ReserveKind, StoredPlan};
use domain::{PlanId, StepKey, TenantId};
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use crate::open::Store;
use crate::sql::{count, of_scope, statements};
use crate::{Error, TenantScope};

statements! {
    LAPSE = "DELETE FROM reservations WHERE tenant = ?1 AND (
        EXISTS (SELECT 1 FROM plans WHERE plans.id = reservations.plan AND plans.superseded_by IS NOT NULL)
        OR EXISTS (SELECT 1 FROM runs WHERE runs.plan = reservations.plan AND runs.ended = 1)
        OR (until_ms < ?2 AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.plan = reservations.plan)))";
    INSERT = "INSERT INTO reservations (tenant, plan, kind, key, step, at_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (plan, kind, key) DO UPDATE SET until_ms = excluded.until_ms";
    SELECT_NAME = "SELECT plan FROM reservations WHERE tenant = ?1 AND kind = 'name' AND key = ?2 AND plan <> ?3";
    COUNT_SEATS = "SELECT count(*) AS taken FROM reservations WHERE tenant = ?1 AND kind = 'seat' AND key = ?2 AND plan <> ?3";
    SELECT_ALL = concat!("SELECT kind, key FROM reservations
        WHERE ", of_scope!("tenant"), " AND tenant = ?2
            AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.id = reservations.plan AND plans.request = ?3)
            AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.plan = reservations.plan AND runs.ended = 1)
            AND at_ms < coalesce((SELECT min(own.at_ms) FROM reservations AS own
                JOIN plans ON plans.id = own.plan WHERE own.tenant = ?2 AND plans.request = ?3), 9223372036854775807)
            AND (until_ms >= ?4 OR EXISTS (SELECT 1 FROM runs WHERE runs.plan = reservations.plan))");
    RELEASE = concat!("DELETE FROM reservations WHERE ", of_scope!("tenant"), " AND plan = ?2
        AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.plan = ?2 AND approvals.taken_back_ms IS NULL)");
    SETTLE = "DELETE FROM reservations WHERE tenant = ?1
        AND plan = (SELECT plan FROM runs WHERE runs.id = ?2) AND step IN (SELECT value FROM json_each(?3))";
}

/// What other plans have reserved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    /// Sign-in names, in lower case.
    pub names: Vec<String>,
    /// Seats by licence id.
    pub seats: BTreeMap<String, i64>,
}

impl Store {
    /// What approved plans for other requests have reserved in a tenant; where a plan for this request has reserved something itself, only
    /// what was reserved before.
    ///
    /// # Errors
    /// Store errors.
    pub async fn reserved(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        but_for: &domain::RequestId,
        now: Timestamp,
    ) -> Result<Reserved, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(but_for.as_str())
            .bind(now.as_millisecond())
            .fetch_all(&mut *connection)
            .await?;
        let mut reserved = Reserved::default();
        for row in rows {
            let key: String = row.try_get("key")?;
            match row.try_get("kind")? {
                "name" => reserved.names.push(key),
                _ => *reserved.seats.entry(key).or_default() += 1,
            }
        }
        Ok(reserved)
    }
}

/// Reserves what an approved plan will take, or says who has it.
pub(crate) async fn take(
    tx: &mut SqliteConnection,
    stored: &StoredPlan,
    now_ms: i64,
    until_ms: i64,
) -> Result<(), Error> {
    let plan = &stored.plan;
    if plan.reserves.is_empty() {
        return Ok(());
    }
    sqlx::query(LAPSE)
        .bind(plan.tenant.as_str())
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    for reserve in &plan.reserves {
        let (kind, key) = match &reserve.kind {
            ReserveKind::Name => ("name", reserve.key.to_lowercase()),
            ReserveKind::Seat { free } => {
                seat(&mut *tx, stored, &reserve.key, *free).await?;
                ("seat", reserve.key.clone())
            }
        };
        if kind == "name" {
            name(&mut *tx, stored, &key).await?;
        }
        sqlx::query(INSERT)
            .bind(plan.tenant.as_str())
            .bind(stored.id.as_str())
            .bind(kind)
            .bind(&key)
            .bind(reserve.step.as_str())
            .bind(now_ms)
            .bind(until_ms)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

async fn name(tx: &mut SqliteConnection, stored: &StoredPlan, key: &str) -> Result<(), Error> {
    let other = sqlx::query(SELECT_NAME)
        .bind(stored.plan.tenant.as_str())
        .bind(key)
        .bind(stored.id.as_str())
        .fetch_optional(tx)
        .await?;
    match other {
        None => Ok(()),
        Some(row) => Err(Error::NameReserved {
            name: key.to_owned(),
            plan: PlanId::new(row.try_get::<String, _>("plan")?),
        }),
    }
}

async fn seat(
    tx: &mut SqliteConnection,
    stored: &StoredPlan,
    sku: &str,
    free: i64,
) -> Result<(), Error> {
    let row = sqlx::query(COUNT_SEATS)
        .bind(stored.plan.tenant.as_str())
        .bind(sku)
        .bind(stored.id.as_str())
        .fetch_one(tx)
        .await?;
    let taken: i64 = row.try_get("taken")?;
    if taken < free {
        return Ok(());
    }
    Err(Error::NoSeat {
        licence: sku.to_owned(),
        reserved: count(taken),
    })
}

/// An approval was taken back: without one left, nothing is reserved.
pub(crate) async fn release(
    tx: &mut SqliteConnection,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<(), Error> {
    sqlx::query(RELEASE)
        .bind(scope.filter())
        .bind(plan.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// These steps of a run are verified: the tenant itself shows what they took.
pub(crate) async fn settle(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    run: &str,
    steps: &[&StepKey],
) -> Result<(), Error> {
    sqlx::query(SETTLE)
        .bind(tenant.as_str())
        .bind(run)
        .bind(json!(steps).to_string())
        .execute(tx)
        .await?;
    Ok(())
}
