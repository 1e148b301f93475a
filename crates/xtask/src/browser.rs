//! Does in a real browser what people do, on a sandbox and a web app with fresh data; looks at every page with axe; measures.
//!
//! The tests are in `e2e/web`; Chromium is the distribution's, Playwright and axe come from npm by the lockfile.

mod many;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::crash::process::Sandbox;
use crate::{assets, run};

/// How to run it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The main path, and axe at one width and one theme: what each change must pass
    #[arg(long)]
    short: bool,
    /// Only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

const CHROMIUM: &str = "/usr/bin/chromium";
/// How long the app may take to print its address.
const START: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
/// Name, directory, policy, and what the policy's file is called among the examples.
const TENANTS: &[(&str, &str, &str)] = &[
    ("contoso", sim::worlds::CONTOSO, "cloud-only"),
    ("fabrikam", sim::worlds::FABRIKAM, "group-licensed"),
    ("northwind", sim::worlds::NORTHWIND, "hybrid"),
];

/// A child that is stopped and awaited when it goes out of scope.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _already_gone = self.0.wait();
    }
}

/// The app, and the link that makes its first account.
pub(crate) struct App {
    /// Its address.
    pub(crate) address: String,
    /// The link that makes its first account.
    pub(crate) set_up: String,
    _child: Kept,
}

/// Installs what is missing, sets the stage, runs the tests.
///
/// # Errors
/// When something cannot be had or started, and when a test fails.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    chromium()?;
    let tests = run::root().join("e2e/web");
    assets::install(&tests)?;
    run::cargo(&["build", "--quiet", "--package", "app"])?;
    let binary = run::target().join("debug/tenure");
    let place = tempfile::tempdir()?;
    let folder = place.path();
    let sandbox = Sandbox::start(&binary, folder, 1)?;
    provider(folder, &sandbox.base)?;
    let app = serve(&binary, folder)?;
    let none = folder.join("none");
    configure(&none, &sandbox.base)?;
    let none = serve(&binary, &none)?;
    let mut command = Command::new("node");
    command
        .arg("run.mjs")
        .current_dir(&tests)
        .env("CHROMIUM", CHROMIUM)
        .env("TENURE", &binary)
        .env("TENURE_URL", &app.address)
        .env("TENURE_SET_UP", &app.set_up)
        .env("TENURE_FOLDER", folder)
        .env("TENURE_NONE_URL", &none.address)
        .env("TENURE_NONE_SET_UP", &none.set_up)
        .env("SANDBOX_URL", &sandbox.base)
        .env("SHOTS", run::target().join("browser"));
    let many;
    if !args.short {
        let folder = folder.join("many");
        provider(&folder, &sandbox.base)?;
        many::fill(&binary, &folder)?;
        many = serve(&binary, &folder)?;
        command
            .env("TENURE_MANY_URL", &many.address)
            .env("TENURE_MANY_SET_UP", &many.set_up);
    }
    if args.short {
        command.arg("--short");
    }
    if let Some(only) = &args.only {
        command.args(["--only", only]);
    }
    let status = command.status().context("node could not be started")?;
    if !status.success() {
        let log = fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(20).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!(
            "the browser tests failed: {status}\nthe app's last lines:\n{}",
            last.join("\n")
        );
    }
    Ok(())
}

/// Debian's Chromium, installed when it is missing and this is root.
fn chromium() -> anyhow::Result<()> {
    if Path::new(CHROMIUM).exists() {
        return Ok(());
    }
    let installed = Command::new("apt-get")
        .args(["install", "--yes", "--no-install-recommends", "chromium"])
        .stdout(Stdio::null())
        .status();
    ensure!(
        installed.is_ok_and(|status| status.success()) && Path::new(CHROMIUM).exists(),
        "{CHROMIUM} is not here and could not be installed: install the package chromium"
    );
    Ok(())
}

/// Three tenants with their policies, as an operator would set them up on the command line.
pub(crate) fn provider(folder: &Path, base: &str) -> anyhow::Result<()> {
    configure(folder, base)?;
    let config = folder.join("tenure.toml");
    let secret = folder.join("secret.txt");
    fs::write(&secret, sim::worlds::CLIENT_SECRET)?;
    let (config, secret_file) = (text(&config)?, text(&secret)?);
    for (name, directory, policy) in TENANTS {
        let words = [
            "--config",
            &config,
            "tenant",
            "add",
            name,
            "--tenant-id",
            directory,
            "--cloud",
            "sandbox",
            "--client-id",
            sim::worlds::CLIENT_ID,
            "--secret-file",
            &secret_file,
        ];
        run::tenure_quietly(&words)?;
        let policy = text(&run::root().join(format!("examples/policies/{policy}.toml")))?;
        let words = [
            "--config",
            &config,
            "policy",
            "apply",
            name,
            &policy,
            "--as",
            "owner@provider.example",
        ];
        run::tenure_quietly(&words)?;
    }
    fs::remove_file(secret)?;
    Ok(())
}

/// Writes the configuration for the sandbox at this address.
fn configure(folder: &Path, base: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let text = format!(
        "[store]\nurl = \"sqlite:tenure.db\"\n\n[server]\nsandbox = true\nzone = \"Europe/Berlin\"\n\n\
         [clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
    );
    Ok(fs::write(folder.join("tenure.toml"), text)?)
}

fn text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| format!("{} is no text", path.display()))
}

/// Starts the app on a free port, and reads its address and the set-up link from what it prints.
pub(crate) fn serve(binary: &Path, folder: &Path) -> anyhow::Result<App> {
    let log: PathBuf = folder.join("serve.log");
    let child = Command::new(binary)
        .args([
            "--config",
            "tenure.toml",
            "serve",
            "--listen",
            "127.0.0.1:0",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&log)?)
        .spawn()
        .context("tenure serve could not be started")?;
    let mut child = Kept(child);
    let stdout = child.0.stdout.take().context("its output is piped")?;
    let mut address = String::new();
    BufReader::new(stdout).read_line(&mut address)?;
    let address = address.trim().to_owned();
    let begun = Instant::now();
    loop {
        let said = fs::read_to_string(&log)?;
        let mut words = said.split_whitespace();
        if let Some(link) = words.find(|word| word.contains("/set-up/")) {
            return Ok(App {
                address,
                set_up: link.to_owned(),
                _child: child,
            });
        }
        ensure!(
            begun.elapsed() < START,
            "tenure serve did not print a set-up link: {said}"
        );
        std::thread::sleep(LOOK);
    }
}
