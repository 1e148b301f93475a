//! Lets the planner plan, and judges what it returns: a refusal against the judge's own list, a plan in the world model.

use std::collections::BTreeMap;

use domain::plan::Plan;
use domain::planner::{self, Ask, Proposal, Refusal};
use domain::policy::Policy;
use domain::request::{Kind, Request};
use domain::spec::{Edge, StepSpec};

use super::damage::{Damage, Damages};
use super::moves::{Ground, Move};
use super::proposals::Proposals;
use super::refuse::{Whys, must_refuse};
use super::script::Script;
use super::shapes::Shape;
use super::switches::{
    self, ASSIGN, ASSIGN_REPLACES, Combination, LICENSES, LICENSES_GIVE, LICENSES_LET_GO, MOST,
    OFF, Playbook,
};
use super::world::{Course, Late};

/// What is planned with, the same for every combination.
pub(super) struct Office {
    pub(super) request: Request,
    pub(super) policy: Policy,
}

impl Office {
    /// An office that plans requests of this kind.
    ///
    /// # Errors
    /// When its policy is none.
    pub(super) fn open(kind: Kind) -> anyhow::Result<Self> {
        Ok(Self {
            request: switches::request(kind),
            policy: switches::policy()?,
        })
    }

    /// The request and the policy that a shape is planned with: its own, or the office's.
    pub(super) fn of<'a>(&'a self, shape: &'a Shape) -> (&'a Request, &'a Policy) {
        match &shape.own {
            Some(own) => (&own.0, &own.1),
            None => (&self.request, &self.policy),
        }
    }

    /// What the planner makes of a proposal.
    pub(super) fn plan(&self, shape: &Shape, proposal: Proposal) -> Result<Plan, Whys> {
        self.ask(shape, proposal)
            .map_err(|refusals| Whys::given(&refusals))
    }

    /// The machine words of the planner's refusals; none when it accepts.
    pub(super) fn refusals(&self, shape: &Shape, proposal: Proposal) -> Vec<String> {
        let refusals = self.ask(shape, proposal).err().unwrap_or_default();
        refusals.into_iter().map(|refusal| refusal.code).collect()
    }

    fn ask(&self, shape: &Shape, proposal: Proposal) -> Result<Plan, Vec<Refusal>> {
        let (request, policy) = self.of(shape);
        let ask = Ask {
            request,
            directory: "directory",
            policy,
            policy_digest: "policy",
            facts: &shape.facts,
            at: None,
            around: domain::planner::Around::default(),
        };
        planner::plan(&ask, proposal)
    }
}

/// A spec and its translation.
type Translated = (StepSpec, Move);

/// One shape with everything that can be proposed in it.
pub(super) struct Tenant<'a> {
    pub(super) shape: &'a Shape,
    pub(super) proposals: Proposals,
    ground: Ground<'a>,
    /// By step and variant.
    moves: Vec<Vec<Vec<Translated>>>,
    /// What is expected of each key, as far as it was met.
    known: Vec<Option<Whys>>,
    /// Every different thing to judge.
    pub(super) cases: Vec<Case>,
}

/// What to judge: a key, what is expected of it, and the first combination that amounts to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    key: u32,
    whys: Whys,
    /// Whether the switches ask for licences to be given back.
    may_free: bool,
    switches: Combination,
}

/// What was counted, and what was wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) plans: u64,
    pub(super) refusals: u64,
    pub(super) courses: u64,
    pub(super) violations: u64,
    /// Plans that were the business of each rule.
    pub(super) mattered: [u64; 19],
    /// Violations by sort: how many, and the first one in full.
    pub(super) sorts: BTreeMap<String, (u64, String)>,
}

impl Tally {
    /// Adds another's counts.
    pub(super) fn join(&mut self, other: Self) {
        self.plans += other.plans;
        self.refusals += other.refusals;
        self.courses += other.courses;
        self.violations += other.violations;
        for (mine, theirs) in self.mattered.iter_mut().zip(other.mattered) {
            *mine += theirs;
        }
        for (sort, (count, first)) in other.sorts {
            self.sorts.entry(sort).or_insert((0, first)).0 += count;
        }
    }

    /// Counts a violation, and keeps the first of its sort in full.
    pub(super) fn violate(&mut self, sort: String, tell: impl FnOnce() -> String) {
        self.violations += 1;
        self.sorts.entry(sort).or_insert_with(|| (0, tell())).0 += 1;
    }

