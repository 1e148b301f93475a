//! Runs other programs and fails when they fail.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .components()
        .collect()
}

/// Runs cargo in the workspace, with what the app embeds in its place.
pub(crate) fn cargo(args: &[&str]) -> anyhow::Result<()> {
    crate::assets::ensure()?;
    finish(
        Command::new(env!("CARGO")).args(args).current_dir(root()),
        "cargo",
    )
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    option_env!("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs the binary that was built last.
pub(crate) fn tenure(args: &[&str]) -> anyhow::Result<()> {
    let binary = target().join("debug/tenure");
    finish(
        Command::new(&binary).args(args).current_dir(root()),
        "tenure",
    )
}

/// Runs the binary that was built last; what it prints is shown only when it fails.
pub(crate) fn tenure_quietly(args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(target().join("debug/tenure"))
        .args(args)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .context("tenure could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "tenure {} failed: {}\n{said}",
            args.join(" "),
            output.status
        );
    }
    Ok(())
}

fn finish(command: &mut Command, name: &str) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{name} could not be started"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}
