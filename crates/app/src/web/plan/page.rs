//! The plan's page as its template takes it.

use askama::Template;
use domain::access::Role;
use domain::plan::{Plan, Remark, Weight};
use domain::{PlanId, TenantId};
use jiff::tz::TimeZone;
use store::TenantScope;

use super::bar::{Bar, bar};
use super::choices::Choice;
use super::known::Known;
use super::lead::{self, Start, number};
use super::lines::{self, Covered, Group, Line, exact};
use super::rail::{self, Bound, Voter};
use super::standing::{self, Mine, Reader, Stands};
use super::{Look, choices, compare, drift};
use crate::problem::Problem;
use crate::web::shell::{Shell, initials};
use crate::web::{Caller, Web, reading, ticket, when};
use crate::wiring::of_store;

/// Something an approver must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemarkLine {
    /// The icon's name.
    pub(crate) icon: &'static str,
    /// Whether it needs a look.
    pub(crate) is_amber: bool,
    /// What.
    pub(crate) text: String,
    /// What it asks of its reader.
    pub(crate) by: &'static str,
}

/// A comment.
pub(crate) struct Said {
    pub(crate) initials: String,
    pub(crate) name: String,
    pub(crate) at: String,
    pub(crate) machine: String,
    pub(crate) text: String,
}

/// Another plan of the same request.
pub(crate) struct Version {
    pub(crate) id: PlanId,
    pub(crate) name: String,
    pub(crate) made: String,
    pub(crate) spaced: String,
    pub(crate) is_this: bool,
}

/// A step that the policy leaves out.
pub(crate) struct Off {
    pub(crate) step: &'static str,
    pub(crate) purpose: &'static str,
}

/// A value that was read.
pub(crate) struct Fact {
    pub(crate) object: String,
    pub(crate) property: String,
    pub(crate) value: String,
}

/// Values that were read, under one head.
pub(crate) struct Facts {
    pub(crate) icon: &'static str,
    pub(crate) name: &'static str,
    pub(crate) facts: Vec<Fact>,
}

/// A step in the order of the run.
pub(crate) struct Ordered {
    pub(crate) step: String,
    pub(crate) sentence: String,
    pub(crate) holds: String,
}

/// A phase with its steps.
pub(crate) struct OrderedPhase {
    pub(crate) name: String,
    pub(crate) steps: Vec<Ordered>,
}

/// The whole page.
#[derive(Template)]
#[template(path = "plan.html")]
pub(super) struct PlanPage {
    pub(super) shell: Shell,
    pub(super) tenant: String,
    pub(super) here: String,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) kind: &'static str,
    pub(super) word: String,
    pub(super) start: Start,
    pub(super) sentence: String,
    pub(super) tab: &'static str,
    pub(super) by_order: bool,
    /// What went wrong with a decision; empty when nothing did.
    pub(super) wrong: Vec<String>,
    pub(super) wrong_hint: String,
    /// Why the plan is no longer to be decided on.
    pub(super) void: String,
    /// What the tenant has that the plan was not made for.
    pub(super) drift: Option<drift::Band>,
    pub(super) differences: Option<compare::Differences>,
    pub(super) choices: Vec<Choice>,
    /// What another choice does.
    pub(super) consequence: String,
    pub(super) remarks: Vec<RemarkLine>,
    pub(super) apart: Vec<Line>,
    pub(super) covered: Vec<Covered>,
    pub(super) covered_count: usize,
    pub(super) groups: Vec<Group>,
    pub(super) lines: usize,
    pub(super) objects: usize,
    pub(super) read: String,
    pub(super) age: rail::Age,
    pub(super) off: Vec<Off>,
    pub(super) bar: Bar,
    pub(super) voters: Vec<Voter>,
    pub(super) need: String,
    pub(super) because: String,
    pub(super) bound: Bound,
    pub(super) ready: rail::Ready,
    pub(super) source: ticket::Source,
    pub(super) has_text: bool,
    pub(super) facts: Vec<Facts>,
    pub(super) fact_count: usize,
    pub(super) order: Vec<OrderedPhase>,
    pub(super) said: Vec<Said>,
    pub(super) can_talk: bool,
    /// Whether its steps can be tried on the sandbox.
    pub(super) rehearses: bool,
    pub(super) versions: Vec<Version>,
    pub(super) confidential: Vec<String>,
    pub(super) review: String,
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
    look: &Look,
) -> Result<PlanPage, Problem> {
    let known = Known::read(web, caller, tenant, id).await?;
    let shell = Shell::new(
        web,
        caller,
        "plans",
        &reading::title(known.plan()),
        Some(tenant),
    )
    .await?;
    let differences = differences(web, caller, &known, look).await?;
    Ok(made(
        &known,
        shell,
        differences,
        &viewer(web, caller, tenant),
        look,
    ))
}

