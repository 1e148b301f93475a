//! Roles, naming, asks, contractors and instructions: what is read, what is wrong with it, and what leavers get told.

use super::*;
use crate::facts::{AccountKind, Person, Right};
use crate::joiner::wanted;
use crate::request::{Cited, Origin, PersonHint, Request};

/// The errors of a policy with this on top.
fn wrong(more: &str) -> String {
    errors(&text(more))
}

const FULL: &str = r#"
start-of-day = "07:30"
aliases = ["Berlin office"]
language = "de-DE"
profile = { office = "Berlin", city = "Berlin", company = "Contoso {site.city}" }
[naming]
domain = "contoso.example"
upn = ["{f}{last}", "{first}{n}"]
display = "{Last}, {First}"
letters = { "ä" = "ae" }
[asks]
groups = ["Project *"]
licences = ["VISIO"]
mailboxes = ["*@contoso.example"]
copy = ["Sales*"]
never = ["*admin*"]
[contractors]
role = "guest"
need-end = false
never = ["VPN*"]
[roles.guest]
[roles.sales]
licences = ["SPE_E3", { licence = "POWER_BI_PRO", without = ["BI_AZURE_P2"] }]
groups = ["Sales Team"]
lists = ["News"]
mailboxes = ["sales@contoso.example", { address = "orders@contoso.example", rights = ["send-as", "send-on-behalf"] }]
profile = { employee-type = "Employee" }
[[instructions]]
name = "Sales"
when = { kind = "onboard", department = "Sales*", job-title = "*", site = "default", contractor = false }
role = "sales"
switches = { create-account = true }
[[instructions]]
name = "Phones"
when = { kind = "offboard" }
note = "Collect the phone."
switches = { "set-forwarding.keep-copy" = false, DisableSignIn = true }
"#;

#[test]
fn everything_about_people_is_read() {
    let policy = policy(FULL);
    let site = &policy.sites["default"];
    assert_eq!(
        (site.start_of_day.as_str(), site.language.as_deref()),
        ("07:30", Some("de-DE"))
    );
    assert_eq!(site.profile["company"], "Contoso {site.city}");
    assert_eq!(policy.naming.domain.as_deref(), Some("contoso.example"));
    assert_eq!(policy.naming.letters["ä"], "ae");
    assert_eq!(policy.asks.copy, ["Sales*"]);
    assert_eq!(
        policy.contractors,
        Contractors {
            role: Some("guest".to_owned()),
            need_end: false,
            never: vec!["VPN*".to_owned()]
        }
    );
    let sales = &policy.roles["sales"];
    assert_eq!(sales.licences[1].without(), ["BI_AZURE_P2"]);
    assert_eq!(
        sales.mailboxes[0].rights(),
        [Right::FullAccess, Right::SendAs]
    );
    assert_eq!(
        sales.mailboxes[1].rights(),
        [Right::SendAs, Right::SendOnBehalf]
    );
    let [first, second] = policy.instructions.as_slice() else {
        panic!("two instructions");
    };
    assert_eq!(first.when.kind, Some(Kind::Onboard));
    assert_eq!(first.when.contractor, Some(false));
    assert_eq!(second.switches["set-forwarding.keep-copy"], json!(false));
    // What is stored and read again by types alone means the same.
    let stored = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&stored).unwrap(), policy);
}

