//! What pages show beside lists: counts, one person's history, what ended lately, and what is found by the beginning of its name.

use domain::{PlanId, RequestId, RunId, TenantId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::lines::{FindingLine, PersonLine, PlanLine, RequestLine, RunLine, read};
use crate::lists::{Asked, PEOPLE, Page, beyond, page};
use crate::open::Store;
use crate::scope::folded;
use crate::sql::{count, of_scope, sees, statements};
use crate::tenants::Tenant;
use crate::{Error, TenantScope};

statements! {
    COUNTS = concat!("SELECT
        (SELECT count(*) FROM plan_rows AS r INDEXED BY plan_rows_waiting WHERE state = 'waiting' AND ", of_scope!("r.tenant"), " AND ", sees!("r"), ") AS plans_waiting,
        (SELECT count(*) FROM finding_rows AS r INDEXED BY finding_rows_open WHERE state = 'open' AND ", of_scope!("r.tenant"), " AND ", sees!("r"), ") AS open_findings,
        (SELECT count(*) FROM request_rows AS r INDEXED BY request_rows_s WHERE state = 'asks' AND ", of_scope!("r.tenant"), " AND ", sees!("r"), ") AS asks,
        (SELECT count(*) FROM run_rows AS r INDEXED BY run_rows_s WHERE state IN ('containing', 'running', 'paused', 'cancelling')
            AND ", of_scope!("r.tenant"), " AND ", sees!("r"), ") AS runs_under_way");
    COUNTS_BY_TENANT = concat!("SELECT r.tenant, count(*) AS open_findings FROM finding_rows AS r INDEXED BY finding_rows_s
        WHERE state = 'open' AND ", of_scope!("r.tenant"), " AND ", sees!("r"), " GROUP BY r.tenant");
    SELECT_PLANS = concat!("SELECT r.id, r.tenant, r.request, r.kind, r.state, r.person, r.upn, r.name, r.requester, r.digest, r.need, r.have,
            r.until_ms, r.start_ms, r.steps, r.apart, r.run, r.seen_by, r.made_ms
        FROM json_each(?2) AS wanted CROSS JOIN plan_rows AS r ON r.id = wanted.value WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"));
    SELECT_RUNS = concat!("SELECT r.id, r.tenant, r.plan, r.request, r.kind, r.state, r.person, r.upn, r.name, r.digest, r.created_ms, r.from_ms,
            r.started_ms, r.contained_ms, r.ended_ms, r.steps, r.verified, r.open_findings, r.due_ms, r.seen_by
        FROM json_each(?2) AS wanted CROSS JOIN run_rows AS r ON r.id = wanted.value WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"));
    SELECT_REQUEST = concat!("SELECT r.id, r.tenant, r.kind, r.state, r.upn, r.name, r.requester, r.channel, r.reference, r.asks, r.seen_by, r.at_ms
        FROM request_rows AS r WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.id = ?2 ORDER BY r.draft LIMIT 1");
    SELECT_FINDING = concat!("SELECT r.id, r.tenant, r.run, r.number, r.plan, r.state, r.kind, r.word, r.step, r.text, r.person, r.upn, r.name,
            r.opened_ms, r.closed_ms, r.closed
        FROM finding_rows AS r WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.id = ?2");
    PLANS_OF_REQUEST = concat!("SELECT r.id FROM plan_rows AS r INDEXED BY plan_rows_request
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.request = ?2 ORDER BY r.pos, r.id LIMIT 200");
    PLANS_OF_PERSON = concat!("SELECT r.id FROM plan_rows AS r INDEXED BY plan_rows_person
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.tenant = ?2 AND r.person = ?3 ORDER BY r.pos, r.id LIMIT 200");
    RUNS_OF_PERSON = concat!("SELECT r.id FROM run_rows AS r INDEXED BY run_rows_person
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.tenant = ?2 AND r.person = ?3 ORDER BY r.pos, r.id LIMIT 200");
    ENDED_SINCE = concat!("SELECT r.id FROM run_rows AS r INDEXED BY run_rows_ended
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.ended_ms >= ?2 ORDER BY r.ended_ms DESC LIMIT ?3");
    FIND_PLANS = concat!("SELECT r.id FROM plan_rows AS r WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.id >= ?2 AND r.id < ?3 ORDER BY r.id LIMIT ?4");
    FIND_RUNS = concat!("SELECT r.id FROM run_rows AS r WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.id >= ?2 AND r.id < ?3 ORDER BY r.id LIMIT ?4");
    FIND_REQUESTS = concat!("SELECT r.id, r.tenant, r.kind, r.state, r.upn, r.name, r.requester, r.channel, r.reference, r.asks, r.seen_by, r.at_ms
        FROM request_rows AS r INDEXED BY request_rows_reference
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.reference >= ?2 AND r.reference < ?3 ORDER BY r.reference, r.id LIMIT ?4");
    FIND_DIGESTS = concat!("SELECT r.id FROM plan_rows AS r INDEXED BY plan_rows_digest
        WHERE ", of_scope!("r.tenant"), " AND ", sees!("r"), " AND r.digest >= ?2 AND r.digest < ?3 ORDER BY r.digest, r.id LIMIT ?4");
}

/// What the navigation counts: only where a person must act, and what runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Plans that wait for approvals.
    pub plans_waiting: u64,
    /// Findings that nobody has closed.
    pub open_findings: u64,
    /// Drafts for which something must be asked.
    pub asks: u64,
    /// Runs that have begun and not ended.
    pub runs_under_way: u64,
}

/// What was found by the beginning of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Found {
    /// People, by sign-in name.
    pub people: Vec<PersonLine>,
    /// Plans, by id or digest.
    pub plans: Vec<PlanLine>,
    /// Runs, by id.
    pub runs: Vec<RunLine>,
    /// Requests, by their number in the foreign system.
    pub requests: Vec<RequestLine>,
}

impl Store {
    /// What the navigation counts.
    ///
    /// # Errors
    /// Store errors.
    pub async fn counts(&self, scope: &TenantScope) -> Result<Counts, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(COUNTS)
            .bind(scope.filter())
            .fetch_one(&mut *connection)
            .await?;
        Ok(Counts {
            plans_waiting: count(row.try_get("plans_waiting")?),
            open_findings: count(row.try_get("open_findings")?),
            asks: count(row.try_get("asks")?),
            runs_under_way: count(row.try_get("runs_under_way")?),
        })
    }

    /// The tenants of the scope by name, each with how many of its findings nobody has closed.
    ///
    /// # Errors
    /// Store errors.
    pub async fn tenant_counts(&self, scope: &TenantScope) -> Result<Vec<(TenantId, u64)>, Error> {
        let counted = self.tenants_counted(scope).await?.into_iter();
        Ok(counted.map(|(tenant, open)| (tenant.name, open)).collect())
    }

    /// The same with all that is kept of each tenant.
    ///
    /// # Errors
    /// Store errors.
    pub async fn tenants_counted(&self, scope: &TenantScope) -> Result<Vec<(Tenant, u64)>, Error> {
        let tenants = self.tenants(scope).await?;
        let mut connection = self.read().await?;
        let rows = sqlx::query(COUNTS_BY_TENANT)
            .bind(scope.filter())
            .fetch_all(&mut *connection)
            .await?;
        let mut open = std::collections::BTreeMap::new();
        for row in rows {
            let tenant: String = row.try_get("tenant")?;
            open.insert(tenant, count(row.try_get("open_findings")?));
        }
        let counted = tenants.into_iter().map(|tenant| {
            let open = open.get(tenant.name.as_str()).copied().unwrap_or_default();
            (tenant, open)
        });
        Ok(counted.collect())
    }

    /// People that plans were made for, in the order of their sign-in names, those whose name begins like this where it is given.
    ///
    /// # Errors
    /// [`Error::BadCursor`] and store errors.
    pub async fn list_people(
        &self,
        scope: &TenantScope,
        upn: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<PersonLine>, Error> {
        let asked = Asked {
            who: Some(upn.unwrap_or_default()),
            after,
            ..Asked::default()
        };
        let mut tx = self.snapshot().await?;
        let found = page(&mut tx, scope, PEOPLE, asked, Named::read).await?;
        Ok(Page {
            lines: people(&mut tx, scope, found.lines).await?,
            next: found.next,
        })
    }

    /// One plan's line.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn plan_line(&self, scope: &TenantScope, id: &PlanId) -> Result<PlanLine, Error> {
        let mut connection = self.read().await?;
        let mut found = plans(&mut connection, scope, &[id.as_str().to_owned()]).await?;
        found
            .pop()
            .ok_or_else(|| Error::missing("plan", id.as_str()))
    }

    /// One run's line.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn run_line(&self, scope: &TenantScope, id: &RunId) -> Result<RunLine, Error> {
        let mut connection = self.read().await?;
        let mut found = runs(&mut connection, scope, &[id.as_str().to_owned()]).await?;
        found
            .pop()
            .ok_or_else(|| Error::missing("run", id.as_str()))
    }

    /// One request's line, or a draft's.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn request_line(
        &self,
        scope: &TenantScope,
        id: &RequestId,
    ) -> Result<RequestLine, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_REQUEST)
            .bind(scope.filter())
            .bind(id.as_str())
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("request", id.as_str()))?;
        read::request(&row)
    }

    /// One finding's line.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn finding_line(
        &self,
        scope: &TenantScope,
        id: &domain::FindingId,
    ) -> Result<FindingLine, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_FINDING)
            .bind(scope.filter())
            .bind(id.as_str())
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("finding", id.as_str()))?;
        read::finding(&row)
    }

    /// The plans that were made for a request, the newest first.
    ///
    /// # Errors
    /// Store errors.
    pub async fn plans_of_request(
        &self,
        scope: &TenantScope,
        request: &RequestId,
    ) -> Result<Vec<PlanLine>, Error> {
        let mut tx = self.snapshot().await?;
        let rows = sqlx::query(PLANS_OF_REQUEST)
            .bind(scope.filter())
            .bind(request.as_str())
            .fetch_all(&mut *tx)
            .await?;
        plans(&mut tx, scope, &ids(&rows)?).await
    }

    /// The newest plans of a person, at most 200.
    ///
    /// # Errors
    /// Store errors.
    pub async fn plans_of_person(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        person: &str,
    ) -> Result<Vec<PlanLine>, Error> {
        let mut tx = self.snapshot().await?;
        let found = of_person(&mut tx, PLANS_OF_PERSON, scope, tenant, person).await?;
        plans(&mut tx, scope, &found).await
    }

    /// The newest runs of a person, at most 200.
    ///
    /// # Errors
    /// Store errors.
    pub async fn runs_of_person(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        person: &str,
    ) -> Result<Vec<RunLine>, Error> {
        let mut tx = self.snapshot().await?;
        let found = of_person(&mut tx, RUNS_OF_PERSON, scope, tenant, person).await?;
        runs(&mut tx, scope, &found).await
    }

    /// The runs that ended since then, the last first, at most so many.
    ///
    /// # Errors
    /// Store errors.
    pub async fn ended_since(
        &self,
        scope: &TenantScope,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<RunLine>, Error> {
        let mut tx = self.snapshot().await?;
        let rows = sqlx::query(ENDED_SINCE)
            .bind(scope.filter())
            .bind(since.as_millisecond())
            .bind(limit)
            .fetch_all(&mut *tx)
            .await?;
        runs(&mut tx, scope, &ids(&rows)?).await
    }

    /// What begins like this: people by sign-in name, plans by id or by digest (also as it is shown, in groups), runs by id, requests
    /// by their number in the foreign system, with or without a `#`; at most so many of each. Nothing for an empty text.
    ///
    /// # Errors
    /// Store errors.
    pub async fn find(&self, scope: &TenantScope, text: &str, limit: u32) -> Result<Found, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Found::default());
        }
        let digest: String = folded(text).split_whitespace().collect();
        let mut tx = self.snapshot().await?;
        let asked = Asked {
            who: Some(text),
            ..Asked::default()
        };
        let mut named = page(&mut tx, scope, PEOPLE, asked, Named::read)
            .await?
            .lines;
        named.truncate(limit as usize);
        let mut of_plans = begins(&mut tx, FIND_PLANS, scope, text, limit).await?;
        for id in begins(&mut tx, FIND_DIGESTS, scope, &digest, limit).await? {
            if !of_plans.contains(&id) {
                of_plans.push(id);
            }
        }
        of_plans.truncate(limit as usize);
        let of_runs = begins(&mut tx, FIND_RUNS, scope, text, limit).await?;
        let bare = text.trim_start_matches('#');
        let mut requests = Vec::new();
        let numbers = [bare.to_owned(), format!("#{bare}")];
        for number in numbers.iter().filter(|_| !bare.is_empty()) {
            requests.extend(numbered(&mut tx, scope, number, limit).await?);
        }
        requests.truncate(limit as usize);
        Ok(Found {
            requests,
            people: people(&mut tx, scope, named).await?,
            plans: plans(&mut tx, scope, &of_plans).await?,
            runs: runs(&mut tx, scope, &of_runs).await?,
        })
    }

    /// Writes where plans stand whose approvals have run out: they wait again. Returns how many. For whoever keeps the clock.
    ///
    /// # Errors
    /// Store errors.
    pub async fn lapse_approvals(&self, at: Timestamp) -> Result<u64, Error> {
        let mut tx = self.write().await?;
        let lapsed = crate::rows::lapse(&mut tx, at.as_millisecond()).await?;
        tx.commit().await?;
        Ok(lapsed)
    }
}

