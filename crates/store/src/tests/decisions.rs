//! Decisions beside approvals: refusals, comments, and deciding for somebody else.

use domain::{OperatorId, PlanId, TenantId};

use super::office::{ann, operator, with_ann};
use super::{Place, all, approval, at, new_run, north, plan};
use crate::{Delegation, Error, Refusal, TenantScope};

#[tokio::test]
async fn a_refused_plan_is_neither_approved_nor_run() {
    let place = Place::new().await;
    let store = &place.store;
    let made = place.made(plan("p1", "north", "r1", "ann")).await;
    store
        .approve(&all(), &approval(&made, "Ann"))
        .await
        .unwrap();
    let mut refusal = Refusal {
        plan: made.id.clone(),
        digest: domain::plan::Digest::from("other"),
        by: "bob".to_owned(),
        through: None,
        reason: "She stays".to_owned(),
        at: at(3),
    };
    assert!(matches!(
        store.refuse(&all(), &refusal).await,
        Err(Error::OtherDigest { .. })
    ));
    refusal.digest = made.digest.clone();
    store.refuse(&all(), &refusal).await.unwrap();
    assert!(matches!(
        store.refuse(&all(), &refusal).await,
        Err(Error::Refused { .. })
    ));
    let late = store.approve(&all(), &approval(&made, "Cyd")).await;
    assert!(matches!(late, Err(Error::Refused { .. })), "{late:?}");
    let run = store
        .begin_run(&all(), &new_run(&"run-1".into(), &made.id))
        .await;
    assert!(matches!(run, Err(Error::Refused { .. })), "{run:?}");
    assert_eq!(
        store.refusal(&all(), &made.id).await.unwrap(),
        Some(refusal.clone())
    );
    let south = TenantScope::of(&TenantId::from("south"));
    assert_eq!(store.refusal(&south, &made.id).await.unwrap(), None);
    assert!(store.refuse(&south, &refusal).await.is_err());
    let export = store.export_ledger(&all(), &north(), at(9)).await.unwrap();
    assert!(export.contains("She stays"));
}

#[tokio::test]
async fn comments_and_looks_are_held_to_their_scope() {
    let place = with_ann().await;
    let store = &place.store;
    place.made(plan("p1", "north", "r1", "ann")).await;
    let id = PlanId::from("p1");
    let (south, own) = (
        TenantScope::of(&TenantId::from("south")),
        TenantScope::of(&north()),
    );
    store
        .add_comment(&own, &id, "bob", "Are you sure of the date?", at(1))
        .await
        .unwrap();
    assert!(
        store
            .add_comment(&south, &id, "bob", "x", at(1))
            .await
            .is_err()
    );
    let herself = own.clone().seen_by("ann@north.example");
    assert!(
        store
            .add_comment(&herself, &id, "ann", "x", at(1))
            .await
            .is_err()
    );
    let look = |said: &str| crate::Look {
        plan: id.clone(),
        said: said.to_owned(),
        at: at(2),
    };
    for said in ["first", "second"] {
        store.put_look(&own, &look(said)).await.unwrap();
    }
    let ids = std::slice::from_ref(&id);
    assert_eq!(store.looks(&own, ids).await.unwrap(), [look("second")]);
    for other in [&south, &herself] {
        assert_eq!(store.looks(other, ids).await.unwrap(), []);
        assert!(store.put_look(other, &look("third")).await.is_err());
    }
    assert_eq!(store.comments(&own, &id).await.unwrap().len(), 1);
    assert!(store.comments(&south, &id).await.unwrap().is_empty());
    assert!(store.comments(&herself, &id).await.unwrap().is_empty());
}

