//! A store that cannot be used, and a disk that cannot be written: said clearly, and nothing is lost.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::process::{Command, Stdio};

use crate::house::{AMIRA, House, Plot, Policy, SECOND, Said, TOMAS};

/// Where an SQLite file keeps `user_version` (sqlite.org/fileformat2.html, section 1.3).
const USER_VERSION: u64 = 60;

/// Verbs of every kind that open the store.
const VERBS: [&[&str]; 6] = [
    &["tenant", "list"],
    &["plan", "list"],
    &["run", "p-any"],
    &["runs", "list"],
    &["worker"],
    &["doctor"],
];

/// Each verb refuses with these words, and the file stays as it is.
#[track_caller]
fn all_refuse(house: &House, wanted: &[&str]) {
    let side = ["tenure.db-wal", "tenure.db-shm"];
    assert!(
        !side.iter().any(|name| house.path(name).exists()),
        "everything is in the one file"
    );
    let before = fs::read(house.path("tenure.db")).unwrap();
    let log = house.ask("log");
    for words in VERBS {
        house.tenure(words).refused(wanted);
    }
    assert_eq!(fs::read(house.path("tenure.db")).unwrap(), before);
    assert_eq!(house.ask("log"), log);
}

#[test]
fn a_store_from_a_newer_version_is_left_alone() {
    let house = House::new();
    house.plan(AMIRA, &[]);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(house.path("tenure.db"))
        .unwrap();
    file.seek(SeekFrom::Start(USER_VERSION)).unwrap();
    file.write_all(&99_u32.to_be_bytes()).unwrap();
    file.sync_all().unwrap();
    all_refuse(&house, &["format 99", "newer version"]);
}

#[test]
fn a_store_opens_with_its_own_key_alone() {
    let house = House::new();
    let key = house.read("tenure.key");
    for (text, wanted) in [
        (
            "ab".repeat(32),
            vec!["key does not open this store", "[secrets]"],
        ),
        (
            "zz".to_owned(),
            vec!["32 random bytes", "2 bytes were given"],
        ),
        (String::new(), vec!["32 random bytes", "0 bytes were given"]),
    ] {
        house.write("tenure.key", &text);
        all_refuse(&house, &wanted);
    }
    fs::remove_file(house.path("tenure.key")).unwrap();
    all_refuse(&house, &["tenure.key", "cannot be read", "key_file"]);
    assert!(
        !house.path("tenure.key").exists(),
        "no new key for an old store"
    );
    let config = house.read("tenure.toml");
    for (command, wanted) in [
        (
            "[\"false\"]",
            "false, which should print the key, ended with",
        ),
        ("[]", "key_command is empty"),
        ("[\"no-such-program\"]", "no-such-program"),
    ] {
        house.write(
            "tenure.toml",
            &format!("{config}\n[secrets]\nkey_command = {command}\n"),
        );
        let said = house.tenure(&["tenant", "list"]);
        assert!(matches!(said.code, Some(1 | 2)), "{said:?}");
        said.says(&[wanted, "hint: "]);
    }
    house.write("tenure.toml", &config);
    house.write("tenure.key", &key);
    assert!(
        house
            .tenure(&["tenant", "list"])
            .done()
            .out
            .contains("contoso")
    );
}

#[test]
fn what_is_no_store_is_left_alone() {
    let house = House::new();
    let text = "This is somebody's text, long enough to be a file of its own and not a database.\n";
    house.write("tenure.db", text);
    all_refuse(&house, &["tenure.db is not a Tenure store"]);
    assert_eq!(house.read("tenure.db"), text);
    let config = house.read("tenure.toml");
    house.write(
        "tenure.toml",
        &config.replace("tenure.db", "absent/tenure.db"),
    );
    house
        .tenure(&["tenant", "list"])
        .failed(&["absent", "No such file or directory"]);
}

/// The verb with files limited to so many kilobytes: what lies beyond cannot be written, as on a full disk.
fn cramped(house: &House, kilobytes: u32, words: &[&str]) -> Said {
    // Ignored, the signal of the limit leaves the error to the program.
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_tenure")])
        .args(words)
        .current_dir(house.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said::new(words, &output)
}

/// It failed over the disk.
#[track_caller]
fn over_the_disk(said: Said) {
    let said = said.ended(1).says(&["failed: "]);
    let talk = said.err.replace("opened or written", "disk");
    assert!(talk.contains("disk"), "{talk}");
}

#[test]
fn a_full_disk_changes_nothing_and_loses_nothing() {
    let house = House::new();
    let id = house.approved(AMIRA, &[]);
    house.write("policy.toml", &Policy::closing().and("notify").text());
    let before = house.standing();
    let verbs: [&[&str]; 4] = [
        &["plan", "offboard", TOMAS, "--tenant", "contoso"],
        &[
            "policy",
            "apply",
            "contoso",
            "policy.toml",
            "--as",
            "owner@provider.example",
        ],
        &["approve", &id, "--as", SECOND],
        &["run", &id],
    ];
    for words in verbs {
        over_the_disk(cramped(&house, 1, words));
        house.standing().is_still(&before);
    }
    // With room for less than a plan: the request may have been kept, a plan was not.
    over_the_disk(cramped(&house, 33, verbs[0]));
    assert_eq!(house.json(&["plan", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(house.standing().changes(), 0);
    house.tenure(&["doctor"]).done();
    house.tenure(&["run", &id]).done();
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_run_stops_it_and_the_run_goes_on_later() {
    let house = House::new();
    for (user, kilobytes) in [(AMIRA, 140), (TOMAS, 400)] {
        let id = house.approved(user, &[]);
        // Enough to begin the run, not enough to end it.
        let said = cramped(&house, kilobytes, &["run", &id]);
        over_the_disk(said.says(&["nothing is lost", "tenure runs show"]));
        let run = house.newest_run().unwrap();
        assert_eq!(house.run(&run)["outcome"], serde_json::Value::Null);
        let said = house.tenure(&["run", &id]).done();
        assert!(said.out.contains(&run), "{}", said.out);
    }
    for name in ["amira.haddad", "tomas.novak"] {
        assert_eq!(house.user(name)["account_enabled"], false);
    }
    house.tenure(&["doctor"]).done();
}

#[test]
fn a_first_start_that_fails_leaves_nothing_that_a_second_would_trip_over() {
    let house = Plot::new().bare().build();
    over_the_disk(cramped(&house, 1, &["tenant", "list"]));
    house.tenure(&["tenant", "list"]).done();
    house.add_tenant("secret.txt").done();
    house.apply(&Policy::closing());
    house.plan(AMIRA, &[]);
}
