//! A provider that we did not write (`oidc-provider` from npm) signs people in. `cargo xtask oidc` starts it and runs this.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use secrecy::SecretString;
use url::Url;

use super::*;
use crate::clock;

/// The redirect address of the client in `e2e/oidc/provider.mjs`. Nothing listens there: the test is the browser.
const BACK: &str = "http://127.0.0.1:9/sign-in/back";

#[expect(
    clippy::disallowed_methods,
    reason = "the edge where the environment enters"
)]
fn issuer() -> Option<String> {
    std::env::var("TENURE_TEST_OIDC").ok()
}

fn provider(issuer: &str, change: impl FnOnce(&mut OidcConfig)) -> Provider {
    let mut config = OidcConfig {
        issuer: issuer.to_owned(),
        client_id: "tenure".to_owned(),
        client_secret_file: None,
        client_secret_env: None,
        client_secret: Some(SecretString::from("a-secret-for-tests-alone-0123456789")),
        scopes: vec!["profile".to_owned(), "email".to_owned()],
        allowed_domains: vec!["contoso.example".to_owned()],
        allowed_tenants: Vec::new(),
        trust_addresses: false,
    };
    change(&mut config);
    Provider::new(config, Bounds::default()).unwrap()
}

fn now() -> i64 {
    clock::now().as_second()
}

/// A browser that stops where it would leave the provider, and says where that is.
async fn browse(start: Url, account: &str) -> Result<String, String> {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .tls_certs_only([])
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    let mut cookies: Vec<String> = Vec::new();
    let mut at = start;
    for _ in 0..12 {
        if at.as_str().starts_with(BACK) {
            return Ok(at.query().unwrap_or_default().to_owned());
        }
        let mut request = if at.path().starts_with("/interaction/") {
            let form = [("account", account), ("password", "open sesame, please")];
            client.post(at.clone()).form(&form)
        } else {
            client.get(at.clone())
        };
        request = request.header(COOKIE, cookies.join("; "));
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned();
            let name = pair.split('=').next().unwrap().to_owned();
            cookies.retain(|kept| kept.split('=').next() != Some(&name));
            cookies.push(pair);
        }
        let Some(next) = response.headers().get(LOCATION) else {
            let status = response.status();
            return Err(format!("{status} {}", response.text().await.unwrap()));
        };
        at = at.join(next.to_str().unwrap()).unwrap();
    }
    Err("it redirects for ever".to_owned())
}

async fn begin(provider: &Provider) -> (Url, Pending) {
    let return_to = ReturnTo::wished(Some("/t/contoso/plans"));
    provider.begin(BACK, return_to, now()).await.unwrap()
}

#[tokio::test]
async fn a_real_provider_signs_in_rotates_and_refuses() {
    let Some(issuer) = issuer() else {
        println!("left to `cargo xtask oidc`, which starts the provider (npm is needed)");
        return;
    };
    let provider = provider(&issuer, |_| ());
    // Sign-in, and the same code once more.
    let (url, pending) = begin(&provider).await;
    let query = browse(url, "ann").await.unwrap();
    let identity = provider.finish(&query, &pending, now()).await.unwrap();
    assert_eq!(identity.issuer, issuer);
    assert_eq!(identity.subject, "ann");
    assert_eq!(identity.proven_address(), Some("ann.lee@contoso.example"));
    assert_eq!(identity.name.as_deref(), Some("Ann Lee"));
    let again = provider.finish(&query, &pending, now()).await;
    assert_eq!(again, Err(Refusal::Code));
    // The other account, whose address was not verified.
    let (url, pending) = begin(&provider).await;
    let query = browse(url, "ben").await.unwrap();
    let refused = provider.finish(&query, &pending, now()).await;
    assert_eq!(refused, Err(Refusal::Domain));
    // An answer for another browser.
    let (url, _) = begin(&provider).await;
    let query = browse(url, "ann").await.unwrap();
    assert_eq!(
        provider.finish(&query, &pending, now()).await,
        Err(Refusal::State)
    );
    // Somebody who stole code and state, without the verifier in the cookie.
    let (url, mut pending) = begin(&provider).await;
    let query = browse(url, "ann").await.unwrap();
    pending.verifier = "stolen-without-the-verifier-0123456789-0123456789".to_owned();
    let stolen = provider.finish(&query, &pending, now()).await;
    assert_eq!(stolen, Err(Refusal::Code));
}

#[tokio::test]
async fn a_real_provider_changes_its_keys_and_knows_its_clients() {
    let Some(issuer) = issuer() else {
        println!("left to `cargo xtask oidc`, which starts the provider (npm is needed)");
        return;
    };
    let ours = provider(&issuer, |_| ());
    let (url, pending) = begin(&ours).await;
    let query = browse(url, "ann").await.unwrap();
    assert!(ours.finish(&query, &pending, now()).await.is_ok());
    let rotate = Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let rotated = rotate
        .post(format!("{issuer}/test/rotate"))
        .send()
        .await
        .unwrap();
    assert!(rotated.status().is_success());
    let (url, pending) = begin(&ours).await;
    let query = browse(url, "ann").await.unwrap();
    assert!(ours.finish(&query, &pending, now()).await.is_ok());
    // A redirect address that is not registered never comes back.
    let elsewhere = ours
        .begin(
            "http://127.0.0.1:9/elsewhere",
            ReturnTo::wished(None),
            now(),
        )
        .await
        .unwrap();
    let refused = browse(elsewhere.0, "ann").await.unwrap_err();
    assert!(
        refused.contains("400") && refused.contains("redirect_uri"),
        "{refused}"
    );
    // A wrong secret.
    let wrong = provider(&issuer, |config| {
        config.client_secret = Some(SecretString::from("another-secret"));
    });
    let (url, pending) = begin(&wrong).await;
    let query = browse(url, "ann").await.unwrap();
    let refused = wrong.finish(&query, &pending, now()).await;
    assert_eq!(refused, Err(Refusal::Client));
    // The person says no.
    let (url, pending) = begin(&ours).await;
    let query = browse(url, "nobody").await.unwrap();
    let refused = ours.finish(&query, &pending, now()).await.unwrap_err();
    assert!(refused.to_string().contains("was cancelled"), "{refused}");
}
