//! One-time links: a sealed payload behind a token, for so many views, and gone after the last of them.

use domain::TenantId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::is_duplicate;
use crate::open::Store;
use crate::seal::{Row, Secret, token_hash};
use crate::sql::{of_scope, statements};
use crate::tenants::time;
use crate::{Error, TenantScope};

statements! {
    INSERT = "INSERT INTO links (id, token, purpose, tenant, payload, views, expires_ms, passphrase, attempts, by, created_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    SELECT_BY_TOKEN = "SELECT id, purpose, tenant, payload IS NOT NULL AS full, views, expires_ms, passphrase, attempts, by,
            created_ms, opened_ms, opened_network, revoked_ms FROM links WHERE token = ?1";
    SELECT_ALL = concat!("SELECT id, purpose, tenant, payload IS NOT NULL AS full, views, expires_ms, passphrase, attempts, by,
            created_ms, opened_ms, opened_network, revoked_ms FROM links
        WHERE ", of_scope!("tenant"), " AND tenant = ?2 ORDER BY created_ms DESC, id LIMIT 200");
    SELECT_PAYLOAD = "SELECT payload FROM links WHERE token = ?1";
    TAKE_VIEW = "UPDATE links SET views = views - 1, opened_ms = ?2, opened_network = ?3
        WHERE token = ?1 AND payload IS NOT NULL AND views > 0 AND expires_ms > ?2 AND (passphrase IS NULL OR ?4)
        RETURNING id, purpose, tenant, views";
    ERASE = "UPDATE links SET payload = NULL WHERE token = ?1";
    TAKE_ATTEMPT = "UPDATE links SET attempts = attempts - 1
        WHERE token = ?1 AND payload IS NOT NULL AND expires_ms > ?2 AND passphrase IS NOT NULL AND attempts > 0
        RETURNING passphrase, attempts";
    ERASE_SPENT = "UPDATE links SET payload = NULL WHERE token = ?1 AND passphrase IS NOT NULL AND attempts = 0";
    REVOKE = "UPDATE links SET payload = NULL, revoked_ms = ?2 WHERE id = ?1 AND payload IS NOT NULL";
    EXPIRE = "UPDATE links SET payload = NULL WHERE payload IS NOT NULL AND expires_ms <= ?1";
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The first operator of a new provider, or a new operator.
    SetUp,
    /// A decision on a plan.
    Approve,
    /// A password, shown once.
    Password,
}

impl Purpose {
    /// The word used in data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::Approve => "approve",
            Self::Password => "password",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::SetUp, Self::Approve, Self::Password]
            .into_iter()
            .find(|purpose| purpose.word() == word)
    }
}

/// A passphrase that a link asks for.
#[derive(Clone, Debug)]
pub struct Passphrase {
    /// Its hash in PHC form; hashing and comparing are the caller's.
    pub hash: String,
    /// How many times it may be tried.
    pub attempts: u32,
}

/// A link to be made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// What it is called where it is listed.
    pub id: String,
    /// What opens it; only its hash is kept.
    pub token: Secret,
    /// What it is for.
    pub purpose: Purpose,
    /// The tenant it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// What is behind it.
    pub payload: Secret,
    /// How many times it may be opened.
    pub views: u32,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// The passphrase it asks for, if any.
    pub passphrase: Option<Passphrase>,
    /// Who made it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// It can be opened.
    Open,
    /// All its views are taken.
    Opened,
    /// Its time is over.
    Expired,
    /// The passphrase was tried too often.
    Locked,
    /// It was revoked.
    Revoked,
}

/// A link as it may be shown, without what is behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What it is called.
    pub id: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The tenant it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// Where it stands.
    pub state: LinkState,
    /// How many times it can still be opened.
    pub views_left: u32,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// How many times the passphrase can still be tried, where it asks for one.
    pub attempts_left: Option<u32>,
    /// Who made it.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
    /// When and from which network it was last opened.
    pub opened: Option<(Timestamp, String)>,
}

