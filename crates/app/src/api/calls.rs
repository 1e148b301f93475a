//! The list of calls: how each is registered, and the OpenAPI 3.1 document that is made of them.

use std::collections::BTreeMap;

use axum::handler::Handler;
use domain::access::Role;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::web::{Needs, Routes, Web};

type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What a call is for.
#[derive(Clone)]
pub(crate) struct Doc {
    group: &'static str,
    summary: &'static str,
    takes: Option<Shape>,
    gives: Option<Shape>,
    query: &'static [(&'static str, &'static str)],
}

impl Doc {
    /// A call of a group, in one sentence.
    pub(crate) fn new(group: &'static str, summary: &'static str) -> Self {
        Self {
            group,
            summary,
            takes: None,
            gives: None,
            query: &[],
        }
    }

    /// What its body looks like.
    pub(crate) fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Some(|made| made.subschema_for::<T>());
        self
    }

    /// What its answer looks like.
    pub(crate) fn gives<T: JsonSchema>(mut self) -> Self {
        self.gives = Some(|made| made.subschema_for::<T>());
        self
    }

    /// Its parameters after the `?`, each with what it means.
    pub(crate) fn query(mut self, query: &'static [(&'static str, &'static str)]) -> Self {
        self.query = query;
        self
    }
}

struct Call {
    method: &'static str,
    path: &'static str,
    needs: Needs,
    doc: Doc,
}

/// The calls, before they join the app's routes.
#[derive(Default)]
pub(crate) struct Api {
    routes: Routes,
    calls: Vec<Call>,
}

impl Api {
    /// Something to read.
    pub(crate) fn get<H, T>(
        mut self,
        path: &'static str,
        needs: Needs,
        doc: Doc,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.routes = self.routes.get(path, needs, handler);
        self.note("get", path, needs, doc)
    }

    /// A list, over all tenants and over one; the same function answers both.
    pub(crate) fn list<H, T>(self, paths: [&'static str; 2], doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        let [all, one] = paths;
        self.get(
            all,
            Needs::Somewhere(Role::Viewer),
            doc.clone(),
            handler.clone(),
        )
        .get(one, Needs::There(Role::Viewer), doc, handler)
    }

    /// Something to do. With an `Idempotency-Key` it is done once, however often it is sent.
    pub(crate) fn post<H, T>(
        mut self,
        path: &'static str,
        needs: Needs,
        doc: Doc,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.routes = self.routes.post(path, needs, handler);
        self.note("post", path, needs, doc)
    }

    /// Something to put in place of what is there.
    pub(crate) fn put<H, T>(
        mut self,
        path: &'static str,
        needs: Needs,
        doc: Doc,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.routes = self.routes.put(path, needs, handler);
        self.note("put", path, needs, doc)
    }

    /// Something to take away.
    pub(crate) fn delete<H, T>(
        mut self,
        path: &'static str,
        needs: Needs,
        doc: Doc,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.routes = self.routes.delete(path, needs, handler);
        self.note("delete", path, needs, doc)
    }

    fn note(mut self, method: &'static str, path: &'static str, needs: Needs, doc: Doc) -> Self {
        self.calls.push(Call {
            method,
            path,
            needs,
            doc,
        });
        self
    }

    /// The calls as routes.
    pub(crate) fn into_routes(self) -> Routes {
        self.routes
    }

    /// OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as schemars makes them.
    pub(crate) fn document(&self) -> Value {
        let settings = SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into());
        let mut made = settings.into_generator();
        let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for call in &self.calls {
            let operation = call.operation(&mut made);
            let path = paths.entry(call.path).or_default();
            path.insert(call.method.to_owned(), operation);
        }
        let mut schemas = made.take_definitions(true);
        schemas.insert("Problem".to_owned(), problem());
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Tenure",
                "version": "1",
                "description": "People into, through and out of Microsoft 365. Times are RFC 3339 in UTC. Errors are application/problem+json with a stable `code`, explained under /docs/errors.",
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "security": [{ "token": [] }],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "description": "A token of Settings, API clients." } },
                "responses": { "Problem": {
                    "description": "What is wrong, and what to do.",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
                } },
            },
        })
    }
}

impl Call {
    fn operation(&self, made: &mut SchemaGenerator) -> Value {
        let mut parameters: Vec<Value> = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        parameters.extend(self.doc.query.iter().map(|(name, means)| {
            json!({ "name": name, "in": "query", "description": means, "schema": { "type": "string" } })
        }));
        if self.method == "post" {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
                "description": "The same key with the same call gives the first answer again, for 24 hours.",
            }));
        }
        let answer = match self.doc.gives {
            Some(shape) => {
                json!({ "description": "Done.", "content": { "application/json": { "schema": shape(made) } } })
            }
            None => json!({ "description": "Done." }),
        };
        let ok = if self.doc.gives.is_some() {
            "200"
        } else {
            "204"
        };
        let mut operation = json!({
            "operationId": self.name(),
            "tags": [self.doc.group],
            "summary": self.doc.summary,
            "description": self.needs(),
            "parameters": parameters,
            "responses": { ok: answer, "default": { "$ref": "#/components/responses/Problem" } },
        });
        if let Some(shape) = self.doc.takes {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": shape(made) } } });
        }
        operation
    }

    fn name(&self) -> String {
        let parts = self
            .path
            .trim_start_matches("/api/v1/")
            .replace(['{', '}'], "");
        format!("{}-{}", self.method, parts.replace('/', "-"))
    }

    fn needs(&self) -> String {
        match self.needs {
            Needs::Nothing => "Open to everybody.".to_owned(),
            Needs::SignedIn => "Needs a token.".to_owned(),
            Needs::Somewhere(role) => format!(
                "Needs the role {role} in at least one tenant; gives what those tenants have."
            ),
            Needs::There(role) => format!("Needs the role {role} in the tenant."),
            Needs::Everywhere(role) => format!("Needs the role {role} in all tenants."),
        }
    }
}

/// RFC 9457 with what ours adds.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string", "description": "The page that explains the code." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "description": "Stable; for programs." },
            "hint": { "type": ["string", "null"], "description": "What to do now." },
            "request": { "type": "string", "description": "Give this when you ask for help." },
        },
    })
}
