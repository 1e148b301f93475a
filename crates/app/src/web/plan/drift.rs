//! What a look at the tenant found to differ from a plan: the band on top, and three values at each line.

use domain::plan::Plan;
use domain::spec::{Change, Expect};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::known::Known;
use super::lines::{Group, Line, anchor_of};
use crate::acts::look::Drifted;
use crate::web::{reading, when};

/// The three values of a line that drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Three {
    /// What it was planned from.
    pub(crate) planned: String,
    /// What it is now.
    pub(crate) is: String,
    /// What it would become.
    pub(crate) becomes: String,
}

/// A line that the tenant asks for besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct More {
    /// The object.
    pub(crate) what: String,
    /// What of it.
    pub(crate) note: String,
    /// What it is now.
    pub(crate) now: String,
    /// What it would become.
    pub(crate) after: String,
    /// The step.
    pub(crate) step: String,
}

/// The band and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    /// What is void, and because of what.
    pub(crate) text: String,
    /// When it was seen, and how many lines differ.
    pub(crate) seen: String,
    /// Lines that the plan does not have.
    pub(crate) more: Vec<More>,
    /// Where it was found by a run: the finding.
    pub(crate) finding: String,
}

/// The band, where the tenant does not fit the plan: found by a look, or by the run that stopped because of it.
pub(crate) fn band(known: &Known, zone: &TimeZone) -> Option<Band> {
    if let Some(band) = of_run(known, zone) {
        return Some(band);
    }
    let (at, seen) = known.drift()?;
    let approved = !known.holding().is_empty();
    Some(of_look(&seen.drifted, approved, at, zone, known.now))
}

/// What changed, one sentence for each line.
pub(crate) fn changes(drifted: &[Drifted]) -> Vec<String> {
    drifted.iter().map(said).collect()
}

fn of_look(
    drifted: &[Drifted],
    approved: bool,
    at: Timestamp,
    zone: &TimeZone,
    now: Timestamp,
) -> Band {
    let what = if approved {
        "Approval void"
    } else {
        "This version is void"
    };
    let first = drifted.iter().min_by_key(|line| rank(line));
    let first = first.map(said).unwrap_or_default();
    let count = match drifted.len() {
        1 => "1 line differs".to_owned(),
        count => format!("{count} lines differ"),
    };
    let more = drifted.iter().filter(|line| line.planned.is_none());
    Band {
        text: format!("{what}: {first}."),
        seen: format!("Seen {}; {count}.", when::short(at, zone, now)),
        more: more.filter_map(more_of).collect(),
        finding: String::new(),
    }
}

/// What a run found and stopped at.
fn of_run(known: &Known, zone: &TimeZone) -> Option<Band> {
    let row = known.run.as_ref()?;
    let mut findings = row.state.findings.iter();
    let finding = findings.find(|one| one.kind == "drift" && one.closed.is_none())?;
    let at = Timestamp::from_millisecond(finding.opened_ms).unwrap_or(known.now);
    let text = finding.text.split(". ").next().unwrap_or_default();
    Some(Band {
        text: format!("Approval void. {}.", text.trim_end_matches('.')),
        seen: format!("The run found it {}.", when::short(at, zone, known.now)),
        more: Vec::new(),
        finding: format!(
            "/t/{}/findings/{}/{}",
            known.plan().tenant,
            row.run,
            finding.number
        ),
    })
}

/// How little a difference says by itself: a value that changed says most.
fn rank(line: &Drifted) -> u8 {
    match (&line.planned, &line.fresh) {
        (Some(planned), Some(fresh)) if planned.now != fresh.now => 0,
        (Some(_), None) => 1,
        (None, Some(_)) => 2,
        _ => 3,
    }
}

/// A difference in words: `manager of Ann changed, A → B`.
fn said(line: &Drifted) -> String {
    match (&line.planned, &line.fresh) {
        (Some(planned), Some(fresh)) if planned.now == fresh.now => format!(
            "{} would now become {}",
            named(fresh),
            reading::after(fresh)
        ),
        (Some(planned), Some(fresh)) => format!(
            "{} changed, {} → {}",
            named(planned),
            reading::now(planned),
            reading::now(fresh)
        ),
        (Some(planned), None) => format!("{} is {}", named(planned), gone(planned)),
        (None, Some(fresh)) => format!("{} is new", named(fresh)),
        (None, None) => line.summary.clone(),
    }
}

fn named(change: &Change) -> String {
    let property = change.property.replace(['-', '_'], " ");
    let property = if change.property == "sign-in" {
        "sign-in".to_owned()
    } else {
        property
    };
    format!("{property} of {}", change.object.name)
}

