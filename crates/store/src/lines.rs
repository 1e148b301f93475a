//! What a line of a list says.

use domain::plan::Digest;
use domain::request::Kind;
use domain::{FindingId, PlanId, RequestId, RunId, StepKey, TenantId};
use engine::state::Finding;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) mod read;

/// An enumeration that is kept as a word.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$own:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$own])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word used in data.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What this word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }
    };
}

words!(
    /// Where a request stands.
    RequestStatus {
        /// Something must be asked first: a draft.
        Asks = "asks",
        /// No plan was made for it yet.
        New = "new",
        /// There is a plan for it.
        Planned = "planned",
    }
);

words!(
    /// Where a plan stands.
    PlanStatus {
        /// It waits for approvals.
        Waiting = "waiting",
        /// It has the approvals it needs, and no run yet.
        Approved = "approved",
        /// Its run waits for its start.
        Scheduled = "scheduled",
        /// Its run is under way.
        Running = "running",
        /// Its run has ended.
        Ended = "ended",
        /// It was refused.
        Refused = "refused",
        /// A newer plan took its place.
        Replaced = "replaced",
        /// An approval was taken back before its run began.
        Void = "void",
    }
);

words!(
    /// Where a run stands.
    RunStatus {
        /// It waits for its start.
        Scheduled = "scheduled",
        /// Access is being closed.
        Containing = "containing",
        /// Its steps are carried out.
        Running = "running",
        /// Nothing new is started until somebody resumes it.
        Paused = "paused",
        /// What is in flight settles, and nothing new is started.
        Cancelling = "cancelling",
        /// It ended, and every step is verified or skipped by policy.
        Completed = "completed",
        /// It ended, and a finding is open.
        NeedsReview = "needs-review",
    }
);

words!(
    /// Where a finding stands.
    FindingStatus {
        /// Nobody has closed it.
        Open = "open",
        /// It is closed.
        Handled = "handled",
    }
);

words!(
    /// Under which head a finding is listed, the worst first.
    FindingGroup {
        /// Access that was to be closed is open.
        AccessOpen = "access-open",
        /// A step could not be finished.
        NotFinished = "not-finished",
        /// Something is paid for and used by nobody.
        CostsMoney = "costs-money",
        /// Something was not checked, or has to be done by a person.
        NotChecked = "not-checked",
        /// The plan no longer fits the tenant.
        PlanVoid = "plan-void",
    }
);

impl FindingGroup {
    /// The group of a finding: whether it leaves access open, then its kind as the engine names kinds.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        match finding.kind.as_str() {
            _ if finding.access => Self::AccessOpen,
            "cost" => Self::CostsMoney,
            "by-hand" | "clock" | "late" | "review" => Self::NotChecked,
            "drift" | "approval" => Self::PlanVoid,
            _ => Self::NotFinished,
        }
    }

    /// Its place among the groups, the worst first.
    pub(crate) fn rank(self) -> i64 {
        match self {
            Self::AccessOpen => 0,
            Self::NotFinished => 1,
            Self::CostsMoney => 2,
            Self::NotChecked => 3,
            Self::PlanVoid => 4,
        }
    }
}

/// A request or a draft in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RequestLine {
    /// The request.
    pub id: RequestId,
    /// The tenant.
    pub tenant: TenantId,
    /// What is wished for.
    pub kind: Kind,
    /// Where it stands.
    pub status: RequestStatus,
    /// The person's address, where the source names one.
    pub upn: Option<String>,
    /// The person's name, where the source names it.
    pub name: Option<String>,
    /// Who asked.
    pub requester: String,
    /// The channel it came by.
    pub channel: String,
    /// Its reference in the foreign system.
    pub reference: Option<String>,
    /// How many questions are open.
    pub asks: u64,
    /// Whether only named persons see it.
    pub confidential: bool,
    /// When it was kept.
    pub at: Timestamp,
}

