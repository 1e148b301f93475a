//! What stands behind the groups, mailboxes and people that role and request name.

use domain::ObjectId;
use domain::facts::{Copied, Group, GroupNamed, MailboxLite, MailboxNamed, Named};
use futures::FutureExt as _;
use futures::future::try_join_all;
use serde_json::{Map, Value, json};
use transport::Class;

use super::JoinerWanted;
use crate::exchange::{Anchor, Exchange, Invocation};
use crate::facts::{FactsError, Gaps, groups, items, people, text, text_or_empty};
use crate::graph::{Graph, Path, quoted};
use crate::{Connection, Ctx, Error};

/// Graph takes this many values in one filter.
const VALUES: usize = 15;

/// What was found.
pub(super) struct Access {
    pub(super) groups: Vec<GroupNamed>,
    pub(super) mailboxes: Vec<MailboxNamed>,
    pub(super) copied: Option<Copied>,
    pub(super) named: Vec<Named>,
}

/// Looks everything up at once.
pub(super) async fn read(
    connection: &Connection,
    ctx: &Ctx,
    wanted: &JoinerWanted<'_>,
) -> Result<Access, FactsError> {
    let graph = &connection.graph;
    let mut people_named = wanted.names.to_vec();
    people_named.extend(
        wanted
            .copy_from
            .filter(|name| !wanted.names.iter().any(|other| other == name))
            .map(str::to_owned),
    );
    let (groups, mailboxes, named) = tokio::join!(
        groups_named(graph, ctx, wanted.groups).boxed(),
        mailboxes_named(&connection.exchange, ctx, wanted.mailboxes).boxed(),
        named_and_copied(graph, ctx, &people_named, wanted.copy_from).boxed(),
    );
    let (named, copied) = named?;
    Ok(Access {
        groups: groups?,
        mailboxes: mailboxes?,
        copied,
        named,
    })
}

/// Everybody named, and the memberships of the colleague whose access is copied, when it is clear who that is.
async fn named_and_copied(
    graph: &Graph,
    ctx: &Ctx,
    names: &[String],
    copy_from: Option<&str>,
) -> Result<(Vec<Named>, Option<Copied>), Error> {
    let named = people::named(graph, ctx, names).await?;
    let colleague = copy_from
        .and_then(|written| named.iter().find(|named| named.written == written))
        .and_then(|named| match named.found.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        });
    let copied = match colleague {
        Some(person) => Some(Copied {
            memberships: groups::memberships(graph, ctx, person.id.as_str()).await?,
            person,
        }),
        None => None,
    };
    Ok((named, copied))
}

/// How a group is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Name,
    Address,
    Id,
}

fn form(written: &str) -> Form {
    if written.contains('@') {
        Form::Address
    } else if uuid::Uuid::try_parse(written).is_ok() {
        Form::Id
    } else {
        Form::Name
    }
}

/// Everything that each written name can mean. Names are asked about together.
async fn groups_named(
    graph: &Graph,
    ctx: &Ctx,
    written: &[String],
) -> Result<Vec<GroupNamed>, Error> {
    let of = |wanted: Form| -> Vec<&str> {
        let all = written.iter().map(|name| name.trim());
        all.filter(|name| !name.is_empty() && form(name) == wanted)
            .collect()
    };
    let (names, addresses, ids) = (of(Form::Name), of(Form::Address), of(Form::Id));
    let within = |property: &'static str, values: &[&str]| -> Vec<String> {
        let list = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("{property} in ({})", values.join(","))
        };
        values.chunks(VALUES).map(list).collect()
    };
    let proxies = addresses.chunks(VALUES).map(|values| {
        let one = |value: &&str| {
            let address = quoted(&format!("smtp:{value}"));
            format!("proxyAddresses/any(p:p eq {address})")
        };
        values.iter().map(one).collect::<Vec<_>>().join(" or ")
    });
    let filters = within("displayName", &names)
        .into_iter()
        .chain(within("mail", &addresses))
        .chain(proxies)
        .chain(within("id", &ids));
    let paths: Vec<Path> = filters
        .map(|filter| Path::of(["groups"]).filter(&filter).select(groups::GROUP))
        .collect();
    let found = try_join_all(paths.iter().map(|path| graph.list(ctx, path))).await?;
    let found: Vec<Value> = found
        .into_iter()
        .flat_map(|listing| listing.entries)
        .collect();
    Ok(written
        .iter()
        .map(|written| GroupNamed {
            written: written.clone(),
            found: called(written.trim(), &found),
        })
        .collect())
}

/// The groups among these that a written name means, each once.
fn called(written: &str, found: &[Value]) -> Vec<Group> {
    let lower = written.to_lowercase();
    let same = |text: &str| text.to_lowercase() == lower;
    let is = |entry: &Value| match form(written) {
        Form::Name => text(entry, "displayName").is_some_and(|name| same(&name)),
        Form::Id => text(entry, "id").is_some_and(|id| same(&id)),
        Form::Address => {
            let proxies = items(entry, "proxyAddresses");
            text(entry, "mail").is_some_and(|mail| same(&mail))
                || proxies
                    .iter()
                    .filter_map(Value::as_str)
                    .filter_map(|proxy| proxy.split_once(':'))
                    .any(|(_, address)| same(address))
        }
    };
    let mut groups: Vec<Group> = Vec::new();
    for group in found.iter().filter(|entry| is(entry)).map(groups::group) {
        if !groups.iter().any(|other| other.id == group.id) {
            groups.push(group);
        }
    }
    groups
}

/// The mailbox behind each written name. What the mail system does not tell, or does not take as one mailbox, is marked as unread.
async fn mailboxes_named(
    exchange: &Exchange,
    ctx: &Ctx,
    written: &[String],
) -> Result<Vec<MailboxNamed>, Error> {
    let read = written.iter().map(|written| async move {
        let mut parameters = Map::new();
        parameters.insert("Identity".to_owned(), json!(written.trim()));
        let ask = Invocation::new("Get-Mailbox", parameters, Anchor::Organization);
        exchange.list(ctx, ask).await
    });
    let read = futures::future::join_all(read).await;
    let mut named = Vec::new();
    for (written, answer) in written.iter().zip(read) {
        let mut unread = None;
        let entry = match answer {
            Ok(listing) => listing.entries.into_iter().next(),
            Err(error) if error.class == Class::Missing => None,
            Err(error) if is_final(error.class) => {
                let mut gap = Gaps::default();
                gap.take::<Option<Value>>(Err(error), &format!("mailbox “{written}”"), RIGHT);
                unread = gap.0.pop().map(|gap| gap.because);
                None
            }
            Err(error) => return Err(error),
        };
        named.push(MailboxNamed {
            written: written.clone(),
            found: entry.as_ref().map(mailbox),
            unread,
        });
    }
    Ok(named)
}

/// What reading somebody's mailbox takes.
const RIGHT: &str = "Exchange.ManageAsApp, with an Exchange role or a directory role such as Exchange Administrator for the application";

/// Whether asking again would change nothing.
fn is_final(class: Class) -> bool {
    matches!(class, Class::Denied | Class::Conflict | Class::Invalid)
}

fn mailbox(entry: &Value) -> MailboxLite {
    MailboxLite {
        id: ObjectId::new(text_or_empty(entry, "ExternalDirectoryObjectId")),
        address: text_or_empty(entry, "PrimarySmtpAddress"),
        kind: text_or_empty(entry, "RecipientTypeDetails"),
    }
}
