//! Change tracking: `/users/delta` and `/groups/delta`.
//!
//! Source: Graph delta-query-overview, delta-query-users, delta-query-groups, user-delta and group-delta pages. A change appears here
//! when every replica shows it, and not before: each round tells of the tenant as it stood at one moment, so that nothing is lost or told
//! twice between two links.

mod token;
mod track;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::query::Rules;
use super::{Ask, Outcome, bad_request, error, groups, schema, users};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Id, Tenant, after};

use token::{Round, Token};
use track::Touched;

/// What may be tracked: users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Users,
    Groups,
}

/// Relationships of a group that are tracked beside its properties.
const LINKS: [&str; 2] = ["members", "owners"];

/// Objects of a page without `$top`, and the most.
const PAGE: [usize; 2] = [200, 999];

/// How many objects `$filter` may name.
const MOST_IDS: usize = 50;

pub(super) fn users(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    answer(visit, ask, Kind::Users)
}

pub(super) fn groups(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    answer(visit, ask, Kind::Groups)
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
        }
    }

    fn rules(self) -> Rules<'static> {
        match self {
            Self::Users => users::RULES,
            Self::Groups => groups::RULES,
        }
    }

    /// All objects that live, by id.
    fn ids(self, tenant: &Tenant) -> Vec<Id> {
        match self {
            Self::Users => tenant.users.keys().cloned().collect(),
            Self::Groups => tenant.groups.keys().cloned().collect(),
        }
    }

    /// One object with all its properties; none when it is gone.
    fn value(self, tenant: &Tenant, id: &str) -> Option<Value> {
        match self {
            Self::Users => tenant
                .users
                .get(id)
                .map(|user| users::full(tenant, id, user)),
            Self::Groups => tenant
                .groups
                .get(id)
                .map(|group| groups::full(tenant, id, group)),
        }
    }

    /// What is tracked: the wish of the first call, or what the type shows by itself.
    fn tracked(self, select: Option<&str>) -> BTreeSet<String> {
        if let Some(select) = select {
            let names = select.split(',').map(|name| name.trim().to_owned());
            return names.chain(["id".to_owned()]).collect();
        }
        let own = match self {
            Self::Users => users::DEFAULT.to_vec(),
            Self::Groups => [schema::GROUP, &LINKS].concat(),
        };
        own.into_iter().map(str::to_owned).collect()
    }
}

fn answer(visit: &Visit<'_>, ask: &Ask<'_>, kind: Kind) -> Outcome {
    let horizon = after(
        visit.now(),
        -i64::try_from(visit.temper().lag_ms[1]).unwrap_or(0),
    );
    let position = track::position(visit.log(), visit.tenant_id(), horizon);
    let here = (position, horizon);
    let given = ask
        .call
        .option("$skiptoken")
        .or_else(|| ask.call.option("$deltatoken"));
    let round = match given {
        None => first(ask, kind, here)?,
        Some("") => first(ask, kind, here)?,
        Some("latest") => {
            let round = first(ask, kind, here)?;
            return Ok(page(visit, ask, kind, &round, Vec::new(), None));
        }
        Some(text) => {
            let token = Token::read(text)
                .filter(|token| token.kind == kind.word() && token.tenant == visit.tenant_id())
                .ok_or_else(|| bad_request("Badly formed token."))?;
            if !token.is_good(visit.started(), visit.now(), position) {
                return Err(start_again(ask));
            }
            token.round(here)
        }
    };
    let tenant = &visit.as_of(round.moment);
    let touched = match round.since {
        None => None,
        Some(since) => Some(track::touched(
            visit.log(),
            visit.tenant_id(),
            kind.word(),
            [since, round.position],
        )),
    };
    let tracked = kind.tracked(round.select.as_deref());
    let mut ids: Vec<Id> = match &touched {
        None => kind.ids(tenant),
        Some(touched) => touched
            .iter()
            .filter(|(_, how)| how.concerns(&tracked))
            .map(|(id, _)| id.clone())
            .collect(),
    };
    ids.retain(|id| round.ids.is_empty() || round.ids.contains(id));
    ids.retain(|id| round.cursor.as_ref().is_none_or(|cursor| id > cursor));
    let size = round.top.unwrap_or(PAGE[0]);
    let cursor = (ids.len() > size).then(|| ids[size - 1].clone());
    let minimal = wants_minimal(ask);
    let items = ids
        .iter()
        .take(size)
        .map(|id| {
            let how = touched.as_ref().and_then(|touched| touched.get(id));
            shown(tenant, kind, id, how, (&tracked, minimal))
        })
        .collect();
    Ok(page(visit, ask, kind, &round, items, cursor))
}

