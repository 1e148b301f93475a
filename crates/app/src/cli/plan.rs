//! `tenure plan`: from a request or a ticket to a plan. Nothing is changed in the tenant.

mod action;
mod person;
mod ticket;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Subcommand;
use connectors::Purpose;
use domain::plan::StoredPlan;
use domain::request::{Kind, PersonHint, When};
use domain::{PlanId, RequestId, RunId, TenantId};
use serde_json::{Value, json};
use store::TenantScope;

use super::Cx;
use crate::acts::request::{self, Wish};
use crate::acts::undo;
use crate::planning;
use crate::problem::{Exit, Outcome, Problem};
use crate::view;
use crate::wiring::{Wiring, of_store};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Plan that a person leaves
    Offboard(Offboard),
    /// Plan one step for a person, and nothing else
    Action(action::Action),
    /// Plan that a person comes
    Onboard(Onboard),
    /// Plan what a ticket asks for
    Ticket(ticket::Ticket),
    /// Plan what a kept request asks for, such as the end of a contract
    Request {
        /// The request, as `tenure requests` lists it
        id: String,
        /// Do not look through all mailboxes of the tenant for the person's rights
        #[arg(long)]
        no_scan: bool,
    },
    /// Plan to take back what a run did
    Restore(Restore),
    /// Make a plan for the same request again, from the tenant as it is now; it takes the place of the old one
    Again {
        /// The old plan
        id: String,
        /// Do not look through all mailboxes of the tenant for the person's rights
        #[arg(long)]
        no_scan: bool,
    },
    /// Show a plan
    Show {
        /// The plan
        id: String,
    },
    /// List the newest plans
    List {
        /// Of one tenant alone
        #[arg(long)]
        tenant: Option<String>,
    },
}

#[derive(clap::Args)]
pub(crate) struct Offboard {
    /// Who leaves: sign-in name, object id or display name
    user: String,
    #[command(flatten)]
    how: How,
    /// Who asks; may not approve
    #[arg(long, value_name = "NAME", default_value = "operator")]
    requester: String,
    /// An emergency: close access now (block, reset, revoke) and nothing else, where the policy has approved that beforehand
    #[arg(long, conflicts_with_all = ["at", "set"])]
    contain_now: bool,
}

#[derive(clap::Args)]
pub(crate) struct Onboard {
    /// Who comes: a TOML or JSON file with the fields of a request (given-name, family-name, start, role, department, manager, …)
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    how: How,
    /// Who asks; may not approve
    #[arg(long, value_name = "NAME", default_value = "operator")]
    requester: String,
}

#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The run that is taken back
    run: String,
    /// When: a time like 2026-11-28T17:00+01:00, a date, or now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Who asks; may not approve
    #[arg(long, value_name = "NAME", default_value = "operator")]
    requester: String,
}

#[derive(clap::Args)]
pub(crate) struct How {
    /// The tenant
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// A switch for this request alone; step names, `step.setting`, and the names other tools use
    #[arg(long = "set", value_name = "SWITCH=VALUE")]
    set: Vec<String>,
    /// When: a time like 2026-11-28T17:00+01:00, a date for the end of that working day, or now; what the ticket says goes after it
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Do not look through all mailboxes of the tenant for the person's rights
    #[arg(long)]
    no_scan: bool,
}

pub(super) async fn run(cx: &Cx, command: Command) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    match command {
        Command::Offboard(args) if args.contain_now => action::contain_now(cx, wiring, args).await,
        Command::Offboard(args) => offboard(cx, &wiring, args).await,
        Command::Action(args) => action::plan(cx, &wiring, args).await,
        Command::Onboard(args) => onboard(cx, &wiring, args).await,
        Command::Ticket(args) => ticket::plan(cx, &wiring, args).await,
        Command::Request { id, no_scan } => {
            let stored = planning::kept(&wiring, &RequestId::new(id), !no_scan).await?;
            show(cx, &wiring, &stored).await?;
            Ok(Exit::Done)
        }
        Command::Restore(args) => restore(cx, &wiring, args).await,
        Command::Again { id, no_scan } => {
            let stored = planning::again(&wiring, &PlanId::new(id), !no_scan).await?;
            show(cx, &wiring, &stored).await?;
            Ok(Exit::Done)
        }
        Command::Show { id } => {
            let stored = wiring
                .store
                .plan(&TenantScope::provider(), &PlanId::new(id))
                .await
                .map_err(of_store)?;
            show(cx, &wiring, &stored).await?;
            Ok(Exit::Done)
        }
        Command::List { tenant } => list(cx, &wiring, tenant).await,
    }
}

/// A plan as data: its id, digest and times beside its content.
pub(crate) fn data(stored: &StoredPlan) -> Value {
    json!({
        "id": stored.id,
        "digest": stored.digest,
        "made_at": stored.made_at,
        "read_at": stored.read_at,
        "plan": stored.plan,
    })
}

