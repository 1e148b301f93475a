//! What approved plans reserve: one name once, and no more seats than there are.

use domain::plan::{FollowUp, Reserve, ReserveKind, StoredPlan};
use domain::request::{Kind, When};
use domain::{PlanId, RequestId, StepKey, TenantId};

use super::{Place, all, approval, at, new_run, plan};
use crate::Error;

fn joiner(id: &str, name: &str, free: i64) -> StoredPlan {
    let mut made = plan(id, "north", &format!("r-{id}"), name).plan;
    made.reserves = vec![
        Reserve {
            kind: ReserveKind::Name,
            key: format!("{name}@north.example"),
            step: StepKey::from("close"),
        },
        Reserve {
            kind: ReserveKind::Seat { free },
            key: "e3".to_owned(),
            step: StepKey::from("rules"),
        },
    ];
    StoredPlan::seal(PlanId::from(id), made, at(1), at(0))
}

async fn reserved(place: &Place) -> crate::Reserved {
    let (tenant, request) = (TenantId::from("north"), RequestId::from("another"));
    let store = &place.store;
    store
        .reserved(&all(), &tenant, &request, at(3))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_name_is_reserved_once_and_freed_with_its_approval() {
    let place = Place::new().await;
    let first = place.made(joiner("p1", "ada", 9)).await;
    let second = place.made(joiner("p2", "ADA", 9)).await;
    assert_eq!(reserved(&place).await, crate::Reserved::default());
    place
        .store
        .approve(&all(), &approval(&first, "Ann"))
        .await
        .unwrap();
    assert_eq!(reserved(&place).await.names, ["ada@north.example"]);
    assert_eq!(reserved(&place).await.seats["e3"], 1);
    let taken = place.store.approve(&all(), &approval(&second, "Ann")).await;
    assert!(
        matches!(&taken, Err(Error::NameReserved { plan, .. }) if *plan == first.id),
        "{taken:?}"
    );
    // Refused is refused: no approval is left behind.
    assert!(
        place
            .store
            .approvals(&all(), &second.id)
            .await
            .unwrap()
            .is_empty()
    );
    place
        .store
        .take_back(&all(), &first.id, "Ann", at(3))
        .await
        .unwrap();
    assert!(reserved(&place).await.names.is_empty());
    place
        .store
        .approve(&all(), &approval(&second, "Ann"))
        .await
        .unwrap();
}

#[tokio::test]
async fn no_more_seats_are_promised_than_are_free() {
    let place = Place::new().await;
    for (id, name) in [("p1", "ada"), ("p2", "bob")] {
        let made = place.made(joiner(id, name, 2)).await;
        place
            .store
            .approve(&all(), &approval(&made, "Ann"))
            .await
            .unwrap();
    }
    let third = place.made(joiner("p3", "eve", 2)).await;
    let refused = place.store.approve(&all(), &approval(&third, "Ann")).await;
    assert!(
        matches!(&refused, Err(Error::NoSeat { reserved: 2, .. })),
        "{refused:?}"
    );
    // A plan made again for the same person frees what the old one held.
    let mut again = joiner("p4", "ada", 2).plan;
    again.request = RequestId::from("r-p1");
    let again = StoredPlan::seal(PlanId::from("p4"), again, at(1), at(0));
    place.store.add_plan(&all(), &again).await.unwrap();
    place
        .store
        .approve(&all(), &approval(&again, "Ann"))
        .await
        .unwrap();
}

#[tokio::test]
async fn who_reserved_first_is_not_held_up_by_who_came_later() {
    let place = Place::new().await;
    let first = place.made(joiner("p1", "ada", 9)).await;
    let second = place.made(joiner("p2", "bob", 9)).await;
    let at_ms = |plan: &StoredPlan, seconds| domain::plan::Approval {
        at: at(seconds),
        ..approval(plan, "Ann")
    };
    place
        .store
        .approve(&all(), &at_ms(&first, 2))
        .await
        .unwrap();
    place
        .store
        .approve(&all(), &at_ms(&second, 3))
        .await
        .unwrap();
    let tenant = TenantId::from("north");
    let seats = async |request: &str| {
        let request = RequestId::from(request);
        let store = &place.store;
        let reserved = store
            .reserved(&all(), &tenant, &request, at(4))
            .await
            .unwrap();
        reserved.seats.get("e3").copied().unwrap_or(0)
    };
    assert_eq!(seats("r-p1").await, 0);
    assert_eq!(seats("r-p2").await, 1);
    assert_eq!(seats("another").await, 2);
}

#[tokio::test]
async fn a_run_makes_the_request_for_later_once() {
    let place = Place::new().await;
    let mut made = joiner("p1", "ada", 9).plan;
    made.follow_up = Some(FollowUp {
        kind: Kind::Offboard,
        on: jiff::civil::date(2027, 3, 31),
        because: "the contract of ada@north.example ends".to_owned(),
    });
    let made = place
        .made(StoredPlan::seal(PlanId::from("p1"), made, at(1), at(0)))
        .await;
    place
        .store
        .approve(&all(), &approval(&made, "Ann"))
        .await
        .unwrap();
    let run = domain::RunId::from("run-1");
    place
        .store
        .begin_run(&all(), &new_run(&run, &made.id))
        .await
        .unwrap();
    let requests = place.store.requests(&all(), 10).await.unwrap();
    let later = requests
        .iter()
        .find(|request| request.kind == Kind::Offboard && request.origin.channel == "run")
        .unwrap();
    assert_eq!(
        later.when.as_ref().unwrap().value,
        When::On(jiff::civil::date(2027, 3, 31))
    );
    assert_eq!(
        later.person.address.as_ref().unwrap().value,
        "ada@north.example"
    );
}
