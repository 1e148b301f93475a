//! A tiny world of values behind a run: replies get lost, replicas lag, processes die. Every choice comes from a tape.

use std::collections::BTreeMap;

use domain::drift::{Difference, DifferenceKind};

use super::*;
use crate::state::Phase;

/// Choices, one after the other; when the tape has ended, everything goes well.
pub(super) struct Tape {
    choices: Vec<u16>,
    at: usize,
}

impl Tape {
    pub(super) fn new(choices: Vec<u16>) -> Self {
        Self { choices, at: 0 }
    }

    pub(super) fn one_of(&mut self, count: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(choice) % count.max(1)
    }
}

/// How bad it may get.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// Replies are lost, calls have to wait, processes die: everything can still be done.
    Rough,
    /// Calls are refused, people cancel and pause, the tenant drifts.
    Harsh,
}

/// A run in its world.
pub(super) struct Play {
    pub(super) tale: Tale,
    tape: Tape,
    weather: Weather,
    /// When each change was written.
    pub(super) written: BTreeMap<(StepKey, usize), i64>,
    /// Writes of what was written before.
    pub(super) twice: usize,
    /// The operation under which each step was last touched.
    operations: BTreeMap<StepKey, String>,
    past: Vec<Event>,
    bad_reads: usize,
    least_lag: i64,
}

impl Play {
    pub(super) fn new(plan: Plan, weather: Weather, tape: Tape) -> Self {
        Self {
            tale: Tale::of(plan),
            tape,
            weather,
            written: BTreeMap::new(),
            twice: 0,
            operations: BTreeMap::new(),
            past: Vec::new(),
            bad_reads: 0,
            least_lag: 0,
        }
    }

    /// Plays until the run has ended.
    pub(super) fn play_out(&mut self) {
        if self.tale.state.outcome().is_none() && self.tale.state.started_ms.is_none() {
            let approved_until_ms = self.tale.state.approved_until_ms;
            self.tell(Event::Started {
                apart: Vec::new(),
                approved_until_ms,
            });
        }
        for _ in 0..5_000 {
            if self.tale.state.outcome().is_some() {
                return;
            }
            self.turn();
        }
        panic!("the run does not end: {:#?}", self.tale.state);
    }

    /// Plays on in good weather, if there is anything to play.
    pub(super) fn calm(&mut self) {
        self.tape = Tape::new(Vec::new());
        self.weather = Weather::Rough;
        // Good weather, but the slowest replicas.
        self.least_lag = 3_000;
        if self.tale.state.outcome().is_none() {
            self.play_out();
        }
    }

    /// One thing that people, or a dying process, do after the end. Every choice comes from this tape.
    pub(super) fn afterwards(&mut self, acts: &mut Tape) {
        self.tale.now += 5_000;
        let (by, reason) = ("Kim".to_owned(), "Seen in the portal today.".to_owned());
        let number = acts.one_of(self.tale.state.findings.len() + 1) as u32 + 1;
        let step = acts.one_of(self.tale.plan.steps.len());
        let step = self.tale.plan.steps[step].key.clone();
        let event = match acts.one_of(7) {
            0 => Event::FindingHandled { by, number, reason },
            1 => Event::FindingReopened { by, number, reason },
            2 | 3 => Event::LookAgain { by, step },
            4 if !self.past.is_empty() => {
                let at = acts.one_of(self.past.len());
                self.repeat(self.past[at].clone());
                return;
            }
            5 => Event::Recovered,
            _ => match self.tale.state.open.first() {
                Some(open) => self.carry_out(open.command.clone()),
                None => return,
            },
        };
        self.tell(event);
    }

    /// Answers every look that is under way.
    pub(super) fn look_out(&mut self) {
        while let Some(open) = self.tale.state.open.first() {
            let event = self.carry_out(open.command.clone());
            self.tell(event);
        }
    }

