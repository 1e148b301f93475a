//! What has to be true when the joiner has come: everything once, and nobody else made with her.

use serde_json::Value;

use super::{holds, passes, passes_in, say, table};
use crate::crash::scene::{JOINER, MANAGER};

const GROUPS: [&str; 4] = ["Sales Team", "Project Aurora", "All Staff", "Sales News"];
const SHARED: &str = "orders@contoso.example";
const LICENCE: &str = "SPE_E3";

/// What is said where the notice holds no pass that works.
pub(super) const NOT_IN_NOTICE: &str = "the notice does not hold the pass that works";

/// What is not true of the joiner, one line each.
pub(super) fn untrue(before: &Value, after: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for collection in ["users", "mailboxes"] {
        let was = table(before, collection);
        let new = table(after, collection)
            .keys()
            .filter(|id| !was.contains_key(*id));
        let count = new.count();
        say(
            &mut out,
            count == 1,
            format!("{count} {collection} were made instead of 1"),
        );
    }
    let Some((id, user)) = by(after, "users", "user_principal_name", JOINER) else {
        out.push(format!("there is no {JOINER}"));
        return out;
    };
    account(after, user, &mut out);
    access(after, (id, user), &mut out);
    mailbox(&after["mailboxes"][id], &mut out);
    letters(before, after, &mut out);
    out
}

/// The entry of a table whose field has this value.
fn by<'w>(
    tenant: &'w Value,
    collection: &str,
    field: &str,
    value: &str,
) -> Option<(&'w str, &'w Value)> {
    let mut entries = table(tenant, collection).iter();
    let found = entries.find(|(_, entry)| entry[field] == value);
    found.map(|(id, entry)| (id.as_str(), entry))
}

fn account(after: &Value, user: &Value, out: &mut Vec<String>) {
    say(out, user["account_enabled"] == true, "sign-in is closed");
    let boss = by(after, "users", "user_principal_name", MANAGER).map(|(id, _)| id);
    say(
        out,
        boss.is_some() && user["manager"].as_str() == boss,
        format!("{MANAGER} is not the manager"),
    );
    for (field, value) in [
        ("display_name", "Iris Falk"),
        ("department", "Sales"),
        ("job_title", "Account Manager"),
        ("employee_id", "4711"),
        ("usage_location", "DE"),
    ] {
        say(
            out,
            user[field] == value,
            format!("{field} is {} instead of {value}", user[field]),
        );
    }
}

fn access(after: &Value, (id, user): (&str, &Value), out: &mut Vec<String>) {
    let sku = by(after, "skus", "part_number", LICENCE).map(|(id, _)| id);
    let licences = user["licences"]
        .as_array()
        .map_or(&[] as &[_], Vec::as_slice);
    let right = matches!(licences, [one] if one["sku_id"].as_str() == sku && one["assigned_by_group"].is_null());
    say(
        out,
        sku.is_some() && right,
        format!("{LICENCE} is not the one licence"),
    );
    for (kind, number) in [("phone", 1), ("temporary-access-pass", 1)] {
        let methods = table(user, "methods").values();
        let count = methods.filter(|method| method["kind"] == kind).count();
        say(
            out,
            count == number,
            format!("there are {count} methods of kind {kind} instead of {number}"),
        );
    }
    for name in GROUPS {
        let member = by(after, "groups", "display_name", name)
            .is_some_and(|(_, group)| holds(&group["members"], id));
        say(out, member, format!("not a member of {name}"));
    }
    let shared = by(after, "mailboxes", "primary_smtp_address", SHARED);
    for right in ["permissions", "send_as", "send_on_behalf"] {
        let held = shared.is_some_and(|(_, mailbox)| holds(&mailbox[right], id));
        say(out, held, format!("{right} of {SHARED} do not name her"));
    }
}

fn mailbox(mailbox: &Value, out: &mut Vec<String>) {
    say(
        out,
        !mailbox["archive_guid"].is_null(),
        "there is no archive",
    );
    say(
        out,
        mailbox["language"] == "en-GB",
        "the language is not set",
    );
    say(
        out,
        !mailbox["time_zone"].is_null(),
        "the time zone is not set",
    );
    let addresses = mailbox["email_addresses"].as_array().into_iter().flatten();
    let alias = addresses
        .clone()
        .any(|one| one == "smtp:ifalk@contoso.example");
    say(out, alias, "the further address is missing");
}

