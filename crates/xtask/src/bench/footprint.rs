//! What a process of Tenure takes when nothing is to be done: memory, time to start, size of the binary.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::crash::process::tail;

/// How long a worker rests before its memory is read.
const REST: Duration = Duration::from_secs(5);
/// How often a start is measured; the middle one counts.
const STARTS: usize = 15;
const BYTES_PER_MB: f64 = 1_048_576.0;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Footprint {
    /// Memory of an idle `tenure worker` that is in RAM, in MiB.
    worker_mb: f64,
    /// The most it has had, in MiB.
    worker_peak_mb: f64,
    /// From start to end of `tenure --version`, in milliseconds.
    version_ms: f64,
    /// The same for `tenure runs list`, which opens the store, in milliseconds.
    runs_ms: f64,
    /// Size of the binary, debugging information included, in MiB.
    binary_mb: f64,
}

impl Footprint {
    /// What to print.
    pub(super) fn lines(&self) -> Vec<String> {
        vec![
            format!(
                "idle `tenure worker`: {:.0} MiB in memory, {:.0} MiB at most",
                self.worker_mb, self.worker_peak_mb
            ),
            format!(
                "start to end: `tenure --version` {:.0} ms, `tenure runs list` (opens the store) {:.0} ms",
                self.version_ms, self.runs_ms
            ),
            format!("binary: {:.0} MiB", self.binary_mb),
        ]
    }
}

/// Stops the worker when it goes out of scope.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _already_gone = self.0.wait();
    }
}

/// Measures on a prepared folder.
///
/// # Errors
/// When a process does not start or does not stay.
pub(super) fn measure(binary: &Path, folder: &Path) -> anyhow::Result<Footprint> {
    let [worker_mb, worker_peak_mb] = worker(binary, folder)?;
    Ok(Footprint {
        worker_mb,
        worker_peak_mb,
        version_ms: start(binary, folder, &["--version"])?,
        runs_ms: start(binary, folder, &["--config", "tenure.toml", "runs", "list"])?,
        binary_mb: binary.metadata()?.len() as f64 / BYTES_PER_MB,
    })
}

fn worker(binary: &Path, folder: &Path) -> anyhow::Result<[f64; 2]> {
    let log = folder.join("worker.log");
    let child = Command::new(binary)
        .args(["--config", "tenure.toml", "worker"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log)?)
        .spawn()
        .context("the worker cannot be started")?;
    let mut worker = Worker(child);
    std::thread::sleep(REST);
    ensure!(
        worker.0.try_wait()?.is_none(),
        "the worker did not stay: {}",
        tail(&log)
    );
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.0.id()))
        .context("memory is read from /proc, which this system does not have")?;
    Ok([memory(&status, "VmRSS:")?, memory(&status, "VmHWM:")?])
}

/// A line of `/proc/PID/status`, in MiB.
fn memory(status: &str, name: &str) -> anyhow::Result<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .with_context(|| format!("the status of the process has no {name}"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kilobytes / 1_024.0)
}

fn start(binary: &Path, folder: &Path, args: &[&str]) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let output = Command::new(binary)
            .args(args)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .context("tenure cannot be started")?;
        ensure!(
            output.status.success(),
            "tenure {} failed: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[STARTS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_its_line() {
        let status = "VmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert!((memory(status, "VmRSS:").unwrap() - 10.0).abs() < 1e-9);
        assert!(memory(status, "VmSwap:").is_err());
    }
}
