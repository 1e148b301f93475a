//! Tidiness as tests: who may depend on whom, how files begin, how long they may get, and what must never be committed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::run::root;

/// DESIGN.md section 3: the only crates of ours that each crate may depend on.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("engine", &["domain"]),
    ("store", &["domain", "engine"]),
    ("transport", &[]),
    ("connectors", &["domain", "transport"]),
    ("steps", &["domain", "engine", "connectors"]),
    ("intake", &["domain"]),
    ("sim", &["transport"]),
    (
        "app",
        &[
            "domain",
            "engine",
            "store",
            "transport",
            "connectors",
            "steps",
            "intake",
            "sim",
        ],
    ),
    (
        "xtask",
        &[
            "domain",
            "engine",
            "store",
            "transport",
            "connectors",
            "steps",
            "intake",
            "sim",
        ],
    ),
];

/// Outside crates that would break what a crate must not know.
const MUST_NOT: &[(&str, &[&str])] = &[
    (
        "domain",
        &["tokio", "reqwest", "sqlx", "axum", "http", "rand", "uuid"],
    ),
    ("engine", &["reqwest", "sqlx", "axum", "http", "rand"]),
    ("transport", &["reqwest", "sqlx", "axum", "tokio"]),
    ("steps", &["reqwest", "sqlx", "axum", "askama"]),
    ("connectors", &["sqlx", "axum", "askama"]),
    ("intake", &["reqwest", "sqlx", "axum", "askama", "tokio"]),
    ("store", &["reqwest", "axum", "http"]),
    ("sim", &["reqwest", "sqlx"]),
];

const LINES_MAX: usize = 800;

fn manifest(krate: &str) -> toml::Table {
    let path = root().join("crates").join(krate).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str(&text).unwrap()
}

fn dependencies(krate: &str) -> BTreeSet<String> {
    manifest(krate)["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[test]
fn crates_depend_as_the_design_says() {
    let table: BTreeMap<&str, &[&str]> = MAY_DEPEND.iter().copied().collect();
    let ours: BTreeSet<String> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        ours,
        table.keys().map(|name| (*name).to_owned()).collect(),
        "a crate is missing from the table, or the other way round"
    );
    for (krate, allowed) in &table {
        for dependency in dependencies(krate).intersection(&ours) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{krate} must not depend on {dependency}"
            );
        }
    }
    for (krate, banned) in MUST_NOT {
        for dependency in dependencies(krate) {
            assert!(
                !banned.contains(&dependency.as_str()),
                "{krate} must not know {dependency}"
            );
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.lines().count() <= LINES_MAX,
            "{} is over {LINES_MAX} lines: give a room inside its own door",
            shown(&path)
        );
        assert!(
            text.starts_with("//! "),
            "{} does not begin with a line that says what it is for",
            shown(&path)
        );
        assert!(
            path.file_name().unwrap() != "mod.rs",
            "{}: name the file after its module",
            shown(&path)
        );
    }
}

#[test]
fn nothing_unfinished_and_no_machine_paths() {
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X"],
        ["/work", "/"],
        ["/root", "/"],
        ["#[ign", "ore"],
    ]
    .map(|parts| parts.concat());
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for word in &words {
                assert!(
                    !line.contains(word.as_str()),
                    "{}:{} holds {word}",
                    shown(&path),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn every_file_is_reached_by_a_module_line() {
    for path in sources() {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if matches!(stem.as_str(), "lib" | "main" | "build") {
            continue;
        }
        let folder = path.parent().unwrap();
        let own = folder.file_name().unwrap().to_string_lossy().into_owned();
        let parents = [
            folder.join("lib.rs"),
            folder.join("main.rs"),
            folder.with_file_name(format!("{own}.rs")),
        ];
        let listed = parents
            .iter()
            .filter_map(|parent| std::fs::read_to_string(parent).ok())
            .any(|text| {
                text.lines()
                    .any(|line| line.trim().ends_with(&format!("mod {stem};")))
            });
        assert!(listed, "{} is in no module list", shown(&path));
    }
}