    fn turn(&mut self) {
        self.tale.now += 50;
        match self.tape.one_of(16) {
            12 | 13 if !self.past.is_empty() => {
                let at = self.tape.one_of(self.past.len());
                self.repeat(self.past[at].clone());
            }
            14 => self.crash(),
            15 if self.weather == Weather::Harsh => self.person(),
            _ if self.tale.state.open.is_empty() => self.tell(Event::Resumed {
                by: "Kim".to_owned(),
            }),
            _ => {
                let at = self.tape.one_of(self.tale.state.open.len());
                let command = self.tale.state.open[at].command.clone();
                let event = self.carry_out(command);
                self.tell(event);
            }
        }
    }

    /// An event comes again, though nothing is open that it could be the outcome of.
    fn repeat(&mut self, event: Event) {
        let open = |asked: &dyn Fn(&Command) -> bool| {
            self.tale.state.open.iter().any(|open| asked(&open.command))
        };
        let expected = match &event {
            Event::Observed { step, purpose, .. } => open(
                &|command| matches!(command, Command::Observe { step: s, purpose: p } if s == step && p == purpose),
            ),
            Event::Applied { step, attempt, .. } => open(
                &|command| matches!(command, Command::Apply { step: s, attempt: a, .. } if s == step && a == attempt),
            ),
            Event::DriftRead { .. } => open(&|command| *command == Command::ReadDrift),
            // What somebody asked for may be asked for again.
            _ => true,
        };
        if expected {
            return;
        }
        let before = self.tale.state.clone();
        self.tell(event);
        assert_eq!(before, self.tale.state, "a late event changed something");
    }

    /// The process dies; writes in flight may or may not have arrived.
    fn crash(&mut self) {
        for open in self.tale.state.open.clone() {
            if let Command::Apply { step, todo, .. } = open.command
                && self.tape.one_of(2) == 0
            {
                self.write(&step, &todo);
            }
        }
        self.tell(Event::Recovered);
    }

    fn person(&mut self) {
        let by = "Kim".to_owned();
        let apart = self.tale.plan.steps.iter().find(|s| s.approved_apart());
        let apart = apart.map(|spec| spec.key.clone());
        let event = match (self.tape.one_of(6), apart) {
            (0 | 1, _) => Event::Paused { by },
            (2, _) => Event::Resumed { by },
            (3, _) => Event::ClockSkew { seconds: 90 },
            (4, Some(step)) => Event::ApprovedApart { by, step },
            _ => Event::Cancelled { by },
        };
        self.tell(event);
    }

    fn write(&mut self, step: &StepKey, items: &[usize]) {
        for item in items {
            let place = (step.clone(), *item);
            if self.written.contains_key(&place) {
                self.twice += 1;
            }
            self.written.entry(place).or_insert(self.tale.now);
        }
    }

    /// A notice is known by its operation: told anew, it is another one.
    fn another_notice(&mut self, key: &StepKey) {
        let step = self.tale.state.step(key).expect("the step is planned");
        let operation = step.receipt.operation.clone();
        let before = self.operations.insert(key.clone(), operation.clone());
        if before.is_some_and(|before| before != operation) {
            self.written.retain(|(step, _), _| step != key);
        }
    }

    fn carry_out(&mut self, command: Command) -> Event {
        if let Command::Observe { step, .. } | Command::Apply { step, .. } = &command {
            self.another_notice(step);
        }
        match command {
            Command::Timer { due_ms } => {
                self.tale.now = self.tale.now.max(due_ms);
                Event::Due
            }
            Command::ReadDrift => Event::DriftRead {
                differences: self.drift(),
            },
            Command::Observe { step, purpose } => Event::Observed {
                seen: self.observe(&step),
                step,
                purpose,
                spent_ms: 10,
            },
            Command::Apply {
                step,
                attempt,
                todo,
            } => {
                let problems = self.apply(&step, &todo);
                Event::Applied {
                    step,
                    attempt,
                    applied: Applied {
                        problems,
                        ..Applied::default()
                    },
                }
            }
        }
    }

