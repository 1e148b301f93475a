//! A slice of the whole: the planted violations, and eight switches in one shape.

use domain::request::Kind;

use super::judge::{Office, Tally, Tenant};
use super::switches::{
    AUTO_REPLY, BLOCK, CONVERT, Combination, GROUPS, JOINER, LEAVER, LICENSES, MEETINGS, METHODS,
    MOST, OFF, TRANSFER,
};
use super::{planted, shapes};

#[test]
fn every_planted_violation_is_seen() {
    let planted = planted::plant(&mut Tally::default()).unwrap();
    let missed: Vec<&str> = planted
        .iter()
        .filter(|planted| !planted.caught)
        .map(|planted| planted.says)
        .collect();
    assert!(missed.is_empty(), "not seen: {missed:#?}");
    for rule in 1..=19 {
        assert!(
            planted.iter().any(|planted| planted.rule == rule),
            "nothing is planted for rule {rule}"
        );
    }
}

#[test]
fn eight_switches_of_one_shape_do_no_damage() {
    const MOVED: [usize; 8] = [
        BLOCK, METHODS, MEETINGS, AUTO_REPLY, CONVERT, TRANSFER, GROUPS, LICENSES,
    ];
    let office = Office::open(Kind::Offboard).unwrap();
    let shapes = shapes::all();
    let mut tenant = Tenant::survey(&shapes[0], &office).unwrap();
    let combinations = (0..1u32 << MOVED.len()).map(|set| {
        let mut combination: Combination = LEAVER.all_on();
        for (at, step) in MOVED.into_iter().enumerate() {
            combination[step] = u8::from(set & (1 << at) != 0);
        }
        combination
    });
    tenant.gather(combinations).unwrap();
    let mut tally = Tally::default();
    for case in &tenant.cases {
        tenant.judge(&office, *case, &mut tally);
    }
    assert!(tally.plans > 50 && tally.refusals > 50, "{tally:?}");
    assert!(tally.sorts.is_empty(), "{:#?}", tally.sorts);
}

#[test]
fn every_switch_of_one_joiner_does_no_damage() {
    let office = Office::open(Kind::Offboard).unwrap();
    let shapes = shapes::all();
    let shape = shapes.iter().find(|shape| shape.kind == Kind::Onboard);
    let mut tenant = Tenant::survey(shape.unwrap(), &office).unwrap();
    // Those that decide about order: who is made where, what is given, what is waited for, who is told.
    let moved = (0..6).chain([9, 11]).collect();
    tenant.gather(JOINER.every(moved, JOINER.all_on())).unwrap();
    tenant
        .gather(JOINER.every(vec![6, 7, 10], [OFF; MOST]))
        .unwrap();
    let mut tally = Tally::default();
    for case in &tenant.cases {
        tenant.judge(&office, *case, &mut tally);
    }
    assert!(tally.plans > 50 && tally.refusals > 50, "{tally:?}");
    assert!(tally.sorts.is_empty(), "{:#?}", tally.sorts);
}
