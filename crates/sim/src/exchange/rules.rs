//! Inbox rules, hidden and system ones included.

use serde_json::{Value, json};

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::Output;
use super::parameters::Parameters;
use crate::world::{InboxRule, Mailbox, Tenant};

/// `Get-InboxRule`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (mailbox_name, wanted) = target(parameters)?;
    let found = identity::mailbox(tenant, &mailbox_name)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let all = parameters.switch("IncludeHidden");
    let mut rules: Vec<&InboxRule> = mailbox
        .rules
        .iter()
        .filter(|rule| all || !rule.hidden)
        .collect();
    if let Some(wanted) = &wanted {
        rules.retain(|rule| is_named(rule, wanted));
        if rules.is_empty() {
            return Err(Refusal::not_found(wanted));
        }
    }
    rules.sort_by_key(|rule| rule.priority);
    Output::rows(rules.into_iter().map(|rule| shown(tenant, &found, rule))).listed(parameters)
}

fn shown(tenant: &Tenant, owner: &Recipient<'_>, rule: &InboxRule) -> Value {
    let to: Vec<String> = rule
        .forward_to
        .iter()
        .map(|address| forward_target(tenant, address))
        .collect();
    // A number beyond 2^53, as the service sends it: a client that reads numbers as doubles corrupts it.
    let number = rule
        .identity
        .parse::<u64>()
        .map_or_else(|_| json!(rule.identity), |number| json!(number));
    json!({
        "Description": rule.description,
        "Enabled": rule.enabled,
        "Identity": format!("{}\\{}", owner.name(), rule.identity),
        "InError": false,
        "ErrorType": "None",
        "Name": rule.name,
        "Priority": rule.priority,
        "RuleIdentity": number,
        "SupportedByTask": !rule.hidden,
        "ForwardTo": if to.is_empty() { Value::Null } else { json!(to) },
        "ForwardAsAttachmentTo": null,
        "RedirectTo": null,
        "MailboxOwnerId": owner.name(),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// A target as rules show it: never a plain address, and for a recipient of the organisation not even that.
fn forward_target(tenant: &Tenant, address: &str) -> String {
    match identity::recipient(tenant, address) {
        Ok(found) => format!("\"{}\" [EX:{}]", found.display_name(), found.legacy_dn()),
        Err(_) => format!("\"{address}\" [SMTP:{address}]"),
    }
}

/// `Remove-InboxRule`.
pub(super) fn remove(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (mailbox_name, wanted) = target(parameters)?;
    let wanted = wanted.ok_or_else(|| Refusal::missing_parameters(&["Identity"]))?;
    let (_, mailbox) = identity::mailbox_mut(tenant, &mailbox_name)?;
    let at = position(mailbox, &wanted)?;
    if is_system(&mailbox.rules[at]) {
        return Err(Refusal::task(&format!(
            "The rule '{wanted}' belongs to the system and can't be removed."
        )));
    }
    mailbox.rules.remove(at);
    Ok(Output::default())
}

fn position(mailbox: &Mailbox, wanted: &str) -> Result<usize, Refusal> {
    let mut found = mailbox
        .rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| is_named(rule, wanted));
    match (found.next(), found.next()) {
        (None, _) => Err(Refusal::not_found(wanted)),
        (Some((at, _)), None) => Ok(at),
        (Some(_), Some(_)) => Err(Refusal::ambiguous(wanted)),
    }
}

/// Rules that Exchange keeps for itself.
fn is_system(rule: &InboxRule) -> bool {
    rule.name == "Junk E-mail Rule" || rule.name.starts_with("Microsoft.Exchange.OOF.")
}

fn is_named(rule: &InboxRule, wanted: &str) -> bool {
    rule.identity == wanted || rule.name.eq_ignore_ascii_case(wanted)
}

/// The mailbox and the rule: by `Mailbox` and a name or number, or by an identity `mailbox\number`.
fn target(parameters: &Parameters) -> Result<(String, Option<String>), Refusal> {
    let mailbox = parameters.text("Mailbox")?;
    let Some(identity) = parameters.text("Identity")? else {
        let mailbox = mailbox.ok_or_else(|| Refusal::missing_parameters(&["Mailbox"]))?;
        return Ok((mailbox.to_owned(), None));
    };
    match (mailbox, identity.split_once('\\')) {
        (_, Some((owner, rule))) => {
            Ok((mailbox.unwrap_or(owner).to_owned(), Some(rule.to_owned())))
        }
        (Some(mailbox), None) => Ok((mailbox.to_owned(), Some(identity.to_owned()))),
        (None, None) => Err(Refusal::missing_parameters(&["Mailbox"])),
    }
}
