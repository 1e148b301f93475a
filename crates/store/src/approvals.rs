//! Approvals: who decided on which plan digest, and what was taken back.

use domain::plan::{Approval, Digest, StoredPlan};
use domain::protect::one_name;
use domain::{PlanId, RunId, StepKey, TenantId};
#[cfg(feature = "crash-points")]
use engine::crash::{Plant, planted};
use engine::state::Event;
use jiff::Timestamp;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::is_duplicate;
use crate::ledger::{append, append_json};
use crate::open::Store;
use crate::rows::{self, On};
use crate::sql::{of_scope, seen, statements};
use crate::tenants::time;
use crate::{Error, TenantScope, decisions, plans, reservations, runs};

const HOUR_MS: i64 = 3_600_000;

statements! {
    INSERT = "INSERT INTO approvals (plan, tenant, by, digest, at_ms, apart, through) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    SELECT_ALL = concat!("SELECT plan, by, through, digest, at_ms, apart, taken_back_ms, taken_back_by FROM approvals
        WHERE ", of_scope!("tenant"), " AND ", seen!("plan_rows", "plan_rows.id = approvals.plan"), " AND plan = ?2 ORDER BY id");
    TAKE_BACK = concat!("UPDATE approvals SET taken_back_ms = ?4, taken_back_by = ?5
        WHERE ", of_scope!("tenant"), " AND plan = ?2 AND (by = ?3 OR through = ?3) AND taken_back_ms IS NULL");
    SELECT_SHARED = "SELECT by FROM approvals WHERE tenant = ?1 AND plan = ?2 AND taken_back_ms IS NULL
        AND (by IN (?3, ?4) OR through IN (?3, ?4)) LIMIT 1";
    SELECT_RUN = concat!("SELECT id, seq, started, ended FROM runs WHERE ", of_scope!("tenant"), " AND plan = ?2");
    VOID_RUN = "UPDATE runs SET void = 1 WHERE tenant = ?1 AND id = ?2";
    DELETE_INBOX = "DELETE FROM inbox WHERE tenant = ?1 AND run = ?2";
    DELETE_RUN = "DELETE FROM runs WHERE tenant = ?1 AND id = ?2 AND seq = 0";
}

/// An approval as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The decision.
    pub approval: Approval,
    /// When and by whom it was taken back.
    pub taken_back: Option<(Timestamp, String)>,
}

/// What the approvals of a plan come to at one moment.
pub(crate) struct Standing {
    /// Who approved, and whose approval holds.
    pub(crate) approvers: Vec<String>,
    /// Irreversible lines that as many people approved as the plan needs.
    pub(crate) apart: Vec<StepKey>,
    /// When the last of the approvals that were needed was given.
    pub(crate) given_ms: i64,
    /// When the first of the approvals runs out.
    pub(crate) until_ms: i64,
}