/// A person, and the ids of the newest of what concerns the person.
struct Named {
    line: PersonLine,
    plan: Option<String>,
    run: Option<String>,
}

impl Named {
    fn read(row: &SqliteRow) -> Result<Self, Error> {
        Ok(Self {
            line: PersonLine {
                tenant: TenantId::new(row.try_get::<String, _>("tenant")?),
                person: row.try_get("person")?,
                upn: row.try_get("upn")?,
                name: row.try_get("name")?,
                plan: None,
                run: None,
            },
            plan: row.try_get("plan")?,
            run: row.try_get("run")?,
        })
    }
}

async fn people(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    named: Vec<Named>,
) -> Result<Vec<PersonLine>, Error> {
    let of_plans: Vec<String> = named.iter().filter_map(|one| one.plan.clone()).collect();
    let of_runs: Vec<String> = named.iter().filter_map(|one| one.run.clone()).collect();
    let plans = plans(&mut *connection, scope, &of_plans).await?;
    let runs = runs(&mut *connection, scope, &of_runs).await?;
    let filled = named.into_iter().map(|one| {
        let is_plan = |plan: &&PlanLine| one.plan.as_deref() == Some(plan.id.as_str());
        let is_run = |run: &&RunLine| one.run.as_deref() == Some(run.id.as_str());
        PersonLine {
            plan: plans.iter().find(is_plan).cloned(),
            run: runs.iter().find(is_run).cloned(),
            ..one.line
        }
    });
    Ok(filled.collect())
}