    fn drift(&mut self) -> Result<Vec<Difference>, Problem> {
        match self.tape.one_of(12) {
            10 if self.weather == Weather::Harsh => Ok(vec![Difference {
                step: None,
                kind: DifferenceKind::New,
                text: "something new".to_owned(),
            }]),
            11 if self.bad_reads < 4 => {
                self.bad_reads += 1;
                Err(problem(Class::Unknown))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn observe(&mut self, key: &StepKey) -> Result<Vec<Seen>, Problem> {
        match self.tape.one_of(12) {
            8 => return Err(problem(Class::RetryAfter { after_ms: None })),
            9 => return Err(problem(Class::Unknown)),
            10 => return Err(problem(Class::Missing)),
            11 if self.weather == Weather::Harsh => return Err(problem(Class::Denied)),
            _ => {}
        }
        let lag = self.least_lag + i64::try_from(self.tape.one_of(3_000)).unwrap();
        let lag = lag.min(3_000);
        let count = self.tale.plan.step(key).unwrap().changes.len();
        let shown = |item: usize| {
            let at = self.written.get(&(key.clone(), item));
            at.is_some_and(|at| at + lag <= self.tale.now)
        };
        let values = (0..count).map(|item| Seen::Value {
            value: if shown(item) {
                Value::Null
            } else {
                json!("in")
            },
        });
        Ok(values.collect())
    }

    fn apply(&mut self, key: &StepKey, todo: &[usize]) -> Vec<(usize, Problem)> {
        let mut problems = Vec::new();
        for item in todo {
            let class = match self.tape.one_of(16) {
                9 => {
                    self.write(key, &[*item]);
                    Class::Unknown
                }
                10 => Class::Unknown,
                11 => Class::RetryAfter { after_ms: None },
                12 => Class::RetryAfter {
                    after_ms: Some(40_000),
                },
                13 => Class::Conflict,
                14 if self.weather == Weather::Harsh => Class::Denied,
                15 if self.weather == Weather::Harsh => Class::Invalid,
                _ => {
                    self.write(key, &[*item]);
                    continue;
                }
            };
            problems.push((*item, problem(class)));
        }
        problems
    }

    fn tell(&mut self, event: Event) {
        let before = self.tale.state.clone();
        self.tale.tell(event.clone());
        self.judge(&before, &event);
        self.past.push(event);
    }

    /// What must be true after every decision, judged by the plan alone.
    fn judge(&self, before: &RunState, event: &Event) {
        let state = &self.tale.state;
        for (at, spec) in self.tale.plan.steps.iter().enumerate() {
            let writes = state.open.iter().filter(
                |open| matches!(&open.command, Command::Apply { step, .. } if *step == spec.key),
            );
            assert!(writes.count() <= 1, "{} is written twice at once", spec.key);
            let began = before.steps[at].1.status == Status::Waiting
                && matches!(state.steps[at].1.status, Status::Probing | Status::Applying);
            for edge in spec.edges.iter().filter(|_| began) {
                let other = before.step(edge.key()).unwrap();
                let now = state.step(edge.key()).unwrap();
                let holds = match edge {
                    Edge::Answered(_) => now.answered || now.status.is_settled(),
                    Edge::Needs(_) => now.status == Status::Verified,
                    Edge::After(_) => now.status.is_settled(),
                };
                assert!(holds, "{} began too early: {edge:?} {other:?}", spec.key);
            }
            assert!(
                !began || state.phase != Phase::Cancelling && !state.paused,
                "{} began though nothing new was to begin",
                spec.key
            );
            if state.steps[at].1.status == Status::Verified {
                let written = |item| self.written.contains_key(&(spec.key.clone(), item));
                assert!(
                    (0..spec.changes.len()).all(written),
                    "{} is called verified and is not",
                    spec.key
                );
            }
        }
        let withdrawn = &self.tale.last.as_ref().unwrap().withdrawn;
        let lost = before.open.iter().any(|open| {
            withdrawn.contains(&open.id) && matches!(open.command, Command::Apply { .. })
        });
        assert!(
            !lost || *event == Event::Recovered,
            "a write in flight was forgotten"
        );
    }
}
