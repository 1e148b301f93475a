//! A sign-in provider that we did not write: a certified one from npm, against which the sign-in's own tests run.
//!
//! The hostile provider of the tests was written by the people who wrote the client. What both misread alike, they cannot see.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::run;

const PACKAGE: &str = include_str!("../../../e2e/oidc/package.json");
const LOCK: &str = include_str!("../../../e2e/oidc/package-lock.json");
const PROVIDER: &str = include_str!("../../../e2e/oidc/provider.mjs");
/// Exactly this many tests run, or the check itself is broken.
const TESTS: &str = "2 passed";

/// Installs what is missing, starts the provider, and lets the client sign in there.
///
/// # Errors
/// When Node.js is missing, a package cannot be had, or a test fails.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = install()?;
    let provider = Provider::start(&folder)?;
    say("The sign-in against a provider that we did not write:");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--package", "app", "--bin", "tenure"])
        .arg("sign_in::oidc::real::")
        .env("TENURE_TEST_OIDC", &provider.issuer)
        .current_dir(run::root())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    let said = String::from_utf8_lossy(&output.stdout);
    say(said.trim());
    ensure!(
        output.status.success() && said.contains(TESTS),
        "the client and the provider disagree: either the sign-in is wrong, or e2e/oidc/provider.mjs is"
    );
    Ok(())
}

/// The provider, ended when this goes out of scope.
struct Provider {
    issuer: String,
    child: Child,
}

impl Provider {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            // It ends with its input, so that it does not stay when this is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node could not be started: install Node.js 20 or later")?;
        let stdout = child.stdout.take();
        let mut provider = Self {
            issuer: String::new(),
            child,
        };
        let stdout = stdout.context("its output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let issuer = lines.find_map(|line| line.ok().filter(|line| line.starts_with("http://")));
        provider.issuer =
            issuer.context("the provider ended before it listened; it says above why")?;
        // Whatever else it prints must not fill the pipe and stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(provider)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}

/// A folder with the provider and exactly the packages of its lockfile; made anew when one of them changes.
fn install() -> anyhow::Result<PathBuf> {
    let folder = run::target().join("oidc");
    let marker = folder.join("installed.txt");
    let wanted = [PACKAGE, LOCK].concat();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("provider.mjs"), PROVIDER)?;
    if std::fs::read_to_string(&marker).unwrap_or_default() == wanted
        && folder.join("node_modules").exists()
    {
        return Ok(folder);
    }
    std::fs::write(folder.join("package.json"), PACKAGE)?;
    std::fs::write(folder.join("package-lock.json"), LOCK)?;
    say("Installing the sign-in provider (once, a few seconds).");
    // By the lockfile's hashes; nothing runs on installing.
    let status = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--silent",
        ])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .status()
        .context("npm could not be started: install Node.js 20 or later with npm")?;
    ensure!(
        status.success(),
        "the packages of e2e/oidc/package-lock.json could not be installed; npm says above why (a way to the package registry is needed)"
    );
    std::fs::write(&marker, wanted)?;
    Ok(folder)
}

#[expect(clippy::print_stdout, reason = "what this command is for")]
fn say(line: &str) {
    println!("{line}");
}
