//! A tenant's policy: reading it, checking a draft, trying it on a person, applying it, and what it was before.

use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::PolicyVersion;

use super::codes::{CLOUD, PLANNING};
use super::{Api, Asked, At, Doc, Form, Param, Sent, data};
use crate::acts::policy::{self as acts, Application, Wrong};
use crate::planning;
use crate::problem::Problem;
use crate::web::policy::compare::{self, Tried};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const VERSIONS: &[Param] = &[
    Param::new(
        "from",
        "The older version; the empty policy without it",
        Form::Number(1, i64::MAX),
    ),
    Param::new(
        "to",
        "The newer version; the one in force without it",
        Form::Number(1, i64::MAX),
    ),
];

pub(super) fn calls(api: Api) -> Api {
    let there = Needs::There;
    let text = || json!({ "text": "version = 1\n…" });
    api.get(
        "/api/v1/tenants/{tenant}/policy",
        there(Role::Viewer),
        Doc::new("policy", "The tenant's policy in force").codes(&["no-policy"]).gives::<PolicyOut>(),
        in_force,
    )
    .put(
        "/api/v1/tenants/{tenant}/policy",
        there(Role::Admin),
        Doc::new("policy", "Apply a policy over the version that was read")
            .takes::<Applying>(|| json!({ "text": "version = 1\n…", "base": 3, "comment": "Leeds is a site of its own" }))
            .codes(&["comment", "policy", "superseded"])
            .gives::<PolicyOut>(),
        apply,
    )
    .post(
        "/api/v1/tenants/{tenant}/policy/check",
        there(Role::Viewer),
        Doc::new("policy", "What is wrong with a draft, or what it would change; nothing is kept")
            .takes::<Draft>(text)
            .gives::<Checked>(),
        check,
    )
    .post(
        "/api/v1/tenants/{tenant}/policy/try",
        there(Role::Requester),
        Doc::new("policy", "What a draft would plan for a leaver, beside what the policy in force plans; nothing is kept")
            .takes::<Trying>(|| json!({ "text": "version = 1\n…", "person": "mara.lindqvist@contoso.example" }))
            .codes(PLANNING)
            .codes(CLOUD)
            .gives::<Tried>(),
        try_on,
    )
    .get(
        "/api/v1/tenants/{tenant}/policy/versions",
        there(Role::Viewer),
        Doc::new("policy", "Every version of the policy, the newest first").gives::<Vec<PolicyOut>>(),
        versions,
    )
    .get(
        "/api/v1/tenants/{tenant}/policy/diff",
        there(Role::Viewer),
        Doc::new("policy", "What changed between two versions")
            .query(VERSIONS)
            .codes(&["no-policy", "policy"])
            .gives::<Diff>(),
        diff,
    )
    .post(
        "/api/v1/tenants/{tenant}/policy/versions/{version}/restore",
        there(Role::Admin),
        Doc::new("policy", "Apply an older version again, over the version that was read")
            .takes::<Restoring>(|| json!({ "base": 4, "comment": "Back to version 3" }))
            .codes(&["comment", "policy", "superseded"])
            .gives::<PolicyOut>(),
        restore,
    )
}

/// A policy as it was applied.
#[derive(Serialize, JsonSchema)]
struct PolicyOut {
    /// Its version, from 1.
    version: u64,
    /// The digest of its text.
    digest: String,
    /// Who applied it.
    by: String,
    /// When.
    at: Timestamp,
    /// Why.
    comment: Option<String>,
    /// The document, in TOML.
    text: String,
}

fn out(version: PolicyVersion) -> PolicyOut {
    PolicyOut {
        version: version.version,
        digest: version.digest.to_string(),
        by: version.by,
        at: version.at,
        comment: version.comment,
        text: version.text,
    }
}

async fn in_force(State(web): State<Web>, _: Caller, At(tenant): At<TenantId>) -> Answer {
    data(&out(planning::version(&web.wiring, &tenant).await?))
}

/// A policy to be applied.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Applying {
    /// The document, in TOML.
    text: String,
    /// The version that it was written over; 0 where there is none yet. Another version in force refuses it.
    base: u64,
    /// Why, for the history.
    comment: String,
}

async fn apply(
    State(web): State<Web>,
    caller: Caller,
    At(tenant): At<TenantId>,
    Sent(sent): Sent<Applying>,
) -> Answer {
    applied(&web, &caller, &tenant, &sent.text, &sent.comment, sent.base).await
}

/// Applies a text over the version that it was written over, and answers with the version that it became.
async fn applied(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    text: &str,
    comment: &str,
    base: u64,
) -> Answer {
    let application = Application {
        text,
        by: &caller.address,
        comment: Some(comment),
        base: Some(base),
    };
    data(&out(acts::apply_with_reason(
        &web.wiring,
        tenant,
        &application,
    )
    .await?))
}

/// A draft.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Draft {
    /// The document, in TOML.
    text: String,
}

/// What a check of a draft says.
#[derive(Serialize, JsonSchema)]
struct Checked {
    /// What is wrong; empty when it can be applied.
    wrong: Vec<WrongOut>,
    /// What it changes against the version in force.
    changes: Vec<String>,
    /// How many plans are open: they keep the version they were made under.
    open_plans: usize,
    /// Those of them that could not be carried out any more.
    stopped: Vec<StoppedOut>,
}

/// One thing that is wrong.
#[derive(Serialize, JsonSchema)]
struct WrongOut {
    /// The line, counted from 1.
    line: usize,
    /// The field; empty for the document.
    field: String,
    /// What is wrong.
    sentence: String,
    /// What to do; empty where nothing more is known.
    help: String,
}

