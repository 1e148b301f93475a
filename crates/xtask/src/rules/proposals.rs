//! What each step proposes under every combination, asked once per state of the switches that it looks at.
//!
//! Which switches a step looks at is measured, not read from its code. From all others off, all others on and all others at their
//! last setting, each switch is moved through its states, alone and with any second one moved first; a switch whose move
//! changes what the step proposes is one that it looks at. A step that looked at a switch only while two others stood in
//! certain states would escape that. So what is put together from the cache is also held against `steps::propose` itself, and
//! the planner's answer to it against the answer to the whole proposal, on combinations drawn evenly over all of them.

use anyhow::{Context as _, ensure};
use domain::planner::{Proposal, Refusal};
use domain::spec::StepSpec;
use serde_json::Value;
use steps::{Step, Wish};

use super::judge::Office;
use super::shapes::Shape;
use super::switches::{Combination, MOST, OFF, Playbook};

/// How many combinations of a shape are held against the steps themselves.
const DRAWN: usize = 400;

/// What a step proposes in one way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variant {
    /// The specs, without the texts that only people read.
    pub(super) specs: Vec<StepSpec>,
    /// Why it proposes nothing.
    pub(super) refusals: Vec<Refusal>,
}

/// One step's proposals.
struct Table {
    /// The other steps whose switches it looks at.
    looks_at: Vec<usize>,
    /// The variant by own state and the states looked at, and what it adds to a key.
    variant_of: Vec<u8>,
    adds: Vec<usize>,
    variants: Vec<Variant>,
}

/// What every step of a shape proposes under every combination.
pub(super) struct Proposals {
    playbook: &'static Playbook,
    tables: Vec<Table>,
}

/// Asks one step, as `steps::propose` does.
struct Asker<'a> {
    shape: &'a Shape,
    office: &'a Office,
    playbook: &'static Playbook,
}

impl Asker<'_> {
    fn ask(&self, step: usize, combination: &Combination) -> anyhow::Result<Proposal> {
        let mut out = Proposal::default();
        let switches = self.playbook.switches(self.shape, combination);
        let name = self.playbook.steps[step];
        let Some(settings) = switches.get(name) else {
            return Ok(out);
        };
        let step: &dyn Step = steps::find(name).with_context(|| format!("there is no {name}"))?;
        let (request, policy) = self.office.of(self.shape);
        step.propose(
            &Wish {
                request,
                policy,
                facts: &self.shape.facts,
                settings,
                switches: &switches,
            },
            &mut out,
        );
        Ok(out)
    }

    /// The switches whose move changes what this step proposes.
    fn looks_at(&self, step: usize) -> anyhow::Result<Vec<usize>> {
        let (mut seen, book) = ([false; MOST], self.playbook);
        for own in 1..book.states(step) {
            for rest in [[OFF; MOST], book.all_on(), book.all_last()] {
                let mut base: Combination = rest;
                base[step] = own;
                self.moves(step, &base, &mut seen)?;
                for second in (0..book.count()).filter(|&second| second != step) {
                    for state in (0..book.states(second)).filter(|&state| state != base[second]) {
                        let mut moved = base;
                        moved[second] = state;
                        self.moves(step, &moved, &mut seen)?;
                    }
                }
            }
        }
        Ok((0..book.count()).filter(|&other| seen[other]).collect())
    }

    fn moves(
        &self,
        step: usize,
        from: &Combination,
        seen: &mut [bool; MOST],
    ) -> anyhow::Result<()> {
        let mut before = None;
        for other in (0..self.playbook.count()).filter(|&other| other != step) {
            if seen[other] {
                continue;
            }
            for state in (0..self.playbook.states(other)).filter(|&state| state != from[other]) {
                if before.is_none() {
                    before = Some(self.ask(step, from)?);
                }
                let mut moved = *from;
                moved[other] = state;
                seen[other] |= Some(self.ask(step, &moved)?) != before;
            }
        }
        Ok(())
    }

    fn table(&self, step: usize) -> anyhow::Result<Table> {
        let looks_at = self.looks_at(step)?;
        let mut table = Table {
            variant_of: Vec::new(),
            adds: Vec::new(),
            variants: vec![Variant::of(Proposal::default())],
            looks_at,
        };
        let radices: Vec<usize> = table
            .looked(step)
            .map(|step| usize::from(self.playbook.states(step)))
            .collect();
        for mut number in 0..radices.iter().product() {
            let mut combination = [OFF; MOST];
            for (step, radix) in table.looked(step).zip(&radices) {
                combination[step] = u8::try_from(number % radix)?;
                number /= radix;
            }
            let variant = Variant::of(self.ask(step, &combination)?);
            let known = table.variants.iter().position(|known| *known == variant);
            let place = known.unwrap_or_else(|| {
                table.variants.push(variant);
                table.variants.len() - 1
            });
            table.variant_of.push(u8::try_from(place)?);
        }
        Ok(table)
    }
}

impl Variant {
    /// What matters of a proposal: no rule speaks of summaries, parameters, permissions or a step's own remarks.
    fn of(proposal: Proposal) -> Self {
        let specs = proposal.specs.into_iter().map(|spec| StepSpec {
            summary: String::new(),
            params: Value::Null,
            permissions: Vec::new(),
            ..spec
        });
        Self {
            specs: specs.collect(),
            refusals: proposal.refusals,
        }
    }
}

