//! What is refused before anything is sent, with the field that must be corrected.

use connectors::{
    Account, Cloud, Connection, Credential, Ctx, Endpoints, HttpTransport, Purpose, SetupError,
    connect,
};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use transport::{Failure, HeaderMap, Method, Request, Transport as _};

use crate::script::{SECRET, Script, account, connection, reply, sources};

fn endpoints(graph: &str) -> Endpoints {
    Endpoints {
        login: "http://127.0.0.1:8080/".to_owned(),
        graph: graph.to_owned(),
        exchange: "https://outlook.office365.us".to_owned(),
        graph_scope: None,
        exchange_scope: None,
    }
}

fn refusal(graph: &str) -> String {
    Cloud::configured("mine", &endpoints(graph))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_cloud_is_data_and_each_fault_names_its_field() {
    let cloud = Cloud::configured("mine", &endpoints("http://[::1]:9/v1.0/")).unwrap();
    assert_eq!(cloud.graph(), "http://[::1]:9");
    assert_eq!(cloud.graph_scope(), "https://graph.microsoft.com/.default");
    assert_eq!(
        cloud.exchange_scope(),
        "https://outlook.office365.us/.default"
    );
    assert!(
        connectors::ALL
            .iter()
            .all(|connector| !(connector.base)(&cloud).is_empty())
    );

    for (graph, part) in [
        ("", "missing"),
        ("graph", "not a URL"),
        ("ftp://graph.example", "must begin with https://"),
        ("http://graph.example", "plain http"),
        ("http://127.0.0.1.example", "plain http"),
        ("https://user:pw@graph.microsoft.com", "user name"),
        ("https://graph.microsoft.com/?a=b", "must end before"),
    ] {
        let text = refusal(graph);
        assert!(
            text.starts_with("clouds.mine.graph: ") && text.contains(part),
            "{text}"
        );
    }
    assert!(
        refusal("https://proxy.example").starts_with("clouds.mine.graph_scope: "),
        "no token for an unknown host"
    );

    for name in Cloud::known_names() {
        let cloud = Cloud::known(name).unwrap();
        assert_eq!(cloud.graph_scope(), format!("{}/.default", cloud.graph()));
    }
    assert!(Cloud::known("moon").is_none());
}

#[test]
fn an_account_must_name_one_tenant_and_one_application() {
    let attempt = |tenant_id: &str, client_id: &str| -> Result<Connection, SetupError> {
        let account = Account {
            tenant_id: tenant_id.to_owned(),
            client_id: client_id.to_owned(),
            ..account()
        };
        let script = Script::raw(|_| unreachable!("nothing is sent"));
        connect(&Cloud::known("global").unwrap(), account, script, sources())
    };
    let field = |result: Result<Connection, SetupError>| match result {
        Err(SetupError::Field { field, .. }) => field,
        Ok(_) => "none".to_owned(),
    };
    assert_eq!(field(attempt("common", crate::script::CLIENT)), "tenant_id");
    assert_eq!(field(attempt("x/../y", crate::script::CLIENT)), "tenant_id");
    assert_eq!(field(attempt("contoso.example", "app")), "client_id");
    assert_eq!(
        field(attempt("contoso.example", crate::script::CLIENT)),
        "none"
    );
    assert!(Credential::secret(SecretString::from(" \n")).is_err());
}

#[tokio::test(start_paused = true)]
async fn secrets_are_shown_nowhere() {
    let account = account();
    assert!(!format!("{account:?}").contains(SECRET));
    let script = Script::new(|_| Ok(reply(200, &json!({ "temporaryAccessPass": "TAP-1234" }))));
    let path = connectors::graph::Path::of(["users", "u"]);
    let ctx = Ctx::of(Purpose::Plan);
    let answer = connection(&script).graph.get(&ctx, &path).await.unwrap();
    assert!(!format!("{answer:?}").contains("TAP-1234"));
    let call = connectors::graph::Call::patch(
        path,
        json!({ "passwordProfile": { "password": "Hunter2!" } }),
    );
    assert!(!format!("{call:?}").contains("Hunter2!"));
}

fn request(url: String) -> Request {
    Request {
        method: Method::POST,
        url,
        headers: HeaderMap::new(),
        body: "{}".into(),
    }
}

#[tokio::test]
async fn the_http_client_tells_never_sent_from_cut_and_follows_nothing() {
    let http = HttpTransport::default();
    let Err(Failure::NotSent(text)) = http
        .send(request("http://graph.example/v1.0".to_owned()))
        .await
    else {
        panic!("plain http to another machine must be refused");
    };
    assert!(text.contains("plain http"), "{text}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = http.send(request(format!("http://{address}/"))).await;
    assert!(matches!(refused, Err(Failure::NotSent(_))), "{refused:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let replies: [&[u8]; 3] = [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        ];
        for text in replies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await.unwrap();
            stream.write_all(text).await.unwrap();
        }
    });
    for _ in 0..2 {
        let cut = http.send(request(url.clone())).await;
        assert!(matches!(cut, Err(Failure::Cut(_))), "{cut:?}");
    }
    assert_eq!(http.send(request(url)).await.unwrap().status, 302);
    server.await.unwrap();
}
