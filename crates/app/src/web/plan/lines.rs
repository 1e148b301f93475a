//! The changes of a plan as lines: in the fixed order of objects or by phase, each with everything that opening it shows.

use domain::plan::Plan;
use domain::spec::{Change, Edge, Expect, ObjectKind, Reversal, StepSpec};
use serde_json::Value;

use super::drift::Three;
use crate::web::reading::{self, Undo};
use crate::web::when;

/// More equal lines than this are shown as one that opens.
const EQUAL: usize = 6;

/// One line of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The anchor.
    pub(crate) id: String,
    /// `+`, `-` or `~`.
    pub(crate) sign: &'static str,
    /// What changes.
    pub(crate) what: String,
    /// The value that was read.
    pub(crate) now: String,
    /// The value that shall be read.
    pub(crate) after: String,
    /// A few words beside it.
    pub(crate) note: String,
    /// The step's key.
    pub(crate) step: String,
    /// `undo`, `partly` or `never`.
    pub(crate) undo: &'static str,
    /// The number of its phase.
    pub(crate) phase: String,
    /// What an approver reads, one sentence.
    pub(crate) sentence: String,
    /// The objects, where several equal changes stand in one line.
    pub(crate) all: Vec<String>,
    /// What a person is asked to do, line by line.
    pub(crate) by_hand: Vec<String>,
    /// Permissions, the exact value before.
    pub(crate) left: Vec<Detail>,
    /// How it is verified, how long it may take, whether it returns.
    pub(crate) right: Vec<Detail>,
    /// The three values, where the tenant does not fit the line any more.
    pub(crate) drift: Option<Three>,
}

/// One thing known about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// What.
    pub(crate) name: &'static str,
    /// The value.
    pub(crate) value: String,
    /// Whether it is written as code.
    pub(crate) is_code: bool,
}

impl Detail {
    fn said(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            is_code: false,
        }
    }

    fn code(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            is_code: true,
        }
    }
}

/// Lines under one head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// The icon's name.
    pub(crate) icon: &'static str,
    /// The head.
    pub(crate) name: String,
    /// Whose it is, or when it comes.
    pub(crate) identity: String,
    /// How many changes there are.
    pub(crate) count: usize,
    /// The lines.
    pub(crate) lines: Vec<Line>,
}

/// A change with the step that makes it.
#[derive(Clone, Copy)]
struct Of<'a> {
    spec: &'a StepSpec,
    change: &'a Change,
}

fn all(plan: &Plan) -> impl Iterator<Item = Of<'_>> {
    plan.steps
        .iter()
        .flat_map(|spec| spec.changes.iter().map(move |change| Of { spec, change }))
}

fn is_apart(change: &Change) -> bool {
    matches!(change.reversal, Reversal::ApprovedApart(_))
}

/// The changes in the fixed order of objects; lines that are approved apart stand elsewhere.
pub(crate) fn by_object(plan: &Plan) -> Vec<Group> {
    let mut groups: Vec<Vec<Of<'_>>> = vec![Vec::new(); reading::GROUPS.len()];
    for of in all(plan).filter(|of| !is_apart(of.change)) {
        groups[reading::group(of.change.object.kind)].push(of);
    }
    let heads = reading::GROUPS.iter().zip(groups);
    heads
        .filter(|(_, changes)| !changes.is_empty())
        .map(|(head, mut changes)| {
            // One object's changes stand together, in the order of its first change.
            let places: Vec<_> = changes
                .iter()
                .map(|of| of.change.object.id.clone())
                .collect();
            changes.sort_by_key(|of| places.iter().position(|id| *id == of.change.object.id));
            Group {
                icon: head.icon,
                name: head.name.to_owned(),
                identity: identity(plan, &changes),
                count: changes.len(),
                lines: folded(plan, &changes),
            }
        })
        .collect()
}

