//! Cards into a Teams channel by a Workflows webhook (Power Automate). One way: the card can open a page, not call back.
//!
//! Source: Microsoft Learn, "Create incoming webhooks with Workflows for Microsoft Teams".

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::card::CONTENT_TYPE;
use crate::error::SetupError;
use crate::outbound::{Address, Answer, Outbound, Problem};
use crate::webhook::retry_after;

/// What became of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// The workflow took it. Whether the card was shown is not known: posting happens later.
    Accepted,
    /// Not now: a limit, a fault at Microsoft, or no answer. A card that may have arrived could then stand there twice.
    TryAgain {
        /// The wait that Teams asked for, where it named one.
        after: Option<Duration>,
        /// One sentence for the log.
        why: String,
    },
    /// A person must act; the sentence says what to do.
    Refused {
        /// One sentence for the finding.
        why: String,
    },
}

/// What a Workflows webhook is sent.
#[must_use]
pub fn envelope(card: &Value) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": CONTENT_TYPE,
            "contentUrl": null,
            "content": card,
        }],
    })
}

/// Refuses the connectors that Microsoft has retired, which would swallow cards.
///
/// # Errors
/// [`SetupError::Field`] with what to do instead.
pub fn check_address(field: &str, address: &Address) -> Result<(), SetupError> {
    let host = address.host().trim_end_matches('.');
    if host == "webhook.office.com"
        || host == "outlook.office.com"
        || host.ends_with(".webhook.office.com")
    {
        return Err(SetupError::field(
            field,
            "is the address of an Office 365 connector, which Microsoft has retired. In Teams, open Workflows at the channel, \
             choose “Post to a channel when a webhook request is received”, and give the address shown there",
        ));
    }
    Ok(())
}

/// Posts one card. The address is a bearer secret and appears in no sentence.
pub async fn post(outbound: &Outbound, address: &Address, card: &Value, now: Timestamp) -> Posted {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let body = Bytes::from(envelope(card).to_string());
    let sent = outbound.send(address, Method::POST, headers, body);
    posted(sent.await, now)
}

fn posted(answer: Result<Answer, Problem>, now: Timestamp) -> Posted {
    let answer = match answer {
        Ok(answer) => answer,
        Err(problem) if problem.needs_a_person() => {
            return Posted::Refused {
                why: problem.to_string(),
            };
        }
        Err(problem) => {
            return Posted::TryAgain {
                after: None,
                why: problem.to_string(),
            };
        }
    };
    let refused = |why: &str| Posted::Refused {
        why: why.to_owned(),
    };
    match answer.status.as_u16() {
        200..=299 => Posted::Accepted,
        400 => refused(
            "The Teams workflow answered 400: it does not take a card. Make it from the template “Post to a channel when a webhook \
             request is received”.",
        ),
        401 | 403 => refused(
            "The Teams workflow refused its own address: it was copied in part, or its key was made anew. Copy the address again.",
        ),
        404 | 410 => refused(
            "The Teams workflow is not there any more; it goes with the account of its owner. Make it again with two owners, and \
             give the new address.",
        ),
        413 => refused("The Teams workflow answered 413: the card is too large for it."),
        status => Posted::TryAgain {
            after: retry_after(&answer.headers, now),
            why: format!("The Teams workflow answered {status}."),
        },
    }
}
