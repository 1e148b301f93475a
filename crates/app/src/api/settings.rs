//! Settings: operators, API clients, and the sign-in log.

use axum::extract::State;
use domain::access::{Grant, Role};
use domain::{ClientId, OperatorId};
use jiff::Timestamp;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Client, Operator, Page};

use super::{Api, Asked, At, Doc, Done, Form, Param, Sent, data, done, once};
use crate::acts::{clients, operators};
use crate::web::{Answer, Caller, Needs, Web};
use crate::wiring::of_store;

const ADMIN: Needs = Needs::Everywhere(Role::Admin);
/// So many lines a page has.
const LINES: u32 = 50;

pub(super) fn calls(api: Api) -> Api {
    let invitation = || json!({ "name": "Jane Doe", "address": "jane@provider.example", "grants": [{ "tenant": "contoso", "role": "approver" }] });
    let api = api
        .get(
            "/api/v1/operators",
            ADMIN,
            Doc::new("settings", "Who works with Tenure").gives::<Vec<OperatorOut>>(),
            all,
        )
        .post(
            "/api/v1/operators",
            ADMIN,
            Doc::new("settings", "Invite somebody, who signs in with the identity provider")
                .takes::<Invitation>(invitation)
                .codes(&["exists", "mail", "name", "tenant"])
                .gives::<OperatorOut>(),
            invite,
        )
        .get(
            "/api/v1/operators/{operator}",
            ADMIN,
            Doc::new("settings", "An operator, with their roles").gives::<OperatorOut>(),
            one,
        )
        .put(
            "/api/v1/operators/{operator}/roles",
            ADMIN,
            Doc::new("settings", "Say what somebody may do, and where")
                .about("The list takes the place of the one before. The last admin of all tenants stays one.")
                .takes::<Roles>(|| json!({ "grants": [{ "tenant": null, "role": "viewer" }] }))
                .codes(&["last-admin", "tenant"])
                .gives::<OperatorOut>(),
            roles,
        )
        .put(
            "/api/v1/operators/{operator}/state",
            ADMIN,
            Doc::new("settings", "Close or open somebody's account")
                .about("Whoever is disabled is signed out at once.")
                .takes::<State_>(|| json!({ "disabled": true }))
                .codes(&["last-admin"])
                .gives::<OperatorOut>(),
            state,
        );
    of_clients(api)
}

fn of_clients(api: Api) -> Api {
    api.get(
        "/api/v1/clients",
        ADMIN,
        Doc::new("settings", "The API clients").gives::<Vec<ClientOut>>(),
        all_clients,
    )
    .post(
        "/api/v1/clients",
        ADMIN,
        Doc::new("settings", "Make an API client; its token is shown on this answer alone")
            .takes::<NewClient>(|| json!({ "name": "hr-system", "grants": [{ "tenant": "contoso", "role": "requester" }] }))
            .codes(&["exists", "name", "tenant"])
            .gives::<MadeOut>(),
        make,
    )
    .delete(
        "/api/v1/clients/{client}",
        ADMIN,
        Doc::new("settings", "Revoke an API client for good").gives::<Done>(),
        revoke,
    )
    .get(
        "/api/v1/sign-ins",
        ADMIN,
        Doc::new("settings", "The sign-in log, the newest first")
            .query(const { &[Param::new("after", "`next` of the page before", Form::Number(1, i64::MAX))] })
            .gives::<Page<SignInOut>>(),
        sign_ins,
    )
}

/// An operator.
#[derive(Serialize, JsonSchema)]
struct OperatorOut {
    /// The id.
    id: OperatorId,
    /// The name.
    name: String,
    /// The address they sign in by.
    address: String,
    /// Whether they cannot sign in.
    disabled: bool,
    /// Whether they have a local account.
    local: bool,
    /// When they were invited.
    created_at: Timestamp,
    /// What they may do, and where.
    grants: Vec<Grant>,
}

impl From<Operator> for OperatorOut {
    fn from(operator: Operator) -> Self {
        Self {
            id: operator.id,
            name: operator.name,
            address: operator.email,
            disabled: operator.disabled,
            local: operator.local,
            created_at: operator.created_at,
            grants: operator.grants,
        }
    }
}

async fn all(State(web): State<Web>, _: Caller) -> Answer {
    let operators = web.wiring.store.operators().await.map_err(of_store)?;
    let operators = operators.into_iter().map(OperatorOut::from);
    data(&operators.collect::<Vec<_>>())
}

async fn one(State(web): State<Web>, _: Caller, At(id): At<OperatorId>) -> Answer {
    let operator = web.wiring.store.operator(&id).await.map_err(of_store)?;
    data(&OperatorOut::from(operator))
}

/// A role, and where; without a tenant in all of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GrantIn {
    /// The tenant; none for all, those to come included.
    #[schemars(length(min = 1, max = 64))]
    tenant: Option<domain::TenantId>,
    /// The role.
    role: Role,
}

fn grants(sent: Vec<GrantIn>) -> Vec<Grant> {
    let grant = |one: GrantIn| Grant {
        tenant: one.tenant,
        role: one.role,
    };
    sent.into_iter().map(grant).collect()
}

