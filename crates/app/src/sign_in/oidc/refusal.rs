//! Why a sign-in by the provider did not happen: one sentence each, with what to do. A provider's own words come bounded and cleaned.

use super::fetch::Failure;

/// The most we show of what a provider wrote, in characters.
const WORDS_MAX: usize = 200;

/// Why nobody was signed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// `[server.oidc]` cannot work as it stands.
    #[error("[server.oidc] of tenure.toml: {0}")]
    Configuration(String),
    /// The provider could not be asked.
    #[error(
        "the sign-in provider's {what} could not be read: {why}; try again, and look at the provider if it happens again"
    )]
    Unread {
        /// Which document or endpoint.
        what: &'static str,
        /// Why.
        why: Failure,
    },
    /// An answer that is not what the standard says.
    #[error(
        "the sign-in provider's {0} cannot be understood: it is not what OpenID Connect describes, or signed in a way that is not known here"
    )]
    Garbled(&'static str),
    /// Discovery speaks for somebody else.
    #[error(
        "the address in [server.oidc] issuer answers as another issuer: copy the issuer exactly as the provider shows it, with or without the last slash"
    )]
    OtherDiscovery,
    /// An endpoint is not safe.
    #[error(
        "the sign-in provider names an endpoint without https: sign-in is off until it uses https"
    )]
    PlainEndpoint,
    /// The cookie is missing, old, or not ours.
    #[error("this sign-in was not begun here, or more than ten minutes ago: begin again")]
    NotBegun,
    /// The answer belongs to another sign-in.
    #[error("this answer belongs to another sign-in: begin again, in one window")]
    State,
    /// The answer is not one.
    #[error("the answer of the sign-in provider is incomplete: begin again")]
    Answer,
    /// RFC 9207: the answer comes from another issuer, or does not say from which.
    #[error(
        "the answer came from another sign-in provider than the one asked: begin again, and tell your administrator"
    )]
    Mixed,
    /// The provider said no.
    #[error("the sign-in provider refused: {sentence}{}", shown(.words))]
    Refused {
        /// What the error means.
        sentence: String,
        /// The provider's words, cleaned; may be empty. Escape them on a page, as everything.
        words: String,
    },
    /// The code was used, is old, or was issued for another redirect address.
    #[error("the sign-in provider does not take this sign-in's code (any more): begin again")]
    Code,
    /// The provider does not know us.
    #[error(
        "the sign-in provider does not accept Tenure's client id and secret: put the current secret where [server.oidc] says"
    )]
    Client,
    /// No identity came.
    #[error("the sign-in provider sent no identity token: allow the scope openid for this client")]
    NoToken,
    /// `alg: none`.
    #[error("the identity token is not signed: it was not accepted")]
    Unsigned,
    /// An algorithm that we do not accept.
    #[error(
        "the identity token is signed with an algorithm that is not accepted: set RS256, PS256 or ES256 for this client"
    )]
    Algorithm,
    /// A key the provider does not publish.
    #[error(
        "the identity token is signed with a key that the provider does not publish: try again in a minute"
    )]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature of the identity token is wrong: it was not accepted")]
    Signature,
    /// Another issuer.
    #[error("the identity token names another issuer than [server.oidc] does: it was not accepted")]
    Issuer,
    /// Another audience.
    #[error("the identity token was made for another application: it was not accepted")]
    Audience,
    /// Another authorised party.
    #[error("the identity token was handed to another application: it was not accepted")]
    Party,
    /// Over.
    #[error(
        "the identity token has expired: begin again, and compare the clocks of this server and the provider"
    )]
    Expired,
    /// Not yet.
    #[error(
        "the identity token is from the future: compare the clocks of this server and the provider"
    )]
    Future,
    /// No nonce.
    #[error(
        "the identity token does not say for which sign-in it was made (no nonce): it was not accepted"
    )]
    NoNonce,
    /// Another nonce.
    #[error("the identity token was made for another sign-in: begin again")]
    Nonce,
    /// `at_hash` does not fit.
    #[error(
        "the identity token and the access token do not belong together: they were not accepted"
    )]
    AccessToken,
    /// No usable subject.
    #[error("the identity token does not name a subject that can be kept: it was not accepted")]
    Subject,
    /// Another directory.
    #[error(
        "this account is in a directory that may not sign in here: add its id to [server.oidc] allowed_tenants if it should"
    )]
    Tenant,
    /// No proven address of an allowed domain.
    #[error(
        "this account has no confirmed e-mail address of an allowed domain: see [server.oidc] allowed_domains and trust_addresses"
    )]
    Domain,
    /// Sealing failed; the machine's fault.
    #[error("the sign-in could not be begun: the server cannot seal its cookie")]
    Sealing,
}

fn shown(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(" (it said: “{words}”)")
    }
}

impl Refusal {
    /// The provider's error answer (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6) as a sentence.
    pub(crate) fn of_provider(code: &str, description: Option<&str>) -> Self {
        let sentence = match code {
            "access_denied" => "the sign-in was cancelled, or this account may not use Tenure",
            "login_required" | "interaction_required" | "account_selection_required" => {
                "it has to ask you something first; begin again"
            }
            "consent_required" => "an administrator has to consent to Tenure first",
            "temporarily_unavailable" => "it is busy; try again in a minute",
            "server_error" => "it has a problem of its own; try again in a minute",
            "invalid_scope" => "a scope in [server.oidc] scopes is not allowed for this client",
            "unauthorized_client" | "invalid_client" => {
                "this client may not sign people in; look at its registration"
            }
            "invalid_request" | "unsupported_response_type" => {
                "it does not accept the request; compare the redirect address of the registration with this server's"
            }
            _ => "it gave a reason that Tenure does not know",
        };
        Self::Refused {
            sentence: sentence.to_owned(),
            words: clean(description.unwrap_or(code)),
        }
    }
}

/// The words in one line, without what could deceive on a screen or in a log.
fn clean(words: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_graphic() || c.is_alphanumeric() {
            c
        } else {
            ' '
        }
    };
    let line: String = words.chars().take(WORDS_MAX * 4).map(plain).collect();
    let line: String = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_are_bounded_and_lie_flat() {
        let hostile = format!(
            "AADSTS50105:\r\n\u{202e}\u{0} \u{1b}[31m{}",
            "x".repeat(100_000)
        );
        let said = Refusal::of_provider("access_denied", Some(&hostile)).to_string();
        assert!(said.contains("was cancelled, or this account may not use Tenure"));
        assert!(said.contains("AADSTS50105: [31mxxx"));
        assert!(said.chars().count() < 400);
        assert!(!said.chars().any(|c| c.is_control() || c == '\u{202e}'));
        let unknown = Refusal::of_provider("<b>odd</b>", None).to_string();
        assert!(unknown.contains("a reason that Tenure does not know (it said: “<b>odd</b>”)"));
    }
}
