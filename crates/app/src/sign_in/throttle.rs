//! How often somebody may try: links and the way to the identity provider, counted by network and by link, in memory. Passwords are
//! counted in [`super::patience`].
//!
//! A restart forgets. That is a choice: a table that anybody on the internet can make grow would be worse than a few more guesses.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

/// So many attempts in so long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// How many.
    pub(crate) attempts: usize,
    /// In how many milliseconds.
    pub(crate) window_ms: u64,
    /// How many networks or accounts are remembered at once.
    pub(crate) remembered: usize,
}

/// By network: people share an office, so it is wide.
pub(crate) const BY_NETWORK: Limit = Limit {
    attempts: 30,
    window_ms: 10 * 60 * 1000,
    remembered: 50_000,
};

/// By account or link: somebody who forgot a password does not try more often than this.
pub(crate) const BY_ACCOUNT: Limit = Limit {
    attempts: 8,
    window_ms: 10 * 60 * 1000,
    remembered: 10_000,
};

/// By network, at the identity provider's door: going there and coming back are two, and a whole office begins its day at once.
pub(crate) const AT_PROVIDER: Limit = Limit {
    attempts: 120,
    window_ms: 10 * 60 * 1000,
    remembered: 50_000,
};

/// Too many attempts. The attempt was not counted, so waiting is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Seconds until the next attempt is let through, for `Retry-After` and the sentence on the page. At least 1.
    pub(crate) seconds: u64,
}

/// Attempts of one kind: sign-ins, or openings of links.
#[derive(Debug)]
pub(crate) struct Throttle {
    networks: Mutex<Window<Network>>,
    accounts: Mutex<Window<Account>>,
}

impl Throttle {
    /// Nothing has been tried yet.
    pub(crate) fn new(network: Limit, account: Limit) -> Self {
        Self {
            networks: Mutex::new(Window::new(network)),
            accounts: Mutex::new(Window::new(account)),
        }
    }

    /// Counts an attempt, before anything is verified. `account` is what was typed or which link was opened, when there is such a
    /// thing. `now_ms` is any clock that does not run backwards.
    ///
    /// # Errors
    /// [`Wait`] when the network or the account has tried too often.
    pub(crate) fn attempt(
        &self,
        from: IpAddr,
        account: Option<&str>,
        now_ms: u64,
    ) -> Result<(), Wait> {
        let mut networks = lock(&self.networks);
        let mut accounts = lock(&self.accounts);
        let network = Network::of(from);
        let account = account.map(Account::of);
        let wait = networks
            .wait(&network, now_ms)
            .max(account.and_then(|account| accounts.wait(&account, now_ms)));
        if let Some(seconds) = wait {
            return Err(Wait { seconds });
        }
        networks.count(network, now_ms);
        if let Some(account) = account {
            accounts.count(account, now_ms);
        }
        Ok(())
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(BY_NETWORK, BY_ACCOUNT)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counters have no state that a panic elsewhere could leave half made.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one household or office has: an IPv4 address, or the /64 that an IPv6 subscriber has at least (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let prefix = v6.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(prefix)))
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

/// A hash of what was typed: as long for a long name as for a short one, and no names in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Account([u8; 16]);

impl Account {
    /// The account of a typed name.
    pub(super) fn of(typed: &str) -> Self {
        let typed = typed.trim().to_lowercase();
        let mut short = [0; 16];
        short.copy_from_slice(&digest(&SHA256, typed.as_bytes()).as_ref()[..16]);
        Self(short)
    }
}

/// A sliding window per key.
#[derive(Debug)]
pub(super) struct Window<K> {
    limit: Limit,
    pub(super) tried: HashMap<K, VecDeque<u64>>,
}

impl<K: Eq + Hash + Copy> Window<K> {
    pub(super) fn new(limit: Limit) -> Self {
        Self {
            limit,
            tried: HashMap::new(),
        }
    }

    /// Seconds until this one may try again, where it has to wait.
    pub(super) fn wait(&mut self, key: &K, now_ms: u64) -> Option<u64> {
        let times = self.tried.get_mut(key)?;
        drop_old(times, now_ms, self.limit.window_ms);
        if times.len() < self.limit.attempts {
            return None;
        }
        let free = times.front()?.saturating_add(self.limit.window_ms);
        Some(free.saturating_sub(now_ms).div_ceil(1000).max(1))
    }

