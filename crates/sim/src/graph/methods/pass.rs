//! Temporary access passes: given once, never shown again.
//!
//! Source: authentication-post-temporaryaccesspassmethods, howto-authentication-temporary-access-pass (entra-docs), and texts that products
//! which issue passes match on.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::super::users::time;
use super::super::{Ask, Outcome};
use super::refused;
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{AuthMethod, Id, MethodKind, TapPolicy, Tenant, User};

/// What passes are made of: no letters that look alike.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!#$%&*+=?@";

/// A pass as every read shows it: whether it opens now, and never the pass itself.
pub(super) fn value(method: &AuthMethod, now: Timestamp) -> Map<String, Value> {
    let start = starts(method);
    let reason = if now < start {
        "NotYetValid"
    } else if is_expired(method, now) {
        "Expired"
    } else {
        "EnabledByPolicy"
    };
    let item = json!({
        "temporaryAccessPass": null,
        "startDateTime": time(start),
        "lifetimeInMinutes": method.lifetime_in_minutes,
        "isUsableOnce": method.is_usable_once,
        "isUsable": reason == "EnabledByPolicy",
        "methodUsabilityReason": reason,
    });
    match item {
        Value::Object(item) => item,
        _ => Map::new(),
    }
}

fn starts(method: &AuthMethod) -> Timestamp {
    method.start_date_time.unwrap_or(method.created_date_time)
}

fn is_expired(method: &AuthMethod, now: Timestamp) -> bool {
    let minutes = SignedDuration::from_mins(i64::from(method.lifetime_in_minutes));
    starts(method)
        .saturating_add(minutes)
        .is_ok_and(|end| end <= now)
}

/// Gives a pass. The reply is the only place where it ever stands.
pub(super) fn create(visit: &mut Visit<'_>, ask: &Ask<'_>, user_id: &Id) -> Outcome {
    let body = if ask.call.body.is_empty() {
        Map::new()
    } else {
        ask.body()?
    };
    let now = visit.now();
    let tenant = visit.primary();
    let policy = tenant.tap_policy.clone();
    may_have(tenant, user_id)?;
    let wished = wish(&body, &policy, now)?;
    let id = visit.new_id("temporary access pass");
    let pass = draw(visit, policy.length);
    let digest = Sha256::digest(pass.as_bytes());
    let method = AuthMethod {
        secret_hash: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        created_date_time: now,
        ..wished
    };
    let operation = "POST /users/{id}/authentication/temporaryAccessPassMethods";
    visit.change(operation, |tenant| {
        let user = tenant
            .users
            .get_mut(user_id)
            .ok_or_else(|| super::missing(user_id))?;
        take_the_place(user, policy.replaces, now)?;
        user.methods.insert(id.clone(), method.clone());
        Ok::<_, Answer>(())
    })?;
    let mut item = value(&method, now);
    let context = format!(
        "users('{}')/authentication/temporaryAccessPassMethods/$entity",
        ask.id(0)
    );
    item.insert("@odata.context".to_owned(), json!(ask.context(&context)));
    item.insert("id".to_owned(), json!(id));
    item.insert("createdDateTime".to_owned(), json!(time(now)));
    item.insert("temporaryAccessPass".to_owned(), json!(pass));
    Ok(Answer::json(201, Value::Object(item)))
}

/// One pass per person: one that ran out makes room by itself, one that stands only where the service replaces it.
fn take_the_place(user: &mut User, replaces: bool, now: Timestamp) -> Result<(), Answer> {
    let is_pass = |method: &AuthMethod| method.kind == MethodKind::TemporaryAccessPass;
    let stands = user
        .methods
        .values()
        .any(|method| is_pass(method) && !is_expired(method, now));
    if stands && !replaces {
        return Err(refused(
            400,
            "badRequest",
            "A Temporary Access Pass already exists for this user. Delete the existing Temporary Access Pass before creating a new one.",
        ));
    }
    user.methods.retain(|_, method| !is_pass(method));
    Ok(())
}

fn may_have(tenant: &Tenant, user_id: &str) -> Result<(), Answer> {
    let user = tenant.users.get(user_id);
    let is_guest = user.is_some_and(|user| {
        user.user_type == "Guest" && user.user_principal_name.contains("#EXT#")
    });
    if is_guest {
        let text = "Temporary Access Pass cannot be added to an external guest user.";
        return Err(refused(400, "badRequest", text));
    }
    let policy = &tenant.tap_policy;
    let targets = &policy.target_groups;
    let is_member = |group: &Id| {
        tenant
            .groups
            .get(group)
            .is_some_and(|group| group.members.contains(user_id))
    };
    if policy.enabled && (targets.is_empty() || targets.iter().any(is_member)) {
        return Ok(());
    }
    let text = "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].";
    Err(refused(400, "badRequest", text))
}

