//! Webhook endpoints: who is told of what, and the secret that signs it.

use domain::TenantId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::is_duplicate;
use crate::open::Store;
use crate::seal::{Row, Secret};
use crate::sql::{int, of_scope, statements};
use crate::tenants::time;
use crate::{Error, TenantScope};

statements! {
    INSERT = "INSERT INTO endpoints (id, tenant, url, secret, events, enabled, by, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)";
    SELECT_ALL = concat!("SELECT id, tenant, url, events, enabled, by, created_ms FROM endpoints
        WHERE ", of_scope!("tenant"), " AND deleted_ms IS NULL ORDER BY created_ms, id");
    SELECT_SECRET = concat!("SELECT tenant, secret FROM endpoints WHERE ", of_scope!("tenant"), " AND id = ?2");
    UPDATE = concat!("UPDATE endpoints SET url = ?3, events = ?4, enabled = ?5
        WHERE ", of_scope!("tenant"), " AND id = ?2 AND deleted_ms IS NULL");
    RENEW = concat!("UPDATE endpoints SET secret = ?3 WHERE ", of_scope!("tenant"), " AND id = ?2 AND deleted_ms IS NULL");
    DELETE = concat!("UPDATE endpoints SET deleted_ms = ?3, enabled = 0, secret = x''
        WHERE ", of_scope!("tenant"), " AND id = ?2 AND deleted_ms IS NULL");
    WITHDRAW = "UPDATE deliveries SET due_ms = NULL, body = NULL WHERE endpoint = ?1 AND due_ms IS NOT NULL";
    TELL = "INSERT INTO deliveries (id, channel, tenant, endpoint, target, event, seq, about, created_ms, due_ms)
        SELECT 'msg_' || lower(hex(randomblob(16))), 'webhook', ?1, id, url, ?2, ?3, ?5, ?4, ?4 FROM endpoints
        WHERE enabled = 1 AND deleted_ms IS NULL AND (tenant IS NULL OR tenant = ?1)
            AND EXISTS (SELECT 1 FROM json_each(endpoints.events) WHERE value = ?2)";
}

/// A webhook endpoint to be added.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// The id.
    pub id: String,
    /// The tenant it is told of; none for all of the provider's.
    pub tenant: Option<TenantId>,
    /// Where to.
    pub url: String,
    /// What signs the calls.
    pub secret: Secret,
    /// Of what: kinds of ledger entries (`request`, `plan`, `approval`, `run-started`, `finding`, `run-ended`, …) and names of
    /// events that the app enqueues itself.
    pub events: Vec<String>,
    /// Who adds it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A webhook endpoint as kept, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// The id.
    pub id: String,
    /// The tenant it is told of; none for all of the provider's.
    pub tenant: Option<TenantId>,
    /// Where to.
    pub url: String,
    /// Of what.
    pub events: Vec<String>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Who added it.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}

impl Store {
    /// Adds an endpoint. From now on it is told of its events in the transactions in which they happen; what belongs to a
    /// confidential request is told to none.
    ///
    /// # Errors
    /// [`Error::Missing`] for a tenant out of scope, [`Error::Exists`] and store errors.
    pub async fn add_endpoint(&self, scope: &TenantScope, new: &NewEndpoint) -> Result<(), Error> {
        scope.admit_wide(new.tenant.as_ref())?;
        let tenant = new.tenant.as_ref().map(TenantId::as_str);
        let secret = self
            .key()
            .seal(place(tenant, &new.id).row(), new.secret.expose());
        let mut tx = self.write().await?;
        let inserted = sqlx::query(INSERT)
            .bind(&new.id)
            .bind(tenant)
            .bind(&new.url)
            .bind(secret)
            .bind(json!(new.events).to_string())
            .bind(&new.by)
            .bind(new.at.as_millisecond())
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Err(Error::Exists {
                what: "webhook",
                id: new.id.clone(),
            });
        }
        inserted?;
        Ok(tx.commit().await?)
    }

    /// The endpoints in scope; those told of all tenants are seen by the provider alone.
    ///
    /// # Errors
    /// Store errors.
    pub async fn endpoints(&self, scope: &TenantScope) -> Result<Vec<Endpoint>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(endpoint).collect()
    }

    /// The secret that signs an endpoint's calls.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Unsealable`] and store errors.
    pub async fn endpoint_secret(&self, scope: &TenantScope, id: &str) -> Result<Secret, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_SECRET)
            .bind(scope.filter())
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("webhook", id))?;
        let tenant: Option<&str> = row.try_get("tenant")?;
        self.key()
            .open(place(tenant, id).row(), row.try_get("secret")?)
    }

    /// Writes an endpoint's address, events and whether it is enabled.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn change_endpoint(
        &self,
        scope: &TenantScope,
        changed: &Endpoint,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let updated = sqlx::query(UPDATE)
            .bind(scope.filter())
            .bind(&changed.id)
            .bind(&changed.url)
            .bind(json!(changed.events).to_string())
            .bind(changed.enabled)
            .execute(&mut *tx)
            .await?;
        found(updated.rows_affected(), &changed.id)?;
        Ok(tx.commit().await?)
    }

    /// Replaces the secret that signs an endpoint's calls.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn renew_endpoint(
        &self,
        scope: &TenantScope,
        id: &str,
        secret: &Secret,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let row = sqlx::query(SELECT_SECRET)
            .bind(scope.filter())
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(|| Error::missing("webhook", id))?;
        let tenant: Option<&str> = row.try_get("tenant")?;
        let sealed = self.key().seal(place(tenant, id).row(), secret.expose());
        let renewed = sqlx::query(RENEW)
            .bind(scope.filter())
            .bind(id)
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
        found(renewed.rows_affected(), id)?;
        Ok(tx.commit().await?)
    }

    /// Removes an endpoint and what still waits to be sent to it; its delivery log stays.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn remove_endpoint(
        &self,
        scope: &TenantScope,
        id: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let deleted = sqlx::query(DELETE)
            .bind(scope.filter())
            .bind(id)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        found(deleted.rows_affected(), id)?;
        sqlx::query(WITHDRAW).bind(id).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

