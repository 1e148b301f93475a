//! Whose word counts for an address, and which directories may sign in.

use super::*;

#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for_and_must_be_the_same_person() {
    let world = World::new().await;
    let without = |c: &mut Value| {
        c["email"] = Value::Null;
        c["email_verified"] = Value::Null;
    };
    world.hostile.with(|script| {
        script.user =
            json!({"sub": "subject-1", "email": "ann@contoso.example", "email_verified": true});
    });
    let identity = world.sign_in(without).await.unwrap();
    assert_eq!(identity.proven_address(), Some("ann@contoso.example"));
    assert_eq!(identity.name.as_deref(), Some("Ann Lee"));
    world.hostile.with(|script| {
        script.used.clear();
        script.user["sub"] = json!("somebody-else");
    });
    assert_eq!(world.sign_in(without).await, Err(Refusal::Subject));
}

#[tokio::test]
async fn an_address_is_proof_only_when_the_provider_or_the_configuration_says_so() {
    let world = World::new().await;
    let unverified = |c: &mut Value| c["email_verified"] = json!(false);
    let identity = world.sign_in(unverified).await.unwrap();
    assert_eq!(identity.email.as_deref(), Some("ann.lee@contoso.example"));
    assert_eq!(identity.proven_address(), None);
    // As Entra does: no address, a sign-in name. A claim that it was verified is about `email`, not about this.
    let entra = |c: &mut Value| {
        c["email"] = Value::Null;
        c["preferred_username"] = json!("Ann@fabrikam.example");
    };
    world.hostile.with(|script| script.used.clear());
    let identity = world.sign_in(entra).await.unwrap();
    assert_eq!(identity.email.as_deref(), Some("ann@fabrikam.example"));
    assert_eq!(identity.proven_address(), None);
    world.hostile.with(|script| script.used.clear());
    let world = world.configured(|config| config.trust_addresses = true);
    let identity = world.sign_in(entra).await.unwrap();
    assert_eq!(identity.proven_address(), Some("ann@fabrikam.example"));
}

#[tokio::test]
async fn only_proven_addresses_of_allowed_domains_get_in() {
    let world = World::new()
        .await
        .configured(|config| config.allowed_domains = vec!["Contoso.example".to_owned()]);
    type Change = fn(&mut Value);
    let cases: [(Change, bool); 5] = [
        (|_| (), true),
        (|c| c["email_verified"] = json!(false), false),
        (|c| c["email_verified"] = json!("true"), false),
        (|c| c["email"] = json!("ann@evil-contoso.example"), false),
        (|c| c["email"] = json!("ann@sub.contoso.example"), false),
    ];
    for (change, admitted) in cases {
        world.hostile.with(|script| script.used.clear());
        let came = world.sign_in(change).await;
        if admitted {
            assert!(came.is_ok());
        } else {
            let garbled = Refusal::Garbled("answer of the token endpoint");
            assert!(
                [Err(Refusal::Domain), Err(garbled)].contains(&came),
                "{came:?}"
            );
        }
    }
    for address in [
        "a@b@contoso.example",
        "@contoso.example",
        "a b@contoso.example",
        "a@contoso",
        "a\u{0}@contoso.example",
    ] {
        assert!(!is_address(address), "{address:?}");
    }
}

const TENANTS: [&str; 2] = ["tenant-a", "tenant-b"];

/// A configuration with Microsoft's shared endpoint, and the pattern by which discovery names it.
fn shared(base: &str) -> (OidcConfig, String) {
    let mut config = config(&format!("{base}/organizations/v2.0"));
    config.allowed_tenants = TENANTS.map(str::to_owned).to_vec();
    (config, format!("{base}/{{tenantid}}/v2.0"))
}

