//! How fast somebody may try passwords: by network, and by account with a delay that grows.
//!
//! A fixed limit for an account would let any stranger lock its owner out. Here strangers make each other wait, and whoever comes
//! from a network that has signed in with this account before is counted apart from them: the right password gets in from there.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Mutex;

use super::throttle::{Account, BY_ACCOUNT, BY_NETWORK, Limit, Network, Wait, Window, lock};

/// So many tries at an account are free.
const FREE: usize = 5;
/// The longest that an account is made to wait, in milliseconds.
const LONGEST_MS: u64 = 5 * 60 * 1000;
/// Failures at an account: each is remembered for an hour, and of many the last are enough.
const FAILURES: Limit = Limit {
    attempts: 24,
    window_ms: 60 * 60 * 1000,
    remembered: 10_000,
};

/// Tries to sign in with a password.
#[derive(Debug)]
pub(crate) struct Patience {
    networks: Mutex<Window<Network>>,
    /// An account, from networks that it is known to come from.
    known: Mutex<Window<(Account, Network)>>,
    /// An account, from everywhere else.
    strangers: Mutex<Window<Account>>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            networks: Mutex::new(Window::new(BY_NETWORK)),
            known: Mutex::new(Window::new(BY_ACCOUNT)),
            strangers: Mutex::new(Window::new(FAILURES)),
        }
    }
}

impl Patience {
    /// Counts a try, before anything is verified. `from_before` are networks from which this account signed in before;
    /// `now_ms` is any clock that does not run backwards.
    ///
    /// # Errors
    /// [`Wait`]; the try was not counted then.
    pub(crate) fn attempt(
        &self,
        from: IpAddr,
        account: &str,
        from_before: &[IpAddr],
        now_ms: u64,
    ) -> Result<(), Wait> {
        let (network, account) = (Network::of(from), Account::of(account));
        let is_known = from_before
            .iter()
            .any(|before| Network::of(*before) == network);
        let mut networks = lock(&self.networks);
        let mut known = lock(&self.known);
        let mut strangers = lock(&self.strangers);
        let by_account = if is_known {
            known.wait(&(account, network), now_ms)
        } else {
            strangers
                .tried
                .get(&account)
                .and_then(|failed| slowed(failed, now_ms))
        };
        if let Some(seconds) = networks.wait(&network, now_ms).max(by_account) {
            return Err(Wait { seconds });
        }
        networks.count(network, now_ms);
        if is_known {
            known.count((account, network), now_ms);
        } else {
            // The oldest make room: what counts is how many there are, and when the last one was.
            strangers.wait(&account, now_ms);
            if let Some(failed) = strangers.tried.get_mut(&account)
                && failed.len() >= FAILURES.attempts
            {
                failed.pop_front();
            }
            strangers.count(account, now_ms);
        }
        Ok(())
    }

    /// Forgets the account's tries from here: somebody proved to be its owner. What strangers did elsewhere stays.
    pub(crate) fn succeeded(&self, from: IpAddr, account: &str) {
        let (network, account) = (Network::of(from), Account::of(account));
        lock(&self.known).tried.remove(&(account, network));
    }
}

/// Seconds until a stranger may try this account again: twice as long after each failure.
fn slowed(failed: &VecDeque<u64>, now_ms: u64) -> Option<u64> {
    let recent = failed
        .iter()
        .filter(|at| at.saturating_add(FAILURES.window_ms) > now_ms)
        .count();
    let over = u32::try_from(recent.checked_sub(FREE)?).unwrap_or(u32::MAX);
    let delay = 1_000_u64
        .saturating_mul(2_u64.saturating_pow(over))
        .min(LONGEST_MS);
    let left = failed.back()?.saturating_add(delay).checked_sub(now_ms)?;
    (left > 0).then(|| left.div_ceil(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u32) -> IpAddr {
        IpAddr::from(std::net::Ipv4Addr::from_bits(0xC000_0200 + last))
    }

    #[test]
    fn the_delay_of_an_account_doubles_and_has_an_end() {
        let patience = Patience::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for n in 0..20 {
            // From somewhere else each time, so that only the account is counted.
            while let Err(wait) = patience.attempt(ip(n), "ops@contoso.example", &[], now) {
                waits.push(wait.seconds);
                now += wait.seconds * 1_000;
            }
        }
        assert_eq!(waits[..6], [1, 2, 4, 8, 16, 32]);
        assert_eq!(waits.last(), Some(&300));
        // Another account is not concerned, and after an hour of quiet this one is free again.
        assert_eq!(
            patience.attempt(ip(1), "hr@contoso.example", &[], now),
            Ok(())
        );
        let later = now + FAILURES.window_ms;
        assert_eq!(
            patience.attempt(ip(1), "ops@contoso.example", &[], later),
            Ok(())
        );
    }

    #[test]
    fn strangers_cannot_shut_out_whoever_comes_from_a_known_network() {
        let patience = Patience::default();
        let home = ip(200);
        for n in 0..150 {
            let _ = patience.attempt(ip(n), "admin@contoso.example", &[home], 0);
        }
        let stranger = patience.attempt(ip(151), "admin@contoso.example", &[home], 0);
        assert!(stranger.is_err());
        assert_eq!(
            patience.attempt(home, "admin@contoso.example", &[home], 0),
            Ok(())
        );
        // A machine at home that guesses is stopped there.
        let guesses = (0..100).filter(|_| {
            patience
                .attempt(home, "admin@contoso.example", &[home], 0)
                .is_ok()
        });
        assert_eq!(guesses.count(), BY_ACCOUNT.attempts - 1);
        patience.succeeded(home, "admin@contoso.example");
        assert_eq!(
            patience.attempt(home, "admin@contoso.example", &[home], 0),
            Ok(())
        );
        // A success at home does not free strangers.
        assert!(
            patience
                .attempt(ip(151), "admin@contoso.example", &[home], 0)
                .is_err()
        );
    }

    #[test]
    fn a_network_that_sprays_is_stopped_whatever_accounts_it_names() {
        let patience = Patience::default();
        let tries = (0..100).filter(|n| patience.attempt(ip(1), &n.to_string(), &[], 0).is_ok());
        assert_eq!(tries.count(), BY_NETWORK.attempts);
    }

    #[test]
    fn memory_is_bounded_in_every_table() {
        let patience = Patience::default();
        for n in 0..60_000 {
            let from = IpAddr::from(std::net::Ipv4Addr::from_bits(n));
            let _ = patience.attempt(from, &n.to_string(), &[], 0);
            let _ = patience.attempt(from, &n.to_string(), &[from], 0);
        }
        assert!(lock(&patience.networks).tried.len() <= BY_NETWORK.remembered);
        assert!(lock(&patience.known).tried.len() <= BY_ACCOUNT.remembered);
        assert!(lock(&patience.strangers).tried.len() <= FAILURES.remembered);
        // One account that is guessed at for ever is not remembered for ever.
        let mut now = 0;
        for n in 0..200 {
            while let Err(wait) = patience.attempt(ip(n), "one", &[], now) {
                now += wait.seconds * 1_000;
            }
        }
        let most = lock(&patience.strangers)
            .tried
            .values()
            .map(VecDeque::len)
            .max();
        assert!(most <= Some(FAILURES.attempts));
    }
}
