//! Names that agree and names that do not, and texts that hide what is written.

use super::*;

fn agrees(fields: &[(&str, &str)], display: &str, given: &str, family: &str) -> bool {
    let wanted = wanted(&request(fields), &policy());
    let mut person = crate::rules::tests::person();
    person.display_name = display.to_owned();
    person.attributes = pairs(&[("given-name", given), ("family-name", family)]);
    names_agree(&wanted, &person)
}

#[test]
fn one_persons_name_is_known_however_it_is_written() {
    for (name, display, given, family) in [
        ("Ada Lovelace", "LOVELACE, Ada", "", ""),
        ("Ada Lovelace", "Dr A. Lovelace (Sales)", "Ada", "Lovelace"),
        ("Jürgen Groß", "Juergen Gross", "", ""),
        ("Jürgen Groß", "Jurgen Gross", "", ""),
        ("Siobhán O'Brien", "Siobhan OBrien", "", ""),
        ("Siobhán O’Brien", "O'Brien Siobha\u{301}n", "", ""),
        ("Anne-Marie van der Berg", "Anne Marie van-der-Berg", "", ""),
        ("王 伟", "王伟", "", ""),
        ("伟 王", "王伟", "", ""),
        ("Ada Lovelace", "", "", ""),
    ] {
        assert!(
            agrees(&[("name", name)], display, given, family),
            "{name} and {display}"
        );
    }
}

#[test]
fn another_persons_name_is_not() {
    for (name, display, given, family) in [
        ("Ada Lovelace", "Grace Okafor", "Grace", "Okafor"),
        ("Ada Lovelace", "Ada Okafor", "Ada", "Okafor"),
        ("Ada Lovelace", "Ada", "", ""),
        ("Jan Berg", "Jan van der Berg", "Jan", "van der Berg"),
    ] {
        assert!(
            !agrees(&[("name", name)], display, given, family),
            "{name} and {display}"
        );
    }
}

#[test]
fn signs_that_hide_what_is_written_are_refused_by_field() {
    for (field, value, sign) in [
        ("given-name", "A\u{202e}da", "U+202E"),
        ("family-name", "Lo\u{200b}ve", "U+200B"),
        ("name", "Ada\nBcc: x", "U+000A"),
        ("department", "Sa\u{0}les", "U+0000"),
        ("manager", "Bo\u{2066}ss", "U+2066"),
        ("id", "47\u{7f}11", "U+007F"),
    ] {
        let fields = [
            ("name", "Jo Doe"),
            ("given-name", "Jo"),
            ("family-name", "Doe"),
            (field, value),
        ];
        let wanted = wanted(&request(&fields), &policy());
        let told: Vec<&str> = wanted
            .refusals
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        let field = if field == "id" { "employee-id" } else { field };
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with(field) && told[0].contains(sign),
            "{told:?}"
        );
        let shown = format!("{:?}", wanted);
        assert!(
            !shown.contains("u{202e}") && !shown.contains("u{200b}"),
            "{shown}"
        );
    }
    let lines = request(&[("name", " Jo Doe\n"), ("groups", "VPN Users\nProject X")]);
    assert_eq!(wanted(&lines, &policy()).refusals, []);
}

#[test]
fn a_request_takes_only_so_much() {
    let many: Vec<String> = (0..501).map(|n| format!("Project {n}")).collect();
    let long = "x".repeat(64 * 1024 + 1);
    for (field, value, has) in [
        ("groups", many.join(", "), "501 entries"),
        ("note", long.clone(), "65537 bytes"),
        ("department", long.clone(), "65537 bytes"),
        ("id", long, "65537 bytes"),
    ] {
        let wanted = wanted(&request(&[("name", "Jo Doe"), (field, &value)]), &policy());
        let [refusal] = wanted.refusals.as_slice() else {
            panic!("{field}: {}", wanted.refusals.len());
        };
        assert!(
            refusal.text.contains(has) && refusal.text.len() < 200,
            "{refusal:?}"
        );
    }
    let enough = request(&[("name", "Jo Doe"), ("groups", &many[..500].join(", "))]);
    assert_eq!(wanted(&enough, &policy()).refusals, []);
}