/// Whose account or mailbox it is, where a group is about one object.
fn identity(plan: &Plan, changes: &[Of<'_>]) -> String {
    let own = |of: &&Of<'_>| of.change.object.id == plan.person.id;
    if changes
        .iter()
        .any(|of| own(&of) && of.change.object.kind == ObjectKind::Person)
    {
        return plan.upn.clone();
    }
    let mut names: Vec<&str> = changes
        .iter()
        .filter(|of| of.change.object.kind == ObjectKind::Mailbox)
        .map(|of| of.change.object.name.as_str())
        .collect();
    names.dedup();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// The changes by phase, each with what holds it.
pub(crate) fn by_phase(plan: &Plan) -> Vec<Group> {
    reading::phases(plan.kind)
        .into_iter()
        .map(|phase| {
            let changes: Vec<Of<'_>> = all(plan)
                .filter(|of| reading::phase(plan.kind, of.spec) == phase)
                .collect();
            let mut lines = folded(plan, &changes);
            for line in &mut lines {
                let held = plan
                    .steps
                    .iter()
                    .find(|spec| spec.key.as_str() == line.step);
                line.note = held.map(holds).unwrap_or_default();
            }
            Group {
                icon: "",
                name: format!("{} {}", phase.number, phase.name),
                identity: String::new(),
                count: changes.len(),
                lines,
            }
        })
        .filter(|group| group.count > 0)
        .collect()
}

/// What a step waits for, in words.
pub(crate) fn holds(spec: &StepSpec) -> String {
    let mut parts = Vec::new();
    let keys = |wanted: fn(&Edge) -> bool| {
        let keys = spec.edges.iter().filter(|edge| wanted(edge));
        keys.map(|edge| edge.key().as_str()).collect::<Vec<_>>()
    };
    let needs = keys(|edge| matches!(edge, Edge::Needs(_)));
    let after = keys(|edge| matches!(edge, Edge::After(_) | Edge::Answered(_)));
    if !needs.is_empty() {
        parts.push(format!("once {} verified", named(&needs)));
    }
    if !after.is_empty() {
        parts.push(format!("after {}", listed(&after)));
    }
    if let Some(moment) = spec.not_before {
        parts.push(format!(
            "not before {}",
            moment.strftime("%-d %b %Y %H:%M UTC")
        ));
    }
    if parts.is_empty() {
        return "at once".to_owned();
    }
    parts.join(", ")
}

fn named(keys: &[&str]) -> String {
    let verb = if keys.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", listed(keys))
}

/// At most three names; the rest is a number.
fn listed(keys: &[&str]) -> String {
    match keys {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, second] => format!("{first} and {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
    }
}

/// Lines that cannot be undone and are approved on their own.
pub(crate) fn apart(plan: &Plan) -> Vec<Line> {
    all(plan)
        .filter(|of| is_apart(of.change))
        .map(|of| Line {
            note: reading::undo(of.change).because,
            ..line(plan, of)
        })
        .collect()
}

/// What cannot return and is covered by the approval of the whole plan: how many changes of a step, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    /// The step's key.
    pub(crate) step: String,
    /// How many changes.
    pub(crate) count: usize,
    /// Why.
    pub(crate) because: String,
}

/// What cannot return, step by step.
pub(crate) fn covered(plan: &Plan) -> Vec<Covered> {
    let mut covered: Vec<Covered> = Vec::new();
    for Of { spec, change } in all(plan) {
        let Reversal::CannotReturn(because) = &change.reversal else {
            continue;
        };
        match covered
            .iter_mut()
            .find(|one| one.step == spec.key.as_str() && one.because == *because)
        {
            Some(one) => one.count += 1,
            None => covered.push(Covered {
                step: spec.key.to_string(),
                count: 1,
                because: because.clone(),
            }),
        }
    }
    covered
}

/// How many changes return, return in part, and never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returns {
    /// Restored from the pre-image.
    pub(crate) yes: usize,
    /// Covered by the approval.
    pub(crate) partly: usize,
    /// Approved apart.
    pub(crate) never: usize,
}

/// How many changes return.
pub(crate) fn returns(plan: &Plan) -> Returns {
    let mut counts = Returns::default();
    for of in all(plan) {
        match of.change.reversal {
            Reversal::Return => counts.yes += 1,
            Reversal::CannotReturn(_) => counts.partly += 1,
            Reversal::ApprovedApart(_) => counts.never += 1,
        }
    }
    counts
}

/// How many objects a plan touches.
pub(crate) fn objects(plan: &Plan) -> usize {
    let mut objects: Vec<_> = all(plan)
        .map(|of| (of.change.object.kind, &of.change.object.id))
        .collect();
    objects.sort();
    objects.dedup();
    objects.len()
}

