//! Every statement, prepared on a real database, and held to a tenant.

use std::fs;
use std::path::Path;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::Place;
use crate::{
    approvals, check, findings, journal, lease, ledger, open, plans, policies, requests,
    reservations, runs, secrets, tenants,
};

const FILES: &[(&str, &[(&str, &str)])] = &[
    ("approvals", approvals::STATEMENTS),
    ("check", check::STATEMENTS),
    ("findings", findings::STATEMENTS),
    ("journal", journal::STATEMENTS),
    ("lease", lease::STATEMENTS),
    ("ledger", ledger::STATEMENTS),
    ("open", open::STATEMENTS),
    ("plans", plans::STATEMENTS),
    ("policies", policies::STATEMENTS),
    ("requests", requests::STATEMENTS),
    ("reservations", reservations::STATEMENTS),
    ("runs", runs::STATEMENTS),
    ("secrets", secrets::STATEMENTS),
    ("tenants", tenants::STATEMENTS),
];

/// Statements of the provider's own rows, and those by which the one driver works for all tenants.
const PROVIDER_WIDE: &[(&str, &str)] = &[
    ("check", "INTEGRITY"),
    ("check", "FOREIGN_KEYS"),
    ("journal", "SELECT_RUN"),
    ("journal", "SELECT_INBOX"),
    ("journal", "SELECT_OPEN"),
    ("lease", "SELECT"),
    ("lease", "UPSERT"),
    ("ledger", "CHECKPOINT"),
    ("open", "APPLICATION_ID"),
    ("open", "USER_VERSION"),
    ("open", "HAS_TABLES"),
    ("open", "SELECT_PROVIDER"),
    ("open", "INSERT_PROVIDER"),
    ("tenants", "SELECT_BY_DIRECTORY"),
];

#[tokio::test]
async fn every_statement_is_understood_by_the_database() {
    let place = Place::new().await;
    let mut connection = place.store.read().await.unwrap();
    for (file, statements) in FILES {
        for (name, text) in *statements {
            let prepared = (&mut *connection)
                .prepare(AssertSqlSafe(*text).into_sql_str())
                .await;
            assert!(prepared.is_ok(), "{file}::{name}: {:?}", prepared.err());
        }
    }
}

#[test]
fn every_statement_names_its_tenant() {
    for (file, statements) in FILES {
        for (name, text) in *statements {
            let wide = PROVIDER_WIDE.contains(&(file, name));
            let column = if *file == "tenants" { "name" } else { "tenant" };
            let held = text.contains(&format!("{column} = ?1"))
                || (text.starts_with("INSERT") && text.contains(column));
            assert_ne!(wide, held, "{file}::{name}");
        }
    }
}

#[test]
fn no_statement_is_written_outside_of_the_lists() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut listed = 0;
    for file in fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if text.contains("\nstatements! {") {
            assert!(FILES.iter().any(|(file, _)| *file == stem), "{stem}");
            listed += 1;
        }
        for call in [
            "query(\"",
            "query(&format",
            "query(AssertSqlSafe",
            "query_as",
            "query_scalar",
        ] {
            assert!(
                !text.contains(call),
                "{stem} has a statement of its own: {call}"
            );
        }
    }
    assert_eq!(listed, FILES.len());
}
