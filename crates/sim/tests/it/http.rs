//! The sandbox over real sockets: cut connections, persistence, the control plane, recordings.

use std::time::Duration;

use serde_json::{Value, json};
use sim::{Effect, Faults, Rule, Sandbox, Temper, World, worlds};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use transport::Method;

use crate::client::{contoso, start};

struct Served {
    port: u16,
    token: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// One exchange on a connection of its own: status and body, or nothing when the connection was cut.
async fn talk(
    port: u16,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _cut = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes))
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1)?.parse().ok()?;
    Some((status, text.split_once("\r\n\r\n")?.1.to_owned()))
}

impl Served {
    async fn new(sandbox: Sandbox, persist: Option<std::path::PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        tokio::spawn(sim::serve(listener, sandbox, persist, async {
            let _gone = stopped.await;
        }));
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials&scope=http%3A%2F%2F127.0.0.1%3A{port}%2Fgraph%2F.default",
            worlds::CLIENT_ID,
            worlds::CLIENT_SECRET
        );
        let path = format!("/login/{}/oauth2/v2.0/token", worlds::CONTOSO);
        let (status, body) = talk(port, "POST", &path, "", &form).await.unwrap();
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        Self {
            port,
            token: body["access_token"].as_str().unwrap().to_owned(),
            _stop: stop,
        }
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
        let headers = format!(
            "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
            self.token
        );
        let (status, body) = talk(self.port, method, path, &headers, body).await?;
        Some((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
    }
}

#[tokio::test]
async fn a_lost_reply_cuts_the_connection_and_the_world_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (world, har) = (
        folder.path().join("world.json"),
        folder.path().join("run.har"),
    );
    let faults = Faults::calm().with(Rule::once(Effect::LoseReply).on(&Method::PATCH, "/users/"));
    let sandbox = Sandbox::new(worlds::demo(start()), faults, 3, start());
    sandbox.record(&har).unwrap();
    let served = Served::new(sandbox, Some(world.clone())).await;
    let nora = contoso("user nora.lindqvist");
    let path = format!("/graph/v1.0/users/{nora}");
    let patch = json!({"jobTitle": "Former", "passwordProfile": {"password": "nT5#kk2-Zw9!pq"}})
        .to_string();
    assert_eq!(
        served.call("PATCH", &path, &patch).await,
        None,
        "no byte comes back"
    );
    let (status, read) = served
        .call("GET", &format!("{path}?$select=jobTitle"), "")
        .await
        .unwrap();
    assert_eq!((status, &read["jobTitle"]), (200, &json!("Former")));
    let kept = World::parse(&std::fs::read_to_string(&world).unwrap()).unwrap();
    assert_eq!(
        kept.tenants[worlds::CONTOSO].users[&nora]
            .job_title
            .as_deref(),
        Some("Former")
    );
    control_plane(&served).await;
    // The recording is whole, maps to the real cloud and holds no secret.
    let text = std::fs::read_to_string(&har).unwrap();
    let recording: Value = serde_json::from_str(&text).unwrap();
    let entries = recording["log"]["entries"].as_array().unwrap();
    assert!(
        entries.iter().any(|entry| entry["request"]["url"]
            == format!("https://graph.microsoft.com/v1.0/users/{nora}"))
    );
    for secret in [worlds::CLIENT_SECRET, "nT5#kk2", served.token.as_str()] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// Log, requests and faults over the control plane.
async fn control_plane(served: &Served) {
    let (_, log) = served.call("GET", "/sandbox/log", "").await.unwrap();
    assert!(
        log.as_array()
            .unwrap()
            .iter()
            .any(|change| change["field"] == "job_title" && change["after"] == "Former")
    );
    let (_, requests) = served.call("GET", "/sandbox/requests", "").await.unwrap();
    let cut = requests
        .as_array()
        .unwrap()
        .iter()
        .find(|seen| seen["method"] == "PATCH")
        .unwrap();
    assert_eq!(
        (&cut["status"], &cut["fault"]),
        (&Value::Null, &json!("LoseReply"))
    );
    assert_eq!(
        served
            .call("POST", "/sandbox/faults", "wobble = 1")
            .await
            .unwrap()
            .0,
        400
    );
    let down = "[[rule]]\neffect = { do = \"down\" }\npath = \"/organization\"";
    assert_eq!(
        served
            .call("POST", "/sandbox/faults", down)
            .await
            .unwrap()
            .0,
        204
    );
    assert_eq!(
        served.call("GET", "/graph/v1.0/organization", "").await,
        None
    );
}

#[tokio::test]
async fn a_world_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    let faults = Faults {
        temper: Temper {
            conversion_ms: 3_600_000,
            ..Temper::calm()
        },
        ..Faults::default()
    };
    let sandbox = Sandbox::new(worlds::demo(start()), faults.clone(), 3, start());
    let nora = contoso("user nora.lindqvist");
    let conversion = json!({"to": "SharedMailbox", "done_at": "2026-09-01T09:00:00Z"});
    let set = sim::HumanChange::Set {
        object: format!("mailboxes/{nora}"),
        field: "converting".to_owned(),
        value: conversion,
    };
    sandbox.human(worlds::CONTOSO, &set).unwrap();
    let served = Served::new(sandbox, Some(file.clone())).await;
    drop(served);
    let kept = World::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let later = Sandbox::new(kept, faults, 3, "2026-09-01T09:00:01Z".parse().unwrap());
    let mailbox = later.world().tenants[worlds::CONTOSO].mailboxes[&nora].clone();
    assert_eq!(
        (mailbox.kind.name(), mailbox.converting),
        ("SharedMailbox", None)
    );
}
