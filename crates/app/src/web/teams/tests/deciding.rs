//! Deciding in a card: what it does to the plan, and whom the judge refuses.

use super::scene::{HR, Scene, WIPE};
use crate::acts;
use crate::acts::look::Drifted;
use crate::acts::look::Seen;
use crate::clock;
use crate::web::plan::tests as made;
use domain::PlanId;
use domain::StepKey;
use domain::plan::Digest;
use domain::plan::StoredPlan;
use domain::spec::Change;
use jiff::SignedDuration;
use serde_json::json;
use store::TenantScope;

#[tokio::test(flavor = "multi_thread")]
async fn a_press_approves_and_the_card_says_who_and_when() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let off = json!({ WIPE: "false" });
    let text = scene
        .replaced(&scene.press("ann", "approve", &seal, &off))
        .await;
    assert!(text.contains("Approved by ann, "), "{text}");
    assert!(
        text.contains("https://tenure.provider.example/t/contoso/"),
        "{text}"
    );
    let kept = scene.approvals(&plan).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].approval.by, "ann@provider.example");
    assert_eq!(kept[0].approval.digest, plan.digest);
    // A line that was not ticked is not approved.
    assert!(kept[0].approval.apart.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticked_line_is_approved_and_one_that_is_none_of_the_plans_is_refused() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    for wrong in ["block-sign-in", "no-step"] {
        let call = scene.press("ann", "approve", &seal, &json!({ wrong: "true" }));
        assert_eq!(scene.refused(&call).await.0, "line");
    }
    scene.is_untouched(&plan).await;
    let call = scene.press("ann", "approve", &seal, &json!({ WIPE: "true" }));
    scene.replaced(&call).await;
    let kept = scene.approvals(&plan).await;
    assert_eq!(kept[0].approval.apart, [StepKey::from(WIPE)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_needs_a_comment_and_ends_the_plan() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    for empty in [json!({}), json!({ "comment": " \n" })] {
        let call = scene.press("ann", "refuse", &seal, &empty);
        let (code, sentence) = scene.refused(&call).await;
        assert_eq!(code, "reason", "{sentence}");
    }
    scene.is_untouched(&plan).await;
    let why = json!({ "comment": "She stays until *March*." });
    let text = scene
        .replaced(&scene.press("ann", "refuse", &seal, &why))
        .await;
    assert!(text.contains("Refused by ann, "), "{text}");
    assert!(text.contains("She stays until *March*."), "{text}");
    // Ben's card comes too late, and says so.
    let seal = scene.seal("ben", &plan).await;
    let text = scene
        .replaced(&scene.press("ben", "approve", &seal, &json!({})))
        .await;
    assert!(text.contains("Refused by ann, "), "{text}");
    assert!(scene.approvals(&plan).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_judge_of_the_pages_decides_here_too() {
    let scene = Scene::new().await;
    let none = json!({});
    // Who asked does not approve, nor refuse.
    let own = made::plan("ann@provider.example");
    let own = scene.waits(own, &[], clock::now()).await;
    let seal = scene.seal("ann", &own).await;
    let why = json!({ "comment": "changed my mind" });
    for call in [
        scene.press("ann", "approve", &seal, &none),
        scene.press("ann", "refuse", &seal, &why),
    ] {
        let (code, sentence) = scene.refused(&call).await;
        assert_eq!(code, "approver", "{sentence}");
    }
    scene.is_untouched(&own).await;
    // A viewer does not, whatever card there is.
    let plan = scene.plan().await;
    let seal = scene.seal("cyd", &plan).await;
    let call = scene.press("cyd", "approve", &seal, &none);
    assert_eq!(scene.refused(&call).await.0, "role");
    // Whom the policy does not name does not.
    let mut named = made::plan(HR);
    named.approval.approvers = vec!["ben@provider.example".to_owned()];
    let named = scene.waits(named, &[], clock::now()).await;
    let seal = scene.seal("ann", &named).await;
    let call = scene.press("ann", "approve", &seal, &none);
    assert_eq!(scene.refused(&call).await.0, "approver");
    // A confidential plan is not there for others, and is not told of.
    let hidden = scene
        .waits(made::plan(HR), &["ben@provider.example"], clock::now())
        .await;
    let seal = scene.seal("ann", &hidden).await;
    let call = scene.press("ann", "approve", &seal, &none);
    let (_, sentence) = scene.refused(&call).await;
    assert!(!sentence.contains("Nora"), "{sentence}");
    for plan in [plan, named, hidden] {
        scene.is_untouched(&plan).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_sent_a_card_and_lost_the_role_since_decides_nothing() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let (store, id) = (&scene.app.web.wiring.store, scene.id("ann").await);
    store
        .set_grants(&id, &[], "test", clock::now())
        .await
        .unwrap();
    let call = scene.press("ann", "approve", &seal, &json!({}));
    assert_eq!(scene.refused(&call).await.0, "role");
    scene.is_untouched(&plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approve_each_on_their_own_card() {
    let scene = Scene::new().await;
    let mut plan = made::plan(HR);
    plan.approval.people = 2;
    let plan = scene.waits(plan, &[], clock::now()).await;
    let (ann, ben) = (
        scene.seal("ann", &plan).await,
        scene.seal("ben", &plan).await,
    );
    let call = scene.press("ann", "approve", &ann, &json!({}));
    let text = scene.replaced(&call).await;
    assert!(text.contains("Approved by ann, "), "{text}");
    assert!(text.contains("It waits for 1 more approval."), "{text}");
    // Twice is not two.
    let again = scene.press("ann", "approve", &ann, &json!({}));
    let (code, sentence) = scene.refused(&again).await;
    assert_eq!(code, "already-approved", "{sentence}");
    assert_eq!(scene.approvals(&plan).await.len(), 1);
    let text = scene
        .replaced(&scene.press("ben", "approve", &ben, &json!({})))
        .await;
    assert!(text.contains("ann, ") && text.contains("; ben, "), "{text}");
    assert_eq!(scene.approvals(&plan).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_decides_for_a_colleague_is_named_with_them() {
    let scene = Scene::new().await;
    let mut plan = made::plan(HR);
    plan.approval.approvers = vec!["ann@provider.example".to_owned()];
    let plan = scene.waits(plan, &[], clock::now()).await;
    let lending = acts::delegate::Lending {
        to: "cyd@provider.example".to_owned(),
        tenant: None,
        begins: clock::now(),
        ends: clock::now() + SignedDuration::from_hours(24),
        reason: "on holiday".to_owned(),
    };
    let (wiring, ann) = (&scene.app.web.wiring, scene.id("ann").await);
    acts::delegate::lend(wiring, &ann, &lending).await.unwrap();
    let seal = scene.seal("cyd", &plan).await;
    let text = scene
        .replaced(&scene.press("cyd", "approve", &seal, &json!({})))
        .await;
    assert!(text.contains("Approved by cyd for ann, "), "{text}");
    let kept = scene.approvals(&plan).await;
    assert_eq!(kept[0].approval.by, "ann@provider.example");
    assert_eq!(
        kept[0].approval.through.as_deref(),
        Some("cyd@provider.example")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_too_late_is_told_why() {
    let scene = Scene::new().await;
    let none = json!({});
    // Decided already.
    let plan = scene.plan().await;
    let (ann, ben) = (
        scene.seal("ann", &plan).await,
        scene.seal("ben", &plan).await,
    );
    scene
        .replaced(&scene.press("ann", "approve", &ann, &none))
        .await;
    for (verb, inputs) in [
        ("approve", none.clone()),
        ("refuse", json!({ "comment": "no" })),
    ] {
        let text = scene
            .replaced(&scene.press("ben", verb, &ben, &inputs))
            .await;
        assert!(text.contains("Approved by ann, "), "{text}");
    }
    assert_eq!(scene.approvals(&plan).await.len(), 1);
    // Expired.
    let mut late = made::plan(HR);
    late.approval.expires_after_hours = Some(24);
    let day_before = clock::now() - SignedDuration::from_hours(25);
    let late = scene.waits(late, &[], day_before).await;
    let seal = scene.seal("ann", &late).await;
    let text = scene
        .replaced(&scene.press("ann", "approve", &seal, &none))
        .await;
    assert!(text.contains("Nobody decided in time"), "{text}");
    scene.is_untouched(&late).await;
    // Another version took its place: the button opens that one.
    let old = scene.plan().await;
    let newer = StoredPlan::seal(
        PlanId::new(clock::short_id('p')),
        old.plan.clone(),
        clock::now(),
        clock::now(),
    );
    let scope = TenantScope::of(&newer.plan.tenant);
    scene
        .app
        .web
        .wiring
        .store
        .add_plan(&scope, &newer)
        .await
        .unwrap();
    let seal = scene.seal("ann", &old).await;
    let text = scene
        .replaced(&scene.press("ann", "approve", &seal, &none))
        .await;
    assert!(
        text.contains("A newer version took the place of this plan"),
        "{text}"
    );
    assert!(text.contains(newer.id.as_str()), "{text}");
    scene.is_untouched(&newer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decided_on_the_short_code_of_a_digest() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let short = StoredPlan {
        digest: Digest::from(plan.digest.short()),
        ..plan.clone()
    };
    let seal = scene.seal("ann", &short).await;
    let call = scene.press("ann", "approve", &seal, &json!({}));
    let text = scene.replaced(&call).await;
    assert!(text.contains("It waits for a decision"), "{text}");
    scene.is_untouched(&plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_the_tenant_does_not_fit_any_more_says_what_changed() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let planned = plan.plan.steps[0].changes[0].clone();
    let seen = Seen {
        checks: Vec::new(),
        drifted: vec![Drifted {
            step: plan.plan.steps[0].key.clone(),
            summary: "Nora is blocked.".to_owned(),
            planned: Some(planned.clone()),
            fresh: Some(Change {
                now: json!("blocked"),
                ..planned
            }),
        }],
        voids: true,
    };
    let look = store::Look {
        plan: plan.id.clone(),
        said: serde_json::to_string(&seen).unwrap(),
        at: clock::now(),
    };
    let scope = TenantScope::provider();
    scene
        .app
        .web
        .wiring
        .store
        .put_look(&scope, &look)
        .await
        .unwrap();
    let seal = scene.seal("ann", &plan).await;
    let text = scene
        .replaced(&scene.press("ann", "approve", &seal, &json!({})))
        .await;
    assert!(text.contains("nobody can approve this version"), "{text}");
    assert!(
        text.contains("sign-in of nora.lindqvist@contoso.example changed, allowed → blocked"),
        "{text}"
    );
    scene.is_untouched(&plan).await;
}
