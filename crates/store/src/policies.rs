//! Policies: every version of a tenant's policy, with who wrote it and when.

use domain::TenantId;
use domain::plan::Digest;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::ledger::append_json;
use crate::open::Store;
use crate::rows::On;
use crate::sql::{count, int, of_scope, statements};
use crate::tenants::time;
use crate::{Error, TenantScope};

statements! {
    INSERT = "INSERT INTO policies (tenant, version, text, digest, by, at_ms, comment) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    SELECT_ALL = concat!("SELECT tenant, version, text, digest, by, at_ms, comment FROM policies
        WHERE ", of_scope!("tenant"), " AND tenant = ?2 ORDER BY version DESC");
    SELECT_LATEST = concat!("SELECT tenant, version, text, digest, by, at_ms, comment FROM policies
        WHERE ", of_scope!("tenant"), " AND tenant = ?2 ORDER BY version DESC LIMIT 1");
    SELECT_BY_DIGEST = concat!("SELECT tenant, version, text, digest, by, at_ms, comment FROM policies
        WHERE ", of_scope!("tenant"), " AND tenant = ?2 AND digest = ?3 ORDER BY version DESC LIMIT 1");
}

/// One version of a tenant's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    /// The tenant.
    pub tenant: TenantId,
    /// Counted from 1.
    pub version: u64,
    /// The TOML text, as written.
    pub text: String,
    /// SHA-256 over the text.
    pub digest: Digest,
    /// Who applied it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in the words of whoever applied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A policy to be applied.
#[derive(Clone, Copy, Debug)]
pub struct NewPolicy<'a> {
    /// The TOML text.
    pub text: &'a str,
    /// Who applies it.
    pub by: &'a str,
    /// Why.
    pub comment: Option<&'a str>,
    /// The version that was read before this text was written, 0 for none: another one in force by now is somebody else's work.
    pub base: Option<u64>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Applies a policy: the text becomes the newest version, unless it is the newest already.
    ///
    /// # Errors
    /// [`Error::Missing`] without such a tenant, and store errors.
    pub async fn apply_policy(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        text: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<PolicyVersion, Error> {
        let new = NewPolicy {
            text,
            by,
            comment: None,
            base: None,
            at,
        };
        self.change_policy(scope, tenant, &new).await
    }

    /// As [`Store::apply_policy`], with why, and only over the version that was read.
    ///
    /// # Errors
    /// [`Error::OtherPolicy`] when another version is in force by now, [`Error::Missing`] without such a tenant, and store errors.
    pub async fn change_policy(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        new: &NewPolicy<'_>,
    ) -> Result<PolicyVersion, Error> {
        let NewPolicy { text, by, at, .. } = *new;
        self.tenant(scope, tenant).await?;
        let mut tx = self.write().await?;
        let latest = sqlx::query(SELECT_LATEST)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_optional(&mut *tx)
            .await?
            .map(|row| policy(&row))
            .transpose()?;
        let in_force = latest.as_ref().map_or(0, |latest| latest.version);
        if let Some(base) = new.base.filter(|base| *base != in_force) {
            let by = latest.map(|latest| latest.by).unwrap_or_default();
            return Err(Error::OtherPolicy {
                tenant: tenant.clone(),
                base,
                in_force,
                by,
            });
        }
        if let Some(same) = latest.as_ref().filter(|latest| latest.text == text) {
            return Ok(same.clone());
        }
        let next = PolicyVersion {
            tenant: tenant.clone(),
            version: latest.map_or(1, |latest| latest.version + 1),
            text: text.to_owned(),
            digest: Digest::of(text.as_bytes()),
            by: by.to_owned(),
            at,
            comment: new.comment.map(str::to_owned),
        };
        sqlx::query(INSERT)
            .bind(tenant.as_str())
            .bind(int(next.version))
            .bind(text)
            .bind(next.digest.as_str())
            .bind(by)
            .bind(at.as_millisecond())
            .bind(new.comment)
            .execute(&mut *tx)
            .await?;
        append_json(
            &mut tx,
            tenant,
            "policy",
            On::Nobody,
            &next,
            at.as_millisecond(),
        )
        .await?;
        tx.commit().await?;
        Ok(next)
    }

    /// The newest version.
    ///
    /// # Errors
    /// [`Error::Missing`] when the tenant has no policy, and store errors.
    pub async fn policy(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
    ) -> Result<PolicyVersion, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_LATEST)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("policy of tenant", tenant.as_str()))?;
        policy(&row)
    }

    /// The version with this digest: the one a plan was made under.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn policy_of(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        digest: &str,
    ) -> Result<PolicyVersion, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_BY_DIGEST)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(digest)
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("policy", digest))?;
        policy(&row)
    }

    /// All versions, the newest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn policies(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
    ) -> Result<Vec<PolicyVersion>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(policy).collect()
    }
}

fn policy(row: &SqliteRow) -> Result<PolicyVersion, Error> {
    let tenant: String = row.try_get("tenant")?;
    let digest: &str = row.try_get("digest")?;
    Ok(PolicyVersion {
        at: time("policy of tenant", &tenant, row.try_get("at_ms")?)?,
        tenant: TenantId::new(tenant),
        version: count(row.try_get("version")?),
        text: row.try_get("text")?,
        digest: Digest::from(digest),
        by: row.try_get("by")?,
        comment: row.try_get("comment")?,
    })
}