    fn matters(&mut self, rules: u32) {
        for (at, count) in self.mattered.iter_mut().enumerate() {
            *count += u64::from(rules >> at & 1);
        }
    }
}

impl<'a> Tenant<'a> {
    /// Measures the steps in a shape.
    ///
    /// # Errors
    /// When the steps cannot be asked.
    pub(super) fn survey(shape: &'a Shape, office: &Office) -> anyhow::Result<Self> {
        let proposals = Proposals::measure(shape, office)?;
        let mut ground = Ground::of(shape, shape.kind);
        let moves = proposals.translate(&mut |spec| (spec.clone(), ground.translate(spec, true)));
        Ok(Self {
            shape,
            proposals,
            ground,
            moves,
            known: Vec::new(),
            cases: Vec::new(),
        })
    }

    /// Goes through all combinations and keeps what is different about them; gives how many were gone through one by one.
    ///
    /// Switches of which the measure shows that they change no proposal are moved together: all off, then all in their last state.
    ///
    /// # Errors
    /// When there are more keys than numbers for them.
    pub(super) fn gather_all(&mut self) -> anyhow::Result<usize> {
        let (book, live) = (Playbook::of(self.shape.kind), self.proposals.live());
        let mut gone_through = self.gather(book.every(live.clone(), [OFF; MOST]))?;
        if live.len() < book.count() {
            gone_through += self.gather(book.every(live, book.all_last()))?;
        }
        Ok(gone_through)
    }

    /// Goes through combinations and keeps what is different about them; gives how many there were.
    ///
    /// # Errors
    /// When there are more keys than numbers for them.
    pub(super) fn gather(
        &mut self,
        combinations: impl Iterator<Item = Combination>,
    ) -> anyhow::Result<usize> {
        if self.known.is_empty() {
            self.known = vec![None; 2 * self.proposals.keys()];
        }
        let mut count = 0;
        for switches in combinations {
            count += 1;
            let key = self.proposals.key(&switches);
            let may_free = match self.shape.kind {
                Kind::Onboard => switches[ASSIGN] == ASSIGN_REPLACES,
                _ => {
                    matches!(switches[LICENSES], LICENSES_GIVE | LICENSES_LET_GO)
                        || self.proposals.is_silent(LICENSES, &switches)
                }
            };
            let whys = must_refuse(self.shape, &switches);
            let place = 2 * key + usize::from(may_free);
            // Two combinations of one key get one answer. If two different ones are expected, both are judged, and one fails.
            if self.known[place] != Some(whys) {
                self.known[place] = Some(whys);
                self.cases.push(Case {
                    key: u32::try_from(key)?,
                    whys,
                    may_free,
                    switches,
                });
            }
        }
        Ok(count)
    }

    /// Judges one case.
    pub(super) fn judge(&self, office: &Office, case: Case, tally: &mut Tally) {
        let key = case.key as usize;
        match office.plan(self.shape, self.proposals.proposal(key)) {
            Err(whys) => {
                if whys == case.whys {
                    tally.refusals += 1;
                } else {
                    let [given, expected] = [whys, case.whys].map(Whys::words);
                    let sort = format!("refused for {given}; on the list for {expected}");
                    tally.violate(format!("{}: {sort}", self.shape.name), || {
                        format!("{}  {sort}\n", self.told(case))
                    });
                }
            }
            Ok(plan) => {
                tally.plans += 1;
                if !case.whys.is_empty() {
                    let sort = format!("accepted; on the list for {}", case.whys.words());
                    tally.violate(format!("{}: {sort}", self.shape.name), || {
                        format!("{}  {sort}\n", self.told(case))
                    });
                }
                self.judge_plan(&plan, case, tally);
            }
        }
    }

