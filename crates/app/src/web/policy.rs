//! The policy editor: what will change, and for whom? A text, checked as it is written, and applied over the version that was read.

pub(crate) mod compare;
pub(super) mod propose;
mod view;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect};
use domain::TenantId;
use domain::access::Role;
use domain::policy::Policy;
use serde::Deserialize;
use store::PolicyVersion;

use super::answer::{page, see};
use super::shell::Shell;
use super::zones::Zones;
use super::{Answer, Caller, Needs, Posted, Routes, Web};
use crate::acts::policy::{self as acts, Application, Start};
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/policies", Needs::Somewhere(Role::Viewer), all)
        .get("/t/{tenant}/policies", Needs::There(Role::Viewer), to_one)
        .get("/t/{tenant}/policy", Needs::There(Role::Viewer), show)
        .post("/t/{tenant}/policy", Needs::There(Role::Viewer), draft)
        .post(
            "/t/{tenant}/policy/check",
            Needs::There(Role::Viewer),
            check,
        )
        .post(
            "/t/{tenant}/policy/try",
            Needs::There(Role::Requester),
            try_on,
        )
        .post("/t/{tenant}/policy/apply", Needs::There(Role::Admin), apply)
}

/// Under the tenant's address the list is the tenant's policy.
async fn to_one(Path(tenant): Path<TenantId>) -> Answer {
    Ok(Redirect::to(&format!("/t/{tenant}/policy")).into_response())
}

#[derive(Template)]
#[template(path = "policies.html")]
struct Policies {
    shell: Shell,
    lead: (String, String),
    lines: Vec<view::PolicyLine>,
}

async fn all(State(web): State<Web>, caller: Caller) -> Answer {
    let scope = caller.scope(Role::Viewer);
    let store = &web.wiring.store;
    let zones = Zones::of(&web, &caller, Vec::new()).await;
    let mut lines = Vec::new();
    for tenant in store.tenants(&scope).await.map_err(of_store)? {
        let version = acts::in_force(&web.wiring, &tenant.name).await?;
        lines.push(view::policy_line(&tenant.name, version.as_ref(), &zones));
    }
    let shell = Shell::new(&web, &caller, "policies", "Policies", None).await?;
    page(&Policies {
        shell,
        lead: view::lead(&lines),
        lines,
    })
}

/// What the editor is sent: the draft, and what it was written over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    text: String,
    base: u64,
    tab: String,
    comment: String,
    person: String,
    /// A version to begin again with.
    restore: Option<u64>,
}

/// The editor as one answer shows it.
#[derive(Default)]
struct Shown {
    tab: view::Tab,
    text: String,
    base: u64,
    comment: String,
    person: String,
    tried: Option<compare::Tried>,
    wrong: Option<Problem>,
    said: String,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    shell: Shell,
    tenant: String,
    tab: view::Tab,
    may_apply: bool,
    may_try: bool,
    text: String,
    numbers: Vec<usize>,
    rows: usize,
    base: u64,
    lead: (String, String),
    check: view::Check,
    diff: view::Diff,
    tried: Option<compare::Tried>,
    history: Vec<view::Version>,
    comment: String,
    person: String,
    starts: &'static [Start],
    wrong: Option<(String, String)>,
    said: String,
}

#[derive(Template)]
#[template(path = "policy-check.html")]
struct CheckPart {
    check: view::Check,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    tab: String,
    start: Option<String>,
    applied: Option<u64>,
    /// An edit that a page proposes.
    edit: Option<String>,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let live = acts::in_force(&web.wiring, &tenant).await?;
    let start = wanted.start.as_deref().and_then(Start::of);
    let text = match (&live, start) {
        (_, Some(start)) => start.text(),
        (Some(live), None) => live.text.clone(),
        (None, None) => acts::template(),
    };
    let edit = wanted.edit.as_deref().and_then(propose::Edit::of);
    let proposed = edit.and_then(|edit| Some((edit.says(), edit.into_text(&text)?)));
    let (proposal, text) = match proposed {
        Some((says, text)) => (
            Some(format!("{says} is in the editor. Nothing is applied yet.")),
            text,
        ),
        None => (None, text),
    };
    let shown = Shown {
        tab: if proposal.is_some() {
            view::Tab::Diff
        } else {
            view::Tab::of(&wanted.tab)
        },
        base: live.as_ref().map_or(0, |live| live.version),
        text,
        said: wanted
            .applied
            .map(|version| format!("Version {version} is in force."))
            .or(proposal)
            .unwrap_or_default(),
        ..Shown::default()
    };
    editor(&web, &caller, &tenant, live, shown).await
}

/// Another tab of the same draft, or an older version as the draft.
async fn draft(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Posted(sent): Posted<Sent>,
) -> Answer {
    let live = acts::in_force(&web.wiring, &tenant).await?;
    let mut shown = shown(&sent, view::Tab::of(&sent.tab));
    if let Some(wanted) = sent.restore {
        let versions = web
            .wiring
            .store
            .policies(&caller.scope_of(&tenant), &tenant)
            .await
            .map_err(of_store)?;
        let version = versions
            .into_iter()
            .find(|version| version.version == wanted);
        let version = version.ok_or_else(|| {
            Problem::refused(
                "not-found",
                format!("{tenant} has no policy version {wanted}"),
            )
            .hint("choose one of the history")
        })?;
        shown.text = version.text;
        shown.base = live.as_ref().map_or(0, |live| live.version);
        shown.comment = format!("Back to version {wanted}");
        shown.said = format!("Version {wanted} is in the editor. Nothing is applied yet.");
        shown.tab = view::Tab::Edit;
    }
    editor(&web, &caller, &tenant, live, shown).await
}