/// Somebody to be invited.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Invitation {
    /// What colleagues call them.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Their work address, by which the identity provider knows them.
    #[schemars(length(min = 3, max = 254))]
    address: String,
    /// What they may do.
    #[schemars(length(max = 100))]
    grants: Vec<GrantIn>,
}

async fn invite(State(web): State<Web>, caller: Caller, Sent(sent): Sent<Invitation>) -> Answer {
    let given = grants(sent.grants);
    let by = &caller.address;
    let made = operators::invite(&web.wiring, &sent.name, &sent.address, &given, by).await?;
    data(&OperatorOut::from(made))
}

/// What somebody may do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Roles {
    /// All of it; an empty list takes everything.
    #[schemars(length(max = 100))]
    grants: Vec<GrantIn>,
}

async fn roles(
    State(web): State<Web>,
    caller: Caller,
    At(id): At<OperatorId>,
    Sent(sent): Sent<Roles>,
) -> Answer {
    let new = grants(sent.grants);
    let give = |own: &mut Vec<Grant>| *own = new;
    let changed = operators::change(&web.wiring, &id, &caller.address, give).await?;
    data(&OperatorOut::from(changed))
}

/// Whether an account is open.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct State_ {
    /// Whether they cannot sign in.
    disabled: bool,
}

async fn state(
    State(web): State<Web>,
    caller: Caller,
    At(id): At<OperatorId>,
    Sent(sent): Sent<State_>,
) -> Answer {
    let changed = operators::set_disabled(&web.wiring, &id, sent.disabled, &caller.address).await?;
    data(&OperatorOut::from(changed))
}

/// An API client, without its token.
#[derive(Serialize, JsonSchema)]
struct ClientOut {
    /// The id.
    id: ClientId,
    /// The name.
    name: String,
    /// What it may do, and where.
    grants: Vec<Grant>,
    /// Who made it.
    by: String,
    /// When.
    created_at: Timestamp,
    /// When it last called.
    used_at: Option<Timestamp>,
    /// When it was revoked.
    revoked_at: Option<Timestamp>,
    /// Who revoked it.
    revoked_by: Option<String>,
}

impl From<Client> for ClientOut {
    fn from(client: Client) -> Self {
        let (revoked_at, revoked_by) = client.revoked.unzip();
        Self {
            id: client.id,
            name: client.name,
            grants: client.grants,
            by: client.by,
            created_at: client.created_at,
            used_at: client.used_at,
            revoked_at,
            revoked_by,
        }
    }
}

async fn all_clients(State(web): State<Web>, _: Caller) -> Answer {
    let clients = web.wiring.store.clients().await.map_err(of_store)?;
    data(&clients.into_iter().map(ClientOut::from).collect::<Vec<_>>())
}

/// A client to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewClient {
    /// Which program it is.
    #[schemars(length(min = 1, max = 64))]
    name: String,
    /// What it may do.
    #[schemars(length(min = 1, max = 100))]
    grants: Vec<GrantIn>,
}

/// A client that was just made.
#[derive(Clone, Serialize, JsonSchema)]
struct MadeOut {
    /// The id.
    id: ClientId,
    /// The name.
    name: String,
    /// The token, on the first answer alone; null when the answer is given again under its `Idempotency-Key`.
    token: Option<String>,
}

async fn make(State(web): State<Web>, caller: Caller, Sent(sent): Sent<NewClient>) -> Answer {
    if sent.grants.is_empty() {
        return Err(super::sent::wrong("grants: at least one is wanted"));
    }
    let given = grants(sent.grants);
    let made = clients::make(&web.wiring, &sent.name, given, &caller.address).await?;
    let out = MadeOut {
        id: made.id,
        name: made.name,
        token: Some(made.token.expose_secret().to_owned()),
    };
    let again = MadeOut {
        token: None,
        ..out.clone()
    };
    once::shown_once(&out, &again)
}

async fn revoke(State(web): State<Web>, caller: Caller, At(id): At<ClientId>) -> Answer {
    clients::revoke(&web.wiring, &id, &caller.address).await?;
    done(id.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    after: Option<i64>,
}

/// A try to sign in.
#[derive(Serialize, JsonSchema)]
struct SignInOut {
    /// When.
    at: Timestamp,
    /// The address that was given.
    address: Option<String>,
    /// How: `oidc`, `local`, `set-up`, `api`.
    method: String,
    /// What became of it.
    outcome: String,
    /// From which network.
    network: String,
}

async fn sign_ins(
    State(web): State<Web>,
    _: Caller,
    Asked(Before { after }): Asked<Before>,
) -> Answer {
    if after.is_some_and(|after| after < 1) {
        return Err(super::sent::outside("after", "from 1 on"));
    }
    let found = web.wiring.store.sign_ins(None, after, LINES).await;
    let found = found.map_err(of_store)?;
    let is_full = found.len() == LINES as usize;
    let next = found
        .last()
        .filter(|_| is_full)
        .map(|(id, _)| id.to_string());
    let lines = found.into_iter().map(|(_, one)| SignInOut {
        at: one.at,
        address: one.email,
        method: one.method,
        outcome: one.outcome,
        network: one.network,
    });
    data(&Page {
        lines: lines.collect(),
        next,
    })
}
