//! Asking by a form: who, when, what is special. The fields are those that the tenant's policy leaves open.

pub(crate) mod draft;
mod fields;
mod form;
pub(crate) mod found;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use domain::TenantId;
use domain::access::Role;
use domain::request::Kind;
use serde::Deserialize;

use self::fields::Fields;
use self::form::Form;
use self::found::Found;
use super::answer::{page, see};
use super::{Answer, Caller, Needs, Posted, Routes, Web};
use crate::acts::request;
use crate::clock;
use crate::planning;
use crate::problem::{Exit, Problem};
use crate::web::extract::{Path, Query};
use crate::web::shell::Shell;
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    let asks = Needs::There(Role::Requester);
    routes
        .get("/requests/new", Needs::Somewhere(Role::Requester), choose)
        .get("/t/{tenant}/requests/new", asks, show)
        .post("/t/{tenant}/requests/new", asks, send)
        .get("/t/{tenant}/people/search", asks, found::search)
        .get(
            "/t/{tenant}/requests/{request}",
            Needs::There(Role::Viewer),
            draft::show,
        )
        .post("/t/{tenant}/requests/{request}", asks, draft::answer)
}

/// What is asked for, as the form's tabs name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Sort {
    /// Somebody leaves.
    #[default]
    Offboard,
    /// Somebody comes.
    Onboard,
    /// One step alone.
    Action,
}

impl Sort {
    /// The word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Offboard => "offboard",
            Self::Onboard => "onboard",
            Self::Action => "action",
        }
    }

    /// The kind of request.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Onboard => Kind::Onboard,
            Self::Offboard | Self::Action => Kind::Offboard,
        }
    }
}

/// Which form, and for whom.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    kind: Sort,
    #[serde(default)]
    person: String,
    #[serde(default)]
    step: String,
}

#[derive(Template)]
#[template(path = "request-choose.html")]
struct ChoosePage {
    shell: Shell,
    tenants: Vec<String>,
}

/// Which tenant it is about comes first: everything else depends on its policy.
async fn choose(State(web): State<Web>, caller: Caller) -> Answer {
    let tenants = web
        .wiring
        .store
        .tenants(&caller.scope(Role::Requester))
        .await;
    let tenants: Vec<String> = tenants
        .map_err(of_store)?
        .into_iter()
        .map(|tenant| tenant.name.to_string())
        .collect();
    if let [only] = tenants.as_slice() {
        return see(&format!("/t/{only}/requests/new"));
    }
    page(&ChoosePage {
        shell: Shell::new(&web, &caller, "new", "New request", None).await?,
        tenants,
    })
}

/// The form as its template takes it.
#[derive(Template)]
#[template(path = "request-form.html")]
struct FormPage {
    shell: Shell,
    tenant: String,
    sort: &'static str,
    fields: Fields,
    form: Form,
    found: Found,
    /// What is wrong: the field, and the sentence.
    wrong: Vec<(String, String)>,
    /// What to do about it.
    hint: String,
    now: String,
    place: String,
    is_confidential: bool,
}

impl FormPage {
    /// The sentence at a field.
    fn at(&self, field: &str) -> String {
        let own = self.wrong.iter().filter(|(name, _)| name == field);
        own.map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let form = Form {
        kind: asked.kind,
        person: asked.person,
        step: asked.step,
        ..Form::default()
    };
    page(&made(&web, &caller, &tenant, form).await?)
}

/// The form with these values, and nothing wrong yet.
async fn made(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    form: Form,
) -> Result<FormPage, Problem> {
    let (_, policy) = planning::policy(&web.wiring, tenant).await?;
    let fields = Fields::of(&policy, form.kind.kind());
    let zone = super::plan::zone_of(&policy, None);
    let now = clock::now();
    Ok(FormPage {
        shell: Shell::new(web, caller, "new", "New request", Some(tenant)).await?,
        tenant: tenant.to_string(),
        sort: form.kind.word(),
        now: super::when::both(now, &zone, &caller.here(web), now),
        place: super::when::place(&zone),
        is_confidential: !form.confidential.trim().is_empty(),
        fields,
        form,
        found: Found::default(),
        wrong: Vec::new(),
        hint: String::new(),
    })
}

/// Makes the request and its plan, or shows the form again with what is wrong.
async fn send(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Posted(form): Posted<Form>,
) -> Answer {
    let (_, policy) = planning::policy(&web.wiring, &tenant).await?;
    if form.act == "find" {
        let written = form.person.clone();
        let mut again = made(&web, &caller, &tenant, form).await?;
        again.found = found::of(&web, &tenant, &written).await?;
        return page(&again);
    }
    let wish = match form.wish(&tenant, &policy, &caller.address) {
        Ok(wish) => wish,
        Err(wrong) => {
            let mut again = made(&web, &caller, &tenant, form).await?;
            again.wrong = wrong;
            return refused(&again);
        }
    };
    let scans = form.kind == Sort::Offboard;
    match request::make(&web.wiring, wish, scans).await {
        Ok(stored) => see(&format!("/t/{tenant}/plans/{}", stored.id)),
        Err(problem) if problem.exit == Exit::Refused => {
            let written = form.person.clone();
            let is_person = matches!(problem.code.as_str(), "ambiguous-person" | "unknown-person");
            let mut again = made(&web, &caller, &tenant, form).await?;
            if is_person {
                again.found = found::of(&web, &tenant, &written).await?;
            }
            let field = field_of(&problem.code);
            let lines = problem.what.into_iter();
            again.wrong = lines.map(|line| (field.to_owned(), line)).collect();
            again.hint = problem.hint.unwrap_or_default();
            refused(&again)
        }
        Err(problem) => Err(problem),
    }
}

fn refused(form: &FormPage) -> Answer {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(form)?).into_response())
}

/// The field that a refusal is about.
fn field_of(code: &str) -> &'static str {
    match code {
        "ambiguous-person"
        | "unknown-person"
        | "person"
        | "protected"
        | "guest"
        | "pilot"
        | "about-himself"
        | "global-administrators" => "person",
        "site" => "site",
        "at" | "date" => "date",
        "contract-end" => "contract-end",
        "switch-value" | "unknown-switch" | "switch" => "switches",
        "not-allowed" => "step",
        _ => "",
    }
}
