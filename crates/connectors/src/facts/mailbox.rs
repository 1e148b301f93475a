//! The mailbox: type, size, holds, forwarding, automatic reply, rules, phones and who else gets in.

use domain::ObjectId;
use domain::facts::{AutoReply, Mailbox, MailboxDevice, MailboxFacts, MailboxRule, Trustee};
use serde_json::{Map, Value, json};

use super::{flag, items, text, text_or_empty};
use crate::exchange::{Anchor, Exchange, Invocation};
use crate::{Ctx, Error, Listing};

/// Rules that belong to the system and are left alone.
const SYSTEM_RULES: &[&str] = &["Junk E-mail Rule", "Junk E-Mail Rule"];
const SYSTEM_RULE_PREFIX: &str = "Microsoft.Exchange.OOF";

/// A cmdlet about one mailbox, sent to where that mailbox lives.
fn about(cmdlet: &str, id: &str, upn: &str, more: Value) -> Invocation {
    let named = if matches!(cmdlet, "Get-InboxRule" | "Get-MobileDevice") {
        "Mailbox"
    } else {
        "Identity"
    };
    let mut parameters = Map::new();
    parameters.insert(named.to_owned(), json!(id));
    if let Value::Object(more) = more {
        parameters.extend(more);
    }
    Invocation::new(cmdlet, parameters, Anchor::Mailbox(upn.to_owned()))
}

/// Reads the mailbox of a person. No mailbox is an answer, not an error.
pub(super) async fn read(
    exchange: &Exchange,
    ctx: &Ctx,
    id: &str,
    upn: &str,
) -> Result<MailboxFacts, Error> {
    let ask = |cmdlet: &'static str, more: Value| exchange.list(ctx, about(cmdlet, id, upn, more));
    let organization = Invocation::new("Get-OrganizationConfig", Map::new(), Anchor::Organization);
    let (mailbox, organization, statistics, reply, rules, devices, access, senders) = tokio::join!(
        ask("Get-Mailbox", json!({})),
        exchange.list(ctx, organization),
        ask("Get-MailboxStatistics", json!({})),
        ask("Get-MailboxAutoReplyConfiguration", json!({})),
        ask("Get-InboxRule", json!({ "IncludeHidden": true })),
        ask("Get-MobileDevice", json!({})),
        ask("Get-MailboxPermission", json!({})),
        ask("Get-RecipientPermission", json!({})),
    );
    let mailbox = match mailbox {
        Ok(listing) => listing,
        Err(error) if error.class == transport::Class::Missing => return Ok(MailboxFacts::None),
        Err(error) if error.class == transport::Class::Denied => {
            return Ok(MailboxFacts::Unread {
                because: error.message,
            });
        }
        Err(error) => return Err(error),
    };
    let Some(entry) = mailbox.entries.first() else {
        return Ok(MailboxFacts::None);
    };
    let kind = text_or_empty(entry, "RecipientTypeDetails");
    if kind.starts_with("Remote") {
        return Ok(MailboxFacts::OnPremises);
    }
    Ok(MailboxFacts::Cloud(Box::new(Mailbox {
        id: ObjectId::new(id),
        address: text_or_empty(entry, "PrimarySmtpAddress"),
        kind,
        size_bytes: statistics.ok().as_ref().and_then(size),
        holds: holds(entry, organization?.entries.first()),
        archive: text(entry, "ArchiveGuid")
            .is_some_and(|guid| guid.chars().any(|c| c.is_ascii_hexdigit() && c != '0')),
        hidden: flag(entry, "HiddenFromAddressListsEnabled"),
        forwarding_to: text(entry, "ForwardingAddress"),
        forwarding_smtp: text(entry, "ForwardingSmtpAddress")
            .map(|address| address.trim_start_matches("smtp:").to_owned()),
        keep_copy: flag(entry, "DeliverToMailboxAndForward"),
        auto_reply: reply?.entries.first().map(auto_reply).unwrap_or_default(),
        rules: rules?.entries.iter().filter_map(rule).collect(),
        devices: devices?.entries.iter().map(device).collect(),
        full_access: access?
            .entries
            .iter()
            .filter(|ace| grants(ace, "FullAccess") && !flag(ace, "Deny"))
            .filter_map(|ace| trustee(ace, "User"))
            .collect(),
        send_as: senders?
            .entries
            .iter()
            .filter(|ace| grants(ace, "SendAs"))
            .filter_map(|ace| trustee(ace, "Trustee"))
            .collect(),
    })))
}

