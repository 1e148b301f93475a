//! Lists: 50 lines a page, filtered, with a cursor that stays true while rows come and go.
//!
//! The statements are put together from the parts below, because each combination of filters is walked on an index of its own;
//! which, is named in the statement. A test makes every one of them, and looks at how SQLite carries it out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::RunId;
use domain::request::Kind;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use crate::lines::read;
use crate::lines::{
    EntryLine, FindingGroup, FindingLine, FindingStatus, PlanLine, PlanStatus, RequestLine,
    RequestStatus, RunLine, RunStatus,
};
use crate::open::Store;
use crate::scope::folded;
use crate::sql::sees;
use crate::{Error, TenantScope};

/// How many lines a page has.
pub(crate) const PAGE: u32 = 50;

/// Above every time in milliseconds; see the column `pos` of findings.
const HANDLED: i64 = 9 << 44;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The lines.
    pub lines: Vec<T>,
    /// Where the next page begins; none after the last. Means nothing to anybody else.
    pub next: Option<String>,
}

/// Which requests and drafts.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Where they stand.
    pub status: Option<RequestStatus>,
    /// What is wished for.
    pub kind: Option<Kind>,
    /// How the person's sign-in name begins (or the name, where no address is known); the list is then in its order.
    pub upn: Option<String>,
}

/// Which plans.
#[derive(Clone, Debug, Default)]
pub struct PlanFilter {
    /// Where they stand.
    pub status: Option<PlanStatus>,
    /// What is wished for.
    pub kind: Option<Kind>,
    /// How the person's sign-in name begins; the list is then in its order.
    pub upn: Option<String>,
}

/// Which runs.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Where they stand.
    pub status: Option<RunStatus>,
    /// What is wished for.
    pub kind: Option<Kind>,
    /// How the person's sign-in name begins; the list is then in its order.
    pub upn: Option<String>,
}

/// Which findings.
#[derive(Clone, Debug, Default)]
pub struct FindingFilter {
    /// Where they stand.
    pub status: Option<FindingStatus>,
    /// Under which head.
    pub group: Option<FindingGroup>,
    /// How the person's sign-in name begins; the list is then in its order.
    pub upn: Option<String>,
    /// Of one run.
    pub run: Option<RunId>,
    /// Opened at this moment or later.
    pub since: Option<Timestamp>,
}

/// Which ledger entries.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// What sort of thing happened.
    pub kind: Option<String>,
    /// How the person's sign-in name begins; the list is then in its order.
    pub upn: Option<String>,
}

/// A table of the read model as it is listed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    columns: &'static str,
    /// Held against the viewer, for the table under the names `r` and `i`.
    sees: [&'static str; 2],
}

const OWN: [&str; 2] = [sees!("r"), sees!("i")];

pub(crate) const REQUESTS: Table = Table {
    name: "request_rows",
    columns: read::REQUEST,
    sees: OWN,
};
pub(crate) const PLANS: Table = Table {
    name: "plan_rows",
    columns: read::PLAN,
    sees: OWN,
};
pub(crate) const RUNS: Table = Table {
    name: "run_rows",
    columns: read::RUN,
    sees: OWN,
};
pub(crate) const FINDINGS: Table = Table {
    name: "finding_rows",
    columns: read::FINDING,
    sees: OWN,
};
pub(crate) const ENTRIES: Table = Table {
    name: "ledger_rows",
    columns: read::ENTRY,
    sees: OWN,
};
pub(crate) const PEOPLE: Table = Table {
    name: "people",
    columns: concat!(
        "r.id, r.tenant, r.person, r.upn, r.name, r.who, r.pos, ",
        "(SELECT p.id FROM plan_rows AS p WHERE p.tenant = r.tenant AND p.person = r.person AND ",
        sees!("p"),
        " ORDER BY p.pos, p.id LIMIT 1) AS plan, ",
        "(SELECT p.id FROM run_rows AS p WHERE p.tenant = r.tenant AND p.person = r.person AND ",
        sees!("p"),
        " ORDER BY p.pos, p.id LIMIT 1) AS run"
    ),
    sees: [
        concat!(
            "EXISTS (SELECT 1 FROM plan_rows AS p WHERE p.tenant = r.tenant AND p.person = r.person AND ",
            sees!("p"),
            ")"
        ),
        concat!(
            "EXISTS (SELECT 1 FROM plan_rows AS p WHERE p.tenant = i.tenant AND p.person = i.person AND ",
            sees!("p"),
            ")"
        ),
    ],
};

