//! Planted violations: good plans, each broken in one place. The judge must find the good plan harmless and see what the
//! break does. Beside them, contradictions that the planner itself must refuse.

mod plants;

use anyhow::{Context as _, anyhow};
use domain::plan::Plan;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::StepSpec;

use super::contradictions;
use super::damage::{Damage, Damages};
use super::judge::{Office, Tally, Went, replay, script, told, violate};
use super::moves::{Ground, Move};
use super::refuse::Whys;
use super::shapes::{self, Shape};
use super::switches::Playbook;
use super::synthetic::{self, Scene};

use self::plants::plants;

/// A planted violation and whether it was seen.
pub(super) struct Planted {
    pub(super) rule: u8,
    pub(super) says: &'static str,
    pub(super) caught: bool,
}

/// A good plan and how it is broken.
struct Plant {
    damage: Damage,
    base: Base,
    breaks: fn(&mut Plan),
}

/// Where a good plan comes from.
enum Base {
    /// The steps, in the shape whose name begins like this, with every switch on but for these.
    Steps(&'static str, &'static [(usize, u8)]),
    /// Effects of steps that come later.
    Scene(fn() -> Scene),
}

use Base::{Scene as Made, Steps};
use Damage as D;

/// Judges every scene, plants every violation, and has the planner refuse every contradiction.
///
/// # Errors
/// When a good plan cannot be made.
pub(super) fn plant(tally: &mut Tally) -> anyhow::Result<Vec<Planted>> {
    let offices = [Office::open(Kind::Offboard)?, Office::open(Kind::Onboard)?];
    let office = |kind: Kind| &offices[usize::from(kind == Kind::Onboard)];
    for scene in synthetic::scenes() {
        part(&scene, office(scene.kind), tally);
    }
    for (rule, says, scene) in contradictions::all() {
        let given = office(scene.kind).refusals(&scene.shape, proposal(scene.specs));
        let word = format!("rule-{rule}");
        if !given.contains(&word) {
            let sort = format!("a contradiction: {says}");
            tally.violate(sort.clone(), || {
                format!("{sort}\n  must be refused for {word}; refused for {given:?}\n")
            });
        }
    }
    let shapes = shapes::all();
    let mut planted = Vec::new();
    for plant in plants() {
        let (rule, says) = plant.damage.about();
        let scene = plant.base.scene(&shapes, office(Kind::Offboard))?;
        let caught = seen(&plant, &scene, office(scene.kind), tally)
            .with_context(|| format!("the good plan for “{says}”"))?;
        planted.push(Planted { rule, says, caught });
    }
    // What no plan can be broken into shows that the table of plants is behind.
    for (damage, rule, says) in Damages::every() {
        if damage != D::Altered && !plants().iter().any(|plant| plant.damage == damage) {
            planted.push(Planted {
                rule,
                says,
                caught: false,
            });
        }
    }
    Ok(planted)
}

fn proposal(specs: Vec<StepSpec>) -> Proposal {
    Proposal {
        specs,
        ..Proposal::default()
    }
}

/// Every part of a scene that the planner accepts must do no damage.
fn part(scene: &Scene, office: &Office, tally: &mut Tally) {
    for set in 1..1u32 << scene.specs.len() {
        let specs = scene.specs.iter().enumerate();
        let specs = specs
            .filter(|(at, _)| set & (1 << at) != 0)
            .map(|(_, spec)| spec.clone())
            .collect();
        if let Ok(plan) = office.plan(&scene.shape, proposal(specs)) {
            tally.plans += 1;
            good(&plan, scene, false, tally);
        }
    }
}

/// A good plan must do no damage.
fn good(plan: &Plan, scene: &Scene, by_name: bool, tally: &mut Tally) {
    for (damages, went) in judge(plan, scene, true, by_name, tally) {
        violate(tally, damages, &scene.shape, || {
            format!(
                "{} ({})\n{}",
                scene.shape.name,
                scene.name,
                told(plan, went, damages)
            )
        });
    }
}

fn judge(
    plan: &Plan,
    scene: &Scene,
    may_free: bool,
    by_name: bool,
    tally: &mut Tally,
) -> Vec<(Damages, Went)> {
    let mut ground = Ground::of(&scene.shape, scene.kind);
    let moves: Vec<Move> = plan
        .steps
        .iter()
        .map(|spec| ground.translate(spec, by_name))
        .collect();
    replay(
        &script(&ground, plan, moves.iter().collect()),
        plan,
        may_free,
        tally,
    )
}

/// Whether the judge sees the damage that a break does.
fn seen(plant: &Plant, scene: &Scene, office: &Office, tally: &mut Tally) -> anyhow::Result<bool> {
    let refused = |whys: Whys| anyhow!("refused: {}", whys.words());
    let mut plan = office
        .plan(&scene.shape, proposal(scene.specs.clone()))
        .map_err(refused)?;
    let by_name = plant.damage == D::EffectsLie;
    good(&plan, scene, by_name, tally);
    (plant.breaks)(&mut plan);
    // The plan itself is good there: it is the switches that do not ask for it.
    let may_free = plant.damage != D::LicenceTakenUnasked;
    let found = judge(&plan, scene, may_free, by_name, &mut Tally::default());
    Ok(found.iter().any(|(damages, _)| damages.has(plant.damage)))
}

impl Base {
    fn scene(&self, shapes: &[Shape], office: &Office) -> anyhow::Result<Scene> {
        match self {
            Made(scene) => Ok(scene()),
            Steps(name, states) => {
                let shape = shapes.iter().find(|shape| shape.name.starts_with(name));
                let shape = shape.with_context(|| format!("no shape is called {name}"))?;
                let book = Playbook::of(shape.kind);
                let mut combination = book.all_on();
                for (step, state) in *states {
                    combination[*step] = *state;
                }
                let switches = book.switches(shape, &combination);
                let (request, policy) = office.of(shape);
                let proposal = steps::propose(request, policy, &shape.facts, &switches);
                Ok(Scene {
                    name: "every switch on",
                    kind: shape.kind,
                    shape: shape.clone(),
                    specs: proposal.specs,
                })
            }
        }
    }
}