/// Bytes from `14.61 GB (15,687,850,951 bytes)`; the rounded part is no use.
fn size(statistics: &Listing) -> Option<u64> {
    let shown = text(statistics.entries.first()?, "TotalItemSize")?;
    let (_, inside) = shown.split_once('(')?;
    let digits: String = inside
        .chars()
        .take_while(|c| *c != 'b')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

fn holds(entry: &Value, organization: Option<&Value>) -> Vec<String> {
    let mut holds = Vec::new();
    if flag(entry, "LitigationHoldEnabled") {
        holds.push("litigation hold".to_owned());
    }
    if flag(entry, "DelayHoldApplied") || flag(entry, "DelayReleaseHoldApplied") {
        holds.push("delay hold".to_owned());
    }
    if flag(entry, "ComplianceTagHoldApplied") {
        holds.push("retention label".to_owned());
    }
    // A leading minus says that the mailbox is excluded from an organisation-wide hold (learn.microsoft.com, identify a hold).
    let own: Vec<&str> = items(entry, "InPlaceHolds")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let in_place = own.iter().filter(|hold| !hold.starts_with('-')).count();
    if in_place > 0 {
        holds.push(format!("{in_place} in-place hold(s)"));
    }
    let everywhere = organization.map_or(&[] as &[Value], |organization| {
        items(organization, "InPlaceHolds")
    });
    let included = everywhere
        .iter()
        .filter_map(Value::as_str)
        .filter(|hold| {
            !own.iter().any(|excluded| {
                excluded
                    .strip_prefix('-')
                    .is_some_and(|id| hold.starts_with(id) || id.starts_with(*hold))
            })
        })
        .count();
    if included > 0 {
        holds.push(format!("{included} organisation-wide hold(s)"));
    }
    holds
}

fn auto_reply(entry: &Value) -> AutoReply {
    AutoReply {
        state: text_or_empty(entry, "AutoReplyState"),
        internal: plain(&text_or_empty(entry, "InternalMessage")),
        external: plain(&text_or_empty(entry, "ExternalMessage")),
        audience: text_or_empty(entry, "ExternalAudience"),
    }
}

/// The text without the markup that the server wraps around it, so that what was sent can be compared with what is read.
#[must_use]
pub fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rule(entry: &Value) -> Option<MailboxRule> {
    let name = text_or_empty(entry, "Name");
    if SYSTEM_RULES.contains(&name.as_str()) || name.starts_with(SYSTEM_RULE_PREFIX) {
        return None;
    }
    let sends_to = ["ForwardTo", "RedirectTo", "ForwardAsAttachmentTo"]
        .iter()
        .flat_map(|property| items(entry, property))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    // The service sends `RuleIdentity` as a number beyond 2^53; the textual identity survives every reader.
    let id = text_or_empty(entry, "Identity");
    Some(MailboxRule {
        id: ObjectId::new(id),
        name,
        sends_to,
    })
}

fn device(entry: &Value) -> MailboxDevice {
    let name = ["FriendlyName", "DeviceModel", "DeviceType"]
        .iter()
        .find_map(|property| text(entry, property));
    let id = text(entry, "Identity")
        .or_else(|| text(entry, "Guid"))
        .unwrap_or_default();
    MailboxDevice {
        name: name.unwrap_or_else(|| id.clone()),
        id: ObjectId::new(id),
    }
}

/// Whether an entry grants this right. The service joins several rights into one text, also inside the list.
pub(super) fn grants(ace: &Value, right: &str) -> bool {
    let has = |text: &str| text.split(',').any(|r| r.trim() == right);
    match ace.get("AccessRights") {
        Some(Value::Array(rights)) => rights.iter().filter_map(Value::as_str).any(has),
        Some(Value::String(rights)) => has(rights),
        _ => false,
    }
}

/// Whoever holds a right; the person's own and the system's entries are left out.
fn trustee(ace: &Value, property: &str) -> Option<Trustee> {
    let name = text(ace, property)?;
    if name.starts_with("NT AUTHORITY\\") || name.starts_with("S-1-") || flag(ace, "IsInherited") {
        return None;
    }
    Some(Trustee {
        id: ObjectId::new(name.clone()),
        name,
    })
}