/// Which parts a statement has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Parts {
    /// Over all of the provider's tenants, and not tenant by tenant.
    pub(crate) wide: bool,
    pub(crate) state: bool,
    pub(crate) kind: bool,
    pub(crate) who: bool,
    pub(crate) after: bool,
    pub(crate) run: bool,
    pub(crate) since: bool,
}

impl Table {
    /// The statement of a page. `?1` the scope, `?2` state, `?3` kind, `?4` and `?5` where `who` begins and ends, `?6` to `?8` the
    /// cursor's `who`, `pos` and `id`, `?9` how many, `?10` a run, `?11` and `?12` the time since when and its `pos`.
    pub(crate) fn statement(&self, parts: Parts) -> String {
        let order = if parts.who { "who, pos, id" } else { "pos, id" };
        let ordered = |alias: &str| {
            let columns = order.split(", ").map(|column| format!("{alias}.{column}"));
            columns.collect::<Vec<_>>().join(", ")
        };
        let Self { name, columns, .. } = self;
        let index = self.index(parts);
        if parts.wide {
            let conditions = self.conditions("r", self.sees[0], parts, &ordered("r"));
            return format!(
                "SELECT {columns} FROM {name} AS r INDEXED BY {index} WHERE {conditions} ORDER BY {} LIMIT ?9",
                ordered("r")
            );
        }
        // Of each tenant no more than a page, so that the work does not grow with what the tenants hold.
        let conditions = self.conditions("i", self.sees[1], parts, &ordered("i"));
        format!(
            "SELECT {columns} FROM json_each(?1, '$.tenants') AS own CROSS JOIN {name} AS r
            WHERE r.rowid IN (SELECT i.rowid FROM {name} AS i INDEXED BY {index}
                WHERE i.tenant = own.value AND {conditions} ORDER BY {} LIMIT ?9)
            ORDER BY {} LIMIT ?9",
            ordered("i"),
            ordered("r")
        )
    }

    fn index(&self, parts: Parts) -> String {
        if parts.run {
            return format!("{}_run", self.name);
        }
        let mut walked = match (parts.who, parts.kind, parts.state) {
            (true, ..) => "w",
            (_, true, true) => "ks",
            (_, true, false) => "k",
            (_, false, true) => "s",
            (_, false, false) => "",
        }
        .to_owned();
        if !parts.wide {
            walked.insert(0, 't');
        } else if walked.is_empty() {
            walked.push('a');
        }
        format!("{}_{walked}", self.name)
    }

    fn conditions(&self, alias: &str, sees: &str, parts: Parts, order: &str) -> String {
        let mut all = vec![sees.to_owned()];
        if parts.state {
            all.push(format!("{alias}.state = ?2"));
        }
        if parts.kind {
            all.push(format!("{alias}.kind = ?3"));
        }
        if parts.who {
            all.push(format!("{alias}.who >= ?4 AND {alias}.who < ?5"));
        }
        if parts.after && parts.who {
            all.push(format!("({order}) > (?6, ?7, ?8)"));
        } else if parts.after {
            all.push(format!("({order}) > (?7, ?8)"));
        }
        if parts.run {
            all.push(format!("{alias}.run = ?10"));
        }
        if parts.since {
            all.push(format!("{alias}.opened_ms >= ?11 AND {alias}.pos <= ?12"));
        }
        all.join(" AND ")
    }
}

/// A list as it is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) state: Option<&'static str>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) who: Option<&'a str>,
    pub(crate) run: Option<&'a str>,
    pub(crate) since_ms: Option<i64>,
    pub(crate) after: Option<&'a str>,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
struct Cursor(String, i64, String);

impl Cursor {
    fn of(row: &SqliteRow) -> Result<String, Error> {
        let ended = Self(row.try_get("who")?, row.try_get("pos")?, row.try_get("id")?);
        Ok(URL_SAFE_NO_PAD.encode(crate::runs::json(&ended)))
    }

    fn read(text: &str) -> Result<Self, Error> {
        URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or(Error::BadCursor)
    }
}

