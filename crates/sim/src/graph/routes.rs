//! Every Graph operation of the sandbox: its path, the application permissions that open it, and who answers.
//!
//! The operations stand in one file per area, the lists of permissions in `permissions.rs`.

mod groups;
mod outlook;
mod people;
mod tenant;

use super::{Ask, Outcome, error};
use crate::auth::Claims;
use crate::call::{Answer, Call};
use crate::cloud::Visit;
use crate::throttle::Service;

/// One operation.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// Any of these suffices.
    any: &'static [&'static str],
    /// Any of these is needed as well; empty for nothing more.
    also: &'static [&'static str],
    pub(super) handler: fn(&mut Visit<'_>, &Ask<'_>) -> Outcome,
}

const fn route(
    method: &'static str,
    path: &'static str,
    any: &'static [&'static str],
    handler: fn(&mut Visit<'_>, &Ask<'_>) -> Outcome,
) -> Route {
    Route {
        method,
        path,
        any,
        also: &[],
        handler,
    }
}

/// Types that a path may cast to.
const CASTS: [&str; 4] = ["application", "directoryRole", "group", "user"];

/// Functions and actions that may stand in a path with their namespace.
const BOUND: [&str; 7] = [
    "assignLicense",
    "checkMemberGroups",
    "delta",
    "reprocessLicenseAssignment",
    "restore",
    "revokeSignInSessions",
    "sendMail",
];

/// All operations, area by area.
const AREAS: [&[Route]; 4] = [
    tenant::ROUTES,
    people::ROUTES,
    groups::ROUTES,
    outlook::ROUTES,
];

/// Finds the operation of a call, with what stood in the placeholders.
pub(super) fn find(call: &Call) -> Result<(&'static Route, Vec<String>), Answer> {
    let Some(path) = call.path.strip_prefix("/v1.0") else {
        return Err(error(
            400,
            "BadRequest",
            "Invalid version: the sandbox answers v1.0 only.",
        ));
    };
    let stripped = Call {
        path: path.to_owned(),
        ..call.clone()
    };
    let segments: Vec<String> = stripped
        .segments()
        .iter()
        .flat_map(|segment| split_key(segment))
        .collect();
    let mut other_method = false;
    let mut best: Option<(&Route, Vec<String>)> = None;
    for route in AREAS.into_iter().flatten() {
        let Some(ids) = fits(route.path, &segments) else {
            continue;
        };
        if route.method != call.method.as_str() {
            other_method = true;
            continue;
        }
        // The fewest placeholders win, so that fixed words go before ids.
        if best
            .as_ref()
            .is_none_or(|(_, known)| ids.len() < known.len())
        {
            best = Some((route, ids));
        }
    }
    best.ok_or_else(|| {
        if other_method {
            return error(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            );
        }
        let segment = segments.last().map_or("", String::as_str);
        error(
            400,
            "BadRequest",
            &format!("Resource not found for the segment '{segment}'."),
        )
    })
}

/// `users('x')` and `servicePrincipals(appId='x')` are the key forms of `users/x`.
///
/// Functions and actions have two names each, and namespaces have an alias: client libraries write `microsoft.graph.delta()`, `delta()`
/// or `graph.user`.
fn split_key(segment: &str) -> Vec<String> {
    let segment = segment.strip_suffix("()").unwrap_or(segment);
    let bare = segment
        .strip_prefix("microsoft.graph.")
        .or_else(|| segment.strip_prefix("graph."));
    match bare {
        Some(bare) if CASTS.contains(&bare) => return vec![format!("microsoft.graph.{bare}")],
        Some(bare) if BOUND.contains(&bare) => return vec![bare.to_owned()],
        _ => {}
    }
    match segment.split_once('(') {
        Some((name, key)) if key.ends_with(')') && !name.is_empty() => {
            let key = key.trim_end_matches(')');
            let key = key
                .strip_prefix('\'')
                .and_then(|key| key.strip_suffix('\''))
                .unwrap_or(key);
            vec![name.to_owned(), key.to_owned()]
        }
        _ => vec![segment.to_owned()],
    }
}

fn fits(path: &str, segments: &[String]) -> Option<Vec<String>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut ids = Vec::new();
    for (part, segment) in parts.iter().zip(segments) {
        if *part == "{}" {
            ids.push(segment.clone());
        } else if !part.eq_ignore_ascii_case(segment) {
            return None;
        }
    }
    Some(ids)
}

impl Route {
    /// Whether the token's permissions open it.
    pub(super) fn allows(&self, claims: &Claims) -> bool {
        claims.has_any(self.any) && (self.also.is_empty() || claims.has_any(self.also))
    }

    /// Which service pays.
    pub(super) fn service(&self) -> Service {
        let outlook = [
            "/events",
            "/calendar",
            "/mailboxSettings",
            "/messages",
            "/sendMail",
        ];
        if outlook.iter().any(|part| self.path.contains(part)) {
            Service::Outlook
        } else if self.path.contains("/authentication/") || self.path.starts_with("/roleManagement")
        {
            Service::Unpublished
        } else {
            Service::Identity
        }
    }

    /// Resource units (throttling-limits page, identity and access).
    pub(super) fn units(&self, call: &Call) -> f64 {
        let base: i32 = match (self.method, self.path) {
            (
                "GET",
                "/groups/{}/members"
                | "/groups/{}/members/microsoft.graph.user"
                | "/subscribedSkus",
            ) => 3,
            ("POST", "/users/{}/checkMemberGroups") => 4,
            ("GET", "/applications" | "/users" | "/users/{}/licenseDetails") => 2,
            ("GET", "/servicePrincipals/{}/appRoleAssignments") => 2,
            ("GET", path) if path.contains("emberOf") || path.contains("/ownedObjects") => 2,
            _ => 1,
        };
        let select = i32::from(call.option("$select").is_some());
        let expand = i32::from(call.option("$expand").is_some());
        let few = i32::from(
            call.option("$top")
                .and_then(|top| top.parse::<u32>().ok())
                .is_some_and(|top| top < 20),
        );
        f64::from((base - select + expand - few).max(1))
    }
}