    /// Counts a try.
    pub(super) fn count(&mut self, key: K, now_ms: u64) {
        if !self.tried.contains_key(&key) && self.tried.len() >= self.limit.remembered {
            self.make_room(now_ms);
        }
        self.tried.entry(key).or_default().push_back(now_ms);
    }

    /// Forgets what is over; where that is not enough, the tenth that tried least, so that a flood of new addresses does not free one
    /// that guesses.
    fn make_room(&mut self, now_ms: u64) {
        let window_ms = self.limit.window_ms;
        self.tried.retain(|_, times| {
            drop_old(times, now_ms, window_ms);
            !times.is_empty()
        });
        if self.tried.len() < self.limit.remembered {
            return;
        }
        let mut by_weight: Vec<(usize, Option<u64>, K)> = self
            .tried
            .iter()
            .map(|(key, times)| (times.len(), times.back().copied(), *key))
            .collect();
        let few = (self.limit.remembered / 10).max(1).min(by_weight.len());
        by_weight.select_nth_unstable_by_key(few - 1, |(tries, last, _)| (*tries, *last));
        for (_, _, key) in &by_weight[..few] {
            self.tried.remove(key);
        }
    }
}

fn drop_old(times: &mut VecDeque<u64>, now_ms: u64, window_ms: u64) {
    while times
        .front()
        .is_some_and(|time| time.saturating_add(window_ms) <= now_ms)
    {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limit = Limit {
        attempts: 3,
        window_ms: 60_000,
        remembered: 100,
    };

    fn throttle() -> Throttle {
        Throttle::new(SMALL, SMALL)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_window_slides_and_says_how_long() {
        let throttle = throttle();
        let from = ip("192.0.2.1");
        for at in [0, 10_000, 20_000] {
            assert_eq!(throttle.attempt(from, None, at), Ok(()));
        }
        assert_eq!(
            throttle.attempt(from, None, 20_500),
            Err(Wait { seconds: 40 })
        );
        // A refused attempt does not prolong the wait.
        assert_eq!(
            throttle.attempt(from, None, 59_999),
            Err(Wait { seconds: 1 })
        );
        assert_eq!(throttle.attempt(from, None, 60_000), Ok(()));
        assert_eq!(
            throttle.attempt(from, None, 60_001),
            Err(Wait { seconds: 10 })
        );
    }

    #[test]
    fn an_account_is_guarded_from_many_networks() {
        let throttle = throttle();
        for host in 1..=3 {
            let from = ip(&format!("192.0.2.{host}"));
            assert_eq!(
                throttle.attempt(from, Some("ops@contoso.example"), 0),
                Ok(())
            );
        }
        let other = ip("198.51.100.7");
        assert_eq!(
            throttle.attempt(other, Some(" OPS@contoso.example"), 0),
            Err(Wait { seconds: 60 })
        );
        assert_eq!(
            throttle.attempt(other, Some("hr@contoso.example"), 0),
            Ok(())
        );
    }

    #[test]
    fn the_usual_limits_let_a_person_mistype_and_stop_a_machine() {
        let throttle = Throttle::default();
        let from = ip("192.0.2.1");
        let tries = (0..100).filter(|_| throttle.attempt(from, Some("ann"), 0).is_ok());
        assert_eq!(tries.count(), 8);
        let tries = (0..100).filter(|n| throttle.attempt(from, Some(&n.to_string()), 0).is_ok());
        assert_eq!(tries.count(), 22);
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_an_ipv6_subscriber() {
        let same = |a, b| Network::of(ip(a)) == Network::of(ip(b));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn memory_is_bounded_and_a_flood_does_not_free_who_guesses() {
        let throttle = throttle();
        let guesser = ip("203.0.113.9");
        for _ in 0..3 {
            assert_eq!(throttle.attempt(guesser, None, 1), Ok(()));
        }
        for network in 0..10_000_u128 {
            let from = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (network << 64));
            assert_eq!(throttle.attempt(from.into(), None, 2), Ok(()));
            assert!(lock(&throttle.networks).tried.len() <= 100);
        }
        assert!(throttle.attempt(guesser, None, 3).is_err());
        // What is over makes room by itself.
        for network in 0..101_u128 {
            let from = Ipv6Addr::from_bits((0x2001_0db9 << 96) | (network << 64));
            assert_eq!(throttle.attempt(from.into(), None, 70_000), Ok(()));
        }
        assert!(throttle.attempt(guesser, None, 70_001).is_ok());
    }
}
