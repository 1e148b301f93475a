//! What goes wrong: seeds, lost replies, server errors, throttling, other humans.

use serde_json::{Value, json};
use sim::world::Cause;
use sim::{Effect, Faults, Human, HumanChange, Rule, Sandbox, Temper, World, worlds};
use transport::{Failure, Method};

use crate::client::{Client, contoso, start, wait};

#[tokio::test(start_paused = true)]
async fn a_lost_reply_was_carried_out_and_a_lost_request_was_not() {
    let nora = contoso("user nora.lindqvist");
    let path = format!("/users/{nora}");
    for (effect, title, cut) in [
        (Effect::LoseReply, Some("Gone"), true),
        (Effect::LoseRequest, Some("Account Executive"), true),
        (Effect::FailAfter { status: 504 }, Some("Gone"), false),
        (
            Effect::FailBefore {
                status: 503,
                retry_after_s: None,
            },
            Some("Account Executive"),
            false,
        ),
        (Effect::Down, Some("Account Executive"), true),
    ] {
        let faults = Faults::calm().with(
            Rule::once(effect.clone())
                .on(&Method::PATCH, "/users/")
                .from_nth(2),
        );
        let client = Client::of(worlds::demo(start()), faults, worlds::CONTOSO).await;
        assert_eq!(
            client.patch(&path, json!({"city": "Lund"})).await.status,
            204
        );
        let got = client
            .send(Method::PATCH, &path, json!({"jobTitle": "Gone"}), &[])
            .await;
        assert_eq!(got.is_err(), cut, "{effect:?}");
        assert_eq!(
            matches!(got, Err(Failure::NotSent(_))),
            effect == Effect::Down
        );
        assert_eq!(
            client.truth().users[&nora].job_title.as_deref(),
            title,
            "{effect:?}"
        );
        assert_eq!(
            client.patch(&path, json!({"city": "Umea"})).await.status,
            204,
            "the third is left alone"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_throttles_with_and_without_a_wait() {
    let faults = Faults {
        temper: Temper {
            stray_429: 0.3,
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), faults, worlds::CONTOSO).await;
    let (mut spoken, mut silent, mut answered) = (0, 0, 0);
    for _ in 0..100 {
        let got = client.get("/organization").await;
        match (got.status, got.headers.contains_key("retry-after")) {
            (429, true) => spoken += 1,
            (429, false) => silent += 1,
            _ => {
                assert_eq!(got.headers["x-ms-resource-unit"], "1");
                answered += 1;
            }
        }
    }
    assert!(
        spoken > 5 && silent > 5 && answered > 50,
        "{spoken} {silent} {answered}"
    );
    assert!(Temper::default().stray_429 > 0.0, "the default has some");
}

#[tokio::test(start_paused = true)]
async fn four_requests_at_once_per_mailbox() {
    let faults = Faults {
        temper: Temper {
            latency_ms: [100, 100],
            ..Temper::calm()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), faults, worlds::CONTOSO).await;
    let path = format!("/users/{}/messages", contoso("user nora.lindqvist"));
    let (a, b, c, d, e) = tokio::join!(
        client.get(&path),
        client.get(&path),
        client.get(&path),
        client.get(&path),
        client.get(&path)
    );
    let statuses: Vec<u16> = [&a, &b, &c, &d, &e].map(|got| got.status).to_vec();
    assert_eq!(statuses, [200, 200, 200, 200, 429]);
    assert_eq!(e.code(), "ApplicationThrottled");
    assert_eq!(
        client.get(&path).await.status,
        200,
        "the slots are given back"
    );
}

async fn story(seed: u64) -> (Vec<(u16, String)>, World, String) {
    let sandbox = Sandbox::new(worlds::demo(start()), Faults::default(), seed, start());
    let client = Client::on(sandbox, worlds::CONTOSO).await;
    let nora = contoso("user nora.lindqvist");
    let mut seen = Vec::new();
    for step in 0..40 {
        let got = match step % 4 {
            0 => {
                client
                    .patch(
                        &format!("/users/{nora}"),
                        json!({"jobTitle": format!("Title {step}")}),
                    )
                    .await
            }
            1 => client.get(&format!("/users/{nora}?$select=jobTitle")).await,
            2 => {
                client
                    .post(&format!("/users/{nora}/revokeSignInSessions"), Value::Null)
                    .await
            }
            _ => {
                client
                    .get(&format!("/users/{nora}/memberOf?$select=id"))
                    .await
            }
        };
        seen.push((got.status, got.body.to_string()));
    }
    wait(20).await;
    let log = serde_json::to_string(&client.sandbox.log()).unwrap();
    (seen, client.sandbox.world(), log)
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_behaves_the_same() {
    let (first, second, other) = (story(5).await, story(5).await, story(6).await);
    assert_eq!(first.0, second.0);
    assert_eq!(first.1, second.1);
    assert_eq!(first.2, second.2);
    assert_ne!(first.0, other.0);
}

#[tokio::test(start_paused = true)]
async fn another_human_steps_in_at_the_named_moment() {
    let nora = contoso("user nora.lindqvist");
    let human = |after_writes, at_ms, change| Human {
        after_writes,
        at_ms,
        tenant: worlds::CONTOSO.to_owned(),
        change,
    };
    let faults = Faults::calm()
        .with_human(human(
            Some(2),
            None,
            HumanChange::EnableAccount { user: nora.clone() },
        ))
        .with_human(human(
            None,
            Some(60_000),
            HumanChange::SetForwarding {
                mailbox: nora.clone(),
                to: "x@elsewhere.example".to_owned(),
            },
        ));
    let client = Client::of(worlds::demo(start()), faults, worlds::CONTOSO).await;
    let path = format!("/users/{nora}");
    client.patch(&path, json!({"accountEnabled": false})).await;
    assert!(!client.truth().users[&nora].account_enabled);
    client.patch(&path, json!({"jobTitle": "Former"})).await;
    assert!(client.truth().users[&nora].account_enabled);
    wait(61).await;
    assert_eq!(
        client.truth().mailboxes[&nora]
            .forwarding_smtp_address
            .as_deref(),
        Some("smtp:x@elsewhere.example")
    );
    let by_human = client
        .sandbox
        .log()
        .into_iter()
        .filter(|change| change.cause == Cause::Human)
        .count();
    assert_eq!(by_human, 2);
    let set = HumanChange::Set {
        object: format!("users/{nora}"),
        field: "department".to_owned(),
        value: json!("Moved"),
    };
    client.sandbox.human(worlds::CONTOSO, &set).unwrap();
    assert_eq!(
        client.truth().users[&nora].department.as_deref(),
        Some("Moved")
    );
    assert!(client.sandbox.human("nowhere", &set).is_err());
}

#[test]
fn files_are_read_strictly() {
    let faults = r#"
        token_dies_after_s = 120
        [temper]
        stray_429 = 0.1
        [[rule]]
        effect = { do = "fail-before", status = 503, retry_after_s = 1.5 }
        cmdlet = "Set-Mailbox"
        nth = 2
        times = 3
        [[human]]
        at_ms = 5000
        tenant = "t"
        change = { do = "take-licence", user = "u", sku = "s" }
    "#;
    let parsed = Faults::parse(faults).unwrap();
    assert_eq!((parsed.rules[0].nth, parsed.rules[0].times), (2, Some(3)));
    assert_eq!(parsed.temper.conversion_ms, 8_000);
    assert!(
        Faults::parse("wobble = 1")
            .unwrap_err()
            .to_string()
            .contains("wobble")
    );
    let world = worlds::demo(start());
    assert_eq!(World::parse(&world.to_json()).unwrap(), world);
    let spoilt = world
        .to_json()
        .replacen("\"department\"", "\"shoe_size\"", 1);
    assert!(
        World::parse(&spoilt)
            .unwrap_err()
            .to_string()
            .contains("shoe_size")
    );
}
