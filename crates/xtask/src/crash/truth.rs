//! What has to be true in the world when a run has ended: read from ground truth, with no look at what Tenure says. Here for
//! somebody who has left; beside it for somebody who has come, and for a leaving that was taken back.

mod back;
mod joiner;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::scene::{LEAVER, Scene};
use super::story::Story;

/// What of a story is not true in the world after it, one line each.
pub(crate) fn of_story(scene: &Scene, after: &Value) -> Vec<String> {
    let tenant = |world: &'_ Value| world["tenants"][&scene.tenant].clone();
    match scene.story {
        Story::Leaver => untrue(&scene.world, after, &scene.tenant, LEAVER),
        Story::Joiner => joiner::untrue(&tenant(&scene.world), &tenant(after)),
        Story::Undo => back::untrue(&tenant(&scene.first), &tenant(after)),
        // The pass is behind the link: who presses it is told, and counted there.
        Story::Link => joiner::untrue(&tenant(&scene.world), &tenant(after))
            .into_iter()
            .filter(|line| line != joiner::NOT_IN_NOTICE)
            .collect(),
        Story::Web | Story::Api | Story::Race | Story::Press => {
            locked_out(&tenant(&scene.world), &tenant(after))
        }
    }
}

/// The SHA-256 of a text, as the sandbox keeps secrets.
pub(crate) fn hash(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes of every pass that works in a tenant.
pub(crate) fn passes(tenant: &Value) -> BTreeSet<String> {
    let users = table(tenant, "users").values();
    users
        .flat_map(|user| table(user, "methods").values())
        .filter(|method| method["kind"] == "temporary-access-pass")
        .filter_map(|method| method["secret_hash"].as_str().map(str::to_owned))
        .collect()
}

/// The words of a text that are passes.
pub(crate) fn passes_in<'t>(text: &'t str, passes: &BTreeSet<String>) -> Vec<&'t str> {
    if passes.is_empty() {
        return Vec::new();
    }
    text.split_whitespace()
        .filter(|word| passes.contains(&hash(word.as_bytes())))
        .collect()
}

/// What is not true of the person's leaving, one line each.
pub(crate) fn untrue(before: &Value, after: &Value, tenant: &str, upn: &str) -> Vec<String> {
    let (before, after) = (&before["tenants"][tenant], &after["tenants"][tenant]);
    let found = table(before, "users")
        .iter()
        .find(|(_, user)| user["user_principal_name"] == upn);
    let Some((id, _)) = found else {
        return vec![format!("there was never a {upn}")];
    };
    let leaver = Leaver { id, before, after };
    let mut out = leaver.account();
    out.extend(leaver.mailbox());
    out.extend(leaver.rights());
    out.extend(leaver.duties());
    out
}

/// What is not true of a leaving by the policy as it comes: whoever has left gets nowhere.
fn locked_out(before: &Value, after: &Value) -> Vec<String> {
    let mut users = table(before, "users").iter();
    let found = users.find(|(_, user)| user["user_principal_name"] == LEAVER);
    let Some((id, _)) = found else {
        return vec![format!("there was never a {LEAVER}")];
    };
    let (before, user) = (&before["users"][id], &after["users"][id]);
    let sessions = "sign_in_sessions_valid_from_date_time";
    let mut out = Vec::new();
    say(
        &mut out,
        user["account_enabled"] == false,
        "sign-in is open",
    );
    say(
        &mut out,
        user["password_hash"] != before["password_hash"],
        "the password is the old one",
    );
    say(
        &mut out,
        user[sessions].as_str() > before[sessions].as_str(),
        "old sessions are still good",
    );
    out
}

struct Leaver<'a> {
    id: &'a str,
    before: &'a Value,
    after: &'a Value,
}

fn table<'a>(tenant: &'a Value, collection: &str) -> &'a Map<String, Value> {
    static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    tenant[collection].as_object().unwrap_or(&NOTHING)
}

fn holds(list: &Value, id: &str) -> bool {
    list.as_array()
        .is_some_and(|items| items.iter().any(|item| item == id || item["user"] == id))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        other => other.is_null(),
    }
}

fn say(out: &mut Vec<String>, is_true: bool, otherwise: impl Into<String>) {
    if !is_true {
        out.push(otherwise.into());
    }
}

