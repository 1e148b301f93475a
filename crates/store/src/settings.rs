//! The provider's own settings, each with who changed it last, and the log of sign-ins.

use domain::OperatorId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::Error;
use crate::open::Store;
use crate::sql::statements;
use crate::tenants::time;

statements! {
    UPSERT = "INSERT INTO settings (key, value, by, at_ms) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, by = excluded.by, at_ms = excluded.at_ms";
    SELECT = "SELECT key, value, by, at_ms FROM settings WHERE key = ?1";
    SELECT_ALL = "SELECT key, value, by, at_ms FROM settings ORDER BY key";
    INSERT_SIGN_IN = "INSERT INTO sign_ins (at_ms, operator, email, method, outcome, network) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    SELECT_SIGN_INS = "SELECT id, at_ms, operator, email, method, outcome, network FROM sign_ins
        WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    SELECT_OWN_SIGN_INS = "SELECT id, at_ms, operator, email, method, outcome, network FROM sign_ins
        WHERE operator = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2";
}

/// One of the provider's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Which.
    pub key: String,
    /// What it is set to.
    pub value: String,
    /// Who changed it last.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Somebody came in, or tried to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// When.
    pub at: Timestamp,
    /// Who, where that is known.
    pub operator: Option<OperatorId>,
    /// The address that was given.
    pub email: Option<String>,
    /// How: `oidc`, `local`, `set-up`, `api`.
    pub method: String,
    /// What became of it: `in`, or why not.
    pub outcome: String,
    /// The network address.
    pub network: String,
}

impl Store {
    /// Sets one of the provider's settings.
    ///
    /// # Errors
    /// Store errors.
    pub async fn put_setting(
        &self,
        key: &str,
        value: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(UPSERT)
            .bind(key)
            .bind(value)
            .bind(by)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// One of the provider's settings, if it was ever set.
    ///
    /// # Errors
    /// Store errors.
    pub async fn setting(&self, key: &str) -> Result<Option<Setting>, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT)
            .bind(key)
            .fetch_optional(&mut *connection)
            .await?;
        row.as_ref().map(setting).transpose()
    }

    /// All of the provider's settings that were ever set.
    ///
    /// # Errors
    /// Store errors.
    pub async fn settings(&self) -> Result<Vec<Setting>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL).fetch_all(&mut *connection).await?;
        rows.iter().map(setting).collect()
    }

    /// Notes that somebody came in, or tried to.
    ///
    /// # Errors
    /// Store errors.
    pub async fn record_sign_in(&self, entry: &SignIn) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(INSERT_SIGN_IN)
            .bind(entry.at.as_millisecond())
            .bind(entry.operator.as_ref().map(OperatorId::as_str))
            .bind(entry.email.as_deref())
            .bind(&entry.method)
            .bind(&entry.outcome)
            .bind(&entry.network)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The log of sign-ins, the newest first, each with its number: at most so many before this number; one operator's alone
    /// where one is named.
    ///
    /// # Errors
    /// Store errors.
    pub async fn sign_ins(
        &self,
        operator: Option<&OperatorId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, SignIn)>, Error> {
        let statement = match operator {
            Some(_) => SELECT_OWN_SIGN_INS,
            None => SELECT_SIGN_INS,
        };
        let mut connection = self.read().await?;
        let mut query = sqlx::query(statement)
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit);
        if let Some(operator) = operator {
            query = query.bind(operator.as_str());
        }
        let rows = query.fetch_all(&mut *connection).await?;
        rows.iter().map(sign_in).collect()
    }
}

fn setting(row: &SqliteRow) -> Result<Setting, Error> {
    let key: String = row.try_get("key")?;
    Ok(Setting {
        at: time("setting", &key, row.try_get("at_ms")?)?,
        key,
        value: row.try_get("value")?,
        by: row.try_get("by")?,
    })
}

fn sign_in(row: &SqliteRow) -> Result<(i64, SignIn), Error> {
    let id: i64 = row.try_get("id")?;
    let operator: Option<String> = row.try_get("operator")?;
    let entry = SignIn {
        at: time("sign-in", &id.to_string(), row.try_get("at_ms")?)?,
        operator: operator.map(OperatorId::new),
        email: row.try_get("email")?,
        method: row.try_get("method")?,
        outcome: row.try_get("outcome")?,
        network: row.try_get("network")?,
    };
    Ok((id, entry))
}
