//! Tenants: who they are in Microsoft's cloud, and the sealed credential we reach them with.

use domain::TenantId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::is_duplicate;
use crate::ledger::append;
use crate::open::Store;
use crate::rows::On;
use crate::seal::{Row, Secret};
use crate::sql::{of_scope, statements};
use crate::{Error, TenantScope};

const CREDENTIAL: &str = "credential";
const NAME_MAX: usize = 64;

statements! {
    INSERT = "INSERT INTO tenants (name, directory, cloud, client, credential_kind, credential, created_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    SELECT_ALL = concat!("SELECT name, directory, cloud, client, credential_kind, hex(substr(credential, 1, 16)) AS seal, created_ms FROM tenants
        WHERE ", of_scope!("name"), " ORDER BY name");
    SELECT_CREDENTIAL = concat!("SELECT credential_kind, credential FROM tenants
        WHERE ", of_scope!("name"), " AND name = ?2");
    UPDATE_CREDENTIAL = concat!("UPDATE tenants SET credential_kind = ?3, credential = ?4, client = ?5
        WHERE ", of_scope!("name"), " AND name = ?2");
    SELECT_BY_DIRECTORY = "SELECT name FROM tenants WHERE cloud = ?1 AND directory = ?2";
}

/// What we show the cloud to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A client secret.
    Secret(Secret),
    /// A certificate and its private key, both PEM.
    Certificate {
        /// The certificate.
        certificate: Secret,
        /// The private key.
        key: Secret,
    },
}

impl Credential {
    /// `secret` or `certificate`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Secret(_) => "secret",
            Self::Certificate { .. } => "certificate",
        }
    }

    fn pack(&self) -> Secret {
        match self {
            Self::Secret(secret) => secret.clone(),
            Self::Certificate { certificate, key } => {
                let mut bytes = (certificate.expose().len() as u64).to_be_bytes().to_vec();
                bytes.extend_from_slice(certificate.expose());
                bytes.extend_from_slice(key.expose());
                Secret::new(bytes)
            }
        }
    }

    fn unpack(kind: &str, packed: &Secret) -> Option<Self> {
        match kind {
            "secret" => Some(Self::Secret(packed.clone())),
            "certificate" => {
                let (length, rest) = packed.expose().split_first_chunk::<8>()?;
                let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
                let (certificate, key) = rest.split_at_checked(length)?;
                Some(Self::Certificate {
                    certificate: Secret::new(certificate),
                    key: Secret::new(key),
                })
            }
            _ => None,
        }
    }
}

/// A tenant to be added.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The name the provider gives it.
    pub name: TenantId,
    /// The directory id, a GUID.
    pub directory: String,
    /// The cloud it lives in, as named in the configuration.
    pub cloud: String,
    /// The client id of our application there.
    pub client: String,
    /// The credential.
    pub credential: Credential,
    /// When it is added.
    pub at: Timestamp,
}

