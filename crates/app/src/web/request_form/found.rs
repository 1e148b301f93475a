//! People of the live tenant, found by the beginning of a name: for somebody to pick one, never picked for them.

use askama::Template;
use axum::extract::State;
use connectors::facts::{self, Hit};
use connectors::{Ctx, Purpose};
use domain::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::web::answer::page;
use crate::web::extract::{Path, Query};
use crate::web::{Answer, Caller, Web};
use crate::wiring::of_call;

/// A person to pick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PersonFound")]
pub(crate) struct Person {
    /// The directory's id.
    pub(crate) id: String,
    /// The name.
    pub(crate) name: String,
    /// The sign-in name.
    pub(crate) upn: String,
    /// What tells two of one name apart.
    pub(crate) about: String,
    /// What speaks against picking them; empty when nothing does.
    pub(crate) but: &'static str,
}

/// What a search gave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "request-found.html")]
pub(crate) struct Found {
    /// What was searched for; empty before a search.
    pub(crate) written: String,
    /// Who was found.
    pub(crate) people: Vec<Person>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    person: String,
}

/// The part of the form with the people found.
pub(super) async fn search(
    State(web): State<Web>,
    _: Caller,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let written = if asked.q.is_empty() {
        asked.person
    } else {
        asked.q
    };
    page(&of(&web, &tenant, &written).await?)
}

/// Fewer letters find half the company.
const LEAST: usize = 2;

/// Whoever is called so in the live tenant.
///
/// # Errors
/// When the tenant cannot be read.
pub(crate) async fn of(web: &Web, tenant: &TenantId, written: &str) -> Result<Found, Problem> {
    let written = written.trim();
    if written.chars().count() < LEAST {
        return Ok(Found::default());
    }
    let kept = web.wiring.tenant(tenant.as_str()).await?;
    let connection = web.wiring.connection(&kept).await?;
    let hits = facts::search(&connection.graph, &Ctx::of(Purpose::Plan), written).await;
    let hits = hits.map_err(|error| of_call(tenant, &error))?;
    Ok(Found {
        written: written.to_owned(),
        people: hits.into_iter().map(person).collect(),
    })
}

fn person(hit: Hit) -> Person {
    let about = [hit.job_title, hit.department];
    Person {
        id: hit.person.id.to_string(),
        name: hit.person.display_name,
        upn: hit.person.upn,
        about: about.into_iter().flatten().collect::<Vec<_>>().join(", "),
        but: match (hit.guest, hit.active) {
            (true, _) => "guest",
            (false, false) => "sign-in is blocked",
            (false, true) => "",
        },
    }
}
