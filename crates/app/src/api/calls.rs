//! The list of calls, and how each is registered.

use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use domain::access::Role;

use super::doc::Doc;
use crate::problem::Problem;
use crate::web::{Caller, Needs, Routes, Web};

/// A call, as the document describes it.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    pub(super) doc: Doc,
}

/// The calls, before they join the app's routes.
#[derive(Default)]
pub(crate) struct Api {
    routes: Routes,
    pub(super) calls: Vec<Call>,
}

impl Api {
    /// Something to read.
    pub(crate) fn get<H, T>(self, path: &'static str, needs: Needs, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add("GET", path, needs, doc, get(handler))
    }

    /// A list, over all tenants and over one; the same function answers both.
    pub(crate) fn list<H, T>(self, paths: [&'static str; 2], doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        let [all, one] = paths;
        let doc = doc.paged();
        self.get(
            all,
            Needs::Somewhere(Role::Viewer),
            doc.clone(),
            handler.clone(),
        )
        .get(one, Needs::There(Role::Viewer), doc, handler)
    }

    /// Something to do. With an `Idempotency-Key` it is done once, however often it is sent.
    pub(crate) fn post<H, T>(self, path: &'static str, needs: Needs, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add("POST", path, needs, doc, post(handler))
    }

    /// Something to put in place of what is there.
    pub(crate) fn put<H, T>(self, path: &'static str, needs: Needs, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add("PUT", path, needs, doc, put(handler))
    }

    /// Something to take away.
    pub(crate) fn delete<H, T>(self, path: &'static str, needs: Needs, doc: Doc, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add("DELETE", path, needs, doc, delete(handler))
    }

    fn add(
        mut self,
        method: &'static str,
        path: &'static str,
        needs: Needs,
        doc: Doc,
        answer: MethodRouter<Web>,
    ) -> Self {
        let answer = if doc.is_for_people {
            answer.layer(from_fn(people_only))
        } else {
            answer
        };
        self.routes = self.routes.add(method, path, needs, answer);
        self.calls.push(Call {
            method,
            path,
            needs,
            doc,
        });
        self
    }

    /// The calls as routes.
    pub(crate) fn into_routes(self) -> Routes {
        self.routes
    }
}

/// Refuses every API client: what it answers for, a person has to.
async fn people_only(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    if caller.is_some_and(|caller| !caller.is_client) {
        return next.run(request).await;
    }
    Problem::refused(
        "people-only",
        "this is done by a person, and by no API client",
    )
    .hint("sign in, and do it there")
    .into_response()
}