#[test]
fn a_shared_endpoint_stands_for_the_named_directories() {
    let base = "https://login.contoso.example";
    let (config, pattern) = shared(base);
    let mut open = config.clone();
    open.allowed_tenants.clear();
    assert!(matches!(
        Provider::new(open, bounds()),
        Err(Refusal::Configuration(_))
    ));
    assert!(config.accepts_discovered(&pattern));
    assert!(!config.accepts_discovered("https://evil.example/{tenantid}/v2.0"));
    let issuers = config.issuers(&pattern);
    assert_eq!(
        issuers,
        TENANTS.map(|tenant| format!("{base}/{tenant}/v2.0"))
    );
    let serves = |named: &str| OidcConfig::key_serves(Some(named), &issuers[1], Some(TENANTS[1]));
    assert!(serves(&pattern));
    assert!(!serves(&format!("{base}/consumers/v2.0")));
}

/// Discovery names a pattern, tokens name the directory, keys name whom they serve.
#[tokio::test]
async fn a_shared_endpoint_lets_in_the_named_directories_only() {
    let signer = Signer::ec();
    let hostile = Hostile::start(&[]).await;
    let base = hostile.issuer.clone();
    let (config, pattern) = shared(&base);
    let mut jwk = signer.jwk("first");
    jwk["issuer"] = json!(pattern);
    hostile.with(|script| {
        script.keys = json!({"keys": [jwk]});
        script.discovery["issuer"] = json!(pattern);
    });
    let provider = Provider::new(config.clone(), bounds()).unwrap();
    let mut world = World {
        hostile,
        signer,
        provider,
    };
    let in_tenant = |tenant: &'static str, tid: &'static str| {
        let base = base.clone();
        move |c: &mut Value| {
            c["iss"] = json!(format!("{base}/{tenant}/v2.0"));
            c["tid"] = json!(tid);
        }
    };
    let identity = world.sign_in(in_tenant("tenant-b", "tenant-b")).await;
    assert_eq!(identity.unwrap().issuer, format!("{base}/tenant-b/v2.0"));
    for (tenant, tid, expected) in [
        ("tenant-c", "tenant-c", Refusal::Issuer),
        ("tenant-c", "tenant-a", Refusal::Issuer),
        ("{tenantid}", "tenant-a", Refusal::Issuer),
        ("organizations", "tenant-a", Refusal::Issuer),
        ("tenant-a", "tenant-c", Refusal::Tenant),
    ] {
        world.hostile.with(|script| script.used.clear());
        assert_eq!(world.sign_in(in_tenant(tenant, tid)).await, Err(expected));
    }
    // A key of the consumers' directory signs for no company.
    world.hostile.with(|script| {
        script.used.clear();
        script.keys["keys"][0]["issuer"] = json!(format!("{base}/consumers/v2.0"));
    });
    world.provider = Provider::new(config, bounds()).unwrap();
    assert_eq!(
        world.sign_in(in_tenant("tenant-b", "tenant-b")).await,
        Err(Refusal::UnknownKey)
    );
}

#[test]
fn the_client_secret_comes_from_one_place_and_is_never_shown() {
    use secrecy::ExposeSecret as _;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), " planted-secret\n").unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    let read = |toml: &str| {
        let text =
            format!("issuer = \"https://idp.contoso.example\"\nclient_id = \"tenure\"\n{toml}");
        let mut config: OidcConfig = toml::from_str(&text).unwrap();
        assert_eq!(config.scopes, ["profile", "email"]);
        config.load_secret(folder.path()).map(|()| config)
    };
    assert!(read("").unwrap().client_secret.is_none());
    let config = read("client_secret_file = \"secret\"").unwrap();
    let secret = config.client_secret.as_ref().unwrap();
    assert_eq!(secret.expose_secret(), "planted-secret");
    assert!(!format!("{config:?}").contains("planted"));
    for wrong in [
        "client_secret_file = \"missing\"",
        "client_secret_file = \"empty\"",
        "client_secret_env = \"TENURE_TEST_NOT_SET\"",
        "client_secret_file = \"secret\"\nclient_secret_env = \"TENURE_TEST_NOT_SET\"",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let inline = "issuer = \"x\"\nclient_id = \"y\"\nclient_secret = \"z\"";
    assert!(
        toml::from_str::<OidcConfig>(inline).is_err(),
        "no secret stands in tenure.toml"
    );
}
