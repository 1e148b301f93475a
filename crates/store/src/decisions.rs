//! Decisions beside approvals: plans refused, what people say about a plan, and who decides for whom for a while.

use domain::plan::Digest;
use domain::{OperatorId, PlanId, TenantId};
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
use crate::{Error, TenantScope, plans, reservations};

statements! {
    INSERT_REFUSAL = "INSERT INTO refusals (plan, tenant, by, reason, digest, at_ms, through) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    SELECT_REFUSAL = concat!("SELECT plan, by, reason, digest, at_ms, through FROM refusals WHERE ", of_scope!("tenant"), " AND ",
        seen!("plan_rows", "plan_rows.id = refusals.plan"), " AND plan = ?2");
    SELECT_RUN = "SELECT id FROM runs WHERE tenant = ?1 AND plan = ?2";
    VOID_APPROVALS = "UPDATE approvals SET taken_back_ms = ?3, taken_back_by = ?4
        WHERE tenant = ?1 AND plan = ?2 AND taken_back_ms IS NULL";
    INSERT_COMMENT = "INSERT INTO comments (plan, tenant, by, text, at_ms) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
    SELECT_COMMENTS = concat!("SELECT id, plan, by, text, at_ms FROM comments WHERE ", of_scope!("tenant"), " AND ",
        seen!("plan_rows", "plan_rows.id = comments.plan"), " AND plan = ?2 ORDER BY id");
    INSERT_DELEGATION = "INSERT INTO delegations (id, from_operator, to_operator, tenant, from_ms, until_ms, by, created_ms, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    SELECT_DELEGATIONS = concat!("SELECT id, from_operator, to_operator, tenant, from_ms, until_ms, by, reason FROM delegations
        WHERE (tenant IS NULL OR ", of_scope!("tenant"), ") AND ended_ms IS NULL AND until_ms > ?2 ORDER BY from_ms, id");
    END_DELEGATION = "UPDATE delegations SET ended_ms = ?2 WHERE id = ?1 AND ended_ms IS NULL";
}

/// A refusal of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The plan.
    pub plan: PlanId,
    /// What exactly was refused.
    pub digest: Digest,
    /// Whose voice it is.
    pub by: String,
    /// Who gave it in that name, where it was somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Something said about a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// Its number, rising.
    pub id: i64,
    /// The plan.
    pub plan: PlanId,
    /// Who said it.
    pub by: String,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody decides for somebody else for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delegation {
    /// What it is called.
    pub id: String,
    /// For whom.
    pub from: OperatorId,
    /// Who decides.
    pub to: OperatorId,
    /// In which tenant; none for all of the provider's.
    pub tenant: Option<TenantId>,
    /// From when.
    pub from_at: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Delegation {
    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from_at <= at && at < self.until
    }
}

impl Store {
    /// Refuses a plan for good: it can neither be approved nor run. Approvals given before no longer hold.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::OtherDigest`], [`Error::Superseded`], [`Error::HasRun`], [`Error::Refused`] when it is refused
    /// already, and store errors.
    pub async fn refuse(&self, scope: &TenantScope, refusal: &Refusal) -> Result<(), Error> {
        let at_ms = refusal.at.as_millisecond();
        let mut tx = self.write().await?;
        let kept = plans::load(&mut tx, scope, &refusal.plan).await?;
        if kept.plan.digest != refusal.digest {
            return Err(Error::OtherDigest {
                plan: refusal.plan.clone(),
                given: refusal.digest.clone(),
                stored: kept.plan.digest,
            });
        }
        kept.refuse_superseded()?;
        let tenant = &kept.plan.plan.tenant;
        let run = sqlx::query(SELECT_RUN)
            .bind(tenant.as_str())
            .bind(refusal.plan.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = run {
            return Err(Error::HasRun {
                plan: refusal.plan.clone(),
                run: domain::RunId::new(row.try_get::<String, _>("id")?),
            });
        }
        let inserted = sqlx::query(INSERT_REFUSAL)
            .bind(refusal.plan.as_str())
            .bind(tenant.as_str())
            .bind(&refusal.by)
            .bind(&refusal.reason)
            .bind(refusal.digest.as_str())
            .bind(at_ms)
            .bind(refusal.through.as_deref())
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            hold_up(&mut tx, scope, &refusal.plan).await?;
        }
        inserted?;
        sqlx::query(VOID_APPROVALS)
            .bind(tenant.as_str())
            .bind(refusal.plan.as_str())
            .bind(at_ms)
            .bind(&refusal.by)
            .execute(&mut *tx)
            .await?;
        reservations::release(&mut tx, scope, &refusal.plan).await?;
        rows::plan_state(&mut tx, tenant, refusal.plan.as_str(), at_ms).await?;
        let on = On::Plan(refusal.plan.as_str());
        let payload = json!(refusal).to_string();
        append(&mut tx, tenant, "refusal", on, &payload, at_ms).await?;
        Ok(tx.commit().await?)
    }

