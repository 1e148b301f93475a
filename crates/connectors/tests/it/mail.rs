//! Mail by SMTP without a server: what the configuration may say, and that no word becomes a header.
//! The conversation with a real server is `cargo xtask smtp`.

use std::time::Duration;

use connectors::smtp::{Config, Delivery, Mail, Person, Security, Smtp};
use connectors::{SetupError, Timeouts};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

fn person(name: &str, address: &str) -> Person {
    Person {
        name: name.to_owned(),
        address: address.to_owned(),
    }
}

fn sender() -> Person {
    person("Tenure", "tenure@contoso.example")
}

fn config(host: &str, security: Security) -> Config {
    Config {
        host: host.to_owned(),
        port: security.usual_port(),
        security,
        user: None,
        password: None,
        from: sender(),
        hello: None,
        authority: None,
    }
}

fn mail() -> Mail {
    Mail {
        to: person("Mara Lindqvist", "mara@contoso.example"),
        subject: "Read and decide".to_owned(),
        text: "Mara leaves today.".to_owned(),
        html: None,
        message_id: "01J.approve@tenure.contoso.example".to_owned(),
        headers: Vec::new(),
        at: Timestamp::from_second(1_795_000_000).unwrap(),
    }
}

fn text(mail: &Mail) -> String {
    String::from_utf8(mail.render(&sender()).unwrap().bytes().to_vec()).unwrap()
}

fn head(mail: &Mail) -> Vec<String> {
    let text = text(mail);
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ")
        .split("\r\n")
        .map(str::to_owned)
        .collect()
}

/// Puts an evil text into one part of a mail.
type Spoil = fn(&mut Mail, &str);

fn field(error: SetupError) -> String {
    let SetupError::Field { field, .. } = error;
    field
}

#[test]
fn a_mail_has_these_headers_and_no_others() {
    let mut mail = mail();
    mail.headers = vec![("X-Tenure-Run".to_owned(), "01J".to_owned())];
    let mut head = head(&mail);
    head.sort();
    assert_eq!(
        head,
        [
            "Auto-Submitted: auto-generated",
            "Content-Transfer-Encoding: 7bit",
            "Content-Type: text/plain; charset=utf-8",
            "Date: Wed, 18 Nov 2026 11:06:40 +0000",
            "From: Tenure <tenure@contoso.example>",
            "MIME-Version: 1.0",
            "Message-ID: <01J.approve@tenure.contoso.example>",
            "Subject: Read and decide",
            "To: \"Mara Lindqvist\" <mara@contoso.example>",
            "X-Tenure-Run: 01J",
        ]
    );
    mail.html = Some("<p>Mara leaves today.</p>".to_owned());
    let text = text(&mail);
    assert!(text.contains("multipart/alternative") && text.contains("text/html"));
}

#[test]
fn a_line_end_is_refused_wherever_a_word_goes_into_a_header() {
    for evil in [
        "\r\nBcc: evil@fabrikam.example",
        "\n.",
        "\r",
        "\0",
        "\u{85}x",
        "\u{2028}x",
        "\t\u{b}",
    ] {
        let spoilt: [(&str, Spoil); 7] = [
            ("to", |mail, evil| mail.to.name.push_str(evil)),
            ("to", |mail, evil| mail.to.address.push_str(evil)),
            ("to", |mail, evil| {
                mail.to.address = format!("\"{evil}\"@contoso.example")
            }),
            ("subject", |mail, evil| mail.subject.push_str(evil)),
            ("message_id", |mail, evil| mail.message_id.push_str(evil)),
            ("X-Tenure-Run", |mail, evil| {
                mail.headers = vec![("X-Tenure-Run".to_owned(), format!("a{evil}"))];
            }),
            ("headers", |mail, evil| {
                mail.headers = vec![(format!("X-A{evil}"), "a".to_owned())];
            }),
        ];
        for (name, spoil) in spoilt {
            let mut mail = mail();
            spoil(&mut mail, evil);
            let error = mail.render(&sender()).err();
            assert_eq!(error.map(field).as_deref(), Some(name), "{evil:?}");
        }
        let from = person(&format!("Tenure{evil}"), "tenure@contoso.example");
        assert!(mail().render(&from).is_err(), "{evil:?}");
    }
}

#[test]
fn names_that_look_like_addresses_stay_names() {
    for name in [
        "Lindqvist, Mara",
        "\"x\" <evil@fabrikam.example>, y",
        "evil@fabrikam.example",
        "(x) \\ ; : Bcc",
        "Ñandú <evil@fabrikam.example>",
    ] {
        let mut mail = mail();
        mail.to.name = name.to_owned();
        let head = head(&mail);
        let to = head.iter().find(|line| line.starts_with("To: ")).unwrap();
        assert!(to.ends_with(" <mara@contoso.example>"), "{to}");
        // What stands before is one quoted or encoded word: no bare angle bracket.
        let before = to.strip_suffix(" <mara@contoso.example>").unwrap();
        let before = before.strip_prefix("To: ").unwrap();
        let quoted = before.starts_with('"') && before.ends_with('"');
        assert!(quoted || !before.contains(['<', '>', '@', ',']), "{to}");
        let rendered = mail.render(&sender()).unwrap();
        assert!(rendered.bytes().is_ascii());
    }
}

