//! Microsoft Entra's token endpoint, and the check of a token on every call that carries one.
//!
//! Sources: learn.microsoft.com, OAuth 2.0 client credentials flow, certificate credentials, access token claims, AADSTS error codes.

mod assertion;
mod der;
mod keys;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{Answer, Call, pairs};
use crate::world::{App, Tenant, World};

/// Seconds an access token lives when no fault shortens it.
pub(crate) const TOKEN_SECONDS: i64 = 3_599;

/// Template ids of the Entra roles that Exchange accepts on a service principal (Exchange Online app-only authentication page).
const EXCHANGE_ROLES: [&str; 7] = [
    "29232cdf-9323-42fd-ade2-1d097af3e4de", // Exchange Administrator
    "31392ffb-586c-42d1-9346-e59415a2cc4e", // Exchange Recipient Administrator
    "17315797-102d-40b4-93e0-432062caca18", // Compliance Administrator
    "194ae4cb-b126-40b2-bd5b-6091b380977d", // Security Administrator
    "729827e3-9c14-49f7-bb1b-9608f156bbb8", // Helpdesk Administrator
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451", // Global Reader
    "62e90394-69f5-4237-9190-012177145e10", // Global Administrator
];

/// Template ids of the roles that may touch holders of privileged roles (user-update page, "who can perform sensitive actions").
const GUARDIANS: [&str; 2] = [
    "62e90394-69f5-4237-9190-012177145e10", // Global Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", // Privileged Authentication Administrator
];

/// Template ids of the roles that let `User.ReadWrite.All` set passwords of ordinary people.
const PASSWORD_ROLES: [&str; 4] = [
    "62e90394-69f5-4237-9190-012177145e10", // Global Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", // Privileged Authentication Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1", // User Administrator
    "966707d0-3269-4727-9be2-8c3a10f19b9d", // Password Administrator
];

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: String,
    pub(crate) iss: String,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
    pub(crate) appid: String,
    pub(crate) idtyp: String,
    pub(crate) oid: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    pub(crate) sub: String,
    pub(crate) tid: String,
    pub(crate) uti: String,
    pub(crate) ver: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) wids: Vec<String>,
}

impl Claims {
    /// Whether the token carries any of these application permissions.
    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        permissions
            .iter()
            .any(|wanted| self.roles.iter().any(|role| role == wanted))
    }

    /// Whether the service principal may do sensitive things to holders of privileged roles.
    pub(crate) fn guards_privileged(&self) -> bool {
        self.wids
            .iter()
            .any(|role| GUARDIANS.contains(&role.as_str()))
    }

    /// Whether `User.ReadWrite.All` suffices for a password, by a directory role beside it.
    pub(crate) fn resets_passwords_by_role(&self) -> bool {
        self.wids
            .iter()
            .any(|role| PASSWORD_ROLES.contains(&role.as_str()))
    }
}

/// Which resource a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Graph,
    Exchange,
}

/// The resource behind an audience or scope host. The sandbox's own base addresses count as the cloud's hosts.
fn resource(audience: &str) -> Option<Resource> {
    let bare = audience.trim_end_matches('/');
    let host = bare
        .split("://")
        .nth(1)
        .unwrap_or(bare)
        .split('/')
        .next()
        .unwrap_or("");
    if bare == "00000003-0000-0000-c000-000000000000"
        || bare.ends_with("/graph")
        || host.contains("graph")
    {
        return Some(Resource::Graph);
    }
    let exchange = bare == "00000002-0000-0ff1-ce00-000000000000" || bare.ends_with("/exchange");
    (exchange || host.starts_with("outlook")).then_some(Resource::Exchange)
}

/// What the token endpoint needs to know about the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Timestamp,
    pub(crate) token_seconds: i64,
    /// Trace id and the token's unique id.
    pub(crate) trace_id: &'a str,
}