/// What was behind a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedLink {
    /// What the link is called.
    pub id: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The tenant it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// What was behind it.
    pub payload: Secret,
    /// How many times it can still be opened; at 0 the payload is erased.
    pub views_left: u32,
}

/// Whether the caller compared the passphrase, after [`Store::take_attempt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Nothing was compared: opens links that ask for no passphrase.
    Nothing,
    /// The passphrase was right.
    Passphrase,
}

impl Store {
    /// Makes a link.
    ///
    /// # Errors
    /// [`Error::Exists`] and store errors.
    pub async fn add_link(&self, new: &NewLink) -> Result<(), Error> {
        let tenant = new.tenant.as_ref().map(TenantId::as_str);
        let payload = self
            .key()
            .seal(place(tenant, &new.id).row(), new.payload.expose());
        let passphrase = new.passphrase.as_ref();
        let mut tx = self.write().await?;
        let inserted = sqlx::query(INSERT)
            .bind(&new.id)
            .bind(token_hash(&new.token).as_slice())
            .bind(new.purpose.word())
            .bind(tenant)
            .bind(payload)
            .bind(new.views)
            .bind(new.expires_at.as_millisecond())
            .bind(passphrase.map(|passphrase| passphrase.hash.as_str()))
            .bind(passphrase.map_or(0, |passphrase| passphrase.attempts))
            .bind(&new.by)
            .bind(new.at.as_millisecond())
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Err(Error::Exists {
                what: "link",
                id: new.id.clone(),
            });
        }
        inserted?;
        Ok(tx.commit().await?)
    }

    /// The link of this token as it stands, without what is behind it. Takes no view.
    ///
    /// # Errors
    /// Store errors.
    pub async fn peek_link(&self, token: &Secret, at: Timestamp) -> Result<Option<Link>, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_BY_TOKEN)
            .bind(token_hash(token).as_slice())
            .fetch_optional(&mut *connection)
            .await?;
        row.map(|row| link(&row, at)).transpose()
    }

    /// The newest links of a tenant.
    ///
    /// # Errors
    /// Store errors.
    pub async fn links(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<Vec<Link>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(|row| link(row, at)).collect()
    }

    /// Takes one of the tries of a link's passphrase, before it is compared: two who guess at once have two tries less. Returns
    /// the hash to compare with and how many tries are left; nothing when there is none to take. After a wrong one, call
    /// [`Store::missed`].
    ///
    /// # Errors
    /// Store errors.
    pub async fn take_attempt(
        &self,
        token: &Secret,
        at: Timestamp,
    ) -> Result<Option<(String, u32)>, Error> {
        let mut tx = self.write().await?;
        let row = sqlx::query(TAKE_ATTEMPT)
            .bind(token_hash(token).as_slice())
            .bind(at.as_millisecond())
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        row.map(|row| Ok((row.try_get("passphrase")?, row.try_get("attempts")?)))
            .transpose()
    }

    /// The passphrase was wrong: after the last try, what is behind the link is erased.
    ///
    /// # Errors
    /// Store errors.
    pub async fn missed(&self, token: &Secret) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(ERASE_SPENT)
            .bind(token_hash(token).as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.fold().await
    }

    /// Takes one view: of two who open the last one at once, one gets it. After the last view the payload is erased. Nothing
    /// when the link does not exist, has ended, or asks for a passphrase that was not compared.
    ///
    /// # Errors
    /// [`Error::Unsealable`] and store errors.
    pub async fn open_link(
        &self,
        token: &Secret,
        passed: Passed,
        network: &str,
        at: Timestamp,
    ) -> Result<Option<OpenedLink>, Error> {
        let hash = token_hash(token);
        let mut tx = self.write().await?;
        let taken = sqlx::query(TAKE_VIEW)
            .bind(hash.as_slice())
            .bind(at.as_millisecond())
            .bind(network)
            .bind(passed == Passed::Passphrase)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(taken) = taken else {
            return Ok(None);
        };
        let id: String = taken.try_get("id")?;
        let tenant: Option<String> = taken.try_get("tenant")?;
        let row = sqlx::query(SELECT_PAYLOAD)
            .bind(hash.as_slice())
            .fetch_one(&mut *tx)
            .await?;
        let payload = self
            .key()
            .open(place(tenant.as_deref(), &id).row(), row.try_get("payload")?)?;
        let views_left: u32 = taken.try_get("views")?;
        #[cfg(feature = "crash-points")]
        if engine::crash::planted(engine::crash::Plant::ViewInMemory) {
            static SEEN: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
            let mut seen = SEEN
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let first = !seen.contains(&id);
            seen.push(id.clone());
            return first
                .then(|| {
                    Ok(OpenedLink {
                        purpose: purpose(&id, taken.try_get("purpose")?)?,
                        id,
                        tenant: tenant.map(TenantId::new),
                        payload,
                        views_left,
                    })
                })
                .transpose();
        }
        if views_left == 0 {
            sqlx::query(ERASE)
                .bind(hash.as_slice())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        if views_left == 0 {
            self.fold().await?;
        }
        Ok(Some(OpenedLink {
            purpose: purpose(&id, taken.try_get("purpose")?)?,
            id,
            tenant: tenant.map(TenantId::new),
            payload,
            views_left,
        }))
    }

    /// Revokes a link and erases what is behind it; says whether there was anything left.
    ///
    /// # Errors
    /// Store errors.
    pub async fn revoke_link(&self, id: &str, at: Timestamp) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let revoked = sqlx::query(REVOKE)
            .bind(id)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.fold().await?;
        Ok(revoked.rows_affected() > 0)
    }

    /// Erases what is behind links whose time is over; says of how many.
    ///
    /// # Errors
    /// Store errors.
    pub async fn expire_links(&self, at: Timestamp) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let expired = sqlx::query(EXPIRE)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        tx.commit().await?;
        if expired > 0 {
            self.fold().await?;
        }
        Ok(expired)
    }
}

