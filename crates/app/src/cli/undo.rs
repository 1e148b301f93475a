//! `tenure undo`: plans to take back what a run did. Like any plan it is shown, approved and run; nothing is changed here.

use super::plan::Restore;
use super::{Cx, plan};
use crate::problem::{Exit, Outcome};

pub(super) async fn run(cx: &Cx, args: Restore) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    plan::restore(cx, &wiring, args).await
}
