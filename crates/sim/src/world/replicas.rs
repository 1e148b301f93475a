//! Replicas that lag: reads may show an object as it was up to some seconds ago, and two reads may disagree.

use jiff::Timestamp;

use super::clock::after;
use super::{
    Application, DeletedUser, Eligibility, Event, Group, Id, Mailbox, Message, RoleAssignment, Sku,
    Tenant, User,
};
use crate::chance::Chance;

/// How many replicas answer reads.
pub(crate) const COUNT: usize = 3;

/// How long after its last replica a version is still kept, for indexes that lag behind the replicas.
const KEPT_MS: i64 = 30_000;

macro_rules! collections {
    ($($kind:ident $name:ident $type:ty),* $(,)?) => {
        /// One object as it was before a commit; none when it did not exist.
        #[derive(Clone, Debug)]
        enum Version { $($kind(Id, Option<Box<$type>>)),* }

        impl Version {
            fn of_changes(before: &Tenant, after: &Tenant) -> Vec<Self> {
                let mut out = Vec::new();
                $(
                    for (id, old) in &before.$name {
                        if after.$name.get(id) != Some(old) {
                            out.push(Self::$kind(id.clone(), Some(Box::new(old.clone()))));
                        }
                    }
                    for id in after.$name.keys().filter(|id| !before.$name.contains_key(*id)) {
                        out.push(Self::$kind(id.clone(), None));
                    }
                )*
                out
            }

            fn name(&self) -> (&'static str, &str) {
                match self { $(Self::$kind(id, _) => (stringify!($name), id)),* }
            }

            fn restore(&self, tenant: &mut Tenant) {
                match self {
                    $(
                        Self::$kind(id, Some(old)) => { tenant.$name.insert(id.clone(), (**old).clone()); }
                        Self::$kind(id, None) => { tenant.$name.remove(id); }
                    )*
                }
            }
        }
    };
}

collections!(
    User users User,
    Group groups Group,
    Mailbox mailboxes Mailbox,
    Event events Event,
    Message messages Message,
    RoleAssignment role_assignments RoleAssignment,
    Eligibility eligibilities Eligibility,
    Sku skus Sku,
    Application applications Application,
    DeletedUser deleted_users DeletedUser,
);

/// The versions that some replica of a tenant may still show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replicas {
    hidden: Vec<Hidden>,
}

#[derive(Clone, Debug)]
struct Hidden {
    before: Version,
    committed_at: Timestamp,
    visible_at: [Timestamp; COUNT],
}

impl Replicas {
    /// Notes a commit: each changed object reaches each replica some time within `lag_ms`.
    pub(crate) fn committed(
        &mut self,
        change: (&Tenant, &Tenant),
        now: Timestamp,
        lag_ms: [u64; 2],
        draw: (Chance, &str),
    ) {
        let (chance, name) = draw;
        let slowest = i64::try_from(lag_ms[1]).unwrap_or(0) + KEPT_MS;
        self.hidden.retain(|old| {
            after(old.committed_at, slowest) > now
                || old.visible_at.iter().any(|at| after(*at, KEPT_MS) > now)
        });
        for before in Version::of_changes(change.0, change.1) {
            let (collection, id) = before.name();
            let earlier = self
                .hidden
                .iter()
                .rev()
                .find(|old| old.before.name() == (collection, id));
            let visible_at = std::array::from_fn(|replica| {
                let lag = chance.between(
                    &["lag", name, collection, id, &replica.to_string()],
                    lag_ms[0],
                    lag_ms[1],
                );
                let at = after(now, i64::try_from(lag).unwrap_or(0));
                earlier.map_or(at, |earlier| at.max(earlier.visible_at[replica]))
            });
            self.hidden.push(Hidden {
                before,
                committed_at: now,
                visible_at,
            });
        }
    }

    /// The tenant as its primary stood at a moment, as far back as versions are kept.
    pub(crate) fn as_of(&self, primary: &Tenant, moment: Timestamp) -> Tenant {
        let mut seen = primary.clone();
        for old in self
            .hidden
            .iter()
            .rev()
            .filter(|old| old.committed_at > moment)
        {
            old.before.restore(&mut seen);
        }
        seen
    }

    /// The tenant as one replica shows it at a moment.
    pub(crate) fn view(&self, primary: &Tenant, replica: usize, moment: Timestamp) -> Tenant {
        let mut seen = primary.clone();
        for old in self
            .hidden
            .iter()
            .rev()
            .filter(|old| old.visible_at[replica % COUNT] > moment)
        {
            old.before.restore(&mut seen);
        }
        seen
    }
}
