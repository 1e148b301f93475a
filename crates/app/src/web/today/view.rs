//! Today in words: the sentence on top, and each line, from what was read.

use std::collections::HashMap;

use domain::approval::Standing;
use domain::request::Kind;
use domain::{PlanId, TenantId};
use jiff::Timestamp;
use store::{Counts, FindingGroup, FindingLine, PlanLine, PlanStatus, RequestLine, RunLine};

use super::Read;
use crate::acts::ledger::SignedHead;
use crate::acts::look::{self, Seen};
use crate::web::lists::{self, Line, Mark, many};
use crate::web::reading;
use crate::web::strips::{self, Share, Strip};
use crate::web::waits::Waiting;
use crate::web::when;
use crate::web::zones::Zones;

/// A finding as a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slim {
    pub(super) href: String,
    pub(super) kind: &'static str,
    pub(super) word: &'static str,
    pub(super) text: String,
    pub(super) concerns: String,
    pub(super) age: String,
}

/// The last 30 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Month {
    pub(super) note: String,
    pub(super) access: Strip,
    pub(super) fully: Strip,
    pub(super) share: Share,
}

/// A request that asks something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) says: String,
}

/// A day of what is coming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) name: String,
    pub(super) lines: Vec<Coming>,
}

/// A start or an end that is coming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coming {
    pub(super) href: String,
    pub(super) time: String,
    pub(super) iso: String,
    pub(super) name: String,
    pub(super) does: &'static str,
    pub(super) mark: Mark,
}

/// The ledger head that was signed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LedgerHead {
    pub(super) href: String,
    pub(super) tenant: String,
    pub(super) entries: String,
    pub(super) at: String,
    pub(super) iso: String,
    pub(super) root: String,
    pub(super) short: String,
    pub(super) spaced: String,
}

/// How many, where not everything was looked through.
pub(super) fn count(seen: usize, more: bool) -> String {
    if more {
        format!("{seen} or more")
    } else {
        seen.to_string()
    }
}

/// The sentence on top: what waits, and then what is known besides.
pub(super) fn lead(read: &Read, counts: &Counts, zones: &Zones) -> (String, String) {
    let bold = match read.waits.len() {
        0 => "Nothing waits for you.".to_owned(),
        1 => "1 plan waits for you.".to_owned(),
        _ => format!("{} plans wait for you.", count(read.waits.len(), read.more)),
    };
    let mut rest = Vec::new();
    let dated = |plan: &PlanLine| {
        plan.starts_at
            .filter(|at| *at > zones.now)
            .map(|at| (at, plan.clone()))
    };
    let first = read
        .waits
        .iter()
        .filter_map(|waiting| dated(&waiting.line))
        .min_by_key(|(at, _)| *at);
    let next = read
        .coming
        .iter()
        .filter_map(dated)
        .min_by_key(|(at, _)| *at);
    match (read.waits.is_empty(), first, next) {
        (false, Some((at, plan)), _) => rest.push(format!(
            "The first starts {}.",
            zones.both(&plan.tenant, at)
        )),
        (true, _, Some((at, plan))) => {
            rest.push(format!(
                "Next: {} {} {}.",
                plan.name,
                lists::does(plan.kind),
                zones.both(&plan.tenant, at)
            ));
        }
        _ => {}
    }
    rest.push(match counts.runs_under_way {
        0 => "Nothing is being carried out".to_owned(),
        1 => "1 run is under way".to_owned(),
        runs => format!("{runs} runs are under way"),
    });
    let open = read
        .findings
        .iter()
        .filter(|finding| finding.group == FindingGroup::AccessOpen)
        .count();
    let findings = usize::try_from(counts.open_findings).unwrap_or(usize::MAX);
    let wrong = match (findings, open) {
        (0, _) => " and no finding is open.".to_owned(),
        (_, 0) => format!(
            " and {}.",
            many(findings, "finding is open", "findings are open")
        ),
        (_, open) => format!(
            ", {}: {}.",
            many(findings, "finding is open", "findings are open"),
            many(open, "says that access is open", "say that access is open")
        ),
    };
    if let Some(last) = rest.last_mut() {
        last.push_str(&wrong);
    }
    (bold, rest.join(" "))
}

/// A plan to decide on.
pub(super) fn waiting(waiting: &Waiting, zones: &Zones, one: bool) -> Line {
    let mut line = lists::plan(&waiting.line, zones, one);
    if waiting.remarks > 0 {
        line.marks.push(Mark::new(
            "finding",
            many(waiting.remarks, "remark", "remarks"),
        ));
    }
    if let Some(whose) = &waiting.whose {
        line.marks
            .push(Mark::new("waiting", format!("for {whose}")));
    }
    line.button = "Review";
    line
}

/// An open finding.
pub(crate) fn slim(finding: &FindingLine, zones: &Zones, one: bool) -> Slim {
    let is_open = finding.group == FindingGroup::AccessOpen;
    Slim {
        href: format!(
            "/t/{}/findings/{}/{}",
            finding.tenant, finding.run, finding.number
        ),
        kind: if is_open { "denied" } else { "finding" },
        word: if is_open { "Access is open" } else { "Finding" },
        text: finding.text.clone(),
        concerns: if one {
            finding.name.clone()
        } else {
            format!("{} · {}", finding.name, finding.tenant)
        },
        age: zones.age(finding.opened_at),
    }
}

