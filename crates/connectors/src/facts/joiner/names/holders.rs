//! Who and what has a sign-in name, or holds it as an address, as an alias or from the recycle bin.
//!
//! Source: Graph reference pages of user, group and deleted items; Exchange's page on filterable properties.

use std::collections::BTreeSet;

use domain::facts::Unchecked;
use futures::FutureExt as _;
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use crate::exchange::{Anchor, Exchange, Invocation};
use crate::facts::{Gaps, items, people, text, text_or_empty};
use crate::graph::{Graph, Path, quoted};
use crate::{Connection, Ctx, Error};

/// How long the recycle bin keeps a user.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What is read of a user or a group that may have a name.
const HOLDER: &[&str] = &[
    "id",
    "displayName",
    "mail",
    "mailNickname",
    "proxyAddresses",
];

/// Everybody and everything that may have one of the names.
#[derive(Default)]
pub(super) struct Holders {
    users: Vec<Value>,
    groups: Vec<Value>,
    recipients: Vec<Value>,
    deleted: Vec<Value>,
}

impl Holders {
    /// Asks for all of them at once.
    pub(super) async fn read(
        connection: &Connection,
        ctx: &Ctx,
        names: &[&str],
        employee_id: Option<&str>,
        gaps: &mut Gaps,
    ) -> Result<Self, Error> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        let graph = &connection.graph;
        let (users, groups, deleted, recipients) = tokio::join!(
            holders(graph, ctx, "users", names).boxed(),
            holders(graph, ctx, "groups", names).boxed(),
            deleted(graph, ctx, names, employee_id).boxed(),
            recipients(&connection.exchange, ctx, names).boxed(),
        );
        let mut unread = Gaps::default();
        let holders = Self {
            users: users?,
            groups: groups?,
            deleted: unread.take(deleted, "deleted accounts", "User.Read.All"),
            recipients: unread.take(
                recipients,
                "addresses of contacts and lists in Exchange",
                "Exchange.ManageAsApp with an Exchange role",
            ),
        };
        // What each ten names meet again is said once.
        for gap in unread.0 {
            if !gaps.0.contains(&gap) {
                gaps.0.push(gap);
            }
        }
        Ok(holders)
    }

    /// Who has a name or holds it, in the words of a remark.
    pub(super) fn of(&self, upn: &str) -> Option<String> {
        let alias = alias_of(upn);
        let is = |entry: &Value, property: &str, value: &str| {
            text(entry, property).is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        let signs_in = self
            .users
            .iter()
            .find(|user| is(user, "userPrincipalName", upn));
        if let Some(user) = signs_in {
            return Some(format!("{} signs in with it", called(user)));
        }
        let has = |entry: &&Value| {
            is(entry, "mail", upn)
                || is(entry, "PrimarySmtpAddress", upn)
                || has_address(entry, "proxyAddresses", upn)
                || has_address(entry, "EmailAddresses", upn)
        };
        let likewise =
            |entry: &&Value| is(entry, "mailNickname", alias) || is(entry, "Alias", alias);
        let all = || {
            let users = self.users.iter().map(|user| (user, called(user)));
            let groups = self.groups.iter().map(|group| (group, the_group(group)));
            let recipients = self.recipients.iter().map(|one| (one, the_recipient(one)));
            users.chain(groups).chain(recipients)
        };
        if let Some((_, holder)) = all().find(|(entry, _)| has(entry)) {
            return Some(format!("it is an address of {holder}"));
        }
        if let Some((_, holder)) = all().find(|(entry, _)| likewise(entry)) {
            return Some(format!("{holder} has the alias {alias}"));
        }
        let gone = self.deleted.iter().find(|user| {
            let had = name_before(user);
            had.eq_ignore_ascii_case(upn)
        })?;
        Some(format!(
            "{} had it and {}",
            called_before(gone),
            until(gone)
        ))
    }

    /// A deleted account of the same employee: whether it should come back instead is nothing a reader can know.
    pub(super) fn returning(&self, employee_id: Option<&str>) -> Option<Unchecked> {
        let id = employee_id?;
        let gone = self
            .deleted
            .iter()
            .find(|user| text(user, "employeeId").is_some_and(|known| known == id))?;
        Some(Unchecked {
            what: format!(
                "whether an earlier account of employee id {id} should come back instead"
            ),
            because: format!("{} {}", called_before(gone), until(gone)),
        })
    }
}

fn alias_of(upn: &str) -> &str {
    upn.rsplit_once('@').map_or(upn, |(local, _)| local)
}

fn has_address(entry: &Value, property: &str, address: &str) -> bool {
    items(entry, property)
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|known| known.split_once(':'))
        .any(|(kind, known)| {
            kind.eq_ignore_ascii_case("smtp") && known.eq_ignore_ascii_case(address)
        })
}

fn called(user: &Value) -> String {
    let person = people::lite(user);
    format!("{} <{}>", person.display_name, person.upn)
}

fn the_group(group: &Value) -> String {
    format!("the group “{}”", text_or_empty(group, "displayName"))
}

