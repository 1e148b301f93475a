//! Tests of the decision: what it does in the cases that matter, and what it never does in any order of events.

mod cases;
mod closing;
mod findings;
mod orders;
mod world;

use domain::plan::{ApprovalNeed, FORMAT, Plan};
use domain::request::Kind;
use domain::spec::{
    Budget, Change, Edge, Effect, Expect, ObjectKind, ObjectRef, Reversal, StepSpec,
};
use domain::{ObjectId, RequestId, RunId, StepKey, TenantId};
use serde_json::{Value, json};

use super::{Decision, decide};
use crate::hands::{Applied, Class, Problem, Purpose, Seen};
use crate::state::{Command, Event, RunState, Status};

/// A step that removes these members.
pub(super) fn step(key: &str, effect: Effect, items: &[&str]) -> StepSpec {
    StepSpec {
        key: StepKey::from(key),
        step: key.to_owned(),
        version: 1,
        summary: format!("Do {key}"),
        params: Value::Null,
        changes: items.iter().map(|item| change(key, item)).collect(),
        effects: vec![effect],
        edges: Vec::new(),
        budget: Budget {
            converge_ms: 60_000,
            poll_ms: 1_000,
            attempts: 5,
        },
        permissions: Vec::new(),
        may_grow: true,
        not_before: None,
        by_hand: None,
    }
}

pub(super) fn change(key: &str, item: &str) -> Change {
    let id = ObjectId::new(format!("{key}/{item}"));
    Change {
        object: ObjectRef::new(ObjectKind::Group, &id, item),
        property: "member".to_owned(),
        now: json!("in"),
        after: Expect::absent(),
        reversal: Reversal::Return,
    }
}

pub(crate) fn ordinary(key: &str, items: &[&str]) -> StepSpec {
    step(key, Effect::RemovesRules, items)
}

pub(super) fn after(mut spec: StepSpec, keys: &[&str]) -> StepSpec {
    let edges = keys.iter().map(|key| Edge::After(StepKey::from(*key)));
    spec.edges.extend(edges);
    spec
}

pub(super) fn needs(mut spec: StepSpec, keys: &[&str]) -> StepSpec {
    let edges = keys.iter().map(|key| Edge::Needs(StepKey::from(*key)));
    spec.edges.extend(edges);
    spec
}

pub(super) fn answered(mut spec: StepSpec, keys: &[&str]) -> StepSpec {
    let edges = keys.iter().map(|key| Edge::Answered(StepKey::from(*key)));
    spec.edges.extend(edges);
    spec
}

pub(super) fn apart(mut spec: StepSpec) -> StepSpec {
    for change in &mut spec.changes {
        change.reversal = Reversal::ApprovedApart("it is gone for good".to_owned());
    }
    spec
}

pub(crate) fn plan(steps: Vec<StepSpec>) -> Plan {
    let person = ObjectId::from("person");
    Plan {
        format: FORMAT,
        tenant: TenantId::from("contoso"),
        directory: "directory".to_owned(),
        request: RequestId::from("request"),
        kind: Kind::Offboard,
        person: ObjectRef::new(ObjectKind::Person, &person, "Ada"),
        upn: "ada@contoso.example".to_owned(),
        at: None,
        steps,
        remarks: Vec::new(),
        policy: "policy".to_owned(),
        requester: "hr".to_owned(),
        approval: ApprovalNeed::default(),
        removals_may_grow: true,
        reserves: Vec::new(),
        follow_up: None,
        only: None,
        review: None,
    }
}

pub(super) fn problem(class: Class) -> Problem {
    Problem {
        class,
        message: "The cloud said no.".to_owned(),
        request_id: None,
    }
}

pub(super) const START: i64 = 1_000_000;

/// A run being told, event by event.
pub(super) struct Tale {
    pub(super) plan: Plan,
    pub(super) state: RunState,
    pub(super) now: i64,
    pub(super) last: Option<Decision>,
}

