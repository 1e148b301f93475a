//! What stands beside a plan: who decides, what exactly they approve, whether it can run.

use domain::plan::{Approval, Plan};
use domain::readiness::{self, Checked};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::known::Known;
use super::lead::number;
use super::lines;
use super::standing::{self, Stands, same};
use crate::acts::look::{self, Seen};
use crate::web::shell::initials;
use crate::web::{reading, when};

/// Facts older than this show their age in amber, in milliseconds.
const STALE_MS: i64 = 5 * 60 * 1_000;

/// Somebody who decides, has decided, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Voter {
    /// The first letters.
    pub(crate) initials: String,
    /// The name, or `You`.
    pub(crate) name: String,
    /// A few words under it.
    pub(crate) note: String,
    /// The shape; empty for somebody out of it.
    pub(crate) kind: &'static str,
    /// The words beside the shape.
    pub(crate) word: String,
}

/// Everybody who has to do with the decision, decided first.
pub(crate) fn voters(known: &Known, reader: &str, here: &TimeZone, stands: &Stands) -> Vec<Voter> {
    let plan = known.plan();
    let called = |address: &str| {
        if same(address, reader) {
            "You".to_owned()
        } else {
            known.name_of(address)
        }
    };
    let voter = |address: &str, note: String, kind: &'static str, word: String| Voter {
        initials: initials(&known.name_of(address)),
        name: called(address),
        note,
        kind,
        word,
    };
    let short = |at: Timestamp| when::short(at, here, known.now);
    let mut voters = Vec::new();
    if let Some(refusal) = &known.refusal {
        let note = format!("refused: “{}”", refusal.reason);
        voters.push(voter(&refusal.by, note, "denied", short(refusal.at)));
    }
    let holding = known.holding();
    for approved in &known.approvals {
        let approval = &approved.approval;
        let holds = holding.iter().any(|one| std::ptr::eq(*one, approved));
        let (note, kind) = match (&approved.taken_back, holds) {
            (Some((at, by)), _) => (
                format!("taken back by {} {}", called(by), short(*at)),
                "void",
            ),
            (None, false) => ("has run out".to_owned(), "void"),
            (None, true) if !approval.apart.is_empty() => {
                let lines: Vec<&str> = approval.apart.iter().map(domain::StepKey::as_str).collect();
                (format!("with {}", lines.join(", ")), "verified")
            }
            (None, true) => (String::new(), "verified"),
        };
        let (giver, note) = in_whose_name(approval, note, known);
        voters.push(voter(giver, note, kind, short(approval.at)));
    }
    if *stands == Stands::Waiting {
        let until = known.expires().map_or_else(
            || "may decide".to_owned(),
            |at| format!("until {}", short(at)),
        );
        for (_, address) in standing::candidates(known).into_iter().take(8) {
            voters.push(voter(&address, String::new(), "waiting", until.clone()));
        }
    }
    let requester = &plan.requester;
    voters.push(voter(
        requester,
        "asked for it, so cannot approve".to_owned(),
        "",
        String::new(),
    ));
    voters
}

/// Who gave an approval, and beside it whose voice it was and what else is to be said.
fn in_whose_name<'a>(approval: &'a Approval, note: String, known: &Known) -> (&'a str, String) {
    let Some(giver) = &approval.through else {
        return (&approval.by, note);
    };
    let whose = format!("for {}", known.name_of(&approval.by));
    let parts = [whose, note];
    let note = parts.into_iter().filter(|part| !part.is_empty());
    (giver, note.collect::<Vec<_>>().join(", "))
}

/// What an approval binds to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The first twelve digits.
    pub(crate) short: String,
    /// The same in groups.
    pub(crate) spaced: String,
    /// All of it.
    pub(crate) full: String,
    /// Which version, in words.
    pub(crate) version: String,
    /// How many steps on how many objects.
    pub(crate) steps: String,
    /// How many changes return.
    pub(crate) yes: usize,
    /// How many in part.
    pub(crate) partly: usize,
    /// How many never do.
    pub(crate) never: usize,
    /// The version of the policy.
    pub(crate) policy: String,
}

/// What an approval binds to.
pub(crate) fn bound(known: &Known) -> Bound {
    let plan = known.plan();
    let digest = known.stored.digest.as_str();
    let returns = lines::returns(plan);
    let (version, of) = known.version();
    Bound {
        short: known.stored.digest.short().to_owned(),
        spaced: reading::digest_groups(digest),
        full: digest.to_owned(),
        version: if of == 1 {
            known.stored.id.to_string()
        } else {
            format!("{}, version {version} of {of}", known.stored.id)
        },
        steps: steps(plan),
        yes: returns.yes,
        partly: returns.partly,
        never: returns.never,
        policy: known.policy.as_ref().map_or_else(
            || "cannot be read".to_owned(),
            |(version, _)| format!("{}, v{}", plan.tenant, version.version),
        ),
    }
}

