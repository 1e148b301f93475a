//! What a certificate says, taken from the plan, the receipts and the findings alone.

use domain::plan::Weight;
use domain::request::{Kind, Request};
use domain::spec::Reversal;
use engine::state::{Outcome, Status};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use store::Approved;

use crate::web::plan::{Somebody, name_of};
use crate::web::run::Loaded;
use crate::web::{reading, when};

/// One change in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CertificateLine")]
pub(super) struct Line {
    pub(super) object: String,
    pub(super) before: String,
    pub(super) after: String,
    /// When it was verified; what became of it where it was not.
    pub(super) verified: String,
    pub(super) is_verified: bool,
    pub(super) request: String,
}

/// Changes under one head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CertificateGroup")]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) lines: Vec<Line>,
}

/// A finding and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CertificateFinding")]
pub(super) struct Ended {
    pub(super) text: String,
    pub(super) how: String,
    pub(super) open: bool,
}

/// The sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Sheet {
    pub(super) title: String,
    pub(super) is_certificate: bool,
    pub(super) name: String,
    pub(super) upn: String,
    pub(super) employee: String,
    pub(super) tenant: String,
    pub(super) directory: String,
    pub(super) run: String,
    pub(super) plan: String,
    pub(super) requested: String,
    pub(super) approved: Vec<String>,
    pub(super) digest: String,
    pub(super) digest_short: String,
    pub(super) digest_spaced: String,
    /// When access was closed; empty where the plan closes none.
    pub(super) closed: String,
    /// When the last of it was verified.
    pub(super) fully: String,
    pub(super) groups: Vec<Group>,
    pub(super) findings: Vec<Ended>,
    pub(super) unchecked: Vec<String>,
    pub(super) lasting: Vec<String>,
    pub(super) outcome: String,
}

impl Sheet {
    /// The sheet of a run that has ended.
    pub(super) fn of(
        loaded: &Loaded,
        request: &Request,
        approvals: &[Approved],
        people: &[Somebody],
    ) -> Self {
        let (plan, state) = (loaded.plan(), loaded.state());
        let at = |ms: Option<i64>| ms.map_or_else(String::new, |ms| both(ms, &loaded.site));
        let open = state.open_findings().count();
        let completed = state.outcome() == Some(Outcome::Completed);
        let is_certificate = open == 0 && completed && all_settled(loaded);
        let kind = noun(plan.kind);
        let digest = loaded.stored.digest.as_str().to_owned();
        let closes = plan.steps.iter().any(domain::plan::is_containment);
        Self {
            title: match (is_certificate, open) {
                (true, _) => format!("Certificate of {kind}"),
                (false, 0) => format!("Statement of {kind}, findings handled"),
                (false, _) => format!("Statement of {kind}, needs review"),
            },
            is_certificate,
            name: plan.person.name.clone(),
            upn: plan.upn.clone(),
            employee: request.person.employee_id.as_ref().map(|id| id.value.clone()).unwrap_or_default(),
            tenant: plan.tenant.to_string(),
            directory: plan.directory.clone(),
            run: loaded.row.run.to_string(),
            plan: loaded.row.plan.to_string(),
            requested: format!("{}, {}", named(people, &plan.requester), both(request.origin.received_at.as_millisecond(), &loaded.site)),
            approved: approvals
                .iter()
                .filter(|kept| kept.taken_back.is_none())
                .map(|kept| format!("{}, {}", giver(people, &kept.approval), both(kept.approval.at.as_millisecond(), &loaded.site)))
                .collect(),
            digest_short: digest.chars().take(12).collect(),
            digest_spaced: reading::digest_groups(&digest),
            digest,
            closed: if closes { at(state.contained_ms) } else { String::new() },
            fully: at(if is_certificate { last(loaded) } else { None }),
            groups: groups(loaded),
            findings: findings(loaded),
            unchecked: remarks(loaded),
            lasting: lasting(loaded),
            outcome: match (is_certificate, open) {
                (true, _) => "Outcome: completed. Every step was verified by reading it back.".to_owned(),
                (false, 0) => "Outcome: needs review when the run ended. Every finding was handled since; how stands above, and was not read back.".to_owned(),
                (false, _) => format!("Outcome: needs review. Open findings: {open}."),
            },
        }
    }
}

/// `Ada Admin (ada@provider.example)`; the address alone for somebody who is no operator.
fn named(people: &[Somebody], address: &str) -> String {
    match name_of(people, address) {
        name if name == address => name,
        name => format!("{name} ({address})"),
    }
}

