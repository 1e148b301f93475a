//! What our bot says by itself: cards into conversations it has been in before, and the question who somebody is.
//!
//! Source: Microsoft Learn, "Send proactive messages" and "Bot Framework REST: Conversations" (`POST
//! /v3/conversations/{id}/activities`, `GET /v3/conversations/{id}/members/{member}`).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use transport::{Reply, Request, Transport};
use uuid::Uuid;

use crate::Credential;
use crate::auth::{Identity, Tokens, check_tenant_id};
use crate::card::CONTENT_TYPE;
use crate::error::SetupError;
use crate::http::is_loopback;
use crate::meter::Meter;
use crate::sources::Sources;
use crate::teams::Posted;
use crate::webhook::retry_after;

use super::activity::Place;

/// The scope of the service's tokens.
const SCOPE: &str = "https://api.botframework.com/.default";
/// The same for the clouds of the United States' government.
const SCOPE_US: &str = "https://api.botframework.us/.default";
/// The hosts by which Teams is reached. A call that names another one is not answered there: our token would go with the answer.
const HOSTS: [&str; 4] = [
    "smba.trafficmanager.net",
    "smba.infra.gcc.teams.microsoft.com",
    "smba.infra.gov.teams.microsoft.us",
    "smba.infra.dod.teams.microsoft.us",
];

/// Which services may be spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Services {
    /// Those of Teams.
    Teams,
    /// One on this very machine alone, for a rehearsal.
    Loopback(String),
}

/// Who somebody is, in the words of the service itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The object id in their tenant.
    pub aad_object_id: Option<Uuid>,
    /// Their tenant.
    pub tenant_id: Option<Uuid>,
    /// The sign-in name, which only the tenant's admins give.
    #[serde(default)]
    pub user_principal_name: String,
}

/// Speaks for one bot.
pub struct Sender {
    tokens: Tokens,
    transport: Arc<dyn Transport>,
    scope: &'static str,
    services: Services,
}

impl Sender {
    /// The bot with this application id, registered in one tenant; `login` is the address that gives tokens.
    ///
    /// # Errors
    /// [`SetupError::Field`] for a tenant or a service that cannot be.
    pub fn new(
        (login, tenant): (&str, &str),
        app_id: Uuid,
        credential: Credential,
        services: Services,
        transport: Arc<dyn Transport>,
        sources: Sources,
    ) -> Result<Self, SetupError> {
        if let Services::Loopback(base) = &services {
            let url = Url::parse(base).ok().filter(is_loopback);
            url.ok_or_else(|| {
                SetupError::field(
                    "service",
                    "is for a service on this machine alone; leave it out",
                )
            })?;
        }
        let scope = if login.ends_with(".us") {
            SCOPE_US
        } else {
            SCOPE
        };
        let identity = Identity {
            login: login.trim_end_matches('/').to_owned(),
            tenant_id: check_tenant_id(tenant)?,
            client_id: app_id.to_string(),
            credential,
        };
        let meter = Arc::new(Meter::default());
        Ok(Self {
            tokens: Tokens::new(identity, Arc::clone(&transport), sources, meter),
            transport,
            scope,
            services,
        })
    }

    /// Puts a card into a conversation.
    pub async fn post_card(
        &self,
        service: &str,
        conversation: &str,
        card: &Value,
        now: Timestamp,
    ) -> Posted {
        let activity = json!({
            "type": "message",
            "attachments": [{ "contentType": CONTENT_TYPE, "content": card }],
        });
        let path = format!("v3/conversations/{}/activities", encode(conversation));
        let body = Bytes::from(activity.to_string());
        match self.call(service, Method::POST, &path, body).await {
            Ok(reply) => posted(&reply, now),
            Err(Trouble::Never(why)) => Posted::Refused { why },
            Err(Trouble::Later(why)) => Posted::TryAgain { after: None, why },
        }
    }

    /// Who somebody is, asked of the service: what a call says of a person's name is never believed.
    ///
    /// # Errors
    /// A sentence for the log.
    pub async fn member(&self, place: &Place) -> Result<Member, String> {
        let path = format!(
            "v3/conversations/{}/members/{}",
            encode(&place.conversation),
            encode(&place.person)
        );
        let reply = self.call(&place.service, Method::GET, &path, Bytes::new());
        let reply = reply.await.map_err(|trouble| match trouble {
            Trouble::Never(why) | Trouble::Later(why) => why,
        })?;
        if !reply.status.is_success() {
            return Err(format!(
                "Teams answered {} when asked who somebody is.",
                reply.status.as_u16()
            ));
        }
        serde_json::from_slice(&reply.body)
            .map_err(|_| "Teams did not say who somebody is.".to_owned())
    }

