//! Cards for Teams: what they hold, that they stay small, that foreign words format nothing, and how posting ends.

use connectors::card::{APPROVE, COMMENT, Card, Line, Mode, REFRESH, REFUSE, Told};
use connectors::outbound::{Address, Allow, Outbound};
use connectors::teams::{Posted, check_address, envelope, post};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::outbound::SANDBOX;
use crate::server::Server;

fn card(mode: Mode) -> Card {
    Card {
        title: "Offboard Mara Lindqvist".to_owned(),
        when: "Today 18:00 in Leeds (19:00 here)".to_owned(),
        facts: vec![
            ("Tenant".to_owned(), "contoso".to_owned()),
            ("Steps".to_owned(), "22".to_owned()),
        ],
        remarks: vec!["No manager is set.".to_owned()],
        irreversible: vec![Line {
            id: "irreversible-1".to_owned(),
            text: "The phone is wiped.".to_owned(),
        }],
        url: "https://tenure.contoso.example/t/contoso/plans/1".to_owned(),
        digest: "7f3a c21e 9b04".to_owned(),
        mode,
    }
}

fn bot() -> Mode {
    Mode::Bot {
        data: json!({ "digest": "full" }),
    }
}

/// Every object of this type, at any depth.
fn all<'a>(value: &'a Value, kind: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            if object.get("type").is_some_and(|one| one == kind) {
                found.push(value);
            }
            object.values().for_each(|inner| all(inner, kind, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| all(inner, kind, found)),
        _ => {}
    }
}

fn of<'a>(value: &'a Value, kind: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    all(value, kind, &mut found);
    found
}

