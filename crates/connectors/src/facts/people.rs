//! People: the person a plan is about, and those that request or policy name.

use std::collections::BTreeMap;

use domain::ObjectId;
use domain::facts::{AccountKind, MailboxFacts, Named, Person, PersonLite};
use futures::future::try_join_all;
use serde_json::Value;

use super::{FactsError, flag, items, text, text_or_empty};
use crate::graph::{Graph, Path, quoted};
use crate::{Connection, Ctx, Error};

/// What is read of a person. Graph leaves most of it out unless asked by name.
pub const USER_PROPERTIES: &[&str] = &[
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "isResourceAccount",
    "usageLocation",
    "department",
    "jobTitle",
    "employeeId",
    "lastPasswordChangeDateTime",
    "signInSessionsValidFromDateTime",
    "onPremisesLastSyncDateTime",
    "givenName",
    "surname",
    "officeLocation",
    "mobilePhone",
    "businessPhones",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "companyName",
    "employeeType",
    "employeeHireDate",
    "preferredLanguage",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
];

/// Parts of the profile by the names that requests use, and the properties they stand in. Parts with a field of their own in
/// [`Person`] are not among them.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("given-name", "givenName"),
    ("family-name", "surname"),
    ("office", "officeLocation"),
    ("mobile", "mobilePhone"),
    ("phone", "businessPhones"),
    ("street", "streetAddress"),
    ("city", "city"),
    ("state", "state"),
    ("postal-code", "postalCode"),
    ("country", "country"),
    ("company", "companyName"),
    ("employee-type", "employeeType"),
    ("hire-date", "employeeHireDate"),
    ("language", "preferredLanguage"),
    ("immutable-id", "onPremisesImmutableId"),
    ("on-premises-account", "onPremisesSamAccountName"),
];

const LITE: &[&str] = &[
    "id",
    "userPrincipalName",
    "displayName",
    "accountEnabled",
    "userType",
    "mail",
];

/// What else is known of somebody found.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    active: bool,
    guest: bool,
    mail: Option<String>,
}

fn standing(entry: &Value) -> Standing {
    Standing {
        active: flag(entry, "accountEnabled"),
        guest: is_guest(entry),
        mail: text(entry, "mail"),
    }
}

/// Whether an account is a guest's. The type can be missing for accounts that are older than it, and is then told by the sign-in name.
fn is_guest(entry: &Value) -> bool {
    match text(entry, "userType") {
        Some(kind) => kind == "Guest",
        None => text_or_empty(entry, "userPrincipalName").contains("#EXT#"),
    }
}

/// The path of a user with the properties asked for.
#[must_use]
pub fn user(id: &str, properties: &[&str]) -> Path {
    Path::of(["users", id]).select(properties)
}

/// The one person meant.
pub(super) async fn find(
    connection: &Connection,
    ctx: &Ctx,
    written: &str,
) -> Result<PersonLite, FactsError> {
    let found = look_up(&connection.graph, ctx, written).await?;
    match found.as_slice() {
        [one] => Ok(one.0.clone()),
        [] => Err(FactsError::Nobody {
            written: written.to_owned(),
        }),
        _ => Err(FactsError::Several {
            written: written.to_owned(),
            found: found.into_iter().map(|(person, _)| person).collect(),
        }),
    }
}

/// Everybody a written name can mean: a sign-in name or an id is one object, a display name may be several.
async fn look_up(
    graph: &Graph,
    ctx: &Ctx,
    written: &str,
) -> Result<Vec<(PersonLite, Standing)>, Error> {
    let written = written.trim();
    if written.contains('@') || uuid::Uuid::try_parse(written).is_ok() {
        return match by_name_or_id(graph, ctx, written).await? {
            Some(found) => Ok(vec![found]),
            None => by_filter(graph, ctx, "mail", written).await,
        };
    }
    by_filter(graph, ctx, "displayName", written).await
}

/// The user with this sign-in name or id, and how it stands; read directly.
pub(super) async fn by_name_or_id(
    graph: &Graph,
    ctx: &Ctx,
    written: &str,
) -> Result<Option<(PersonLite, Standing)>, Error> {
    match graph.get(ctx, &user(written, LITE)).await {
        Ok(answer) => Ok(Some((lite(&answer.body), standing(&answer.body)))),
        Err(error) if error.class == transport::Class::Missing => Ok(None),
        Err(error) => Err(error),
    }
}

/// The users of whom a property has this value, and how they stand.
pub(super) async fn by_filter(
    graph: &Graph,
    ctx: &Ctx,
    property: &str,
    value: &str,
) -> Result<Vec<(PersonLite, Standing)>, Error> {
    let path = Path::of(["users"])
        .filter(&format!("{property} eq {}", quoted(value)))
        .select(LITE);
    let listing = graph.list(ctx, &path).await?;
    Ok(listing
        .entries
        .iter()
        .map(|entry| (lite(entry), standing(entry)))
        .collect())
}

/// The domain of an address.
pub(super) fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

pub(super) fn lite(entry: &Value) -> PersonLite {
    PersonLite {
        id: ObjectId::new(text_or_empty(entry, "id")),
        upn: text_or_empty(entry, "userPrincipalName"),
        display_name: text_or_empty(entry, "displayName"),
    }
}

