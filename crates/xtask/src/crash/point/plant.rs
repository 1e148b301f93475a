//! Where a planted bug has to show.

use super::{Extent, Point, Strike};
use crate::crash::story::Story;

/// Points at which each planted bug has to show.
pub(crate) fn plants((seed, story): (u64, Story), extent: &Extent) -> Vec<Point> {
    let of = |plant, strikes: [Strike; 3]| {
        strikes.map(|strike| Point {
            seed,
            story,
            strikes: vec![strike],
            faults: false,
            plant: Some(plant),
        })
    };
    let (writes, timers) = (extent.writes, extent.of("timer"));
    let back = |number: u64, by: u64| number.saturating_sub(by).max(1);
    [
        // The last writes are those of the notice: a mail is there twice when nobody looks before the second.
        of(
            "no-probe",
            [
                Strike::Own("reply-before-commit", extent.of("reply-before-commit")),
                Strike::NoReply(writes),
                Strike::NoReply(back(writes, 1)),
            ],
        ),
        // The first commits are those of containment, which is written without a look.
        of(
            "send-before-commit",
            [2, 3, 4].map(|nth| Strike::Own("before-commit", nth)),
        ),
        of(
            "lost-timer",
            [1, 2, 3].map(|part| Strike::Own("timer", (timers * part / 4).max(1))),
        ),
    ]
    .concat()
}

/// Points at which each bug that is planted in the web process has to show.
pub(crate) fn plants_of_the_web((seed, story): (u64, Story)) -> Vec<Point> {
    let of = |plant, strikes: &[Strike]| -> Vec<Point> {
        let point = |strike: &Strike| Point {
            seed,
            story,
            strikes: vec![*strike],
            faults: false,
            plant: Some(plant),
        };
        strikes.iter().map(point).collect()
    };
    match story {
        // Killed when the approval stands and nobody was told: the form is sent again.
        Story::Web => {
            let mut points = of("approved-twice", &[Strike::Own("after-write", 1)]);
            points.extend(of("delivered-first", &[Strike::Delivering(1)]));
            points
        }
        Story::Press => of("view-in-memory", &[Strike::Answered(1)]),
        _ => Vec::new(),
    }
}
