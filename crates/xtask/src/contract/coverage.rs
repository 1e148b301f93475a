//! Holds the recorded traffic against the sources: every cmdlet and every Graph path that stands in them must have been sent.

use std::path::Path;

use anyhow::Context as _;

use super::address::split_outside;
use super::tally::Tally;
use crate::run;

/// Where requests are written down.
const SOURCES: [&str; 2] = ["crates/connectors/src/facts", "crates/steps/src"];

/// The verbs of cmdlets that Tenure may call (approved PowerShell verbs).
const VERBS: [&str; 9] = [
    "Get-", "Set-", "Add-", "Remove-", "New-", "Clear-", "Enable-", "Disable-", "Start-",
];

/// Refuses for whatever is written in the sources and was never seen.
///
/// # Errors
/// When the sources cannot be read.
pub(crate) fn of_sources(tally: &mut Tally) -> anyhow::Result<()> {
    for folder in SOURCES {
        let folder = run::root().join(folder);
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "rs") {
                of_file(&file, tally)?;
            }
        }
    }
    Ok(())
}

fn of_file(file: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    // What tests write is never sent.
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let name = file
        .strip_prefix(run::root())
        .unwrap_or(file)
        .display()
        .to_string();
    let mut written: Vec<String> = cmdlets(text)
        .filter(|cmdlet| !tally.shapes().contains(*cmdlet))
        .map(str::to_owned)
        .collect();
    // Sign-in methods are deleted from collections that stand in a table.
    let deletions = literals(text)
        .filter(|literal| literal.ends_with("Methods"))
        .map(|collection| format!("DELETE /users/{{id}}/authentication/{collection}/{{id}}"));
    written.extend(deletions.filter(|deletion| !tally.shapes().contains(deletion)));
    let is_seen = |path: &Vec<Option<&str>>| tally.shapes().iter().any(|shape| leads(shape, path));
    let unseen = paths(text).into_iter().filter(|path| !is_seen(path));
    written.extend(unseen.map(|path| shown(&path)));
    for request in written {
        tally.refuse(
            &name,
            format!(
                "{request} stands in the source and was never sent; furnish a scene in which it is"
            ),
        );
    }
    Ok(())
}

/// Literals that are cmdlets.
fn cmdlets(text: &str) -> impl Iterator<Item = &str> {
    literals(text).filter(|literal| {
        VERBS.iter().any(|verb| {
            literal.strip_prefix(verb).is_some_and(|noun| {
                noun.starts_with(|c: char| c.is_ascii_uppercase())
                    && noun.chars().all(|c| c.is_ascii_alphabetic())
            })
        })
    })
}

fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
}

/// The segments in `Path::of([…])`; `None` for one that is no literal.
fn paths(text: &str) -> Vec<Vec<Option<&str>>> {
    let inside = text
        .split("Path::of([")
        .skip(1)
        .filter_map(|rest| rest.split(']').next());
    inside
        .map(|inside| {
            let parts = split_outside(inside, ',').into_iter().map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(|part| {
                    part.strip_prefix('"')
                        .and_then(|part| part.strip_suffix('"'))
                })
                .collect()
        })
        .collect()
}

/// Whether a request that was seen (`GET /users/{id}/manager`) is one with these segments.
fn leads(shape: &str, path: &[Option<&str>]) -> bool {
    let Some((_, seen)) = shape.split_once(" /") else {
        return false;
    };
    let seen: Vec<&str> = seen.split('/').collect();
    seen.len() == path.len()
        && seen
            .iter()
            .zip(path)
            .all(|(seen, part)| part.is_none_or(|part| part == *seen))
}

fn shown(path: &[Option<&str>]) -> String {
    path.iter()
        .map(|part| format!("/{}", part.unwrap_or("…")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_for_what_they_send() {
        let text = "Path::of([\"users\", param(task, \"user\"), \"manager\"])\n// \"Get-Comment\"\nabout(\"Set-Mailbox\", \"Get-\")";
        assert_eq!(cmdlets(text).collect::<Vec<_>>(), ["Set-Mailbox"]);
        let path = paths(text).remove(0);
        assert_eq!(path, [Some("users"), None, Some("manager")]);
        assert!(leads("GET /users/{id}/manager", &path));
        assert!(!leads("GET /users/{id}/manager/$ref", &path));
        assert!(!leads("Set-Mailbox", &path));
    }
}
