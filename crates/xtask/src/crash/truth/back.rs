//! What has to be true when a leaving was taken back: what can return stands as it stood before the leaver's run.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{holds, say, table};
use crate::crash::scene::LEAVER;

/// What has not returned, one line each.
pub(super) fn untrue(before: &Value, after: &Value) -> Vec<String> {
    let found = table(before, "users")
        .iter()
        .find(|(_, user)| user["user_principal_name"] == LEAVER);
    let Some((id, was)) = found else {
        return vec![format!("there was never a {LEAVER}")];
    };
    let mut out = account(was, &after["users"][id]);
    out.extend(access(id, before, after));
    let (was, mailbox) = (&before["mailboxes"][id], &after["mailboxes"][id]);
    for field in [
        "hidden",
        "forwarding_address",
        "forwarding_smtp_address",
        "kind",
    ] {
        say(
            &mut out,
            was[field] == mailbox[field],
            format!(
                "{field} of the mailbox is {} and was {}",
                mailbox[field], was[field]
            ),
        );
    }
    out
}

fn account(was: &Value, user: &Value) -> Vec<String> {
    let mut out = Vec::new();
    say(
        &mut out,
        user["account_enabled"] == true,
        "sign-in is closed",
    );
    let licences = |user: &Value| -> BTreeSet<String> {
        let held = user["licences"].as_array().into_iter().flatten();
        held.map(|licence| format!("{} by {}", licence["sku_id"], licence["assigned_by_group"]))
            .collect()
    };
    say(
        &mut out,
        licences(user) == licences(was),
        format!(
            "licences are {:?} and were {:?}",
            licences(user),
            licences(was)
        ),
    );
    out
}

/// Memberships, reports and rights elsewhere.
fn access(id: &str, before: &Value, after: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for (group, entry) in table(before, "groups") {
        let back = holds(&entry["members"], id) == holds(&after["groups"][group]["members"], id);
        say(
            &mut out,
            back,
            format!("membership of {} is not as it was", entry["display_name"]),
        );
    }
    for (other, entry) in table(before, "users") {
        let reports = |user: &Value| user["manager"] == id;
        say(
            &mut out,
            reports(entry) == reports(&after["users"][other]),
            format!("the manager of {} is not as before", entry["display_name"]),
        );
    }
    for (other, entry) in table(before, "mailboxes")
        .iter()
        .filter(|(other, _)| other.as_str() != id)
    {
        for right in ["permissions", "send_as", "send_on_behalf"] {
            let back = holds(&entry[right], id) == holds(&after["mailboxes"][other][right], id);
            say(
                &mut out,
                back,
                format!("{right} of {} are not as before", entry["display_name"]),
            );
        }
    }
    out
}
