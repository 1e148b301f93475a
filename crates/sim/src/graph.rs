//! Microsoft Graph v1.0, as far as a person's lifecycle needs it. One file per area; all routes stand in `routes.rs`.

mod applications;
mod calendar;
mod delta;
mod directory;
mod groups;
mod licences;
mod mail;
mod membership;
mod methods;
mod permissions;
mod query;
mod roles;
mod routes;
mod schema;
mod users;

use serde_json::{Value, json};

use crate::auth::Claims;
use crate::call::{Answer, Call};
use crate::cloud::Visit;
use crate::throttle::Service;

/// One routed Graph request.
pub(crate) struct Ask<'a> {
    pub(crate) call: &'a Call,
    pub(crate) claims: &'a Claims,
    /// What stood in the place of the path's placeholders, in order.
    ids: Vec<String>,
}

/// A reply, or the reply that refuses.
pub(crate) type Outcome = Result<Answer, Answer>;

impl Ask<'_> {
    fn id(&self, position: usize) -> &str {
        self.ids.get(position).map_or("", String::as_str)
    }

    /// The body as a JSON object.
    fn body(&self) -> Result<serde_json::Map<String, Value>, Answer> {
        match self.call.json() {
            Some(Value::Object(map)) => Ok(map),
            _ => Err(bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )),
        }
    }

    /// The object id at the end of a body's `@odata.id`, whatever host it names.
    fn reference(&self) -> Result<String, Answer> {
        let body = self.body()?;
        let link = body.get("@odata.id").and_then(Value::as_str);
        link.and_then(last_segment)
            .ok_or_else(|| bad_request("Invalid URL format specified in payload."))
    }

    /// The body as one object of a type; its `@odata.type`, which client libraries send along, is checked and left out.
    fn entity(&self, kind: &str) -> Result<serde_json::Map<String, Value>, Answer> {
        let mut body = self.body()?;
        match body.remove("@odata.type") {
            Some(named) if named != format!("#microsoft.graph.{kind}") => Err(bad_request(
                &format!("The type {named} is not assignable to 'microsoft.graph.{kind}'."),
            )),
            _ => Ok(body),
        }
    }

    /// Whether the caller is content with the index that lags (header `ConsistencyLevel: eventual`).
    fn is_eventual(&self) -> bool {
        self.call
            .header("consistencylevel")
            .is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    }

    fn is_advanced(&self) -> bool {
        self.is_eventual() && self.call.option("$count") == Some("true")
    }

    fn context(&self, what: &str) -> String {
        format!("{}/v1.0/$metadata#{what}", self.call.base)
    }
}

/// The last path segment of a reference URL, in lower case.
fn last_segment(link: &str) -> Option<String> {
    let last = link.trim_end_matches('/').rsplit('/').next()?;
    let last = last
        .rsplit_once("('")
        .map_or(last, |(_, id)| id.trim_end_matches("')"));
    uuid::Uuid::parse_str(last).ok().map(|id| id.to_string())
}

/// A routed request and what it costs.
pub(crate) struct Routed<'a> {
    route: &'static routes::Route,
    ids: Vec<String>,
    call: &'a Call,
}

/// Finds the route of a call, or the reply for a path that Graph does not know.
pub(crate) fn route(call: &Call) -> Result<Routed<'_>, Answer> {
    let (route, ids) = routes::find(call)?;
    Ok(Routed { route, ids, call })
}

impl Routed<'_> {
    /// Which service pays, how many resource units, and whether it writes.
    pub(crate) fn cost(&self) -> (Service, f64, bool) {
        let write = self.route.method != "GET" && !self.route.path.ends_with("/checkMemberGroups");
        (self.route.service(), self.route.units(self.call), write)
    }

    /// The mailbox a call is for, as the caller named it.
    pub(crate) fn mailbox(&self) -> Option<&str> {
        (self.route.service() == Service::Outlook).then(|| self.ids.first().map(String::as_str))?
    }

    /// Checks the permissions and answers.
    pub(crate) fn answer(self, visit: &mut Visit<'_>, claims: &Claims) -> Answer {
        if !self.route.allows(claims) {
            return denied();
        }
        let ask = Ask {
            call: self.call,
            claims,
            ids: self.ids,
        };
        (self.route.handler)(visit, &ask).unwrap_or_else(|refusal| refusal)
    }
}

/// An error in Graph's envelope; the dispatcher adds `innerError`.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"code": code, "message": message}}))
}

fn bad_request(message: &str) -> Answer {
    error(400, "Request_BadRequest", message)
}

/// A refusal that names the property: Graph puts it into `details` as well.
fn refused_property(code: &str, property: &str, message: &str) -> Answer {
    Answer::json(
        400,
        json!({"error": {
            "code": "Request_BadRequest",
            "message": message,
            "details": [{"code": code, "message": message, "target": property}],
        }}),
    )
}

/// A value that is already taken by another object.
fn conflict(property: &str) -> Answer {
    let message =
        format!("Another object with the same value for property {property} already exists.");
    refused_property("ObjectConflict", property, &message)
}

/// A value that a property cannot have.
fn invalid_value(property: &str, resource: &str) -> Answer {
    let message =
        format!("Invalid value specified for property '{property}' of resource '{resource}'.");
    refused_property("InvalidValue", property, &message)
}

fn denied() -> Answer {
    error(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )
}

fn not_found(id: &str) -> Answer {
    let message = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    error(404, "Request_ResourceNotFound", &message)
}

/// The refusal of a service whose audience or token is not right.
pub(crate) fn unauthorized(message: &str) -> Answer {
    error(401, "InvalidAuthenticationToken", message)
        .with("www-authenticate", "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"")
}
