//! Plans: the canonical bytes as made once, and which plan took the place of which.

use domain::plan::{Digest, StoredPlan};
use domain::{PlanId, RequestId, RunId, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::is_duplicate;
use crate::ledger::append;
use crate::open::Store;
use crate::rows::{self, On};
use crate::sql::{of_scope, seen, statements};
use crate::tenants::time;
use crate::{Error, TenantScope};

statements! {
    INSERT = "INSERT INTO plans (id, tenant, request, person, upn, bytes, digest, made_ms, read_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    SUPERSEDE = concat!("UPDATE plans SET superseded_by = ?3
        WHERE ", of_scope!("tenant"), " AND request = ?2 AND id <> ?3 AND superseded_by IS NULL");
    SELECT = concat!("SELECT id, bytes, digest, made_ms, read_ms, superseded_by FROM plans
        WHERE ", of_scope!("tenant"), " AND ", seen!("plan_rows", "plan_rows.id = plans.id"), " AND id = ?2");
    SELECT_LEAVING = concat!("SELECT plans.upn, plans.id FROM plans
        JOIN requests ON requests.id = plans.request AND requests.kind = 'offboard'
        LEFT JOIN runs ON runs.plan = plans.id
        WHERE ", of_scope!("plans.tenant"), " AND plans.tenant = ?2 AND plans.superseded_by IS NULL
            AND (runs.id IS NULL OR runs.ended = 0)");
    COUNT_LEAVERS = concat!("SELECT count(DISTINCT plans.person) AS leavers FROM plans
        JOIN requests ON requests.id = plans.request AND requests.kind = 'offboard' AND requests.id <> ?4
            AND (json_extract(requests.body, '$.only') IS NULL OR json_extract(CAST(plans.bytes AS TEXT), '$.review') IS NOT NULL)
        LEFT JOIN runs ON runs.plan = plans.id
        WHERE ", of_scope!("plans.tenant"), " AND plans.tenant = ?2 AND plans.superseded_by IS NULL
            AND (plans.made_ms >= ?3 OR runs.created_ms >= ?3
                OR EXISTS (SELECT 1 FROM approvals WHERE approvals.plan = plans.id AND approvals.at_ms >= ?3 AND taken_back_ms IS NULL))
            AND NOT EXISTS (SELECT 1 FROM refusals WHERE refusals.plan = plans.id)");
    SELECT_ALL = concat!("SELECT plans.id, plans.tenant, plans.request, plans.upn, plans.digest, plans.made_ms, plans.superseded_by,
            runs.id AS run,
            (SELECT count(*) FROM approvals WHERE approvals.plan = plans.id AND approvals.taken_back_ms IS NULL) AS approvals
        FROM plans LEFT JOIN runs ON runs.plan = plans.id
        WHERE ", of_scope!("plans.tenant"), " AND ", seen!("plan_rows", "plan_rows.id = plans.id"), " ORDER BY plans.made_ms DESC, plans.id LIMIT ?2");
    SELECT_VERSIONS = concat!("SELECT plans.id, plans.tenant, plans.request, plans.upn, plans.digest, plans.made_ms, plans.superseded_by,
            runs.id AS run,
            (SELECT count(*) FROM approvals WHERE approvals.plan = plans.id AND approvals.taken_back_ms IS NULL) AS approvals
        FROM plans LEFT JOIN runs ON runs.plan = plans.id
        WHERE ", of_scope!("plans.tenant"), " AND ", seen!("plan_rows", "plan_rows.id = plans.id"), " AND plans.request = ?2
        ORDER BY plans.made_ms, plans.id");
}

/// A plan in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// The plan.
    pub id: PlanId,
    /// The tenant.
    pub tenant: TenantId,
    /// The request it answers.
    pub request: RequestId,
    /// The person's sign-in name.
    pub upn: String,
    /// The digest an approval binds to.
    pub digest: Digest,
    /// When it was made.
    pub made_at: Timestamp,
    /// The plan that took its place.
    pub superseded_by: Option<PlanId>,
    /// How many approvals were given and not taken back.
    pub approvals: u32,
    /// The run that carries it out.
    pub run: Option<RunId>,
}

/// A plan and the plan that took its place, if any.
pub(crate) struct Kept {
    pub(crate) plan: StoredPlan,
    pub(crate) superseded_by: Option<PlanId>,
}

impl Kept {
    pub(crate) fn refuse_superseded(&self) -> Result<(), Error> {
        match &self.superseded_by {
            None => Ok(()),
            Some(by) => Err(Error::Superseded {
                plan: self.plan.id.clone(),
                by: by.clone(),
            }),
        }
    }
}

impl Store {
    /// Keeps a plan. It takes the place of older plans for the same request.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Missing`] without its request, and store errors.
    pub async fn add_plan(&self, scope: &TenantScope, stored: &StoredPlan) -> Result<(), Error> {
        let plan = &stored.plan;
        scope.admit(&plan.tenant)?;
        let request = self.request(scope, &plan.request).await?;
        if request.tenant != plan.tenant {
            return Err(Error::missing("request", plan.request.as_str()));
        }
        let mut tx = self.write().await?;
        keep(&mut tx, stored).await?;
        Ok(tx.commit().await?)
    }

    /// One plan, opened from its stored bytes.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Unreadable`] and store errors.
    pub async fn plan(&self, scope: &TenantScope, id: &PlanId) -> Result<StoredPlan, Error> {
        let mut connection = self.read().await?;
        Ok(load(&mut connection, scope, id).await?.plan)
    }

    /// The sign-in names of people whose leaving is planned or under way in a tenant, each with the plan.
    ///
    /// # Errors
    /// Store errors.
    pub async fn leaving(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
    ) -> Result<Vec<(String, PlanId)>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_LEAVING)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter()
            .map(|row| {
                let plan = PlanId::new(row.try_get::<String, _>("id")?);
                Ok((row.try_get("upn")?, plan))
            })
            .collect()
    }

    /// Every plan that was made for a request, oldest first: its versions.
    ///
    /// # Errors
    /// Store errors.
    pub async fn versions(
        &self,
        scope: &TenantScope,
        request: &RequestId,
    ) -> Result<Vec<PlanRow>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_VERSIONS)
            .bind(scope.filter())
            .bind(request.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(plan_row).collect()
    }

    /// How many people leave a tenant by plans that were made, approved or begun since a moment, those of one request not counted. Actions
    /// are no leavers, the closing of access that a policy approved beforehand is.
    ///
    /// # Errors
    /// Store errors.
    pub async fn leavers_since(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        since: Timestamp,
        but: &RequestId,
    ) -> Result<u32, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(COUNT_LEAVERS)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(since.as_millisecond())
            .bind(but.as_str())
            .fetch_one(&mut *connection)
            .await?;
        Ok(row.try_get("leavers")?)
    }

    /// The newest plans, at most so many.
    ///
    /// # Errors
    /// Store errors.
    pub async fn plans(&self, scope: &TenantScope, limit: u32) -> Result<Vec<PlanRow>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(plan_row).collect()
    }
}

