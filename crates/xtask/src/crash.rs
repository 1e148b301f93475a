//! `cargo xtask crash`: kills the real process at every class of point, takes the run up again, and judges what is left.

mod chance;
mod check;
mod http;
mod normal;
mod play;
mod point;
pub(crate) mod process;
mod report;
pub(crate) mod scene;
mod secrets;
#[cfg(test)]
mod tests;
mod truth;
mod write;

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use self::chance::Chance;
use self::play::{Played, Reference, Stage};
use self::point::{FULL, Point, SHORT, Share};
use self::process::Patience;
use self::report::Report;
use crate::run;

/// How much is done, and from which seed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// 20 points and 10 random instants instead of over 500.
    #[arg(long)]
    short: bool,
    /// The first seed: it decides the points, and how the sandbox behaves.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this point, as a failure names it.
    #[arg(long, value_name = "POINT")]
    point: Option<Point>,
    /// How many runs go on at a time.
    #[arg(long, default_value_t = 16)]
    jobs: usize,
}

/// Sandboxes of the full command: one undisturbed run each.
const SEEDS: u64 = 4;
/// How often a point that came too late is tried earlier.
const TRIES: u32 = 3;

/// Kills, restarts, judges.
///
/// # Errors
/// When anything was wrong with any point, a class was never hit, or a planted bug was not caught.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let begun = Instant::now();
    let binary = build()?;
    let scratch = tempfile::tempdir()?;
    let harness = Harness {
        binary,
        scratch: scratch.path().to_owned(),
        jobs: args.jobs.max(1),
        next: AtomicUsize::new(0),
    };
    let seeds = match (&args.point, args.short) {
        (Some(point), _) => vec![point.seed],
        (None, true) => vec![args.seed],
        (None, false) => (args.seed..args.seed + SEEDS).collect(),
    };
    let references = harness.references(&seeds)?;
    let points = match &args.point {
        Some(point) => vec![point.clone()],
        None => points(args, &references),
    };
    let results = harness.play_all(&references, points)?;
    let report = Report::of(&references, &results, args);
    let lines = report.text(begun.elapsed());
    std::io::stdout().write_all(lines.as_bytes())?;
    match report.failures {
        0 => Ok(()),
        failures => bail!("{failures} failures"),
    }
}

/// Builds the binary with crash points and lays it apart, so that the usual one stays.
fn build() -> anyhow::Result<PathBuf> {
    let (usual, folder) = (
        run::target().join("debug/tenure"),
        run::target().join("crash"),
    );
    std::fs::create_dir_all(&folder)?;
    let (binary, aside) = (folder.join("tenure"), folder.join("tenure.usual"));
    let was_there = usual.exists();
    if was_there {
        std::fs::copy(&usual, &aside)?;
    }
    run::cargo(&[
        "build",
        "--quiet",
        "--package",
        "app",
        "--features",
        "crash-points",
    ])?;
    // Beside and renamed: a binary that is being run cannot be written over.
    let beside = folder.join("tenure.new");
    std::fs::copy(&usual, &beside)?;
    std::fs::rename(&beside, &binary)?;
    if was_there {
        std::fs::rename(&aside, &usual)?;
    }
    Ok(binary)
}

/// All points of the command: each class in each sandbox, and the planted bugs in the first one.
fn points(args: &Args, references: &[Reference]) -> Vec<Point> {
    let share: Share = if args.short { SHORT } else { FULL };
    let seeds = u64::try_from(references.len()).unwrap_or(1).max(1);
    let mut out = point::plants(references[0].seed, &references[0].extent);
    // The slowest first, so that nothing is waited for alone at the end: those with faults, and with two kills.
    for (class, count) in share.into_iter().rev() {
        for (index, reference) in (0_u64..).zip(references) {
            let part = count / seeds + u64::from(index < count % seeds);
            let mut chance = Chance::new(reference.seed, class);
            out.extend(point::draw(
                class,
                part,
                reference.seed,
                &reference.extent,
                &mut chance,
            ));
        }
    }
    out
}

