//! `tenure tenant`: connect tenants, list them, and check what they granted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Subcommand};
use domain::TenantId;
use domain::request::Kind;
use serde_json::json;
use store::{Credential, NewTenant, Secret, TenantScope};

use super::{Cx, tell};
use crate::clock;
use crate::planning;
use crate::problem::{Exit, Outcome, Problem};
use crate::wiring::{self, Wiring, of_call, of_store};

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

/// A GUID as stored.
fn guid(field: &str, value: &str) -> Result<String, Problem> {
    let guid = value.trim().to_lowercase();
    if uuid::Uuid::try_parse(&guid).is_err() {
        return Err(
            Problem::refused("id", format!("{field} “{value}” is no GUID"))
                .hint("copy it from the app registration in the Entra admin center"),
        );
    }
    Ok(guid)
}

/// The credential that was given, held against what connectors can use.
fn credential(args: &CredentialArgs) -> Result<Credential, Problem> {
    let credential = match (&args.secret_file, &args.certificate, &args.key) {
        (Some(file), _, _) => Credential::Secret(read(file, "secret")?),
        (None, Some(certificate), Some(key)) => Credential::Certificate {
            certificate: read(certificate, "certificate")?,
            key: read(key, "key")?,
        },
        _ => {
            return Err(Problem::refused(
                "credential",
                "a secret, or a certificate with its key, is needed",
            )
            .hint("give --secret-file, or --certificate with --key"));
        }
    };
    wiring::usable(credential.clone())?;
    Ok(credential)
}

async fn renew(cx: &Cx, wiring: &Wiring, args: RenewArgs) -> Outcome<Exit> {
    let tenant = wiring.tenant(&args.name).await?;
    let client = match &args.client_id {
        Some(given) => guid("--client-id", given)?,
        None => tenant.client.clone(),
    };
    let credential = credential(&args.credential)?;
    let name = &tenant.name;
    wiring
        .store
        .set_credential(
            &TenantScope::of(name),
            name,
            &client,
            &credential,
            clock::now(),
        )
        .await
        .map_err(of_store)?;
    cx.show(
        &json!({ "tenant": name, "client": client }),
        format!(
            "{name} signs in with the new credential from now on. Next: tenure tenant check {name}"
        ),
    );
    Ok(Exit::Done)
}

async fn add(cx: &Cx, wiring: &Wiring, args: AddArgs) -> Outcome<Exit> {
    let directory = guid("--tenant-id", &args.tenant_id)?;
    let client = guid("--client-id", &args.client_id)?;
    wiring::cloud(&cx.config, &args.cloud)?;
    let credential = credential(&args.credential)?;
    let name = TenantId::new(args.name);
    let new = NewTenant {
        name: name.clone(),
        directory,
        cloud: args.cloud,
        client,
        credential,
        at: clock::now(),
    };
    wiring
        .store
        .add_tenant(&TenantScope::of(&name), &new)
        .await
        .map_err(of_store)?;
    cx.show(
        &json!({ "tenant": name, "directory": new.directory }),
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

/// What the switched-on steps of the policy need, or of all steps where there is no policy yet.
async fn needed(wiring: &Wiring, name: &TenantId) -> Result<BTreeSet<&'static str>, Problem> {
    let policy = match planning::policy(wiring, name).await {
        Ok((_, policy)) => Some(policy),
        Err(problem) if problem.code == "no-policy" => None,
        Err(problem) => return Err(problem),
    };
    let catalogue = steps::catalogue();
    let on_for = |entry: &domain::catalogue::Entry, kind: Kind| match &policy {
        None => entry.default_on,
        Some(policy) => policy
            .playbook(kind)
            .get(entry.name)
            .map_or(entry.default_on, domain::policy::Setting::on),
    };
    let on = |entry: &domain::catalogue::Entry| {
        let mut playbooks = [Kind::Offboard, Kind::Onboard].into_iter();
        playbooks.any(|kind| entry.kinds.contains(&kind) && on_for(entry, kind))
    };
    Ok(catalogue
        .entries
        .iter()
        .filter(|entry| on(entry))
        .flat_map(|entry| entry.permissions.iter().copied())
        .collect())
}

async fn check(cx: &Cx, wiring: &Wiring, name: &str) -> Outcome<Exit> {
    let tenant = wiring.tenant(name).await?;
    let connection = wiring.connection(&tenant).await?;
    let granted = connection
        .granted()
        .await
        .map_err(|error| of_call(&tenant.name, &error))?;
    let needed: Vec<&str> = needed(wiring, &tenant.name).await?.into_iter().collect();
    let missing = granted.missing(&needed);
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