impl Table {
    /// The step itself and those it looks at.
    fn looked(&self, step: usize) -> impl Iterator<Item = usize> {
        std::iter::once(step).chain(self.looks_at.iter().copied())
    }

    fn place(&self, book: &Playbook, step: usize, combination: &Combination) -> usize {
        let mut place = usize::from(combination[step]);
        let mut radix = usize::from(book.states(step));
        for &step in &self.looks_at {
            place += usize::from(combination[step]) * radix;
            radix *= usize::from(book.states(step));
        }
        place
    }
}

impl Proposals {
    /// Measures and asks every step.
    ///
    /// # Errors
    /// When a step is missing, or proposes something else when asked together with the others.
    pub(super) fn measure(shape: &Shape, office: &Office) -> anyhow::Result<Self> {
        let playbook = Playbook::of(shape.kind);
        let known = steps::ALL
            .iter()
            .map(|step| step.about())
            .filter(|about| about.kinds.contains(&playbook.kind))
            .map(|about| about.name);
        ensure!(
            known.eq(playbook.steps.iter().copied()),
            "the judge knows other steps than there are"
        );
        let asker = Asker {
            shape,
            office,
            playbook,
        };
        let tables: anyhow::Result<Vec<Table>> = (0..playbook.count())
            .map(|step| asker.table(step))
            .collect();
        let mut proposals = Self {
            playbook,
            tables: tables?,
        };
        let mut radix = 1;
        for table in &mut proposals.tables {
            table.adds = table
                .variant_of
                .iter()
                .map(|&variant| usize::from(variant) * radix)
                .collect();
            radix *= table.variants.len();
        }
        proposals.prove(&asker)?;
        Ok(proposals)
    }

    /// Holds what was put together against the steps themselves.
    fn prove(&self, asker: &Asker<'_>) -> anyhow::Result<()> {
        // An odd stride moves every switch.
        let book = self.playbook;
        let stride = (book.combinations() / DRAWN) | 1;
        let drawn =
            (0..DRAWN).map(|number| book.combination(number * stride % book.combinations()));
        for combination in drawn.chain([book.all_on(), book.all_last()]) {
            let switches = book.switches(asker.shape, &combination);
            let (request, policy) = asker.office.of(asker.shape);
            let whole = steps::propose(request, policy, &asker.shape.facts, &switches);
            let cached = self.proposal(self.key(&combination));
            let told = || {
                format!(
                    "{}: {}",
                    asker.shape.name,
                    book.words(asker.shape, &combination)
                )
            };
            ensure!(
                Variant::of(whole.clone()) == Variant::of(cached.clone()),
                "what the steps propose together differs from what they propose alone ({})",
                told()
            );
            let [whole, cached] = [whole, cached].map(|proposal| {
                asker.office.plan(asker.shape, proposal).map(|plan| {
                    let edges = plan
                        .steps
                        .into_iter()
                        .map(|step| (step.key, step.effects, step.edges));
                    edges.collect::<Vec<_>>()
                })
            });
            ensure!(
                whole == cached,
                "the planner reads the texts that were left out ({})",
                told()
            );
        }
        Ok(())
    }

    /// How many different keys there can be.
    pub(super) fn keys(&self) -> usize {
        self.tables
            .iter()
            .map(|table| table.variants.len())
            .product()
    }

    /// What a combination amounts to: which variant each step proposes, as one number.
    pub(super) fn key(&self, combination: &Combination) -> usize {
        let tables = self.tables.iter().enumerate();
        tables
            .map(|(step, table)| table.adds[table.place(self.playbook, step, combination)])
            .sum()
    }

    /// Whether a step proposes nothing and refuses nothing.
    pub(super) fn is_silent(&self, step: usize, combination: &Combination) -> bool {
        let table = &self.tables[step];
        table.variant_of[table.place(self.playbook, step, combination)] == 0
    }

    /// The switches whose move changes what any step proposes here. The others' own steps have nothing to do in this shape whatever they
    /// are set to, and no other step looks at them.
    pub(super) fn live(&self) -> Vec<usize> {
        let matters = |step: &usize| {
            self.tables[*step].variants.len() > 1
                || self
                    .tables
                    .iter()
                    .any(|table| table.looks_at.contains(step))
        };
        (0..self.playbook.count()).filter(matters).collect()
    }

    /// The variant of each step that a key stands for.
    pub(super) fn places(&self, mut key: usize) -> impl Iterator<Item = usize> {
        self.tables.iter().map(move |table| {
            let place = key % table.variants.len();
            key /= table.variants.len();
            place
        })
    }

    /// Every spec of every variant, translated.
    pub(super) fn translate<T>(&self, of: &mut impl FnMut(&StepSpec) -> T) -> Vec<Vec<Vec<T>>> {
        let variant = |variant: &Variant, of: &mut _| variant.specs.iter().map(of).collect();
        self.tables
            .iter()
            .map(|table| {
                table
                    .variants
                    .iter()
                    .map(|each| variant(each, &mut *of))
                    .collect()
            })
            .collect()
    }

    /// The proposal that a key stands for, as the planner takes it.
    pub(super) fn proposal(&self, key: usize) -> Proposal {
        let mut proposal = Proposal::default();
        for (table, place) in self.tables.iter().zip(self.places(key)) {
            let variant = &table.variants[place];
            proposal.specs.extend(variant.specs.iter().cloned());
            for refusal in &variant.refusals {
                if !proposal.refusals.contains(refusal) {
                    proposal.refusals.push(refusal.clone());
                }
            }
        }
        proposal
    }
}