/// `/login/…`: token endpoint, discovery and keys.
pub(crate) fn handle(world: &World, call: &Call, moment: Moment<'_>) -> Answer {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [tenant, "oauth2", "v2.0", "token"] if call.method == http::Method::POST => {
            token(world, call, tenant, moment).unwrap_or_else(|refusal| refusal.answer(moment))
        }
        [tenant, "v2.0", ".well-known", "openid-configuration"] => {
            Answer::json(200, discovery(&call.base, tenant))
        }
        [_, "discovery", "v2.0", "keys"] => Answer::json(200, keys::jwks()),
        _ => Answer::empty(404),
    }
}

fn discovery(base: &str, tenant: &str) -> Value {
    json!({
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
    })
}

/// A refusal with its AADSTS number.
#[derive(Debug)]
struct Refusal {
    status: u16,
    error: &'static str,
    number: u32,
    text: String,
}

impl Refusal {
    fn request(number: u32, text: String) -> Self {
        Self {
            status: 400,
            error: "invalid_request",
            number,
            text,
        }
    }

    fn client(number: u32, text: String) -> Self {
        Self {
            status: 401,
            error: "invalid_client",
            number,
            text,
        }
    }

    fn answer(self, moment: Moment<'_>) -> Answer {
        let time = moment.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let (number, trace) = (self.number, moment.trace_id);
        let description = format!(
            "AADSTS{number}: {} Trace ID: {trace} Correlation ID: {trace} Timestamp: {time}",
            self.text
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        Answer::json(self.status, body)
    }
}

fn token(world: &World, call: &Call, tenant: &str, moment: Moment<'_>) -> Result<Answer, Refusal> {
    let form = pairs(&String::from_utf8_lossy(&call.body));
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let (tenant_id, tenant) = find_tenant(world, tenant)?;
    let client_id = field("client_id").unwrap_or_default().to_lowercase();
    match field("grant_type") {
        Some("client_credentials") => {}
        Some(other) => {
            let text = format!("The app requested an unsupported grant type '{other}'.");
            return Err(Refusal {
                status: 400,
                error: "unsupported_grant_type",
                number: 70_003,
                text,
            });
        }
        None => {
            let text =
                "The request body must contain the following parameter: 'grant_type'.".to_owned();
            return Err(Refusal::request(900_144, text));
        }
    }
    let Some(app) = tenant.apps.get(&client_id) else {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
            tenant.name
        );
        return Err(Refusal {
            status: 400,
            error: "unauthorized_client",
            number: 700_016,
            text,
        });
    };
    match (field("client_secret"), field("client_assertion")) {
        (_, Some(assertion)) => assertion::check(
            app,
            &client_id,
            [tenant_id, &call.path],
            assertion,
            moment.now,
        )?,
        (Some(secret), None) => check_secret(app, &client_id, secret, moment.now)?,
        (None, None) => {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(Refusal::client(7_000_218, text.to_owned()));
        }
    }
    let audience = audience(field("scope").unwrap_or_default(), tenant)?;
    let claims = claims(tenant_id, &client_id, app, audience, moment);
    Ok(Answer::json(
        200,
        json!({
            "token_type": "Bearer",
            "expires_in": moment.token_seconds,
            "ext_expires_in": moment.token_seconds,
            "access_token": keys::sign(&claims),
        }),
    )
    .with("cache-control", "no-store, no-cache"))
}

fn find_tenant<'w>(world: &'w World, name: &str) -> Result<(&'w str, &'w Tenant), Refusal> {
    let lower = name.to_lowercase();
    let by_domain = |tenant: &Tenant| {
        tenant
            .domains
            .iter()
            .any(|domain| domain.verified && domain.name == lower)
    };
    if let Some((id, tenant)) = world
        .tenants
        .iter()
        .find(|(id, tenant)| **id == lower || by_domain(tenant))
    {
        return Ok((id, tenant));
    }
    if uuid::Uuid::parse_str(&lower).is_err() && !lower.contains('.') {
        let text = format!(
            "Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
        );
        return Err(Refusal::request(900_023, text));
    }
    let text = format!(
        "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
    );
    Err(Refusal::request(90_002, text))
}

fn check_secret(app: &App, client_id: &str, secret: &str, now: Timestamp) -> Result<(), Refusal> {
    let Some(known) = app.secrets.iter().find(|known| known.value == secret) else {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client_id}'."
        );
        return Err(Refusal::client(7_000_215, text));
    };
    if known.expires.is_some_and(|end| end <= now) {
        let text = format!(
            "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
        );
        return Err(Refusal::client(7_000_222, text));
    }
    Ok(())
}

