//! The stage of the demonstration: its folder, the sandbox as a process of its own, and the commands shown before they run.

use std::path::PathBuf;
use std::process::Stdio;

use clap::Parser as _;
use domain::plan::StoredPlan;
use domain::{PlanId, RunId, TenantId};
use engine::state::Status;
use jiff::SignedDuration;
use store::TenantScope;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{APPROVER, Args, POLICIES, agreed};
use crate::cli::{Cli, talk};
use crate::clock;
use crate::config::Config;
use crate::problem::{Exit, Outcome, Problem};
use crate::view::style::{DIM, GOOD, paint};
use crate::wiring::{Wiring, of_store};

/// The folder, the sandbox, and how to run a command against them.
pub(super) struct Stage {
    folder: PathBuf,
    cloud: Process,
    pub(super) sandbox: Child,
    base: String,
    /// Whether the web app is opened on it.
    keep: bool,
}

/// How the sandbox is started.
struct Process {
    world: PathBuf,
    record: Option<PathBuf>,
    faults: Option<PathBuf>,
}

impl Process {
    /// Starts it with its clock that far behind; its base URL is the first line it prints.
    async fn start(&self, ago: SignedDuration) -> Result<(Child, String), Problem> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["sandbox", "--port", "0", "--world"])
            .arg(&self.world);
        if !ago.is_zero() {
            command.args(["--ago", &ago.as_secs().to_string()]);
        }
        if let Some(record) = &self.record {
            std::fs::create_dir_all(record)?;
            command.arg("--record").arg(record.join("demo.har"));
        }
        if let Some(faults) = &self.faults {
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
        Ok((sandbox, base))
    }
}

impl Stage {
    pub(super) async fn set(args: &Args) -> Result<Self, Problem> {
        let folder = match &args.dir {
            Some(folder) => folder.clone(),
            None => std::env::temp_dir().join(format!("tenure-demo-{}", clock::short_id('x'))),
        };
        std::fs::create_dir_all(&folder)?;
        if folder.join("tenure.db").exists() {
            return Err(Problem::refused(
                "folder",
                format!("{} holds an earlier demonstration", folder.display()),
            )
            .hint("name an empty folder with --dir"));
        }
        let cloud = Process {
            world: folder.join("world.json"),
            record: args.record.clone(),
            faults: args.faults.clone(),
        };
        let ago = if args.keep {
            super::history::FIRST
        } else {
            SignedDuration::ZERO
        };
        clock::set_back(ago);
        let (sandbox, base) = cloud.start(ago).await?;
        let stage = Self {
            folder,
            cloud,
            sandbox,
            base,
            keep: args.keep,
        };
        stage.configure()?;
        Ok(stage)
    }

    /// Writes the configuration that fits the sandbox.
    fn configure(&self) -> Result<(), Problem> {
        let base = &self.base;
        let server = if self.keep {
            "[server]\nsandbox = true\nzone = \"Europe/Stockholm\"\n\n"
        } else {
            ""
        };
        let config = format!(
            "[store]\nurl = \"sqlite:tenure.db\"\n\n{server}[clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
        );
        std::fs::write(self.config(), config)?;
        Ok(())
    }

    /// Goes on at another time: the sandbox is started again there with the world as it was left, and this process follows.
    pub(super) async fn go_to(&mut self, ago: SignedDuration) -> Result<(), Problem> {
        self.sandbox.kill().await?;
        clock::set_back(ago);
        (self.sandbox, self.base) = self.cloud.start(ago).await?;
        self.configure()
    }

    fn config(&self) -> PathBuf {
        self.folder.join("tenure.toml")
    }

    /// Shows a command and runs it.
    pub(super) async fn tenure(&self, words: &[&str]) -> Outcome<Exit> {
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

    pub(super) async fn provider(&self) -> Result<(), Problem> {
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

    pub(super) fn file(&self, name: &str, text: &str) -> Result<String, Problem> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    pub(super) async fn carry_out(
        &self,
        stored: &StoredPlan,
        yes: bool,
        how: &[&str],
    ) -> Outcome<Exit> {
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
        let words: Vec<&str> = ["run", id.as_str()]
            .into_iter()
            .chain(how.iter().copied())
            .collect();
        self.tenure(&words).await
    }

    /// Exports each ledger with its head and checks it as an auditor would: without store, key or server.
    pub(super) async fn prove(&self) -> Result<(), Problem> {
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

    pub(super) fn farewell(&self) {
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

    pub(super) async fn open(&self) -> Result<Wiring, Problem> {
        Wiring::open(&Config::load(Some(&self.config()))?).await
    }

    /// The newest plan of a tenant.
    pub(super) async fn newest_plan(&self, tenant: &str) -> Result<Option<StoredPlan>, Problem> {
        let wiring = self.open().await?;
        let scope = TenantScope::of(&TenantId::from(tenant));
        let rows = wiring.store.plans(&scope, 1).await.map_err(of_store)?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let plan = wiring.store.plan(&scope, &row.id).await;
        plan.map(Some).map_err(of_store)
    }

    /// The file that a plan's request was read from.
    pub(super) async fn origin(&self, stored: &StoredPlan) -> Result<Option<String>, Problem> {
        let wiring = self.open().await?;
        let scope = TenantScope::of(&stored.plan.tenant);
        let request = wiring.store.request(&scope, &stored.plan.request).await;
        Ok(request.map_err(of_store)?.origin.reference)
    }

    /// The run that carried out a plan.
    pub(super) async fn run_of(&self, plan: &PlanId) -> Result<Option<RunId>, Problem> {
        let wiring = self.open().await?;
        let run = wiring
            .store
            .run_of_plan(&TenantScope::provider(), plan)
            .await;
        run.map_err(of_store)
    }

    /// The run and the step that has been asked of a person, once there is one; nothing when the run ends without.
    pub(super) async fn asked(&self, plan: &PlanId) -> Result<Option<(RunId, String)>, Problem> {
        let wiring = self.open().await?;
        let scope = TenantScope::provider();
        loop {
            if let Some(run) = self.run_of(plan).await? {
                let row = wiring.store.run(&scope, &run).await.map_err(of_store)?;
                let mut steps = row.state.steps.iter();
                if let Some((key, _)) =
                    steps.find(|(_, step)| matches!(step.status, Status::WithPerson { .. }))
                {
                    return Ok(Some((run, key.to_string())));
                }
                if row.outcome().is_some() {
                    return Ok(None);
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
    }

    /// What the administrator of a tenant's own directory does there.
    pub(super) async fn on_premises(
        &self,
        tenant: &str,
        method: reqwest::Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(), Problem> {
        self.control(method, &format!("on-premises/{tenant}/{path}"), body)
            .await
    }

    /// Sets what goes wrong in the sandbox from now on.
    pub(super) async fn set_faults(&self, faults: &serde_json::Value) -> Result<(), Problem> {
        self.control(reqwest::Method::POST, "faults", faults).await
    }

    /// A call of the sandbox's control plane.
    async fn control(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<(), Problem> {
        let url = format!("{}/sandbox/{path}", self.base);
        let answer = reqwest::Client::new()
            .request(method, url)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        answer
            .map(drop)
            .map_err(|error| Problem::failed("sandbox", error.without_url().to_string()))
    }
}
