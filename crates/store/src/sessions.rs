//! Sessions: who is signed in, from where and until when. The token itself is never kept.

use domain::OperatorId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::Error;
use crate::open::Store;
use crate::seal::{Row, Secret, token_hash};
use crate::sql::statements;
use crate::tenants::time;

/// A session is written to at most so often for being seen, in milliseconds.
const TOUCH_MS: i64 = 60_000;

statements! {
    INSERT = "INSERT INTO sessions (token, id, operator, csrf, created_ms, seen_ms, expires_ms, agent, network)
        VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)";
    SELECT = "SELECT sessions.id, sessions.operator, sessions.csrf, sessions.created_ms, sessions.seen_ms, sessions.expires_ms,
            sessions.agent, sessions.network
        FROM sessions JOIN operators ON operators.id = sessions.operator AND operators.disabled = 0
        WHERE sessions.token = ?1 AND sessions.expires_ms > ?2";
    TOUCH = "UPDATE sessions SET seen_ms = ?2, network = coalesce(nullif(?3, ''), network) WHERE token = ?1 AND seen_ms < ?2";
    SELECT_ALL = "SELECT id, operator, csrf, created_ms, seen_ms, expires_ms, agent, network FROM sessions
        WHERE operator = ?1 AND expires_ms > ?2 ORDER BY seen_ms DESC, id";
    DELETE = "DELETE FROM sessions WHERE operator = ?1 AND id = ?2";
    DELETE_OTHERS = "DELETE FROM sessions WHERE operator = ?1 AND id IS NOT ?2";
    DELETE_EXPIRED = "DELETE FROM sessions WHERE expires_ms <= ?1";
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What it is called where it is listed and revoked.
    pub id: String,
    /// What the browser holds.
    pub token: Secret,
    /// What forms have to bring along.
    pub csrf: Secret,
    /// Whose.
    pub operator: OperatorId,
    /// Now.
    pub at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// The browser, as it calls itself.
    pub agent: String,
    /// The network address it comes from.
    pub network: String,
}

/// A session as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    /// What it is called.
    pub id: String,
    /// Whose.
    pub operator: OperatorId,
    /// What forms have to bring along.
    #[serde(skip)]
    pub csrf: Secret,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends, whatever happens.
    pub expires_at: Timestamp,
    /// The browser, as it calls itself.
    pub agent: String,
    /// The network address it was last used from.
    pub network: String,
}

impl Store {
    /// Opens a session.
    ///
    /// # Errors
    /// Store errors.
    pub async fn open_session(&self, new: &NewSession) -> Result<(), Error> {
        let csrf = self.key().seal(place(&new.id).row(), new.csrf.expose());
        let mut tx = self.write().await?;
        sqlx::query(INSERT)
            .bind(token_hash(&new.token).as_slice())
            .bind(&new.id)
            .bind(new.operator.as_str())
            .bind(csrf)
            .bind(new.at.as_millisecond())
            .bind(new.expires_at.as_millisecond())
            .bind(&new.agent)
            .bind(&new.network)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The session of this token, if it has not ended and its operator is not disabled, as it was before this use; that it
    /// was seen is noted, at most once a minute.
    ///
    /// # Errors
    /// Store errors.
    pub async fn session(
        &self,
        token: &Secret,
        network: &str,
        at: Timestamp,
    ) -> Result<Option<Session>, Error> {
        let (hash, at_ms) = (token_hash(token), at.as_millisecond());
        let row = {
            let mut connection = self.read().await?;
            sqlx::query(SELECT)
                .bind(hash.as_slice())
                .bind(at_ms)
                .fetch_optional(&mut *connection)
                .await?
        };
        let Some(row) = row else {
            return Ok(None);
        };
        let found = self.opened(&row)?;
        if at_ms - found.seen_at.as_millisecond() >= TOUCH_MS {
            let mut tx = self.write().await?;
            sqlx::query(TOUCH)
                .bind(hash.as_slice())
                .bind(at_ms)
                .bind(network)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
        }
        Ok(Some(found))
    }

    /// An operator's sessions that have not ended, the last used first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn sessions(
        &self,
        operator: &OperatorId,
        at: Timestamp,
    ) -> Result<Vec<Session>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(operator.as_str())
            .bind(at.as_millisecond())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(|row| self.opened(row)).collect()
    }

    /// Ends one session of an operator; says whether there was one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn revoke_session(&self, operator: &OperatorId, id: &str) -> Result<bool, Error> {
        Ok(self.end(DELETE, operator, Some(id)).await? > 0)
    }

    /// Ends all sessions of an operator, but for this one where one is named; says how many.
    ///
    /// # Errors
    /// Store errors.
    pub async fn revoke_sessions(
        &self,
        operator: &OperatorId,
        but: Option<&str>,
    ) -> Result<u64, Error> {
        self.end(DELETE_OTHERS, operator, but).await
    }

    async fn end(
        &self,
        statement: &'static str,
        operator: &OperatorId,
        id: Option<&str>,
    ) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let deleted = sqlx::query(statement)
            .bind(operator.as_str())
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }

    /// Drops the sessions that have ended by themselves.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drop_ended_sessions(&self, at: Timestamp) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let deleted = sqlx::query(DELETE_EXPIRED)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(deleted.rows_affected())
    }

    fn opened(&self, row: &SqliteRow) -> Result<Session, Error> {
        let id: String = row.try_get("id")?;
        let moment = |column: &str| time("session", &id, row.try_get(column)?);
        Ok(Session {
            csrf: self.key().open(place(&id).row(), row.try_get("csrf")?)?,
            created_at: moment("created_ms")?,
            seen_at: moment("seen_ms")?,
            expires_at: moment("expires_ms")?,
            operator: OperatorId::new(row.try_get::<String, _>("operator")?),
            agent: row.try_get("agent")?,
            network: row.try_get("network")?,
            id,
        })
    }
}

struct Place(String);

fn place(id: &str) -> Place {
    Place(format!("form token of session {id}"))
}

impl Place {
    fn row(&self) -> Row<'_> {
        Row {
            tenant: "",
            name: &self.0,
        }
    }
}
