//! The outbox: webhooks, mails and cards that are to be sent, and the log of what became of them.

use domain::TenantId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::is_duplicate;
use crate::open::Store;
use crate::rows::Subject;
use crate::seal::{Row, Secret};
use crate::sql::{count, of_scope, sees, statements};
use crate::tenants::time;
use crate::{Error, TenantScope};

statements! {
    INSERT = "INSERT INTO deliveries (id, channel, tenant, endpoint, target, event, body, about, seen_by, created_ms, due_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    CLAIM = "UPDATE deliveries SET due_ms = ?3, attempts = attempts + 1
        WHERE id IN (SELECT id FROM deliveries WHERE channel = ?1 AND due_ms IS NOT NULL AND due_ms <= ?2
            AND (endpoint IS NULL OR EXISTS (SELECT 1 FROM endpoints WHERE endpoints.id = deliveries.endpoint AND enabled = 1))
            ORDER BY due_ms LIMIT ?4)
        RETURNING id, channel, tenant, endpoint, target, event, seq, body, created_ms, attempts";
    SELECT_PAYLOAD = "SELECT payload FROM ledger_payloads WHERE tenant = ?1 AND seq = ?2";
    DELIVERED = "UPDATE deliveries SET due_ms = NULL, delivered_ms = ?2, status = ?3, error = NULL
        WHERE id = ?1 AND attempts = ?4 AND delivered_ms IS NULL";
    ERASE_BODY = "UPDATE deliveries SET body = NULL WHERE id = ?1 AND channel <> 'webhook'";
    FAILED = "UPDATE deliveries SET due_ms = ?2, status = ?3, error = ?4 WHERE id = ?1 AND attempts = ?5 AND delivered_ms IS NULL";
    SELECT_OF_SCOPE = concat!("SELECT id, channel, tenant, endpoint, target, event, seq, created_ms, due_ms, attempts, delivered_ms, status, error
        FROM deliveries WHERE ", of_scope!("tenant"), " AND ", sees!("deliveries"),
        " AND (?2 IS NULL OR endpoint = ?2) AND (created_ms, id) < (?3, ?4) ORDER BY created_ms DESC, id DESC LIMIT ?5");
    SEND_AGAIN = concat!("UPDATE deliveries SET due_ms = ?3, delivered_ms = NULL WHERE ", of_scope!("tenant"), " AND ", sees!("deliveries"),
        " AND id = ?2 AND (body IS NOT NULL OR seq IS NOT NULL)
          AND (endpoint IS NULL OR EXISTS (SELECT 1 FROM endpoints WHERE endpoints.id = deliveries.endpoint AND deleted_ms IS NULL))");
}

/// By which way something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// A signed call to an endpoint.
    Webhook,
    /// A mail.
    Mail,
    /// A card in a chat.
    Card,
}

impl Channel {
    /// The word used in data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
            Self::Card => "card",
        }
    }

    fn parse(id: &str, word: &str) -> Result<Self, Error> {
        [Self::Webhook, Self::Mail, Self::Card]
            .into_iter()
            .find(|channel| channel.word() == word)
            .ok_or_else(|| Error::unreadable("delivery", id, "no such channel"))
    }
}

/// Something to be sent.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The id, the same for every attempt; one that is there already is not sent twice.
    pub id: String,
    /// By which way.
    pub channel: Channel,
    /// The tenant it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// The endpoint, for a webhook.
    pub endpoint: Option<String>,
    /// To which address.
    pub target: String,
    /// What it tells.
    pub event: String,
    /// What is sent; sealed, because it may carry a link that opens something.
    pub body: Secret,
    /// What it is about, so that nobody sees it in the log who may not see that.
    pub about: About,
    /// Now.
    pub at: Timestamp,
    /// When it is to be sent.
    pub due_at: Timestamp,
}

/// What a delivery is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Nobody in particular.
    Nobody,
    /// A request.
    Request(domain::RequestId),
    /// A plan.
    Plan(domain::PlanId),
    /// A run.
    Run(domain::RunId),
}

