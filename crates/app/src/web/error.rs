//! The page that says what went wrong, what is still true, and what to do now.

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use super::Caller;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    provider: &'a str,
    card: bool,
    lines: &'a [String],
    hint: Option<&'a str>,
    request: &'a str,
    signed_in: bool,
}

/// A problem as a page.
pub(super) fn page(
    provider: &str,
    caller: Option<&Caller>,
    problem: &Problem,
    id: &str,
) -> Response {
    let status = problem.status();
    let title = match status.as_u16() {
        401 => "Sign in first",
        403 => "Not yours to do",
        404 => "There is no such page",
        408 => "It took too long",
        409 => "It is not as it was",
        410 => "Gone",
        413 => "Too much at once",
        429 => "Too many tries",
        422 => "This cannot be done so",
        _ => "Something did not work",
    };
    let page = ErrorPage {
        title,
        provider,
        card: true,
        lines: &problem.what,
        hint: problem.hint.as_deref(),
        request: id,
        signed_in: caller.is_some(),
    };
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => (status, problem.to_string()).into_response(),
    }
}

/// An address where nothing is, or nothing that the caller may see.
pub(super) fn no_page() -> Problem {
    Problem::refused(
        "not-found",
        "there is nothing at this address, or nothing that you may see",
    )
    .hint("check the address; a tenant is seen by those who have a role in it")
}

/// Whatever is no route.
pub(super) async fn nowhere() -> Problem {
    no_page()
}
