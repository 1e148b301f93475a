//! Holds names to what the directory takes and to what people expect.

use proptest::prelude::*;

use super::*;

fn naming(patterns: &[&str], letters: &[(&str, &str)]) -> Naming {
    let owned = |text: &str| text.to_owned();
    Naming {
        upn: patterns.iter().copied().map(owned).collect(),
        letters: letters.iter().map(|(a, b)| (owned(a), owned(b))).collect(),
        ..Naming::default()
    }
}

fn name(given: &str, family: &str) -> PersonName {
    PersonName {
        given: given.to_owned(),
        family: family.to_owned(),
    }
}

fn first_choice(given: &str, family: &str) -> String {
    let german = [("ä", "ae"), ("ö", "oe"), ("Ü", "ue"), ("ß", "ss")];
    let found = candidates(&name(given, family), &naming(&["{first}.{last}"], &german));
    found.map_or_else(|refusal| refusal.text, |found| found[0].clone())
}

#[test]
fn names_become_what_people_expect() {
    for (given, family, expect) in [
        ("Nora", "Lindqvist", "nora.lindqvist"),
        ("Siobhán", "O'Brien", "siobhan.obrien"),
        ("Siobhán", "O’Brien", "siobhan.obrien"),
        ("Jan", "van der Berg", "jan.vanderberg"),
        ("Anna-Lena", "Meyer-Landrut", "anna-lena.meyer-landrut"),
        ("Anna\u{2011}Lena", "Groß", "anna-lena.gross"),
        ("Jürgen", "Müller", "juergen.mueller"),
        ("JÜRGEN", "MÜLLER", "juergen.mueller"),
        // The same letter, typed as a base and a mark.
        ("Ju\u{308}rgen", "Mu\u{308}ller", "juergen.mueller"),
        ("José Luis", "García Márquez", "joseluis.garciamarquez"),
        ("Łukasz", "Żółć", "lukasz.zolc"),
        ("Søren", "Ærø", "soren.aero"),
        ("Юлия", "Жукова", "yuliya.zhukova"),
        ("Ελένη", "Παπαδοπούλου", "eleni.papadopoyloy"),
        ("伟", "王", "wei.wang"),
        ("さくら", "たなか", "sakura.tanaka"),
        ("지우", "김", "jiu.gim"),
        ("İpek", "Şahin", "ipek.sahin"),
        ("Dr. Anna", "Schmidt", "anna.schmidt"),
        ("John", "Smith Jr.", "john.smith"),
        ("Anna 😀", "Smith™ ®", "anna.smith"),
        ("🅰nna 1\u{fe0f}\u{20e3}", "❤️ Smith", "nna.smith"),
        ("J.R.", "Tolkien", "jr.tolkien"),
        ("-Anna-", "--Smith--Jones-", "anna.smith-jones"),
        ("Anna", "Smith, (Sales) <x@y>", "anna.smithsalesxy"),
        ("X Æ A-12", "Doe", "xaea-12.doe"),
    ] {
        assert_eq!(first_choice(given, family), expect, "{given} {family}");
    }
}

#[test]
fn the_table_takes_the_longest_entry_and_goes_before_everything() {
    let table = [("sch", "sh"), ("s", "z"), ("&", "and"), ("", "never")];
    let naming = naming(&["{first}"], &table);
    let one = |given| candidates(&name(given, ""), &naming).unwrap()[0].clone();
    assert_eq!(one("Sascha"), "zasha");
    assert_eq!(one("Tim&Tom"), "timandtom");
}

#[test]
fn patterns_without_a_number_come_first_and_numbers_count_up() {
    let found = candidates(
        &name("Alex", "Murphy"),
        &naming(
            &[
                "{first}{n}",
                "{first}.{last}",
                "{f}{last}",
                "{first}.{l}",
                "{F}",
            ],
            &[],
        ),
    )
    .unwrap();
    assert_eq!(
        found[..5],
        ["alex.murphy", "amurphy", "alex.m", "alex2", "alex3"]
    );
    assert_eq!(found.len(), 3 + 98);
    assert_eq!(found.last().unwrap(), "alex99");
}

#[test]
fn one_word_skips_patterns_that_need_two() {
    let found = candidates(
        &name("Suharto", ""),
        &naming(&["{first}.{last}", "{first}{n}", "{first}"], &[]),
    );
    assert_eq!(found.unwrap()[..2], ["suharto", "suharto2"]);
    for (given, family) in [
        ("Suharto", ""),
        ("😀", "🎉"),
        ("", ""),
        ("12", "7"),
        ("…", "!!"),
    ] {
        let refusal = candidates(&name(given, family), &Naming::default()).unwrap_err();
        assert_eq!(refusal.code, "incomplete");
        assert!(
            refusal.hint.contains("give the sign-in name"),
            "{}",
            refusal.hint
        );
    }
}

#[test]
fn long_names_are_cut_and_keep_their_number() {
    let long = "Wolfeschlegelsteinhausenbergerdorff".repeat(3);
    let found = candidates(
        &name(&long, &long),
        &naming(&["{first}.{last}", "{first}.{last}{n}"], &[]),
    );
    let found = found.unwrap();
    assert!(
        found
            .iter()
            .all(|local| local.len() == LOCAL_MAX || local.len() == LOCAL_MAX - 1)
    );
    assert!(found[1].ends_with('2') && found.last().unwrap().ends_with("99"));
    assert_eq!(found.len(), 99);
}

