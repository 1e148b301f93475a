//! What must never happen to the file: another's key, a newer format, a torn write, a secret in clear, another tenant's rows.

use std::fs;

use domain::{PlanId, RequestId, TenantId};
use engine::journal::{Error as Refusal, Journal as _};

use super::{PLANTED, Place, all, approval, at, key, new_tenant, north, plan, request};
use crate::{Credential, Error, Key, Secret, Store, TenantScope};

#[tokio::test]
async fn a_store_is_opened_again_with_its_key_alone() {
    let place = Place::new().await;
    place.store.close().await;
    let again = place.again().await;
    assert_eq!(again.tenants(&all()).await.unwrap().len(), 1);
    again.close().await;
    let before = fs::read(place.file()).unwrap();
    let wrong = Store::open(&place.file(), key(2)).await.unwrap_err();
    assert!(matches!(&wrong, Error::WrongKey { .. }), "{wrong:?}");
    assert!(wrong.to_string().contains(&key(1).id()) && wrong.to_string().contains(&key(2).id()));
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test]
async fn a_store_from_a_newer_version_is_left_alone() {
    let place = Place::new().await;
    {
        let mut writer = place.store.writer().await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 99")
            .execute(&mut *writer)
            .await
            .unwrap();
    }
    place.store.close().await;
    let before = fs::read(place.file()).unwrap();
    let newer = Store::open(&place.file(), key(1)).await.unwrap_err();
    assert!(
        newer
            .to_string()
            .starts_with("this store has format 99, and this version"),
        "{newer}"
    );
    assert!(newer.is_refusal());
    assert_eq!(fs::read(place.file()).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("notes.txt");
    fs::write(&file, "x".repeat(5_000)).unwrap();
    let foreign = Store::open(&file, key(1)).await.unwrap_err();
    assert!(matches!(foreign, Error::Foreign(_)), "{foreign:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "x".repeat(5_000));
    let nowhere = Store::open(&dir.path().join("no/folder/tenure.db"), key(1))
        .await
        .unwrap_err();
    assert!(matches!(nowhere, Error::Denied { .. }), "{nowhere:?}");
}

#[tokio::test]
async fn two_processes_that_open_a_new_store_at_once_agree() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("tenure.db");
    let opened = tokio::join!(
        Store::open(&file, key(1)),
        Store::open(&file, key(1)),
        Store::open(&file, key(1)),
    );
    let tenant = north();
    let keys = [opened.0, opened.1, opened.2].map(|store| store.unwrap().verifier_key(&tenant));
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[tokio::test]
async fn secrets_are_never_in_the_file_in_clear() {
    let place = Place::new().await;
    let store = &place.store;
    let certificate = Credential::Certificate {
        certificate: Secret::new("public-part"),
        key: Secret::new(PLANTED),
    };
    let (north, name) = (north(), "password of ann");
    store
        .put_secret(&all(), &north, name, &Secret::new(PLANTED), at(1))
        .await
        .unwrap();
    assert_eq!(
        store.credential(&all(), &north).await.unwrap(),
        Credential::Secret(Secret::new(PLANTED))
    );
    store
        .set_credential(&all(), &north, "c2", &certificate, at(2))
        .await
        .unwrap();
    assert_eq!(store.credential(&all(), &north).await.unwrap(), certificate);
    let kept = store.secret(&all(), &north, name).await.unwrap().unwrap();
    assert_eq!(
        (kept.expose_str(), format!("{kept:?}")),
        (Some(PLANTED), "[redacted]".to_owned())
    );

    let mut seen = 0;
    for file in fs::read_dir(place.dir.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        seen += bytes.len();
        let clear = bytes
            .windows(PLANTED.len())
            .any(|window| window == PLANTED.as_bytes());
        assert!(!clear);
    }
    assert!(seen > 100_000, "the files were read");

    assert!(store.erase_secret(&all(), &north, name).await.unwrap());
    assert_eq!(store.secret(&all(), &north, name).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_sealed_for_one_row_opens_in_no_other() {
    let place = Place::new().await;
    let store = &place.store;
    store
        .add_tenant(&all(), &new_tenant("south", "D2"))
        .await
        .unwrap();
    let (north, south) = (north(), TenantId::from("south"));
    store
        .put_secret(&all(), &north, "a", &Secret::new(PLANTED), at(1))
        .await
        .unwrap();
    store
        .put_secret(&all(), &south, "a", &Secret::new("other"), at(1))
        .await
        .unwrap();
    {
        let mut writer = store.writer().await.unwrap();
        let swap = "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE tenant = 'north') WHERE tenant = 'south'";
        sqlx::raw_sql(swap).execute(&mut *writer).await.unwrap();
    }
    let moved = store.secret(&all(), &south, "a").await.unwrap_err();
    assert!(matches!(moved, Error::Unsealable(_)), "{moved:?}");
}

#[test]
fn keys_are_read_from_bytes_hex_and_base64() {
    let hex = "0101010101010101010101010101010101010101010101010101010101010101\n";
    let base64 = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for text in [hex, base64] {
        assert_eq!(Key::from_bytes(text.as_bytes()).unwrap().id(), key(1).id());
    }
    assert!(matches!(Key::from_bytes(b"short"), Err(Error::BadKey(_))));
    let made = Key::generate();
    assert!(Key::from_bytes(made.expose()).is_ok());
}

#[tokio::test]
async fn a_tenant_sees_nothing_of_another() {
    let place = Place::new().await;
    let store = &place.store;
    store
        .add_tenant(&all(), &new_tenant("south", "D2"))
        .await
        .unwrap();
    let plan = place.approved("p1", "ann").await;
    store
        .apply_policy(&all(), &north(), "version = 1", "Ann", at(1))
        .await
        .unwrap();
    store
        .put_draft(&all(), &request("draft", "north"), at(1))
        .await
        .unwrap();
    let ride = place.begun("p2", "bob").await;

    let south = TenantScope::of(&TenantId::from("south"));
    assert!(
        store
            .request(&south, &RequestId::from("r-p1"))
            .await
            .is_err()
    );
    assert!(
        store
            .draft(&south, &RequestId::from("draft"))
            .await
            .is_err()
    );
    assert!(store.plan(&south, &PlanId::from("p1")).await.is_err());
    assert!(store.policy(&south, &north()).await.is_err());
    assert!(store.credential(&south, &north()).await.is_err());
    assert!(store.run(&south, &ride.run).await.is_err());
    assert!(
        store
            .submit(&south, &ride.run, &ride.started(), at(4))
            .await
            .is_err()
    );
    assert!(
        store
            .approve(&south, &approval(&plan, "Bob"))
            .await
            .is_err()
    );
    assert!(store.export_ledger(&south, &north(), at(4)).await.is_err());
    assert!(
        store
            .add_request(&south, &request("r9", "north"), at(0))
            .await
            .is_err()
    );
    assert!(store.requests(&south, 9).await.unwrap().is_empty());
    assert!(store.drafts(&south).await.unwrap().is_empty());
    assert!(store.plans(&south, 9).await.unwrap().is_empty());
    assert!(store.runs(&south, 9).await.unwrap().is_empty());
    assert_eq!(store.tenants(&south).await.unwrap().len(), 1);

    let own = TenantScope::of(&north());
    assert_eq!(store.requests(&own, 9).await.unwrap().len(), 2);
    assert_eq!(store.drafts(&own).await.unwrap().len(), 1);
    assert_eq!(store.plans(&own, 9).await.unwrap().len(), 2);
    assert_eq!(store.runs(&own, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_directory_is_kept_under_one_name() {
    let place = Place::new().await;
    let add = |name, directory| {
        let store = place.store.clone();
        async move { store.add_tenant(&all(), &new_tenant(name, directory)).await }
    };
    assert!(matches!(
        add("north", "D1").await,
        Err(Error::Exists { .. })
    ));
    assert!(matches!(
        add("north", "D9").await,
        Err(Error::Exists { .. })
    ));
    assert!(matches!(
        add("again", "d1").await,
        Err(Error::SameDirectory(_))
    ));
    assert!(matches!(
        add("no\nname", "D3").await,
        Err(Error::BadName(_))
    ));
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written() {
    let place = Place::new().await;
    let ride = place.begun("p1", "ann").await;
    let (event, before) = (ride.started(), ledger_size(&place.store).await);
    let decision = ride.decide(&event);
    fill_disk(&place.store).await;
    let mut big = request("big", "north");
    big.origin.body = Some("evidence ".repeat(20_000));
    let full = place
        .store
        .add_request(&all(), &big, at(1))
        .await
        .unwrap_err();
    assert!(
        full.to_string()
            .starts_with("the disk is full: nothing of this was written"),
        "{full}"
    );
    assert!(place.store.request(&all(), &big.id).await.is_err());
    fill_disk(&place.store).await;
    let mut leaves = decision.leaves.clone();
    leaves[0].payload = big.origin.body.clone().into();
    let commit = engine::journal::Commit {
        leaves: &leaves,
        ..ride.commit(&event, &decision)
    };
    let full = place.store.commit(commit).await.unwrap_err();
    assert!(
        matches!(&full, Refusal::Store(text) if text.contains("disk is full")),
        "{full:?}"
    );
    let loaded = place.store.load(&ride.run).await.unwrap();
    assert_eq!((loaded.seq, &loaded.state), (0, &ride.state));
    assert_eq!(ledger_size(&place.store).await, before);

    // There is space again, and the same process goes on.
    place
        .store
        .commit(ride.commit(&event, &decision))
        .await
        .unwrap();
    assert_eq!(
        place.store.check(at(9)).await.unwrap(),
        Vec::<String>::new()
    );
}

/// SQLite itself says "full" when a connection may not grow the file any more.
async fn fill_disk(store: &Store) {
    let mut writer = store.writer().await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 1")
        .execute(&mut *writer)
        .await
        .unwrap();
}

async fn ledger_size(store: &Store) -> usize {
    let export = store.export_ledger(&all(), &north(), at(8)).await.unwrap();
    export
        .lines()
        .filter(|line| line.starts_with("{\"entry\""))
        .count()
}

#[tokio::test]
async fn damage_is_found_and_named() {
    let place = Place::new().await;
    place.made(plan("p1", "north", "r1", "ann")).await;
    assert_eq!(
        place.store.check(at(5)).await.unwrap(),
        Vec::<String>::new()
    );
    {
        let mut writer = place.store.writer().await.unwrap();
        let change = "UPDATE ledger_payloads SET payload = '{}' WHERE seq = 2; UPDATE ledgers SET size = 7, peaks = zeroblob(96)";
        sqlx::raw_sql(change).execute(&mut *writer).await.unwrap();
        for change in [
            "UPDATE ledger_entries SET entry = '{}'",
            "DELETE FROM ledger_entries",
        ] {
            let stays = sqlx::raw_sql(change)
                .execute(&mut *writer)
                .await
                .unwrap_err();
            assert!(stays.to_string().contains("never"), "{stays}");
        }
    }
    let wrong = place.again().await.check(at(5)).await.unwrap();
    assert!(
        wrong
            .iter()
            .any(|text| text.contains("entry 2: its payload")),
        "{wrong:?}"
    );
    assert!(
        wrong
            .iter()
            .any(|text| text.contains("its tree is damaged")),
        "{wrong:?}"
    );
}
