//! What the command prints: a table by class, every failure with the command that repeats it, and how planted bugs were caught.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::carried::Played;
use super::play::Reference;
use super::point::{CLASSES, PLANTS, Point};
use super::story::Story;
use super::{Args, Outcome};

/// Kills that the full command has to make.
const KILLS_MIN: u64 = 500;

/// What is printed.
pub(crate) struct Report {
    lines: Vec<String>,
    /// How many things failed.
    pub(crate) failures: usize,
}

#[derive(Default)]
struct Row {
    points: u64,
    kills: u64,
    restarts: u64,
    faults: u64,
    wrong: u64,
    slowest_ms: u64,
}

impl Report {
    /// Puts the outcomes together.
    pub(crate) fn of(references: &[Arc<Reference>], results: &[Outcome], args: &Args) -> Self {
        let mut report = Self {
            lines: Vec::new(),
            failures: 0,
        };
        let unplanted = || results.iter().filter(|(point, _)| point.plant.is_none());
        let mut rows: BTreeMap<(Story, &str), Row> = BTreeMap::new();
        for (point, played) in unplanted() {
            let row = rows.entry((point.story, point.class())).or_default();
            row.points += 1;
            row.kills += played.kills;
            row.restarts += played.restarts;
            row.faults += played.faults;
            row.wrong += u64::from(!played.complaints.is_empty());
            row.slowest_ms = row.slowest_ms.max(played.took_ms);
        }
        for story in Story::ALL {
            report.table(story, references, &rows, args);
        }
        for (point, played) in unplanted() {
            report.wrong(point, played);
        }
        report.plants(results, args);
        let kills: u64 = rows.values().map(|row| row.kills).sum();
        report.lines.push(format!(
            "{} points, {kills} kills",
            rows.values().map(|row| row.points).sum::<u64>()
        ));
        if args.is_whole() && !args.short && kills < KILLS_MIN {
            report.fail(format!(
                "only {kills} kills were made, at least {KILLS_MIN} are due"
            ));
        }
        report
    }

    fn fail(&mut self, line: String) {
        self.failures += 1;
        self.lines.push(format!("FAILED: {line}"));
    }

    fn table(
        &mut self,
        story: Story,
        references: &[Arc<Reference>],
        rows: &BTreeMap<(Story, &str), Row>,
        args: &Args,
    ) {
        let of = || {
            references
                .iter()
                .filter(|reference| reference.scene.story == story)
        };
        if of().count() == 0 {
            return;
        }
        let name = story.to_string();
        self.lines.push(format!(
            "{name:<20} {:>16} {:>7} {:>6} {:>9} {:>14}  result",
            "hits undisturbed", "points", "kills", "restarts", "slowest resume"
        ));
        for class in CLASSES {
            let mut share = story.share(args.short).iter();
            let due = share
                .find(|(own, _)| *own == class)
                .map_or(0, |(_, due)| *due);
            let Some(row) = rows.get(&(story, class)) else {
                if args.is_whole() && due > 0 {
                    self.fail(format!("{story}, {class}: no point"));
                }
                continue;
            };
            let hits: u64 = of().map(|reference| reference.extent.of(class)).sum();
            let shown = match class {
                "random" => format!("{} faults", row.faults),
                "in-flight" | "no-reply" => format!("{hits} writes"),
                "recovery" => format!("{hits} commits"),
                _ => hits.to_string(),
            };
            let result = match (row.kills, row.wrong) {
                (0, _) => "NEVER HIT".to_owned(),
                (_, 0) => "same world, nothing twice".to_owned(),
                (_, wrong) => format!("{wrong} WRONG"),
            };
            let resume = format!("{:.1} s", row.slowest_ms as f64 / 1000.0);
            self.lines.push(format!(
                "{class:<20} {shown:>16} {:>7} {:>6} {:>9} {resume:>14}  {result}",
                row.points, row.kills, row.restarts
            ));
            if class == "random" && row.faults == 0 && !story.may_ask_nobody() {
                self.fail(format!("{story}, random: not one request met a fault"));
            }
            if row.kills == 0 || hits == 0 {
                self.fail(format!(
                    "{story}, {class}: hit {hits} times undisturbed, {} kills",
                    row.kills
                ));
            }
        }
    }

    fn wrong(&mut self, point: &Point, played: &Played) {
        if played.complaints.is_empty() {
            return;
        }
        let mut text = point.to_string();
        for complaint in &played.complaints {
            _ = write!(text, "\n  {complaint}");
        }
        _ = write!(text, "\n  repeat: cargo xtask crash --point {point}");
        self.fail(text);
    }

    fn plants(&mut self, results: &[Outcome], args: &Args) {
        for plant in PLANTS {
            let tried: Vec<&Outcome> = results
                .iter()
                .filter(|(point, _)| point.plant == Some(plant))
                .collect();
            if tried.is_empty() && !args.is_whole() {
                continue;
            }
            let caught: Vec<&&Outcome> = tried
                .iter()
                .filter(|(_, played)| !played.complaints.is_empty())
                .collect();
            match caught.first() {
                Some((point, played)) => self.lines.push(format!(
                    "planted {plant}: caught at {} of {} points, at {point}: {}",
                    caught.len(),
                    tried.len(),
                    played.complaints[0].lines().next().unwrap_or_default()
                )),
                None => self.fail(format!(
                    "planted {plant}: not caught at any of {} points",
                    tried.len()
                )),
            }
        }
    }

    /// The table, what went wrong, and how the planted bugs were caught.
    pub(crate) fn text(&self, took: Duration) -> String {
        let mut text = self.lines.join("\n");
        _ = writeln!(
            text,
            "\n{:.0} s, {} failures",
            took.as_secs_f64(),
            self.failures
        );
        text
    }
}
