//! `tenure requests`: what was asked for, newest first, and what still waits for a plan or an answer.

use domain::request::{Request, When};
use serde_json::{Value, json};
use store::TenantScope;

use super::Cx;
use crate::problem::{Exit, Outcome};
use crate::wiring::{Wiring, of_store};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of one tenant alone
    #[arg(long)]
    tenant: Option<String>,
}

/// How many are shown.
const NEWEST: u32 = 50;

pub(super) async fn run(cx: &Cx, args: Args) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    let scope = wiring.scope(args.tenant.as_deref()).await?;
    let requests = wiring
        .store
        .requests(&scope, NEWEST)
        .await
        .map_err(of_store)?;
    let drafts = wiring.store.drafts(&scope).await.map_err(of_store)?;
    let planned = planned(&wiring, &scope).await?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "request", "tenant", "kind", "person", "when", "from", "state",
    ]);
    let mut data = Vec::new();
    for (request, is_draft) in drafts
        .iter()
        .map(|draft| (draft, true))
        .chain(requests.iter().map(|request| (request, false)))
    {
        let plan = planned.iter().find(|(id, _)| *id == request.id.as_str());
        let state = match (is_draft, plan) {
            (true, _) => "waits for an answer".to_owned(),
            (false, Some((_, plan))) => format!("plan {plan}"),
            (false, None) => format!("no plan yet: tenure plan request {}", request.id),
        };
        table.add_row([
            request.id.to_string(),
            request.tenant.to_string(),
            request.kind.word().to_owned(),
            person(request),
            when(request),
            request.origin.channel.clone(),
            state,
        ]);
        data.push(json!({
            "id": request.id, "tenant": request.tenant, "kind": request.kind, "person": person(request),
            "when": request.when.as_ref().map(|when| &when.value), "channel": request.origin.channel,
            "plan": plan.map(|(_, plan)| plan), "draft": is_draft, "asks": request.asks,
        }));
    }
    cx.show(&Value::Array(data), table.to_string());
    Ok(Exit::Done)
}

/// The newest plan of each request.
async fn planned(wiring: &Wiring, scope: &TenantScope) -> Outcome<Vec<(String, String)>> {
    let plans = wiring.store.plans(scope, 1_000).await.map_err(of_store)?;
    Ok(plans
        .into_iter()
        .filter(|plan| plan.superseded_by.is_none())
        .map(|plan| (plan.request.to_string(), plan.id.to_string()))
        .collect())
}

fn person(request: &Request) -> String {
    let hint = &request.person;
    let names = ["given-name", "family-name"].map(|field| request.field(field).unwrap_or_default());
    let written = hint.address.as_ref().or(hint.name.as_ref());
    written.map_or_else(
        || names.join(" ").trim().to_owned(),
        |cited| cited.value.clone(),
    )
}

fn when(request: &Request) -> String {
    match request.when.as_ref().map(|when| &when.value) {
        None => "to be asked".to_owned(),
        Some(When::Now) => "now".to_owned(),
        Some(When::At(at)) => format!("{at:.0}"),
        Some(When::On(day)) => day.to_string(),
    }
}
