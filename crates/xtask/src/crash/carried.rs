//! By whom a run was carried and how that went, in the words of the command and of the web process alike.

use std::path::Path;

use serde_json::{Value, json};

use super::chance::Chance;
use super::play::Stage;
use super::point::Point;
use super::process::{End, Sandbox, tenure_json};
use super::scene::Scene;
use super::served::{Served, judge};

const REPORT: &str = "report";

/// What became of a point.
#[derive(Debug)]
pub(crate) struct Played {
    /// Kills that hit a process that was still at work.
    pub(crate) kills: u64,
    /// Processes after the first.
    pub(crate) restarts: u64,
    /// Requests that met a fault of the point's own, delays aside.
    pub(crate) faults: u64,
    /// What is wrong.
    pub(crate) complaints: Vec<String>,
    /// How long the last process took after it took the run up again.
    pub(crate) took_ms: u64,
}

/// How the carrying went.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// How the last process ended.
    pub(crate) end: End,
    /// Processes that were killed at work.
    pub(crate) kills: u64,
    /// Processes in all.
    pub(crate) processes: u64,
    /// How long the last one took.
    pub(crate) took_ms: u64,
}

impl Told {
    /// Nothing was carried yet.
    pub(crate) fn nothing() -> Self {
        Self {
            end: End::Stuck,
            kills: 0,
            processes: 0,
            took_ms: 0,
        }
    }
}

impl Played {
    /// Nothing was played yet.
    pub(crate) fn nothing() -> Self {
        Self {
            kills: 0,
            restarts: 0,
            faults: 0,
            complaints: Vec::new(),
            took_ms: 0,
        }
    }
}

/// By whom a run was carried.
pub(super) enum Carried {
    /// By a command.
    Command(Told),
    /// By the web process.
    Served(Box<Served>),
}

impl Carried {
    pub(super) fn told(&self) -> &Told {
        match self {
            Self::Command(told) => told,
            Self::Served(served) => &served.told,
        }
    }

    /// How a command would have ended: the web process says it by the run alone.
    pub(super) fn end(&self, stage: &Stage<'_>, folder: &Path) -> anyhow::Result<End> {
        let Self::Served(served) = self else {
            return Ok(self.told().end);
        };
        let runs = tenure_json(stage.binary, folder, &["runs", "list"])?;
        Ok(match (served.told.end, runs[0]["outcome"].as_str()) {
            (End::Exited(_), Some("completed")) => End::Exited(0),
            (End::Exited(_), _) => End::Exited(3),
            (end, _) => end,
        })
    }

    pub(super) fn is_without_a_run(
        &self,
        stage: &Stage<'_>,
        folder: &Path,
    ) -> anyhow::Result<bool> {
        let Self::Served(_) = self else {
            return Ok(false);
        };
        let runs = tenure_json(stage.binary, folder, &["runs", "list"])?;
        Ok(runs.as_array().is_none_or(Vec::is_empty))
    }

    /// What is wrong besides the run, where the web process carried it.
    pub(super) fn complaints(
        &self,
        folder: &Path,
        scene: (&Scene, &Sandbox),
        outcome: Option<&str>,
    ) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Command(_) => Ok(Vec::new()),
            Self::Served(served) => judge::of_served(served, folder, scene, outcome),
        }
    }
}

/// The file in which the process of this number reports its hits.
pub(super) fn report_of(index: usize) -> String {
    match index {
        0 => REPORT.to_owned(),
        later => format!("{REPORT}-{later}"),
    }
}

/// Faults besides the usual unkindness, different for each point: replies lost after the work and before it, server errors.
pub(super) fn unkind(point: &Point) -> Vec<Value> {
    let mut chance = Chance::new(point.seed, &point.to_string());
    let mut rule = |effect: Value, most: u64| {
        let per_mille = chance.between(0, most);
        json!({ "effect": effect, "probability": per_mille as f64 / 1000.0 })
    };
    vec![
        rule(json!({ "do": "lose-reply" }), 60),
        rule(json!({ "do": "lose-request" }), 40),
        rule(json!({ "do": "fail-before", "status": 503 }), 40),
        rule(json!({ "do": "fail-after", "status": 504 }), 40),
    ]
}
