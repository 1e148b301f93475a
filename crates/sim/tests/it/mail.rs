//! Mail, calendar and automatic replies through Graph.

use serde_json::{Value, json};
use sim::{Faults, Temper, worlds};

use crate::client::{Client, contoso, start, wait};

fn draft(marker: &str) -> Value {
    json!({
        "subject": "Farewell",
        "body": {"contentType": "HTML", "content": "<p>Bye</p>"},
        "toRecipients": [{"emailAddress": {"address": "henrik.dahl@contoso.example"}}],
        "internetMessageHeaders": [{"name": "x-tenure-id", "value": marker}],
    })
}

#[tokio::test(start_paused = true)]
async fn a_draft_is_sent_once_and_found_again_by_its_header() {
    let quiet = Faults {
        temper: Temper {
            stray_429: 0.0,
            lag_ms: [0, 0],
            ..Temper::default()
        },
        ..Faults::default()
    };
    let client = Client::of(worlds::demo(start()), quiet, worlds::CONTOSO).await;
    let messages = format!("/users/{}/messages", contoso("user priya.raman"));
    let made = client.post(&messages, draft("op-1")).await;
    assert_eq!((made.status, &made.body["isDraft"]), (201, &json!(true)));
    let (id, message_id) = (
        made.body["id"].as_str().unwrap(),
        made.body["internetMessageId"].as_str().unwrap(),
    );
    let property = "String {00020386-0000-0000-C000-000000000046} Name x-tenure-id";
    let by_header = format!(
        "{messages}?$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{property}' and ep/value eq 'op-1')&$select=id,isDraft"
    );
    assert_eq!(client.get(&by_header).await.column("id"), [id]);
    assert_eq!(
        client
            .post(&format!("{messages}/{id}/send"), Value::Null)
            .await
            .status,
        202
    );
    wait(5).await;
    // Under the old id it is gone; sending again is not possible.
    assert_eq!(
        client.get(&format!("{messages}/{id}")).await.code(),
        "ErrorItemNotFound"
    );
    assert_eq!(
        client
            .post(&format!("{messages}/{id}/send"), Value::Null)
            .await
            .status,
        404
    );
    let sent = format!(
        "/users/{}/mailFolders/sentitems/messages?$filter=internetMessageId eq '{message_id}'&$select=id,isDraft,subject",
        contoso("user priya.raman")
    );
    let sent = client.get(&sent).await;
    assert_eq!(
        (sent.column("subject"), &sent.body["value"][0]["isDraft"]),
        (vec!["Farewell".to_owned()], &json!(false))
    );
    let mut plain = draft("op-2");
    plain["internetMessageHeaders"][0]["name"] = json!("tenure-id");
    assert_eq!(
        client.post(&messages, plain).await.code(),
        "InvalidInternetMessageHeader"
    );
}

#[tokio::test(start_paused = true)]
async fn a_room_or_a_person_without_mailbox_cannot_be_asked() {
    let client = Client::calm().await;
    let got = client
        .get(&format!(
            "/users/{}/messages",
            contoso("user emergency.access")
        ))
        .await;
    assert_eq!(
        (got.status, got.code()),
        (404, "MailboxNotEnabledForRESTAPI")
    );
    let body = json!({"message": draft("x"), "saveToSentItems": false});
    let got = client
        .post("/users/nobody@contoso.example/sendMail", body)
        .await;
    assert_eq!((got.status, got.code()), (404, "ErrorInvalidUser"));
}

#[tokio::test(start_paused = true)]
async fn the_metadata_names_parameters_with_a_capital() {
    let client = Client::calm().await;
    let path = format!("/users/{}/sendMail", contoso("user priya.raman"));
    let body = json!({"Message": draft("x"), "SaveToSentItems": true});
    assert_eq!(client.post(&path, body).await.status, 202);
    assert_eq!(client.truth().messages.len(), 1);
    assert_eq!(
        client
            .post(&path, json!({"Letter": draft("x")}))
            .await
            .code(),
        "ErrorInvalidRecipients"
    );
}

#[tokio::test(start_paused = true)]
async fn automatic_replies_are_read_back_wrapped() {
    let client = Client::calm().await;
    let path = format!("/users/{}/mailboxSettings", contoso("user nora.lindqvist"));
    let wish = json!({"automaticRepliesSetting": {"status": "alwaysEnabled", "externalAudience": "all", "internalReplyMessage": "I have left."}});
    assert_eq!(client.patch(&path, wish).await.status, 200);
    let read = client.get(&path).await.body["automaticRepliesSetting"].clone();
    assert_eq!(read["status"], "alwaysEnabled");
    let text = read["internalReplyMessage"].as_str().unwrap();
    assert!(text.starts_with("<html>") && text.contains("I have left."));
}

#[tokio::test(start_paused = true)]
async fn meetings_are_seen_by_instance_and_cancelled_for_everybody() {
    let client = Client::calm().await;
    let (nora, amira) = (contoso("user nora.lindqvist"), contoso("user amira.haddad"));
    let list = client.get(&format!("/users/{nora}/events?$filter=isOrganizer eq true and start/dateTime ge '2026-09-01T08:00:00'&$select=id,subject,attendees,type&$top=50")).await;
    assert_eq!(
        list.column("subject"),
        [
            "Customer workshop",
            "Focus time",
            "Quarterly pipeline",
            "Sales stand-up"
        ]
    );
    let window = "startDateTime=2026-09-01T00:00:00Z&endDateTime=2026-09-30T00:00:00Z&$top=50";
    let view = client
        .get(&format!("/users/{nora}/calendarView?{window}"))
        .await;
    assert_eq!(
        view.column("subject")
            .iter()
            .filter(|subject| *subject == "Sales stand-up")
            .count(),
        4
    );
    assert_eq!(
        client
            .get(&format!("/users/{nora}/calendarView"))
            .await
            .status,
        400
    );
    let series = list.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["type"] == "seriesMaster")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client
            .post(
                &format!("/users/{nora}/events/{series}/cancel"),
                json!({"comment": ""})
            )
            .await
            .status,
        202
    );
    let copies = client
        .get(&format!(
            "/users/{amira}/events?$filter=isCancelled eq true&$select=subject"
        ))
        .await;
    assert_eq!(copies.column("subject"), ["Sales stand-up"]);
    assert_eq!(
        client
            .get(&format!("/users/{nora}/events/{series}"))
            .await
            .status,
        404
    );
}
