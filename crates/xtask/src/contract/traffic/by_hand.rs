//! Does on premises what a plan asks a person to do there, and lets the directories synchronise.

use domain::plan::Plan;
use domain::spec::{Effect, StepSpec};
use serde_json::{Map, Value};
use sim::HumanChange;
use sim::world::OnPremisesUser;

use super::stage::Stage;

/// Carries the step out by hand. Says whether it was done: a tenant can have synced people and no directory that the sandbox knows.
///
/// # Errors
/// When the sandbox has no such account on premises.
pub(super) fn act(
    stage: &Stage,
    tenant: &str,
    plan: &Plan,
    spec: &StepSpec,
) -> anyhow::Result<bool> {
    let world = stage.sandbox.world();
    let directory = world.tenants.get(tenant).map(|tenant| &tenant.on_premises);
    if directory.is_none_or(|directory| directory.domain_name.is_empty()) {
        return Ok(false);
    }
    let has = |effect: Effect| spec.has(|other| *other == effect);
    let change = if has(Effect::CreatesOnPremises) {
        let local = plan.upn.split('@').next().unwrap_or_default();
        HumanChange::AddOnPremisesUser {
            user: Box::new(OnPremisesUser {
                sam_account_name: local.to_owned(),
                user_principal_name: plan.upn.clone(),
                display_name: plan.person.name.clone(),
                ..OnPremisesUser::default()
            }),
        }
    } else {
        let set = [("enabled".to_owned(), Value::Bool(has(Effect::OpensSignIn)))];
        HumanChange::ChangeOnPremisesUser {
            user: plan.upn.clone(),
            set: Map::from_iter(set),
        }
    };
    stage.sandbox.human(tenant, &change)?;
    stage
        .sandbox
        .human(tenant, &HumanChange::SyncDirectory { full: false })?;
    Ok(true)
}
