//! The guard of configured addresses: what it refuses before sending, what it connects to, what it makes of answers.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connectors::Timeouts;
use connectors::outbound::{
    ANSWER_LIMIT_BYTES, Address, Allow, Answer, Lookup, Outbound, Problem, What,
};
use http::{HeaderMap, Method};

use crate::server::{End, Server};

pub(crate) const SANDBOX: Allow = Allow { loopback: true };
const NOTHING: Allow = Allow { loopback: false };

/// Gives one answer after the other, the last one for ever.
struct Script {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
    names: Mutex<Vec<String>>,
}

#[async_trait]
impl Lookup for Script {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.names.lock().unwrap().push(host.to_owned());
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(asked).or(self.answers.last());
        answer
            .cloned()
            .ok_or_else(|| io::Error::other("no such name"))
    }
}

fn guard(answers: &[&[&str]]) -> (Outbound, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup = Script {
        answers: answers
            .iter()
            .map(|answer| answer.iter().map(|ip| ip.parse().unwrap()).collect())
            .collect(),
        asked: Arc::clone(&asked),
        names: Mutex::default(),
    };
    let timeouts = Timeouts {
        connect: Duration::from_millis(500),
        total: Duration::from_secs(1),
    };
    (Outbound::new(Arc::new(lookup), timeouts), asked)
}

async fn get(outbound: &Outbound, url: &str) -> Result<Answer, Problem> {
    let address = Address::parse("webhook.url", url, SANDBOX).unwrap();
    outbound
        .send(&address, Method::POST, HeaderMap::new(), Bytes::from("{}"))
        .await
}

fn refused(url: &str, allow: Allow) -> Problem {
    match Address::parse("webhook.url", url, allow) {
        Err(problem) => problem,
        Ok(address) => panic!("{url} was taken as {address:?}"),
    }
}

#[test]
fn only_https_to_a_named_server_without_credentials_or_fragment_is_taken() {
    for url in [
        "https://hooks.contoso.example/tenure",
        "https://hooks.contoso.example:8443/a?sig=b%20c",
        "https://1.1.1.1/x",
        "https://[2606:4700:4700::1111]/",
        "  https://hooks.contoso.example/  ",
    ] {
        Address::parse("webhook.url", url, NOTHING).unwrap();
    }
    let scheme = |url: &str| matches!(refused(url, NOTHING).what, What::Scheme(_));
    for url in [
        "ftp://contoso.example/",
        "file:///etc/passwd",
        "file://contoso.example/x",
        "gopher://contoso.example/",
        "javascript:alert(1)",
        "data:text/plain,x",
    ] {
        assert!(scheme(url), "{url}: {}", refused(url, NOTHING));
    }
    assert!(matches!(
        refused("http://hooks.contoso.example/", NOTHING).what,
        What::PlainHttp(_)
    ));
    assert!(matches!(
        refused("http://hooks.contoso.example/", SANDBOX).what,
        What::PlainHttp(_)
    ));
    for url in [
        "https://user@contoso.example/",
        "https://user:pass@contoso.example/",
        "https://:pass@contoso.example/",
        "https://contoso.example@127.0.0.1/",
    ] {
        assert_eq!(refused(url, NOTHING).what, What::UserInfo, "{url}");
    }
    assert_eq!(
        refused("https://contoso.example/#x", NOTHING).what,
        What::Fragment
    );
    for url in [
        "",
        "contoso.example",
        "https://",
        "https://contoso.example/a b",
        "https://contoso.example\\@127.0.0.1/",
        "https://contoso\n.example/",
        "https://contoso.example/\tx",
    ] {
        refused(url, NOTHING);
    }
}

#[test]
fn an_inside_address_is_refused_however_it_is_spelt() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.0.1.",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0x0.0.01",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "10.1",
        "0xa9fea9fe",
        "169.254.169.254",
        "2852039166",
        "3232235521",
        "100.64.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:7f00:1::]",
        "[2001:0:1::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
    ] {
        let problem = refused(&format!("https://{host}/"), NOTHING);
        assert!(
            matches!(problem.what, What::Inside { .. }),
            "{host}: {problem}"
        );
        assert!(problem.needs_a_person());
    }
    // Even where loopback is allowed, its disguises and the other networks are not.
    for host in [
        "[::ffff:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "10.0.0.1",
        "0.0.0.0",
    ] {
        refused(&format!("https://{host}/"), SANDBOX);
        refused(&format!("http://{host}/"), SANDBOX);
    }
    Address::parse("webhook.url", "http://127.0.0.1:8080/x", SANDBOX).unwrap();
    Address::parse("webhook.url", "https://[::1]/x", SANDBOX).unwrap();
}

