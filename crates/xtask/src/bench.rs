//! What Tenure costs: requests, round trips and time beside a script as people write them, and what the engine and a process take.
//!
//! Nothing here is a test of time: numbers are printed, and only a wrong result fails.

mod engine_rate;
mod footprint;
mod journey;
mod order;
mod pages;
mod peer;
mod person;
mod report;
mod traffic;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use crate::crash::{process, scene};
use crate::{run, sdk};

/// Round trips one after the other that a leaver should not exceed, at most.
const GOAL: usize = 25;

/// What is measured, and how.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// The seed of the sandboxes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Latency added to every request, in milliseconds; may be repeated
    #[arg(long = "latency", value_name = "MS", default_values_t = [0, 50, 150])]
    latencies: Vec<u64>,
    /// How many runs the engine carries for its rate
    #[arg(long, default_value_t = 40)]
    runs: usize,
    /// Only the engine and the process: no journeys, no Python
    #[arg(long)]
    quick: bool,
    /// Measure this binary, such as one of the release profile, instead of building one of the dev profile
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    #[command(flatten)]
    pages: pages::Args,
}

/// Measures everything and prints it.
///
/// # Errors
/// When something does not come out right: a run that does not complete, a step of a peer that fails.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = if let Some(binary) = &args.binary {
        binary
            .canonicalize()
            .with_context(|| format!("there is no {}", binary.display()))?
    } else {
        run::cargo(&["build", "--quiet", "--package", "app"])?;
        run::target().join("debug/tenure")
    };
    if args.pages.is_asked() {
        return pages::run(&args.pages, &binary, args.seed, args.json);
    }
    let mut journeys = Vec::new();
    if !args.quick {
        let python = sdk::python()?;
        for kind in journey::kinds(&binary)? {
            for temper in [journey::Temper::Calm, journey::Temper::Unkind] {
                for latency_ms in &args.latencies {
                    let setting = journey::Setting {
                        kind,
                        temper,
                        latency_ms: *latency_ms,
                        seed: args.seed,
                    };
                    journeys.push(measured(&binary, &python, &setting)?);
                }
            }
        }
    }
    let place = tempfile::tempdir()?;
    let scene = scene::prepare(&binary, &place.path().join("scene"), args.seed)?;
    // On a copy: the worker that is measured first holds its store for a while after it was stopped.
    let copy = place.path().join("copy");
    process::copy(&scene.folder, &copy)?;
    let footprint = footprint::measure(&binary, &scene.folder)?;
    let rate = engine_rate::measure(&copy, &scene.plan, args.runs)?;
    let report = report::Report {
        profile: profile(&binary),
        journeys,
        rate,
        footprint,
    };
    if args.json {
        say(&serde_json::to_string_pretty(&json!(report))?);
    } else {
        for line in report.lines() {
            say(&line);
        }
    }
    Ok(())
}

/// The profile that cargo built a binary with, by the folder it lies in.
fn profile(binary: &Path) -> &'static str {
    let folder = binary.parent().and_then(Path::file_name);
    match folder.and_then(std::ffi::OsStr::to_str) {
        Some("debug") => "dev",
        Some("release") => "release",
        _ => "unknown",
    }
}

/// One journey, by Tenure and by its peer, on two sandboxes that begin alike.
fn measured(
    binary: &Path,
    python: &Path,
    setting: &journey::Setting,
) -> anyhow::Result<report::Pair> {
    talk(&format!("{setting} …"));
    Ok(report::Pair {
        setting: *setting,
        floor: order::floor(setting.kind),
        tenure: journey::tenure(binary, setting)?,
        peer: peer::run(binary, python, setting)?,
    })
}

#[expect(clippy::print_stdout, reason = "what this command is for")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "what is going on, for whoever waits")]
fn talk(line: &str) {
    eprintln!("{line}");
}
