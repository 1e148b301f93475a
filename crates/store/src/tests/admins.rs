//! The last admin stays, whatever is changed; and who changed what is kept.

use domain::access::{Grant, Role};
use domain::{ClientId, OperatorId, TenantId};

use super::office::{ann, operator};
use super::{Place, at, north};
use crate::{Changed, Error, NewClient, Secret};

fn everywhere(role: Role) -> Vec<Grant> {
    vec![Grant { tenant: None, role }]
}

fn bob() -> OperatorId {
    OperatorId::from("bob")
}

/// Ann, an admin with a local account, and Bob, an admin who never came.
async fn with_two() -> Place {
    let place = Place::new().await;
    let store = &place.store;
    let (first, second) = (
        operator("ann", "ann@contoso.example"),
        operator("bob", "bob@contoso.example"),
    );
    let admin = everywhere(Role::Admin);
    store
        .invite(&first, Some("$argon2id$x"), &admin, "set-up")
        .await
        .unwrap();
    store.invite(&second, None, &admin, "ann").await.unwrap();
    place
}

#[tokio::test]
async fn an_admin_who_never_came_does_not_let_the_last_one_go() {
    let place = with_two().await;
    let store = &place.store;
    let last = |done: Result<(), Error>| assert!(matches!(done, Err(Error::LastAdmin(_))));
    last(store.set_disabled(&ann(), true, "bob", at(1)).await);
    last(store.set_grants(&ann(), &[], "bob", at(1)).await);
    let fewer = everywhere(Role::Approver);
    last(store.set_grants(&ann(), &fewer, "bob", at(1)).await);
    last(store.set_password_hash(&ann(), None).await);
    let kept = store.operator(&ann()).await.unwrap();
    assert!(!kept.disabled && kept.local);
    assert_eq!(kept.grants, everywhere(Role::Admin));

    // Bob comes by the provider: now Ann may go, and then Bob may not.
    store
        .add_identity("https://id.example", "bob", &bob(), at(2))
        .await
        .unwrap();
    store
        .set_disabled(&ann(), true, "bob", at(3))
        .await
        .unwrap();
    last(store.set_disabled(&bob(), true, "bob", at(4)).await);
    store
        .set_disabled(&ann(), false, "bob", at(5))
        .await
        .unwrap();
    store
        .set_disabled(&bob(), true, "ann", at(6))
        .await
        .unwrap();
    last(store.set_grants(&ann(), &fewer, "ann", at(7)).await);
}

#[tokio::test]
async fn of_two_admins_who_let_each_other_go_at_once_one_stays() {
    let place = with_two().await;
    let store = &place.store;
    store
        .add_identity("https://id.example", "bob", &bob(), at(2))
        .await
        .unwrap();
    let other = place.again().await;
    let (first, second) = (ann(), bob());
    let (own, others) = tokio::join!(
        store.set_disabled(&first, true, "bob", at(3)),
        other.set_grants(&second, &[], "ann", at(3)),
    );
    assert!(own.is_ok() != others.is_ok(), "{own:?} {others:?}");
}

#[tokio::test]
async fn an_invitation_with_an_unknown_tenant_keeps_nothing() {
    let place = Place::new().await;
    let store = &place.store;
    let nowhere = Grant {
        tenant: Some(TenantId::from("nowhere")),
        role: Role::Viewer,
    };
    let here = Grant {
        tenant: Some(north()),
        role: Role::Viewer,
    };
    let new = operator("eve", "eve@contoso.example");
    let both = [here.clone(), nowhere.clone()];
    let refused = store.invite(&new, Some("$argon2id$x"), &both, "ann").await;
    assert!(matches!(
        refused,
        Err(Error::Missing { what: "tenant", .. })
    ));
    assert!(store.operators().await.unwrap().is_empty());
    store
        .invite(&new, None, std::slice::from_ref(&here), "ann")
        .await
        .unwrap();
    let refused = store.set_grants(&new.id, &[nowhere], "ann", at(1)).await;
    assert!(matches!(
        refused,
        Err(Error::Missing { what: "tenant", .. })
    ));
    assert_eq!(store.operator(&new.id).await.unwrap().grants, [here]);
}

#[tokio::test]
async fn who_changed_an_operator_and_when_is_kept() {
    let place = with_two().await;
    let store = &place.store;
    let viewer = everywhere(Role::Viewer);
    store
        .set_grants(&bob(), &viewer, "ann", at(1))
        .await
        .unwrap();
    // The same again is no change.
    store
        .set_grants(&bob(), &viewer, "eve", at(2))
        .await
        .unwrap();
    store
        .set_disabled(&bob(), true, "ann", at(3))
        .await
        .unwrap();
    store
        .set_disabled(&bob(), true, "eve", at(4))
        .await
        .unwrap();
    store
        .set_disabled(&bob(), false, "ann", at(5))
        .await
        .unwrap();
    store.set_zone(&bob(), Some("Europe/Paris")).await.unwrap();
    let changes = store.operator_changes(&bob()).await.unwrap();
    let short: Vec<(Changed, &str)> = changes
        .iter()
        .map(|change| (change.what, change.by.as_str()))
        .collect();
    assert_eq!(
        short,
        [
            (Changed::Enabled, "ann"),
            (Changed::Disabled, "ann"),
            (Changed::Roles, "ann"),
            (Changed::Added, "ann"),
        ]
    );
    assert_eq!(changes[0].at, at(5));
    assert_eq!(changes[2].grants, viewer);
    assert_eq!(changes[3].grants, everywhere(Role::Admin));
    let kept = store.operator(&bob()).await.unwrap();
    assert_eq!(kept.zone.as_deref(), Some("Europe/Paris"));
    assert_eq!((kept.name.as_str(), kept.disabled), ("bob", false));
}

#[tokio::test]
async fn no_two_clients_have_one_name_and_who_made_one_is_known() {
    let place = Place::new().await;
    let store = &place.store;
    let client = |id: &str, name: &str| NewClient {
        id: ClientId::from(id),
        name: name.to_owned(),
        token: Secret::new(format!("token of {id}").as_str()),
        grants: Vec::new(),
        by: "ann@contoso.example".to_owned(),
        at: at(0),
    };
    store
        .add_client(&client("c1", "Ticket Überblick"))
        .await
        .unwrap();
    for same in ["Ticket Überblick", " ticket  ÜBERBLICK "] {
        let again = store.add_client(&client("c2", same)).await;
        assert!(matches!(again, Err(Error::Exists { .. })), "{same}");
    }
    store
        .revoke_client(&ClientId::from("c1"), "ann", at(1))
        .await
        .unwrap();
    let after = store.add_client(&client("c3", "ticket überblick")).await;
    assert!(
        matches!(after, Err(Error::Exists { .. })),
        "a name stays taken"
    );
    let maker = store.maker_of_client("TICKET überblick").await.unwrap();
    assert_eq!(maker.as_deref(), Some("ann@contoso.example"));
    assert_eq!(store.maker_of_client("another").await.unwrap(), None);
}
