//! The check accepts what Microsoft documents and refuses each kind of mistake, on small tables of its own.

mod replies;
mod requests;
mod tables;

use serde_json::{Value, json};

use super::calls::Check;
use super::csdl::Model;
use super::exchange::Cmdlets;
use super::har;
use super::permissions::{Declared, Sender, Table};
use super::tally::Tally;

const METADATA: &str = include_str!("tests/metadata.xml");
const TENANT: &str = "7d0c5f3e-5c0a-4d52-9f3c-0f1d5b2c7a10";
const ID: &str = "3179e48a-750b-4051-897c-87b9720928f7";

fn table() -> Table {
    let text = json!({
        "known": ["User.Read.All", "User.ReadWrite.All", "Group.ReadWrite.All", "Mail.Send", "Application.Read.All",
            "MailboxSettings.ReadWrite", "Calendars.Read", "UserAuthenticationMethod.ReadWrite.All", "Nothing.Read.All"],
        "paths": {
            "GET /users": ["User.Read.All"],
            "POST /users": ["User.ReadWrite.All"],
            "GET /users/{id}": ["User.Read.All", "User.ReadWrite.All"],
            "PATCH /users/{id}": ["User.ReadWrite.All"],
            "DELETE /users/{id}": ["User.ReadWrite.All"],
            "GET /users/delta": ["User.Read.All"],
            "GET /users/{id}/memberof": ["User.Read.All"],
            "GET /users/{id}/manager": ["User.Read.All"],
            "PUT /users/{id}/manager": ["User.ReadWrite.All"],
            "GET /users/{userId}/calendarview": ["Calendars.Read"],
            "GET /users/{id}/mailfolders/inbox/messagerules": ["MailboxSettings.ReadWrite"],
            "POST /users/{id}/sendmail": ["Mail.Send"],
            "POST /users/{id}/assignlicense": ["User.ReadWrite.All"],
            "GET /users/{id}/revokesigninsessions": ["User.Read.All"],
            "POST /users/{id}/revokesigninsessions": ["User.ReadWrite.All"],
            "GET /users/{id}/authentication/methods": ["UserAuthenticationMethod.ReadWrite.All"],
            "DELETE /users/{id}/authentication/methods/{id}": ["UserAuthenticationMethod.ReadWrite.All"],
            "PATCH /users/{id}/memberof": ["User.Read.All"],
            "PATCH /groups/{id}": ["Group.ReadWrite.All"],
            "DELETE /groups/{id}/members/{id}": ["Group.ReadWrite.All"],
            "GET /serviceprincipals(appid={value})": ["Application.Read.All"],
        },
    });
    Table::parse(&text.to_string()).unwrap()
}

fn cmdlets() -> Cmdlets {
    let parameter = |ty: &str, required: bool| json!({"type": ty, "required": required});
    let text = json!({
        "Set-Mailbox": {
            "Identity": parameter("MailboxIdParameter", true),
            "Type": parameter("ConvertibleMailboxSubType", false),
            "ForwardingAddress": parameter("RecipientIdParameter", false),
            "HiddenFromAddressListsEnabled": parameter("Boolean", false),
            "GrantSendOnBehalfTo": parameter("MultiValuedProperty", false),
            "Confirm": parameter("SwitchParameter", false),
        },
        "Get-Mailbox": {
            "Identity": parameter("MailboxIdParameter", false),
            "ResultSize": parameter("Unlimited", false),
            "RecipientTypeDetails": parameter("RecipientTypeDetails[]", false),
        },
    });
    Cmdlets::parse(&text.to_string()).unwrap()
}

fn declared() -> Declared {
    Declared::of(vec![
        Sender::new(
            "one",
            &[
                "User.Read.All",
                "User.ReadWrite.All",
                "Group.ReadWrite.All|Directory.ReadWrite.All",
                "Calendars.Read",
            ],
        ),
        Sender::new(
            "two",
            &[
                "Exchange.ManageAsApp",
                "Mail.Send",
                "MailboxSettings.ReadWrite",
                "UserAuthenticationMethod.ReadWrite.All",
                "Application.Read.All",
            ],
        ),
    ])
}

/// Holds recorded entries against the tables above.
fn judge(entries: &Value) -> Tally {
    let text = json!({"log": {"version": "1.2", "entries": entries}}).to_string();
    let model = Model::parse(METADATA).unwrap();
    let (table, cmdlets, mut declared, mut tally) =
        (table(), cmdlets(), declared(), Tally::default());
    let sender = declared.everybody("all");
    let mut check = Check {
        sender: &sender,
        model: &model,
        table: &table,
        cmdlets: &cmdlets,
        declared: &mut declared,
        tally: &mut tally,
    };
    for call in har::parse(&text, "test.har").unwrap() {
        check.call(&call);
    }
    tally
}

/// Holds one call; `expect` is empty for one that holds, else a part of the only violation.
#[track_caller]
fn check(request: &str, body: Value, status: u16, reply: Value, expect: &str) {
    let (method, url) = request.split_once(' ').unwrap();
    let url = match url.strip_prefix('/') {
        Some(relative) => format!("https://graph.microsoft.com/v1.0/{relative}"),
        None => url.to_owned(),
    };
    let mut headers = vec![json!({"name": "x-anchormailbox", "value": "UPN:a@b.example"})];
    if !body.is_null() {
        headers.push(json!({"name": "content-type", "value": "application/json"}));
    }
    let mut entry = json!({
        "request": {"method": method, "url": url, "headers": headers},
        "response": {"status": status, "headers": [], "content": {}},
    });
    if !body.is_null() {
        entry["request"]["postData"] =
            json!({"mimeType": "application/json", "text": body.to_string()});
    }
    if !reply.is_null() {
        entry["response"]["content"] = json!({"text": reply.to_string()});
    }
    let tally = judge(&json!([entry]));
    let found: Vec<&str> = tally
        .violations()
        .iter()
        .map(|violation| violation.what.as_str())
        .collect();
    if expect.is_empty() {
        assert!(found.is_empty(), "{request}: {found:?}");
    } else {
        assert!(
            found.len() == 1 && found[0].contains(expect),
            "{request}: wanted {expect:?}, found {found:?}"
        );
    }
}

/// A GET whose reply holds.
#[track_caller]
fn get(request: &str, expect: &str) {
    let many = [
        "/users?",
        "/memberOf",
        "/calendarView",
        "/methods",
        "/messageRules",
        "/delta",
    ];
    let reply = match many.iter().any(|part| request.contains(part)) {
        true => json!({"value": []}),
        false => json!({"id": ID}),
    };
    check(&format!("GET {request}"), Value::Null, 200, reply, expect);
}

fn error() -> Value {
    json!({"error": {"code": "Request_BadRequest", "message": "No.", "innerError": {"date": "2026-01-06T12:25:59"}}})
}
