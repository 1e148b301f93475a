//! Direct licences: all of them in one call, which the vendor carries out as a whole or not at all.

use std::collections::BTreeMap;

use connectors::facts::user;
use connectors::graph::Call;
use connectors::{Answer, Error, Meaning};
use domain::ObjectId;
use domain::facts::{Joiner, LicenseHeld};
use domain::planner::{Proposal, Refusal};
use domain::rules::needs_licence;
use domain::spec::{Budget, Carries, Change, Effect, ObjectKind, ObjectRef, Route, StepSpec};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use serde_json::{Value, json};

use super::products::Given;
use super::seats::Seats;
use super::{ABOUT, NEXT_TRY_MS, Settings, WAITING, WAITS, bought, reversal, title};
use crate::convert_mailbox::ASSIGNED;
use crate::cx::{Cx, Tried, applied, takes_away, text, wanted, who};
use crate::joining;
use crate::licence;
use crate::remove_licenses::DIRECT;
use crate::step::{change, names, removal};
use crate::wish::Wish;

/// What stands between a licence and the services that are off in it.
const WITHOUT: &str = " without ";

/// A licence to assign, or to assign otherwise than it is now.
pub(super) struct Assigned<'a> {
    /// The wish.
    pub(super) given: Given<'a>,
    /// What the person holds of it directly now.
    pub(super) held: Option<&'a LicenseHeld>,
}

/// What becomes of direct licences.
pub(super) struct Settled<'a> {
    /// All that the person shall hold directly, what is so already included.
    pub(super) wanted: Vec<Given<'a>>,
    /// What has to be assigned.
    pub(super) given: Vec<Assigned<'a>>,
    /// What is taken in the same call.
    pub(super) freed: Vec<&'a LicenseHeld>,
}

impl Settled<'_> {
    /// Whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty() && self.freed.is_empty()
    }

    /// What hangs on the licences that the person will hold directly.
    fn carries(&self) -> Carries {
        let skus = self.wanted.iter().map(|one| one.sku.carries);
        skus.fold(Carries::default(), |all, one| Carries {
            mailbox: all.mailbox || one.mailbox,
            voice: all.voice || one.voice,
            devices: all.devices || one.devices,
        })
    }
}

/// Holds what is wished for against what the person has. Without a wish nothing is replaced either.
pub(super) fn settle<'a>(
    wish: &Wish<'a>,
    settings: Settings,
    joiner: &Joiner,
    wanted: &[Given<'a>],
) -> Settled<'a> {
    let held: Vec<&LicenseHeld> = wish
        .facts
        .licenses
        .iter()
        .filter(|held| held.route == Route::Direct && !joiner.new)
        .collect();
    let mut given = Vec::new();
    for one in wanted {
        let own = held.iter().copied().find(|held| held.sku == one.sku.id);
        if own.is_none_or(|own| shown_of_held(wish, own) != shown(one)) {
            given.push(Assigned {
                given: one.clone(),
                held: own,
            });
        }
    }
    let stays = |held: &LicenseHeld| wanted.iter().any(|one| one.sku.id == held.sku);
    let replaces = settings.replace_direct && !wanted.is_empty();
    Settled {
        wanted: wanted.to_vec(),
        given,
        freed: held
            .into_iter()
            .filter(|held| replaces && !stays(held))
            .collect(),
    }
}

/// The licence as a value: `assigned`, or `assigned without` the services that are off.
fn shown(given: &Given<'_>) -> String {
    assigned(given.without.iter().map(|plan| plan.name.clone()).collect())
}

fn shown_of_held(wish: &Wish<'_>, held: &LicenseHeld) -> String {
    let plans = bought(wish, &held.sku).map_or(&[] as &[_], |sku| sku.plans.as_slice());
    let name = |id: &ObjectId| {
        let known = plans.iter().find(|plan| plan.id == *id);
        known.map_or_else(|| id.as_str().to_owned(), |plan| plan.name.clone())
    };
    assigned(held.disabled_plans.iter().map(name).collect())
}

fn assigned(mut off: Vec<String>) -> String {
    off.sort();
    off.dedup();
    if off.is_empty() {
        ASSIGNED.to_owned()
    } else {
        format!("{ASSIGNED}{WITHOUT}{}", off.join(", "))
    }
}

