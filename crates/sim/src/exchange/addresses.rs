//! The addresses of a mailbox: adding, removing, and which of them is the primary one.

use serde_json::json;

use super::errors::Refusal;
use super::identity;
use super::parameters::Parameters;
use crate::world::{Mailbox, Tenant, holder, is_accepted};

/// What `EmailAddresses` asks for, applied to a mailbox; its directory image follows later.
pub(super) fn change(
    tenant: &Tenant,
    id: &str,
    mailbox: &mut Mailbox,
    parameters: &Parameters,
) -> Result<(), Refusal> {
    let (replaced, add, remove) = parameters.address_change("EmailAddresses")?;
    let mut after = match &replaced {
        Some(all) => listed(all)?,
        None => mailbox.email_addresses.clone(),
    };
    for address in listed(&remove)? {
        if bare(&address).eq_ignore_ascii_case(&mailbox.primary_smtp_address) {
            return Err(Refusal::primary_address(&mailbox.primary_smtp_address));
        }
        after.retain(|known| !bare(known).eq_ignore_ascii_case(bare(&address)));
    }
    for address in listed(&add)? {
        let primary = address.starts_with("SMTP:");
        let known = after
            .iter()
            .position(|known| bare(known).eq_ignore_ascii_case(bare(&address)));
        match (known, primary) {
            (Some(_), false) => continue,
            (Some(place), true) => drop(after.remove(place)),
            (None, _) => {}
        }
        if primary {
            demote(&mut after);
        }
        after.push(address);
    }
    let leads = after.iter().any(|address| address.starts_with("SMTP:"));
    let first = after
        .iter_mut()
        .find(|address| address.starts_with("smtp:"));
    if let (true, false, Some(first)) = (replaced.is_some(), leads, first) {
        first.replace_range(..4, "SMTP");
    }
    let primaries: Vec<&String> = after
        .iter()
        .filter(|address| address.starts_with("SMTP:"))
        .collect();
    let [primary] = primaries.as_slice() else {
        return Err(Refusal::primaries(primaries.len()));
    };
    mailbox.primary_smtp_address = bare(primary).to_owned();
    let added = after.iter().filter(|address| {
        address.to_lowercase().starts_with("smtp:")
            && !mailbox
                .email_addresses
                .iter()
                .any(|known| bare(known).eq_ignore_ascii_case(bare(address)))
    });
    for address in added {
        free(tenant, id, address)?;
    }
    if after != mailbox.email_addresses {
        mailbox.email_addresses = after;
        mailbox.addresses_pending = true;
    }
    Ok(())
}

fn free(tenant: &Tenant, id: &str, address: &str) -> Result<(), Refusal> {
    if !is_accepted(tenant, bare(address)) {
        return Err(Refusal::not_accepted_domain());
    }
    match holder(tenant, bare(address), id) {
        Some(other) => {
            let name = identity::by_id(tenant, other)
                .map_or_else(|| other.to_owned(), |found| found.name());
            Err(Refusal::address_taken(address, &name))
        }
        None => Ok(()),
    }
}

fn demote(addresses: &mut [String]) {
    for address in addresses
        .iter_mut()
        .filter(|address| address.starts_with("SMTP:"))
    {
        address.replace_range(..4, "smtp");
    }
}

fn bare(address: &str) -> &str {
    address.split_once(':').map_or(address, |(_, bare)| bare)
}

/// Addresses with their prefix; one without counts as a further SMTP address.
fn listed(texts: &[String]) -> Result<Vec<String>, Refusal> {
    let one = |text: &String| {
        let (prefix, address) = text.split_once(':').unwrap_or(("smtp", text));
        if !prefix.eq_ignore_ascii_case("smtp") {
            return Ok(text.clone());
        }
        let formed = address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !address.contains(char::is_whitespace)
        });
        if formed {
            Ok(format!("{prefix}:{address}"))
        } else {
            let kind = "Microsoft.Exchange.Data.ProxyAddressCollection";
            Err(Refusal::wrong_type("EmailAddresses", &json!(text), kind))
        }
    };
    texts.iter().map(one).collect()
}
