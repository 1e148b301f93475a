//! One point, played: a copy of the scene, a sandbox of its own, kills and restarts, and what was left behind.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::carried::{Carried, Played, Told, report_of, unkind};
use super::check::{Change, Found, Step, complaints};
use super::normal::{Known, still, without_passes};
use super::point::{Extent, Point, Strike};
use super::process::{End, Patience, Running, Sandbox, copy, hits, tail, tenure, tenure_json};
use super::scene::{Scene, TENANT, configure};
use super::secrets;
use super::served::{is_served, judge};
use super::story::Story;
use super::truth;
use super::write::{Write, makers, writes};

/// How long a chosen write takes at least: half before it is carried out, half after.
const HELD_MS: u64 = 2_000;
/// How long the world may take to settle after a run.
const SETTLE: Duration = Duration::from_secs(60);
/// Processes that one point may take.
pub(crate) const PROCESSES_MAX: usize = 8;

/// The undisturbed run of one sandbox seed.
#[derive(Debug)]
pub(crate) struct Reference {
    /// The scene all points begin with.
    pub(crate) scene: Scene,
    /// The seed.
    pub(crate) seed: u64,
    /// Every text of the world before.
    pub(crate) known: Known,
    /// How far it goes.
    pub(crate) extent: Extent,
    /// Its writing requests.
    pub(crate) writes: Vec<Write>,
    /// What it left behind.
    pub(crate) found: Found,
}

impl Reference {
    /// A scene that is struck without a run.
    pub(crate) fn unplayed(scene: Scene, seed: u64) -> Self {
        let nowhere = Found {
            run: String::new(),
            exit: 0,
            outcome: String::new(),
            steps: Vec::new(),
            findings: Vec::new(),
            world: Value::Null,
            untrue: Vec::new(),
            changes: Vec::new(),
        };
        let hits = ["before-write", "after-write", "before-answer"];
        Self {
            known: Known::of(&scene.world),
            scene,
            seed,
            extent: Extent {
                hits: hits.map(|class| (class.to_owned(), 1)).into(),
                writes: 0,
                makers: Vec::new(),
                took_ms: 1,
            },
            writes: Vec::new(),
            found: nowhere,
        }
    }
}

/// Where and with what points are played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage<'a> {
    /// The binary with crash points.
    pub(crate) binary: &'a Path,
    /// How long processes are waited for.
    pub(crate) patience: Patience,
}