/// A mailbox that needs a large licence does not get a small one in its place.
pub(super) fn large_mailbox(wish: &Wish<'_>, settled: &Settled<'_>, out: &mut Proposal) {
    let keeps = |id: &ObjectId| bought(wish, id).is_some_and(|sku| sku.keeps_large_mailbox);
    let kept = wish.facts.licenses.iter().filter(|held| {
        !settled
            .freed
            .iter()
            .any(|freed| freed.sku == held.sku && held.route == Route::Direct)
    });
    let still = settled.wanted.iter().any(|one| one.sku.keeps_large_mailbox)
        || kept.into_iter().any(|held| keeps(&held.sku));
    let lost = settled.freed.iter().find(|held| keeps(&held.sku));
    let because = wish.facts.mailbox.cloud().and_then(needs_licence);
    if let (Some(lost), false, Some(because)) = (lost, still, because) {
        joining::refuse(
            out,
            Refusal::new(
                "large-mailbox",
                format!(
                    "{} would lose {}, and the mailbox needs it because {because}",
                    wish.name(),
                    lost.name
                ),
                "give a licence with Exchange Online Plan 2, or switch `replace-direct` off",
            ),
        );
    }
}

/// The one step for all direct licences.
pub(super) fn spec(wish: &Wish<'_>, settled: &Settled<'_>, seats: Seats) -> Option<StepSpec> {
    if settled.is_empty() {
        return None;
    }
    let (mut changes, mut effects): (Vec<Change>, Vec<Effect>) = (Vec::new(), Vec::new());
    let mut plans: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for Assigned { given, held } in &settled.given {
        let sku = given.sku;
        let object = ObjectRef::new(ObjectKind::License, &sku.id, title(sku));
        let now = held.map(|held| shown_of_held(wish, held));
        changes.push(Change {
            reversal: reversal(wish, held.is_none().then_some(sku)),
            ..change(object, DIRECT, now, shown(given))
        });
        effects.push(match held {
            Some(_) => Effect::ChangesLicense {
                sku: sku.id.clone(),
            },
            None => Effect::AssignsLicense {
                sku: sku.id.clone(),
                route: Route::Direct,
                carries: sku.carries,
            },
        });
        let known = plans.entry(sku.id.as_str()).or_default();
        known.extend(
            sku.plans
                .iter()
                .map(|plan| (plan.name.as_str(), plan.id.as_str())),
        );
    }
    // What the new licences carry as well does not hang on the old ones any more: one call exchanges them.
    let carried = settled.carries();
    for held in &settled.freed {
        let sku = bought(wish, &held.sku);
        let name = sku.map_or(held.name.as_str(), title);
        let object = ObjectRef::new(ObjectKind::License, &held.sku, name);
        changes.push(removal(object, DIRECT, shown_of_held(wish, held)));
        effects.push(Effect::FreesLicense {
            sku: held.sku.clone(),
            route: Route::Direct,
            carries: Carries {
                mailbox: held.carries.mailbox && !carried.mailbox,
                voice: held.carries.voice && !carried.voice,
                devices: held.carries.devices && !carried.devices,
            },
        });
        let known = plans.entry(held.sku.as_str()).or_default();
        let all = sku.map_or(&[] as &[_], |sku| sku.plans.as_slice());
        known.extend(
            all.iter()
                .map(|plan| (plan.name.as_str(), plan.id.as_str())),
        );
    }
    Some(StepSpec {
        params: json!({ "plans": plans, WAITS: seats == Seats::AwaitedByRun }),
        budget: if seats == Seats::Free {
            Budget::DIRECTORY
        } else {
            WAITING
        },
        permissions: ["LicenseAssignment.ReadWrite.All", "User.Read.All"]
            .map(str::to_owned)
            .to_vec(),
        ..ABOUT.spec(summary(wish, settled, &changes), changes.clone(), effects)
    })
}

fn summary(wish: &Wish<'_>, settled: &Settled<'_>, changes: &[Change]) -> String {
    let (given, freed) = changes.split_at(settled.given.len());
    let list = |changes: &[Change]| names(changes.iter().map(|c| c.object.name.as_str()));
    match (given, freed) {
        (given, []) => format!("Assign {} to {}", list(given), wish.name()),
        ([], freed) => format!("Take {} from {}", list(freed), wish.name()),
        (given, freed) => format!(
            "Assign {} to {} in place of {}",
            list(given),
            wish.name(),
            list(freed)
        ),
    }
}

pub(super) async fn observe(cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
    let account = cx
        .get(task, &user(who(task), &["id", "licenseAssignmentStates"]))
        .await?;
    let states = account["licenseAssignmentStates"]
        .as_array()
        .map_or(&[] as &[Value], Vec::as_slice);
    let seen = task.spec.changes.iter().map(|change| {
        let sku = change.object.id.as_str();
        let own = states.iter().find(|state| {
            text(state, "assignedByGroup").is_empty()
                && text(state, "skuId").eq_ignore_ascii_case(sku)
        });
        let Some(state) = own else {
            return Seen::Value { value: Value::Null };
        };
        if let Some(because) = failed(state)
            && task.attempt > 0
            && !takes_away(change)
        {
            return Seen::Impossible { because };
        }
        Seen::Value {
            value: assigned(off(task, sku, state)).into(),
        }
    });
    Ok(seen.collect())
}

