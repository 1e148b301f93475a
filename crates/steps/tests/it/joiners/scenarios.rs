//! What a template does to location, licences and groups: no template, no touch; blank licences, location only; direct licences in
//! place of old ones; and groups.

use domain::plan::Plan;
use serde_json::json;
use sim::world::{Licence, Tenant};

use super::{TOMAS, user};
use crate::lab::{Bench, Lab};
use crate::leavers::Leaver;

/// Is in the directory, in another country than the site, with one direct licence; only what templates decide about is on.
const THERE: Leaver = Leaver {
    fields: &[("given-name", "Tomas"), ("family-name", "Novak")],
    starts_s: 0,
    furnish: |tenant| user(tenant, "tomas.novak").usage_location = Some("GB".to_owned()),
    set: |switches| {
        let ours = [
            "create-user",
            "set-usage-location",
            "assign-licenses",
            "add-to-groups",
            "add-to-lists",
        ];
        switches.retain(|name, _| ours.contains(&name.as_str()));
        switches.insert(
            "assign-licenses".to_owned(),
            json!({ "replace-direct": true }),
        );
    },
    about: &[],
    ..TOMAS
};

/// A policy of one site and this one role.
macro_rules! role {
    ($role:literal) => {
        concat!(
            r#"{ "sites": { "default": { "usage-location": "DE", "time-zone": "Europe/Berlin" } }, "roles": { "default": "#,
            $role,
            " } }"
        )
    };
}

/// Carries out everything that is planned, and shows what came of the person.
async fn carried(case: Leaver) -> (Lab, Plan) {
    let bench = Bench::of(case).await;
    let lab = bench.lab();
    for spec in &bench.plan.steps {
        lab.carry(spec).await;
    }
    (lab, bench.plan)
}

fn steps_of(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|spec| spec.key.as_str()).collect()
}

/// Location, and licences by part number with the group they come through.
fn outcome(lab: &Lab) -> (String, Vec<(String, Option<String>)>) {
    let world = lab.sandbox.world();
    let tenant = &world.tenants[lab.leaver.tenant];
    let (_, user) = tenant.user(&lab.plan.upn).unwrap();
    let name = |licence: &Licence| tenant.skus[&licence.sku_id].part_number.clone();
    let through = |licence: &Licence| {
        let group = licence.assigned_by_group.as_ref()?;
        Some(tenant.groups[group].display_name.clone())
    };
    let mut licences: Vec<_> = user
        .licences
        .iter()
        .map(|licence| {
            assert!(licence.is_active(), "{licence:?}");
            (name(licence), through(licence))
        })
        .collect();
    licences.sort();
    (user.usage_location.clone().unwrap_or_default(), licences)
}

fn direct(name: &str) -> (String, Option<String>) {
    (name.to_owned(), None)
}

/// What the case would do if its profile were complete: only location, licences and groups count here.
async fn proposed(case: Leaver) -> Vec<String> {
    let bench = Bench::of(case).await;
    let keys = bench.plan.steps.iter().map(|spec| spec.key.to_string());
    keys.filter(|key| !key.starts_with("create-user")).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing() {
    let case = Leaver {
        policy: r#"{ "sites": { "default": { "usage-location": "DE", "time-zone": "Europe/Berlin", "profile": { "city": "Oslo" } } } }"#,
        ..THERE
    };
    assert_eq!(proposed(case).await, [] as [String; 0]);
    let (lab, _) = carried(case).await;
    assert_eq!(
        outcome(&lab),
        ("GB".to_owned(), vec![direct("O365_BUSINESS_PREMIUM")])
    );
}

#[tokio::test(start_paused = true)]
async fn location_only() {
    let case = Leaver {
        policy: role!("{}"),
        ..THERE
    };
    let (lab, plan) = carried(case).await;
    assert_eq!(steps_of(&plan), ["set-usage-location"]);
    assert_eq!(
        outcome(&lab),
        ("DE".to_owned(), vec![direct("O365_BUSINESS_PREMIUM")])
    );
}

#[tokio::test(start_paused = true)]
async fn location_and_direct_licences_replacing() {
    let case = Leaver {
        policy: role!(r#"{ "licences": ["Microsoft 365 E3", "POWER_BI_PRO"] }"#),
        ..THERE
    };
    let (lab, plan) = carried(case).await;
    assert_eq!(steps_of(&plan), ["set-usage-location", "assign-licenses"]);
    assert_eq!(
        outcome(&lab),
        (
            "DE".to_owned(),
            vec![direct("POWER_BI_PRO"), direct("SPE_E3")]
        )
    );
    let world = lab.sandbox.world();
    let tenant = &world.tenants[lab.leaver.tenant];
    let (id, _) = tenant.user(&lab.plan.upn).unwrap();
    assert_eq!(
        tenant.mailboxes[id].lost_at, None,
        "one call exchanges them"
    );
}

/// Makes the group Marketing give a licence.
fn marketing_gives_power_bi(tenant: &mut Tenant) {
    (THERE.furnish)(tenant);
    let skus = tenant.skus.iter();
    let power_bi = skus
        .filter(|(_, sku)| sku.part_number == "POWER_BI_PRO")
        .map(|(id, _)| id.clone())
        .next()
        .unwrap();
    let mut groups = tenant.groups.values_mut();
    let marketing = groups.find(|group| group.display_name == "Marketing");
    marketing.unwrap().assigned_licenses.insert(power_bi);
}

#[tokio::test(start_paused = true)]
async fn location_and_groups() {
    let case = Leaver {
        policy: role!(
            r#"{ "licences": ["SPE_E3"], "licence-groups": ["Marketing"], "groups": ["Sales"] }"#
        ),
        furnish: marketing_gives_power_bi,
        ..THERE
    };
    let (lab, plan) = carried(case).await;
    assert_eq!(
        steps_of(&plan),
        [
            "set-usage-location",
            "assign-licenses:groups",
            "add-to-groups"
        ]
    );
    let through = Some("Marketing".to_owned());
    assert_eq!(
        outcome(&lab),
        (
            "DE".to_owned(),
            vec![
                direct("O365_BUSINESS_PREMIUM"),
                ("POWER_BI_PRO".to_owned(), through)
            ]
        )
    );
}
