//! Finding people: filters, searches, order, counts and pages, and what of them the directory refuses.

use serde_json::json;

use crate::client::{Client, contoso};

#[tokio::test(start_paused = true)]
async fn queries_find_people_and_refuse_what_graph_refuses() {
    let client = Client::calm().await;
    let two = client
        .get("/users?$filter=displayName eq 'Alex Murphy'&$select=id,department")
        .await;
    assert_eq!(two.column("department"), ["Finance", "Warehouse"]);
    let found = client
        .get("/users?$filter=startswith(userPrincipalName,'nora') and accountEnabled eq true")
        .await;
    assert_eq!(found.column("displayName"), ["Nora Lindqvist"]);
    let plain = client.get("/users?$filter=department ne 'Sales'").await;
    assert_eq!(
        (plain.status, plain.code()),
        (400, "Request_UnsupportedQuery")
    );
    let search = client.get("/users?$search=\"displayName:murphy\"").await;
    assert_eq!(search.status, 400);
    let search = client
        .get_eventual("/users?$search=%22displayName:murphy%22&$count=true")
        .await;
    assert_eq!(
        (
            search.column("displayName").len(),
            &search.body["@odata.count"]
        ),
        (2, &json!(2))
    );
    let reports = client
        .get(&format!(
            "/users/{}/directReports?$select=id,displayName",
            contoso("user nora.lindqvist")
        ))
        .await;
    assert_eq!(
        reports.column("displayName"),
        ["Amira Haddad", "Tomas Novak"]
    );
}

#[tokio::test(start_paused = true)]
async fn lists_are_sorted_counted_and_paged_as_the_directory_allows() {
    let client = Client::calm().await;
    let all = client.truth().users.len();
    let sorted = client
        .get("/users?$orderby=displayName desc&$select=displayName&$top=999")
        .await;
    let names: Vec<String> = sorted.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["displayName"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(
        names.len() == all && names.is_sorted_by(|left, right| left >= right),
        "{names:?}"
    );
    for path in [
        "/users?$orderby=createdDateTime",
        "/users?$orderby=displayName&$filter=accountEnabled eq true",
    ] {
        let plain = client.get(path).await;
        assert_eq!(
            (plain.status, plain.message()),
            (400, "Sorting not supported for current query.")
        );
        let advanced = client.get_eventual(&format!("{path}&$count=true")).await;
        assert_eq!(advanced.status, 200, "{path}");
    }
    // Without the header the directory does not count.
    assert!(
        client
            .get("/users?$count=true")
            .await
            .body
            .get("@odata.count")
            .is_none()
    );
    let counted = client.get_eventual("/users?$count=true&$top=1").await;
    assert_eq!(counted.body["@odata.count"], json!(all));
    assert_eq!(client.get_eventual("/users/$count").await.body, json!(all));
    let plain = client.get("/users/$count").await;
    assert_eq!(plain.message(), "$count is not currently supported.");
    let (mut seen, mut next) = (0, Some("/users?$top=4&$select=id".to_owned()));
    while let Some(link) = next {
        let page = client.get(&link).await;
        seen += page.column("id").len();
        next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, all);
    for path in [
        "/users?$skip=2",
        "/users?$top=1000",
        "/users?$skiptoken=nonsense",
        "/users?$compute=x",
        "/users?$orderby=shoeSize",
        "/groups?$expand=teams",
        "/domains?$expand=x",
    ] {
        assert_eq!(client.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_property_is_filtered_in_its_own_ways() {
    let client = Client::calm().await;
    let get = async |filter: &str| {
        client
            .get(&format!("/users?$select=id&$filter={filter}"))
            .await
    };
    for plain in [
        "proxyAddresses/any(p:startswith(p,'smtp:nora.'))",
        "proxyAddresses/any(p:p eq 'SMTP:nora.lindqvist@contoso.example')",
        "employeeId in ('C0001','C0002')",
        "createdDateTime ge 2020-01-01T00:00:00Z",
        "assignedLicenses/any(x:x/skuId eq 05e9a617-0261-4cee-bb44-138d3ef5d965)",
    ] {
        let got = get(plain).await;
        assert!(
            got.status == 200 && !got.column("id").is_empty(),
            "{plain}: {}",
            got.message()
        );
    }
    for advanced in [
        "companyName eq 'Contoso'",
        "endswith(userPrincipalName,'@contoso.example')",
        "department eq null",
        "not(startswith(displayName,'N'))",
    ] {
        let got = get(advanced).await;
        assert!(
            got.message().contains("$count=true"),
            "{advanced}: {}",
            got.message()
        );
        let path = format!("/users?$count=true&$filter={advanced}");
        assert_eq!(client.get_eventual(&path).await.status, 200, "{advanced}");
    }
    let never = get("employeeLeaveDateTime ge 2026-01-01T00:00:00Z").await;
    assert_eq!(
        never.message(),
        "Unsupported or invalid query filter clause specified for property 'employeeLeaveDateTime' of resource 'User'."
    );
}
