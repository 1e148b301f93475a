//! The steps against the sandbox, through the real connectors.
#![expect(clippy::unwrap_used, reason = "a broken expectation must end the test")]

mod every_step;
mod joiners;
mod lab;
mod leavers;
mod vault;
mod welcome;
mod whole_run;