/// Who looks, from where.
pub(crate) struct Viewer {
    pub(crate) address: String,
    pub(crate) approves: bool,
    pub(crate) asks: bool,
    pub(crate) zone: TimeZone,
}

pub(super) fn viewer(web: &Web, caller: &Caller, tenant: &TenantId) -> Viewer {
    Viewer {
        address: caller.address.clone(),
        approves: caller.may(Role::Approver, tenant),
        asks: caller.may(Role::Requester, tenant),
        zone: caller.here(web),
    }
}

/// What another version says otherwise: the one asked for, or the one that took this plan's place.
async fn differences(
    web: &Web,
    caller: &Caller,
    known: &Known,
    look: &Look,
) -> Result<Option<compare::Differences>, Problem> {
    let Some(other) = look.against.as_ref().or_else(|| known.newer()) else {
        return Ok(None);
    };
    if !known.versions.iter().any(|row| row.id == *other) || *other == known.stored.id {
        return Ok(None);
    }
    let scope: TenantScope = caller.scope_of(&known.plan().tenant);
    let other = web
        .wiring
        .store
        .plan(&scope, other)
        .await
        .map_err(of_store)?;
    Ok(Some(compare::of(&known.stored, &other)))
}

/// When its facts were read, to the second.
fn read_at(known: &Known, zone: &jiff::tz::TimeZone) -> String {
    let read = known.stored.read_at.to_zoned(zone.clone());
    read.strftime("%H:%M:%S").to_string()
}

/// What an approver has to look at afterwards, where policy approved it beforehand.
fn review(plan: &Plan) -> String {
    let review = plan.review.as_ref();
    review.map(|review| review.text.clone()).unwrap_or_default()
}

/// The page from what is known.
pub(super) fn made(
    known: &Known,
    shell: Shell,
    differences: Option<compare::Differences>,
    viewer: &Viewer,
    look: &Look,
) -> PlanPage {
    let plan = known.plan();
    let stands = Stands::of(known);
    let reader = Reader {
        address: &viewer.address,
        approves: viewer.approves,
    };
    let mine = standing::mine(known, &reader);
    let (kind, word) = chip(known, &stands, &mine);
    let site = known.site();
    let by_order = look.by.as_deref() == Some("order");
    let (groups, apart) = changes(known, by_order);
    let covered = lines::covered(plan);
    let source = ticket::source(&known.request);
    let facts = facts(plan);
    PlanPage {
        tenant: plan.tenant.to_string(),
        here: format!("/t/{}/plans/{}", plan.tenant, known.stored.id),
        id: known.stored.id.to_string(),
        title: reading::title(plan),
        kind,
        word,
        start: lead::start(plan.at, &site, &viewer.zone, known.now),
        sentence: lead::what(plan),
        tab: tab(look.tab.as_deref()),
        by_order,
        wrong: Vec::new(),
        wrong_hint: String::new(),
        void: void(known, &stands, &viewer.zone),
        drift: drift::band(known, &viewer.zone),
        differences,
        choices: if viewer.asks {
            choices::of(known, &stands)
        } else {
            Vec::new()
        },
        consequence: choices::consequence(known),
        remarks: plan.remarks.iter().map(remark).collect(),
        covered_count: covered.iter().map(|one| one.count).sum(),
        covered,
        lines: groups.iter().map(|group| group.count).sum(),
        objects: lines::objects(plan),
        groups,
        apart,
        read: read_at(known, &viewer.zone),
        age: rail::age(known),
        off: off(known),
        bar: bar(known, &stands, &mine, viewer),
        voters: rail::voters(known, &viewer.address, &viewer.zone, &stands),
        need: need(plan),
        because: plan.approval.because.clone().unwrap_or_default(),
        bound: rail::bound(known),
        ready: rail::ready(known, &viewer.zone, &stands),
        has_text: !source.pieces.is_empty(),
        source,
        fact_count: facts.iter().map(|group| group.facts.len()).sum(),
        facts,
        order: order(plan),
        said: said(known, &viewer.zone),
        can_talk: viewer.asks,
        rehearses: viewer.asks && plan.kind == domain::request::Kind::Offboard,
        versions: versions(known, &viewer.zone),
        confidential: known.request.confidential.clone(),
        review: review(plan),
        shell,
    }
}

