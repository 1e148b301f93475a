//! Reads a collection to its last page: links are followed as they are, and never to another host.

use std::collections::HashSet;

use reqwest::Url;
use serde_json::Value;
use transport::Class;

use crate::batch::Gatherer;
use crate::call::{Answer, Listing};
use crate::error::Error;
use crate::wire::Item;

const NEXT_LINK: &str = "@odata.nextLink";
/// More pages than any collection we read can have; beyond it the service is going round in circles.
const PAGES_AT_MOST: usize = 2000;

/// Reads the item and all pages after it. `in_batch` turns a link into its form inside a batch, where it has one.
pub(crate) async fn collect(
    gatherer: &Gatherer,
    first: Item,
    in_batch: impl Fn(&str) -> Option<String>,
) -> Result<Listing, Error> {
    let home = first.url.clone();
    let mut item = first;
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    let mut warnings = Vec::new();
    loop {
        let answer = gatherer.read(item.clone()).await?;
        let link = answer
            .body
            .get(NEXT_LINK)
            .and_then(Value::as_str)
            .map(str::to_owned);
        let Answer {
            mut body,
            warnings: more,
            sent,
        } = answer;
        warnings.extend(more);
        match body.get_mut("value").map(Value::take) {
            Some(Value::Array(page)) => entries.extend(page),
            _ => return Err(broken("a page holds no list of entries", sent)),
        }
        let Some(link) = link else {
            return Ok(Listing {
                entries,
                warnings,
                sent,
            });
        };
        if !is_same_host(&home, &link) {
            return Err(broken(
                "the link to the next page leads to another host and was not followed",
                sent,
            ));
        }
        if seen.len() >= PAGES_AT_MOST || !seen.insert(link.clone()) {
            return Err(broken("the pages do not come to an end", sent));
        }
        item.batch_url = in_batch(&link);
        item.url = link;
        item.id = (gatherer.wire().sources.id)().to_string();
    }
}

/// The token goes where the link leads, so scheme, host and port must be those we began with.
fn is_same_host(home: &str, link: &str) -> bool {
    let (Ok(home), Ok(link)) = (Url::parse(home), Url::parse(link)) else {
        return false;
    };
    home.origin() == link.origin() && link.username().is_empty() && link.password().is_none()
}

fn broken(message: &str, sent: crate::error::Sent) -> Error {
    Error::new(Class::Invalid, "paging", message, sent)
}
