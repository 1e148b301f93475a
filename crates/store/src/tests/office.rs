//! Who comes in: operators, sessions, clients and links.

use std::fs;

use domain::access::{Grant, Role};
use domain::{ClientId, OperatorId, TenantId};

use super::outbox::{endpoint, mail};
use super::{Place, all, at, north};
use crate::{
    About, Error, LinkState, NewClient, NewLink, NewOperator, NewSession, Passed, Passphrase,
    Purpose, Repeated, Secret, SignIn, TenantScope,
};

pub(super) fn ann() -> OperatorId {
    OperatorId::from("ann")
}

pub(super) fn operator(id: &str, email: &str) -> NewOperator {
    NewOperator {
        id: OperatorId::from(id),
        name: id.to_owned(),
        email: email.to_owned(),
        zone: Some("Europe/London".to_owned()),
        at: at(0),
    }
}

fn session(id: &str, token: &str) -> NewSession {
    NewSession {
        id: id.to_owned(),
        token: Secret::new(token),
        csrf: Secret::new("planted-form-token"),
        operator: ann(),
        at: at(0),
        expires_at: at(1_000_000),
        agent: "Firefox".to_owned(),
        network: "192.0.2.1".to_owned(),
    }
}

fn link(id: &str, token: &str, views: u32) -> NewLink {
    NewLink {
        id: id.to_owned(),
        token: Secret::new(token),
        purpose: Purpose::Password,
        tenant: Some(north()),
        payload: Secret::new("planted-link-payload"),
        views,
        expires_at: at(1_000),
        passphrase: None,
        by: "ann".to_owned(),
        at: at(0),
    }
}

pub(super) async fn with_ann() -> Place {
    let place = Place::new().await;
    let new = operator("ann", "Ann@Contoso.example");
    place.store.add_operator(&new).await.unwrap();
    place
}

