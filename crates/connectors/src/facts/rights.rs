//! The person's rights on other mailboxes, read from the live tenant.
//!
//! Send-as can be asked for by trustee over the whole organisation, send-on-behalf stands on every mailbox, but full access has to be
//! read mailbox by mailbox. That scan is counted apart; before a run only mailboxes already known are read again.

use domain::ObjectId;
use domain::facts::{MailboxRight, Right, Unchecked};
use futures::future::try_join_all;
use serde_json::{Map, Value, json};

use super::mailbox::grants;
use super::{Gaps, items, text, text_or_empty};
use crate::exchange::{Anchor, Exchange, Invocation};
use crate::{Ctx, Error, Purpose};

/// How far to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Not at all: it is told as unchecked.
    Skip,
    /// Every mailbox of the tenant.
    Everywhere,
    /// These mailboxes, which an earlier scan has found.
    Known(Vec<MailboxRight>),
}

/// Whose rights are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder<'a> {
    pub(super) id: &'a str,
    pub(super) upn: &'a str,
}

impl Holder<'_> {
    /// Whether a name in a mailbox's list means the holder: the list holds the object id, or for older accounts the alias.
    fn is_called(self, name: &str) -> bool {
        let alias = self.upn.split('@').next().unwrap_or_default();
        [self.id, self.upn, alias]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// What was found; `None` when nobody looked.
pub(super) type Found = Option<Vec<MailboxRight>>;

pub(super) async fn read(
    exchange: &Exchange,
    ctx: &Ctx,
    holder: Holder<'_>,
    scan: &Scan,
) -> Result<Found, Error> {
    match scan {
        Scan::Skip => Ok(None),
        Scan::Everywhere => everywhere(exchange, &ctx.with(Purpose::Scan), holder)
            .await
            .map(Some),
        Scan::Known(rights) => known(exchange, ctx, holder, rights).await.map(Some),
    }
}

pub(super) fn settle(found: Found, gaps: &mut Gaps) -> Vec<MailboxRight> {
    found.unwrap_or_else(|| {
        gaps.0.push(Unchecked {
            what: "rights on other mailboxes".to_owned(),
            because: "the scan of all mailboxes is switched off".to_owned(),
        });
        Vec::new()
    })
}

fn parameters(pairs: Value) -> Map<String, Value> {
    match pairs {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

async fn everywhere(
    exchange: &Exchange,
    ctx: &Ctx,
    holder: Holder<'_>,
) -> Result<Vec<MailboxRight>, Error> {
    let id = holder.id;
    let all = Invocation::new(
        "Get-Mailbox",
        parameters(json!({ "ResultSize": "Unlimited" })),
        Anchor::Organization,
    );
    let sender = Invocation::new(
        "Get-RecipientPermission",
        parameters(json!({ "Trustee": id, "ResultSize": "Unlimited" })),
        Anchor::Organization,
    );
    let own = Invocation::new(
        "Get-Mailbox",
        parameters(json!({ "Identity": id })),
        Anchor::Mailbox(holder.upn.to_owned()),
    );
    let (mailboxes, senders, own) = tokio::join!(
        exchange.list(ctx, all),
        exchange.list(ctx, sender),
        exchange.list(ctx, own)
    );
    let mailboxes = mailboxes?.entries;
    let own = own
        .ok()
        .and_then(|listing| listing.entries.into_iter().next());
    let aliases = own.as_ref().map(names_of).unwrap_or_default();
    let others: Vec<&Value> = mailboxes
        .iter()
        .filter(|mailbox| text_or_empty(mailbox, "ExternalDirectoryObjectId") != id)
        .collect();
    let mut rights = Vec::new();
    for mailbox in &others {
        let on_behalf = items(mailbox, "GrantSendOnBehalfTo")
            .iter()
            .filter_map(Value::as_str);
        if on_behalf
            .into_iter()
            .any(|name| name == id || aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name)))
        {
            rights.push(right(mailbox, Right::SendOnBehalf));
        }
    }
    for entry in senders?.entries {
        let identity = text_or_empty(&entry, "Identity");
        if let Some(mailbox) = others.iter().find(|mailbox| {
            names_of(mailbox)
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&identity))
        }) {
            rights.push(right(mailbox, Right::SendAs));
        }
    }
    let open = try_join_all(others.iter().map(|mailbox| async move {
        let found = right(mailbox, Right::FullAccess);
        Ok::<_, Error>(
            has_full_access(exchange, ctx, &found, id)
                .await?
                .then_some(found),
        )
    }))
    .await?;
    rights.extend(open.into_iter().flatten());
    rights.sort_by(|a, b| (&a.address, a.right).cmp(&(&b.address, b.right)));
    Ok(rights)
}