fn purpose(id: &str, word: &str) -> Result<Purpose, Error> {
    Purpose::parse(word).ok_or_else(|| Error::unreadable("link", id, "no such purpose"))
}

fn link(row: &SqliteRow, at: Timestamp) -> Result<Link, Error> {
    let id: String = row.try_get("id")?;
    let moment = |ms: i64| time("link", &id, ms);
    let (full, views_left): (bool, u32) = (row.try_get("full")?, row.try_get("views")?);
    let expires_at = moment(row.try_get("expires_ms")?)?;
    let asks: Option<&str> = row.try_get("passphrase")?;
    let attempts: u32 = row.try_get("attempts")?;
    let revoked: Option<i64> = row.try_get("revoked_ms")?;
    let state = match (full, asks) {
        _ if revoked.is_some() => LinkState::Revoked,
        _ if views_left == 0 => LinkState::Opened,
        _ if expires_at <= at => LinkState::Expired,
        (_, Some(_)) if attempts == 0 => LinkState::Locked,
        (true, _) => LinkState::Open,
        (false, _) => LinkState::Expired,
    };
    let opened_at: Option<i64> = row.try_get("opened_ms")?;
    let network: Option<String> = row.try_get("opened_network")?;
    let tenant: Option<String> = row.try_get("tenant")?;
    Ok(Link {
        purpose: purpose(&id, row.try_get("purpose")?)?,
        tenant: tenant.map(TenantId::new),
        state,
        views_left,
        expires_at,
        attempts_left: asks.map(|_| attempts),
        by: row.try_get("by")?,
        created_at: moment(row.try_get("created_ms")?)?,
        opened: opened_at.map(moment).transpose()?.zip(network),
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
        name: format!("link {id}"),
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
