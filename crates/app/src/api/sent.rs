//! What a call is sent: its body, the parts of its path and its parameters, or a refusal that says where it is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawQuery, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::web::Web;
use crate::web::extract::Path;

/// A body read from JSON.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        is_json(&request)?;
        let body = Bytes::from_request(request, web).await.map_err(|_| {
            Problem::refused("json", "the body did not arrive whole").hint("send it again")
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            Problem::refused(
                "json",
                format!("the body is not what this call takes: {error}"),
            )
            .hint("see /api/openapi.json for its shape")
        })
    }
}

fn is_json(request: &Request) -> Result<(), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::refused(
        "content-type",
        format!("the body is said to be “{essence}”, and this call takes JSON"),
    )
    .hint("send JSON, with Content-Type: application/json"))
}

/// The parts of the path.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        // As for a page: where an id cannot be one there is nothing.
        let Path(found) = Path::<T>::from_request_parts(parts, web).await?;
        Ok(Self(found))
    }
}

/// The parameters after the `?`.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Web> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, web)
            .await
            .unwrap_or(RawQuery(None));
        let query = query.unwrap_or_default();
        serde_html_form::from_str(&query)
            .map(Self)
            .map_err(|error| {
                Problem::refused(
                    "parameter",
                    format!("the part after the ? cannot be read: {error}"),
                )
                .hint("see /api/openapi.json for the parameters of this call")
            })
    }
}

/// A body whose JSON is right and whose content cannot be.
pub(crate) fn wrong(what: &str) -> Problem {
    Problem::refused(
        "json",
        format!("the body is not what this call takes: {what}"),
    )
    .hint("see /api/openapi.json for its shape")
}

/// A parameter outside of what it can be.
pub(crate) fn outside(field: &str, allowed: &str) -> Problem {
    Problem::refused("parameter", format!("{field} is to be {allowed}"))
        .hint("see /api/openapi.json for the parameters of this call")
}
