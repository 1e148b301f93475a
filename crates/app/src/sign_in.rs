//! Who is there: sign-in by a provider (OpenID Connect), the local account of the first start, tokens, and limits on guessing.
//!
//! Nothing here knows a page or a table: page handlers call it, and keep what it returns.

pub(crate) mod local;
pub(crate) mod oidc;
pub(crate) mod patience;
pub(crate) mod return_to;
pub(crate) mod throttle;
pub(crate) mod token;
