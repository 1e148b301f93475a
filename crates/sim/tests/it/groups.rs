//! Members and owners: what Graph refuses and in which words.

use serde_json::{Value, json};
use sim::{Faults, worlds};
use transport::Method;

use crate::client::{BASE, Client, contoso, link, start, wait, world};

const DUPLICATE: &str = "One or more added object references already exist for the following modified properties: 'members'.";

#[tokio::test(start_paused = true)]
async fn a_member_is_added_once_whatever_host_the_link_names() {
    let client = Client::calm().await;
    let (group, user) = (contoso("group Project Aurora"), contoso("user tomas.novak"));
    let path = format!("/groups/{group}/members/$ref");
    assert_eq!(client.post(&path, link(&user)).await.status, 204);
    assert!(client.group(&group).members.contains(&user));
    let again = client.post(&path, link(&user)).await;
    assert_eq!(
        (again.status, again.code(), again.message()),
        (400, "Request_BadRequest", DUPLICATE)
    );
    let stranger = client
        .post(&path, link("00000000-0000-4000-8000-00000000dead"))
        .await;
    assert_eq!(
        (stranger.status, stranger.code()),
        (404, "Request_ResourceNotFound")
    );
    assert_eq!(client.sandbox.log().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_missing_membership_is_refused_in_two_ways() {
    let client = Client::calm().await;
    let (group, user) = (
        contoso("group Project Aurora"),
        contoso("user nora.lindqvist"),
    );
    let path = format!("/groups/{group}/members/{user}/$ref");
    assert_eq!(client.delete(&path).await.status, 204);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let got = client.delete(&path).await;
        seen.insert((
            got.status,
            got.message()
                .contains("removed object references do not exist"),
        ));
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [(400, true), (404, false)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_owner_stays() {
    let client = Client::calm().await;
    let (group, nora, henrik) = (
        contoso("group Sales Team"),
        contoso("user nora.lindqvist"),
        contoso("user henrik.dahl"),
    );
    let path = format!("/groups/{group}/owners/{nora}/$ref");
    let got = client.delete(&path).await;
    assert_eq!(
        got.message(),
        "The group must have at least one owner, hence this owner cannot be removed."
    );
    // A service principal as second owner does not help.
    let principal = contoso("service principal tenure");
    assert_eq!(
        client
            .post(&format!("/groups/{group}/owners/$ref"), link(&principal))
            .await
            .status,
        204
    );
    assert_eq!(client.delete(&path).await.status, 400);
    assert_eq!(
        client
            .post(&format!("/groups/{group}/owners/$ref"), link(&henrik))
            .await
            .status,
        204
    );
    assert_eq!(client.delete(&path).await.status, 204);
    assert!(!client.group(&group).owners.contains(&nora));
}

#[tokio::test(start_paused = true)]
async fn lists_dynamic_and_synced_groups_are_not_graphs_to_write() {
    let client = Client::calm().await;
    let user = contoso("user liam.byrne");
    for (group, text) in [
        (
            "Sales News",
            "Cannot Update a mail-enabled security groups and or distribution list.",
        ),
        (
            "Fire Wardens",
            "Cannot Update a mail-enabled security groups and or distribution list.",
        ),
        ("Finance Department", "DynamicMembership"),
        (
            "Warehouse Printers",
            "Unable to update the specified properties for on-premises mastered Directory Sync objects",
        ),
    ] {
        let got = client
            .post(
                &format!(
                    "/groups/{}/members/$ref",
                    contoso(&format!("group {group}"))
                ),
                link(&user),
            )
            .await;
        assert_eq!(
            (got.status, got.message().contains(text)),
            (400, true),
            "{group}: {}",
            got.message()
        );
    }
    assert!(client.sandbox.log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bind_is_all_or_nobody_and_at_most_twenty() {
    let client = Client::calm().await;
    let group = contoso("group VPN Users");
    let bind = |ids: &[String]| {
        let links: Vec<Value> = ids
            .iter()
            .map(|id| json!(format!("https://graph.microsoft.com/v1.0/users/{id}")))
            .collect();
        json!({"members@odata.bind": links})
    };
    let (new, old) = (contoso("user henrik.dahl"), contoso("user nora.lindqvist"));
    let got = client
        .patch(&format!("/groups/{group}"), bind(&[new.clone(), old]))
        .await;
    assert_eq!((got.status, got.message()), (400, DUPLICATE));
    assert!(!client.group(&group).members.contains(&new));
    assert_eq!(
        client
            .patch(&format!("/groups/{group}"), bind(&vec![new.clone(); 21]))
            .await
            .status,
        400
    );
    assert_eq!(
        client
            .patch(
                &format!("/groups/{group}"),
                bind(std::slice::from_ref(&new))
            )
            .await
            .status,
        204
    );
    assert!(client.group(&group).members.contains(&new));
}

#[tokio::test(start_paused = true)]
async fn leaving_out_ref_deletes_the_user() {
    let client = Client::calm().await;
    let (group, user) = (contoso("group VPN Users"), contoso("user tomas.novak"));
    assert_eq!(
        client
            .delete(&format!("/groups/{group}/members/{user}"))
            .await
            .status,
        204
    );
    assert!(client.truth().deleted_users.contains_key(&user));
}

#[tokio::test(start_paused = true)]
async fn memberships_are_listed_typed_paged_and_transitively() {
    let outer = contoso("group outer");
    let inner = contoso("group Project Aurora");
    let world = world(worlds::CONTOSO, |tenant| {
        let mut group = tenant.groups[&inner].clone();
        group.display_name = "Outer".to_owned();
        group.members = [inner.clone()].into();
        tenant.groups.insert(outer.clone(), group);
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let nora = contoso("user nora.lindqvist");
    let direct = client
        .get(&format!(
            "/users/{nora}/memberOf/microsoft.graph.group?$select=id,displayName,mailEnabled"
        ))
        .await;
    assert_eq!(
        direct.column("displayName"),
        [
            "All Staff",
            "Project Aurora",
            "Sales News",
            "Sales Team",
            "VPN Users"
        ]
    );
    assert_eq!(direct.body["value"][0].as_object().unwrap().len(), 3);
    let all = client
        .get(&format!(
            "/users/{nora}/transitiveMemberOf?$select=id,displayName"
        ))
        .await;
    assert_eq!(all.column("displayName").len(), 6);
    // Pages: absolute links on the caller's base.
    let mut names = Vec::new();
    let mut next = Some(format!(
        "/users/{nora}/memberOf/microsoft.graph.group?$select=displayName&$top=2"
    ));
    let mut pages = 0;
    while let Some(link) = next {
        let page = client.get(&link).await;
        names.extend(page.column("displayName"));
        next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
        assert!(
            next.as_ref()
                .is_none_or(|link| link.starts_with(&format!("{BASE}/graph/v1.0/users/")))
        );
        pages += 1;
    }
    assert_eq!((pages, names.len()), (3, 5));
    // A cast with another parameter needs the advanced headers.
    let cast = client
        .get(&format!(
            "/users/{nora}/transitiveMemberOf/microsoft.graph.group?$count=true"
        ))
        .await;
    assert_eq!(
        (cast.status, cast.code()),
        (400, "Request_UnsupportedQuery")
    );
    let check = client
        .post(
            &format!("/users/{nora}/checkMemberGroups"),
            json!({"groupIds": [outer, contoso("group Helpdesk Operators")]}),
        )
        .await;
    assert_eq!(check.body["value"], json!([outer]));
    let owned = client.get(&format!("/users/{nora}/ownedObjects")).await;
    assert_eq!(owned.column("displayName"), ["Quote Tool", "Sales Team"]);
}

#[tokio::test(start_paused = true)]
async fn dynamic_groups_follow_later() {
    let client = Client::of(worlds::demo(start()), Faults::default(), worlds::CONTOSO).await;
    let (group, nora) = (
        contoso("group Finance Department"),
        contoso("user nora.lindqvist"),
    );
    loop {
        let got = client
            .patch(&format!("/users/{nora}"), json!({"department": "Finance"}))
            .await;
        if got.status == 204 {
            break;
        }
    }
    assert!(!client.group(&group).members.contains(&nora));
    wait(16).await;
    assert!(client.group(&group).members.contains(&nora));
}

#[tokio::test(start_paused = true)]
async fn a_role_assignable_group_needs_the_role_permission() {
    let client = Client::with_roles(&["GroupMember.ReadWrite.All", "User.Read.All"]).await;
    let (group, liam) = (
        contoso("group Helpdesk Operators"),
        contoso("user liam.byrne"),
    );
    let got = client
        .delete(&format!("/groups/{group}/members/{liam}/$ref"))
        .await;
    assert_eq!(
        (got.status, got.code()),
        (403, "Authorization_RequestDenied")
    );
    let put = client
        .send(Method::PUT, "/groups", Value::Null, &[])
        .await
        .unwrap();
    assert_eq!(put.status, 405);
}
