//! The scene: a folder with a tenant added, a policy applied, a plan made and approved, so that each point begins at the run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::play::settled;
use super::process::{Sandbox, tenure, tenure_json};
use super::served::office::{self, Office};
use super::story::Story;

/// The tenant's name in Tenure.
pub(crate) const TENANT: &str = "contoso";
/// Its name in the sandbox's demo world.
const TENANT_NAME: &str = "Contoso";
/// The reference leaver there.
pub(crate) const LEAVER: &str = "nora.lindqvist@contoso.example";
/// The joiner's sign-in name.
pub(crate) const JOINER: &str = "iris.falk@contoso.example";
/// Whom the joiner reports to.
pub(crate) const MANAGER: &str = "henrik.dahl@contoso.example";
const SENDER: &str = "priya.raman@contoso.example";
const EMERGENCY: &str = "emergency.access@contoso.onmicrosoft.example";
const APPLIED_BY: &str = "owner@provider.example";
const APPROVED_BY: &str = "approver@provider.example";

/// How far ahead of the plan the joiner's first moment of work lies: the account is made before it, and opened after.
const UNTIL_START: SignedDuration = SignedDuration::from_secs(6);

/// A prepared folder.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Where it lies; points work on copies.
    pub(crate) folder: PathBuf,
    /// Whose run it is.
    pub(crate) story: Story,
    /// The plan.
    pub(crate) plan: String,
    /// The tenant's id in the world.
    pub(crate) tenant: String,
    /// The world before anything was done in it.
    pub(crate) first: Value,
    /// The world before the run.
    pub(crate) world: Value,
    /// The application's secret: it must be nowhere.
    pub(crate) secret: String,
    /// Who comes in by the web, where that is what is struck.
    pub(crate) office: Option<Office>,
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

/// Prepares a folder for the leaver's run.
///
/// # Errors
/// When a verb fails.
pub(crate) fn prepare(binary: &Path, folder: &Path, seed: u64) -> anyhow::Result<Scene> {
    prepare_for(binary, folder, seed, Story::Leaver)
}

/// Prepares a folder for a story's run.
///
/// # Errors
/// When a verb fails.
pub(crate) fn prepare_for(
    binary: &Path,
    folder: &Path,
    seed: u64,
    story: Story,
) -> anyhow::Result<Scene> {
    std::fs::create_dir_all(folder)?;
    let faults = folder.join("faults.json");
    if story == Story::Undo {
        // What is taken back was done in a calm cloud: it is not what is judged.
        std::fs::write(&faults, serde_json::to_string(&sim::Faults::calm())?)?;
    }
    let sandbox = Sandbox::start(binary, folder, seed)?;
    configure(folder, &sandbox.base)?;
    let first = sandbox.ask("world")?;
    let (tenant, client, secret) =
        application(&first).context("the demo world has another form")?;
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
    let template = verb(&["policy", "init", TENANT])?;
    let policy = match story {
        Story::Leaver | Story::Joiner | Story::Undo => with_roles(&everything_on(&template)),
        Story::Link => with_roles(&everything_on(&template)).replace(
            "notify-manager.pass = \"message\"",
            "notify-manager.pass = \"link\"",
        ),
        // The decision is what is struck: the run behind it may be short.
        Story::Web | Story::Api | Story::Race | Story::Press => confirmed(&template),
    };
    std::fs::write(folder.join("policy.toml"), policy)?;
    verb(&["policy", "apply", TENANT, "policy.toml", "--as", APPLIED_BY])?;
    let plan = match story {
        Story::Leaver => leaver(binary, folder)?,
        Story::Joiner => joiner(binary, folder)?,
        Story::Undo => taking_back(binary, folder, &sandbox, &tenant)?,
        Story::Link => coming(binary, folder, false)?,
        Story::Web | Story::Api | Story::Race | Story::Press => {
            let args = ["plan", "offboard", LEAVER, "--tenant", TENANT];
            planned(binary, folder, &args)?
        }
    };
    let office = match story {
        Story::Leaver | Story::Joiner | Story::Undo => None,
        _ => Some(office::set_up(binary, folder, &sandbox)?),
    };
    let world = settled(&sandbox, &tenant)?;
    if faults.exists() {
        std::fs::remove_file(&faults)?;
    }
    Ok(Scene {
        folder: folder.to_owned(),
        story,
        plan,
        tenant,
        first,
        world,
        secret,
        office,
    })
}

/// Makes a plan.
fn planned(binary: &Path, folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let plan = tenure_json(binary, folder, args)?;
    let plan = plan["id"].as_str().context("the plan has no id")?;
    Ok(plan.to_owned())
}

/// Makes a plan and approves it.
fn approved(binary: &Path, folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let plan = planned(binary, folder, args)?;
    tenure(binary, folder, &["approve", &plan, "--as", APPROVED_BY])?;
    Ok(plan)
}

