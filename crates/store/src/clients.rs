//! API clients, and the answers kept so that a call made twice is carried out once.

use domain::ClientId;
use domain::access::Grant;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::Error;
use crate::error::is_duplicate;
use crate::open::Store;
use crate::operators::{Holder, read_grants, write_grants};
use crate::seal::{Row, Secret, token_hash};
use crate::sql::statements;
use crate::tenants::time;

/// A client is written to at most so often for being used, in milliseconds.
const TOUCH_MS: i64 = 60_000;
/// How long the answer to a call is kept, in milliseconds: 24 hours.
const KEPT_MS: i64 = 86_400_000;

statements! {
    INSERT = "INSERT INTO clients (id, name, token, by, created_ms, folded) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    SELECT_BY_TOKEN = "SELECT id, name, by, created_ms, used_ms, revoked_ms, revoked_by FROM clients
        WHERE token = ?1 AND revoked_ms IS NULL";
    SELECT_ALL = "SELECT id, name, by, created_ms, used_ms, revoked_ms, revoked_by FROM clients ORDER BY created_ms DESC, id";
    SELECT_MAKER = "SELECT by FROM clients WHERE folded = ?1";
    TOUCH = "UPDATE clients SET used_ms = ?2 WHERE id = ?1";
    REVOKE = "UPDATE clients SET revoked_ms = ?2, revoked_by = ?3 WHERE id = ?1 AND revoked_ms IS NULL";
    FORGET_KEYS = "DELETE FROM idempotency_keys WHERE at_ms <= ?1";
    INSERT_KEY = "INSERT INTO idempotency_keys (caller, key, request, at_ms) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (caller, key) DO NOTHING";
    SELECT_KEY = "SELECT request, status, body FROM idempotency_keys WHERE caller = ?1 AND key = ?2";
    ANSWER_KEY = "UPDATE idempotency_keys SET status = ?3, body = ?4 WHERE caller = ?1 AND key = ?2 AND status IS NULL";
    DROP_KEY = "DELETE FROM idempotency_keys WHERE caller = ?1 AND key = ?2 AND status IS NULL";
}

/// An API client to be added.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// The id.
    pub id: ClientId,
    /// What people call it.
    pub name: String,
    /// What it shows to be let in; only its hash is kept.
    pub token: Secret,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Who adds it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// An API client as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The id.
    pub id: ClientId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// Who added it.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// When and by whom it was revoked.
    pub revoked: Option<(Timestamp, String)>,
}

/// What is known of a call with a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// It is the first one: carry it out, then keep the answer.
    First,
    /// The first one is still being carried out, or was cut off.
    UnderWay,
    /// It was answered.
    Answered {
        /// The status of the answer.
        status: u16,
        /// Its body.
        body: Secret,
    },
    /// The key was used for another call.
    Other,
}

