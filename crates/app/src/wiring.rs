//! Puts the parts together: the store with its key, a connection per tenant, the hands of the engine.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use connectors::{
    Account, Cloud, Connection, Counts, Credential, Endpoints, HttpTransport, Sources,
};
use domain::policy::Policy;
use domain::{RunId, TenantId};
use jiff::Timestamp;
use secrecy::SecretString;
use store::{PolicyVersion, Store, TenantScope};

pub(crate) use crate::advice::{of_call, of_setup, of_store};
use crate::bot::TeamsBot;
use crate::clock;
use crate::config::{CloudConfig, Config};
use crate::problem::Problem;

/// Everything a verb needs that touches the store or a tenant.
pub(crate) struct Wiring {
    /// The configuration.
    pub(crate) config: Config,
    /// The store.
    pub(crate) store: Store,
    /// The Teams bot, where one is configured.
    pub(crate) bot: Option<TeamsBot>,
    connections: Mutex<HashMap<TenantId, Kept<Connection>>>,
    policies: Mutex<HashMap<TenantId, Kept<Arc<Policy>>>>,
    waits: Mutex<HashMap<String, Waits>>,
}

/// Something made once from what the store holds, with a mark of what it was made from.
#[derive(Clone)]
struct Kept<T> {
    from: String,
    made: T,
}

/// How many plans wait for one reader, as it was judged last.
#[derive(Clone, Copy)]
struct Waits {
    at: Timestamp,
    of: u64,
    mine: u64,
}

/// How long that is good, in seconds: it stands beside every page, and to judge it takes a look at each plan that waits.
const WAITS_LAST_S: i64 = 10;

impl Wiring {
    /// Opens the store.
    ///
    /// # Errors
    /// A missing or wrong key, a store from a newer version, a file that is no store.
    pub(crate) async fn open(config: &Config) -> Result<Self, Problem> {
        let path = config.store_path()?;
        let key = key(config, &path)?;
        let store = Store::open(&path, key).await.map_err(of_store)?;
        Ok(Self {
            config: config.clone(),
            bot: TeamsBot::of(config)?,
            store,
            connections: Mutex::default(),
            policies: Mutex::default(),
            waits: Mutex::default(),
        })
    }

    /// The tenant of this name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn tenant(&self, name: &str) -> Result<store::Tenant, Problem> {
        let id = TenantId::from(name);
        self.store
            .tenant(&TenantScope::of(&id), &id)
            .await
            .map_err(of_store)
    }

    /// What a verb may look at: one tenant, which has to exist, or all.
    ///
    /// # Errors
    /// When there is no such tenant.
    pub(crate) async fn scope(&self, tenant: Option<&str>) -> Result<TenantScope, Problem> {
        match tenant {
            None => Ok(TenantScope::provider()),
            Some(name) => Ok(TenantScope::of(&self.tenant(name).await?.name)),
        }
    }

    /// The connection of a tenant, made once for each process and credential so that budgets and tokens are shared.
    ///
    /// # Errors
    /// An unknown cloud, or a credential that cannot be used.
    pub(crate) async fn connection(&self, tenant: &store::Tenant) -> Result<Connection, Problem> {
        let kept = {
            let connections = self
                .connections
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            connections.get(&tenant.name).cloned()
        };
        if let Some(kept) = kept.filter(|kept| kept.from == tenant.seal) {
            return Ok(kept.made);
        }
        let credential = self
            .store
            .credential(&TenantScope::of(&tenant.name), &tenant.name)
            .await
            .map_err(of_store)?;
        let connection = connect(&self.config, tenant, credential)?;
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let kept = connections.entry(tenant.name.clone());
        let kept = kept.or_insert_with(|| Kept {
            from: tenant.seal.clone(),
            made: connection.clone(),
        });
        // Somebody else has made one meanwhile, or the credential was renewed.
        if kept.from != tenant.seal {
            *kept = Kept {
                from: tenant.seal.clone(),
                made: connection,
            };
        }
        Ok(kept.made.clone())
    }

    /// A policy as this version of Tenure reads it, read once for each text.
    ///
    /// # Errors
    /// What `read` says of a text that cannot be read.
    pub(crate) fn policy(
        &self,
        version: &PolicyVersion,
        read: impl FnOnce(&PolicyVersion) -> Result<Policy, Problem>,
    ) -> Result<Arc<Policy>, Problem> {
        let policies = || self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = policies().get(&version.tenant).cloned();
        if let Some(kept) = kept.filter(|kept| kept.from == version.digest.as_str()) {
            return Ok(kept.made);
        }
        let made = Arc::new(read(version)?);
        let kept = Kept {
            from: version.digest.as_str().to_owned(),
            made: Arc::clone(&made),
        };
        policies().insert(version.tenant.clone(), kept);
        Ok(made)
    }
}

impl Wiring {
    /// How many of so many waiting plans this reader may decide on, where it was judged a moment ago.
    pub(crate) fn waits(&self, reader: &str, of: u64, now: Timestamp) -> Option<u64> {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let known = waits.get(reader).filter(|known| {
            known.of == of && (now.as_second() - known.at.as_second()).abs() < WAITS_LAST_S
        });
        known.map(|known| known.mine)
    }