fn the_recipient(entry: &Value) -> String {
    let name = text(entry, "DisplayName").or_else(|| text(entry, "Name"));
    let kind = text_or_empty(entry, "RecipientTypeDetails");
    format!("“{}” in Exchange ({kind})", name.unwrap_or_default())
}

/// The sign-in name of a deleted user: the directory puts the id, without hyphens, in front of it.
fn name_before(user: &Value) -> String {
    let id = text_or_empty(user, "id").replace('-', "");
    let upn = text_or_empty(user, "userPrincipalName");
    match upn.get(..id.len()) {
        Some(begins) if !id.is_empty() && begins.eq_ignore_ascii_case(&id) => {
            upn[id.len()..].to_owned()
        }
        _ => upn,
    }
}

fn called_before(user: &Value) -> String {
    let name = text_or_empty(user, "displayName");
    format!("{name} <{}>", name_before(user))
}

/// When it was deleted, and how long it can come back.
fn until(user: &Value) -> String {
    let deleted = text(user, "deletedDateTime").and_then(|at| at.parse::<Timestamp>().ok());
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    let end = deleted.and_then(|at| at.checked_add(KEPT).ok());
    match (deleted, end) {
        (Some(at), Some(end)) => format!(
            "was deleted on {}: the account could be restored until {}",
            day(at),
            day(end)
        ),
        _ => "is in the recycle bin: the account could be restored".to_owned(),
    }
}

/// Values as a list for `in`.
fn list<'n>(values: impl IntoIterator<Item = &'n str>) -> String {
    let once: BTreeSet<String> = values.into_iter().map(quoted).collect();
    let values: Vec<String> = once.into_iter().collect();
    format!("({})", values.join(","))
}

/// Alternatives, joined.
fn any<'n>(names: &[&'n str], one: impl Fn(&'n str) -> String) -> String {
    let parts: Vec<String> = names.iter().map(|name| one(name)).collect();
    parts.join(" or ")
}

/// Users or groups with one of the names as sign-in name, address or alias. One question per property: the alternatives of all
/// together would be too many for one filter.
async fn holders(
    graph: &Graph,
    ctx: &Ctx,
    collection: &str,
    names: &[&str],
) -> Result<Vec<Value>, Error> {
    let users = collection == "users";
    let addresses = list(names.iter().copied());
    let mut filters = vec![
        format!("mail in {addresses}"),
        format!(
            "mailNickname in {}",
            list(names.iter().map(|name| alias_of(name)))
        ),
        any(names, |name| {
            let address = quoted(&format!("smtp:{name}"));
            format!("proxyAddresses/any(p:p eq {address})")
        }),
    ];
    let mut properties = HOLDER.to_vec();
    if users {
        filters.push(format!("userPrincipalName in {addresses}"));
        properties.push("userPrincipalName");
    }
    let paths: Vec<Path> = filters
        .iter()
        .map(|filter| Path::of([collection]).filter(filter).select(&properties))
        .collect();
    let found = try_join_all(paths.iter().map(|path| graph.list(ctx, path)));
    Ok(found
        .await?
        .into_iter()
        .flat_map(|listing| listing.entries)
        .collect())
}

/// Deleted users who had one of the names or the employee id. The bin answers filters only as advanced queries.
async fn deleted(
    graph: &Graph,
    ctx: &Ctx,
    names: &[&str],
    employee_id: Option<&str>,
) -> Result<Vec<Value>, Error> {
    let mut filter = any(names, |name| {
        format!("endsWith(userPrincipalName,{})", quoted(name))
    });
    if let Some(id) = employee_id {
        filter.push_str(" or employeeId eq ");
        filter.push_str(&quoted(id));
    }
    let path = Path::of(["directory", "deletedItems", "microsoft.graph.user"])
        .filter(&filter)
        .select(&[
            "id",
            "displayName",
            "userPrincipalName",
            "employeeId",
            "deletedDateTime",
        ])
        .eventual();
    Ok(graph.list(ctx, &path).await?.entries)
}

/// Everything in the mail system that has one of the names as an address or alias: contacts and lists of every kind among them, which
/// the directory does not show. In a filter of Exchange a quotation mark is doubled.
async fn recipients(exchange: &Exchange, ctx: &Ctx, names: &[&str]) -> Result<Vec<Value>, Error> {
    let addresses = names
        .iter()
        .map(|name| format!("EmailAddresses -eq {}", quoted(&format!("smtp:{name}"))));
    let aliases: BTreeSet<&str> = names.iter().map(|name| alias_of(name)).collect();
    let aliases = aliases
        .into_iter()
        .map(|alias| format!("Alias -eq {}", quoted(alias)));
    let filter: Vec<String> = addresses.chain(aliases).collect();
    let mut parameters = Map::new();
    parameters.insert("Filter".to_owned(), json!(filter.join(" -or ")));
    parameters.insert("ResultSize".to_owned(), json!("Unlimited"));
    let ask = Invocation::new("Get-Recipient", parameters, Anchor::Organization);
    Ok(exchange.list(ctx, ask).await?.entries)
}
