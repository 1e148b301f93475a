//! `cargo xtask crash`: kills the real process at every class of point, takes the run up again, and judges what is left.

mod carried;
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
pub(crate) mod served;
pub(crate) mod story;
#[cfg(test)]
mod tests;
pub(crate) mod truth;
mod write;

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;

use self::carried::Played;
use self::chance::Chance;
use self::play::{Reference, Stage};
use self::point::Point;
use self::process::Patience;
use self::report::Report;
use self::story::Story;
use crate::run;

/// How much is done, and from which seed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// 73 points, 19 of them random instants, instead of some 780.
    #[arg(long)]
    short: bool,
    /// The first seed: it decides the points, and how the sandbox behaves.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this point, as a failure names it; may be repeated.
    #[arg(long = "point", value_name = "POINT", conflicts_with = "random")]
    points: Vec<Point>,
    /// Only so many random instants for the leaver and as many for the joiner, spread over four seeds.
    #[arg(long, value_name = "COUNT")]
    random: Option<u64>,
    /// How many runs go on at a time.
    #[arg(long, default_value_t = 24)]
    jobs: usize,
}

impl Args {
    /// Whether everything of the command is played, so that every class must have been hit.
    fn is_whole(&self) -> bool {
        self.points.is_empty() && self.random.is_none()
    }

    /// The undisturbed runs that the points are held against.
    fn runs(&self) -> Vec<(u64, Story)> {
        let mut runs: Vec<(u64, Story)> = if !self.points.is_empty() {
            let named = self.points.iter();
            named.map(|point| (point.seed, point.story)).collect()
        } else {
            let seeds = self.seed..self.seed + if self.short { 1 } else { SEEDS };
            let stories = Story::ALL.into_iter().filter(|story| {
                self.random.is_none() || matches!(story, Story::Leaver | Story::Joiner)
            });
            seeds
                .flat_map(|seed| stories.clone().map(move |story| (seed, story)))
                // What is not about the cloud's temper needs one sandbox.
                .filter(|(seed, story)| story.has_seeds() || *seed == self.seed)
                .collect()
        };
        runs.sort_unstable();
        runs.dedup();
        runs
    }

    /// The points to be held against this undisturbed run.
    fn points_of(&self, reference: &Reference) -> Vec<Point> {
        let (seed, story) = (reference.seed, reference.scene.story);
        if !self.points.is_empty() {
            let ours = |point: &&Point| (point.seed, point.story) == (seed, story);
            return self.points.iter().filter(ours).cloned().collect();
        }
        let seeds = self
            .runs()
            .iter()
            .filter(|(_, other)| *other == story)
            .count();
        let (seeds, index) = (seeds as u64, seed - self.seed);
        let mut out = Vec::new();
        if self.is_whole() && index == 0 && story.has_plants(self.short) {
            out.extend(point::plants((seed, story), &reference.extent));
        }
        if self.is_whole() && index == 0 {
            out.extend(point::plants_of_the_web((seed, story)));
        }
        // The slowest first, so that nothing is waited for alone at the end: those with faults, and with two kills.
        for (class, count) in story.share(self.short).iter().rev().copied() {
            let count = match self.random {
                Some(count) if class == "random" => count,
                Some(_) => 0,
                None => count,
            };
            let part = count / seeds + u64::from(index < count % seeds);
            let mut chance = Chance::new(seed, class);
            let extent = &reference.extent;
            out.extend(point::draw(class, part, (seed, story), extent, &mut chance));
        }
        out
    }
}

/// Sandboxes of the full command: one undisturbed run of each story each.
const SEEDS: u64 = 4;
/// How often a point that came too late is tried earlier.
const TRIES: u32 = 3;
/// How often a worker looks for points while undisturbed runs are under way.
const LOOK: Duration = Duration::from_millis(100);

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
    let (references, results) = harness.play_all(args)?;
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

    /// The undisturbed run of a story on the sandbox of a seed.
    fn reference(&self, seed: u64, story: Story) -> anyhow::Result<Reference> {
        let patience = Patience {
            whole: Duration::from_secs(300),
            still: Duration::from_secs(90),
        };
        let scene = scene::prepare_for(&self.binary, &self.folder(), seed, story)?;
        if story == Story::Press {
            return Ok(Reference::unplayed(scene, seed));
        }
        self.stage(patience)
            .undisturbed(scene, &self.folder(), seed)
    }

    /// Plays all points, so many at a time; those of an undisturbed run begin as soon as it has ended.
    fn play_all(&self, args: &Args) -> anyhow::Result<(Vec<Arc<Reference>>, Vec<Outcome>)> {
        let runs = args.runs();
        let queue = Mutex::new(Queue {
            under_way: runs.len(),
            ..Queue::default()
        });
        std::thread::scope(|scope| {
            for (seed, story) in runs {
                let queue = &queue;
                scope.spawn(move || match self.reference(seed, story) {
                    Ok(reference) => lock(queue).ready(reference, args),
                    Err(wrong) => lock(queue).fail(wrong.context(format!("{story}, seed {seed}"))),
                });
            }
            for _ in 0..self.jobs {
                scope.spawn(|| self.work(&queue));
            }
        });
        let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
        match queue.error {
            Some(error) => Err(error),
            None => Ok((queue.references, queue.results)),
        }
    }

    /// Plays points until there are none and none can come.
    fn work(&self, queue: &Mutex<Queue>) {
        loop {
            let next = {
                let mut queue = lock(queue);
                if queue.error.is_some() || (queue.under_way == 0 && queue.points.is_empty()) {
                    return;
                }
                queue.points.pop_front()
            };
            let Some((reference, point)) = next else {
                std::thread::sleep(LOOK);
                continue;
            };
            match self.play(&reference, &point) {
                Ok(outcome) => lock(queue).done(outcome),
                Err(wrong) => lock(queue).fail(wrong.context(format!("at point {point}"))),
            }
        }
    }

    /// Plays one point; one that came too late for its run is tried earlier.
    fn play(&self, reference: &Reference, point: &Point) -> anyhow::Result<Outcome> {
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

/// What is still to be played, and what came of the rest.
#[derive(Default)]
struct Queue {
    /// Undisturbed runs that have not ended.
    under_way: usize,
    references: Vec<Arc<Reference>>,
    total: usize,
    points: VecDeque<(Arc<Reference>, Point)>,
    results: Vec<Outcome>,
    error: Option<anyhow::Error>,
}

impl Queue {
    fn ready(&mut self, reference: Reference, args: &Args) {
        let reference = Arc::new(reference);
        let points = args.points_of(&reference);
        self.total += points.len();
        self.points
            .extend(points.into_iter().map(|point| (reference.clone(), point)));
        self.references.push(reference);
        self.under_way -= 1;
    }

    fn fail(&mut self, wrong: anyhow::Error) {
        self.error.get_or_insert(wrong);
    }

    fn done(&mut self, outcome: Outcome) {
        self.results.push(outcome);
        let is_last = self.results.len() == self.total && self.under_way == 0;
        if self.results.len().is_multiple_of(20) || is_last {
            let wrong = self
                .results
                .iter()
                .filter(|(point, played)| point.plant.is_none() && !played.complaints.is_empty());
            let text = format!(
                "{} of {} points, {} wrong\n",
                self.results.len(),
                self.total,
                wrong.count()
            );
            let _nobody_reads = std::io::stderr().write_all(text.as_bytes());
        }
    }
}