#[test]
fn the_sentence_names_the_field_and_keeps_the_secret_part() {
    let problem = refused("https://10.0.0.5/hook?sig=planted", NOTHING);
    assert_eq!(
        problem.to_string(),
        "webhook.url: 10.0.0.5 leads to 10.0.0.5, a private network; only servers on the internet can be given here"
    );
    let address = Address::parse(
        "teams.workflow",
        "https://a.example/planted?sig=planted",
        NOTHING,
    )
    .unwrap();
    assert!(!format!("{address:?}").contains("planted"));
    for url in [
        "https://planted:planted@a.example/",
        "http://a.example/planted",
        "https://10.0.0.1/planted#planted",
    ] {
        let problem = refused(url, NOTHING);
        assert!(!format!("{problem} {problem:?}").contains("planted"));
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_and_nothing_is_sent() {
    let server = Server::answering("200 OK", "", "").await;
    for answer in [
        &["10.0.0.1"][..],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["169.254.169.254"],
        // One forbidden address among public ones forbids them all.
        &["1.1.1.1", "192.168.0.1"],
    ] {
        let (outbound, _) = guard(&[answer]);
        let url = format!("https://rebound.example:{}/", server.port);
        let problem = get(&outbound, &url).await.unwrap_err();
        assert!(
            matches!(problem.what, What::Inside { .. }),
            "{answer:?}: {problem}"
        );
        let address = Address::parse("webhook.url", &url, NOTHING).unwrap();
        assert_eq!(outbound.check(&address).await.unwrap_err(), problem);
    }
    let (outbound, _) = guard(&[&["127.0.0.1"]]);
    let url = format!("https://rebound.example:{}/", server.port);
    let address = Address::parse("webhook.url", &url, NOTHING).unwrap();
    let sent = outbound
        .send(&address, Method::GET, HeaderMap::new(), Bytes::new())
        .await;
    assert!(matches!(sent.unwrap_err().what, What::Inside { .. }));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_resolver_that_changes_its_answer_finds_no_gap() {
    let server = Server::answering("200 OK", "", "").await;
    // Public when the form is saved, inside when the request goes out.
    let (outbound, asked) = guard(&[&["1.1.1.1"], &["127.0.0.1"]]);
    let url = format!("https://rebound.example:{}/", server.port);
    let address = Address::parse("webhook.url", &url, NOTHING).unwrap();
    outbound.check(&address).await.unwrap();
    let sent = outbound
        .send(&address, Method::GET, HeaderMap::new(), Bytes::new())
        .await;
    assert!(matches!(sent.unwrap_err().what, What::Inside { .. }));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(server.requests().is_empty());

    // Good when it is judged, bad if anything asked again before connecting: it is asked once.
    let (outbound, asked) = guard(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let url = format!("http://localhost:{}/", server.port);
    assert_eq!(get(&outbound, &url).await.unwrap().status, 200);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(server.requests().len(), 1);
    // And each request is judged by itself; no connection is kept for the next.
    let problem = get(&outbound, &url).await.unwrap_err();
    assert!(matches!(problem.what, What::Inside { .. }), "{problem}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn plain_http_to_localhost_stays_on_this_machine() {
    let (outbound, _) = guard(&[&["1.1.1.1"]]);
    let problem = get(&outbound, "http://localhost:9/").await.unwrap_err();
    assert!(matches!(problem.what, What::Inside { .. }), "{problem}");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let inside = Server::answering("200 OK", "", "secret").await;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = format!("location: {}\r\n", inside.url("/"));
        let server = Server::answering(status, &location, "").await;
        let (outbound, _) = guard(&[]);
        let problem = get(&outbound, &server.url("/")).await.unwrap_err();
        assert!(
            matches!(problem.what, What::Redirected { .. }),
            "{status}: {problem}"
        );
        assert!(problem.needs_a_person());
        assert_eq!(server.requests().len(), 1);
    }
    assert!(inside.requests().is_empty());
}

#[tokio::test]
async fn of_a_long_or_endless_answer_64_kib_are_read() {
    let (outbound, _) = guard(&[]);
    let long = "x".repeat(ANSWER_LIMIT_BYTES + 1);
    let server = Server::answering("200 OK", "", &long).await;
    let answer = get(&outbound, &server.url("/")).await.unwrap();
    assert_eq!((answer.body.len(), answer.cut), (ANSWER_LIMIT_BYTES, true));
    let server = Server::answering("200 OK", "", &long[1..]).await;
    let answer = get(&outbound, &server.url("/")).await.unwrap();
    assert_eq!((answer.body.len(), answer.cut), (ANSWER_LIMIT_BYTES, false));
    let head = "HTTP/1.1 202 Accepted\r\ncontent-length: 1000\r\n\r\npart";
    let server = Server::start(head, End::Hang).await;
    let answer = get(&outbound, &server.url("/")).await.unwrap();
    assert_eq!((&answer.body[..], answer.cut), (&b"part"[..], true));
}

#[tokio::test]
async fn never_sent_and_no_answer_are_told_apart() {
    let (outbound, _) = guard(&[]);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let problem = get(&outbound, &format!("http://127.0.0.1:{port}/"))
        .await
        .unwrap_err();
    assert!(matches!(problem.what, What::NotSent { .. }), "{problem}");
    assert!(!problem.may_have_arrived() && !problem.needs_a_person());

    let silent = Server::start("", End::Hang).await;
    let problem = get(&outbound, &silent.url("/")).await.unwrap_err();
    assert!(matches!(problem.what, What::Cut { .. }), "{problem}");
    assert!(problem.may_have_arrived());
    assert_eq!(silent.requests().len(), 1);

    let problem = get(&outbound, "https://nowhere.example/")
        .await
        .unwrap_err();
    assert!(matches!(problem.what, What::Unresolved { .. }), "{problem}");
    assert!(!problem.needs_a_person());
}
