//! Cmdlets and permissions.

use serde_json::{Value, json};

use super::{METADATA, TENANT, check, table};
use crate::contract::address::Address;
use crate::contract::csdl::Model;
use crate::contract::permissions::{Declared, Sender};
use crate::contract::resolve::resolve;
use crate::contract::tally::Tally;

fn invoke() -> String {
    format!("POST https://outlook.office365.com/adminapi/beta/{TENANT}/InvokeCommand")
}

fn body(name: &str, parameters: Value) -> Value {
    json!({"CmdletInput": {"CmdletName": name, "Parameters": parameters}})
}

fn done() -> Value {
    json!({"@odata.context": "x", "value": [], "@adminapi.warnings": ["w"]})
}

#[test]
fn cmdlets_and_their_parameters() {
    let url = invoke();
    let set = |parameters: Value, expect: &str| {
        check(&url, body("Set-Mailbox", parameters), 200, done(), expect)
    };
    set(
        json!({"Identity": "a", "Type": "Shared", "Confirm": false, "ForwardingAddress": null}),
        "",
    );
    set(
        json!({"Identity": "a", "GrantSendOnBehalfTo": {"@odata.type": "#Exchange.GenericHashTable", "add": ["b"]}}),
        "",
    );
    set(json!({"Type": "Shared"}), "lacks its required -Identity");
    set(
        json!({"Identity": "a", "Type": "Team"}),
        "'Team' is none of",
    );
    set(
        json!({"Identity": "a", "Hidden": true}),
        "no parameter 'Hidden'",
    );
    set(
        json!({"Identity": "a", "HiddenFromAddressListsEnabled": "true"}),
        "Boolean is wanted",
    );
    set(
        json!({"Identity": "a", "GrantSendOnBehalfTo": {"add": ["b"]}}),
        "MultiValuedProperty is wanted",
    );
    check(
        &url,
        body(
            "Get-Mailbox",
            json!({"ResultSize": 5, "RecipientTypeDetails": ["UserMailbox"]}),
        ),
        200,
        done(),
        "",
    );
    check(
        &url,
        body("Get-Mailbox", json!({"RecipientTypeDetails": [1]})),
        200,
        done(),
        "RecipientTypeDetails[] is wanted",
    );
    check(
        &url,
        body("New-Mailbox", json!({})),
        200,
        done(),
        "no cmdlet New-Mailbox",
    );
    check(
        &url,
        json!({"CmdletName": "Get-Mailbox"}),
        200,
        done(),
        "wants {\"CmdletInput\"",
    );
    check(
        &url,
        body("Get-Mailbox", json!({})),
        200,
        json!({"@odata.context": "x"}),
        "without 'value'",
    );
}

#[test]
fn admin_replies_and_addresses() {
    let url = invoke();
    let failed = |message: &str| json!({"error": {"code": "NotFound", "message": "Error executing cmdlet", "details": [{"code": "Client", "target": "", "message": message}]}});
    check(
        &url,
        body("Get-Mailbox", json!({})),
        404,
        failed("Ex6F9304|A.B|No."),
        "",
    );
    check(
        &url,
        body("Get-Mailbox", json!({})),
        404,
        failed("No."),
        "not id|type|text",
    );
    check(&url, body("Get-Mailbox", json!({})), 403, Value::Null, "");
    let elsewhere = "POST https://outlook.office365.com/adminapi/beta/contoso/InvokeCommand";
    check(
        elsewhere,
        body("Get-Mailbox", json!({})),
        200,
        done(),
        "tenant GUID",
    );
    let item = json!({"id": "1", "method": "POST", "url": format!("https://outlook.office365.com/adminapi/beta/{TENANT}/InvokeCommand"),
        "headers": {"Content-Type": "application/json"}, "body": body("Get-Mailbox", json!({}))});
    let batch = format!("POST https://outlook.office365.com/adminapi/beta/{TENANT}/$batch");
    let reply = json!({"responses": [{"id": "1", "status": 200, "body": done()}]});
    check(
        &batch,
        json!({"requests": [item]}),
        200,
        reply,
        "without X-AnchorMailbox",
    );
}

#[test]
fn permissions() {
    let names = |permissions: &[&str]| {
        let mut tally = Tally::default();
        Declared::of(vec![Sender::new("s", permissions)]).names(&table(), &mut tally);
        first(&tally)
    };
    assert_eq!(
        names(&["User.Read.All|User.ReadWrite.All", "Exchange.ManageAsApp"]),
        ""
    );
    assert!(
        names(&["User.Reed.All"]).starts_with("there is no application permission User.Reed.All;")
    );
    assert!(
        names(&["Nothing.Read.All"])
            .starts_with("no request in the table accepts Nothing.Read.All;")
    );

    let model = Model::parse(METADATA).unwrap();
    let covers = |held: &str, request: &str| {
        let (method, url) = request.split_once(' ').unwrap();
        let address = Address::parse(url);
        let path = resolve(&model, &address.segments).unwrap();
        let mut tally = Tally::default();
        let sender = Sender::new("s", &[held]);
        let mut declared = Declared::default();
        declared.covers(&sender, &table(), (method, &path), "here", &mut tally);
        first(&tally)
    };
    assert_eq!(covers("User.Read.All", "GET /users/1"), "");
    assert_eq!(covers("User.Read.All", "GET /users/delta"), "");
    assert_eq!(
        covers(
            "User.Read.All",
            "GET /users/1/memberOf/microsoft.graph.group"
        ),
        ""
    );
    assert_eq!(
        covers("Group.ReadWrite.All", "DELETE /groups/1/members/2/$ref"),
        ""
    );
    assert_eq!(
        covers("Group.ReadWrite.All", "POST /groups/1/members/$ref"),
        ""
    );
    assert_eq!(
        covers("Application.Read.All", "GET /servicePrincipals(appId='x')"),
        ""
    );
    assert_eq!(
        covers(
            "Application.Read.All",
            "GET /applications/1/owners/microsoft.graph.user"
        ),
        ""
    );
    assert!(
        covers("User.Read.All", "DELETE /applications/1/owners/2/$ref").contains("wants one of")
    );
    assert_eq!(
        covers("User.Read.All", "PATCH /users/1"),
        "s declares User.Read.All and sends PATCH /users/{id}, which wants one of: User.ReadWrite.All"
    );
    assert!(
        covers("Mail.Send", "GET /users/1/mailFolders/x/messageRules").contains("not in the table")
    );
}

/// What did not hold first; empty when all did.
fn first(tally: &Tally) -> String {
    let mut violations = tally.violations().iter();
    violations
        .next()
        .map(|violation| violation.what.clone())
        .unwrap_or_default()
}

#[test]
fn a_permission_that_no_request_needs_is_too_much() {
    let model = Model::parse(METADATA).unwrap();
    let path = resolve(&model, &Address::parse("/users/1").segments).unwrap();
    let step = Sender::new("s", &["User.Read.All", "Mail.Send"]);
    let mut declared = Declared::of(vec![step.clone()]);
    let mut tally = Tally::default();
    declared.covers(&step, &table(), ("GET", &path), "here", &mut tally);
    assert_eq!(first(&tally), "");
    declared.idle(&mut tally);
    assert_eq!(
        first(&tally),
        "s declares Mail.Send, which none of its requests accepts; take it out"
    );
}
