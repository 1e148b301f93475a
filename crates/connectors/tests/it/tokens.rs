//! Tokens: fetched once, renewed early, dropped when refused, proven by secret or by certificate.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use connectors::graph::Path;
use connectors::{Account, Cloud, Credential, Ctx, Meaning, Purpose, SetupError, connect};
use futures::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde_json::{Value, json};
use transport::{Class, Transport};

use crate::script::{
    CLIENT, SECRET, Script, TENANT, account, connection, reply, sources, token_body, token_with,
};

fn form(text: &str) -> HashMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_one_token_is_fetched_and_renewed_before_its_end() {
    let script = Script::new(|_| Ok(reply(200, &json!({ "value": [] }))));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let paths: Vec<Path> = (0..30)
        .map(|n| Path::of(["users", &format!("{n}"), "memberOf"]))
        .collect();
    let mut reads = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        let tenant = &tenant;
        let ctx = &ctx;
        reads.push(async move {
            tokio::time::sleep(Duration::from_millis(30 * n as u64)).await;
            tenant.graph.get(ctx, path).await.unwrap();
        });
    }
    join_all(reads).await;
    assert_eq!(script.tokens().len(), 1);
    let sent = form(&script.tokens()[0].text);
    assert_eq!(
        script.tokens()[0].url,
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    assert_eq!(sent["client_id"], CLIENT);
    assert_eq!(sent["client_secret"], SECRET);
    assert_eq!(sent["grant_type"], "client_credentials");
    assert_eq!(sent["scope"], "https://graph.microsoft.com/.default");

    // The token lasts 3599 s; the margin is 120 s.
    tokio::time::sleep(Duration::from_secs(3599 - 120 - 10)).await;
    tenant
        .graph
        .get(&ctx, &Path::of(["users", "x"]))
        .await
        .unwrap();
    assert_eq!(script.tokens().len(), 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    tenant
        .graph
        .get(&ctx, &Path::of(["users", "x"]))
        .await
        .unwrap();
    assert_eq!(script.tokens().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_for_all_who_used_it() {
    let mut tokens = 0;
    let script = Script::raw(move |seen| {
        if seen.is_token() {
            tokens += 1;
            return Ok(reply(200, &token_body(&format!("t{tokens}"), 3599)));
        }
        let payload = seen.headers["authorization"].split('.').nth(1).unwrap();
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let status = if claims["jti"] == "t1" { 401 } else { 200 };
        Ok(reply(
            status,
            &json!({ "value": [], "responses": [
            { "id": "1", "status": status, "body": {} }, { "id": "2", "status": status, "body": {} } ] }),
        ))
    });
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let (a, b) = (Path::of(["users", "a"]), Path::of(["users", "b"]));
    let (a, b) = tokio::join!(tenant.graph.get(&ctx, &a), tenant.graph.get(&ctx, &b));
    a.unwrap();
    b.unwrap();
    assert_eq!((script.tokens().len(), script.calls().len()), (2, 2));
}

/// A key and something with its public key inside, which is all that is read of a certificate besides its hash.
fn certificate() -> (String, String, Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&key).unwrap();
    let public = key.public_key().as_ref().to_vec();
    let der = [b"before", public.as_slice(), b"after"].concat();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        format!(
            "-----BEGIN {label}-----\r\n{}\r\n-----END {label}-----\r\n",
            lines.join("\r\n")
        )
    };
    (
        pem("CERTIFICATE", &der),
        pem("PRIVATE KEY", pkcs8.as_ref()),
        public,
        der,
    )
}

#[tokio::test(start_paused = true)]
async fn a_certificate_proves_itself_by_a_signed_assertion() {
    let (certificate_pem, key_pem, public, der) = certificate();
    let credential =
        Credential::certificate(&certificate_pem, &SecretString::from(key_pem.clone())).unwrap();
    assert!(!format!("{credential:?}").contains("PRIVATE"));
    let script = Script::new(|_| Ok(reply(200, &json!({}))));
    let transport: Arc<dyn Transport> = Arc::<Script>::clone(&script);
    let account = Account {
        credential,
        ..account()
    };
    let tenant = connect(
        &Cloud::known("gcc-high").unwrap(),
        account,
        transport,
        sources(),
    )
    .unwrap();
    tenant
        .graph
        .get(&Ctx::of(Purpose::Plan), &Path::of(["users", "u"]))
        .await
        .unwrap();

    let sent = form(&script.tokens()[0].text);
    assert_eq!(
        sent["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(sent["scope"], "https://graph.microsoft.us/.default");
    assert!(!sent.contains_key("client_secret"));
    let audience = format!("https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token");
    let mut validation = Validation::new(Algorithm::PS256);
    validation.set_audience(&[&audience]);
    validation.validate_exp = false;
    let key = DecodingKey::from_rsa_der(&public);
    let jwt = jsonwebtoken::decode::<Value>(&sent["client_assertion"], &key, &validation).unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der);
    assert_eq!(jwt.header.x5t_s256.unwrap(), URL_SAFE_NO_PAD.encode(hash));
    assert_eq!(
        (&jwt.claims["iss"], &jwt.claims["sub"]),
        (&json!(CLIENT), &json!(CLIENT))
    );
    assert_eq!(jwt.claims["nbf"], 1_795_000_000);
    assert_eq!(jwt.claims["exp"], 1_795_000_120);

    let (_, other_key, ..) = certificate();
    let SetupError::Field { field, reason } =
        Credential::certificate(&certificate_pem, &SecretString::from(other_key)).unwrap_err();
    assert_eq!(
        (field.as_str(), reason.as_str()),
        ("key", "does not belong to the certificate")
    );
    assert!(Credential::certificate("nonsense", &SecretString::from(key_pem)).is_err());
}

#[tokio::test(start_paused = true)]
async fn refusals_say_what_to_do_and_are_not_repeated() {
    let cases = [
        (
            7_000_215,
            Class::Denied,
            Meaning::BadCredential,
            "the secret's value",
        ),
        (7_000_222, Class::Denied, Meaning::BadCredential, "expired"),
        (
            700_027,
            Class::Denied,
            Meaning::BadCredential,
            "certificate is not registered",
        ),
        (700_016, Class::Denied, Meaning::NoConsent, "consent"),
        (65_001, Class::Denied, Meaning::NoConsent, "consent"),
        (90_002, Class::Invalid, Meaning::UnknownTenant, "tenant id"),
    ];
    for (code, class, meaning, advice) in cases {
        let script = Script::raw(move |_| {
            Ok(reply(
                401,
                &json!({ "error": "invalid_client", "error_codes": [code],
                "error_description": format!("AADSTS{code}: long text. Trace ID: x") }),
            ))
        });
        let tenant = connection(&script);
        let ctx = Ctx::of(Purpose::Plan);
        let (a, b) = (Path::of(["users", "a"]), Path::of(["groups", "b"]));
        let (a, b) = tokio::join!(tenant.graph.get(&ctx, &a), tenant.graph.get(&ctx, &b));
        for error in [a.unwrap_err(), b.unwrap_err()] {
            assert_eq!((error.class, error.meaning), (class, Some(meaning)));
            assert_eq!(error.code, format!("AADSTS{code}"));
            assert!(error.message.contains(advice), "{}", error.message);
            let shown = format!(
                "{error} {error:?} {}",
                serde_json::to_string(&error).unwrap()
            );
            assert!(!shown.contains(SECRET));
        }
        assert_eq!(
            script.tokens().len(),
            1,
            "who waited shares the answer, and nobody asks in vain again"
        );
        assert!(script.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn roles_are_read_from_fresh_tokens_and_a_foreign_tenants_token_is_not_used() {
    let mut asked = 0;
    let script = Script::raw(move |seen| {
        asked += 1;
        let exchange = form(&seen.text)["scope"].contains("outlook");
        let roles = match (exchange, asked > 2) {
            (true, _) => json!(["Exchange.ManageAsApp"]),
            (false, false) => json!(["User.Read.All"]),
            (false, true) => json!(["User.ReadWrite.All"]),
        };
        Ok(reply(
            200,
            &token_with(json!({ "tid": TENANT, "roles": roles }), 3599),
        ))
    });
    let tenant = connection(&script);
    let needed = [
        "User.Read.All",
        "User.ReadWrite.All|User.RevokeSessions.All",
        "Exchange.ManageAsApp",
    ];
    assert_eq!(
        tenant.granted().await.unwrap().missing(&needed),
        [needed[1]]
    );
    assert!(
        tenant.granted().await.unwrap().missing(&needed).is_empty(),
        "a new grant shows at once"
    );

    let script = Script::raw(|_| Ok(reply(200, &token_with(json!({ "tid": CLIENT }), 3599))));
    assert_eq!(
        connection(&script).granted().await.unwrap_err().code,
        "wrong-tenant"
    );
}
