//! Whether a run that is due soon can begin: six checks, each fine or with a sentence that says what to do. Pure; whoever asks hands in
//! what was read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::TenantId;
use crate::approval::Standing;
use crate::drift::Difference;
use crate::facts::{Facts, MailboxFacts};
use crate::plan::{Plan, ReserveKind};
use crate::rules;
use crate::spec::Effect;

/// One check, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The tenant consents, and every permission that the plan needs was granted.
    Permissions,
    /// Seats are free for every licence that the plan assigns.
    Seats,
    /// Size and holds of the mailbox are known where the plan converts it or takes its licence.
    Mailbox,
    /// The directory synchronises, where the plan waits for that.
    Synchronisation,
    /// The plan is approved, and the approval holds when the run is due.
    Approval,
    /// The tenant is as it was when the plan was made.
    Drift,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Which.
    pub check: Check,
    /// What stands in the way and what to do about it; absent when all is well.
    pub problem: Option<String>,
}

/// What is known shortly before a run.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Permissions that the plan needs and the tenant has not granted; or why that could not be read, such as a consent that is gone.
    pub missing: Result<&'a [String], &'a str>,
    /// The facts as read now; or why they could not be read.
    pub facts: Result<&'a Facts, &'a str>,
    /// How the tenant differs from the plan; or why that could not be told.
    pub differences: Result<&'a [Difference], &'a str>,
    /// Where the decisions on it stand.
    pub standing: &'a Standing,
    /// When the approval runs out, where there is one.
    pub approved_until: Option<Timestamp>,
    /// When the run is due.
    pub due: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// How long after a synchronisation the next one is late, in hours. The vendor's tool synchronises every half hour.
const LATE_HOURS: i64 = 3;

/// All six checks.
#[must_use]
pub fn check(known: &Known<'_>) -> Vec<Checked> {
    let all: [(Check, Option<String>); 6] = [
        (Check::Permissions, permissions(known)),
        (Check::Seats, of_facts(known, seats)),
        (Check::Mailbox, of_facts(known, mailbox)),
        (Check::Synchronisation, of_facts(known, synchronisation)),
        (Check::Approval, approval(known)),
        (Check::Drift, drift(known)),
    ];
    all.map(|(check, problem)| Checked { check, problem })
        .into()
}

fn permissions(known: &Known<'_>) -> Option<String> {
    let tenant = &known.plan.tenant;
    match known.missing {
        Err(because) => Some(format!(
            "What {tenant} has granted could not be read: {because}"
        )),
        Ok([]) => None,
        Ok(missing) => Some(format!(
            "{tenant} has not granted {}. Have an administrator of the tenant consent again.",
            missing.join(", ")
        )),
    }
}

/// A check that rests on what was read of the tenant.
fn of_facts(known: &Known<'_>, check: fn(&Known<'_>, &Facts) -> Option<String>) -> Option<String> {
    match known.facts {
        Ok(facts) => check(known, facts),
        Err(because) => Some(format!(
            "{} could not be read, so this is not known: {because}",
            known.plan.tenant
        )),
    }
}

fn seats(known: &Known<'_>, facts: &Facts) -> Option<String> {
    let wanted = known.plan.reserves.iter();
    let short: Vec<String> = wanted
        .filter(|reserve| matches!(reserve.kind, ReserveKind::Seat { .. }))
        .filter_map(|reserve| {
            let bought = facts
                .tenant
                .skus
                .iter()
                .find(|sku| sku.id.as_str() == reserve.key);
            match bought {
                None => Some(format!("{} is not bought", reserve.key)),
                Some(sku) if sku.free() <= 0 => Some(format!(
                    "{} has {} seats, of which {} are used and {} are reserved by other plans",
                    sku.name, sku.seats, sku.used, sku.reserved
                )),
                Some(_) => None,
            }
        })
        .collect();
    (!short.is_empty()).then(|| format!("{}. Buy or free one.", short.join("; ")))
}

