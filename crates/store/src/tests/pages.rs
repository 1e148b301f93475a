//! What single pages ask for: one ledger entry, a policy over the version that was read, a ticket's number.

use domain::request::Request;

use super::{Place, all, at, north, request};
use crate::{EntryFilter, Error, NewPolicy, TenantScope};

fn new<'a>(text: &'a str, base: u64) -> NewPolicy<'a> {
    NewPolicy {
        text,
        by: "Ann",
        comment: Some("because"),
        base: Some(base),
        at: at(1),
    }
}

#[tokio::test]
async fn a_policy_is_applied_over_the_version_that_was_read_and_no_other() {
    let place = Place::new().await;
    let (store, north) = (&place.store, north());
    let first = store.change_policy(&all(), &north, &new("a = 1", 0)).await;
    assert_eq!(first.unwrap().comment.as_deref(), Some("because"));
    let stale = store.change_policy(&all(), &north, &new("a = 2", 0)).await;
    let Err(Error::OtherPolicy { base, in_force, .. }) = stale else {
        panic!("{stale:?}");
    };
    assert_eq!((base, in_force), (0, 1));
    store
        .change_policy(&all(), &north, &new("a = 2", 1))
        .await
        .unwrap();
    let kept = store.policies(&all(), &north).await.unwrap();
    let versions: Vec<u64> = kept.iter().map(|kept| kept.version).collect();
    assert_eq!(versions, [2, 1]);
}

#[tokio::test]
async fn a_confidential_entry_is_no_page_of_others() {
    let place = Place::new().await;
    let (store, north) = (&place.store, north());
    let secret = Request {
        confidential: vec!["hr@north.example".to_owned()],
        ..request("q1", "north")
    };
    store.add_request(&all(), &secret, at(1)).await.unwrap();
    let entries = store
        .list_entries(&all(), &EntryFilter::default(), None)
        .await
        .unwrap();
    let of_request = |line: &&crate::EntryLine| line.request.is_some();
    let seq = entries.lines.iter().find(of_request).unwrap().seq;
    let named = TenantScope::of(&north).seen_by("HR@north.example");
    let other = TenantScope::of(&north).seen_by("bob@provider.example");
    assert!(store.entry_line(&named, &north, seq).await.is_ok());
    let refused = store.entry_line(&other, &north, seq).await;
    assert!(matches!(refused, Err(Error::Missing { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_request_is_found_by_its_number_with_or_without_the_sign() {
    let place = Place::new().await;
    let store = &place.store;
    let mut ticket = request("q1", "north");
    ticket.origin.reference = Some("#48240".to_owned());
    store.add_request(&all(), &ticket, at(1)).await.unwrap();
    for (text, expected) in [("482", 1), ("#4824", 1), ("240", 0), ("#", 0)] {
        let found = store.find(&all(), text, 8).await.unwrap();
        assert_eq!(found.requests.len(), expected, "{text}");
    }
}
