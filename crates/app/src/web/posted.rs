//! The fields of a form, after the gate has checked the session's token.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::Web;
use crate::problem::Problem;

/// A form's fields; a field that occurs more than once becomes a list.
pub(crate) struct Posted<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Web> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, web).await.map_err(|_| {
            Problem::refused("form", "the form did not arrive whole").hint("send it again")
        })?;
        serde_html_form::from_bytes(&body)
            .map(Self)
            .map_err(|error| {
                Problem::refused("form", format!("the form cannot be read: {error}"))
                    .hint("go back to the page, and send it from there")
            })
    }
}
