//! What one version of a plan says otherwise than another.

use domain::plan::{Plan, StoredPlan};
use domain::spec::{Change, Expect};
use jiff::Timestamp;

use crate::web::reading;

/// A line that only one of two versions has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// `+` for what only the newer has, `-` for what only the older has.
    pub(crate) sign: &'static str,
    /// The line.
    pub(crate) text: String,
}

/// How two versions differ, from the older to the newer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Differences {
    /// The older one.
    pub(crate) older: String,
    /// The newer one.
    pub(crate) newer: String,
    /// The lines.
    pub(crate) lines: Vec<Difference>,
}

/// How two plans of one request differ.
pub(crate) fn of(one: &StoredPlan, other: &StoredPlan) -> Differences {
    let (older, newer) = if one.made_at <= other.made_at {
        (one, other)
    } else {
        (other, one)
    };
    let (before, after) = (told(&older.plan), told(&newer.plan));
    let only = |lines: &[String], others: &[String], sign: &'static str| {
        let lines = lines.iter().filter(|line| !others.contains(line));
        lines
            .map(|line| Difference {
                sign,
                text: line.clone(),
            })
            .collect::<Vec<_>>()
    };
    let mut lines = only(&before, &after, "-");
    lines.extend(only(&after, &before, "+"));
    Differences {
        older: older.id.to_string(),
        newer: newer.id.to_string(),
        lines,
    }
}

/// Everything a plan says, line by line.
fn told(plan: &Plan) -> Vec<String> {
    let start = plan.at.map_or_else(
        || "starts as soon as it is approved".to_owned(),
        |at: Timestamp| format!("starts {}", at.strftime("%-d %b %Y %H:%M UTC")),
    );
    let mut lines = vec![start, format!("needs {} approvals", plan.approval.people)];
    for spec in &plan.steps {
        let changes = spec
            .changes
            .iter()
            .map(|change| format!("{}: {}", spec.key, change_line(change)));
        lines.extend(changes);
    }
    lines.extend(
        plan.remarks
            .iter()
            .map(|remark| format!("remark: {}", remark.text)),
    );
    lines
}

/// A change in one line. A value that is only renewed differs between any two reads and says nothing.
fn change_line(change: &Change) -> String {
    let object = &change.object.name;
    if change.after == Expect::Later {
        return format!("{object}, {} renewed", change.property);
    }
    let (now, after) = (reading::now(change), reading::after(change));
    format!("{object}, {}: {now} → {after}", change.property)
}
