//! Children that never outlive the harness: the sandbox, and Tenure itself.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::http;

const SIGKILL: i32 = 9;
const LOOK: Duration = Duration::from_millis(20);

/// A child that is killed and awaited when it goes out of scope.
#[derive(Debug)]
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _already_gone = self.0.wait();
    }
}

/// A sandbox of its own.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// Its address.
    pub(crate) base: String,
    _child: Kept,
}

impl Sandbox {
    /// Starts one on the world in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(binary: &Path, folder: &Path, seed: u64) -> anyhow::Result<Self> {
        Self::start_with(binary, folder, seed, &[])
    }

    /// The same with further options.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start_with(
        binary: &Path,
        folder: &Path,
        seed: u64,
        options: &[&str],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command
            .args(["sandbox", "--port", "0", "--world", "world.json", "--seed"])
            .arg(seed.to_string())
            .args(options)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("sandbox.log"))?);
        if folder.join("faults.json").exists() {
            command.args(["--faults", "faults.json"]);
        }
        let child = command.spawn().context("the sandbox cannot be started")?;
        let mut child = Kept(child);
        let stdout = child.0.stdout.as_mut().context("its output is piped")?;
        let mut base = String::new();
        BufReader::new(stdout).read_line(&mut base)?;
        let base = base.trim().to_owned();
        ensure!(
            base.starts_with("http://"),
            "the sandbox said “{base}” instead of its address: {}",
            tail(&folder.join("sandbox.log"))
        );
        Ok(Self {
            base,
            _child: child,
        })
    }

    /// What the control plane says.
    ///
    /// # Errors
    /// When it says nothing.
    pub(crate) fn ask(&self, what: &str) -> anyhow::Result<Value> {
        http::get(&self.base, &format!("/sandbox/{what}"))
    }
}

/// How a process of Tenure ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By SIGKILL.
    Killed,
    /// By itself, with this status.
    Exited(i32),
    /// It did nothing for too long, or went on for ever, and was stopped.
    Stuck,
}

/// One process of Tenure that carries the run.
#[derive(Debug)]
pub(crate) struct Running {
    child: Kept,
    begun: Instant,
}

/// How long a process may take, and how long it may do nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it has ended.
    pub(crate) whole: Duration,
    /// Until the next commit.
    pub(crate) still: Duration,
}

impl Running {
    /// Starts `tenure run` with these settings of the environment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(
        binary: &Path,
        folder: &Path,
        plan: &str,
        settings: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        Self::begin(binary, folder, &["run", plan], settings)
    }

    /// Starts a verb that stays, with these settings of the environment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn begin(
        binary: &Path,
        folder: &Path,
        verb: &[&str],
        settings: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("run.log"))?;
        let mut command = Command::new(binary);
        command
            .args(["--config", "tenure.toml"])
            .args(verb)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        for (name, value) in settings {
            command.env(name, value);
        }
        let child = command.spawn().context("tenure cannot be started")?;
        Ok(Self {
            child: Kept(child),
            begun: Instant::now(),
        })
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// How it ended, if it has.
    fn ended(&mut self) -> anyhow::Result<Option<End>> {
        Ok(self.child.0.try_wait()?.map(End::of))
    }

    /// Waits until it ends, or until its time has come.
    ///
    /// # Errors
    /// When it cannot be awaited.
    pub(crate) fn wait_until(&mut self, moment: Duration) -> anyhow::Result<Option<End>> {
        while self.begun.elapsed() < moment {
            if let Some(end) = self.ended()? {
                return Ok(Some(end));
            }
            std::thread::sleep(LOOK);
        }
        self.ended()
    }

    /// Waits until it has ended; none when it lives longer than that.
    ///
    /// # Errors
    /// When it cannot be awaited.
    pub(crate) fn wait_until_gone(&mut self, most: Duration) -> anyhow::Result<Option<End>> {
        let begun = Instant::now();
        loop {
            if let Some(end) = self.ended()? {
                return Ok(Some(end));
            }
            if begun.elapsed() > most {
                return Ok(None);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until it ends or `is_time` says so.
    ///
    /// # Errors
    /// When it cannot be awaited, or `is_time` fails.
    pub(crate) fn wait_for(
        &mut self,
        most: Duration,
        mut is_time: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<Option<End>> {
        while self.begun.elapsed() < most {
            if let Some(end) = self.ended()? {
                return Ok(Some(end));
            }
            if is_time()? {
                return Ok(None);
            }
            std::thread::sleep(LOOK);
        }
        self.ended()
    }

    /// Sends SIGKILL, unless it has ended by itself.
    ///
    /// # Errors
    /// When it cannot be awaited.
    pub(crate) fn kill(&mut self) -> anyhow::Result<End> {
        if let Some(end) = self.ended()? {
            return Ok(end);
        }
        self.child.0.kill()?;
        Ok(End::of(self.child.0.wait()?))
    }

    /// Waits until it ends; one that commits nothing for too long is stopped.
    ///
    /// # Errors
    /// When it cannot be awaited.
    pub(crate) fn wait(&mut self, patience: Patience, report: &Path) -> anyhow::Result<End> {
        let mut commits = 0;
        let mut moved = Instant::now();
        while self.begun.elapsed() < patience.whole {
            if let Some(end) = self.ended()? {
                return Ok(end);
            }
            std::thread::sleep(LOOK * 5);
            let now = hits(report)?.get("after-commit").copied().unwrap_or(0);
            if now != commits {
                commits = now;
                moved = Instant::now();
            }
            if moved.elapsed() > patience.still {
                break;
            }
        }
        self.kill()?;
        Ok(End::Stuck)
    }
}

impl End {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(SIGKILL)) => Self::Killed,
            // Another signal is a crash of its own: no status that means anything.
            (None, _) => Self::Exited(-1),
        }
    }
}

/// How often each class was passed, by the report that the process wrote.
///
/// # Errors
/// When the report is there and cannot be read.
pub(crate) fn hits(report: &Path) -> anyhow::Result<std::collections::BTreeMap<String, u64>> {
    let mut hits = std::collections::BTreeMap::new();
    if report.exists() {
        for line in std::fs::read_to_string(report)?.lines() {
            *hits.entry(line.to_owned()).or_insert(0) += 1;
        }
    }
    Ok(hits)
}

/// Runs a verb of Tenure to its end and gives back what it printed.
///
/// # Errors
/// When it fails; the message holds what it said.
pub(crate) fn tenure(binary: &Path, folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binary)
        .args(["--config", "tenure.toml"])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("tenure cannot be started")?;
    if !output.status.success() {
        bail!(
            "tenure {} ended with {}: {}{}",
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The same, for what it prints as JSON.
///
/// # Errors
/// When it fails or prints none.
pub(crate) fn tenure_json(binary: &Path, folder: &Path, args: &[&str]) -> anyhow::Result<Value> {
    let args = [args, &["--json"]].concat();
    let text = tenure(binary, folder, &args)?;
    serde_json::from_str(&text)
        .with_context(|| format!("tenure {} printed no JSON", args.join(" ")))
}

/// The end of a file, for a message.
pub(crate) fn tail(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// Copies the files of a folder into another one.
///
/// # Errors
/// When one cannot be copied.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path: PathBuf = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            std::fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
