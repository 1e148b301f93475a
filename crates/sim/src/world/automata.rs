//! The vendor's own processes: conversions, licence groups, dynamic groups, lost and locked mailboxes, queued mail.
//!
//! Each is armed by a commit and acts later; what it did stands in the log with the time it was due.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::after;
use super::{Id, Licence, RecipientKind, Tenant, rule};
use crate::chance::Chance;
use crate::temper::Temper;

/// From this size a shared mailbox needs an Exchange Online Plan 2 licence (learn.microsoft.com, remove license from shared mailbox).
const SHARED_LIMIT: u64 = 50 * 1024 * 1024 * 1024;

/// Something the vendor will do by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What.
    pub work: Work,
}

/// What the vendor does by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Work {
    /// Finish a mailbox conversion.
    Convert {
        /// The mailbox.
        mailbox: Id,
    },
    /// Give or take the licences of a group.
    LicenseMembers {
        /// The group.
        group: Id,
    },
    /// Re-evaluate the rule of a dynamic group.
    EvaluateRule {
        /// The group.
        group: Id,
    },
    /// Disconnect a mailbox whose licence went before its conversion was done.
    LoseMailbox {
        /// The mailbox.
        mailbox: Id,
    },
    /// Lock, unlock or reconnect a mailbox after its licences changed.
    ReviewMailbox {
        /// The mailbox.
        mailbox: Id,
    },
    /// Call off the organised meetings of a mailbox.
    CancelMeetings {
        /// The mailbox.
        mailbox: Id,
        /// Start of the window.
        from: Timestamp,
        /// End of the window.
        until: Timestamp,
    },
    /// Move a sent message from the outbox to the sent items.
    Deliver {
        /// The message.
        message: Id,
    },
}

impl Work {
    /// The operation written into the log.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Convert { .. } => "vendor: finish mailbox conversion",
            Self::LicenseMembers { .. } => "vendor: process group licences",
            Self::EvaluateRule { .. } => "vendor: evaluate dynamic membership",
            Self::LoseMailbox { .. } => "vendor: disconnect unlicensed mailbox",
            Self::ReviewMailbox { .. } => "vendor: review mailbox licence",
            Self::CancelMeetings { .. } => "vendor: cancel organised meetings",
            Self::Deliver { .. } => "vendor: deliver mail",
        }
    }
}

/// Whether an active licence of the user carries Exchange (plan 1, plan 2 or kiosk).
pub(crate) fn has_exchange_plan(tenant: &Tenant, user: &str) -> bool {
    has_plan(
        tenant,
        user,
        &[
            "EXCHANGE_S_STANDARD",
            "EXCHANGE_S_ENTERPRISE",
            "EXCHANGE_S_DESKLESS",
        ],
    )
}

/// Whether an active licence of the user carries one of these service plans.
pub(crate) fn has_plan(tenant: &Tenant, user: &str, names: &[&str]) -> bool {
    let Some(user) = tenant.users.get(user) else {
        return false;
    };
    user.licences
        .iter()
        .filter(|licence| licence.is_active())
        .any(|licence| {
            tenant.skus.get(&licence.sku_id).is_some_and(|sku| {
                sku.plans.iter().any(|(id, plan)| {
                    names.contains(&plan.name.as_str()) && !licence.disabled_plans.contains(id)
                })
            })
        })
}

/// Takes the earliest work that is due by `now` off the list.
pub(crate) fn next_due(tenant: &mut Tenant, now: Timestamp) -> Option<Due> {
    let (index, _) = tenant
        .due
        .iter()
        .enumerate()
        .filter(|(_, due)| due.at <= now)
        .min_by_key(|(_, due)| due.at)?;
    Some(tenant.due.remove(index))
}

