//! What went to a sandbox, read from its HAR recording: how many requests, and how many of them one after the other.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::Value;

/// One request from its arrival to its reply, in microseconds of the sandbox's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    begin: i64,
    end: i64,
}

/// What a client sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic {
    spans: Vec<Span>,
    /// Requests, those for tokens left out; a batch counts as one.
    pub(super) requests: usize,
    /// Requests for tokens.
    pub(super) tokens: usize,
    /// Requests that were answered 429.
    pub(super) throttled: usize,
    /// Requests that look through mailboxes one by one for the rights of a person.
    pub(super) looking: usize,
}

impl Traffic {
    /// Reads a recording.
    ///
    /// # Errors
    /// When it is no recording.
    pub(super) fn read(har: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(har)
            .with_context(|| format!("{} cannot be read", har.display()))?;
        let har: Value = serde_json::from_str(&text)?;
        let entries = har["log"]["entries"]
            .as_array()
            .context("the recording has no entries")?;
        let mut traffic = Self::default();
        for entry in entries {
            traffic.add(entry)?;
        }
        Ok(traffic)
    }

    fn add(&mut self, entry: &Value) -> anyhow::Result<()> {
        let begin: Timestamp = entry["startedDateTime"]
            .as_str()
            .context("an entry has no start")?
            .parse()?;
        let begin = begin.as_microsecond();
        let ms = entry["time"].as_i64().unwrap_or_default();
        self.spans.push(Span {
            begin,
            end: begin + ms * 1_000,
        });
        let url = entry["request"]["url"].as_str().unwrap_or_default();
        if url.contains("/oauth2/") {
            self.tokens += 1;
            return Ok(());
        }
        self.requests += 1;
        self.throttled += usize::from(entry["response"]["status"] == 429);
        let body = entry["request"]["postData"]["text"]
            .as_str()
            .unwrap_or_default();
        self.looking += usize::from(body.contains("\"Get-MailboxPermission\""));
        Ok(())
    }

    /// The most requests of which each arrived after the one before was answered: the round trips that a client made one
    /// after the other, or could have made so. With latency on every request this is the length of its longest chain.
    pub(super) fn chain(&self) -> usize {
        chain(&self.spans)
    }
}

fn chain(spans: &[Span]) -> usize {
    let mut spans = spans.to_vec();
    // The earliest end first: the choice that leaves most room for what follows.
    spans.sort_by_key(|span| span.end);
    let mut free_from = i64::MIN;
    let mut length = 0;
    for span in spans {
        if span.begin >= free_from {
            length += 1;
            free_from = span.end;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(given: &[(i64, i64)]) -> Vec<Span> {
        given
            .iter()
            .map(|(begin, end)| Span {
                begin: *begin,
                end: *end,
            })
            .collect()
    }

    #[test]
    fn requests_one_after_the_other_are_a_chain_and_those_side_by_side_are_not() {
        assert_eq!(chain(&spans(&[])), 0);
        assert_eq!(chain(&spans(&[(0, 10), (10, 20), (21, 30)])), 3);
        assert_eq!(chain(&spans(&[(0, 10), (1, 11), (2, 9)])), 1);
        // Two side by side, then one that waits for both.
        assert_eq!(chain(&spans(&[(0, 10), (0, 14), (14, 24)])), 2);
    }

    #[test]
    fn a_recording_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.har");
        let entry = |at: &str, url: &str, status: u16, body: &str| {
            serde_json::json!({
                "startedDateTime": at, "time": 100,
                "request": {"url": url, "postData": {"text": body}},
                "response": {"status": status},
            })
        };
        let har = serde_json::json!({"log": {"entries": [
            entry("2026-09-01T08:00:00Z", "https://login/t/oauth2/v2.0/token", 200, ""),
            entry("2026-09-01T08:00:00.2Z", "https://graph/v1.0/users", 429, ""),
            entry("2026-09-01T08:00:00.25Z", "https://x/InvokeCommand", 200, r#"{"CmdletName":"Get-MailboxPermission"}"#),
        ]}});
        std::fs::write(&file, har.to_string()).unwrap();
        let traffic = Traffic::read(&file).unwrap();
        assert_eq!(
            (
                traffic.tokens,
                traffic.requests,
                traffic.throttled,
                traffic.looking
            ),
            (1, 2, 1, 1)
        );
        assert_eq!(traffic.chain(), 2);
    }
}
