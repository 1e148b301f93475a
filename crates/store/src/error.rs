//! What can go wrong with the store, said so that the reader knows what to do.

use std::io;

use domain::plan::Digest;
use domain::{OperatorId, PlanId, RunId, TenantId};

/// Why the store did not do it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Written by a newer version.
    #[error(
        "this store has format {found}, and this version of Tenure knows formats up to {known}; use the newer version, or restore a backup made with this one"
    )]
    Newer {
        /// The format found.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// Not a store.
    #[error("{0} is not a Tenure store; name another file under [store], or move this one away")]
    Foreign(String),
    /// The key is another than the one the store was made with.
    #[error(
        "the key does not open this store: it was sealed with key {sealed_with}, and key {given} was given; give the key it was made with (see [secrets])"
    )]
    WrongKey {
        /// Which key sealed it.
        sealed_with: String,
        /// Which key was given.
        given: String,
    },
    /// The key's bytes are no key.
    #[error(
        "a store key is 32 random bytes, as they are or as 64 hex digits or 44 base64 characters; {0}"
    )]
    BadKey(String),
    /// Something sealed was changed, or moved from another row.
    #[error(
        "the sealed {0} cannot be opened: it was changed or belongs to another row; enter it again"
    )]
    Unsealable(String),
    /// The disk is full.
    #[error("the disk is full: nothing of this was written; free some space and try again")]
    Full(#[source] sqlx::Error),
    /// The disk failed.
    #[error(
        "the disk failed while the store was read or written: nothing of this was written; check the disk, then run tenure doctor"
    )]
    Disk(#[source] sqlx::Error),
    /// The store cannot be opened or written.
    #[error(
        "the store {path} cannot be opened or written; check that the folder exists and belongs to the user who runs Tenure"
    )]
    Denied {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is read-only.
    #[error(
        "the store is read-only: nothing of this was written; check the file's owner and permissions"
    )]
    ReadOnly(#[source] sqlx::Error),
    /// Somebody else is writing.
    #[error("another process is writing to the store and did not finish in time; try again")]
    Busy(#[source] sqlx::Error),
    /// The file is damaged.
    #[error("the store is damaged; stop Tenure, keep a copy of the file, and restore a backup")]
    Damaged(#[source] sqlx::Error),
    /// There is no such thing in this scope.
    #[error("there is no {what} {id}")]
    Missing {
        /// What.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// It is there already.
    #[error("there is a {what} {id} already")]
    Exists {
        /// What.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// After the change nobody could give roles any more.
    #[error(
        "{0} is the last admin of all tenants who can sign in; make somebody else one, and have them sign in once"
    )]
    LastAdmin(OperatorId),
    /// A name that cannot be used.
    #[error(
        "{0:?} cannot be a tenant's name: use 1 to 64 letters, digits, spaces or . _ - and begin with a letter or digit"
    )]
    BadName(String),
    /// The directory is kept under another name.
    #[error("this directory is already kept as tenant {0}")]
    SameDirectory(TenantId),
    /// What was approved is not what is stored.
    #[error(
        "plan {plan} has the digest {stored}, not {given}: look at the plan again before approving it"
    )]
    OtherDigest {
        /// The plan.
        plan: PlanId,
        /// The digest given.
        given: Digest,
        /// The digest stored.
        stored: Digest,
    },
    /// A newer plan took its place.
    #[error("plan {plan} was replaced by plan {by}; look at that one")]
    Superseded {
        /// The plan.
        plan: PlanId,
        /// The newer plan.
        by: PlanId,
    },
    /// Another approved plan will take the same sign-in name.
    #[error(
        "the sign-in name {name} is reserved by plan {plan}; plan this person again, and another name is chosen"
    )]
    NameReserved {
        /// The name.
        name: String,
        /// The plan that has it.
        plan: PlanId,
    },
    /// Other approved plans will take the last seats.
    #[error(
        "no seat of licence {licence} is left: {reserved} are reserved by approved plans; buy a seat, then plan this person again"
    )]
    NoSeat {
        /// The licence's id.
        licence: String,
        /// How many are reserved.
        reserved: u64,
    },
    /// It was refused.
    #[error("plan {plan} was refused by {by}; make a new plan")]
    Refused {
        /// The plan.
        plan: PlanId,
        /// Who refused it.
        by: String,
    },
    /// Somebody applied another version meanwhile.
    #[error(
        "{tenant} has policy version {in_force} by now, applied by {by}, and this text was written over version {base}; compare both, then apply again"
    )]
    OtherPolicy {
        /// The tenant.
        tenant: TenantId,
        /// What the text was written over.
        base: u64,
        /// What is in force.
        in_force: u64,
        /// Who applied that.
        by: String,
    },
    /// A cursor that this store did not give.
    #[error("this page of the list cannot be found; begin at its first page")]
    BadCursor,
    /// The same person has approved it.
    #[error("{by} has already approved plan {plan}")]
    AlreadyApproved {
        /// The plan.
        plan: PlanId,
        /// The approver.
        by: String,
    },
    /// Not enough people have approved it, or their approvals ran out.
    #[error(
        "plan {plan} has {have} of the {need} approvals it needs; approvals that ran out or were taken back do not count"
    )]
    Unapproved {
        /// The plan.
        plan: PlanId,
        /// How many approvals hold.
        have: u32,
        /// How many are needed.
        need: u32,
    },
    /// The plan has its run.
    #[error("plan {plan} is carried out by run {run} already")]
    HasRun {
        /// The plan.
        plan: PlanId,
        /// Its run.
        run: RunId,
    },
    /// An approval was taken back, and the run was cancelled with it.
    #[error("an approval of plan {0} was taken back, so its run cannot go on; make a new plan")]
    TakenBack(PlanId),
    /// Too late to take an approval back.
    #[error("run {0} has started, so the approval cannot be taken back; cancel the run instead")]
    Started(RunId),
    /// Another run of the same person is going on.
    #[error("run {0} is already going on for this person; wait for it, or cancel it")]
    PersonBusy(RunId),
    /// Something stored cannot be read.
    #[error("the stored {what} {id} cannot be read by this version of Tenure: {why}")]
    Unreadable {
        /// What.
        what: &'static str,
        /// Its id.
        id: String,
        /// Why.
        why: String,
    },
    /// Anything else the database says.
    #[error("the store could not be read or written; run tenure doctor")]
    Database(#[source] sqlx::Error),
}

