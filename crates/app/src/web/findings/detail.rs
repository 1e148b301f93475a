//! One finding: what is true now, what Tenure left and what stands now, what can be done, and what happened.

use domain::access::Role;
use domain::plan::{Plan, is_containment};
use domain::policy::{Policy, Setting};
use domain::request::Kind;
use domain::spec::{Effect, StepSpec};
use domain::{RunId, TenantId};
use engine::state::{Finding, Hold, Outcome, REVIEW, Status, StepRun};
use store::FindingGroup;

use super::story::{Happened, story};
use crate::acts::handle;
use crate::planning;
use crate::problem::Problem;
use crate::web::policy::propose::Edit;
use crate::web::run::{Loaded, View, brief, step_path};
use crate::web::{Caller, Web, reading};

/// What was said in a form that could not be taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) reason: String,
    pub(super) wrong: String,
}

/// A value as it was left or wanted, and as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) what: String,
    pub(super) left: String,
    pub(super) now: String,
    pub(super) differs: bool,
}

/// What mends the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mend {
    /// Where the form goes.
    pub(super) action: String,
    /// What the button says.
    pub(super) label: String,
    /// What it does, under the buttons.
    pub(super) does: String,
    /// Whether it is a page to open, and no form.
    pub(super) is_link: bool,
}

/// The detail.
pub(super) struct Detail {
    pub(super) base: String,
    pub(super) tenant: String,
    pub(super) run: String,
    pub(super) number: u32,
    pub(super) kind: &'static str,
    pub(super) group: &'static str,
    pub(super) open: bool,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) how: String,
    pub(super) found: String,
    pub(super) mend: Option<Mend>,
    pub(super) can_look: bool,
    pub(super) looking: bool,
    pub(super) can_handle: bool,
    pub(super) can_reopen: bool,
    /// Why it cannot be handled now, in a sentence.
    pub(super) why_not: String,
    pub(super) said: Said,
    pub(super) stands: Vec<Stand>,
    pub(super) left_head: String,
    pub(super) now_head: String,
    pub(super) story: Vec<Happened>,
    pub(super) permissions: Vec<String>,
    /// An edit of the policy that keeps it from coming again: its address, and what it says.
    pub(super) edit: Option<(String, String)>,
    pub(super) person: String,
    pub(super) person_id: String,
    pub(super) initials: String,
    pub(super) upn: String,
    pub(super) digest: String,
}

impl Detail {
    /// Reads one finding.
    ///
    /// # Errors
    /// When there is none for whoever looks, and store errors.
    pub(super) async fn read(
        web: &Web,
        caller: &Caller,
        tenant: &TenantId,
        run: &RunId,
        number: u32,
        said: Said,
    ) -> Result<Self, Problem> {
        let loaded = Loaded::read(web, &caller.scope_of(tenant), tenant, run).await?;
        let found = loaded
            .state()
            .findings
            .iter()
            .find(|finding| finding.number == number);
        let finding = found.cloned().ok_or_else(|| {
            Problem::refused("not-found", format!("run {run} has no finding {number}"))
                .hint("open it from the list of findings")
        })?;
        let mut detail = Self::of(&loaded, caller, &finding, said);
        if let Ok((_, policy)) = planning::policy(&web.wiring, tenant).await {
            detail.edit = edit(&finding, loaded.plan(), &policy).map(|edit| {
                (
                    format!("/t/{tenant}/policy?edit={}", edit.name()),
                    edit.says(),
                )
            });
        }
        Ok(detail)
    }

    fn of(loaded: &Loaded, caller: &Caller, finding: &Finding, said: Said) -> Self {
        let (plan, view) = (loaded.plan(), loaded.view());
        let tenant = &loaded.row.tenant;
        let step = finding
            .step
            .as_ref()
            .and_then(|key| loaded.state().step(key));
        let spec = finding.step.as_ref().and_then(|key| plan.step(key));
        let open = finding.closed.is_none();
        let ended = loaded.row.outcome().is_some();
        let decides = caller.may(Role::Approver, tenant);
        let why_not = why_not(loaded, caller, finding);
        let group = FindingGroup::of(finding);
        let (kind, _) = mark(group, &finding.kind);
        let verified_ms = step.and_then(|step| step.receipt.verified_ms);
        Self {
            base: format!("/t/{tenant}/findings/{}/{}", loaded.row.run, finding.number),
            tenant: tenant.to_string(),
            run: loaded.row.run.to_string(),
            number: finding.number,
            kind: if open { kind } else { "verified" },
            group: head(group),
            open,
            title: title(view, finding, spec),
            text: finding.text.clone(),
            how: finding
                .closed
                .as_ref()
                .map(|(_, how)| how.clone())
                .unwrap_or_default(),
            found: view.clock(finding.opened_ms),
            mend: mend(loaded, finding, step, spec).filter(|_| open && decides),
            can_look: handle::can_look(&loaded.row, finding)
                && spec.is_some_and(|spec| spec.by_hand.is_none())
                && caller.may(Role::Requester, tenant),
            looking: step.is_some_and(|step| step.looking.is_some()),
            can_handle: open && ended && decides && why_not.is_empty(),
            can_reopen: !open
                && decides
                && finding.handled().is_some()
                && loaded.row.outcome() != Some(Outcome::Completed),
            why_not: if open { why_not } else { String::new() },
            said,
            stands: stands(step, spec),
            left_head: match verified_ms {
                Some(ms) => format!("What Tenure left, {}", view.clock(ms)),
                None => "What was wanted".to_owned(),
            },
            now_head: "What stands now, as read last".to_owned(),
            story: story(view, finding, step),
            permissions: match spec {
                Some(spec) if finding.kind == "denied" => spec.permissions.clone(),
                _ => Vec::new(),
            },
            edit: None,
            person: plan.person.name.clone(),
            person_id: plan.person.id.as_str().to_lowercase(),
            initials: crate::web::shell::initials(&plan.person.name),
            upn: plan.upn.clone(),
            digest: loaded.stored.digest.as_str().to_owned(),
        }
    }
}

