//! Requests to the sandbox's control plane.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use super::PATIENCE;

/// Reads JSON.
pub(super) fn get(base: &str, path: &str) -> Value {
    let (status, body) = send(base, &format!("GET {path}"), "");
    assert_eq!(status, "200", "GET {path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Sends JSON.
pub(super) fn post(base: &str, path: &str, body: &Value) {
    let (status, answer) = send(base, &format!("POST {path}"), &body.to_string());
    assert_eq!(status, "204", "POST {path}: {answer}");
}

fn send(base: &str, line: &str, body: &str) -> (String, String) {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // HTTP/1.0, so that the end of the connection is the end of the body.
    let request = format!(
        "{line} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.to_owned(), body.to_owned())
}
