//! `cargo xtask contract`: holds what Tenure sends, what its sandbox answers and what its steps declare against
//! Microsoft's own tables.

mod address;
mod bodies;
mod calls;
mod case;
mod coverage;
mod csdl;
mod exchange;
mod filter;
mod har;
mod permissions;
mod query;
mod replies;
mod resolve;
mod tally;
#[cfg(test)]
mod tests;
mod traffic;
mod values;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use self::calls::Check;
use self::csdl::Model;
use self::exchange::Cmdlets;
use self::permissions::{Declared, Sender, Table};
use self::tally::{Kind, Tally, Violation};
use self::traffic::Archive;

/// Where the tables are, and what to hold against them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Microsoft Graph v1.0 metadata (CSDL).
    #[arg(long, value_name = "FILE")]
    metadata: PathBuf,
    /// Microsoft's table of permissions per request.
    #[arg(long, value_name = "FILE")]
    permissions: PathBuf,
    /// Microsoft's parameter tables of Exchange Online cmdlets.
    #[arg(long, value_name = "FILE")]
    cmdlets: PathBuf,
    /// Traffic recorded elsewhere; without it, every step is played on the sandbox, and Tenure's demo is run.
    #[arg(long, value_name = "FILE")]
    har: Vec<PathBuf>,
    /// Keep what is recorded in this folder, to look a violation up.
    #[arg(long, value_name = "FOLDER", conflicts_with = "har")]
    record: Option<PathBuf>,
    /// Print every different request that was seen.
    #[arg(long)]
    list: bool,
}

/// What to do about violations.
const WHERE_TO_CORRECT: &str = "What is sent is corrected in crates/steps and crates/connectors, what is answered in crates/sim, and \
what a step declares in its own file.";

/// What stands in for the steps where it is not known which of them sent a request.
const ANY_STEP: &str = "the steps together";

/// Runs the check and prints what was checked and what did not hold.
///
/// # Errors
/// When a file cannot be used, something does not hold, or a whole kind of thing was never checked.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let model = Model::parse(&read(&args.metadata)?).with_context(|| unusable(&args.metadata))?;
    let table =
        Table::parse(&read(&args.permissions)?).with_context(|| unusable(&args.permissions))?;
    let cmdlets = Cmdlets::parse(&read(&args.cmdlets)?).with_context(|| unusable(&args.cmdlets))?;
    let entries = steps::catalogue().entries;
    let steps = entries
        .iter()
        .map(|step| Sender::new(step.name, step.permissions));
    let mut declared = Declared::of(steps.collect());
    let mut tally = Tally::default();
    declared.names(&table, &mut tally);

    let own = args.har.is_empty();
    let scratch = tempfile::tempdir()?;
    let folder = args.record.as_deref().unwrap_or(scratch.path());
    for archive in archives(args.har, folder, &declared, &mut tally)? {
        let Archive { file, sender } = &archive;
        let calls = har::parse(&read(file)?, &file_name(file)).with_context(|| unusable(file))?;
        let mut check = Check {
            model: &model,
            table: &table,
            cmdlets: &cmdlets,
            declared: &mut declared,
            sender,
            tally: &mut tally,
        };
        for call in &calls {
            check.call(call);
        }
    }
    if own {
        declared.idle(&mut tally);
        coverage::of_sources(&mut tally)?;
    }
    let unseen = Kind::ALL
        .into_iter()
        .filter(|kind| tally.checked(*kind) == 0);
    for kind in unseen.collect::<Vec<_>>() {
        tally.refuse(
            "the recorded traffic",
            format!("it holds no {kind}, so nothing is proven about them; record more"),
        );
    }
    std::io::stdout().write_all(report(&tally, args.list).as_bytes())?;
    match tally.violations().len() {
        0 => Ok(()),
        count if own && args.record.is_none() => {
            bail!("{count} violations; run it again with --record FOLDER to look the places up")
        }
        count => bail!("{count} violations"),
    }
}

/// The traffic to judge: what was given, or what is recorded now.
fn archives(
    given: Vec<PathBuf>,
    folder: &Path,
    declared: &Declared,
    tally: &mut Tally,
) -> anyhow::Result<Vec<Archive>> {
    let anybody = declared.everybody(ANY_STEP);
    if !given.is_empty() {
        let archive = |file| Archive {
            file,
            sender: anybody.clone(),
        };
        return Ok(given.into_iter().map(archive).collect());
    }
    let mut archives = traffic::play_steps(folder, anybody.clone(), tally)?;
    archives.extend(traffic::play_demo(folder, &anybody)?);
    Ok(archives)
}

/// What is read first comes last: remarks, what did not hold and where, then the table.
fn report(tally: &Tally, list: bool) -> String {
    let mut text = String::new();
    if list {
        for shape in tally.shapes() {
            _ = writeln!(text, "seen: {shape}");
        }
    }
    for remark in tally.remarks() {
        _ = writeln!(text, "remark: {remark}");
    }
    for Violation {
        what,
        origin,
        times,
    } in tally.violations()
    {
        _ = writeln!(text, "violation: {what}\n  at: {origin}");
        if *times > 1 {
            _ = writeln!(text, "  and at {} more places", times - 1);
        }
    }
    if !tally.violations().is_empty() {
        _ = writeln!(text, "{WHERE_TO_CORRECT}\n");
    }
    _ = writeln!(text, "Held against Microsoft's tables:");
    let mut row = |name: &str, count: usize| _ = writeln!(text, "  {name:<22} {count:>8}");
    for kind in Kind::ALL {
        row(&kind.to_string(), tally.checked(kind));
        if kind == Kind::Requests {
            row("  different ones", tally.shapes().len());
        }
    }
    row("violations", tally.violations().len());
    text
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn unusable(path: &Path) -> String {
    format!("{} cannot be used", path.display())
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}