fn leaver(binary: &Path, folder: &Path) -> anyhow::Result<String> {
    approved(
        binary,
        folder,
        &["plan", "offboard", LEAVER, "--tenant", TENANT],
    )
}

fn joiner(binary: &Path, folder: &Path) -> anyhow::Result<String> {
    coming(binary, folder, true)
}

/// The joiner's first moment of work has come when the run begins: a run that waits for it would need a worker.
fn coming(binary: &Path, folder: &Path, is_approved: bool) -> anyhow::Result<String> {
    let start = now().checked_add(UNTIL_START)?;
    std::fs::write(folder.join("person.toml"), person(&format!("{start:.0}")))?;
    let args = [
        "plan",
        "onboard",
        "--tenant",
        TENANT,
        "--file",
        "person.toml",
    ];
    let plan = if is_approved {
        approved(binary, folder, &args)?
    } else {
        planned(binary, folder, &args)?
    };
    let left = start.duration_since(now());
    std::thread::sleep(Duration::try_from(left).unwrap_or_default() + Duration::from_secs(1));
    Ok(plan)
}

/// The time by which the process that is tried lives.
#[expect(
    clippy::disallowed_methods,
    reason = "the process that is struck lives by the real clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The joiner as a file describes her.
pub(crate) fn person(start: &str) -> String {
    format!(
        "given-name = \"Iris\"\nfamily-name = \"Falk\"\nstart = \"{start}\"\nrole = \"sales\"\njob-title = \"Account Manager\"\n\
         department = \"Sales\"\nmanager = \"{MANAGER}\"\nmobile = \"+49 1512 3456789\"\nemployee-id = \"4711\"\n\
         copy-from = \"tomas.novak@contoso.example\"\n"
    )
}

/// The leaver's run is carried out, and its taking back planned.
fn taking_back(
    binary: &Path,
    folder: &Path,
    sandbox: &Sandbox,
    tenant: &str,
) -> anyhow::Result<String> {
    let plan = leaver(binary, folder)?;
    let ran = tenure_json(binary, folder, &["run", &plan])?;
    ensure!(
        ran["outcome"] == "completed",
        "the run that is to be taken back did not complete: {}",
        ran["state"]["findings"]
    );
    settled(sandbox, tenant)?;
    let runs = tenure_json(binary, folder, &["runs", "list"])?;
    let run = runs[0]["run"].as_str().context("there is no run")?;
    approved(binary, folder, &["undo", run])
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

/// The policy template as it is, with the emergency account confirmed.
fn confirmed(template: &str) -> String {
    let emergency = format!("break-glass = [\"{EMERGENCY}\"]");
    let line = |line: &str| match line {
        "break-glass-confirmed = false" => "break-glass-confirmed = true".to_owned(),
        line if line.starts_with("break-glass =") => emergency.clone(),
        // A program approves only where the policy names it.
        "approvers = []" => format!("approvers = [\"{}\", \"api:helpdesk\"]", office::OPERATOR),
        line => line.to_owned(),
    };
    template.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
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

/// The policy with a role that brings one of everything, every switch of the joiner's playbook on, and what requests may ask for.
pub(crate) fn with_roles(policy: &str) -> String {
    const ROLE: &str = r#"
[roles.sales]
licences = ["SPE_E3"]
groups = ["Sales Team", "Project Aurora"]
lists = ["All Staff", "Sales News"]
mailboxes = [{ address = "orders@contoso.example", rights = ["full-access", "send-as", "send-on-behalf"] }]
"#;
    const LINES: [(&str, &str, &str); 8] = [
        ("[asks]", "groups = []", "groups = [\"*\"]"),
        ("[asks]", "licences = []", "licences = [\"*\"]"),
        ("[asks]", "mailboxes = []", "mailboxes = [\"*\"]"),
        ("[asks]", "copy = []", "copy = [\"*\"]"),
        (
            "[onboard]",
            "register-phone-method = false",
            "register-phone-method = true",
        ),
        (
            "[onboard]",
            "mailbox-settings.aliases = []",
            "mailbox-settings.aliases = [\"{f}{last}\"]",
        ),
        (
            "[onboard]",
            "mailbox-settings.archive = false",
            "mailbox-settings.archive = true",
        ),
        (
            "[onboard]",
            "# mailbox-settings.language = \"…\"",
            "mailbox-settings.language = \"en-GB\"",
        ),
    ];
    let mut section = "";
    let mut out = String::new();
    for line in policy.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let other = LINES
            .iter()
            .find(|(within, from, _)| *within == section && *from == line);
        out.push_str(other.map_or(line, |(_, _, to)| *to));
        out.push('\n');
    }
    out + ROLE
}

/// Whether the line is a step's whole switch, such as `reset-password = false`.
fn is_switch(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(name, value)| value == "false" && !name.contains(['.', '#']))
}