fn audience<'s>(scope: &'s str, tenant: &Tenant) -> Result<&'s str, Refusal> {
    let Some(audience) = scope.strip_suffix("/.default") else {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI). The scope {scope} is not valid."
        );
        return Err(Refusal {
            status: 400,
            error: "invalid_scope",
            number: 1_002_012,
            text,
        });
    };
    if resource(audience).is_none() {
        let text = format!(
            "The resource principal named {audience} was not found in the tenant named {}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
            tenant.name
        );
        return Err(Refusal {
            status: 400,
            error: "invalid_resource",
            number: 500_011,
            text,
        });
    }
    Ok(audience)
}

fn claims(
    tenant_id: &str,
    client_id: &str,
    app: &App,
    audience: &str,
    moment: Moment<'_>,
) -> Claims {
    let granted = match resource(audience) {
        Some(Resource::Exchange) => &app.exchange_roles,
        _ => &app.graph_roles,
    };
    let now = moment.now.as_second();
    Claims {
        aud: audience.to_owned(),
        iss: format!("https://sts.windows.net/{tenant_id}/"),
        iat: now,
        nbf: now,
        exp: now + moment.token_seconds,
        appid: client_id.to_owned(),
        idtyp: "app".to_owned(),
        oid: app.service_principal_id.clone(),
        roles: granted.iter().cloned().collect(),
        sub: app.service_principal_id.clone(),
        tid: tenant_id.to_owned(),
        uti: URL_SAFE_NO_PAD.encode(moment.trace_id.as_bytes()),
        ver: "1.0".to_owned(),
        wids: app.directory_roles.iter().cloned().collect(),
    }
}

/// Why a token was not accepted, with the vendor's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected(pub(crate) &'static str);

/// Checks the bearer token of a call: signature, resource, tenant, lifetime; `dies_after_s` ends it earlier than it says.
pub(crate) fn verify(
    world: &World,
    call: &Call,
    wanted: Resource,
    (now, dies_after_s): (Timestamp, Option<i64>),
) -> Result<Claims, Rejected> {
    let token = call
        .header("authorization")
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or(Rejected("Access token is empty."))?;
    let claims = keys::verify(token).ok_or(Rejected(
        "IDX10511: Signature validation failed. Access token validation failure.",
    ))?;
    if resource(&claims.aud) != Some(wanted) {
        return Err(Rejected(
            "Access token validation failure. Invalid audience.",
        ));
    }
    let end = dies_after_s.map_or(claims.exp, |seconds| claims.exp.min(claims.iat + seconds));
    if end <= now.as_second() {
        return Err(Rejected(
            "Lifetime validation failed, the token is expired.",
        ));
    }
    let known = world
        .tenants
        .get(&claims.tid)
        .is_some_and(|tenant| tenant.apps.contains_key(&claims.appid));
    if !known {
        return Err(Rejected(
            "The identity of the calling application could not be established.",
        ));
    }
    Ok(claims)
}

/// Whether a token may call the Exchange admin API: none when it may, else the reply.
///
/// Source: learn.microsoft.com, app-only authentication for unattended scripts in Exchange Online PowerShell.
pub(crate) fn exchange_refusal(claims: &Claims) -> Option<Answer> {
    if !claims.has_any(&["Exchange.ManageAsApp"]) {
        return Some(Answer::json(
            401,
            json!({"error": {"code": "UnAuthorized", "message": "UnAuthorized"}}),
        ));
    }
    if !claims
        .wids
        .iter()
        .any(|role| EXCHANGE_ROLES.contains(&role.as_str()))
    {
        let text = format!(
            "The role assigned to application {} isn't supported in this scenario. Please check online documentation for assigning correct Directory Roles to Azure AD Application for EXO App-Only Authentication.",
            claims.appid
        );
        return Some(Answer::json(
            403,
            json!({"error": {"code": "Forbidden", "message": text}}),
        ));
    }
    None
}
