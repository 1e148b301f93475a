//! What the last look at a tenant said about a plan: whether it could run, and how the tenant differs from it. For readers alone;
//! nothing is decided by it.

use domain::PlanId;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::open::Store;
use crate::sql::{of_scope, seen, statements};
use crate::tenants::time;
use crate::{Error, TenantScope, plans};

statements! {
    UPSERT = "INSERT INTO looks (plan, tenant, said, at_ms) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (plan) DO UPDATE SET said = excluded.said, at_ms = excluded.at_ms";
    SELECT = concat!("SELECT plan, said, at_ms FROM looks WHERE ", of_scope!("tenant"), " AND ",
        seen!("plan_rows", "plan_rows.id = looks.plan"), " AND plan IN (SELECT value FROM json_each(?2))");
}

/// What a look at a tenant said about a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The plan.
    pub plan: PlanId,
    /// What was seen, as whoever looked has written it: JSON.
    pub said: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Keeps what a look said about a plan, in the place of the one before.
    ///
    /// # Errors
    /// [`Error::Missing`] for a plan out of scope, and store errors.
    pub async fn put_look(&self, scope: &TenantScope, look: &Look) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let kept = plans::load(&mut tx, scope, &look.plan).await?;
        sqlx::query(UPSERT)
            .bind(look.plan.as_str())
            .bind(kept.plan.plan.tenant.as_str())
            .bind(&look.said)
            .bind(look.at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// What the last look said about each of these plans; nothing for a plan that was never looked at, or is out of scope.
    ///
    /// # Errors
    /// Store errors.
    pub async fn looks(&self, scope: &TenantScope, plans: &[PlanId]) -> Result<Vec<Look>, Error> {
        let ids: Vec<&str> = plans.iter().map(PlanId::as_str).collect();
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT)
            .bind(scope.filter())
            .bind(serde_json::json!(ids).to_string())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(look).collect()
    }
}

fn look(row: &SqliteRow) -> Result<Look, Error> {
    let plan: String = row.try_get("plan")?;
    Ok(Look {
        at: time("look", &plan, row.try_get("at_ms")?)?,
        said: row.try_get("said")?,
        plan: PlanId::new(plan),
    })
}
