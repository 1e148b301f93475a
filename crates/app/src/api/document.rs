//! The OpenAPI 3.1 document, made of the list of calls. Its schemas are JSON Schema 2020-12.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::calls::{Api, Call};
use super::codes::by_status;
use super::doc::Gives;
use crate::web::Needs;

/// What every call can answer.
const EVERY: &[&str] = &[
    "client-token",
    "not-acceptable",
    "not-found",
    "role",
    "sign-in",
    "store",
    "too-many",
];
/// What every call that changes something can answer besides.
const CHANGES: &[&str] = &[
    "answer",
    "cross-site",
    "idempotency",
    "idempotency-reused",
    "parameter",
    "token",
    "too-large",
];

const ABOUT: &str = "People into, through and out of Microsoft 365.\n\nTimes are RFC 3339 in UTC. Errors are `application/problem+json` \
(RFC 9457) with a stable `code`; each has a page under /docs/errors. Lists have 50 lines a page: send `next` of one page as `after` of the \
following one, until `next` is null. A POST, PUT or DELETE with an `Idempotency-Key` is done once however often it is sent: the first answer is \
given again for 24 hours, with the header `Idempotency-Replayed`; secrets that are shown once are left out of it.\n\nAn API client sends its token; \
it decides on a plan only where the policy names it, reviews nothing, and has no account. What only people may is marked, and works with a session and its token against forgery.";

/// The document of these calls.
pub(super) fn of(api: &Api) -> Value {
    let base = || {
        SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into())
    };
    let mut out = base().for_serialize().into_generator();
    // What is sent is described in its place: the same type may be looser there than where it is answered.
    let mut sent = base()
        .for_deserialize()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for call in &api.calls {
        let operation = call.operation(&mut out, &mut sent);
        let path = paths.entry(call.path).or_default();
        path.insert(call.method.to_lowercase(), operation);
    }
    let mut schemas = out.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    let tags: std::collections::BTreeSet<&str> =
        api.calls.iter().map(|call| call.doc.group).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tenure",
            "version": "1",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "Where this document was read." }],
        "tags": tags.into_iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of Settings, API clients." },
                "session": { "type": "apiKey", "in": "cookie", "name": "tenure", "description": "The session of somebody signed in; `__Host-tenure` over https." },
                "forgery": { "type": "apiKey", "in": "header", "name": "X-CSRF-Token", "description": "The session's own token, which every change carries." },
            },
        },
    })
}

impl Call {
    fn operation(&self, out: &mut SchemaGenerator, sent: &mut SchemaGenerator) -> Value {
        let mut operation = json!({
            "operationId": self.name(),
            "tags": [self.doc.group],
            "summary": self.doc.summary,
            "description": self.description(),
            "parameters": self.parameters(),
            "responses": self.responses(out),
            "security": self.security(),
        });
        if let Some(shape) = self.doc.takes {
            let mut content = json!({ "schema": shape(sent) });
            if let Some(example) = self.doc.example {
                content["examples"] = json!({ "one": { "value": example() } });
            }
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": content } });
        }
        operation
    }

    fn changes(&self) -> bool {
        self.method != "GET"
    }

    fn security(&self) -> Value {
        match (self.doc.is_for_people, self.changes()) {
            (true, true) => json!([{ "session": [], "forgery": [] }]),
            (true, false) => json!([{ "session": [] }]),
            (false, true) => json!([{ "token": [] }, { "session": [], "forgery": [] }]),
            (false, false) => json!([{ "token": [] }, { "session": [] }]),
        }
    }

