//! Makes what the pages load: installs from npm by the lockfile, joins the style sheets and scripts into one file each.
//!
//! The result lies in a folder that git ignores; the app embeds it. A stamp over every source says whether it is still good.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::run;

/// In the order of their layers; the pages' own stand where the star is.
const SHEETS: &[&str] = &["tokens", "base", "shell", "parts", "*", "print"];
const SCRIPTS: &[&str] = &[
    "node_modules/htmx.org/dist/htmx.min.js",
    "node_modules/htmx.org/dist/ext/hx-sse.min.js",
];
const STAMP: &str = "stamp.txt";

/// Where the sources are.
fn folder() -> PathBuf {
    run::root().join("crates/app/assets")
}

/// Makes them anew when a source or the lockfile is not what they were made from.
///
/// # Errors
/// When npm is missing or fails, or a file cannot be read or written.
pub(crate) fn ensure() -> anyhow::Result<()> {
    let made = fs::read_to_string(folder().join("dist").join(STAMP)).unwrap_or_default();
    if made == stamp()? { Ok(()) } else { run() }
}

/// Installs what is missing and writes `dist`.
///
/// # Errors
/// When npm is missing or fails, or a file cannot be read or written.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = folder();
    install(&folder)?;
    let dist = folder.join("dist");
    fs::create_dir_all(&dist)?;
    fs::write(dist.join("app.css"), style()?)?;
    fs::write(dist.join("app.js"), script()?)?;
    for name in ["icons.svg", "mark.svg"] {
        fs::copy(folder.join(name), dist.join(name))?;
    }
    // Last, so that what was cut off in the middle is made again.
    fs::write(dist.join(STAMP), stamp()?)?;
    Ok(())
}

/// `npm ci`, unless the folder holds what this very lockfile names.
///
/// # Errors
/// When npm is missing or fails.
pub(crate) fn install(folder: &Path) -> anyhow::Result<()> {
    let lock = fs::read_to_string(folder.join("package-lock.json"))?;
    let marker = folder.join("node_modules/.made-from.json");
    if fs::read_to_string(&marker).is_ok_and(|made| made == lock) {
        return Ok(());
    }
    let output = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .output()
        .context("npm could not be started: the packages come from it by lockfile, install Node.js 20 or later")?;
    ensure!(
        output.status.success(),
        "npm ci in {} failed: {}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    fs::write(marker, lock)?;
    Ok(())
}

/// The style sheet, layer by layer.
fn style() -> anyhow::Result<String> {
    let css = folder().join("css");
    let mut text = String::new();
    for sheet in SHEETS {
        let paths = match *sheet {
            "*" => files(&css.join("pages"))?,
            name => vec![css.join(format!("{name}.css"))],
        };
        for path in paths {
            text.push_str(&lean(&read(&path)?));
        }
    }
    Ok(text)
}

/// htmx, its stream extension and our own few lines, in one file: a page makes at most four requests.
fn script() -> anyhow::Result<String> {
    let mut text = String::new();
    for path in SCRIPTS {
        for line in read(&folder().join(path))?.lines() {
            if !line.starts_with("//# sourceMappingURL") {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text.push_str(&own_script()?);
    Ok(text)
}

fn own_script() -> anyhow::Result<String> {
    Ok(lean(&read(&folder().join("js/tenure.js"))?))
}

/// Without indentation, and without lines that are nothing but a comment.
fn lean(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let kept = lines.filter(|line| {
        let block =
            line.starts_with("/*") && line.ends_with("*/") && line.matches("*/").count() == 1;
        !line.is_empty() && !line.starts_with("//") && !block
    });
    kept.flat_map(|line| [line, "\n"]).collect()
}

/// Over the names and the content of every source.
fn stamp() -> anyhow::Result<String> {
    let folder = folder();
    let mut hash = Sha256::new();
    let mut paths = files(&folder.join("css"))?;
    paths.extend(files(&folder.join("css/pages"))?);
    paths.extend(files(&folder.join("js"))?);
    for name in ["icons.svg", "mark.svg", "package.json", "package-lock.json"] {
        paths.push(folder.join(name));
    }
    // What joins them is a source as well.
    hash.update(include_str!("assets.rs"));
    for path in paths {
        hash.update(path.strip_prefix(&folder)?.to_string_lossy().as_bytes());
        hash.update([0]);
        hash.update(fs::read(&path)?);
        hash.update([0]);
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// The files right below a folder, by name.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