#[test]
fn sites_are_checked() {
    insta::assert_snapshot!(wrong("start-of-day = \"8:00\"\nlanguage = \"German\"\naliases = [\"York\"]\nprofile = { cty = \"Berlin\", office = \"{site.name}\", company = \"Contoso {site.town}\", phone = \"{first\" }\n[sites.york]\nusage-location = \"GB\"\ntime-zone = \"Europe/London\"\n"), @r#"
    5:16 ["8:00"] sites.default.start-of-day: “8:00” is no time of day (write it like `08:00`)
    6:12 ["German"] sites.default.language: “German” is no language (write language and country, for example `en-GB`)
    7:12 ["York"] sites.default.aliases.York: “York” means site york as well (keep it at one of them)
    8:13 [cty] sites.default.profile.cty: nothing is called `cty` here (did you mean `city`?)
    8:38 ["{site.name}"] sites.default.profile.office: office of a site is what macros read, so it cannot have one itself (write it out)
    8:63 ["Contoso {site.town}"] sites.default.profile.company: “{site.town}” is no macro (known here: {site.city}, {site.office}, {site.name}, {first}, {last}, {department}, {job-title})
    8:94 ["{first"] sites.default.profile.phone: “{first” is no macro (known here: {site.city}, {site.office}, {site.name}, {first}, {last}, {department}, {job-title})
    "#);
}

#[test]
fn roles_are_checked() {
    insta::assert_snapshot!(wrong("[roles.sales]\nlicenses = []\nlicences = [\"SPE_E3\", { licence = \"spe_e3\", without = [] }, 7, { license = \"X\" }]\nlicence-groups = [\"Licence E3\", \" \"]\nmailboxes = [\"sales\", { address = \"a@contoso.example\", rights = [\"sendas\"] }, { address = \"A@contoso.example\", rights = [] }]\nprofile = { company = \"{departement}\", nickname = \"x\" }"), @r#"
    6:1 [licenses] roles.sales.licenses: nothing is called `licenses` here (did you mean `licences`?)
    7:12 [["SPE_E3", { licence = "spe_e3", without = [] }, 7, { license = "X" }]] roles.sales.licences: role sales has both licences and licence groups (a person licensed by group gets no direct licence beside it (order rule 8): keep `licence-groups`, and give add-ons by a group too; or keep `licences`)
    7:23 [{ licence = "spe_e3", without = [] }] roles.sales.licences.2: licence “spe_e3” is listed twice (remove one of them)
    7:61 [7] roles.sales.licences.3: a text or a table belongs here, not the number 7
    7:64 [{ license = "X" }] roles.sales.licences.4.licence: `roles.sales.licences.4.licence` is missing (for example `licence = "SPE_E3"`)
    7:64 [{ license = "X" }] roles.sales.licences.4.without: `roles.sales.licences.4.without` is missing (for example `without = ["TEAMS1"]`)
    7:66 [license] roles.sales.licences.4.license: nothing is called `license` here (did you mean `licence`?)
    8:18 [["Licence E3", " "]] roles.sales.licence-groups: `licence-groups` holds a blank name (remove it)
    9:14 ["sales"] roles.sales.mailboxes.1: “sales” is no address: it has no @ (write it like `sales@contoso.example`)
    9:66 ["sendas"] roles.sales.mailboxes.2.rights.sendas: “sendas” is no right on a mailbox (did you mean `send-as`?)
    9:79 [{ address = "A@contoso.example", rights = [] }] roles.sales.mailboxes.3: mailbox “A@contoso.example” is listed twice (remove one of them)
    9:121 [[]] roles.sales.mailboxes.3.rights: a mailbox without any right gives nothing (name a right, or remove the mailbox)
    10:23 ["{departement}"] roles.sales.profile.company: “{departement}” is no macro (did you mean `{department}`?)
    10:40 [nickname] roles.sales.profile.nickname: nothing is called `nickname` here (known here: office, street, city, state, postal-code, country, company, phone, department, job-title, employee-type, language)
    "#);
}

#[test]
fn naming_is_checked() {
    insta::assert_snapshot!(wrong("[naming]\ndomain = \"@contoso\"\nupn = [\"{firstname}.{last}\", \"user{n}\", \"{first}@contoso.example\", \"{first} {last}\", \".{last}\", \"{first\", \"{first}.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]\ndisplay = \"{first} {last}\"\nletters = { \"ä\" = \"ä\", \"ö\" = 1 }"), @r#"
    6:10 ["@contoso"] naming.domain: “@contoso” is no domain: its domain has no dot (write it like `contoso.example`, without an @)
    7:8 ["{firstname}.{last}"] naming.upn.{firstname}.{last}: “{firstname}” is no placeholder of sign-in names (known here: {first}, {last}, {f}, {l}, {n})
    7:30 ["user{n}"] naming.upn.user{n}: the pattern “user{n}” has nothing of the person's name in it (use `{first}`, `{last}`, `{f}` or `{l}` in it)
    7:41 ["{first}@contoso.example"] naming.upn.{first}@contoso.example: a pattern is for the part before the @ (put the domain into `domain`)
    7:68 ["{first} {last}"] naming.upn.{first} {last}: the pattern “{first} {last}” makes no sign-in names: only A-Z, a-z, 0-9 and ' . - _ ! # ^ ~ may stand before the @ (for example `{first}.{last}`)
    7:86 [".{last}"] naming.upn..{last}: the pattern “.{last}” makes no sign-in names: it begins or ends with a dot, or has two in a row (for example `{first}.{last}`)
    7:97 ["{first"] naming.upn.{first: “{first” is no placeholder of sign-in names (known here: {first}, {last}, {f}, {l}, {n})
    7:107 ["{first}.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] naming.upn.{first}.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: the pattern “{first}.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa” leaves too little room for the name (the directory takes 64 characters before the @)
    8:11 ["{first} {last}"] naming.display: “{first}” is no placeholder of display names (did you mean `{First}`?)
    9:20 ["ä"] naming.letters.ä: “ä” cannot be written “ä” in sign-in names (write letters as a-z and 0-9, for example `"ä" = "ae"`)
    9:33 [1] naming.letters.ö: `ö` must be a text in quotes, not the number 1
    "#);
    insta::assert_snapshot!(wrong("[naming]\nupn = []\ndisplay = \"Somebody\""), @r#"
    6:7 [[]] naming.upn: without a pattern nobody gets a sign-in name (for example `upn = ["{first}.{last}", "{first}.{last}{n}"]`)
    7:11 ["Somebody"] naming.display: with this pattern everybody has the same display name (use `{First}` or `{Last}` in it)
    "#);
}

#[test]
fn asks_and_contractors_are_checked() {
    insta::assert_snapshot!(wrong("[asks]\ngroup = []\nnever = \"x\"\n[contractors]\nrole = \"guests\"\nneed-end = \"yes\"\n[roles.guest]"), @r#"
    6:1 [group] asks.group: nothing is called `group` here (did you mean `groups`?)
    7:9 ["x"] asks.never: `never` must be a list of texts, not a text
    9:8 ["guests"] contractors.role: no role is called “guests” (did you mean `guest`?)
    10:12 ["yes"] contractors.need-end: `need-end` must be true or false, not a text
    "#);
}

#[test]
fn instructions_are_checked() {
    insta::assert_snapshot!(wrong("[steps]\nallowed = [\"block-sign-in\"]\n[roles.sales]\n[[instructions]]\nname = \"A\"\nwhen = { kind = \"leave\", departement = \"x\", contractor = \"no\" }\nrole = \"sails\"\n[[instructions]]\nname = \"a\"\nwhen = { role = \"slaes\", site = \"moon\" }\nlicences = [\"X\"]\nlicence-groups = [\"Y\"]\nrole = \"sales\"\n[[instructions]]\nname = \"B\"\nwhen = { kind = \"offboard\", role = \"sales\" }\ngroups = [\"G\"]\nswitches = { blocksignin = true, create-account = true, \"set-forwarding\" = { keep-copy = 3 }, \"set-forwarding.copy\" = true, DisableSignIn = \"x\" }\n[[instructions]]\nname = \"C\"\nwhen = {}\nswitches = { set-forwarding = true }\n[[instructions]]\nname = \"D\"\nwhen = {}\n[[instructions]]\nnote = \"x\""), @r#"
    10:17 ["leave"] instructions.1.when.kind: instructions are for no kind of request called “leave” (known here: onboard, offboard)
    10:26 [departement] instructions.1.when.departement: nothing is called `departement` here (did you mean `department`?)
    10:58 ["no"] instructions.1.when.contractor: `contractor` must be true or false, not a text
    11:8 ["sails"] instructions.1.role: no role is called “sails” (known here: sales)
    13:8 ["a"] instructions.2.name: two instructions are called “a” (give each its own name: remarks call them by it)
    14:17 ["slaes"] instructions.2.when.role: no role is called “slaes” (did you mean `sales`?)
    14:33 ["moon"] instructions.2.when.site: no site is called “moon” (known here: default)
    15:12 [["X"]] instructions.2.licences: instruction “a” has both licences and licence groups (a person licensed by group gets no direct licence beside it (order rule 8): keep `licence-groups`, and give add-ons by a group too; or keep `licences`)
    17:8 ["sales"] instructions.2.role: instruction “a” gives a role to people who have one already (`role` counts only where nothing else gives one: leave it or `when.role` out)
    20:36 ["sales"] instructions.3.when.role: the role of somebody who leaves is not known (ask for department or job title instead)
    21:10 [["G"]] instructions.3.groups: instruction “B” is for people who leave, and they are given nothing (leave it out, or change `kind`)
    22:28 [true] instructions.3.switches.blocksignin: there is no switch `blocksignin` (did you mean `block-sign-in`?)
    22:51 [true] instructions.3.switches.create-account: switch `create-account` does not belong to offboard (leave it out, or change `kind`)
    22:51 [true] instructions.3.switches.create-account: create-account is switched on here and not allowed by [steps] (leave it out, or add the step to `allowed`)
    22:76 [{ keep-copy = 3 }] instructions.3.switches.set-forwarding: switch `set-forwarding` cannot be {"keep-copy":3}: keep-copy: expected true or false (correct the value, or leave the switch out)
    22:76 [{ keep-copy = 3 }] instructions.3.switches.set-forwarding: set-forwarding is switched on here and not allowed by [steps] (leave it out, or add the step to `allowed`)
    22:119 [true] instructions.3.switches.set-forwarding.copy: switch `set-forwarding.copy` cannot be true: set-forwarding has no setting `copy` (correct the value, or leave the switch out)
    22:141 ["x"] instructions.3.switches.DisableSignIn: switch `DisableSignIn` cannot be "x": expected true or false (correct the value, or leave the switch out)
    26:31 [true] instructions.4.switches.set-forwarding: set-forwarding is switched on here and not allowed by [steps] (leave it out, or add the step to `allowed`)
    27:1 [[[instructions]]] instructions.5: instruction “D” does nothing (give it a role, licences, groups, lists, mailboxes, switches or a note)
    30:1 [[[instructions]]] instructions.6.name: `instructions.6.name` is missing (for example `name = "CRM for Sales"`)
    30:1 [[[instructions]]] instructions.6.when: `instructions.6.when` is missing (say for whom, for example `when = { department = "Sales" }`; `when = {}` is for everybody)
    "#);
    insta::assert_snapshot!(wrong("instructions = [3]"), @r#"5:1 [instructions] sites.default.instructions: nothing is called `instructions` here (known here: usage-location, time-zone, end-of-day, start-of-day, aliases, profile, language)"#);
}

#[test]
fn both_licences_and_licence_groups_are_refused_with_the_rule() {
    insta::assert_snapshot!(wrong("[roles.sales]\nlicences = [\"SPE_E3\"]\nlicence-groups = [\"Licence E3\"]"), @r#"6:12 [["SPE_E3"]] roles.sales.licences: role sales has both licences and licence groups (a person licensed by group gets no direct licence beside it (order rule 8): keep `licence-groups`, and give add-ons by a group too; or keep `licences`)"#);
}

#[test]
fn changes_in_roles_and_instructions_are_told_in_lines() {
    let old = policy(FULL);
    let new = FULL
        .replace("[roles.guest]", "[roles.guest]\n[roles.trainee]")
        .replace(
            "groups = [\"Sales Team\"]",
            "groups = [\"Sales Team\", \"CRM\"]",
        )
        .replace("\"Collect the phone.\"", "\"Collect phone and badge.\"")
        .replace(
            "upn = [\"{f}{last}\", \"{first}{n}\"]",
            "upn = [\"{first}{n}\", \"{f}{last}\"]",
        )
        .replace("need-end = false", "need-end = true");
    let new = policy(&format!(
        "{new}[[instructions]]\nname = \"All\"\nwhen = {{}}\nnote = \"Hello\""
    ));
    insta::assert_snapshot!(diff(&old, &new).join("\n"), @r#"
    ~ contractors.need-end: off -> on
    + instructions: “All”
    + instructions.All.note: “Hello”
    ~ instructions.Phones.note: “Collect the phone.” -> “Collect phone and badge.”
    ~ naming.upn: “{f}{last}”, “{first}{n}” -> “{first}{n}”, “{f}{last}”
    + roles.sales.groups: “CRM”
    + roles.trainee: {}
    "#);
    let mut turned = old.clone();
    turned.instructions.reverse();
    insta::assert_snapshot!(diff(&old, &turned).join("\n"), @r#"~ instructions: “Sales”, “Phones” -> “Phones”, “Sales”"#);
    assert_eq!(diff(&old, &old), Vec::<String>::new());
}

#[test]
fn the_schema_knows_roles_and_instructions() {
    let schema = schema(&catalogue());
    for table in ["roles", "naming", "asks", "contractors", "instructions"] {
        assert!(schema["properties"][table].is_object(), "{table}");
    }
    assert_eq!(
        schema["$defs"]["When"]["properties"]["kind"]["enum"],
        json!(["onboard", "offboard"])
    );
    let parts = &schema["$defs"]["Role"]["properties"]["profile"]["propertyNames"]["enum"];
    assert!(parts.as_array().unwrap().contains(&json!("company")));
    assert!(schema["$defs"]["Site"]["properties"]["start-of-day"].is_object());
}

/// The template with the examples in its comments switched on.
#[test]
fn the_examples_in_the_template_are_valid() {
    let catalogue = catalogue();
    let template = template(&catalogue);
    let start = template.find("# [roles.default]").expect("roles are shown");
    let end = template
        .find("\n# What is done when a person leaves")
        .expect("playbooks follow");
    let examples: String = template[start..end]
        .lines()
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        // Prose between the examples stays a comment.
        .filter(|line| line.starts_with(['[', '#']) || line.contains(" = "))
        .filter(|line| !line.contains("`when = {}`"))
        .map(|line| format!("{line}\n"))
        .collect();
    let on = [&template[..start], &examples, &template[end..]].concat();
    let on = on.replace("# role = \"contractor\"", "role = \"contractor\"");
    let on = on
        .replace("# \"ä\" = ", "\"ä\" = ")
        .replace("# language = ", "language = ");
    let on = on
        .replace("# city = ", "city = ")
        .replace("# company = ", "company = ");
    let policy = parse(&on, &catalogue).expect("the examples are valid");
    assert_eq!(policy.roles.len(), 3);
    assert_eq!(policy.instructions.len(), 2);
    assert_eq!(policy.naming.letters.len(), 1);
    // And as it stands it says what holds without it.
    let plain = parse(&template, &catalogue).unwrap();
    let bare = super::policy("");
    assert_eq!(plain.naming, bare.naming);
    assert_eq!(
        (plain.asks, plain.contractors),
        (bare.asks, bare.contractors)
    );
    assert_eq!(plain.sites["default"], bare.sites["default"]);
    assert!(plain.roles.is_empty() && plain.instructions.is_empty());
}

fn leaver(department: Option<&str>, attributes: &[(&str, &str)]) -> Person {
    Person {
        id: crate::ObjectId::new("p"),
        upn: "jo.doe@contoso.example".to_owned(),
        display_name: "Jo Doe".to_owned(),
        mail: None,
        sign_in_allowed: true,
        guest: false,
        synced: false,
        kind: AccountKind::Human,
        usage_location: None,
        department: department.map(str::to_owned),
        job_title: None,
        employee_id: None,
        manager: None,
        password_changed_at: None,
        sessions_valid_from: None,
        attributes: attributes
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect(),
        synced_at: None,
    }
}

#[test]
fn leavers_get_the_instructions_that_hold_for_them() {
    let policy = policy(
        r#"
aliases = ["Berlin"]
[roles.sales]
[[instructions]]
name = "Phones"
when = { kind = "offboard", department = "Sales*" }
note = "Collect the phone."
switches = { set-forwarding = true }
[[instructions]]
name = "Externals"
when = { kind = "offboard", contractor = true }
note = "Tell the agency."
switches = { set-forwarding = false }
[[instructions]]
name = "Here"
when = { site = "default" }
note = "Collect the badge."
[[instructions]]
name = "Everybody in Finance"
when = { department = "Fin*" }
note = "Tell the auditors."
[[instructions]]
name = "Joiners"
when = { kind = "onboard" }
note = "never seen"
[[instructions]]
name = "By role"
when = { role = "sales" }
note = "never seen"
"#,
    );
    let told = |person: &Person| {
        let said = for_leaver(&policy, person);
        let lines: Vec<&str> = said.remarks.iter().map(|one| one.text.as_str()).collect();
        format!("{}\n{}", lines.join("\n"), json!(said.switches))
    };
    insta::assert_snapshot!(told(&leaver(Some("Sales EMEA"), &[("office", "berlin"), ("employee-type", "Contractor (agency)")])), @r#"
    Instruction “Phones”: Collect the phone.
    Instruction “Externals”: Tell the agency.
    Switch `set-forwarding` is set to false by instruction “Externals”, and was set otherwise by one before it.
    Instruction “Here”: Collect the badge.
    {"set-forwarding":false}
    "#);
    insta::assert_snapshot!(told(&leaver(Some("Finance"), &[("employee-type", "Employee")])), @r#"
    Instruction “Here”: Collect the badge.
    Instruction “Everybody in Finance”: Tell the auditors.
    {}
    "#);
    insta::assert_snapshot!(told(&leaver(None, &[])), @r#"
    Instruction “Phones” was not followed: what it asks about the person is not in the directory. Decide whether it holds.
    Instruction “Externals” was not followed: what it asks about the person is not in the directory. Decide whether it holds.
    Instruction “Here”: Collect the badge.
    Instruction “Everybody in Finance” was not followed: what it asks about the person is not in the directory. Decide whether it holds.
    {}
    "#);
}

/// A request for a new person with this role.
pub(super) fn joiner(role: &str) -> Request {
    let fields = [("role", role), ("contractor", "false")];
    Request {
        id: crate::RequestId::new("r-1"),
        tenant: crate::TenantId::new("t"),
        kind: Kind::Onboard,
        person: PersonHint {
            name: Some(Cited::typed("Siobhán O'Brien".to_owned())),
            ..PersonHint::default()
        },
        when: None,
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Cited::typed((*value).to_owned())))
            .collect(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "form".to_owned(),
            requester: "hr@contoso.example".to_owned(),
            reference: None,
            received_at: jiff::Timestamp::UNIX_EPOCH,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

#[test]
fn a_policy_in_toml_gives_what_it_says() {
    let got = wanted(&joiner("sales"), &policy(FULL));
    assert_eq!(got.refusals, []);
    assert_eq!(got.display_name, "O'Brien, Siobhán");
    assert_eq!(
        got.candidates[..2],
        ["sobrien@contoso.example", "siobhan2@contoso.example"]
    );
    assert_eq!(got.profile["company"], "Contoso Berlin");
    assert_eq!(
        (got.licences.len(), got.groups.len(), got.mailboxes.len()),
        (2, 2, 2)
    );
}
