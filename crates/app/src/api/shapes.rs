//! The shapes of what more than one call answers; of what is answered as it is stored its outline, whose parts may grow.

use domain::PlanId;
use domain::plan::StoredPlan;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

macro_rules! shape {
    ($(#[$doc:meta])* $name:ident, $schema:tt) => {
        $(#[$doc])*
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_end_matches("Shape").into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

shape!(
    /// A request as it was kept.
    RequestShape,
    {
        "type": "object",
        "required": ["id", "tenant", "kind", "person", "when", "fields", "switches", "origin", "asks"],
        "properties": {
            "id": { "type": "string" },
            "tenant": { "type": "string" },
            "kind": { "type": "string", "enum": ["onboard", "offboard", "transfer", "restore"] },
            "person": { "type": "object" },
            "when": { "type": ["object", "null"] },
            "fields": { "type": "object" },
            "switches": { "type": "object" },
            "origin": { "type": "object", "required": ["channel", "requester", "received_at"] },
            "asks": { "type": "array", "items": { "type": "object", "required": ["field", "question"] } },
            "confidential": { "type": "array", "items": { "type": "string" } },
            "only": { "type": ["array", "null"], "items": { "type": "string" } },
        },
    }
);

shape!(
    /// A plan as it was sealed: exactly what its digest is over.
    PlanShape,
    {
        "type": "object",
        "required": ["format", "tenant", "directory", "request", "kind", "person", "upn", "at", "steps", "remarks", "policy", "requester", "approval"],
        "properties": {
            "format": { "type": "integer" },
            "tenant": { "type": "string" },
            "directory": { "type": "string" },
            "request": { "type": "string" },
            "kind": { "type": "string", "enum": ["onboard", "offboard", "transfer", "restore"] },
            "person": { "type": "object" },
            "upn": { "type": "string" },
            "at": { "type": ["string", "null"], "format": "date-time" },
            "steps": { "type": "array", "items": { "type": "object", "required": ["key", "step", "summary"] } },
            "remarks": { "type": "array", "items": { "type": "object", "required": ["text"] } },
            "policy": { "type": "string" },
            "requester": { "type": "string" },
            "approval": { "type": "object", "required": ["people"] },
        },
    }
);

shape!(
    /// The state of a run: every step with its receipt, every finding. Times in it are milliseconds of Unix time.
    RunStateShape,
    {
        "type": "object",
        "required": ["format", "run", "paused", "steps", "findings"],
        "properties": {
            "format": { "type": "integer" },
            "run": { "type": "string" },
            "paused": { "type": "boolean" },
            "steps": { "type": "array", "items": { "type": "array", "minItems": 2, "maxItems": 2 } },
            "findings": { "type": "array", "items": { "type": "object", "required": ["number", "kind", "text"] } },
            "started_ms": { "type": ["integer", "null"] },
            "contained_ms": { "type": ["integer", "null"] },
            "ended_ms": { "type": ["integer", "null"] },
        },
    }
);

/// A plan that was made; it changes nothing until it is approved.
#[derive(Serialize, JsonSchema)]
pub(super) struct NewPlan {
    /// The plan.
    plan: PlanId,
    /// What an approval of it has to name.
    digest: String,
}

impl NewPlan {
    pub(super) fn of(stored: &StoredPlan) -> Self {
        Self {
            plan: stored.id.clone(),
            digest: stored.digest.to_string(),
        }
    }
}
