//! A house for one test: a sandbox that runs as its own process, a folder with a configuration, a tenant with a policy, and the
//! binary to try on them. Everything is stopped and removed when the house is dropped.

mod http;
mod kept;
mod policy;
mod said;
mod standing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use kept::Going;
pub(crate) use policy::{CLOSING, Policy};
pub(crate) use said::Said;
pub(crate) use standing::Standing;

use kept::Sandbox;

/// Who approves in the tenant's policy.
pub(crate) const LEAD: &str = "lead@provider.example";
/// Who else does.
pub(crate) const SECOND: &str = "second@provider.example";
/// Somebody with little to lose: no role, no reports.
pub(crate) const AMIRA: &str = "amira.haddad@contoso.example";
/// The one with everything a person can leave behind.
pub(crate) const NORA: &str = "nora.lindqvist@contoso.example";
/// Another one like Amira.
pub(crate) const TOMAS: &str = "tomas.novak@contoso.example";

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a state is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(25);

/// A cloud that is unkind but quick: it lags, converts and queues, only not for long.
fn brisk() -> Value {
    json!({ "temper": {
        "lag_ms": [0, 400],
        "index_lag_ms": 200,
        "conversion_ms": 800,
        "licence_group_ms": [300, 900],
        "dynamic_group_ms": [300, 900],
        "mailbox_loss_ms": [3_000, 8_000],
        "queue_ms": [50, 300],
        "latency_ms": [1, 8],
        "stray_429": 0.0,
    } })
}

/// What a house is built with.
pub(crate) struct Plot {
    faults: Value,
    policy: Option<Policy>,
    seed: u64,
    furnish: Box<dyn FnOnce(&mut Value)>,
}

impl Plot {
    /// The default: the demonstration world, and a policy that closes access and does nothing else.
    pub(crate) fn new() -> Self {
        Self {
            faults: brisk(),
            policy: Some(Policy::closing()),
            seed: 1,
            furnish: Box::new(|_| {}),
        }
    }

    /// With another policy.
    pub(crate) fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// With a folder and a sandbox, and no tenant.
    pub(crate) fn bare(mut self) -> Self {
        self.policy = None;
        self
    }

    /// With Contoso changed before anybody looks.
    pub(crate) fn furnish(mut self, furnish: impl FnOnce(&mut Value) + 'static) -> Self {
        self.furnish = Box::new(furnish);
        self
    }

    /// Builds it.
    pub(crate) fn build(self) -> House {
        let folder = TempDir::new().unwrap();
        let world = sim::worlds::demo(now());
        let mut world: Value = serde_json::from_str(&world.to_json()).unwrap();
        (self.furnish)(&mut world["tenants"][sim::worlds::CONTOSO]);
        fs::write(folder.path().join("world.json"), world.to_string()).unwrap();
        fs::write(folder.path().join("faults.json"), self.faults.to_string()).unwrap();
        let sandbox = Sandbox::start(folder.path(), 0, self.seed);
        let house = House {
            base: sandbox.base.clone(),
            sandbox: Some(sandbox),
            seed: self.seed,
            folder,
        };
        house.write("secret.txt", sim::worlds::CLIENT_SECRET);
        house.write("tenure.toml", &house.config(&house.base));
        if let Some(policy) = self.policy {
            house.add_tenant("secret.txt").done();
            house.apply(&policy);
        }
        house
    }
}

/// The house.
pub(crate) struct House {
    base: String,
    seed: u64,
    // Dropped before the folder it writes into.
    sandbox: Option<Sandbox>,
    folder: TempDir,
}

/// The time now, for worlds and dates that lie around it.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge where time enters these tests"
)]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The binary under test, in this folder, with nothing of the caller's environment that it listens to.
pub(crate) fn binary(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenure"));
    for name in [
        "TENURE_STORE_URL",
        "TENURE_SECRETS_KEY_FILE",
        "TENURE_SECRETS_KEY",
        "TENURE_LOG",
    ] {
        command.env_remove(name);
    }
    command.env("NO_COLOR", "1").current_dir(folder);
    command
}

/// Waits until something is so.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain until {what}"
        );
        std::thread::sleep(LOOK);
    }
}

/// Tries several things at the same time, each in a house of its own.
pub(crate) fn together(things: &[fn()]) {
    std::thread::scope(|scope| {
        for thing in things {
            scope.spawn(thing);
        }
    });
}

impl House {
    /// The default house.
    pub(crate) fn new() -> Self {
        Plot::new().build()
    }

    /// A file of the house.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A configuration for a cloud at this address.
    pub(crate) fn config(&self, base: &str) -> String {
        format!(
            "[store]\nurl = \"sqlite:tenure.db\"\n\n[clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
        )
    }

    /// Runs a verb to its end.
    pub(crate) fn tenure(&self, words: &[&str]) -> Said {
        Said::of(words, binary(self.folder.path()).args(words))
    }