fn texts(card: &Value) -> Vec<String> {
    let runs = of(card, "TextRun");
    runs.iter()
        .map(|run| run["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn by_workflows_a_card_only_opens_the_page() {
    let card = card(Mode::Workflow).build();
    assert_eq!(
        (&card["type"], &card["version"]),
        (&json!("AdaptiveCard"), &json!("1.4"))
    );
    assert!(of(&card, "Action.Execute").is_empty() && of(&card, "Input.Toggle").is_empty());
    let open = of(&card, "Action.OpenUrl");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["title"], "Read and decide");
    assert_eq!(
        texts(&card),
        [
            "Offboard Mara Lindqvist",
            "Today 18:00 in Leeds (19:00 here)",
            "7f3a c21e 9b04",
            "Remarks",
            "• No manager is set.",
            "Cannot be undone",
            "• The phone is wiped."
        ]
    );
    let styles: Vec<&Value> = of(&card, "Container").iter().map(|c| &c["style"]).collect();
    assert_eq!(styles, ["warning", "attention"]);
}

#[test]
fn colour_appears_only_with_something_to_say() {
    let mut quiet = card(bot());
    quiet.remarks.clear();
    quiet.irreversible.clear();
    let quiet = quiet.build();
    assert!(of(&quiet, "Container").is_empty());
    assert!(!quiet.to_string().contains("\"style\""));
}

#[test]
fn by_the_bot_each_irreversible_line_has_a_tick_and_a_refusal_needs_a_reason() {
    let card = card(bot()).build();
    let ticks = of(&card, "Input.Toggle");
    assert_eq!(ticks.len(), 1);
    assert_eq!(
        (&ticks[0]["id"], &ticks[0]["value"]),
        (&json!("irreversible-1"), &json!("false")),
        "an irreversible line is never ticked beforehand"
    );
    let executes = of(&card, "Action.Execute");
    let verbs: Vec<&Value> = executes.iter().map(|action| &action["verb"]).collect();
    assert_eq!(verbs, [APPROVE, REFUSE, REFRESH]);
    assert_eq!(card["refresh"]["action"]["verb"], REFRESH);
    assert_eq!(card["version"], "1.5", "answers need it in Teams");
    for action in executes {
        assert_eq!(action["data"], json!({ "tenure": { "digest": "full" } }));
    }
    let refuse = of(&card, "Action.ShowCard")[0];
    let comment = of(refuse, "Input.Text");
    assert_eq!(comment[0]["id"], COMMENT);
    assert_eq!(comment[0]["isRequired"], true);
    assert_eq!(of(&card, "Input.Text").len(), 1, "and none outside");
}

#[test]
fn a_card_stays_under_20_kb_and_counts_what_it_leaves_out() {
    for text in [
        "The group Sales is managed on premises and is left alone.".repeat(3),
        "\\\"_*".repeat(200),
        "🧑‍💻".repeat(200),
        "字".repeat(500),
    ] {
        for mode in [Mode::Workflow, bot()] {
            let mut card = card(mode);
            card.title.clone_from(&text);
            card.when.clone_from(&text);
            card.facts = vec![(text.clone(), text.clone()); 20];
            card.remarks = vec![text.clone(); 200];
            card.irreversible = (0..10)
                .map(|n| Line {
                    id: format!("irreversible-{n}"),
                    text: text.clone(),
                })
                .collect();
            card.url = format!("https://tenure.contoso.example/{}", "x".repeat(1000));
            let built = card.build();
            let size = envelope(&built).to_string().len();
            assert!(size < 20_000, "{size} bytes with {}", &text[..4]);
            let lines = texts(&built);
            let more: usize = lines
                .iter()
                .find_map(|line| {
                    line.strip_prefix("and ")?
                        .strip_suffix(" more")?
                        .parse()
                        .ok()
                })
                .unwrap();
            let container = of(&built, "Container")[0];
            let shown = container["items"].as_array().unwrap().len() - 2;
            assert_eq!(shown + more, 200);
        }
    }
    let mut card = card(Mode::Workflow);
    card.remarks = (0..200).map(|n| format!("Remark {n}.")).collect();
    let shown = texts(&card.build());
    let shown = shown.iter().filter(|line| line.starts_with("• Remark"));
    assert!(shown.count() > 100, "the room is used");
}

#[test]
fn what_a_card_cannot_show_it_cannot_approve() {
    let mut card = card(bot());
    card.irreversible = (0..11)
        .map(|n| Line {
            id: format!("irreversible-{n}"),
            text: "The phone is wiped.".to_owned(),
        })
        .collect();
    let built = card.build();
    assert!(of(&built["actions"], "Action.Execute").is_empty());
    assert!(of(&built, "Input.Toggle").is_empty());
    // It can still tell how it was decided.
    assert_eq!(built["refresh"]["action"]["verb"], REFRESH);
    assert_eq!(of(&built, "Action.OpenUrl")[0]["title"], "Read and decide");
    assert!(texts(&built).contains(&"and 1 more".to_owned()));
    card.irreversible.pop();
    assert_eq!(of(&card.build(), "Action.Execute").len(), 3);
}

#[test]
fn foreign_words_format_nothing() {
    let foreign = "**bold** _it_ [here](https://evil.example) <b> {{DATE(2026-01-01T00:00:00Z,SHORT)}}\r\n\r\n- x \u{202e}txt";
    let mut card = card(bot());
    card.title = foreign.to_owned();
    card.remarks = vec![foreign.to_owned()];
    card.facts = vec![
        ("Tenant".to_owned(), foreign.to_owned()),
        ("List".to_owned(), "- one".to_owned()),
        ("Numbers".to_owned(), "12. one".to_owned()),
    ];
    card.irreversible[0].text = foreign.to_owned();
    let built = card.build();
    assert!(of(&built, "TextBlock").is_empty(), "they read markdown");
    for text in texts(&built) {
        assert!(
            !text.contains("{{") && !text.contains(['\n', '\r', '\u{202e}']),
            "{text}"
        );
    }
    let facts = &of(&built, "FactSet")[0]["facts"];
    let toggle = &of(&built, "Input.Toggle")[0]["title"];
    for escaped in [&facts[0]["value"], toggle] {
        let escaped = escaped.as_str().unwrap();
        assert!(
            escaped.contains(r"\*\*bold\*\* \_it\_ \[here\]\(https"),
            "{escaped}"
        );
        assert!(
            !escaped.contains("](") && !escaped.contains("{{"),
            "{escaped}"
        );
    }
    assert_eq!(facts[1]["value"], r"\- one");
    assert_eq!(facts[2]["value"], r"12\. one");
}

#[test]
fn a_decided_card_has_no_button_but_open() {
    let told = Told {
        title: "Offboard Mara Lindqvist".to_owned(),
        sentence: "Approval void: the manager changed.".to_owned(),
        changes: (0..25).map(|n| format!("Change {n}")).collect(),
        url: "https://tenure.contoso.example/".to_owned(),
        digest: "7f3a c21e 9b04".to_owned(),
    }
    .build();
    assert!(of(&told, "Action.Execute").is_empty());
    assert_eq!(of(&told, "Action.OpenUrl").len(), 1);
    assert!(texts(&told).contains(&"and 5 more".to_owned()));
}

async fn posted(status: &str, headers: &str) -> (Posted, Vec<String>) {
    let server = Server::answering(status, headers, "").await;
    let url = server.url("/workflows/planted?sig=planted");
    let address = Address::parse("teams.workflow", &url, SANDBOX).unwrap();
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    let card = card(Mode::Workflow).build();
    let posted = post(&Outbound::system(), &address, &card, now).await;
    (posted, server.requests())
}

#[tokio::test]
async fn posting_ends_accepted_again_or_with_something_to_do() {
    let (ended, requests) = posted("202 Accepted", "").await;
    assert_eq!(ended, Posted::Accepted);
    let (_, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    assert_eq!(attachment["contentUrl"], Value::Null);
    assert_eq!(attachment["content"], card(Mode::Workflow).build());

    let (ended, _) = posted("429 Too Many Requests", "retry-after: 7\r\n").await;
    let Posted::TryAgain { after, .. } = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(after.map(|wait| wait.as_secs()), Some(7));
    for status in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "408 Request Timeout",
    ] {
        let (ended, _) = posted(status, "").await;
        assert!(
            matches!(ended, Posted::TryAgain { .. }),
            "{status}: {ended:?}"
        );
    }
    for status in [
        "400 Bad",
        "401 No",
        "403 No",
        "404 Not Found",
        "410 Gone",
        "413 Large",
        "302 Found",
    ] {
        let (ended, _) = posted(status, "").await;
        let Posted::Refused { why } = ended else {
            panic!("{status}: {ended:?}");
        };
        assert!(!why.contains("planted"), "{why}");
    }
}

#[test]
fn the_retired_connectors_are_refused_by_name() {
    let judge = |url: &str| {
        let address = Address::parse("teams.workflow", url, Allow::default()).unwrap();
        check_address("teams.workflow", &address)
    };
    for url in [
        "https://contoso.webhook.office.com/webhookb2/x",
        "https://contoso.WEBHOOK.office.com./x",
        "https://outlook.office.com/webhook/x",
    ] {
        assert!(judge(url).unwrap_err().to_string().contains("Workflows"));
    }
    judge("https://prod-1.westeurope.api.powerplatform.com/x?sig=y").unwrap();
}