impl Tale {
    pub(super) fn of(plan: Plan) -> Self {
        let run = RunId::from("run");
        let state = RunState::new(run, &plan, Vec::new(), START + 86_400_000);
        Self {
            plan,
            state,
            now: START,
            last: None,
        }
    }

    /// A run of ordinary steps, as far as its clean drift read.
    pub(super) fn begun(steps: Vec<StepSpec>) -> Self {
        let mut tale = Self::of(plan(steps));
        assert_eq!(tale.start(), [Command::ReadDrift]);
        tale
    }

    pub(super) fn start(&mut self) -> Vec<Command> {
        self.tell(Event::Started {
            apart: Vec::new(),
            approved_until_ms: self.state.approved_until_ms,
        })
    }

    pub(super) fn tell(&mut self, event: Event) -> Vec<Command> {
        let decision = decide(&self.plan, &self.state, &event, self.now);
        self.state = decision.state.clone();
        let commands = decision.commands.iter().map(|c| c.command.clone());
        let commands = commands.collect();
        self.last = Some(decision);
        commands
    }

    pub(super) fn clean(&mut self) -> Vec<Command> {
        self.tell(Event::DriftRead {
            differences: Ok(Vec::new()),
        })
    }

    /// Waits until the next timer is due.
    pub(super) fn wait(&mut self) -> Vec<Command> {
        let due = self.state.next_due_ms().expect("something is due");
        self.now = self.now.max(due);
        self.tell(Event::Due)
    }

    pub(super) fn applied(&mut self, key: &str, problems: &[(usize, Class)]) -> Vec<Command> {
        let attempt = self.status_of(key).1;
        let problems = problems.iter().map(|(at, class)| (*at, problem(*class)));
        self.tell(Event::Applied {
            step: StepKey::from(key),
            attempt,
            applied: Applied {
                problems: problems.collect(),
                ..Applied::default()
            },
        })
    }

    pub(super) fn seen(&mut self, key: &str, purpose: Purpose, values: &[Value]) -> Vec<Command> {
        let seen = values.iter().map(|value| Seen::Value {
            value: value.clone(),
        });
        self.tell(Event::Observed {
            step: StepKey::from(key),
            purpose,
            seen: Ok(seen.collect()),
            spent_ms: 1_000,
        })
    }

    pub(super) fn unseen(&mut self, key: &str, purpose: Purpose, class: Class) -> Vec<Command> {
        self.tell(Event::Observed {
            step: StepKey::from(key),
            purpose,
            seen: Err(problem(class)),
            spent_ms: 1_000,
        })
    }

    /// Writes and verifies a step whose write is in flight.
    pub(super) fn through(&mut self, key: &str) -> Vec<Command> {
        let count = self.state.step(&StepKey::from(key)).unwrap().todo.len();
        self.applied(key, &[]);
        self.seen(key, Purpose::Verify, &vec![Value::Null; count])
    }

    fn status_of(&self, key: &str) -> (&Status, u32) {
        let step = self.state.step(&StepKey::from(key)).unwrap();
        (&step.status, step.receipt.attempts)
    }

    pub(super) fn status(&self, key: &str) -> &Status {
        self.status_of(key).0
    }

    pub(super) fn kinds(&self) -> Vec<&str> {
        let open = self.state.open_findings();
        open.map(|finding| finding.kind.as_str()).collect()
    }

    pub(super) fn leaves(&self) -> Vec<&str> {
        let leaves = &self.last.as_ref().expect("something was told").leaves;
        leaves.iter().map(|leaf| leaf.kind.as_str()).collect()
    }
}

pub(super) fn write(key: &str, attempt: u32, todo: &[usize]) -> Command {
    Command::Apply {
        step: StepKey::from(key),
        attempt,
        todo: todo.to_vec(),
    }
}

pub(super) fn read(key: &str, purpose: Purpose) -> Command {
    Command::Observe {
        step: StepKey::from(key),
        purpose,
    }
}
