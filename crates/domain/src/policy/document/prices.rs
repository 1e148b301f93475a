//! Reads what seats cost.

use super::super::parse::{Reader, Section};
use super::super::prices::{Prices, minor};

impl Reader<'_> {
    pub(super) fn prices(&mut self, root: &Section<'_>) -> Prices {
        let Some(section) = self.section(root, "prices") else {
            return Prices::default();
        };
        self.only(&section, &["currency", "month"]);
        let mut prices = Prices {
            currency: self.text(&section, "currency"),
            ..Prices::default()
        };
        if let Some(currency) = &prices.currency
            && !(currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_uppercase()))
        {
            self.wrong_at(
                "prices.currency",
                format!("“{currency}” is no currency"),
                "give its three letters of ISO 4217, for example `EUR`",
            );
        }
        let Some(month) = self.section(&section, "month") else {
            return prices;
        };
        let parts: Vec<&str> = month
            .table
            .keys()
            .map(|key| key.get_ref().as_ref())
            .collect();
        for part in parts {
            let Some(price) = self.text(&month, part) else {
                continue;
            };
            if minor(&price).is_none() {
                self.wrong_at(
                    &month.path_of(part),
                    format!("“{price}” is no price"),
                    "write it in quotes with two digits after a point, for example `\"39.00\"`",
                );
            }
            prices.month.insert(part.to_owned(), price);
        }
        if prices.currency.is_none() && !prices.month.is_empty() {
            self.wrong_at(
                "prices.month",
                "prices are given, and no currency",
                "add `currency = \"EUR\"` to [prices]",
            );
        }
        prices
    }
}