/// Why a licence state gives nothing, in the vendor's word and ours.
pub(super) fn failed(state: &Value) -> Option<String> {
    let error = text(state, "error");
    let failed = text(state, "state").eq_ignore_ascii_case("Error")
        || !(error.is_empty() || error.eq_ignore_ascii_case("None"));
    let meaning = match error {
        "CountViolation" => "no seat is free",
        "MutuallyExclusiveViolation" => {
            "a service in it excludes one that the person has from another licence"
        }
        "DependencyViolation" => "a service in it needs another one that the person does not have",
        "ProhibitedInUsageLocationViolation" => {
            "a service in it is not offered in the person's usage location"
        }
        "UniquenessViolation" => "the person has an address that somebody else has as well",
        _ => "it gave no more exact reason",
    };
    failed.then(|| format!("the vendor says {error}: {meaning}"))
}

fn off(task: &Task<'_>, sku: &str, state: &Value) -> Vec<String> {
    let known = task.spec.params["plans"][sku].as_object();
    let ids = state["disabledPlans"].as_array().into_iter().flatten();
    ids.filter_map(Value::as_str)
        .map(|id| {
            let mut names = known.into_iter().flatten();
            let named = names.find(|(_, known)| {
                known
                    .as_str()
                    .is_some_and(|known| known.eq_ignore_ascii_case(id))
            });
            named.map_or_else(|| id.to_owned(), |(name, _)| name.clone())
        })
        .collect()
}

/// The ids of the services that a value leaves out; a name that is not known is an id.
fn disabled(task: &Task<'_>, sku: &str, value: &str) -> Vec<String> {
    let Some((_, names)) = value.split_once(WITHOUT) else {
        return Vec::new();
    };
    let known = &task.spec.params["plans"][sku];
    names
        .split(", ")
        .map(|name| text(known, name))
        .zip(names.split(", "))
        .map(|(id, name)| if id.is_empty() { name } else { id })
        .map(str::to_owned)
        .collect()
}

pub(super) async fn apply(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
    let result = assign(cx, task, todo).await;
    let gone_already = result
        .as_ref()
        .is_err_and(|error| error.means(Meaning::NoSuchLicence));
    let (freed, given): (Vec<usize>, Vec<usize>) = todo
        .iter()
        .partition(|index| takes_away(&task.spec.changes[**index]));
    if !gone_already || freed.is_empty() {
        return waiting(task, vec![Tried::all(todo, result)]);
    }
    // Something to take is gone already and spoilt the call for the rest: what is given in one call, what is taken one by one.
    let mut tried = Vec::new();
    if !given.is_empty() {
        tried.push(Tried::all(&given, assign(cx, task, &given).await));
    }
    for index in freed {
        let result = assign(cx, task, &[index]).await;
        let already = result
            .as_ref()
            .is_err_and(|error| error.means(Meaning::NoSuchLicence));
        tried.push(Tried {
            already,
            ..Tried::all(&[index], result)
        });
    }
    waiting(task, tried)
}

async fn assign(cx: &Cx<'_>, task: &Task<'_>, changes: &[usize]) -> Result<Answer, Error> {
    let first = changes.first().copied().unwrap_or_default();
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for &index in changes {
        let change = &task.spec.changes[index];
        let sku = change.object.id.as_str();
        match wanted(change).as_str() {
            Some(value) => {
                add.push(json!({ "skuId": sku, "disabledPlans": disabled(task, sku, value) }));
            }
            None => remove.push(sku),
        }
    }
    let body = json!({ "addLicenses": add, "removeLicenses": remove });
    cx.write(task, first, Call::post(licence::path(who(task)), body))
        .await
}

/// The receipts; where the plan lets the run wait for a seat, a missing one is a reason to come back.
fn waiting(task: &Task<'_>, tried: Vec<Tried>) -> Applied {
    let waits = task.spec.params[WAITS] == true;
    let seatless: Vec<usize> = tried
        .iter()
        .filter(|one| {
            one.result
                .as_ref()
                .is_err_and(|error| error.means(Meaning::NoSeat))
        })
        .flat_map(|one| one.changes.clone())
        .collect();
    let mut applied = applied(task, tried);
    for (index, problem) in &mut applied.problems {
        if waits && seatless.contains(index) {
            problem.class = Class::RetryAfter {
                after_ms: Some(NEXT_TRY_MS),
            };
        }
    }
    applied
}