#[tokio::test]
async fn an_operator_is_known_by_address_identity_and_grants() {
    let place = with_ann().await;
    let store = &place.store;
    let again = store
        .add_operator(&operator("bob", "ANN@contoso.example"))
        .await;
    assert!(matches!(again, Err(Error::Exists { .. })));
    store
        .add_identity("https://id.example", "s1", &ann(), at(1))
        .await
        .unwrap();
    let other = store
        .add_identity("https://id.example", "s1", &ann(), at(1))
        .await;
    assert!(matches!(other, Err(Error::Exists { .. })));
    let grants = vec![
        Grant {
            tenant: None,
            role: Role::Viewer,
        },
        Grant {
            tenant: Some(north()),
            role: Role::Approver,
        },
    ];
    store
        .set_grants(&ann(), &grants, "root", at(2))
        .await
        .unwrap();
    let found = store
        .operator_of_identity("https://id.example", "s1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.grants, grants);
    assert_eq!(
        store
            .operator_by_email(" ann@CONTOSO.example")
            .await
            .unwrap(),
        Some(found.clone())
    );
    assert_eq!(
        store
            .operator_of_identity("https://other.example", "s1")
            .await
            .unwrap(),
        None
    );
    store
        .set_grants(&ann(), &grants[..1], "root", at(3))
        .await
        .unwrap();
    assert_eq!(store.operator(&ann()).await.unwrap().grants, grants[..1]);
    assert!(!found.local);
    store
        .set_password_hash(&ann(), Some("$argon2id$v=19$x"))
        .await
        .unwrap();
    assert_eq!(
        store.password_hash(&ann()).await.unwrap().as_deref(),
        Some("$argon2id$v=19$x")
    );
    assert!(store.operators().await.unwrap()[0].local);
    assert!(store.operator(&OperatorId::from("eve")).await.is_err());
}

#[tokio::test]
async fn a_session_ends_by_time_by_hand_and_with_its_operator() {
    let place = with_ann().await;
    let store = &place.store;
    let token = Secret::new("planted-session-token");
    for (id, token) in [("s1", "planted-session-token"), ("s2", "t2"), ("s3", "t3")] {
        store.open_session(&session(id, token)).await.unwrap();
    }
    let found = store
        .session(&token, "198.51.100.7", at(59_000))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.csrf.expose_str(), Some("planted-form-token"));
    assert_eq!(found.seen_at, at(0));
    store
        .session(&token, "198.51.100.7", at(60_000))
        .await
        .unwrap()
        .unwrap();
    let touched = store
        .session(&token, "198.51.100.7", at(61_000))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (touched.seen_at, touched.network.as_str()),
        (at(60_000), "198.51.100.7")
    );
    // A request that does not tell from where leaves what is known.
    for ms in [130_000, 131_000] {
        let found = store.session(&token, "", at(ms)).await.unwrap().unwrap();
        assert_eq!(found.network, "198.51.100.7");
    }
    assert_eq!(store.sessions(&ann(), at(70_000)).await.unwrap().len(), 3);
    assert!(
        store
            .session(&token, "x", at(1_000_000))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .session(&Secret::new("t9"), "x", at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        !store
            .revoke_session(&OperatorId::from("bob"), "s1")
            .await
            .unwrap()
    );
    assert!(store.revoke_session(&ann(), "s2").await.unwrap());
    assert!(
        store
            .session(&Secret::new("t2"), "x", at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.revoke_sessions(&ann(), Some("s1")).await.unwrap(), 1);
}

#[tokio::test]
async fn whoever_is_disabled_is_signed_out() {
    let place = with_ann().await;
    let store = &place.store;
    let token = Secret::new("planted-session-token");
    store
        .open_session(&session("s1", "planted-session-token"))
        .await
        .unwrap();
    store
        .set_disabled(&ann(), true, "root", at(1))
        .await
        .unwrap();
    assert!(store.session(&token, "x", at(1)).await.unwrap().is_none());
    store.open_session(&session("s4", "t4")).await.unwrap();
    assert!(
        store
            .session(&Secret::new("t4"), "x", at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(store.drop_ended_sessions(at(1_000_000)).await.unwrap(), 1);
}

#[tokio::test]
async fn sign_ins_and_settings_are_kept_in_order() {
    let place = with_ann().await;
    let store = &place.store;
    for (number, outcome) in ["in", "wrong password", "in"].into_iter().enumerate() {
        let entry = SignIn {
            at: at(number as i64),
            operator: (outcome == "in").then(ann),
            email: Some("ann@contoso.example".to_owned()),
            method: "local".to_owned(),
            outcome: outcome.to_owned(),
            network: "192.0.2.1".to_owned(),
        };
        store.record_sign_in(&entry).await.unwrap();
    }
    let newest = store.sign_ins(None, None, 2).await.unwrap();
    assert_eq!(
        newest.iter().map(|(_, entry)| entry.at).collect::<Vec<_>>(),
        [at(2), at(1)]
    );
    let older = store.sign_ins(None, Some(newest[1].0), 2).await.unwrap();
    assert_eq!(older.len(), 1);
    assert_eq!(
        store.sign_ins(Some(&ann()), None, 9).await.unwrap().len(),
        2
    );
    store
        .put_setting("name", "Contoso IT", "ann", at(1))
        .await
        .unwrap();
    store
        .put_setting("name", "Contoso", "bob", at(2))
        .await
        .unwrap();
    let kept = store.setting("name").await.unwrap().unwrap();
    assert_eq!(
        (kept.value.as_str(), kept.by.as_str(), kept.at),
        ("Contoso", "bob", at(2))
    );
    assert_eq!(store.settings().await.unwrap(), [kept]);
    assert_eq!(store.setting("other").await.unwrap(), None);
}

#[tokio::test]
async fn a_call_made_twice_is_answered_once() {
    let place = Place::new().await;
    let store = &place.store;
    let begin = |request: &'static str, after| {
        let store = store.clone();
        async move {
            store
                .begin_call("client:c1", "k1", request, at(after))
                .await
                .unwrap()
        }
    };
    let both = tokio::join!(begin("d1", 0), begin("d1", 0));
    assert!(both.0 != both.1, "{both:?}");
    assert_eq!(begin("d1", 1).await, Repeated::UnderWay);
    assert_eq!(begin("d2", 1).await, Repeated::Other);
    let body = Secret::new("planted-answer");
    store
        .answer_call("client:c1", "k1", 201, &body)
        .await
        .unwrap();
    store.drop_call("client:c1", "k1").await.unwrap();
    assert_eq!(
        begin("d1", 2).await,
        Repeated::Answered { status: 201, body }
    );
    let elsewhere = store
        .begin_call("client:c2", "k1", "d1", at(2))
        .await
        .unwrap();
    assert_eq!(elsewhere, Repeated::First);
    assert_eq!(begin("d1", 86_400_001).await, Repeated::First);
}

#[tokio::test]
async fn a_client_is_let_in_until_it_is_revoked() {
    let place = Place::new().await;
    let store = &place.store;
    let new = NewClient {
        id: ClientId::from("c1"),
        name: "PSA".to_owned(),
        token: Secret::new("planted-api-token"),
        grants: vec![Grant {
            tenant: Some(north()),
            role: Role::Requester,
        }],
        by: "ann".to_owned(),
        at: at(0),
    };
    store.add_client(&new).await.unwrap();
    assert!(matches!(
        store.add_client(&new).await,
        Err(Error::Exists { .. })
    ));
    let found = store.client(&new.token, at(5)).await.unwrap().unwrap();
    assert_eq!((found.grants, found.used_at), (new.grants.clone(), None));
    assert_eq!(store.clients().await.unwrap()[0].used_at, Some(at(5)));
    store.revoke_client(&new.id, "bob", at(6)).await.unwrap();
    assert!(store.client(&new.token, at(7)).await.unwrap().is_none());
    assert!(store.revoke_client(&new.id, "bob", at(8)).await.is_err());
    assert_eq!(
        store.clients().await.unwrap()[0].revoked,
        Some((at(6), "bob".to_owned()))
    );
}

#[tokio::test]
async fn of_two_who_open_the_last_view_one_gets_it() {
    let place = Place::new().await;
    let store = &place.store;
    store.add_link(&link("l1", "t1", 1)).await.unwrap();
    let token = Secret::new("t1");
    let before = store.peek_link(&token, at(1)).await.unwrap().unwrap();
    assert_eq!((before.state, before.views_left), (LinkState::Open, 1));
    let open = || store.open_link(&token, Passed::Nothing, "192.0.2.1", at(1));
    let (one, two) = tokio::join!(open(), open());
    let opened = [one.unwrap(), two.unwrap()];
    assert_eq!(opened.iter().flatten().count(), 1);
    let opened = opened.into_iter().flatten().next().unwrap();
    assert_eq!(opened.payload.expose_str(), Some("planted-link-payload"));
    let gone = store.peek_link(&token, at(2)).await.unwrap().unwrap();
    assert_eq!(gone.state, LinkState::Opened);
    assert_eq!(gone.opened, Some((at(1), "192.0.2.1".to_owned())));
    let mut connection = store.read().await.unwrap();
    let row = sqlx::query("SELECT count(*) FROM links WHERE payload IS NULL");
    let row = row.fetch_one(&mut *connection).await.unwrap();
    assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), 1);
}

