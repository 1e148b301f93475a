//! One step as one line: shape, sentence, name, bar, and the three ticks in seconds since the approval.

use domain::StepKey;
use domain::spec::{Edge, StepSpec};
use engine::state::{Hold, Phase, Receipt, Status, StepRun};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::load::View;
use super::phases::Scale;
use super::words::{self, Mark};

/// A tick: its state for the template, and its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tick {
    /// `reached`, `looks`, or nothing.
    pub(crate) state: &'static str,
    /// The seconds, or what is being done.
    pub(crate) text: String,
}

impl Tick {
    fn reached(text: String) -> Self {
        let state = "reached";
        Self { state, text }
    }

    fn looks(text: &str) -> Self {
        Self {
            state: "looks",
            text: text.to_owned(),
        }
    }

    /// Whether it was reached.
    pub(crate) fn is_there(&self) -> bool {
        self.state == "reached"
    }
}

/// Part of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The fill.
    pub(crate) fill: &'static str,
    /// From where, of 124.
    pub(crate) x: i64,
    /// How wide.
    pub(crate) width: i64,
}

/// A step's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its place in the plan.
    pub(crate) index: usize,
    /// The step.
    pub(crate) key: String,
    /// The key as it stands in an address.
    pub(crate) path: String,
    /// Shape and word.
    pub(crate) mark: Mark,
    /// What it does, without the person's name.
    pub(crate) text: String,
    /// The step's name.
    pub(crate) step: String,
    /// The bar's parts.
    pub(crate) bar: Vec<Part>,
    /// Accepted, effective, verified.
    pub(crate) ticks: [Tick; 3],
    /// What stands in the place of the ticks: after what it comes, which permission is missing.
    pub(crate) say: String,
    /// The ticks as one hears them.
    pub(crate) said: String,
}

/// The line of the step at this place.
pub(crate) fn line(view: View<'_>, index: usize, scale: Scale) -> Line {
    let (key, step) = &view.state.steps[index];
    let spec = step.effective(&view.plan.steps[index]);
    let ticks = ticks(view, step);
    Line {
        index,
        key: key.to_string(),
        path: path(key),
        mark: words::of_step(step),
        text: words::brief(view.plan, spec),
        step: spec.step.clone(),
        bar: bar(view, step, scale),
        say: say(view, spec, step),
        said: said(&ticks),
        ticks,
    }
}

/// What is written otherwise in an address.
const UNSAFE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A key as part of an address.
pub(crate) fn path(key: &StepKey) -> String {
    utf8_percent_encode(key.as_str(), &UNSAFE).to_string()
}

/// The three ticks.
pub(crate) fn ticks(view: View<'_>, step: &StepRun) -> [Tick; 3] {
    let receipt = &step.receipt;
    let at = |ms: Option<i64>| ms.map(|ms| Tick::reached(view.since(ms)));
    let looks_for = |now: bool, text: &str| {
        if now {
            Tick::looks(text)
        } else {
            Tick::default()
        }
    };
    let accepted = at(receipt.accepted_ms).unwrap_or_else(|| match step.status {
        Status::Probing => Tick::looks("reads"),
        Status::Applying => Tick::looks("writes"),
        Status::Resting { .. } => Tick::looks("rests"),
        _ => Tick::default(),
    });
    let reads = matches!(
        step.status,
        Status::Accepted | Status::Verifying | Status::Converging { .. }
    );
    let effective = at(receipt.effective_ms).unwrap_or_else(|| looks_for(reads, ""));
    let verified = at(receipt.verified_ms)
        .unwrap_or_else(|| looks_for(reads && receipt.effective_ms.is_some(), ""));
    [accepted, effective, verified]
}

fn said(ticks: &[Tick; 3]) -> String {
    let names = ["accepted", "effective", "verified"];
    let reached: Vec<&str> = ticks
        .iter()
        .zip(names)
        .filter_map(|(tick, name)| tick.is_there().then_some(name))
        .collect();
    if reached.is_empty() {
        return "nothing reached yet".to_owned();
    }
    reached.join(", ")
}

