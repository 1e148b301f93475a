//! What each page costs the server with 100,000 runs in the store: time, bytes, requests of a first view, calls to the cloud, memory.

mod list;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::{PlanId, TenantId};
use serde::Serialize;
use serde_json::json;
use store::bench::History;
use store::{Credential, NewTenant, Secret, TenantScope};

use self::list::{Page, Places};
use super::{profile, say, talk};
use crate::crash::process::Sandbox;
use crate::crash::scene::{self, TENANT};
use crate::crash::served::judge;
use crate::crash::served::office::{self, Office};
use crate::crash::story::Story;
use crate::http::{Ask, Client, Reply};

/// UI.md's budgets: a page's time on the server, its HTML compressed, requests of a first view.
const GOAL_MS: f64 = 20.0;
const GOAL_BYTES: usize = 30 * 1024;
const GOAL_REQUESTS: usize = 4;
/// How many steps each of the runs has that the store is filled with; the plan that waits has all of them.
const STEPS: usize = 8;
/// How many ask at once, where not one after the other.
const AT_ONCE: usize = 8;

/// What is measured, and on what.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "the-pages")]
pub(super) struct Args {
    /// Measure the pages of `tenure serve` on a large store, and nothing else
    #[arg(long)]
    pages: bool,
    /// How many runs the store holds for `--pages`
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    page_runs: u32,
    /// How often each page is asked for, one after the other, and again 8 at a time
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    times: usize,
    /// Where the large store is kept, to be measured again without being filled again
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Only pages whose address holds this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl Args {
    /// Whether it is pages that are to be measured.
    pub(super) fn is_asked(&self) -> bool {
        self.pages
    }
}

/// What one page costs.
#[derive(Clone, Debug, Serialize)]
struct Cost {
    page: String,
    /// Milliseconds, one after the other.
    p50_ms: f64,
    p99_ms: f64,
    /// Milliseconds with 8 that ask at once.
    p50_busy_ms: f64,
    p99_busy_ms: f64,
    /// Bytes of the answer, compressed.
    bytes: usize,
    /// The page and what it loads, once each; 0 for what is no page.
    requests: usize,
    /// Calls to the cloud for one answer.
    calls: usize,
}

/// Measures and prints; nothing here is a test of time.
///
/// # Errors
/// When a page does not answer as it should.
pub(super) fn run(args: &Args, binary: &Path, seed: u64, as_json: bool) -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let folder = args
        .folder
        .clone()
        .unwrap_or_else(|| place.path().join("pages"));
    // Of a store that was filled before, only the folder knows with how many.
    let runs = if folder.join("tenure.db").exists() {
        "as many runs as it was filled with".to_owned()
    } else {
        filled(args, binary, &folder, seed)?;
        format!("{} runs", args.page_runs)
    };
    let sandbox = Sandbox::start(binary, &folder, seed)?;
    let base = office::configure(&folder, &sandbox, office::port()?)?;
    let mut running = office::open(binary, &folder, &base, &[])?;
    let office = office::sign_in(&base)?;
    let before = memory(running.id())?;
    let places = Places::find(&office, &base)?;
    let (mut costs, mut unmeasured) = (Vec::new(), Vec::new());
    let load = load()?;
    for page in places.pages() {
        if args
            .only
            .as_ref()
            .is_some_and(|text| !page.path.contains(text.as_str()))
        {
            continue;
        }
        match cost(&page, &office, &base, &sandbox, args.times) {
            Ok(cost) => costs.push(cost),
            Err(wrong) => unmeasured.push(format!("not measured: {wrong}")),
        }
    }
    let after = memory(running.id())?;
    running.kill()?;
    let size = std::fs::metadata(folder.join("tenure.db"))?.len();
    let report = json!({
        "profile": profile(binary), "runs": runs, "times": args.times,
        "load_before": load, "load_after": self::load()?,
        "memory_before_mb": before, "memory_after_mb": after, "store_mb": mb(size), "pages": costs, "not_measured": unmeasured,
    });
    if as_json {
        say(&serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    for line in lines(&costs).iter().chain(&unmeasured) {
        say(line);
    }
    say(&format!(
        "{} build, {runs}, {:.0} MiB on disk; memory {before:.0} MiB before, {after:.0} MiB after; load {load} before, {} after",
        profile(binary),
        mb(size),
        self::load()?,
    ));
    Ok(())
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Memory of a process that is in RAM, in MiB. Source: proc_pid_status(5).
fn memory(id: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(mb(kb.context(
        "the system does not say how much memory a process has",
    )? * 1024))
}

/// The load of the last minute: times mean nothing without it.
fn load() -> anyhow::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

/// Fills a store.
fn filled(args: &Args, binary: &Path, folder: &Path, seed: u64) -> anyhow::Result<()> {
    let begun = Instant::now();
    talk(&format!("filling a store with {} runs …", args.page_runs));
    let scene = scene::prepare_for(binary, folder, seed, Story::Web)?;
    judge::with_store(folder, async |store| {
        let scope = TenantScope::provider();
        let stored = store
            .plan(&scope, &PlanId::from(scene.plan.as_str()))
            .await?;
        let mut like = stored.plan;
        // A run is read alone: lists do not grow with its steps, and the disk does.
        like.steps.truncate(STEPS);
        let own = store
            .tenant(&TenantScope::of(&TENANT.into()), &TENANT.into())
            .await?;
        let mut tenants: Vec<TenantId> = vec![TENANT.into()];
        for number in 1..20 {
            let name = TenantId::new(format!("client-{number:02}"));
            let new = NewTenant {
                name: name.clone(),
                directory: format!("00000000-0000-4000-8000-{number:012}"),
                cloud: own.cloud.clone(),
                client: own.client.clone(),
                credential: Credential::Secret(Secret::new("none")),
                at: judge::now(),
            };
            store.add_tenant(&scope, &new).await?;
            tenants.push(name);
        }
        let history = History {
            like: &like,
            tenants: &tenants,
            runs: args.page_runs,
            until: judge::now(),
            minutes_apart: 10,
        };
        Ok(store.fill(&history).await?)
    })?;
    talk(&format!("filled in {:.0} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

impl Page {
    fn ask(&self, office: &Office) -> Ask {
        let ask = if self.path.starts_with("/api/") {
            office.call(Ask::get(&self.path))
        } else {
            office.page(&self.path)
        };
        // Parts that the pages ask for themselves, where a browser that goes there is sent on.
        let parts = ["/live", "/now", "/hits", "/people/search"];
        let ask = if parts.iter().any(|part| self.path.contains(part)) {
            ask.with("hx-request", "true")
        } else {
            ask
        };
        ask.with("accept-encoding", "gzip")
    }
}

fn answered(client: &mut Client, ask: &Ask, page: &Page) -> anyhow::Result<Reply> {
    let reply = client.ask(ask)?;
    ensure!(
        reply.status == 200,
        "{} answers {}: {}",
        page.path,
        reply.status,
        String::from_utf8_lossy(&reply.body)
    );
    Ok(reply)
}

fn calls(sandbox: &Sandbox) -> anyhow::Result<usize> {
    Ok(sandbox.ask("requests")?.as_array().map_or(0, Vec::len))
}

fn cost(
    page: &Page,
    office: &Office,
    base: &str,
    sandbox: &Sandbox,
    times: usize,
) -> anyhow::Result<Cost> {
    let ask = page.ask(office);
    let mut client = Client::new(base);
    let plain = answered(&mut client, &office.page(&page.path), page);
    let requests = plain.map_or(0, |reply| first_view(&reply));
    let before = calls(sandbox)?;
    let reply = answered(&mut client, &ask, page)?;
    let calls = calls(sandbox)?.saturating_sub(before);
    // What reads the cloud waits for it: a few times are enough.
    let times = if calls > 0 { times.div_ceil(10) } else { times };
    let alone = timed(page, office, base, times)?;
    let mut busy: Vec<Duration> = std::thread::scope(|scope| {
        let each = times.div_ceil(AT_ONCE);
        let all: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(move || timed(page, office, base, each)))
            .collect();
        let all = all.into_iter().map(|one| {
            one.join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))?
        });
        all.collect::<anyhow::Result<Vec<Vec<Duration>>>>()
    })?
    .concat();
    busy.sort_unstable();
    Ok(Cost {
        page: page.path.clone(),
        p50_ms: quantile(&alone, 50),
        p99_ms: quantile(&alone, 99),
        p50_busy_ms: quantile(&busy, 50),
        p99_busy_ms: quantile(&busy, 99),
        bytes: reply.body.len(),
        requests,
        calls,
    })
}

/// How long each of so many answers took, the shortest first.
fn timed(page: &Page, office: &Office, base: &str, times: usize) -> anyhow::Result<Vec<Duration>> {
    let ask = page.ask(office);
    let mut client = Client::new(base);
    // Connecting is not the page's.
    answered(&mut client, &ask, page)?;
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        answered(&mut client, &ask, page)?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    Ok(took)
}

/// The time that so many of a hundred stay within, in milliseconds.
fn quantile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted
        .get(at)
        .map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

/// The page itself and what it loads at once; 0 for what is no page.
fn first_view(reply: &Reply) -> usize {
    let text = reply.text();
    if !text.starts_with("<!") {
        return 0;
    }
    let mut loads: Vec<&str> = text
        .split("\"/assets/")
        .skip(1)
        .filter_map(|rest| rest.split(['"', '#']).next())
        .filter(|name| !name.contains("icon-") && !name.contains("favicon"))
        .collect();
    loads.sort_unstable();
    loads.dedup();
    loads.len() + 1
}

fn lines(costs: &[Cost]) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{:<66} {:^15} {:^15} {:>8} {:>8} {:>6}",
            "", "one by one, ms", "8 at once, ms", "bytes", "first", "cloud"
        ),
        format!(
            "{:<66} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>6}",
            "page", "p50", "p99", "p50", "p99", "gzipped", "view", "calls"
        ),
    ];
    for cost in costs {
        let mut over = Vec::new();
        if cost.p99_ms > GOAL_MS && cost.calls == 0 {
            over.push("TIME");
        }
        if cost.bytes > GOAL_BYTES && cost.requests > 0 {
            over.push("BYTES");
        }
        if cost.requests > GOAL_REQUESTS {
            over.push("REQUESTS");
        }
        let over = if cost.calls > 0 {
            over.push("reads the cloud");
            over
        } else {
            over
        };
        lines.push(format!(
            "{:<66} {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>8} {:>8} {:>6}  {}",
            cost.page,
            cost.p50_ms,
            cost.p99_ms,
            cost.p50_busy_ms,
            cost.p99_busy_ms,
            cost.bytes,
            cost.requests,
            cost.calls,
            over.join(", ")
        ));
    }
    let slow = costs
        .iter()
        .filter(|cost| cost.p99_ms > GOAL_MS && cost.calls == 0);
    lines.push(format!(
        "{} of {} over {GOAL_MS} ms at p99",
        slow.count(),
        costs.len()
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_what_was_measured() {
        let took: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!((quantile(&took, 50), quantile(&took, 99)), (50.0, 99.0));
        assert_eq!(quantile(&took[..1], 99), 1.0);
        assert_eq!(quantile(&[], 99), 0.0);
    }

    #[test]
    fn what_a_page_loads_counts_once_each() {
        let page = |text: &str| Reply {
            status: 200,
            headers: Vec::new(),
            body: text.as_bytes().to_vec(),
        };
        let text = r#"<!doctype html><link href="/assets/a.css"><use href="/assets/icons.svg#x"><use href="/assets/icons.svg#y">"#;
        assert_eq!(first_view(&page(text)), 3);
        assert_eq!(first_view(&page("{}")), 0);
    }
}