/// Everything a mailbox is called in other objects' lists.
fn names_of(mailbox: &Value) -> Vec<String> {
    [
        "Identity",
        "Name",
        "Alias",
        "DisplayName",
        "PrimarySmtpAddress",
        "UserPrincipalName",
        "ExternalDirectoryObjectId",
        "Guid",
        "DistinguishedName",
    ]
    .iter()
    .filter_map(|property| text(mailbox, property))
    .collect()
}

fn right(mailbox: &Value, right: Right) -> MailboxRight {
    MailboxRight {
        mailbox: ObjectId::new(text_or_empty(mailbox, "ExternalDirectoryObjectId")),
        address: text_or_empty(mailbox, "PrimarySmtpAddress"),
        right,
    }
}

async fn has_full_access(
    exchange: &Exchange,
    ctx: &Ctx,
    on: &MailboxRight,
    id: &str,
) -> Result<bool, Error> {
    let ask = Invocation::new(
        "Get-MailboxPermission",
        parameters(json!({ "Identity": on.mailbox, "User": id })),
        Anchor::Mailbox(on.address.clone()),
    );
    let listing = exchange.list(ctx, ask).await?;
    Ok(listing
        .entries
        .iter()
        .any(|ace| grants(ace, "FullAccess") && !super::flag(ace, "IsInherited")))
}

async fn known(
    exchange: &Exchange,
    ctx: &Ctx,
    holder: Holder<'_>,
    rights: &[MailboxRight],
) -> Result<Vec<MailboxRight>, Error> {
    let senders = async {
        if rights.iter().any(|known| known.right == Right::SendAs) {
            sends_as(exchange, ctx, holder).await
        } else {
            Ok(Vec::new())
        }
    };
    let others = try_join_all(rights.iter().map(|known| async move {
        Ok::<_, Error>(match known.right {
            Right::FullAccess => has_full_access(exchange, ctx, known, holder.id).await?,
            Right::SendOnBehalf => sends_on_behalf(exchange, ctx, known, holder).await?,
            Right::SendAs => false,
        })
    }));
    let (senders, others) = tokio::try_join!(senders, others)?;
    let mut still = Vec::new();
    for (known, holds) in rights.iter().zip(others) {
        let listed =
            known.right == Right::SendAs && senders.iter().any(|name| known_as(known, name));
        // A mailbox may be listed under a name that its address does not tell, so only a look at itself says that the right is gone.
        if holds
            || listed
            || (known.right == Right::SendAs
                && has_send_as(exchange, ctx, known, holder.id).await?)
        {
            still.push(known.clone());
        }
    }
    Ok(still)
}

/// The names of everything the holder can send as: one question for the whole organisation.
async fn sends_as(
    exchange: &Exchange,
    ctx: &Ctx,
    holder: Holder<'_>,
) -> Result<Vec<String>, Error> {
    let ask = Invocation::new(
        "Get-RecipientPermission",
        parameters(json!({ "Trustee": holder.id, "ResultSize": "Unlimited" })),
        Anchor::Organization,
    );
    let listing = exchange.list(ctx, ask).await?;
    Ok(listing
        .entries
        .iter()
        .filter_map(|entry| text(entry, "Identity"))
        .collect())
}

fn known_as(known: &MailboxRight, name: &str) -> bool {
    let alias = known.address.split('@').next().unwrap_or_default();
    [known.mailbox.as_str(), &known.address, alias]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
}

async fn has_send_as(
    exchange: &Exchange,
    ctx: &Ctx,
    on: &MailboxRight,
    id: &str,
) -> Result<bool, Error> {
    let ask = Invocation::new(
        "Get-RecipientPermission",
        parameters(json!({ "Identity": on.mailbox, "Trustee": id })),
        Anchor::Mailbox(on.address.clone()),
    );
    Ok(!exchange.list(ctx, ask).await?.entries.is_empty())
}

async fn sends_on_behalf(
    exchange: &Exchange,
    ctx: &Ctx,
    on: &MailboxRight,
    holder: Holder<'_>,
) -> Result<bool, Error> {
    let ask = Invocation::new(
        "Get-Mailbox",
        parameters(json!({ "Identity": on.mailbox })),
        Anchor::Mailbox(on.address.clone()),
    );
    let listing = exchange.list(ctx, ask).await?;
    Ok(listing.entries.iter().any(|entry| {
        let names = items(entry, "GrantSendOnBehalfTo");
        names
            .iter()
            .filter_map(Value::as_str)
            .any(|name| holder.is_called(name))
    }))
}