impl Stage<'_> {
    /// Plays the run undisturbed.
    ///
    /// # Errors
    /// When it does not end well: then nothing can be held against it.
    pub(crate) fn undisturbed(
        &self,
        scene: Scene,
        folder: &Path,
        seed: u64,
    ) -> anyhow::Result<Reference> {
        let point = Point {
            seed,
            story: scene.story,
            strikes: Vec::new(),
            faults: false,
            plant: None,
        };
        let known = Known::of(&scene.world);
        copy(&scene.folder, folder)?;
        let sandbox = self.set(&scene, folder, &point, None)?;
        let begun = Instant::now();
        let carried = self.carried(&scene, folder, &sandbox, &point)?;
        let took_ms = u64::try_from(begun.elapsed().as_millis())?;
        let end = carried.end(self, folder)?;
        let found = self.look(&scene, folder, &sandbox, &known, end)?;
        let mut wrong = super::check::outcome(&found);
        wrong.extend(carried.complaints(folder, (&scene, &sandbox), Some(&found.outcome))?);
        wrong.extend(super::check::same_end(&found));
        wrong.extend(self.kept(&scene, folder, &sandbox)?);
        ensure!(
            wrong.is_empty(),
            "the undisturbed run of seed {seed} is not what it should be:\n  {}\n{}",
            wrong.join("\n  "),
            tail(&folder.join("run.log"))
        );
        let requests = sandbox.ask("requests")?;
        let writes = writes(&requests);
        let extent = Extent {
            hits: hits(&folder.join(report_of(0)))?,
            writes: u64::try_from(writes.len())?,
            makers: makers(&requests),
            took_ms,
        };
        Ok(Reference {
            scene,
            seed,
            known,
            extent,
            writes,
            found,
        })
    }

    /// Plays a point and judges it.
    ///
    /// # Errors
    /// When the harness itself fails.
    pub(crate) fn play(
        &self,
        reference: &Reference,
        point: &Point,
        folder: &Path,
    ) -> anyhow::Result<Played> {
        let scene = &reference.scene;
        copy(&scene.folder, folder)?;
        if scene.story == Story::Press {
            std::fs::write(folder.join("world.json"), scene.world.to_string())?;
            return self.press(folder, point);
        }
        let sandbox = self.set(scene, folder, point, Some(reference))?;
        let carried = self.carried(scene, folder, &sandbox, point)?;
        let told = carried.told();
        let mut played = Played {
            kills: told.kills,
            restarts: told.processes - 1,
            faults: faults(&sandbox.ask("requests")?),
            complaints: Vec::new(),
            took_ms: told.took_ms,
        };
        if told.end == End::Stuck {
            let text = format!(
                "it never ended: nothing was committed any more, or it went on for ever\n{}",
                tail(&folder.join("run.log"))
            );
            played.complaints.push(text);
            return Ok(played);
        }
        let end = carried.end(self, folder)?;
        if carried.is_without_a_run(self, folder)? {
            played.complaints = carried.complaints(folder, (scene, &sandbox), None)?;
            played.complaints.extend(judge::untouched(&sandbox)?);
            played
                .complaints
                .extend(self.kept(scene, folder, &sandbox)?);
            return Ok(played);
        }
        let found = self.look(scene, folder, &sandbox, &reference.known, end)?;
        let outcome = found.outcome.clone();
        played.complaints = match outcome.as_str() {
            "cancelled" => judge::untouched(&sandbox)?,
            _ => complaints(&found, &reference.found, &reference.known),
        };
        played
            .complaints
            .extend(carried.complaints(folder, (scene, &sandbox), Some(&outcome))?);
        played
            .complaints
            .extend(self.kept(scene, folder, &sandbox)?);
        Ok(played)
    }

    /// Starts the sandbox with the point's faults.
    fn set(
        &self,
        scene: &Scene,
        folder: &Path,
        point: &Point,
        reference: Option<&Reference>,
    ) -> anyhow::Result<Sandbox> {
        let mut rules: Vec<Value> = Vec::new();
        for strike in &point.strikes {
            if let (Strike::InFlight(nth) | Strike::NoReply(nth), Some(reference)) =
                (strike, reference)
            {
                let nth = usize::try_from(*nth)?.clamp(1, reference.writes.len());
                // Up to four seconds pass before what was sent takes effect: the sender is long dead then.
                let held_ms = HELD_MS * (1 + (u64::try_from(nth)? + point.seed) % 4);
                rules.push(reference.writes[nth - 1].held(held_ms));
            }
        }
        let mut faults = json!({});
        if point.faults {
            rules.extend(unkind(point));
            faults["token_dies_after_s"] = json!(15);
        }
        faults["rule"] = json!(rules);
        std::fs::write(folder.join("faults.json"), faults.to_string())?;
        std::fs::write(folder.join("world.json"), scene.world.to_string())?;
        let sandbox = Sandbox::start(self.binary, folder, point.seed)?;
        configure(folder, &sandbox.base)?;
        Ok(sandbox)
    }

    /// The environment of a process: where it reports every hit, and which bug is planted in it.
    pub(crate) fn settings(&self, point: &Point, index: usize) -> Vec<(&'static str, String)> {
        let plant = point.plant.map(|plant| ("TENURE_PLANT", plant.to_owned()));
        [("TENURE_CRASH_REPORT", report_of(index))]
            .into_iter()
            .chain(plant)
            .collect()
    }

    /// Carries the run, by a command or by the web process.
    fn carried(
        &self,
        scene: &Scene,
        folder: &Path,
        sandbox: &Sandbox,
        point: &Point,
    ) -> anyhow::Result<Carried> {
        if is_served(scene.story) {
            let served = self.serve(scene, folder, sandbox, point)?;
            return Ok(Carried::Served(Box::new(served)));
        }
        let told = self.carry(folder, sandbox, &scene.plan, point)?;
        Ok(Carried::Command(told))
    }

    /// Carries the run to its end, killed as the point says and taken up again each time.
    fn carry(
        &self,
        folder: &Path,
        sandbox: &Sandbox,
        plan: &str,
        point: &Point,
    ) -> anyhow::Result<Told> {
        let mut told = Told::nothing();
        for index in 0..PROCESSES_MAX {
            let strike = point.strikes.get(index).copied();
            let report = report_of(index);
            let mut settings = self.settings(point, index);
            if let Some(Strike::Own(class, nth)) = strike {
                settings.push(("TENURE_CRASH", format!("{class}:{nth}")));
            }
            let begun = Instant::now();
            let mut running = Running::start(self.binary, folder, plan, &settings)?;
            told.processes += 1;
            let struck = match strike {
                Some(strike) => self.strike(&mut running, sandbox, strike)?,
                None => None,
            };
            told.end = match struck {
                Some(end) => end,
                None => running.wait(self.patience, &folder.join(report))?,
            };
            told.took_ms = u64::try_from(begun.elapsed().as_millis())?;
            match told.end {
                End::Killed => told.kills += 1,
                // The command could not go on for the moment, and says that trying again may help.
                End::Exited(1) => {}
                End::Exited(_) | End::Stuck => break,
            }
        }
        Ok(told)
    }

    /// Strikes from outside, where that is how it is done; none when the process is to be waited for.
    pub(crate) fn strike(
        &self,
        running: &mut Running,
        sandbox: &Sandbox,
        strike: Strike,
    ) -> anyhow::Result<Option<End>> {
        let carried_out = match strike {
            Strike::Own(..) | Strike::Answered(_) | Strike::Delivering(_) => return Ok(None),
            Strike::At(ms) => {
                let end = running.wait_until(Duration::from_millis(ms))?;
                return Ok(Some(end.map_or_else(|| running.kill(), Ok)?));
            }
            Strike::InFlight(_) => false,
            Strike::NoReply(_) => true,
        };
        let is_held = || -> anyhow::Result<bool> {
            let requests = sandbox.ask("requests")?;
            let held = requests.as_array().into_iter().flatten().find(|request| {
                request["fault"]
                    .as_str()
                    .is_some_and(|fault| fault.starts_with("Delay"))
            });
            Ok(held.is_some_and(|held| !carried_out || !held["status"].is_null()))
        };
        match running.wait_for(self.patience.whole, is_held)? {
            Some(end) => Ok(Some(end)),
            None => running.kill().map(Some),
        }
    }

    /// Looks at what was left behind, once the vendor's own work is done.
    fn look(
        &self,
        scene: &Scene,
        folder: &Path,
        sandbox: &Sandbox,
        known: &Known,
        end: End,
    ) -> anyhow::Result<Found> {
        let mut world = settled(sandbox, &scene.tenant)?;
        let untrue = truth::of_story(scene, &world);
        let passes = truth::passes(&world["tenants"][&scene.tenant]);
        still(&mut world);
        without_passes(&mut world, &passes);
        let mut changes: Vec<Change> = serde_json::from_value(sandbox.ask("log")?)?;
        for change in &mut changes {
            without_passes(&mut change.after, &passes);
        }
        let runs = tenure_json(self.binary, folder, &["runs", "list"])?;
        let mut runs = runs.as_array().into_iter().flatten();
        let run = runs
            .find(|run| run["plan"] == scene.plan.as_str())
            .and_then(|run| run["run"].as_str())
            .context("there is no run")?
            .to_owned();
        let shown = tenure_json(self.binary, folder, &["runs", "show", &run])?;
        let outcome = shown["outcome"].as_str().unwrap_or("going on").to_owned();
        let exit = match end {
            // Taken up again after it had ended: the command refuses, and names the outcome.
            End::Exited(2) if outcome == "completed" => 0,
            End::Exited(code) => code,
            End::Killed | End::Stuck => -1,
        };
        Ok(Found {
            run,
            exit,
            outcome,
            steps: steps(&shown["state"]),
            findings: findings(&shown["state"]),
            world: known.normal(&world),
            untrue,
            changes,
        })
    }

    /// What is wrong with the ledger and with what was kept.
    fn kept(&self, scene: &Scene, folder: &Path, sandbox: &Sandbox) -> anyhow::Result<Vec<String>> {
        let mut out = Vec::new();
        let verb = |args: &[&str]| tenure(self.binary, folder, args);
        let verified = verb(&[
            "ledger", "export", TENANT, "--out", "ledger", "--head", "head",
        ])
        .and_then(|_| verb(&["ledger", "verify", "ledger", "--head", "head"]));
        if let Err(error) = verified {
            out.push(format!("the ledger does not verify: {error:#}"));
        }
        let world = sandbox.ask("world")?;
        out.extend(secrets::found(
            folder,
            &scene.secret,
            &world["tenants"][&scene.tenant],
        )?);
        Ok(out)
    }
}

