//! Whether somebody who comes is in the directory already.

use domain::facts::{Namesake, PersonLite};
use futures::future::try_join_all;

use super::JoinerWanted;
use super::names::is_well_formed;
use crate::facts::FactsError;
use crate::facts::people::{by_filter, by_name_or_id, lite, user};
use crate::facts::text;
use crate::graph::Graph;
use crate::{Ctx, Error};

/// The account that the person has already: the one with the plan's sign-in name, with the address that the request gives, or with the
/// employee id.
///
/// An address counts when it is a sign-in name or the main address. Among somebody's further addresses it may be one that a colleague
/// has taken over, so there it only makes the name taken.
pub(super) async fn known(
    graph: &Graph,
    ctx: &Ctx,
    wanted: &JoinerWanted<'_>,
) -> Result<Option<PersonLite>, FactsError> {
    let (by_name, by_employee_id) = tokio::try_join!(
        by_address(graph, ctx, wanted),
        by_employee_id(graph, ctx, wanted.employee_id)
    )?;
    let mut found: Vec<PersonLite> = by_name;
    for person in by_employee_id {
        if !found.iter().any(|other| other.id == person.id) {
            found.push(person);
        }
    }
    if found.len() > 1 {
        return Err(FactsError::Several {
            written: written(wanted),
            found,
        });
    }
    Ok(found.pop())
}

/// What several people were found under.
fn written(wanted: &JoinerWanted<'_>) -> String {
    let name = wanted.chosen.or(wanted.address).map(str::to_owned);
    let id = wanted.employee_id.map(|id| format!("employee id {id}"));
    let parts: Vec<String> = [name, id].into_iter().flatten().collect();
    parts.join(", ")
}

async fn by_address(
    graph: &Graph,
    ctx: &Ctx,
    wanted: &JoinerWanted<'_>,
) -> Result<Vec<PersonLite>, Error> {
    let whole = |name: &&str| is_well_formed(name.trim());
    if let Some(chosen) = wanted.chosen.filter(whole) {
        // Read directly, not from the index that searches read: the account may be a minute old.
        return Ok(by_name_or_id(graph, ctx, chosen.trim())
            .await?
            .into_iter()
            .map(|(person, _)| person)
            .collect());
    }
    let address = wanted.address.map(str::trim);
    let Some(address) = address.filter(|address| address.contains('@')) else {
        return Ok(Vec::new());
    };
    // An address may have letters that no sign-in name has.
    let named = async {
        if whole(&address) {
            by_name_or_id(graph, ctx, address).await
        } else {
            Ok(None)
        }
    };
    let (named, mail) = tokio::try_join!(named, by_filter(graph, ctx, "mail", address))?;
    let mut found: Vec<PersonLite> = named.into_iter().map(|(person, _)| person).collect();
    if found.is_empty() {
        found.extend(mail.into_iter().map(|(person, _)| person));
    }
    Ok(found)
}

async fn by_employee_id(
    graph: &Graph,
    ctx: &Ctx,
    employee_id: Option<&str>,
) -> Result<Vec<PersonLite>, Error> {
    let Some(id) = employee_id.map(str::trim).filter(|id| !id.is_empty()) else {
        return Ok(Vec::new());
    };
    let found = by_filter(graph, ctx, "employeeId", id).await?;
    Ok(found.into_iter().map(|(person, _)| person).collect())
}

/// How many accounts of one name are looked at: more say no more to whoever has to decide.
const NAMESAKES: usize = 5;

/// The accounts that bear the display name of somebody new. Nothing for a plan that is there already: its approver has been told.
pub(super) async fn namesakes(
    graph: &Graph,
    ctx: &Ctx,
    wanted: &JoinerWanted<'_>,
) -> Result<Vec<Namesake>, Error> {
    let name = wanted.display_name.trim();
    if name.is_empty() || wanted.chosen.is_some() {
        return Ok(Vec::new());
    }
    let found = by_filter(graph, ctx, "displayName", name).await?;
    let read = found.iter().take(NAMESAKES).map(|(person, _)| async move {
        let path = user(person.id.as_str(), &["id", "department", "employeeId"])
            .expand("manager($select=id,displayName,userPrincipalName)");
        let body = graph.get(ctx, &path).await?.body;
        let manager = body.get("manager").filter(|manager| manager.is_object());
        Ok(Namesake {
            person: person.clone(),
            department: text(&body, "department"),
            employee_id: text(&body, "employeeId"),
            manager: manager.map(lite),
        })
    });
    try_join_all(read).await
}
