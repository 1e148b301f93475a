//! Names that must be well formed and free: the sign-in name and the mail nickname.
//!
//! Source: user-post-users page (characters of the UPN), Microsoft's page on userPrincipalName population (lengths), and the texts that
//! services report when they meet these refusals.

use crate::call::Answer;
use crate::graph::{conflict, invalid_value, refused_property};
use crate::world::{Domain, Tenant};

/// What a UPN may hold beside letters and digits; accents are not letters here.
const UPN_MARKS: &str = "'.-_!#^~";

/// What a mail nickname may not hold.
const NOT_IN_NICKNAMES: &str = " @()\\[]\";:<>,";

/// Checks a sign-in name: characters, lengths, and a verified domain of the tenant.
pub(super) fn check_upn<'t>(tenant: &'t Tenant, upn: &str) -> Result<&'t Domain, Answer> {
    let invalid = || {
        refused_property(
            "InvalidValue",
            "userPrincipalName",
            "Property userPrincipalName is invalid.",
        )
    };
    let (local, domain) = upn.rsplit_once('@').ok_or_else(invalid)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || UPN_MARKS.contains(letter);
    if !(1..=64).contains(&local.len())
        || upn.len() > 113
        || !local.chars().all(allowed)
        || local.ends_with('.')
    {
        return Err(invalid());
    }
    let verified = tenant
        .domains
        .iter()
        .find(|known| known.verified && known.name.eq_ignore_ascii_case(domain));
    verified.ok_or_else(|| {
        refused_property(
            "InvalidValue",
            "userPrincipalName",
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        )
    })
}

/// Refuses a sign-in name that another living object has, as its sign-in name or among its addresses.
///
/// The recycle bin holds no name; who comes back from it meets this check.
pub(super) fn check_free(tenant: &Tenant, upn: &str, except: Option<&str>) -> Result<(), Answer> {
    let taken = tenant.users.iter().any(|(id, user)| {
        Some(id.as_str()) != except && user.user_principal_name.eq_ignore_ascii_case(upn)
    });
    if taken {
        return Err(conflict("userPrincipalName"));
    }
    if has_address(tenant, upn, except) {
        return Err(conflict("proxyAddresses"));
    }
    Ok(())
}

/// Whether an address, without its prefix, belongs to a living object other than `except`.
pub(in crate::graph) fn has_address(tenant: &Tenant, address: &str, except: Option<&str>) -> bool {
    let is_it = |known: &String| bare(known).eq_ignore_ascii_case(address);
    let other = |id: &str| Some(id) != except;
    tenant
        .users
        .iter()
        .any(|(id, user)| other(id) && user.proxy_addresses.iter().any(is_it))
        || tenant.mailboxes.iter().any(|(id, mailbox)| {
            other(id)
                && (mailbox.email_addresses.iter().any(is_it)
                    || is_it(&mailbox.primary_smtp_address))
        })
        || tenant
            .groups
            .iter()
            .any(|(id, group)| other(id) && group.mail.iter().any(is_it))
}

/// An address without `SMTP:` or `smtp:`.
pub(super) fn bare(address: &str) -> &str {
    match address.split_once(':') {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("smtp") => rest,
        _ => address,
    }
}

/// Checks the alias part of an address.
pub(in crate::graph) fn check_nickname(nickname: &str, resource: &str) -> Result<(), Answer> {
    let fits = (1..=64).contains(&nickname.len())
        && nickname.is_ascii()
        && !nickname
            .chars()
            .any(|letter| letter.is_control() || NOT_IN_NICKNAMES.contains(letter));
    if fits {
        Ok(())
    } else {
        Err(invalid_value("mailNickname", resource))
    }
}
