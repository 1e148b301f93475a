//! What the demonstration shows, scene by scene.

use std::path::Path;

use domain::plan::StoredPlan;
use serde_json::json;

use super::stage::Stage;
use super::{scene, talk};
use crate::problem::{Exit, Outcome, Problem};
use crate::view::style::{DIM, paint};

/// A ticket of the demonstration.
struct Ticket {
    name: &'static str,
    tenant: &'static str,
    text: &'static str,
    /// What it has to come to: a demonstration that goes another way has failed.
    becomes: Becomes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Plan,
    Question,
    Nothing,
}

const TICKETS: &[Ticket] = &[
    Ticket {
        name: "planned-leaver",
        tenant: "contoso",
        text: include_str!("../../../../../examples/tickets/planned-leaver.eml"),
        becomes: Becomes::Plan,
    },
    Ticket {
        name: "same-day-termination",
        tenant: "fabrikam",
        text: include_str!("../../../../../examples/tickets/same-day-termination.eml"),
        becomes: Becomes::Plan,
    },
    Ticket {
        name: "new-hire-form",
        tenant: "contoso",
        text: include_str!("../../../../../examples/tickets/new-hire-form.eml"),
        becomes: Becomes::Plan,
    },
    Ticket {
        name: "contractor-mail",
        tenant: "contoso",
        text: include_str!("../../../../../examples/tickets/contractor-mail.eml"),
        becomes: Becomes::Plan,
    },
    Ticket {
        name: "missing-date",
        tenant: "contoso",
        text: include_str!("../../../../../examples/tickets/missing-date.eml"),
        becomes: Becomes::Question,
    },
    Ticket {
        name: "no-request",
        tenant: "contoso",
        text: include_str!("../../../../../examples/tickets/no-request.eml"),
        becomes: Becomes::Nothing,
    },
];

/// The text of a sample ticket.
pub(super) fn ticket(name: &str) -> Option<&'static str> {
    let found = TICKETS.iter().find(|ticket| ticket.name == name);
    found.map(|ticket| ticket.text)
}

/// Who leaves the hybrid tenant, and the administrator of its own directory.
const HYBRID_LEAVER: &str = "marcus.dean@northwind.example";
const DIRECTORY_ADMIN: &str = "samir.aziz@northwind.example";

/// Everything, in order. The worst that came of it is the demonstration's own status.
pub(super) async fn play(stage: &Stage, yes: bool) -> Outcome<Exit> {
    scene(
        "A provider with three tenants",
        "One is cloud only, one gives licences by group, one has a directory of its own. Each gets a policy that says who may ask, who decides and what is done.",
    );
    stage.provider().await?;
    let mut worst = Exit::Done;
    let mut first = None;
    for ticket in TICKETS {
        let (exit, plan) = take(stage, ticket, yes).await?;
        worst = combine(worst, exit);
        first = first.or(plan);
    }
    worst = combine(worst, hybrid(stage, yes).await?);
    if let Some(first) = first {
        worst = combine(worst, comes_back(stage, &first, yes).await?);
    }
    scene("What was proven", "");
    stage.prove().await?;
    scene("Look further", "");
    stage.farewell();
    Ok(worst)
}

fn combine(a: Exit, b: Exit) -> Exit {
    if a == Exit::Done { b } else { a }
}