/// Arms what the present state asks for and what is not armed yet.
pub(crate) fn arm(tenant: &mut Tenant, now: Timestamp, temper: &Temper, draw: (Chance, &str)) {
    let mut wanted = Vec::new();
    for (id, group) in &tenant.groups {
        if licences_differ(tenant, id) {
            wanted.push((
                temper.licence_group_ms,
                Work::LicenseMembers { group: id.clone() },
            ));
        }
        if group.is_dynamic()
            && rule_members(tenant, id).is_some_and(|members| members != group.members)
        {
            wanted.push((
                temper.dynamic_group_ms,
                Work::EvaluateRule { group: id.clone() },
            ));
        }
    }
    for (id, mailbox) in &tenant.mailboxes {
        let licensed = has_exchange_plan(tenant, id);
        if let Some(conversion) = &mailbox.converting
            && !tenant.due.iter().any(|due| {
                due.work
                    == Work::Convert {
                        mailbox: id.clone(),
                    }
            })
        {
            tenant.due.push(Due {
                at: conversion.done_at,
                work: Work::Convert {
                    mailbox: id.clone(),
                },
            });
        }
        if mailbox.is_alive() && mailbox.kind == RecipientKind::UserMailbox && !licensed {
            wanted.push((
                temper.mailbox_loss_ms,
                Work::LoseMailbox {
                    mailbox: id.clone(),
                },
            ));
        }
        if must_be_locked(tenant, id) != mailbox.locked || (!mailbox.is_alive() && licensed) {
            wanted.push((
                temper.mailbox_loss_ms,
                Work::ReviewMailbox {
                    mailbox: id.clone(),
                },
            ));
        }
    }
    for ([low, high], work) in wanted {
        if !tenant.due.iter().any(|due| due.work == work) {
            let wait = draw
                .0
                .between(&["due", draw.1, &format!("{work:?}")], low, high);
            tenant.due.push(Due {
                at: after(now, i64::try_from(wait).unwrap_or(0)),
                work,
            });
        }
    }
}

/// Does one piece of work on the primary.
pub(crate) fn perform(tenant: &mut Tenant, due: &Due) {
    match &due.work {
        Work::Convert { mailbox } => {
            if let Some(mailbox) = tenant.mailboxes.get_mut(mailbox)
                && let Some(conversion) = mailbox.converting.take()
            {
                mailbox.kind = conversion.to;
            }
        }
        Work::LicenseMembers { group } => license_members(tenant, group, due.at),
        Work::EvaluateRule { group } => {
            if let Some(members) = rule_members(tenant, group)
                && let Some(group) = tenant.groups.get_mut(group)
            {
                group.members = members;
            }
        }
        Work::LoseMailbox { mailbox } => {
            if !has_exchange_plan(tenant, mailbox)
                && let Some(mailbox) = tenant.mailboxes.get_mut(mailbox)
            {
                mailbox.lost_at = Some(due.at);
                mailbox.converting = None;
            }
        }
        Work::ReviewMailbox { mailbox } => review_mailbox(tenant, mailbox),
        Work::CancelMeetings {
            mailbox,
            from,
            until,
        } => cancel_meetings(tenant, mailbox, [*from, *until]),
        Work::Deliver { message } => {
            if let Some(message) = tenant.messages.get_mut(message) {
                "sentitems".clone_into(&mut message.folder);
                message.sent = Some(due.at);
            }
        }
    }
}

fn must_be_locked(tenant: &Tenant, id: &str) -> bool {
    tenant.mailboxes.get(id).is_some_and(|mailbox| {
        let needs_plan_2 = mailbox.size_bytes > SHARED_LIMIT
            || mailbox.litigation_hold
            || mailbox.archive_guid.is_some();
        mailbox.kind != RecipientKind::UserMailbox
            && needs_plan_2
            && !has_plan(tenant, id, &["EXCHANGE_S_ENTERPRISE"])
    })
}

fn review_mailbox(tenant: &mut Tenant, id: &str) {
    let locked = must_be_locked(tenant, id);
    let licensed = has_exchange_plan(tenant, id);
    if let Some(mailbox) = tenant.mailboxes.get_mut(id) {
        mailbox.locked = locked;
        if licensed {
            mailbox.lost_at = None;
        }
    }
}

fn rule_members(tenant: &Tenant, group: &str) -> Option<BTreeSet<Id>> {
    let text = tenant.groups.get(group)?.membership_rule.as_deref()?;
    let mut members = BTreeSet::new();
    for (id, user) in &tenant.users {
        if rule::matches(text, user)? {
            members.insert(id.clone());
        }
    }
    Some(members)
}