/// Lines of these changes; more than [`EQUAL`] of the same step that say the same become one.
fn folded(plan: &Plan, changes: &[Of<'_>]) -> Vec<Line> {
    let same = |one: &Of<'_>, other: &Of<'_>| {
        one.spec.key == other.spec.key
            && one.change.property == other.change.property
            && one.change.after == other.change.after
            && (one.change.now == other.change.now || one.change.after == Expect::absent())
    };
    let mut lines: Vec<Line> = Vec::new();
    let mut told: Vec<usize> = Vec::new();
    for (at, of) in changes.iter().enumerate() {
        if told.contains(&at) {
            continue;
        }
        let equal: Vec<usize> = (at..changes.len())
            .filter(|other| same(of, &changes[*other]))
            .collect();
        if equal.len() <= EQUAL {
            lines.push(line(plan, *of));
            continue;
        }
        let mut one = line(plan, *of);
        one.what = reading::property(&of.change.property);
        one.note = "open to see all".to_owned();
        one.now = equal.len().to_string();
        one.after = match &of.change.after {
            Expect::Is(Value::Null) => "none".to_owned(),
            _ => one.after,
        };
        one.all = equal
            .iter()
            .map(|other| {
                let change = changes[*other].change;
                format!("{}: {}", change.object.name, reading::now(change))
            })
            .collect();
        told.extend(equal);
        lines.push(one);
    }
    lines
}

/// One change as a line.
fn line(plan: &Plan, of: Of<'_>) -> Line {
    let Of { spec, change } = of;
    let sign = match reading::sign(change).word {
        "removed" => "-",
        "added" => "+",
        _ => "~",
    };
    let property = reading::property(&change.property);
    let is_own = change.object.id == plan.person.id || change.object.name == plan.upn;
    let by_property = matches!(change.object.kind, ObjectKind::Person | ObjectKind::Mailbox);
    let of_whom = property
        .split_once(" of ")
        .map(|(right, whom)| (right.to_owned(), format!("for {whom}")));
    let (what, note) = match (by_property, is_own) {
        (true, true) => of_whom.unwrap_or((property, String::new())),
        (true, false) => (property, format!("of {}", change.object.name)),
        (false, _) => (
            change.object.name.clone(),
            change.property.replace(['-', '_'], " "),
        ),
    };
    let undo = reading::undo(change);
    let index = spec
        .changes
        .iter()
        .position(|other| std::ptr::eq(other, change));
    Line {
        id: anchor_of(spec, index.unwrap_or_default()),
        sign,
        what,
        now: reading::now(change),
        after: reading::after(change),
        note,
        step: spec.key.to_string(),
        undo: undo.word,
        phase: reading::phase_number(plan, spec).to_string(),
        sentence: spec.summary.clone(),
        all: Vec::new(),
        by_hand: by_hand(spec),
        left: left(change, spec),
        right: right(change, spec, &undo),
        drift: None,
    }
}

/// The anchor of a step's change.
pub(super) fn anchor_of(spec: &StepSpec, at: usize) -> String {
    let key = spec.key.as_str();
    let key = key.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    format!("l-{key}-{}", at + 1)
}

fn by_hand(spec: &StepSpec) -> Vec<String> {
    let Some(work) = &spec.by_hand else {
        return Vec::new();
    };
    let first = format!(
        "{} is asked, within {} h:",
        work.assignee, work.within_hours
    );
    std::iter::once(first)
        .chain(work.instructions.iter().cloned())
        .collect()
}

fn left(change: &Change, spec: &StepSpec) -> Vec<Detail> {
    let mut details: Vec<Detail> = spec
        .permissions
        .iter()
        .map(|permission| Detail::code("Permission", permission))
        .collect();
    details.push(Detail::code("Object", change.object.id.to_string()));
    details.push(Detail::code("Pre-image", exact(&change.now)));
    details
}

/// A value as it was read, to the letter.
pub(crate) fn exact(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn right(change: &Change, spec: &StepSpec, undo: &Undo) -> Vec<Detail> {
    let verified = match (&change.after, &spec.by_hand) {
        (_, Some(work)) => format!("the word of {}, kept in the receipt", work.assignee),
        (Expect::Later, None) => "a read that shows a time later than the call".to_owned(),
        (Expect::Is(Value::Null), None) => "a read that shows it is gone".to_owned(),
        (Expect::Is(value), None) => format!("a read that shows “{}”", reading::say(value)),
    };
    let budget = i64::try_from(spec.budget.converge_ms).unwrap_or(i64::MAX);
    let returns = match (undo.word, undo.because.as_str()) {
        ("undo", _) => "yes, to the value before".to_owned(),
        (word, because) => format!("{word}: {because}"),
    };
    let mut details = vec![
        Detail::said("Verified by", verified),
        Detail::said("Budget", format!("up to {}", when::lasted(budget))),
        Detail::said("Undo", returns),
    ];
    if let Some(moment) = spec.not_before {
        let moment = moment.strftime("%-d %b %Y %H:%M UTC").to_string();
        details.push(Detail::said("Not before", moment));
    }
    if spec.may_grow {
        details.push(Detail::said(
            "May grow",
            "more of the same that is there when it runs goes too",
        ));
    }
    details
}
