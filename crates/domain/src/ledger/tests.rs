//! Holds the tree against another implementation, and the check against every way to spoil a file.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use jiff::Timestamp;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

/// Stands in for Ed25519: what is proven here does not hang on the kind of signature.
struct Seal;

const PUBLIC: [u8; 32] = [7; 32];

fn mark(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut sha = Sha256::new();
    sha.update(key);
    sha.update(message);
    let half: [u8; 32] = sha.finalize().into();
    let mut mark = [0; 64];
    mark[..32].copy_from_slice(&half);
    mark[32..].copy_from_slice(&half);
    mark
}

impl Signer for Seal {
    fn public_key(&self) -> [u8; 32] {
        PUBLIC
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        mark(&PUBLIC, message)
    }
}

impl Verifier for Seal {
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        mark(public_key, message) == *signature
    }
}

fn tenant() -> TenantId {
    TenantId::from("north wind+1")
}

fn row(seq: u64, payload: &str) -> Row {
    let salt = [u8::try_from(seq % 251).unwrap(); 32];
    let entry = Entry {
        at: 1_700_000_000_000,
        commitment: commitment(&salt, payload),
        kind: "receipt".to_owned(),
        seq,
        tenant: tenant(),
    };
    Row {
        leaf: entry.leaf(),
        entry,
        payload: Some(payload.to_owned()),
        salt: Some(hex::encode(salt)),
    }
}

fn note(rows: &[Row]) -> String {
    let leaves: Vec<Hash> = rows.iter().map(|row| row.leaf).collect();
    let head = Head {
        origin: origin(&tenant()),
        size: rows.len() as u64,
        root: root(&leaves),
        time: Timestamp::from_second(1_700_000_000).unwrap(),
    };
    head.sign(&Seal)
}

/// The lines of an export, with heads at these sizes.
fn lines(rows: &[Row], sizes: &[usize]) -> Vec<String> {
    let key = Key {
        name: origin(&tenant()),
        public: PUBLIC,
    };
    let header = Header {
        entries: rows.len() as u64,
        format: FORMAT,
        heads: sizes.len() as u64,
        key: key.to_string(),
        tenant: tenant(),
    };
    let heads = sizes.iter().enumerate().map(|(index, size)| HeadRow {
        head: index as u64 + 1,
        note: note(&rows[..*size]),
    });
    std::iter::once(line(&header))
        .chain(rows.iter().map(line))
        .chain(heads.map(|head| line(&head)))
        .collect()
}

fn log(size: usize) -> Vec<Row> {
    (1..=size as u64)
        .map(|seq| row(seq, &format!("{{\"step\":\"{seq}\u{e9}\"}}")))
        .collect()
}

fn check(lines: &[String], outside: Option<&str>) -> Report {
    verify(lines.concat().as_bytes(), outside, &Seal)
}

fn place(report: &Report) -> Place {
    report.fault.as_ref().expect("the fault is found").place
}

fn entry(seq: usize) -> Place {
    let seq = seq as u64;
    Place::Entries {
        first: seq,
        last: seq,
    }
}

/// A log's size, and the sizes at which heads were signed, the last of them over all.
fn shape() -> impl Strategy<Value = (usize, Vec<usize>)> {
    (2..24_usize).prop_flat_map(|size| {
        proptest::collection::btree_set(1..=size, 0..4).prop_map(move |mut sizes| {
            sizes.insert(size);
            (size, sizes.into_iter().collect())
        })
    })
}

