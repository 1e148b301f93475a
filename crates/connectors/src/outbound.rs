//! The one guard for every URL that somebody configures: webhooks, Teams workflows, an OIDC issuer.
//!
//! A URL in a form is a way to make this server speak to its own neighbours (server-side request forgery). So the text is
//! checked when it is saved ([`Address::parse`]), and each request resolves the name once, judges every address that came
//! back, and connects to exactly those: an answer that changes between check and use (DNS rebinding) finds no gap.

mod problem;
mod range;
mod resolve;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::http::{Timeouts, is_loopback};
pub use problem::{Problem, What};
use resolve::{Guard, Reach, judged};
pub use resolve::{Lookup, SystemLookup};

/// Of an answer this much is read, 64 KiB; a receiver has nothing longer to tell us.
pub const ANSWER_LIMIT_BYTES: usize = 64 * 1024;
/// A configured URL longer than this is a mistake, or an attack on whoever shows it.
const URL_LIMIT_BYTES: usize = 4096;

/// What the configuration allows beyond public servers over https.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// This very machine, also over plain http: for the sandbox and for tests.
    pub loopback: bool,
}

/// A configured URL that passed every check that needs no DNS. It prints without path and query: they may be the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    field: String,
    url: Url,
    reach: Reach,
}

impl Address {
    /// Checks what stands in `field`.
    ///
    /// # Errors
    /// A [`Problem`] whose sentence says what to write instead.
    pub fn parse(field: &str, text: &str, allow: Allow) -> Result<Self, Problem> {
        Self::judge(field, text, allow).map_err(|what| Problem {
            field: field.to_owned(),
            what,
        })
    }

    fn judge(field: &str, text: &str, allow: Allow) -> Result<Self, What> {
        let text = text.trim();
        if text.len() > URL_LIMIT_BYTES {
            return Err(What::NotAUrl("longer than 4,096 bytes".to_owned()));
        }
        // The parser would silently drop tabs and line ends, and read a backslash as a slash.
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return Err(What::NotAUrl("a space, line end or backslash".to_owned()));
        }
        let url = Url::parse(text).map_err(|e| What::NotAUrl(e.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let Some(host) = host.map(str::to_owned) else {
            return Err(match url.scheme() {
                "http" | "https" => What::NoHost,
                other => What::Scheme(other.to_owned()),
            });
        };
        let reach = match url.scheme() {
            "https" if allow.loopback => Reach::PublicOrLoopback,
            "https" => Reach::Public,
            "http" if allow.loopback && is_loopback(&url) => Reach::Loopback,
            "http" => return Err(What::PlainHttp(host)),
            other => return Err(What::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(What::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(What::Fragment);
        }
        // A literal never meets the resolver, so it is judged here. The parser has made one spelling of all of them.
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>()
            && let Some(range) = reach.forbids(address)
        {
            return Err(What::Inside {
                host,
                address,
                range,
            });
        }
        Ok(Self {
            field: field.to_owned(),
            url,
            reach,
        })
    }

    /// The host, for a page or a log.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The whole URL, for the store. Some are bearer secrets: no page, log or error may show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.as_str()
    }

    fn problem(&self, what: What) -> Problem {
        Problem {
            field: self.field.clone(),
            what,
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Address({} at {}, path and query [redacted])",
            self.field,
            self.host()
        )
    }
}

/// What came back. Headers and body are the other side's words and may be anything.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status line's code; never a redirect.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most [`ANSWER_LIMIT_BYTES`].
    pub body: Bytes,
    /// Whether the body went on, or broke off, so that `body` is not all of it.
    pub cut: bool,
}

/// Sends to configured addresses and to nothing else.
pub struct Outbound {
    lookup: Arc<dyn Lookup>,
    timeouts: Timeouts,
    // Built on first use: without a certificate store a sandbox on loopback can still be told.
    clients: [OnceLock<Result<Client, String>>; 3],
}

impl Outbound {
    /// The time limits of the guard: 5 s for the connection, 20 s in all (Standard Webhooks advises 15 to 30 s).
    pub const TIMEOUTS: Timeouts = Timeouts {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(20),
    };

