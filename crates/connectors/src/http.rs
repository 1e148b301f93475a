//! The HTTP client of production: carries requests to real servers and tells "never sent" from "may have happened".

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use transport::{Failure, Reply, Request, Transport};

/// A reply larger than this is refused: no answer we ask for comes near it, and memory is shared by all tenants.
const BODY_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// How long the client waits before it gives up.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// For the whole exchange. Exchange cmdlets are slow, so this is minutes rather than seconds.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(180),
        }
    }
}

/// Sends over HTTPS with rustls; plain HTTP only to this very machine. Follows no redirect and repeats nothing.
pub struct HttpTransport {
    timeouts: Timeouts,
    // Built on first use: a machine without a certificate store can still talk to a sandbox on loopback.
    secure: OnceLock<Result<Client, String>>,
    loopback: OnceLock<Result<Client, String>>,
}

impl HttpTransport {
    /// A transport with these timeouts; connections are opened on first use.
    #[must_use]
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            timeouts,
            secure: OnceLock::new(),
            loopback: OnceLock::new(),
        }
    }

    fn client(&self, url: &Url) -> Result<&Client, String> {
        let plain = match url.scheme() {
            "https" => false,
            "http" if is_loopback(url) => true,
            "http" => {
                let host = url.host_str().unwrap_or_default();
                return Err(format!(
                    "plain http is allowed to this machine only (localhost, 127.0.0.1, ::1), not to {host}: use https"
                ));
            }
            other => return Err(format!("{other} is no scheme for an API: use https")),
        };
        let built = if plain {
            self.loopback.get_or_init(|| {
                // A proxy would carry the plain text off this machine.
                build(self.base().no_proxy().tls_certs_only([]))
            })
        } else {
            self.secure.get_or_init(|| build(self.base()))
        };
        built.as_ref().map_err(Clone::clone)
    }

    fn base(&self) -> ClientBuilder {
        Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.total)
            .user_agent("Tenure")
    }
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new(Timeouts::default())
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Reply, Failure> {
        let url = Url::parse(&request.url)
            .map_err(|e| Failure::NotSent(format!("the URL is not valid: {e}")))?;
        let client = self.client(&url).map_err(Failure::NotSent)?;
        let mut response = client
            .request(request.method, url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(failure)?;
        let status = response.status();
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|e| Failure::Cut(reason(e)))?
        {
            if body.len() + chunk.len() > BODY_LIMIT_BYTES {
                return Err(Failure::Cut("the reply is larger than 64 MiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            headers,
            body: Bytes::from(body),
        })
    }
}

/// Whether the URL's host is this very machine.
#[must_use]
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    host.trim_matches(['[', ']'])
        .parse::<IpAddr>()
        .is_ok_and(|ip| ip.is_loopback())
}

fn build(builder: ClientBuilder) -> Result<Client, String> {
    builder
        .build()
        .map_err(|e| format!("the HTTP client cannot start: {}", reason(e)))
}

fn failure(error: reqwest::Error) -> Failure {
    // Only a failed connection (DNS, TCP, TLS) proves that no byte of the request left. All else may have happened.
    if error.is_connect() || error.is_builder() {
        Failure::NotSent(reason(error))
    } else {
        Failure::Cut(reason(error))
    }
}

/// The innermost cause, which is what a person can act on; the URL is left out because it may name a person.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
