//! The app as it is called from outside: the routes, walked one by one.

mod ids;
mod people;
mod safety;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use domain::access::{Grant, Role};
use domain::{OperatorId, TenantId};
use store::{Credential, NewOperator, NewSession, NewTenant, Secret, TenantScope};
use tower::ServiceExt as _;

use super::Web;
use crate::clock;
use crate::config::Config;
use crate::sign_in::token::{self, Kind};
use crate::wiring::Wiring;

/// An app over a store of its own, with two tenants that nobody ever calls.
pub(crate) struct TestApp {
    pub(crate) web: Web,
    router: Router,
    folder: tempfile::TempDir,
}

/// An operator's session, as a browser holds it.
#[derive(Clone)]
pub(crate) struct Session {
    cookie: String,
    csrf: String,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::over(Config::default()).await
    }

    /// An app with this configuration, but for where its store is.
    pub(crate) async fn over(config: Config) -> Self {
        Self::at(config, "global", "11111111-1111-4111-8111-111111111111").await
    }

    /// As [`Self::over`], with `contoso` in this cloud and directory.
    pub(crate) async fn at(mut config: Config, cloud: &str, directory: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        config.store.url = format!("sqlite:{}", folder.path().join("tenure.db").display());
        let wiring = Arc::new(Wiring::open(&config).await.unwrap());
        for (name, directory) in [
            ("contoso", directory),
            ("fabrikam", "22222222-2222-4222-8222-222222222222"),
        ] {
            let new = NewTenant {
                name: TenantId::from(name),
                directory: directory.to_owned(),
                cloud: cloud.to_owned(),
                client: sim::worlds::CLIENT_ID.to_owned(),
                credential: Credential::Secret(Secret::new("not a real one")),
                at: clock::now(),
            };
            wiring
                .store
                .add_tenant(&TenantScope::provider(), &new)
                .await
                .unwrap();
        }
        let web = Web::new(wiring, config.server.clone()).unwrap();
        Self {
            router: crate::web::app(&web),
            web,
            folder,
        }
    }

    /// Where its store is.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The app itself, for what is read piece by piece.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Signs somebody in who holds this.
    pub(crate) async fn operator(&self, name: &str, grants: &[Grant]) -> Session {
        let store = &self.web.wiring.store;
        let id = OperatorId::new(clock::short_id('o'));
        let email = format!("{name}@provider.example");
        let new = NewOperator {
            id: id.clone(),
            name: name.to_owned(),
            email,
            zone: None,
            at: clock::now(),
        };
        store.add_operator(&new).await.unwrap();
        store
            .set_grants(&id, grants, "test", clock::now())
            .await
            .unwrap();
        let (value, _) = token::make(Kind::Session, |bytes| rand::fill(bytes));
        let value = secrecy::ExposeSecret::expose_secret(&value).to_owned();
        let session = NewSession {
            id: clock::short_id('s'),
            token: Secret::new(value.as_str()),
            csrf: Secret::new("the session's own token"),
            operator: id,
            at: clock::now(),
            expires_at: clock::now() + jiff::SignedDuration::from_hours(1),
            agent: "test".to_owned(),
            network: "127.0.0.1".to_owned(),
        };
        store.open_session(&session).await.unwrap();
        Session {
            cookie: format!("tenure={value}"),
            csrf: "the session's own token".to_owned(),
        }
    }

    /// Somebody with one role in one tenant.
    pub(crate) async fn holder(&self, role: Role, tenant: Option<&str>) -> Session {
        let name = format!("{}-{}", role.word(), clock::short_id('n'));
        let grant = Grant {
            tenant: tenant.map(TenantId::from),
            role,
        };
        self.operator(&name, &[grant]).await
    }

    /// Reads an address.
    pub(crate) async fn get(&self, path: &str, session: Option<&Session>) -> Reply {
        self.call(self.request("GET", path, session), String::new())
            .await
    }

    /// Sends a form with the session's token.
    pub(crate) async fn post(&self, path: &str, session: &Session, form: &[(&str, &str)]) -> Reply {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &session.csrf).extend_pairs(form);
        self.call(self.request("POST", path, Some(session)), body.finish())
            .await
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        session: Option<&Session>,
    ) -> axum::http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(session) = session {
            request = request.header(header::COOKIE, &session.cookie);
        }
        request
    }

    pub(crate) async fn call(&self, request: axum::http::request::Builder, body: String) -> Reply {
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = value.to_str().unwrap_or_default().to_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let bytes = to_bytes(response.into_body(), 8 * 1024 * 1024)
            .await
            .unwrap();
        Reply {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
