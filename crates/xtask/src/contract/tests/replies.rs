//! Graph replies, alone and in batches.

use serde_json::{Value, json};

use super::{ID, check, error, judge};
use crate::contract::tally::Kind;

#[test]
fn entities() {
    let one = |reply: Value, expect: &str| check("GET /users/1", Value::Null, 200, reply, expect);
    one(
        json!({"@odata.context": "x", "id": ID, "createdDateTime": "2026-01-06T12:25:59.1234567Z", "importance": "low"}),
        "",
    );
    one(
        json!({"id": ID, "createdDateTime": "2026-01-06 12:25"}),
        "replied as a text, but is Edm.DateTimeOffset",
    );
    one(json!({"id": ID, "importance": "Low"}), "'Low'");
    one(
        json!({"id": ID, "assignedLicenses": null}),
        "replied as null",
    );
    one(
        json!({"id": ID, "assignedLicenses": [{"skuId": ID, "name": "E3"}]}),
        "no property 'name'",
    );
    one(json!({"id": ID, "assignedLicenses": {}}), "is a collection");
    one(
        json!({"id": ID, "count": 5_000_000_000_i64}),
        "is Edm.Int32",
    );
    one(json!({"id": ID, "manager": {"id": ID}}), "not expanded");
    one(json!({"id": ID, "@secret": 1}), "nobody documents");
    one(json!([]), "answered as an array");
    check(
        "GET /users/1?$select=id",
        Value::Null,
        200,
        json!({"id": ID, "displayName": "x"}),
        "not selected",
    );
}

#[test]
fn collections_and_derived_types() {
    let methods = |item: Value, expect: &str| {
        check(
            "GET /users/1/authentication/methods",
            Value::Null,
            200,
            json!({"value": [item]}),
            expect,
        );
    };
    methods(
        json!({"@odata.type": "#microsoft.graph.phoneMethod", "id": ID, "phoneNumber": "1"}),
        "",
    );
    methods(
        json!({"@odata.type": "#microsoft.graph.faxMethod", "id": ID}),
        "which is no type",
    );
    methods(json!({"id": ID}), "abstract");
    check(
        "GET /users",
        Value::Null,
        200,
        json!([]),
        "not wrapped in 'value'",
    );
    check(
        "GET /users",
        Value::Null,
        200,
        json!({"value": [], "total": 0}),
        "'total' beside 'value'",
    );
    check(
        "GET /users",
        Value::Null,
        200,
        json!({"value": [], "@odata.nextLink": "/users"}),
        "'@odata.nextLink'",
    );
}

#[test]
fn results_and_statuses() {
    check(
        "POST /users/1/revokeSignInSessions",
        Value::Null,
        200,
        json!({"value": true}),
        "",
    );
    check(
        "POST /users/1/revokeSignInSessions",
        Value::Null,
        200,
        json!({"value": "yes"}),
        "is Edm.Boolean",
    );
    check(
        "DELETE /users/1",
        Value::Null,
        200,
        Value::Null,
        "answered with 200, not [204]",
    );
    check(
        "GET /users/1",
        Value::Null,
        200,
        Value::Null,
        "without a body",
    );
    check(
        "PATCH /users/1",
        json!({"displayName": "x"}),
        204,
        json!({"id": ID}),
        "returns nothing",
    );
}

#[test]
fn failures_and_lost_replies() {
    check("GET /users/1", Value::Null, 404, error(), "");
    check(
        "GET /users/1",
        Value::Null,
        404,
        json!({"message": "x"}),
        "lacks the error envelope",
    );
    check(
        "GET /users/1",
        Value::Null,
        404,
        json!({"error": {"code": 5, "message": "x"}}),
        "error/code is the number 5",
    );
    check(
        "GET /users/1",
        Value::Null,
        404,
        json!({"error": {"code": "x"}}),
        "lacks 'message'",
    );
    check("GET /users/1", Value::Null, 503, Value::Null, "");
    check("GET /users/1", Value::Null, 0, Value::Null, "");
}

#[test]
fn batches() {
    let batch = |requests: Value, responses: Value, expect: &str| {
        check(
            "POST /$batch",
            json!({"requests": requests}),
            200,
            json!({"responses": responses}),
            expect,
        );
    };
    let get = json!({"id": "1", "method": "GET", "url": "/users/1?$select=id"});
    let got = json!({"id": "1", "status": 200, "headers": {}, "body": {"id": ID}});
    batch(json!([get]), json!([got]), "");
    batch(json!([get]), json!([]), "1 is answered with 0");
    batch(json!([get, get]), json!([got, got]), "have one id");
    batch(json!([]), json!([]), "holds 0 requests");
    batch(
        json!([get]),
        json!([{"id": "1", "status": 200, "body": {"nick": "x"}}]),
        "no property 'nick'",
    );
    let revoke = json!({"id": "2", "method": "POST", "url": "/users/1/revokeSignInSessions", "body": {}, "dependsOn": ["3"],
        "headers": {"Content-Type": "application/json"}});
    let revoked = json!({"id": "2", "status": 200, "body": {"value": true}});
    batch(json!([revoke]), json!([revoked]), "depends on an item");
    let patch =
        json!({"id": "2", "method": "PATCH", "url": "/users/1", "body": {"accountEnabled": false}});
    batch(
        json!([patch]),
        json!([{"id": "2", "status": 204}]),
        "without Content-Type",
    );
    let many: Vec<Value> = (0..21)
        .map(|id| json!({"id": id.to_string(), "method": "GET", "url": "/users/1"}))
        .collect();
    let replies: Vec<Value> = (0..21)
        .map(|id| json!({"id": id.to_string(), "status": 200, "body": {"id": ID}}))
        .collect();
    batch(json!(many), json!(replies), "holds 21 requests");
}

#[test]
fn the_tally_counts_what_was_held() {
    let tally = judge(&json!([{
        "request": {"method": "PATCH", "url": "https://graph.microsoft.com/v1.0/users/1", "headers": [{"name": "Content-Type", "value": "application/json"}],
            "postData": {"text": "{\"accountEnabled\":false,\"importance\":\"low\"}"}},
        "response": {"status": 404, "content": {"encoding": "base64", "text": "eyJlcnJvciI6eyJjb2RlIjoieCIsIm1lc3NhZ2UiOiJ5In19"}},
    }]));
    assert!(tally.violations().is_empty(), "{:?}", tally.violations());
    let counted: Vec<usize> = Kind::ALL.iter().map(|kind| tally.checked(*kind)).collect();
    assert_eq!(counted, [1, 0, 2, 1, 2, 1, 1, 0, 0]);
}
