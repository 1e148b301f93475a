//! `tenure serve` struck while somebody approves, refuses, takes back, or hands a password over: the browser or the program that was
//! cut off does what such a client does, and afterwards everything was decided once.

pub(crate) mod door;
pub(crate) mod hook;
pub(crate) mod judge;
pub(crate) mod office;
pub(crate) mod press;
pub(crate) mod share;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;

use self::door::{Door, Next};
use self::hook::Hook;
use super::carried::Told;
use super::play::{PROCESSES_MAX, Stage};
use super::point::{Point, Strike};
use super::process::{End, Running, Sandbox};
use super::scene::{Scene, TENANT};
use super::story::Story;
use crate::http::{Ask, Client};

/// How often it is looked how far a run is.
const LOOK: Duration = Duration::from_millis(150);
/// How long nothing has to happen where there is no run.
const QUIET: Duration = Duration::from_secs(3);
/// How long a delivery that was cut off may take to come again: its claim holds for a minute.
const DELIVERED: Duration = Duration::from_secs(80);

/// What the web process was asked, and what came of it.
#[derive(Debug)]
pub(crate) struct Served {
    /// How the carrying went.
    pub(crate) told: Told,
    /// Who was told by webhook.
    pub(crate) hook: Hook,
    /// What whoever decided was answered.
    pub(crate) door: Door,
    /// The last word of the pages, once all was over.
    pub(crate) pages: judge::Pages,
}

impl Stage<'_> {
    /// Has the plan decided on and its run carried by `tenure serve`, struck as the point says and started again each time.
    ///
    /// # Errors
    /// When the harness fails.
    pub(crate) fn serve(
        &self,
        scene: &Scene,
        folder: &Path,
        sandbox: &Sandbox,
        point: &Point,
    ) -> anyhow::Result<Served> {
        let office = scene.office.as_ref().context("nobody is set up")?;
        let base = office::configure(folder, sandbox, office::port()?)?;
        let quiet = point.strikes.iter().find_map(|strike| match strike {
            Strike::Delivering(nth) => Some(*nth),
            _ => None,
        });
        let hook = Hook::start(quiet)?;
        judge::told_at(folder, &hook.url)?;
        let mut served = Served {
            told: Told::nothing(),
            door: Door::new(office, scene, point, &base),
            hook,
            pages: judge::Pages::default(),
        };
        let begun = Instant::now();
        for index in 0..PROCESSES_MAX {
            let strike = point.strikes.get(index).copied();
            let settings = self.settings(point, index);
            let mut running = office::open(self.binary, folder, &base, &settings)?;
            served.told.processes += 1;
            let begun = Instant::now();
            let end = self.attended(&mut served, &mut running, sandbox, strike, &base)?;
            served.told.took_ms = u64::try_from(begun.elapsed().as_millis())?;
            if end == End::Killed {
                served.told.kills += 1;
                continue;
            }
            served.told.end = end;
            if end != End::Stuck {
                served.pages = judge::Pages::read(office, scene, sandbox, &base)?;
            }
            running.kill()?;
            break;
        }
        if begun.elapsed() > self.patience.whole + DELIVERED {
            served.told.end = End::Stuck;
        }
        Ok(served)
    }

    /// One process: the client goes on, the strike falls, or all is over.
    fn attended(
        &self,
        served: &mut Served,
        running: &mut Running,
        sandbox: &Sandbox,
        strike: Option<Strike>,
        base: &str,
    ) -> anyhow::Result<End> {
        let Served { door, hook, .. } = served;
        let begun = Instant::now();
        if let Some(Strike::Own(class, nth)) = strike {
            door.arm = Some(format!("{class}:{nth}"));
        }
        let struck = std::thread::scope(|scope| {
            let acts = scope.spawn(|| door.go_on());
            let struck = match strike {
                None | Some(Strike::Own(..) | Strike::Answered(_)) => None,
                Some(Strike::Delivering(nth)) => {
                    let came = || Ok(u64::try_from(hook.told().len())? >= nth);
                    match running.wait_for(self.patience.whole, came)? {
                        Some(end) => Some(end),
                        None => Some(running.kill()?),
                    }
                }
                Some(outside) => self.strike(running, sandbox, outside)?,
            };
            let next = acts
                .join()
                .map_err(|_| anyhow::anyhow!("the client panicked"))?;
            anyhow::Ok((struck, next))
        })?;
        match struck {
            (Some(end), _) => return Ok(end),
            (None, Next::Cut) => return self.gone(running),
            (None, Next::Rest) => {}
        }
        if let Some(Strike::Answered(_)) = strike {
            return running.kill();
        }
        let mut watch = Client::new(base);
        let mut still = Instant::now();
        while begun.elapsed() < self.patience.whole + DELIVERED {
            if let Some(end) = running.wait_until(Duration::ZERO)? {
                return Ok(end);
            }
            let Ok(runs) = watch.ask(&door.office.call(Ask::get(&door.runs()))) else {
                return self.gone(running);
            };
            let runs: Value = serde_json::from_slice(&runs.body)?;
            let open = judge::lines(&runs).any(|run| run["ended_at"].is_null());
            if open {
                still = Instant::now();
            }
            let told = hook.told().iter().filter(|told| told.taken).count();
            let none = judge::lines(&runs).count() == 0;
            let over = if none {
                still.elapsed() > QUIET
            } else {
                !open && (told >= door.due(&mut watch)? || still.elapsed() > DELIVERED)
            };
            if over {
                return Ok(End::Exited(0));
            }
            std::thread::sleep(LOOK);
        }
        Ok(End::Stuck)
    }

    /// A process whose connection was cut was killed; one that lives after all is a fault.
    fn gone(&self, running: &mut Running) -> anyhow::Result<End> {
        let end = running.wait_until_gone(Duration::from_secs(5))?;
        end.context("tenure serve cut a connection and lives")
    }
}

/// Whether what is struck is the web process.
pub(crate) fn is_served(story: Story) -> bool {
    matches!(story, Story::Web | Story::Api | Story::Race | Story::Link)
}

/// The path of something of the tenant in the API.
pub(crate) fn api(rest: &str) -> String {
    format!("/api/v1/tenants/{TENANT}/{rest}")
}
