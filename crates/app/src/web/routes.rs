//! The list of routes: each with its method, its path, what it needs of the caller, and who answers.

use std::any::Any;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use domain::access::Role;
use tower_http::catch_panic::CatchPanicLayer;

use super::{Web, gate};
use crate::problem::Problem;

/// What a route needs of its caller. There is no default: who adds a route says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: the page of a sign-in, an asset, a one-time link that is its own proof.
    Nothing,
    /// A proof that the route itself checks: a token of another service, which is nobody's session here.
    OwnProof,
    /// Somebody signed in.
    SignedIn,
    /// This role in at least one tenant; what is shown is what those tenants have.
    Somewhere(Role),
    /// This role in the tenant of the path's `{tenant}`.
    There(Role),
    /// This role for all tenants of the provider.
    Everywhere(Role),
}

/// A route as the walk over all of them sees it.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "read by the walk over all routes")
)]
pub(crate) struct Entry {
    /// `GET`, `POST`, ….
    pub(crate) method: &'static str,
    /// The path with its `{parts}`.
    pub(crate) path: &'static str,
    /// What it needs.
    pub(crate) needs: Needs,
}

type Answerer = Box<dyn FnOnce(&Web) -> MethodRouter<Web> + Send>;

/// The routes, before they are joined to the app.
#[derive(Default)]
pub(crate) struct Routes(Vec<(Entry, Answerer)>);

impl Routes {
    /// A page or data to read.
    pub(crate) fn get<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add("GET", path, needs, get(handler))
    }

    /// A wish to change something. It carries the session's token, or it is refused.
    pub(crate) fn post<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add("POST", path, needs, post(handler))
    }

    /// These routes and more.
    pub(crate) fn join(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// A route of any method.
    pub(crate) fn add(
        mut self,
        method: &'static str,
        path: &'static str,
        needs: Needs,
        answer: MethodRouter<Web>,
    ) -> Self {
        let entry = Entry {
            method,
            path,
            needs,
        };
        let guarded: Answerer = Box::new(move |web: &Web| {
            let gate = gate::Gate {
                web: web.clone(),
                needs,
            };
            answer.route_layer(from_fn_with_state(gate, gate::pass))
        });
        self.0.push((entry, guarded));
        self
    }

    /// The list, for whoever walks it.
    #[cfg(test)]
    pub(crate) fn list(&self) -> Vec<Entry> {
        self.0.iter().map(|(entry, _)| entry.clone()).collect()
    }

    /// The routes as a router; whatever is not listed is not there.
    pub(crate) fn into_router(self, web: &Web) -> Router {
        let router = self
            .0
            .into_iter()
            .fold(Router::new(), |router, (entry, answer)| {
                router.route(entry.path, answer(web))
            });
        router
            .fallback(super::error::nowhere)
            .layer(CatchPanicLayer::custom(broke))
            .layer(from_fn_with_state(web.clone(), super::answer::dress))
            .with_state(web.clone())
    }
}

/// A handler that panicked: a page like any other failure, without a word of what the panic said.
fn broke(_: Box<dyn Any + Send>) -> Response {
    Problem::failed("fault", "a fault in Tenure itself stopped this")
        .hint("look whether it was done, then try again; the request's id below is in the log, with the place")
        .into_response()
}
