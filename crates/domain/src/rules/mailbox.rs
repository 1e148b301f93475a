//! Rules 4, 5 and 6: meetings while the mailbox can still send, conversion before the licence goes, and what needs a living mailbox.

use crate::facts::{Facts, Mailbox, MailboxFacts};
use crate::spec::Effect;

use super::{Broken, Ground, Order, Pair, Rule, Strength, no_ban};

/// From this size on a shared mailbox gets near the 50 GB it may have without a licence (rule 5).
pub const LARGE_BYTES: u64 = 45 * 1024 * 1024 * 1024;

fn frees_mailbox_licence(effect: &Effect) -> bool {
    matches!(effect, Effect::FreesLicense { carries, .. } if carries.mailbox)
}

/// Rule 4.
pub(super) const MEETINGS: Rule = Rule {
    number: 4,
    says: "meetings are cancelled while the mailbox can still send, before its licence goes by any route",
    pairs: &[Pair {
        first: |e| *e == Effect::CancelsMeetings,
        second: |_, e| frees_mailbox_licence(e) || *e == Effect::DeletesPerson,
        strength: Strength::After,
    }],
    ban: |ground, _| {
        let reopened = ground.any(|e| *e == Effect::CancelsMeetings)
            && ground.any(|e| *e == Effect::OpensSignIn);
        if reopened {
            vec![(
                None,
                "sign-in is never opened again for the sake of cancelling meetings".to_owned(),
            )]
        } else {
            Vec::new()
        }
    },
};

/// Rule 5.
pub(super) const CONVERT: Rule = Rule {
    number: 5,
    says: "the mailbox is known and converted before its licence goes",
    pairs: &[
        Pair {
            first: |e| *e == Effect::ConvertsMailbox,
            second: |_, e| frees_mailbox_licence(e),
            strength: Strength::Needs,
        },
        Pair {
            first: |e| matches!(e, Effect::KeepsMailboxLicense { .. }),
            second: |_, e| *e == Effect::ConvertsMailbox || frees_mailbox_licence(e),
            strength: Strength::Needs,
        },
    ],
    ban: convert,
};

/// Why a mailbox cannot do without a licence of its own once it is shared; absent when it can.
#[must_use]
pub fn needs_licence(mailbox: &Mailbox) -> Option<String> {
    if !mailbox.holds.is_empty() {
        return Some(format!("it is on hold ({})", mailbox.holds.join(", ")));
    }
    if mailbox.archive {
        return Some("it has an archive".to_owned());
    }
    match mailbox.size_bytes {
        None => Some("its size could not be read".to_owned()),
        Some(size) if size >= LARGE_BYTES => Some(format!(
            "it holds {:.1} GB",
            size as f64 / f64::from(1u32 << 30)
        )),
        Some(_) => None,
    }
}

fn convert(ground: &Ground<'_>, _: &Order) -> Broken {
    let mut broken = Vec::new();
    let converts = ground.with(|e| *e == Effect::ConvertsMailbox).next();
    match (&ground.facts.mailbox, converts) {
        (MailboxFacts::OnPremises, Some(spec)) => {
            broken.push((
                Some(spec.key.clone()),
                "the mailbox is kept on premises and is never converted from here".to_owned(),
            ));
        }
        (MailboxFacts::Unread { because }, Some(spec)) => {
            broken.push((
                Some(spec.key.clone()),
                format!("the mailbox could not be read ({because}), so it is not converted"),
            ));
        }
        _ => {}
    }
    let Some(because) = ground.facts.mailbox.cloud().and_then(needs_licence) else {
        return broken;
    };
    let taken = ground.any(frees_mailbox_licence) && !ground.any(|e| *e == Effect::LetsMailboxGo);
    let kept =
        ground.any(|e| matches!(e, Effect::KeepsMailboxLicense { .. })) || holds_keeper(ground);
    if taken && !kept {
        broken.push((
            None,
            format!("the mailbox needs a licence of its own because {because}: set `oversized = \"keep-licence\"` for convert-mailbox, or leave the licences as they are"),
        ));
    }
    broken
}

/// Whether the person goes on holding a licence that keeps a large mailbox.
fn holds_keeper(ground: &Ground<'_>) -> bool {
    ground.facts.licenses.iter().any(|held| {
        let keeper = ground.facts.tenant.skus.iter().any(|sku| sku.id == held.sku && sku.keeps_large_mailbox);
        let taken = ground.any(|e| matches!(e, Effect::FreesLicense { sku, route, .. } if *sku == held.sku && *route == held.route));
        keeper && !taken
    })
}

/// Whether the mailbox would be lost with its licence: it is in the cloud, and nobody has made it a shared one yet.
pub(super) fn hangs_on_licence(facts: &Facts) -> bool {
    match &facts.mailbox {
        MailboxFacts::Cloud(mailbox) => mailbox.kind != "SharedMailbox",
        MailboxFacts::Unread { .. } => true,
        MailboxFacts::None | MailboxFacts::OnPremises => false,
    }
}

/// Rule 6.
pub(super) const LIVING_MAILBOX: Rule = Rule {
    number: 6,
    says: "delegates, forwarding, out of office and hiding need a living mailbox, so they come before its licence goes",
    pairs: &[Pair {
        first: |e| {
            matches!(
                e,
                Effect::GrantsMailboxAccess
                    | Effect::SetsForwarding
                    | Effect::ClearsForwarding
                    | Effect::SetsAutoReply
                    | Effect::HidesFromAddressLists
                    | Effect::RemovesRules
                    | Effect::RemovesPartnership
            )
        },
        second: |_, e| frees_mailbox_licence(e) || *e == Effect::DeletesPerson,
        strength: Strength::After,
    }],
    ban: no_ban,
};
