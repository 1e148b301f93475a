//! The REST API under `/api/v1`: everything the pages can do, for programs. Each call is one line with what it needs and what it
//! is for; the OpenAPI document is made from the same list.

mod calls;
mod findings;
mod ledger;
mod me;
pub(crate) mod once;
mod plans;
mod requests;
mod runs;
mod sent;
mod tenants;

use axum::Json;
use axum::response::IntoResponse as _;
use domain::request::Kind;
use serde::{Deserialize, Serialize};

pub(crate) use calls::{Api, Doc};
pub(crate) use sent::Sent;

use crate::problem::Problem;
use crate::web::{Answer, Needs, Routes};

/// Every call of the API.
fn calls() -> Api {
    let all = [
        me::calls,
        tenants::calls,
        requests::calls,
        plans::calls,
        runs::calls,
        findings::calls,
        ledger::calls,
    ];
    all.into_iter().fold(Api::default(), |api, more| more(api))
}

/// The routes of the API, and the document that describes them.
pub(crate) fn routes(routes: Routes) -> Routes {
    let api = calls();
    let document = api.document();
    let routes = routes.join(api.into_routes());
    routes.get("/api/openapi.json", Needs::Nothing, move || {
        let document = document.clone();
        async move { Ok::<_, Problem>(Json(document)) }
    })
}

/// The OpenAPI document.
pub(crate) fn document() -> serde_json::Value {
    calls().document()
}

/// An answer as data.
pub(crate) fn data(value: &impl Serialize) -> Answer {
    Ok(Json(value).into_response())
}

/// Which part of a list is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// Only what stands so.
    pub(crate) status: Option<String>,
    /// Only of this kind.
    pub(crate) kind: Option<String>,
    /// Only people whose sign-in name begins like this.
    pub(crate) upn: Option<String>,
}

/// What the parameters of a list mean, for the document.
pub(crate) const PART: &[(&str, &str)] = &[
    ("after", "`next` of the page before"),
    ("status", "Only what stands so"),
    ("kind", "Only of this kind of request"),
    (
        "upn",
        "Only people whose sign-in name begins like this; the list is then in its order",
    ),
];

/// A word of a parameter, or a refusal that names those there are.
pub(crate) fn word<T: Copy>(
    field: &str,
    given: Option<&str>,
    all: &[T],
    said: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(given) = given.filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let found = all.iter().copied().find(|known| said(*known) == given);
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|known| said(*known)).collect();
        Problem::refused("parameter", format!("{field}: there is no “{given}”"))
            .hint(format!("there are {}", known.join(", ")))
    })
}

/// A kind of request by its word.
pub(crate) fn kind(given: Option<&str>) -> Result<Option<Kind>, Problem> {
    const ALL: [Kind; 4] = [Kind::Onboard, Kind::Offboard, Kind::Transfer, Kind::Restore];
    word("kind", given, &ALL, Kind::word)
}

#[cfg(test)]
mod tests;