#[test]
fn a_name_in_one_piece_is_split() {
    for (full, given, family) in [
        ("Nora Lindqvist", "Nora", "Lindqvist"),
        ("  Nora \t Lindqvist ", "Nora", "Lindqvist"),
        ("Mary Jane Watson", "Mary Jane", "Watson"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Jan van der Berg", "Jan", "van der Berg"),
        ("Anna von und zu Stein", "Anna", "von und zu Stein"),
        ("José Ortega y Gasset", "José", "Ortega y Gasset"),
        ("Maria de la Cruz", "Maria", "de la Cruz"),
        ("Al Gore", "Al", "Gore"),
        ("Lindqvist, Nora", "Nora", "Lindqvist"),
        ("John Smith Jr.", "John", "Smith Jr."),
        ("John Smith, Jr.", "John", "Smith, Jr."),
        ("Suharto", "Suharto", ""),
        ("", "", ""),
    ] {
        assert_eq!(split(full), name(given, family), "{full}");
    }
}

#[test]
fn display_names_leave_no_stray_signs() {
    let one = |pattern: &str, given: &str, family: &str| {
        let naming = Naming {
            display: pattern.to_owned(),
            ..Naming::default()
        };
        display(&name(given, family), &naming)
    };
    assert_eq!(
        one("{First} {Last}", "Siobhán", "O'Brien"),
        "Siobhán O'Brien"
    );
    assert_eq!(
        one("{Last}, {First}", "Jan ", "van  der Berg"),
        "van der Berg, Jan"
    );
    assert_eq!(one("{Last}, {First}", "Suharto", ""), "Suharto");
    assert_eq!(
        one("{First} {Last} (Contoso)", "Suharto", ""),
        "Suharto (Contoso)"
    );
    assert_eq!(
        one("{First} {Last}", &"x".repeat(300), "").chars().count(),
        DISPLAY_MAX
    );
}

#[test]
fn wildcards_stand_for_any_letters() {
    for (pattern, text, expect) in [
        ("Sales", "sales", true),
        ("sales", " Sales ", true),
        ("sales", "sales team", false),
        ("sales*", "Sales Team", true),
        ("*team", "Sales Team", true),
        ("*sales*", "Inside Sales Team", true),
        ("s*s*m", "Sales Team", true),
        ("a*a", "a", false),
        ("a*b*a", "aba", true),
        ("ab*ba", "aba", false),
        ("*", "", true),
        ("*", "anything", true),
        ("", "", true),
        ("", "x", false),
        ("ÄRZTE*", "ärzte und Pflege", true),
        ("a.c", "abc", false),
    ] {
        assert_eq!(matches(pattern, text), expect, "{pattern} {text}");
    }
}

#[test]
fn nicknames_hold_what_both_systems_take() {
    assert_eq!(
        nickname("nora.lindqvist@contoso.example").as_deref(),
        Some("nora.lindqvist")
    );
    assert_eq!(nickname("..a (b),c..d.@x").as_deref(), Some("abc.d"));
    assert_eq!(nickname("@x"), None);
    assert_eq!(nickname("é@x"), None);
    assert_eq!(nickname(&"a".repeat(80)).map(|name| name.len()), Some(64));
}

fn pattern() -> impl Strategy<Value = String> {
    let pieces = [
        "{first}", "{last}", "{f}", "{l}", "{n}", ".", "-", "_", "x", "..", "'",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 1..6).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn sign_in_names_are_always_valid_and_the_same_each_time(
        given in "\\PC{0,80}",
        family in "\\PC{0,80}",
        patterns in prop::collection::vec(pattern(), 1..4),
        letters in prop::collection::btree_map("\\PC{0,2}", "\\PC{0,3}", 0..4),
    ) {
        let person = PersonName { given, family };
        let naming = Naming { upn: patterns, letters, ..Naming::default() };
        let found = candidates(&person, &naming);
        prop_assert_eq!(&found, &candidates(&person, &naming));
        if let Ok(found) = found {
            prop_assert!(!found.is_empty());
            for local in &found {
                prop_assert!(local.is_ascii() && !local.is_empty());
                prop_assert_eq!(local_part_problem(local), None);
                prop_assert_eq!(local.to_ascii_lowercase(), local.clone());
                prop_assert_eq!(nickname(local), Some(local.clone()));
            }
            let mut once = found.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), found.len());
        }
    }

    #[test]
    fn every_name_with_latin_letters_gets_a_sign_in_name(given in "[A-Za-z][A-Za-zÀ-ÿ]{0,90}", family in "[a-z]{1,90}") {
        let found = candidates(&PersonName { given, family }, &Naming::default()).unwrap();
        prop_assert!(found.len() > 97);
    }

    #[test]
    fn splitting_loses_no_letter(full in "\\PC{0,60}") {
        let name = split(&full);
        let letters = |text: &str| {
            let mut letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
            letters.sort_unstable();
            letters
        };
        prop_assert_eq!(letters(&name.full()), letters(&full));
        prop_assert!(!name.given.is_empty() || name.family.is_empty());
    }

    #[test]
    fn a_text_means_itself_and_a_star_means_everything(text in "[^*]{0,40}") {
        prop_assert!(matches(&text, &text));
        prop_assert!(matches("*", &text));
        let with_star = format!("{}*", squeeze(&text));
        prop_assert!(matches(&with_star, &text));
    }
}
