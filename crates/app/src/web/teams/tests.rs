//! The bot's route, called with real RS256 tokens of a Bot Framework on this machine: what it does, and everything it refuses.

mod framework;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use domain::access::{Grant, Role};
use domain::plan::{Digest, Plan, StoredPlan};
use domain::spec::Change;
use domain::{OperatorId, PlanId, StepKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::{Approved, TenantScope};

use self::framework::{APP, HOME, Service, Signer, object};
use crate::acts::look::{Drifted, Seen};
use crate::config::Config;
use crate::telling::Carried;
use crate::web::plan::tests as made;
use crate::web::tests::{Reply, TestApp};
use crate::{acts, clock, delivering, telling};

const ROUTE: &str = "/api/teams/messages";
const HR: &str = "hr@contoso.example";
const WIPE: &str = "wipe-device";

/// An app with a bot, Ann and Ben who approve, and Cyd who only reads.
struct Scene {
    app: TestApp,
    service: Arc<Service>,
    _folder: tempfile::TempDir,
}

fn grant(role: Role) -> Grant {
    Grant { tenant: None, role }
}

impl Scene {
    async fn new() -> Self {
        let service = Service::start().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("bot-secret"), "not-a-real-one").unwrap();
        let here = format!("http://{}", service.at);
        let text = format!(
            "[server]\nurl = \"https://tenure.provider.example\"\n[notify.bot]\napp-id = \"{APP}\"\ntenant = \"{HOME}\"\n\
             secret-file = \"bot-secret\"\nlogin = \"{here}/login\"\nmetadata = \"{here}/metadata\"\nservice = \"{}\"\n",
            service.url()
        );
        std::fs::write(at("tenure.toml"), text).unwrap();
        let config = Config::load(Some(&at("tenure.toml"))).unwrap();
        let app = TestApp::over(config).await;
        for (name, role) in [
            ("ann", Role::Approver),
            ("ben", Role::Approver),
            ("cyd", Role::Viewer),
        ] {
            app.operator(name, &[grant(role)]).await;
        }
        Self {
            app,
            service,
            _folder: folder,
        }
    }

    async fn id(&self, name: &str) -> OperatorId {
        let email = format!("{name}@provider.example");
        let found = self.app.web.wiring.store.operator_by_email(&email).await;
        found.unwrap().unwrap().id
    }

    /// A plan that waits, and its request.
    async fn waits(&self, plan: Plan, confidential: &[&str], made_at: Timestamp) -> StoredPlan {
        let id = PlanId::new(clock::short_id('p'));
        let scope = TenantScope::of(&plan.tenant);
        let request = made::request(&plan, confidential);
        let stored = StoredPlan::seal(id, plan, made_at, made_at);
        let store = &self.app.web.wiring.store;
        let kept = store.add_request_with_plan(&scope, &request, &stored, made_at);
        kept.await.unwrap();
        stored
    }

    async fn plan(&self) -> StoredPlan {
        self.waits(made::plan(HR), &[], clock::now()).await
    }

    /// What a card for somebody carries.
    async fn seal(&self, name: &str, plan: &StoredPlan) -> String {
        let store = &self.app.web.wiring.store;
        let operator = store.operator(&self.id(name).await).await.unwrap();
        Carried::of(plan, &operator).seal(store).unwrap()
    }

    /// The call of a press in the conversation that Ann, or whoever it is, has with the bot.
    fn press(&self, name: &str, verb: &str, seal: &str, inputs: &Value) -> Value {
        let mut data = json!({ "tenure": { "seal": seal } });
        for (id, value) in inputs.as_object().unwrap() {
            data[id] = value.clone();
        }
        let mut call = self.call(name, "invoke");
        call["name"] = json!("adaptiveCard/action");
        call["value"] =
            json!({ "action": { "type": "Action.Execute", "verb": verb, "data": data } });
        call
    }

    /// A call of Teams.
    fn call(&self, name: &str, kind: &str) -> Value {
        json!({
            "type": kind,
            "id": clock::short_id('f'),
            "channelId": "msteams",
            "serviceUrl": format!("{}/", self.service.url()),
            "from": { "id": format!("29:{name}"), "aadObjectId": object(name), "name": "Ben" },
            "conversation": { "id": format!("a:{name}"), "tenantId": HOME, "conversationType": "personal" },
            "channelData": { "tenant": { "id": HOME } },
        })
    }

    async fn send(&self, token: &str, call: &Value) -> Reply {
        let request = self.app.request("POST", ROUTE, None);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.app.call(request, call.to_string()).await
    }

    /// The answer to a genuine call.
    async fn answer(&self, call: &Value) -> Value {
        let reply = self.send(&self.service.token(), call).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        serde_json::from_str(&reply.text).unwrap()
    }

    /// The text of the card that takes the place of the one that was pressed.
    async fn replaced(&self, call: &Value) -> String {
        let answer = self.answer(call).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
        assert_eq!(answer["type"], "application/vnd.microsoft.card.adaptive");
        // Nothing can be pressed any more.
        let text = answer["value"].to_string();
        assert!(!text.contains("Action.Execute"), "{text}");
        text
    }

    /// The code and the sentence of a refusal that leaves the card.
    async fn refused(&self, call: &Value) -> (String, String) {
        let answer = self.answer(call).await;
        assert_eq!(answer["statusCode"], 400, "{answer}");
        let text = |name: &str| answer["value"][name].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    }

    async fn approvals(&self, plan: &StoredPlan) -> Vec<Approved> {
        let scope = TenantScope::provider();
        let mut kept = self
            .app
            .web
            .wiring
            .store
            .approvals(&scope, &plan.id)
            .await
            .unwrap();
        kept.retain(|one| one.taken_back.is_none());
        kept
    }

    async fn is_untouched(&self, plan: &StoredPlan) {
        assert!(self.approvals(plan).await.is_empty());
        let scope = TenantScope::provider();
        let refusal = self.app.web.wiring.store.refusal(&scope, &plan.id).await;
        assert_eq!(refusal.unwrap(), None);
    }
}

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
async fn no_token_that_is_not_genuine_gets_in() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let call = scene.press("ann", "approve", &seal, &json!({}));
    let now = clock::now().as_second();
    let with = |name: &str, value: Value| {
        let mut claims = scene.service.claims();
        claims[name] = value;
        scene.service.signer.token(&claims)
    };
    let good = scene.service.token();
    let (_, signature) = good.rsplit_once('.').unwrap();
    let (unsigned, _) = with("aud", json!(APP))
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let tokens = [
        ("audience", with("aud", json!(HOME))),
        ("issuer", with("iss", json!("https://sts.windows.net/x/"))),
        ("expired", with("exp", json!(now - 600))),
        ("not yet", with("nbf", json!(now + 600))),
        (
            "serviceurl",
            with("serviceurl", json!("https://evil.example/teams")),
        ),
        ("no serviceurl", with("serviceurl", Value::Null)),
        (
            "wrong key",
            Signer::new("key-1").token(&scene.service.claims()),
        ),
        (
            "unknown key",
            Signer::new("key-2").token(&scene.service.claims()),
        ),
        ("another's signature", format!("{unsigned}x.{signature}")),
        (
            "none",
            format!(
                "eyJhbGciOiJub25lIn0.{}.",
                unsigned.split('.').nth(1).unwrap()
            ),
        ),
        ("no token", "nothing".to_owned()),
    ];
    for (what, token) in tokens {
        let reply = scene.send(&token, &call).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(reply.text, "", "{what}: nothing is told");
    }
    // A genuine token, and a body that would turn our answers elsewhere.
    let mut turned = call.clone();
    turned["serviceUrl"] = json!("https://evil.example/teams");
    let reply = scene.send(&good, &turned).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let bare = scene.app.request("POST", ROUTE, None);
    let reply = scene.app.call(bare, call.to_string()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    scene.is_untouched(&plan).await;
    // The same call with the genuine token does it: nothing else was in the way.
    scene.replaced(&call).await;
    assert_eq!(scene.approvals(&plan).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_open_the_bots_door_and_its_token_opens_no_other() {
    let scene = Scene::new().await;
    let admin = scene.app.holder(Role::Admin, None).await;
    let reply = scene.app.post(ROUTE, &admin, &[]).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let token = format!("Bearer {}", scene.service.token());
    let request = scene.app.request("GET", "/api/v1/me", None);
    let reply = scene
        .app
        .call(request.header("authorization", token), String::new())
        .await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_bot_is_configured_there_is_none() {
    let app = TestApp::new().await;
    let request = app.request("POST", ROUTE, None);
    let request = request.header("authorization", "Bearer x.y.z");
    let reply = app.call(request, "{}".to_owned()).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_repeated_does_nothing_again() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let call = scene.press("ann", "approve", &seal, &json!({}));
    scene.replaced(&call).await;
    let wiring = &scene.app.web.wiring;
    let (scope, ann) = (TenantScope::provider(), "ann@provider.example");
    let taken = acts::approve::take_back(wiring, &scope, &plan.id, ann).await;
    taken.unwrap();
    // What was taken back does not come back by sending the old press once more.
    let text = scene.replaced(&call).await;
    assert!(text.contains("It waits for a decision"), "{text}");
    scene.is_untouched(&plan).await;
    // A press that has no id cannot be told from a repeated one.
    let mut nameless = scene.press("ann", "approve", &seal, &json!({}));
    nameless["id"] = json!("");
    scene.replaced(&nameless).await;
    scene.is_untouched(&plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_ours_and_for_whom_it_was_sent_to() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let none = json!({});
    let mut spoilt = seal.clone();
    let other = if seal.as_bytes()[40] == b'A' {
        "B"
    } else {
        "A"
    };
    spoilt.replace_range(40..41, other);
    for (who, seal) in [
        ("ben", seal.as_str()),
        ("ann", ""),
        ("ann", plan.digest.as_str()),
        ("ann", &spoilt),
    ] {
        let call = scene.press(who, "approve", seal, &none);
        let (code, sentence) = scene.refused(&call).await;
        assert_eq!(code, "card", "{who}: {sentence}");
    }
    let call = scene.press("ann", "delete", &seal, &none);
    assert_eq!(scene.refused(&call).await.0, "card");
    scene.is_untouched(&plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_of_another_organisation_or_no_operator_decides_nothing() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let seal = scene.seal("ann", &plan).await;
    let mut call = scene.press("ann", "approve", &seal, &json!({}));
    for place in ["conversation", "channelData"] {
        let id = json!("11111111-1111-4111-8111-111111111111");
        match place {
            "conversation" => call[place]["tenantId"] = id,
            _ => call[place]["tenant"]["id"] = id,
        }
    }
    assert_eq!(scene.refused(&call).await.0, "other-directory");
    let unknown = scene.press("zoe", "approve", &seal, &json!({}));
    assert_eq!(scene.refused(&unknown).await.0, "no-operator");
    // Whoever calls as somebody else than the service says is nobody.
    let mut posing = scene.press("ann", "approve", &seal, &json!({}));
    posing["from"]["aadObjectId"] = json!(object("zoe"));
    assert_eq!(scene.refused(&posing).await.0, "no-operator");
    let mut posing = scene.press("zoe", "approve", &seal, &json!({}));
    posing["from"]["aadObjectId"] = json!(object("ann"));
    assert_eq!(scene.refused(&posing).await.0, "no-operator");
    scene.is_untouched(&plan).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_remembers_operators_who_opened_it_until_they_take_it_away() {
    let scene = Scene::new().await;
    let store = &scene.app.web.wiring.store;
    let heard = async |call: Value| {
        let reply = scene.send(&scene.service.token(), &call).await;
        assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
        store.conversations().await.unwrap()
    };
    // Nobody that we know, a group, another organisation.
    assert!(heard(scene.call("zoe", "message")).await.is_empty());
    let mut group = scene.call("ann", "message");
    group["conversation"]["conversationType"] = json!("groupChat");
    assert!(heard(group).await.is_empty());
    let mut other = scene.call("ann", "message");
    other["conversation"] = json!({ "id": "a:ann", "conversationType": "personal" });
    other["channelData"]["tenant"]["id"] = json!(APP);
    assert!(heard(other).await.is_empty());
    let known = heard(scene.call("ann", "installationUpdate")).await;
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].operator, scene.id("ann").await);
    assert_eq!(known[0].conversation, "a:ann");
    heard(scene.call("ann", "message")).await;
    let mut gone = scene.call("ann", "installationUpdate");
    gone["action"] = json!("remove");
    assert!(heard(gone).await.is_empty());
}

/// The seal in the data of a card's approving button.
fn seal_of(card: &Value) -> String {
    let data = &card["actions"][0]["data"]["tenure"]["seal"];
    data.as_str().unwrap_or_else(|| panic!("{card}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opened_the_bot_is_sent_a_card_once_and_decides_in_it() {
    let scene = Scene::new().await;
    for name in ["ann", "cyd"] {
        scene
            .send(&scene.service.token(), &scene.call(name, "message"))
            .await;
    }
    let plan = scene.plan().await;
    let wiring = &scene.app.web.wiring;
    let arrived = async {
        while scene.service.posted.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Time for another one, which must not come.
        tokio::time::sleep(Duration::from_secs(3)).await;
    };
    let both = futures::future::join(telling::go_on(wiring), delivering::go_on(wiring));
    tokio::select! {
        _ = both => unreachable!("they go on for ever"),
        arrived = tokio::time::timeout(Duration::from_secs(30), arrived) => arrived.unwrap(),
    }
    // Ann approves; Cyd only reads; Ben has never opened the bot.
    let posted = scene.service.posted.lock().unwrap().clone();
    assert_eq!(posted.len(), 1, "{posted:?}");
    let (conversation, card) = &posted[0];
    assert_eq!(conversation, "a:ann");
    let text = card.to_string();
    assert!(text.contains("Offboard Nora Lindqvist"), "{text}");
    assert!(
        text.contains("\"Input.Toggle\"") && text.contains(WIPE),
        "{text}"
    );
    assert!(text.contains("\"isRequired\":true"), "{text}");
    let call = scene.press("ann", "approve", &seal_of(card), &json!({ WIPE: "true" }));
    let text = scene.replaced(&call).await;
    assert!(text.contains("Approved by ann, "), "{text}");
    assert_eq!(
        scene.approvals(&plan).await[0].approval.apart,
        [StepKey::from(WIPE)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_a_card_again_sees_how_it_stands() {
    let scene = Scene::new().await;
    let plan = scene.plan().await;
    let (ann, ben) = (
        scene.seal("ann", &plan).await,
        scene.seal("ben", &plan).await,
    );
    // It still waits: the same buttons, and nothing was decided by looking.
    let look = scene.press("ben", "refresh", &ben, &json!({ WIPE: "true" }));
    for _ in 0..2 {
        let answer = scene.answer(&look).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
        let card = &answer["value"];
        assert_eq!(card["refresh"]["action"]["verb"], "refresh", "{card}");
        let again = scene.press("ben", "refresh", &seal_of(card), &json!({}));
        assert_eq!(scene.answer(&again).await["statusCode"], 200);
    }
    scene.is_untouched(&plan).await;
    // Somebody else's card is not looked at.
    let other = scene.press("ben", "refresh", &ann, &json!({}));
    assert_eq!(scene.refused(&other).await.0, "card");
    let press = scene.press("ann", "approve", &ann, &json!({}));
    scene.replaced(&press).await;
    let text = scene.replaced(&look).await;
    assert!(text.contains("Approved by ann, "), "{text}");
}
