//! A complete policy with every switch at its default and a word about each, ready to edit.

use std::fmt::Write as _;

use serde_json::Value;

use crate::catalogue::{Catalogue, Entry};
use crate::request::Kind;

/// The file name under which the template looks for the schema.
pub const SCHEMA_FILE: &str = "tenure-policy.schema.json";

const HEAD: &str = r#"
# Who may ask, who decides, who is protected, and what is done. Every line below is the default; `tenure policy check` says what is
# wrong, with the line.

# The version of this format.
version = 1

# A place of the tenant. `default` holds for people without one; add [sites.NAME] for more.
[sites.default]
# Country, two capital letters of ISO 3166-1.
usage-location = "DE"
# Time zone by its IANA name.
time-zone = "Europe/Berlin"
# When a leaver whose last day has no clock time is closed.
end-of-day = "17:00"
# When the account of a joiner whose first day has no clock time is opened.
start-of-day = "08:00"
# Other names under which requests speak of it, for example ["Berlin office", "BER"].
aliases = []
# The mailbox language of new people; the tenant's own unless said.
# language = "de-DE"
# Parts of the profile of everybody there: office, street, city, state, postal-code, country, company, phone.
[sites.default.profile]
# office = "Berlin, Unter den Linden 1"
# city = "Berlin"
# company = "Contoso {site.city}"

# Who may ask by ticket or mail. A request from anybody else is kept and shown, and becomes no plan.
[requesters]
# For example ["hr@contoso.example", "*@people.contoso.example"].
addresses = []

# Who decides. Nobody approves his own request, or a plan about himself.
[approvals]
# How many different people have to approve a plan.
people = 1
# Who may; empty for any operator.
approvers = []
# How long an approval holds.
holds-for-hours = 72
# After how many hours without a decision others are asked as well. From then on they may decide too.
# escalate-after-hours = 8
# Who they are, for example ["head-of-it@contoso.example"].
escalate-to = []
# After how many hours nobody can decide on a plan any more, so that it has to be made anew.
# expires-after-hours = 72
# Emergencies: from whom a request to close access at once (block, reset, revoke) counts as approved by this policy. "operators" who have
# signed in, "api" clients, the "hr" system; never a ticket or a mail. Holders of privileged roles and people under vip always wait for two
# approvers.
pre-approved-containment = []
# Who must look at such a run afterwards; empty for any approver. Never whoever asked.
reviewers = []

# How much may happen at once.
[limits]
# How many people may leave within how many hours; beyond that a plan needs a second approver.
# leavers = { count = 5, within-hours = 24 }

[protected]
# Emergency accounts by sign-in name: never touched.
break-glass = []
# Say `true` when the list above is complete, also when it is empty. No run starts before.
break-glass-confirmed = false
# Service and synchronisation accounts by sign-in name: never touched.
service-accounts = []
# People whose plans need a second approver.
vip = []

# Start small: while this is on, only these people can be planned.
[pilot]
on = false
persons = []

# Which steps may appear in any plan. Without `allowed`, all.
[steps]
# allowed = ["block-sign-in", "revoke-sessions"]

# What happens when the live tenant changed between approval and run.
[drift]
# Whether a removal may take one more of the same kind (one more group, one more rule) without a new approval.
removals-may-grow = false

# Who is told, and from which mailbox.
[notify]
# sender = "it@contoso.example"
recipients = []

# How new people are named. Letters of every script become plain ASCII by themselves.
[naming]
# The domain of new sign-in names; the tenant's default domain unless said.
# domain = "contoso.example"
# Patterns for the part before the @, tried in this order: {first}, {last}, {f}, {l}, and {n} (2 to 99, tried after all others).
upn = ["{first}.{last}", "{f}{last}", "{first}.{last}{n}"]
# The display name: {First} and {Last} as written.
display = "{First} {Last}"
# Letters that are written otherwise than usual.
[naming.letters]
# "ä" = "ae"
# "ö" = "oe"
# "ü" = "ue"
# "ß" = "ss"

# What a request may ask for beyond its role, by name or address; `*` stands for any letters. What is not listed is shown to the approver
# and not given.
[asks]
groups = []
licences = []
mailboxes = []
# Groups and lists that may be copied from a colleague.
copy = []
# Groups and lists that are never given on request nor copied, whatever the lists above say. For example ["*admin*", "Board*"].
never = []

# People who come for a time.
[contractors]
# The role they get when the request names none.
# role = "contractor"
# Whether a request without an end of contract is asked for it.
need-end = true
# Groups and lists that they never get, not by a role either.
never = []

