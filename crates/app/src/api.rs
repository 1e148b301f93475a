//! The REST API under `/api/v1`: everything the pages can do, for programs. Each call is one line with what it needs and what it
//! is for; the OpenAPI document is made from the same list.

mod calls;
mod codes;
mod delegations;
mod doc;
mod document;
mod findings;
mod ledger;
mod me;
pub(crate) mod once;
mod people;
mod plans;
mod policy;
mod requests;
mod runs;
mod sent;
mod settings;
mod shapes;
mod tenants;
mod versions;
mod webhooks;

use std::sync::LazyLock;

use axum::Json;
use axum::http::header;
use axum::response::IntoResponse;
use domain::request::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use calls::Api;
pub(crate) use doc::{Doc, Form, Param};
pub(crate) use sent::{Asked, At, Sent};

use crate::problem::Problem;
use crate::web::{Answer, Needs, Routes};

/// Every call of the API.
fn calls() -> Api {
    let all = [
        me::calls,
        delegations::calls,
        tenants::calls,
        policy::calls,
        people::calls,
        requests::calls,
        plans::calls,
        versions::calls,
        runs::calls,
        findings::calls,
        ledger::calls,
        settings::calls,
        webhooks::calls,
    ];
    all.into_iter().fold(Api::default(), |api, more| more(api))
}

/// The document and its text: the calls do not change while the process runs.
static DOCUMENT: LazyLock<(Value, String)> = LazyLock::new(|| {
    let document = document::of(&calls());
    let text = document.to_string();
    (document, text)
});

/// The routes of the API, and the document that describes them.
pub(crate) fn routes(routes: Routes) -> Routes {
    let routes = routes.join(calls().into_routes());
    routes.get("/api/openapi.json", Needs::Nothing, || async {
        let json = [(header::CONTENT_TYPE, "application/json")];
        Ok::<_, Problem>((json, DOCUMENT.1.as_str()).into_response())
    })
}

/// The OpenAPI document.
pub(crate) fn document() -> &'static Value {
    &DOCUMENT.0
}

/// An answer as data.
pub(crate) fn data(value: &impl Serialize) -> Answer {
    Ok(Json(value).into_response())
}

/// That it was done.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    /// What was acted on, or what was made by it.
    id: String,
}

/// The answer to what leaves nothing else to be said.
pub(crate) fn done(id: impl Into<String>) -> Answer {
    data(&Done { id: id.into() })
}

/// Which part of a list is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
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

impl Part {
    /// Refuses what is longer than any of it can be.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        bounded(self.after.as_deref(), self.upn.as_deref())
    }

    /// The state that is asked for, among those that such a line can stand in.
    pub(crate) fn status<T: Copy>(
        &self,
        all: &[T],
        said: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        word("status", self.status.as_deref(), all, said)
    }

    /// The kind of request that is asked for.
    pub(crate) fn kind(&self) -> Result<Option<Kind>, Problem> {
        kind(self.kind.as_deref())
    }
}

/// Refuses the cursor and the beginning of a name that are longer than any can be.
pub(crate) fn bounded(after: Option<&str>, upn: Option<&str>) -> Result<(), Problem> {
    short("after", after, 1_000)?;
    short("upn", upn, 256)
}

/// The parameters of a list whose lines stand in one of these states.
pub(crate) const fn list_params(statuses: fn() -> Vec<&'static str>) -> [Param; 4] {
    [
        Param::new("after", "`next` of the page before", Form::Text(1_000)),
        Param::new("status", "Only what stands so", Form::Words(statuses)),
        Param::new("kind", "Only of this kind of request", Form::Words(kinds)),
        Param::new(
            "upn",
            "Only people whose sign-in name begins like this; the list is then in its order",
            Form::Text(256),
        ),
    ]
}

/// Refuses a parameter that is empty, or longer than so many characters.
pub(crate) fn short(field: &str, given: Option<&str>, most: usize) -> Result<(), Problem> {
    match given.map(|given| given.chars().count()) {
        Some(0) => Err(sent::outside(field, "not empty; leave it out")),
        Some(long) if long > most => {
            Err(sent::outside(field, &format!("at most {most} characters")))
        }
        _ => Ok(()),
    }
}

/// A word of a parameter, or a refusal that names those there are.
pub(crate) fn word<T: Copy>(
    field: &str,
    given: Option<&str>,
    all: &[T],
    said: impl Fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(given) = given else {
        return Ok(None);
    };
    let found = all.iter().copied().find(|known| said(*known) == given);
    found.map(Some).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|known| said(*known)).collect();
        Problem::refused("parameter", format!("{field}: there is no “{given}”"))
            .hint(format!("there are {}", known.join(", ")))
    })
}

const KINDS: [Kind; 4] = [Kind::Onboard, Kind::Offboard, Kind::Transfer, Kind::Restore];

fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.word()).collect()
}

/// A kind of request by its word.
pub(crate) fn kind(given: Option<&str>) -> Result<Option<Kind>, Problem> {
    word("kind", given, &KINDS, Kind::word)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;
