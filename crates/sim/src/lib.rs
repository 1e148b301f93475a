//! Tenure's sandbox: a simulated Microsoft cloud, as unkind as the real one.
//!
//! Written from Microsoft's documents and metadata, never from a client's types. One file per simulated API.

#![recursion_limit = "256"]

mod address;
mod auth;
mod batch;
mod call;
mod chance;
mod cloud;
mod control;
mod exchange;
mod faults;
mod graph;
mod har;
mod sandbox;
mod serve;
mod state;
mod temper;
mod throttle;
pub mod world;
pub mod worlds;

pub use faults::{Effect, Faults, Human, HumanChange, Rule};
pub use sandbox::{Sandbox, Seen};
pub use serve::serve;
pub use temper::Temper;
pub use world::World;

/// Why the sandbox could not start or save.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The world file is no world.
    #[error("the world file is not valid: {0}")]
    World(String),
    /// The faults are no faults.
    #[error("the fault file is not valid: {0}")]
    Faults(String),
    /// A human change names something that is not there.
    #[error("the human change cannot be made: {0}")]
    Human(String),
}