/// The first call: its options are judged here and travel on in the token.
fn first(ask: &Ask<'_>, kind: Kind, here: (u64, Timestamp)) -> Result<Round, Answer> {
    let unsupported = || error(400, "Request_UnsupportedQuery", "Unsupported Query.");
    let refused = ["$orderby", "$search", "$expand", "$count", "$skip"];
    if refused.iter().any(|name| ask.call.option(name).is_some()) {
        return Err(unsupported());
    }
    super::query::check_options(ask, &kind.rules())?;
    let select = ask.call.option("$select").filter(|list| !list.is_empty());
    let rules = kind.rules();
    let unknown = select
        .into_iter()
        .flat_map(|list| list.split(','))
        .find(|name| {
            let name = name.trim();
            !(rules.known.contains(&name) || (kind == Kind::Groups && LINKS.contains(&name)))
        });
    if let Some(name) = unknown {
        let message = format!(
            "Could not find a property named '{}' on type '{}'.",
            name.trim(),
            rules.kind
        );
        return Err(error(400, "BadRequest", &message));
    }
    let mut ids = Vec::new();
    for part in ask
        .call
        .option("$filter")
        .into_iter()
        .flat_map(|text| text.split(" or "))
    {
        let id = part.trim().strip_prefix("id eq ").ok_or_else(unsupported)?;
        ids.push(id.trim().trim_matches('\'').to_lowercase());
    }
    if ids.len() > MOST_IDS {
        return Err(unsupported());
    }
    let top = match ask.call.option("$top").map(str::parse::<usize>) {
        None => None,
        Some(Ok(top)) if (1..=PAGE[1]).contains(&top) => Some(top),
        Some(_) => {
            return Err(error(
                400,
                "Request_UnsupportedQuery",
                "Invalid page size specified.",
            ));
        }
    };
    Ok(Round {
        since: None,
        position: here.0,
        moment: here.1,
        cursor: None,
        select: select.map(str::to_owned),
        ids,
        top,
    })
}

/// The caller's links are worth nothing any more; the location is where it begins anew.
fn start_again(ask: &Ask<'_>) -> Answer {
    let location = format!("{}{}?$deltatoken=", ask.call.base, ask.call.path);
    error(
        410,
        "resyncRequired",
        "Resync required. Replace any local items with the server's version (including deletes) if you're sure that the service was up to date with your local changes when you last sync'd. Upload any local changes that the server doesn't know about.",
    )
    .with("location", location)
}

fn wants_minimal(ask: &Ask<'_>) -> bool {
    ask.call
        .header("prefer")
        .is_some_and(|wish| wish.replace(' ', "").contains("return=minimal"))
}

/// One object as a page shows it.
fn shown(
    tenant: &Tenant,
    kind: Kind,
    id: &str,
    how: Option<&Touched>,
    (tracked, minimal): (&BTreeSet<String>, bool),
) -> Value {
    let Some(whole) = kind.value(tenant, id) else {
        // Who lies in the recycle bin may come back; who does not is gone for good.
        let restorable = kind == Kind::Users && tenant.deleted_users.contains_key(id);
        let reason = if restorable { "changed" } else { "deleted" };
        return json!({"id": id, "@removed": {"reason": reason}});
    };
    let is_changed = |name: &str| how.is_some_and(|how| how.properties.contains(name));
    let only_changes = minimal && how.is_some_and(|how| !how.whole);
    let mut out = Map::new();
    for (name, value) in whole.as_object().into_iter().flatten() {
        let wanted =
            name == "id" || (tracked.contains(name) && (is_changed(name) || !only_changes));
        // What was never set is left out; what was emptied is shown as null.
        if wanted && (!value.is_null() || is_changed(name)) {
            out.insert(name.clone(), value.clone());
        }
    }
    if kind == Kind::Groups {
        for link in LINKS.into_iter().filter(|link| tracked.contains(*link)) {
            let entries = track::link_changes(tenant, id, link, how);
            if !entries.is_empty() {
                out.insert(format!("{link}@delta"), Value::Array(entries));
            }
        }
    }
    Value::Object(out)
}

fn page(
    visit: &Visit<'_>,
    ask: &Ask<'_>,
    kind: Kind,
    round: &Round,
    items: Vec<Value>,
    cursor: Option<Id>,
) -> Answer {
    let link = |name: &str, token: Token| {
        let path = format!("{}{}", ask.call.base, ask.call.path);
        format!("{path}?${name}={}", token.written())
    };
    let seal = |round: Round| Token::seal(round, kind.word(), visit);
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), json!(ask.context(kind.word())));
    match cursor {
        Some(cursor) => {
            let next = Round {
                cursor: Some(cursor),
                ..round.clone()
            };
            let next = link("skiptoken", seal(next));
            body.insert("@odata.nextLink".to_owned(), json!(next));
        }
        None => {
            let delta = Round {
                since: Some(round.position),
                cursor: None,
                ..round.clone()
            };
            let delta = link("deltatoken", seal(delta));
            body.insert("@odata.deltaLink".to_owned(), json!(delta));
        }
    }
    body.insert("value".to_owned(), Value::Array(items));
    let answer = Answer::json(200, Value::Object(body));
    if wants_minimal(ask) {
        answer.with("preference-applied", "return=minimal")
    } else {
        answer
    }
}