/// The shape and the word beside the title.
fn chip(known: &Known, stands: &Stands, mine: &Mine) -> (&'static str, String) {
    match known.drift() {
        Some(_) if matches!(stands, Stands::Approved | Stands::Scheduled(..)) => {
            ("void", "Approval void".to_owned())
        }
        Some(_) if matches!(stands, Stands::Waiting) => ("void", "Void".to_owned()),
        _ => stands.chip(known, matches!(mine, Mine::Decide(_))),
    }
}

/// The lines of what changes and those that are approved apart, marked where the tenant has drifted.
fn changes(known: &Known, by_order: bool) -> (Vec<lines::Group>, Vec<lines::Line>) {
    let plan = known.plan();
    let (mut groups, mut apart) = if by_order {
        (lines::by_phase(plan), Vec::new())
    } else {
        (lines::by_object(plan), lines::apart(plan))
    };
    if let Some((_, seen)) = known.drift() {
        drift::mark(plan, &seen.drifted, &mut groups, &mut apart);
    }
    (groups, apart)
}

fn tab(asked: Option<&str>) -> &'static str {
    match asked {
        Some("ticket") => "ticket",
        Some("facts") => "facts",
        Some("order") => "order",
        Some("discussion") => "discussion",
        _ => "changes",
    }
}

fn need(plan: &Plan) -> String {
    match plan.approval.people {
        1 => "1 needed".to_owned(),
        people => format!("{people} needed"),
    }
}

/// A remark as a line: the weight says how much it should worry.
pub(super) fn remark(remark: &Remark) -> RemarkLine {
    let (icon, is_amber, by) = match remark.weight {
        Weight::Danger => ("findings", true, "look at this"),
        Weight::ByHand => ("person", true, "by hand, a finding keeps it open"),
        Weight::Caution => ("shield", true, "think about it"),
        Weight::Note => ("search", false, "to know"),
    };
    RemarkLine {
        icon,
        is_amber,
        text: remark.text.clone(),
        by,
    }
}

/// Why nobody decides on this plan any more.
fn void(known: &Known, stands: &Stands, zone: &TimeZone) -> String {
    let short = |at| when::short(at, zone, known.now);
    match stands {
        Stands::Replaced(newer) => format!("A newer version took its place: {newer}."),
        Stands::Expired(at) => format!(
            "Nobody decided until {}, so nobody can any more.",
            short(*at)
        ),
        Stands::Refused => known.refusal.as_ref().map_or_else(String::new, |refusal| {
            let by = known.name_of(&refusal.by);
            format!(
                "{by} refused it {}: “{}”.",
                short(refusal.at),
                refusal.reason
            )
        }),
        _ => String::new(),
    }
}

fn said(known: &Known, zone: &TimeZone) -> Vec<Said> {
    let comments = known.comments.iter();
    comments
        .map(|comment| {
            let name = known.name_of(&comment.by);
            Said {
                initials: initials(&name),
                name,
                at: when::day(comment.at, zone, known.now),
                machine: when::machine(comment.at),
                text: comment.text.clone(),
            }
        })
        .collect()
}

