//! What has to be true after the web process was struck: decided once, begun once, told at least once, and the pages say what is kept.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::PlanId;
use jiff::Timestamp;
use serde_json::Value;
use store::{EntryFilter, Key, NewEndpoint, Secret, Store, TenantScope};

use super::super::process::Sandbox;
use super::super::scene::{Scene, TENANT};
use super::super::story::Story;
use super::super::{secrets, truth};
use super::hook::Told;
use super::office::Office;
use super::{Served, api};
use crate::http::{Ask, Client};

/// Kinds of ledger entries that the endpoint is told of.
pub(crate) const TOLD: [&str; 3] = ["approval", "run-started", "run-ended"];

/// The lines of a list of the API.
pub(crate) fn lines(list: &Value) -> impl Iterator<Item = &Value> {
    list["lines"].as_array().into_iter().flatten()
}

/// What the pages and the API say at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// The plan's page.
    plan: String,
    /// The plan's status by the API.
    status: String,
    /// Id and status of each run by the API, with its page.
    runs: Vec<(String, String, String)>,
    /// What was behind the one-time links in the tenant's mails, where one still opened.
    shown: Vec<String>,
    /// Tokens of those links: they may stand in the mails alone.
    pub(crate) tokens: Vec<String>,
}

impl Pages {
    /// Reads them.
    ///
    /// # Errors
    /// When the process does not answer.
    pub(crate) fn read(
        office: &Office,
        scene: &Scene,
        sandbox: &Sandbox,
        base: &str,
    ) -> anyhow::Result<Self> {
        let mut client = Client::new(base);
        let plan = client.ask(&office.page(&format!("/t/{TENANT}/plans/{}", scene.plan)))?;
        let mut data = |path: &str| -> anyhow::Result<Value> {
            let reply = client.ask(&office.call(Ask::get(path)))?;
            Ok(serde_json::from_slice(&reply.body)?)
        };
        let line = data(&api(&format!("plans/{}", scene.plan)))?;
        let runs = data(&api("runs"))?;
        let mut pages = Self {
            plan: plan.text(),
            status: text(&line["line"]["status"]),
            runs: Vec::new(),
            shown: Vec::new(),
            tokens: links(&sandbox.ask("world")?["tenants"][&scene.tenant]),
        };
        for run in lines(&runs) {
            let id = text(&run["id"]);
            let page = client.ask(&office.page(&format!("/t/{TENANT}/runs/{id}")))?;
            pages.runs.push((id, text(&run["status"]), page.text()));
        }
        // Everybody who was sent a link presses it, and once more.
        for token in pages.tokens.iter().chain(&pages.tokens) {
            let press = Ask::form(&format!("/link/{token}"), &[]).with("origin", base);
            let page = client.ask(&press)?.text();
            let secret = page.split("<code>").nth(1);
            let secret = secret.and_then(|rest| rest.split('<').next());
            pages.shown.extend(secret.map(str::to_owned));
        }
        Ok(pages)
    }
}

/// The tokens of one-time links in a tenant's mails.
fn links(tenant: &Value) -> Vec<String> {
    let messages = tenant["messages"].as_object().into_iter().flatten();
    let texts = messages.filter_map(|(_, message)| message["content"].as_str());
    let mut tokens: Vec<String> = texts
        .flat_map(|text| text.split("/link/").skip(1))
        .filter_map(|rest| {
            let end = rest
                .find(|letter: char| !(letter.is_ascii_alphanumeric() || "_-".contains(letter)));
            rest.get(..end.unwrap_or(rest.len())).map(str::to_owned)
        })
        .collect();
    tokens.sort();
    tokens.dedup();
    tokens
}

