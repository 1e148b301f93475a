//! The first start: four steps with ticks, as long as one of them is left.

use domain::access::Role;
use domain::request::Kind;
use store::{RunFilter, RunStatus, TenantScope};

use crate::acts;
use crate::problem::Problem;
use crate::web::{Caller, Web};
use crate::wiring::of_store;

/// A step of the first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) done: bool,
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) href: String,
    pub(super) action: &'static str,
}

/// The first start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FirstStart {
    pub(super) done: String,
    pub(super) steps: Vec<Step>,
}

/// What of the first start is left; nothing for those who are no admins, and once a leaver was carried out for real or all is done.
///
/// # Errors
/// Store errors.
pub(super) async fn read(
    web: &Web,
    caller: &Caller,
    scope: &TenantScope,
) -> Result<Option<FirstStart>, Problem> {
    if caller.role_everywhere() != Some(Role::Admin) {
        return Ok(None);
    }
    let store = &web.wiring.store;
    let tenants = store.tenants(scope).await.map_err(of_store)?;
    let mut without = None;
    let mut has_policy = false;
    for tenant in &tenants {
        match store.policy(&scope.only(&tenant.name), &tenant.name).await {
            Ok(_) => has_policy = true,
            Err(store::Error::Missing { .. }) => without = without.or(Some(tenant.name.clone())),
            Err(error) => return Err(of_store(error)),
        }
    }
    let (mut rehearsed, mut for_real) = (false, false);
    for status in [RunStatus::Completed, RunStatus::NeedsReview] {
        let filter = RunFilter {
            status: Some(status),
            kind: Some(Kind::Offboard),
            upn: None,
        };
        for run in store
            .list_runs(scope, &filter, None)
            .await
            .map_err(of_store)?
            .lines
        {
            let tenant = tenants.iter().find(|tenant| tenant.name == run.tenant);
            if tenant.is_some_and(|tenant| acts::tenant::is_rehearsal(&web.wiring.config, tenant)) {
                rehearsed = true;
            } else {
                for_real = true;
            }
        }
    }
    let others = store.operators().await.map_err(of_store)?;
    let has_approver = others.iter().any(|operator| {
        operator.email != caller.address
            && !operator.disabled
            && operator
                .grants
                .iter()
                .any(|grant| grant.role >= Role::Approver)
    });
    let policy = without.or_else(|| tenants.first().map(|tenant| tenant.name.clone()));
    let policy = policy.map_or_else(
        || "/policies".to_owned(),
        |tenant| format!("/t/{tenant}/policy"),
    );
    let steps = steps(
        [!tenants.is_empty(), has_policy, has_approver, rehearsed],
        policy,
    );
    Ok((!for_real).then(|| of(steps)).flatten())
}

fn steps(done: [bool; 4], policy: String) -> Vec<Step> {
    let said = [
        (
            "Connect a tenant",
            "Sign in with a certificate or a secret; nothing is changed there.",
            "/tenants/connect".to_owned(),
            "Connect",
        ),
        (
            "Apply a policy",
            "Which steps are on, at which sites, and who decides.",
            policy,
            "Write",
        ),
        (
            "Invite an approver",
            "Whoever asks for a plan cannot approve it.",
            "/settings/operators".to_owned(),
            "Invite",
        ),
        (
            "Rehearse one leaver in the sandbox",
            "A whole run against a simulated Microsoft 365.",
            "/sandbox".to_owned(),
            "Rehearse",
        ),
    ];
    said.into_iter()
        .zip(done)
        .map(|((name, says, href, action), done)| Step {
            done,
            name,
            says,
            href,
            action,
        })
        .collect()
}

fn of(steps: Vec<Step>) -> Option<FirstStart> {
    let done = steps.iter().filter(|step| step.done).count();
    (done < steps.len()).then(|| FirstStart {
        done: format!("{done} of {}", steps.len()),
        steps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_is_shown_until_every_step_has_its_tick() {
        let start = of(steps(
            [true, false, false, true],
            "/t/contoso/policy".to_owned(),
        ))
        .unwrap();
        assert_eq!(start.done, "2 of 4");
        assert_eq!(start.steps[1].href, "/t/contoso/policy");
        assert_eq!(of(steps([true; 4], String::new())), None);
    }
}
