//! The body of a call: JSON, or a refusal that says where it is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::web::Web;

/// A body read from JSON.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
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
