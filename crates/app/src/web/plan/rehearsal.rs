//! A rehearsal beside its plan: which of the plan's steps went how in the sandbox, and what that does not say.

use askama::Template;
use axum::extract::State;
use domain::plan::Plan;
use domain::request::Kind;
use domain::{PlanId, TenantId};

use crate::acts::rehearse::{self, Rehearsal, Told};
use crate::web::answer::{page as answer, see};
use crate::web::extract::Path;
use crate::web::shell::Shell;
use crate::web::{Answer, Caller, Web, error, reading, when};
use crate::wiring::of_store;

/// A step of the plan beside the same step in the rehearsal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The step.
    pub(super) step: String,
    /// What it does here.
    pub(super) here: String,
    /// What it did there; empty where the sample person had nothing of the sort.
    pub(super) there: String,
    /// The status' shape and word.
    pub(super) kind: &'static str,
    pub(super) word: &'static str,
    /// How long after the begin.
    pub(super) after: String,
}

#[derive(Template)]
#[template(path = "rehearsal.html")]
struct RehearsalPage {
    shell: Shell,
    tenant: String,
    id: String,
    here: String,
    title: String,
    kind: &'static str,
    word: String,
    lead: (String, String),
    running: bool,
    can_begin: bool,
    person: &'static str,
    pairs: Vec<Pair>,
    findings: Vec<String>,
    wrong: String,
}

/// `GET /t/{tenant}/plans/{plan}/rehearsal`.
pub(super) async fn show(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let stored = match web.wiring.store.plan(&scope, &plan).await {
        Err(store::Error::Missing { .. }) => return Err(error::no_page()),
        stored => stored.map_err(of_store)?,
    };
    let rehearsal = web.rehearsals.of(&plan);
    let zone = caller.here(&web);
    let now = crate::clock::now();
    let (kind, word, lead) = match &rehearsal {
        None => (
            "",
            String::new(),
            ("Nothing was rehearsed yet.".to_owned(), String::new()),
        ),
        Some(Rehearsal::Running(at)) => (
            "running",
            "Running".to_owned(),
            (
                format!("It goes on since {}.", when::short(*at, &zone, now)),
                "This page looks again every few seconds.".to_owned(),
            ),
        ),
        Some(Rehearsal::Failed(at, _)) => (
            "finding",
            "Not made".to_owned(),
            (
                format!("It could not be made, {}.", when::short(*at, &zone, now)),
                String::new(),
            ),
        ),
        Some(Rehearsal::Over(told)) => over(told),
    };
    let told = match &rehearsal {
        Some(Rehearsal::Over(told)) => Some(told),
        _ => None,
    };
    let title = format!("Rehearsal: {}", reading::title(&stored.plan));
    answer(&RehearsalPage {
        shell: Shell::new(&web, &caller, "plans", &title, Some(&tenant)).await?,
        here: format!("/t/{tenant}/plans/{plan}"),
        tenant: tenant.to_string(),
        id: plan.to_string(),
        title,
        kind,
        word,
        lead,
        running: matches!(rehearsal, Some(Rehearsal::Running(_))),
        can_begin: stored.plan.kind == Kind::Offboard
            && caller.may(domain::access::Role::Requester, &tenant),
        person: rehearse::PERSON,
        pairs: told.map_or_else(Vec::new, |told| pairs(&stored.plan, told)),
        findings: told.map_or_else(Vec::new, |told| told.findings.clone()),
        wrong: match &rehearsal {
            Some(Rehearsal::Failed(_, why)) => why.clone(),
            _ => String::new(),
        },
    })
}

fn over(told: &Told) -> (&'static str, String, (String, String)) {
    let verified = told.steps.iter().filter(|went| went.verified).count();
    let said = format!(
        "{verified} of {} steps were verified after {}.",
        told.steps.len(),
        when::lasted(told.took_ms)
    );
    if told.completed {
        return ("verified", "Completed".to_owned(), (said, String::new()));
    }
    let rest = match told.findings.len() {
        0 => "The rest waits for a person.".to_owned(),
        1 => "1 finding is open.".to_owned(),
        many => format!("{many} findings are open."),
    };
    ("finding", "Needs review".to_owned(), (said, rest))
}

/// Each sort of step once: what it does here beside how it went there.
pub(super) fn pairs(plan: &Plan, told: &Told) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    for spec in &plan.steps {
        if pairs.iter().any(|pair| pair.step == spec.step) {
            continue;
        }
        let twins = || told.steps.iter().filter(|went| went.step == spec.step);
        let there = twins().next();
        let (kind, word) = match there {
            None => ("skipped", "Nothing to do"),
            Some(_) if twins().all(|went| went.verified) => ("verified", "Verified"),
            Some(_) => ("finding", "Not verified"),
        };
        pairs.push(Pair {
            step: spec.step.clone(),
            here: spec.summary.clone(),
            there: there.map(|went| went.summary.clone()).unwrap_or_default(),
            kind,
            word,
            after: twins()
                .filter_map(|went| went.after_ms)
                .max()
                .map(when::lasted)
                .unwrap_or_default(),
        });
    }
    pairs
}

/// `POST /t/{tenant}/plans/{plan}/rehearsal`.
pub(super) async fn begin(
    State(web): State<Web>,
    caller: Caller,
    Path((tenant, plan)): Path<(TenantId, PlanId)>,
) -> Answer {
    let scope = caller.scope_of(&tenant);
    let stored = match web.wiring.store.plan(&scope, &plan).await {
        Err(store::Error::Missing { .. }) => return Err(error::no_page()),
        stored => stored.map_err(of_store)?,
    };
    web.rehearsals.begin(&stored)?;
    see(&format!("/t/{tenant}/plans/{plan}/rehearsal"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::plan;
    use super::*;
    use crate::acts::rehearse::Went;

    #[test]
    fn a_step_stands_beside_its_twin_and_what_had_none_is_said() {
        let plan = plan("hr@contoso.example");
        let went = |step: &str, verified, after_ms| Went {
            step: step.to_owned(),
            summary: format!("{step} there"),
            verified,
            after_ms,
        };
        let told = Told {
            steps: vec![
                went("block-sign-in", true, Some(2_000)),
                went("revoke-sessions", false, None),
            ],
            findings: vec!["late".to_owned()],
            completed: false,
            took_ms: 5_000,
        };
        let shown: Vec<(String, &str, String)> = pairs(&plan, &told)
            .into_iter()
            .map(|pair| (pair.step, pair.word, pair.there))
            .collect();
        let line = |step: &str, word, there: &str| (step.to_owned(), word, there.to_owned());
        assert_eq!(
            shown,
            [
                line("block-sign-in", "Verified", "block-sign-in there"),
                line("revoke-sessions", "Not verified", "revoke-sessions there"),
                line("wipe-device", "Nothing to do", ""),
            ]
        );
        assert_eq!(over(&told).1, "Needs review");
    }
}