    fn parameters(&self) -> Vec<Value> {
        let names = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = names
            .map(|name| {
                let (schema, means) = part(name);
                json!({ "name": name, "in": "path", "required": true, "description": means, "schema": schema })
            })
            .collect();
        parameters.extend(self.doc.query.iter().map(|param| {
            json!({ "name": param.name, "in": "query", "required": param.required, "description": param.means, "schema": param.form.schema() })
        }));
        if self.changes() {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
                "description": "The same key with the same call gives the first answer again, for 24 hours. A UUID does well.",
            }));
        }
        parameters
    }

    fn responses(&self, out: &mut SchemaGenerator) -> Value {
        let content = match self.doc.gives {
            Gives::Json(shape) => json!({ "application/json": { "schema": shape(out) } }),
            Gives::File(kind) => json!({ kind: { "schema": { "type": "string" } } }),
        };
        let mut responses =
            json!({ "200": { "description": "Done, or what was asked for.", "content": content } });
        for (status, codes) in by_status(&self.codes()) {
            let links: Vec<String> = codes
                .iter()
                .map(|code| format!("[{code}](/docs/errors/{code})"))
                .collect();
            responses[status.to_string()] = json!({
                "description": format!("Refused or failed: {}.", links.join(", ")),
                "content": { "application/problem+json": { "schema": { "allOf": [
                    { "$ref": "#/components/schemas/Problem" },
                    { "properties": { "code": { "enum": codes }, "status": { "const": status } } },
                ] } } },
            });
        }
        responses
    }

    /// Everything that it can answer.
    fn codes(&self) -> Vec<&'static str> {
        let mut codes = EVERY.to_vec();
        codes.extend(&self.doc.codes);
        if self.changes() {
            codes.extend(CHANGES);
        }
        if self.doc.takes.is_some() {
            codes.extend(["content-type", "json"]);
        }
        if !self.doc.query.is_empty() || self.path.contains('{') {
            codes.push("parameter");
        }
        if self.doc.is_list {
            codes.push("cursor");
        }
        if self.doc.is_for_people {
            codes.push("people-only");
        }
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    fn name(&self) -> String {
        let parts = self
            .path
            .trim_start_matches("/api/v1/")
            .replace(['{', '}'], "");
        format!("{}-{}", self.method.to_lowercase(), parts.replace('/', "-"))
    }

    fn description(&self) -> String {
        let needs = match self.needs {
            Needs::Nothing => "Open to everybody.".to_owned(),
            Needs::OwnProof => "Needs the proof that it describes.".to_owned(),
            Needs::SignedIn => "Needs a token or a session.".to_owned(),
            Needs::Somewhere(role) => format!(
                "Needs the role {role} in at least one tenant; gives what those tenants have."
            ),
            Needs::There(role) => format!("Needs the role {role} in the tenant."),
            Needs::Everywhere(role) => format!("Needs the role {role} in all tenants."),
        };
        let people = if self.doc.is_for_people {
            " For people alone: an API client is refused."
        } else {
            ""
        };
        let list = if self.doc.is_list {
            " Fifty lines a page; `next` is where the following page begins."
        } else {
            ""
        };
        let about = if self.doc.about.is_empty() {
            String::new()
        } else {
            format!(" {}", self.doc.about)
        };
        format!("{needs}{people}{list}{about}")
    }
}

/// What a part of a path can be, and what it means.
fn part(name: &str) -> (Value, &'static str) {
    let id =
        || json!({ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$" });
    match name {
        "tenant" => (
            json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
            "The tenant, by the name it was given.",
        ),
        "number" => (
            json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": u32::MAX }),
            "The finding's number in its run.",
        ),
        "entry" | "version" => (
            json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX }),
            "Its number, counted from 1.",
        ),
        "person" => (
            json!({ "type": "string", "minLength": 1, "maxLength": 100 }),
            "The person, by the directory's id.",
        ),
        "step" => (id(), "The step's key in its plan."),
        "plan" => (id(), "The plan's id."),
        "run" => (id(), "The run's id."),
        "request" => (id(), "The request's id."),
        _ => (id(), "Its id."),
    }
}

/// RFC 9457 with what ours adds.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "hint", "request"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference", "description": "The page that explains the code." },
            "title": { "type": ["string", "null"] },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "code": { "type": "string", "pattern": "^[a-z-]+$", "description": "Stable; for programs." },
            "hint": { "type": ["string", "null"], "description": "What to do now." },
            "request": { "type": "string", "description": "Give this when you ask for help." },
        },
        "additionalProperties": false,
        "examples": [{
            "type": "/docs/errors/digest", "title": "plan p-3k9 has the digest 1f0c…, not 77ab…", "status": 409,
            "detail": "plan p-3k9 has the digest 1f0c…, not 77ab…", "code": "digest",
            "hint": "look at the plan again before deciding on it", "request": "q-7hd2",
        }],
    })
}