# What a seat costs a month, by part number. Pages and reports say it; nothing is bought or decided by it.
[prices]
# currency = "EUR"
[prices.month]
# SPE_E3 = "39.00"

# What jobs get, a table for each; `default` is for people without one. Licences by part number or product name. Give a role either
# `licences` or `licence-groups`: somebody licensed by group gets no direct licence beside it.
# [roles.default]
# licence-groups = ["Licence Microsoft 365 E3"]
# lists = ["All Staff"]
#
# [roles.sales]
# licences = ["SPE_E3", { licence = "POWER_BI_PRO", without = ["BI_AZURE_P2"] }]
# groups = ["Sales Team"]
# lists = ["All Staff", "Sales News"]
# # Opened and sent as; or with rights: full-access, send-as, send-on-behalf.
# mailboxes = ["sales@contoso.example", { address = "orders@contoso.example", rights = ["send-as"] }]
# # Macros: {site.city}, {site.office}, {site.name}, {first}, {last}, {department}, {job-title}.
# profile = { company = "Contoso {site.city}", employee-type = "Employee" }
#
# [roles.contractor]
# licences = ["O365_BUSINESS_PREMIUM"]

# Standing instructions, followed in this order. For whom: kind (onboard or offboard), department, job-title, site, role, contractor; every
# part must hold, `*` stands for any letters, and `when = {}` is for everybody. What then: role, licences, licence-groups, groups, lists,
# mailboxes, switches, and a note that the approver reads.
# [[instructions]]
# name = "Sales gets the sales role"
# when = { department = "Sales*" }
# role = "sales"
#
# [[instructions]]
# name = "Company phones"
# when = { kind = "offboard", department = "Sales*" }
# note = "Ask for the company phone."
"#;

/// The template. It is a valid policy.
#[must_use]
pub fn template(catalogue: &Catalogue) -> String {
    let mut text = format!("#:schema {SCHEMA_FILE}\n{HEAD}");
    playbook(
        &mut text,
        catalogue,
        ("offboard", "leaves"),
        &[Kind::Offboard, Kind::Restore],
    );
    playbook(
        &mut text,
        catalogue,
        ("onboard", "joins"),
        &[Kind::Onboard, Kind::Transfer],
    );
    text
}

fn playbook(text: &mut String, catalogue: &Catalogue, (name, verb): (&str, &str), kinds: &[Kind]) {
    let _ = write!(
        text,
        "\n# What is done when a person {verb}: true, false, or settings. The order is Tenure's, whatever the order here.\n[{name}]\n"
    );
    for entry in &catalogue.entries {
        if entry.kinds.iter().any(|kind| kinds.contains(kind)) {
            step(text, entry);
        }
    }
}

fn step(text: &mut String, entry: &Entry) {
    let _ = writeln!(text, "\n# {}", entry.purpose);
    if !entry.aliases.is_empty() {
        let names: Vec<&str> = entry.aliases.iter().map(|alias| alias.name).collect();
        let _ = writeln!(text, "# Also known as: {}.", names.join(", "));
    }
    let name = entry.name;
    let properties = entry.schema.get("properties").and_then(Value::as_object);
    let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
        let _ = writeln!(text, "{name} = {}", entry.default_on);
        return;
    };
    let _ = writeln!(text, "{name}.on = {}", entry.default_on);
    for (key, about) in properties.iter().filter(|(key, _)| *key != "on") {
        if let Some(about) = about.get("description").and_then(Value::as_str) {
            for line in about.lines() {
                let _ = writeln!(text, "# {line}");
            }
        }
        match entry.defaults.get(key).and_then(toml) {
            Some(value) => {
                let _ = writeln!(text, "{name}.{key} = {value}");
            }
            // No default: the line shows the shape and does nothing.
            None => {
                let _ = writeln!(text, "# {name}.{key} = {}", shape(about));
            }
        }
    }
}

fn toml(value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    toml::Value::try_from(value)
        .ok()
        .map(|value| value.to_string())
}

fn shape(about: &Value) -> &'static str {
    let sort = &about["type"];
    let is = |name: &str| {
        sort == name
            || sort
                .as_array()
                .is_some_and(|sorts| sorts.iter().any(|one| one == name))
    };
    if is("boolean") {
        "true"
    } else if is("integer") || is("number") {
        "1"
    } else if is("array") {
        "[]"
    } else {
        "\"…\""
    }
}
