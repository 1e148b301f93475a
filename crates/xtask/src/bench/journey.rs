//! One journey by Tenure on a sandbox: planned, approved, carried out, and judged by the ground truth.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::plan::Plan;
use engine::state::RunState;
use engine::timing::timing;
use serde::Serialize;
use serde_json::Value;
use sim::{Effect, Faults, Rule};

use super::traffic::Traffic;
use crate::crash::process::{Sandbox, tenure as verb, tenure_json};
use crate::crash::scene::{self, LEAVER, TENANT};
use crate::crash::truth;

/// Who gets the leaver's mail.
pub(super) const FORWARD_TO: &str = "amira.haddad@contoso.example";
/// Who approves.
const APPROVER: &str = "approver@provider.example";
/// Who answers for the policy.
const OWNER: &str = "owner@provider.example";
/// The recording in each folder.
pub(super) const RECORDING: &str = "traffic.har";
/// How long the vendor may work on after the client has ended, before the world is judged.
const SETTLING: Duration = Duration::from_secs(20);

/// Which way a person goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// The reference leaver, every switch on.
    Leaver,
    /// A person who comes.
    Joiner,
}

/// How the cloud behaves beside the added latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Temper {
    /// At once and without noise: what is left is the client's own doing.
    Calm,
    /// Lag, waits of the vendor and stray 429s, as the sandbox is by default.
    Unkind,
}

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Setting {
    pub(super) kind: Kind,
    pub(super) temper: Temper,
    pub(super) latency_ms: u64,
    pub(super) seed: u64,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Leaver => "leaver",
            Kind::Joiner => "joiner",
        };
        let temper = match self.temper {
            Temper::Calm => "calm",
            Temper::Unkind => "unkind",
        };
        write!(f, "{kind}, {temper}, {} ms added", self.latency_ms)
    }
}

/// What a client took.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cost {
    /// Wall time, in seconds: of Tenure's three processes from start to end, of the script from its first line of work on.
    pub(super) seconds: f64,
    /// Of these, how long nothing was done but waiting for the vendor to bring about what it had accepted.
    pub(super) waited_s: f64,
    /// Requests, a batch counting as one; without those for tokens and without the look through all mailboxes.
    pub(super) requests: usize,
    /// Requests to look through all mailboxes for a person's rights.
    pub(super) looking: usize,
    /// Requests repeated while the vendor converges, as far as the client tells them apart; part of `requests`.
    pub(super) polls: usize,
    /// Requests for tokens.
    pub(super) tokens: usize,
    /// Requests answered 429.
    pub(super) throttled: usize,
    /// Round trips one after the other, all kinds.
    pub(super) chain: usize,
    /// What is not as it should be in the world afterwards, one line each.
    pub(super) untrue: Vec<String>,
    /// Steps that the client itself says have failed.
    pub(super) failed: Vec<String>,
}

/// The journeys that this Tenure knows.
///
/// # Errors
/// When it cannot be started.
pub(super) fn kinds(binary: &Path) -> anyhow::Result<Vec<Kind>> {
    let help = Command::new(binary)
        .args(["plan", "onboard", "--help"])
        .output()
        .context("tenure cannot be started")?;
    Ok(if help.status.success() {
        vec![Kind::Leaver, Kind::Joiner]
    } else {
        vec![Kind::Leaver]
    })
}

/// Writes what goes wrong in the sandbox of this folder.
///
/// # Errors
/// When it cannot be written.
pub(super) fn set_faults(folder: &Path, setting: &Setting) -> anyhow::Result<()> {
    let faults = match setting.temper {
        Temper::Calm => Faults::calm(),
        Temper::Unkind => Faults::unkind(),
    };
    let delay = Effect::Delay {
        ms: setting.latency_ms,
    };
    let text = serde_json::to_string(&faults.with(Rule::always(delay)))?;
    Ok(std::fs::write(folder.join("faults.json"), text)?)
}

