//! Counts what the reference leaver and a joiner cost a tenant: HTTP requests with everything read back, on the unkind sandbox.
//!
//! The sandbox counts what really arrived; Tenure says what each request was for. Both must agree.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::crash::process::{Sandbox, tenure, tenure_json};
use crate::crash::scene::{self, LEAVER, TENANT};
use crate::run;

/// The most that planning, running and reading back may take together for a leaver.
const MOST: u64 = 30;
/// The most until access is closed and read back.
const MOST_TO_CLOSE: usize = 5;
/// The most for a joiner. Rounds decide, for what happens side by side shares its requests: two to read the tenant and two to look again
/// before the run; the account, its manager, everything that needs the account, licence, mailbox, everything that needs the mailbox, and
/// two mails that are each drafted, sent and looked for. Each of those rounds writes and is read back, in the directory, in the mail
/// system, or in both.
const MOST_OF_JOINER: u64 = 35;

/// How often, and from which seed on.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many seeds, each with its own throttling and lag
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
}

/// Which way a person goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Out,
    In,
}

/// What one journey took.
struct Cost {
    plan: u64,
    drift: u64,
    writes: u64,
    reads: u64,
    polls: u64,
    scan: u64,
    tokens: usize,
    throttled: usize,
    /// Until access is closed and read back; there is none to close for somebody who comes.
    to_close: Option<usize>,
}

impl Cost {
    fn total(&self) -> u64 {
        self.plan + self.drift + self.writes + self.reads
    }
}

/// Measures and prints.
///
/// # Errors
/// When a run does not complete, the counts disagree, or a bound is broken.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    run::cargo(&["build", "--quiet", "--package", "app"])?;
    let binary = run::target().join("debug/tenure");
    let mut broken = Vec::new();
    for (way, name, most) in [
        (Way::Out, "leaver", MOST),
        (Way::In, "joiner", MOST_OF_JOINER),
    ] {
        say(&format!(
            "The reference {name}, every switch on, everything read back; a batch counts as one."
        ));
        say(
            "seed  plan  drift  write  read back  TOTAL | repeated reads  scan  tokens  throttled | requests until access is closed and read back",
        );
        for seed in args.from..args.from + args.seeds {
            let folder = tempfile::tempdir()?;
            let cost = measure(&binary, &folder.path().join("scene"), seed, way)
                .with_context(|| format!("{name}, seed {seed}"))?;
            say(&format!(
                "{seed:>4}  {:>4}  {:>5}  {:>5}  {:>9}  {:>5} | {:>14}  {:>4}  {:>6}  {:>9} | {}",
                cost.plan,
                cost.drift,
                cost.writes,
                cost.reads,
                cost.total(),
                cost.polls,
                cost.scan,
                cost.tokens,
                cost.throttled,
                cost.to_close
                    .map_or_else(|| "none to close".to_owned(), |count| count.to_string())
            ));
            if cost.total() > most {
                broken.push(format!(
                    "the {name} of seed {seed} took {} requests; at most {most} are allowed",
                    cost.total()
                ));
            }
            if let Some(count) = cost.to_close.filter(|count| *count > MOST_TO_CLOSE) {
                broken.push(format!(
                    "seed {seed} needed {count} requests until access was closed and read back"
                ));
            }
        }
    }
    if !broken.is_empty() {
        bail!("{}", broken.join("\n"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what this command is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Plans on a sandbox that has counted nothing yet.
fn plan(binary: &Path, folder: &Path, way: Way) -> anyhow::Result<Value> {
    // Forwarding is an answer that only a request can give, so that every switch is on.
    let forward = format!("set-forwarding.to=\"{}\"", "amira.haddad@contoso.example");
    let args: &[&str] = match way {
        Way::Out => &[
            "plan", "offboard", LEAVER, "--tenant", TENANT, "--set", &forward,
        ],
        Way::In => {
            std::fs::write(folder.join("person.toml"), scene::person("now"))?;
            &[
                "plan",
                "onboard",
                "--tenant",
                TENANT,
                "--file",
                "person.toml",
            ]
        }
    };
    tenure_json(binary, folder, args)
}

fn measure(binary: &Path, folder: &Path, seed: u64, way: Way) -> anyhow::Result<Cost> {
    scene::prepare(binary, folder, seed)?;
    let sandbox = Sandbox::start(binary, folder, seed)?;
    scene::configure(folder, &sandbox.base)?;
    let made = plan(binary, folder, way)?;
    let plan = made["id"]
        .as_str()
        .context("the plan has no id")?
        .to_owned();
    tenure(
        binary,
        folder,
        &["approve", &plan, "--as", "approver@provider.example"],
    )?;
    let before = arrived(&sandbox)?.len();
    let ran = tenure_json(binary, folder, &["run", &plan])?;
    ensure!(
        ran["outcome"] == "completed",
        "the run did not complete: {}",
        ran["state"]["findings"]
    );
    let all = arrived(&sandbox)?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let to_close = match way {
        Way::Out => Some(until_closed(&all[before..])?),
        Way::In => None,
    };
    let cost = Cost {
        plan: number(&made["requests"]["plan"]),
        drift: number(&ran["requests"]["drift"]),
        writes: number(&ran["requests"]["probe-and-apply"]),
        reads: number(&ran["requests"]["first-reads"]),
        polls: number(&ran["requests"]["repeat-polls"]),
        scan: number(&made["requests"]["scan"]) + number(&ran["requests"]["scan"]),
        tokens: all.iter().filter(|seen| is_token(seen)).count(),
        throttled: all.iter().filter(|seen| seen["status"] == 429).count(),
        to_close,
    };
    let counted = cost.total() + cost.polls + cost.scan;
    let really = all.iter().filter(|seen| !is_token(seen)).count() as u64;
    ensure!(
        counted == really,
        "Tenure counted {counted} requests, and {really} arrived"
    );
    Ok(cost)
}

/// Every HTTP request that reached the sandbox, items of batches left out.
fn arrived(sandbox: &Sandbox) -> anyhow::Result<Vec<Value>> {
    let seen = sandbox.ask("requests")?;
    let seen = seen
        .as_array()
        .context("the sandbox's list of requests has another form")?;
    Ok(seen
        .iter()
        .filter(|seen| seen["part_of"].is_null())
        .cloned()
        .collect())
}

fn is_token(seen: &Value) -> bool {
    seen["path"]
        .as_str()
        .is_some_and(|path| path.contains("/oauth2/"))
}

/// How many requests after the approval until the account was read back with access closed.
fn until_closed(seen: &[Value]) -> anyhow::Result<usize> {
    let reads_back = |seen: &Value| {
        seen["method"] == "GET"
            && seen["path"].as_str().is_some_and(|path| {
                path.contains("accountEnabled") && path.contains("signInSessions")
            })
    };
    let requests: Vec<&Value> = seen.iter().filter(|seen| !is_token(seen)).collect();
    requests
        .iter()
        .position(|seen| reads_back(seen))
        .map(|at| at + 1)
        .context("access was never read back")
}
