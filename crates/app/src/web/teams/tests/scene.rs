//! An app with a bot and its operators, and the calls that Teams makes for them.

use super::framework::{APP, HOME, Service, object};
use crate::clock;
use crate::config::Config;
use crate::telling::Carried;
use crate::web::plan::tests as made;
use crate::web::tests::Reply;
use crate::web::tests::TestApp;
use axum::http::StatusCode;
use domain::OperatorId;
use domain::PlanId;
use domain::access::Grant;
use domain::access::Role;
use domain::plan::Plan;
use domain::plan::StoredPlan;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;
use store::Approved;
use store::TenantScope;

pub(super) const ROUTE: &str = "/api/teams/messages";
pub(super) const HR: &str = "hr@contoso.example";
pub(super) const WIPE: &str = "wipe-device";

/// An app with a bot, Ann and Ben who approve, and Cyd who only reads.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) service: Arc<Service>,
    _folder: tempfile::TempDir,
}

pub(super) fn grant(role: Role) -> Grant {
    Grant { tenant: None, role }
}

impl Scene {
    pub(super) async fn new() -> Self {
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

    pub(super) async fn id(&self, name: &str) -> OperatorId {
        let email = format!("{name}@provider.example");
        let found = self.app.web.wiring.store.operator_by_email(&email).await;
        found.unwrap().unwrap().id
    }

    /// A plan that waits, and its request.
    pub(super) async fn waits(
        &self,
        plan: Plan,
        confidential: &[&str],
        made_at: Timestamp,
    ) -> StoredPlan {
        let id = PlanId::new(clock::short_id('p'));
        let scope = TenantScope::of(&plan.tenant);
        let request = made::request(&plan, confidential);
        let stored = StoredPlan::seal(id, plan, made_at, made_at);
        let store = &self.app.web.wiring.store;
        let kept = store.add_request_with_plan(&scope, &request, &stored, made_at);
        kept.await.unwrap();
        stored
    }

    pub(super) async fn plan(&self) -> StoredPlan {
        self.waits(made::plan(HR), &[], clock::now()).await
    }

    /// What a card for somebody carries.
    pub(super) async fn seal(&self, name: &str, plan: &StoredPlan) -> String {
        let store = &self.app.web.wiring.store;
        let operator = store.operator(&self.id(name).await).await.unwrap();
        Carried::of(plan, &operator).seal(store).unwrap()
    }

    /// The call of a press in the conversation that Ann, or whoever it is, has with the bot.
    pub(super) fn press(&self, name: &str, verb: &str, seal: &str, inputs: &Value) -> Value {
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
    pub(super) fn call(&self, name: &str, kind: &str) -> Value {
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

    pub(super) async fn send(&self, token: &str, call: &Value) -> Reply {
        let request = self.app.request("POST", ROUTE, None);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.app.call(request, call.to_string()).await
    }

    /// The answer to a genuine call.
    pub(super) async fn answer(&self, call: &Value) -> Value {
        let reply = self.send(&self.service.token(), call).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        serde_json::from_str(&reply.text).unwrap()
    }

    /// The text of the card that takes the place of the one that was pressed.
    pub(super) async fn replaced(&self, call: &Value) -> String {
        let answer = self.answer(call).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
        assert_eq!(answer["type"], "application/vnd.microsoft.card.adaptive");
        // Nothing can be pressed any more.
        let text = answer["value"].to_string();
        assert!(!text.contains("Action.Execute"), "{text}");
        text
    }

    /// The code and the sentence of a refusal that leaves the card.
    pub(super) async fn refused(&self, call: &Value) -> (String, String) {
        let answer = self.answer(call).await;
        assert_eq!(answer["statusCode"], 400, "{answer}");
        let text = |name: &str| answer["value"][name].as_str().unwrap().to_owned();
        (text("code"), text("message"))
    }

    pub(super) async fn approvals(&self, plan: &StoredPlan) -> Vec<Approved> {
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

    pub(super) async fn is_untouched(&self, plan: &StoredPlan) {
        assert!(self.approvals(plan).await.is_empty());
        let scope = TenantScope::provider();
        let refusal = self.app.web.wiring.store.refusal(&scope, &plan.id).await;
        assert_eq!(refusal.unwrap(), None);
    }
}
