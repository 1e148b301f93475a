//! A caller of the demo world, for the tests of Graph and of the token endpoint.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sim::world::{Group, Tenant, World};
use sim::{Faults, Sandbox, worlds};
use transport::{Failure, HeaderMap, HeaderName, HeaderValue, Method, Reply, Request, Transport};

pub(crate) const BASE: &str = "http://sandbox.test";
pub(crate) const GRAPH_SCOPE: &str = "https://graph.microsoft.com/.default";

/// When every test's clock starts.
pub(crate) fn start() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

/// The id of a thing in the cloud-only tenant.
pub(crate) fn contoso(what: &str) -> String {
    worlds::id(worlds::CONTOSO, what)
}

/// The id of a thing in the group-licensed tenant.
pub(crate) fn fabrikam(what: &str) -> String {
    worlds::id(worlds::FABRIKAM, what)
}

/// The demo world, changed for a test.
pub(crate) fn world(tenant: &str, change: impl FnOnce(&mut Tenant)) -> World {
    let mut world = worlds::demo(start());
    change(world.tenants.get_mut(tenant).unwrap());
    world
}

/// A caller with a token for Graph in one tenant.
pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) tenant: String,
    token: String,
}

/// A reply taken apart.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
}

impl Got {
    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or("")
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("")
    }

    /// One property of every item of a list, sorted.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let items = self.body["value"].as_array().cloned().unwrap_or_default();
        let mut out: Vec<String> = items
            .iter()
            .map(|item| item[name].as_str().unwrap_or("").to_owned())
            .collect();
        out.sort();
        out
    }
}

impl From<Reply> for Got {
    fn from(reply: Reply) -> Self {
        let body = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        Self {
            status: reply.status.as_u16(),
            body,
            headers: reply.headers,
        }
    }
}

impl Client {
    pub(crate) async fn of(world: World, faults: Faults, tenant: &str) -> Self {
        let sandbox = Sandbox::new(world, faults, 11, start());
        Self::on(sandbox, tenant).await
    }

    /// A caller of an existing sandbox.
    pub(crate) async fn on(sandbox: Sandbox, tenant: &str) -> Self {
        let got = token(
            &sandbox,
            tenant,
            worlds::CLIENT_ID,
            worlds::CLIENT_SECRET,
            GRAPH_SCOPE,
        )
        .await;
        let token = got.body["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        Self {
            sandbox,
            tenant: tenant.to_owned(),
            token,
        }
    }

    /// The demo world's cloud-only tenant, without lag and noise.
    pub(crate) async fn calm() -> Self {
        Self::of(worlds::demo(start()), Faults::calm(), worlds::CONTOSO).await
    }

    /// The calm cloud-only tenant with these Graph permissions only.
    pub(crate) async fn with_roles(roles: &[&str]) -> Self {
        let world = world(worlds::CONTOSO, |tenant| {
            tenant.apps.get_mut(worlds::CLIENT_ID).unwrap().graph_roles =
                roles.iter().map(|role| (*role).to_owned()).collect();
        });
        Self::of(world, Faults::calm(), worlds::CONTOSO).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Result<Got, Failure> {
        let mut all = HeaderMap::new();
        all.insert(
            "authorization",
            HeaderValue::try_from(format!("Bearer {}", self.token)).unwrap(),
        );
        all.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            all.insert(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::try_from(*value).unwrap(),
            );
        }
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{BASE}/graph/v1.0{path}")
        };
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request {
            method,
            url,
            headers: all,
            body: body.into(),
        };
        self.sandbox.send(request).await.map(Got::from)
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, Value::Null, &[])
            .await
            .unwrap()
    }

    pub(crate) async fn get_eventual(&self, path: &str) -> Got {
        self.send(
            Method::GET,
            path,
            Value::Null,
            &[("consistencylevel", "eventual")],
        )
        .await
        .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Got {
        self.send(Method::POST, path, body, &[]).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Got {
        self.send(Method::PATCH, path, body, &[]).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.send(Method::DELETE, path, Value::Null, &[])
            .await
            .unwrap()
    }

    /// Ground truth of this caller's tenant.
    pub(crate) fn truth(&self) -> Tenant {
        self.sandbox.world().tenants[&self.tenant].clone()
    }

    pub(crate) fn group(&self, id: &str) -> Group {
        self.truth().groups[id].clone()
    }
}

/// `{"@odata.id": …}` as a caller of another cloud would write it.
pub(crate) fn link(id: &str) -> Value {
    json!({"@odata.id": format!("https://graph.microsoft.us/v1.0/directoryObjects/{id}")})
}

pub(crate) async fn token(
    sandbox: &Sandbox,
    tenant: &str,
    client: &str,
    secret: &str,
    scope: &str,
) -> Got {
    let form = format!(
        "client_id={client}&grant_type=client_credentials&scope={}&client_secret={secret}",
        scope.replace(':', "%3A").replace('/', "%2F")
    );
    form_post(sandbox, tenant, form).await
}

pub(crate) async fn form_post(sandbox: &Sandbox, tenant: &str, form: String) -> Got {
    let request = Request {
        method: Method::POST,
        url: format!("{BASE}/login/{tenant}/oauth2/v2.0/token"),
        headers: HeaderMap::new(),
        body: form.into(),
    };
    sandbox.send(request).await.unwrap().into()
}

pub(crate) async fn wait(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}