impl Error {
    pub(crate) fn missing(what: &'static str, id: impl Into<String>) -> Self {
        let id = id.into();
        Self::Missing { what, id }
    }

    pub(crate) fn unreadable(
        what: &'static str,
        id: impl Into<String>,
        why: impl ToString,
    ) -> Self {
        Self::Unreadable {
            what,
            id: id.into(),
            why: why.to_string(),
        }
    }

    /// Whether the wish was refused, and nothing is wrong with the store itself.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Newer { .. }
            | Self::Foreign(_)
            | Self::WrongKey { .. }
            | Self::BadKey(_)
            | Self::Missing { .. }
            | Self::Exists { .. }
            | Self::LastAdmin(_)
            | Self::BadName(_)
            | Self::SameDirectory(_)
            | Self::OtherDigest { .. }
            | Self::Superseded { .. }
            | Self::AlreadyApproved { .. }
            | Self::Refused { .. }
            | Self::OtherPolicy { .. }
            | Self::BadCursor
            | Self::NameReserved { .. }
            | Self::NoSeat { .. }
            | Self::Unapproved { .. }
            | Self::HasRun { .. }
            | Self::TakenBack(_)
            | Self::Started(_)
            | Self::PersonBusy(_) => true,
            Self::Unsealable(_)
            | Self::Full(_)
            | Self::Disk(_)
            | Self::Denied { .. }
            | Self::ReadOnly(_)
            | Self::Busy(_)
            | Self::Damaged(_)
            | Self::Unreadable { .. }
            | Self::Database(_) => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy(error);
        }
        // SQLite's result codes (sqlite.org/rescode.html); the low byte is the primary code.
        match primary_code(&error) {
            Some(13) => Self::Full(error),
            Some(10) => Self::Disk(error),
            Some(8) => Self::ReadOnly(error),
            Some(5 | 6) => Self::Busy(error),
            Some(11 | 26) => Self::Damaged(error),
            _ => Self::Database(error),
        }
    }
}

/// The primary result code of an error that came from SQLite.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether a unique index or a primary key refused the row.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}
