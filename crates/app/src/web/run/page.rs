//! The pages of a run: the whole of it, and one step's receipt by itself.

use askama::Template;
use axum::extract::State;
use domain::access::Role;
use domain::{RunId, StepKey, TenantId};
use engine::state::{Outcome, Phase, Status};
use serde::Deserialize;

use super::band::{self, Band};
use super::head::{self, Head, Times};
use super::load::Loaded;
use super::phases::{self, Group};
use super::receipt::{self, Receipt};
use super::words;
use crate::problem::Problem;
use crate::web::answer::page;
use crate::web::extract::{Path, Query};
use crate::web::plan::{Somebody, name_of, people};
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Web, reading};
use crate::wiring::of_store;

/// Which receipt is open.
#[derive(Deserialize)]
pub(super) struct Open {
    #[serde(default)]
    step: Option<String>,
}

/// What this reader may do with the run now.
pub(super) struct Acts {
    pub(super) pause: bool,
    pub(super) resume: bool,
    /// What stays and what is under way; empty when it cannot be stopped.
    pub(super) stop: String,
    pub(super) retry: bool,
    pub(super) undo: bool,
    /// What the certificate is called.
    pub(super) certificate: &'static str,
}

/// A finding in the list under the steps.
pub(super) struct FindingLine {
    number: u32,
    pub(super) href: String,
    pub(super) text: String,
    pub(super) step: String,
    pub(super) open: bool,
    pub(super) how: String,
}

/// What both pages know of the run.
pub(super) struct Frame {
    pub(super) base: String,
    pub(super) tenant: String,
    pub(super) run: String,
    pub(super) plan: String,
    pub(super) title: String,
    pub(super) digest: String,
    pub(super) digest_short: String,
    pub(super) digest_spaced: String,
    pub(super) approved: String,
    /// The addresses under which they decided.
    pub(super) approvers: String,
    pub(super) place: String,
    pub(super) now_ms: i64,
    pub(super) may_steer: bool,
    pub(super) may_hand: bool,
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    shell: Shell,
    frame: Frame,
    head: Head,
    band: Option<Band>,
    groups: Vec<Group>,
    findings: Vec<FindingLine>,
    times: Option<Times>,
    acts: Acts,
    receipt: Option<Receipt>,
    /// The step whose line is marked; one that nobody asked for is shown on wide screens alone.
    current: usize,
    asked: bool,
    seq: u64,
    live: bool,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct StepPage {
    shell: Shell,
    frame: Frame,
    receipt: Receipt,
    live: bool,
}

/// `GET /t/{tenant}/runs/{run}`, with `?step=` for the receipt that stands beside the steps.
pub(super) async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run)): Path<(TenantId, RunId)>,
    Query(open): Query<Open>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let loaded = Loaded::read(&web, &scope, &tenant, &run).await?;
    let view = loaded.view();
    let groups = phases::groups(view);
    let band = band::band(view);
    let asked = open.step.as_ref().map(|key| StepKey::new(key.as_str()));
    let index = match &asked {
        Some(key) => Some(position(&loaded, key)?),
        None => telling(&loaded, band.as_ref()),
    };
    let receipt = match index {
        Some(index) => Some(full(&web, &caller, &loaded, index).await?),
        None => None,
    };
    let title = reading::title(loaded.plan());
    let shell = Shell::new(&web, &caller, "runs", &title, Some(&tenant)).await?;
    page(&RunPage {
        frame: frame(&caller, &loaded, &tenant, &people(&web).await?),
        head: head::head(view),
        findings: findings(&loaded),
        times: head::times(view),
        acts: acts(&caller, &loaded, &tenant),
        current: receipt.as_ref().map_or(usize::MAX, |receipt| receipt.index),
        asked: asked.is_some(),
        seq: loaded.row.seq,
        live: loaded.state().outcome().is_none(),
        shell,
        band,
        groups,
        receipt,
    })
}

/// `GET /t/{tenant}/runs/{run}/steps/{step}`: the receipt as a page of its own.
pub(super) async fn step(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, run, step)): Path<(TenantId, RunId, StepKey)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let loaded = Loaded::read(&web, &scope, &tenant, &run).await?;
    let receipt = full(&web, &caller, &loaded, position(&loaded, &step)?).await?;
    let title = format!("{}, {}", receipt.key, reading::title(loaded.plan()));
    page(&StepPage {
        shell: Shell::new(&web, &caller, "runs", &title, Some(&tenant)).await?,
        frame: frame(&caller, &loaded, &tenant, &people(&web).await?),
        live: loaded.state().outcome().is_none(),
        receipt,
    })
}

fn position(loaded: &Loaded, key: &StepKey) -> Result<usize, Problem> {
    loaded.plan().position(key).ok_or_else(|| {
        let what = format!("there is no step {key} in run {}", loaded.row.run);
        Problem::refused("not-found", what).hint("open it from the run's page")
    })
}

