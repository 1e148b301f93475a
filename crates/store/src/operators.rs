//! Operators: the people who work with Tenure, what they may do, and how they are known when they come in.

use domain::access::{Grant, Role};
use domain::{ClientId, OperatorId, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::Error;
use crate::error::is_duplicate;
use crate::open::Store;
use crate::sql::statements;
use crate::tenants::time;

statements! {
    INSERT = "INSERT INTO operators (id, name, email, zone, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    SELECT = "SELECT id, name, email, zone, disabled, created_ms, password IS NOT NULL AS local FROM operators WHERE id = ?1";
    SELECT_BY_EMAIL = "SELECT id, name, email, zone, disabled, created_ms, password IS NOT NULL AS local FROM operators WHERE email = ?1";
    SELECT_ALL = "SELECT id, name, email, zone, disabled, created_ms, password IS NOT NULL AS local FROM operators ORDER BY email";
    SELECT_IDENTITY = "SELECT operator FROM identities WHERE issuer = ?1 AND subject = ?2";
    INSERT_IDENTITY = "INSERT INTO identities (issuer, subject, operator, at_ms) VALUES (?1, ?2, ?3, ?4)";
    SELECT_PASSWORD = "SELECT password FROM operators WHERE id = ?1";
    SELECT_GRANTS = "SELECT tenant, role FROM grants WHERE operator = ?1 OR client = ?2 ORDER BY tenant, role";
    DELETE_GRANTS = "DELETE FROM grants WHERE operator = ?1 OR client = ?2";
    SELECT_TENANT = "SELECT name FROM tenants WHERE name = ?1";
    INSERT_GRANT = "INSERT INTO grants (operator, client, tenant, role, by, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
}

/// An operator to be added; what they may do is granted apart.
#[derive(Clone, Debug)]
pub struct NewOperator {
    /// The id.
    pub id: OperatorId,
    /// The name as people read it.
    pub name: String,
    /// The mail address; one operator to an address, in whatever case it is written.
    pub email: String,
    /// The time zone by its IANA name, where it is known.
    pub zone: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An operator as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// The id.
    pub id: OperatorId,
    /// The name as people read it.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// The time zone by its IANA name, where it is known.
    pub zone: Option<String>,
    /// Whether they may not come in any more.
    pub disabled: bool,
    /// Whether there is a local account with a password.
    pub local: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// What they may do.
    pub grants: Vec<Grant>,
}

/// Whose grants.
pub(crate) enum Holder<'a> {
    Operator(&'a OperatorId),
    Client(&'a ClientId),
}

impl Holder<'_> {
    fn pair(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Operator(id) => (Some(id.as_str()), None),
            Self::Client(id) => (None, Some(id.as_str())),
        }
    }
}

impl Store {
    /// Adds an operator.
    ///
    /// # Errors
    /// [`Error::Exists`] for an id or an address that is taken, and store errors.
    pub async fn add_operator(&self, new: &NewOperator) -> Result<(), Error> {
        let mut tx = self.write().await?;
        insert(&mut tx, new).await?;
        Ok(tx.commit().await?)
    }

    /// One operator.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn operator(&self, id: &OperatorId) -> Result<Operator, Error> {
        let mut tx = self.snapshot().await?;
        find(&mut tx, SELECT, id.as_str())
            .await?
            .ok_or_else(|| Error::missing("operator", id.as_str()))
    }

    /// The operator with this address, in whatever case it is written.
    ///
    /// # Errors
    /// Store errors.
    pub async fn operator_by_email(&self, email: &str) -> Result<Option<Operator>, Error> {
        let mut tx = self.snapshot().await?;
        find(&mut tx, SELECT_BY_EMAIL, email.trim()).await
    }

    /// All operators, by address.
    ///
    /// # Errors
    /// Store errors.
    pub async fn operators(&self) -> Result<Vec<Operator>, Error> {
        let mut tx = self.snapshot().await?;
        let rows = sqlx::query(SELECT_ALL).fetch_all(&mut *tx).await?;
        let mut operators = Vec::with_capacity(rows.len());
        for row in rows {
            operators.push(operator(&mut tx, &row).await?);
        }
        Ok(operators)
    }

    /// Makes a foreign identity an operator's; it stays so.
    ///
    /// # Errors
    /// [`Error::Exists`] when the identity is somebody's, and store errors.
    pub async fn add_identity(
        &self,
        issuer: &str,
        subject: &str,
        operator: &OperatorId,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let inserted = sqlx::query(INSERT_IDENTITY)
            .bind(issuer)
            .bind(subject)
            .bind(operator.as_str())
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            let id = format!("{subject} of {issuer}");
            return Err(Error::Exists {
                what: "identity",
                id,
            });
        }
        inserted?;
        Ok(tx.commit().await?)
    }

    /// The operator whose identity this is.
    ///
    /// # Errors
    /// Store errors.
    pub async fn operator_of_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Operator>, Error> {
        let mut tx = self.snapshot().await?;
        let row = sqlx::query(SELECT_IDENTITY)
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&mut *tx)
            .await?;
        match row {
            Some(row) => find(&mut tx, SELECT, row.try_get("operator")?).await,
            None => Ok(None),
        }
    }

    /// The hash of a local account's password, in PHC form.
    ///
    /// # Errors
    /// Store errors.
    pub async fn password_hash(&self, id: &OperatorId) -> Result<Option<String>, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_PASSWORD)
            .bind(id.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        Ok(match row {
            Some(row) => row.try_get("password")?,
            None => None,
        })
    }
}

