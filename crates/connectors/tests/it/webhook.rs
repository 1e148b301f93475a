//! Webhooks: signatures that other libraries accept, and what an answer means.

use std::time::Duration;

use bytes::Bytes;
use connectors::outbound::{Address, Outbound};
use connectors::webhook::{
    Message, Outcome, Secret, Signed, Unverified, next_attempt, send, sign, verify,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::outbound::SANDBOX;
use crate::server::Server;

fn secret(text: &str) -> Secret {
    Secret::parse("webhook.secret", &SecretString::from(text)).unwrap()
}

fn reference() -> (Secret, Message, Timestamp) {
    let message = Message::new(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        Bytes::from(r#"{"test": 2432232314}"#),
    );
    (
        secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        message.unwrap(),
        Timestamp::from_second(1_614_265_330).unwrap(),
    )
}

/// The known answer of the Standard Webhooks reference libraries (`test_sign_function` in each of them).
const KNOWN: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

#[test]
fn the_signature_is_the_known_answer() {
    let (secret, message, at) = reference();
    assert_eq!(sign(&[&secret], &message, at), KNOWN);
}

#[test]
fn a_signature_is_believed_for_five_minutes_for_this_message_and_secret_only() {
    let (reference, ..) = reference();
    let body = br#"{"test": 2432232314}"#;
    let signed = |signature| Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature,
    };
    let at = |second: i64| Timestamp::from_second(1_614_265_330 + second).unwrap();
    let judge =
        |signature, body: &[u8], second| verify(&[&reference], signed(signature), body, at(second));
    for second in [-300, 0, 300] {
        judge(KNOWN, body, second).unwrap();
    }
    assert_eq!(judge(KNOWN, body, 301), Err(Unverified::TooOld));
    assert_eq!(judge(KNOWN, body, -301), Err(Unverified::TooNew));
    assert_eq!(
        judge(KNOWN, br#"{"test": 2432232315}"#, 0),
        Err(Unverified::NoMatch)
    );
    for wrong in [
        "",
        "v1,",
        "v1",
        "v1,AAAA",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
    ] {
        assert_eq!(judge(wrong, body, 0), Err(Unverified::NoMatch), "{wrong}");
    }
    let beside = format!("v1,AAAA v1a,BBBB {KNOWN}");
    judge(&beside, body, 0).unwrap();
    for (id, timestamp, expected) in [
        ("msg_other", "1614265330", Unverified::NoMatch),
        (
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265331",
            Unverified::NoMatch,
        ),
        ("msg_p5jXN8AQM9LWM0D4loKWxJek", "soon", Unverified::NoTime),
        ("msg_p5jXN8AQM9LWM0D4loKWxJek", "", Unverified::NoTime),
    ] {
        let signed = Signed {
            id,
            timestamp,
            signature: KNOWN,
        };
        assert_eq!(verify(&[&reference], signed, body, at(0)), Err(expected));
    }
}

#[test]
fn while_a_secret_rotates_both_sides_may_change_first() {
    let (old, message, at) = reference();
    let new = Secret::from_random(&[7; 32]);
    let both = sign(&[&old, &new], &message, at);
    assert_eq!(both.split(' ').count(), 2);
    let signed = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: &both,
    };
    let body = br#"{"test": 2432232314}"#;
    for known in [&[&old][..], &[&new], &[&new, &old]] {
        verify(known, signed, body, at).unwrap();
    }
    let third = Secret::from_random(&[8; 32]);
    assert_eq!(
        verify(&[&third], signed, body, at),
        Err(Unverified::NoMatch)
    );
}

#[test]
fn a_secret_is_read_strictly_and_never_shown() {
    let made = Secret::from_random(&[1; 32]);
    let text = made.text().expose_secret().to_owned();
    assert!(text.starts_with("whsec_"));
    assert_eq!(secret(&text).text().expose_secret(), text);
    assert_eq!(format!("{made:?}"), "Secret([redacted])");
    for wrong in [
        "",
        "planted",
        "whsec_",
        "whsec_planted!",
        "whsec_cGxhbnRlZA==",
    ] {
        let error = Secret::parse("webhook.secret", &SecretString::from(wrong)).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("webhook.secret"), "{shown}");
        assert!(!shown.contains("planted") && !shown.contains("cGxhbn"));
    }
    for id in ["", "a.b", "a\r\nb", "é", &"x".repeat(129)] {
        assert!(Message::new(id, Bytes::new()).is_err(), "{id}");
    }
}

