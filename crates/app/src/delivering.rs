//! Sends what waits in the outbox, by webhook, mail and card: repeated until it is taken, or its time is over.

mod card;
mod mail;
mod webhook;

use std::convert::Infallible;
use std::time::Duration;

use connectors::outbound::Outbound;
use connectors::smtp::Smtp;
use connectors::webhook::next_attempt;
use jiff::SignedDuration;
use store::{Channel, Claimed, Endpoint, TenantScope};

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// How many are sent at once, and how long one may take before it is somebody else's to try, in milliseconds. Mail servers
/// count connections (Exchange Online: three at once), and a mail may take 90 s.
fn limits(channel: Channel) -> (u32, i64) {
    match channel {
        Channel::Webhook => (16, 60_000),
        Channel::Mail => (3, 180_000),
        Channel::Card => (4, 60_000),
    }
}

/// What became of an attempt.
enum Fate {
    /// It was taken.
    Delivered {
        /// The answer's status, where there is one.
        status: Option<u16>,
    },
    /// Not now.
    TryAgain {
        /// The wait that the other side asked for.
        after: Option<Duration>,
        /// Why, for the log of deliveries.
        why: String,
    },
    /// Never.
    Never {
        /// The answer's status, where there is one.
        status: Option<u16>,
        /// Why, for the log of deliveries.
        why: String,
    },
}

impl Fate {
    fn never(why: impl Into<String>) -> Self {
        Self::Never {
            status: None,
            why: why.into(),
        }
    }
}

/// With what things are sent.
struct Way<'a> {
    wiring: &'a Wiring,
    outbound: Outbound,
    smtp: Option<Smtp>,
}

/// Sends what is due, for ever. What cannot be sent says so in the log of deliveries.
pub(crate) async fn go_on(wiring: &Wiring) -> Infallible {
    let way = Way::of(wiring);
    // A slow mail server holds up no webhook.
    let (never, ..) = tokio::join!(
        send_all(&way, Channel::Webhook),
        send_all(&way, Channel::Mail),
        send_all(&way, Channel::Card),
    );
    never
}

async fn send_all(way: &Way<'_>, channel: Channel) -> Infallible {
    loop {
        if let Err(problem) = way.send_due(channel).await {
            tracing::error!("deliveries: {problem}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl<'a> Way<'a> {
    fn of(wiring: &'a Wiring) -> Self {
        let smtp = wiring.config.notify.smtp.as_ref();
        // The configuration was checked when it was read.
        let smtp = smtp.and_then(|smtp| match smtp.server() {
            Ok(server) => Some(server),
            Err(problem) => {
                tracing::error!("deliveries: {problem}");
                None
            }
        });
        Self {
            wiring,
            outbound: Outbound::system(),
            smtp,
        }
    }

    /// Sends what is due once, side by side: a receiver that is slow holds up nobody else.
    async fn send_due(&self, channel: Channel) -> Result<(), Problem> {
        let store = &self.wiring.store;
        let (at_once, lease_ms) = limits(channel);
        let claimed = store
            .claim_deliveries(channel, clock::now(), lease_ms, at_once)
            .await;
        let claimed = claimed.map_err(of_store)?;
        if claimed.is_empty() {
            return Ok(());
        }
        let endpoints = match channel {
            Channel::Webhook => store.endpoints(&TenantScope::provider()).await,
            Channel::Mail | Channel::Card => Ok(Vec::new()),
        };
        let endpoints = endpoints.map_err(of_store)?;
        let sends = claimed
            .iter()
            .map(|delivery| self.send_one(channel, delivery, &endpoints));
        for sent in futures::future::join_all(sends).await {
            sent?;
        }
        Ok(())
    }

    async fn send_one(
        &self,
        channel: Channel,
        delivery: &Claimed,
        endpoints: &[Endpoint],
    ) -> Result<(), Problem> {
        #[cfg(feature = "crash-points")]
        if engine::crash::planted(engine::crash::Plant::DeliveredFirst) {
            self.keep(delivery, Fate::Delivered { status: None })
                .await?;
        }
        let config = &self.wiring.config;
        let fate = match channel {
            Channel::Webhook => webhook::attempt(self, delivery, endpoints).await?,
            Channel::Mail => mail::attempt(config, self.smtp.as_ref(), delivery).await,
            Channel::Card => card::attempt(self, delivery).await,
        };
        self.keep(delivery, fate).await
    }

    /// Writes what became of an attempt, and when the next one is.
    async fn keep(&self, delivery: &Claimed, fate: Fate) -> Result<(), Problem> {
        let (store, now) = (&self.wiring.store, clock::now());
        let (id, attempt) = (&delivery.id, delivery.attempt);
        let kept = match fate {
            Fate::Delivered { status } => store.delivered(id, attempt, status, now).await,
            Fate::TryAgain { after, why } => {
                let wait = next_attempt(attempt, after, rand::random());
                let next = wait
                    .and_then(|wait| SignedDuration::try_from(wait).ok())
                    .map(|wait| now + wait);
                if next.is_none() {
                    tracing::warn!("delivery {id} is given up after {attempt} attempts: {why}");
                }
                store.failed(id, attempt, None, &why, next).await
            }
            Fate::Never { status, why } => {
                tracing::warn!("delivery {id} is given up: {why}");
                store.failed(id, attempt, status, &why, None).await
            }
        };
        kept.map_err(of_store)
    }
}
