//! Standard Webhooks' own library judges our signature, and we judge one of its.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use connectors::webhook::{ID, Message, SIGNATURE, Secret, Signed, TIMESTAMP, sign, verify};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{run, smtp};

const BODY: &str = r#"{"type":"run.completed","data":{"person":"Mara Lindqvist · Ñandú"}}"#;

/// Installs the library once and lets it judge.
///
/// # Errors
/// When Python is missing, the library cannot be had, or one side does not believe the other.
pub(crate) fn run() -> anyhow::Result<()> {
    let python = smtp::python()?;
    let secret = Secret::from_random(&[42; 32]);
    let now = now();
    let id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W";
    let message = Message::new(id, BODY.into())?;
    let other = Secret::from_random(&[43; 32]);
    let given = json!({
        "secret": secret.text().expose_secret(),
        "body": BODY,
        ID: id,
        TIMESTAMP: now.as_second().to_string(),
        // As while a secret is changed: another's signature stands before.
        SIGNATURE: sign(&[&other, &secret], &message, now),
    });
    let mut child = Command::new(&python)
        .args(["-B", "crates/xtask/outbound/webhooks.py"])
        .current_dir(run::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} could not be started", python.display()))?;
    let mut stdin = child.stdin.take().context("its standard input is piped")?;
    stdin.write_all(given.to_string().as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "the library of Standard Webhooks does not believe our signature; it says above why"
    );
    let signature = String::from_utf8(output.stdout)?;
    let timestamp = now.as_second().to_string();
    let signed = Signed {
        id,
        timestamp: &timestamp,
        signature: signature.trim(),
    };
    verify(&[&secret], signed, BODY.as_bytes(), now)
        .context("we do not believe the library's signature")?;
    smtp::say("Standard Webhooks' own library and ours believe each other's signatures.");
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the library reads the real clock, and allows five minutes"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
