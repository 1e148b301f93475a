//! Every Graph operation of the sandbox: its path, the application permissions that open it, and who answers.
//!
//! The lists of permissions stand in `permissions.rs`.

use super::permissions::*;
use super::{
    Ask, Outcome, calendar, directory, error, groups, licences, mail, membership, methods, roles,
    users,
};
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

const ROUTES: &[Route] = &[
    route(
        "GET",
        "/organization",
        &[
            "Organization.Read.All",
            "User.Read.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        directory::organization,
    ),
    route(
        "GET",
        "/domains",
        &[
            "Domain.Read.All",
            "Domain.ReadWrite.All",
            "Directory.Read.All",
        ],
        directory::domains,
    ),
    route("GET", "/subscribedSkus", READ_SKUS, directory::skus),
    route(
        "GET",
        "/servicePrincipals/{}",
        READ_APPS,
        directory::service_principal,
    ),
    route(
        "GET",
        "/servicePrincipals/{}/appRoleAssignments",
        READ_APPS,
        directory::app_roles,
    ),
    route("GET", "/applications", READ_APPS, directory::applications),
    route("GET", "/applications/{}", READ_APPS, directory::application),
    route(
        "GET",
        "/applications/{}/owners",
        READ_APPS,
        directory::application_owners,
    ),
    route(
        "GET",
        "/applications/{}/owners/microsoft.graph.user",
        READ_APPS,
        directory::application_owners,
    ),
    route(
        "POST",
        "/applications/{}/owners/$ref",
        &["Application.ReadWrite.All"],
        directory::add_application_owner,
    ),
    route(
        "DELETE",
        "/applications/{}/owners/{}/$ref",
        &["Application.ReadWrite.All"],
        directory::remove_application_owner,
    ),
    route(
        "GET",
        "/directory/deletedItems/microsoft.graph.user",
        DELETE_OR_READ_USERS,
        directory::deleted_users,
    ),
    route(
        "GET",
        "/directory/deletedItems/{}",
        DELETE_OR_READ_USERS,
        directory::deleted_item,
    ),
    route(
        "POST",
        "/directory/deletedItems/{}/restore",
        DELETE_USERS,
        directory::restore,
    ),
    route(
        "DELETE",
        "/directory/deletedItems/{}",
        DELETE_USERS,
        directory::purge,
    ),
    route("GET", "/users", READ_BASIC_USERS, users::list),
    route("GET", "/users/{}", READ_BASIC_USERS, users::get),
    route("PATCH", "/users/{}", PATCH_USERS, users::patch),
    // User.DeleteRestore.All works only together with a permission to read users.
    Route {
        also: READ_USERS,
        ..route("DELETE", "/users/{}", DELETE_USERS, users::delete)
    },
    route(
        "POST",
        "/users/{}/revokeSignInSessions",
        &[
            "User.RevokeSessions.All",
            "User.ReadWrite.All",
            "Directory.ReadWrite.All",
        ],
        users::revoke_sessions,
    ),
    route("GET", "/users/{}/manager", READ_USERS, users::manager),
    route(
        "PUT",
        "/users/{}/manager/$ref",
        WRITE_USERS,
        users::set_manager,
    ),
    route(
        "DELETE",
        "/users/{}/manager/$ref",
        WRITE_USERS,
        users::remove_manager,
    ),
    route(
        "GET",
        "/users/{}/directReports",
        READ_USERS,
        users::direct_reports,
    ),
    route(
        "GET",
        "/users/{}/directReports/microsoft.graph.user",
        READ_USERS,
        users::direct_reports,
    ),
    route(
        "GET",
        "/users/{}/memberOf",
        READ_MEMBERSHIP,
        membership::member_of,
    ),
    route(
        "GET",
        "/users/{}/memberOf/microsoft.graph.group",
        READ_MEMBERSHIP,
        membership::member_of_groups,
    ),
    route(
        "GET",
        "/users/{}/memberOf/microsoft.graph.directoryRole",
        READ_MEMBERSHIP,
        membership::member_of_roles,
    ),
    route(
        "GET",
        "/users/{}/transitiveMemberOf",
        READ_TRANSITIVE,
        membership::transitive,
    ),
    route(
        "GET",
        "/users/{}/transitiveMemberOf/microsoft.graph.group",
        READ_TRANSITIVE,
        membership::transitive_groups,
    ),
    route(
        "GET",
        "/users/{}/ownedObjects",
        READ_USERS,
        membership::owned_objects,
    ),
    route(
        "GET",
        "/users/{}/ownedObjects/microsoft.graph.group",
        READ_USERS,
        membership::owned_groups,
    ),
    route(
        "GET",
        "/users/{}/ownedObjects/microsoft.graph.application",
        READ_USERS,
        membership::owned_applications,
    ),
    route(
        "POST",
        "/users/{}/checkMemberGroups",
        CHECK_GROUPS,
        membership::check_member_groups,
    ),
    route(
        "GET",
        "/users/{}/licenseDetails",
        &[
            "LicenseAssignment.Read.All",
            "User.Read.All",
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        licences::details,
    ),
    route(
        "POST",
        "/users/{}/assignLicense",
        WRITE_LICENCES,
        licences::assign,
    ),
    route(
        "POST",
        "/users/{}/reprocessLicenseAssignment",
        WRITE_USERS,
        licences::reprocess,
    ),
    route(
        "POST",
        "/groups/{}/assignLicense",
        &[
            "LicenseAssignment.ReadWrite.All",
            "Group.ReadWrite.All",
            "Directory.ReadWrite.All",
        ],
        licences::assign_to_group,
    ),
    route(
        "GET",
        "/users/{}/authentication/methods",
        READ_METHODS,
        methods::list,
    ),
    route(
        "DELETE",
        "/users/{}/authentication/methods/{}",
        WRITE_METHODS,
        methods::delete_untyped,
    ),
    route(
        "GET",
        "/users/{}/authentication/{}",
        READ_METHODS,
        methods::list_typed,
    ),
    route(
        "GET",
        "/users/{}/authentication/{}/{}",
        READ_METHODS,
        methods::get_typed,
    ),
    route(
        "DELETE",
        "/users/{}/authentication/{}/{}",
        WRITE_METHODS,
        methods::delete,
    ),
    route(
        "GET",
        "/roleManagement/directory/roleDefinitions",
        READ_ROLES,
        roles::definitions,
    ),
    route(
        "GET",
        "/roleManagement/directory/roleDefinitions/{}",
        READ_ROLES,
        roles::definition,
    ),
    route(
        "GET",
        "/roleManagement/directory/roleAssignments",
        READ_ROLES,
        roles::assignments,
    ),
    route(
        "GET",
        "/roleManagement/directory/roleAssignments/{}",
        READ_ROLES,
        roles::assignment,
    ),
    route(
        "POST",
        "/roleManagement/directory/roleAssignments",
        WRITE_ROLES,
        roles::add_assignment,
    ),
    route(
        "DELETE",
        "/roleManagement/directory/roleAssignments/{}",
        WRITE_ROLES,
        roles::remove_assignment,
    ),
    route(
        "GET",
        "/roleManagement/directory/roleEligibilitySchedules",
        READ_ELIGIBLE,
        roles::eligibilities,
    ),
    route(
        "POST",
        "/roleManagement/directory/roleEligibilityScheduleRequests",
        WRITE_ELIGIBLE,
        roles::request_eligibility,
    ),
    route("GET", "/groups", READ_GROUPS, groups::list),
    route("GET", "/groups/{}", READ_GROUPS, groups::get),
    route("PATCH", "/groups/{}", WRITE_GROUPS, groups::patch),
    route("GET", "/groups/{}/members", READ_MEMBERS, groups::members),
    route(
        "GET",
        "/groups/{}/members/microsoft.graph.user",
        READ_MEMBERS,
        groups::member_users,
    ),
    route("GET", "/groups/{}/owners", READ_OWNERS, groups::owners),
    route(
        "GET",
        "/groups/{}/owners/microsoft.graph.user",
        READ_OWNERS,
        groups::owner_users,
    ),
    Route {
        also: READ_BASIC_USERS,
        ..route(
            "POST",
            "/groups/{}/members/$ref",
            WRITE_MEMBERS,
            groups::add_member,
        )
    },
    route(
        "DELETE",
        "/groups/{}/members/{}/$ref",
        WRITE_MEMBERS,
        groups::remove_member,
    ),
    route(
        "DELETE",
        "/groups/{}/members/{}",
        WRITE_MEMBERS,
        groups::delete_member_object,
    ),
    Route {
        also: READ_BASIC_USERS,
        ..route(
            "POST",
            "/groups/{}/owners/$ref",
            WRITE_GROUPS,
            groups::add_owner,
        )
    },
    route(
        "DELETE",
        "/groups/{}/owners/{}/$ref",
        WRITE_GROUPS,
        groups::remove_owner,
    ),
    route("GET", "/users/{}/events", READ_CALENDAR, calendar::events),
    route(
        "GET",
        "/users/{}/calendar/events",
        READ_CALENDAR,
        calendar::events,
    ),
    route(
        "GET",
        "/users/{}/calendarView",
        READ_CALENDAR,
        calendar::view,
    ),
    route(
        "GET",
        "/users/{}/calendar/calendarView",
        READ_CALENDAR,
        calendar::view,
    ),
    route("GET", "/users/{}/events/{}", READ_CALENDAR, calendar::event),
    route(
        "POST",
        "/users/{}/events/{}/cancel",
        WRITE_CALENDAR,
        calendar::cancel,
    ),
    route(
        "DELETE",
        "/users/{}/events/{}",
        WRITE_CALENDAR,
        calendar::delete,
    ),
    route(
        "GET",
        "/users/{}/mailboxSettings",
        READ_SETTINGS,
        mail::settings,
    ),
    route(
        "GET",
        "/users/{}/mailboxSettings/automaticRepliesSetting",
        READ_SETTINGS,
        mail::automatic_replies,
    ),
    route(
        "PATCH",
        "/users/{}/mailboxSettings",
        WRITE_SETTINGS,
        mail::change_settings,
    ),
    route("POST", "/users/{}/messages", WRITE_MAIL, mail::draft),
    route("GET", "/users/{}/messages", READ_MAIL, mail::messages),
    route("GET", "/users/{}/messages/{}", READ_MAIL, mail::message),
    route("DELETE", "/users/{}/messages/{}", WRITE_MAIL, mail::delete),
    route(
        "GET",
        "/users/{}/mailFolders/{}/messages",
        READ_MAIL,
        mail::folder_messages,
    ),
    route("POST", "/users/{}/messages/{}/send", SEND_MAIL, mail::send),
    route("POST", "/users/{}/sendMail", SEND_MAIL, mail::send_at_once),
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
    for route in ROUTES {
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
fn split_key(segment: &str) -> Vec<String> {
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
