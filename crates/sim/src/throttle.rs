//! Published budgets: resource units and writes for directory calls, concurrency per mailbox, and a cautious one for Exchange.
//!
//! Source: learn.microsoft.com/graph/throttling-limits. Exchange publishes no numbers for InvokeCommand; ours are the old ones of
//! remote PowerShell (200 cmdlets in 5 s, 120 destructive ones in 60 s, 3 connections).

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::json;

use crate::call::Answer;

/// Which service pays for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Identity and access: resource units and writes.
    Identity,
    /// Mail, calendar and mailbox settings: requests and concurrency per mailbox.
    Outlook,
    /// Services without published numbers.
    Unpublished,
    /// The Exchange admin API.
    Exchange,
}

/// What one call costs.
#[derive(Clone, Debug)]
pub(crate) struct Charge<'a> {
    pub(crate) service: Service,
    pub(crate) app: &'a str,
    pub(crate) tenant: &'a str,
    /// Users of the tenant, which decide its size class.
    pub(crate) users: usize,
    pub(crate) units: f64,
    pub(crate) write: bool,
    /// The mailbox, for Outlook.
    pub(crate) mailbox: Option<&'a str>,
}

/// Sliding windows of what was spent. Throttled calls count too, as the documents say.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    spent: BTreeMap<String, VecDeque<(Timestamp, f64)>>,
}

/// A spent budget.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spent {
    pub(crate) scope: String,
    pub(crate) information: &'static str,
    pub(crate) wait_s: f64,
}

struct Limit {
    key: String,
    window_s: i64,
    most: f64,
    cost: f64,
    information: &'static str,
    scope: String,
}

impl Budgets {
    /// Charges a call and returns the headers it earns, or what was spent.
    pub(crate) fn charge(
        &mut self,
        charge: &Charge<'_>,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, Spent> {
        let mut refused: Option<Spent> = None;
        let mut share: f64 = 0.0;
        for limit in limits(charge) {
            let window = self.spent.entry(limit.key).or_default();
            let begin = now.as_millisecond() - limit.window_s * 1_000;
            while window
                .front()
                .is_some_and(|(at, _)| at.as_millisecond() <= begin)
            {
                window.pop_front();
            }
            window.push_back((now, limit.cost));
            let used: f64 = window.iter().map(|(_, cost)| cost).sum();
            share = share.max(used / limit.most);
            if used > limit.most && refused.is_none() {
                let oldest = window.front().map_or(now, |(at, _)| *at);
                let wait_ms =
                    oldest.as_millisecond() + limit.window_s * 1_000 - now.as_millisecond();
                let wait_s = (wait_ms as f64 / 1_000.0).max(1.0);
                refused = Some(Spent {
                    scope: limit.scope,
                    information: limit.information,
                    wait_s,
                });
            }
        }
        if let Some(spent) = refused {
            return Err(spent);
        }
        let mut headers = Vec::new();
        if charge.service == Service::Identity {
            headers.push(("x-ms-resource-unit".to_owned(), charge.units.to_string()));
            if share > 0.8 {
                headers.push((
                    "x-ms-throttle-limit-percentage".to_owned(),
                    format!("{:.2}", share.min(1.8)),
                ));
            }
        }
        Ok(headers)
    }
}

fn limits(charge: &Charge<'_>) -> Vec<Limit> {
    let (app, tenant) = (charge.app, charge.tenant);
    let limit = |name: &str, window_s: i64, most: f64, cost: f64| Limit {
        key: format!("{name} {app} {tenant}"),
        window_s,
        most,
        cost,
        information: "ResourceUnitLimitExceeded",
        scope: format!("Tenant_Application/ReadWrite/{app}/{tenant}"),
    };
    let writes = f64::from(u8::from(charge.write));
    match charge.service {
        Service::Identity => {
            let most = match charge.users {
                0..50 => 3_500.0,
                50..=500 => 5_000.0,
                _ => 8_000.0,
            };
            let by_write = |limit: Limit| Limit {
                information: "WriteLimitExceeded",
                ..limit
            };
            vec![
                limit("units", 10, most, charge.units),
                by_write(limit("writes", 150, 3_000.0, writes)),
                by_write(Limit {
                    key: format!("tenant {tenant}"),
                    ..limit("tenant", 300, 18_000.0, writes)
                }),
            ]
        }
        Service::Outlook => {
            let mailbox = charge.mailbox.unwrap_or_default();
            let key = format!("outlook {app} {tenant} {mailbox}");
            vec![Limit {
                key,
                ..limit("outlook", 600, 10_000.0, 1.0)
            }]
        }
        Service::Exchange => {
            vec![
                limit("cmdlets", 5, 200.0, 1.0),
                limit("destructive cmdlets", 60, 120.0, writes),
            ]
        }
        Service::Unpublished => Vec::new(),
    }
}

/// The 429 of a spent budget. `Retry-After` may be absent, as it is for some services.
pub(crate) fn refusal(service: Service, spent: Option<&Spent>, retry_after: Option<f64>) -> Answer {
    let (code, message) = match service {
        Service::Outlook => (
            "ApplicationThrottled",
            "Application is over its MailboxConcurrency limit.",
        ),
        Service::Exchange => (
            "TooManyRequests",
            "The server is busy. Micro delay applied. Please retry later.",
        ),
        _ => ("TooManyRequests", "Too Many Requests"),
    };
    let mut answer = Answer::json(429, json!({"error": {"code": code, "message": message}}));
    if let Some(seconds) = retry_after {
        let shown = if seconds.fract() == 0.0 {
            format!("{seconds:.0}")
        } else {
            format!("{seconds:.3}")
        };
        answer = answer.with("retry-after", shown);
    }
    match (service, spent) {
        (Service::Identity, Some(spent)) => answer
            .with("x-ms-throttle-scope", spent.scope.clone())
            .with("x-ms-throttle-information", spent.information),
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(write: bool) -> Charge<'static> {
        Charge {
            service: Service::Identity,
            app: "a",
            tenant: "t",
            users: 12,
            units: 1.0,
            write,
            mailbox: None,
        }
    }

    #[test]
    fn write_budget_of_an_app_is_3000_in_150_seconds() {
        let mut budgets = Budgets::default();
        let start: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        for second in 0..100 {
            for _ in 0..30 {
                budgets
                    .charge(&charge(true), crate::world::after(start, second * 1_000))
                    .unwrap();
            }
        }
        let spent = budgets
            .charge(&charge(true), crate::world::after(start, 100_000))
            .unwrap_err();
        assert_eq!(spent.information, "WriteLimitExceeded");
        assert!(
            budgets
                .charge(&charge(false), crate::world::after(start, 400_000))
                .is_ok()
        );
    }

    #[test]
    fn the_share_is_told_from_four_fifths() {
        let mut budgets = Budgets::default();
        let start: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        let told = |headers: &[(String, String)]| {
            headers.iter().any(|(name, _)| name.contains("percentage"))
        };
        for n in 1..=3_500 {
            let headers = budgets.charge(&charge(false), start).unwrap();
            assert_eq!(told(&headers), n > 2_800, "call {n}");
        }
        assert_eq!(
            budgets
                .charge(&charge(false), start)
                .unwrap_err()
                .information,
            "ResourceUnitLimitExceeded"
        );
    }
}
