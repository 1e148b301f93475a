//! The one seam to the outside: what a request, a reply and a failure are, without an HTTP client.
//!
//! Connectors speak through [`Transport`]. Production gives them an HTTP client; tests and rehearsal give them the
//! sandbox. Nothing here knows a vendor.

mod class;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use class::{Class, RETRYABLE_STATUSES, class_of_status};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// One HTTP request with an absolute URL and a whole body.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// Headers, names in lower case.
    pub headers: HeaderMap,
    /// The whole body; empty for none. May hold secrets, so it is never logged.
    pub body: Bytes,
}

/// One HTTP reply, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status line's code.
    pub status: StatusCode,
    /// Headers, names in lower case.
    pub headers: HeaderMap,
    /// The whole body. May hold secrets, so it is never logged.
    pub body: Bytes,
}

impl Reply {
    /// The text of a header, when present and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The seconds of `Retry-After` as a duration; vendors also send decimals such as `2.128`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: f64 = self.header("retry-after")?.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Why there is no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// No byte of the request reached the other side: it certainly did not happen.
    #[error("could not reach the server: {0}")]
    NotSent(String),
    /// The request was on its way when the connection broke or time ran out: it may have happened.
    #[error("the connection broke before the reply arrived: {0}")]
    Cut(String),
}

/// Carries requests to the outside and brings replies back.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and reads the whole reply.
    ///
    /// # Errors
    /// [`Failure::NotSent`] when it certainly did not arrive, [`Failure::Cut`] when it may have.
    async fn send(&self, request: Request) -> Result<Reply, Failure>;
}
