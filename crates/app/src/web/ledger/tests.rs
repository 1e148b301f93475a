//! The ledger as it is asked for: it verifies, it proves, and it tells nobody what is not theirs.

use axum::http::StatusCode;
use domain::access::Role;
use domain::ledger::{Proof, verify};
use store::Ed25519;

use crate::web::lists::tests::Wish;
use crate::web::tests::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_walked_exported_and_proven() {
    let app = TestApp::new().await;
    Wish::of("contoso", "p-1", "Mara Lindqvist")
        .keep(&app)
        .await;
    let viewer = app.holder(Role::Viewer, Some("contoso")).await;
    let page = app.get("/t/contoso/ledger", Some(&viewer)).await.text;
    assert!(
        page.contains("not here yet") && page.contains("Mara Lindqvist"),
        "{page}"
    );
    let walked = app.post("/t/contoso/ledger/verify", &viewer, &[]).await;
    assert_eq!(walked.status, StatusCode::OK);
    assert!(
        walked.text.contains("3 entries and 1 signed head hold."),
        "{}",
        walked.text
    );
    assert!(
        !app.get("/t/contoso/ledger", Some(&viewer))
            .await
            .text
            .contains("not here yet")
    );
    let export = app.get("/t/contoso/ledger/export", Some(&viewer)).await;
    assert!(export.headers["content-disposition"].contains("contoso-ledger.jsonl"));
    let head = app.get("/t/contoso/ledger/head", Some(&viewer)).await.text;
    let report = verify(export.text.as_bytes(), Some(&head), &Ed25519);
    assert!(report.holds(), "{:?}", report.fault);
    let proof = app.get("/t/contoso/ledger/2/proof", Some(&viewer)).await;
    let proof: Proof = serde_json::from_str(&proof.text).unwrap();
    assert!(proof.check(&Ed25519).is_ok());
    let entry = app.get("/t/contoso/ledger/2", Some(&viewer)).await;
    assert!(entry.status == StatusCode::OK && entry.text.contains("Way to the root"));
    for path in ["/t/contoso/ledger/99", "/t/contoso/ledger/0"] {
        assert!(
            app.get(path, Some(&viewer)).await.status.is_client_error(),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_confidential_leaves_the_ledger_to_the_named_alone_and_it_still_verifies() {
    let app = TestApp::new().await;
    let secret = Wish {
        confidential: &["boss@provider.example"],
        ..Wish::of("contoso", "p-quiet", "Quiet One")
    };
    secret.keep(&app).await;
    let grants = [domain::access::Grant {
        tenant: None,
        role: Role::Admin,
    }];
    let boss = app.operator("boss", &grants).await;
    let other = app.operator("other", &grants).await;
    let whole = app.get("/t/contoso/ledger/export", Some(&boss)).await.text;
    let part = app.get("/t/contoso/ledger/export", Some(&other)).await.text;
    assert!(whole.contains("Quiet One"));
    assert!(
        !part.contains("Quiet One") && !part.contains("quiet.one"),
        "{part}"
    );
    assert!(verify(part.as_bytes(), None, &Ed25519).holds());
    assert_eq!(whole.lines().count(), part.lines().count());
    for path in ["/t/contoso/ledger/2", "/t/contoso/ledger/2/proof"] {
        assert!(
            app.get(path, Some(&boss)).await.status.is_success(),
            "{path}"
        );
        assert!(
            app.get(path, Some(&other)).await.status.is_client_error(),
            "{path}"
        );
    }
}
