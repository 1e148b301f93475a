//! `tenure demo`: people who leave, come and come back, from ticket to proof, on the sandbox, which runs as its own process.
//!
//! Every step is the command that an operator would type, shown before it runs. With `--keep` weeks of history are made there
//! instead, and the web app stays open on it.

mod history;
mod scenes;
mod stage;

use std::path::PathBuf;

use stage::Stage;

use super::{Cx, talk};
use crate::problem::{Exit, Outcome, Problem};
use crate::view::style::{DIM, HEAD, paint};

/// Who approves in the demonstration.
const APPROVER: &str = "you@provider.example";

const POLICIES: &[(&str, &str, &str)] = &[
    (
        "contoso",
        sim::worlds::CONTOSO,
        include_str!("../../../../examples/policies/cloud-only.toml"),
    ),
    (
        "fabrikam",
        sim::worlds::FABRIKAM,
        include_str!("../../../../examples/policies/group-licensed.toml"),
    ),
    (
        "northwind",
        sim::worlds::NORTHWIND,
        include_str!("../../../../examples/policies/hybrid.toml"),
    ),
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Approve without asking, for machines
    #[arg(long)]
    yes: bool,
    /// Make some weeks of history there and leave the web app open on it, until Ctrl-C
    #[arg(long, conflicts_with = "yes")]
    keep: bool,
    /// Where the demonstration keeps its files; a fresh folder unless said
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Record the sandbox's traffic as HAR into this folder
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// What else goes wrong in the sandbox
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

pub(super) async fn run(_: &Cx, args: Args) -> Outcome<Exit> {
    let mut stage = Stage::set(&args).await?;
    let played = if args.keep {
        history::open(&mut stage).await
    } else {
        scenes::play(&stage, args.yes).await
    };
    // The sandbox is stopped whatever happened; its world stays in the folder.
    let _ = stage.sandbox.kill().await;
    played
}

fn scene(title: &str, text: &str) {
    talk(&format!(
        "\n{}",
        paint(
            HEAD,
            &format!(
                "── {title} {}",
                "─".repeat(90usize.saturating_sub(title.chars().count()))
            )
        )
    ));
    if !text.is_empty() {
        talk(&paint(DIM, text));
    }
}

/// Asks on the terminal.
fn agreed(plan: &str) -> Result<bool, Problem> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() {
        return Err(
            Problem::refused("approval", "there is no terminal to ask at")
                .hint("approve without asking: tenure demo --yes"),
        );
    }
    dialoguer::Confirm::new()
        .with_prompt(format!("Approve exactly plan {plan}?"))
        .default(false)
        .interact()
        .map_err(|error| Problem::failed("terminal", error.to_string()))
}
