//! The judge of decisions, held to cases that are right and wrong.

use super::*;

fn told(id: &str, taken: bool) -> Told {
    Told {
        id: id.to_owned(),
        body: b"{}".to_vec(),
        taken,
    }
}

fn pages(runs: &[&str], status: &str) -> Pages {
    let run = |status: &&str| {
        (
            "r-1".to_owned(),
            (*status).to_owned(),
            status.replace('-', " "),
        )
    };
    Pages {
        shown: Vec::new(),
        tokens: Vec::new(),
        plan: "<a href=\"/t/contoso/runs/r-1\">".to_owned(),
        status: status.to_owned(),
        runs: runs.iter().map(run).collect(),
    }
}

fn kept(entries: &[(&str, usize)], standing: usize) -> Kept {
    let mut kept = Kept {
        approvals: 1,
        standing,
        ..Kept::default()
    };
    for (kind, count) in entries {
        kept.entries.insert((*kind).to_owned(), *count);
        for number in 0..*count {
            if TOLD.contains(kind) {
                kept.deliveries.push((format!("{kind}-{number}"), true));
            }
        }
    }
    kept
}

const WELL: [(&str, usize); 3] = [("approval", 1), ("run-started", 1), ("run-ended", 1)];

fn all_told(kept: &Kept) -> Vec<Told> {
    kept.deliveries
        .iter()
        .map(|(id, _)| told(id, true))
        .collect()
}

#[test]
fn what_was_decided_once_and_told_is_well() {
    let kept = kept(&WELL, 1);
    let said = complaints(
        &pages(&["completed"], "ended"),
        &all_told(&kept),
        &kept,
        Some("completed"),
    );
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn an_approval_or_a_run_too_many_is_seen() {
    let twice = kept(&[("approval", 2), ("run-started", 2), ("run-ended", 1)], 1);
    let said = complaints(
        &pages(&["completed"], "ended"),
        &all_told(&twice),
        &twice,
        Some("completed"),
    );
    assert_eq!(
        said,
        [
            "approvals in the ledger: 2 instead of 1",
            "runs begun in the ledger: 2 instead of 1"
        ]
    );
    let alone = kept(&[("approval", 1)], 1);
    let said = complaints(&pages(&[], "approved"), &all_told(&alone), &alone, None);
    assert_eq!(said, ["the plan is approved, and no run began"]);
}

#[test]
fn what_is_taken_back_must_not_have_begun() {
    let back = kept(
        &[
            ("approval", 1),
            ("approval-taken-back", 1),
            ("run-started", 1),
            ("run-ended", 1),
        ],
        0,
    );
    let said = complaints(
        &pages(&["completed"], "waiting"),
        &all_told(&back),
        &back,
        Some("completed"),
    );
    assert_eq!(
        said,
        ["approvals that stand behind the run: 0 instead of 1"]
    );
}

#[test]
fn pages_that_say_something_else_are_seen() {
    let kept = kept(&WELL, 1);
    let said = complaints(
        &pages(&["needs-review"], "refused"),
        &all_told(&kept),
        &kept,
        Some("completed"),
    );
    assert_eq!(said.len(), 3, "{said:?}");
}

#[test]
fn a_pass_is_shown_once_and_no_other() {
    let mail = "Open https://t.example/link/tnl_abc-D_9\n\nIt takes";
    let tenant = serde_json::json!({ "messages": { "m": { "content": mail } } });
    assert_eq!(links(&tenant), ["tnl_abc-D_9"]);
    let passes: BTreeSet<String> = [truth::hash(b"right")].into();
    let with = |shown: &[&str]| Pages {
        shown: shown.iter().map(|one| (*one).to_owned()).collect(),
        ..Pages::default()
    };
    assert_eq!(
        handed_over(&with(&["right"]), &passes),
        Vec::<String>::new()
    );
    for wrong in [
        &["right", "right"][..],
        &["wrong"],
        &[],
        &["right", "wrong"],
    ] {
        assert_eq!(handed_over(&with(wrong), &passes).len(), 1, "{wrong:?}");
    }
}

#[test]
fn a_delivery_that_never_came_or_said_two_things_is_seen() {
    let kept = kept(&WELL, 1);
    let mut told = all_told(&kept);
    told[0].taken = false;
    let mut other = told[1].clone();
    other.body = b"[]".to_vec();
    told.push(other);
    let said = delivered(&told, &kept);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().any(|line| line.ends_with("never came")));
}
