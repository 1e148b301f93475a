//! Licences that the vendor does not give: seats that ran out in between, and what a group cannot give to this person.

use sim::HumanChange;

use super::*;
use crate::every_step::all;

fn seats(lab: &Lab, part_number: &str, field: &str, value: u32) {
    let world = lab.sandbox.world();
    let mut skus = world.tenants[lab.leaver.tenant].skus.iter();
    let (id, _) = skus
        .find(|(_, sku)| sku.part_number == part_number)
        .unwrap();
    let set = HumanChange::Set {
        object: format!("skus/{id}"),
        field: field.to_owned(),
        value: json!(value),
    };
    lab.sandbox.human(lab.leaver.tenant, &set).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_group_that_has_no_seat_left_is_told_in_the_vendors_word() {
    let key = "assign-licenses:groups".into();
    let (lab, spec) = Bench::of(KATE).await.ready(&key).await;
    seats(&lab, "SPE_E3", "enabled", 0);
    assert_eq!(lab.apply(&spec, 1, &all(&spec)).await.problems, []);
    let seen = lab.observe(&spec, 1, Purpose::Verify).await;
    let Seen::Impossible { because } = &seen[0] else {
        panic!("{seen:?}")
    };
    assert!(
        because.contains("CountViolation") && because.contains("no seat"),
        "{because}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_seat_that_was_taken_in_between_is_told() {
    let key = "assign-licenses".into();
    let (lab, spec) = Bench::of(ARNE).await.ready(&key).await;
    seats(&lab, "SPE_E3", "enabled", 0);
    let applied = lab.apply(&spec, 1, &all(&spec)).await;
    let (_, problem) = &applied.problems[0];
    assert_ne!(problem.class, Class::Unknown);
    assert!(problem.message.contains("Buy a seat"), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn the_run_comes_back_for_a_seat_where_policy_lets_it_wait() {
    let case = Leaver {
        policy: r#"{
            "sites": { "default": { "usage-location": "DE", "time-zone": "Europe/Berlin" } },
            "naming": { "domain": "contoso.example" },
            "roles": { "default": { "licences": ["Microsoft 365 E5"] } }
        }"#,
        set: |switches| {
            let wait = json!({ "no-seat": "wait" });
            switches.insert("assign-licenses".to_owned(), wait);
        },
        ..ARNE
    };
    let key = "assign-licenses".into();
    let (lab, spec) = Bench::of(case).await.ready(&key).await;
    let applied = lab.apply(&spec, 1, &all(&spec)).await;
    let (_, problem) = &applied.problems[0];
    assert!(
        matches!(problem.class, Class::RetryAfter { after_ms: Some(wait) } if wait >= 60_000),
        "{problem:?}"
    );
    seats(&lab, "SPE_E5", "consumed_elsewhere", 2);
    lab.carry(&spec).await;
}