#[test]
fn headers_of_the_mail_itself_cannot_be_set() {
    for name in [
        "Bcc",
        "To",
        "From",
        "Reply-To",
        "Subject",
        "Content-Type",
        "Date",
        "Sender",
        "X-",
        "X A",
        "X-A:",
        "",
        "DKIM-Signature",
    ] {
        let mut mail = mail();
        mail.headers = vec![(name.to_owned(), "x".to_owned())];
        let error = mail.render(&sender()).err();
        assert_eq!(error.map(field).as_deref(), Some("headers"), "{name}");
    }
    for id in ["", "x", "@", "a@", "@b", "<a@b>", "a b@c", "a@b>x"] {
        let mut mail = mail();
        mail.message_id = id.to_owned();
        assert!(mail.render(&sender()).is_err(), "{id}");
    }
    for address in ["", "x", "a@b, c@d", "a@b>", "<a@b>", "a b@c.example"] {
        let mut mail = mail();
        mail.to.address = address.to_owned();
        assert!(mail.render(&sender()).is_err(), "{address}");
    }
}

#[test]
fn the_configuration_is_checked_field_by_field() {
    let wrong = |config: Config| field(Smtp::new(config).unwrap_err());
    Smtp::new(config("mail.contoso.example", Security::Implicit)).unwrap();
    Smtp::new(config("10.0.0.25", Security::StartTls)).unwrap();
    for host in ["localhost", "127.0.0.1", "::1"] {
        Smtp::new(config(host, Security::None)).unwrap();
    }
    for host in [
        "mail.contoso.example",
        "10.0.0.25",
        "localhost.contoso.example",
        "0.0.0.0",
    ] {
        assert_eq!(wrong(config(host, Security::None)), "smtp.tls", "{host}");
    }
    for host in [
        "",
        "smtp://mail.contoso.example",
        "mail contoso",
        "mail\r\nQUIT",
        "a/b",
        "user@host",
    ] {
        assert_eq!(
            wrong(config(host, Security::StartTls)),
            "smtp.host",
            "{host}"
        );
    }
    let good = || config("mail.contoso.example", Security::StartTls);
    let password = || Some(SecretString::from("planted"));
    let user = || Some("tenure".to_owned());
    assert_eq!(wrong(Config { port: 0, ..good() }), "smtp.port");
    assert_eq!(
        wrong(Config {
            user: user(),
            ..good()
        }),
        "smtp.password"
    );
    assert_eq!(
        wrong(Config {
            password: password(),
            ..good()
        }),
        "smtp.user"
    );
    let hello = Some("x\r\nMAIL".to_owned());
    assert_eq!(wrong(Config { hello, ..good() }), "smtp.hello");
    let from = person("x", "no address");
    assert_eq!(wrong(Config { from, ..good() }), "smtp.from");
    let authority = Some("no certificate".to_owned());
    assert_eq!(
        wrong(Config {
            authority,
            ..good()
        }),
        "smtp.authority"
    );
    let smtp = Smtp::new(Config {
        user: user(),
        password: password(),
        ..good()
    });
    assert!(!format!("{:?}", smtp.unwrap()).contains("planted"));
}

/// A server that answers so many commands, its greeting counted, and then says nothing more.
async fn silent_after(answers: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for answer in ["220 hi", "250 hi", "250 ok", "250 ok", "354 go"]
            .iter()
            .take(answers)
        {
            let answer = format!("{answer}\r\n");
            stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
            stream.read_line(&mut String::new()).await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    port
}

#[tokio::test]
async fn a_server_that_falls_silent_does_not_hold_us() {
    // Before the greeting, after EHLO's line, in the middle of the mail, after its end.
    for (answers, maybe) in [(0, false), (1, false), (3, true), (5, true)] {
        let config = Config {
            port: silent_after(answers).await,
            ..config("127.0.0.1", Security::None)
        };
        let timeouts = Timeouts {
            connect: Duration::from_millis(300),
            total: Duration::from_millis(600),
        };
        let smtp = Smtp::new(config).unwrap().with_timeouts(timeouts);
        let sent = tokio::time::timeout(Duration::from_secs(10), smtp.send(&mail())).await;
        let Delivery::TryAgain {
            may_have_arrived, ..
        } = sent.unwrap()
        else {
            panic!("a silent server delivers nothing");
        };
        assert_eq!(may_have_arrived, maybe, "{answers}");
    }
}