fn more_of(line: &Drifted) -> Option<More> {
    let fresh = line.fresh.as_ref()?;
    Some(More {
        what: fresh.object.name.clone(),
        note: fresh.property.replace(['-', '_'], " "),
        now: reading::now(fresh),
        after: reading::after(fresh),
        step: line.step.to_string(),
    })
}

fn three(line: &Drifted) -> Option<Three> {
    let planned = line.planned.as_ref()?;
    let fresh = line.fresh.as_ref();
    Some(Three {
        planned: reading::now(planned),
        is: fresh.map_or_else(|| gone(planned).to_owned(), reading::now),
        becomes: fresh.map_or_else(|| "nothing planned".to_owned(), reading::after),
    })
}

/// How a line that has nothing left to do stands.
fn gone(planned: &Change) -> &'static str {
    if matches!(&planned.after, Expect::Is(Value::Null)) {
        "not there any more"
    } else if planned.now.is_null() {
        "not wanted any more"
    } else {
        "as wanted already"
    }
}

/// Puts three values at each line that drifted.
pub(crate) fn mark(plan: &Plan, drifted: &[Drifted], groups: &mut [Group], apart: &mut [Line]) {
    for drift in drifted {
        let (Some(planned), Some(spec)) = (&drift.planned, plan.step(&drift.step)) else {
            continue;
        };
        let Some(at) = spec.changes.iter().position(|change| change == planned) else {
            continue;
        };
        let id = anchor_of(spec, at);
        let lines = groups.iter_mut().flat_map(|group| group.lines.iter_mut());
        // Equal lines are one that opens: it drifted when one of them did.
        let found = lines.chain(apart.iter_mut()).find(|line| {
            line.id == id
                || (!line.all.is_empty()
                    && line.step == drift.step.as_str()
                    && line
                        .all
                        .iter()
                        .any(|one| one.starts_with(&format!("{}: ", planned.object.name))))
        });
        if let Some(line) = found
            && line.drift.is_none()
        {
            line.drift = three(drift);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::lines;
    use super::super::tests::plan;
    use super::*;

    fn drifted(plan: &Plan) -> Drifted {
        let spec = plan.steps.last().unwrap();
        let planned = spec.changes[0].clone();
        let mut fresh = planned.clone();
        fresh.now = json!("lost");
        Drifted {
            step: spec.key.clone(),
            summary: spec.summary.clone(),
            planned: Some(planned),
            fresh: Some(fresh),
        }
    }

    #[test]
    fn the_band_says_what_changed_and_since_when_that_is_known() {
        let plan = plan("hr@contoso.example");
        let at: Timestamp = "2026-11-20T15:58:00Z".parse().unwrap();
        let mut lines = vec![drifted(&plan)];
        let shown = |lines: &[Drifted], approved| of_look(lines, approved, at, &TimeZone::UTC, at);
        let band = shown(&lines, true);
        assert_eq!(
            band.text,
            "Approval void: device of LEE-LT-0412 changed, in use → lost."
        );
        assert!(band.seen.contains("15:58") && band.seen.contains("1 line differs"));
        lines[0].fresh = None;
        assert_eq!(
            shown(&lines, false).text,
            "This version is void: device of LEE-LT-0412 is not there any more."
        );
        lines[0].fresh = lines[0].planned.take();
        let band = shown(&lines, false);
        assert!(band.text.ends_with("device of LEE-LT-0412 is new."));
        assert_eq!((band.more.len(), band.more[0].after.as_str()), (1, "none"));
    }

    #[test]
    fn a_line_that_drifted_has_three_values_and_the_others_none() {
        let plan = plan("hr@contoso.example");
        let (mut groups, mut apart) = (lines::by_object(&plan), lines::apart(&plan));
        mark(&plan, &[drifted(&plan)], &mut groups, &mut apart);
        let three = apart[0].drift.as_ref().unwrap();
        assert_eq!(
            (
                three.planned.as_str(),
                three.is.as_str(),
                three.becomes.as_str()
            ),
            ("in use", "lost", "none")
        );
        let others = groups.iter().flat_map(|group| &group.lines);
        assert!(others.into_iter().all(|line| line.drift.is_none()));
        let mut by_phase = lines::by_phase(&plan);
        mark(&plan, &[drifted(&plan)], &mut by_phase, &mut []);
        let marked = by_phase.iter().flat_map(|group| &group.lines);
        assert_eq!(marked.filter(|line| line.drift.is_some()).count(), 1);
    }
}