fn mailbox(known: &Known<'_>, facts: &Facts) -> Option<String> {
    let touches = known.plan.steps.iter().any(|spec| {
        spec.has(|effect| {
            matches!(
                effect,
                Effect::ConvertsMailbox | Effect::FreesLicense { .. }
            )
        })
    });
    if !touches {
        return None;
    }
    match &facts.mailbox {
        MailboxFacts::Unread { because } => Some(format!(
            "The mailbox of {} could not be read, so its size and holds are not known: {because}",
            known.plan.upn
        )),
        MailboxFacts::Cloud(mailbox) if mailbox.size_bytes.is_none() => Some(format!(
            "The size of {} is not known. Look at it in Exchange, or plan again.",
            mailbox.address
        )),
        MailboxFacts::Cloud(mailbox) => {
            let keeps = known.plan.steps.iter().any(|spec| {
                spec.has(|effect| matches!(effect, Effect::KeepsMailboxLicense { .. }))
            });
            let because = rules::needs_licence(mailbox).filter(|_| !keeps)?;
            Some(format!(
                "{} needs a licence, because {because}, and the plan keeps none. Plan it again.",
                mailbox.address
            ))
        }
        MailboxFacts::None | MailboxFacts::OnPremises => None,
    }
}

fn synchronisation(known: &Known<'_>, facts: &Facts) -> Option<String> {
    let waits = known.plan.steps.iter().any(|spec| {
        spec.has(|effect| matches!(effect, Effect::AwaitsSync | Effect::DisablesOnPremises))
    });
    if !waits && !facts.person.synced {
        return None;
    }
    let late = jiff::SignedDuration::from_hours(LATE_HOURS);
    let at: Option<Timestamp> = facts
        .person
        .synced_at
        .as_deref()
        .and_then(|at| at.parse().ok());
    match at {
        None => Some(format!(
            "When {} was last synchronised is not known. Look at the synchronisation before the run.",
            known.plan.upn
        )),
        Some(at) if known.now.duration_since(at) > late => Some(format!(
            "{} was last synchronised at {at}, more than {LATE_HOURS} hours ago. Look at the synchronisation before the run.",
            known.plan.upn
        )),
        Some(_) => None,
    }
}

fn approval(known: &Known<'_>) -> Option<String> {
    of_approval(
        &known.plan.tenant,
        known.standing,
        known.approved_until,
        known.due,
    )
}

/// [`Check::Approval`] alone: the one check that needs no look at the tenant, so that it is always told of now.
#[must_use]
pub fn of_approval(
    tenant: &TenantId,
    standing: &Standing,
    approved_until: Option<Timestamp>,
    due: Timestamp,
) -> Option<String> {
    match standing {
        Standing::Approved => match approved_until {
            Some(until) if until < due => Some(format!(
                "The approval runs out at {until}, before the run is due. Have it approved again."
            )),
            _ => None,
        },
        Standing::Waiting { have, need } => Some(format!(
            "{have} of {need} approvals are there. Ask the approvers of {tenant}."
        )),
        Standing::Refused { by, reason } => Some(format!("It was refused by {by}: {reason}")),
        Standing::Expired { at } => Some(format!(
            "Nobody decided before {at}. Plan it again, and have it approved."
        )),
        Standing::Superseded { by } => Some(format!(
            "Plan {by} took the place of this one. Decide on that."
        )),
    }
}

fn drift(known: &Known<'_>) -> Option<String> {
    match known.differences {
        Err(because) => Some(format!(
            "{} could not be compared with the plan: {because}",
            known.plan.tenant
        )),
        Ok([]) => None,
        Ok(differences) => {
            let texts: Vec<&str> = differences.iter().map(|one| one.text.as_str()).collect();
            Some(format!(
                "The tenant changed after the plan was made: {}. Plan it again, and have it approved.",
                texts.join("; ")
            ))
        }
    }
}

#[cfg(test)]
mod tests;