/// The leavers of the last 30 days; nothing where there was none.
pub(super) fn month(ended: &[RunLine]) -> Option<Month> {
    let leavers: Vec<&RunLine> = ended
        .iter()
        .filter(|run| run.kind == Kind::Offboard)
        .collect();
    if leavers.is_empty() {
        return None;
    }
    let lengths = |of: fn(&RunLine) -> Option<i64>| {
        leavers.iter().filter_map(|run| of(run)).collect::<Vec<_>>()
    };
    Some(Month {
        note: format!("{}, each a dot", many(leavers.len(), "leaver", "leavers")),
        access: strips::strip(&lengths(RunLine::contained_after_ms)),
        fully: strips::strip(&lengths(RunLine::closed_after_ms)),
        share: strips::share(&leavers),
    })
}

/// A request that asks something.
pub(super) fn ask(request: &RequestLine) -> Ask {
    let name = request
        .name
        .as_deref()
        .or(request.upn.as_deref())
        .unwrap_or("somebody not named yet");
    let source = request.reference.as_deref().map_or_else(
        || format!("by {}", request.requester),
        |reference| format!("{} {reference}", request.channel),
    );
    let asks = usize::try_from(request.asks).unwrap_or(0);
    Ask {
        href: format!("/t/{}/requests/{}", request.tenant, request.id),
        name: lists::deed(request.kind, name),
        says: format!(
            "{}, {source}. {}; nothing is planned until then.",
            request.tenant,
            many(asks, "question is open", "questions are open")
        ),
    }
}

/// How many lines of what is coming are shown.
const COMING: usize = 10;

/// What the last look saw, by plan.
pub(super) type Looks = HashMap<PlanId, Seen>;

/// The plans that start next, the soonest first.
pub(super) fn next(plans: &[PlanLine], now: Timestamp) -> Vec<(Timestamp, &PlanLine)> {
    let dated = plans.iter().filter_map(|plan| {
        let at = plan.starts_at.filter(|at| *at > now)?;
        Some((at, plan))
    });
    let mut dated: Vec<_> = dated.collect();
    dated.sort_by_key(|(at, _)| *at);
    dated.truncate(COMING);
    dated
}

/// How many of the six checks are fine; nothing for a plan that was never looked at.
fn readiness(plan: &PlanLine, looks: &Looks, due: Timestamp) -> Option<Mark> {
    let seen = looks.get(&plan.id)?;
    let standing = match plan.status {
        PlanStatus::Waiting => Standing::Waiting {
            have: plan.have,
            need: plan.need,
        },
        _ => Standing::Approved,
    };
    // The approval of a dated plan holds for its date.
    let checks = look::ready(seen, &plan.tenant, &standing, None, due);
    let fine = checks.iter().filter(|one| one.problem.is_none()).count();
    let kind = if fine == checks.len() {
        "verified"
    } else {
        "finding"
    };
    Some(Mark::new(kind, format!("{fine} of {}", checks.len())))
}

/// Where a plan stands that was never looked at.
fn stand(plan: &PlanLine) -> Mark {
    match plan.status {
        PlanStatus::Waiting => Mark::new("waiting", format!("{} of {}", plan.have, plan.need)),
        PlanStatus::Approved => Mark::new("verified", "Approved"),
        _ => Mark::new("scheduled", "Scheduled"),
    }
}

/// What starts and ends next, by day at the reader's.
pub(super) fn coming(plans: &[PlanLine], looks: &Looks, zones: &Zones) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for (at, plan) in next(plans, zones.now) {
        let site = zones.site(&plan.tenant);
        let said = when::day(at, site, zones.now);
        let (name, time) = said.rsplit_once(' ').unwrap_or(("", &said));
        // A weekday with its number is enough within the next weeks.
        let name = name.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let mark = readiness(plan, looks, at).unwrap_or_else(|| stand(plan));
        let line = Coming {
            href: format!("/t/{}/plans/{}", plan.tenant, plan.id),
            time: time.to_owned(),
            iso: when::machine(at),
            name: plan.name.clone(),
            does: lists::does(plan.kind),
            mark,
        };
        match days.last_mut().filter(|day| day.name == name) {
            Some(day) => day.lines.push(line),
            None => days.push(Day {
                name,
                lines: vec![line],
            }),
        }
    }
    days
}

/// A signed head.
pub(super) fn head(tenant: &TenantId, signed: &SignedHead, zones: &Zones) -> LedgerHead {
    let root = signed.head.root.to_string();
    LedgerHead {
        href: format!("/t/{tenant}/ledger"),
        tenant: tenant.to_string(),
        entries: signed.head.size.to_string(),
        at: when::day(signed.head.time, &zones.here, zones.now),
        iso: when::machine(signed.head.time),
        short: root.chars().take(12).collect(),
        spaced: reading::digest_groups(&root),
        root,
    }
}
