//! Holds what joiners get to what policy and request say.

mod bundle;
mod identity;

use super::*;
use crate::policy::Role;
use crate::request::{Cited, Kind, Origin, PersonHint, When};
use crate::{RequestId, TenantId};

/// A request for a new person with these fields; `name` and `address` are hints.
fn request(fields: &[(&str, &str)]) -> Request {
    let mut person = PersonHint::default();
    let mut rest = BTreeMap::new();
    for (name, value) in fields {
        let cited = Cited::typed((*value).to_owned());
        match *name {
            "name" => person.name = Some(cited),
            "address" => person.address = Some(cited),
            "id" => person.employee_id = Some(cited),
            name => {
                rest.insert(name.to_owned(), cited);
            }
        }
    }
    Request {
        id: RequestId::new("r-1"),
        tenant: TenantId::new("contoso"),
        kind: Kind::Onboard,
        person,
        when: Some(Cited::typed(When::Now)),
        fields: rest,
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "form".to_owned(),
            requester: "hr@contoso.example".to_owned(),
            reference: None,
            received_at: Timestamp::UNIX_EPOCH,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn pairs(items: &[(&str, &str)]) -> BTreeMap<String, String> {
    items
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

fn policy() -> Policy {
    let mut policy = crate::policy::tests::policy(
        "[sites.leeds]\nusage-location = \"GB\"\ntime-zone = \"Europe/London\"",
    );
    let leeds = policy.sites.get_mut("leeds").unwrap();
    leeds.start_of_day = "01:30".to_owned();
    leeds.aliases = strings(&["LDS", "Leeds office"]);
    leeds.profile = pairs(&[
        ("office", "Leeds, Wellington Street"),
        ("city", "Leeds"),
        ("phone", "+44 113 000 ({first})"),
        ("company", "Contoso UK"),
    ]);
    policy.naming.domain = Some("contoso.example".to_owned());
    policy.roles = BTreeMap::from([
        (
            "sales".to_owned(),
            Role {
                licences: vec![LicenceWish::Whole("SPE_E3".to_owned())],
                groups: strings(&["Sales Team", "VPN Users"]),
                lists: strings(&["Sales News"]),
                mailboxes: vec![MailboxWish::Address("sales@contoso.example".to_owned())],
                profile: pairs(&[
                    ("company", "Contoso {site.city}"),
                    ("employee-type", "Employee"),
                ]),
                ..Role::default()
            },
        ),
        (
            "grouped".to_owned(),
            Role {
                licence_groups: strings(&["Licence E3"]),
                ..Role::default()
            },
        ),
        ("external".to_owned(), Role::default()),
    ]);
    policy
}

fn wishes(list: &[Sourced<String>]) -> Vec<(&str, &str)> {
    list.iter()
        .map(|one| (one.wish.as_str(), one.because.as_str()))
        .collect()
}

fn remarks(wanted: &Wanted) -> Vec<&str> {
    wanted.remarks.iter().map(|one| one.text.as_str()).collect()
}

#[test]
fn a_role_gives_and_the_profile_is_filled_in() {
    let wanted = wanted(
        &request(&[
            ("name", "Siobhán O'Brien"),
            ("role", "Sales"),
            ("office", "lds"),
            ("department", "Sales"),
            ("mobile", "+44 7700 900123"),
            ("manager", "henrik.dahl@contoso.example"),
            ("copy-from", "Nora Lindqvist"),
            ("private-mail", "s@mail.example"),
            ("id", "4711"),
        ]),
        &policy(),
    );
    assert_eq!(wanted.refusals, []);
    assert_eq!(remarks(&wanted), Vec::<&str>::new());
    assert_eq!(wanted.display_name, "Siobhán O'Brien");
    assert_eq!(
        wanted.candidates[..2],
        ["siobhan.obrien@contoso.example", "sobrien@contoso.example"]
    );
    assert_eq!(wanted.role.as_deref(), Some("sales"));
    assert_eq!(wanted.site_name, "leeds");
    assert_eq!(
        wanted.profile,
        pairs(&[
            ("city", "Leeds"),
            ("company", "Contoso Leeds"),
            ("department", "Sales"),
            ("employee-id", "4711"),
            ("employee-type", "Employee"),
            ("family-name", "O'Brien"),
            ("given-name", "Siobhán"),
            ("mobile", "+44 7700 900123"),
            ("office", "Leeds, Wellington Street"),
            ("phone", "+44 113 000 (Siobhán)"),
        ])
    );
    assert_eq!(
        wishes(&wanted.groups),
        [
            ("Sales Team", "role sales"),
            ("VPN Users", "role sales"),
            ("Sales News", "role sales")
        ]
    );
    assert_eq!(wanted.licences.len(), 1);
    assert_eq!(wanted.mailboxes.len(), 1);
    assert_eq!(
        wanted.manager.as_deref(),
        Some("henrik.dahl@contoso.example")
    );
    assert_eq!(wanted.copy_from.as_deref(), Some("Nora Lindqvist"));
    assert_eq!(wanted.private_mail.as_deref(), Some("s@mail.example"));
}

#[test]
fn a_macro_without_a_value_leaves_the_part_empty_and_says_so() {
    let wanted = wanted(
        &request(&[("name", "Jo Doe"), ("role", "sales")]),
        &policy(),
    );
    assert!(!wanted.profile.contains_key("company"));
    insta::assert_snapshot!(remarks(&wanted).join("\n"), @"The profile's company is left empty: the policy writes it as “Contoso {site.city}”, and {site.city} is not known for this person.");
}

#[test]
fn what_is_filled_in_is_no_macro_itself() {
    let request = request(&[
        ("given-name", "{department}"),
        ("family-name", "Doe"),
        ("department", "X"),
        ("site", "leeds"),
    ]);
    let wanted = wanted(&request, &policy());
    assert_eq!(wanted.profile["phone"], "+44 113 000 ({department})");
}

#[test]
fn names_come_from_the_fields_and_what_is_missing_from_the_whole() {
    for (fields, expect) in [
        (
            &[("given-name", "Jan"), ("family-name", "van der Berg")][..],
            ("Jan", "van der Berg"),
        ),
        (&[("name", "Jan van der Berg")], ("Jan", "van der Berg")),
        (&[("display-name", "Jan Berg")], ("Jan", "Berg")),
        (
            &[("name", "Nagy István"), ("family-name", "Nagy")],
            ("István", "Nagy"),
        ),
        (
            &[("name", "Mary Jane Watson"), ("given-name", "Mary Jane")],
            ("Mary Jane", "Watson"),
        ),
        (&[("name", "Jan"), ("given-name", "Jan")], ("Jan", "")),
        (&[("family-name", "Müller")], ("Müller", "")),
        (&[("name", "Suharto")], ("Suharto", "")),
    ] {
        let wanted = wanted(&request(fields), &policy());
        assert_eq!(
            (wanted.given_name.as_str(), wanted.family_name.as_str()),
            expect,
            "{fields:?}"
        );
    }
}

#[test]
fn a_name_that_gives_no_sign_in_name_is_asked_about_unless_the_request_has_one() {
    let codes = |fields: &[(&str, &str)]| {
        let wanted = wanted(&request(fields), &policy());
        let texts: Vec<String> = wanted
            .refusals
            .iter()
            .map(|one| format!("{}: {}", one.code, one.text))
            .collect();
        texts.join("\n")
    };
    insta::assert_snapshot!(codes(&[("name", "😀 🎉")]), @"incomplete: no sign-in name can be made from the name “😀 🎉”: it has no letters to make one from");
    insta::assert_snapshot!(codes(&[("name", "Suharto")]), @"incomplete: no sign-in name can be made from the name “Suharto”: every pattern of [naming] needs a part that the name does not have");
    insta::assert_snapshot!(codes(&[]), @"incomplete: the person's name is missing");
    assert_eq!(codes(&[("name", "Suharto"), ("address", "suharto")]), "");
    insta::assert_snapshot!(codes(&[("name", "Jo Doe"), ("address", "jö@contoso.example")]), @"incomplete: “jö@contoso.example” cannot be a sign-in name: only A-Z, a-z, 0-9 and ' . - _ ! # ^ ~ may stand before the @");
    let wanted = wanted(
        &request(&[("name", "Suharto"), ("address", "suharto")]),
        &policy(),
    );
    assert_eq!(wanted.address.as_deref(), Some("suharto@contoso.example"));
}

#[test]
fn an_unknown_place_leaves_the_default_and_says_so() {
    let told = wanted(
        &request(&[("name", "Jo Doe"), ("office", "Atlantis")]),
        &policy(),
    );
    assert_eq!(told.site_name, "default");
    assert_eq!(told.profile["office"], "Atlantis");
    assert!(
        remarks(&told)[0].contains("“Atlantis” is none of the policy's sites (default, leeds)")
    );
    for written in ["LEEDS", "lds", "leeds  office", "Leeds, Wellington Street"] {
        assert_eq!(
            wanted(&request(&[("site", written)]), &policy()).site_name,
            "leeds",
            "{written}"
        );
    }
    // A city of two sites means neither.
    let mut policy = policy();
    policy.sites.get_mut("leeds").unwrap().aliases.clear();
    let twin = policy.sites["leeds"].clone();
    policy.sites.insert(
        "north".to_owned(),
        Site {
            profile: pairs(&[("city", "York")]),
            ..twin.clone()
        },
    );
    policy.sites.insert(
        "south".to_owned(),
        Site {
            profile: pairs(&[("city", "York")]),
            ..twin
        },
    );
    assert_eq!(
        wanted(&request(&[("site", "York")]), &policy).site_name,
        "default"
    );
}

#[test]
fn a_day_starts_when_the_site_does_also_when_the_clocks_change() {
    let starts = |site: &str, when: Option<When>| {
        let mut request = request(&[("name", "Jo Doe"), ("site", site)]);
        request.when = when.map(Cited::typed);
        wanted(&request, &policy()).starts.map(|at| at.to_string())
    };
    let day = |month, day| Some(When::On(jiff::civil::date(2027, month, day)));
    assert_eq!(
        starts("default", day(1, 4)).as_deref(),
        Some("2027-01-04T07:00:00Z")
    );
    assert_eq!(
        starts("default", day(7, 1)).as_deref(),
        Some("2027-07-01T06:00:00Z")
    );
    assert_eq!(
        starts("leeds", day(3, 27)).as_deref(),
        Some("2027-03-27T01:30:00Z")
    );
    // On 28 March 2027 British clocks go from 01:00 to 02:00, and 01:30 does not exist.
    assert_eq!(
        starts("leeds", day(3, 28)).as_deref(),
        Some("2027-03-28T01:30:00Z")
    );
    // On 31 October 2027 they show 01:30 twice; the first counts.
    assert_eq!(
        starts("leeds", day(10, 31)).as_deref(),
        Some("2027-10-31T00:30:00Z")
    );
    let at: Timestamp = "2027-01-04T12:34:00Z".parse().unwrap();
    assert_eq!(
        starts("leeds", Some(When::At(at))).as_deref(),
        Some("2027-01-04T12:34:00Z")
    );
    assert_eq!(starts("leeds", Some(When::Now)), None);
    assert_eq!(starts("leeds", None), None);
}
