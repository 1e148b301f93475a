//! The ledger: what it proves, to somebody who has nothing but the file.

use serde_json::Value;

use crate::house::{AMIRA, House, Plot};

/// A house with something to tell: a request, a plan, an approval and a run.
fn told() -> House {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    house.tenure(&["run", &id]).done();
    house
        .tenure(&[
            "ledger", "export", "contoso", "--out", "whole", "--head", "head",
        ])
        .done();
    house
}

#[test]
fn a_ledger_verifies_elsewhere_and_names_the_first_entry_that_was_spoilt() {
    let house = told();
    // An auditor: another folder, no store, no key, no configuration.
    let auditor = Plot::new().bare().build();
    std::fs::remove_file(auditor.path("tenure.toml")).unwrap();
    for name in ["whole", "head"] {
        auditor.write(name, &house.read(name));
    }
    let said = auditor
        .tenure(&["ledger", "verify", "whole", "--head", "head"])
        .done();
    assert!(said.out.contains("holds"), "{}", said.out);
    let said = auditor.tenure(&["ledger", "verify", "whole"]).done();
    assert!(said.out.contains("The end is not proven"), "{}", said.out);

    let whole = house.read("whole");
    let lines: Vec<&str> = whole.lines().collect();
    let entries: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].contains("\"entry\""))
        .collect();
    assert!(entries.len() > 5, "{whole}");
    let at = entries[3];
    let number = entry(lines[at]);
    let changed = lines[at].replacen("contoso", "contosa", 1);
    let mut spoilt: Vec<(&str, Vec<String>)> = Vec::new();
    let copy = || {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    let mut lines_changed = copy();
    assert_ne!(changed, lines[at]);
    lines_changed[at] = changed;
    spoilt.push(("changed", lines_changed));
    let mut cut = copy();
    cut.remove(at);
    spoilt.push(("cut out", cut));
    let mut swapped = copy();
    swapped.swap(at, entries[4]);
    spoilt.push(("swapped", swapped));
    for (what, lines) in spoilt {
        auditor.write("spoilt", &format!("{}\n", lines.join("\n")));
        let words = ["ledger", "verify", "spoilt", "--head", "head"];
        let said = auditor
            .tenure(&words)
            .ended(1)
            .says(&["does not verify", "hint: "]);
        assert!(
            said.out.contains(&format!("entry {number}")),
            "{what}: {}",
            said.out
        );
        let data = auditor
            .tenure(&[&words[..], &["--json"]].concat())
            .ended(1)
            .json();
        assert!(
            data["fault"].to_string().contains(&number.to_string()),
            "{what}: {data}"
        );
    }

    // Cut off at the end: only a head kept elsewhere tells.
    let last = *entries.last().unwrap();
    auditor.write("spoilt", &format!("{}\n", lines[..last].join("\n")));
    auditor
        .tenure(&["ledger", "verify", "spoilt", "--head", "head"])
        .ended(1);
}

fn entry(line: &str) -> u64 {
    let line: Value = serde_json::from_str(line).unwrap();
    line["entry"]["seq"].as_u64().unwrap()
}

#[test]
fn what_is_no_export_is_said_to_be_none() {
    let house = told();
    house.write("text", "this is no ledger\n");
    for words in [
        &["ledger", "verify", "text"][..],
        &["ledger", "verify", "whole", "--head", "text"],
    ] {
        let said = house.tenure(words).ended(1);
        assert!(said.out.contains("does not hold"), "{}", said.out);
    }
    let proof = house
        .tenure(&["ledger", "prove", "contoso", "1"])
        .done()
        .json();
    assert!(proof.is_object(), "{proof}");
}
