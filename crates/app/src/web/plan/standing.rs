//! Where a plan stands, who may still decide, and what this reader may do about it.

use domain::protect;
use domain::{PlanId, RunId};
use engine::state::{Outcome, Phase};
use jiff::Timestamp;

use super::known::Known;

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// It waits for approvals.
    Waiting,
    /// Nobody decided in time.
    Expired(Timestamp),
    /// It has its approvals, and no run yet.
    Approved,
    /// Its run waits for its start.
    Scheduled(RunId, Timestamp),
    /// Its run is under way.
    Running(RunId),
    /// Its run has ended.
    Ended(RunId, Outcome),
    /// It was refused.
    Refused,
    /// A newer version took its place.
    Replaced(PlanId),
}

impl Stands {
    /// Where this plan stands.
    pub(crate) fn of(known: &Known) -> Self {
        if let Some(row) = &known.run {
            let run = row.run.clone();
            return match &row.state.phase {
                Phase::Ended { outcome } => Self::Ended(run, *outcome),
                Phase::Scheduled { due_ms } => {
                    let due = Timestamp::from_millisecond(*due_ms).unwrap_or(known.now);
                    Self::Scheduled(run, due)
                }
                _ => Self::Running(run),
            };
        }
        if known.refusal.is_some() {
            return Self::Refused;
        }
        if let Some(newer) = known.newer() {
            return Self::Replaced(newer.clone());
        }
        if known.holding().len() >= known.plan().approval.people as usize {
            return Self::Approved;
        }
        match known.expires() {
            Some(expired) if expired <= known.now => Self::Expired(expired),
            _ => Self::Waiting,
        }
    }

    /// The shape and word of the chip.
    pub(crate) fn chip(&self, known: &Known, is_mine: bool) -> (&'static str, String) {
        let (have, need) = (known.holding().len(), known.plan().approval.people);
        match self {
            Self::Waiting if is_mine => ("waiting", "Waiting for your approval".to_owned()),
            Self::Waiting => ("waiting", format!("Waiting for approval, {have} of {need}")),
            Self::Expired(_) => ("void", "Expired".to_owned()),
            Self::Approved => ("verified", "Approved".to_owned()),
            Self::Scheduled(..) => ("scheduled", "Scheduled".to_owned()),
            Self::Running(_) => ("running", "Running".to_owned()),
            Self::Ended(_, Outcome::Completed) => ("verified", "Completed".to_owned()),
            Self::Ended(_, Outcome::NeedsReview) => ("finding", "Needs review".to_owned()),
            Self::Refused => ("void", "Refused".to_owned()),
            Self::Replaced(_) => ("void", "Replaced".to_owned()),
        }
    }
}

/// What this reader may do about a plan that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mine {
    /// Decide, in the name of this address where it is not their own.
    Decide(Option<String>),
    /// Take back what they have decided.
    Decided(Timestamp),
    /// Look; why not more, in one sentence.
    Look(String),
}

/// Who reads.
pub(crate) struct Reader<'a> {
    /// The address.
    pub(crate) address: &'a str,
    /// Whether they hold the role of an approver in the tenant.
    pub(crate) approves: bool,
}

/// What this reader may do.
pub(crate) fn mine(known: &Known, reader: &Reader<'_>) -> Mine {
    let own = known.holding().into_iter().find(|approved| {
        let giver = approved.approval.through.as_ref();
        same(giver.unwrap_or(&approved.approval.by), reader.address)
            || same(&approved.approval.by, reader.address)
    });
    if let Some(own) = own {
        return Mine::Decided(own.approval.at);
    }
    match known.case().may_decide(reader.address) {
        Ok(voice) if reader.approves => Mine::Decide(voice.through.and(Some(voice.of))),
        Ok(_) => {
            let tenant = &known.plan().tenant;
            Mine::Look(format!(
                "Approving needs the role approver in {tenant}; an admin gives it."
            ))
        }
        Err(why) => Mine::Look(why),
    }
}

/// Name and address of everybody who may still decide.
pub(crate) fn candidates(known: &Known) -> Vec<(String, String)> {
    let addresses = known.case().who_may().into_iter();
    addresses
        .map(|address| (known.name_of(&address), address))
        .collect()
}

/// Whether two addresses are one person's.
pub(crate) fn same(one: &str, other: &str) -> bool {
    match (protect::one_name(one), protect::one_name(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
