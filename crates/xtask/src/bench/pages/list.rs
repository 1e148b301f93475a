//! The pages that are asked for: every GET of the app's list of routes, with objects that are in the store.

use anyhow::Context as _;
use serde_json::Value;

use crate::crash::scene::{LEAVER, TENANT};
use crate::crash::served::judge;
use crate::crash::served::office::Office;
use crate::http::{Ask, Client};

/// How many pages of a list lie before the deep one.
const DEEP: usize = 60;

/// Pages over all tenants; lists with a state; what stands beside the pages.
const PLAIN: &[&str] = &[
    "/today",
    "/find?q=person",
    "/find?q=a0000",
    "/find/hits?q=person",
    "/tenants",
    "/seats",
    "/reports",
    "/policies",
    "/sandbox",
    "/ledger",
    "/people",
    "/requests/new",
];
const STATES: &[(&str, &str)] = &[
    ("runs", "completed"),
    ("runs", "needs-review"),
    ("runs", "running"),
    ("plans", "waiting"),
    ("plans", "ended"),
    ("requests", "ended"),
    ("findings", "open"),
    ("findings", "handled"),
];
const OTHERS: &[&str] = &[
    "/docs/api",
    "/docs/errors",
    "/healthz",
    "/readyz",
    "/sign-in",
    "/tenants/connect",
    "/api/openapi.json",
    "/api/v1/me",
    "/api/v1/tenants",
];

/// Something to ask for.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Its address.
    pub(super) path: String,
}

/// Objects that are there.
#[derive(Clone, Debug)]
pub(super) struct Places {
    run: String,
    plan: String,
    request: String,
    person: String,
    /// Its tenant, run and number.
    finding: (String, String, String),
    step: String,
    entry: u64,
    waiting: String,
    deep: Vec<(&'static str, String)>,
}

impl Places {
    /// Looks for them by the API.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn find(office: &Office, base: &str) -> anyhow::Result<Self> {
        let mut client = Client::new(base);
        let mut data = |path: &str| -> anyhow::Result<Value> {
            let reply = client.ask(&office.call(Ask::get(path)))?;
            serde_json::from_slice(&reply.body)
                .with_context(|| format!("{path} gave no JSON: {}", reply.text()))
        };
        let here = |rest: &str| format!("/api/v1/tenants/{TENANT}/{rest}");
        let first = |list: &Value| judge::lines(list).next().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let runs = data(&here("runs"))?;
        let run = first(&runs);
        let finding = first(&data("/api/v1/findings")?);
        let entry = first(&data(&here("ledger"))?);
        let waiting = first(&data(&here("plans?status=waiting"))?);
        let of_run = data(&here(&format!("runs/{}", text(&run["id"]))))?;
        let found = find_key(&of_run).context("the run has no step")?;
        let mut deep = Vec::new();
        for list in ["runs", "plans", "requests", "findings"] {
            let mut after = String::new();
            for _ in 0..DEEP {
                let mark = if after.is_empty() {
                    String::new()
                } else {
                    format!("?after={after}")
                };
                let page = data(&format!("/api/v1/{list}{mark}"))?;
                let Some(next) = page["next"].as_str() else {
                    break;
                };
                after =
                    percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC)
                        .to_string();
            }
            deep.push((list, after));
        }
        Ok(Self {
            plan: text(&run["plan"]),
            request: text(&run["request"]),
            person: text(&run["person"]),
            run: text(&run["id"]),
            finding: (
                text(&finding["tenant"]),
                text(&finding["run"]),
                finding["number"].to_string(),
            ),
            step: found,
            entry: entry["seq"].as_u64().unwrap_or(1),
            waiting: text(&waiting["id"]),
            deep,
        })
    }

    /// The addresses.
    pub(super) fn pages(&self) -> Vec<Page> {
        let mut out: Vec<String> = Vec::new();
        let mut add = |path: String| out.push(path);
        for path in PLAIN {
            add((*path).to_owned());
        }
        for list in ["runs", "plans", "requests", "findings"] {
            add(format!("/{list}"));
            add(format!("/t/{TENANT}/{list}"));
        }
        for (list, state) in STATES {
            add(format!("/{list}?state={state}"));
        }
        for list in ["runs", "plans", "requests"] {
            add(format!("/{list}?kind=offboard"));
            add(format!("/{list}?q=a00"));
        }
        for (list, after) in &self.deep {
            add(format!("/{list}?before={after}"));
            add(format!("/api/v1/{list}?after={after}"));
        }
        self.of_tenant(&mut add);
        for tab in [
            "/account",
            "/operators",
            "/clients",
            "/webhooks",
            "/sign-ins",
        ] {
            add(format!("/settings{tab}"));
        }
        for path in OTHERS {
            add((*path).to_owned());
        }
        for list in ["runs", "plans", "requests", "findings"] {
            add(format!("/api/v1/{list}"));
            add(format!("/api/v1/tenants/{TENANT}/{list}"));
        }
        out.into_iter().map(|path| Page { path }).collect()
    }

    fn of_tenant(&self, add: &mut impl FnMut(String)) {
        let Self {
            run,
            plan,
            request,
            person,
            step,
            entry,
            waiting,
            ..
        } = self;
        let (there, of, number) = &self.finding;
        add(format!("/t/{there}/findings/{of}/{number}"));
        for rest in [
            String::new(),
            "/today".to_owned(),
            "/live".to_owned(),
            format!("/plans/{plan}"),
            format!("/plans/{waiting}"),
            format!("/plans/{waiting}/approve"),
            format!("/plans/{waiting}?tab=discussion"),
            format!("/runs/{run}"),
            format!("/runs/{run}/steps/{step}"),
            format!("/runs/{run}/certificate"),
            format!("/requests/{request}"),
            format!("/people/{person}"),
            format!("/people/{person}/now"),
            format!(
                "/people/search?q={}",
                LEAVER.split('.').next().unwrap_or_default()
            ),
            "/people".to_owned(),
            "/policy".to_owned(),
            "/reports".to_owned(),
            "/seats".to_owned(),
            "/sandbox".to_owned(),
            "/ledger".to_owned(),
            format!("/ledger/{entry}"),
            format!("/ledger/{entry}/proof"),
            "/ledger/head".to_owned(),
            "/find?q=person".to_owned(),
            "/requests/new".to_owned(),
            "/connect".to_owned(),
        ] {
            add(format!("/t/{TENANT}{rest}"));
        }
        for rest in [
            format!("plans/{plan}"),
            format!("runs/{run}"),
            "policy".to_owned(),
            "ledger".to_owned(),
            "ledger/head".to_owned(),
        ] {
            add(format!("/api/v1/tenants/{TENANT}/{rest}"));
        }
    }
}

/// The key of a run's first step.
fn find_key(run: &Value) -> Option<String> {
    let steps = run["state"]["steps"]
        .as_array()
        .or_else(|| run["run"]["state"]["steps"].as_array())?;
    Some(steps.first()?[0].as_str()?.to_owned())
}
