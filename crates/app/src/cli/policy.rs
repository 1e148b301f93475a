//! `tenure policy`: write a complete one, check it with the line of each error, apply it, show it, and compare.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use domain::TenantId;
use domain::policy::{self, Policy, PolicyError};
use miette::{LabeledSpan, NamedSource, miette};
use serde_json::{Value, json};

use super::Cx;
use crate::acts::policy as acts;
use crate::problem::{Exit, Outcome, Problem};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print a complete policy with every switch, ready to edit
    Init {
        /// The tenant it is for
        name: String,
    },
    /// Check a file, and say every error with its line
    Check {
        /// The policy
        file: PathBuf,
    },
    /// Make a file the tenant's policy
    Apply {
        /// The tenant
        name: String,
        /// The policy
        file: PathBuf,
        /// Who applies it
        #[arg(long = "as", value_name = "NAME")]
        by: String,
    },
    /// Print the policy in force
    Show {
        /// The tenant
        name: String,
    },
    /// Compare a file with the policy in force
    Diff {
        /// The tenant
        name: String,
        /// The policy
        file: PathBuf,
    },
    /// Print the JSON Schema, for completion in editors
    Schema,
}

pub(super) async fn run(cx: &Cx, command: Command) -> Outcome<Exit> {
    match command {
        Command::Init { name } => {
            let text = acts::template();
            cx.show(&json!({ "tenant": name, "policy": text }), &text);
        }
        Command::Schema => super::out(&format!("{:#}", policy::schema(&steps::catalogue()))),
        Command::Check { file } => {
            read(&file)?;
            cx.show(
                &json!({ "file": file, "errors": [] }),
                format!("{}: no errors", file.display()),
            );
        }
        Command::Apply { name, file, by } => apply(cx, &name, &file, &by).await?,
        Command::Show { name } => {
            let wiring = cx.open().await?;
            let tenant = wiring.tenant(&name).await?.name;
            let version = crate::planning::version(&wiring, &tenant).await?;
            cx.show(&json!(version), &version.text);
        }
        Command::Diff { name, file } => diff(cx, &name, &file).await?,
    }
    Ok(Exit::Done)
}

/// Reads and checks a policy file.
///
/// # Errors
/// Every error of the file, shown in its line.
fn read(file: &Path) -> Result<(String, Policy), Problem> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Problem::unreadable("policy", file, &error))?;
    let policy = policy::parse(&text, &steps::catalogue())
        .map_err(|errors| wrong(&file.display().to_string(), &text, &errors))?;
    Ok((text, policy))
}

/// Errors of a policy with their lines, as a problem.
pub(crate) fn wrong(name: &str, text: &str, errors: &[PolicyError]) -> Problem {
    let errors = acts::meaningful(errors);
    let shown: Vec<String> = errors
        .iter()
        .map(|error| shown(name, text, error))
        .collect();
    Problem {
        code: "policy".to_owned(),
        what: vec![format!(
            "{name} has {} error(s); nothing was applied\n{}",
            errors.len(),
            shown.join("\n")
        )],
        hint: Some("correct the lines shown; `tenure policy check FILE` looks again".to_owned()),
        exit: Exit::Refused,
    }
}

fn shown(name: &str, text: &str, error: &PolicyError) -> String {
    let label = LabeledSpan::at(
        error.span.clone(),
        if error.field.is_empty() {
            "here".to_owned()
        } else {
            error.field.clone()
        },
    );
    let mut report = miette!(labels = vec![label], "{}", error.message);
    if let Some(help) = &error.help {
        report = miette!(
            labels = vec![LabeledSpan::at(error.span.clone(), error.field.clone())],
            help = help.clone(),
            "{}",
            error.message
        );
    }
    format!(
        "{:?}",
        report.with_source_code(NamedSource::new(name, text.to_owned()))
    )
}

async fn apply(cx: &Cx, name: &str, file: &Path, by: &str) -> Result<(), Problem> {
    let (text, _) = read(file)?;
    let by = super::name("--as", by)?;
    let wiring = cx.open().await?;
    let tenant = TenantId::from(name);
    let new = acts::Application {
        text: &text,
        by: &by,
        comment: None,
        base: None,
    };
    let version = acts::apply(&wiring, &tenant, &new).await?;
    let data: Value =
        json!({ "tenant": name, "version": version.version, "digest": version.digest });
    cx.show(&data, format!("{name} has policy version {} (digest {}). Plans made under an older one stay bound to it.", version.version, version.digest.short()));
    Ok(())
}

async fn diff(cx: &Cx, name: &str, file: &Path) -> Result<(), Problem> {
    let (_, new) = read(file)?;
    let wiring = cx.open().await?;
    let (_, old) = crate::planning::policy(&wiring, &TenantId::from(name)).await?;
    let lines = policy::diff(&old, &new);
    let text = if lines.is_empty() {
        "no difference".to_owned()
    } else {
        lines.join("\n")
    };
    cx.show(&json!({ "tenant": name, "changes": lines }), text);
    Ok(())
}