/// A plan that a policy stops.
#[derive(Serialize, JsonSchema)]
struct StoppedOut {
    /// The plan.
    plan: domain::PlanId,
    /// Whom it is about.
    name: String,
    /// Whether somebody had approved it.
    approved: bool,
    /// Why.
    because: Vec<String>,
}

async fn check(
    State(web): State<Web>,
    caller: Caller,
    At(tenant): At<TenantId>,
    Sent(draft): Sent<Draft>,
) -> Answer {
    let live = acts::in_force(&web.wiring, &tenant).await?;
    let policy = match acts::read(&draft.text) {
        Ok(policy) => policy,
        Err(wrong) => {
            return data(&Checked {
                wrong: wrong.into_iter().map(wrong_out).collect(),
                changes: Vec::new(),
                open_plans: 0,
                stopped: Vec::new(),
            });
        }
    };
    let scope = caller.scope_of(&tenant);
    let consequences = acts::consequences(&web.wiring, &scope, &policy).await?;
    let old = live.and_then(|live| acts::read(&live.text).ok());
    let changes = old.map(|old| domain::policy::diff(&old, &policy));
    let stopped = consequences.refused.into_iter().map(|one| StoppedOut {
        plan: one.plan,
        name: one.name,
        approved: one.approved,
        because: one.because,
    });
    data(&Checked {
        wrong: Vec::new(),
        changes: changes.unwrap_or_default(),
        open_plans: consequences.open,
        stopped: stopped.collect(),
    })
}

fn wrong_out(wrong: Wrong) -> WrongOut {
    WrongOut {
        line: wrong.line,
        field: wrong.field,
        sentence: wrong.sentence,
        help: wrong.help,
    }
}

/// A draft, and on whom it is tried.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trying {
    /// The document, in TOML.
    text: String,
    /// The sign-in name or id of somebody of the tenant.
    person: String,
}

async fn try_on(
    State(web): State<Web>,
    caller: Caller,
    At(tenant): At<TenantId>,
    Sent(sent): Sent<Trying>,
) -> Answer {
    let live = planning::version(&web.wiring, &tenant).await?;
    let policy = acts::read(&sent.text).map_err(acts::of_wrong)?;
    data(&compare::tried(&web, &caller, &tenant, &live, &policy, sent.person.trim()).await?)
}

async fn all(web: &Web, caller: &Caller, tenant: &TenantId) -> Result<Vec<PolicyVersion>, Problem> {
    let store = &web.wiring.store;
    let all = store.policies(&caller.scope_of(tenant), tenant).await;
    all.map_err(of_store)
}

async fn versions(State(web): State<Web>, caller: Caller, At(tenant): At<TenantId>) -> Answer {
    let all = all(&web, &caller, &tenant).await?;
    data(&all.into_iter().map(out).collect::<Vec<_>>())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Versions {
    from: Option<i64>,
    to: Option<i64>,
}

/// What changed.
#[derive(Serialize, JsonSchema)]
struct Diff {
    /// The older version; none for the empty policy.
    from: Option<u64>,
    /// The newer version.
    to: u64,
    /// What changed in meaning, a line each.
    changes: Vec<String>,
    /// What changed in the text, as a unified diff.
    text: String,
}

async fn diff(
    State(web): State<Web>,
    caller: Caller,
    At(tenant): At<TenantId>,
    Asked(asked): Asked<Versions>,
) -> Answer {
    for (field, value) in [("from", asked.from), ("to", asked.to)] {
        if value.is_some_and(|value| value < 1) {
            return Err(super::sent::outside(field, "from 1 on"));
        }
    }
    let all = all(&web, &caller, &tenant).await?;
    let find = |wanted: i64| version(&all, &tenant, wanted);
    let from = asked.from.map(find).transpose()?;
    let in_force = planning::version(&web.wiring, &tenant).await?;
    let to = asked.to.map_or(Ok(&in_force), find)?;
    let meaning = |text: &str| acts::read(text).ok();
    let (old, new) = (from.and_then(|from| meaning(&from.text)), meaning(&to.text));
    let changes = old
        .zip(new)
        .map(|(old, new)| domain::policy::diff(&old, &new));
    let before = from.map_or("", |from| from.text.as_str());
    let text = similar::TextDiff::from_lines(before, &to.text);
    data(&Diff {
        from: from.map(|from| from.version),
        to: to.version,
        changes: changes.unwrap_or_default(),
        text: text.unified_diff().to_string(),
    })
}

fn version<'a>(
    all: &'a [PolicyVersion],
    tenant: &TenantId,
    wanted: i64,
) -> Result<&'a PolicyVersion, Problem> {
    let found = all
        .iter()
        .find(|one| i64::try_from(one.version).is_ok_and(|own| own == wanted));
    found.ok_or_else(|| {
        Problem::refused(
            "not-found",
            format!("{tenant} has no policy version {wanted}"),
        )
        .hint("choose one of the list of versions")
    })
}

/// An older version that is to be in force again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Restoring {
    /// The version in force that was read; another one refuses it.
    base: u64,
    /// Why, for the history.
    comment: String,
}

async fn restore(
    State(web): State<Web>,
    caller: Caller,
    At((tenant, wanted)): At<(TenantId, i64)>,
    Sent(sent): Sent<Restoring>,
) -> Answer {
    let all = all(&web, &caller, &tenant).await?;
    let older = version(&all, &tenant, wanted)?;
    applied(
        &web,
        &caller,
        &tenant,
        &older.text,
        &sent.comment,
        sent.base,
    )
    .await
}