/// Which (user, SKU) pairs a group should and does give.
fn licence_pairs(tenant: &Tenant, id: &str) -> [BTreeSet<(Id, Id)>; 2] {
    let should = tenant.groups.get(id).map_or_else(BTreeSet::new, |group| {
        let users = group
            .members
            .iter()
            .filter(|member| tenant.users.contains_key(*member));
        users
            .flat_map(|user| {
                group
                    .assigned_licenses
                    .iter()
                    .map(move |sku| (user.clone(), sku.clone()))
            })
            .collect()
    });
    let does = tenant
        .users
        .iter()
        .flat_map(|(user, account)| account.licences.iter().map(move |licence| (user, licence)))
        .filter(|(_, licence)| licence.assigned_by_group.as_deref() == Some(id))
        .map(|(user, licence)| (user.clone(), licence.sku_id.clone()))
        .collect();
    [should, does]
}

fn licences_differ(tenant: &Tenant, group: &str) -> bool {
    let [should, does] = licence_pairs(tenant, group);
    should != does
}

fn license_members(tenant: &mut Tenant, group: &str, now: Timestamp) {
    let [should, does] = licence_pairs(tenant, group);
    for (user, sku) in does.difference(&should) {
        if let Some(user) = tenant.users.get_mut(user) {
            user.licences.retain(|licence| {
                licence.sku_id != *sku || licence.assigned_by_group.as_deref() != Some(group)
            });
        }
    }
    let users: BTreeSet<&Id> = should.difference(&does).map(|(user, _)| user).collect();
    for user in users {
        let skus: Vec<&Id> = should
            .difference(&does)
            .filter(|(who, _)| who == user)
            .map(|(_, sku)| sku)
            .collect();
        let errors: Vec<Option<&str>> = skus
            .iter()
            .map(|sku| group_error(tenant, user, sku))
            .collect();
        let failed = errors.iter().any(Option::is_some);
        for (sku, error) in skus.into_iter().zip(errors) {
            let mut licence = Licence::inherited(sku, group, now);
            if failed {
                "Error".clone_into(&mut licence.state);
                error.unwrap_or("Others").clone_into(&mut licence.error);
            }
            if let Some(user) = tenant.users.get_mut(user) {
                user.licences.push(licence);
            }
        }
    }
}

fn group_error(tenant: &Tenant, user: &str, sku: &str) -> Option<&'static str> {
    let account = tenant.users.get(user)?;
    let holds = account
        .licences
        .iter()
        .any(|licence| licence.sku_id == sku && licence.is_active());
    if !holds && tenant.free_seats(sku) == 0 {
        return Some("CountViolation");
    }
    if account.usage_location.is_none() && tenant.country.is_empty() {
        return Some("ProhibitedInUsageLocationViolation");
    }
    None
}

fn cancel_meetings(tenant: &mut Tenant, mailbox: &str, window: [Timestamp; 2]) {
    if !tenant
        .mailboxes
        .get(mailbox)
        .is_some_and(super::Mailbox::is_alive)
    {
        return;
    }
    let [from, until] = window;
    let called_off: Vec<(Id, String)> = tenant
        .events
        .iter()
        .filter(|(_, event)| event.mailbox == mailbox && event.is_organizer && !event.is_cancelled)
        .filter(|(_, event)| !event.attendees.is_empty() && event.start <= until)
        .filter(|(_, event)| event.weekly_until.unwrap_or(event.start) >= from)
        .map(|(id, event)| (id.clone(), event.ical_uid.clone()))
        .collect();
    for (id, uid) in called_off {
        tenant.events.remove(&id);
        for copy in tenant
            .events
            .values_mut()
            .filter(|event| event.ical_uid == uid)
        {
            copy.is_cancelled = true;
        }
    }
}

impl Tenant {
    /// Seats of a SKU that are still to be had.
    #[must_use]
    pub fn free_seats(&self, sku: &str) -> u32 {
        self.skus.get(sku).map_or(0, |known| {
            (known.enabled + known.warning).saturating_sub(self.consumed_seats(sku))
        })
    }

    /// Seats of a SKU in use: one per person, however many ways it comes.
    #[must_use]
    pub fn consumed_seats(&self, sku: &str) -> u32 {
        let here = self.users.values().filter(|user| {
            user.licences
                .iter()
                .any(|licence| licence.sku_id == sku && licence.is_active())
        });
        let elsewhere = self
            .skus
            .get(sku)
            .map_or(0, |known| known.consumed_elsewhere);
        u32::try_from(here.count())
            .unwrap_or(u32::MAX)
            .saturating_add(elsewhere)
    }
}
