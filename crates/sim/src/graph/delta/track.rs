//! What the log tells about objects: which changed, and in which properties.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{Change, Id, Tenant};

/// How an object changed in a stretch of the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// Whether it came, went or came back.
    pub(super) whole: bool,
    /// Properties that changed, by the names callers know.
    pub(super) properties: BTreeSet<String>,
    /// Members and owners as they were at the beginning of the stretch, where they changed.
    before: BTreeMap<String, BTreeSet<Id>>,
}

impl Touched {
    /// Whether anything happened that is tracked.
    pub(super) fn concerns(&self, tracked: &BTreeSet<String>) -> bool {
        self.whole || !self.properties.is_disjoint(tracked)
    }
}

/// The last entry of a tenant's log that is not younger than a moment.
pub(super) fn position(log: &[Change], tenant: &str, horizon: Timestamp) -> u64 {
    log.iter()
        .rev()
        .find(|change| change.tenant == tenant && change.time <= horizon)
        .map_or(0, |change| change.n)
}

/// Everything of a collection that changed after the first and up to the second position.
pub(super) fn touched(
    log: &[Change],
    tenant: &str,
    collection: &str,
    [since, until]: [u64; 2],
) -> BTreeMap<Id, Touched> {
    let mut out: BTreeMap<Id, Touched> = BTreeMap::new();
    let stretch = log
        .iter()
        .filter(|change| change.tenant == tenant && change.n > since && change.n <= until);
    for change in stretch {
        let Some((place, id)) = change.object.split_once('/') else {
            continue;
        };
        // A user that leaves the recycle bin is gone for good, or back.
        let binned = collection == "users" && place == "deleted_users";
        if place != collection && !binned {
            continue;
        }
        let how = out.entry(id.to_owned()).or_default();
        if binned || change.field == "*" {
            how.whole = true;
            continue;
        }
        how.properties.extend(properties(&change.field));
        if change.field == "members" || change.field == "owners" {
            let ids = serde_json::from_value(change.before.clone()).unwrap_or_default();
            how.before.entry(change.field.clone()).or_insert(ids);
        }
    }
    out
}

/// The names under which callers know a field of the world.
fn properties(field: &str) -> Vec<String> {
    let several: &[&str] = match field {
        "licences" => &[
            "assignedLicenses",
            "assignedPlans",
            "licenseAssignmentStates",
            "provisionedPlans",
        ],
        "assigned_licenses" | "disabled_plans" => &["assignedLicenses"],
        "extension_attributes" => &["onPremisesExtensionAttributes"],
        "mail" => &["mail", "proxyAddresses"],
        _ => &[],
    };
    if several.is_empty() {
        vec![camel(field)]
    } else {
        several.iter().map(|name| (*name).to_owned()).collect()
    }
}

/// `given_name` is `givenName` to callers.
fn camel(field: &str) -> String {
    let mut out = String::new();
    let mut raise = false;
    for letter in field.chars() {
        if letter == '_' {
            raise = true;
        } else if std::mem::take(&mut raise) {
            out.extend(letter.to_uppercase());
        } else {
            out.push(letter);
        }
    }
    out
}

/// The entries of `members@delta` or `owners@delta`: all of a group's when it is new to the caller, else what came and went.
pub(super) fn link_changes(
    tenant: &Tenant,
    group: &str,
    link: &str,
    how: Option<&Touched>,
) -> Vec<Value> {
    let Some(group) = tenant.groups.get(group) else {
        return Vec::new();
    };
    let now = if link == "members" {
        &group.members
    } else {
        &group.owners
    };
    let nobody = BTreeSet::new();
    let before = match how {
        Some(how) if !how.whole => match how.before.get(link) {
            Some(before) => before,
            None => return Vec::new(),
        },
        _ => &nobody,
    };
    let kind = |id: &Id| {
        if tenant.groups.contains_key(id) {
            "#microsoft.graph.group"
        } else if tenant
            .apps
            .values()
            .any(|app| app.service_principal_id == *id)
        {
            "#microsoft.graph.servicePrincipal"
        } else {
            "#microsoft.graph.user"
        }
    };
    let came = now
        .difference(before)
        .map(|id| json!({"@odata.type": kind(id), "id": id}));
    let went = before
        .difference(now)
        .map(|id| json!({"@odata.type": kind(id), "id": id, "@removed": {"reason": "deleted"}}));
    came.chain(went).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_that_callers_know() {
        assert_eq!(properties("given_name"), ["givenName"]);
        assert_eq!(
            properties("sign_in_sessions_valid_from_date_time"),
            ["signInSessionsValidFromDateTime"]
        );
        assert!(properties("licences").contains(&"assignedPlans".to_owned()));
    }
}