fn quote(ticket: &str) {
    for line in ticket.trim_end().lines() {
        talk(&paint(DIM, &format!("  │ {line}")));
    }
    talk("");
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Takes one ticket as far as it goes.
async fn take(stage: &Stage, ticket: &Ticket, yes: bool) -> Outcome<(Exit, Option<StoredPlan>)> {
    scene(&format!("Ticket: {}", ticket.name), "");
    quote(ticket.text);
    let file = stage.file(&format!("{}.eml", ticket.name), ticket.text)?;
    let mut words = vec!["plan", "ticket", &file, "--tenant", ticket.tenant];
    if ticket.becomes == Becomes::Plan {
        // The day in the ticket may lie ahead: the demonstration does not wait for it.
        words.extend(["--at", "now"]);
    }
    let (plan, became) = match stage.tenure(&words).await {
        Err(problem) if problem.code == "incomplete" => {
            talk(&format!("{}\n", indented(&problem.to_string())));
            (None, Becomes::Question)
        }
        Err(problem) => return Err(problem),
        Ok(_) => match own_plan(stage, ticket).await? {
            Some(plan) => (Some(plan), Becomes::Plan),
            None => (None, Becomes::Nothing),
        },
    };
    if became != ticket.becomes {
        return Err(Problem::failed(
            "demo",
            format!(
                "the ticket {} was not understood as it should be",
                ticket.name
            ),
        ));
    }
    let exit = match &plan {
        Some(plan) => stage.carry_out(plan, yes, &[]).await?,
        None => Exit::Done,
    };
    Ok((exit, plan))
}

/// The plan that was just made from this ticket, if one was.
async fn own_plan(stage: &Stage, ticket: &Ticket) -> Result<Option<StoredPlan>, Problem> {
    let Some(plan) = stage.newest_plan(ticket.tenant).await? else {
        return Ok(None);
    };
    let origin = stage.origin(&plan).await?;
    let own = origin
        .as_deref()
        .and_then(|origin| Path::new(origin).file_stem())
        .is_some_and(|stem| stem == ticket.name);
    Ok(own.then_some(plan))
}

/// Somebody who is mastered on premises: the cloud is closed at once, a person does the rest, and the block is read again after sync.
async fn hybrid(stage: &Stage, yes: bool) -> Outcome<Exit> {
    scene(
        "A leaver whose account is mastered on premises",
        "The cloud is closed at once. What only the directory's own administrator can do is asked of that person, and the block is read again after the directories have synced.",
    );
    let words = ["plan", "offboard", HYBRID_LEAVER, "--tenant", "northwind"];
    stage.tenure(&words).await?;
    let Some(plan) = stage.newest_plan("northwind").await? else {
        return Err(Problem::failed("demo", "the hybrid leaver has no plan"));
    };
    let carried = stage.carry_out(&plan, yes, &["--wait"]);
    let administered = administer(stage, &plan);
    tokio::pin!(carried, administered);
    let mut asked = false;
    loop {
        // A plan that is not approved asks nobody for anything.
        tokio::select! {
            exit = &mut carried => return exit,
            done = &mut administered, if !asked => {
                done?;
                asked = true;
            }
        }
    }
}

/// What the administrator of the tenant's own directory does when asked.
async fn administer(stage: &Stage, plan: &StoredPlan) -> Outcome<()> {
    let Some((run, step)) = stage.asked(&plan.id).await? else {
        return Ok(());
    };
    talk(&paint(
        DIM,
        "  (the sandbox plays the directory's administrator: account disabled, password replaced, directories synced)",
    ));
    let (tenant, name) = (sim::worlds::NORTHWIND, HYBRID_LEAVER);
    let gone = json!({ "enabled": false, "password": "replaced" });
    stage
        .on_premises(
            tenant,
            reqwest::Method::PATCH,
            &format!("users/{name}"),
            &gone,
        )
        .await?;
    let run = run.to_string();
    let words = [
        "runs",
        "done",
        &run,
        &step,
        "--as",
        DIRECTORY_ADMIN,
        "--note",
        "AD change 4711",
        "--detach",
    ];
    stage.tenure(&words).await.map(drop)
}

/// The first leaver comes back: what was recorded before is restored, through plan and approval like everything else.
async fn comes_back(stage: &Stage, first: &StoredPlan, yes: bool) -> Outcome<Exit> {
    let Some(run) = stage.run_of(&first.id).await? else {
        return Ok(Exit::Done);
    };
    scene(
        "The first leaver comes back",
        "Taking back is a plan like any other: from what stood before, held against the tenant as it is now, with what cannot return said first.",
    );
    let run = run.to_string();
    stage.tenure(&["undo", &run]).await?;
    let tenant = first.plan.tenant.as_str();
    match stage.newest_plan(tenant).await? {
        Some(plan) if plan.id != first.id => stage.carry_out(&plan, yes, &[]).await,
        _ => Err(Problem::failed("demo", "taking back has made no plan")),
    }
}
