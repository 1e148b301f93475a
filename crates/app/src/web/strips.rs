//! Dot strips: one dot per leaver on a line of time, so that the slow one is seen and not averaged away.

use store::RunLine;

use super::when;

/// The strip's width and its middle, as the picture is drawn.
const WIDTH: f64 = 200.0;
const MIDDLE: f64 = 11.0;
/// Where the first and the last dot may stand.
const FIRST: f64 = 6.0;
const LAST: f64 = 178.0;
/// Where a dot stands that is far beyond the others.
const FAR: f64 = 192.0;
/// The distance of two dots.
const STEP: f64 = 3.6;
/// Above and below the middle, in the order in which equal dots are laid.
const LANES: [f64; 5] = [0.0, 4.2, -4.2, 8.4, -8.4];

/// A dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dot {
    /// Across.
    pub(super) x: String,
    /// Down.
    pub(super) y: String,
    /// Whether it lies far beyond the others.
    pub(super) out: bool,
}

/// A strip with its figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Strip {
    /// The median in words; empty where there is nothing to show.
    pub(super) figure: String,
    /// The dots.
    pub(super) dots: Vec<Dot>,
    /// What a listener hears.
    pub(super) said: String,
    /// The slowest, in words.
    pub(super) slowest: String,
}

/// The strip of these lengths, in milliseconds.
pub(super) fn strip(lengths: &[i64]) -> Strip {
    let mut sorted: Vec<i64> = lengths.iter().map(|ms| (*ms).max(0)).collect();
    sorted.sort_unstable();
    let Some(slowest) = sorted.last().copied() else {
        return Strip::default();
    };
    let median = i64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    let fence = fence(&sorted);
    let usual = sorted.iter().rev().find(|ms| **ms <= fence).copied();
    let longest = usual.unwrap_or(slowest).max(1);
    let outliers = sorted.iter().filter(|ms| **ms > fence).count();
    let leavers = if sorted.len() == 1 {
        "leaver"
    } else {
        "leavers"
    };
    let far = match outliers {
        0 => String::new(),
        1 => ", one far beyond the others".to_owned(),
        many => format!(", {many} far beyond the others"),
    };
    Strip {
        figure: when::lasted(median),
        dots: lay(&sorted, fence, longest),
        said: format!(
            "{} {leavers}, half within {}, the slowest {}{far}",
            sorted.len(),
            when::lasted(median),
            when::lasted(slowest)
        ),
        slowest: format!("slowest {}", when::lasted(slowest)),
    }
}

/// What lies beyond is an outlier: one and a half times the middle half above it (Tukey), and twice the median at least.
fn fence(sorted: &[i64]) -> i64 {
    let at = |share: usize| sorted[(sorted.len() - 1) * share / 4];
    let (low, median, high) = (at(1), at(2), at(3));
    (high + (high - low) * 3 / 2).max(median * 2)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture, to a tenth of a point"
)]
fn lay(sorted: &[i64], fence: i64, longest: i64) -> Vec<Dot> {
    let mut column = (0_u32, 0_usize);
    let mut far = 0_usize;
    sorted
        .iter()
        .map(|ms| {
            if *ms > fence {
                far += 1;
                return dot(FAR, LANES[(far - 1) % LANES.len()], true);
            }
            // The smallest room that leaves quick ones at the left: half of the longest is free before it.
            let share = *ms as f64 / longest as f64;
            let x = FIRST + share * (LAST - FIRST) * 0.75;
            let at = (x / STEP).round();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 200"
            )]
            let number = at as u32;
            column = if column.0 == number {
                (number, column.1 + 1)
            } else {
                (number, 0)
            };
            dot((at * STEP).min(WIDTH), LANES[column.1 % LANES.len()], false)
        })
        .collect()
}

fn dot(x: f64, lane: f64, out: bool) -> Dot {
    Dot {
        x: format!("{x:.1}"),
        y: format!("{:.1}", MIDDLE + lane),
        out,
    }
}

/// How much of what leavers' runs had to do is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// In percent, to a tenth; empty where there is nothing.
    pub(super) figure: String,
    /// The verified part of 100.
    pub(super) width: String,
    /// Where the rest begins, and how wide it is; empty where there is none.
    pub(super) rest: Option<(String, String)>,
    /// In words.
    pub(super) said: String,
}

/// The verified share of these runs.
pub(super) fn share(runs: &[&RunLine]) -> Share {
    let steps: u64 = runs.iter().map(|run| run.steps).sum();
    let verified: u64 = runs.iter().map(|run| run.verified).sum();
    let findings: u64 = runs.iter().map(|run| run.open_findings).sum();
    if steps == 0 {
        return Share::default();
    }
    // Rounded down: a share of 100 % is said of nothing less.
    let thousandths = verified * 1_000 / steps;
    let percent = thousandths as f64 / 10.0;
    let not = steps - verified.min(steps);
    let open = match findings {
        0 => String::new(),
        1 => " · 1 open finding".to_owned(),
        many => format!(" · {many} open findings"),
    };
    Share {
        figure: if thousandths == 1_000 {
            "100\u{202f}%".to_owned()
        } else {
            format!("{percent:.1}\u{202f}%")
        },
        width: format!("{percent:.1}"),
        rest: (not > 0).then(|| {
            let wide = (100.0 - percent - 0.6).max(1.6);
            (format!("{:.1}", 100.0 - wide), format!("{wide:.1}"))
        }),
        said: if not == 0 {
            format!("{verified} verified{open}")
        } else {
            format!("{verified} verified · {not} not{open}")
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaver_is_a_dot_and_only_the_far_one_is_an_outlier() {
        let mut lengths = vec![5_000, 5_200, 5_400, 5_600, 5_800, 6_000, 6_200];
        assert!(strip(&lengths).dots.iter().all(|dot| !dot.out));
        lengths.push(60_000);
        let strip = strip(&lengths);
        assert_eq!(strip.dots.len(), 8);
        assert_eq!(strip.dots.iter().filter(|dot| dot.out).count(), 1);
        assert_eq!(strip.slowest, "slowest 1\u{202f}min");
        assert!(
            strip.said.ends_with("one far beyond the others"),
            "{}",
            strip.said
        );
    }

    #[test]
    fn dots_stay_inside_and_equal_ones_are_laid_beside_each_other() {
        let strip = strip(&[4_000; 4]);
        let mut lanes: Vec<&str> = strip.dots.iter().map(|dot| dot.y.as_str()).collect();
        lanes.dedup();
        assert_eq!(lanes, ["11.0", "15.2", "6.8", "19.4"]);
        for dot in &strip.dots {
            let x: f64 = dot.x.parse().unwrap();
            assert!((0.0..=WIDTH).contains(&x), "{x}");
        }
    }

    #[test]
    fn nothing_is_said_of_nobody() {
        assert_eq!(strip(&[]), Strip::default());
        assert_eq!(share(&[]), Share::default());
    }
}
