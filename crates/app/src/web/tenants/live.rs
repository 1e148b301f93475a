//! What only the tenant itself can say, read now: permissions, how fast it answers, and the seats of its licences.

use std::time::Instant;

use connectors::exchange::{Anchor, Invocation};
use connectors::facts::Seats;
use connectors::{Ctx, Purpose};
use domain::policy::Prices;
use serde_json::Map;
use store::Tenant;

use crate::acts;
use crate::acts::tenant::{Checked, State};
use crate::planning;
use crate::problem::Problem;
use crate::web::lists::many;
use crate::web::zones::Zones;
use crate::web::{Caller, Web, when};
use crate::wiring::of_call;

/// A line of the permission matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Permission {
    /// Its name, with alternatives in words.
    pub(in crate::web) name: String,
    /// The steps that need it.
    pub(in crate::web) steps: String,
    /// The status' shape.
    pub(in crate::web) kind: &'static str,
    /// The status' word.
    pub(in crate::web) word: &'static str,
}

/// A licence as a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Bar {
    pub(in crate::web) name: String,
    pub(in crate::web) of: String,
    /// The share in use by people who are there, and of those who left, of 100; and where the second begins.
    pub(in crate::web) used: String,
    pub(in crate::web) left: String,
    pub(in crate::web) left_from: String,
    pub(in crate::web) note: String,
    pub(in crate::web) held: String,
    pub(in crate::web) said: String,
}

/// What was read, or why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::web) struct Shown {
    pub(in crate::web) tenant: String,
    /// What keeps Tenure out, and what to do; empty when it signs in.
    pub(in crate::web) wrong: String,
    pub(in crate::web) hint: String,
    pub(in crate::web) graph: String,
    pub(in crate::web) exchange: String,
    pub(in crate::web) exchange_wrong: String,
    pub(in crate::web) read_at: String,
    pub(in crate::web) said: String,
    pub(in crate::web) note: String,
    pub(in crate::web) missing: usize,
    pub(in crate::web) consent: String,
    pub(in crate::web) permissions: Vec<Permission>,
    pub(in crate::web) seats: Vec<Bar>,
    pub(in crate::web) seats_wrong: String,
    pub(in crate::web) held: usize,
    /// What the seats of people who left cost a month, as far as the policy says it.
    pub(in crate::web) waste: String,
}

/// Reads a tenant now. What cannot be read is said in its place, and the rest is shown.
pub(in crate::web) async fn read(
    web: &Web,
    caller: &Caller,
    tenant: &Tenant,
    zones: &Zones,
) -> Shown {
    let mut shown = Shown {
        tenant: tenant.name.to_string(),
        read_at: when::short(zones.now, &zones.here, zones.now),
        consent: acts::tenant::consent_link(&web.wiring.config, tenant).unwrap_or_default(),
        ..Shown::default()
    };
    let checked = match acts::tenant::check(&web.wiring, tenant).await {
        Ok(checked) => checked,
        Err(problem) => {
            shown.wrong = problem.what.join(" ");
            shown.hint = problem.hint.unwrap_or_default();
            return shown;
        }
    };
    permissions(&mut shown, &checked);
    let (seats, exchange) = tokio::join!(seats(web, caller, tenant), exchange(web, tenant));
    match seats {
        Ok((seats, ms)) => {
            shown.graph = format!("{ms}\u{202f}ms");
            shown.held = seats.iter().map(|seats| seats.left.len()).sum();
            let prices = prices(web, tenant).await;
            shown.waste = waste(&seats, &prices);
            shown.seats = seats.iter().map(|one| bar(one, &prices)).collect();
        }
        Err(problem) => shown.seats_wrong = problem.sentence(),
    }
    match exchange {
        Ok(ms) => shown.exchange = format!("{ms}\u{202f}ms"),
        Err(problem) => shown.exchange_wrong = problem.sentence(),
    }
    shown
}

fn permissions(shown: &mut Shown, checked: &Checked) {
    let count = |state| {
        checked
            .matrix
            .iter()
            .filter(|line| line.state == state)
            .count()
    };
    let (granted, spare) = (count(State::Granted), count(State::NotNeeded));
    shown.missing = checked.missing.len();
    shown.said = match shown.missing {
        0 => "Everything its policy needs is granted.".to_owned(),
        missing => format!(
            "{} missing: the steps that need it are refused.",
            many(missing, "permission is", "permissions are")
        ),
    };
    shown.note = format!("{} needed, {granted} granted", checked.needed.len());
    if spare > 0 {
        shown.note.push_str(&format!(", {spare} too many"));
    }
    shown.permissions = checked
        .matrix
        .iter()
        .map(|line| {
            let (kind, word) = match line.state {
                State::Missing => ("finding", "Missing"),
                State::Granted => ("verified", "Granted"),
                State::NotNeeded => ("skipped", "Not needed"),
            };
            Permission {
                name: line.name.replace('|', " or "),
                steps: steps(&line.steps),
                kind,
                word,
            }
        })
        .collect();
}

/// The steps that need a permission, in a few words.
fn steps(steps: &[&str]) -> String {
    match steps {
        [] => "no step of its policy".to_owned(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one}, {other}"),
        [one, other, rest @ ..] => format!("{one}, {other} and {} more", rest.len()),
    }
}

