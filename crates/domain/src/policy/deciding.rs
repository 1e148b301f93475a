//! Who decides, within which time, what the policy has decided beforehand, and how many may leave at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Approvals {
    /// How many different people have to approve a plan.
    #[serde(default = "one")]
    pub people: u32,
    /// Who may; empty for any operator of the provider.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// How long an approval holds, in hours.
    #[serde(default = "three_days")]
    pub holds_for_hours: u32,
    /// After how many hours without a decision others are asked as well; absent for never.
    #[serde(default)]
    pub escalate_after_hours: Option<u32>,
    /// Who is asked then, by address; from then on they may decide as well.
    #[serde(default)]
    pub escalate_to: Vec<String>,
    /// After how many hours nobody can decide on a plan any more, so that it has to be made anew; absent for never.
    #[serde(default)]
    pub expires_after_hours: Option<u32>,
    /// From whom a request to close access counts as approved by this policy. Never from a ticket or a mail.
    #[serde(default)]
    pub pre_approved_containment: Vec<PreApproved>,
    /// Who looks at such a run afterwards, by address; empty for any approver. Never whoever asked.
    #[serde(default)]
    pub reviewers: Vec<String>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            people: one(),
            approvers: Vec::new(),
            holds_for_hours: three_days(),
            escalate_after_hours: None,
            escalate_to: Vec::new(),
            expires_after_hours: None,
            pre_approved_containment: Vec::new(),
            reviewers: Vec::new(),
        }
    }
}

pub(super) fn one() -> u32 {
    1
}

pub(super) fn three_days() -> u32 {
    72
}

/// From whom a request to close access may count as approved beforehand: each has proved who it is before it asks. Text has not, so it
/// has no word here (DESIGN.md section 9).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PreApproved {
    /// Operators who have signed in, by a page or the command line.
    Operators,
    /// API clients with a token.
    Api,
    /// The HR system.
    Hr,
}

impl PreApproved {
    /// All of them, as the policy names them.
    pub const ALL: [Self; 3] = [Self::Operators, Self::Api, Self::Hr];

    /// The word in the policy.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Operators => "operators",
            Self::Api => "api",
            Self::Hr => "hr",
        }
    }

    /// Whom a request came from, by the channel of its origin; none for text and for what runs ask themselves.
    #[must_use]
    pub fn of_channel(channel: &str) -> Option<Self> {
        match channel {
            "cli" | "form" => Some(Self::Operators),
            "api" => Some(Self::Api),
            "hr" => Some(Self::Hr),
            _ => None,
        }
    }
}

/// How much may happen at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// How many may leave within how many hours; who leaves beyond that needs a second approver. Absent for no limit.
    #[serde(default)]
    pub leavers: Option<LeaverLimit>,
}

/// How many people may leave within a time before a second person has to approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LeaverLimit {
    /// So many people need no second approver.
    pub count: u32,
    /// The time that is looked back over, in hours.
    pub within_hours: u32,
}
