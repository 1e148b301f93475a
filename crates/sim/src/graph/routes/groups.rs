//! Groups, their members, owners and licences.

use super::super::permissions::*;
use super::super::{delta, groups, licences};
use super::{Route, route};

pub(super) const ROUTES: &[Route] = &[
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
    route("GET", "/groups", READ_GROUPS, groups::list),
    route("GET", "/groups/$count", READ_GROUPS, groups::count),
    route("GET", "/groups/delta", READ_GROUPS, delta::groups),
    route("POST", "/groups", CREATE_GROUPS, groups::create),
    route(
        "DELETE",
        "/groups/{}/members/$ref",
        WRITE_MEMBERS,
        groups::remove_member_by_option,
    ),
    route(
        "DELETE",
        "/groups/{}/owners/$ref",
        WRITE_GROUPS,
        groups::remove_owner_by_option,
    ),
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
];
