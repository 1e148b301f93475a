//! Graph requests: paths, query options, bodies and methods.

use serde_json::{Value, json};

use super::{ID, check, error, get, judge};

#[test]
fn paths() {
    get("/users/1", "");
    get("/users/o'neil%40b.example/manager", "");
    get("/users/1/memberOf/microsoft.graph.group", "");
    get("/users/1/mailFolders/inbox/messageRules", "");
    get("/users/delta", "");
    get("/servicePrincipals(appId='1')", "");
    get("/people/1", "no entity set or singleton 'people'");
    get(
        "/users/1/memberof",
        "no property, navigation or operation 'memberof'",
    );
    get("/users/1/memberOf/microsoft.graph.message", "no kind of");
    get("/servicePrincipals(name='1')", "not found under 'name'");
    get(
        "/users/1/displayName/x",
        "no property, navigation or operation 'x'",
    );
    get(
        "https://graph.microsoft.com/beta/users/1",
        "another version",
    );
    get("https://example.com/x", "none of the services");
}

#[test]
fn query_options() {
    get("/users/1?$select=id,displayName", "");
    get("/users/1/memberOf?$select=id,groupTypes", "");
    get(
        "/users?$filter=startswith(displayName,'a')%20and%20accountEnabled%20eq%20true&$top=5",
        "",
    );
    get(
        "/users?$filter=assignedLicenses/any(x:x/skuId%20eq%203179e48a-750b-4051-897c-87b9720928f7)",
        "",
    );
    get("/users?$filter=businessPhones/any(x:x%20eq%20'1')", "");
    get("/users/1?$expand=manager($select=id,displayName)", "");
    get(
        "/users/1/calendarView?startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-01-02T00:00:00",
        "",
    );
    get(
        "/users/1/calendarView?startDateTime=2026-01-01T00:00:00Z",
        "needs startDateTime and endDateTime",
    );
    get("/users/1?$select=displayname", "no property 'displayname'");
    get("/users/1?$top=5", "no collection");
    get("/users?$top=all", "no such number");
    get("/users?$count=yes", "neither true nor false");
    get("/users?$what=1", "no query option '$what'");
    get("/users?$top=1&$top=2", "sent twice");
    get("/users?$filter=nick%20eq%20'x'", "no property 'nick'");
    get(
        "/users?$filter=accountEnabled%20eq%20'true'",
        "compares Edm.Boolean",
    );
    get(
        "/users?$filter=assignedLicenses/skuId%20eq%20null",
        "a whole collection",
    );
    get(
        "/users?$filter=displayName%20eq%20'x",
        "quote is not closed",
    );
    get(
        "/users?$filter=importance%20eq%20'urgent'",
        "'urgent', which microsoft.graph.importance does not have",
    );
    get("/users?$orderby=displayName%20down", "neither asc nor desc");
    get("/users/1?$expand=boss", "no navigation 'boss'");
    get(
        "/users/1?$expand=manager($select=boss)",
        "no property 'boss'",
    );
    get(
        "/users/1/calendarView?startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-01-02T00:00:00Z&$search=%22a%22",
        "not Searchable",
    );
    check(
        "PATCH /users/1?$select=id",
        json!({"displayName": "x"}),
        204,
        Value::Null,
        "takes no query option",
    );
}

#[test]
fn advanced_queries_need_their_header() {
    let tally = judge(&json!([{
        "request": {"method": "GET", "url": "https://graph.microsoft.com/v1.0/users?$filter=displayName%20ne%20'x'",
            "headers": []},
        "response": {"status": 200, "content": {"text": "{\"value\":[]}"}},
    }, {
        "request": {"method": "GET", "url": "https://graph.microsoft.com/v1.0/users?$count=true&$filter=displayName%20ne%20'x'",
            "headers": [{"name": "ConsistencyLevel", "value": "eventual"}]},
        "response": {"status": 200, "content": {"text": "{\"value\":[],\"@odata.count\":0}"}},
    }]));
    let found: Vec<_> = tally
        .violations()
        .iter()
        .map(|v| (v.what.as_str(), v.origin.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "/users: 'ne' in $filter needs the header ConsistencyLevel: eventual",
                "test.har entry 0 GET /users"
            ),
            (
                "/users: 'ne' in $filter needs $count=true",
                "test.har entry 0 GET /users"
            ),
        ]
    );
}