/// A tenant as kept, without its credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// The name the provider gave it.
    pub name: TenantId,
    /// The directory id.
    pub directory: String,
    /// The cloud it lives in.
    pub cloud: String,
    /// The client id of our application there.
    pub client: String,
    /// `secret` or `certificate`.
    pub credential: String,
    /// Another one after each renewal of the credential: tells whether a connection still uses what is kept. Says nothing about it.
    pub seal: String,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Store {
    /// Adds a tenant, and begins its ledger.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Exists`], [`Error::SameDirectory`] and store errors.
    pub async fn add_tenant(&self, scope: &TenantScope, new: &NewTenant) -> Result<(), Error> {
        scope.admit(&new.name)?;
        check_name(new.name.as_str())?;
        let name = new.name.as_str();
        let directory = new.directory.to_ascii_lowercase();
        let at_ms = new.at.as_millisecond();
        let row = Row {
            tenant: name,
            name: CREDENTIAL,
        };
        let sealed = self.key().seal(row, new.credential.pack().expose());
        let mut tx = self.write().await?;
        let same = sqlx::query(SELECT_BY_DIRECTORY)
            .bind(&new.cloud)
            .bind(&directory)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = same {
            let other: String = row.try_get("name")?;
            return Err(if other == name {
                Error::Exists {
                    what: "tenant",
                    id: other,
                }
            } else {
                Error::SameDirectory(TenantId::new(other))
            });
        }
        let inserted = sqlx::query(INSERT)
            .bind(name)
            .bind(&directory)
            .bind(&new.cloud)
            .bind(&new.client)
            .bind(new.credential.kind())
            .bind(sealed)
            .bind(at_ms)
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Err(Error::Exists {
                what: "tenant",
                id: name.to_owned(),
            });
        }
        inserted?;
        let payload = json!({
            "client": new.client,
            "cloud": new.cloud,
            "credential": new.credential.kind(),
            "directory": directory,
        });
        append(
            &mut tx,
            &new.name,
            "tenant-added",
            On::Nobody,
            &payload.to_string(),
            at_ms,
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// The tenants in scope, by name.
    ///
    /// # Errors
    /// Store errors.
    pub async fn tenants(&self, scope: &TenantScope) -> Result<Vec<Tenant>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(tenant).collect()
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn tenant(&self, scope: &TenantScope, name: &TenantId) -> Result<Tenant, Error> {
        let all = self.tenants(scope).await?;
        all.into_iter()
            .find(|tenant| &tenant.name == name)
            .ok_or_else(|| Error::missing("tenant", name.as_str()))
    }

    /// A tenant's credential, opened.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Unsealable`] and store errors.
    pub async fn credential(
        &self,
        scope: &TenantScope,
        name: &TenantId,
    ) -> Result<Credential, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_CREDENTIAL)
            .bind(scope.filter())
            .bind(name.as_str())
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("tenant", name.as_str()))?;
        let sealed: &[u8] = row.try_get("credential")?;
        let place = Row {
            tenant: name.as_str(),
            name: CREDENTIAL,
        };
        let packed = self.key().open(place, sealed)?;
        Credential::unpack(row.try_get("credential_kind")?, &packed)
            .ok_or_else(|| Error::Unsealable(format!("credential of tenant {name}")))
    }

    /// Replaces a tenant's credential, with the client id it belongs to.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn set_credential(
        &self,
        scope: &TenantScope,
        name: &TenantId,
        client: &str,
        credential: &Credential,
        at: Timestamp,
    ) -> Result<(), Error> {
        let place = Row {
            tenant: name.as_str(),
            name: CREDENTIAL,
        };
        let sealed = self.key().seal(place, credential.pack().expose());
        let mut tx = self.write().await?;
        let changed = sqlx::query(UPDATE_CREDENTIAL)
            .bind(scope.filter())
            .bind(name.as_str())
            .bind(credential.kind())
            .bind(sealed)
            .bind(client)
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(Error::missing("tenant", name.as_str()));
        }
        let payload = json!({ "client": client, "credential": credential.kind() });
        let at_ms = at.as_millisecond();
        append(
            &mut tx,
            name,
            "credential-replaced",
            On::Nobody,
            &payload.to_string(),
            at_ms,
        )
        .await?;
        Ok(tx.commit().await?)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let fine = name.len() <= NAME_MAX
        && name.chars().next().is_some_and(char::is_alphanumeric)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || " ._-".contains(c));
    if fine {
        Ok(())
    } else {
        Err(Error::BadName(name.to_owned()))
    }
}

fn tenant(row: &SqliteRow) -> Result<Tenant, Error> {
    let name: String = row.try_get("name")?;
    Ok(Tenant {
        created_at: time("tenant", &name, row.try_get("created_ms")?)?,
        name: TenantId::new(name),
        directory: row.try_get("directory")?,
        cloud: row.try_get("cloud")?,
        client: row.try_get("client")?,
        credential: row.try_get("credential_kind")?,
        seal: row.try_get("seal")?,
    })
}

/// A stored time.
pub(crate) fn time(what: &'static str, id: &str, ms: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(ms).map_err(|error| Error::unreadable(what, id, error))
}
