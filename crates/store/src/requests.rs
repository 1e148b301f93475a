//! Requests with their raw evidence, and drafts of requests for which something must still be asked.

use domain::RequestId;
use domain::plan::{Plan, StoredPlan};
use domain::request::Request;
use jiff::Timestamp;
use serde_json::to_string;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::is_duplicate;
use crate::ledger::append;
use crate::open::Store;
use crate::rows::{self, On};
use crate::sql::{of_scope, seen, statements};
use crate::{Error, TenantScope, plans};

statements! {
    INSERT = "INSERT INTO requests (id, tenant, kind, body, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    AMEND = "UPDATE requests SET body = ?3 WHERE tenant = ?1 AND id = ?2 AND kind = ?4
        AND NOT EXISTS (SELECT 1 FROM plans JOIN runs ON runs.plan = plans.id AND runs.tenant = plans.tenant
            WHERE plans.tenant = ?1 AND plans.request = ?2)";
    SELECT = concat!("SELECT id, body FROM requests WHERE ", of_scope!("tenant"), " AND ", seen!("request_rows", "request_rows.id = requests.id AND draft = 0"), " AND id = ?2");
    SELECT_ALL = concat!("SELECT id, body FROM requests WHERE ", of_scope!("tenant"), " AND ", seen!("request_rows", "request_rows.id = requests.id AND draft = 0"), " ORDER BY at_ms DESC, id LIMIT ?2");
    SELECT_UNPLANNED = concat!("SELECT id, body FROM requests WHERE ", of_scope!("tenant"), " AND ", seen!("request_rows", "request_rows.id = requests.id AND draft = 0"), "
        AND NOT EXISTS (SELECT 1 FROM plans WHERE plans.request = requests.id) ORDER BY at_ms, id");
    UPSERT_DRAFT = "INSERT INTO drafts (id, tenant, body, at_ms) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET body = excluded.body, at_ms = excluded.at_ms WHERE tenant = excluded.tenant";
    SELECT_DRAFT = concat!("SELECT id, body FROM drafts WHERE ", of_scope!("tenant"), " AND ", seen!("request_rows", "request_rows.id = drafts.id AND draft = 1"), " AND id = ?2");
    SELECT_DRAFTS = concat!("SELECT id, body FROM drafts WHERE ", of_scope!("tenant"), " AND ", seen!("request_rows", "request_rows.id = drafts.id AND draft = 1"), " ORDER BY at_ms DESC, id");
    DELETE_DRAFT = concat!("DELETE FROM drafts WHERE ", of_scope!("tenant"), " AND ", seen!("request_rows", "request_rows.id = drafts.id AND draft = 1"), " AND id = ?2");
}

/// Keeps a request in a transaction; a draft of the same id is done with.
pub(crate) async fn keep(
    tx: &mut SqliteConnection,
    request: &Request,
    at: Timestamp,
) -> Result<(), Error> {
    let (body, at_ms) = (text(request), at.as_millisecond());
    let inserted = sqlx::query(INSERT)
        .bind(request.id.as_str())
        .bind(request.tenant.as_str())
        .bind(request.kind.word())
        .bind(&body)
        .bind(at_ms)
        .execute(&mut *tx)
        .await;
    if inserted.as_ref().is_err_and(is_duplicate) {
        let id = request.id.as_str().to_owned();
        return Err(Error::Exists {
            what: "request",
            id,
        });
    }
    inserted?;
    sqlx::query(DELETE_DRAFT)
        .bind(TenantScope::of(&request.tenant).filter())
        .bind(request.id.as_str())
        .execute(&mut *tx)
        .await?;
    rows::drop_draft(&mut *tx, request.tenant.as_str(), request.id.as_str()).await?;
    rows::request(&mut *tx, request, false, at_ms).await?;
    let on = On::Request(request.id.as_str());
    append(&mut *tx, &request.tenant, "request", on, &body, at_ms).await?;
    Ok(())
}

/// Who may see the request that a plan answers.
pub(crate) async fn named(tx: &mut SqliteConnection, plan: &Plan) -> Result<Vec<String>, Error> {
    let row = sqlx::query(SELECT)
        .bind(TenantScope::of(&plan.tenant).filter())
        .bind(plan.request.as_str())
        .fetch_optional(tx)
        .await?;
    let request = row.as_ref().map(request).transpose()?;
    Ok(request.map_or_else(Vec::new, |request| request.confidential))
}

impl Store {
    /// Keeps a request with its evidence; a draft of the same id is done with.
    ///
    /// # Errors
    /// [`Error::Exists`] and store errors.
    pub async fn add_request(
        &self,
        scope: &TenantScope,
        request: &Request,
        at: Timestamp,
    ) -> Result<(), Error> {
        scope.admit(&request.tenant)?;
        self.tenant(scope, &request.tenant).await?;
        let mut tx = self.write().await?;
        keep(&mut tx, request, at).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps a request with the plan that answers it: both, or neither.
    ///
    /// # Errors
    /// As [`Store::add_request`] and [`Store::add_plan`].
    pub async fn add_request_with_plan(
        &self,
        scope: &TenantScope,
        request: &Request,
        stored: &StoredPlan,
        at: Timestamp,
    ) -> Result<(), Error> {
        scope.admit(&request.tenant)?;
        self.tenant(scope, &request.tenant).await?;
        let mut tx = self.write().await?;
        keep(&mut tx, request, at).await?;
        plans::keep(&mut tx, stored).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps what was decided about a request otherwise than it was asked for, with the plan that follows from it. The record has both
    /// versions of the request; older plans for it are replaced.
    ///
    /// # Errors
    /// [`Error::Missing`] for a request that is not there, or that a run has begun for, and store errors.
    pub async fn amend_request_with_plan(
        &self,
        scope: &TenantScope,
        request: &Request,
        stored: &StoredPlan,
        at: Timestamp,
    ) -> Result<(), Error> {
        let before = self.request(scope, &request.id).await?;
        if before.tenant != request.tenant || stored.plan.request != request.id {
            return Err(Error::missing("request", request.id.as_str()));
        }
        let (body, at_ms) = (text(request), at.as_millisecond());
        let mut tx = self.write().await?;
        let amended = sqlx::query(AMEND)
            .bind(request.tenant.as_str())
            .bind(request.id.as_str())
            .bind(&body)
            .bind(request.kind.word())
            .execute(&mut *tx)
            .await?;
        if amended.rows_affected() == 0 {
            return Err(Error::missing("request", request.id.as_str()));
        }
        let on = On::Request(request.id.as_str());
        append(&mut tx, &request.tenant, "request", on, &body, at_ms).await?;
        plans::keep(&mut tx, stored).await?;
        Ok(tx.commit().await?)
    }

    /// One request.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn request(&self, scope: &TenantScope, id: &RequestId) -> Result<Request, Error> {
        self.one_request(SELECT, scope, id).await
    }

    /// The newest requests, at most so many.
    ///
    /// # Errors
    /// Store errors.
    pub async fn requests(&self, scope: &TenantScope, limit: u32) -> Result<Vec<Request>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL)
            .bind(scope.filter())
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(request).collect()
    }

    /// Requests that no plan was ever made for, oldest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn unplanned(&self, scope: &TenantScope) -> Result<Vec<Request>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_UNPLANNED)
            .bind(scope.filter())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(request).collect()
    }

    /// Keeps or replaces a draft: a request for which something must still be asked. Drafts are not in the ledger.
    ///
    /// # Errors
    /// Store errors.
    pub async fn put_draft(
        &self,
        scope: &TenantScope,
        draft: &Request,
        at: Timestamp,
    ) -> Result<(), Error> {
        scope.admit(&draft.tenant)?;
        self.tenant(scope, &draft.tenant).await?;
        let mut tx = self.write().await?;
        let kept = sqlx::query(UPSERT_DRAFT)
            .bind(draft.id.as_str())
            .bind(draft.tenant.as_str())
            .bind(text(draft))
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        if kept.rows_affected() == 0 {
            let id = draft.id.as_str().to_owned();
            return Err(Error::Exists { what: "draft", id });
        }
        rows::request(&mut tx, draft, true, at.as_millisecond()).await?;
        Ok(tx.commit().await?)
    }

    /// One draft.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn draft(&self, scope: &TenantScope, id: &RequestId) -> Result<Request, Error> {
        self.one_request(SELECT_DRAFT, scope, id).await
    }

    /// All drafts, the newest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drafts(&self, scope: &TenantScope) -> Result<Vec<Request>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_DRAFTS)
            .bind(scope.filter())
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(request).collect()
    }

    /// Drops a draft; says whether there was one.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drop_draft(&self, scope: &TenantScope, id: &RequestId) -> Result<bool, Error> {
        let draft = self.draft(scope, id).await.ok();
        let mut tx = self.write().await?;
        let dropped = sqlx::query(DELETE_DRAFT)
            .bind(scope.filter())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        if let Some(draft) = draft.filter(|_| dropped.rows_affected() > 0) {
            rows::drop_draft(&mut tx, draft.tenant.as_str(), id.as_str()).await?;
        }
        tx.commit().await?;
        Ok(dropped.rows_affected() > 0)
    }

    async fn one_request(
        &self,
        statement: &'static str,
        scope: &TenantScope,
        id: &RequestId,
    ) -> Result<Request, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(statement)
            .bind(scope.filter())
            .bind(id.as_str())
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("request", id.as_str()))?;
        request(&row)
    }
}

fn text(request: &Request) -> String {
    to_string(request).expect("a request consists of JSON values")
}

fn request(row: &SqliteRow) -> Result<Request, Error> {
    let body: &str = row.try_get("body")?;
    let id: &str = row.try_get("id")?;
    serde_json::from_str(body).map_err(|error| Error::unreadable("request", id, error))
}