    /// Keeps how many of so many waiting plans this reader may decide on.
    pub(crate) fn keep_waits(&self, reader: &str, of: u64, mine: u64, at: Timestamp) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.insert(reader.to_owned(), Waits { at, of, mine });
    }

    /// Somebody has decided: what waits for whom is judged anew.
    pub(crate) fn forget_waits(&self) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.clear();
    }

    /// What this process sent to a tenant; nothing when it sent nothing.
    pub(crate) fn counts_of_tenant(&self, tenant: &TenantId) -> Option<Counts> {
        let connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connections.get(tenant).map(|kept| kept.made.meter.counts())
    }

    /// What a run sent to its tenant from this process; nothing when another process carried it.
    pub(crate) fn counts(&self, tenant: &TenantId, run: &RunId) -> Option<Counts> {
        let connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connections
            .get(tenant)
            .map(|kept| kept.made.meter.counts_of_run(run.as_str()))
    }
}

/// A tenant's connection with this credential. Nothing is sent yet.
///
/// # Errors
/// An unknown cloud, or a credential that cannot be used.
pub(crate) fn connect(
    config: &Config,
    tenant: &store::Tenant,
    credential: store::Credential,
) -> Result<Connection, Problem> {
    let account = Account {
        tenant_id: tenant.directory.clone(),
        client_id: tenant.client.clone(),
        credential: usable(credential)?,
    };
    let sources = Sources {
        now: Arc::new(clock::now),
        id: Arc::new(clock::uuid),
        fraction: Arc::new(rand::random::<f64>),
    };
    connectors::connect(
        &cloud(config, &tenant.cloud)?,
        account,
        Arc::new(HttpTransport::default()),
        sources,
    )
    .map_err(of_setup)
}

/// A stored credential as connectors take it.
///
/// # Errors
/// When it is no certificate or key; the message names the field.
pub(crate) fn usable(credential: store::Credential) -> Result<Credential, Problem> {
    match credential {
        store::Credential::Secret(secret) => Credential::secret(text(&secret)?),
        store::Credential::Certificate { certificate, key } => {
            Credential::certificate(certificate.expose_str().unwrap_or_default(), &text(&key)?)
        }
    }
    .map_err(of_setup)
}

fn text(secret: &store::Secret) -> Result<SecretString, Problem> {
    let text = secret.expose_str().ok_or_else(|| {
        Problem::refused("secret", "the secret is no text")
            .hint("give the file as the cloud's portal shows it")
    })?;
    Ok(SecretString::from(text.trim().to_owned()))
}

/// The cloud of this name, from the configuration or among those Tenure knows.
///
/// # Errors
/// When there is none, or its addresses cannot be used.
pub(crate) fn cloud(config: &Config, name: &str) -> Result<Cloud, Problem> {
    if let Some(CloudConfig {
        login,
        graph,
        exchange,
        graph_scope,
        exchange_scope,
    }) = config.clouds.get(name).cloned()
    {
        return Cloud::configured(
            name,
            &Endpoints {
                login,
                graph,
                exchange,
                graph_scope,
                exchange_scope,
            },
        )
        .map_err(of_setup);
    }
    Cloud::known(name).ok_or_else(|| {
        let known: Vec<String> = Cloud::known_names()
            .into_iter()
            .map(str::to_owned)
            .chain(config.clouds.keys().cloned())
            .collect();
        Problem::refused(
            "cloud",
            format!("there is no cloud “{name}”; there are {}", known.join(", ")),
        )
        .hint("name its addresses under [clouds.NAME] in tenure.toml")
    })
}

/// The key that seals secrets. The first start makes one beside the store.
fn key(config: &Config, store: &Path) -> Result<store::Key, Problem> {
    let secrets = &config.secrets;
    let text = if let Some(key) = &secrets.key {
        key.clone()
    } else if let Some(command) = &secrets.key_command {
        from_command(command)?
    } else {
        let file = secrets
            .key_file
            .clone()
            .unwrap_or_else(|| store.with_extension("key"));
        if !file.exists() && !store.exists() {
            make_key(&file)?;
        }
        std::fs::read_to_string(&file).map_err(|error| {
            Problem::refused("key", format!("the key {} cannot be read: {error}", file.display()))
                .hint("name the key with [secrets] key_file, key_command, or TENURE_SECRETS_KEY; without it nothing sealed can be opened")
        })?
    };
    store::Key::from_bytes(text.trim().as_bytes()).map_err(of_store)
}

fn from_command(command: &[String]) -> Result<String, Problem> {
    let [program, arguments @ ..] = command else {
        return Err(Problem::refused("key", "[secrets] key_command is empty")
            .hint("name a program and its arguments, like [\"pass\", \"show\", \"tenure\"]"));
    };
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| {
            mute(format!(
                "{program}, which should print the key, could not be started: {error}"
            ))
        })?;
    if !output.status.success() {
        return Err(mute(format!(
            "{program}, which should print the key, ended with {}",
            output.status
        )));
    }
    String::from_utf8(output.stdout).map_err(|_| mute(format!("{program} did not print text")))
}

fn mute(what: String) -> Problem {
    Problem::failed("key", what).hint("check [secrets] key_command by running it yourself")
}

fn make_key(file: &Path) -> Result<(), Problem> {
    use std::io::Write as _;
    let key = store::Key::generate();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        writeln!(
            options.open(file)?,
            "{}",
            key.expose_str().unwrap_or_default()
        )
    };
    write().map_err(|error| {
        Problem::failed(
            "key",
            format!("the key {} cannot be written: {error}", file.display()),
        )
        .hint("check that the folder exists and can be written")
    })?;
    crate::cli::talk(&format!(
        "Made the key {}. Keep a copy apart from the store: without it nothing sealed can be opened.",
        file.display()
    ));
    Ok(())
}
