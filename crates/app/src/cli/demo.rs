//! `tenure demo`: leavers from ticket to proof on the sandbox, which runs as its own process.
//!
//! Every step is the command that an operator would type, shown before it runs.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Parser as _;
use domain::plan::StoredPlan;
use domain::{PlanId, TenantId};
use store::TenantScope;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{Cli, Cx, talk};
use crate::config::Config;
use crate::problem::{Exit, Outcome, Problem};
use crate::view::style::{DIM, GOOD, HEAD, paint};
use crate::wiring::{Wiring, of_store};

/// Who approves in the demonstration.
const APPROVER: &str = "you@provider.example";

/// A ticket of the demonstration.
struct Ticket {
    name: &'static str,
    tenant: &'static str,
    text: &'static str,
    /// What it has to come to: a demonstration that goes another way has failed.
    becomes: Becomes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Plan,
    Question,
    Nothing,
}

const TICKETS: &[Ticket] = &[
    Ticket {
        name: "planned-leaver",
        tenant: "contoso",
        text: include_str!("../../../../examples/tickets/planned-leaver.eml"),
        becomes: Becomes::Plan,
    },
    Ticket {
        name: "same-day-termination",
        tenant: "fabrikam",
        text: include_str!("../../../../examples/tickets/same-day-termination.eml"),
        becomes: Becomes::Plan,
    },
    Ticket {
        name: "missing-date",
        tenant: "contoso",
        text: include_str!("../../../../examples/tickets/missing-date.eml"),
        becomes: Becomes::Question,
    },
    Ticket {
        name: "no-request",
        tenant: "contoso",
        text: include_str!("../../../../examples/tickets/no-request.eml"),
        becomes: Becomes::Nothing,
    },
];

