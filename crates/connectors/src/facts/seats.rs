//! The seats of a tenant: what was bought and used, and which seats people hold who left.

use domain::ObjectId;
use domain::facts::Sku;
use futures::future::join_all;
use serde_json::Value;
use transport::Class;

use super::licences::sku;
use super::people::user;
use super::{items, text};
use crate::graph::{Graph, Path};
use crate::{Ctx, Error};

/// A licence with its seats.
#[derive(Clone, Debug, PartialEq)]
pub struct Seats {
    /// The licence as it was bought.
    pub sku: Sku,
    /// Those of the people asked for whose sign-in is blocked and who hold a seat of it.
    pub left: Vec<ObjectId>,
}

/// Every licence of the tenant, with the seats that these people hold although their sign-in is blocked.
///
/// # Errors
/// As [`Graph::get`]. Somebody who was deleted meanwhile holds nothing.
pub async fn seats(graph: &Graph, ctx: &Ctx, people: &[String]) -> Result<Vec<Seats>, Error> {
    let bought = Path::of(["subscribedSkus"]).select(&[
        "skuId",
        "skuPartNumber",
        "prepaidUnits",
        "consumedUnits",
        "servicePlans",
    ]);
    let (bought, held) = tokio::join!(
        graph.list(ctx, &bought),
        join_all(people.iter().map(|id| blocked_with(graph, ctx, id)))
    );
    let mut all: Vec<Seats> = bought?
        .entries
        .iter()
        .map(|entry| Seats {
            sku: sku(entry),
            left: Vec::new(),
        })
        .collect();
    for (person, held) in people.iter().zip(held) {
        for id in held? {
            if let Some(seats) = all.iter_mut().find(|seats| seats.sku.id == id) {
                seats.left.push(ObjectId::new(person.clone()));
            }
        }
    }
    all.sort_by_key(|seats| std::cmp::Reverse(seats.sku.used));
    Ok(all)
}

/// The licences of somebody whose sign-in is blocked; none of somebody who may sign in.
async fn blocked_with(graph: &Graph, ctx: &Ctx, id: &str) -> Result<Vec<ObjectId>, Error> {
    let wanted = user(id, &["id", "accountEnabled", "licenseAssignmentStates"]);
    let person = match graph.get(ctx, &wanted).await {
        Ok(answer) => answer.body,
        Err(error) if error.class == Class::Missing => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if person.get("accountEnabled") != Some(&Value::Bool(false)) {
        return Ok(Vec::new());
    }
    let states = items(&person, "licenseAssignmentStates").iter();
    let mut held: Vec<ObjectId> = states
        .filter_map(|state| text(state, "skuId").map(ObjectId::new))
        .collect();
    held.sort();
    held.dedup();
    Ok(held)
}
