//! What the decisions on a plan come to: who may still decide, why somebody may not, whether enough have, who is asked as well, and until
//! when. Pure: plan, operators, delegations, decisions and the moment are handed in.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::{Grant, Role, role_in};
use crate::plan::{Digest, StoredPlan};
use crate::protect::{is_one, may};
use crate::{PlanId, TenantId};

/// An operator, as far as deciding goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The address.
    pub address: String,
    /// The roles, and where they are held.
    pub grants: Vec<Grant>,
}

impl Operator {
    /// Whether this operator's role lets them decide on plans of a tenant.
    fn is_approver(&self, tenant: &TenantId) -> bool {
        role_in(&self.grants, tenant).is_some_and(|role| role.includes(Role::Approver))
    }
}

/// That somebody decides in the name of somebody else for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Whose voice it is, by address.
    pub from: String,
    /// Who uses it, by address.
    pub to: String,
    /// The tenant it is for; absent for all of them.
    pub tenant: Option<TenantId>,
    /// From when.
    pub begins: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

impl Delegation {
    fn holds(&self, tenant: &TenantId, now: Timestamp) -> bool {
        self.begins <= now
            && now < self.ends
            && self.tenant.as_ref().is_none_or(|of| of == tenant)
            && !is_one(&self.from, &self.to)
    }
}

/// A decision on a plan, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What exactly was decided on.
    pub digest: Digest,
    /// Whose voice it is.
    pub voice: String,
    /// Who gave it in that name, where it was somebody else.
    pub through: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub says: Says,
}

/// What a decision says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "kebab-case")]
pub enum Says {
    /// Yes.
    Approved,
    /// No: the plan is dead, and a new one has to be made.
    Refused {
        /// Why.
        reason: String,
    },
    /// The voice's earlier decision does not count any more.
    TakenBack,
}

/// A plan to be decided on, with everything that is known of it at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The plan.
    pub stored: &'a StoredPlan,
    /// The provider's operators.
    pub operators: &'a [Operator],
    /// Who decides for whom.
    pub delegations: &'a [Delegation],
    /// The decisions so far, in their order.
    pub decisions: &'a [Decision],
    /// The plan that took its place, if any.
    pub superseded_by: Option<&'a PlanId>,
    /// Now.
    pub now: Timestamp,
}

/// A voice that somebody may use now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Whose voice it is: what the approval is kept under.
    pub of: String,
    /// Who gives it, where it is somebody else.
    pub through: Option<String>,
}

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for so many more.
    Waiting {
        /// How many approvals hold.
        have: u32,
        /// How many are needed.
        need: u32,
    },
    /// Enough have approved, and their approvals hold.
    Approved,
    /// Somebody refused it.
    Refused {
        /// Whose voice.
        by: String,
        /// Why.
        reason: String,
    },
    /// Nobody decided in time.
    Expired {
        /// When its time was over.
        at: Timestamp,
    },
    /// A newer plan took its place.
    Superseded {
        /// Which.
        by: PlanId,
    },
}

fn hours(hours: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(hours))
}