/// A name as it is held against others: without case, and with single spaces.
fn folded(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

impl Store {
    /// Who made the API client of this name, by address; also of a revoked one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn maker_of_client(&self, name: &str) -> Result<Option<String>, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_MAKER)
            .bind(folded(name))
            .fetch_optional(&mut *connection)
            .await?;
        Ok(match row {
            Some(row) => Some(row.try_get("by")?),
            None => None,
        })
    }

    /// Adds an API client with what it may do. Decisions are kept under its name: no two have the same, whatever the case.
    ///
    /// # Errors
    /// [`Error::Exists`] for a name that is or was a client's, [`Error::Missing`] for a tenant, and store errors.
    pub async fn add_client(&self, new: &NewClient) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let inserted = sqlx::query(INSERT)
            .bind(new.id.as_str())
            .bind(new.name.trim())
            .bind(token_hash(&new.token).as_slice())
            .bind(&new.by)
            .bind(new.at.as_millisecond())
            .bind(folded(&new.name))
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Err(Error::Exists {
                what: "API client",
                id: new.name.trim().to_owned(),
            });
        }
        inserted?;
        let holder = Holder::Client(&new.id);
        write_grants(&mut tx, &holder, &new.grants, &new.by, new.at).await?;
        Ok(tx.commit().await?)
    }

    /// All API clients, also those revoked, the newest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn clients(&self) -> Result<Vec<Client>, Error> {
        let mut tx = self.snapshot().await?;
        let rows = sqlx::query(SELECT_ALL).fetch_all(&mut *tx).await?;
        let mut clients = Vec::with_capacity(rows.len());
        for row in rows {
            clients.push(client(&mut tx, &row).await?);
        }
        Ok(clients)
    }

    /// The API client of this token, unless it was revoked; that it was used is noted, at most once a minute.
    ///
    /// # Errors
    /// Store errors.
    pub async fn client(&self, token: &Secret, at: Timestamp) -> Result<Option<Client>, Error> {
        let found = {
            let mut tx = self.snapshot().await?;
            let row = sqlx::query(SELECT_BY_TOKEN)
                .bind(token_hash(token).as_slice())
                .fetch_optional(&mut *tx)
                .await?;
            match row {
                Some(row) => client(&mut tx, &row).await?,
                None => return Ok(None),
            }
        };
        let at_ms = at.as_millisecond();
        let fresh = |used: Timestamp| at_ms - used.as_millisecond() < TOUCH_MS;
        if !found.used_at.is_some_and(fresh) {
            let mut tx = self.write().await?;
            sqlx::query(TOUCH)
                .bind(found.id.as_str())
                .bind(at_ms)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        Ok(Some(found))
    }

    /// Revokes an API client for good.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is none that is not revoked, and store errors.
    pub async fn revoke_client(&self, id: &ClientId, by: &str, at: Timestamp) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let revoked = sqlx::query(REVOKE)
            .bind(id.as_str())
            .bind(at.as_millisecond())
            .bind(by)
            .execute(&mut *tx)
            .await?;
        if revoked.rows_affected() == 0 {
            return Err(Error::missing("API client", id.as_str()));
        }
        Ok(tx.commit().await?)
    }

    /// Takes a caller's idempotency key for a call, or says what became of the call that took it. `request` is a digest over
    /// the whole call. Keys older than 24 hours are forgotten.
    ///
    /// # Errors
    /// [`Error::Unsealable`] and store errors.
    pub async fn begin_call(
        &self,
        caller: &str,
        key: &str,
        request: &str,
        at: Timestamp,
    ) -> Result<Repeated, Error> {
        let at_ms = at.as_millisecond();
        let mut tx = self.write().await?;
        sqlx::query(FORGET_KEYS)
            .bind(at_ms - KEPT_MS)
            .execute(&mut *tx)
            .await?;
        let inserted = sqlx::query(INSERT_KEY)
            .bind(caller)
            .bind(key)
            .bind(request)
            .bind(at_ms)
            .execute(&mut *tx)
            .await?;
        if inserted.rows_affected() > 0 {
            tx.commit().await?;
            return Ok(Repeated::First);
        }
        let row = sqlx::query(SELECT_KEY)
            .bind(caller)
            .bind(key)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        let (first, status): (&str, Option<u16>) =
            (row.try_get("request")?, row.try_get("status")?);
        match status {
            _ if first != request => Ok(Repeated::Other),
            None => Ok(Repeated::UnderWay),
            Some(status) => Ok(Repeated::Answered {
                status,
                body: self
                    .key()
                    .open(place(caller, key).row(), row.try_get("body")?)?,
            }),
        }
    }

    /// Keeps the answer to a call, sealed.
    ///
    /// # Errors
    /// Store errors.
    pub async fn answer_call(
        &self,
        caller: &str,
        key: &str,
        status: u16,
        body: &Secret,
    ) -> Result<(), Error> {
        let sealed = self.key().seal(place(caller, key).row(), body.expose());
        let mut tx = self.write().await?;
        sqlx::query(ANSWER_KEY)
            .bind(caller)
            .bind(key)
            .bind(status)
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Gives a key back because nothing was done, so that the call can be made again.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drop_call(&self, caller: &str, key: &str) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(DROP_KEY)
            .bind(caller)
            .bind(key)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn client(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<Client, Error> {
    let id: String = row.try_get("id")?;
    let moment = |ms: Option<i64>| ms.map(|ms| time("API client", &id, ms)).transpose();
    let created_at = time("API client", &id, row.try_get("created_ms")?)?;
    let (used_at, revoked_at) = (
        moment(row.try_get("used_ms")?)?,
        moment(row.try_get("revoked_ms")?)?,
    );
    let revoked_by: Option<String> = row.try_get("revoked_by")?;
    let id = ClientId::new(id);
    Ok(Client {
        grants: read_grants(connection, &Holder::Client(&id)).await?,
        id,
        name: row.try_get("name")?,
        by: row.try_get("by")?,
        created_at,
        used_at,
        revoked: revoked_at.zip(revoked_by),
    })
}

struct Place(String);

fn place(caller: &str, key: &str) -> Place {
    Place(format!("answer {} {caller} {key}", caller.len()))
}

impl Place {
    fn row(&self) -> Row<'_> {
        Row {
            tenant: "",
            name: &self.0,
        }
    }
}
