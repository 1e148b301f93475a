//! The vendor's own processes: new, lost and locked mailboxes, conversions, licence groups, dynamic groups, queued mail, directory sync.
//!
//! Each is armed by a commit and acts later; what it did stands in the log with the time it was due.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::after;
use super::group_licences::{licences_differ, license_members};
use super::provisioning::{create_mailbox, is_kept, publish_addresses, wants_mailbox};
use super::{Id, RecipientKind, Tenant, rule, sync};
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
    /// Make the mailbox of a person who got a licence for one.
    CreateMailbox {
        /// The person.
        user: Id,
    },
    /// Write a mailbox's addresses into the directory.
    PublishAddresses {
        /// The mailbox.
        mailbox: Id,
    },
    /// Push what changed on-premises to the cloud.
    SyncDirectory {
        /// Whether every object is pushed, changed or not.
        full: bool,
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
            Self::CreateMailbox { .. } => "vendor: create mailbox",
            Self::PublishAddresses { .. } => "vendor: publish addresses",
            Self::SyncDirectory { .. } => "vendor: synchronise directory",
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
    let mut due = tenant.due.remove(index);
    let cycle_ms = i64::from(tenant.on_premises.sync_every_s) * 1_000;
    if due.work == (Work::SyncDirectory { full: false })
        && cycle_ms > 0
        && !tenant.on_premises.has_pending()
    {
        // Cycles that had nothing to carry all look like the last one of them.
        let missed = i64::try_from(now.duration_since(due.at).as_millis()).unwrap_or(0) / cycle_ms;
        due.at = after(due.at, missed * cycle_ms);
    }
    Some(due)
}

/// Arms what the present state asks for and what is not armed yet.
pub(crate) fn arm(tenant: &mut Tenant, now: Timestamp, temper: &Temper, draw: (Chance, &str)) {
    arm_sync(tenant, now);
    let mut wanted = Vec::new();
    for id in tenant.users.keys().filter(|id| wants_mailbox(tenant, id)) {
        let work = Work::CreateMailbox { user: id.clone() };
        wanted.push((temper.mailbox_creation_ms, work));
    }
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
        if mailbox.addresses_pending {
            let mailbox = id.clone();
            wanted.push((temper.address_ms, Work::PublishAddresses { mailbox }));
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
    enlist(tenant, now, wanted, draw);
}

/// Puts work on the list, at a time drawn within its bounds, where it does not stand there already.
fn enlist(
    tenant: &mut Tenant,
    now: Timestamp,
    wanted: Vec<([u64; 2], Work)>,
    draw: (Chance, &str),
) {
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

/// Keeps the next cycle of the directory sync on the list.
fn arm_sync(tenant: &mut Tenant, now: Timestamp) {
    let cycle_ms = i64::from(tenant.on_premises.sync_every_s) * 1_000;
    let full = false;
    let armed = tenant
        .due
        .iter()
        .any(|due| due.work == Work::SyncDirectory { full });
    if tenant.on_premises.exists() && cycle_ms > 0 && !armed {
        tenant.due.push(Due {
            at: after(now, cycle_ms),
            work: Work::SyncDirectory { full },
        });
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
        Work::CreateMailbox { user } => create_mailbox(tenant, user, due.at),
        Work::PublishAddresses { mailbox } => publish_addresses(tenant, mailbox),
        Work::SyncDirectory { full } => sync::synchronise(tenant, *full, due.at),
        Work::LoseMailbox { mailbox } => {
            if !has_exchange_plan(tenant, mailbox)
                && let Some(mailbox) = tenant.mailboxes.get_mut(mailbox)
            {
                mailbox.lost_at = Some(due.at);
                mailbox.converting = None;
            }
        }
        Work::ReviewMailbox { mailbox } => review_mailbox(tenant, mailbox, due.at),
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

/// A licence brings a disconnected mailbox back within 30 days; later a new and empty one is made in its place.
fn review_mailbox(tenant: &mut Tenant, id: &str, now: Timestamp) {
    let locked = must_be_locked(tenant, id);
    let licensed = has_exchange_plan(tenant, id);
    let lost_at = tenant.mailboxes.get(id).and_then(|mailbox| mailbox.lost_at);
    if licensed && lost_at.is_some_and(|lost_at| !is_kept(lost_at, now)) {
        tenant.mailboxes.remove(id);
        return;
    }
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