/// Writes an operator who is not there yet.
pub(crate) async fn insert(tx: &mut SqliteConnection, new: &NewOperator) -> Result<(), Error> {
    let inserted = sqlx::query(INSERT)
        .bind(new.id.as_str())
        .bind(new.name.trim())
        .bind(new.email.trim())
        .bind(new.zone.as_deref())
        .bind(new.at.as_millisecond())
        .execute(tx)
        .await;
    match inserted {
        Err(error) if is_duplicate(&error) => Err(Error::Exists {
            what: "operator",
            id: new.email.trim().to_owned(),
        }),
        inserted => Ok(inserted.map(drop)?),
    }
}

/// Writes what somebody may do, in place of what they might before.
pub(crate) async fn write_grants(
    tx: &mut SqliteConnection,
    holder: &Holder<'_>,
    grants: &[Grant],
    by: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let (operator, client) = holder.pair();
    sqlx::query(DELETE_GRANTS)
        .bind(operator)
        .bind(client)
        .execute(&mut *tx)
        .await?;
    for grant in grants {
        if let Some(tenant) = &grant.tenant {
            let found = sqlx::query(SELECT_TENANT)
                .bind(tenant.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            found.ok_or_else(|| Error::missing("tenant", tenant.as_str()))?;
        }
        sqlx::query(INSERT_GRANT)
            .bind(operator)
            .bind(client)
            .bind(grant.tenant.as_ref().map(TenantId::as_str))
            .bind(grant.role.word())
            .bind(by)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// What somebody may do.
pub(crate) async fn read_grants(
    connection: &mut SqliteConnection,
    holder: &Holder<'_>,
) -> Result<Vec<Grant>, Error> {
    let (operator, client) = holder.pair();
    let rows = sqlx::query(SELECT_GRANTS)
        .bind(operator)
        .bind(client)
        .fetch_all(connection)
        .await?;
    let grant = |row: &SqliteRow| {
        let (tenant, word): (Option<String>, &str) = (row.try_get("tenant")?, row.try_get("role")?);
        let role =
            Role::parse(word).ok_or_else(|| Error::unreadable("role", word, "no such role"))?;
        Ok(Grant {
            tenant: tenant.map(TenantId::new),
            role,
        })
    };
    rows.iter().map(grant).collect()
}

async fn find(
    connection: &mut SqliteConnection,
    statement: &'static str,
    given: &str,
) -> Result<Option<Operator>, Error> {
    let row = sqlx::query(statement)
        .bind(given)
        .fetch_optional(&mut *connection)
        .await?;
    match row {
        Some(row) => Ok(Some(operator(connection, &row).await?)),
        None => Ok(None),
    }
}

async fn operator(connection: &mut SqliteConnection, row: &SqliteRow) -> Result<Operator, Error> {
    let id: String = row.try_get("id")?;
    let created_at = time("operator", &id, row.try_get("created_ms")?)?;
    let id = OperatorId::new(id);
    Ok(Operator {
        grants: read_grants(connection, &Holder::Operator(&id)).await?,
        created_at,
        id,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        zone: row.try_get("zone")?,
        disabled: row.try_get("disabled")?,
        local: row.try_get("local")?,
    })
}
