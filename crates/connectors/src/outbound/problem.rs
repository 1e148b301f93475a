//! Why an address that somebody configured was not used, or gave no answer: one type, one sentence each.

use std::net::IpAddr;

/// A failure at a configured address. Its sentence names the field and never the path or query, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub struct Problem {
    /// The field of the configuration that holds the address.
    pub field: String,
    /// What is wrong.
    pub what: What,
}

/// What is wrong with a configured address, or with the answer from there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum What {
    /// It is no URL.
    #[error("is not a URL ({0}); give one that begins with https://")]
    NotAUrl(String),
    /// It has no host.
    #[error("names no server; give a URL such as https://hooks.contoso.example/tenure")]
    NoHost,
    /// Another scheme than https.
    #[error("begins with {0}:, but only https: is allowed; give the https address")]
    Scheme(String),
    /// Plain http to another machine, or where loopback was not allowed.
    #[error(
        "sends to {0} without encryption; give the https address (plain http is for a sandbox on this machine only)"
    )]
    PlainHttp(String),
    /// A user name or password in the URL.
    #[error(
        "holds a user name or password before the @; take it out, the receiver checks the signature instead"
    )]
    UserInfo,
    /// A fragment.
    #[error("ends with a part after #, which is never sent; take it out")]
    Fragment,
    /// The host is, or resolves to, an address that is not public.
    #[error("{host} leads to {address}, {range}; only servers on the internet can be given here")]
    Inside {
        /// The host as configured.
        host: String,
        /// The address it leads to.
        address: IpAddr,
        /// What that address belongs to.
        range: &'static str,
    },
    /// The name has no address now.
    #[error("the name {host} was not found ({why}); check its spelling and the DNS")]
    Unresolved {
        /// The host as configured.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// The server answered with a redirect, which is never followed.
    #[error(
        "{host} answered {status} and points elsewhere; redirects are not followed, so give the final address"
    )]
    Redirected {
        /// The host as configured.
        host: String,
        /// The status of the answer.
        status: u16,
    },
    /// The server could not be reached; no byte of the request arrived.
    #[error("{host} could not be reached ({why}); nothing was sent")]
    NotSent {
        /// The host as configured.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// The connection broke, or time ran out, before the answer came.
    #[error("{host} gave no answer ({why}); whether it read the request is not known")]
    Cut {
        /// The host as configured.
        host: String,
        /// The innermost cause.
        why: String,
    },
    /// The HTTP client itself cannot start.
    #[error("the HTTP client cannot start ({0}); on Linux check that ca-certificates is installed")]
    Client(String),
}

impl Problem {
    /// Whether a person must change the configuration; otherwise a later attempt may do.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        !matches!(
            self.what,
            What::Unresolved { .. } | What::NotSent { .. } | What::Cut { .. } | What::Client(_)
        )
    }

    /// Whether the other side may have read the request.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        matches!(self.what, What::Redirected { .. } | What::Cut { .. })
    }
}