async fn plans(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    ids: &[String],
) -> Result<Vec<PlanLine>, Error> {
    let rows = sqlx::query(SELECT_PLANS)
        .bind(scope.filter())
        .bind(json!(ids).to_string())
        .fetch_all(connection)
        .await?;
    rows.iter().map(read::plan).collect()
}

async fn runs(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    ids: &[String],
) -> Result<Vec<RunLine>, Error> {
    let rows = sqlx::query(SELECT_RUNS)
        .bind(scope.filter())
        .bind(json!(ids).to_string())
        .fetch_all(connection)
        .await?;
    rows.iter().map(read::run).collect()
}

async fn of_person(
    connection: &mut SqliteConnection,
    statement: &'static str,
    scope: &TenantScope,
    tenant: &TenantId,
    person: &str,
) -> Result<Vec<String>, Error> {
    let rows = sqlx::query(statement)
        .bind(scope.filter())
        .bind(tenant.as_str())
        .bind(person.to_lowercase())
        .fetch_all(connection)
        .await?;
    ids(&rows)
}

async fn numbered(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    number: &str,
    limit: u32,
) -> Result<Vec<RequestLine>, Error> {
    let rows = sqlx::query(FIND_REQUESTS)
        .bind(scope.filter())
        .bind(number)
        .bind(beyond(number))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read::request).collect()
}

async fn begins(
    connection: &mut SqliteConnection,
    statement: &'static str,
    scope: &TenantScope,
    prefix: &str,
    limit: u32,
) -> Result<Vec<String>, Error> {
    let rows = sqlx::query(statement)
        .bind(scope.filter())
        .bind(prefix)
        .bind(beyond(prefix))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    ids(&rows)
}

fn ids(rows: &[SqliteRow]) -> Result<Vec<String>, Error> {
    Ok(rows
        .iter()
        .map(|row| row.try_get("id"))
        .collect::<Result<_, _>>()?)
}
