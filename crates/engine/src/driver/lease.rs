//! The lease: one driver to a store. Kept while runs are carried, and with it the signing of ledger heads.

use std::time::Duration;

use super::Driver;
use super::points::point;
use crate::journal::Error;

/// How long a lease lasts without being renewed.
pub(super) const LASTS_MS: i64 = 5_000;
const RENEW: Duration = Duration::from_millis(1_250);
const AGAIN: Duration = Duration::from_millis(250);
/// Ledger heads are signed with every fourth renewal: every five seconds.
const SIGN_EVERY: u32 = 4;

/// A lease that is held.
pub(super) struct Lease<'d> {
    driver: &'d Driver,
    epoch: u64,
}

/// Takes the lease, and waits for it as long as the driver's patience lasts.
pub(super) async fn take(driver: &Driver) -> Result<Lease<'_>, Error> {
    let begun = driver.clock.monotonic_ms();
    loop {
        let now_ms = driver.clock.now_ms();
        match driver.journal.lease(&driver.name, now_ms, LASTS_MS).await {
            Ok(epoch) => return Ok(Lease { driver, epoch }),
            Err(Error::LeaseLost) => {
                let waited = driver.clock.monotonic_ms().saturating_sub(begun);
                if i64::try_from(waited).unwrap_or(i64::MAX) >= driver.patience_ms {
                    return Err(Error::LeaseLost);
                }
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    }
}

impl Lease<'_> {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Renews the lease for ever; comes back only when it is lost.
    pub(super) async fn keep(&self) -> Error {
        let driver = self.driver;
        for round in 1_u32.. {
            tokio::time::sleep(RENEW).await;
            let now_ms = driver.clock.now_ms();
            match driver.journal.lease(&driver.name, now_ms, LASTS_MS).await {
                Ok(epoch) if epoch == self.epoch => {}
                Ok(_) | Err(Error::LeaseLost) => return Error::LeaseLost,
                // Every commit checks the epoch, so a lease that could not be renewed harms nobody.
                Err(error) => {
                    tracing::warn!(%error, "the lease could not be renewed; trying again")
                }
            }
            if round % SIGN_EVERY == 0 {
                sign(driver).await;
            }
        }
        Error::LeaseLost
    }

    /// Gives the lease back, so that the next process need not wait.
    pub(super) async fn give_back(&self) {
        let now_ms = self.driver.clock.now_ms();
        if let Err(error) = self
            .driver
            .journal
            .lease(&self.driver.name, now_ms, 0)
            .await
        {
            tracing::debug!(%error, "the lease could not be given back; it runs out by itself");
        }
    }
}

/// Signs ledger heads. What fails is signed the next time.
pub(super) async fn sign(driver: &Driver) {
    point!("before-sign");
    match driver.journal.sign_heads(driver.clock.now_ms()).await {
        Ok(()) => {
            point!("after-sign");
        }
        Err(error) => tracing::warn!(%error, "ledger heads could not be signed; trying again"),
    }
}