fn steps(plan: &Plan) -> String {
    format!(
        "{} on {}",
        plan.steps.len(),
        number(lines::objects(plan), "object", "objects")
    )
}

/// One thing that has to be so before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// The icon's name.
    pub(crate) icon: &'static str,
    /// The status whose colour it has; empty for green.
    pub(crate) kind: &'static str,
    /// What.
    pub(crate) text: String,
    /// When, or how long ago.
    pub(crate) end: String,
}

/// What is known of whether a plan can run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// `5 of 6`; empty where the tenant was never looked at for it.
    pub(crate) count: String,
    /// Whether all is well.
    pub(crate) is_fine: bool,
    /// When that was seen.
    pub(crate) seen: String,
    /// Whether that is too old to be taken for now.
    pub(crate) is_stale: bool,
    /// One line for each.
    pub(crate) checks: Vec<Check>,
}

/// Whether a plan can run: the six checks of the last look, and what the policy in force says. The tenant is not asked for it.
pub(crate) fn ready(known: &Known, here: &TimeZone, stands: &Stands) -> Ready {
    let mut ready = Ready::default();
    let over = matches!(
        stands,
        Stands::Running(_) | Stands::Ended(..) | Stands::Refused | Stands::Replaced(_)
    );
    if let Some((at, seen)) = known.look.as_ref().filter(|_| !over) {
        let checks = six(known, seen);
        let fine = checks.iter().filter(|one| one.problem.is_none()).count();
        let ago = known.now.as_millisecond() - at.as_millisecond();
        ready.count = format!("{fine} of {}", checks.len());
        ready.is_fine = fine == checks.len();
        ready.seen = format!("seen {} ago", when::lasted(ago));
        ready.is_stale = ago > STALE_MS;
        let drifted = seen.drifted.len();
        ready.checks = checks.iter().map(|one| checked(one, drifted)).collect();
    }
    let against = known.against.iter();
    ready
        .checks
        .extend(against.map(|reason| check("findings", "finding", reason.clone(), "")));
    let made = known.policy.as_ref().map(|(version, _)| version.version);
    match (made, known.in_force) {
        (Some(made), Some(now)) if made != now => {
            let text = format!("Made under policy v{made}; v{now} is in force since");
            ready.checks.push(check("findings", "finding", text, ""));
        }
        _ => {}
    }
    let last = known.plan().at.map_or_else(
        || "before the first change".to_owned(),
        |at| when::short(at, here, known.now),
    );
    if !over {
        let text = "Last look at the tenant".to_owned();
        ready.checks.push(check("waiting", "waiting", text, &last));
    }
    ready
}

fn six(known: &Known, seen: &Seen) -> Vec<Checked> {
    let plan = known.plan();
    let until = known.holding().into_iter().map(|one| one.approval.at).min();
    let hours = i64::from(plan.approval.holds_for_hours);
    // An approval of a dated plan holds for its date.
    let until = until
        .filter(|_| plan.at.is_none())
        .map(|at| at + jiff::SignedDuration::from_hours(hours));
    let due = plan.at.unwrap_or(known.now);
    look::ready(seen, &plan.tenant, &known.case().standing(), until, due)
}

/// A check in a few words when it is fine, and in its own when it is not.
fn checked(one: &Checked, drifted: usize) -> Check {
    if one.check == readiness::Check::Drift && drifted > 0 {
        // The band and the lines say which.
        let text = format!(
            "{} not fit the tenant any more",
            number(drifted, "line does", "lines do")
        );
        return check("findings", "finding", text, "");
    }
    if let Some(problem) = &one.problem {
        return check("findings", "finding", problem.clone(), "");
    }
    let text = match one.check {
        readiness::Check::Permissions => "Permissions are granted",
        readiness::Check::Seats => "Seats are free, or none is needed",
        readiness::Check::Mailbox => "The mailbox can be handled as planned",
        readiness::Check::Synchronisation => "Synchronisation is on time, or not needed",
        readiness::Check::Approval => "Approved, and it holds until the start",
        readiness::Check::Drift => "The tenant is as planned",
    };
    check("tick", "", text.to_owned(), "")
}

fn check(icon: &'static str, kind: &'static str, text: String, end: &str) -> Check {
    Check {
        icon,
        kind,
        text,
        end: end.to_owned(),
    }
}

/// How old the facts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    /// `2 min ago`.
    pub(crate) text: String,
    /// Whether that is too old to be taken for now.
    pub(crate) is_stale: bool,
}

/// How old the facts are.
pub(crate) fn age(known: &Known) -> Age {
    let ms = known.now.as_millisecond() - known.stored.read_at.as_millisecond();
    Age {
        text: format!("{} ago", when::lasted(ms)),
        is_stale: ms > STALE_MS,
    }
}
