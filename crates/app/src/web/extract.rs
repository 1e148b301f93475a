//! The parts of an address, with refusals in our own form: axum's own answer a wrong one in plain text.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Web, error};
use crate::problem::Problem;

/// The longest that a part of an address can be, in bytes: longer than every id, name and key there is.
const LONGEST: usize = 512;

/// The ids of an address. One that cannot be an id is an address where nothing is.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let found =
            <axum::extract::Path<T> as FromRequestParts<Web>>::from_request_parts(parts, web).await;
        found
            .map(|axum::extract::Path(ids)| Self(ids))
            .map_err(|_| error::no_page())
    }
}

/// For a handler of an address with an id and one without.
impl<T: DeserializeOwned + Send + 'static> OptionalFromRequestParts<Web> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Option<Self>, Problem> {
        let found = <axum::extract::Path<T> as OptionalFromRequestParts<Web>>::from_request_parts(
            parts, web,
        )
        .await;
        found
            .map(|found| found.map(|axum::extract::Path(ids)| Self(ids)))
            .map_err(|_| error::no_page())
    }
}

impl<T> std::ops::Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What stands behind the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Web> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, web)
            .await
            .map(|axum::extract::Query(given)| Self(given))
            .map_err(|rejection| {
                let why = rejection.body_text();
                let why = why.rsplit(": ").next().unwrap_or(&why);
                Problem::refused(
                    "parameter",
                    format!("what stands behind the question mark cannot be read: {why}"),
                )
                .hint("correct that parameter, or leave it out")
            })
    }
}

/// The parts of an address by name, where each could be an id: text of sane length, without control characters. Checked before
/// anything else, so that no handler has to.
///
/// # Errors
/// The page that says that nothing is there.
pub(super) async fn ids(parts: &mut Parts) -> Result<Vec<(String, String)>, Problem> {
    let params = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| error::no_page())?;
    let could_be = |value: &str| {
        !value.is_empty() && value.len() <= LONGEST && !value.contains(char::is_control)
    };
    params
        .iter()
        .map(|(name, value)| {
            could_be(value)
                .then(|| (name.to_owned(), value.to_owned()))
                .ok_or_else(error::no_page)
        })
        .collect()
}
