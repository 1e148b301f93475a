//! `tenure tenant`: connect tenants, list them, and check what they granted.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Subcommand};
use serde_json::json;
use store::{Secret, TenantScope};

use super::{Cx, tell};
use crate::acts::tenant::{self, Checked, Connect, Given};
use crate::problem::{Exit, Outcome, Problem};
use crate::wiring::{Wiring, of_store};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Connect a tenant: nothing is sent before `tenant check`
    Add(AddArgs),
    /// Replace a tenant's secret or certificate, as when the old one ends
    Renew(RenewArgs),
    /// List the tenants
    List,
    /// Ask for tokens, and compare what was granted with what the policy needs
    Check {
        /// The tenant
        name: String,
    },
}

#[derive(clap::Args)]
pub(crate) struct AddArgs {
    /// The name you give the tenant
    name: String,
    /// The customer's directory id
    #[arg(long, value_name = "GUID")]
    tenant_id: String,
    /// The cloud: global, gcc-high, dod, china, or a name under [clouds.NAME]
    #[arg(long, default_value = "global")]
    cloud: String,
    /// The application's client id
    #[arg(long, value_name = "GUID")]
    client_id: String,
    #[command(flatten)]
    credential: CredentialArgs,
}

#[derive(clap::Args)]
pub(crate) struct RenewArgs {
    /// The tenant
    name: String,
    /// The application's client id, where that is another one as well
    #[arg(long, value_name = "GUID")]
    client_id: Option<String>,
    #[command(flatten)]
    credential: CredentialArgs,
}

#[derive(clap::Args)]
#[command(group = ArgGroup::new("credential").required(true).args(["secret_file", "certificate"]))]
pub(crate) struct CredentialArgs {
    /// A file with the client secret
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The certificate, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
}

pub(super) async fn run(cx: &Cx, command: Command) -> Outcome<Exit> {
    let wiring = cx.open().await?;
    match command {
        Command::Add(args) => add(cx, &wiring, args).await,
        Command::Renew(args) => renew(cx, &wiring, args).await,
        Command::List => list(cx, &wiring).await,
        Command::Check { name } => check(cx, &wiring, &name).await,
    }
}

fn read(file: &Path, what: &str) -> Result<Secret, Problem> {
    let bytes = std::fs::read(file).map_err(|error| Problem::unreadable(what, file, &error))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(
            Problem::refused("file", format!("the {what} {} is empty", file.display()))
                .hint("save what the portal shows into it"),
        );
    }
    Ok(Secret::new(bytes))
}

/// The credential that was given.
fn given(args: &CredentialArgs) -> Result<Given, Problem> {
    match (&args.secret_file, &args.certificate, &args.key) {
        (Some(file), _, _) => Ok(Given::Secret(read(file, "secret")?)),
        (None, Some(certificate), Some(key)) => Ok(Given::Certificate {
            certificate: read(certificate, "certificate")?,
            key: read(key, "key")?,
        }),
        _ => Err(Problem::refused(
            "credential",
            "a secret, or a certificate with its key, is needed",
        )
        .hint("give --secret-file, or --certificate with --key")),
    }
}

/// Names the option where a page names its field.
fn flagged(mut problem: Problem) -> Problem {
    let (field, option) = match problem.code.as_str() {
        "directory" => (tenant::DIRECTORY, "--tenant-id"),
        "client" => (tenant::CLIENT, "--client-id"),
        _ => return problem,
    };
    for what in &mut problem.what {
        *what = what.replace(field, option);
    }
    problem
}

async fn renew(cx: &Cx, wiring: &Wiring, args: RenewArgs) -> Outcome<Exit> {
    let tenant = wiring.tenant(&args.name).await?;
    let given = given(&args.credential)?;
    let renewed = tenant::renew(wiring, &tenant, args.client_id.as_deref(), given).await;
    let client = renewed.map_err(flagged)?;
    let name = &tenant.name;
    cx.show(
        &json!({ "tenant": name, "client": client }),
        format!(
            "{name} signs in with the new credential from now on. Next: tenure tenant check {name}"
        ),
    );
    Ok(Exit::Done)
}

async fn add(cx: &Cx, wiring: &Wiring, args: AddArgs) -> Outcome<Exit> {
    let connect = Connect {
        name: args.name,
        directory: args.tenant_id,
        cloud: args.cloud,
        client: args.client_id,
        given: given(&args.credential)?,
    };
    let directory = connect.directory.trim().to_lowercase();
    let name = tenant::add(wiring, connect).await.map_err(flagged)?;
    cx.show(
        &json!({ "tenant": name, "directory": directory }),
        format!("Added tenant {name}. Next: tenure policy init {name} > {name}.toml, edit it, tenure policy apply {name} {name}.toml --as YOU, tenure tenant check {name}"),
    );
    Ok(Exit::Done)
}

async fn list(cx: &Cx, wiring: &Wiring) -> Outcome<Exit> {
    let tenants = wiring
        .store
        .tenants(&TenantScope::provider())
        .await
        .map_err(of_store)?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header([
        "tenant",
        "cloud",
        "directory",
        "signs in with",
    ]);
    for tenant in &tenants {
        table.add_row([
            tenant.name.as_str(),
            &tenant.cloud,
            &tenant.directory,
            &tenant.credential,
        ]);
    }
    cx.show(&json!(tenants), table.to_string());
    Ok(Exit::Done)
}

async fn check(cx: &Cx, wiring: &Wiring, name: &str) -> Outcome<Exit> {
    let tenant = wiring.tenant(name).await?;
    let Checked {
        granted,
        needed,
        missing,
        ..
    } = tenant::check(wiring, &tenant).await?;
    let data = json!({ "tenant": name, "graph": granted.graph, "exchange": granted.exchange, "needed": needed, "missing": missing });
    if missing.is_empty() {
        cx.show(
            &data,
            format!(
                "{name}: signs in, and everything its policy needs is granted ({} permissions).",
                needed.len()
            ),
        );
        return Ok(Exit::Done);
    }
    cx.show(
        &data,
        format!(
            "{name}: signs in, and misses {} of {} permissions:\n  {}",
            missing.len(),
            needed.len(),
            missing.join("\n  ")
        ),
    );
    // The data is out already, and it is one document.
    Ok(tell(&Problem::refused(
        "permissions",
        format!("{name} has not granted {}", missing.join(", ")),
    )
    .hint(
        "grant them to the application in the Entra admin center, consent again, then check again",
    )))
}