impl Leaver<'_> {
    fn account(&self) -> Vec<String> {
        let mut out = Vec::new();
        let (before, user) = (
            &self.before["users"][self.id],
            &self.after["users"][self.id],
        );
        say(
            &mut out,
            user["account_enabled"] == false,
            "sign-in is open",
        );
        say(
            &mut out,
            user["password_hash"] != before["password_hash"],
            "the password is the old one",
        );
        let sessions = "sign_in_sessions_valid_from_date_time";
        say(
            &mut out,
            user[sessions].as_str() > before[sessions].as_str(),
            "old sessions are still good",
        );
        say(
            &mut out,
            is_empty(&user["methods"]),
            "an authentication method is left",
        );
        say(&mut out, is_empty(&user["licences"]), "a licence is left");
        out
    }

    fn mailbox(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mailbox = &self.after["mailboxes"][self.id];
        say(
            &mut out,
            mailbox["lost_at"].is_null(),
            "the mailbox is lost",
        );
        say(
            &mut out,
            mailbox["kind"] == "SharedMailbox",
            "the mailbox is not a shared one",
        );
        say(
            &mut out,
            mailbox["hidden"] == true,
            "the mailbox is not hidden",
        );
        say(
            &mut out,
            mailbox["auto_reply"]["state"] != "Disabled",
            "nobody is told by an automatic reply",
        );
        say(
            &mut out,
            !mailbox["forwarding_address"].is_null()
                || !mailbox["forwarding_smtp_address"].is_null(),
            "mail is not forwarded",
        );
        say(&mut out, is_empty(&mailbox["devices"]), "a phone is left");
        let rules = mailbox["rules"].as_array().into_iter().flatten();
        let own = rules.filter(|rule| rule["hidden"] != true).count();
        say(&mut out, own == 0, "an inbox rule is left");
        say(
            &mut out,
            !is_empty(&mailbox["permissions"]),
            "nobody can open the mailbox",
        );
        for event in table(self.after, "events").values() {
            let own = event["mailbox"] == self.id && event["is_organizer"] == true;
            let lasts = event["weekly_until"].as_str().or(event["start"].as_str());
            // The sandbox's own clock wrote the last session end: what lies after it lay ahead.
            let now =
                self.after["users"][self.id]["sign_in_sessions_valid_from_date_time"].as_str();
            let stands = own && lasts > now && !is_empty(&event["attendees"]);
            say(
                &mut out,
                !stands || event["is_cancelled"] == true,
                format!("the meeting {} still stands", event["subject"]),
            );
        }
        out
    }

    fn rights(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (id, group) in table(self.after, "groups") {
            let name = &group["display_name"];
            let dynamic = !group["membership_rule"].is_null();
            let member = !dynamic && holds(&group["members"], self.id);
            say(&mut out, !member, format!("still a member of {name}"));
            say(
                &mut out,
                !holds(&group["owners"], self.id),
                format!("still an owner of {name}"),
            );
            let owned = holds(&self.before["groups"][id]["owners"], self.id);
            say(
                &mut out,
                !owned || !is_empty(&group["owners"]),
                format!("{name} has no owner"),
            );
        }
        for (id, mailbox) in table(self.after, "mailboxes")
            .iter()
            .filter(|(id, _)| *id != self.id)
        {
            for right in ["permissions", "send_as", "send_on_behalf"] {
                say(
                    &mut out,
                    !holds(&mailbox[right], self.id),
                    format!("{right} of mailbox {id} still name the person"),
                );
            }
        }
        for collection in ["role_assignments", "eligibilities"] {
            let left = table(self.after, collection)
                .values()
                .any(|role| role["principal_id"] == self.id);
            say(&mut out, !left, format!("one of the {collection} is left"));
        }
        out
    }

    fn duties(&self) -> Vec<String> {
        let mut out = Vec::new();
        for user in table(self.after, "users").values() {
            let name = &user["display_name"];
            say(
                &mut out,
                user["manager"] != self.id,
                format!("{name} still reports to the person"),
            );
        }
        let was = table(self.before, "messages");
        let new = table(self.after, "messages")
            .iter()
            .filter(|(id, _)| !was.contains_key(*id));
        let sent = new
            .clone()
            .filter(|(_, message)| message["folder"] == "sentitems")
            .count();
        say(
            &mut out,
            sent == 1,
            format!("{sent} notices were sent instead of 1"),
        );
        let left = new.count() - sent;
        say(
            &mut out,
            left == 0,
            format!("{left} drafts are left behind"),
        );
        out
    }
}
