//! What people say about a plan, for each other.

use domain::PlanId;
use store::TenantScope;

use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// The longest comment, in characters.
const LONGEST: usize = 4_000;

/// Keeps what somebody says about a plan; nothing where it is empty.
///
/// # Errors
/// `comment` for one that is too long, `not-found`, and store errors.
pub(crate) async fn say(
    wiring: &Wiring,
    scope: &TenantScope,
    plan: &PlanId,
    by: &str,
    text: &str,
) -> Result<(), Problem> {
    let text = text.trim();
    if text.chars().count() > LONGEST {
        let what = format!("the comment is longer than {LONGEST} characters");
        return Err(Problem::refused("comment", what).hint("say it shorter"));
    }
    if text.is_empty() {
        return Ok(());
    }
    let said = wiring
        .store
        .add_comment(scope, plan, by, text, clock::now());
    said.await.map(drop).map_err(of_store)
}