#[tokio::test]
async fn a_link_ends_by_time_by_hand_and_by_guessing() {
    let place = Place::new().await;
    let store = &place.store;
    let late = Secret::new("t1");
    store.add_link(&link("l1", "t1", 3)).await.unwrap();
    assert!(
        store
            .open_link(&late, Passed::Nothing, "n", at(1_000))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store
            .peek_link(&late, at(1_000))
            .await
            .unwrap()
            .unwrap()
            .state,
        LinkState::Expired
    );
    assert_eq!(store.expire_links(at(1_000)).await.unwrap(), 1);
    store.add_link(&link("l2", "t2", 3)).await.unwrap();
    assert!(store.revoke_link("l2", at(1)).await.unwrap());
    let revoked = store
        .peek_link(&Secret::new("t2"), at(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(revoked.state, LinkState::Revoked);
}

#[tokio::test]
async fn a_passphrase_is_guessed_so_many_times() {
    let place = Place::new().await;
    let store = &place.store;
    let guarded = Secret::new("t3");
    let passphrase = Some(Passphrase {
        hash: "$argon2id$".to_owned(),
        attempts: 2,
    });
    store
        .add_link(&NewLink {
            passphrase,
            ..link("l3", "t3", 2)
        })
        .await
        .unwrap();
    assert!(
        store
            .open_link(&guarded, Passed::Nothing, "n", at(1))
            .await
            .unwrap()
            .is_none()
    );
    let tries = || store.take_attempt(&guarded, at(1));
    let (one, two) = tokio::join!(tries(), tries());
    let mut left = [one.unwrap().unwrap().1, two.unwrap().unwrap().1];
    left.sort_unstable();
    assert_eq!(left, [0, 1]);
    assert_eq!(store.take_attempt(&guarded, at(1)).await.unwrap(), None);
    // One of the two was right.
    let opened = store
        .open_link(&guarded, Passed::Passphrase, "n", at(1))
        .await
        .unwrap();
    assert_eq!(opened.unwrap().views_left, 1);
    store.missed(&guarded).await.unwrap();
    assert!(
        store
            .open_link(&guarded, Passed::Passphrase, "n", at(1))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store
            .peek_link(&guarded, at(1))
            .await
            .unwrap()
            .unwrap()
            .state,
        LinkState::Locked
    );
    assert!(
        store
            .peek_link(&Secret::new("t9"), at(1))
            .await
            .unwrap()
            .is_none()
    );
    let south = TenantScope::of(&TenantId::from("south"));
    assert!(
        store
            .links(&south, &north(), at(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.links(&all(), &north(), at(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_token_and_nothing_sealed_is_in_the_files() {
    let place = with_ann().await;
    let store = &place.store;
    store
        .open_session(&session("s1", "planted-session-token"))
        .await
        .unwrap();
    store
        .add_link(&link("l1", "planted-link-token", 2))
        .await
        .unwrap();
    store
        .add_endpoint(&all(), &endpoint("e1", None, &["plan"]))
        .await
        .unwrap();
    store.enqueue(&mail("m1", About::Nobody)).await.unwrap();
    let client = NewClient {
        id: ClientId::from("c1"),
        name: "PSA".to_owned(),
        token: Secret::new("planted-api-token"),
        grants: Vec::new(),
        by: "ann".to_owned(),
        at: at(0),
    };
    store.add_client(&client).await.unwrap();
    store
        .begin_call("client:c1", "k1", "d1", at(0))
        .await
        .unwrap();
    store
        .answer_call("client:c1", "k1", 200, &Secret::new("planted-answer"))
        .await
        .unwrap();
    let token = Secret::new("planted-link-token");
    store
        .open_link(&token, Passed::Nothing, "n", at(1))
        .await
        .unwrap()
        .unwrap();
    store
        .put_setting("name", "marker@contoso.example", "ann", at(1))
        .await
        .unwrap();

    let (mut seen, mut marked) = (Vec::new(), false);
    for file in fs::read_dir(place.dir.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        };
        assert!(!holds("planted-"), "{}", path.display());
        marked |= holds("marker@contoso.example");
        seen.push(path.extension().unwrap_or_default().to_owned());
    }
    assert!(
        seen.iter().any(|extension| extension == "db-wal"),
        "{seen:?}"
    );
    assert!(marked, "what is not secret is found, so the search works");
}
