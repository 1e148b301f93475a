//! Random plans, random events in random order: what a run never does, and where it always arrives.

use domain::spec::Effect;
use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{Play, Tape, Weather};
use super::*;
use crate::state::Outcome;

const ITEMS: [&str; 3] = ["a", "b", "c"];

/// A small plan: containment in its order, then steps with any edges to those before them, then perhaps somebody is told.
fn any_plan(shape: &[u16], weather: Weather) -> Plan {
    let mut tape = Tape::new(shape.to_vec());
    let mut steps: Vec<StepSpec> = Vec::new();
    let contain = [
        Effect::ClosesSignIn,
        Effect::ResetsPassword,
        Effect::EndsSessions,
    ];
    for (at, effect) in contain.into_iter().take(tape.one_of(4)).enumerate() {
        let before: Vec<String> = steps.iter().map(|s| s.key.to_string()).collect();
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        steps.push(answered(
            step(&format!("contain-{at}"), effect, &["a"]),
            &before,
        ));
    }
    for at in 0..=tape.one_of(4) {
        let mut spec = ordinary(&format!("step-{at}"), &ITEMS[..=tape.one_of(3)]);
        for before in &steps {
            match tape.one_of(4) {
                1 => spec.edges.push(Edge::After(before.key.clone())),
                2 => spec.edges.push(Edge::Needs(before.key.clone())),
                _ => {}
            }
        }
        if weather == Weather::Harsh && tape.one_of(5) == 4 {
            spec = apart(spec);
        }
        steps.push(spec);
    }
    if tape.one_of(2) == 1 {
        steps.push(step("tell", Effect::Notifies, &["mail"]));
    }
    if weather == Weather::Rough {
        // Everything can be done in the end, so nothing may be given up for the number of tries.
        for spec in &mut steps {
            spec.budget.attempts = 1_000;
        }
    }
    plan(steps)
}

fn all_written(play: &Play) -> bool {
    let wanted: usize = play.tale.plan.steps.iter().map(|s| s.changes.len()).sum();
    play.written.len() == wanted
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// However often replies are lost, replicas lag and processes die, the world ends as if nothing had happened, and nothing is written twice.
    #[test]
    fn restarts_and_lost_replies_lead_to_the_same_world(shape in vec(any::<u16>(), 0..30), tape in vec(any::<u16>(), 0..400)) {
        let mut play = Play::new(any_plan(&shape, Weather::Rough), Weather::Rough, Tape::new(tape));
        play.play_out();
        prop_assert_eq!(play.tale.state.outcome(), Some(Outcome::Completed));
        prop_assert!(all_written(&play));
        prop_assert_eq!(play.twice, 0);
    }

    /// Whatever happens, a run ends in one of two ways and tells the truth; and a retry in good weather completes it.
    #[test]
    fn every_run_ends_and_a_retry_completes_it(shape in vec(any::<u16>(), 0..30), tape in vec(any::<u16>(), 0..400)) {
        let mut play = Play::new(any_plan(&shape, Weather::Harsh), Weather::Harsh, Tape::new(tape));
        play.play_out();
        let state = &play.tale.state;
        let verified = state.steps.iter().all(|(_, step)| step.status == Status::Verified);
        match state.outcome() {
            Some(Outcome::Completed) => prop_assert!(verified && all_written(&play)),
            Some(Outcome::NeedsReview) => prop_assert!(state.open_findings().next().is_some()),
            None => prop_assert!(false, "it has not ended"),
        }
        for _ in 0..3 {
            let apart: Vec<StepKey> = play.tale.plan.steps.iter().filter(|s| s.approved_apart()).map(|s| s.key.clone()).collect();
            for step in apart {
                play.tale.tell(Event::ApprovedApart { by: "Kim".to_owned(), step });
                play.calm();
            }
            play.tale.tell(Event::Retried { by: "Kim".to_owned() });
            play.calm();
        }
        prop_assert_eq!(play.tale.state.outcome(), Some(Outcome::Completed), "{:#?}", play.tale.state);
        prop_assert!(all_written(&play));
        prop_assert_eq!(play.twice, 0);
    }

    /// Whatever people do with findings after the end, and whenever a process dies meanwhile: how the run ended stays, nothing is written,
    /// nothing is closed without a look that agreed or a reason, and a retry still completes it.
    #[test]
    fn what_people_do_with_findings_never_changes_how_a_run_ended(shape in vec(any::<u16>(), 0..30), tape in vec(any::<u16>(), 0..400), acts in vec(any::<u16>(), 1..60)) {
        let mut play = Play::new(any_plan(&shape, Weather::Harsh), Weather::Harsh, Tape::new(tape));
        play.play_out();
        let (outcome, written) = (play.tale.state.outcome(), play.written.clone());
        let mut acts = Tape::new(acts);
        for _ in 0..40 {
            let before = play.tale.state.clone();
            play.afterwards(&mut acts);
            let state = &play.tale.state;
            prop_assert_eq!(state.outcome(), outcome);
            prop_assert_eq!(state.findings.len(), before.findings.len());
            prop_assert_eq!((state.ended_ms, state.retries), (before.ended_ms, before.retries));
            for (was, is) in before.findings.iter().zip(&state.findings) {
                let closed_now = was.closed.is_none() && is.closed.is_some();
                let agrees = is.step.as_ref().and_then(|key| state.step(key)).is_some_and(|step| step.status == Status::Verified);
                prop_assert!(!closed_now || is.handled().is_some() || agrees, "{:#?}", is);
            }
        }
        prop_assert_eq!(&play.written, &written, "a look wrote something");
        play.look_out();
        prop_assert!(play.tale.state.open.is_empty());
        let apart: Vec<StepKey> = play.tale.plan.steps.iter().filter(|s| s.approved_apart()).map(|s| s.key.clone()).collect();
        for _ in 0..3 {
            for step in apart.clone() {
                play.tale.tell(Event::ApprovedApart { by: "Kim".to_owned(), step });
                play.calm();
            }
            play.tale.tell(Event::Retried { by: "Kim".to_owned() });
            play.calm();
        }
        prop_assert_eq!(play.tale.state.outcome(), Some(Outcome::Completed), "{:#?}", play.tale.state);
        prop_assert!(all_written(&play));
        prop_assert_eq!(play.twice, 0);
    }
}
