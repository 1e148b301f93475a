//! Processes that never outlive their test.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use super::said::Said;
use super::{binary, wait_for};

/// A child that is killed and awaited when it goes out of scope.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
        let _already_gone = self.0.wait();
    }
}

/// A sandbox as a process of its own.
pub(super) struct Sandbox {
    /// Its address.
    pub(super) base: String,
    _child: Kept,
}

impl Sandbox {
    /// Starts one on the world in this folder.
    pub(super) fn start(folder: &Path, port: u16, seed: u64) -> Self {
        let mut command = binary(folder);
        command
            .args([
                "sandbox",
                "--world",
                "world.json",
                "--faults",
                "faults.json",
            ])
            .args(["--port", &port.to_string(), "--seed", &seed.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("sandbox.log")).unwrap());
        let mut child = Kept(command.spawn().unwrap());
        let mut base = String::new();
        BufReader::new(child.0.stdout.as_mut().unwrap())
            .read_line(&mut base)
            .unwrap();
        let base = base.trim().to_owned();
        assert!(
            base.starts_with("http://"),
            "the sandbox did not start: {}",
            std::fs::read_to_string(folder.join("sandbox.log")).unwrap()
        );
        Self {
            base,
            _child: child,
        }
    }
}

/// A verb that goes on by itself.
pub(crate) struct Going {
    words: String,
    child: Kept,
    out: Option<JoinHandle<String>>,
    err: Option<JoinHandle<String>>,
}

impl Going {
    pub(super) fn start(words: &[&str], command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self {
            words: words.join(" "),
            child: Kept(child),
            out: Some(drain(out)),
            err: Some(drain(err)),
        }
    }

    /// Waits until it ends by itself, and gives back what it said.
    pub(crate) fn end(mut self) -> Said {
        let words = self.words.clone();
        let status = wait_for(&format!("`tenure {words}` ends"), || {
            self.child.0.try_wait().unwrap()
        });
        self.said(status.code())
    }

    /// Asks it to stop, as a service manager does, and waits until it has.
    pub(crate) fn stop(self) -> Said {
        let id = self.child.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        self.end()
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) -> Said {
        self.child.0.kill().unwrap();
        let status = self.child.0.wait().unwrap();
        self.said(status.code())
    }

    fn said(&mut self, code: Option<i32>) -> Said {
        let text = |taken: &mut Option<JoinHandle<String>>| taken.take().unwrap().join().unwrap();
        Said {
            words: self.words.clone(),
            code,
            out: text(&mut self.out),
            err: text(&mut self.err),
        }
    }
}

/// Reads to the end, so that a full pipe never holds the process up.
fn drain(mut from: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _cut_short = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
