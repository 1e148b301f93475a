//! What a seat costs a month, as the policy says it: only for pages and reports. Nothing is bought or decided by it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What seats cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Prices {
    /// The currency by its three letters of ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The price of one seat for a month by the licence's part number, such as `"39.00"`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub month: BTreeMap<String, String>,
}

/// A price in hundredths; none for a text that is no price.
pub(super) fn minor(price: &str) -> Option<u64> {
    let (whole, part) = price.split_once('.').unwrap_or((price, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() != 2 || whole.len() > 7 {
        return None;
    }
    Some(whole.parse::<u64>().ok()? * 100 + part.parse::<u64>().ok()?)
}

impl Prices {
    /// What so many seats of a licence cost a month, such as `EUR 78.00`; none where the policy does not say it.
    #[must_use]
    pub fn say(&self, part_number: &str, seats: u64) -> Option<String> {
        Some(self.amount(self.minor(part_number)?.checked_mul(seats)?))
    }

    /// What a seat costs a month, in hundredths of [`Prices::currency`].
    #[must_use]
    pub fn minor(&self, part_number: &str) -> Option<u64> {
        self.currency.as_ref()?;
        let mut all = self.month.iter();
        let (_, price) = all.find(|(name, _)| name.eq_ignore_ascii_case(part_number))?;
        minor(price)
    }

    /// An amount of so many hundredths in words.
    #[must_use]
    pub fn amount(&self, hundredths: u64) -> String {
        let currency = self.currency.as_deref().unwrap_or_default();
        format!(
            "{currency}\u{202f}{}.{:02}",
            hundredths / 100,
            hundredths % 100
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_whole_hundredths_or_none() {
        let check = |text: &str, expect| assert_eq!(minor(text), expect, "{text}");
        check("39.00", Some(3_900));
        check("6.10", Some(610));
        check("6", Some(600));
        for wrong in [
            "",
            "6.1",
            "6,10",
            "-1.00",
            "1e9",
            ".10",
            "6.100",
            "99999999.00",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn nothing_is_said_of_a_price_that_is_not_known() {
        let mut prices = Prices {
            currency: Some("EUR".to_owned()),
            month: BTreeMap::from([("SPE_E3".to_owned(), "39.00".to_owned())]),
        };
        assert_eq!(prices.say("spe_e3", 2).as_deref(), Some("EUR\u{202f}78.00"));
        assert_eq!(prices.say("SPE_E5", 2), None);
        prices.currency = None;
        assert_eq!(prices.say("SPE_E3", 2), None);
    }
}
