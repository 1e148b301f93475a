//! Clients that we did not write: Microsoft's own Python SDK drives the sandbox, and the ground truth judges both.
//!
//! The sandbox and our connectors were written by the same people. What both misread alike, their tests cannot see.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};

use crate::crash::process::Sandbox;
use crate::run;

const REQUIREMENTS: &str = include_str!("../sdk/requirements.txt");
const SEED: u64 = 20_260;

/// How to run it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The seed of the sandbox's lag, latency and throttling
    #[arg(long, default_value_t = SEED)]
    seed: u64,
}

impl Default for Args {
    fn default() -> Self {
        Self { seed: SEED }
    }
}

/// Installs what is missing, starts a sandbox with the demonstration world, and lets the SDK work on it.
///
/// # Errors
/// When Python is missing, a package cannot be had, or a check of the SDK fails.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    run::cargo(&["build", "--quiet", "--package", "app"])?;
    let begun = Instant::now();
    let python = python()?;
    let ready = begun.elapsed();
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::start(
        &run::target().join("debug/tenure"),
        folder.path(),
        args.seed,
    )?;
    say("Microsoft's own SDK against the sandbox, with lag and throttling:");
    let mut child = Command::new(&python)
        .args(["-B", "crates/xtask/sdk/check.py"])
        .args([&sandbox.base, sim::worlds::CONTOSO, sim::worlds::CLIENT_ID])
        .current_dir(run::root())
        .stdin(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} could not be started", python.display()))?;
    // By standard input: a secret has no place in a list of processes, not even this one.
    let mut stdin = child.stdin.take().context("its standard input is piped")?;
    stdin.write_all(format!("{}\n", sim::worlds::CLIENT_SECRET).as_bytes())?;
    drop(stdin);
    let status = child.wait()?;
    say(&format!(
        "The packages took {:.0} s, everything {:.0} s.",
        ready.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    ));
    ensure!(
        status.success(),
        "the SDK and the sandbox disagree (seed {}): either the sandbox is not as Microsoft's cloud is, or the check is wrong",
        args.seed
    );
    Ok(())
}

/// The interpreter of the environment with Microsoft's SDK.
///
/// # Errors
/// When Python is missing or a package cannot be had.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    environment(&Packages {
        folder: "sdk",
        requirements: REQUIREMENTS,
        file: "crates/xtask/sdk/requirements.txt",
        name: "Microsoft's SDK for Python",
    })
}

/// Python packages that a check needs.
pub(crate) struct Packages {
    /// The folder under `target/` that they are installed in.
    pub(crate) folder: &'static str,
    /// The text of the requirements, with hashes.
    pub(crate) requirements: &'static str,
    /// The file that it is the text of.
    pub(crate) file: &'static str,
    /// What they are, for the line that says they are being installed.
    pub(crate) name: &'static str,
}

/// The interpreter of an environment that holds exactly what the requirements name; made anew when they change.
///
/// # Errors
/// When Python is missing or a package cannot be had.
pub(crate) fn environment(packages: &Packages) -> anyhow::Result<PathBuf> {
    let folder = run::target().join(packages.folder);
    let python = folder.join("venv/bin/python");
    let marker = folder.join("installed.txt");
    let installed = std::fs::read_to_string(&marker).unwrap_or_default();
    if installed == packages.requirements && python.exists() {
        return Ok(python);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    say(&format!(
        "Installing {} (once, half a minute at most).",
        packages.name
    ));
    let venv = folder.join("venv");
    let venv = venv
        .to_str()
        .context("the target folder has no plain name")?;
    finish(
        Path::new("python3"),
        &["-m", "venv", venv],
        "Python 3.11 or later with its venv module is needed; install it (on Debian: python3 and python3-venv)",
    )?;
    // Hashes, wheels only: nothing runs on installing, and nothing comes that was not looked at.
    finish(
        &python,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-compile",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--requirement",
            packages.file,
        ],
        &format!(
            "the packages of {} could not be installed; pip says above why (Python 3.11 or later, and a way to the package index, are needed)",
            packages.file
        ),
    )?;
    std::fs::write(&marker, packages.requirements)?;
    Ok(python)
}

fn finish(program: &Path, args: &[&str], otherwise: &str) -> anyhow::Result<()> {
    let status = Command::new(program)
        .args(args)
        .current_dir(run::root())
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{} could not be started: {otherwise}", program.display()))?;
    if !status.success() {
        bail!("{otherwise}");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what this command is for")]
fn say(line: &str) {
    println!("{line}");
}
