//! The Exchange Online admin API: `POST /adminapi/{beta|v1.0}/{tenant}/InvokeCommand`, which runs one cmdlet.
//!
//! Not a published contract. Shapes follow captured requests and replies of the ExchangeOnlineManagement module, parameters and meanings
//! follow the cmdlet reference (MicrosoftDocs/office-docs-powershell).

mod addresses;
mod archive;
mod auto_reply;
pub(crate) mod batch;
mod calendar;
mod cmdlets;
mod devices;
mod errors;
mod filter;
mod folders;
mod identity;
mod lists;
mod mailbox;
mod organization;
mod output;
mod parameters;
mod permissions;
mod protocols;
mod recipients;
mod regional;
mod rules;

use http::Method;
use serde_json::{Map, Value, json};

use self::cmdlets::{Cmdlet, Context, Run};
use self::errors::Refusal;
use self::output::Output;
use self::parameters::Parameters;
use crate::call::{Answer, Call};
use crate::cloud::Visit;
use crate::world;

/// Exchange Administrator and Global Administrator: every cmdlet and every parameter.
const ORGANIZATION_MANAGEMENT: [&str; 2] = [
    "29232cdf-9323-42fd-ade2-1d097af3e4de",
    "62e90394-69f5-4237-9190-012177145e10",
];
/// Exchange Recipient Administrator: recipients, but not other people's groups.
const RECIPIENT_MANAGEMENT: &str = "31392ffb-586c-42d1-9346-e59415a2cc4e";
/// Global Reader: looking only.
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

/// Objects in a reply when the caller names no `odata.maxpagesize`, and at most.
const PAGE: (usize, usize) = (100, 1_000);

/// Answers one `InvokeCommand`. The dispatcher has checked the token, and splits `$batch` into single calls.
pub(crate) fn handle(visit: &mut Visit<'_>, call: &Call) -> Answer {
    match run(visit, call) {
        Ok((output, cmdlet)) => reply(visit, call, output, cmdlet),
        Err(refusal) => refusal.answer(),
    }
}

fn run(visit: &mut Visit<'_>, call: &Call) -> Result<(Output, &'static Cmdlet), Refusal> {
    check_route(visit, call)?;
    let (name, given) = command(call)?;
    // A cmdlet that does not exist and one that the roles do not hold are answered alike: 403 and nothing to read.
    let cmdlet = cmdlets::named(&name).ok_or_else(Refusal::forbidden)?;
    let app = visit
        .primary()
        .apps
        .get(visit.app_id())
        .cloned()
        .unwrap_or_default();
    let holds = |role: &str| app.directory_roles.contains(role);
    let managing = ORGANIZATION_MANAGEMENT.iter().any(|role| holds(role));
    let allowed = match cmdlet.run {
        Run::View(_) => managing || holds(RECIPIENT_MANAGEMENT) || holds(GLOBAL_READER),
        Run::Change(_) => managing || holds(RECIPIENT_MANAGEMENT),
    };
    if !allowed {
        return Err(Refusal::forbidden());
    }
    let parameters = Parameters::read(cmdlet, &given)?;
    if parameters.has("BypassSecurityGroupManagerCheck") && !managing {
        // The switch belongs to Organization Management; for others it does not exist.
        return Err(Refusal::unknown_parameters(&[
            "BypassSecurityGroupManagerCheck",
        ]));
    }
    let tenant_id = visit.tenant_id().to_owned();
    let conversion_ms = i64::try_from(visit.temper().conversion_ms).unwrap_or(0);
    let context = Context {
        tenant_id: &tenant_id,
        caller: &app.service_principal_id,
        now: visit.now(),
        converted_at: world::after(visit.now(), conversion_ms),
        queue_done_at: visit.later(cmdlet.name, visit.temper().queue_ms),
    };
    let output = match cmdlet.run {
        Run::View(view) => view(visit.seen(), &context, &parameters),
        Run::Change(change) if parameters.switch("WhatIf") => {
            change(&mut visit.primary().clone(), &context, &parameters)
        }
        Run::Change(change) => {
            visit.change(cmdlet.name, |tenant| change(tenant, &context, &parameters))
        }
    }?;
    Ok((output, cmdlet))
}

fn check_route(visit: &Visit<'_>, call: &Call) -> Result<(), Refusal> {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["adminapi", "beta" | "v1.0", tenant, "InvokeCommand"] = parts.as_slice() else {
        return Err(Refusal::malformed(
            404,
            "NotFound",
            "Resource not found for the segment.",
        ));
    };
    if call.method != Method::POST {
        return Err(Refusal::malformed(
            405,
            "MethodNotAllowed",
            "The requested resource does not support this method.",
        ));
    }
    let is_domain = visit
        .primary()
        .domains
        .iter()
        .any(|domain| domain.name.eq_ignore_ascii_case(tenant));
    if !tenant.eq_ignore_ascii_case(visit.tenant_id()) && !is_domain {
        return Err(Refusal::forbidden());
    }
    Ok(())
}

/// The cmdlet's name and what was given to it.
fn command(call: &Call) -> Result<(String, Map<String, Value>), Refusal> {
    let malformed = || {
        Refusal::malformed(
            400,
            "BadRequest",
            "Bad request. The parameter CmdletInput is missing or malformed.",
        )
    };
    let body = call.json().ok_or_else(malformed)?;
    let input = body
        .get("CmdletInput")
        .and_then(Value::as_object)
        .ok_or_else(malformed)?;
    let name = input
        .get("CmdletName")
        .and_then(Value::as_str)
        .ok_or_else(malformed)?;
    match input.get("Parameters") {
        None | Some(Value::Null) => Ok((name.to_owned(), Map::new())),
        Some(Value::Object(given)) => Ok((name.to_owned(), given.clone())),
        Some(_) => Err(malformed()),
    }
}

/// One page of the output. The next one is asked for by sending the same body to the link.
fn reply(visit: &Visit<'_>, call: &Call, output: Output, cmdlet: &Cmdlet) -> Answer {
    let size = page_size(call);
    let skip: usize = call
        .option("$skiptoken")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let total = output.rows.len();
    let rows: Vec<_> = output.rows.into_iter().skip(skip).take(size).collect();
    let shown = skip + rows.len();
    let route = format!("{}{}", call.base, call.path);
    let context = format!(
        "{}/adminapi/beta/{}/$metadata#Collection(Exchange.GenericHashTable)",
        call.base,
        visit.tenant_id()
    );
    let mut body = json!({
        "@odata.context": context,
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": output.warnings,
    });
    let select = call.option("$select");
    if shown < total {
        let select = select
            .map(|names| format!("$select={names}&"))
            .unwrap_or_default();
        body["@odata.nextLink"] = json!(format!("{route}?{select}$skiptoken={shown}"));
    }
    body["value"] = json!(output::annotated(rows, select));
    Answer::json(200, body).with("x-cmdletname", cmdlet.name)
}

/// `Prefer: odata.maxpagesize=n`, with blanks and other preferences around it as callers write them.
fn page_size(call: &Call) -> usize {
    let (default, most) = PAGE;
    let asked = call.header("prefer").and_then(|text| {
        text.split([';', ',']).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("odata.maxpagesize")
                .then(|| value.trim().parse::<usize>().ok())?
        })
    });
    asked.filter(|size| *size > 0).unwrap_or(default).min(most)
}
