//! Mails, by the configured server.

use connectors::smtp::{Delivery, Mail, Person, Smtp};
use store::Claimed;

use super::Fate;
use crate::config::Config;
use crate::telling::Letter;

/// One attempt. The message id is the same for every attempt, so that a mail that arrived twice is shown once.
pub(super) async fn attempt(config: &Config, smtp: Option<&Smtp>, delivery: &Claimed) -> Fate {
    let (Some(smtp), Some(written)) = (smtp, &config.notify.smtp) else {
        return Fate::never("[notify] smtp is not in the configuration any more");
    };
    let sender = written.sender().address;
    let Some(mail) = mail(delivery, &sender) else {
        return Fate::never("the mail was erased, or another version of Tenure wrote it");
    };
    match smtp.send(&mail).await {
        Delivery::Delivered { .. } => Fate::Delivered { status: None },
        Delivery::TryAgain { why, .. } => Fate::TryAgain { after: None, why },
        Delivery::Refused { why } => Fate::never(why),
    }
}

fn mail(delivery: &Claimed, sender: &str) -> Option<Mail> {
    let letter: Letter = serde_json::from_slice(delivery.body.as_ref()?.expose()).ok()?;
    let host = sender.rsplit_once('@').map_or("tenure", |(_, host)| host);
    Some(Mail {
        to: Person {
            name: letter.name,
            address: delivery.target.clone(),
        },
        subject: letter.subject,
        text: letter.text,
        html: Some(letter.html),
        message_id: format!("{}@{host}", delivery.id),
        headers: Vec::new(),
        at: delivery.created_at,
    })
}
