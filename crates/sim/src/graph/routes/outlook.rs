//! Calendar, mailbox settings and mail.

use super::super::permissions::*;
use super::super::{calendar, mail};
use super::{Route, route};

pub(super) const ROUTES: &[Route] = &[
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
