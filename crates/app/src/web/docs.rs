//! Documentation that is served where it is needed: the calls of the API, and what each error code means.

use askama::Template;
use axum::extract::State;
use serde_json::Value;

use super::answer::page;
use super::{Answer, Needs, Routes, Web, shell};
use crate::api;
use crate::web::extract::Path;

include!(concat!(env!("OUT_DIR"), "/errors.rs"));

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/docs/api", Needs::Nothing, calls)
        .get("/docs/errors", Needs::Nothing, errors)
        .get("/docs/errors/{code}", Needs::Nothing, error)
}

/// A page of `docs/errors`: its code, what it means, what to do.
fn parts(text: &str) -> (String, String) {
    let body = text.split_once("\n\n").map_or("", |(_, body)| body);
    let (means, act) = body
        .split_once("\n\n**What to do:** ")
        .unwrap_or((body, ""));
    (means.trim().to_owned(), act.trim().to_owned())
}

#[derive(Template)]
#[template(path = "docs/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    provider: String,
    card: bool,
    means: String,
    act: String,
}

async fn error(State(web): State<Web>, Path(code): Path<String>) -> Answer {
    // The rules share a page: `rule-7` says which.
    let page_of = if code.starts_with("rule-") {
        "rule"
    } else {
        &code
    };
    let found = ERRORS.iter().find(|(own, _)| *own == page_of);
    let (code, text) = found.ok_or_else(super::error::no_page)?;
    let (means, act) = parts(text);
    page(&ErrorPage {
        title: code,
        provider: shell::provider(&web).await,
        card: true,
        means,
        act,
    })
}

struct ErrorLine {
    code: &'static str,
    means: String,
}

#[derive(Template)]
#[template(path = "docs/errors.html")]
struct ErrorsPage {
    title: &'static str,
    provider: String,
    card: bool,
    lines: Vec<ErrorLine>,
}

async fn errors(State(web): State<Web>) -> Answer {
    let lines = ERRORS.iter().map(|(code, text)| ErrorLine {
        code,
        means: parts(text).0,
    });
    page(&ErrorsPage {
        title: "Error codes",
        provider: shell::provider(&web).await,
        card: false,
        lines: lines.collect(),
    })
}

struct CallLine {
    method: String,
    path: String,
    summary: String,
    needs: String,
}

#[derive(Template)]
#[template(path = "docs/api.html")]
struct ApiPage {
    title: &'static str,
    provider: String,
    card: bool,
    calls: Vec<CallLine>,
}

async fn calls(State(web): State<Web>) -> Answer {
    let document = api::document();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut calls = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            calls.push(CallLine {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                needs: text(&operation["description"]),
            });
        }
    }
    page(&ApiPage {
        title: "The API",
        provider: shell::provider(&web).await,
        card: false,
        calls,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::{ERRORS, parts};

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }

    /// The codes that this program gives, as they stand in its source.
    fn given() -> BTreeSet<String> {
        let mut files = Vec::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut files,
        );
        let mut codes = BTreeSet::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for mark in ["Problem::refused(", "Problem::failed(", "refuse(", "code: "] {
                for (at, _) in text.match_indices(mark) {
                    let rest = text[at + mark.len()..].trim_start();
                    let Some(rest) = rest.strip_prefix('"') else {
                        continue;
                    };
                    let code = rest.split('"').next().unwrap_or_default();
                    if !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                    {
                        codes.insert(code.to_owned());
                    }
                }
            }
        }
        assert!(codes.len() > 40, "the sources were read");
        codes
    }

    #[test]
    fn every_error_code_has_its_page() {
        let pages: BTreeSet<String> = ERRORS.iter().map(|(code, _)| (*code).to_owned()).collect();
        let missing: Vec<String> = given().difference(&pages).cloned().collect();
        assert!(
            missing.is_empty(),
            "write docs/errors/CODE.md for {missing:?}"
        );
    }

    #[test]
    fn every_page_says_what_it_means_and_what_to_do() {
        for (code, text) in ERRORS {
            let (means, act) = parts(text);
            assert!(text.starts_with(&format!("# {code}\n")), "{code}");
            assert!(
                means.ends_with('.') && act.ends_with('.'),
                "{code}: {means} / {act}"
            );
        }
    }
}
