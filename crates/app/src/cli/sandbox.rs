//! `tenure sandbox`: a simulated Microsoft 365 on this machine, as unkind as the real one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use jiff::SignedDuration;
use serde_json::json;
use sim::{Faults, Sandbox, World, worlds};

use super::{Cx, talk};
use crate::clock;
use crate::problem::{Exit, Outcome, Problem};

/// Where it listens and what it begins with.
#[derive(clap::Args)]
#[command(after_help = format!(
    "The companies in it take the client id {} and the secret {}, which open nothing else.",
    worlds::CLIENT_ID,
    worlds::CLIENT_SECRET
))]
pub(crate) struct Args {
    /// The port on the loopback address; 0 takes a free one and prints it
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The world: read at the start when the file is there, written after every change
    #[arg(long, value_name = "FILE")]
    world: PathBuf,
    /// What goes wrong besides the usual unkindness
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The same seed and requests give the same behaviour
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Record every request and reply, secrets left out
    #[arg(long, value_name = "FILE.har")]
    record: Option<PathBuf>,
    /// How many seconds its clock is behind, for the history of the demonstration
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide = true)]
    ago: u32,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Outcome<Exit> {
    clock::set_back(SignedDuration::from_secs(args.ago.into()));
    let world = world(&args.world)?;
    let faults = match &args.faults {
        None => Faults::unkind(),
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Problem::unreadable("fault file", file, &error))?;
            Faults::parse(&text).map_err(|error| {
                Problem::refused("faults", format!("{}: {error}", file.display()))
                    .hint("correct the file, or leave --faults out")
            })?
        }
    };
    let companies = worlds::TENANTS.into_iter();
    let companies: Vec<_> = companies
        .filter(|(_, directory)| world.tenants.contains_key(*directory))
        .collect();
    let sandbox = Sandbox::new(world, faults, args.seed, clock::now());
    if let Some(file) = &args.record {
        sandbox
            .record(file)
            .map_err(|error| Problem::refused("record", format!("{}: {error}", file.display())))?;
    }
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port);
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| {
            Problem::failed(
                "port",
                format!("port {} cannot be opened: {error}", args.port),
            )
            .hint("choose another with --port, or 0 for a free one")
        })?;
    let base = format!("http://{}", listener.local_addr()?);
    // Data, so that scripts can read the port that was given.
    cx.show(&json!({ "address": base }), &base);
    talk(&format!(
        "The sandbox listens at {base}. Put this into tenure.toml:\n"
    ));
    talk(&format!(
        "[clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
    ));
    if !companies.is_empty() {
        talk(
            "Its companies, to connect by the client id and secret that `tenure sandbox --help` tells:",
        );
    }
    for (name, directory) in companies {
        talk(&format!("  {name:<10} {directory}"));
    }
    talk(&format!(
        "\nGround truth: {base}/sandbox/world · effective changes: {base}/sandbox/log · stop with Ctrl-C"
    ));
    sim::serve(listener, sandbox, Some(args.world), super::asked_to_stop()).await?;
    Ok(Exit::Done)
}

/// The world in the file, or the demonstration world where there is no file yet.
fn world(file: &PathBuf) -> Result<World, Problem> {
    match std::fs::read_to_string(file) {
        Ok(text) => World::parse(&text).map_err(|error| {
            Problem::refused("world", format!("{}: {error}", file.display())).hint(
                "correct the file, or name one that does not exist yet for the demonstration world",
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(sim::worlds::demo(clock::now()))
        }
        Err(error) => Err(Problem::unreadable("world", file, &error)),
    }
}