/// A point with what became of it.
type Outcome = (Point, Played);

struct Harness {
    binary: PathBuf,
    scratch: PathBuf,
    jobs: usize,
    next: AtomicUsize,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Harness {
    fn folder(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        self.scratch.join(number.to_string())
    }

    fn stage(&self, patience: Patience) -> Stage<'_> {
        Stage {
            binary: &self.binary,
            patience,
        }
    }

    /// The undisturbed runs, side by side.
    fn references(&self, seeds: &[u64]) -> anyhow::Result<Vec<Reference>> {
        let patience = Patience {
            whole: Duration::from_secs(300),
            still: Duration::from_secs(90),
        };
        let make = |seed: &u64| -> anyhow::Result<Reference> {
            let scene = scene::prepare(&self.binary, &self.folder(), *seed)?;
            self.stage(patience)
                .undisturbed(scene, &self.folder(), *seed)
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = seeds
                .iter()
                .map(|seed| scope.spawn(move || make(seed)))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .map_err(|_| anyhow::anyhow!("an undisturbed run panicked"))?
                })
                .collect()
        })
    }

    /// Plays all points, so many at a time.
    fn play_all(
        &self,
        references: &[Reference],
        points: Vec<Point>,
    ) -> anyhow::Result<Vec<Outcome>> {
        let total = points.len();
        let queue = Mutex::new(VecDeque::from(points));
        let results = Mutex::new(Vec::new());
        let error = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while lock(&error).is_none() {
                        let Some(point) = lock(&queue).pop_front() else {
                            return;
                        };
                        match self.play(references, &point) {
                            Ok(outcome) => {
                                let mut results = lock(&results);
                                results.push(outcome);
                                progress(&results, total);
                            }
                            Err(wrong) => {
                                *lock(&error) = Some(wrong.context(format!("at point {point}")));
                            }
                        }
                    }
                });
            }
        });
        match error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(results.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Plays one point; one that came too late for its run is tried earlier.
    fn play(&self, references: &[Reference], point: &Point) -> anyhow::Result<Outcome> {
        let reference = references
            .iter()
            .find(|reference| reference.seed == point.seed)
            .context("every point has its undisturbed run")?;
        let took = Duration::from_millis(reference.extent.took_ms);
        let patience = Patience {
            whole: took * 4 + Duration::from_secs(120),
            still: Duration::from_secs(45),
        };
        let mut point = point.clone();
        for try_ in 1.. {
            let folder = self.folder();
            let played = self.stage(patience).play(reference, &point, &folder)?;
            let missed = played.kills < u64::try_from(point.strikes.len())?;
            if !played.complaints.is_empty() && point.plant.is_none() {
                keep(&folder, &point)?;
            }
            std::fs::remove_dir_all(&folder)?;
            if !missed || !played.complaints.is_empty() || try_ == TRIES {
                return Ok((point, played));
            }
            point = point.earlier();
        }
        bail!("a point is tried at least once")
    }
}

/// Lays the folder of a failed point apart, to be looked at.
fn keep(folder: &Path, point: &Point) -> anyhow::Result<()> {
    let kept = run::target().join("crash/failed").join(point.to_string());
    if kept.exists() {
        std::fs::remove_dir_all(&kept)?;
    }
    process::copy(folder, &kept)
}

fn progress(results: &[Outcome], total: usize) {
    if results.len().is_multiple_of(20) || results.len() == total {
        let wrong = results
            .iter()
            .filter(|(point, played)| point.plant.is_none() && !played.complaints.is_empty());
        let text = format!(
            "{} of {total} points, {} wrong\n",
            results.len(),
            wrong.count()
        );
        let _nobody_reads = std::io::stderr().write_all(text.as_bytes());
    }
}
