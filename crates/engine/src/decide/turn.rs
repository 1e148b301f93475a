//! The working copy of a run while one event is decided: the only place that gives and takes back commands and opens findings.

use domain::StepKey;
use domain::plan::{Plan, is_containment};
use domain::spec::{Effect, StepSpec};
use uuid::Uuid;

use crate::decide::{Decision, leaves};
use crate::hands::{Class, Problem};
use crate::journal::Pending;
use crate::state::{Command, Finding, Hold, Phase, RunState, Status, StepRun};

/// How long replicas of a directory may lag; what reads oddly is read once more after this long.
pub(super) const LAG_MS: i64 = 4_000;
/// How long a clean drift read stands for a probe.
pub(super) const FRESH_MS: i64 = 30_000;
/// Reads that are due this close together are made together, so that connectors can gather them.
pub(super) const GATHER_MS: i64 = 400;
/// No back-off and no wait between reads is longer than this without the vendor asking for it.
const LONGEST_BACK_OFF_MS: i64 = 300_000;
const FIRST_BACK_OFF_MS: i64 = 1_500;

/// One event being decided.
pub(super) struct Turn<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: i64,
    pub(super) state: RunState,
    commands: Vec<Pending>,
    withdrawn: Vec<u64>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(plan: &'a Plan, state: &RunState, now: i64) -> Self {
        Self {
            plan,
            now,
            state: state.clone(),
            commands: Vec::new(),
            withdrawn: Vec::new(),
        }
    }

    pub(super) fn finish(self, before: &RunState) -> Decision {
        let leaves = leaves::between(self.plan, before, &self.state, &self.commands);
        Decision {
            state: self.state,
            commands: self.commands,
            withdrawn: self.withdrawn,
            leaves,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.state.steps.len()
    }

    pub(super) fn position(&self, key: &StepKey) -> Option<usize> {
        self.plan.position(key)
    }

    pub(super) fn planned(&self, at: usize) -> &'a StepSpec {
        &self.plan.steps[at]
    }

    pub(super) fn spec(&self, at: usize) -> &StepSpec {
        self.step(at).effective(self.planned(at))
    }

    pub(super) fn step(&self, at: usize) -> &StepRun {
        &self.state.steps[at].1
    }

    pub(super) fn step_mut(&mut self, at: usize) -> &mut StepRun {
        &mut self.state.steps[at].1
    }

    pub(super) fn contains(&self, at: usize) -> bool {
        is_containment(self.planned(at))
    }

    pub(super) fn cancelling(&self) -> bool {
        self.state.phase == Phase::Cancelling
    }

    /// Attempts since the run began or was last retried.
    pub(super) fn attempts(&self, at: usize) -> u32 {
        let step = self.step(at);
        step.receipt.attempts - step.attempts_before
    }

    /// Indices of the changes that are still wanted.
    pub(super) fn wanted(&self, at: usize) -> Vec<usize> {
        let refused = &self.step(at).refused;
        (0..self.spec(at).changes.len())
            .filter(|index| !refused.contains(index))
            .collect()
    }

    /// Gives a command.
    pub(super) fn issue(&mut self, command: Command) {
        let pending = Pending {
            id: self.state.next_command,
            command,
        };
        self.state.next_command += 1;
        self.state.open.push(pending.clone());
        self.commands.push(pending);
    }

    /// Takes the open command that this event is the outcome of; false when there is none, so that the event is out of date.
    pub(super) fn settle(&mut self, asked: impl Fn(&Command) -> bool) -> bool {
        let found = self.state.open.iter().position(|open| asked(&open.command));
        found.map(|at| self.state.open.remove(at)).is_some()
    }

    /// Takes back open commands.
    pub(super) fn withdraw(&mut self, unwanted: impl Fn(&Command) -> bool) -> Vec<Command> {
        let (gone, kept) = std::mem::take(&mut self.state.open)
            .into_iter()
            .partition(|open| unwanted(&open.command));
        self.state.open = kept;
        let gone: Vec<Pending> = gone;
        for open in &gone {
            // A command of this very turn was never handed out.
            let given = self.commands.len();
            self.commands.retain(|own| own.id != open.id);
            if self.commands.len() == given {
                self.withdrawn.push(open.id);
            }
        }
        gone.into_iter().map(|open| open.command).collect()
    }

    /// Opens a finding, unless the same one is open.
    pub(super) fn find(&mut self, step: Option<usize>, kind: &str, text: String) {
        let access = step.is_some_and(|at| self.planned(at).closes_access());
        let step = step.map(|at| self.planned(at).key.clone());
        let twin = |finding: &&Finding| {
            finding.step == step && finding.kind == kind && finding.text == text
        };
        if self.state.open_findings().any(|finding| twin(&finding)) {
            return;
        }
        let number = self.state.findings.len() as u32 + 1;
        let opened = Finding {
            access,
            ..Finding::opened(number, step, kind, text, self.now)
        };
        self.state.findings.push(opened);
    }

    /// Closes findings, and says how.
    pub(super) fn close_findings(&mut self, which: impl Fn(&Finding) -> bool, how: &str) {
        let now = self.now;
        for finding in &mut self.state.findings {
            if finding.closed.is_none() && which(finding) {
                finding.closed = Some((now, how.to_owned()));
            }
        }
    }

    /// The step failed for good, and a person has to know.
    pub(super) fn fail(&mut self, at: usize, kind: &str, text: String) {
        self.step_mut(at).status = Status::Failed;
        self.find(Some(at), kind, text);
    }

    /// The step waits for something that this run cannot give itself.
    pub(super) fn hold(&mut self, at: usize, hold: Hold, because: String) {
        let step = self.step_mut(at);
        step.status = Status::Held { because };
        step.hold = Some(hold);
    }

    /// The step and the objects of these changes, as a person knows them.
    pub(super) fn name(&self, at: usize, items: &[usize]) -> String {
        let spec = self.spec(at);
        if items.len() == spec.changes.len() {
            return spec.summary.clone();
        }
        let mut names: Vec<&str> = items
            .iter()
            .map(|index| spec.changes[*index].object.name.as_str())
            .collect();
        names.dedup();
        format!("{} ({})", spec.summary, names.join(", "))
    }

    /// A back-off in milliseconds before try `n + 1`: it grows, is jittered by what is tried, and is never shorter than the
    /// vendor asks.
    pub(super) fn back_off(&self, seed: &str, n: u32, problem: Option<&Problem>) -> i64 {
        let jitter = jitter(seed, n);
        let asked = match problem.map(|problem| problem.class) {
            Some(Class::RetryAfter { after_ms }) => after_ms,
            _ => None,
        };
        if let Some(after_ms) = asked {
            return i64::try_from(after_ms).unwrap_or(i64::MAX / 4) + 100 + jitter * 400 / 1024;
        }
        let grown = FIRST_BACK_OFF_MS.saturating_mul(1 << n.saturating_sub(1).min(20));
        let bounded = grown.min(LONGEST_BACK_OFF_MS);
        bounded - bounded / 4 * jitter / 1024
    }

    pub(super) fn seed(&self, at: usize) -> &str {
        &self.step(at).receipt.operation
    }
}

/// 0 to 1023, the same for the same operation and try.
fn jitter(seed: &str, n: u32) -> i64 {
    let bits = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{seed}/{n}").as_bytes()).as_u128();
    i64::try_from(bits % 1024).expect("a remainder of 1024 is small")
}

/// The finding kind that a problem's class stands for.
pub(super) fn kind_of(problem: &Problem) -> &'static str {
    match problem.class {
        Class::Denied => "denied",
        _ => "failed",
    }
}

/// Whether the step tells people how the run ended.
pub(super) fn tells(spec: &StepSpec) -> bool {
    spec.has(|effect| matches!(effect, Effect::Notifies | Effect::ClosesTicket))
}

/// Whether the step belongs to the end of the run rather than to what comes before it: it waits for no approval of others.
pub(super) fn closes(spec: &StepSpec) -> bool {
    tells(spec) || spec.has(|effect| *effect == Effect::EndsSessionsAgain)
}
