//! The one request that the harness makes: GET, from the sandbox's control plane.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// Reads JSON from `base` and `path`.
///
/// # Errors
/// When nobody answers, or with anything but JSON.
pub(crate) fn get(base: &str, path: &str) -> anyhow::Result<Value> {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).with_context(|| format!("{base} does not answer"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // HTTP/1.0, so that the end of the connection is the end of the body.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).context("the sandbox did not answer with text")?;
    let (head, body) = text
        .split_once("\r\n\r\n")
        .with_context(|| format!("{base}{path} gave no HTTP reply"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    ensure!(status == "200", "{base}{path} answered {status}");
    serde_json::from_str(body).with_context(|| format!("{base}{path} gave no JSON"))
}