proptest! {
    #[test]
    fn roots_and_proofs_are_those_of_another_implementation(size in 1..90_usize, at in any::<prop::sample::Index>()) {
        let items: Vec<Vec<u8>> = (0..size).map(|n| format!("entry {n}").into_bytes()).collect();
        let mut oracle = MemoryBackedTree::<sha2_oracle::Sha256, Vec<u8>>::new();
        for item in &items {
            oracle.push(item.clone());
        }
        let leaves: Vec<Hash> = items.iter().map(|item| leaf_hash(item)).collect();
        let whole = root(&leaves);
        prop_assert_eq!(whole.bytes().to_vec(), oracle.root().as_bytes().to_vec());

        let index = at.index(size);
        let path = inclusion(&leaves, index);
        let bytes: Vec<u8> = path.iter().flat_map(|hash| *hash.bytes()).collect();
        prop_assert_eq!(bytes, oracle.prove_inclusion(index).as_bytes().to_vec());
        let (n, size) = (index as u64, size as u64);
        prop_assert!(check_inclusion(leaves[index], n, size, &path, whole));
        prop_assert!(!check_inclusion(leaf_hash(b"other"), n, size, &path, whole));
        prop_assert!(!check_inclusion(leaves[index], n + 1, size, &path, whole));

        let old = index + 1;
        let path = consistency(&leaves, old);
        if old < leaves.len() {
            let bytes: Vec<u8> = path.iter().flat_map(|hash| *hash.bytes()).collect();
            prop_assert_eq!(bytes, oracle.prove_consistency(leaves.len() - old).as_bytes().to_vec());
        }
        let before = (old as u64, root(&leaves[..old]));
        prop_assert!(check_consistency(before, (size, whole), &path));
        prop_assert!(!check_consistency((before.0, leaf_hash(b"other")), (size, whole), &path));
        prop_assert!(!check_consistency(before, (size, leaf_hash(b"other")), &path));
    }

    #[test]
    fn a_kept_frontier_goes_on_as_if_nothing_had_been_put_away(sizes in (0..60_usize, 0..60_usize)) {
        let leaves: Vec<Hash> = (0..sizes.0 + sizes.1).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut first = Frontier::default();
        for leaf in &leaves[..sizes.0] {
            first.push(*leaf);
        }
        let mut kept = Frontier::restore(first.size(), &first.peaks()).unwrap();
        for leaf in &leaves[sizes.0..] {
            kept.push(*leaf);
        }
        prop_assert_eq!(kept.root(), root(&leaves));
        prop_assert!(Frontier::restore(first.size() + 1, &first.peaks()).is_none() || first.size() % 2 == 1);
    }

    #[test]
    fn any_flipped_bit_is_found_where_it_is((size, heads) in shape(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let good = lines(&log(size), &heads);
        let mut bytes = good.concat().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let mut end = 0;
        let spoilt = good.iter().position(|line| { end += line.len(); at < end }).unwrap();
        let found = place(&verify(&bytes, None, &Seal));
        if spoilt == 0 {
            prop_assert!(matches!(found, Place::Header | Place::Head { .. }), "{:?}", found);
        } else if spoilt <= size {
            prop_assert_eq!(found, entry(spoilt));
        } else {
            prop_assert_eq!(found, Place::Head { number: (spoilt - size) as u64 });
        }
    }

    #[test]
    fn a_cut_swapped_or_repeated_entry_is_named((size, heads) in shape(), one in any::<prop::sample::Index>(), two in any::<prop::sample::Index>()) {
        let good = lines(&log(size), &heads);
        let (one, two) = (one.index(size) + 1, two.index(size) + 1);

        let mut cut = good.clone();
        cut.remove(one);
        prop_assert_eq!(place(&check(&cut, None)), entry(one));

        let mut doubled = good.clone();
        doubled.insert(one + 1, good[one].clone());
        prop_assert_eq!(place(&check(&doubled, None)), entry(one + 1));

        prop_assume!(one != two);
        let mut swapped = good;
        swapped.swap(one, two);
        prop_assert_eq!(place(&check(&swapped, None)), entry(one.min(two)));
    }

    #[test]
    fn a_file_made_anew_with_fewer_entries_is_found_by_an_outside_head(size in 2..24_usize, left in any::<prop::sample::Index>()) {
        let rows = log(size);
        let left = left.index(size - 1) + 1;
        let anew = lines(&rows[..left], &[left]);
        let alone = check(&anew, None);
        prop_assert!(alone.holds());
        prop_assert_eq!(alone.end, End::NotProven);
        let (first, last) = (left as u64 + 1, size as u64);
        prop_assert_eq!(place(&check(&anew, Some(&note(&rows)))), Place::Entries { first, last });
    }

    #[test]
    fn an_entry_made_anew_in_every_part_is_found_by_the_heads((size, heads) in shape(), at in any::<prop::sample::Index>()) {
        let rows = log(size);
        let mut forged = rows.clone();
        let at = at.index(size);
        forged[at] = row(at as u64 + 1, "{\"step\":\"forged\"}");
        let mut spoilt = lines(&forged, &heads);
        let heads_begin = size + 1;
        spoilt.truncate(heads_begin);
        spoilt.extend_from_slice(&lines(&rows, &heads)[heads_begin..]);
        let Place::Entries { first, last } = place(&check(&spoilt, None)) else {
            panic!("entries are named");
        };
        let forged = at as u64 + 1;
        prop_assert!(first <= forged && forged <= last);
        let narrowest = *heads.iter().find(|size| **size as u64 >= forged).unwrap();
        prop_assert_eq!(last, narrowest as u64);
    }
}

#[test]
fn an_untouched_file_holds_and_says_how_far_it_is_proven() {
    let rows = log(5);
    let file = lines(&rows, &[2, 5]);
    let alone = check(&file, None);
    assert_eq!((alone.fault.clone(), alone.signed), (None, 5));
    assert_eq!(
        (alone.entries, alone.heads, alone.end),
        (5, 2, End::NotProven)
    );
    let outside = note(&rows[..4]).replace('\n', "\r\n");
    let both = check(&file, Some(&outside));
    assert_eq!(both.fault, None);
    assert_eq!(both.end, End::ProvenTo { entries: 4 });
}

#[test]
fn erased_payloads_are_counted_and_those_without_a_record_told() {
    let mut rows = log(3);
    rows.push({
        let mut record = row(4, "{\"seq\":2}");
        record.entry.kind = ERASED.to_owned();
        record.leaf = record.entry.leaf();
        record
    });
    for index in [0, 1] {
        rows[index].payload = None;
        rows[index].salt = None;
    }
    let report = check(&lines(&rows, &[4]), None);
    assert_eq!(report.fault, None);
    assert_eq!(
        (report.erased, report.erased_unrecorded),
        (vec![1, 2], vec![1])
    );
}

#[test]
fn entries_that_nothing_signed_covers_are_told() {
    let report = check(&lines(&log(5), &[3]), None);
    assert_eq!(place(&report), Place::Entries { first: 4, last: 5 });
    assert!(
        report
            .fault
            .unwrap()
            .to_string()
            .starts_with("entries 4 to 5: ")
    );
}

#[test]
fn a_head_by_another_key_is_not_believed() {
    let rows = log(2);
    let other = note(&rows).replace("tenure/north", "tenure/south");
    let report = check(&lines(&rows, &[2]), Some(&other));
    assert_eq!(place(&report), Place::OutsideHead);
    let mut file = lines(&rows, &[2]);
    file[0] = file[0].replace("\"tenant\":\"north wind+1\"", "\"tenant\":\"south\"");
    assert_eq!(place(&check(&file, None)), Place::Header);
}

#[test]
fn a_proof_shows_one_entry_without_the_others() {
    let rows = log(6);
    let leaves: Vec<Hash> = rows.iter().map(|row| row.leaf).collect();
    let key = Key {
        name: origin(&tenant()),
        public: PUBLIC,
    };
    let mut proof = Proof {
        key: key.to_string(),
        note: note(&rows),
        path: inclusion(&leaves, 3),
        row: rows[3].clone(),
    };
    assert_eq!(proof.check(&Seal).unwrap().size, 6);
    proof.row = row(4, "{\"step\":\"forged\"}");
    assert!(proof.check(&Seal).unwrap_err().contains("entry 4"));
}

#[test]
fn heads_have_the_form_that_other_tools_read() {
    let text = note(&log(1));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["tenure/north%20wind%2B1", "1"]);
    assert_eq!(lines[3], "time 2023-11-14T22:13:20Z");
    assert_eq!(lines[4], "");
    assert!(lines[5].starts_with("\u{2014} tenure/north%20wind%2B1 "));
}
