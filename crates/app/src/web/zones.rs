//! The clocks of tenants' first sites beside the reader's own: every moment on a list is said at the site first.

use std::collections::HashMap;

use domain::TenantId;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Caller, Web, when};
use crate::clock;
use crate::planning;

/// A moment as a list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment {
    /// For machines.
    pub(super) iso: String,
    /// At the site: `Today 17:00`.
    pub(super) site: String,
    /// Where the reader is, if the time differs there: `18:00 here`.
    pub(super) here: String,
}

/// The zones of some tenants, and of the reader.
pub(super) struct Zones {
    sites: HashMap<TenantId, TimeZone>,
    /// Where the reader is.
    pub(super) here: TimeZone,
    /// The time now.
    pub(super) now: Timestamp,
}

impl Zones {
    /// The zones of these tenants. A tenant whose policy is missing or cannot be read has the reader's.
    pub(super) async fn of(web: &Web, caller: &Caller, mut tenants: Vec<TenantId>) -> Self {
        tenants.sort();
        tenants.dedup();
        let mut sites = HashMap::new();
        for tenant in tenants {
            let Ok((_, policy)) = planning::policy(&web.wiring, &tenant).await else {
                continue;
            };
            if let Some(site) = policy.default_site() {
                sites.insert(tenant, when::zone(&site.time_zone));
            }
        }
        Self {
            sites,
            here: caller.here(web),
            now: clock::now(),
        }
    }

    /// The zone of a tenant's first site.
    pub(super) fn site(&self, tenant: &TenantId) -> &TimeZone {
        self.sites.get(tenant).unwrap_or(&self.here)
    }

    /// A moment in both zones.
    pub(super) fn moment(&self, tenant: &TenantId, at: Timestamp) -> Moment {
        let site = when::day(at, self.site(tenant), self.now);
        let here = when::day(at, &self.here, self.now);
        let here = if site == here {
            String::new()
        } else {
            format!("{} here", when::short(at, &self.here, self.now))
        };
        Moment {
            iso: when::machine(at),
            site,
            here,
        }
    }

    /// A moment in a sentence: `17:00 in London (18:00 here)`.
    pub(super) fn both(&self, tenant: &TenantId, at: Timestamp) -> String {
        when::both(at, self.site(tenant), &self.here, self.now)
    }

    /// How long ago, as a short length.
    pub(super) fn age(&self, at: Timestamp) -> String {
        let ms = self.now.as_millisecond() - at.as_millisecond();
        when::lasted(ms.max(1_000) / 1_000 * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_said_at_the_site_first_and_here_where_it_differs() {
        let tenant = TenantId::from("contoso");
        let zones = Zones {
            sites: HashMap::from([(tenant.clone(), when::zone("Europe/London"))]),
            here: when::zone("Europe/Berlin"),
            now: "2026-11-20T15:42:00Z".parse().unwrap(),
        };
        let at = "2026-11-20T17:00:00Z".parse().unwrap();
        let there = zones.moment(&tenant, at);
        assert_eq!(
            (there.site.as_str(), there.here.as_str()),
            ("Today 17:00", "18:00 here")
        );
        let other = zones.moment(&TenantId::from("other"), at);
        assert_eq!(
            (other.site.as_str(), other.here.as_str()),
            ("Today 18:00", "")
        );
        assert_eq!(
            zones.age("2026-11-20T15:36:00Z".parse().unwrap()),
            "6\u{202f}min"
        );
    }
}