/// What the caller asks for, as far as the policy lets it.
fn wish(
    body: &Map<String, Value>,
    policy: &TapPolicy,
    now: Timestamp,
) -> Result<AuthMethod, Answer> {
    let invalid = |text: &str| refused(400, "badRequest", text);
    let known = [
        "startDateTime",
        "lifetimeInMinutes",
        "isUsableOnce",
        "@odata.type",
    ];
    if let Some(strange) = body.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(invalid(&format!(
            "The property '{strange}' does not exist on type 'microsoft.graph.temporaryAccessPassAuthenticationMethod' or cannot be set."
        )));
    }
    let lifetime_in_minutes = match body.get("lifetimeInMinutes") {
        None | Some(Value::Null) => policy.default_minutes,
        Some(given) => given
            .as_u64()
            .and_then(|minutes| u32::try_from(minutes).ok())
            .filter(|minutes| (policy.minimum_minutes..=policy.maximum_minutes).contains(minutes))
            .ok_or_else(|| {
                invalid(&format!(
                    "The lifetime of a Temporary Access Pass must be between {} and {} minutes by the tenant's policy.",
                    policy.minimum_minutes, policy.maximum_minutes
                ))
            })?,
    };
    let is_usable_once = match body.get("isUsableOnce") {
        None | Some(Value::Null) => policy.must_be_one_time,
        Some(Value::Bool(false)) if policy.must_be_one_time => {
            return Err(invalid(
                "The tenant's policy requires a one-time Temporary Access Pass.",
            ));
        }
        Some(Value::Bool(once)) => *once,
        Some(_) => {
            return Err(invalid(
                "Invalid value specified for property 'isUsableOnce'.",
            ));
        }
    };
    let start_date_time = match body.get("startDateTime") {
        None | Some(Value::Null) => None,
        Some(given) => {
            let start = given
                .as_str()
                .and_then(|text| text.parse::<Timestamp>().ok());
            let start = start
                .ok_or_else(|| invalid("Invalid value specified for property 'startDateTime'."))?;
            // Clocks differ a little; more than that is a mistake.
            let earliest = now
                .saturating_sub(SignedDuration::from_mins(5))
                .unwrap_or(now);
            if start < earliest {
                return Err(invalid(
                    "The startDateTime of a Temporary Access Pass cannot be in the past.",
                ));
            }
            Some(start)
        }
    };
    Ok(AuthMethod {
        kind: MethodKind::TemporaryAccessPass,
        start_date_time,
        lifetime_in_minutes,
        is_usable_once,
        ..AuthMethod::default()
    })
}

/// A pass of this length, different for every request.
fn draw(visit: &Visit<'_>, length: usize) -> String {
    let mut pass = String::new();
    let mut round = 0;
    while pass.len() < length {
        let bytes = Sha256::digest(visit.new_id(&format!("pass {round}")).as_bytes());
        let letters = bytes
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        pass.extend(letters.take(length - pass.len()));
        round += 1;
    }
    pass
}

/// The policy that decides all of this, for whoever plans.
pub(in crate::graph) fn policy(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    if !ask.id(0).eq_ignore_ascii_case("TemporaryAccessPass") {
        return Err(super::super::not_found(ask.id(0)));
    }
    let policy = &visit.seen().tap_policy;
    let targets: Vec<Value> = if policy.target_groups.is_empty() {
        vec![json!({"targetType": "group", "id": "all_users", "isRegistrationRequired": false})]
    } else {
        let one =
            |id: &Id| json!({"targetType": "group", "id": id, "isRegistrationRequired": false});
        policy.target_groups.iter().map(one).collect()
    };
    Ok(Answer::json(
        200,
        json!({
            "@odata.context": ask.context("authenticationMethodConfigurations/$entity"),
            "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
            "id": "TemporaryAccessPass",
            "state": if policy.enabled { "enabled" } else { "disabled" },
            "defaultLifetimeInMinutes": policy.default_minutes,
            "defaultLength": policy.length,
            "minimumLifetimeInMinutes": policy.minimum_minutes,
            "maximumLifetimeInMinutes": policy.maximum_minutes,
            "isUsableOnce": policy.must_be_one_time,
            "excludeTargets": [],
            "includeTargets": targets,
        }),
    ))
}
