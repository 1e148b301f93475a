//! Changes to operators that keep the door open for an admin: checked and written in one transaction, each with who did it and when.

use domain::access::Grant;
use domain::{OperatorId, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::Error;
use crate::open::Store;
use crate::operators::{Holder, NewOperator, insert, read_grants, write_grants};
use crate::sql::statements;
use crate::tenants::time;

statements! {
    COUNT_ADMINS = "SELECT COUNT(*) AS many FROM operators WHERE disabled = 0
        AND EXISTS (SELECT 1 FROM grants WHERE grants.operator = operators.id AND grants.tenant IS NULL AND grants.role = 'admin')
        AND (password IS NOT NULL OR EXISTS (SELECT 1 FROM identities WHERE identities.operator = operators.id))";
    UPDATE_PASSWORD = "UPDATE operators SET password = ?2 WHERE id = ?1";
    UPDATE_ZONE = "UPDATE operators SET zone = ?2 WHERE id = ?1";
    UPDATE_DISABLED = "UPDATE operators SET disabled = ?2 WHERE id = ?1 AND disabled <> ?2";
    SELECT_ID = "SELECT id FROM operators WHERE id = ?1";
    END_SESSIONS = "DELETE FROM sessions WHERE operator = ?1";
    INSERT_CHANGE = "INSERT INTO operator_changes (operator, what, roles, by, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    SELECT_CHANGES = "SELECT what, roles, by, at_ms FROM operator_changes WHERE operator = ?1 ORDER BY id DESC LIMIT 200";
}

/// What was changed about an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// They were added.
    Added,
    /// What they may do was said anew.
    Roles,
    /// They may not come in any more.
    Disabled,
    /// They may come in again.
    Enabled,
}

impl Changed {
    const ALL: [Self; 4] = [Self::Added, Self::Roles, Self::Disabled, Self::Enabled];

    fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Roles => "roles",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
        }
    }
}

/// A change to an operator, as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorChange {
    /// What.
    pub what: Changed,
    /// What they might do afterwards.
    pub grants: Vec<Grant>,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Adds an operator with what they may do and, for a local account, the hash of a password. All of it, or nothing.
    ///
    /// # Errors
    /// [`Error::Exists`] for an id or an address that is taken, [`Error::Missing`] for a tenant that is not there, and store errors.
    pub async fn invite(
        &self,
        new: &NewOperator,
        password: Option<&str>,
        grants: &[Grant],
        by: &str,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        insert(&mut tx, new).await?;
        if password.is_some() {
            sqlx::query(UPDATE_PASSWORD)
                .bind(new.id.as_str())
                .bind(password)
                .execute(&mut *tx)
                .await?;
        }
        write_grants(&mut tx, &Holder::Operator(&new.id), grants, by, new.at).await?;
        note(&mut tx, &new.id, Changed::Added, by, new.at).await?;
        Ok(tx.commit().await?)
    }

    /// Says anew what an operator may do.
    ///
    /// # Errors
    /// [`Error::Missing`] for the operator or a tenant, [`Error::LastAdmin`], and store errors.
    pub async fn set_grants(
        &self,
        id: &OperatorId,
        grants: &[Grant],
        by: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let before = admins(&mut tx).await?;
        exists(&mut tx, id).await?;
        let holder = Holder::Operator(id);
        let held = read_grants(&mut tx, &holder).await?;
        write_grants(&mut tx, &holder, grants, by, at).await?;
        stays_open(&mut tx, before, id).await?;
        if read_grants(&mut tx, &holder).await? != held {
            note(&mut tx, id, Changed::Roles, by, at).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Keeps an operator out, or lets them in again. Whoever is kept out has no session any more.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::LastAdmin`], and store errors.
    pub async fn set_disabled(
        &self,
        id: &OperatorId,
        disabled: bool,
        by: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let before = admins(&mut tx).await?;
        exists(&mut tx, id).await?;
        let updated = sqlx::query(UPDATE_DISABLED)
            .bind(id.as_str())
            .bind(disabled)
            .execute(&mut *tx)
            .await?;
        stays_open(&mut tx, before, id).await?;
        if disabled {
            end_sessions(&mut tx, id).await?;
        }
        if updated.rows_affected() > 0 {
            let what = if disabled {
                Changed::Disabled
            } else {
                Changed::Enabled
            };
            note(&mut tx, id, what, by, at).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Sets or removes the hash of a local account's password. Sessions that were opened before end.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::LastAdmin`], and store errors.
    pub async fn set_password_hash(
        &self,
        id: &OperatorId,
        hash: Option<&str>,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let before = admins(&mut tx).await?;
        exists(&mut tx, id).await?;
        sqlx::query(UPDATE_PASSWORD)
            .bind(id.as_str())
            .bind(hash)
            .execute(&mut *tx)
            .await?;
        stays_open(&mut tx, before, id).await?;
        end_sessions(&mut tx, id).await?;
        Ok(tx.commit().await?)
    }

    /// Writes an operator's own time zone, and nothing else.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn set_zone(&self, id: &OperatorId, zone: Option<&str>) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let updated = sqlx::query(UPDATE_ZONE)
            .bind(id.as_str())
            .bind(zone)
            .execute(&mut *tx)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(Error::missing("operator", id.as_str()));
        }
        Ok(tx.commit().await?)
    }

    /// What was changed about an operator, the newest first; the last 200.
    ///
    /// # Errors
    /// Store errors.
    pub async fn operator_changes(&self, id: &OperatorId) -> Result<Vec<OperatorChange>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_CHANGES)
            .bind(id.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(|row| change(id, row)).collect()
    }
}

