//! What a Graph request costs of the tenant's quota.
//!
//! Source: Microsoft Graph documentation, "Throttling limits", identity and access: base costs, then `$select` -1,
//! `$expand` +1, `$top` below 20 -1, never under 1; every write one unit.

use http::Method;

use super::path::Path;

/// Resource units of a request.
pub(super) fn units(method: &Method, path: &Path) -> u32 {
    let segments: Vec<&str> = path.segments().collect();
    if *method != Method::GET {
        return match segments.last().copied() {
            Some("checkMemberGroups" | "checkMemberObjects" | "isMemberOf") => 4,
            Some("getByIds") => 3,
            Some("getMemberGroups" | "getMemberObjects") => 2,
            _ => 1,
        };
    }
    let base = match segments[..] {
        ["subscribedSkus"] | ["contracts"] => 3,
        ["users" | "applications" | "oauth2PermissionGrants"] => 2,
        ["groups", _, "transitiveMembers", ..] => 5,
        ["groups", _, "members", ..] => 3,
        ["domains", _, "domainNameReferences"] => 4,
        [
            "users",
            _,
            "licenseDetails" | "memberOf" | "ownedObjects" | "transitiveMemberOf",
            ..,
        ] => 2,
        ["servicePrincipals", _, "appRoleAssignments", ..] => 2,
        _ => 1,
    };
    let mut units: i32 = base;
    units -= i32::from(path.param_of("$select").is_some());
    units += i32::from(path.param_of("$expand").is_some());
    let top: Option<u32> = path.param_of("$top").and_then(|top| top.parse().ok());
    units -= i32::from(top.is_some_and(|top| top < 20));
    u32::try_from(units.max(1)).unwrap_or(1)
}

/// Whether the service behind the path draws on the directory's quota, which the whole tenant shares.
pub(super) fn is_directory(path: &Path) -> bool {
    let segments: Vec<&str> = path.segments().collect();
    let directory_root = matches!(
        segments.first().copied(),
        Some(
            "users"
                | "groups"
                | "devices"
                | "directory"
                | "directoryObjects"
                | "directoryRoles"
                | "domains"
                | "subscribedSkus"
                | "organization"
                | "applications"
                | "servicePrincipals"
                | "oauth2PermissionGrants"
        )
    );
    let own_limits = matches!(
        segments.get(2).copied(),
        Some("authentication" | "drive" | "joinedTeams")
    );
    directory_root && !own_limits && mailbox(path).is_none()
}

/// The mailbox that Outlook's own limit (four at a time) applies to.
pub(super) fn mailbox(path: &Path) -> Option<String> {
    let segments: Vec<&str> = path.segments().collect();
    match segments[..] {
        [
            "users",
            user,
            "mailboxSettings"
            | "messages"
            | "mailFolders"
            | "events"
            | "calendar"
            | "calendars"
            | "calendarView"
            | "contacts"
            | "contactFolders"
            | "sendMail"
            | "inferenceClassification"
            | "outlook",
            ..,
        ] => Some(user.to_ascii_lowercase()),
        _ => None,
    }
}

/// The object that a write changes: writes to one object go one after the other.
pub(super) fn object(path: &Path) -> Option<String> {
    let segments: Vec<&str> = path.segments().collect();
    match segments[..] {
        ["users" | "groups" | "devices" | "teams", id, ..] => {
            Some(format!("{}/{}", segments[0], id.to_ascii_lowercase()))
        }
        _ => None,
    }
}
