//! A run as it happens: how it stands, what it waits for, each step with its three ticks, and the receipt of one.

mod act;
mod band;
mod head;
mod line;
mod load;
mod page;
mod phases;
mod receipt;
mod stream;
mod tries;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use domain::access::Role;

use super::{Needs, Routes};

pub(crate) use act::settle;
pub(crate) use line::path as step_path;
pub(crate) use load::{Loaded, View, site};
pub(crate) use stream::Pumps;
pub(crate) use words::brief;

/// The routes of a run.
pub(crate) fn routes(routes: Routes) -> Routes {
    let reads = Needs::There(Role::Viewer);
    let steers = Needs::There(Role::Approver);
    routes
        .get("/t/{tenant}/runs/{run}", reads, page::show)
        .get("/t/{tenant}/runs/{run}/steps/{step}", reads, page::step)
        .get("/t/{tenant}/runs/{run}/events", reads, stream::events)
        .post("/t/{tenant}/runs/{run}/pause", steers, act::pause)
        .post("/t/{tenant}/runs/{run}/resume", steers, act::resume)
        .post("/t/{tenant}/runs/{run}/stop", steers, act::stop)
        .post("/t/{tenant}/runs/{run}/retry", steers, act::retry)
        .post(
            "/t/{tenant}/runs/{run}/undo",
            Needs::There(Role::Requester),
            act::undo,
        )
        .post(
            "/t/{tenant}/runs/{run}/steps/{step}/done",
            Needs::There(Role::Requester),
            act::done,
        )
        .post(
            "/t/{tenant}/runs/{run}/steps/{step}/approve",
            steers,
            act::approve,
        )
}