    async fn call(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Reply, Trouble> {
        let base = self.base(service).ok_or_else(|| {
            Trouble::Never("The conversation is carried by a service that is none of Teams; nothing is sent there.".to_owned())
        })?;
        let token = self.tokens.get(self.scope).await;
        let token = token.map_err(|error| match error.class {
            crate::Class::RetryAfter { .. } => Trouble::Later(error.message),
            _ => Trouble::Never(format!("The bot gets no token: {}", error.message)),
        })?;
        let mut headers = HeaderMap::new();
        let bearer = token
            .bearer()
            .map_err(|error| Trouble::Never(error.message))?;
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let request = Request {
            method,
            url: format!("{base}/{path}"),
            headers,
            body,
        };
        let reply = self.transport.send(request).await;
        let reply =
            reply.map_err(|failure| Trouble::Later(format!("Teams was not reached: {failure}")))?;
        if reply.status == http::StatusCode::UNAUTHORIZED {
            self.tokens.drop_refused(self.scope, &token).await;
        }
        Ok(reply)
    }

    /// The service's address, where it is one that may be spoken to.
    fn base(&self, service: &str) -> Option<String> {
        let service = service.trim_end_matches('/');
        match &self.services {
            Services::Loopback(base) => {
                (service == base.trim_end_matches('/')).then(|| service.to_owned())
            }
            Services::Teams => {
                let url = Url::parse(service).ok()?;
                let is_teams = url.scheme() == "https"
                    && url.port().is_none()
                    && url.username().is_empty()
                    && url.query().is_none()
                    && url.host_str().is_some_and(|host| HOSTS.contains(&host));
                is_teams.then(|| service.to_owned())
            }
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// Why nothing was sent.
enum Trouble {
    /// A person must act.
    Never(String),
    /// Not now.
    Later(String),
}

fn posted(reply: &Reply, now: Timestamp) -> Posted {
    let refused = |why: &str| Posted::Refused {
        why: why.to_owned(),
    };
    match reply.status.as_u16() {
        200..=299 => Posted::Accepted,
        403 | 404 => refused(
            "Teams answered that the bot is not in this conversation any more; whoever took it away adds it again in Teams.",
        ),
        413 => refused("Teams answered 413: the card is too large."),
        400 => refused("Teams answered 400: it does not take the card."),
        status => Posted::TryAgain {
            after: retry_after(&reply.headers, now),
            why: format!("Teams answered {status}."),
        },
    }
}

fn encode(part: &str) -> String {
    utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(services: Services) -> Sender {
        let secret = Credential::secret(secrecy::SecretString::from("x")).unwrap();
        let sources = Sources {
            now: Arc::new(|| Timestamp::UNIX_EPOCH),
            id: Arc::new(Uuid::nil),
            fraction: Arc::new(|| 0.0),
        };
        let transport = Arc::new(crate::HttpTransport::default());
        let at = ("https://login.microsoftonline.com", "contoso.example");
        Sender::new(at, Uuid::nil(), secret, services, transport, sources).unwrap()
    }

    #[test]
    fn our_token_goes_to_services_of_teams_alone() {
        let sender = sender(Services::Teams);
        for good in [
            "https://smba.trafficmanager.net/emea/",
            "https://smba.infra.gcc.teams.microsoft.com/teams",
        ] {
            assert!(sender.base(good).is_some(), "{good}");
        }
        for bad in [
            "http://smba.trafficmanager.net/emea/",
            "https://smba.trafficmanager.net.evil.example/",
            "https://evil.example/smba.trafficmanager.net",
            "https://smba.trafficmanager.net:8443/",
            "https://x@smba.trafficmanager.net/",
            "https://smba.trafficmanager.net/?a=",
            "http://127.0.0.1:8080",
            "",
        ] {
            assert!(sender.base(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_rehearsal_speaks_to_this_machine_alone() {
        let here = sender(Services::Loopback(
            "http://127.0.0.1:8080/teams/".to_owned(),
        ));
        assert!(here.base("http://127.0.0.1:8080/teams").is_some());
        assert!(here.base("https://smba.trafficmanager.net/emea/").is_none());
        assert!(here.base("http://127.0.0.1:8080/teams/../x").is_none());
    }
}