/// A delivery that the caller now has to make.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The id, the same for every attempt.
    pub id: String,
    /// By which way.
    pub channel: Channel,
    /// The tenant it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// The endpoint, for a webhook.
    pub endpoint: Option<String>,
    /// To which address.
    pub target: String,
    /// What it tells.
    pub event: String,
    /// The number of the ledger entry it tells of.
    pub seq: Option<u64>,
    /// What is sent: what was enqueued, or the payload of the ledger entry; nothing once that was erased.
    pub body: Option<Secret>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// Which attempt this is, counted from 1; names the claim when its outcome is told.
    pub attempt: u32,
}

/// A delivery in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The id.
    pub id: String,
    /// By which way.
    pub channel: Channel,
    /// The tenant it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// The endpoint, for a webhook.
    pub endpoint: Option<String>,
    /// To which address.
    pub target: String,
    /// What it tells.
    pub event: String,
    /// The number of the ledger entry it tells of.
    pub seq: Option<u64>,
    /// When it was enqueued.
    pub created_at: Timestamp,
    /// When it is to be tried next.
    pub due_at: Option<Timestamp>,
    /// How many times it was tried.
    pub attempts: u32,
    /// When it was taken.
    pub delivered_at: Option<Timestamp>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl Store {
    /// Enqueues something to be sent; says whether it was not there already.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is about something that does not exist, and store errors.
    pub async fn enqueue(&self, new: &NewDelivery) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let enqueued = self.enqueue_in(&mut tx, new).await?;
        tx.commit().await?;
        Ok(enqueued)
    }

    /// Enqueues in the transaction of what it tells of.
    pub(crate) async fn enqueue_in(
        &self,
        tx: &mut SqliteConnection,
        new: &NewDelivery,
    ) -> Result<bool, Error> {
        let subject = match &new.about {
            About::Nobody => Subject::default(),
            About::Request(request) => Subject::of_request(&mut *tx, request.as_str()).await?,
            About::Plan(plan) => Subject::of_plan(&mut *tx, plan.as_str()).await?,
            About::Run(run) => Subject::of_run(&mut *tx, run.as_str()).await?,
        };
        let tenant = new.tenant.as_ref().map(TenantId::as_str);
        let inserted = sqlx::query(INSERT)
            .bind(&new.id)
            .bind(new.channel.word())
            .bind(tenant)
            .bind(new.endpoint.as_deref())
            .bind(&new.target)
            .bind(&new.event)
            .bind(
                self.key()
                    .seal(place(tenant, &new.id).row(), new.body.expose()),
            )
            .bind(subject.about)
            .bind(subject.seen_by)
            .bind(new.at.as_millisecond())
            .bind(new.due_at.as_millisecond())
            .execute(tx)
            .await;
        match inserted {
            Err(error) if is_duplicate(&error) => Ok(false),
            inserted => Ok(inserted?.rows_affected() > 0),
        }
    }

    /// Claims what is due by one way, at most so many. Where the outcome is not told within `lease_ms`, it can be claimed again.
    ///
    /// # Errors
    /// Store errors.
    pub async fn claim_deliveries(
        &self,
        channel: Channel,
        at: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<Claimed>, Error> {
        let at_ms = at.as_millisecond();
        let mut tx = self.write().await?;
        let rows = sqlx::query(CLAIM)
            .bind(channel.word())
            .bind(at_ms)
            .bind(at_ms + lease_ms)
            .bind(limit)
            .fetch_all(&mut *tx)
            .await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in rows {
            claimed.push(self.claimed(&mut tx, &row).await?);
        }
        tx.commit().await?;
        Ok(claimed)
    }

    async fn claimed(&self, tx: &mut SqliteConnection, row: &SqliteRow) -> Result<Claimed, Error> {
        let id: String = row.try_get("id")?;
        let tenant: Option<String> = row.try_get("tenant")?;
        let seq: Option<i64> = row.try_get("seq")?;
        let sealed: Option<&[u8]> = row.try_get("body")?;
        let body = match (sealed, seq) {
            // One that cannot be opened is as good as erased: it is given up and holds up no other.
            (Some(sealed), _) => self
                .key()
                .open(place(tenant.as_deref(), &id).row(), sealed)
                .ok(),
            (None, Some(seq)) => sqlx::query(SELECT_PAYLOAD)
                .bind(tenant.as_deref())
                .bind(seq)
                .fetch_optional(tx)
                .await?
                .map(|row| row.try_get::<String, _>("payload").map(Secret::new))
                .transpose()?,
            (None, None) => None,
        };
        Ok(Claimed {
            channel: Channel::parse(&id, row.try_get("channel")?)?,
            tenant: tenant.map(TenantId::new),
            endpoint: row.try_get("endpoint")?,
            target: row.try_get("target")?,
            event: row.try_get("event")?,
            seq: seq.map(count),
            body,
            created_at: time("delivery", &id, row.try_get("created_ms")?)?,
            attempt: row.try_get("attempts")?,
            id,
        })
    }

    /// A claimed delivery was taken. A mail's or card's body is erased with it.
    ///
    /// # Errors
    /// Store errors.
    pub async fn delivered(
        &self,
        id: &str,
        attempt: u32,
        status: Option<u16>,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let done = sqlx::query(DELIVERED)
            .bind(id)
            .bind(at.as_millisecond())
            .bind(status)
            .bind(attempt)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() > 0 {
            sqlx::query(ERASE_BODY).bind(id).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A claimed delivery was not taken; it is tried again at `next`, or never.
    ///
    /// # Errors
    /// Store errors.
    pub async fn failed(
        &self,
        id: &str,
        attempt: u32,
        status: Option<u16>,
        error: &str,
        next: Option<Timestamp>,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(FAILED)
            .bind(id)
            .bind(next.map(Timestamp::as_millisecond))
            .bind(status)
            .bind(error)
            .bind(attempt)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The log of deliveries, the newest first: at most 50 older than `after`, one endpoint's alone where one is named.
    ///
    /// # Errors
    /// Store errors.
    pub async fn deliveries(
        &self,
        scope: &TenantScope,
        endpoint: Option<&str>,
        after: Option<&Delivery>,
    ) -> Result<Vec<Delivery>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_OF_SCOPE)
            .bind(scope.filter())
            .bind(endpoint)
            .bind(after.map_or(i64::MAX, |last| last.created_at.as_millisecond()))
            .bind(after.map_or("", |last| last.id.as_str()))
            .bind(crate::lists::PAGE)
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(delivery).collect()
    }

    /// Has something sent again that was delivered or given up; a mail's or card's body is erased once it was delivered, so that
    /// it can only be made anew.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn send_again(
        &self,
        scope: &TenantScope,
        id: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let again = sqlx::query(SEND_AGAIN)
            .bind(scope.filter())
            .bind(id)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        if again.rows_affected() == 0 {
            return Err(Error::missing("delivery", id));
        }
        Ok(tx.commit().await?)
    }
}

fn delivery(row: &SqliteRow) -> Result<Delivery, Error> {
    let id: String = row.try_get("id")?;
    let moment = |ms: Option<i64>| ms.map(|ms| time("delivery", &id, ms)).transpose();
    let tenant: Option<String> = row.try_get("tenant")?;
    Ok(Delivery {
        channel: Channel::parse(&id, row.try_get("channel")?)?,
        tenant: tenant.map(TenantId::new),
        endpoint: row.try_get("endpoint")?,
        target: row.try_get("target")?,
        event: row.try_get("event")?,
        seq: row.try_get::<Option<i64>, _>("seq")?.map(count),
        created_at: time("delivery", &id, row.try_get("created_ms")?)?,
        due_at: moment(row.try_get("due_ms")?)?,
        attempts: row.try_get("attempts")?,
        delivered_at: moment(row.try_get("delivered_ms")?)?,
        status: row.try_get("status")?,
        error: row.try_get("error")?,
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
        name: format!("delivery {id}"),
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
