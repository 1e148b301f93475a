//! Every statement, prepared on a real database, and held to a tenant.

use std::fs;
use std::path::Path;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::Place;
use crate::{
    admins, approvals, backfill, bench, chats, check, clients, decisions, endpoints, entries,
    findings, glances, journal, lease, ledger, links, looks, open, operators, outbox, plans,
    policies, requests, reservations, rows, runs, secrets, sessions, settings, tenants,
};

const FILES: &[(&str, &[(&str, &str)])] = &[
    ("admins", admins::STATEMENTS),
    ("approvals", approvals::STATEMENTS),
    ("backfill", backfill::STATEMENTS),
    ("bench", bench::STATEMENTS),
    ("chats", chats::STATEMENTS),
    ("check", check::STATEMENTS),
    ("clients", clients::STATEMENTS),
    ("decisions", decisions::STATEMENTS),
    ("endpoints", endpoints::STATEMENTS),
    ("entries", entries::STATEMENTS),
    ("findings", findings::STATEMENTS),
    ("glances", glances::STATEMENTS),
    ("journal", journal::STATEMENTS),
    ("lease", lease::STATEMENTS),
    ("ledger", ledger::STATEMENTS),
    ("links", links::STATEMENTS),
    ("looks", looks::STATEMENTS),
    ("open", open::STATEMENTS),
    ("operators", operators::STATEMENTS),
    ("outbox", outbox::STATEMENTS),
    ("plans", plans::STATEMENTS),
    ("policies", policies::STATEMENTS),
    ("requests", requests::STATEMENTS),
    ("reservations", reservations::STATEMENTS),
    ("rows", rows::STATEMENTS),
    ("runs", runs::STATEMENTS),
    ("secrets", secrets::STATEMENTS),
    ("sessions", sessions::STATEMENTS),
    ("settings", settings::STATEMENTS),
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
    ("open", "CHECKPOINT"),
    ("open", "APPLICATION_ID"),
    ("open", "USER_VERSION"),
    ("open", "HAS_TABLES"),
    ("open", "SELECT_PROVIDER"),
    ("open", "INSERT_PROVIDER"),
    ("tenants", "SELECT_BY_DIRECTORY"),
    // The read model is written by the id of what was written before it, which was held to its tenant.
    ("rows", "SELECT_LAPSED"),
    ("rows", "SELECT_REQUEST_SUBJECT"),
    ("rows", "SELECT_PLAN_SUBJECT"),
    ("rows", "SELECT_RUN_SUBJECT"),
    ("decisions", "END_DELEGATION"),
    // What a token opens is not looked for by tenant: whoever holds the token has it.
    ("links", "SELECT_BY_TOKEN"),
    ("links", "SELECT_PAYLOAD"),
    ("links", "TAKE_VIEW"),
    ("links", "ERASE"),
    ("links", "TAKE_ATTEMPT"),
    ("links", "ERASE_SPENT"),
    ("links", "REVOKE"),
    ("links", "EXPIRE"),
    // Whoever sends, sends for all tenants.
    ("outbox", "CLAIM"),
    ("outbox", "DELIVERED"),
    ("outbox", "ERASE_BODY"),
    ("outbox", "FAILED"),
    ("endpoints", "WITHDRAW"),
];

/// Files whose tables are the provider's own, and the one that writes the read model of an older store.
const PROVIDER_FILES: &[&str] = &[
    "admins",
    "backfill",
    "chats",
    "clients",
    "operators",
    "sessions",
    "settings",
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
            if PROVIDER_FILES.contains(file) {
                continue;
            }
            let wide = PROVIDER_WIDE.contains(&(file, name));
            let column = if *file == "tenants" { "name" } else { "tenant" };
            let held = text.contains(&format!("{column} = ?1"))
                || text.contains(&format!("{column} IN (SELECT value FROM json_each(?1"))
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
            "query(AssertSqlSafe(format",
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
