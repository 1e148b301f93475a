//! How a mailbox comes to be after a licence, what addresses it gets, and when the directory learns of them.
//!
//! Source: Microsoft's article on how proxyAddresses is populated (KB 3190357); the delay is documented as up to a day.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{InboxRule, Mailbox, Tenant, has_exchange_plan};

/// How long a mailbox waits, disconnected, for its licence to come back.
const KEPT_HOURS: i64 = 30 * 24;

/// Whether a licence asks for a mailbox that is not there.
pub(crate) fn wants_mailbox(tenant: &Tenant, id: &str) -> bool {
    let person = tenant
        .users
        .get(id)
        .is_some_and(|user| user.user_type != "Guest");
    person && !tenant.mailboxes.contains_key(id) && has_exchange_plan(tenant, id)
}

/// Whether a disconnected mailbox can still be had back.
pub(crate) fn is_kept(lost_at: Timestamp, now: Timestamp) -> bool {
    lost_at
        .saturating_add(SignedDuration::from_hours(KEPT_HOURS))
        .is_ok_and(|end| now < end)
}

/// Makes the mailbox of a licensed account.
pub(crate) fn create_mailbox(tenant: &mut Tenant, id: &str, now: Timestamp) {
    let Some(user) = tenant.users.get(id).filter(|_| wants_mailbox(tenant, id)) else {
        return;
    };
    let nickname = user.mail_nickname.clone().unwrap_or_else(|| {
        user.user_principal_name
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    let alias = free_alias(tenant, id, &sanitised(&nickname));
    let routing = format!("{alias}@{}", tenant.initial_domain());
    let synced = user
        .proxy_addresses
        .iter()
        .find_map(|address| address.strip_prefix("SMTP:"))
        .or(user.mail.as_deref());
    let wished = synced.unwrap_or(&user.user_principal_name);
    let usable = is_accepted(tenant, wished) && holder(tenant, wished, id).is_none();
    let primary = if usable {
        wished.to_owned()
    } else {
        routing.clone()
    };
    let mut addresses = vec![format!("SMTP:{primary}")];
    let further = user
        .proxy_addresses
        .iter()
        .filter_map(|address| address.strip_prefix("smtp:"));
    for address in further.map(str::to_owned).chain([routing]) {
        if !addresses
            .iter()
            .any(|known| known[5..].eq_ignore_ascii_case(&address))
        {
            addresses.push(format!("smtp:{address}"));
        }
    }
    let mailbox = Mailbox {
        exchange_guid: Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("mailbox {id} {now}").as_bytes(),
        )
        .to_string(),
        alias,
        display_name: user.display_name.clone(),
        primary_smtp_address: primary,
        email_addresses: addresses,
        created: Some(now),
        addresses_pending: true,
        rules: vec![InboxRule {
            identity: "1550372082170000".to_owned(),
            name: "Junk E-Mail Rule".to_owned(),
            enabled: true,
            hidden: true,
            ..InboxRule::default()
        }],
        ..Mailbox::default()
    };
    tenant.mailboxes.insert(id.to_owned(), mailbox);
}

/// Writes a mailbox's addresses into the directory, where Graph reads them.
pub(crate) fn publish_addresses(tenant: &mut Tenant, id: &str) {
    let (Some(mailbox), Some(user)) = (tenant.mailboxes.get_mut(id), tenant.users.get_mut(id))
    else {
        return;
    };
    mailbox.addresses_pending = false;
    user.mail = Some(mailbox.primary_smtp_address.clone());
    user.proxy_addresses.clone_from(&mailbox.email_addresses);
    if user.mail_nickname.is_none() {
        user.mail_nickname = Some(mailbox.alias.clone());
    }
}

/// Whether the tenant receives mail for the domain of an address.
pub(crate) fn is_accepted(tenant: &Tenant, address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| {
        tenant
            .domains
            .iter()
            .any(|known| known.verified && known.name.eq_ignore_ascii_case(domain))
    })
}

/// Who else has an address: an account, a mailbox (disconnected ones too) or a group.
pub(crate) fn holder<'t>(tenant: &'t Tenant, address: &str, except: &str) -> Option<&'t str> {
    let same = |text: &str| {
        let bare = text.split_once(':').map_or(text, |(_, bare)| bare);
        bare.eq_ignore_ascii_case(address)
    };
    let by_account = tenant.users.iter().filter(|(id, user)| {
        *id != except
            && user
                .proxy_addresses
                .iter()
                .chain(&user.mail)
                .any(|own| same(own))
    });
    let by_mailbox = tenant.mailboxes.iter().filter(|(id, mailbox)| {
        *id != except && mailbox.email_addresses.iter().any(|own| same(own))
    });
    let by_group = tenant
        .groups
        .iter()
        .filter(|(_, group)| group.mail.as_deref().is_some_and(same));
    let found = by_account
        .map(|(id, _)| id)
        .chain(by_mailbox.map(|(id, _)| id));
    found
        .chain(by_group.map(|(id, _)| id))
        .next()
        .map(String::as_str)
}

fn sanitised(nickname: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(*c);
    nickname.chars().filter(kept).collect()
}

/// The nickname, with digits behind it where somebody has it already.
fn free_alias(tenant: &Tenant, id: &str, nickname: &str) -> String {
    let taken = |alias: &str| {
        let routing = format!("{alias}@{}", tenant.initial_domain());
        let by_mailbox = tenant
            .mailboxes
            .iter()
            .any(|(other, mailbox)| other != id && mailbox.alias.eq_ignore_ascii_case(alias));
        let by_group = tenant
            .groups
            .values()
            .any(|group| group.mail_enabled && group.mail_nickname.eq_ignore_ascii_case(alias));
        by_mailbox || by_group || holder(tenant, &routing, id).is_some()
    };
    if !taken(nickname) {
        return nickname.to_owned();
    }
    let start = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).as_u128() % 9_000;
    (0..9_000)
        .map(|step| format!("{nickname}{}", 1_000 + (start + step) % 9_000))
        .find(|alias| !taken(alias))
        .unwrap_or_else(|| nickname.to_owned())
}