    /// The refusal of a plan, if it was refused.
    ///
    /// # Errors
    /// Store errors.
    pub async fn refusal(
        &self,
        scope: &TenantScope,
        plan: &PlanId,
    ) -> Result<Option<Refusal>, Error> {
        let mut connection = self.read().await?;
        find(&mut connection, scope, plan).await
    }

    /// Says something about a plan; returns its number.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn add_comment(
        &self,
        scope: &TenantScope,
        plan: &PlanId,
        by: &str,
        text: &str,
        at: Timestamp,
    ) -> Result<i64, Error> {
        let mut tx = self.write().await?;
        let kept = plans::load(&mut tx, scope, plan).await?;
        let row = sqlx::query(INSERT_COMMENT)
            .bind(plan.as_str())
            .bind(kept.plan.plan.tenant.as_str())
            .bind(by)
            .bind(text)
            .bind(at.as_millisecond())
            .fetch_one(&mut *tx)
            .await?;
        let id = row.try_get("id")?;
        tx.commit().await?;
        Ok(id)
    }

    /// What was said about a plan, in order.
    ///
    /// # Errors
    /// Store errors.
    pub async fn comments(
        &self,
        scope: &TenantScope,
        plan: &PlanId,
    ) -> Result<Vec<Comment>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_COMMENTS)
            .bind(scope.filter())
            .bind(plan.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(comment).collect()
    }

    /// Lets somebody decide for somebody else for a while.
    ///
    /// # Errors
    /// [`Error::Missing`] for a tenant out of scope, [`Error::Exists`] and store errors.
    pub async fn add_delegation(
        &self,
        scope: &TenantScope,
        delegation: &Delegation,
        at: Timestamp,
    ) -> Result<(), Error> {
        if let Some(tenant) = &delegation.tenant {
            scope.admit(tenant)?;
        }
        let mut tx = self.write().await?;
        let inserted = sqlx::query(INSERT_DELEGATION)
            .bind(&delegation.id)
            .bind(delegation.from.as_str())
            .bind(delegation.to.as_str())
            .bind(delegation.tenant.as_ref().map(TenantId::as_str))
            .bind(delegation.from_at.as_millisecond())
            .bind(delegation.until.as_millisecond())
            .bind(&delegation.by)
            .bind(at.as_millisecond())
            .bind(&delegation.reason)
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Err(Error::Exists {
                what: "delegation",
                id: delegation.id.clone(),
            });
        }
        inserted?;
        Ok(tx.commit().await?)
    }

    /// The delegations of these tenants that have not ended; those to come are among them.
    ///
    /// # Errors
    /// Store errors.
    pub async fn delegations(
        &self,
        scope: &TenantScope,
        at: Timestamp,
    ) -> Result<Vec<Delegation>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_DELEGATIONS)
            .bind(scope.filter())
            .bind(at.as_millisecond())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(delegation).collect()
    }

    /// Ends a delegation; says whether there was one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn end_delegation(&self, id: &str, at: Timestamp) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let ended = sqlx::query(END_DELEGATION)
            .bind(id)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ended.rows_affected() > 0)
    }
}

/// Holds up what must not happen to a refused plan.
pub(crate) async fn hold_up(
    tx: &mut SqliteConnection,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<(), Error> {
    match find(tx, scope, plan).await? {
        None => Ok(()),
        Some(refusal) => Err(Error::Refused {
            plan: refusal.plan,
            by: refusal.by,
        }),
    }
}

async fn find(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<Option<Refusal>, Error> {
    let row = sqlx::query(SELECT_REFUSAL)
        .bind(scope.filter())
        .bind(plan.as_str())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let digest: &str = row.try_get("digest")?;
    Ok(Some(Refusal {
        plan: plan.clone(),
        digest: Digest::from(digest),
        by: row.try_get("by")?,
        through: row.try_get("through")?,
        reason: row.try_get("reason")?,
        at: time("refusal of plan", plan.as_str(), row.try_get("at_ms")?)?,
    }))
}

fn comment(row: &SqliteRow) -> Result<Comment, Error> {
    let id: i64 = row.try_get("id")?;
    Ok(Comment {
        plan: PlanId::new(row.try_get::<String, _>("plan")?),
        by: row.try_get("by")?,
        text: row.try_get("text")?,
        at: time("comment", &id.to_string(), row.try_get("at_ms")?)?,
        id,
    })
}

fn delegation(row: &SqliteRow) -> Result<Delegation, Error> {
    let id: String = row.try_get("id")?;
    let tenant: Option<String> = row.try_get("tenant")?;
    Ok(Delegation {
        from: OperatorId::new(row.try_get::<String, _>("from_operator")?),
        to: OperatorId::new(row.try_get::<String, _>("to_operator")?),
        tenant: tenant.map(TenantId::new),
        from_at: time("delegation", &id, row.try_get("from_ms")?)?,
        until: time("delegation", &id, row.try_get("until_ms")?)?,
        by: row.try_get("by")?,
        reason: row.try_get("reason")?,
        id,
    })
}
