//! `tenure serve`: the web app, the API and the worker in one process.

use std::sync::Arc;

use serde_json::json;

use super::{Cx, talk};
use crate::problem::{Exit, Outcome, Problem};
use crate::web::{self, Web};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen, over [server] listen of the configuration; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<std::net::SocketAddr>,
}

pub(super) async fn run(cx: &Cx, args: Args) -> Outcome<Exit> {
    let mut server = cx.config.server.clone();
    if let Some(listen) = args.listen {
        server.listen = listen;
    }
    server.check()?;
    web::quiet_panics();
    let wiring = Arc::new(cx.open().await?);
    let listener = tokio::net::TcpListener::bind(server.listen).await;
    let listener = listener.map_err(|error| {
        Problem::failed(
            "listen",
            format!("{} cannot be listened at: {error}", server.listen),
        )
        .hint("stop what listens there, or choose another with --listen")
    })?;
    server.listen = listener.local_addr()?;
    let origin = server.origin();
    let first = web::set_up_link(&wiring)
        .await?
        .map(|path| format!("{origin}{path}"));
    cx.show(&json!({ "address": origin, "set_up": first }), &origin);
    match &first {
        Some(link) => talk(&format!(
            "Nobody has an account yet. Open this link once, within a day, to make the first:\n\n  {link}\n"
        )),
        None => talk(&format!("Tenure is at {origin}.")),
    }
    talk(
        "It carries out runs too. Stop it with Ctrl-C; what is open goes on when it is started again.",
    );
    let app = Web::new(wiring, server)?;
    web::serve(app, listener, talk, super::asked_to_stop()).await;
    Ok(Exit::Done)
}