fn shown(sent: &Sent, tab: view::Tab) -> Shown {
    Shown {
        tab,
        // Browsers send line ends as two characters (HTML, form submission).
        text: sent.text.replace("\r\n", "\n"),
        base: sent.base,
        comment: sent.comment.clone(),
        person: sent.person.clone(),
        ..Shown::default()
    }
}

/// What is wrong with the draft: the part beside it, or without a script the whole page.
async fn check(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    headers: HeaderMap,
    Posted(sent): Posted<Sent>,
) -> Answer {
    let live = acts::in_force(&web.wiring, &tenant).await?;
    let shown = shown(&sent, view::Tab::Edit);
    if headers.contains_key("hx-request") {
        let (check, _) = judged(&web, &caller, &tenant, live.as_ref(), &shown.text).await?;
        return page(&CheckPart { check });
    }
    editor(&web, &caller, &tenant, live, shown).await
}

/// What the draft would plan for one person, beside what the policy in force plans. Nothing is kept.
async fn try_on(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Posted(sent): Posted<Sent>,
) -> Answer {
    let live = acts::in_force(&web.wiring, &tenant).await?;
    let mut shown = shown(&sent, view::Tab::Try);
    let person = shown.person.trim().to_owned();
    match (acts::read(&shown.text), &live) {
        _ if person.is_empty() => {
            shown.wrong = Some(
                Problem::refused("person", "Nobody is named.")
                    .hint("Give a sign-in name of the tenant."),
            );
        }
        (Err(_), _) => {
            shown.wrong = Some(
                Problem::refused("policy", "The draft has errors.")
                    .hint("Correct them under Edit, then try again."),
            );
        }
        (_, None) => {
            shown.wrong = Some(
                Problem::refused("no-policy", "No policy is in force to compare with.")
                    .hint("Apply the first version."),
            );
        }
        (Ok(policy), Some(live)) => {
            match compare::tried(&web, &caller, &tenant, live, &policy, &person).await {
                Ok(tried) => shown.tried = Some(tried),
                Err(problem) => shown.wrong = Some(problem),
            }
        }
    }
    editor(&web, &caller, &tenant, live, shown).await
}

async fn apply(
    State(web): State<Web>,
    caller: Caller,
    Path(tenant): Path<TenantId>,
    Posted(sent): Posted<Sent>,
) -> Answer {
    let mut shown = shown(&sent, view::Tab::Edit);
    let application = Application {
        text: &shown.text,
        by: &caller.address,
        comment: Some(&shown.comment),
        base: Some(shown.base),
    };
    let problem = match acts::apply_with_reason(&web.wiring, &tenant, &application).await {
        Ok(version) => return see(&format!("/t/{tenant}/policy?applied={}", version.version)),
        Err(problem) => problem,
    };
    let status = problem.status();
    if status.is_server_error() {
        return Err(problem);
    }
    let live = acts::in_force(&web.wiring, &tenant).await?;
    if problem.code == "superseded" {
        shown.tab = view::Tab::Diff;
    }
    shown.wrong = Some(problem);
    let page = editor(&web, &caller, &tenant, live, shown).await?;
    Ok((StatusCode::max(status, StatusCode::CONFLICT), page).into_response())
}

/// What is wrong with a text, or what it would change.
async fn judged(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    live: Option<&PolicyVersion>,
    text: &str,
) -> Result<(view::Check, Option<Policy>), Problem> {
    let old = live.and_then(|live| acts::read(&live.text).ok());
    match acts::read(text) {
        Err(wrong) => Ok((view::wrong(wrong), None)),
        Ok(policy) => {
            let consequences =
                acts::consequences(&web.wiring, &caller.scope_of(tenant), &policy).await?;
            let same = live.is_some_and(|live| live.text == text);
            Ok((
                view::right(old.as_ref(), &policy, same, &consequences),
                Some(policy),
            ))
        }
    }
}

async fn editor(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    live: Option<PolicyVersion>,
    shown: Shown,
) -> Answer {
    let (check, _) = judged(web, caller, tenant, live.as_ref(), &shown.text).await?;
    let zones = Zones::of(web, caller, Vec::new()).await;
    let versions = web
        .wiring
        .store
        .policies(&caller.scope_of(tenant), tenant)
        .await
        .map_err(of_store)?;
    let lines = shown.text.lines().count().max(1);
    page(&PolicyPage {
        shell: Shell::new(web, caller, "policies", "Policy", Some(tenant)).await?,
        tenant: tenant.to_string(),
        tab: shown.tab,
        may_apply: caller.may(Role::Admin, tenant),
        may_try: caller.may(Role::Requester, tenant),
        lead: view::lead_of_one(live.as_ref(), shown.base, &zones),
        diff: view::diff(
            live.as_ref().map_or("", |live| live.text.as_str()),
            &shown.text,
        ),
        history: versions
            .iter()
            .map(|version| view::version(version, &zones))
            .collect(),
        // Numbers for lines that are still to be written; what is too much is cut off.
        numbers: (1..=lines + 400).collect(),
        rows: lines + 2,
        base: shown.base,
        text: shown.text,
        check,
        tried: shown.tried,
        comment: shown.comment,
        person: shown.person,
        starts: if live.is_none() { &acts::STARTS } else { &[] },
        wrong: shown
            .wrong
            .map(|problem| (problem.what.join(" "), problem.hint.unwrap_or_default())),
        said: shown.said,
    })
}

#[cfg(test)]
mod tests;