impl Store {
    /// Approves exactly one plan digest. Whether this person may is for the caller to say; that each person counts once is said
    /// here: whoever decides in somebody's name, and that somebody, are one.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::OtherDigest`], [`Error::Superseded`], [`Error::AlreadyApproved`] and store errors.
    pub async fn approve(&self, scope: &TenantScope, approval: &Approval) -> Result<(), Error> {
        let by = spelling(&approval.by);
        let by = by.as_str();
        let through = approval.through.as_deref().map(spelling);
        let at_ms = approval.at.as_millisecond();
        let mut tx = self.write().await?;
        let kept = plans::load(&mut tx, scope, &approval.plan).await?;
        if kept.plan.digest != approval.digest {
            return Err(Error::OtherDigest {
                plan: approval.plan.clone(),
                given: approval.digest.clone(),
                stored: kept.plan.digest,
            });
        }
        kept.refuse_superseded()?;
        decisions::hold_up(&mut tx, scope, &approval.plan).await?;
        let tenant = &kept.plan.plan.tenant;
        let shared = sqlx::query(SELECT_SHARED)
            .bind(tenant.as_str())
            .bind(approval.plan.as_str())
            .bind(by)
            .bind(through.as_deref())
            .fetch_optional(&mut *tx)
            .await?;
        #[cfg(feature = "crash-points")]
        let shared = shared.filter(|_| !planted(Plant::ApprovedTwice));
        if let Some(row) = shared {
            return Err(Error::AlreadyApproved {
                plan: approval.plan.clone(),
                by: row.try_get("by")?,
            });
        }
        let inserted = sqlx::query(INSERT)
            .bind(approval.plan.as_str())
            .bind(tenant.as_str())
            .bind(by)
            .bind(approval.digest.as_str())
            .bind(at_ms)
            .bind(json!(approval.apart).to_string())
            .bind(through.as_deref())
            .execute(&mut *tx)
            .await;
        #[cfg(feature = "crash-points")]
        let inserted = match inserted {
            Err(error) if is_duplicate(&error) && planted(Plant::ApprovedTwice) => {
                Ok(sqlx::sqlite::SqliteQueryResult::default())
            }
            inserted => inserted,
        };
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Err(Error::AlreadyApproved {
                plan: approval.plan.clone(),
                by: by.to_owned(),
            });
        }
        inserted?;
        let until_ms = at_ms.max(
            kept.plan
                .plan
                .at
                .map_or(i64::MIN, Timestamp::as_millisecond),
        ) + i64::from(kept.plan.plan.approval.holds_for_hours) * HOUR_MS;
        reservations::take(&mut tx, &kept.plan, at_ms, until_ms).await?;
        let on = On::Plan(approval.plan.as_str());
        rows::plan_state(&mut tx, tenant, approval.plan.as_str(), at_ms).await?;
        append_json(&mut tx, tenant, "approval", on, approval, at_ms).await?;
        Ok(tx.commit().await?)
    }

    /// All approvals of a plan, also those taken back, in their order.
    ///
    /// # Errors
    /// Store errors.
    pub async fn approvals(
        &self,
        scope: &TenantScope,
        plan: &PlanId,
    ) -> Result<Vec<Approved>, Error> {
        let mut connection = self.read().await?;
        all(&mut connection, scope, plan).await
    }

    /// Takes an approval back, given by this person or in their name, until the run begins. A run that waits for its time is cancelled with it, and must not begin
    /// any more; a run that no driver has seen yet is dropped. Its id is returned.
    ///
    /// # Errors
    /// [`Error::Missing`] without such an approval, [`Error::Started`], and store errors.
    pub async fn take_back(
        &self,
        scope: &TenantScope,
        plan: &PlanId,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<RunId>, Error> {
        let by = spelling(by);
        let (by, at_ms) = (by.as_str(), at.as_millisecond());
        let mut tx = self.write().await?;
        let kept = plans::load(&mut tx, scope, plan).await?;
        let tenant: TenantId = kept.plan.plan.tenant;
        let waiting = waiting_run(&mut tx, scope, plan).await?;
        let taken = sqlx::query(TAKE_BACK)
            .bind(scope.filter())
            .bind(plan.as_str())
            .bind(by)
            .bind(at_ms)
            .bind(by)
            .execute(&mut *tx)
            .await?;
        if taken.rows_affected() == 0 {
            return Err(Error::missing("approval by", by));
        }
        reservations::release(&mut tx, scope, plan).await?;
        if let Some(waiting) = &waiting {
            waiting.cancel(&mut tx, &tenant, by, at_ms).await?;
        }
        rows::plan_state(&mut tx, &tenant, plan.as_str(), at_ms).await?;
        let payload = json!({ "by": by, "digest": kept.plan.digest, "plan": plan });
        append(
            &mut tx,
            &tenant,
            "approval-taken-back",
            On::Plan(plan.as_str()),
            &payload.to_string(),
            at_ms,
        )
        .await?;
        tx.commit().await?;
        Ok(waiting.map(|waiting| waiting.run))
    }
}

/// A run that has not begun.
struct Waiting {
    run: RunId,
    /// Whether no driver has seen it yet.
    unseen: bool,
}