#[test]
fn bodies() {
    let license = |body: Value, expect: &str| {
        check(
            "POST /users/1/assignLicense",
            body,
            200,
            json!({"id": ID}),
            expect,
        )
    };
    license(
        json!({"addLicenses": [{"skuId": ID, "disabledPlans": []}], "removeLicenses": []}),
        "",
    );
    license(
        json!({"addLicenses": []}),
        "lacks its parameter 'removeLicenses'",
    );
    license(
        json!({"addLicenses": null, "removeLicenses": []}),
        "sent as null",
    );
    license(
        json!({"addLicenses": [], "removeLicenses": ["x"]}),
        "sent as a text, but is Edm.Guid",
    );
    license(
        json!({"addLicenses": [], "removeLicenses": [], "force": true}),
        "no parameter 'force'",
    );
    let mail = |message: Value, expect: &str| {
        check(
            "POST /users/1/sendMail",
            json!({"message": message, "saveToSentItems": false}),
            202,
            Value::Null,
            expect,
        );
    };
    mail(json!({"subject": "x", "importance": "high"}), "");
    mail(json!({"subject": "x", "importance": "urgent"}), "'urgent'");
    mail(json!({"topic": "x"}), "no property 'topic'");
    let patch = |body: Value, expect: &str| check("PATCH /users/1", body, 204, Value::Null, expect);
    patch(
        json!({"accountEnabled": false, "extension_1_x": "y", "displayName": null}),
        "",
    );
    patch(
        json!({"accountEnabled": "false"}),
        "sent as a text, but is Edm.Boolean",
    );
    patch(json!({"assignedLicenses": null}), "sent as null");
    patch(json!({"enabled": false}), "no property 'enabled'");
    patch(json!({}), "changes nothing");
    patch(Value::Null, "wants a body");
    let create =
        |body: Value, expect: &str| check("POST /users", body, 201, json!({"id": ID}), expect);
    create(
        json!({"@odata.type": "#microsoft.graph.user", "displayName": "x"}),
        "",
    );
    create(
        json!({"@odata.type": "#microsoft.graph.group", "displayName": "x"}),
        "no kind of",
    );
    create(
        json!({"@odata.type": "microsoft.graph.user", "displayName": "x"}),
        "leading '#'",
    );
}

#[test]
fn references() {
    let link = |to: &str| json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/{to}")});
    let add = |body: Value, expect: &str| {
        check(
            "POST /groups/1/members/$ref",
            body,
            204,
            Value::Null,
            expect,
        )
    };
    add(link("directoryObjects/2"), "");
    add(link("users/2"), "");
    add(link("users"), "leads to no microsoft.graph.directoryObject");
    add(link("people/2"), "leads nowhere");
    add(json!({"id": "2"}), "wants one @odata.id");
    check(
        "PUT /users/1/manager/$ref",
        link("users/2"),
        204,
        Value::Null,
        "",
    );
    check(
        "DELETE /groups/1/members/2/$ref",
        Value::Null,
        204,
        Value::Null,
        "",
    );
    check(
        "DELETE /groups/1/members/2",
        Value::Null,
        204,
        Value::Null,
        "meets the object itself",
    );
    let bind = |count: usize| {
        let links: Vec<Value> = (0..count)
            .map(|_| link("users/2")["@odata.id"].clone())
            .collect();
        json!({"members@odata.bind": links})
    };
    check("PATCH /groups/1", bind(20), 204, Value::Null, "");
    check(
        "PATCH /groups/1",
        bind(21),
        204,
        Value::Null,
        "binds 21 objects",
    );
    check(
        "PATCH /groups/1",
        json!({"people@odata.bind": []}),
        204,
        Value::Null,
        "no property 'people'",
    );
}

#[test]
fn methods() {
    check(
        "GET /users/1/revokeSignInSessions",
        Value::Null,
        405,
        error(),
        "wants POST",
    );
    check(
        "DELETE /users/1/authentication/methods/2",
        Value::Null,
        204,
        Value::Null,
        "not Deletable",
    );
    check(
        "PATCH /users/1/memberOf",
        json!({"id": "x"}),
        405,
        error(),
        "nothing that /users/{id}/memberOf takes",
    );
}