/// One welcome and one notice, each sent once, and in the notice the pass that works.
fn letters(before: &Value, after: &Value, out: &mut Vec<String>) {
    let was = table(before, "messages");
    let new: Vec<&Value> = table(after, "messages")
        .iter()
        .filter(|(id, _)| !was.contains_key(*id))
        .map(|(_, message)| message)
        .collect();
    let to = |address: &str| {
        let sent = new
            .iter()
            .filter(|message| message["folder"] == "sentitems");
        sent.filter(|message| holds(&message["to"], address))
            .copied()
            .collect::<Vec<_>>()
    };
    let (welcomes, notices) = (to(JOINER), to(MANAGER));
    say(
        out,
        welcomes.len() == 1,
        format!("{} welcomes were sent instead of 1", welcomes.len()),
    );
    say(
        out,
        notices.len() == 1,
        format!("{} notices were sent instead of 1", notices.len()),
    );
    say(
        out,
        new.len() == 2,
        format!("{} messages were made instead of 2", new.len()),
    );
    let passes = passes(after);
    let handed = notices.iter().all(|notice| {
        let text = notice["content"].as_str().unwrap_or_default();
        passes_in(text, &passes).len() == 1
    });
    say(out, handed, NOT_IN_NOTICE);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crash::truth::hash;

    const PASS: &str = "u%m5+FFY";

    fn before() -> Value {
        json!({
            "users": { "boss": { "user_principal_name": MANAGER } },
            "skus": { "e3": { "part_number": LICENCE } },
            "mailboxes": { "orders": { "primary_smtp_address": SHARED } },
            "groups": {}, "messages": {},
        })
    }

    fn after() -> Value {
        let mut world = before();
        world["users"]["iris"] = json!({
            "user_principal_name": JOINER, "account_enabled": true, "manager": "boss", "display_name": "Iris Falk",
            "department": "Sales", "job_title": "Account Manager", "employee_id": "4711", "usage_location": "DE",
            "licences": [{ "sku_id": "e3", "assigned_by_group": null }],
            "methods": {
                "1": { "kind": "phone" },
                "2": { "kind": "temporary-access-pass", "secret_hash": hash(PASS.as_bytes()) },
            },
        });
        for (number, name) in GROUPS.iter().enumerate() {
            world["groups"][number.to_string()] =
                json!({ "display_name": name, "members": ["iris"] });
        }
        world["mailboxes"]["orders"] = json!({
            "primary_smtp_address": SHARED, "permissions": [{ "user": "iris" }], "send_as": ["iris"],
            "send_on_behalf": ["iris"],
        });
        world["mailboxes"]["iris"] = json!({
            "archive_guid": "a", "language": "en-GB", "time_zone": "W. Europe Standard Time",
            "email_addresses": ["smtp:ifalk@contoso.example"],
        });
        let sent = |to: &str, content: &str| json!({ "to": [to], "content": content, "folder": "sentitems" });
        world["messages"] = json!({
            "m1": sent(JOINER, "Welcome"),
            "m2": sent(MANAGER, &format!("Ready. Pass:\n\n{PASS}\n")),
        });
        world
    }

    #[test]
    fn whoever_has_come_as_planned_has_nothing_against_her() {
        assert_eq!(untrue(&before(), &after()), Vec::<String>::new());
    }

    #[test]
    fn each_damage_is_seen() {
        type Damage = fn(&mut Value);
        let damages: [(&str, Damage); 12] = [
            ("2 users were made", |world| {
                world["users"]["second"] = world["users"]["iris"].clone();
            }),
            ("2 mailboxes were made", |world| {
                world["mailboxes"]["second"] = json!({});
            }),
            ("there is no iris", |world| {
                world["users"]["iris"]["user_principal_name"] = json!("iris.falk2@contoso.example");
            }),
            ("sign-in is closed", |world| {
                world["users"]["iris"]["account_enabled"] = json!(false);
            }),
            ("is not the manager", |world| {
                world["users"]["iris"]["manager"] = Value::Null;
            }),
            ("SPE_E3 is not the one licence", |world| {
                world["users"]["iris"]["licences"] = json!([]);
            }),
            ("2 methods of kind temporary-access-pass", |world| {
                let pass = world["users"]["iris"]["methods"]["2"].clone();
                world["users"]["iris"]["methods"]["3"] = pass;
            }),
            ("not a member of Sales Team", |world| {
                world["groups"]["0"]["members"] = json!([]);
            }),
            ("send_as of orders", |world| {
                world["mailboxes"]["orders"]["send_as"] = json!([]);
            }),
            ("2 welcomes were sent", |world| {
                world["messages"]["m3"] = world["messages"]["m1"].clone();
            }),
            ("3 messages were made", |world| {
                world["messages"]["m3"] = json!({ "to": [MANAGER], "folder": "drafts" });
            }),
            ("does not hold the pass", |world| {
                world["messages"]["m2"]["content"] = json!("Ready. Pass:\n\nwithdrawn\n");
            }),
        ];
        for (says, damage) in damages {
            let mut world = after();
            damage(&mut world);
            let said = untrue(&before(), &world);
            assert!(
                said.iter().any(|line| line.contains(says)),
                "{says}: {said:?}"
            );
        }
    }
}
