//! The plan: ordered steps, remarks, and the digest that an approval binds to.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::request::Kind;
use crate::spec::{Effect, ObjectRef, StepSpec};
use crate::{PlanId, RequestId, StepKey, TenantId};

/// The format of the stored bytes; raised with a migration when the shape changes.
pub const FORMAT: u32 = 1;

/// Everything that matters about a plan, and nothing that does not: no id, no read times, no clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`] when it was made.
    pub format: u32,
    /// The tenant.
    pub tenant: TenantId,
    /// The tenant's directory id, so that a plan never meets another tenant of the same name.
    pub directory: String,
    /// The request it answers.
    pub request: RequestId,
    /// What is wished for.
    pub kind: Kind,
    /// The person.
    pub person: ObjectRef,
    /// The person's sign-in name, as people read it.
    pub upn: String,
    /// The start; absent means as soon as it is approved.
    pub at: Option<Timestamp>,
    /// The steps in an order that respects every edge.
    pub steps: Vec<StepSpec>,
    /// What the approver must know.
    pub remarks: Vec<Remark>,
    /// The digest of the policy text it was made under.
    pub policy: String,
    /// Who asked; may not approve.
    pub requester: String,
    /// Who has to decide.
    pub approval: ApprovalNeed,
    /// Whether policy lets removals grow between approval and run.
    pub removals_may_grow: bool,
    /// What is reserved for it when it is approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reserves: Vec<Reserve>,
    /// The request that its run makes for later, such as the end of a contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUp>,
    /// The steps that it was limited to, where it is an action and not a playbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// What is looked at afterwards, where the policy approved it beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

/// Something that an approved plan will take, of which there is only so much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// What it is.
    pub kind: ReserveKind,
    /// The sign-in name, or the licence's id.
    pub key: String,
    /// The step that takes it.
    pub step: StepKey,
}

/// What is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum ReserveKind {
    /// A sign-in name.
    Name,
    /// A seat of a licence.
    Seat {
        /// How many were free when the plan was made, those reserved by others not taken off.
        free: i64,
    },
}

/// A request that a run makes for later. It changes nothing by itself: it is planned and approved like any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What is asked for.
    pub kind: Kind,
    /// The day, at the person's site.
    pub on: jiff::civil::Date,
    /// Why, in the words of a remark.
    pub because: String,
}

/// Who has to decide on a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalNeed {
    /// How many different people.
    pub people: u32,
    /// Who may; empty for any operator.
    pub approvers: Vec<String>,
    /// Why more than the usual number, when it is so.
    pub because: Option<String>,
    /// How long an approval holds, in hours.
    pub holds_for_hours: u32,
    /// Who is asked as well when nobody decides in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// After how many hours nobody can decide any more, counted from when the plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after_hours: Option<u32>,
}

/// Who is asked as well when nobody decides in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// After how many hours, counted from when the plan was made.
    pub after_hours: u32,
    /// Who, by address; from then on they may decide as well.
    pub to: Vec<String>,
}

/// What an approver must look at after a run that the policy approved beforehand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The text of the finding that stands until then.
    pub text: String,
    /// Who may look; empty for any approver. Never whoever asked.
    pub reviewers: Vec<String>,
}

/// How much a remark should worry an approver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Something irreversible, or something that stays open.
    Danger,
    /// Something that no step can do: it becomes a finding when the run begins, so that a human closes it.
    ByHand,
    /// Something to think about.
    Caution,
    /// Something to know.
    Note,
}

/// Something the approver must know; acknowledged by approving.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remark {
    /// How much it should worry.
    pub weight: Weight,
    /// What, in one or two sentences.
    pub text: String,
}

impl Remark {
    /// A remark of this weight.
    pub fn new(weight: Weight, text: impl Into<String>) -> Self {
        Self {
            weight,
            text: text.into(),
        }
    }
}

/// SHA-256 over a plan's stored bytes, in lower-case hex.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The digest as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits: enough for a person to compare.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl From<&str> for Digest {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A plan as stored: the canonical bytes rule, the parsed plan is for reading.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPlan {
    /// Its id.
    pub id: PlanId,
    /// The parsed plan.
    pub plan: Plan,
    /// The canonical bytes, as made once.
    pub bytes: Vec<u8>,
    /// The digest of the bytes.
    pub digest: Digest,
    /// When it was made.
    pub made_at: Timestamp,
    /// When its facts were read.
    pub read_at: Timestamp,
}

/// Why stored bytes are no plan.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes do not parse.
    #[error("the stored plan {id} cannot be read; make a new plan")]
    Unreadable {
        /// The plan.
        id: PlanId,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// The bytes are of another format.
    #[error(
        "the stored plan {id} has format {found}, and this version of Tenure reads format {FORMAT}"
    )]
    Format {
        /// The plan.
        id: PlanId,
        /// The format found.
        found: u32,
    },
}

impl StoredPlan {
    /// Seals a plan: makes its canonical bytes, once.
    ///
    /// # Panics
    /// Never for a plan made of JSON values.
    #[must_use]
    pub fn seal(id: PlanId, plan: Plan, made_at: Timestamp, read_at: Timestamp) -> Self {
        let bytes = serde_json::to_vec(&plan).expect("a plan consists of JSON values");
        let digest = Digest::of(&bytes);
        Self {
            id,
            plan,
            bytes,
            digest,
            made_at,
            read_at,
        }
    }

    /// Opens stored bytes.
    ///
    /// # Errors
    /// When they do not parse or have another format.
    pub fn open(
        id: PlanId,
        bytes: Vec<u8>,
        made_at: Timestamp,
        read_at: Timestamp,
    ) -> Result<Self, Error> {
        let plan: Plan = serde_json::from_slice(&bytes).map_err(|source| Error::Unreadable {
            id: id.clone(),
            source,
        })?;
        if plan.format != FORMAT {
            return Err(Error::Format {
                id,
                found: plan.format,
            });
        }
        let digest = Digest::of(&bytes);
        Ok(Self {
            id,
            plan,
            bytes,
            digest,
            made_at,
            read_at,
        })
    }
}

/// A decision by a named person on one plan digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The plan.
    pub plan: PlanId,
    /// What exactly was approved.
    pub digest: Digest,
    /// Whose voice it is.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Who gave it in that name, where it was somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// Irreversible lines that were approved apart; the others wait.
    pub apart: Vec<StepKey>,
}

impl Plan {
    /// The step of this key.
    #[must_use]
    pub fn step(&self, key: &StepKey) -> Option<&StepSpec> {
        self.steps.iter().find(|step| &step.key == key)
    }

    /// Where the step of this key stands.
    #[must_use]
    pub fn position(&self, key: &StepKey) -> Option<usize> {
        self.steps.iter().position(|step| &step.key == key)
    }
}

/// Whether a step belongs to containment: it closes access, and nothing may hold it up (order rule 2).
#[must_use]
pub fn is_containment(spec: &StepSpec) -> bool {
    spec.has(|effect| {
        matches!(
            effect,
            Effect::ClosesSignIn | Effect::ResetsPassword | Effect::EndsSessions
        )
    })
}