    /// A guard that resolves by `lookup`.
    #[must_use]
    pub fn new(lookup: Arc<dyn Lookup>, timeouts: Timeouts) -> Self {
        Self {
            lookup,
            timeouts,
            clients: [OnceLock::new(), OnceLock::new(), OnceLock::new()],
        }
    }

    /// A guard with the operating system's resolver.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Arc::new(SystemLookup), Self::TIMEOUTS)
    }

    /// Resolves and judges the address without sending, for the form that saves it. Sending judges anew.
    ///
    /// # Errors
    /// When the name is unknown or leads inside.
    pub async fn check(&self, address: &Address) -> Result<(), Problem> {
        let host = address.host();
        if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        let asked = judged(self.lookup.as_ref(), host, address.reach);
        match tokio::time::timeout(self.timeouts.connect, asked).await {
            Ok(answer) => answer.map(drop).map_err(|what| address.problem(what)),
            Err(_) => Err(address.problem(What::Unresolved {
                host: host.to_owned(),
                why: "the resolver gave no answer in time".to_owned(),
            })),
        }
    }

    /// Sends one request and reads the answer, of its body at most [`ANSWER_LIMIT_BYTES`]. Nothing is repeated.
    ///
    /// # Errors
    /// A [`Problem`]: the address leads inside, the server redirects, or there is no answer.
    pub async fn send(
        &self,
        address: &Address,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Problem> {
        let client = self
            .client(address.reach)
            .map_err(|why| address.problem(What::Client(why)))?;
        let mut response = client
            .request(method, address.url.clone())
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(|e| address.problem(what_failed(address.host(), e)))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(address.problem(What::Redirected {
                host: address.host().to_owned(),
                status: status.as_u16(),
            }));
        }
        let headers = std::mem::take(response.headers_mut());
        let mut read = BytesMut::new();
        // The status decides; what the body does afterwards (endless, slow, broken) changes nothing but `cut`.
        let cut = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = ANSWER_LIMIT_BYTES - read.len();
                    read.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if chunk.len() > room {
                        break true;
                    }
                }
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        Ok(Answer {
            status,
            headers,
            body: read.freeze(),
            cut,
        })
    }

    fn client(&self, reach: Reach) -> Result<&Client, String> {
        let guard = Guard {
            lookup: Arc::clone(&self.lookup),
            reach,
        };
        self.clients[reach as usize]
            .get_or_init(|| {
                let builder = Client::builder()
                    .dns_resolver(Arc::new(guard))
                    .redirect(Policy::none())
                    .referer(false)
                    .retry(reqwest::retry::never())
                    // A proxy would resolve the name itself, behind our back.
                    .no_proxy()
                    .no_gzip()
                    // Each request is judged by itself: no connection outlives the answer it was judged for.
                    .pool_max_idle_per_host(0)
                    .connect_timeout(self.timeouts.connect)
                    .timeout(self.timeouts.total)
                    .user_agent("Tenure");
                let builder = match reach {
                    Reach::Loopback => builder.tls_certs_only([]),
                    Reach::Public | Reach::PublicOrLoopback => builder.https_only(true),
                };
                builder
                    .build()
                    .map_err(|e| innermost(&e.without_url()).to_string())
            })
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

fn what_failed(host: &str, error: reqwest::Error) -> What {
    let error = error.without_url();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(here) = cause {
        if let Some(what) = here.downcast_ref::<What>() {
            return what.clone();
        }
        cause = here.source();
    }
    let why = if error.is_timeout() {
        "timed out".to_owned()
    } else {
        innermost(&error).to_string()
    };
    let host = host.to_owned();
    // Only a failed connection proves that no byte of the request left.
    if error.is_connect() || error.is_builder() {
        What::NotSent { host, why }
    } else {
        What::Cut { host, why }
    }
}

fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a dyn std::error::Error {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause
}