/// How many admins of all tenants can sign in, by what is known here: they are not kept out, and have a password or came by the
/// identity provider before.
async fn admins(tx: &mut SqliteConnection) -> Result<i64, Error> {
    let row = sqlx::query(COUNT_ADMINS).fetch_one(tx).await?;
    Ok(row.try_get("many")?)
}

/// Refuses a change after which no admin of all tenants could sign in, where one could before.
async fn stays_open(tx: &mut SqliteConnection, before: i64, id: &OperatorId) -> Result<(), Error> {
    if before > 0 && admins(tx).await? == 0 {
        return Err(Error::LastAdmin(id.clone()));
    }
    Ok(())
}

async fn exists(tx: &mut SqliteConnection, id: &OperatorId) -> Result<(), Error> {
    let row = sqlx::query(SELECT_ID)
        .bind(id.as_str())
        .fetch_optional(tx)
        .await?;
    row.map(drop)
        .ok_or_else(|| Error::missing("operator", id.as_str()))
}

async fn end_sessions(tx: &mut SqliteConnection, id: &OperatorId) -> Result<(), Error> {
    sqlx::query(END_SESSIONS)
        .bind(id.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// Keeps who changed what, with what the operator may do now.
async fn note(
    tx: &mut SqliteConnection,
    id: &OperatorId,
    what: Changed,
    by: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let held = read_grants(&mut *tx, &Holder::Operator(id)).await?;
    let pairs: Vec<(Option<&str>, &str)> = held
        .iter()
        .map(|grant| {
            let tenant = grant.tenant.as_ref().map(TenantId::as_str);
            (tenant, grant.role.word())
        })
        .collect();
    sqlx::query(INSERT_CHANGE)
        .bind(id.as_str())
        .bind(what.word())
        .bind(serde_json::json!(pairs).to_string())
        .bind(by)
        .bind(at.as_millisecond())
        .execute(tx)
        .await?;
    Ok(())
}

fn change(id: &OperatorId, row: &SqliteRow) -> Result<OperatorChange, Error> {
    let unreadable = |why: &str| Error::unreadable("change of operator", id.as_str(), why);
    let (word, roles): (String, String) = (row.try_get("what")?, row.try_get("roles")?);
    let what = Changed::ALL.into_iter().find(|what| what.word() == word);
    let pairs: Vec<(Option<TenantId>, String)> =
        serde_json::from_str(&roles).map_err(|error| unreadable(&error.to_string()))?;
    let grant = |(tenant, word): (Option<TenantId>, String)| {
        let role = domain::access::Role::parse(&word).ok_or_else(|| unreadable("no such role"))?;
        Ok::<_, Error>(Grant { tenant, role })
    };
    Ok(OperatorChange {
        what: what.ok_or_else(|| unreadable("no such change"))?,
        grants: pairs.into_iter().map(grant).collect::<Result<_, _>>()?,
        by: row.try_get("by")?,
        at: time("change of operator", id.as_str(), row.try_get("at_ms")?)?,
    })
}
