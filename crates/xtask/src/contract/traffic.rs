//! Makes the traffic that the check reads: every step of the list is played for every person of the demo worlds on the sandbox
//! in this process, one archive per step, and then Tenure's own demo is run, which mixes all of them.

mod ask;
mod by_hand;
mod furnish;
mod joiners;
mod play;
mod scene;
mod stage;
mod vault;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::permissions::Sender;
use super::tally::Tally;
use crate::run;
use stage::Stage;

/// A recording and whoever sent what is in it.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) file: PathBuf,
    pub(crate) sender: Sender,
}

/// What came of a step over all scenes.
#[derive(Clone, Copy, Debug, Default)]
struct Deeds {
    /// It was carried out and read back as wanted.
    carried: bool,
    /// It says that it can be taken back.
    can_return: bool,
    /// It was taken back and read back as before.
    returned: bool,
}

/// Time for whatever is on its way to arrive; it costs none of ours.
const SETTLING: Duration = Duration::from_secs(120);

/// Everything recorded so far.
#[derive(Debug)]
struct Reel<'a> {
    folder: &'a Path,
    /// Who the reading of facts counts for.
    facts: Sender,
    archives: Vec<Archive>,
    deeds: BTreeMap<&'static str, Deeds>,
    /// Steps by hand that declare permissions, though nothing is sent for them.
    overasking: BTreeSet<String>,
}

impl Reel<'_> {
    /// Records what the stage's sandbox sees from now on as this sender's.
    async fn turn(&mut self, stage: &Stage, name: &str, sender: Sender) -> anyhow::Result<()> {
        // Reads of the last sender may still be on their way: a failure does not wait for its fellows.
        tokio::time::sleep(SETTLING).await;
        let name = name.replace([' ', ':', '@', '#'], "-");
        let file = self
            .folder
            .join(format!("{:05} {name}.har", self.archives.len()));
        let recording = stage.sandbox.record(&file);
        recording.with_context(|| format!("cannot write {}", file.display()))?;
        self.archives.push(Archive { file, sender });
        Ok(())
    }
}

/// Plays every step on the sandbox and gives the archives.
///
/// A step that was never carried out, or never taken back although it says it can be, is a violation: nothing would be
/// proven about its requests.
///
/// # Errors
/// When nothing can be written, or the sandbox is not as this check expects it.
pub(crate) fn play_steps(
    folder: &Path,
    facts: Sender,
    tally: &mut Tally,
) -> anyhow::Result<Vec<Archive>> {
    let named = || format!("the folder {}", folder.display());
    std::fs::create_dir_all(folder).with_context(named)?;
    ensure!(
        std::fs::read_dir(folder)
            .with_context(named)?
            .next()
            .is_none(),
        "{} is not empty; name one that is, or one that is not there yet",
        named()
    );
    let mut reel = Reel {
        folder,
        facts,
        archives: Vec::new(),
        deeds: BTreeMap::new(),
        overasking: BTreeSet::new(),
    };
    // Time stands still except where something waits, so that waiting costs nothing.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    for scene in scene::ALL {
        _ = writeln!(std::io::stderr(), "playing every step: {}", scene.name);
        runtime.block_on(play::scene(scene, &mut reel))?;
    }
    for summary in &reel.overasking {
        tally.refuse("a proposal", format!("“{summary}” is done by hand and declares permissions; it sends nothing, so leave them out"));
    }
    for step in steps::ALL {
        let name = step.about().name;
        let deeds = reel.deeds.get(name).copied().unwrap_or_default();
        if !deeds.carried {
            tally.refuse("the recorded traffic", format!("{name} was never carried out, so its requests were not seen; furnish a scene with something for it to do"));
        } else if deeds.can_return && !deeds.returned {
            tally.refuse("the recorded traffic", format!("{name} was never taken back although it can be, so those requests were not seen; furnish a scene in which it can"));
        }
    }
    Ok(reel.archives)
}

/// Builds Tenure, runs its demo with every call recorded, and gives the archives.
///
/// # Errors
/// When Tenure cannot be built, the demo fails or leaves no archive.
pub(crate) fn play_demo(folder: &Path, sender: &Sender) -> anyhow::Result<Vec<Archive>> {
    let into = folder.join("demo");
    std::fs::create_dir(&into)?;
    let faults = folder.join("calm.json");
    std::fs::write(&faults, serde_json::to_vec(&sim::Faults::calm())?)?;
    let text = |path: &Path| {
        path.to_str()
            .map(str::to_owned)
            .context("the temporary folder has no readable name")
    };
    _ = writeln!(std::io::stderr(), "running the demo");
    run::cargo(&["build", "--quiet", "--package", "app"])?;
    run::tenure_quietly(&[
        "demo",
        "--yes",
        "--record",
        &text(&into)?,
        "--faults",
        &text(&faults)?,
        "--dir",
        &text(&folder.join("demo files"))?,
    ])?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(&into)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "har"));
    files.sort();
    ensure!(!files.is_empty(), "the demo recorded nothing");
    let archive = |file| Archive {
        file,
        sender: sender.clone(),
    };
    Ok(files.into_iter().map(archive).collect())
}
