//! Findings: what a person must look at, the worst first; and what can be done about one.

mod act;
mod detail;
mod list;
mod story;
#[cfg(test)]
mod tests;

use domain::access::Role;

use super::{Needs, Routes};

/// The routes of findings.
pub(crate) fn routes(routes: Routes) -> Routes {
    let reads = Needs::There(Role::Viewer);
    let decides = Needs::There(Role::Approver);
    routes
        .get(
            "/findings",
            Needs::Somewhere(Role::Viewer),
            list::everywhere,
        )
        .get("/t/{tenant}/findings", reads, list::of_tenant)
        .get("/t/{tenant}/findings/{run}/{number}", reads, list::one)
        .post(
            "/t/{tenant}/findings/{run}/{number}/handle",
            decides,
            act::handle,
        )
        .post(
            "/t/{tenant}/findings/{run}/{number}/reopen",
            decides,
            act::reopen,
        )
        .post(
            "/t/{tenant}/findings/{run}/{number}/look",
            Needs::There(Role::Requester),
            act::look,
        )
        .post(
            "/t/{tenant}/findings/{run}/{number}/plan",
            Needs::There(Role::Requester),
            act::plan,
        )
}