    /// Runs a verb to its end while everything is logged.
    pub(crate) fn tenure_loudly(&self, words: &[&str]) -> Said {
        let mut command = binary(self.folder.path());
        Said::of(words, command.env("TENURE_LOG", "trace").args(words))
    }

    /// Runs a verb to its end, with something on standard input.
    pub(crate) fn tenure_with(&self, words: &[&str], input: &str) -> Said {
        Said::fed(words, binary(self.folder.path()).args(words), input)
    }

    /// Runs a verb with `--json` and gives back what it printed.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        self.tenure(&[words, &["--json"]].concat()).done().json()
    }

    /// Starts a verb and leaves it going.
    pub(crate) fn start(&self, words: &[&str]) -> Going {
        Going::start(words, binary(self.folder.path()).args(words))
    }

    /// Connects Contoso with the secret in this file.
    pub(crate) fn add_tenant(&self, secret: &str) -> Said {
        self.tenure(&[
            "tenant",
            "add",
            "contoso",
            "--tenant-id",
            sim::worlds::CONTOSO,
            "--cloud",
            "sandbox",
            "--client-id",
            sim::worlds::CLIENT_ID,
            "--secret-file",
            secret,
        ])
    }

    /// Makes this Contoso's policy.
    pub(crate) fn apply(&self, policy: &Policy) {
        self.write("policy.toml", &policy.text());
        self.tenure(&[
            "policy",
            "apply",
            "contoso",
            "policy.toml",
            "--as",
            "owner@provider.example",
        ])
        .done();
    }

    /// Plans that somebody leaves, and gives back the plan.
    pub(crate) fn plan(&self, user: &str, more: &[&str]) -> Value {
        let words = [
            "plan",
            "offboard",
            user,
            "--tenant",
            "contoso",
            "--requester",
            "hr@contoso.example",
        ];
        self.json(&[&words, more].concat())
    }

    /// Plans that somebody leaves, and has it approved; gives back the plan's id.
    pub(crate) fn approved(&self, user: &str, more: &[&str]) -> String {
        let plan = self.plan(user, more);
        let id = plan["id"].as_str().unwrap().to_owned();
        self.approve(&id, LEAD).done();
        id
    }

    /// Approves a plan.
    pub(crate) fn approve(&self, plan: &str, by: &str) -> Said {
        self.tenure(&["approve", plan, "--as", by])
    }

    /// A run as `runs show` has it.
    pub(crate) fn run(&self, run: &str) -> Value {
        self.json(&["runs", "show", run])
    }

    /// The newest run.
    pub(crate) fn newest_run(&self) -> Option<String> {
        let runs = self.json(&["runs", "list"]);
        runs[0]["run"].as_str().map(str::to_owned)
    }

    /// What the sandbox's control plane says.
    pub(crate) fn ask(&self, what: &str) -> Value {
        http::get(&self.base, &format!("/sandbox/{what}"))
    }

    /// The user's entry in the true world.
    pub(crate) fn user(&self, what: &str) -> Value {
        let id = object(&format!("user {what}"));
        self.ask("world")["tenants"][sim::worlds::CONTOSO]["users"][id].clone()
    }

    /// Lets another human change something in Contoso.
    pub(crate) fn human(&self, change: &Value) {
        let order = json!({ "tenant": sim::worlds::CONTOSO, "change": change });
        http::post(&self.base, "/sandbox/human", &order);
    }

    /// Lets other things go wrong from now on, besides the usual.
    pub(crate) fn rules(&self, rules: &Value) {
        let mut faults = brisk();
        faults["rule"] = rules.clone();
        self.faults(&faults);
    }

    /// Lets other things go wrong from now on.
    pub(crate) fn faults(&self, faults: &Value) {
        http::post(&self.base, "/sandbox/faults", faults);
    }

    /// The sandbox's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Stops the sandbox. Its world stays.
    pub(crate) fn stop_sandbox(&mut self) {
        self.sandbox = None;
    }

    /// Starts the sandbox again where it was, on the world it left.
    pub(crate) fn start_sandbox(&mut self) {
        let port = self.base.rsplit(':').next().unwrap().parse().unwrap();
        self.sandbox = Some(Sandbox::start(self.folder.path(), port, self.seed));
    }

    /// How the house stands: what the cloud has seen changed, and what the store holds.
    pub(crate) fn standing(&self) -> Standing {
        Standing::of(self)
    }

    /// Tries something that must be refused: with this status, with these words in what it says, and with nothing changed anywhere.
    pub(crate) fn refuses(&self, words: &[&str], wanted: &[&str]) -> Said {
        let before = self.standing();
        let said = self.tenure(words).refused(wanted);
        self.standing().is_still(&before);
        said
    }
}

/// The object id of a thing of Contoso, by the word it was built with.
pub(crate) fn object(what: &str) -> String {
    sim::worlds::id(sim::worlds::CONTOSO, what)
}
