//! `tenure plan action`, one step for one person; and `tenure plan offboard … --contain-now`, the emergency.

use std::sync::Arc;

use super::{How, Offboard, about, show};
use crate::acts::request::{self, Wish};
use crate::cli::{Cx, talk};
use crate::planning;
use crate::problem::{Exit, Outcome};
use crate::running::{self, Patience};
use crate::view::live::Live;
use crate::wiring::Wiring;

#[derive(clap::Args)]
pub(crate) struct Action {
    /// The step, as the policy names it, like block-sign-in
    step: String,
    /// For whom: sign-in name, object id or display name
    user: String,
    #[command(flatten)]
    how: How,
    /// Who asks; may not approve
    #[arg(long, value_name = "NAME", default_value = "operator")]
    requester: String,
}

/// Closes access at once, and stays with the run.
pub(super) async fn contain_now(cx: &Cx, wiring: Wiring, args: Offboard) -> Outcome<Exit> {
    let wish = about(&args.user, &args.how, &args.requester)?;
    let wiring = Arc::new(wiring);
    let (stored, run) = planning::contain_now(&wiring, wish.into_request()).await?;
    talk(&format!(
        "Run {run} closes the access of {}, approved beforehand by the policy (plan {}, digest {}).",
        stored.plan.upn,
        stored.id,
        stored.digest.short()
    ));
    let observer = Arc::new(Live::new(cx.json));
    let state = running::to_its_end(&wiring, &run, Patience::WhileItMoves, observer).await?;
    Ok(crate::cli::run::ended(cx, &wiring, &stored, &state).await)
}

/// One step for one person.
pub(super) async fn plan(cx: &Cx, wiring: &Wiring, args: Action) -> Outcome<Exit> {
    let wish = Wish {
        only: Some(vec![args.step]),
        ..about(&args.user, &args.how, &args.requester)?
    };
    let stored = request::make(wiring, wish, !args.how.no_scan).await?;
    show(cx, wiring, &stored).await?;
    Ok(Exit::Done)
}