    fn judge_plan(&self, plan: &Plan, case: Case, tally: &mut Tally) {
        let mut proposed: Vec<&Translated> = Vec::with_capacity(plan.steps.len());
        for (variants, variant) in self
            .moves
            .iter()
            .zip(self.proposals.places(case.key as usize))
        {
            proposed.extend(&variants[variant]);
        }
        let mut altered = plan.steps.len() != proposed.len();
        let mut moves = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let Some((spec, moved)) = proposed.iter().find(|(spec, _)| spec.key == step.key) else {
                altered = true;
                continue;
            };
            altered |= spec.effects != step.effects || spec.changes != step.changes;
            moves.push(moved);
        }
        if altered {
            let mut damages = Damages::default();
            damages.add(Damage::Altered);
            return violate(tally, damages, self.shape, || {
                format!("{}{}", self.told(case), told(plan, None, damages))
            });
        }
        let script = script(&self.ground, plan, moves);
        let seen = replay(&script, plan, case.may_free, tally);
        for (damages, went) in seen {
            violate(tally, damages, self.shape, || {
                format!("{}{}", self.told(case), told(plan, went, damages))
            });
        }
    }

    fn told(&self, case: Case) -> String {
        format!(
            "{}\n  {}\n",
            self.shape.name,
            Playbook::of(self.shape.kind).words(self.shape, &case.switches)
        )
    }
}

/// A plan as the world model reads it.
pub(super) fn script<'a>(
    ground: &'a Ground<'a>,
    plan: &'a Plan,
    moves: Vec<&'a Move>,
) -> Script<'a> {
    let edges = plan.steps.iter().map(|step| step.edges.as_slice());
    Script::new(ground, moves.into_iter().zip(edges), |key| {
        plan.steps.iter().position(|step| step.key == *key)
    })
}

/// A course that was taken, with the steps that began in each round.
pub(super) type Went = Option<(Course, Vec<u32>)>;

/// Replays a plan in every course; the damage that each course adds, and the damage that needs none.
pub(super) fn replay(
    script: &Script<'_>,
    plan: &Plan,
    may_free: bool,
    tally: &mut Tally,
) -> Vec<(Damages, Went)> {
    tally.matters(script.matters());
    let mut seen = script.standing(&plan.remarks, may_free);
    let mut found = Vec::new();
    if !seen.is_empty() {
        found.push((seen, None));
    }
    for course in script.courses() {
        tally.courses += 1;
        let damages = script.play(course, None);
        if !seen.covers(damages) {
            seen.join(damages);
            let mut rounds = Vec::new();
            script.play(course, Some(&mut rounds));
            found.push((damages, Some((course, rounds))));
        }
    }
    found
}

/// Counts a plan's damage as a violation.
pub(super) fn violate(
    tally: &mut Tally,
    damages: Damages,
    shape: &Shape,
    tell: impl FnOnce() -> String,
) {
    let says: Vec<&str> = damages.told().map(|(_, says)| says).collect();
    tally.violate(format!("{}: {}", shape.name, says.join("; ")), tell);
}

/// A plan, a course and its damage, for people.
pub(super) fn told(plan: &Plan, went: Went, damages: Damages) -> String {
    let name = |at: usize| plan.steps[at].key.as_str();
    let mut lines = vec!["  plan".to_owned()];
    lines.extend(plan.steps.iter().map(|step| {
        let edges: Vec<String> = step.edges.iter().map(waits).collect();
        format!(
            "    {}: {}",
            step.key,
            if edges.is_empty() {
                "at once".to_owned()
            } else {
                edges.join(", ")
            }
        )
    }));
    if let Some((course, rounds)) = went {
        let fails = course.fails.map(|at| format!("{} fails", name(at)));
        let late = course.late.map(|late| match late {
            Late::Begin(at) => format!("{} begins as late as it can", name(at)),
            Late::Settle(at) => format!("{} is settled as late as it can", name(at)),
        });
        let how: Vec<String> = fails.into_iter().chain(late).collect();
        lines.push(format!(
            "  course: {}",
            if how.is_empty() {
                "all succeed".to_owned()
            } else {
                how.join(", ")
            }
        ));
        for (number, round) in rounds.iter().enumerate() {
            let began: Vec<&str> = (0..plan.steps.len())
                .filter(|at| round & (1 << at) != 0)
                .map(name)
                .collect();
            lines.push(format!("  round {}: {}", number + 1, began.join(", ")));
        }
    }
    for (rule, says) in damages.told() {
        lines.push(format!("  damage (rule {rule}): {says}"));
    }
    lines.join("\n") + "\n"
}

fn waits(edge: &Edge) -> String {
    match edge {
        Edge::Answered(key) => format!("once {key} is answered"),
        Edge::After(key) => format!("after {key}"),
        Edge::Needs(key) => format!("needs {key}"),
    }
}
