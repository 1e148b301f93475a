//! The control plane under `/sandbox/`: ground truth, the log, the requests, faults, human changes and the on-premises directory.

mod on_premises;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;
use crate::call::{Answer, Call};
use crate::faults::{Faults, HumanChange};
use crate::sandbox::Sandbox;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    tenant: String,
    change: HumanChange,
}

/// Answers one control call.
pub(crate) fn handle(sandbox: &Sandbox, call: &Call) -> Answer {
    let path = call.path.trim_matches('/');
    if path.starts_with("on-premises/") {
        return on_premises::handle(sandbox, call);
    }
    match (&call.method, path) {
        (&Method::GET, "world") => shown(&sandbox.world()),
        (&Method::GET, "log") => shown(&sandbox.log()),
        (&Method::GET, "requests") => shown(&sandbox.requests()),
        (&Method::GET, "now") => shown(&sandbox.now()),
        (&Method::POST, "faults") => {
            done(Faults::parse(&text(call)).map(|faults| sandbox.set_faults(faults)))
        }
        (&Method::POST, "human") => {
            let order = serde_json::from_slice::<Order>(&call.body)
                .map_err(|error| Error::Human(error.to_string()));
            done(order.and_then(|order| sandbox.human(&order.tenant, &order.change)))
        }
        _ => Answer::json(404, json!({"error": "unknown control path"})),
    }
}

fn text(call: &Call) -> String {
    String::from_utf8_lossy(&call.body).into_owned()
}

fn shown(value: &impl serde::Serialize) -> Answer {
    Answer::json(200, serde_json::to_value(value).unwrap_or(Value::Null))
}

fn done(result: Result<(), Error>) -> Answer {
    match result {
        Ok(()) => Answer::empty(204),
        Err(error) => Answer::json(400, json!({"error": error.to_string()})),
    }
}