/// The step that says most when nobody asked for one: what failed, what is waited for, else the last that was verified.
fn telling(loaded: &Loaded, band: Option<&Band>) -> Option<usize> {
    let steps = &loaded.state().steps;
    let failed = steps
        .iter()
        .position(|(_, step)| matches!(step.status, Status::Failed | Status::WithPerson { .. }));
    let waited = band.and_then(|band| band.step);
    let last = steps
        .iter()
        .enumerate()
        .filter_map(|(at, (_, step))| Some((step.receipt.verified_ms?, at)))
        .max()
        .map(|(_, at)| at);
    waited.or(failed).or(last)
}

/// A receipt with the run's events and the ledger entries about it.
async fn full(
    web: &Web,
    caller: &Caller,
    loaded: &Loaded,
    index: usize,
) -> Result<Receipt, Problem> {
    let scope = caller.scope_of(&loaded.row.tenant);
    let store = &web.wiring.store;
    let events = store
        .run_events(&scope, &loaded.row.run, 0)
        .await
        .map_err(of_store)?;
    let key = &loaded.state().steps[index].0;
    let sealed = store.entries_of_run(&scope, &loaded.row, "receipt").await;
    let sealed = sealed.map_err(of_store)?;
    let own = sealed
        .iter()
        .filter(|entry| entry.step.as_ref() == Some(key));
    let entries: Vec<u64> = own.map(|entry| entry.seq).collect();
    Ok(receipt::receipt(loaded.view(), index, &events, entries))
}

fn frame(caller: &Caller, loaded: &Loaded, tenant: &TenantId, people: &[Somebody]) -> Frame {
    let state = loaded.state();
    let digest = loaded.stored.digest.as_str().to_owned();
    let view = loaded.view();
    let approved = match (state.approvers.as_slice(), state.approved_ms) {
        ([], _) | (_, None) => String::new(),
        (approvers, Some(ms)) => {
            let names: Vec<String> = approvers.iter().map(|by| name_of(people, by)).collect();
            format!("approved by {}, {}", names.join(" and "), view.clock(ms))
        }
    };
    Frame {
        base: loaded.base(),
        tenant: tenant.to_string(),
        run: loaded.row.run.to_string(),
        plan: loaded.row.plan.to_string(),
        title: reading::title(loaded.plan()),
        digest_short: digest.chars().take(12).collect(),
        digest_spaced: reading::digest_groups(&digest),
        digest,
        approved,
        approvers: state.approvers.join(", "),
        place: view.place(),
        now_ms: loaded.now.as_millisecond(),
        may_steer: caller.may(Role::Approver, tenant),
        may_hand: caller.may(Role::Requester, tenant),
    }
}

fn acts(caller: &Caller, loaded: &Loaded, tenant: &TenantId) -> Acts {
    let state = loaded.state();
    let steers = caller.may(Role::Approver, tenant);
    let ended = state.outcome();
    let stops = ended.is_none() && state.phase != Phase::Cancelling && steers;
    let open = state.open_findings().next().is_some();
    let keeps = ended == Some(Outcome::Completed) && !open;
    Acts {
        pause: stops && !state.paused,
        resume: stops && state.paused,
        stop: if stops {
            stop_words(loaded)
        } else {
            String::new()
        },
        retry: ended == Some(Outcome::NeedsReview) && steers,
        undo: ended.is_some() && caller.may(Role::Requester, tenant),
        certificate: match ended {
            None => "",
            Some(_) if keeps => "Certificate",
            Some(_) => "Statement",
        },
    }
}

/// `Stop here. 11 changes stay, 2 are under way.`
fn stop_words(loaded: &Loaded) -> String {
    let state = loaded.state();
    let mut stay = 0;
    let mut moving = 0;
    for (index, (_, step)) in state.steps.iter().enumerate() {
        let changes = step.effective(&loaded.plan().steps[index]).changes.len();
        match step.status {
            _ if step.receipt.verified_ms.is_some() => stay += changes,
            Status::Probing | Status::Waiting | Status::Unstarted | Status::Held { .. } => {}
            Status::WithPerson { .. } | Status::Failed | Status::Verified => {}
            _ => moving += changes,
        }
    }
    let stay = words::many(stay, "change stays", "changes stay");
    match moving {
        0 => format!("Stop here. {stay}."),
        1 => format!("Stop here. {stay}, 1 is under way."),
        more => format!("Stop here. {stay}, {more} are under way."),
    }
}

fn findings(loaded: &Loaded) -> Vec<FindingLine> {
    let mut lines: Vec<FindingLine> = loaded
        .state()
        .findings
        .iter()
        .map(|finding| FindingLine {
            number: finding.number,
            href: format!(
                "/t/{}/findings/{}/{}",
                loaded.row.tenant, loaded.row.run, finding.number
            ),
            text: finding.text.clone(),
            step: finding
                .step
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            open: finding.closed.is_none(),
            how: finding
                .closed
                .as_ref()
                .map(|(_, how)| how.clone())
                .unwrap_or_default(),
        })
        .collect();
    lines.sort_by_key(|line| (!line.open, line.number));
    lines
}