/// Puts what just happened into the outbox, for the endpoints that want to be told, in the transaction in which it happened.
pub(crate) async fn tell(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    event: &str,
    seq: u64,
    about: Option<&str>,
    at_ms: i64,
) -> Result<(), Error> {
    sqlx::query(TELL)
        .bind(tenant.as_str())
        .bind(event)
        .bind(int(seq))
        .bind(at_ms)
        .bind(about)
        .execute(tx)
        .await?;
    Ok(())
}

fn found(rows: u64, id: &str) -> Result<(), Error> {
    if rows == 0 {
        return Err(Error::missing("webhook", id));
    }
    Ok(())
}

fn endpoint(row: &SqliteRow) -> Result<Endpoint, Error> {
    let id: String = row.try_get("id")?;
    let (tenant, events): (Option<String>, &str) = (row.try_get("tenant")?, row.try_get("events")?);
    Ok(Endpoint {
        tenant: tenant.map(TenantId::new),
        url: row.try_get("url")?,
        events: serde_json::from_str(events)
            .map_err(|error| Error::unreadable("webhook", id.as_str(), error))?,
        enabled: row.try_get("enabled")?,
        by: row.try_get("by")?,
        created_at: time("webhook", &id, row.try_get("created_ms")?)?,
        id,
    })
}

struct Place<'a> {
    tenant: &'a str,
    name: String,
}

fn place<'a>(tenant: Option<&'a str>, id: &str) -> Place<'a> {
    Place {
        tenant: tenant.unwrap_or_default(),
        name: format!("webhook {id}"),
    }
}

impl Place<'_> {
    fn row(&self) -> Row<'_> {
        Row {
            tenant: self.tenant,
            name: &self.name,
        }
    }
}
