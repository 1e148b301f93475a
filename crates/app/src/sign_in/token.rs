//! Tokens that open something: made once, shown once, and kept as a hash only.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

/// 256 bits: nobody guesses them, so a plain hash is enough to keep.
const BYTES: usize = 32;
/// What 32 bytes take in base64url without padding.
const LETTERS: usize = 43;

/// What a token opens. The prefix is part of the token, so that none opens what another kind does, and secret scanners know ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signed-in browser.
    Session,
    /// An API client.
    Api,
    /// A link in a mail or a card.
    Link,
    /// The one set-up link of the first start.
    SetUp,
}

impl Kind {
    /// Every kind.
    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Session, Self::Api, Self::Link, Self::SetUp];

    fn prefix(self) -> &'static str {
        match self {
            Self::Session => "tns_",
            Self::Api => "tnr_",
            Self::Link => "tnl_",
            Self::SetUp => "tnu_",
        }
    }
}

/// The SHA-256 of a token: what the store keeps and looks up.
#[derive(Clone, Copy)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token that somebody presents; `None` for anything that cannot be a token of this kind.
    pub(crate) fn of(kind: Kind, presented: &str) -> Option<Self> {
        let secret = presented.strip_prefix(kind.prefix())?;
        if secret.len() != LETTERS {
            return None;
        }
        URL_SAFE_NO_PAD.decode(secret).ok()?;
        Some(Self::hash(presented))
    }

    fn hash(token: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash([redacted])")
    }
}

/// A fresh token from `random`, and the hash to keep. `random` must fill from the operating system (`rand::fill`).
pub(crate) fn make(kind: Kind, random: impl FnOnce(&mut [u8])) -> (SecretString, TokenHash) {
    let mut bytes = [0; BYTES];
    random(&mut bytes);
    let token = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes));
    let hash = TokenHash::hash(&token);
    (SecretString::from(token), hash)
}

/// Whether both are the same, in a time that tells nothing about where they differ. Lengths are no secret.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn fresh(kind: Kind) -> (SecretString, TokenHash) {
        make(kind, |bytes| rand::fill(bytes))
    }

    #[test]
    fn a_token_opens_what_it_was_made_for_and_nothing_else() {
        for kind in Kind::ALL {
            let (token, kept) = fresh(kind);
            for other in Kind::ALL {
                let hash = TokenHash::of(other, token.expose_secret());
                assert_eq!(
                    hash == Some(kept),
                    other == kind,
                    "{kind:?} used as {other:?}"
                );
            }
        }
    }

    #[test]
    fn tokens_differ_and_one_changed_letter_does_not_match() {
        let (token, kept) = fresh(Kind::Api);
        let (_, other) = fresh(Kind::Api);
        assert!(kept != other);
        let token = token.expose_secret();
        assert!(token.starts_with("tnr_") && token.len() == 47);
        let last = if token.ends_with('A') { 'E' } else { 'A' };
        let changed = format!("{}{last}", &token[..46]);
        assert!(TokenHash::of(Kind::Api, &changed) != Some(kept));
    }

    #[test]
    fn what_is_no_token_is_not_even_hashed() {
        let (token, kept) = fresh(Kind::Link);
        let token = token.expose_secret();
        for wrong in [
            "",
            "tnl_",
            &token[4..],
            &token[..46],
            &format!("{token}A"),
            &format!(" {token}"),
            &"tnl_".repeat(1_000_000),
        ] {
            assert!(TokenHash::of(Kind::Link, wrong).is_none());
        }
        assert!(!format!("{kept:?}").contains(&format!("{}", kept.0[0])));
    }
}