const POLICIES: &[(&str, &str, &str)] = &[
    (
        "contoso",
        sim::worlds::CONTOSO,
        include_str!("../../../../examples/policies/cloud-only.toml"),
    ),
    (
        "fabrikam",
        sim::worlds::FABRIKAM,
        include_str!("../../../../examples/policies/group-licensed.toml"),
    ),
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Approve without asking, for machines
    #[arg(long)]
    yes: bool,
    /// Where the demonstration keeps its files; a fresh folder unless said
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Record the sandbox's traffic as HAR into this folder
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// What else goes wrong in the sandbox
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// The folder, the sandbox, and how to run a command against them.
struct Stage {
    folder: PathBuf,
    sandbox: Child,
    base: String,
}

pub(super) async fn run(_: &Cx, args: Args) -> Outcome<Exit> {
    let mut stage = Stage::set(&args).await?;
    let played = play(&stage, &args).await;
    // The sandbox is stopped whatever happened; its world stays in the folder.
    let _ = stage.sandbox.kill().await;
    played
}

async fn play(stage: &Stage, args: &Args) -> Outcome<Exit> {
    scene(
        "A provider with two tenants",
        "One is cloud only, the other gives licences by group. Each gets a policy that says who may ask, who decides and what is done.",
    );
    stage.provider().await?;
    let mut worst = Exit::Done;
    for ticket in TICKETS {
        worst = combine(worst, stage.ticket(ticket, args.yes).await?);
    }
    scene("What was proven", "");
    stage.prove().await?;
    scene("Look further", "");
    stage.farewell();
    Ok(worst)
}

fn combine(a: Exit, b: Exit) -> Exit {
    if a == Exit::Done { b } else { a }
}

fn scene(title: &str, text: &str) {
    talk(&format!(
        "\n{}",
        paint(
            HEAD,
            &format!(
                "── {title} {}",
                "─".repeat(90usize.saturating_sub(title.chars().count()))
            )
        )
    ));
    if !text.is_empty() {
        talk(&paint(DIM, text));
    }
}

fn quote(ticket: &str) {
    for line in ticket.trim_end().lines() {
        talk(&paint(DIM, &format!("  │ {line}")));
    }
    talk("");
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

impl Stage {
    async fn set(args: &Args) -> Result<Self, Problem> {
        let folder = match &args.dir {
            Some(folder) => folder.clone(),
            None => {
                std::env::temp_dir().join(format!("tenure-demo-{}", crate::clock::short_id('x')))
            }
        };
        std::fs::create_dir_all(&folder)?;
        if folder.join("tenure.db").exists() {
            return Err(Problem::refused(
                "folder",
                format!("{} holds an earlier demonstration", folder.display()),
            )
            .hint("name an empty folder with --dir"));
        }
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["sandbox", "--port", "0", "--world"])
            .arg(folder.join("world.json"));
        if let Some(record) = &args.record {
            std::fs::create_dir_all(record)?;
            command.arg("--record").arg(record.join("demo.har"));
        }
        if let Some(faults) = &args.faults {
            command.arg("--faults").arg(faults);
        }
        let mut sandbox = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = sandbox
            .stdout
            .take()
            .ok_or_else(|| Problem::failed("sandbox", "the sandbox has no output"))?;
        let base = BufReader::new(stdout).lines().next_line().await?;
        let base = base.ok_or_else(|| Problem::failed("sandbox", "the sandbox did not start"))?;
        let config = format!(
            "[store]\nurl = \"sqlite:tenure.db\"\n\n[clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
        );
        std::fs::write(folder.join("tenure.toml"), config)?;
        Ok(Self {
            folder,
            sandbox,
            base,
        })
    }

    fn config(&self) -> PathBuf {
        self.folder.join("tenure.toml")
    }

    /// Shows a command and runs it.
    async fn tenure(&self, words: &[&str]) -> Outcome<Exit> {
        talk(&format!(
            "{} tenure {}",
            paint(GOOD, "$"),
            self.shown(words)
        ));
        let config = self.config().display().to_string();
        let line = ["tenure", "--config", &config]
            .into_iter()
            .chain(words.iter().copied());
        let cli = Cli::try_parse_from(line)
            .map_err(|error| Problem::failed("demo", error.to_string()))?;
        Box::pin(cli.run()).await
    }

    /// Paths of the folder, shortened for reading.
    fn shown(&self, words: &[&str]) -> String {
        let folder = format!("{}/", self.folder.display());
        words
            .iter()
            .map(|word| word.replace(&folder, ""))
            .collect::<Vec<_>>()
            .join(" ")
    }

    async fn provider(&self) -> Result<(), Problem> {
        let secret = self.file("secret.txt", sim::worlds::CLIENT_SECRET)?;
        for (tenant, directory, policy) in POLICIES {
            let file = self.file(&format!("{tenant}.toml"), policy)?;
            self.tenure(&[
                "tenant",
                "add",
                tenant,
                "--tenant-id",
                directory,
                "--cloud",
                "sandbox",
                "--client-id",
                sim::worlds::CLIENT_ID,
                "--secret-file",
                &secret,
            ])
            .await?;
            self.tenure(&["policy", "apply", tenant, &file, "--as", APPROVER])
                .await?;
            self.tenure(&["tenant", "check", tenant]).await?;
        }
        std::fs::remove_file(secret)?;
        Ok(())
    }

    fn file(&self, name: &str, text: &str) -> Result<String, Problem> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// Takes one ticket as far as it goes.
    async fn ticket(&self, ticket: &Ticket, yes: bool) -> Outcome<Exit> {
        scene(&format!("Ticket: {}", ticket.name), "");
        quote(ticket.text);
        let file = self.file(&format!("{}.eml", ticket.name), ticket.text)?;
        let mut words = vec!["plan", "ticket", &file, "--tenant", ticket.tenant];
        if ticket.becomes == Becomes::Plan {
            // The day in the ticket may lie ahead: the demonstration does not wait for it.
            words.extend(["--at", "now"]);
        }
        let (plan, became) = match self.tenure(&words).await {
            Err(problem) if problem.code == "incomplete" => {
                talk(&format!("{}\n", indented(&problem.to_string())));
                (None, Becomes::Question)
            }
            Err(problem) => return Err(problem),
            Ok(_) => match self.newest_plan(ticket.tenant, ticket.name).await? {
                Some(plan) => (Some(plan), Becomes::Plan),
                None => (None, Becomes::Nothing),
            },
        };
        if became != ticket.becomes {
            return Err(Problem::failed(
                "demo",
                format!(
                    "the ticket {} was not understood as it should be",
                    ticket.name
                ),
            ));
        }
        match plan {
            Some(plan) => self.carry_out(&plan, yes).await,
            None => Ok(Exit::Done),
        }
    }

    /// The plan that was just made from this ticket, if one was.
    async fn newest_plan(&self, tenant: &str, ticket: &str) -> Result<Option<StoredPlan>, Problem> {
        let wiring = Wiring::open(&Config::load(Some(&self.config()))?).await?;
        let scope = TenantScope::of(&TenantId::from(tenant));
        let rows = wiring.store.plans(&scope, 1).await.map_err(of_store)?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let request = wiring
            .store
            .request(&scope, &row.request)
            .await
            .map_err(of_store)?;
        let own = request
            .origin
            .reference
            .as_deref()
            .is_some_and(|reference| {
                Path::new(reference)
                    .file_stem()
                    .is_some_and(|stem| stem == ticket)
            });
        if !own {
            return Ok(None);
        }
        let id: &PlanId = &row.id;
        wiring
            .store
            .plan(&scope, id)
            .await
            .map(Some)
            .map_err(of_store)
    }

    async fn carry_out(&self, stored: &StoredPlan, yes: bool) -> Outcome<Exit> {
        let id = stored.id.to_string();
        talk("");
        if !yes && !agreed(&id)? {
            talk("Not approved: nothing is done.");
            return Ok(Exit::Done);
        }
        for person in 1..=stored.plan.approval.people {
            let by = if person == 1 {
                APPROVER.to_owned()
            } else {
                format!("colleague{person}@provider.example")
            };
            self.tenure(&[
                "approve",
                &id,
                "--as",
                &by,
                "--digest",
                stored.digest.short(),
            ])
            .await?;
        }
        talk("");
        self.tenure(&["run", &id]).await
    }

    /// Exports each ledger with its head and checks it as an auditor would: without store, key or server.
    async fn prove(&self) -> Result<(), Problem> {
        for (tenant, ..) in POLICIES {
            let (file, head) = (
                self.folder.join(format!("{tenant}.ledger")),
                self.folder.join(format!("{tenant}.head")),
            );
            let (file, head) = (file.display().to_string(), head.display().to_string());
            self.tenure(&["ledger", "export", tenant, "--out", &file, "--head", &head])
                .await?;
            self.tenure(&["ledger", "verify", &file, "--head", &head])
                .await?;
            talk("");
        }
        Ok(())
    }

    fn farewell(&self) {
        let config = self.config().display().to_string();
        let lines = [
            format!("tenure --config {config} runs list"),
            format!("tenure --config {config} plan list"),
            format!(
                "tenure sandbox --world {}    # the cloud as it stands now",
                self.folder.join("world.json").display()
            ),
        ];
        for line in lines {
            talk(&format!("  {line}"));
        }
        talk(&paint(
            DIM,
            &format!(
                "  The sandbox listened at {} and is stopped now.",
                self.base
            ),
        ));
    }
}

/// Asks on the terminal.
fn agreed(plan: &str) -> Result<bool, Problem> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() {
        return Err(
            Problem::refused("approval", "there is no terminal to ask at")
                .hint("approve without asking: tenure demo --yes"),
        );
    }
    dialoguer::Confirm::new()
        .with_prompt(format!("Approve exactly plan {plan}?"))
        .default(false)
        .interact()
        .map_err(|error| Problem::failed("terminal", error.to_string()))
}
