//! The four phases of a run: how far each is, and the scale on which its bars are drawn.

use engine::state::Status;

use super::line::{self, Line};
use super::load::View;
use super::words;
use crate::web::reading;

/// From when until when a phase's bars reach, in milliseconds since the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    from_ms: i64,
    until_ms: i64,
}

/// Ends of a scale, in seconds: few, so that bars seldom change their length while a run goes on.
const ENDS: [i64; 15] = [
    2, 4, 6, 10, 15, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400,
];

impl Scale {
    /// How wide a bar may be.
    pub(crate) const WIDTH: i64 = 124;

    fn new(from_ms: i64, until_ms: i64) -> Self {
        let until = until_ms.max(from_ms + 1_000);
        let end = ENDS.iter().map(|end| end * 1_000).find(|end| *end >= until);
        // A phase that began late begins its scale there, to the second.
        let from_ms = if from_ms * 2 > until {
            from_ms / 1_000 * 1_000
        } else {
            0
        };
        Self {
            from_ms,
            until_ms: end.unwrap_or(until),
        }
    }

    /// Where a moment stands on the bar.
    pub(crate) fn place(self, ms: i64) -> i64 {
        let length = (self.until_ms - self.from_ms).max(1);
        ((ms - self.from_ms) * Self::WIDTH / length).clamp(0, Self::WIDTH)
    }

    fn words(self) -> String {
        let (from, until) = (self.from_ms / 1_000, self.until_ms / 1_000);
        match until {
            0..=120 => format!("bars: {from} to {until}\u{202f}s"),
            121..=7_200 => format!("bars: {} to {}\u{202f}min", from / 60, until / 60),
            _ => format!("bars: {} to {}\u{202f}h", from / 3_600, until / 3_600),
        }
    }
}

/// A piece of a phase's bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The fill.
    pub(crate) fill: &'static str,
    /// From where, of 100.
    pub(crate) x: String,
    /// How wide.
    pub(crate) width: String,
}

/// A phase with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Where it stands, from 1.
    pub(crate) number: usize,
    /// Its name.
    pub(crate) name: &'static str,
    /// Shape and word of the whole phase; no shape where nothing has begun.
    pub(crate) kind: &'static str,
    /// The word.
    pub(crate) word: String,
    /// The scale of its bars, in words.
    pub(crate) scale: String,
    /// `6 of 6 · 5.8 s`.
    pub(crate) note: String,
    /// The same in full for who listens.
    pub(crate) said: String,
    /// The bar on top.
    pub(crate) pieces: Vec<Piece>,
    /// The steps.
    pub(crate) lines: Vec<Line>,
}

/// The phases that the plan has steps in.
pub(crate) fn groups(view: View<'_>) -> Vec<Group> {
    let all = reading::phases(view.plan.kind);
    let of = |number: usize| {
        let steps = view.plan.steps.iter().enumerate();
        steps
            .filter(|(_, spec)| reading::phase(view.plan.kind, spec).number == number)
            .map(|(index, _)| index)
            .collect::<Vec<_>>()
    };
    let with_steps = all
        .into_iter()
        .map(|phase| (phase, of(phase.number)))
        .filter(|(_, steps)| !steps.is_empty());
    with_steps
        .map(|(phase, steps)| group(view, phase, &steps))
        .collect()
}

fn group(view: View<'_>, phase: reading::Phase, steps: &[usize]) -> Group {
    let scale = scale(view, steps);
    let count = Count::of(view, steps);
    let (kind, word) = count.mark();
    let all = steps.len();
    let mut note = format!("{} of {all}", count.verified);
    if let Some(ms) = count.last_ms.filter(|_| count.verified == all) {
        note = format!("{note} · {}", view.since(ms));
    } else if count.bad > 0 {
        note = format!("{note} · {}", words::many(count.bad, "finding", "findings"));
    }
    Group {
        number: phase.number,
        name: phase.name,
        kind,
        word,
        scale: if count.begun {
            scale.words()
        } else {
            String::new()
        },
        said: format!("{}: {} of {all} verified", phase.name, count.verified),
        note,
        pieces: count.pieces(all),
        lines: steps
            .iter()
            .map(|index| line::line(view, *index, scale))
            .collect(),
    }
}

fn scale(view: View<'_>, steps: &[usize]) -> Scale {
    let origin_ms = view.origin_ms();
    let of = |index: &usize| &view.state.steps[*index].1;
    let from = steps
        .iter()
        .filter_map(|at| of(at).receipt.intended_ms)
        .min();
    let moving = steps.iter().any(|at| words::is_moving(of(at)));
    let last = steps.iter().filter_map(|at| {
        let receipt = &of(at).receipt;
        receipt
            .verified_ms
            .max(receipt.effective_ms)
            .max(receipt.accepted_ms)
    });
    let last = last.max().max(moving.then_some(view.now.as_millisecond()));
    let from_ms = from.map_or(0, |ms| (ms - origin_ms).max(0));
    Scale::new(from_ms, last.map_or(from_ms, |ms| ms - origin_ms))
}

/// How the steps of a phase stand.
#[derive(Default)]
struct Count {
    verified: usize,
    moving: usize,
    bad: usize,
    held: usize,
    left: usize,
    queued: usize,
    begun: bool,
    last_ms: Option<i64>,
}

impl Count {
    fn of(view: View<'_>, steps: &[usize]) -> Self {
        let mut count = Self::default();
        for index in steps {
            let step = &view.state.steps[*index].1;
            let slot = match words::of_step(step).kind {
                "verified" => &mut count.verified,
                "running" => &mut count.moving,
                "waiting" => &mut count.held,
                "queued" => &mut count.queued,
                _ if step.status == Status::Unstarted => &mut count.left,
                _ => &mut count.bad,
            };
            *slot += 1;
            count.begun |= step.receipt.intended_ms.is_some() || step.status == Status::Verified;
            count.last_ms = count.last_ms.max(step.receipt.verified_ms);
        }
        count
    }

    fn mark(&self) -> (&'static str, String) {
        if self.moving > 0 {
            ("running", "running".to_owned())
        } else if self.bad > 0 {
            ("finding", words::many(self.bad, "finding", "findings"))
        } else if self.left > 0 {
            ("finding", format!("{} not begun", self.left))
        } else if self.held > 0 {
            ("waiting", "waits for a person".to_owned())
        } else if self.queued > 0 {
            ("", String::new())
        } else {
            ("verified", "all verified".to_owned())
        }
    }

    fn pieces(&self, all: usize) -> Vec<Piece> {
        let parts = [
            ("f-ok", self.verified),
            ("f-warn", self.bad),
            ("f-wait", self.held),
            ("f-edge", self.left),
            ("f-live", self.moving),
        ];
        let part = |steps: usize| steps as f64 * 100.0 / all.max(1) as f64;
        let mut reached = 0;
        let mut pieces = Vec::new();
        for (fill, steps) in parts {
            if steps > 0 {
                pieces.push(Piece {
                    fill,
                    x: format!("{:.2}", part(reached)),
                    width: format!("{:.2}", part(steps)),
                });
            }
            reached += steps;
        }
        pieces
    }
}