/// The switch of the policy that would keep a finding of this sort from coming again, where there is one that is not set yet.
fn edit(finding: &Finding, plan: &Plan, policy: &Policy) -> Option<Edit> {
    let step = finding.step.as_ref().and_then(|key| plan.step(key));
    let is_on = |name: &str| {
        let set = policy.offboard.get(name);
        set.map_or_else(
            || {
                let catalogue = steps::catalogue();
                catalogue.find(name).is_some_and(|entry| entry.default_on)
            },
            Setting::on,
        )
    };
    match finding.kind.as_str() {
        "drift" if finding.text.contains(GROWN) && !policy.drift.removals_may_grow => {
            Some(Edit::RemovalsMayGrow)
        }
        "approval" if !step.is_some_and(StepSpec::approved_apart) => {
            Edit::of(&Edit::HoldsFor(policy.approvals.holds_for_hours.saturating_mul(2)).name())
        }
        "residual" if plan.kind == Kind::Offboard => {
            let blocks = step.is_some_and(|spec| spec.has(|e| *e == Effect::ClosesSignIn));
            let again = "read-block-again";
            (blocks && !is_on(again)).then(|| Edit::Step(again.to_owned(), true))
        }
        "denied" if plan.kind == Kind::Offboard => {
            let spec = step.filter(|spec| !is_containment(spec) && is_on(&spec.step))?;
            Some(Edit::Step(spec.step.clone(), false))
        }
        _ => None,
    }
}

/// What the drift check says of a removal that would have more to remove.
const GROWN: &str = "more to remove than the plan shows";

/// The head under which findings are listed.
pub(super) fn head(group: FindingGroup) -> &'static str {
    match group {
        FindingGroup::AccessOpen => "Access is open",
        FindingGroup::NotFinished => "A step could not finish",
        FindingGroup::CostsMoney => "Costs money",
        FindingGroup::NotChecked => "Was not checked",
        FindingGroup::PlanVoid => "Plan is void",
    }
}

/// Shape and word of a finding of this group and kind.
pub(super) fn mark(group: FindingGroup, kind: &str) -> (&'static str, &'static str) {
    match kind {
        _ if group == FindingGroup::AccessOpen => ("denied", "Access is open"),
        "denied" => ("denied", "Denied"),
        "drift" => ("void", "Void"),
        "approval" => ("waiting", "Waiting for approval"),
        _ => ("finding", "Finding"),
    }
}

/// The first sentence of a finding, for a line.
pub(super) fn short(text: &str) -> String {
    let first = text.split_once(". ").map_or(text, |(first, _)| first);
    first.trim_end_matches('.').to_owned()
}

fn title(view: View<'_>, finding: &Finding, spec: Option<&StepSpec>) -> String {
    let name = &view.plan.person.name;
    let step = spec.map(|spec| brief(view.plan, spec));
    match (finding.kind.as_str(), step) {
        ("denied", Some(step)) => format!("{step}: a permission is missing"),
        ("budget", Some(step)) => format!("{step}: ran out of time"),
        ("residual", Some(step)) => format!("{step}: it is not so any more"),
        ("unstarted", Some(step)) => format!("{step}: was not begun"),
        ("late", Some(step)) => format!("{step}: was not done in time"),
        ("approval", Some(step)) => format!("{step}: waits for an approval of its own"),
        ("drift", Some(step)) => format!("{step}: the tenant is not as approved"),
        ("parked", Some(step)) => format!("{step}: Tenure could not go on"),
        (_, Some(step)) => format!("{step}: could not finish"),
        ("drift", None) => "The tenant is not as it was approved".to_owned(),
        ("approval", None) => "The approval ran out".to_owned(),
        ("cancelled", None) => "The run was stopped".to_owned(),
        ("clock", None) => "The clocks differ".to_owned(),
        ("parked", None) => "Tenure could not go on".to_owned(),
        ("by-hand", None) => format!("{name}: something has to be done by hand"),
        (REVIEW, None) => format!("{name}: approved beforehand, a look is due"),
        (_, None) => short(&finding.text),
    }
}