/// What is said where ticks would say nothing.
fn say(view: View<'_>, spec: &StepSpec, step: &StepRun) -> String {
    match &step.status {
        Status::Waiting => waits_for(view, spec),
        Status::WithPerson { due_ms } => {
            let who = spec
                .by_hand
                .as_ref()
                .map_or("a person", |work| work.assignee.as_str());
            format!("with {who} until {}", view.clock(*due_ms))
        }
        Status::Held { .. } => match step.hold {
            Some(Hold::Drift) => "the tenant is not as approved".to_owned(),
            Some(Hold::Parked) => "parked, see the receipt".to_owned(),
            Some(Hold::Approval) | None if spec.approved_apart() => {
                "for an approval of its own".to_owned()
            }
            Some(Hold::Approval) | None => "for an approval before it".to_owned(),
        },
        Status::Unstarted => match unmet(view, spec).first() {
            Some(key) => format!("not begun, {key} is missing"),
            None => "not begun".to_owned(),
        },
        Status::Failed if words::was_denied(step) => match spec.permissions.first() {
            Some(permission) => format!("{permission} is missing"),
            None => "a permission is missing".to_owned(),
        },
        Status::Failed if step.receipt.accepted_ms.is_none() => {
            "failed, see the receipt".to_owned()
        }
        _ => String::new(),
    }
}

/// After what a queued step comes.
pub(crate) fn waits_for(view: View<'_>, spec: &StepSpec) -> String {
    match view.state.phase {
        Phase::Scheduled { due_ms: 0 } => return "about to begin".to_owned(),
        Phase::Scheduled { due_ms } => return format!("at {}", view.clock(due_ms)),
        _ => {}
    }
    if words::is_last(spec) {
        return "at the very end".to_owned();
    }
    let unmet = unmet(view, spec);
    if let [one] = unmet.as_slice() {
        return format!("after {one}");
    }
    if let (Some(moment), true) = (spec.not_before, unmet.is_empty()) {
        return format!("not before {}", view.clock(moment.as_millisecond()));
    }
    if view.state.paused {
        return "paused".to_owned();
    }
    match (&view.state.phase, unmet.split_last()) {
        (Phase::Containing, _) => "after access is closed".to_owned(),
        (Phase::CheckingDrift, _) => "after the tenant is read again".to_owned(),
        (_, Some((last, rest))) => format!("after {last} and {} more", rest.len()),
        _ => "next".to_owned(),
    }
}

/// What has to come before a step and has not.
pub(crate) fn unmet<'a>(view: View<'_>, spec: &'a StepSpec) -> Vec<&'a StepKey> {
    let open = |edge: &&Edge| {
        let Some(step) = view.state.step(edge.key()) else {
            return false;
        };
        match edge {
            Edge::Answered(_) => !step.answered && !step.status.is_settled(),
            Edge::After(_) => !step.status.is_settled(),
            Edge::Needs(_) => step.status != Status::Verified && step.receipt.verified_ms.is_none(),
        }
    };
    let mut keys: Vec<&StepKey> = spec.edges.iter().filter(open).map(Edge::key).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The bar: grey to accepted, pale blue to effective, green to verified, striped while it is being looked for.
fn bar(view: View<'_>, step: &StepRun, scale: Scale) -> Vec<Part> {
    let Receipt {
        intended_ms,
        accepted_ms,
        effective_ms,
        verified_ms,
        ..
    } = step.receipt;
    let Some(from_ms) = intended_ms.or(accepted_ms).or(effective_ms) else {
        return Vec::new();
    };
    let origin_ms = view.origin_ms();
    let x = |ms: i64| scale.place(ms - origin_ms);
    let mut parts = Vec::new();
    let mut reached = x(from_ms);
    let mut add = |fill: &'static str, until: i64, least: i64| {
        let width = (until - reached).max(least);
        if width > 0 {
            let start = reached.min(Scale::WIDTH - width);
            parts.push(Part {
                fill,
                x: start,
                width,
            });
            reached = start + width;
        }
    };
    if let Some(ms) = accepted_ms {
        add("f-edge", x(ms), 2);
    }
    if let Some(ms) = effective_ms {
        add("f-pale", x(ms), 0);
    }
    if let Some(ms) = verified_ms {
        add("f-ok", x(ms), 3);
    } else if words::is_moving(step) {
        add("f-look", Scale::WIDTH, 3);
    } else if accepted_ms.is_none() {
        add("f-edge", x(from_ms), 2);
    }
    parts
}