/// Who gave an approval: `B for A` where B gave it in A's name.
fn giver(people: &[Somebody], approval: &domain::plan::Approval) -> String {
    let whose = named(people, &approval.by);
    let giver = approval.through.as_deref();
    giver.map_or_else(
        || whose.clone(),
        |giver| format!("{} for {whose}", named(people, giver)),
    )
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Onboard => "onboarding",
        Kind::Offboard => "offboarding",
        Kind::Transfer => "transfer",
        Kind::Restore => "restoration",
    }
}

/// Whether nothing waits and nothing was left out without somebody having closed it.
fn all_settled(loaded: &Loaded) -> bool {
    let steps = &loaded.state().steps;
    steps
        .iter()
        .all(|(_, step)| step.status.is_settled() && !matches!(step.status, Status::Held { .. }))
}

/// The last verification, epoch milliseconds.
fn last(loaded: &Loaded) -> Option<i64> {
    let steps = loaded.state().steps.iter();
    steps.filter_map(|(_, step)| step.receipt.verified_ms).max()
}

/// `Fri 20 Nov 2026 17:00:06 in Berlin, 16:00:06 UTC`.
fn both(ms: i64, site: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(ms) else {
        return String::new();
    };
    let there = at.to_zoned(site.clone());
    let utc = at.to_zoned(TimeZone::UTC);
    let day = if there.date() == utc.date() {
        "%H:%M:%S UTC"
    } else {
        "%-d %b %H:%M:%S UTC"
    };
    format!(
        "{} in {}, {}",
        there.strftime("%-d %b %Y %H:%M:%S"),
        when::place(site),
        utc.strftime(day)
    )
}

fn groups(loaded: &Loaded) -> Vec<Group> {
    let (plan, state) = (loaded.plan(), loaded.state());
    let mut groups: Vec<Group> = reading::GROUPS
        .iter()
        .map(|group| Group {
            name: group.name,
            lines: Vec::new(),
        })
        .collect();
    for (spec, (_, step)) in plan.steps.iter().zip(&state.steps) {
        let kept = &step.receipt;
        for (at, change) in step.effective(spec).changes.iter().enumerate() {
            let value = |values: &Option<Vec<serde_json::Value>>| {
                values.as_ref()?.get(at).map(reading::say)
            };
            let call = kept.calls.iter().rfind(|call| call.change == at);
            let is_verified = step.status == Status::Verified && !step.refused.contains(&at);
            groups[reading::group(change.object.kind)].lines.push(Line {
                object: format!(
                    "{}: {}",
                    change.object.name,
                    reading::property(&change.property).to_lowercase()
                ),
                before: value(&kept.before).unwrap_or_else(|| reading::now(change)),
                after: value(&kept.after).unwrap_or_else(|| {
                    if is_verified {
                        reading::after(change)
                    } else {
                        "not read".to_owned()
                    }
                }),
                verified: match kept.verified_ms.filter(|_| is_verified) {
                    Some(ms) => clock(ms, &loaded.site),
                    None => became(&step.status).to_owned(),
                },
                is_verified,
                request: call.map_or_else(String::new, |call| {
                    call.request_id
                        .clone()
                        .unwrap_or_else(|| call.client_request_id.clone())
                }),
            });
        }
    }
    groups.retain(|group| !group.lines.is_empty());
    groups
}

fn clock(ms: i64, site: &TimeZone) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| String::new(),
        |at| {
            at.to_zoned(site.clone())
                .strftime("%-d %b %H:%M:%S")
                .to_string()
        },
    )
}

fn became(status: &Status) -> &'static str {
    match status {
        Status::Failed => "could not finish",
        Status::Unstarted => "not begun",
        Status::Held { .. } => "waits for approval",
        _ => "not verified",
    }
}

fn findings(loaded: &Loaded) -> Vec<Ended> {
    let findings = loaded.state().findings.iter();
    findings
        .map(|finding| Ended {
            text: finding.text.clone(),
            how: finding
                .closed
                .as_ref()
                .map_or_else(|| "open".to_owned(), |(_, how)| how.clone()),
            open: finding.closed.is_none(),
        })
        .collect()
}

/// What the plan said beforehand that it does not see to.
fn remarks(loaded: &Loaded) -> Vec<String> {
    let remarks = loaded.plan().remarks.iter();
    remarks
        .filter(|remark| {
            matches!(
                remark.weight,
                Weight::Caution | Weight::ByHand | Weight::Note
            )
        })
        .map(|remark| remark.text.clone())
        .collect()
}

/// What cannot return, each with the reason, once.
fn lasting(loaded: &Loaded) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (spec, (_, step)) in loaded.plan().steps.iter().zip(&loaded.state().steps) {
        if step.receipt.accepted_ms.is_none() && step.status != Status::Verified {
            continue;
        }
        for change in &step.effective(spec).changes {
            if let Reversal::CannotReturn(because) | Reversal::ApprovedApart(because) =
                &change.reversal
            {
                let line = format!("{}: {because}", spec.summary);
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    lines
}