impl Waiting {
    async fn cancel(
        &self,
        tx: &mut SqliteConnection,
        tenant: &TenantId,
        by: &str,
        at_ms: i64,
    ) -> Result<(), Error> {
        let statements: &[&'static str] = if self.unseen {
            rows::drop_run(&mut *tx, tenant, self.run.as_str()).await?;
            &[DELETE_INBOX, DELETE_RUN]
        } else {
            let event = Event::Cancelled { by: by.to_owned() };
            runs::submit(&mut *tx, tenant, &self.run, &event, at_ms).await?;
            &[VOID_RUN]
        };
        for statement in statements.iter().copied() {
            sqlx::query(statement)
                .bind(tenant.as_str())
                .bind(self.run.as_str())
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }
}

/// The plan's run that has not begun, if any.
async fn waiting_run(
    tx: &mut SqliteConnection,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<Option<Waiting>, Error> {
    let row = sqlx::query(SELECT_RUN)
        .bind(scope.filter())
        .bind(plan.as_str())
        .fetch_optional(tx)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let run = RunId::new(row.try_get::<String, _>("id")?);
    let (started, ended): (bool, bool) = (row.try_get("started")?, row.try_get("ended")?);
    match (started, ended) {
        (true, _) => Err(Error::Started(run)),
        (false, true) => Ok(None),
        (false, false) => {
            let seq: i64 = row.try_get("seq")?;
            Ok(Some(Waiting {
                run,
                unseen: seq == 0,
            }))
        }
    }
}

/// How an approver is kept: an address in its one form, so that two spellings are not two people; any other name as written.
fn spelling(by: &str) -> String {
    one_name(by)
        .ok()
        .filter(|name| name.contains('@'))
        .unwrap_or_else(|| by.trim().to_owned())
}

/// What the approvals come to, or [`Error::Unapproved`].
pub(crate) async fn standing(
    tx: &mut SqliteConnection,
    stored: &StoredPlan,
    now_ms: i64,
) -> Result<Standing, Error> {
    let (id, plan) = (&stored.id, &stored.plan);
    let need = plan.approval.people;
    let holds_ms = i64::from(plan.approval.holds_for_hours) * HOUR_MS;
    let holding: Vec<Approval> = all(tx, &TenantScope::of(&plan.tenant), id)
        .await?
        .into_iter()
        .filter(|approved| approved.taken_back.is_none())
        .map(|approved| approved.approval)
        // A decision is about one digest: whatever else stands under this id now was approved by nobody.
        .filter(|approval| approval.digest == stored.digest)
        .filter(|approval| now_ms < approval.at.as_millisecond() + holds_ms)
        .collect();
    let have = u32::try_from(holding.len()).unwrap_or(u32::MAX);
    if have < need {
        let plan = id.clone();
        return Err(Error::Unapproved { plan, have, need });
    }
    let approved_apart = |step: &StepKey| {
        let people = holding
            .iter()
            .filter(|approval| approval.apart.contains(step));
        people.count() >= need.max(1) as usize
    };
    let steps = plan.steps.iter().map(|spec| &spec.key);
    let first = holding
        .iter()
        .map(|approval| approval.at.as_millisecond())
        .min();
    Ok(Standing {
        apart: steps.filter(|step| approved_apart(step)).cloned().collect(),
        // An approval of a dated plan is a decision about that date: it holds so long after it.
        until_ms: first
            .unwrap_or(now_ms)
            .max(plan.at.map_or(i64::MIN, jiff::Timestamp::as_millisecond))
            .saturating_add(holds_ms),
        given_ms: holding
            .iter()
            .map(|approval| approval.at.as_millisecond())
            .max()
            .unwrap_or(now_ms),
        approvers: holding.into_iter().map(|approval| approval.by).collect(),
    })
}

async fn all(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<Vec<Approved>, Error> {
    let rows = sqlx::query(SELECT_ALL)
        .bind(scope.filter())
        .bind(plan.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(approved).collect()
}

fn approved(row: &SqliteRow) -> Result<Approved, Error> {
    let plan: String = row.try_get("plan")?;
    let digest: &str = row.try_get("digest")?;
    let apart: &str = row.try_get("apart")?;
    let taken_back = match row.try_get::<Option<i64>, _>("taken_back_ms")? {
        Some(ms) => Some((
            time("approval of plan", &plan, ms)?,
            row.try_get("taken_back_by")?,
        )),
        None => None,
    };
    Ok(Approved {
        approval: Approval {
            at: time("approval of plan", &plan, row.try_get("at_ms")?)?,
            apart: serde_json::from_str(apart)
                .map_err(|error| Error::unreadable("approval of plan", plan.as_str(), error))?,
            plan: PlanId::new(plan),
            digest: Digest::from(digest),
            by: row.try_get("by")?,
            through: row.try_get("through")?,
        },
        taken_back,
    })
}
