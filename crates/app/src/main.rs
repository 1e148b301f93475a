//! The one binary: `tenure`.

mod acts;
mod advice;
mod api;
mod background;
mod bot;
mod cli;
mod clock;
mod config;
mod delivering;
mod guard;
mod planning;
mod problem;
mod running;
mod sign_in;
mod telling;
mod vault;
mod view;
mod web;
mod wiring;

use std::process::ExitCode;

#[cfg(feature = "crash-points")]
use crate::problem::Exit;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("TENURE_LOG"))
        .with_writer(std::io::stderr)
        .init();
    #[cfg(feature = "crash-points")]
    if let Err(wrong) = crash() {
        cli::talk(&format!("failed: {wrong}"));
        return Exit::Failed.into();
    }
    let cli = match cli::Cli::read() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let json = cli.json;
    match Box::pin(cli.run()).await {
        Ok(exit) => exit.into(),
        Err(problem) => {
            if json {
                cli::out(&format!("{:#}", problem.to_json()));
            }
            cli::tell(&problem).into()
        }
    }
}

/// Arms the crash points as the harness says: where to die, where to report every hit, which bug to plant.
#[cfg(feature = "crash-points")]
#[expect(
    clippy::disallowed_methods,
    reason = "the edge where the environment enters"
)]
fn crash() -> Result<(), String> {
    if let Ok(file) = std::env::var("TENURE_CRASH_REPORT") {
        engine::crash::report_to(std::path::Path::new(&file))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    if let Ok(plant) = std::env::var("TENURE_PLANT") {
        engine::crash::plant_from(&plant)?;
    }
    match std::env::var("TENURE_CRASH") {
        Ok(point) => engine::crash::arm_from(&point),
        Err(_) => Ok(()),
    }
}