/// Lets Tenure go the way: plan, approve, run.
///
/// # Errors
/// When a verb fails, the run does not complete, or the world is not as it should be afterwards.
pub(super) fn tenure(binary: &Path, setting: &Setting) -> anyhow::Result<Cost> {
    let place = tempfile::tempdir()?;
    let folder = place.path().join("scene");
    scene::prepare(binary, &folder, setting.seed)?;
    set_faults(&folder, setting)?;
    let sandbox = Sandbox::start_with(binary, &folder, setting.seed, &["--record", RECORDING])?;
    scene::configure(&folder, &sandbox.base)?;
    if setting.kind == Kind::Joiner {
        let file = folder.join("policy.toml");
        let text = std::fs::read_to_string(&file)?;
        std::fs::write(&file, text + &super::person::policy())?;
        let args = ["policy", "apply", TENANT, "policy.toml", "--as", OWNER];
        verb(binary, &folder, &args)?;
    }
    let before = sandbox.ask("world")?;
    let begun = Instant::now();
    let made = plan(binary, &folder, setting.kind)?;
    let id = made["id"].as_str().context("the plan has no id")?;
    verb(binary, &folder, &["approve", id, "--as", APPROVER])?;
    let ran = tenure_json(binary, &folder, &["run", id])?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(
        ran["outcome"] == "completed",
        "{setting}: the run did not complete: {}",
        ran["state"]["findings"]
    );
    let untrue = judged(&sandbox, &before, setting.kind)?;
    ensure!(
        untrue.is_empty(),
        "{setting}: the run completed, but in the world {}",
        untrue.join("; ")
    );
    let traffic = Traffic::read(&folder.join(RECORDING))?;
    let number = |value: &Value| value.as_u64().unwrap_or_default() as usize;
    let looking = number(&made["requests"]["scan"]) + number(&ran["requests"]["scan"]);
    Ok(Cost {
        seconds,
        waited_s: waited_s(&made["plan"], &ran["state"])?,
        requests: traffic.requests - looking,
        looking,
        polls: number(&ran["requests"]["repeat-polls"]),
        tokens: traffic.tokens,
        throttled: traffic.throttled,
        chain: traffic.chain(),
        untrue,
        failed: Vec::new(),
    })
}

/// The part of a run in which nothing was done but waiting, as its receipts say.
fn waited_s(plan: &Value, state: &Value) -> anyhow::Result<f64> {
    let plan: Plan = serde_json::from_value(plan.clone())?;
    let state: RunState = serde_json::from_value(state.clone())?;
    let timing = timing(&plan, &state).context("the run has no verified step")?;
    Ok(timing.waited_ms as f64 / 1_000.0)
}

fn plan(binary: &Path, folder: &Path, kind: Kind) -> anyhow::Result<Value> {
    match kind {
        Kind::Leaver => {
            // Forwarding is an answer that only a request can give, so that every switch is on.
            let forward = format!("set-forwarding.to=\"{FORWARD_TO}\"");
            let args = ["plan", "offboard", LEAVER, "--tenant", TENANT];
            tenure_json(binary, folder, &[&args[..], &["--set", &forward]].concat())
        }
        Kind::Joiner => {
            std::fs::write(folder.join("person.toml"), super::person::toml())?;
            let args = ["plan", "onboard", "--tenant", TENANT];
            tenure_json(
                binary,
                folder,
                &[&args[..], &["--file", "person.toml"]].concat(),
            )
        }
    }
}

/// What is not true of the world when the vendor has had its time.
///
/// # Errors
/// When the sandbox does not answer.
pub(super) fn judged(sandbox: &Sandbox, before: &Value, kind: Kind) -> anyhow::Result<Vec<String>> {
    let begun = Instant::now();
    loop {
        let after = sandbox.ask("world")?;
        let untrue = match kind {
            Kind::Leaver => truth::untrue(before, &after, sim::worlds::CONTOSO, LEAVER),
            Kind::Joiner => super::person::missing(&after, sim::worlds::CONTOSO),
        };
        if untrue.is_empty() || begun.elapsed() > SETTLING {
            return Ok(untrue);
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
