//! The operators' app: pages that the server writes, for people. The REST API stands beside it, in [`crate::api`].
//!
//! Every route is listed here with what it needs of the caller, and refuses everybody else; a test walks the list.

mod answer;
mod assets;
mod caller;
pub(crate) mod extract;
mod gate;
mod lists;
mod live;
mod oidc;
mod posted;
pub(crate) mod reading;
mod routes;
mod server;
mod shell;
mod strips;
mod teams;
pub(crate) mod when;
mod zones;

pub(crate) mod certificate;
mod connect;
mod docs;
mod error;
mod find;
mod findings;
mod health;
mod ledger;
mod link;
mod people;
pub(crate) mod person;
pub(crate) mod plan;
mod plans;
pub(crate) mod policy;
mod reports;
pub(crate) mod request_form;
mod requests;
mod run;
mod runs;
mod sandbox;
mod seats;
mod session;
mod set_up;
mod settings;
mod tenants;
#[cfg(test)]
pub(crate) mod tests;
mod ticket;
mod today;
pub(crate) mod waits;

use std::sync::Arc;

use axum::Router;

pub(crate) use caller::Caller;
pub(crate) use live::Live;
pub(crate) use posted::Posted;
pub(crate) use routes::{Needs, Routes};
pub(crate) use server::{quiet_panics, serve};
pub(crate) use set_up::link as set_up_link;
pub(crate) use tenants::given;

use crate::acts::rehearse::Rehearsals;
use crate::config::ServerConfig;
use crate::problem::Problem;
use crate::sign_in::local::Passwords;
use crate::sign_in::patience::Patience;
use crate::sign_in::throttle::{self, Throttle};
use crate::wiring::Wiring;

/// What every handler is given.
#[derive(Clone)]
pub(crate) struct Web(Arc<Parts>);

/// The parts of the app, made once for each process.
pub(crate) struct Parts {
    /// The store and the tenants.
    pub(crate) wiring: Arc<Wiring>,
    /// What changes in runs, as it changes.
    pub(crate) live: Live,
    /// Who watches which run.
    pub(crate) pumps: run::Pumps,
    /// `[server]` of the configuration.
    pub(crate) server: ServerConfig,
    /// Hashes and compares passwords.
    pub(crate) passwords: Passwords,
    /// Counts tries to sign in with a password.
    pub(crate) patience: Patience,
    /// Counts who goes to the identity provider, and who comes back.
    pub(crate) at_provider: Throttle,
    /// The identity provider, where one is configured.
    pub(crate) oidc: Option<oidc::Oidc>,
    /// Counts openings of one-time links.
    pub(crate) links: Throttle,
    /// The rehearsals that were begun here.
    pub(crate) rehearsals: Rehearsals,
    began: std::time::Instant,
}

impl std::ops::Deref for Web {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Web {
    /// The app over this store.
    ///
    /// # Errors
    /// An identity provider that is configured and cannot work.
    pub(crate) fn new(wiring: Arc<Wiring>, server: ServerConfig) -> Result<Self, Problem> {
        let oidc = oidc::Oidc::of(&server)?;
        Ok(Self(Arc::new(Parts {
            oidc,
            wiring,
            live: Live::default(),
            pumps: run::Pumps::default(),
            server,
            passwords: Passwords::new(),
            patience: Patience::default(),
            at_provider: Throttle::new(throttle::AT_PROVIDER, throttle::BY_ACCOUNT),
            links: Throttle::new(throttle::BY_NETWORK, throttle::BY_ACCOUNT),
            rehearsals: Rehearsals::default(),
            began: std::time::Instant::now(),
        })))
    }

    /// How long the process has run, by a clock that never goes back.
    pub(crate) fn uptime_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What the identity provider is called, where one is configured.
    pub(crate) fn oidc_name(&self) -> Option<String> {
        self.oidc.as_ref().map(|oidc| oidc.name.clone())
    }
}

/// Every route of the app, with what it needs of the caller.
pub(crate) fn routes() -> Routes {
    let all = [
        assets::routes,
        certificate::routes,
        connect::routes,
        docs::routes,
        find::routes,
        findings::routes,
        health::routes,
        ledger::routes,
        link::routes,
        people::routes,
        person::routes,
        plan::routes,
        plans::routes,
        policy::routes,
        reports::routes,
        request_form::routes,
        requests::routes,
        run::routes,
        runs::routes,
        sandbox::routes,
        seats::routes,
        session::routes,
        oidc::routes,
        set_up::routes,
        settings::routes,
        teams::routes,
        tenants::routes,
        today::routes,
        crate::api::routes,
    ];
    all.into_iter()
        .fold(Routes::default(), |routes, more| more(routes))
}

/// The app, ready to be served.
pub(crate) fn app(web: &Web) -> Router {
    routes().into_router(web)
}

/// What a handler gives.
pub(crate) type Answer = Result<axum::response::Response, Problem>;
