//! Connecting a tenant in four steps: how, sign, check, policy. It can be left after the second and gone on with where it stood.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use connectors::Cloud;
use domain::TenantId;
use domain::access::Role;
use secrecy::SecretString;
use serde::Deserialize;
use sim::worlds;
use store::TenantScope;

use super::answer::{page, see};
use super::lists::Mark;
use super::shell::Shell;
use super::tenants::{self, live};
use super::zones::Zones;
use super::{Answer, Caller, Needs, Posted, Routes, Web};
use crate::acts::policy::{self as policies, STARTS, Start};
use crate::acts::tenant::{self as acts, Connect};
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/tenants/connect", Needs::Everywhere(Role::Admin), begin)
        .post("/tenants/connect", Needs::Everywhere(Role::Admin), sign)
        .get("/t/{tenant}/connect", Needs::There(Role::Admin), check)
        .get(
            "/t/{tenant}/connect/policy",
            Needs::There(Role::Admin),
            policy,
        )
}

/// A way to sign in.
struct Way {
    key: &'static str,
    name: &'static str,
    says: &'static str,
    certificate: bool,
}

const WAYS: [Way; 3] = [
    Way {
        key: "consent",
        name: "Consent to an application of yours",
        says: "One application in your own directory serves many tenants. An administrator of each opens a link and consents.",
        certificate: true,
    },
    Way {
        key: "certificate",
        name: "An application in the tenant, with a certificate",
        says: "Registered in the customer's directory. Its key never leaves this server.",
        certificate: true,
    },
    Way {
        key: "secret",
        name: "An application in the tenant, with a client secret",
        says: "The quickest to begin with. It ends on the day that the portal shows, and is renewed on the tenant's page.",
        certificate: false,
    },
];

#[derive(Template)]
#[template(path = "connect.html")]
struct ConnectPage {
    shell: Shell,
    step: u8,
    ways: &'static [Way],
    way: Option<&'static Way>,
    /// The sandbox's own companies, in a rehearsal that has not connected them.
    samples: Vec<&'static str>,
    /// What opens all of them; nothing but a simulated cloud takes it.
    sample_secret: &'static str,
    clouds: Vec<String>,
    typed: Typed,
    wrong: Vec<(&'static str, String)>,
    tenant: String,
    live: Option<live::Shown>,
    lines: Vec<(Mark, String)>,
    starts: &'static [Start],
}

/// What was typed and may be shown again: never the secret or the key.
#[derive(Clone, Debug, Default)]
struct Typed {
    name: String,
    directory: String,
    cloud: String,
    client: String,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    how: String,
    /// One of the sandbox's companies, to be filled in.
    #[serde(default)]
    sample: String,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    how: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    directory: String,
    #[serde(default)]
    cloud: String,
    #[serde(default)]
    client: String,
    secret: Option<SecretString>,
    certificate: Option<SecretString>,
    key: Option<SecretString>,
}

fn way(key: &str) -> Option<&'static Way> {
    WAYS.iter().find(|way| way.key == key)
}

async fn blank(
    web: &Web,
    caller: &Caller,
    step: u8,
    tenant: Option<&TenantId>,
) -> Result<ConnectPage, Problem> {
    Ok(ConnectPage {
        shell: Shell::new(web, caller, "tenants", "Connect a tenant", tenant).await?,
        step,
        ways: &WAYS,
        way: None,
        samples: samples(web).await?,
        sample_secret: if web.server.sandbox {
            worlds::CLIENT_SECRET
        } else {
            ""
        },
        clouds: clouds(web),
        typed: Typed::default(),
        wrong: Vec::new(),
        tenant: tenant.map(ToString::to_string).unwrap_or_default(),
        live: None,
        lines: Vec::new(),
        starts: &STARTS,
    })
}

/// The sandbox's companies that are not connected here yet; none where the tenants are real.
async fn samples(web: &Web) -> Result<Vec<&'static str>, Problem> {
    if !web.server.sandbox {
        return Ok(Vec::new());
    }
    let connected = web.wiring.store.tenants(&TenantScope::provider()).await;
    let connected = connected.map_err(of_store)?;
    let here = |directory: &str| connected.iter().any(|one| one.directory == directory);
    let samples = worlds::TENANTS.iter();
    let samples = samples.filter(|(_, directory)| !here(directory));
    Ok(samples.map(|(name, _)| *name).collect())
}

/// The clouds there are: those that Tenure knows, and those of the configuration.
fn clouds(web: &Web) -> Vec<String> {
    let known = Cloud::known_names().into_iter().map(str::to_owned);
    let mut clouds: Vec<String> = known
        .chain(web.wiring.config.clouds.keys().cloned())
        .collect();
    if web.server.sandbox {
        // A rehearsal connects to the simulated cloud first of all.
        clouds.sort_by_key(|name| !web.wiring.config.clouds.contains_key(name));
    }
    clouds
}

