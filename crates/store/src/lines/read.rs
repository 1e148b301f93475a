//! Reading the lines of lists from their rows.

use domain::plan::Digest;
use domain::request::Kind;
use domain::{FindingId, PlanId, RequestId, RunId, StepKey, TenantId};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{
    EntryLine, FindingGroup, FindingLine, FindingStatus, PlanLine, PlanStatus, RequestLine,
    RequestStatus, RunLine, RunStatus,
};
use crate::Error;
use crate::sql::count;
use crate::tenants::time;

pub(crate) const REQUEST: &str = "r.id, r.tenant, r.kind, r.state, r.upn, r.name, r.requester, r.channel, r.reference, r.asks, r.seen_by, r.at_ms, r.who, r.pos";
pub(crate) const PLAN: &str = "r.id, r.tenant, r.request, r.kind, r.state, r.person, r.upn, r.name, r.requester, r.digest, r.need, r.have, r.until_ms, r.start_ms, r.steps, r.apart, r.run, r.seen_by, r.made_ms, r.who, r.pos";
pub(crate) const RUN: &str = "r.id, r.tenant, r.plan, r.request, r.kind, r.state, r.person, r.upn, r.name, r.digest, r.created_ms, r.from_ms, r.started_ms, r.contained_ms, r.ended_ms, r.steps, r.verified, r.open_findings, r.due_ms, r.seen_by, r.who, r.pos";
pub(crate) const FINDING: &str = "r.id, r.tenant, r.run, r.number, r.plan, r.state, r.kind, r.word, r.step, r.text, r.person, r.upn, r.name, r.opened_ms, r.closed_ms, r.closed, r.who, r.pos";
pub(crate) const ENTRY: &str = "r.id, r.tenant, r.seq, r.kind, r.request, r.plan, r.run, r.upn, r.name, r.digest, r.at_ms, r.who, r.pos";

fn tenant(row: &SqliteRow) -> Result<TenantId, Error> {
    Ok(TenantId::new(row.try_get::<String, _>("tenant")?))
}

fn known<T>(row: &SqliteRow, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    let word: &str = row.try_get(column)?;
    parse(word).ok_or_else(|| Error::unreadable("line of a list", word, "no such word"))
}

fn kind(row: &SqliteRow) -> Result<Kind, Error> {
    let all = [Kind::Onboard, Kind::Offboard, Kind::Transfer, Kind::Restore];
    known(row, "kind", |word| {
        all.into_iter().find(|kind| kind.word() == word)
    })
}

fn moment(row: &SqliteRow, column: &str) -> Result<Timestamp, Error> {
    time("line of a list", column, row.try_get(column)?)
}

fn perhaps(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, Error> {
    let ms: Option<i64> = row.try_get(column)?;
    ms.map(|ms| time("line of a list", column, ms)).transpose()
}

fn number(row: &SqliteRow, column: &str) -> Result<u64, Error> {
    Ok(count(row.try_get(column)?))
}

fn confidential(row: &SqliteRow) -> Result<bool, Error> {
    Ok(row.try_get::<Option<&str>, _>("seen_by")?.is_some())
}

fn digest(row: &SqliteRow) -> Result<Digest, Error> {
    let digest: &str = row.try_get("digest")?;
    Ok(Digest::from(digest))
}

pub(crate) fn request(row: &SqliteRow) -> Result<RequestLine, Error> {
    Ok(RequestLine {
        id: RequestId::new(row.try_get::<String, _>("id")?),
        tenant: tenant(row)?,
        kind: kind(row)?,
        status: known(row, "state", RequestStatus::parse)?,
        upn: row.try_get("upn")?,
        name: row.try_get("name")?,
        requester: row.try_get("requester")?,
        channel: row.try_get("channel")?,
        reference: row.try_get("reference")?,
        asks: number(row, "asks")?,
        confidential: confidential(row)?,
        at: moment(row, "at_ms")?,
    })
}

pub(crate) fn plan(row: &SqliteRow) -> Result<PlanLine, Error> {
    let run: Option<String> = row.try_get("run")?;
    Ok(PlanLine {
        id: PlanId::new(row.try_get::<String, _>("id")?),
        tenant: tenant(row)?,
        request: RequestId::new(row.try_get::<String, _>("request")?),
        kind: kind(row)?,
        status: known(row, "state", PlanStatus::parse)?,
        person: row.try_get("person")?,
        upn: row.try_get("upn")?,
        name: row.try_get("name")?,
        requester: row.try_get("requester")?,
        digest: digest(row)?,
        need: row.try_get("need")?,
        have: row.try_get("have")?,
        approved_until: perhaps(row, "until_ms")?,
        starts_at: perhaps(row, "start_ms")?,
        steps: number(row, "steps")?,
        apart: number(row, "apart")?,
        run: run.map(RunId::new),
        confidential: confidential(row)?,
        made_at: moment(row, "made_ms")?,
    })
}

pub(crate) fn run(row: &SqliteRow) -> Result<RunLine, Error> {
    Ok(RunLine {
        id: RunId::new(row.try_get::<String, _>("id")?),
        tenant: tenant(row)?,
        plan: PlanId::new(row.try_get::<String, _>("plan")?),
        request: RequestId::new(row.try_get::<String, _>("request")?),
        kind: kind(row)?,
        status: known(row, "state", RunStatus::parse)?,
        person: row.try_get("person")?,
        upn: row.try_get("upn")?,
        name: row.try_get("name")?,
        digest: digest(row)?,
        created_at: moment(row, "created_ms")?,
        counts_from: moment(row, "from_ms")?,
        started_at: perhaps(row, "started_ms")?,
        contained_at: perhaps(row, "contained_ms")?,
        ended_at: perhaps(row, "ended_ms")?,
        steps: number(row, "steps")?,
        verified: number(row, "verified")?,
        open_findings: number(row, "open_findings")?,
        due_at: perhaps(row, "due_ms")?,
        confidential: confidential(row)?,
    })
}

pub(crate) fn finding(row: &SqliteRow) -> Result<FindingLine, Error> {
    let step: Option<String> = row.try_get("step")?;
    let how: Option<String> = row.try_get("closed")?;
    Ok(FindingLine {
        id: FindingId::new(row.try_get::<String, _>("id")?),
        tenant: tenant(row)?,
        run: RunId::new(row.try_get::<String, _>("run")?),
        number: row.try_get("number")?,
        plan: PlanId::new(row.try_get::<String, _>("plan")?),
        status: known(row, "state", FindingStatus::parse)?,
        group: known(row, "kind", FindingGroup::parse)?,
        kind: row.try_get("word")?,
        step: step.map(StepKey::new),
        text: row.try_get("text")?,
        person: row.try_get("person")?,
        upn: row.try_get("upn")?,
        name: row.try_get("name")?,
        opened_at: moment(row, "opened_ms")?,
        closed: perhaps(row, "closed_ms")?.zip(how),
    })
}

pub(crate) fn entry(row: &SqliteRow) -> Result<EntryLine, Error> {
    let request: Option<String> = row.try_get("request")?;
    let plan: Option<String> = row.try_get("plan")?;
    let run: Option<String> = row.try_get("run")?;
    let digest: Option<&str> = row.try_get("digest")?;
    Ok(EntryLine {
        tenant: tenant(row)?,
        seq: number(row, "seq")?,
        kind: row.try_get("kind")?,
        request: request.map(RequestId::new),
        plan: plan.map(PlanId::new),
        run: run.map(RunId::new),
        upn: row.try_get("upn")?,
        name: row.try_get("name")?,
        digest: digest.map(Digest::from),
        at: moment(row, "at_ms")?,
    })
}
