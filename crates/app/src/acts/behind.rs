//! Who is behind an API client: a program decides for whoever made it, and four eyes are those of two people.

use domain::plan::StoredPlan;
use domain::protect::is_one;
use store::TenantScope;

use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// How many clients may have made one another; more is nothing that anybody means.
const DEEPEST: usize = 8;

/// The person behind an address: for an API client whoever made it; anybody else is themselves.
///
/// # Errors
/// Store errors.
pub(crate) async fn person(wiring: &Wiring, address: &str) -> Result<String, Problem> {
    let mut person = address.to_owned();
    for _ in 0..DEEPEST {
        let Some(name) = person.strip_prefix("api:") else {
            break;
        };
        let maker = wiring.store.maker_of_client(name).await;
        match maker.map_err(of_store)? {
            Some(maker) => person = maker,
            None => break,
        }
    }
    Ok(person)
}

/// Refuses a decision by whoever is behind the request, whom the plan is about, or who has approved it already, whichever program
/// asked, approved or decides.
///
/// # Errors
/// The sentence that says who is behind both, and store errors.
pub(crate) async fn apart(
    wiring: &Wiring,
    scope: &TenantScope,
    stored: &StoredPlan,
    by: &str,
) -> Result<(), Problem> {
    let plan = &stored.plan;
    let decides = person(wiring, by).await?;
    let hint = format!(
        "have another approver of {} look at the plan and decide",
        plan.tenant
    );
    let refused = |why: String| Problem::refused("approver", why).hint(hint.clone());
    let asked = person(wiring, &plan.requester).await?;
    let is_program = decides != by || asked != plan.requester;
    if is_program && is_one(&decides, &asked) {
        return Err(refused(format!(
            "{decides} is behind {} who asked for this and behind {by}: another person must decide",
            plan.requester
        )));
    }
    if decides != by && is_one(&decides, &plan.upn) {
        return Err(refused(format!(
            "{by} was made by {decides}, whom this plan is about"
        )));
    }
    let kept = wiring.store.approvals(scope, &stored.id).await;
    for approved in kept.map_err(of_store)? {
        let given = approved.approval;
        let stands = approved.taken_back.is_none() && given.digest == stored.digest;
        // Whoever decides in somebody's name and that somebody are one.
        for other in [Some(&given.by), given.through.as_ref()]
            .into_iter()
            .flatten()
        {
            if stands && !is_one(other, by) && is_one(&person(wiring, other).await?, &decides) {
                let why =
                    format!("{decides} has approved this already, as {other}: both count as one");
                return Err(Problem::refused("already-approved", why).hint(hint));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::access::{Grant, Role};
    use domain::plan::{ApprovalNeed, Plan};
    use domain::{ClientId, PlanId};
    use store::{NewClient, Secret};

    use super::*;
    use crate::acts::approve::{Decision, Read, approve};
    use crate::clock;
    use crate::web::plan::tests::{plan, request};
    use crate::web::tests::TestApp;

    /// Ann and Ben approve; `api:robot` is Ann's, and `api:second` was made by `api:robot`.
    async fn house() -> TestApp {
        let app = TestApp::new().await;
        let grant = Grant {
            tenant: None,
            role: Role::Approver,
        };
        for name in ["ann", "ben"] {
            app.operator(name, std::slice::from_ref(&grant)).await;
        }
        for (name, by) in [("robot", "ann@provider.example"), ("second", "api:robot")] {
            let new = NewClient {
                id: ClientId::new(clock::short_id('c')),
                name: name.to_owned(),
                token: Secret::new(format!("token of {name}")),
                grants: vec![grant.clone()],
                by: by.to_owned(),
                at: clock::now(),
            };
            app.web.wiring.store.add_client(&new).await.unwrap();
        }
        app
    }

    /// A plan that two have to approve, among them programs where the policy names them.
    async fn asked_by(app: &TestApp, requester: &str) -> PlanId {
        let robots = [
            "ann@provider.example",
            "ben@provider.example",
            "api:robot",
            "api:second",
        ];
        let plan = Plan {
            approval: ApprovalNeed {
                people: 2,
                approvers: robots.map(str::to_owned).to_vec(),
                holds_for_hours: 72,
                ..ApprovalNeed::default()
            },
            ..plan(requester)
        };
        let id = PlanId::new(clock::short_id('p'));
        let (scope, now) = (TenantScope::of(&plan.tenant), clock::now());
        let request = request(&plan, &[]);
        let stored = StoredPlan::seal(id.clone(), plan, now, now);
        let store = &app.web.wiring.store;
        let added = store.add_request_with_plan(&scope, &request, &stored, now);
        added.await.unwrap();
        id
    }

    async fn decides(app: &TestApp, plan: &PlanId, by: &str) -> Result<(), String> {
        let decision = Decision {
            plan,
            by,
            read: Read::Unsaid,
            lines: &[],
        };
        let scope = TenantScope::provider();
        let decided = approve(&app.web.wiring, &scope, &decision).await;
        decided.map(drop).map_err(|problem| problem.what.join(" "))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_made_the_program_that_asked_does_not_approve() {
        let app = house().await;
        for program in ["api:robot", "api:second"] {
            let plan = asked_by(&app, program).await;
            let why = decides(&app, &plan, "ann@provider.example")
                .await
                .unwrap_err();
            assert!(why.contains("ann@provider.example is behind"), "{why}");
            let why = decides(&app, &plan, "api:second").await.unwrap_err();
            assert!(
                why.contains("is behind") || why.contains("asked for this"),
                "{why}"
            );
            decides(&app, &plan, "ben@provider.example").await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_person_asked_for_is_not_approved_by_their_program() {
        let app = house().await;
        let plan = asked_by(&app, "ann@provider.example").await;
        for program in ["api:robot", "api:second"] {
            let why = decides(&app, &plan, program).await.unwrap_err();
            assert!(why.contains("another person must decide"), "{why}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_person_and_their_program_are_no_two_approvers() {
        let app = house().await;
        for (first, second) in [
            ("api:robot", "ann@provider.example"),
            ("ann@provider.example", "api:robot"),
            ("api:robot", "api:second"),
        ] {
            let plan = asked_by(&app, "hr@contoso.example").await;
            decides(&app, &plan, first).await.unwrap();
            let why = decides(&app, &plan, second).await.unwrap_err();
            assert!(
                why.contains("both count as one"),
                "{first}, {second}: {why}"
            );
            decides(&app, &plan, "ben@provider.example").await.unwrap();
        }
    }
}
