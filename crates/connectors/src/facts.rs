//! Reads what the planner needs to know about a person from the live tenant, in as few requests as the APIs allow.
//!
//! Everything that does not depend on another answer is asked for at once, so that it travels in one batch per API. What cannot
//! be read for lack of a permission or a licence becomes an [`Unchecked`], never a guess.

mod calendar;
mod directory;
mod groups;
mod joiner;
mod licences;
mod mailbox;
mod people;
mod products;
mod rights;
mod roles;
mod seats;

use domain::ObjectId;
use domain::facts::{
    Facts, Group, MailboxFacts, Meeting, Method, Named, OwnedApplication, Person, PersonLite,
    RoleHeld, RoleHeldBy, TenantFacts, Unchecked,
};
use futures::FutureExt as _;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Connection, Ctx, Error};

use rights::Holder;

pub use calendar::meetings;
pub use joiner::{JoinerWanted, read_joiner};
pub use mailbox::plain;
pub use people::{ATTRIBUTES, Hit, USER_PROPERTIES, named, search, user};
pub use rights::Scan;
pub use seats::{Seats, seats};

/// What is to be read.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Who.
    pub person: Who<'a>,
    /// Other people that request or policy name, as written.
    pub names: &'a [String],
    /// How far to look for the person's rights on other mailboxes.
    pub scan: Scan,
    /// Groups and applications that the person is known to own; their owners are read with the rest.
    pub owned: &'a [Owned],
    /// The time now.
    pub now: Timestamp,
}

/// Something that a person owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owned {
    /// A group.
    Group(ObjectId),
    /// An application.
    Application(ObjectId),
}

/// Who is meant.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    /// A sign-in name, an object id, or a display name: looked up first.
    Written(&'a str),
    /// Somebody already found.
    Known {
        /// The object id.
        id: &'a str,
        /// The sign-in name, which routes calls to the mailbox.
        upn: &'a str,
    },
}

/// Why there are no facts.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// Nobody is called so.
    #[error("there is nobody called “{written}” in the tenant")]
    Nobody {
        /// As asked for.
        written: String,
    },
    /// Several people are called so.
    #[error("“{written}” can be any of {}", candidates(found))]
    Several {
        /// As asked for.
        written: String,
        /// Everybody it can be.
        found: Vec<PersonLite>,
    },
    /// The tenant could not be read.
    #[error("the tenant could not be read")]
    Call(#[from] Error),
}

fn candidates(found: &[PersonLite]) -> String {
    let names: Vec<String> = found
        .iter()
        .map(|one| format!("{} <{}>", one.display_name, one.upn))
        .collect();
    names.join(", ")
}

/// Reads all facts about one person.
///
/// # Errors
/// [`FactsError::Nobody`] and [`FactsError::Several`] when it is not clear who is meant, [`FactsError::Call`] when a read without
/// which there is no plan failed.
pub async fn read(
    connection: &Connection,
    ctx: &Ctx,
    wanted: Wanted<'_>,
) -> Result<Facts, FactsError> {
    let (id, upn) = match wanted.person {
        Who::Known { id, upn } => (id.to_owned(), upn.to_owned()),
        Who::Written(written) => {
            let found = people::find(connection, ctx, written).await?;
            (found.id.as_str().to_owned(), found.upn)
        }
    };
    let first = First::read(connection, ctx, &wanted, Holder { id: &id, upn: &upn }).await;
    first.complete(connection, ctx, wanted.now).await
}

/// The answers to everything that depends on no other answer.
struct First {
    person: Result<(Person, Option<Named>), Error>,
    memberships: Result<Vec<Group>, Error>,
    owned: Result<Vec<Group>, Error>,
    applications: Result<Vec<OwnedApplication>, Error>,
    owners: Result<groups::Owners, Error>,
    roles: roles::Held,
    methods: Result<Vec<Method>, Error>,
    reports: Result<Vec<PersonLite>, Error>,
    licences: Result<Vec<Value>, Error>,
    tenant: Result<directory::Tenant, Error>,
    meetings: Result<Vec<Meeting>, Error>,
    named: Result<Vec<Named>, Error>,
    mailbox: Result<MailboxFacts, Error>,
    rights: Result<rights::Found, Error>,
}

impl First {
    /// Asks everything at once.
    async fn read(
        connection: &Connection,
        ctx: &Ctx,
        wanted: &Wanted<'_>,
        who: Holder<'_>,
    ) -> Self {
        let (graph, exchange, id) = (&connection.graph, &connection.exchange, who.id);
        // Each on the heap: so many calls side by side are more than a thread's stack should hold.
        let account = async {
            tokio::join!(
                people::person(graph, ctx, id).boxed(),
                groups::memberships(graph, ctx, id).boxed(),
                groups::owned(graph, ctx, id).boxed(),
                groups::applications(graph, ctx, id).boxed(),
                groups::read_ahead(graph, ctx, wanted.owned).boxed(),
                roles::held(graph, ctx, id).boxed(),
                directory::methods(graph, ctx, id).boxed(),
            )
        };
        let surroundings = async {
            tokio::join!(
                directory::reports(graph, ctx, id).boxed(),
                licences::held(graph, ctx, id).boxed(),
                directory::tenant(graph, ctx).boxed(),
                calendar::meetings(graph, ctx, id, wanted.now).boxed(),
                people::named(graph, ctx, wanted.names).boxed(),
                mailbox::read(exchange, ctx, id, who.upn).boxed(),
                rights::read(exchange, ctx, who, &wanted.scan).boxed(),
            )
        };
        let (account, surroundings) = tokio::join!(account, surroundings);
        let (person, memberships, owned, applications, owners, roles, methods) = account;
        let (reports, licences, tenant, meetings, named, mailbox, rights) = surroundings;
        Self {
            person,
            memberships,
            owned,
            applications,
            owners,
            roles,
            methods,
            reports,
            licences,
            tenant,
            meetings,
            named,
            mailbox,
            rights,
        }
    }

