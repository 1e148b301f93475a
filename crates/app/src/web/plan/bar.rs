//! The bar at the foot of a plan: what can be decided, or why nothing can. The same on a desk and on a phone.

use domain::plan::Plan;
use engine::state::Outcome;

use super::known::Known;
use super::lead::number;
use super::page::Viewer;
use super::standing::{Mine, Stands};
use crate::web::when;

/// A line that is ticked for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// The step's key.
    pub(crate) key: String,
    /// What is ticked, as people say it.
    pub(crate) what: String,
}

/// The bar at the foot: what can be decided, or why nothing can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Whether this reader decides here.
    pub(crate) decides: bool,
    /// Lines that are ticked for themselves.
    pub(crate) ticks: Vec<Tick>,
    /// What the button says with no line ticked.
    pub(crate) none: String,
    /// What it says with some.
    pub(crate) some: String,
    /// What it says with all.
    pub(crate) all: String,
    /// What stands in place of the decision.
    pub(crate) says: String,
    /// Whether this reader can take their approval back.
    pub(crate) takes_back: bool,
    /// Whether the run can be begun from here.
    pub(crate) begins: bool,
    /// Where to go on: address and words.
    pub(crate) link: Option<(String, String)>,
    /// Whether a new version can be made from here.
    pub(crate) again: bool,
}

/// What the bar holds.
pub(super) fn bar(known: &Known, stands: &Stands, mine: &Mine, viewer: &Viewer) -> Bar {
    let plan = known.plan();
    let base = format!("/t/{}", plan.tenant);
    let short = |at| when::short(at, &viewer.zone, known.now);
    let run_link =
        |run: &domain::RunId, words: &str| Some((format!("{base}/runs/{run}"), words.to_owned()));
    let mut bar = Bar::default();
    match stands {
        Stands::Waiting | Stands::Approved if known.drift().is_some() => {
            bar.says =
                "The tenant is not as it was when this was planned, so nobody can approve this version."
                    .to_owned();
            bar.again = viewer.asks;
            bar.takes_back = matches!(mine, Mine::Decided(_));
        }
        Stands::Waiting => waiting(known, mine, viewer, &mut bar),
        Stands::Approved => {
            bar.takes_back = matches!(mine, Mine::Decided(_));
            bar.begins = known.against.is_empty() && viewer.approves;
            bar.says = match known.against.first() {
                None => "Approved, and no run has begun.".to_owned(),
                Some(why) => format!("Approved, but it cannot run yet: {why}."),
            };
        }
        Stands::Scheduled(run, at) => {
            let who = match mine {
                Mine::Decided(own) => format!("You approved at {}.", short(*own)),
                _ => "Approved.".to_owned(),
            };
            bar.says = format!("{who} It starts {}.", short(*at));
            bar.takes_back = matches!(mine, Mine::Decided(_));
            bar.link = run_link(run, "Open the run");
        }
        Stands::Running(run) => {
            bar.says = "It is being carried out.".to_owned();
            bar.link = run_link(run, "Watch the run");
        }
        Stands::Ended(run, outcome) => {
            bar.says = match outcome {
                Outcome::Completed => "It was carried out and every step is verified.".to_owned(),
                Outcome::NeedsReview => {
                    "It was carried out, and something needs review.".to_owned()
                }
            };
            bar.link = run_link(run, "Open the run");
        }
        Stands::Replaced(newer) => {
            bar.says = "Nobody can approve this version.".to_owned();
            bar.link = Some((
                format!("{base}/plans/{newer}"),
                "Open the new version".to_owned(),
            ));
        }
        Stands::Refused | Stands::Expired(_) => {
            bar.says =
                "Nobody can approve this version. Plan again to decide on the tenant as it is now."
                    .to_owned();
            bar.again = viewer.asks;
        }
    }
    bar
}

/// What the reader can do about a plan that waits.
fn waiting(known: &Known, mine: &Mine, viewer: &Viewer, bar: &mut Bar) {
    let plan = known.plan();
    match mine {
        Mine::Decide(whose) => {
            let whose = whose.as_ref().map(|whose| known.name_of(whose));
            deciding(plan, whose.as_deref(), bar);
        }
        Mine::Look(why) => bar.says = why.clone(),
        Mine::Decided(at) => {
            let missing = plan.approval.people as usize - known.holding().len();
            let waits = number(missing, "more approval", "more approvals");
            let at = when::short(*at, &viewer.zone, known.now);
            bar.says = format!("You approved at {at}. It waits for {waits}.");
            bar.takes_back = true;
        }
    }
}

/// The ticks, and what the button says with and without them.
fn deciding(plan: &Plan, whose: Option<&str>, bar: &mut Bar) {
    let approve = whose.map_or_else(
        || "Approve".to_owned(),
        |whose| format!("Approve for {whose}"),
    );
    bar.decides = true;
    bar.ticks = plan
        .steps
        .iter()
        .filter(|spec| spec.approved_apart())
        .map(|spec| Tick {
            key: spec.key.to_string(),
            what: spec.summary.trim_end_matches('.').to_owned(),
        })
        .collect();
    let lines = bar.ticks.len();
    (bar.none, bar.some, bar.all) = match bar.ticks.as_slice() {
        [] => (approve, String::new(), String::new()),
        [one] => {
            let step = one
                .key
                .split(':')
                .next()
                .unwrap_or(&one.key)
                .replace('-', " ");
            let with = format!("{approve} with “{step}”");
            (format!("{approve} without “{step}”"), with.clone(), with)
        }
        _ => (
            format!("{approve} without the {lines} lines"),
            format!("{approve} with the ticked lines"),
            format!("{approve} with all {lines} lines"),
        ),
    };
}
