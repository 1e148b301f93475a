//! The plan on a phone, where mails and cards lead: what happens, what cannot return, and one decision.

use askama::Template;
use axum::extract::State;
use domain::plan::Weight;
use domain::{PlanId, TenantId};

use super::bar::{Bar, bar};
use super::brief::{self, Brief};
use super::known::Known;
use super::lead::{self, Start};
use super::page::{RemarkLine, Viewer, remark, viewer};
use super::rail::{self, Bound};
use super::standing::{self, Mine, Reader, Stands};
use crate::problem::Problem;
use crate::web::answer::page as answer;
use crate::web::extract::Path;
use crate::web::shell::{initials, provider};
use crate::web::{Answer, Caller, Web, reading, when};

/// The page.
#[derive(Template)]
#[template(path = "approve.html")]
pub(super) struct PhonePage {
    pub(super) title: String,
    pub(super) provider: String,
    pub(super) card: bool,
    pub(super) csrf: String,
    pub(super) who: String,
    pub(super) initials: String,
    pub(super) tenant: String,
    pub(super) here: String,
    pub(super) id: String,
    pub(super) until: String,
    pub(super) start: Start,
    pub(super) here_time: String,
    pub(super) asked: String,
    /// What went wrong with a decision.
    pub(super) wrong: Vec<String>,
    /// The sentence after a decision, and where nothing is to be decided: its head.
    pub(super) outcome: String,
    /// The shape before it.
    pub(super) outcome_kind: &'static str,
    pub(super) remarks: Vec<RemarkLine>,
    pub(super) briefs: Vec<Brief>,
    pub(super) lines: usize,
    pub(super) place: String,
    pub(super) has_text: bool,
    pub(super) returns: String,
    pub(super) bar: Bar,
    pub(super) bound: Bound,
}

pub(super) async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    answer(&of(&web, &caller, &tenant, &plan).await?)
}

/// The page for this reader.
///
/// # Errors
/// For a plan that is not there for this reader, and store errors.
pub(super) async fn of(
    web: &Web,
    caller: &Caller,
    tenant: &TenantId,
    id: &PlanId,
) -> Result<PhonePage, Problem> {
    let known = Known::read(web, caller, tenant, id).await?;
    let viewer = viewer(web, caller, tenant);
    let mut page = made(&known, &viewer);
    page.provider = provider(web).await;
    page.csrf.clone_from(&caller.csrf);
    page.initials = initials(&caller.name);
    page.who.clone_from(&caller.name);
    Ok(page)
}

/// The page from what is known.
pub(super) fn made(known: &Known, viewer: &Viewer) -> PhonePage {
    let plan = known.plan();
    let stands = Stands::of(known);
    let reader = Reader {
        address: &viewer.address,
        approves: viewer.approves,
    };
    let mine = standing::mine(known, &reader);
    let bound = rail::bound(known);
    let (outcome_kind, outcome) = outcome(known, &stands, &mine, viewer);
    // Notes are on the whole page; a phone shows what should make its reader stop.
    let remarks = plan
        .remarks
        .iter()
        .filter(|remark| remark.weight != Weight::Note);
    let start = lead::start(plan.at, &known.site(), &viewer.zone, known.now);
    PhonePage {
        title: reading::title(plan),
        provider: String::new(),
        card: false,
        csrf: String::new(),
        who: String::new(),
        initials: String::new(),
        tenant: plan.tenant.to_string(),
        here: format!("/t/{}/plans/{}", plan.tenant, known.stored.id),
        id: known.stored.id.to_string(),
        until: match (&stands, known.expires()) {
            (Stands::Waiting, Some(at)) => {
                format!("until {}", when::short(at, &viewer.zone, known.now))
            }
            _ => String::new(),
        },
        here_time: match plan.at {
            Some(at) if !start.here.is_empty() => {
                format!("{} for you", when::short(at, &viewer.zone, known.now))
            }
            _ => String::new(),
        },
        start,
        asked: asked(known),
        wrong: Vec::new(),
        outcome,
        outcome_kind,
        remarks: remarks.map(remark).collect(),
        briefs: brief::of(plan),
        lines: bound.yes + bound.partly + bound.never,
        place: crate::web::ticket::place(&known.request),
        has_text: known.request.origin.body.is_some(),
        returns: format!("{} can be undone, {} partly", bound.yes, bound.partly),
        bar: bar(known, &stands, &mine, viewer),
        bound,
    }
}

/// `Asked by Jonas Weiler, approved by Aoife Brennan.`
fn asked(known: &Known) -> String {
    let by = known.name_of(&known.plan().requester);
    let approvers: Vec<String> = known
        .holding()
        .iter()
        .map(|approved| known.given_by(&approved.approval))
        .collect();
    if approvers.is_empty() {
        return format!("Asked by {by}.");
    }
    format!("Asked by {by}, approved by {}.", lead::join(&approvers))
}

/// The sentence in place of the decision; none while this reader decides.
fn outcome(known: &Known, stands: &Stands, mine: &Mine, viewer: &Viewer) -> (&'static str, String) {
    let short = |at| when::day(at, &viewer.zone, known.now);
    let decided = matches!(mine, Mine::Decided(_));
    match stands {
        Stands::Waiting if decided => {
            let missing = known.plan().approval.people as usize - known.holding().len();
            let waits = lead::number(missing, "more approval", "more approvals");
            ("verified", format!("Approved. It waits for {waits}."))
        }
        Stands::Waiting => ("", String::new()),
        Stands::Approved => match known.against.first() {
            None => ("verified", "Approved. No run has begun.".to_owned()),
            Some(why) => (
                "finding",
                format!("Approved, but it cannot run yet: {why}."),
            ),
        },
        Stands::Scheduled(_, at) => (
            "verified",
            format!("Approved. It starts {} your time.", short(*at)),
        ),
        Stands::Running(_) => ("running", "Approved. It is being carried out.".to_owned()),
        Stands::Ended(..) => ("verified", "It was carried out.".to_owned()),
        Stands::Refused => ("void", "It was refused.".to_owned()),
        Stands::Replaced(_) => ("void", "A newer version took its place.".to_owned()),
        Stands::Expired(at) => ("void", format!("Nobody decided until {}.", short(*at))),
    }
}
