//! Ready-made worlds: three fictional tenants with the people and traps that a joiner's and a leaver's way can meet.

mod build;
mod contoso;
mod fabrikam;
mod groups;
mod northwind;
mod subscriptions;

use jiff::Timestamp;

use crate::world::{Id, World};

/// Client id of Tenure's application in the demo tenants.
pub const CLIENT_ID: &str = "7e0a4c1e-0000-4000-8000-00000000cafe";

/// Its secret there. It opens nothing but a simulated cloud.
pub const CLIENT_SECRET: &str = "sandbox~not-a-secret";

/// GUID of the cloud-only tenant.
pub const CONTOSO: &str = "c0117050-0000-4000-8000-000000000001";

/// GUID of the group-licensed tenant.
pub const FABRIKAM: &str = "fab21ca0-0000-4000-8000-000000000002";

/// GUID of the hybrid tenant.
pub const NORTHWIND: &str = "40c7b1d0-0000-4000-8000-000000000003";

/// The demonstration's tenants: what to call each, and its GUID.
pub const TENANTS: [(&str, &str); 3] = [
    ("contoso", CONTOSO),
    ("fabrikam", FABRIKAM),
    ("northwind", NORTHWIND),
];

/// Three tenants: Contoso (cloud only, licences assigned directly), Fabrikam (licences through groups) and Northwind (people mastered
/// in an on-premises directory, licences both ways).
///
/// Meetings and dates are laid around `now`.
#[must_use]
pub fn demo(now: Timestamp) -> World {
    let mut world = World::default();
    world
        .tenants
        .insert(CONTOSO.to_owned(), contoso::tenant(now));
    world
        .tenants
        .insert(FABRIKAM.to_owned(), fabrikam::tenant(now));
    world
        .tenants
        .insert(NORTHWIND.to_owned(), northwind::tenant(now));
    world
}

/// The object id of a thing in a demo tenant, by the word it was built with: `user nora.lindqvist`, `group VPN Users`.
#[must_use]
pub fn id(tenant: &str, what: &str) -> Id {
    crate::chance::Chance::new(0).id(&["world", tenant, what])
}
