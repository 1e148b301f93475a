//! `tenure serve` as a process, with secrets sent through its doors while everything is logged: none is kept or said in clear.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};

use crate::house::{AMIRA, House, PATIENCE, binary, wait_for};

/// A process that serves, until the test is over.
struct Serving {
    at: SocketAddr,
    child: Child,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}

/// What came back.
struct Reply {
    status: String,
    head: String,
    body: String,
}

impl Serving {
    /// Serves on a free port; what it says goes to `serve.out` and `serve.err`.
    fn start(house: &House) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = free.local_addr().unwrap();
        drop(free);
        let child = binary(&house.path(""))
            .env("TENURE_LOG", "trace")
            .args(["serve", "--listen", &at.to_string()])
            .stdin(Stdio::null())
            .stdout(File::create(house.path("serve.out")).unwrap())
            .stderr(File::create(house.path("serve.err")).unwrap())
            .spawn()
            .unwrap();
        let serving = Self { at, child };
        wait_for("it serves", || TcpStream::connect(at).ok());
        serving
    }

    fn call(&self, line: &str, headers: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n{headers}content-length: {length}\r\n\r\n{body}",
            self.at
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Reply {
            status: head.split(' ').nth(1).unwrap().to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

/// What stands between these in a text.
fn between(text: &str, begin: &str, end: &str) -> String {
    let at = text
        .find(begin)
        .unwrap_or_else(|| panic!("no {begin} in {text}"));
    let rest = &text[at + begin.len()..];
    rest.split(end).next().unwrap().to_owned()
}

/// The word of a page that begins so.
fn word(text: &str, begin: &str) -> String {
    let at = text
        .find(begin)
        .unwrap_or_else(|| panic!("no {begin} in {text}"));
    let is_part = |c: &char| c.is_ascii_alphanumeric() || "_-+/=".contains(*c);
    text[at..].chars().take_while(is_part).collect()
}

fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        assert!(!value.contains(['&', '=', '%', '+']), "{value}");
        format!("{name}={}", value.replace(' ', "+"))
    };
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Secrets of the configuration, each in a file of its own.
fn configure(house: &House) -> Vec<String> {
    let secrets = ["planted-smtp-password", "planted-oidc-secret"];
    house.write("smtp-password", secrets[0]);
    house.write("oidc-secret", secrets[1]);
    let config = format!(
        "{}\n[server]\nsandbox = true\noidc = {{ issuer = \"https://127.0.0.1:1/\", client_id = \"tenure\", client_secret_file = \"oidc-secret\" }}\n\n[notify]\nsmtp = {{ host = \"127.0.0.1\", port = 1, tls = \"starttls\", user = \"tenure\", password-file = \"smtp-password\", from = \"tenure@provider.example\" }}\n",
        house.config(house.base())
    );
    house.write("tenure.toml", &config);
    secrets.map(str::to_owned).to_vec()
}

/// Every file of the house but those that hold a secret by design.
fn files(house: &House) -> Vec<(String, Vec<u8>)> {
    let own = [
        "secret.txt",
        "tenure.key",
        "world.json",
        "smtp-password",
        "oidc-secret",
    ];
    std::fs::read_dir(house.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !own.iter().any(|name| path.ends_with(name)))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect()
}

const PASSWORD: &str = "planted-first-password";

/// Makes the first account through the printed link; gives the session and the token of its forms.
fn set_up(serving: &Serving, house: &House) -> (String, String) {
    let link = wait_for("the link is printed", || {
        let said = house.read("serve.err");
        said.contains("/set-up/").then(|| word(&said, "/set-up/"))
    });
    let first = form(&[
        ("provider", "Provider"),
        ("name", "Ada"),
        ("email", "ada@provider.example"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ]);
    let reply = serving.call(&format!("POST {link}"), "", &first);
    assert_eq!(reply.status, "303", "{}", reply.body);
    let session = between(&reply.head, "set-cookie: tenure=", ";");
    let cookie = format!("cookie: tenure={session}\r\n");
    let page = serving.call("GET /settings/account", &cookie, "");
    let csrf = between(&page.body, "name=\"csrf\" value=\"", "\"");
    (session, csrf)
}

/// Sends secrets through the doors and has some made; gives them all.
fn send(serving: &Serving, session: &str, csrf: &str) -> Vec<String> {
    let cookie = format!("cookie: tenure={session}\r\n");
    let post = |path: &str, fields: &[(&str, &str)]| {
        let fields = [&[("csrf", csrf)][..], fields].concat();
        serving.call(&format!("POST {path}"), &cookie, &form(&fields))
    };
    let client = [("name", "Tickets"), ("role", "admin"), ("tenant", "")];
    let token = word(&post("/settings/clients", &client).body, "tnr_");
    let bearer = format!("authorization: Bearer {token}\r\n");
    let call = serving.call("GET /api/v1/me", &bearer, "");
    assert_eq!(call.status, "200", "{}", call.body);
    let hook = [("url", "http://127.0.0.1:1/hook"), ("events", "run-ended")];
    let hook = word(&post("/settings/webhooks", &hook).body, "whsec_");
    let wrong = post("/t/contoso/renew", &[("secret", "planted~client~secret")]);
    assert!(wrong.body.contains("tried and not kept"), "{}", wrong.body);
    let right = post(
        "/t/contoso/renew",
        &[("secret", sim::worlds::CLIENT_SECRET)],
    );
    assert_eq!(right.status, "303", "{}", right.body);
    let guess = form(&[
        ("email", "ada@provider.example"),
        ("password", "planted-wrong-guess"),
    ]);
    assert_eq!(serving.call("POST /sign-in", "", &guess).status, "200");
    // The provider is down: what is said of that must not name what would have been sent.
    assert_ne!(serving.call("GET /sign-in/oidc", "", "").status, "200");
    let unknown = "GET /link/tnl_planted-link-token-AAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_ne!(serving.call(unknown, "", "").status, "200");
    let mut secrets = vec![token, hook];
    secrets.extend(
        [
            PASSWORD,
            "planted-wrong-guess",
            "planted~client~secret",
            sim::worlds::CLIENT_SECRET,
            "planted-link-token",
        ]
        .map(str::to_owned),
    );
    secrets
}

#[test]
fn no_secret_that_came_through_a_door_is_kept_or_logged() {
    let house = House::new();
    house.plan(AMIRA, &[]);
    let mut secrets = configure(&house);
    let serving = Serving::start(&house);
    let (session, csrf) = set_up(&serving, &house);
    secrets.extend(send(&serving, &session, &csrf));
    secrets.extend([session, csrf, house.read("tenure.key").trim().to_owned()]);

    let found = files(&house);
    let holds = |bytes: &[u8], text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    // The search finds what is there, in the store's log and in what was said.
    for (file, known) in [
        ("serve.err", "TRACE"),
        ("tenure.db-wal", "ada@provider.example"),
    ] {
        let bytes = found.iter().find(|(name, _)| name.ends_with(file));
        let (_, bytes) = bytes.unwrap_or_else(|| panic!("there is no {file}"));
        assert!(holds(bytes, known), "{known} in {file}");
    }
    for secret in &secrets {
        assert!(secret.len() >= 12, "{secret}");
        for (name, bytes) in &found {
            assert!(!holds(bytes, secret), "{secret} lies in {name}");
        }
    }
}
