//! What a mailbox gets: by site, by name, and by policy.

use domain::joiner::Wanted;
use domain::naming::{self, PersonName};
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::policy::Naming;
use domain::spec::{Change, ObjectKind, ObjectRef, Reversal};
use serde_json::Value;

use super::{ALIAS, ENABLED, Part, Settings};
use crate::step::change;
use crate::windows_zones::windows;
use crate::wish::Wish;

/// The mailbox that comes, which bears the person's id until it has one of its own.
fn mailbox(wish: &Wish<'_>) -> ObjectRef {
    let person = &wish.facts.person;
    ObjectRef::new(ObjectKind::Mailbox, &person.id, &person.upn)
}

pub(super) fn archived(wish: &Wish<'_>) -> (Part, Change) {
    let change = Change {
        reversal: Reversal::CannotReturn(
            "what has moved into an archive would be lost with it".to_owned(),
        ),
        ..change(mailbox(wish), "archive", Value::Null, ENABLED)
    };
    (Part::Archive, change)
}

/// Everything that a new mailbox gets.
pub(super) fn new(
    wish: &Wish<'_>,
    settings: &Settings,
    wanted: &Wanted,
    out: &mut Proposal,
) -> Vec<(Part, Change)> {
    let site = wanted.site.as_ref();
    let language = settings
        .language
        .clone()
        .or_else(|| site.and_then(|site| site.language.clone()));
    let zone = settings
        .time_zone
        .clone()
        .or_else(|| site.map(|site| site.time_zone.clone()));
    let mut parts = Vec::new();
    let mut regional = |part: Part, property: &str, after: String| {
        let change = Change {
            reversal: Reversal::CannotReturn(format!(
                "a mailbox that has a {property} cannot go back to having none"
            )),
            ..change(mailbox(wish), property, Value::Null, after)
        };
        parts.push((part, change));
    };
    if let Some(language) = language {
        regional(Part::Language, "language", language);
    }
    match zone.as_deref().map(|zone| (zone, windows(zone))) {
        Some((_, Some(known))) => regional(Part::TimeZone, "time zone", known.to_owned()),
        Some((zone, None)) => out.remarks.push(Remark::new(
            Weight::Caution,
            format!("The time zone of the mailbox is left out: the mail system has none for {zone}. Set it by hand, or name one in mailbox-settings."),
        )),
        None => {}
    }
    for address in aliases(wish, settings, wanted, out) {
        let property = format!("address {address}");
        let change = change(mailbox(wish), property, Value::Null, ALIAS);
        parts.push((Part::Alias(address), change));
    }
    if settings.archive {
        parts.push(archived(wish));
    }
    parts
}

/// The addresses that the patterns come to for this person, without the sign-in name itself.
fn aliases(
    wish: &Wish<'_>,
    settings: &Settings,
    wanted: &Wanted,
    out: &mut Proposal,
) -> Vec<String> {
    let upn = &wish.facts.person.upn;
    if upn.is_empty() {
        // No name is free, which create-user refuses: there is no domain to speak of.
        return Vec::new();
    }
    let own = upn.rsplit('@').next().unwrap_or_default();
    let name = PersonName {
        given: wanted.given_name.clone(),
        family: wanted.family_name.clone(),
    };
    let mut addresses: Vec<String> = Vec::new();
    for pattern in &settings.aliases {
        let (local, domain) = pattern.split_once('@').unwrap_or((pattern, own));
        let domains = &wish.facts.tenant.domains;
        if !domains
            .iter()
            .any(|known| known.eq_ignore_ascii_case(domain))
        {
            out.refusals.push(Refusal::new(
                "settings",
                format!("mailbox-settings has the alias “{pattern}”, and {domain} is no domain of this tenant"),
                "verify the domain in the tenant, or correct the alias in the policy",
            ));
            continue;
        }
        let naming = Naming {
            upn: vec![local.to_owned()],
            ..wish.policy.naming.clone()
        };
        let found = naming::candidates(&name, &naming).unwrap_or_default();
        match found.first().map(|local| format!("{local}@{domain}")) {
            Some(address) if address.eq_ignore_ascii_case(upn) => {}
            Some(address) if addresses.contains(&address) => {}
            Some(address) => addresses.push(address),
            None => out.remarks.push(Remark::new(
                Weight::Note,
                format!("The alias “{pattern}” is left out: the name of {} does not have what it is made of.", wish.name()),
            )),
        }
    }
    addresses
}