/// The first text that does not begin like this.
pub(crate) fn beyond(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

/// Reads a page.
pub(crate) async fn page<T>(
    connection: &mut SqliteConnection,
    scope: &TenantScope,
    table: Table,
    asked: Asked<'_>,
    read: impl Fn(&SqliteRow) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let cursor = asked.after.map(Cursor::read).transpose()?;
    let who = asked.who.map(folded);
    let parts = Parts {
        wide: scope.is_provider(),
        state: asked.state.is_some(),
        kind: asked.kind.is_some(),
        who: who.is_some(),
        after: cursor.is_some(),
        run: asked.run.is_some(),
        since: asked.since_ms.is_some(),
    };
    let (after_who, after_pos, after_id) = cursor.map_or((None, None, None), |cursor| {
        (Some(cursor.0), Some(cursor.1), Some(cursor.2))
    });
    let rows = sqlx::query(AssertSqlSafe(table.statement(parts)))
        .bind(scope.filter())
        .bind(asked.state)
        .bind(asked.kind)
        .bind(who.clone())
        .bind(who.as_deref().map(beyond))
        .bind(after_who)
        .bind(after_pos)
        .bind(after_id)
        .bind(PAGE + 1);
    let rows = if parts.run || parts.since {
        rows.bind(asked.run)
    } else {
        rows
    };
    let rows = match asked.since_ms {
        Some(ms) => rows.bind(ms).bind(HANDLED - ms),
        None => rows,
    };
    let rows = rows.fetch_all(connection).await?;
    let shown = &rows[..rows.len().min(PAGE as usize)];
    let more = rows.len() > shown.len();
    let last = shown.last().filter(|_| more);
    Ok(Page {
        next: last.map(Cursor::of).transpose()?,
        lines: shown.iter().map(read).collect::<Result<_, _>>()?,
    })
}

impl Store {
    /// Requests and drafts, the newest first. A scope of one tenant ([`TenantScope::only`]) is the filter by tenant.
    ///
    /// # Errors
    /// [`Error::BadCursor`] and store errors.
    pub async fn list_requests(
        &self,
        scope: &TenantScope,
        filter: &RequestFilter,
        after: Option<&str>,
    ) -> Result<Page<RequestLine>, Error> {
        let asked = Asked {
            state: filter.status.map(RequestStatus::word),
            kind: filter.kind.map(Kind::word),
            who: filter.upn.as_deref(),
            after,
            ..Asked::default()
        };
        let mut connection = self.read().await?;
        page(&mut connection, scope, REQUESTS, asked, read::request).await
    }

    /// Plans, the newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`] and store errors.
    pub async fn list_plans(
        &self,
        scope: &TenantScope,
        filter: &PlanFilter,
        after: Option<&str>,
    ) -> Result<Page<PlanLine>, Error> {
        let asked = Asked {
            state: filter.status.map(PlanStatus::word),
            kind: filter.kind.map(Kind::word),
            who: filter.upn.as_deref(),
            after,
            ..Asked::default()
        };
        let mut connection = self.read().await?;
        page(&mut connection, scope, PLANS, asked, read::plan).await
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    /// [`Error::BadCursor`] and store errors.
    pub async fn list_runs(
        &self,
        scope: &TenantScope,
        filter: &RunFilter,
        after: Option<&str>,
    ) -> Result<Page<RunLine>, Error> {
        let asked = Asked {
            state: filter.status.map(RunStatus::word),
            kind: filter.kind.map(Kind::word),
            who: filter.upn.as_deref(),
            after,
            ..Asked::default()
        };
        let mut connection = self.read().await?;
        page(&mut connection, scope, RUNS, asked, read::run).await
    }

    /// Findings: open ones before handled ones, of the open ones the worst group first, and the newest of each first.
    ///
    /// # Errors
    /// [`Error::BadCursor`] and store errors.
    pub async fn list_findings(
        &self,
        scope: &TenantScope,
        filter: &FindingFilter,
        after: Option<&str>,
    ) -> Result<Page<FindingLine>, Error> {
        let asked = Asked {
            state: filter.status.map(FindingStatus::word),
            kind: filter.group.map(FindingGroup::word),
            who: filter.upn.as_deref(),
            run: filter.run.as_ref().map(RunId::as_str),
            since_ms: filter.since.map(Timestamp::as_millisecond),
            after,
        };
        let mut connection = self.read().await?;
        page(&mut connection, scope, FINDINGS, asked, read::finding).await
    }

    /// Ledger entries, the newest first, without their payloads.
    ///
    /// # Errors
    /// [`Error::BadCursor`] and store errors.
    pub async fn list_entries(
        &self,
        scope: &TenantScope,
        filter: &EntryFilter,
        after: Option<&str>,
    ) -> Result<Page<EntryLine>, Error> {
        let asked = Asked {
            kind: filter.kind.as_deref(),
            who: filter.upn.as_deref(),
            after,
            ..Asked::default()
        };
        let mut connection = self.read().await?;
        page(&mut connection, scope, ENTRIES, asked, read::entry).await
    }
}
