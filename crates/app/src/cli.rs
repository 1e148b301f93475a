//! The command line: its verbs, and what all of them share.

mod approve;
mod demo;
mod doctor;
mod extract;
mod ledger;
mod plan;
mod policy;
mod requests;
mod run;
mod runs;
mod sandbox;
mod serve;
mod tenant;
mod undo;
mod worker;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::Value;
use store::Store;

pub(crate) use policy::wrong as policy_errors;

use crate::config::Config;
use crate::problem::{Exit, Outcome, Problem};
use crate::view::style;
use crate::wiring::Wiring;

/// Takes people into, through and out of a company's Microsoft 365, and proves it.
#[derive(Parser)]
#[command(name = "tenure", version, about, long_about = LONG, max_term_width = 110)]
pub(crate) struct Cli {
    /// The configuration; `tenure.toml` in this folder unless said
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print data as JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    command: Command,
}

const LONG: &str = "Takes people into, through and out of a company's Microsoft 365, and proves it.

A request becomes a plan: a diff of the live tenant. A person approves exactly that plan. The engine carries it out, reads every
result back, and leaves a record that can be checked. Exit status: 0 done, 1 failed, 2 refused or bad input, 3 needs review.";

#[derive(Subcommand)]
enum Command {
    /// Show leavers from ticket to proof on the sandbox
    Demo(demo::Args),
    /// Run a simulated Microsoft 365 to rehearse on
    Sandbox(sandbox::Args),
    /// Connect tenants, and check what they granted
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Write, check and apply a tenant's policy
    #[command(subcommand)]
    Policy(policy::Command),
    /// Read tickets (JSON Lines on standard input) and write the requests found in them
    Extract,
    /// Make a plan: nothing is changed
    #[command(subcommand)]
    Plan(plan::Command),
    /// List what was asked for, and what waits for a plan
    Requests(requests::Args),
    /// Plan to take back what a run did
    Undo(plan::Restore),
    /// Approve exactly one plan
    Approve(approve::Args),
    /// Carry out an approved plan and watch it
    Run(run::Args),
    /// Look at runs, and cancel, pause, resume or retry one
    #[command(subcommand)]
    Runs(runs::Command),
    /// Serve the web app and the API, and carry out runs, until stopped
    Serve(serve::Args),
    /// Carry out scheduled and detached runs until stopped
    Worker(worker::Args),
    /// Verify, export and prove a tenant's ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Check this installation: configuration, store, key, tenants
    Doctor,
}

/// How long a store may take to close.
const CLOSING: Duration = Duration::from_secs(2);

/// What every verb is given.
pub(crate) struct Cx {
    /// The configuration.
    pub(crate) config: Config,
    /// Whether data is wanted.
    pub(crate) json: bool,
    /// The stores that the verb opened.
    opened: Mutex<Vec<Store>>,
}

impl Cx {
    /// Opens the store for the verb.
    async fn open(&self) -> Result<Wiring, Problem> {
        let wiring = Wiring::open(&self.config).await?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push(wiring.store.clone());
        Ok(wiring)
    }

    /// Closes what the verb opened, which folds the write-ahead log into the store's file: whoever copies that file has everything.
    async fn close(&self) {
        let opened =
            std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        for store in opened {
            // A connection that is still busy keeps the log, and the next process folds it.
            let _ = tokio::time::timeout(CLOSING, store.close()).await;
        }
    }

    /// Prints data or what people read, whichever is wanted, on standard output.
    pub(crate) fn show(&self, data: &Value, text: impl AsRef<str>) {
        if self.json {
            out(&format!("{data:#}"));
        } else {
            out(text.as_ref().trim_end());
        }
    }
}

/// Standard output: data.
pub(crate) fn out(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Standard error: talk.
pub(crate) fn talk(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says a problem, and gives the status it ends with.
pub(crate) fn tell(problem: &Problem) -> Exit {
    let word = if problem.exit == Exit::Refused {
        "refused"
    } else {
        "failed"
    };
    talk(&format!("{}: {problem}", style::paint(style::DANGER, word)));
    problem.exit
}

/// The name of the person who decides or asks: what separation of duties rests on, so never empty and without spaces around it.
fn name(field: &str, text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.is_empty() {
        return Err(
            Problem::refused("name", format!("{field} is empty")).hint(format!(
                "say who you are, like {field} jane@provider.example"
            )),
        );
    }
    Ok(name.to_owned())
}

/// Comes back when somebody asks this process to stop: Ctrl-C, or as service managers do.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a signal handler the process ends at once, which everything that is kept survives.
    let _ = tokio::signal::ctrl_c().await;
}

impl Cli {
    /// Reads the command line. What cannot be understood is said here, as data too where data is wanted.
    pub(crate) fn read() -> Result<Self, Exit> {
        Self::try_parse().map_err(|error| {
            let _ = error.print();
            if !error.use_stderr() {
                return Exit::Done;
            }
            if std::env::args_os().any(|word| word == "--json") {
                let text = error.to_string();
                let what = text.lines().next().unwrap_or_default();
                let what = what.trim_start_matches("error: ").trim_end_matches(':');
                let problem = Problem::refused("usage", what).hint("see --help");
                out(&format!("{:#}", problem.to_json()));
            }
            Exit::Refused
        })
    }

    /// Runs the verb.
    pub(crate) async fn run(self) -> Outcome<Exit> {
        let config = Config::load(self.config.as_deref())?;
        let cx = Cx {
            config,
            json: self.json,
            opened: Mutex::default(),
        };
        let outcome = self.command.run(&cx).await;
        cx.close().await;
        outcome
    }
}

impl Command {
    async fn run(self, cx: &Cx) -> Outcome<Exit> {
        match self {
            Self::Demo(args) => demo::run(cx, args).await,
            Self::Sandbox(args) => sandbox::run(cx, args).await,
            Self::Tenant(command) => tenant::run(cx, command).await,
            Self::Policy(command) => policy::run(cx, command).await,
            Self::Extract => extract::run(cx),
            Self::Plan(command) => plan::run(cx, command).await,
            Self::Requests(args) => requests::run(cx, args).await,
            Self::Undo(args) => undo::run(cx, args).await,
            Self::Approve(args) => approve::run(cx, args).await,
            Self::Run(args) => run::run(cx, args).await,
            Self::Runs(command) => runs::run(cx, command).await,
            Self::Serve(args) => serve::run(cx, args).await,
            Self::Worker(args) => worker::run(cx, args).await,
            Self::Ledger(command) => ledger::run(cx, command).await,
            Self::Doctor => doctor::run(cx).await,
        }
    }
}
