//! Asks the provider: https (plain http to this very machine only), no redirect, little time, little memory.

use std::net::IpAddr;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::de::DeserializeOwned;
use url::Url;

use super::refusal::Refusal;

/// What a provider may take of us.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// For a whole exchange: a person waits for it.
    pub(crate) time: Duration,
    /// Of one answer. Discovery and keys of the large providers are under 40 KiB.
    pub(crate) bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            bytes: 256 * 1024,
        }
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// Not encrypted.
    #[error("its address is not https")]
    Plain,
    /// It wants to send us elsewhere.
    #[error("it redirects, which is not followed")]
    Redirect,
    /// Too much.
    #[error("its answer is larger than is taken")]
    Large,
    /// Too slow.
    #[error("it did not answer in time")]
    Slow,
    /// Another status than 200.
    #[error("it answered with status {0}")]
    Status(u16),
    /// No connection, or a cut one.
    #[error("no connection")]
    Connection,
}

/// The client for one provider.
#[derive(Debug)]
pub(crate) struct Fetch {
    client: Client,
    plain: bool,
    bounds: Bounds,
}

impl Fetch {
    /// For this issuer.
    ///
    /// # Errors
    /// An issuer that is neither https nor on this machine, or a machine without root certificates.
    pub(crate) fn new(issuer: &Url, bounds: Bounds) -> Result<Self, Refusal> {
        let plain = match issuer.scheme() {
            "https" => false,
            "http" if is_loopback(issuer) => true,
            _ => {
                let what = "issuer must be https (plain http only for localhost)".to_owned();
                return Err(Refusal::Configuration(what));
            }
        };
        let builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .timeout(bounds.time)
            .user_agent("Tenure");
        let builder = if plain {
            // A proxy would carry the plain text off this machine.
            builder.no_proxy().tls_certs_only([])
        } else {
            builder
        };
        let client = builder.build().map_err(|error| {
            Refusal::Configuration(format!("the HTTP client cannot start: {error}"))
        })?;
        Ok(Self {
            client,
            plain,
            bounds,
        })
    }

    /// Whether we or the browser may go there: https, or plain on this machine when the issuer itself is.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        url.scheme() == "https" || (self.plain && url.scheme() == "http" && is_loopback(url))
    }

    /// One exchange, for openidconnect.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let request = reqwest::Request::try_from(request).map_err(|_| Failure::Connection)?;
        if !self.allows(request.url()) {
            return Err(Failure::Plain);
        }
        let mut response = self.client.execute(request).await.map_err(failure)?;
        if response.status().is_redirection() {
            return Err(Failure::Redirect);
        }
        let body = self.body(&mut response).await?;
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = response.status();
        *answer.headers_mut() = response.headers().clone();
        Ok(answer)
    }

    /// A JSON document; `bearer` for the endpoint that asks for the access token.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        what: &'static str,
        url: &Url,
        bearer: Option<&str>,
    ) -> Result<T, Refusal> {
        let unread = |why| Refusal::Unread { what, why };
        if !self.allows(url) {
            return Err(unread(Failure::Plain));
        }
        let mut request = self.client.get(url.clone());
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let mut response = request
            .header("Accept", "application/json")
            .send()
            .await
            .map_err(|error| unread(failure(error)))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(unread(Failure::Redirect));
        }
        if status != 200 {
            return Err(unread(Failure::Status(status.as_u16())));
        }
        let body = self.body(&mut response).await.map_err(unread)?;
        serde_json::from_slice(&body).map_err(|_| Refusal::Garbled(what))
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > self.bounds.bytes {
                return Err(Failure::Large);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failure(error: reqwest::Error) -> Failure {
    if error.is_timeout() {
        Failure::Slow
    } else {
        Failure::Connection
    }
}

/// Whether the URL's host is this very machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    })
}
