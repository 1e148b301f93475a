//! The person who comes in the bench, as Tenure's file, as the script's file, and as the world has to show it.

use serde_json::{Value, json};

const UPN: &str = "iris.falk@contoso.example";
const MANAGER: &str = "henrik.dahl@contoso.example";
const LICENCE: &str = "SPE_E3";
const GROUPS: [&str; 3] = ["Sales Team", "Project Aurora", "VPN Users"];
const LISTS: [&str; 2] = ["All Staff", "Sales News"];
const MAILBOX: &str = "orders@contoso.example";

/// For `tenure plan onboard --file`.
pub(super) fn toml() -> String {
    format!(
        "given-name = \"Iris\"\nfamily-name = \"Falk\"\naddress = \"{UPN}\"\njob-title = \"Account Manager\"\n\
         department = \"Sales\"\nmanager = \"{MANAGER}\"\nrole = \"bench\"\n"
    )
}

/// What the policy has to say besides, so that the role brings what the script is told.
pub(super) fn policy() -> String {
    format!(
        "\n[roles.bench]\nlicences = [\"{LICENCE}\"]\ngroups = {GROUPS:?}\nlists = {LISTS:?}\n\
         mailboxes = [{{ address = \"{MAILBOX}\", rights = [\"full-access\"] }}]\n"
    )
}

/// For `bench/peers/onboard.py`.
pub(super) fn json() -> Value {
    let addresses = LISTS.map(|name| {
        let local = name.to_lowercase().replace(' ', "");
        format!("{local}@contoso.example")
    });
    json!({
        "given_name": "Iris",
        "surname": "Falk",
        "display_name": "Iris Falk",
        "user_principal_name": UPN,
        // As the site of the policy has it.
        "usage_location": "DE",
        "time_zone": "W. Europe Standard Time",
        "department": "Sales",
        "job_title": "Account Manager",
        "manager": MANAGER,
        "licences": [LICENCE],
        "groups": GROUPS,
        "lists": addresses,
        "mailboxes": [MAILBOX],
    })
}

/// What is missing of the person in the world, one line each.
pub(super) fn missing(world: &Value, tenant: &str) -> Vec<String> {
    let tenant = &world["tenants"][tenant];
    let Some((id, user)) = by(&tenant["users"], "user_principal_name", UPN) else {
        return vec![format!("there is no {UPN}")];
    };
    let mut out = Vec::new();
    let mut say = |is_true: bool, otherwise: String| {
        if !is_true {
            out.push(otherwise);
        }
    };
    say(
        user["account_enabled"] == true,
        "sign-in is closed".to_owned(),
    );
    say(
        user["department"] == "Sales",
        "the department is missing".to_owned(),
    );
    say(
        user["job_title"] == "Account Manager",
        "the job title is missing".to_owned(),
    );
    let boss = by(&tenant["users"], "user_principal_name", MANAGER).map(|(id, _)| id);
    say(
        user["manager"].as_str() == boss,
        format!("{MANAGER} is not the manager"),
    );
    let sku = by(&tenant["skus"], "part_number", LICENCE).map(|(id, _)| id);
    let held = array(&user["licences"]).any(|licence| licence["sku_id"].as_str() == sku);
    say(held, format!("{LICENCE} is not assigned"));
    say(
        !tenant["mailboxes"][id].is_null(),
        "there is no mailbox".to_owned(),
    );
    let methods = user["methods"].as_object();
    let has_pass = methods
        .into_iter()
        .flatten()
        .any(|(_, method)| method["kind"] == "temporary-access-pass");
    say(has_pass, "there is no temporary access pass".to_owned());
    for name in GROUPS.into_iter().chain(LISTS) {
        let member = by(&tenant["groups"], "display_name", name)
            .is_some_and(|(_, group)| array(&group["members"]).any(|member| member == id));
        say(member, format!("not a member of {name}"));
    }
    let opens = by(&tenant["mailboxes"], "primary_smtp_address", MAILBOX)
        .is_some_and(|(_, mailbox)| array(&mailbox["permissions"]).any(|ace| ace["user"] == id));
    say(opens, format!("cannot open {MAILBOX}"));
    out
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The entry of a table whose field has this value.
fn by<'w>(table: &'w Value, field: &str, value: &str) -> Option<(&'w str, &'w Value)> {
    table
        .as_object()?
        .iter()
        .find(|(_, entry)| entry[field] == value)
        .map(|(id, entry)| (id.as_str(), entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_never_came_is_missing() {
        let world = json!({"tenants": {"t": {"users": {}}}});
        assert_eq!(missing(&world, "t"), [format!("there is no {UPN}")]);
    }

    #[test]
    fn an_account_alone_is_not_enough() {
        let world = json!({"tenants": {"t": {"users": {"1": {
            "user_principal_name": UPN, "account_enabled": true, "department": "Sales",
            "job_title": "Account Manager", "manager": "2",
        }, "2": {"user_principal_name": MANAGER}}}}});
        let missing = missing(&world, "t");
        // Licence, mailbox, pass, five memberships, one shared mailbox.
        assert_eq!(missing.len(), 9, "{missing:?}");
    }
}