/// The tenant's seats, and how long Graph took for them.
pub(in crate::web) async fn seats(
    web: &Web,
    caller: &Caller,
    tenant: &Tenant,
) -> Result<(Vec<Seats>, u128), Problem> {
    let scope = caller.scope_of(&tenant.name);
    let people = acts::seats::left(&web.wiring, &scope).await?;
    let connection = web.wiring.connection(tenant).await?;
    let began = Instant::now();
    let seats = acts::seats::of(&connection, tenant, &people).await?;
    Ok((seats, began.elapsed().as_millis()))
}

/// How long Exchange takes for one small question.
async fn exchange(web: &Web, tenant: &Tenant) -> Result<u128, Problem> {
    let connection = web.wiring.connection(tenant).await?;
    let began = Instant::now();
    let asked = Invocation::new("Get-OrganizationConfig", Map::new(), Anchor::Organization);
    let answer = connection
        .exchange
        .list(&Ctx::of(Purpose::Plan), asked)
        .await;
    answer.map_err(|error| of_call(&tenant.name, &error))?;
    Ok(began.elapsed().as_millis())
}

/// The prices of a tenant's policy; none where it has none that can be read.
pub(in crate::web) async fn prices(web: &Web, tenant: &Tenant) -> Prices {
    match planning::policy(&web.wiring, &tenant.name).await {
        Ok((_, policy)) => policy.prices.clone(),
        Err(_) => Prices::default(),
    }
}

/// What the seats of people who left cost a month, where any price is known.
fn waste(seats: &[Seats], prices: &Prices) -> String {
    let cost = |seats: &Seats| {
        let left = u64::try_from(seats.left.len()).ok()?;
        prices.minor(&seats.sku.name)?.checked_mul(left)
    };
    match seats.iter().filter_map(cost).sum() {
        0 => String::new(),
        sum => prices.amount(sum),
    }
}

/// A licence as a bar.
fn bar(seats: &Seats, prices: &Prices) -> Bar {
    let sku = &seats.sku;
    let left = i64::try_from(seats.left.len())
        .unwrap_or(i64::MAX)
        .min(sku.used.max(0));
    // More can be in use than is left of a subscription: then the bar is full of what is used.
    let whole = sku.seats.max(sku.used).max(1);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a picture, to a tenth of a point"
    )]
    let share = |part: i64| part as f64 * 100.0 / whole as f64;
    let free = sku.seats - sku.used;
    let name = sku.titles.first().unwrap_or(&sku.name).clone();
    let note = if free < 0 {
        format!("{} more in use than bought", -free)
    } else {
        format!("{free} free")
    };
    Bar {
        of: format!("{} of {}", sku.used, sku.seats),
        used: format!("{:.1}", share(sku.used - left)),
        left: format!("{:.1}", share(left)),
        left_from: format!("{:.1}", share(sku.used - left)),
        held: if left > 0 {
            let who = if left == 1 {
                "somebody who left"
            } else {
                "people who left"
            };
            let money = prices.say(&sku.name, left.unsigned_abs());
            let money = money.map(|money| format!(", {money} a month"));
            format!("{left} held by {who}{}", money.unwrap_or_default())
        } else {
            String::new()
        },
        said: format!(
            "{name}: {} of {} seats in use, {left} of them by people who left, {note}",
            sku.used, sku.seats
        ),
        note,
        name,
    }
}

#[cfg(test)]
mod tests {
    use domain::ObjectId;
    use domain::facts::Sku;
    use domain::spec::Carries;

    use super::*;

    fn seats(bought: i64, used: i64, left: usize) -> Seats {
        Seats {
            sku: Sku {
                id: ObjectId::from("s"),
                name: "SPE_E3".to_owned(),
                seats: bought,
                used,
                carries: Carries::default(),
                keeps_large_mailbox: true,
                titles: vec!["Microsoft 365 E3".to_owned()],
                plans: Vec::new(),
                reserved: 0,
            },
            left: (0..left).map(|n| ObjectId::new(n.to_string())).collect(),
        }
    }

    #[test]
    fn a_bar_parts_those_who_are_there_from_those_who_left() {
        let none = Prices::default();
        let bar = bar(&seats(50, 40, 10), &none);
        assert_eq!(
            (bar.used.as_str(), bar.left_from.as_str(), bar.left.as_str()),
            ("60.0", "60.0", "20.0")
        );
        assert_eq!(
            (bar.of.as_str(), bar.note.as_str()),
            ("40 of 50", "10 free")
        );
        assert_eq!(bar.held, "10 held by people who left");
        let over = super::bar(&seats(5, 8, 0), &none);
        assert_eq!(
            (over.used.as_str(), over.note.as_str()),
            ("100.0", "3 more in use than bought")
        );
    }

    #[test]
    fn seats_of_people_who_left_cost_what_the_policy_says_or_nothing_is_said() {
        let prices = Prices {
            currency: Some("EUR".to_owned()),
            month: [("SPE_E3".to_owned(), "39.00".to_owned())].into(),
        };
        let two = seats(50, 40, 2);
        assert_eq!(
            super::bar(&two, &prices).held,
            "2 held by people who left, EUR\u{202f}78.00 a month"
        );
        assert_eq!(waste(&[two, seats(9, 9, 0)], &prices), "EUR\u{202f}78.00");
        assert_eq!(waste(&[seats(50, 40, 2)], &Prices::default()), "");
    }

    #[test]
    fn the_steps_of_a_permission_are_few_words() {
        assert_eq!(steps(&[]), "no step of its policy");
        assert_eq!(steps(&["a", "b", "c", "d"]), "a, b and 2 more");
    }
}