#[tokio::test]
async fn delegations_are_held_to_their_scope_and_their_time() {
    let place = with_ann().await;
    let store = &place.store;
    store
        .add_operator(&operator("bob", "bob@contoso.example"))
        .await
        .unwrap();
    let (south, own) = (
        TenantScope::of(&TenantId::from("south")),
        TenantScope::of(&north()),
    );
    let delegation = Delegation {
        id: "d1".to_owned(),
        from: ann(),
        to: OperatorId::from("bob"),
        tenant: Some(north()),
        from_at: at(10),
        until: at(20),
        by: "ann".to_owned(),
        reason: "Holiday".to_owned(),
    };
    store
        .add_delegation(&own, &delegation, at(0))
        .await
        .unwrap();
    assert!(
        store
            .add_delegation(&south, &delegation, at(0))
            .await
            .is_err()
    );
    assert_eq!(
        store.delegations(&own, at(5)).await.unwrap(),
        std::slice::from_ref(&delegation)
    );
    assert!(!delegation.holds(at(5)) && delegation.holds(at(10)) && !delegation.holds(at(20)));
    assert!(store.delegations(&south, at(5)).await.unwrap().is_empty());
    assert!(store.end_delegation("d1", at(6)).await.unwrap());
    assert!(store.delegations(&own, at(7)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_is_amended_with_its_plan_until_a_run_has_begun() {
    let place = with_ann().await;
    let store = &place.store;
    let first = place.made(plan("p1", "north", "r1", "ann")).await;
    let mut wish = store.request(&all(), &first.plan.request).await.unwrap();
    wish.switches
        .insert("remove-licenses".to_owned(), serde_json::json!(false));
    let second = plan("p2", "north", "r1", "ann");
    let south = TenantScope::of(&TenantId::from("south"));
    let foreign = store.amend_request_with_plan(&south, &wish, &second, at(4));
    assert!(matches!(foreign.await, Err(Error::Missing { .. })));
    let everywhere = all();
    let amended = store.amend_request_with_plan(&everywhere, &wish, &second, at(4));
    amended.await.unwrap();
    assert_eq!(store.request(&all(), &wish.id).await.unwrap(), wish);
    let versions = store.versions(&all(), &wish.id).await.unwrap();
    assert_eq!(versions[0].superseded_by, Some(second.id.clone()));
    // Both versions of the request are in the record.
    let export = store.export_ledger(&all(), &north(), at(9)).await.unwrap();
    assert_eq!(export.matches("remove-licenses").count(), 1);
    let approval = approval(&second, "bob");
    store.approve(&all(), &approval).await.unwrap();
    store
        .begin_run(&all(), &new_run(&"run-1".into(), &second.id))
        .await
        .unwrap();
    let third = plan("p3", "north", "r1", "ann");
    let late = store.amend_request_with_plan(&everywhere, &wish, &third, at(6));
    assert!(matches!(late.await, Err(Error::Missing { .. })));
    assert!(store.plan(&all(), &third.id).await.is_err());
}

#[tokio::test]
async fn whoever_decides_in_anothers_name_and_that_other_count_once() {
    let place = with_ann().await;
    let store = &place.store;
    let made = place.made(plan("p1", "north", "r1", "ann")).await;
    let lent = domain::plan::Approval {
        through: Some("Dee@contoso.example".to_owned()),
        ..approval(&made, "cyd@contoso.example")
    };
    store.approve(&all(), &lent).await.unwrap();
    let kept = store.approvals(&all(), &made.id).await.unwrap();
    assert_eq!(
        kept[0].approval.through.as_deref(),
        Some("dee@contoso.example")
    );
    // Neither with the own voice, nor with a third one's, nor through a third one.
    for (voice, through) in [
        ("CYD@contoso.example", None),
        ("dee@contoso.example", None),
        ("eve@contoso.example", Some("dee@contoso.example")),
        ("dee@contoso.example", Some("eve@contoso.example")),
        ("eve@contoso.example", Some("cyd@contoso.example")),
    ] {
        let again = domain::plan::Approval {
            through: through.map(str::to_owned),
            ..approval(&made, voice)
        };
        let again = store.approve(&all(), &again).await;
        assert!(
            matches!(again, Err(Error::AlreadyApproved { .. })),
            "{voice}: {again:?}"
        );
    }
    let export = store.export_ledger(&all(), &north(), at(9)).await.unwrap();
    assert!(export.contains("Dee@contoso.example"));
    // Whoever gave it takes it back, as would whose voice it is.
    store
        .take_back(&all(), &made.id, "dee@contoso.example", at(5))
        .await
        .unwrap();
    store.approve(&all(), &lent).await.unwrap();
    store
        .take_back(&all(), &made.id, "cyd@contoso.example", at(6))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_conversation_is_one_operators_and_a_press_is_heard_once() {
    let place = with_ann().await;
    let store = &place.store;
    store
        .add_operator(&operator("bob", "bob@contoso.example"))
        .await
        .unwrap();
    let of = |operator: OperatorId| crate::Conversation {
        operator,
        directory: "d".to_owned(),
        object: "o".to_owned(),
        service: "https://smba.example/".to_owned(),
        conversation: "c".to_owned(),
    };
    store.put_conversation(&of(ann()), at(1)).await.unwrap();
    store
        .put_conversation(&of(OperatorId::from("bob")), at(2))
        .await
        .unwrap();
    let found = store.conversation_of("d", "o").await.unwrap().unwrap();
    assert_eq!(found.operator, OperatorId::from("bob"));
    assert_eq!(store.conversations().await.unwrap(), [found]);
    assert!(store.drop_conversation("d", "o").await.unwrap());
    assert!(store.conversations().await.unwrap().is_empty());
    assert!(store.hear_press("p", at(1)).await.unwrap());
    assert!(!store.hear_press("p", at(2)).await.unwrap());
    store.drop_presses(at(5)).await.unwrap();
    assert!(store.hear_press("p", at(6)).await.unwrap());
}

#[tokio::test]
async fn what_is_given_away_sealed_comes_back_whole_or_not_at_all() {
    let place = with_ann().await;
    let sealed = place.store.seal_for("card", b"plan p1");
    let opened = place.store.open_for("card", &sealed).unwrap();
    assert_eq!(opened.expose_str(), Some("plan p1"));
    assert!(place.store.open_for("link", &sealed).is_err());
    let mut other = sealed.clone();
    let flipped = if &sealed[30..31] == "A" { "B" } else { "A" };
    other.replace_range(30..31, flipped);
    assert!(place.store.open_for("card", &other).is_err());
    assert!(place.store.open_for("card", "").is_err());
}
