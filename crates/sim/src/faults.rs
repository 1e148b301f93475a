//! What goes wrong on purpose: lost replies, server errors, early token ends, bursts of 429, other humans at work.

mod human;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::temper::Temper;

pub use human::HumanChange;

/// The whole of what goes wrong. Written as TOML or JSON, or built in a test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Lags, delays and noise.
    pub temper: Temper,
    /// Seconds after which a token is no longer accepted although it said otherwise; none for its full life.
    pub token_dies_after_s: Option<i64>,
    /// Faults by request.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// Changes that another human makes.
    pub human: Vec<Human>,
}

/// One fault and the requests it hits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What happens.
    pub effect: Effect,
    /// Only this HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only a path that contains this, in any case.
    #[serde(default)]
    pub path: Option<String>,
    /// Only this Exchange cmdlet, in any case.
    #[serde(default)]
    pub cmdlet: Option<String>,
    /// Only requests of which the body contains this.
    #[serde(default)]
    pub body: Option<String>,
    /// From the nth matching request on, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many matching requests it hits; none for all.
    #[serde(default)]
    pub times: Option<u64>,
    /// With this probability, drawn per request from the seed.
    #[serde(default = "certain")]
    pub probability: f64,
    /// Only from this many milliseconds after the start.
    #[serde(default)]
    pub from_ms: Option<u64>,
    /// Only until this many milliseconds after the start.
    #[serde(default)]
    pub until_ms: Option<u64>,
}

fn one() -> u64 {
    1
}

fn certain() -> f64 {
    1.0
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// The request is carried out, then the connection is cut before the reply.
    LoseReply,
    /// The connection is cut before anything was done.
    LoseRequest,
    /// A server error; nothing was done.
    FailBefore {
        /// The HTTP status.
        status: u16,
        /// `Retry-After` in seconds, if any.
        #[serde(default)]
        retry_after_s: Option<f64>,
    },
    /// The request is carried out, then a server error is answered.
    FailAfter {
        /// The HTTP status.
        status: u16,
    },
    /// A 429; nothing was done.
    Throttle {
        /// `Retry-After` in seconds, if any.
        #[serde(default)]
        retry_after_s: Option<f64>,
    },
    /// A 401 as for an expired token; nothing was done.
    RejectToken,
    /// The request takes this much longer.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Nobody answers at all.
    Down,
}

impl Rule {
    /// A fault that hits every request once, to be narrowed by the methods below.
    #[must_use]
    pub fn once(effect: Effect) -> Self {
        Self {
            times: Some(1),
            ..Self::always(effect)
        }
    }

    /// A fault that hits every request.
    #[must_use]
    pub fn always(effect: Effect) -> Self {
        Self {
            effect,
            method: None,
            path: None,
            cmdlet: None,
            body: None,
            nth: 1,
            times: None,
            probability: 1.0,
            from_ms: None,
            until_ms: None,
        }
    }

    /// Only requests with this method and a path that contains this text.
    #[must_use]
    pub fn on(mut self, method: &Method, path: &str) -> Self {
        self.method = Some(method.to_string());
        self.path = Some(path.to_owned());
        self
    }

    /// Only calls of this cmdlet.
    #[must_use]
    pub fn on_cmdlet(mut self, cmdlet: &str) -> Self {
        self.cmdlet = Some(cmdlet.to_owned());
        self
    }

    /// From the nth match on.
    #[must_use]
    pub fn from_nth(mut self, nth: u64) -> Self {
        self.nth = nth;
        self
    }

    /// With this probability.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }
}

/// A change by another human, as soon as either condition holds; at once when none is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Human {
    /// After this many effective writes by requests since the sandbox started.
    #[serde(default)]
    pub after_writes: Option<u64>,
    /// This many milliseconds after the start.
    #[serde(default)]
    pub at_ms: Option<u64>,
    /// The tenant's GUID.
    pub tenant: String,
    /// What is changed.
    pub change: HumanChange,
}

impl Faults {
    /// Nothing goes wrong beyond the unkind default.
    #[must_use]
    pub fn unkind() -> Self {
        Self::default()
    }

    /// A calm cloud, for unit tests that look at something else.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            temper: Temper::calm(),
            ..Self::default()
        }
    }

    /// The same with one more fault.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The same with one more human change.
    #[must_use]
    pub fn with_human(mut self, human: Human) -> Self {
        self.human.push(human);
        self
    }

    /// Reads TOML, or JSON when the text begins with `{`.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map_err(|error| Error::Faults(error.to_string()));
        }
        toml::from_str(text).map_err(|error| Error::Faults(error.to_string()))
    }
}

/// What identifies a request to the faults and the draws.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) cmdlet: Option<&'a str>,
    pub(crate) body: &'a [u8],
    pub(crate) elapsed_ms: u64,
}

impl Rule {
    /// Whether the rule speaks of this request, counts and chances aside.
    pub(crate) fn speaks_of(&self, subject: &Subject<'_>) -> bool {
        let path = subject.path.to_lowercase();
        self.method
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(subject.method))
            && self
                .path
                .as_ref()
                .is_none_or(|wanted| path.contains(&wanted.to_lowercase()))
            && self.cmdlet.as_ref().is_none_or(|wanted| {
                subject
                    .cmdlet
                    .is_some_and(|cmdlet| cmdlet.eq_ignore_ascii_case(wanted))
            })
            && self.body.as_ref().is_none_or(|wanted| {
                String::from_utf8_lossy(subject.body).contains(wanted.as_str())
            })
            && self.from_ms.is_none_or(|from| subject.elapsed_ms >= from)
            && self.until_ms.is_none_or(|until| subject.elapsed_ms < until)
    }
}
