//! Where a ticket is read: the time zone of its clock times, and whether the day or the month comes first there.

use domain::policy::Site;
use jiff::tz::TimeZone;

use crate::Error;

/// The place whose clock and habits a ticket is read by.
#[derive(Clone, Debug)]
pub struct Place {
    /// The zone of clock times that name none.
    pub zone: TimeZone,
    /// What `05/04/2027` means there; absent where both are in use, and then it is asked.
    pub order: Option<Order>,
}

/// What comes first in a date written in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// 28/11/2026.
    DayFirst,
    /// 11/28/2026.
    MonthFirst,
}

impl Place {
    /// A site of a policy.
    ///
    /// # Errors
    /// When its time zone is unknown.
    pub fn of(site: &Site) -> Result<Self, Error> {
        Ok(Self {
            zone: TimeZone::get(&site.time_zone)
                .map_err(|_| Error::Zone(site.time_zone.clone()))?,
            order: order_of(&site.usage_location),
        })
    }

    /// The same place, with an order where it has none of its own.
    #[must_use]
    pub fn or_order(self, order: Option<Order>) -> Self {
        Self {
            order: self.order.or(order),
            ..self
        }
    }

    /// A zone of which nothing else is known.
    #[must_use]
    pub fn in_zone(zone: TimeZone) -> Self {
        Self { zone, order: None }
    }
}

/// The order that is usual in a country (CLDR, short date formats). Countries where both are met daily have none.
fn order_of(country: &str) -> Option<Order> {
    match country {
        "US" | "AS" | "FM" | "GU" | "MH" | "MP" | "PR" | "PW" | "UM" | "VI" => {
            Some(Order::MonthFirst)
        }
        "BZ" | "CA" | "GH" | "KE" | "KY" | "PA" | "PH" | "TG" | "ZA" => None,
        _ => Some(Order::DayFirst),
    }
}
