//! The numbers as tables that people can read, and as data.

use serde::Serialize;

use super::engine_rate::Rate;
use super::footprint::Footprint;
use super::journey::{Cost, Kind, Setting, Temper};
use super::order::Floor;
use super::{GOAL, order};

/// One journey by both.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Pair {
    /// What was set.
    pub(super) setting: Setting,
    /// What the rules alone force.
    pub(super) floor: Floor,
    /// Tenure's.
    pub(super) tenure: Cost,
    /// The script's.
    pub(super) peer: Cost,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// The binary's profile, as far as it is known.
    pub(super) profile: &'static str,
    pub(super) journeys: Vec<Pair>,
    pub(super) rate: Rate,
    pub(super) footprint: Footprint,
}

impl Report {
    /// The tables.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for kind in [Kind::Leaver, Kind::Joiner] {
            lines.extend(self.journey(kind));
        }
        lines.push(format!(
            "The engine (in this process) and a process of Tenure ({} profile):",
            self.profile
        ));
        let own = self.rate.lines().into_iter().chain(self.footprint.lines());
        lines.extend(own.map(|line| format!("  {line}")));
        lines
    }

    fn journey(&self, kind: Kind) -> Vec<String> {
        let pairs: Vec<&Pair> = self
            .journeys
            .iter()
            .filter(|pair| pair.setting.kind == kind)
            .collect();
        if pairs.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![
            match kind {
                Kind::Leaver => "The reference leaver: Tenure (everything read back) beside bench/peers/offboard.py (nothing read back).",
                Kind::Joiner => "The joiner: Tenure (everything read back) beside bench/peers/onboard.py (nothing read back).",
            }
            .to_owned(),
            "                    requests                 one after the other      seconds                     without the vendor's waits          not as it should be".to_owned(),
            "cloud   added ms    Tenure   peer   ratio    rules  Tenure   peer    Tenure    peer   ratio     rules  Tenure    peer   ratio    Tenure   peer".to_owned(),
        ];
        lines.extend(pairs.iter().map(|pair| pair.line()));
        lines.extend(goal(&pairs));
        lines.extend(troubles(&pairs));
        lines.push(format!(
            "The rules force {} round trips: {}.",
            order::floor(kind).rounds,
            order::floor(kind).chain.join(", ")
        ));
        lines.push("In the chains and the seconds, but not in the requests, are the look through all mailboxes for rights, tokens, and reads repeated while".to_owned());
        lines.push("the vendor converges. Without added latency a chain also counts requests that merely did not overlap.".to_owned());
        lines.extend(pairs.iter().map(|pair| pair.beside()));
        lines.push(String::new());
        lines
    }
}

impl Pair {
    fn temper(&self) -> &'static str {
        match self.setting.temper {
            Temper::Calm => "calm",
            Temper::Unkind => "unkind",
        }
    }

    /// The time that the rules alone would take with this latency, in seconds.
    fn floor_s(&self) -> f64 {
        self.floor.rounds as f64 * self.setting.latency_ms as f64 / 1_000.0
    }

    fn line(&self) -> String {
        let (tenure, peer) = (&self.tenure, &self.peer);
        format!(
            "{:<6}  {:>8}    {:>6}  {:>5}  {:>6.2}    {:>5}  {:>6}  {:>5}    {:>6.1}  {:>6.1}  {:>6.2}    {:>6.1}  {:>6.1}  {:>6.1}  {:>6.2}    {:>6}  {:>5}",
            self.temper(),
            self.setting.latency_ms,
            tenure.own(),
            peer.own(),
            tenure.own() as f64 / peer.own() as f64,
            self.floor.rounds,
            tenure.chain,
            peer.chain,
            tenure.seconds,
            peer.seconds,
            tenure.seconds / peer.seconds,
            self.floor_s(),
            tenure.own_s(),
            peer.own_s(),
            tenure.own_s() / peer.own_s(),
            tenure.untrue.len(),
            peer.untrue.len(),
        )
    }

    fn beside(&self) -> String {
        let one = |name: &str, cost: &Cost| {
            format!(
                "{name} {} looking, {} tokens, {} repeated, {} answered 429, {:.1} s waited",
                cost.looking, cost.tokens, cost.polls, cost.throttled, cost.waited_s
            )
        };
        format!(
            "  {:<6} {:>3} ms: {}; {}",
            self.temper(),
            self.setting.latency_ms,
            one("Tenure", &self.tenure),
            one("peer", &self.peer)
        )
    }
}

impl Cost {
    /// Requests that are the client's own choice: repeated reads depend on the vendor.
    fn own(&self) -> usize {
        self.requests - self.polls
    }

    /// Seconds that are the client's own doing.
    fn own_s(&self) -> f64 {
        self.seconds - self.waited_s
    }
}

/// Whether the chain stays within the goal, told where no wait of the vendor is in it.
fn goal(pairs: &[&Pair]) -> Option<String> {
    let pair = pairs
        .iter()
        .filter(|pair| pair.setting.temper == Temper::Calm)
        .max_by_key(|pair| pair.setting.latency_ms)?;
    let verdict = if pair.tenure.chain <= GOAL {
        "within"
    } else {
        "over"
    };
    Some(format!(
        "Tenure's longest chain without waits of the vendor: {} round trips, {verdict} the goal of {GOAL}.",
        pair.tenure.chain
    ))
}

/// What the peer left behind or could not do, each line once.
fn troubles(pairs: &[&Pair]) -> Vec<String> {
    let mut lines: Vec<String> = pairs
        .iter()
        .flat_map(|pair| {
            let left = pair
                .peer
                .untrue
                .iter()
                .map(|line| format!("  after the peer: {line}"));
            let failed = pair
                .peer
                .failed
                .iter()
                .map(|line| format!("  the peer says: {line}"));
            left.chain(failed).collect::<Vec<_>>()
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}
