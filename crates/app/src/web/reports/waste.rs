//! Seats that are paid for people who left, by tenant and licence; in money where the policy says what a seat costs.

use connectors::facts::Seats;
use domain::policy::Prices;

use crate::web::lists::many;
use crate::web::tenants::live;
use crate::web::{Caller, Web};

/// A licence of which people who left hold seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) held: usize,
    /// What they cost a month; empty where no price is known.
    pub(super) money: String,
}

/// A tenant's part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Waste {
    pub(super) tenant: String,
    pub(super) lines: Vec<Line>,
    pub(super) held: usize,
    /// What all of them cost a month, as far as prices are known.
    pub(super) money: String,
    /// Why it could not be read.
    pub(super) wrong: String,
}

/// Reads the tenants now, at once.
pub(super) async fn read(web: &Web, caller: &Caller, tenants: &[store::Tenant]) -> Vec<Waste> {
    let parts = tenants.iter().map(|tenant| async {
        let name = tenant.name.to_string();
        match live::seats(web, caller, tenant).await {
            Ok((seats, _)) => of(name, &seats, &live::prices(web, tenant).await),
            Err(problem) => Waste {
                tenant: name,
                wrong: problem.sentence(),
                ..Waste::default()
            },
        }
    });
    futures::future::join_all(parts).await
}

fn of(tenant: String, seats: &[Seats], prices: &Prices) -> Waste {
    let mut sum = 0;
    let mut lines = Vec::new();
    for one in seats.iter().filter(|one| !one.left.is_empty()) {
        let held = one.left.len();
        let cost = prices
            .minor(&one.sku.name)
            .zip(u64::try_from(held).ok())
            .and_then(|(price, held)| price.checked_mul(held));
        sum += cost.unwrap_or_default();
        lines.push(Line {
            name: one.sku.titles.first().unwrap_or(&one.sku.name).clone(),
            held,
            money: cost.map(|cost| prices.amount(cost)).unwrap_or_default(),
        });
    }
    Waste {
        held: lines.iter().map(|line| line.held).sum(),
        tenant,
        lines,
        money: if sum > 0 {
            prices.amount(sum)
        } else {
            String::new()
        },
        wrong: String::new(),
    }
}

/// The sentence over the table.
pub(super) fn lead(parts: &[Waste]) -> String {
    let held: usize = parts.iter().map(|part| part.held).sum();
    let unpriced: usize = parts
        .iter()
        .flat_map(|part| &part.lines)
        .filter(|line| line.money.is_empty())
        .map(|line| line.held)
        .sum();
    let unread = parts.iter().filter(|part| !part.wrong.is_empty()).count();
    let mut said = match held {
        0 => "No seat is held by somebody who left.".to_owned(),
        held => format!(
            "{} by people who left.",
            many(held, "seat is held", "seats are held")
        ),
    };
    if unpriced > 0 {
        said.push_str(&format!(
            " No price is known for {}.",
            many(unpriced, "of them", "of them")
        ));
    }
    if unread > 0 {
        said.push_str(&format!(
            " {} not read.",
            many(unread, "tenant was", "tenants were")
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use domain::ObjectId;
    use domain::facts::Sku;
    use domain::spec::Carries;

    use super::*;

    fn seats(name: &str, left: usize) -> Seats {
        Seats {
            sku: Sku {
                id: ObjectId::from(name),
                name: name.to_owned(),
                seats: 50,
                used: 40,
                carries: Carries::default(),
                keeps_large_mailbox: false,
                titles: Vec::new(),
                plans: Vec::new(),
                reserved: 0,
            },
            left: (0..left).map(|n| ObjectId::new(n.to_string())).collect(),
        }
    }

    #[test]
    fn money_is_said_of_what_has_a_price_and_of_nothing_else() {
        let prices = Prices {
            currency: Some("EUR".to_owned()),
            month: [("SPE_E3".to_owned(), "39.00".to_owned())].into(),
        };
        let all = [seats("SPE_E3", 2), seats("VISIO", 1), seats("FREE", 0)];
        let waste = of("contoso".to_owned(), &all, &prices);
        let lines: Vec<(&str, usize, &str)> = waste
            .lines
            .iter()
            .map(|line| (line.name.as_str(), line.held, line.money.as_str()))
            .collect();
        assert_eq!(lines, [("SPE_E3", 2, "EUR\u{202f}78.00"), ("VISIO", 1, "")]);
        assert_eq!((waste.held, waste.money.as_str()), (3, "EUR\u{202f}78.00"));
        let unread = Waste {
            wrong: "no consent".to_owned(),
            ..Waste::default()
        };
        assert_eq!(
            lead(&[waste, unread]),
            "3 seats are held by people who left. No price is known for 1 of them. 1 tenant was not read."
        );
        assert_eq!(lead(&[]), "No seat is held by somebody who left.");
    }
}