fn versions(known: &Known, zone: &TimeZone) -> Vec<Version> {
    let rows = known.versions.iter().enumerate();
    rows.map(|(at, row)| Version {
        id: row.id.clone(),
        name: format!("Version {}", at + 1),
        made: when::day(row.made_at, zone, known.now),
        spaced: reading::digest_groups(row.digest.as_str()),
        is_this: row.id == known.stored.id,
    })
    .rev()
    .collect()
}

/// The steps that could stand in such a plan and do not, because the policy or the request has them off.
fn off(known: &Known) -> Vec<Off> {
    let Some((_, policy)) = &known.policy else {
        return Vec::new();
    };
    let catalogue = steps::catalogue();
    let kind = known.plan().kind;
    let resolved = domain::policy::resolve(policy, kind, &known.request.switches, &catalogue);
    let resolved = resolved.unwrap_or_default();
    let entries = catalogue.entries.into_iter();
    entries
        .filter(|entry| resolved.get(entry.name).is_some_and(|step| !step.on))
        .map(|entry| Off {
            step: entry.name,
            purpose: entry.purpose,
        })
        .collect()
}

/// Every value that was read and that the plan changes, to the letter.
fn facts(plan: &Plan) -> Vec<Facts> {
    let mut groups: Vec<Facts> = reading::GROUPS
        .iter()
        .map(|group| Facts {
            icon: group.icon,
            name: group.name,
            facts: Vec::new(),
        })
        .collect();
    for change in plan.steps.iter().flat_map(|spec| &spec.changes) {
        groups[reading::group(change.object.kind)].facts.push(Fact {
            object: change.object.name.clone(),
            property: reading::property(&change.property),
            value: exact(&change.now),
        });
    }
    groups.retain(|group| !group.facts.is_empty());
    groups
}

fn order(plan: &Plan) -> Vec<OrderedPhase> {
    let phases = reading::phases(plan.kind).into_iter();
    phases
        .map(|phase| OrderedPhase {
            name: format!("{} {}", phase.number, phase.name),
            steps: plan
                .steps
                .iter()
                .filter(|spec| reading::phase(plan.kind, spec) == phase)
                .map(|spec| Ordered {
                    step: spec.key.to_string(),
                    sentence: spec.summary.clone(),
                    holds: lines::holds(spec),
                })
                .collect(),
        })
        .filter(|phase| !phase.steps.is_empty())
        .collect()
}

/// Words that the template puts together.
impl PlanPage {
    fn bound_count(&self) -> String {
        (self.bound.yes + self.bound.partly + self.bound.never).to_string()
    }

    fn ticket_word(&self) -> &'static str {
        if self.has_text { "Ticket" } else { "Request" }
    }

    fn talk_count(&self) -> String {
        match self.said.len() {
            0 => String::new(),
            count => count.to_string(),
        }
    }

    /// Whether a look at the tenant can still tell something.
    fn looks(&self) -> bool {
        self.bar.link.is_none() || self.kind == "scheduled"
    }

    fn remark_alarm(&self) -> bool {
        self.remarks.iter().any(|remark| remark.is_amber)
    }

    fn remark_note(&self) -> String {
        let look = self.remarks.iter().filter(|remark| remark.is_amber).count();
        let decide = match self.choices.len() {
            0 => String::new(),
            count => format!("{count} to decide, "),
        };
        let rest = self.remark_rest(look);
        format!("{decide}{rest}")
    }

    fn remark_rest(&self, look: usize) -> String {
        match (look, self.remarks.len() - look) {
            (0, know) => format!("{know} to know"),
            (look, 0) => format!("{look} to look at"),
            (look, know) => format!("{look} to look at, {know} to know"),
        }
    }

    fn never_note(&self) -> String {
        match self.apart.len() {
            0 => "covered by the approval".to_owned(),
            count => format!("{}, approved apart", number(count, "line", "lines")),
        }
    }

    fn changes_note(&self) -> String {
        let lines = number(self.lines, "line", "lines");
        if self.by_order {
            return format!(
                "{lines} in {}",
                number(self.groups.len(), "phase", "phases")
            );
        }
        format!("{lines} on {}", number(self.objects, "object", "objects"))
    }
}