    /// Asks what the first answers raise, and puts everything together.
    async fn complete(
        self,
        connection: &Connection,
        ctx: &Ctx,
        now: Timestamp,
    ) -> Result<Facts, FactsError> {
        let graph = &connection.graph;
        let mut gaps = Gaps::default();
        let ((mut person, manager), memberships, tenant) =
            (self.person?, self.memberships?, self.tenant?);
        let mailbox = elsewhere(self.mailbox?, &person);
        person.kind = people::account_kind(person.kind, &mailbox);
        let applications = gaps.take(
            self.applications,
            "owned applications",
            "Application.Read.All",
        );
        let ahead = self.owners?;
        let (owners, through) = tokio::join!(
            groups::owners(graph, ctx, &ahead, self.owned?, applications),
            roles::through_groups(graph, ctx, &memberships),
        );
        let (owned_groups, owned_applications) = owners?;
        let mut roles = roles::settle(self.roles, &mut gaps)?;
        roles.extend(gaps.take(
            through,
            "roles held through groups",
            "RoleManagement.Read.Directory",
        ));
        let mut administrators = gaps.take(
            tenant.administrators,
            "Global Administrators",
            "RoleManagement.Read.Directory",
        );
        let administers = |role: &RoleHeld| {
            role.role.as_str() == directory::GLOBAL_ADMINISTRATOR
                && role.by != RoleHeldBy::Eligibility
        };
        if roles.iter().any(administers) && !administrators.contains(&person.id) {
            // Through a group, or the list could not be read: the person counts all the same.
            administrators.push(person.id.clone());
        }
        Ok(Facts {
            read_at: now,
            licenses: licences::settle(self.licences?, &tenant.skus),
            tenant: TenantFacts {
                global_administrators: administrators,
                domains: tenant.domains,
                skus: tenant.skus,
            },
            person,
            memberships,
            owned_groups,
            owned_applications,
            roles,
            methods: gaps.take(
                self.methods,
                "sign-in methods",
                "UserAuthenticationMethod.Read.All",
            ),
            reports: self.reports?,
            meetings: meetings_of(&mailbox, self.meetings, &mut gaps),
            mailbox,
            rights_elsewhere: rights::settle(self.rights?, &mut gaps),
            named: self.named?.into_iter().chain(manager).collect(),
            unchecked: gaps.0,
            joiner: None,
        })
    }
}

/// A synced person with an address and no mailbox in the cloud has it on premises: the mail system of the cloud knows such a person
/// only as somebody to send to.
fn elsewhere(mailbox: MailboxFacts, person: &Person) -> MailboxFacts {
    match mailbox {
        MailboxFacts::None if person.synced && person.mail.is_some() => MailboxFacts::OnPremises,
        found => found,
    }
}

/// A person without a mailbox has no calendar either, and that is no gap.
fn meetings_of(
    mailbox: &MailboxFacts,
    meetings: Result<Vec<Meeting>, Error>,
    gaps: &mut Gaps,
) -> Vec<Meeting> {
    if mailbox.cloud().is_none() {
        return Vec::new();
    }
    gaps.take(meetings, "future meetings", "Calendars.Read")
}

/// What could not be read.
#[derive(Debug, Default)]
pub(crate) struct Gaps(Vec<Unchecked>);

impl Gaps {
    /// The answer, or nothing and a gap that says what would be needed.
    fn take<T: Default>(&mut self, answer: Result<T, Error>, what: &str, permission: &str) -> T {
        answer.unwrap_or_else(|error| {
            let because = if error.class == transport::Class::Denied {
                format!("it needs {permission}, which is not granted")
            } else {
                error.message
            };
            self.0.push(Unchecked {
                what: what.to_owned(),
                because,
            });
            T::default()
        })
    }
}

/// A property as text; empty counts as absent.
pub(crate) fn text(entry: &Value, property: &str) -> Option<String> {
    entry
        .get(property)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// A property as text, or an empty one.
pub(crate) fn text_or_empty(entry: &Value, property: &str) -> String {
    text(entry, property).unwrap_or_default()
}

/// Whether a property is true.
pub(crate) fn flag(entry: &Value, property: &str) -> bool {
    entry
        .get(property)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

/// The entries of a list property.
pub(crate) fn items<'a>(entry: &'a Value, property: &str) -> &'a [Value] {
    entry
        .get(property)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether a role can be held through this group.
fn carries_roles(group: &&Group) -> bool {
    group.role_assignable
}