/// Steps 1 and 2: how, and the form for it.
async fn begin(State(web): State<Web>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer {
    let way = way(&wanted.how);
    let mut shown = blank(&web, &caller, if way.is_some() { 2 } else { 1 }, None).await?;
    shown.way = way;
    if way.is_some_and(|way| way.key == "consent") {
        // The application that serves the others serves the next as well.
        let tenants = web
            .wiring
            .store
            .tenants(&caller.scope(Role::Viewer))
            .await
            .map_err(of_store)?;
        shown.typed.client = tenants
            .last()
            .map(|tenant| tenant.client.clone())
            .unwrap_or_default();
    }
    let sample = worlds::TENANTS
        .iter()
        .find(|(name, _)| *name == wanted.sample);
    if let Some((name, directory)) = sample.filter(|_| web.server.sandbox) {
        (*name).clone_into(&mut shown.typed.name);
        (*directory).clone_into(&mut shown.typed.directory);
        worlds::CLIENT_ID.clone_into(&mut shown.typed.client);
    }
    page(&shown)
}

/// Keeps the tenant, and goes on to the check. Nothing is sent to it before.
async fn sign(State(web): State<Web>, caller: Caller, Posted(sent): Posted<Sent>) -> Answer {
    let given = tenants::given(
        sent.secret.as_ref(),
        sent.certificate.as_ref(),
        sent.key.as_ref(),
    );
    let added = match given {
        Err(problem) => Err(problem),
        Ok(given) => {
            let connect = Connect {
                name: sent.name.trim().to_owned(),
                directory: sent.directory.clone(),
                cloud: sent.cloud.clone(),
                client: sent.client.clone(),
                given,
            };
            acts::add(&web.wiring, connect).await
        }
    };
    let problem = match added {
        Ok(tenant) => return see(&format!("/t/{tenant}/connect")),
        Err(problem) => problem,
    };
    let status = problem.status();
    if status.is_server_error() {
        return Err(problem);
    }
    let mut shown = blank(&web, &caller, 2, None).await?;
    shown.way = way(&sent.how).or(WAYS.last());
    shown.wrong = vec![(field(&problem.code), problem.sentence())];
    shown.typed = Typed {
        name: sent.name,
        directory: sent.directory,
        cloud: sent.cloud,
        client: sent.client,
    };
    Ok((status, page(&shown)?).into_response())
}

/// The field that a problem is about.
fn field(code: &str) -> &'static str {
    match code {
        "directory" => "directory",
        "client" => "client",
        "cloud" => "cloud",
        "secret" => "secret",
        "certificate" | "key" | "setup" | "credential" => "credential",
        _ => "name",
    }
}

#[derive(Template)]
#[template(path = "connect-check.html")]
struct CheckPart {
    tenant: String,
    live: Option<live::Shown>,
    lines: Vec<(Mark, String)>,
}

#[derive(Deserialize)]
struct Read {
    read: Option<u8>,
}

/// Step 3: what the tenant answers, line by line. Read after the page where a script can, else on demand.
async fn check(
    State(web): State<Web>,
    caller: Caller,
    Path(id): Path<TenantId>,
    Query(read): Query<Read>,
    headers: HeaderMap,
) -> Answer {
    let tenant = web.wiring.tenant(id.as_str()).await?;
    let is_part = headers.contains_key("hx-request");
    let live = if is_part || read.read.is_some() {
        let zones = Zones::of(&web, &caller, vec![id.clone()]).await;
        Some(live::read(&web, &caller, &tenant, &zones).await)
    } else {
        None
    };
    let lines = live.as_ref().map(lines).unwrap_or_default();
    if is_part {
        return page(&CheckPart {
            tenant: id.to_string(),
            live,
            lines,
        });
    }
    let mut shown = blank(&web, &caller, 3, Some(&id)).await?;
    shown.lines = lines;
    shown.live = live;
    page(&shown)
}

/// The check line by line: each failed one says which permission, or what to do.
fn lines(live: &live::Shown) -> Vec<(Mark, String)> {
    let ok = |word: &str, says: String| (Mark::new("verified", word), says);
    if !live.wrong.is_empty() {
        return vec![(
            Mark::new("denied", "Denied"),
            format!("Sign-in: {} {}", live.wrong, live.hint),
        )];
    }
    let mut lines = vec![ok(
        "Granted",
        "Sign-in: tokens for Graph and for Exchange were given.".to_owned(),
    )];
    if live.seats_wrong.is_empty() {
        lines.push(ok(
            "Verified",
            format!(
                "Graph answered in {} and has {} licences.",
                live.graph,
                live.seats.len()
            ),
        ));
    } else {
        lines.push((
            Mark::new("finding", "Refused"),
            format!("Graph: {}", live.seats_wrong),
        ));
    }
    if live.exchange_wrong.is_empty() {
        lines.push(ok(
            "Verified",
            format!("Exchange Online answered in {}.", live.exchange),
        ));
    } else {
        lines.push((
            Mark::new("finding", "Refused"),
            format!("Exchange Online: {}", live.exchange_wrong),
        ));
    }
    for missing in live
        .permissions
        .iter()
        .filter(|line| line.word == "Missing")
    {
        lines.push((
            Mark::new("finding", "Missing"),
            format!("{}, needed by {}.", missing.name, missing.steps),
        ));
    }
    if live.missing == 0 {
        lines.push(ok("Granted", format!("Every permission: {}.", live.note)));
    }
    lines
}

/// Step 4: a policy to begin with. A tenant that has one is connected.
async fn policy(State(web): State<Web>, caller: Caller, Path(id): Path<TenantId>) -> Answer {
    web.wiring.tenant(id.as_str()).await?;
    if policies::in_force(&web.wiring, &id).await?.is_some() {
        return see(&format!("/t/{id}"));
    }
    page(&blank(&web, &caller, 4, Some(&id)).await?)
}

#[cfg(test)]
mod tests;