/// Keeps a plan in a transaction, in place of older plans for the same request.
pub(crate) async fn keep(tx: &mut SqliteConnection, stored: &StoredPlan) -> Result<(), Error> {
    let plan = &stored.plan;
    let inserted = sqlx::query(INSERT)
        .bind(stored.id.as_str())
        .bind(plan.tenant.as_str())
        .bind(plan.request.as_str())
        .bind(plan.person.id.as_str().to_lowercase())
        .bind(&plan.upn)
        .bind(&stored.bytes)
        .bind(stored.digest.as_str())
        .bind(stored.made_at.as_millisecond())
        .bind(stored.read_at.as_millisecond())
        .execute(&mut *tx)
        .await;
    if inserted.as_ref().is_err_and(is_duplicate) {
        let id = stored.id.as_str().to_owned();
        return Err(Error::Exists { what: "plan", id });
    }
    inserted?;
    sqlx::query(SUPERSEDE)
        .bind(TenantScope::of(&plan.tenant).filter())
        .bind(plan.request.as_str())
        .bind(stored.id.as_str())
        .execute(&mut *tx)
        .await?;
    rows::plan(&mut *tx, stored).await?;
    // The bytes as text, so that the digest can be checked from the ledger alone.
    let payload = json!({
        "bytes": String::from_utf8_lossy(&stored.bytes),
        "digest": stored.digest,
        "made_at": stored.made_at,
        "plan": stored.id,
        "read_at": stored.read_at,
    });
    let at_ms = stored.made_at.as_millisecond();
    let on = On::Plan(stored.id.as_str());
    append(
        &mut *tx,
        &plan.tenant,
        "plan",
        on,
        &payload.to_string(),
        at_ms,
    )
    .await?;
    Ok(())
}

/// Loads a plan on a connection, which may be in a transaction.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    id: &PlanId,
) -> Result<Kept, Error> {
    let row = sqlx::query(SELECT)
        .bind(scope.filter())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?
        .ok_or_else(|| Error::missing("plan", id.as_str()))?;
    let made_at = time("plan", id.as_str(), row.try_get("made_ms")?)?;
    let read_at = time("plan", id.as_str(), row.try_get("read_ms")?)?;
    let plan = StoredPlan::open(id.clone(), row.try_get("bytes")?, made_at, read_at)
        .map_err(|error| Error::unreadable("plan", id.as_str(), error))?;
    let digest: &str = row.try_get("digest")?;
    if plan.digest.as_str() != digest {
        let why = "its bytes do not have the digest that was recorded";
        return Err(Error::unreadable("plan", id.as_str(), why));
    }
    let superseded_by: Option<String> = row.try_get("superseded_by")?;
    let superseded_by = superseded_by.map(PlanId::new);
    Ok(Kept {
        plan,
        superseded_by,
    })
}

fn plan_row(row: &SqliteRow) -> Result<PlanRow, Error> {
    let id: String = row.try_get("id")?;
    let digest: &str = row.try_get("digest")?;
    let superseded_by: Option<String> = row.try_get("superseded_by")?;
    let run: Option<String> = row.try_get("run")?;
    Ok(PlanRow {
        made_at: time("plan", &id, row.try_get("made_ms")?)?,
        id: PlanId::new(id),
        tenant: TenantId::new(row.try_get::<String, _>("tenant")?),
        request: RequestId::new(row.try_get::<String, _>("request")?),
        upn: row.try_get("upn")?,
        digest: Digest::from(digest),
        superseded_by: superseded_by.map(PlanId::new),
        approvals: row.try_get("approvals")?,
        run: run.map(RunId::new),
    })
}