/// What is wrong with how a pass was handed over: the one that works was shown once, and none besides.
fn handed_over(pages: &Pages, passes: &BTreeSet<String>) -> Vec<String> {
    let works = |shown: &&String| passes.contains(&truth::hash(shown.as_bytes()));
    let (all, right) = (pages.shown.len(), pages.shown.iter().filter(works).count());
    if (all, right) == (passes.len(), passes.len()) {
        return Vec::new();
    }
    vec![format!(
        "{} passes work; behind {} links {all} were shown, {right} of which work",
        passes.len(),
        pages.tokens.len()
    )]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What the store holds when the process is gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Approvals of the plan, also those taken back.
    pub(crate) approvals: usize,
    /// Those that stand.
    pub(crate) standing: usize,
    /// Whether the plan was refused.
    pub(crate) refused: bool,
    /// How many entries of each kind the ledger has.
    pub(crate) entries: BTreeMap<String, usize>,
    /// Ids of deliveries to the endpoint, and whether each is said to be delivered.
    pub(crate) deliveries: Vec<(String, bool)>,
}

/// Runs something with the store of a folder.
pub(crate) fn with_store<T>(
    folder: &Path,
    work: impl AsyncFnOnce(&Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let key = Key::from_bytes(&std::fs::read(folder.join("tenure.key"))?)?;
        let store = Store::open(&folder.join("tenure.db"), key).await?;
        let done = work(&store).await;
        store.close().await;
        done
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the process that is struck lives by the real clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Has this address told of what is decided and carried out from now on.
///
/// # Errors
/// Store errors.
pub(crate) fn told_at(folder: &Path, url: &str) -> anyhow::Result<()> {
    let new = NewEndpoint {
        id: "w-crash".to_owned(),
        tenant: None,
        url: url.to_owned(),
        secret: Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        events: TOLD.map(str::to_owned).to_vec(),
        by: "harness".to_owned(),
        at: now(),
    };
    with_store(folder, async |store| {
        Ok(store.add_endpoint(&TenantScope::provider(), &new).await?)
    })
}

/// Reads what the store holds of the scene's plan.
///
/// # Errors
/// Store errors.
pub(crate) fn kept(folder: &Path, scene: &Scene) -> anyhow::Result<Kept> {
    let plan = PlanId::from(scene.plan.as_str());
    with_store(folder, async |store| {
        let scope = TenantScope::provider();
        let approvals = store.approvals(&scope, &plan).await?;
        let mut kept = Kept {
            approvals: approvals.len(),
            standing: approvals
                .iter()
                .filter(|approved| approved.taken_back.is_none())
                .count(),
            refused: store.refusal(&scope, &plan).await?.is_some(),
            ..Kept::default()
        };
        let mut after = None;
        loop {
            let page = store
                .list_entries(&scope, &EntryFilter::default(), after.as_deref())
                .await?;
            for entry in page.lines {
                *kept.entries.entry(entry.kind).or_default() += 1;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let sent = store.deliveries(&scope, None, None).await?;
        let sent = sent.into_iter();
        kept.deliveries = sent
            .map(|one| (one.id, one.delivered_at.is_some()))
            .collect();
        Ok(kept)
    })
}

/// Everything that is wrong with how it was decided and told, one line each; `outcome` is that of the run, where there is one.
pub(crate) fn complaints(
    pages: &Pages,
    told: &[Told],
    kept: &Kept,
    outcome: Option<&str>,
) -> Vec<String> {
    let mut out = decided(kept, outcome);
    out.extend(shown(pages, kept, outcome));
    out.extend(delivered(told, kept));
    out
}

fn decided(kept: &Kept, outcome: Option<&str>) -> Vec<String> {
    let mut out = Vec::new();
    let count = |kind: &str| kept.entries.get(kind).copied().unwrap_or_default();
    let mut must = |what: &str, is: usize, due: usize| {
        if is != due {
            out.push(format!("{what}: {is} instead of {due}"));
        }
    };
    must("approvals in the ledger", count("approval"), kept.approvals);
    let taken_back = kept.approvals - kept.standing;
    if kept.refused {
        must("approvals that stand beside a refusal", kept.standing, 0);
        must("refusals in the ledger", count("refusal"), 1);
    } else {
        must(
            "approvals taken back in the ledger",
            count("approval-taken-back"),
            taken_back,
        );
    }
    let began = usize::from(outcome.is_some_and(|outcome| outcome != "cancelled"));
    must("runs begun in the ledger", count("run-started"), began);
    if began == 1 {
        must("approvals that stand behind the run", kept.standing, 1);
        must("ends of runs in the ledger", count("run-ended"), 1);
    } else if kept.standing > 0 {
        out.push("the plan is approved, and no run began".to_owned());
    }
    out
}

/// Whether the pages say what the store holds.
fn shown(pages: &Pages, kept: &Kept, outcome: Option<&str>) -> Vec<String> {
    let mut out = Vec::new();
    let links = |id: &str| pages.plan.contains(&format!("/runs/{id}"));
    match (pages.runs.as_slice(), outcome) {
        ([], None) => {}
        ([(id, status, page)], Some(outcome)) => {
            if status != outcome {
                out.push(format!(
                    "the API says that the run is {status}, and it is {outcome}"
                ));
            }
            if outcome != "cancelled" && !links(id) {
                out.push("the plan's page does not lead to its run".to_owned());
            }
            let words = outcome.replace('-', " ");
            if !page.to_lowercase().contains(&words) {
                out.push(format!("the run's page does not say {words}"));
            }
        }
        (runs, outcome) => out.push(format!(
            "the API lists {} runs; the store has {}",
            runs.len(),
            outcome.map_or(0, |_| 1)
        )),
    }
    if kept.refused != (pages.status == "refused") {
        out.push(format!(
            "the API says that the plan is {}; it was{} refused",
            pages.status,
            if kept.refused { "" } else { " not" }
        ));
    }
    out
}

/// Every entry was told of under its id, with the same words each time, and is said to be delivered only when it was taken.
fn delivered(told: &[Told], kept: &Kept) -> Vec<String> {
    let mut out = Vec::new();
    let mut bodies: BTreeMap<&str, BTreeSet<&[u8]>> = BTreeMap::new();
    for one in told {
        bodies.entry(&one.id).or_default().insert(&one.body);
    }
    for (id, bodies) in &bodies {
        if bodies.len() > 1 {
            out.push(format!(
                "delivery {id} said {} different things",
                bodies.len()
            ));
        }
        if !kept.deliveries.iter().any(|(own, _)| own == id) {
            out.push(format!("delivery {id} is in no log"));
        }
    }
    for (id, is_delivered) in &kept.deliveries {
        let taken = told.iter().any(|one| one.id == *id && one.taken);
        if !taken {
            out.push(format!("delivery {id} never came"));
        } else if !is_delivered {
            out.push(format!("delivery {id} came, and is to come again"));
        }
    }
    let due: usize = TOLD
        .iter()
        .map(|kind| kept.entries.get(*kind).copied().unwrap_or_default())
        .sum();
    if kept.deliveries.len() != due {
        out.push(format!(
            "{due} entries were to be told of, {} deliveries were made",
            kept.deliveries.len()
        ));
    }
    out
}

/// What requests of ours changed in the world, where nothing should have been.
///
/// # Errors
/// When the sandbox does not answer.
pub(crate) fn untouched(sandbox: &Sandbox) -> anyhow::Result<Vec<String>> {
    let log = sandbox.ask("log")?;
    let ours = log.as_array().into_iter().flatten();
    Ok(ours
        .filter(|change| change["cause"] == "request")
        .map(|change| {
            format!(
                "{} of {} was changed although the plan is not approved",
                change["field"], change["object"]
            )
        })
        .collect())
}

/// Everything that is wrong with a decision, its run aside.
///
/// # Errors
/// Store errors.
pub(crate) fn of_served(
    served: &Served,
    folder: &Path,
    (scene, sandbox): (&Scene, &Sandbox),
    outcome: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let kept = kept(folder, scene)?;
    let mut out = complaints(&served.pages, &served.hook.told(), &kept, outcome);
    out.extend(served.door.complaints.iter().cloned());
    if scene.story == Story::Link {
        let world = sandbox.ask("world")?;
        let passes = truth::passes(&world["tenants"][&scene.tenant]);
        out.extend(handed_over(&served.pages, &passes));
        for token in &served.pages.tokens {
            out.extend(secrets::in_clear(
                folder,
                token,
                "the token of a one-time link",
            )?);
        }
    }
    if !out.is_empty() {
        out.push(format!(
            "the answers were: {}",
            served.door.answers.join(", ")
        ));
    }
    Ok(out)
}