/// The person with the manager, and whether the manager can sign in.
pub(super) async fn person(
    graph: &Graph,
    ctx: &Ctx,
    id: &str,
) -> Result<(Person, Option<Named>), Error> {
    let path = user(id, USER_PROPERTIES)
        .expand("manager($select=id,displayName,userPrincipalName,accountEnabled,userType,mail)");
    let body = graph.get(ctx, &path).await?.body;
    let manager = body.get("manager").filter(|manager| manager.is_object());
    let named =
        manager.map(|manager| of_found("manager", vec![(lite(manager), standing(manager))]));
    let person = Person {
        id: ObjectId::new(text_or_empty(&body, "id")),
        upn: text_or_empty(&body, "userPrincipalName"),
        display_name: text_or_empty(&body, "displayName"),
        mail: text(&body, "mail"),
        sign_in_allowed: flag(&body, "accountEnabled"),
        guest: is_guest(&body),
        synced: flag(&body, "onPremisesSyncEnabled"),
        kind: declared_kind(&body),
        usage_location: text(&body, "usageLocation"),
        department: text(&body, "department"),
        job_title: text(&body, "jobTitle"),
        employee_id: text(&body, "employeeId"),
        manager: manager.map(lite),
        password_changed_at: text(&body, "lastPasswordChangeDateTime"),
        sessions_valid_from: text(&body, "signInSessionsValidFromDateTime"),
        attributes: attributes(&body),
        synced_at: text(&body, "onPremisesLastSyncDateTime"),
    };
    Ok((person, named))
}

/// The further parts of the profile that have a value. A list, such as the business phones, which hold one number at most, gives its
/// first entry.
fn attributes(body: &Value) -> BTreeMap<String, String> {
    let value = |property: &str| {
        let first = items(body, property).first().and_then(Value::as_str);
        text(body, property).or_else(|| first.map(str::to_owned))
    };
    ATTRIBUTES
        .iter()
        .filter_map(|(name, property)| Some(((*name).to_owned(), value(property)?)))
        .collect()
}

/// What the directory itself says about the account. Directory synchronisation names its accounts `Sync_<server>_<id>` and
/// `ADToAADSyncServiceAccount` (learn.microsoft.com, Entra Connect accounts and permissions).
fn declared_kind(body: &Value) -> AccountKind {
    let upn = text_or_empty(body, "userPrincipalName");
    if flag(body, "isResourceAccount") {
        AccountKind::Resource
    } else if upn.starts_with("Sync_") || upn.starts_with("ADToAADSyncServiceAccount") {
        AccountKind::Sync
    } else {
        AccountKind::Human
    }
}

/// What the mailbox adds: an account of a shared mailbox or a room does not say so in the directory. A person whose mailbox was
/// shared by an earlier run is told apart by being allowed to sign in no more, and stays refused, too.
pub(super) fn account_kind(declared: AccountKind, mailbox: &MailboxFacts) -> AccountKind {
    match mailbox.cloud().map(|mailbox| mailbox.kind.as_str()) {
        Some("SharedMailbox") if declared == AccountKind::Human => AccountKind::SharedMailbox,
        Some("RoomMailbox" | "EquipmentMailbox" | "SchedulingMailbox") => AccountKind::Resource,
        _ => declared,
    }
}

/// Everybody that these names can mean: sign-in names, object ids or display names.
///
/// # Errors
/// When one of the reads failed.
pub async fn named(graph: &Graph, ctx: &Ctx, names: &[String]) -> Result<Vec<Named>, Error> {
    try_join_all(names.iter().map(|written| async move {
        let found = look_up(graph, ctx, written).await?;
        Ok(of_found(written, found))
    }))
    .await
}

/// Somebody found by the beginning of a name, with what tells two of the same name apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The person.
    pub person: PersonLite,
    /// The department.
    pub department: Option<String>,
    /// The job title.
    pub job_title: Option<String>,
    /// Whether sign-in is allowed.
    pub active: bool,
    /// Whether the account is a guest's.
    pub guest: bool,
}

/// The most people that a search gives.
const HITS: u32 = 20;

/// People whose name, first or last, or sign-in name begins so; at most 20, by name. For a person who chooses one.
///
/// # Errors
/// When the read failed.
pub async fn search(graph: &Graph, ctx: &Ctx, beginning: &str) -> Result<Vec<Hit>, Error> {
    let begins = quoted(beginning.trim());
    let filter = ["displayName", "givenName", "surname", "userPrincipalName"]
        .map(|property| format!("startswith({property},{begins})"))
        .join(" or ");
    let properties = [LITE, &["department", "jobTitle"]].concat();
    let path = Path::of(["users"])
        .filter(&filter)
        .select(&properties)
        .top(HITS);
    let answer = graph.get(ctx, &path).await?;
    let mut hits: Vec<Hit> = items(&answer.body, "value")
        .iter()
        .map(|entry| Hit {
            person: lite(entry),
            department: text(entry, "department"),
            job_title: text(entry, "jobTitle"),
            active: flag(entry, "accountEnabled"),
            guest: is_guest(entry),
        })
        .collect();
    hits.sort_by(|one, other| one.person.display_name.cmp(&other.person.display_name));
    Ok(hits)
}

/// Everybody found under a name. How they stand is told where it is clear who is meant.
fn of_found(written: &str, found: Vec<(PersonLite, Standing)>) -> Named {
    let one = match found.as_slice() {
        [(_, standing)] => Some(standing.clone()),
        _ => None,
    };
    Named {
        written: written.to_owned(),
        found: found.into_iter().map(|(person, _)| person).collect(),
        active: one.as_ref().is_some_and(|one| one.active),
        guest: one.as_ref().is_some_and(|one| one.guest),
        mail: one.and_then(|one| one.mail),
    }
}