/// The world when the vendor has nothing more to do in the tenant.
///
/// # Errors
/// When the sandbox does not answer.
pub(crate) fn settled(sandbox: &Sandbox, tenant: &str) -> anyhow::Result<Value> {
    let begun = Instant::now();
    loop {
        let world = sandbox.ask("world")?;
        let due = world["tenants"][tenant]["due"]
            .as_array()
            .map_or(0, Vec::len);
        if due == 0 || begun.elapsed() > SETTLE {
            return Ok(world);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// How many requests met a fault that is no mere delay.
fn faults(requests: &Value) -> u64 {
    let requests = requests.as_array().into_iter().flatten();
    let met = requests.filter(|request| {
        let fault = request["fault"].as_str();
        fault.is_some_and(|fault| !fault.starts_with("Delay"))
    });
    u64::try_from(met.count()).unwrap_or(u64::MAX)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn steps(state: &Value) -> Vec<Step> {
    let entries = state["steps"].as_array().into_iter().flatten();
    let step = |entry: &Value| {
        let (step, receipt) = (&entry[1], &entry[1]["receipt"]);
        let calls = receipt["calls"].as_array().into_iter().flatten();
        Step {
            key: text(&entry[0]),
            status: text(&step["status"]["status"]),
            operation: text(&receipt["operation"]),
            attempts: receipt["attempts"].as_u64().unwrap_or_default(),
            accepted: calls
                .map(|call| text(&call["client_request_id"]))
                .collect::<BTreeSet<_>>(),
        }
    };
    entries.map(step).collect()
}

fn findings(state: &Value) -> Vec<String> {
    let findings = state["findings"].as_array().into_iter().flatten();
    findings
        .filter(|finding| finding["closed"].is_null())
        .map(|finding| text(&finding["text"]))
        .collect()
}
