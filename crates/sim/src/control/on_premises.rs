//! What the administrator of a hybrid tenant's own directory can do: `/sandbox/on-premises/{tenant}/…`.
//!
//! | call | does |
//! |---|---|
//! | `GET users`, `GET users/{name}` | shows accounts, with the object id of their image in the cloud |
//! | `POST users` | makes an account; a `password` in the body is hashed and forgotten |
//! | `PATCH users/{name}` | changes fields, `password` among them |
//! | `DELETE users/{name}` | removes an account |
//! | `GET groups`, `PATCH groups/{name}` with `add` and `remove` | shows and changes members |
//! | `POST sync` with `full` | runs a cycle at once |
//!
//! A name is an objectGUID, a sAMAccountName or a sign-in name.

use http::Method;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::call::{Answer, Call};
use crate::faults::HumanChange;
use crate::sandbox::Sandbox;
use crate::world::{OnPremisesUser, Tenant};

/// Answers one call.
pub(super) fn handle(sandbox: &Sandbox, call: &Call) -> Answer {
    answer(sandbox, call)
        .unwrap_or_else(|error| Answer::json(400, json!({"error": error.to_string()})))
}

fn answer(sandbox: &Sandbox, call: &Call) -> Result<Answer, Error> {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["on-premises", tenant, rest @ ..] = parts.as_slice() else {
        return Ok(unknown());
    };
    let make = |change: HumanChange| sandbox.human(tenant, &change);
    match (&call.method, rest) {
        (&Method::GET, ["users"]) => {
            let tenant = truth(sandbox, tenant)?;
            let users = tenant.on_premises.users.keys();
            let users: Vec<Value> = users.map(|guid| shown(&tenant, guid)).collect();
            Ok(Answer::json(200, json!({"value": users})))
        }
        (&Method::GET, ["users", name]) => one(sandbox, tenant, (200, name)),
        (&Method::POST, ["users"]) => {
            let fields = Value::Object(fields(call)?);
            let user: OnPremisesUser = serde_json::from_value(fields).map_err(refused)?;
            let name = user.sam_account_name.clone();
            make(HumanChange::AddOnPremisesUser {
                user: Box::new(user),
            })?;
            one(sandbox, tenant, (201, &name))
        }
        (&Method::PATCH, ["users", name]) => {
            let (user, set) = ((*name).to_owned(), fields(call)?);
            make(HumanChange::ChangeOnPremisesUser { user, set })?;
            Ok(Answer::empty(204))
        }
        (&Method::DELETE, ["users", name]) => {
            let user = (*name).to_owned();
            make(HumanChange::RemoveOnPremisesUser { user })?;
            Ok(Answer::empty(204))
        }
        (&Method::GET, ["groups"]) => {
            let groups = truth(sandbox, tenant)?.on_premises.groups;
            Ok(Answer::json(
                200,
                serde_json::to_value(groups).map_err(refused)?,
            ))
        }
        (&Method::PATCH, ["groups", name]) => {
            let body = body(call)?;
            let list = |field: &str| {
                let names = body.get(field).cloned().unwrap_or_else(|| json!([]));
                serde_json::from_value::<Vec<String>>(names).map_err(refused)
            };
            let group = (*name).to_owned();
            let (add, remove) = (list("add")?, list("remove")?);
            make(HumanChange::ChangeOnPremisesGroup { group, add, remove })?;
            Ok(Answer::empty(204))
        }
        (&Method::POST, ["sync"]) => {
            let full = body(call)?
                .get("full")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            make(HumanChange::SyncDirectory { full })?;
            let directory = truth(sandbox, tenant)?.on_premises;
            let last = directory.last_sync.map(|moment| moment.to_string());
            Ok(Answer::json(
                200,
                json!({"last_sync": last, "errors": directory.errors}),
            ))
        }
        _ => Ok(unknown()),
    }
}

fn unknown() -> Answer {
    Answer::json(404, json!({"error": "unknown control path"}))
}

fn refused(error: serde_json::Error) -> Error {
    Error::Human(error.to_string())
}

fn truth(sandbox: &Sandbox, tenant: &str) -> Result<Tenant, Error> {
    let found = sandbox.world().tenants.remove(tenant);
    found.ok_or_else(|| Error::Human(format!("there is no tenant {tenant}")))
}

fn one(sandbox: &Sandbox, tenant: &str, (status, name): (u16, &str)) -> Result<Answer, Error> {
    let tenant = truth(sandbox, tenant)?;
    match tenant.on_premises.user(name) {
        Some(guid) => Ok(Answer::json(status, shown(&tenant, guid))),
        None => Ok(Answer::json(
            404,
            json!({"error": format!("there is no on-premises {name}")}),
        )),
    }
}

/// An account as its administrator sees it: no hash, and where its image in the cloud is.
fn shown(tenant: &Tenant, guid: &str) -> Value {
    let mut item = json!(tenant.on_premises.users.get(guid));
    if let Value::Object(fields) = &mut item {
        fields.remove("password_hash");
        fields.insert("object_guid".to_owned(), json!(guid));
        fields.insert("cloud_id".to_owned(), json!(tenant.synced_user(guid)));
        fields.insert(
            "error".to_owned(),
            json!(tenant.on_premises.errors.get(guid)),
        );
    }
    item
}

fn body(call: &Call) -> Result<Map<String, Value>, Error> {
    if call.body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&call.body).map_err(refused)
}

/// The fields of a body, with the hash of its password in the password's place.
fn fields(call: &Call) -> Result<Map<String, Value>, Error> {
    let mut fields = body(call)?;
    for own in ["password_hash", "password_set", "pending"] {
        if fields.contains_key(own) {
            return Err(Error::Human(format!(
                "the field {own} is not for callers to set"
            )));
        }
    }
    if let Some(password) = fields.remove("password") {
        let text = password.as_str().filter(|text| text.chars().count() >= 8);
        let text = text
            .ok_or_else(|| Error::Human("a password has eight characters at least".to_owned()))?;
        let digest = Sha256::digest(text.as_bytes());
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        fields.insert("password_hash".to_owned(), json!(hash));
    }
    Ok(fields)
}
