//! `Idempotency-Key`: a call that is sent again gives the first answer again, and nothing is done twice.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::plan::Digest;
use serde::Serialize;
use store::{Repeated, Secret};

use crate::clock;
use crate::problem::Problem;
use crate::web::{Answer, Caller, Web};
use crate::wiring::of_store;

/// The longest key, in characters.
const LONGEST: usize = 200;
/// The largest answer that is kept, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// A call that is made under a key.
pub(crate) struct Once {
    caller: String,
    key: String,
}

/// What is answered when the call is sent again, where that is less than the first time.
#[derive(Clone)]
struct Again(Vec<u8>);

/// An answer with a secret in it that is shown once: sent again under the same key, it is given without.
pub(crate) fn shown_once(first: &impl Serialize, again: &impl Serialize) -> Answer {
    let text = serde_json::to_vec(again)
        .map_err(|error| Problem::failed("answer", format!("it could not be written: {error}")))?;
    let mut response = Json(first).into_response();
    response.extensions_mut().insert(Again(text));
    Ok(response)
}

/// What a key says of a call.
pub(crate) enum Before {
    /// Nothing: the call has none.
    Nothing,
    /// It is the first: carry it out, then keep the answer.
    First(Once),
    /// It was answered.
    Answer(Box<Response>),
}

/// What is known of this call, by its key.
///
/// # Errors
/// A key that cannot be one, one that was used for another call, one whose call is under way.
pub(crate) async fn before(
    web: &Web,
    caller: &Caller,
    parts: &Parts,
    body: &Bytes,
) -> Result<Before, Problem> {
    let Some(key) = parts.headers.get("idempotency-key") else {
        return Ok(Before::Nothing);
    };
    let key = key
        .to_str()
        .ok()
        .filter(|key| {
            !key.is_empty()
                && key.len() <= LONGEST
                && key.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .ok_or_else(|| {
            Problem::refused(
                "parameter",
                "Idempotency-Key: 1 to 200 visible ASCII characters, without spaces",
            )
            .hint("a UUID does well")
        })?;
    let call = [
        parts.method.as_str().as_bytes(),
        parts.uri.to_string().as_bytes(),
        body,
    ]
    .join(&b"\n"[..]);
    let digest = Digest::of(&call);
    let known = web
        .wiring
        .store
        .begin_call(&caller.id, key, digest.as_str(), clock::now())
        .await
        .map_err(of_store)?;
    match known {
        Repeated::First => Ok(Before::First(Once {
            caller: caller.id.clone(),
            key: key.to_owned(),
        })),
        Repeated::Answered { status, body } => Ok(Before::Answer(Box::new(again(status, &body)))),
        Repeated::UnderWay => Err(Problem::refused(
            "idempotency",
            "the first call with this key is under way, or was cut off",
        )
        .hint("look at what it was to make; if nothing is there, send the call with a new key")),
        Repeated::Other => Err(Problem::refused(
            "idempotency-reused",
            "this key was used for another call",
        )
        .hint("use a new key for every new call")),
    }
}

fn again(status: u16, body: &Secret) -> Response {
    let mut response = Response::new(Body::from(body.expose().to_vec()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert("idempotency-replayed", yes);
    response
}

impl Once {
    /// Keeps the answer; what was refused changed nothing and may be sent again under the same key.
    ///
    /// # Errors
    /// Store errors.
    pub(crate) async fn after(self, web: &Web, response: Response) -> Result<Response, Problem> {
        let store = &web.wiring.store;
        if !response.status().is_success() {
            store
                .drop_call(&self.caller, &self.key)
                .await
                .map_err(of_store)?;
            return Ok(response);
        }
        let (mut parts, body) = response.into_parts();
        let bytes = to_bytes(body, ANSWER_MAX)
            .await
            .map_err(|_| Problem::failed("answer", "the answer was too large to be kept"))?;
        let again = parts.extensions.remove::<Again>();
        let kept = Secret::new(again.map_or_else(|| bytes.to_vec(), |Again(text)| text));
        let status = parts.status.as_u16();
        store
            .answer_call(&self.caller, &self.key, status, &kept)
            .await
            .map_err(of_store)?;
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }
}
