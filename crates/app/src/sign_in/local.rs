//! The local account, for the first start only: argon2id, rules for its password, nothing to learn from how long a refusal takes.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OnceCell, Semaphore};
use unicode_normalization::UnicodeNormalization as _;

/// 19 MiB, two passes, one lane: the OWASP Password Storage Cheat Sheet's first choice for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Each takes its memory; more at once would let strangers fill the machine's.
const AT_ONCE: usize = 2;

/// Characters a password has at least (NIST SP 800-63B asks for 8, OWASP for more where it stands alone).
pub(crate) const CHARACTERS_MIN: usize = 12;
/// And at most, so that nobody has us hash a book.
pub(crate) const CHARACTERS_MAX: usize = 256;

/// Why a password is not taken, as its owner reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Weak {
    /// Too short.
    #[error("the password is too short: use at least 12 characters, for example four words")]
    Short,
    /// Too long.
    #[error("the password is too long: use at most 256 characters")]
    Long,
    /// The owner's own name or address.
    #[error(
        "the password is mostly your name or e-mail address: choose one that others cannot guess from it"
    )]
    Own,
    /// Too few different characters.
    #[error("the password repeats too few characters: use at least five different ones")]
    Repeats,
}

/// A password could not be hashed or compared: the machine, never the password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the password could not be checked ({0}): try again, and look at the server's memory if it happens again"
)]
pub(crate) struct Broken(String);

/// Whether the password may be taken for this account.
///
/// # Errors
/// The first rule it breaks.
pub(crate) fn check(password: &SecretString, email: &str, name: &str) -> Result<(), Weak> {
    let password = normal(password);
    let length = password.chars().count();
    if length < CHARACTERS_MIN {
        return Err(Weak::Short);
    }
    if length > CHARACTERS_MAX {
        return Err(Weak::Long);
    }
    let lower = password.to_lowercase();
    let mut rest = lower.clone();
    let email = email.to_lowercase();
    let name = name.to_lowercase();
    let parts = |text: &str| -> Vec<String> {
        let letters = |c: char| !c.is_alphanumeric();
        text.split(letters).map(str::to_owned).collect()
    };
    let own = [
        vec![email.clone(), name.clone()],
        parts(&email),
        parts(&name),
    ]
    .concat();
    for part in own.iter().filter(|part| part.chars().count() >= 3) {
        rest = rest.replace(part.as_str(), "");
    }
    if rest != lower && rest.chars().filter(|c| c.is_alphanumeric()).count() < 8 {
        return Err(Weak::Own);
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return Err(Weak::Repeats);
    }
    Ok(())
}

/// Hashes and compares passwords, a few at a time.
#[derive(Debug)]
pub(crate) struct Passwords {
    turn: Semaphore,
    // Compared when there is no account of that name, so that both answers take equally long.
    nobody: OnceCell<String>,
}

impl Passwords {
    /// Ready to work.
    pub(crate) fn new() -> Self {
        Self {
            turn: Semaphore::new(AT_ONCE),
            nobody: OnceCell::new(),
        }
    }

    /// The hash to keep, as a PHC string with its salt and parameters.
    ///
    /// # Errors
    /// [`Broken`] when the machine cannot.
    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String, Broken> {
        let password = SecretString::from(normal(password));
        self.work(move || hash_now(&password)).await
    }

    /// Whether the password is the account's; `kept` is `None` when there is no such account, which takes as long and is never right.
    ///
    /// # Errors
    /// [`Broken`] when the machine cannot, or what was kept is no hash.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        kept: Option<&str>,
    ) -> Result<bool, Broken> {
        let known = kept.is_some();
        // Made before anything is compared, known name or not: the first stranger's answer would take twice as long otherwise.
        let nobody = self
            .nobody
            .get_or_try_init(|| self.work(|| hash_now(&nobodys())))
            .await?;
        let kept = kept.unwrap_or(nobody).to_owned();
        // What no account can have is cut, not hashed: a megabyte would take longer.
        let password: String = normal(password).chars().take(CHARACTERS_MAX + 1).collect();
        let password = SecretString::from(password);
        let right = self
            .work(move || {
                let kept = PasswordHash::new(&kept).map_err(broken)?;
                let argon = Argon2::default();
                match argon.verify_password(password.expose_secret().as_bytes(), &kept) {
                    Ok(()) => Ok(true),
                    Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                    Err(error) => Err(broken(error)),
                }
            })
            .await?;
        Ok(right && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> Result<T, Broken> + Send + 'static,
    ) -> Result<T, Broken> {
        let _turn = self.turn.acquire().await.map_err(broken)?;
        tokio::task::spawn_blocking(what).await.map_err(broken)?
    }
}