/// What is right to do about it first.
fn mend(
    loaded: &Loaded,
    finding: &Finding,
    step: Option<&StepRun>,
    spec: Option<&StepSpec>,
) -> Option<Mend> {
    let run = loaded.base();
    let open = loaded.row.outcome();
    let path = finding.step.as_ref().map(step_path).unwrap_or_default();
    let held = step.and_then(|step| step.hold);
    if finding.kind == "approval"
        && held == Some(Hold::Approval)
        && spec.is_some_and(StepSpec::approved_apart)
    {
        return Some(Mend {
            action: format!("{run}/steps/{path}/approve"),
            label: "Approve this line".to_owned(),
            does: "It cannot be undone. The run goes on with it, under the plan's approval."
                .to_owned(),
            is_link: false,
        });
    }
    if matches!(
        step.map(|step| &step.status),
        Some(Status::WithPerson { .. })
    ) {
        return Some(Mend {
            action: format!("{run}/steps/{path}"),
            label: "Say that it is done".to_owned(),
            does: String::new(),
            is_link: true,
        });
    }
    match finding.kind.as_str() {
        "drift" | "approval" => Some(Mend {
            action: format!("/t/{}/findings/{}/{}/plan", loaded.row.tenant, loaded.row.run, finding.number),
            label: "Plan what is left".to_owned(),
            does: "Reads the tenant and makes a plan of what is still to be done. It is approved like any other.".to_owned(),
            is_link: false,
        })
        .filter(|_| open.is_some()),
        "by-hand" | REVIEW => None,
        _ => (open == Some(Outcome::NeedsReview)).then(|| Mend {
            action: format!("{run}/retry"),
            label: "Retry the run".to_owned(),
            does: "Goes on under its approval with what is not verified. Each step is looked at before it is written.".to_owned(),
            is_link: false,
        }),
    }
}

/// Why this finding cannot be marked handled by this person now.
fn why_not(loaded: &Loaded, caller: &Caller, finding: &Finding) -> String {
    if loaded.row.outcome().is_none() {
        return "The run still goes on, and may close this by itself.".to_owned();
    }
    if !caller.may(Role::Approver, &loaded.row.tenant) {
        return format!("An approver of {} can mark it handled.", loaded.row.tenant);
    }
    if finding.kind == REVIEW
        && let Err(problem) = handle::may_review(loaded.plan(), &caller.address)
    {
        return format!("{}: another approver has to look.", problem.what.join("; "));
    }
    String::new()
}

/// What the step's changes were to be, and what was read last.
fn stands(step: Option<&StepRun>, spec: Option<&StepSpec>) -> Vec<Stand> {
    let (Some(step), Some(spec)) = (step, spec) else {
        return Vec::new();
    };
    let spec = step.effective(spec);
    let now = |at: usize| {
        step.receipt
            .after
            .as_ref()
            .or(step.receipt.before.as_ref())?
            .get(at)
    };
    spec.changes
        .iter()
        .enumerate()
        .map(|(at, change)| {
            let value = now(at);
            Stand {
                what: format!("{}, {}", change.object.name, change.property),
                left: reading::after(change),
                now: value.map_or_else(|| "not read".to_owned(), reading::say),
                differs: match (&change.after, value) {
                    (domain::spec::Expect::Is(wanted), Some(value)) => wanted != value,
                    (domain::spec::Expect::Later, Some(value)) => change.now == *value,
                    (_, None) => false,
                },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::plan::tests::plan;

    fn finding(kind: &str, step: Option<&str>, text: &str) -> Finding {
        let step = step.map(domain::StepKey::from);
        Finding::opened(1, step, kind, text.to_owned(), 0)
    }

    #[test]
    fn a_switch_that_would_close_it_is_proposed_and_no_other() {
        let plan = plan("hr@contoso.example");
        let text = include_str!("../../../../../examples/policies/cloud-only.toml");
        let mut policy = crate::acts::policy::read(text).unwrap();
        policy.drift.removals_may_grow = false;
        let of =
            |policy: &Policy, kind, step, text| edit(&finding(kind, step, text), &plan, policy);
        let grown = "more to remove than the plan shows: Sales";
        assert_eq!(
            of(&policy, "drift", None, grown),
            Some(Edit::RemovalsMayGrow)
        );
        assert_eq!(of(&policy, "drift", None, "sign-in was on"), None);
        let hours = policy.approvals.holds_for_hours * 2;
        assert_eq!(
            of(&policy, "approval", None, ""),
            Some(Edit::HoldsFor(hours))
        );
        assert_eq!(of(&policy, "approval", Some("wipe-device"), ""), None);
        // Containment is never proposed to be left out.
        assert_eq!(of(&policy, "denied", Some("block-sign-in"), ""), None);
        assert_eq!(of(&policy, "budget", Some("wipe-device"), ""), None);
        policy.drift.removals_may_grow = true;
        assert_eq!(of(&policy, "drift", None, grown), None);
    }
}
