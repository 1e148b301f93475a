//! The sign-in service's error numbers, in words that say what to do.
//!
//! Source: Microsoft identity platform, "Microsoft Entra authentication and authorization error codes".

use transport::Class;

use crate::meaning::Meaning;

/// The class of a number, what it means, and advice where we have any.
pub(super) fn explain(code: u32) -> (Class, Meaning, Option<&'static str>) {
    use Meaning::{BadCredential, NoConsent, NotReplicated, UnknownTenant};
    let (class, meaning, advice) = match code {
        7_000_215 => (
            Class::Denied,
            BadCredential,
            "the client secret is wrong: use the secret's value as shown when it was made, not its id",
        ),
        7_000_222 => (
            Class::Denied,
            BadCredential,
            "the client secret has expired: make a new one in the app registration and store it here",
        ),
        700_027 => (
            Class::Denied,
            BadCredential,
            "the certificate is not registered at the application, or was added a moment ago: upload it in the app \
             registration under Certificates and secrets, wait a few minutes and try again",
        ),
        700_024 => (
            Class::Denied,
            BadCredential,
            "the clock of this machine is wrong, so the signed assertion is not valid now: set the clock",
        ),
        700_016 => (
            Class::Denied,
            NoConsent,
            "the application is not known in this tenant: an administrator must give consent there, or the client id \
             is wrong",
        ),
        65_001 => (
            Class::Denied,
            NoConsent,
            "consent is missing: an administrator of the tenant must give consent to the application",
        ),
        650_051 => (
            Class::RetryAfter { after_ms: None },
            NotReplicated,
            "the application is still being set up in this tenant: try again in a few minutes",
        ),
        700_082 => (
            Class::Denied,
            BadCredential,
            "the refresh token has expired from disuse: sign in once more and store the new one",
        ),
        50_020 | 50_177 => (
            Class::Denied,
            NoConsent,
            "the partner's account has no access to this tenant: check the partner relationship and its groups",
        ),
        53_003 => (
            Class::Denied,
            BadCredential,
            "Conditional Access of the tenant blocks this sign-in: ask its administrator for the policy's reason",
        ),
        900_023 | 90_002 | 5_000_224 => (
            Class::Invalid,
            UnknownTenant,
            "there is no such tenant in this cloud: check the tenant id and the cloud",
        ),
        _ => return (Class::Denied, BadCredential, None),
    };
    (class, meaning, Some(advice))
}

/// The number in a text such as `AADSTS7000215: Invalid client secret provided.`
pub(super) fn code_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