async fn sent(status: &str, headers: &str) -> (Outcome, Vec<String>) {
    let server = Server::answering(status, headers, "planted").await;
    let url = server.url("/hook?key=planted");
    let address = Address::parse("webhook.url", &url, SANDBOX).unwrap();
    let (secret, message, at) = reference();
    let outcome = send(&Outbound::system(), &address, &[&secret], &message, at).await;
    (outcome, server.requests())
}

#[tokio::test]
async fn an_attempt_carries_the_three_headers_and_2xx_is_delivered() {
    let (outcome, requests) = sent("204 No Content", "").await;
    assert_eq!(outcome, Outcome::Delivered { status: 204 });
    let request = requests[0].to_ascii_lowercase();
    for part in [
        "post /hook?key=planted http/1.1",
        "content-type: application/json",
        "webhook-id: msg_p5jxn8aqm9lwm0d4lokwxjek",
        "webhook-timestamp: 1614265330",
        "webhook-signature: v1,g0hm9sse+otpjtgt/tmiktsyzle3ufjelvlniolj1oe=",
        "\r\n\r\n{\"test\": 2432232314}",
    ] {
        assert!(request.contains(part), "{part} is missing in {request}");
    }
}

#[tokio::test]
async fn other_answers_are_tried_again_except_gone() {
    let hour = Some(Duration::from_secs(3600));
    for (status, headers, expected) in [
        ("500 Internal Server Error", "", None),
        ("404 Not Found", "", None),
        ("302 Found", "location: https://evil.example/\r\n", None),
        ("429 Too Many Requests", "retry-after: 3600\r\n", hour),
        (
            "503 Unavailable",
            // An hour after the attempt.
            "retry-after: Thu, 25 Feb 2021 16:02:10 GMT\r\n",
            hour,
        ),
        ("503 Unavailable", "retry-after: soon\r\n", None),
        ("503 Unavailable", "retry-after: -1\r\n", None),
    ] {
        let (outcome, _) = sent(status, headers).await;
        let Outcome::TryAgain { after, why } = outcome else {
            panic!("{status} was {outcome:?}");
        };
        assert_eq!(after, expected, "{status} {headers}");
        assert!(
            why.contains(&status[..3]) && !why.contains("planted"),
            "{why}"
        );
    }
    let (outcome, _) = sent("410 Gone", "").await;
    assert!(matches!(outcome, Outcome::Gone { .. }), "{outcome:?}");
}

#[test]
fn the_waits_grow_and_end() {
    let seconds = |failed, fraction| {
        next_attempt(failed, None, fraction).map(|wait| wait.as_secs_f64().round())
    };
    let expected = [5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0];
    for (failed, expected) in (1..).zip(expected) {
        assert_eq!(seconds(failed, 0.0), Some(expected));
        let late = next_attempt(failed, None, 0.999).unwrap().as_secs_f64();
        assert!(late > expected && late < expected * 1.2);
    }
    assert_eq!((seconds(0, 0.0), seconds(8, 0.0)), (None, None));
    let after = |after: u64| next_attempt(1, Some(Duration::from_secs(after)), 0.0);
    assert_eq!(after(1), Some(Duration::from_secs(5)));
    assert_eq!(after(60), Some(Duration::from_secs(60)));
    assert_eq!(after(1_000_000), Some(Duration::from_secs(86_400)));
    let given_up = next_attempt(8, Some(Duration::from_secs(1)), 0.0);
    assert_eq!(given_up, None);
}
