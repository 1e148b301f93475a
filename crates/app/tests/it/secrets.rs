//! Secrets: never printed, never in the store or the ledger in clear, whatever is logged.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::house::{AMIRA, House, Plot, Policy};

/// Everything that went over the wire, both ways.
type Wire = Arc<Mutex<Vec<u8>>>;

/// Listens between Tenure and the sandbox; gives its address.
fn tap(base: &str, wire: &Wire) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let target = base.trim_start_matches("http://").to_owned();
    let wire = Arc::clone(wire);
    // Ends with the test's process.
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&target) else {
                continue;
            };
            let ways = [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ];
            for (from, to) in ways {
                let wire = Arc::clone(&wire);
                std::thread::spawn(move || pass(from, to, &wire));
            }
        }
    });
    format!("http://{address}")
}

fn pass(mut from: TcpStream, mut to: TcpStream, wire: &Wire) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 || to.write_all(&buffer[..count]).is_err() {
            break;
        }
        wire.lock().unwrap().extend_from_slice(&buffer[..count]);
    }
    let _already_gone = to.shutdown(Shutdown::Write);
}

/// The texts that follow `mark` on the wire, up to the closing quote.
fn after(wire: &str, mark: &str) -> Vec<String> {
    let parts = wire.split(mark).skip(1);
    parts
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

/// Every file of the house but the ones that hold a secret by design: the key, the secret's own file, and the simulated cloud.
fn files(house: &House) -> Vec<(String, Vec<u8>)> {
    let kept = ["secret.txt", "tenure.key", "world.json"];
    std::fs::read_dir(house.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !kept.iter().any(|name| path.ends_with(name)))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes
        .windows(secret.len())
        .any(|window| window == secret.as_bytes())
}

#[test]
fn no_secret_is_printed_or_kept_in_clear() {
    let wire = Wire::default();
    let house = Plot::new().bare().build();
    house.write("tenure.toml", &house.config(&tap(house.base(), &wire)));
    let mut said = vec![house.add_tenant("secret.txt").done()];
    house.apply(&Policy::closing().and("notify").with(
        "notify",
        "sender = \"henrik.dahl@contoso.example\"\nrecipients = [\"hr@contoso.example\"]",
    ));
    let plan = house.plan(AMIRA, &[]);
    let id = plan["id"].as_str().unwrap();
    let verbs: [&[&str]; 12] = [
        &["tenant", "list", "--json"],
        &["tenant", "check", "contoso", "--json"],
        &["policy", "show", "contoso"],
        &["plan", "show", id],
        &["approve", id, "--as", "lead@provider.example"],
        &["run", id],
        &["plan", "show", id, "--json"],
        &["runs", "list"],
        &["doctor"],
        &[
            "ledger",
            "export",
            "contoso",
            "--out",
            "contoso.ledger",
            "--head",
            "contoso.head",
        ],
        &["ledger", "prove", "contoso", "1"],
        &["ledger", "verify", "contoso.ledger", "--json"],
    ];
    for words in verbs {
        said.push(house.tenure_loudly(words).done());
    }
    let run = house.newest_run().unwrap();
    said.push(
        house
            .tenure_loudly(&["runs", "show", &run, "--json"])
            .done(),
    );

    let wire = String::from_utf8_lossy(&wire.lock().unwrap()).into_owned();
    let mut secrets = after(&wire, "\"password\":\"");
    assert!(!secrets.is_empty(), "a password was sent");
    assert!(secrets.iter().all(|password| password.len() >= 16));
    let tokens = after(&wire, "\"access_token\":\"");
    assert!(!tokens.is_empty(), "tokens were given");
    secrets.extend(tokens);
    secrets.push(sim::worlds::CLIENT_SECRET.to_owned());
    secrets.push(house.read("tenure.key").trim().to_owned());
    for secret in &secrets {
        for said in &said {
            assert!(
                !holds(said.out.as_bytes(), secret),
                "printed by {}",
                said.words
            );
            assert!(
                !holds(said.err.as_bytes(), secret),
                "said by {}",
                said.words
            );
        }
        for (name, bytes) in files(&house) {
            assert!(!holds(&bytes, secret), "kept in {name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_holds_secrets_belongs_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    house.plan(AMIRA, &[]);
    for name in ["tenure.key", "tenure.db"] {
        let mode = std::fs::metadata(house.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}
