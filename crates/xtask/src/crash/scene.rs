//! The scene: a folder with a tenant added, a policy applied, a plan made and approved, so that each point begins at the run.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::process::{Sandbox, tenure, tenure_json};

/// The tenant's name in Tenure.
pub(crate) const TENANT: &str = "contoso";
/// Its name in the sandbox's demo world.
const TENANT_NAME: &str = "Contoso";
/// The reference leaver there.
pub(crate) const LEAVER: &str = "nora.lindqvist@contoso.example";
const SENDER: &str = "priya.raman@contoso.example";
const EMERGENCY: &str = "emergency.access@contoso.onmicrosoft.example";
const APPLIED_BY: &str = "owner@provider.example";
const APPROVED_BY: &str = "approver@provider.example";

/// A prepared folder.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Where it lies; points work on copies.
    pub(crate) folder: PathBuf,
    /// The plan.
    pub(crate) plan: String,
    /// The tenant's id in the world.
    pub(crate) tenant: String,
    /// The world before the run.
    pub(crate) world: Value,
    /// The application's secret: it must be nowhere.
    pub(crate) secret: String,
}

/// Writes the configuration for the sandbox at this address.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn configure(folder: &Path, base: &str) -> anyhow::Result<()> {
    let text = format!(
        "[store]\nurl = \"sqlite:tenure.db\"\n\n[clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
    );
    Ok(std::fs::write(folder.join("tenure.toml"), text)?)
}

/// Prepares a folder.
///
/// # Errors
/// When a verb fails.
pub(crate) fn prepare(binary: &Path, folder: &Path, seed: u64) -> anyhow::Result<Scene> {
    std::fs::create_dir_all(folder)?;
    let sandbox = Sandbox::start(binary, folder, seed)?;
    configure(folder, &sandbox.base)?;
    let world = sandbox.ask("world")?;
    let (tenant, client, secret) =
        application(&world).context("the demo world has another form")?;
    std::fs::write(folder.join("secret"), &secret)?;
    let verb = |args: &[&str]| tenure(binary, folder, args);
    verb(&[
        "tenant",
        "add",
        TENANT,
        "--tenant-id",
        &tenant,
        "--cloud",
        "sandbox",
        "--client-id",
        &client,
        "--secret-file",
        "secret",
    ])?;
    std::fs::remove_file(folder.join("secret"))?;
    let policy = everything_on(&verb(&["policy", "init", TENANT])?);
    std::fs::write(folder.join("policy.toml"), policy)?;
    verb(&["policy", "apply", TENANT, "policy.toml", "--as", APPLIED_BY])?;
    let plan = tenure_json(
        binary,
        folder,
        &["plan", "offboard", LEAVER, "--tenant", TENANT],
    )?;
    let plan = plan["id"]
        .as_str()
        .context("the plan has no id")?
        .to_owned();
    verb(&["approve", &plan, "--as", APPROVED_BY])?;
    let world = sandbox.ask("world")?;
    Ok(Scene {
        folder: folder.to_owned(),
        plan,
        tenant,
        world,
        secret,
    })
}

/// Tenant id, client id and secret of Tenure's application.
fn application(world: &Value) -> Option<(String, String, String)> {
    let tenants = world["tenants"].as_object()?;
    let (id, tenant) = tenants
        .iter()
        .find(|(_, tenant)| tenant["name"] == TENANT_NAME)?;
    let (client, app) = tenant["apps"].as_object()?.iter().next()?;
    let secret = app["secrets"][0]["value"].as_str()?;
    Some((id.clone(), client.clone(), secret.to_owned()))
}

/// The policy template with every switch of the leaver's playbook on, and people to tell.
pub(crate) fn everything_on(template: &str) -> String {
    let mut section = "";
    let mut out = String::new();
    for line in template.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let shown = match section {
            "[protected]" if line.starts_with("break-glass-confirmed") => {
                "break-glass-confirmed = true".to_owned()
            }
            "[protected]" if line.starts_with("break-glass =") => {
                format!("break-glass = [\"{EMERGENCY}\"]")
            }
            "[notify]" if line.starts_with("# sender =") => format!("sender = \"{SENDER}\""),
            "[offboard]" if line.ends_with(".on = false") || is_switch(line) => {
                line.replace("= false", "= true")
            }
            _ => line.to_owned(),
        };
        out.push_str(&shown);
        out.push('\n');
    }
    out
}

/// Whether the line is a step's whole switch, such as `reset-password = false`.
fn is_switch(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(name, value)| value == "false" && !name.contains(['.', '#']))
}
