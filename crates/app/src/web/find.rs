//! Find or do: people, tenants, plans and runs, tickets, digests, and the commands there are. It opens things; nothing runs from it.

use askama::Template;
use axum::extract::State;
use domain::TenantId;
use domain::access::Role;
use serde::Deserialize;
use store::Found;

use super::answer::page;
use super::lists;
use super::shell::Shell;
use super::{Answer, Caller, Needs, Routes, Web};
use crate::problem::Problem;
use crate::web::extract::{Path, Query};
use crate::wiring::of_store;

/// How many of each group are shown.
const SHOWN: u32 = 6;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/find", Needs::Somewhere(Role::Viewer), show)
        .get("/find/hits", Needs::Somewhere(Role::Viewer), hits)
        .get("/t/{tenant}/find", Needs::There(Role::Viewer), show)
        .get("/t/{tenant}/find/hits", Needs::There(Role::Viewer), hits)
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hit {
    href: String,
    icon: &'static str,
    name: String,
    sub: String,
}

/// What was found of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: &'static str,
    hits: Vec<Hit>,
}

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage {
    shell: Shell,
    q: String,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "find-hits.html")]
struct Hits {
    q: String,
    groups: Vec<Group>,
}

async fn show(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let q = wanted.q.trim().to_owned();
    let groups = groups(&web, &caller, tenant.as_ref(), &q).await?;
    let shell = Shell::new(&web, &caller, "find", "Find or do", tenant.as_ref()).await?;
    page(&FindPage { shell, q, groups })
}

/// The part for the palette.
async fn hits(
    State(web): State<Web>,
    caller: Caller,
    tenant: Option<Path<TenantId>>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let tenant = tenant.map(|Path(tenant)| tenant);
    let q = wanted.q.trim().to_owned();
    let groups = groups(&web, &caller, tenant.as_ref(), &q).await?;
    page(&Hits { q, groups })
}

async fn groups(
    web: &Web,
    caller: &Caller,
    tenant: Option<&TenantId>,
    q: &str,
) -> Result<Vec<Group>, Problem> {
    let scope = caller.scope_at(tenant);
    let store = &web.wiring.store;
    let found = store.find(&scope, q, SHOWN).await.map_err(of_store)?;
    let tenants = store
        .tenants(&caller.scope(Role::Viewer))
        .await
        .map_err(of_store)?;
    let names: Vec<TenantId> = tenants.into_iter().map(|tenant| tenant.name).collect();
    let mut groups = of_found(&found);
    groups.insert(
        1,
        Group {
            name: "Tenants",
            hits: of_tenants(&names, q),
        },
    );
    groups.push(Group {
        name: "Commands",
        hits: commands(caller, &names, tenant, q),
    });
    groups.retain(|group| !group.hits.is_empty());
    Ok(groups)
}

fn of_found(found: &Found) -> Vec<Group> {
    let people = found.people.iter().map(|person| Hit {
        href: format!("/t/{}/people/{}", person.tenant, person.person),
        icon: "person",
        name: person.name.clone(),
        sub: format!("{} · {}", person.upn, person.tenant),
    });
    let plans = found.plans.iter().map(|plan| Hit {
        href: format!("/t/{}/plans/{}", plan.tenant, plan.id),
        icon: "plans",
        name: format!("{} {}", plan.id, lists::deed(plan.kind, &plan.name)),
        sub: format!("{} · {}", plan.digest.short(), plan.tenant),
    });
    let runs = found.runs.iter().map(|run| Hit {
        href: format!("/t/{}/runs/{}", run.tenant, run.id),
        icon: "runs",
        name: format!("{} {}", run.id, lists::deed(run.kind, &run.name)),
        sub: run.tenant.to_string(),
    });
    let tickets = found.requests.iter().map(|request| {
        let name = request
            .name
            .as_deref()
            .or(request.upn.as_deref())
            .unwrap_or("somebody not named yet");
        Hit {
            href: format!("/t/{}/requests/{}", request.tenant, request.id),
            icon: "requests",
            name: format!(
                "{} {}",
                request.reference.as_deref().unwrap_or_default(),
                lists::deed(request.kind, name)
            ),
            sub: request.tenant.to_string(),
        }
    });
    vec![
        Group {
            name: "People",
            hits: people.collect(),
        },
        Group {
            name: "Plans",
            hits: plans.collect(),
        },
        Group {
            name: "Runs",
            hits: runs.collect(),
        },
        Group {
            name: "Tickets",
            hits: tickets.collect(),
        },
    ]
}

fn of_tenants(names: &[TenantId], q: &str) -> Vec<Hit> {
    let wanted = q.to_lowercase();
    names
        .iter()
        .filter(|name| !wanted.is_empty() && name.as_str().to_lowercase().contains(&wanted))
        .take(SHOWN as usize)
        .map(|name| Hit {
            href: format!("/t/{name}"),
            icon: "tenants",
            name: name.to_string(),
            sub: "tenant".to_owned(),
        })
        .collect()
}

/// A command: the words it is found by, what it opens, and the role it needs.
struct Command {
    words: &'static str,
    name: &'static str,
    icon: &'static str,
    /// Behind `/t/NAME` where it is about one tenant.
    to: &'static str,
    of_tenant: bool,
    role: Role,
}

const fn command(
    words: &'static str,
    name: &'static str,
    icon: &'static str,
    to: &'static str,
    of_tenant: bool,
    role: Role,
) -> Command {
    Command {
        words,
        name,
        icon,
        to,
        of_tenant,
        role,
    }
}

