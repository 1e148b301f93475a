//! Holds the running app against its own OpenAPI document with schemathesis (PyPI): no server error, and no answer that the
//! document does not say.
//!
//! The calls are made as an API client that is an admin, and once more, for what only people may, as a person with a session. Both
//! could destroy what they stand on; so what can be destroyed is made for it, and at the end both must still be let in.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::crash::process::Sandbox;
use crate::{browser, run, sdk, smtp};

const REQUIREMENTS: &str = include_str!("../schemathesis/requirements.txt");
/// How many cases are generated for each call, at most, besides those at the edges of what it takes.
const MANY: u32 = 40;
const FEW: u32 = 2;

/// How to run it.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Fewer cases: what each change must pass
    #[arg(long)]
    pub(crate) short: bool,
    /// The seed of the generated cases
    #[arg(long, default_value_t = 20_260)]
    seed: u32,
    /// How many cases are generated for each call
    #[arg(long, value_name = "NUMBER")]
    examples: Option<u32>,
}

/// Installs what is missing, sets the stage on a sandbox, and lets schemathesis call.
///
/// # Errors
/// When something cannot be had or started, and when an answer is another than the document says.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let python = sdk::environment(&sdk::Packages {
        folder: "schemathesis",
        requirements: REQUIREMENTS,
        file: "crates/xtask/schemathesis/requirements.txt",
        name: "schemathesis and a validator of OpenAPI documents",
    })?;
    run::cargo(&["build", "--quiet", "--package", "app"])?;
    let begun = Instant::now();
    let binary = run::target().join("debug/tenure");
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(&binary, folder.path(), 1)?;
    browser::provider(folder.path(), &sandbox.base)?;
    let app = browser::serve(&binary, folder.path())?;
    let examples = args.examples.unwrap_or(if args.short { FEW } else { MANY });
    let status = Command::new(&python)
        .args(["-B", "crates/xtask/schemathesis/check.py"])
        .args([&app.address, &app.set_up])
        .arg(&binary)
        .arg(folder.path())
        .args(["--examples", &examples.to_string()])
        .args(["--seed", &args.seed.to_string()])
        .current_dir(run::root())
        .status()
        .with_context(|| format!("{} could not be started", python.display()))?;
    if !status.success() {
        let log = std::fs::read_to_string(folder.path().join("serve.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(20).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!(
            "the API and its document disagree (seed {}); the app's last lines:\n{}",
            args.seed,
            last.join("\n")
        );
    }
    smtp::say(&format!(
        "The API answers as its document says ({:.0} s).",
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}
