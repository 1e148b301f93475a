//! The project's own tools: `cargo xtask demo` shows Tenure at work, `cargo xtask test` runs every test.

mod assets;
mod bench;
mod browser;
mod check;
mod contract;
mod crash;
mod http;
mod oidc;
mod requests;
mod rules;
mod run;
mod schemathesis;
mod sdk;
mod smtp;
#[cfg(test)]
mod tidy;
mod webhooks;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tenure's own tools")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Formatting and lints: fast, before each commit.
    Check,
    /// Makes what the pages load, from npm by the lockfile (demo, check and test do it by themselves).
    Assets,
    /// Every test, installing what it needs.
    Test,
    /// Holds requests, replies and permissions against Microsoft's own tables.
    Contract(contract::Args),
    /// Kills the real process at every class of point, takes the run up again, and judges what is left.
    Crash(crash::Args),
    /// Counts what the reference leaver costs a tenant, on the unkind sandbox.
    Requests(requests::Args),
    /// Measures requests, round trips and time beside scripts as people write them, and the engine and the process alone.
    Bench(bench::Args),
    /// Lets Microsoft's own Python SDK drive the sandbox.
    Sdk(sdk::Args),
    /// Lets operators sign in by a certified OpenID provider from npm.
    Oidc,
    /// Sends mail to a real SMTP server, in every way and with every fault.
    Smtp,
    /// Lets the library of Standard Webhooks judge our signatures.
    Webhooks,
    /// Holds the running app against its OpenAPI document with schemathesis.
    Schemathesis(schemathesis::Args),
    /// Replays every plan that the switches can make on a small world, and reads the damage.
    Rules,
    /// Builds Tenure and shows leavers from ticket to proof on the sandbox.
    Demo {
        /// Approve without asking, for machines.
        #[arg(long)]
        yes: bool,
        /// Make some weeks of history there and leave the web app open on it, until Ctrl-C.
        #[arg(long, conflicts_with = "yes")]
        keep: bool,
    },
    /// Does in a browser what people do, holds every page against axe and its budgets, and says what was measured.
    Browser(browser::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Assets => assets::run(),
        Command::Check => check::run(),
        Command::Test => {
            check::run()?;
            rules::run()?;
            sdk::run(&sdk::Args::default())?;
            oidc::run()?;
            smtp::run()?;
            webhooks::run()?;
            run::cargo(&["test", "--workspace"])
        }
        Command::Contract(args) => contract::run(args),
        Command::Crash(args) => crash::run(&args),
        Command::Requests(args) => requests::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Sdk(args) => sdk::run(&args),
        Command::Oidc => oidc::run(),
        Command::Smtp => smtp::run(),
        Command::Webhooks => webhooks::run(),
        Command::Schemathesis(args) => schemathesis::run(&args),
        Command::Rules => rules::run(),
        Command::Browser(args) => browser::run(&args),
        Command::Demo { yes, keep } => {
            run::cargo(&["build", "--quiet", "--package", "app"])?;
            match (yes, keep) {
                (true, _) => run::tenure(&["demo", "--yes"]),
                (false, true) => run::tenure(&["demo", "--keep"]),
                (false, false) => run::tenure(&["demo"]),
            }
        }
    }
}
