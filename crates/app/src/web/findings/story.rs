//! What happened around a finding, in order, each with where it is known from.

use engine::state::{Finding, MarkKind, StepRun};

use super::detail::short;
use crate::web::run::View;

/// One event of the finding's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) at_ms: i64,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) at: String,
    pub(super) source: String,
}

/// What happened, in order, each with where it is known from.
pub(super) fn story(view: View<'_>, finding: &Finding, step: Option<&StepRun>) -> Vec<Happened> {
    let state = view.state;
    let mut all: Vec<Happened> = Vec::new();
    let mut add = |at: Option<i64>, kind: &'static str, text: String, source: String| {
        if let Some(at_ms) = at {
            all.push(Happened {
                at_ms,
                kind,
                text,
                at: view.clock(at_ms),
                source,
            });
        }
    };
    let receipt = || "receipt".to_owned();
    let approvers = state.approvers.join(" and ");
    add(
        state.approved_ms,
        "",
        format!("Approved by {approvers}"),
        "ledger".to_owned(),
    );
    add(
        state.started_ms,
        "",
        format!("Run {} began", state.run),
        "ledger".to_owned(),
    );
    if let Some(step) = step {
        let kept = &step.receipt;
        add(
            kept.accepted_ms,
            "",
            "The step was accepted".to_owned(),
            receipt(),
        );
        add(
            kept.verified_ms,
            "ok",
            "The step was verified".to_owned(),
            receipt(),
        );
    }
    let kind = if finding.access || finding.kind == "denied" {
        "stop"
    } else {
        "warn"
    };
    let opened = finding.opened_as.as_ref().unwrap_or(&finding.text);
    add(
        Some(finding.opened_ms),
        kind,
        short(opened),
        "finding".to_owned(),
    );
    add(
        state.ended_ms,
        "",
        match state.outcome() {
            Some(outcome) => format!("The run ended: {}", outcome.words()),
            None => "The run ended".to_owned(),
        },
        "ledger".to_owned(),
    );
    all.extend(marks(view, finding));
    all.sort_by_key(|happened| happened.at_ms);
    all
}

/// What people have said and seen of it since, and how it was closed.
fn marks(view: View<'_>, finding: &Finding) -> Vec<Happened> {
    let one = |at_ms: i64, kind: &'static str, text: String| Happened {
        at_ms,
        kind,
        text,
        at: view.clock(at_ms),
        source: "ledger".to_owned(),
    };
    let mut all: Vec<Happened> = Vec::new();
    for mark in &finding.marks {
        let (by, text) = (&mark.by, &mark.text);
        all.push(match mark.what {
            MarkKind::Handled => one(mark.at_ms, "ok", format!("{by} marked it handled: {text}")),
            MarkKind::Reopened => one(mark.at_ms, "warn", format!("{by} opened it again: {text}")),
            MarkKind::Looked => one(
                mark.at_ms,
                "",
                format!("{by} had it looked at again: {text}"),
            ),
        });
    }
    if let Some((at_ms, how)) = &finding.closed
        && finding.handled().is_none()
    {
        all.push(one(*at_ms, "ok", format!("Closed: {how}")));
    }
    all
}