const COMMANDS: [Command; 14] = [
    command(
        "offboard leave leaver leaves",
        "Offboard somebody",
        "requests",
        "/requests/new?kind=offboard",
        true,
        Role::Requester,
    ),
    command(
        "onboard join joiner starts new",
        "Onboard somebody",
        "requests",
        "/requests/new?kind=onboard",
        true,
        Role::Requester,
    ),
    command(
        "check permissions tenant",
        "Check the tenant",
        "tenants",
        "",
        true,
        Role::Viewer,
    ),
    command(
        "edit policy",
        "Edit the policy",
        "policies",
        "/policy",
        true,
        Role::Viewer,
    ),
    command(
        "verify ledger proof export",
        "Verify the ledger",
        "ledger",
        "/ledger",
        true,
        Role::Viewer,
    ),
    command(
        "connect tenant add",
        "Connect a tenant",
        "tenants",
        "/tenants/connect",
        false,
        Role::Admin,
    ),
    command("today", "Today", "today", "/today", false, Role::Viewer),
    command(
        "findings open",
        "Findings",
        "findings",
        "/findings",
        false,
        Role::Viewer,
    ),
    command(
        "plans waiting approve",
        "Plans",
        "plans",
        "/plans",
        false,
        Role::Viewer,
    ),
    command("runs running", "Runs", "runs", "/runs", false, Role::Viewer),
    command(
        "seats licences",
        "Seats and numbers",
        "seats",
        "/seats",
        false,
        Role::Viewer,
    ),
    command(
        "reports sla",
        "Reports",
        "reports",
        "/reports",
        false,
        Role::Viewer,
    ),
    command(
        "sandbox rehearse practice",
        "Rehearse in the sandbox",
        "sandbox",
        "/sandbox",
        false,
        Role::Viewer,
    ),
    command(
        "settings operators clients webhooks",
        "Settings",
        "settings",
        "/settings",
        false,
        Role::Viewer,
    ),
];

/// The commands whose words begin like those typed. Words that are a tenant's name, or its beginning, choose the tenant.
fn commands(caller: &Caller, tenants: &[TenantId], here: Option<&TenantId>, q: &str) -> Vec<Hit> {
    let typed: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    let named = |word: &String| {
        tenants
            .iter()
            .find(|name| name.as_str().to_lowercase().starts_with(word.as_str()))
    };
    let mut hits = Vec::new();
    for command in &COMMANDS {
        let knows = |word: &&String| {
            command
                .words
                .split(' ')
                .any(|known| known.starts_with(word.as_str()))
        };
        let (known, rest): (Vec<&String>, Vec<&String>) =
            typed.iter().partition(|word| knows(word));
        if (known.is_empty() && !typed.is_empty()) || rest.iter().any(|word| named(word).is_none())
        {
            continue;
        }
        let chosen = rest.iter().find_map(|word| named(word));
        let places: Vec<Option<&TenantId>> = match (command.of_tenant, chosen.or(here)) {
            (false, _) => vec![None],
            (true, Some(tenant)) => vec![Some(tenant)],
            // Without a tenant in mind a command is offered for the first few.
            (true, None) => tenants.iter().take(3).map(Some).collect(),
        };
        for place in places {
            let may = match place {
                Some(tenant) => caller.may(command.role, tenant),
                None => caller.role().is_some_and(|role| role >= command.role),
            };
            if may && !(typed.is_empty() && place.is_some() && here.is_none()) {
                hits.push(Hit {
                    href: format!(
                        "{}{}",
                        place.map_or_else(String::new, |tenant| format!("/t/{tenant}")),
                        command.to
                    ),
                    icon: command.icon,
                    name: command.name.to_owned(),
                    sub: place.map_or_else(|| "opens".to_owned(), ToString::to_string),
                });
            }
        }
    }
    hits.truncate(10);
    hits
}

#[cfg(test)]
mod tests {
    use domain::access::Grant;

    use super::*;

    fn caller(role: Role) -> Caller {
        Caller {
            id: "o-1".to_owned(),
            name: "Ada".to_owned(),
            address: "ada@provider.example".to_owned(),
            zone: None,
            grants: vec![Grant { tenant: None, role }],
            csrf: String::new(),
            session: None,
            is_client: false,
        }
    }

    fn hrefs(role: Role, here: Option<&str>, q: &str) -> Vec<String> {
        let tenants = [TenantId::from("contoso"), TenantId::from("fabrikam")];
        let here = here.map(TenantId::from);
        let hits = commands(&caller(role), &tenants, here.as_ref(), q);
        hits.into_iter().map(|hit| hit.href).collect()
    }

    #[test]
    fn a_command_opens_its_form_for_the_tenant_that_was_named() {
        assert_eq!(
            hrefs(Role::Requester, None, "offb fab"),
            ["/t/fabrikam/requests/new?kind=offboard"]
        );
        assert_eq!(
            hrefs(Role::Requester, Some("contoso"), "offboard"),
            ["/t/contoso/requests/new?kind=offboard"]
        );
        assert_eq!(hrefs(Role::Requester, None, "offboard").len(), 2);
        assert!(hrefs(Role::Requester, None, "offboard nobody").is_empty());
    }

    #[test]
    fn what_the_role_does_not_allow_is_not_offered() {
        assert!(hrefs(Role::Viewer, None, "offboard contoso").is_empty());
        assert!(!hrefs(Role::Requester, None, "connect").contains(&"/tenants/connect".to_owned()));
        assert!(hrefs(Role::Admin, None, "connect").contains(&"/tenants/connect".to_owned()));
    }
}