/// Shows a plan with what was asked for.
async fn show(cx: &Cx, wiring: &Wiring, stored: &StoredPlan) -> Result<(), Problem> {
    let scope = TenantScope::of(&stored.plan.tenant);
    let request = wiring
        .store
        .request(&scope, &stored.plan.request)
        .await
        .map_err(of_store)?;
    let mut data = data(stored);
    let mut text = view::plan::render(stored, &request);
    if let Some(counts) = wiring.counts_of_tenant(&stored.plan.tenant) {
        let (reads, scan) = (
            counts.of(&[Purpose::Plan]).requests(),
            counts.of(&[Purpose::Scan]).requests(),
        );
        data["requests"] = json!({ "plan": reads, "scan": scan, "tokens": counts.tokens });
        text.push_str(&view::plan::spent(reads, scan));
    }
    cx.show(&data, text);
    Ok(())
}

/// `SWITCH=VALUE` pairs; a value that is no JSON is text.
fn switches(set: &[String]) -> Result<BTreeMap<String, Value>, Problem> {
    let mut switches = BTreeMap::new();
    for pair in set {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Problem::refused("switch", format!("--set {pair} has no “=”")).hint("write --set convert-mailbox=false, or --set set-forwarding.to=jane@contoso.example")
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        if switches.insert(name.trim().to_owned(), value).is_some() {
            return Err(
                Problem::refused("switch", format!("--set {name} is given twice"))
                    .hint("leave one of them out"),
            );
        }
    }
    Ok(switches)
}

fn at_option(text: &str) -> Result<When, Problem> {
    request::when("--at", text)
}

/// A wish about somebody who is there, as it was typed.
fn about(user: &str, how: &How, requester: &str) -> Result<Wish, Problem> {
    if user.trim().is_empty() {
        return Err(Problem::refused("person", "it is not said who is meant")
            .hint("give the sign-in name, like jane.roe@contoso.example"));
    }
    Ok(Wish {
        person: request::hint(user),
        when: how.at.as_deref().map_or(Ok(When::Now), at_option)?,
        switches: switches(&how.set)?,
        ..typed(&how.tenant, Kind::Offboard, requester)?
    })
}

async fn offboard(cx: &Cx, wiring: &Wiring, args: Offboard) -> Outcome<Exit> {
    let wish = about(&args.user, &args.how, &args.requester)?;
    let stored = request::make(wiring, wish, !args.how.no_scan).await?;
    show(cx, wiring, &stored).await?;
    Ok(Exit::Done)
}

async fn onboard(cx: &Cx, wiring: &Wiring, args: Onboard) -> Outcome<Exit> {
    let person = person::read(&args.file)?;
    let at = args.how.at.as_deref().map(at_option).transpose()?;
    let mut set = person.switches;
    set.extend(switches(&args.how.set)?);
    let wish = Wish {
        person: person.hint,
        when: at.or(person.when).unwrap_or(When::Now),
        fields: person.fields,
        switches: set,
        ..typed(&args.how.tenant, Kind::Onboard, &args.requester)?
    };
    let stored = request::make(wiring, wish, false).await?;
    show(cx, wiring, &stored).await?;
    Ok(Exit::Done)
}

/// A wish that somebody typed, with nothing in it yet.
fn typed(tenant: &str, kind: Kind, requester: &str) -> Result<Wish, Problem> {
    Ok(Wish {
        tenant: TenantId::from(tenant),
        kind,
        person: PersonHint::default(),
        when: When::Now,
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        only: None,
        confidential: Vec::new(),
        channel: "cli",
        requester: super::name("--requester", requester)?,
        reference: None,
    })
}

/// Plans to take back what a run did.
pub(crate) async fn restore(cx: &Cx, wiring: &Wiring, args: Restore) -> Outcome<Exit> {
    let run = RunId::new(args.run.clone());
    let when = args.at.as_deref().map_or(Ok(When::Now), at_option)?;
    let by = super::name("--requester", &args.requester)?;
    let stored = undo::undo(wiring, &TenantScope::provider(), &run, when, &by, "cli").await?;
    show(cx, wiring, &stored).await?;
    Ok(Exit::Done)
}

async fn list(cx: &Cx, wiring: &Wiring, tenant: Option<String>) -> Outcome<Exit> {
    let scope = wiring.scope(tenant.as_deref()).await?;
    let plans = wiring.store.plans(&scope, 50).await.map_err(of_store)?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "plan",
        "tenant",
        "person",
        "made",
        "digest",
        "approvals",
        "run",
    ]);
    for plan in &plans {
        let state = match (&plan.run, &plan.superseded_by) {
            (Some(run), _) => run.to_string(),
            (None, Some(newer)) => format!("replaced by {newer}"),
            (None, None) => "—".to_owned(),
        };
        table.add_row([
            plan.id.to_string(),
            plan.tenant.to_string(),
            plan.upn.clone(),
            format!("{:.0}", plan.made_at),
            plan.digest.short().to_owned(),
            plan.approvals.to_string(),
            state,
        ]);
    }
    let data: Vec<Value> = plans
        .iter()
        .map(|plan| json!({ "id": plan.id, "tenant": plan.tenant, "upn": plan.upn, "digest": plan.digest, "made_at": plan.made_at, "approvals": plan.approvals, "run": plan.run, "superseded_by": plan.superseded_by }))
        .collect();
    cx.show(&json!(data), table.to_string());
    Ok(Exit::Done)
}