/// The same letters on every keyboard give the same bytes (NIST SP 800-63B section 5.1.1.2 asks for it).
fn normal(password: &SecretString) -> String {
    password.expose_secret().nfkc().collect()
}

fn nobodys() -> SecretString {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes);
    SecretString::from(
        bytes
            .iter()
            .map(|b| char::from(b & 0x3f | 0x40))
            .collect::<String>(),
    )
}

fn hash_now(password: &SecretString) -> Result<String, Broken> {
    let mut salt = [0_u8; 16];
    rand::fill(&mut salt);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(broken)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Broken {
    Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn the_right_password_opens_and_no_other() {
        let passwords = Passwords::new();
        let right = secret("vier W\u{f6}rter aus Holz");
        let kept = passwords.hash(&right).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(!kept.contains("Holz"));
        assert!(passwords.verify(&right, Some(&kept)).await.unwrap());
        // The same word from a keyboard that sends the dots by themselves.
        let decomposed = secret("vier Wo\u{308}rter aus Holz");
        assert!(passwords.verify(&decomposed, Some(&kept)).await.unwrap());
        for wrong in [
            "",
            "vier W\u{f6}rter aus holz",
            "vier W\u{f6}rter aus Holz ",
        ] {
            assert!(!passwords.verify(&secret(wrong), Some(&kept)).await.unwrap());
        }
        let again = passwords.hash(&right).await.unwrap();
        assert_ne!(kept, again, "each hash has a salt of its own");
    }

    #[tokio::test]
    async fn nobody_signs_in_and_it_takes_as_long() {
        let passwords = Passwords::new();
        let kept = passwords.hash(&secret("four words of wood")).await.unwrap();
        let guess = secret("four words of iron");
        assert!(!passwords.verify(&guess, None).await.unwrap());
        let begun = Instant::now();
        assert!(!passwords.verify(&guess, Some(&kept)).await.unwrap());
        let known = begun.elapsed();
        let begun = Instant::now();
        assert!(!passwords.verify(&guess, None).await.unwrap());
        let unknown = begun.elapsed();
        // Wide bounds, for a busy machine: an answer without hashing takes a thousandth.
        assert!(
            unknown * 8 > known,
            "{unknown:?} for nobody, {known:?} for a known name"
        );
        let exact = passwords.nobody.get().unwrap().clone();
        assert!(exact.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[tokio::test]
    async fn a_broken_hash_is_said_and_opens_nothing() {
        let passwords = Passwords::new();
        let said = passwords.verify(&secret("x"), Some("plain")).await;
        let said = said.unwrap_err().to_string();
        assert!(said.contains("could not be checked") && !said.contains("plain"));
    }

    #[test]
    fn rules_of_a_password() {
        let judge = |password: &str| {
            check(
                &secret(password),
                "ann.lee@contoso.example",
                "Ann Marie Lee",
            )
        };
        assert_eq!(judge("elf letters"), Err(Weak::Short));
        assert_eq!(
            judge("\u{f6}\u{f6}\u{f6}\u{f6}\u{f6}\u{f6}"),
            Err(Weak::Short)
        );
        assert_eq!(judge(&"ab3 ".repeat(65)), Err(Weak::Long));
        assert_eq!(judge("ann.lee@contoso.example"), Err(Weak::Own));
        assert_eq!(judge("Ann Marie Lee!"), Err(Weak::Own));
        assert_eq!(judge("Contoso2026!Ann"), Err(Weak::Own));
        assert_eq!(judge("aaaaaaaaaaaaaaa"), Err(Weak::Repeats));
        assert_eq!(judge("121212121212121"), Err(Weak::Repeats));
        assert_eq!(judge("four words of wood"), Ok(()));
        assert_eq!(judge("annual reports of wood"), Ok(()));
    }
}
