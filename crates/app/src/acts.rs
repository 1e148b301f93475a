//! What an operator can do, whoever carries the wish: the command line, a page, the API. One function each; the words around it differ.

pub(crate) mod account;
pub(crate) mod approve;
pub(crate) mod begin;
pub(crate) mod behind;
pub(crate) mod clients;
pub(crate) mod delegate;
pub(crate) mod handle;
pub(crate) mod judge;
pub(crate) mod ledger;
pub(crate) mod look;
pub(crate) mod operators;
pub(crate) mod policy;
pub(crate) mod rehearse;
pub(crate) mod request;
pub(crate) mod seats;
pub(crate) mod steer;
pub(crate) mod talk;
pub(crate) mod tenant;
pub(crate) mod undo;
pub(crate) mod webhooks;
