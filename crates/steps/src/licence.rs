//! Licences of one person: by which route each is held, and the bodies that give and take direct ones.

use std::collections::BTreeSet;

use connectors::facts::user;
use connectors::graph::Path;
use engine::hands::{Problem, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, text};

/// What a person holds, by route.
pub(crate) struct Held {
    direct: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Held {
    /// Whether the licence is assigned to the person.
    pub(crate) fn directly(&self, sku: &str) -> bool {
        self.direct.contains(&sku.to_ascii_lowercase())
    }

    /// Whether any licence comes through the group.
    pub(crate) fn through(&self, group: &str) -> bool {
        self.groups.contains(&group.to_ascii_lowercase())
    }
}

/// Reads what the person holds.
pub(crate) async fn held(cx: &Cx<'_>, task: &Task<'_>, id: &str) -> Result<Held, Problem> {
    let account = cx
        .get(task, &user(id, &["id", "licenseAssignmentStates"]))
        .await?;
    let states = account["licenseAssignmentStates"]
        .as_array()
        .map_or(&[] as &[Value], Vec::as_slice);
    let mut held = Held {
        direct: BTreeSet::new(),
        groups: BTreeSet::new(),
    };
    for state in states {
        match text(state, "assignedByGroup") {
            "" => held
                .direct
                .insert(text(state, "skuId").to_ascii_lowercase()),
            group => held.groups.insert(group.to_ascii_lowercase()),
        };
    }
    Ok(held)
}

/// Where direct licences are given and taken.
pub(crate) fn path(user: &str) -> Path {
    Path::of(["users", user, "assignLicense"])
}

/// Takes these licences.
pub(crate) fn take(skus: &[&str]) -> Value {
    json!({ "addLicenses": [], "removeLicenses": skus })
}

/// Gives these licences, each with the plans that were switched off.
pub(crate) fn give(skus: &[&str], disabled_plans: &Value) -> Value {
    let added: Vec<Value> = skus
        .iter()
        .map(|sku| json!({ "skuId": sku, "disabledPlans": disabled_plans.get(*sku).cloned().unwrap_or_else(|| json!([])) }))
        .collect();
    json!({ "addLicenses": added, "removeLicenses": [] })
}