/// A plan in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanLine {
    /// The plan.
    pub id: PlanId,
    /// The tenant.
    pub tenant: TenantId,
    /// The request it answers.
    pub request: RequestId,
    /// What is wished for.
    pub kind: Kind,
    /// Where it stands.
    pub status: PlanStatus,
    /// The person, by the directory's id in lower case.
    pub person: String,
    /// The person's sign-in name.
    pub upn: String,
    /// The person's name.
    pub name: String,
    /// Who asked.
    pub requester: String,
    /// What an approval binds to.
    pub digest: Digest,
    /// How many approvals it needs.
    pub need: u32,
    /// How many it has.
    pub have: u32,
    /// When the first of them runs out.
    pub approved_until: Option<Timestamp>,
    /// When its run is to start; none for at once.
    pub starts_at: Option<Timestamp>,
    /// How many steps it has.
    pub steps: u64,
    /// How many lines of it cannot be undone and are approved apart.
    pub apart: u64,
    /// The run that carries it out.
    pub run: Option<RunId>,
    /// Whether only named persons see it.
    pub confidential: bool,
    /// When it was made.
    pub made_at: Timestamp,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunLine {
    /// The run.
    pub id: RunId,
    /// The tenant.
    pub tenant: TenantId,
    /// The plan.
    pub plan: PlanId,
    /// The request.
    pub request: RequestId,
    /// What is wished for.
    pub kind: Kind,
    /// Where it stands.
    pub status: RunStatus,
    /// The person, by the directory's id in lower case.
    pub person: String,
    /// The person's sign-in name.
    pub upn: String,
    /// The person's name.
    pub name: String,
    /// The digest that was approved.
    pub digest: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when its durations count: the approval, or the start that was planned for later.
    pub counts_from: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When containment was verified.
    pub contained_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How many steps it has.
    pub steps: u64,
    /// How many of them are verified.
    pub verified: u64,
    /// How many of its findings nobody has closed.
    pub open_findings: u64,
    /// When something is next to be done by the clock alone.
    pub due_at: Option<Timestamp>,
    /// Whether only named persons see it.
    pub confidential: bool,
}

impl RunLine {
    /// How long it took until access was closed, in milliseconds.
    #[must_use]
    pub fn contained_after_ms(&self) -> Option<i64> {
        self.after_ms(self.contained_at)
    }

    /// How long it took until it ended, in milliseconds.
    #[must_use]
    pub fn closed_after_ms(&self) -> Option<i64> {
        self.after_ms(self.ended_at)
    }

    fn after_ms(&self, moment: Option<Timestamp>) -> Option<i64> {
        let from_ms = self.counts_from.as_millisecond();
        moment.map(|moment| moment.as_millisecond() - from_ms)
    }
}

/// A finding in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingLine {
    /// Its id: the run and the number.
    pub id: FindingId,
    /// The tenant.
    pub tenant: TenantId,
    /// The run.
    pub run: RunId,
    /// Its number in the run.
    pub number: u32,
    /// The plan.
    pub plan: PlanId,
    /// Where it stands.
    pub status: FindingStatus,
    /// Under which head it is listed.
    pub group: FindingGroup,
    /// Its kind, as the engine names it.
    pub kind: String,
    /// The step it is about, if any.
    pub step: Option<StepKey>,
    /// What happened, to which object, and what to do now.
    pub text: String,
    /// The person, by the directory's id in lower case.
    pub person: String,
    /// The person's sign-in name.
    pub upn: String,
    /// The person's name.
    pub name: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed, and how.
    pub closed: Option<(Timestamp, String)>,
}

/// A person in a list, with the newest of what concerns the person that the viewer may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PersonLine {
    /// The tenant.
    pub tenant: TenantId,
    /// The person, by the directory's id in lower case.
    pub person: String,
    /// The person's sign-in name.
    pub upn: String,
    /// The person's name.
    pub name: String,
    /// The newest plan.
    pub plan: Option<PlanLine>,
    /// The newest run.
    pub run: Option<RunLine>,
}

/// A ledger entry in a list, without its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EntryLine {
    /// The tenant.
    pub tenant: TenantId,
    /// Its place in the tenant's ledger, counted from 1.
    pub seq: u64,
    /// What sort of thing happened.
    pub kind: String,
    /// The request it belongs to.
    pub request: Option<RequestId>,
    /// The plan it belongs to.
    pub plan: Option<PlanId>,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The person's sign-in name.
    pub upn: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The digest of the plan.
    pub digest: Option<Digest>,
    /// When it happened.
    pub at: Timestamp,
}
