//! `tenure doctor`: checks this installation and says what to do about what is wrong.

use serde_json::json;
use store::TenantScope;

use super::Cx;
use crate::clock;
use crate::problem::{Exit, Outcome, Problem};
use crate::running;
use crate::view::style::{DANGER, GOOD, paint};
use crate::wiring::{Wiring, of_call, of_store};

/// One check: what, whether it holds, and what to do.
struct Finding {
    what: String,
    holds: bool,
    say: String,
}

pub(super) async fn run(cx: &Cx) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    let mut found = vec![Finding {
        what: "store".to_owned(),
        holds: true,
        say: format!("{} opens with its key", wiring.store.path().display()),
    }];
    let faults = wiring.store.check(clock::now()).await.map_err(of_store)?;
    found.push(Finding {
        what: "integrity".to_owned(),
        holds: faults.is_empty(),
        say: if faults.is_empty() {
            "no damage".to_owned()
        } else {
            faults.join("; ")
        },
    });
    let driven = running::has_worker(&wiring).await?;
    let say = if driven {
        "a worker drives this store"
    } else {
        "no worker: scheduled and detached runs wait until `tenure worker` is started"
    };
    found.push(Finding {
        what: "worker".to_owned(),
        holds: true,
        say: say.to_owned(),
    });
    found.extend(tenants(&wiring).await?);
    let lines: Vec<String> = found
        .iter()
        .map(|finding| {
            let mark = if finding.holds {
                paint(GOOD, "✓")
            } else {
                paint(DANGER, "✗")
            };
            format!("{mark} {}: {}", finding.what, finding.say)
        })
        .collect();
    let data: Vec<_> = found
        .iter()
        .map(|finding| json!({ "what": finding.what, "holds": finding.holds, "say": finding.say }))
        .collect();
    cx.show(&json!(data), lines.join("\n"));
    Ok(if found.iter().all(|finding| finding.holds) {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Whether each tenant lets us in.
async fn tenants(wiring: &Wiring) -> Result<Vec<Finding>, Problem> {
    let mut found = Vec::new();
    for tenant in wiring
        .store
        .tenants(&TenantScope::provider())
        .await
        .map_err(of_store)?
    {
        let checked = match wiring.connection(&tenant).await {
            Err(problem) => Err(problem.to_string()),
            Ok(connection) => connection
                .granted()
                .await
                .map_err(|error| of_call(&tenant.name, &error).sentence()),
        };
        let (holds, say) = match checked {
            Ok(granted) => (
                true,
                format!(
                    "signs in; {} permissions granted",
                    granted.graph.len() + granted.exchange.len()
                ),
            ),
            Err(why) => (false, why),
        };
        found.push(Finding {
            what: format!("tenant {}", tenant.name),
            holds,
            say,
        });
    }
    Ok(found)
}
