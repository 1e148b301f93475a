//! What may stand in the way of a licence: no seat, and services that exclude each other.

use std::collections::BTreeSet;

use domain::ObjectId;
use domain::facts::{ServicePlan, Sku};
use domain::plan::Weight;
use domain::planner::{Proposal, Refusal};
use domain::spec::Route;

use super::direct::Settled;
use super::groups::Joins;
use super::{NoSeat, Settings, bought, by_group, title};
use crate::joining;
use crate::wish::Wish;

/// Whether there is a seat for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seats {
    /// There is.
    Free,
    /// There is none for something, and the run waits for it.
    AwaitedByRun,
}

/// Checks that each licence that takes a seat has one. Held by two routes it takes one seat, and what is held already takes none.
pub(super) fn check(
    wish: &Wish<'_>,
    settings: Settings,
    direct: &Settled<'_>,
    joins: &[Joins<'_>],
    out: &mut Proposal,
) -> Seats {
    let given = direct.given.iter().map(|one| one.given.sku);
    let through = joins.iter().flat_map(|join| join.gives.iter().copied());
    let mut seen: BTreeSet<&ObjectId> = BTreeSet::new();
    let mut seats = Seats::Free;
    for sku in given.chain(through) {
        let held = wish.facts.licenses.iter().any(|held| held.sku == sku.id);
        if held || sku.free() > 0 || !seen.insert(&sku.id) {
            continue;
        }
        let count = match sku.reserved {
            0 => format!("{} of {} are in use", sku.used, sku.seats),
            reserved => format!(
                "{} of {} are in use and {reserved} are reserved by approved plans",
                sku.used, sku.seats
            ),
        };
        let what = format!("seat of {} is free: {count}", title(sku));
        match settings.no_seat {
            NoSeat::Stop => joining::refuse(
                out,
                Refusal::new(
                    "no-seat",
                    format!("no {what}"),
                    "buy or free a seat and plan again, or set `no-seat = \"wait\"` for assign-licenses",
                ),
            ),
            NoSeat::Wait => {
                seats = Seats::AwaitedByRun;
                let text = format!(
                    "No {what}. The run waits up to three days for one, and what needs the licence waits with it."
                );
                joining::remark(out, Weight::Danger, text);
            }
        }
    }
    seats
}

/// A licence that the person will hold, the services in it that are off, and whether that is known.
struct Holding<'a> {
    sku: &'a Sku,
    off: BTreeSet<&'a str>,
    certain: bool,
}

impl<'a> Holding<'a> {
    fn on(&self) -> impl Iterator<Item = &'a ServicePlan> + '_ {
        let plans = self.sku.plans.iter();
        plans.filter(|plan| !self.off.contains(plan.id.as_str()))
    }
}

/// Refuses services of one family from two licences: a person can hold only one of them.
pub(super) fn exclusive(
    wish: &Wish<'_>,
    direct: &Settled<'_>,
    joins: &[Joins<'_>],
    out: &mut Proposal,
) {
    let holdings = holdings(wish, direct, joins);
    for (at, one) in holdings.iter().enumerate() {
        for other in &holdings[at + 1..] {
            let Some((mine, theirs)) = clash(one, other) else {
                continue;
            };
            let text = format!(
                "{} ({}) and {} ({}) exclude each other: a person can hold only one of them",
                title(one.sku),
                mine.name,
                title(other.sku),
                theirs.name
            );
            if one.certain && other.certain {
                joining::refuse(
                    out,
                    Refusal::new(
                        "services-exclude",
                        text,
                        "leave one of the licences out, switch the service off with `without`, or set `replace-direct = true` where the person holds one of them",
                    ),
                );
            } else {
                joining::remark(
                    out,
                    Weight::Danger,
                    format!(
                        "{text}. Whether the group has switched the service off is not known; if not, it gives the person no licence."
                    ),
                );
            }
        }
    }
}

fn holdings<'a>(wish: &Wish<'a>, direct: &Settled<'a>, joins: &[Joins<'a>]) -> Vec<Holding<'a>> {
    let mut holdings: Vec<Holding<'a>> = Vec::new();
    for one in &direct.wanted {
        holdings.push(Holding {
            sku: one.sku,
            off: one.without.iter().map(|plan| plan.id.as_str()).collect(),
            certain: true,
        });
    }
    let gone = |sku: &ObjectId| {
        direct.freed.iter().any(|held| held.sku == *sku)
            || direct.wanted.iter().any(|one| one.sku.id == *sku)
    };
    let facts = wish.facts;
    let kept = facts
        .licenses
        .iter()
        .filter(|held| held.route == Route::Direct && !gone(&held.sku));
    for held in kept.chain(by_group(wish)) {
        if let Some(sku) = bought(wish, &held.sku) {
            holdings.push(Holding {
                sku,
                off: held.disabled_plans.iter().map(ObjectId::as_str).collect(),
                certain: true,
            });
        }
    }
    for sku in joins.iter().flat_map(|join| join.gives.iter().copied()) {
        holdings.push(Holding {
            sku,
            off: BTreeSet::new(),
            certain: false,
        });
    }
    holdings
}

/// Two services, one of each, that exclude each other. One and the same service in both licences is no clash.
fn clash<'a>(one: &Holding<'a>, other: &Holding<'a>) -> Option<(&'a ServicePlan, &'a ServicePlan)> {
    if one.sku.id == other.sku.id {
        return None;
    }
    one.on()
        .filter(|plan| plan.family.is_some())
        .find_map(|mine| {
            let theirs = other
                .on()
                .find(|plan| plan.family == mine.family && plan.id != mine.id)?;
            Some((mine, theirs))
        })
}
