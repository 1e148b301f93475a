//! A store with a history of a thousand runs, for looking at lists that are long.

use std::path::Path;

use anyhow::Context as _;
use domain::{PlanId, TenantId};
use store::bench::History;
use store::{Key, Store, TenantScope};

use super::TENANTS;
use crate::crash::process::tenure_json;
use crate::crash::scene;

/// So many runs, and of each list about as many lines.
const RUNS: u32 = 1_000;
/// About six weeks for all of them.
const MINUTES_APART: u32 = 60;

/// Plans one leaver in earnest and fills the store with runs that ended like it.
///
/// # Errors
/// When a verb fails or the store refuses.
pub(super) fn fill(binary: &Path, folder: &Path) -> anyhow::Result<()> {
    let words = [
        "plan",
        "offboard",
        scene::LEAVER,
        "--tenant",
        scene::TENANT,
        "--requester",
        "hr@contoso.example",
    ];
    let plan = tenure_json(binary, folder, &words)?;
    let plan = plan["id"].as_str().context("a plan has an id")?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(filled(folder, &PlanId::from(plan)))
}

async fn filled(folder: &Path, plan: &PlanId) -> anyhow::Result<()> {
    let key = Key::from_bytes(&std::fs::read(folder.join("tenure.key"))?)?;
    let store = Store::open(&folder.join("tenure.db"), key).await?;
    let like = store.plan(&TenantScope::provider(), plan).await?;
    let tenants: Vec<TenantId> = TENANTS.iter().map(|tenant| tenant.0.into()).collect();
    let history = History {
        like: &like.plan,
        tenants: &tenants,
        runs: RUNS,
        until: scene::now(),
        minutes_apart: MINUTES_APART,
    };
    Ok(store.fill(&history).await?)
}
