//! The same journey by a script of `bench/peers`, on a sandbox that begins as Tenure's did.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::journey::{Cost, FORWARD_TO, Kind, RECORDING, Setting, judged, set_faults};
use super::traffic::Traffic;
use crate::crash::process::Sandbox;
use crate::crash::scene::LEAVER;
use crate::run;

const SENDER: &str = "priya.raman@contoso.example";

/// What a peer says at its end.
#[derive(Deserialize)]
struct Said {
    seconds: f64,
    waited_s: f64,
    looked_again: usize,
    failed: Vec<String>,
}

/// Lets the script go the way.
///
/// # Errors
/// When it cannot be started or ends without its report.
pub(super) fn run(binary: &Path, python: &Path, setting: &Setting) -> anyhow::Result<Cost> {
    let place = tempfile::tempdir()?;
    let folder = place.path();
    set_faults(folder, setting)?;
    let sandbox = Sandbox::start_with(binary, folder, setting.seed, &["--record", RECORDING])?;
    let before = sandbox.ask("world")?;
    let said = play(python, folder, &sandbox.base, setting)?;
    let untrue = judged(&sandbox, &before, setting.kind)?;
    let traffic = Traffic::read(&folder.join(RECORDING))?;
    Ok(Cost {
        // From its first line of work on: that Python loads a large package first is not held against it.
        seconds: said.seconds,
        waited_s: said.waited_s,
        requests: traffic.requests - traffic.looking,
        looking: traffic.looking,
        polls: said.looked_again,
        tokens: traffic.tokens,
        throttled: traffic.throttled,
        chain: traffic.chain(),
        untrue,
        failed: said.failed,
    })
}

fn play(python: &Path, folder: &Path, base: &str, setting: &Setting) -> anyhow::Result<Said> {
    let script = run::root().join(match setting.kind {
        Kind::Leaver => "bench/peers/offboard.py",
        Kind::Joiner => "bench/peers/onboard.py",
    });
    let mut command = Command::new(python);
    command.arg("-B").arg(&script);
    for name in ["login", "graph", "exchange"] {
        command.args([format!("--{name}"), format!("{base}/{name}")]);
    }
    command
        .args(["--tenant", sim::worlds::CONTOSO])
        .args(["--client-id", sim::worlds::CLIENT_ID])
        .args(["--sender", SENDER]);
    match setting.kind {
        Kind::Leaver => command.args([LEAVER, "--forward-to", FORWARD_TO]),
        Kind::Joiner => {
            std::fs::write(
                folder.join("person.json"),
                super::person::json().to_string(),
            )?;
            command.arg(folder.join("person.json"))
        }
    };
    let log = std::fs::File::create(folder.join("peer.log"))?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .with_context(|| format!("{} could not be started", python.display()))?;
    let mut stdin = child.stdin.take().context("its standard input is piped")?;
    stdin.write_all(format!("{}\n", sim::worlds::CLIENT_SECRET).as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let said = serde_json::from_str(last);
    ensure!(
        said.is_ok(),
        "{} ended with {} and no report: {}",
        script.display(),
        output.status,
        std::fs::read_to_string(folder.join("peer.log")).unwrap_or_default()
    );
    Ok(said?)
}
