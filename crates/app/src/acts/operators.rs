//! Who works with Tenure: inviting somebody, giving and taking roles, closing and opening an account.

use domain::access::Grant;
use domain::{OperatorId, TenantId};
use store::{NewOperator, Operator};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// The longest name of a person, in characters.
const LONGEST: usize = 200;

/// Makes an operator who signs in with the identity provider under this address.
///
/// # Errors
/// `mail` and `name` for what cannot be used, `exists` for an address that is an operator's, and store errors.
pub(crate) async fn invite(
    wiring: &Wiring,
    name: &str,
    address: &str,
    grants: &[Grant],
    by: &str,
) -> Result<Operator, Problem> {
    let email = domain::policy::requesters::address(address).ok_or_else(|| {
        Problem::refused(
            "mail",
            "Work address: give one mail address, like jane@provider.example.",
        )
        .hint("write the address alone")
    })?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST || name.contains(char::is_control) {
        return Err(
            Problem::refused("name", "Name: say what colleagues call them.")
                .hint(format!("1 to {LONGEST} characters")),
        );
    }
    known(wiring, grants).await?;
    let store = &wiring.store;
    let new = NewOperator {
        id: OperatorId::new(clock::short_id('o')),
        name: name.to_owned(),
        email,
        zone: None,
        at: clock::now(),
    };
    match store.invite(&new, None, grants, by).await {
        Err(store::Error::Exists { .. }) => {
            let what = format!("Work address: {} works with Tenure already.", new.email);
            return Err(Problem::refused("exists", what).hint("give them the role there"));
        }
        added => drop(added.map_err(of_store)?),
    }
    store.operator(&new.id).await.map_err(of_store)
}

/// Changes somebody's roles, but never so that nobody is left who could give any.
///
/// # Errors
/// `not-found`, `last-admin`, and store errors.
pub(crate) async fn change(
    wiring: &Wiring,
    id: &OperatorId,
    by: &str,
    how: impl FnOnce(&mut Vec<Grant>),
) -> Result<Operator, Problem> {
    let store = &wiring.store;
    let mut operator = store.operator(id).await.map_err(of_store)?;
    how(&mut operator.grants);
    operator.grants.sort();
    operator.grants.dedup();
    known(wiring, &operator.grants).await?;
    let granted = store
        .set_grants(id, &operator.grants, by, clock::now())
        .await;
    granted.map_err(|error| left_open(error, &operator.name))?;
    Ok(operator)
}

/// Closes or opens an account. Whoever is disabled is signed out at once, and cannot sign in.
///
/// # Errors
/// `not-found`, `last-admin`, and store errors.
pub(crate) async fn set_disabled(
    wiring: &Wiring,
    id: &OperatorId,
    disabled: bool,
    by: &str,
) -> Result<Operator, Problem> {
    let store = &wiring.store;
    let operator = store.operator(id).await.map_err(of_store)?;
    let set = store.set_disabled(id, disabled, by, clock::now()).await;
    set.map_err(|error| left_open(error, &operator.name))?;
    store.operator(id).await.map_err(of_store)
}

/// The store's refusal to leave nobody who could let anybody in, by name.
fn left_open(error: store::Error, name: &str) -> Problem {
    match error {
        store::Error::LastAdmin(_) => Problem::refused(
            "last-admin",
            format!("{name} is the last admin of all tenants who can sign in"),
        )
        .hint("make somebody else an admin of all tenants first, and have them sign in once"),
        error => of_store(error),
    }
}

/// Refuses a role in a tenant that is not there: it would wait for whoever takes the name later.
///
/// # Errors
/// `tenant`, and store errors.
pub(crate) async fn known(wiring: &Wiring, grants: &[Grant]) -> Result<(), Problem> {
    let scope = store::TenantScope::provider();
    let tenants = wiring.store.tenants(&scope).await.map_err(of_store)?;
    let is_there = |name: &TenantId| tenants.iter().any(|tenant| tenant.name == *name);
    let mut named = grants.iter().filter_map(|grant| grant.tenant.as_ref());
    match named.find(|name| !is_there(name)) {
        None => Ok(()),
        Some(name) => Err(
            Problem::refused("tenant", format!("there is no tenant {name}"))
                .hint("choose one of those connected, or all"),
        ),
    }
}