impl Case<'_> {
    /// Where the plan stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if let Some(by) = self.superseded_by {
            return Standing::Superseded { by: by.clone() };
        }
        if let Some((by, reason)) = self.refusal() {
            return Standing::Refused { by, reason };
        }
        let (have, need) = (self.have(), self.need());
        if have >= need {
            return Standing::Approved;
        }
        match self.expires_at() {
            Some(at) if at <= self.now => Standing::Expired { at },
            _ => Standing::Waiting { have, need },
        }
    }

    /// How many different people have to approve.
    #[must_use]
    pub fn need(&self) -> u32 {
        self.stored.plan.approval.people.max(1)
    }

    /// How many have, whose approval holds.
    #[must_use]
    pub fn have(&self) -> u32 {
        u32::try_from(self.approvals().len()).unwrap_or(u32::MAX)
    }

    /// The approvals that count now: of this digest, not taken back, not run out, one for each voice and one for each person who gave them.
    #[must_use]
    pub fn approvals(&self) -> Vec<&Decision> {
        let holds = hours(self.stored.plan.approval.holds_for_hours);
        let mut counted: Vec<&Decision> = Vec::new();
        for decision in self.last_words() {
            let fits = decision.says == Says::Approved && self.now < decision.at + holds;
            if fits && !counted.iter().any(|other| shares(other, decision)) {
                counted.push(decision);
            }
        }
        counted
    }

    /// Each voice's last decision on this digest.
    fn last_words(&self) -> Vec<&Decision> {
        let mut last: Vec<&Decision> = Vec::new();
        for decision in self.decisions {
            if decision.digest != self.stored.digest {
                continue;
            }
            last.retain(|other| !is_one(&other.voice, &decision.voice));
            last.push(decision);
        }
        last
    }

    fn refusal(&self) -> Option<(String, String)> {
        self.last_words().into_iter().find_map(|decision| {
            let Says::Refused { reason } = &decision.says else {
                return None;
            };
            Some((decision.voice.clone(), reason.clone()))
        })
    }

    /// When nobody can decide any more; nothing where the policy sets no end. A start that lies ahead keeps no plan open for longer.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        let after = self.stored.plan.approval.expires_after_hours?;
        Some(self.stored.made_at + hours(after))
    }

    /// When others are asked as well; nothing where the policy names none.
    #[must_use]
    pub fn escalates_at(&self) -> Option<Timestamp> {
        let escalation = self.stored.plan.approval.escalation.as_ref()?;
        Some(self.stored.made_at + hours(escalation.after_hours))
    }

    /// Whether others are to be asked as well now: the time has come, and too few have decided.
    #[must_use]
    pub fn is_escalated(&self) -> bool {
        let due = self.escalates_at().is_some_and(|at| at <= self.now);
        due && matches!(self.standing(), Standing::Waiting { .. })
    }

    /// The addresses that may approve at this moment: those the plan names, and those asked as well once it is so.
    fn approvers(&self) -> Vec<String> {
        let mut approvers = self.stored.plan.approval.approvers.clone();
        // An empty list is everybody already.
        if !approvers.is_empty() {
            approvers.extend(self.asked_as_well().iter().cloned());
        }
        approvers
    }

    /// Whom the policy asks as well at this moment.
    fn asked_as_well(&self) -> &[String] {
        let due = self.escalates_at().is_some_and(|at| at <= self.now);
        let escalation = self.stored.plan.approval.escalation.as_ref();
        escalation
            .filter(|_| due)
            .map_or(&[], |escalation| &escalation.to)
    }

    /// Whether this voice may decide, whoever gives it; the reason when not.
    fn voice_may(&self, voice: &str) -> Result<(), String> {
        let plan = &self.stored.plan;
        if is_one(voice, &plan.requester) {
            return Err("You asked for this, so another approver must decide.".to_owned());
        }
        may(plan, voice, &self.approvers()).map_err(sentence)?;
        let mut operators = self.operators.iter();
        if let Some(operator) = operators.find(|operator| is_one(&operator.address, voice)) {
            return if operator.is_approver(&plan.tenant) {
                Ok(())
            } else {
                Err(format!(
                    "{voice} is not an approver of {}. An admin can give that role.",
                    plan.tenant
                ))
            };
        }
        // Somebody without an account counts where the policy names them; and where nobody has an account, anybody does.
        let is_named = self.approvers().iter().any(|one| is_one(one, voice));
        if is_named
            || self.asked_as_well().iter().any(|one| is_one(one, voice))
            || self.operators.is_empty()
        {
            return Ok(());
        }
        Err(format!(
            "{voice} is no operator of Tenure and is not named by the policy of {}.",
            plan.tenant
        ))
    }

    /// With which voice this person may approve now: the own one where that may, else one that was delegated.
    ///
    /// # Errors
    /// The sentence to show, which says why not.
    pub fn may_decide(&self, by: &str) -> Result<Voice, String> {
        self.closed()?;
        self.voice_of(by, |voice| self.is_new(voice, by))
    }

    /// With which voice this person may decide on a line of a run that goes on already: the time to decide on the plan is over, and what was
    /// decided on it is no bar.
    ///
    /// # Errors
    /// The sentence to show, which says why not.
    pub fn may_decide_line(&self, by: &str) -> Result<Voice, String> {
        self.voice_of(by, |_| Ok(()))
    }

    fn voice_of(
        &self,
        by: &str,
        is_free: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Voice, String> {
        let own = self.voice_may(by).and_then(|()| is_free(by));
        let because = match own {
            Ok(()) => {
                return Ok(Voice {
                    of: by.to_owned(),
                    through: None,
                });
            }
            Err(because) => because,
        };
        let plan = &self.stored.plan;
        // Whoever asked, or whom it is about, decides in nobody's name.
        let barred = is_one(by, &plan.requester) || is_one(by, &plan.upn);
        let lent = self.delegations.iter().find(|delegation| {
            !barred
                && is_one(&delegation.to, by)
                && delegation.holds(&plan.tenant, self.now)
                && self.voice_may(&delegation.from).is_ok()
                && is_free(&delegation.from).is_ok()
        });
        lent.map(|delegation| Voice {
            of: delegation.from.clone(),
            through: Some(by.to_owned()),
        })
        .ok_or(because)
    }

    /// Why nobody can decide any more, if so.
    fn closed(&self) -> Result<(), String> {
        match self.standing() {
            Standing::Waiting { .. } => Ok(()),
            Standing::Approved => Err("Enough people have approved this plan.".to_owned()),
            Standing::Refused { by, reason } => Err(format!(
                "Refused by {by}: {reason} Make a new plan if that was settled."
            )),
            Standing::Expired { at } => Err(format!(
                "Expired at {at}: nobody decided in time. Plan it again."
            )),
            Standing::Superseded { by } => Err(format!(
                "Plan {by} took the place of this one. Decide on that."
            )),
        }
    }

    /// Neither this voice nor this person has approved yet.
    fn is_new(&self, voice: &str, person: &str) -> Result<(), String> {
        let given = self.approvals().into_iter().find(|decision| {
            [voice, person]
                .iter()
                .any(|one| is_one(&decision.voice, one) || is_one(giver(decision), one))
        });
        match given {
            None => Ok(()),
            Some(decision) if decision.through.is_some() => Err(format!(
                "{} has approved this already, for {}, at {}.",
                giver(decision),
                decision.voice,
                decision.at
            )),
            Some(decision) => Err(format!(
                "{} has approved this already, at {}.",
                decision.voice, decision.at
            )),
        }
    }

    /// Everybody who may still decide now, with an own voice: those named, and operators with the role.
    #[must_use]
    pub fn who_may(&self) -> Vec<String> {
        let mut all: Vec<String> = self.approvers();
        let operators = self
            .operators
            .iter()
            .map(|operator| operator.address.clone());
        all.extend(operators);
        all.extend(self.asked_as_well().iter().cloned());
        let mut who: Vec<String> = Vec::new();
        for one in all {
            let voice = self.may_decide(&one);
            let own = voice.is_ok_and(|voice| voice.through.is_none());
            if own && !who.iter().any(|other| is_one(other, &one)) {
                who.push(one);
            }
        }
        who
    }
}

/// Who gave a decision.
fn giver(decision: &Decision) -> &str {
    decision.through.as_deref().unwrap_or(&decision.voice)
}

/// Whether one person or one voice stands behind both: such count once. Whoever decides in somebody's name and that somebody are one.
fn shares(one: &Decision, other: &Decision) -> bool {
    let stands_behind = |person: &str| is_one(&other.voice, person) || is_one(giver(other), person);
    stands_behind(&one.voice) || stands_behind(giver(one))
}

fn sentence(text: String) -> String {
    if text.ends_with('.') {
        text
    } else {
        format!("{text}.")
    }
}
