//! Who works with the web process: an operator who signed in by the set-up link, and a program with a token. And the process itself.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::super::process::{Running, Sandbox, tail};
use super::judge;
use crate::http::{Ask, Client, Reply};

/// What is needed to come in, as the store knows it.
#[derive(Clone, Debug)]
pub(crate) struct Office {
    /// The operator's cookie.
    pub(crate) cookie: String,
    /// The program's token.
    pub(crate) token: String,
}

/// The operator's address.
pub(crate) const OPERATOR: &str = "ada@provider.example";
const PASSWORD: &str = "correct horse battery 9";
/// How long a process may take until it answers.
const START: Duration = Duration::from_secs(60);

/// A port that nobody uses, below those that the system hands out by itself: it is still free when the process is started again.
pub(crate) fn port() -> anyhow::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in 0..8_000 {
        let spread = u16::try_from(std::process::id() % 8_000)?;
        let port = 20_000 + (NEXT.fetch_add(1, Ordering::SeqCst) + spread) % 8_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("there is no free port")
}

/// Writes the configuration for this sandbox and port; gives the address.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn configure(folder: &Path, sandbox: &Sandbox, port: u16) -> anyhow::Result<String> {
    let base = &sandbox.base;
    let text = format!(
        "[store]\nurl = \"sqlite:tenure.db\"\n\n[server]\nlisten = \"127.0.0.1:{port}\"\nsandbox = true\n\n[clouds.sandbox]\nlogin = \"{base}/login\"\ngraph = \"{base}/graph\"\nexchange = \"{base}/exchange\"\n"
    );
    std::fs::write(folder.join("tenure.toml"), text)?;
    Ok(format!("http://127.0.0.1:{port}"))
}

/// Starts `tenure serve` and waits until it answers; nothing when it was killed before.
///
/// # Errors
/// When it ends by itself, or never answers.
pub(crate) fn open(
    binary: &Path,
    folder: &Path,
    base: &str,
    settings: &[(&str, String)],
) -> anyhow::Result<Running> {
    let mut running = Running::begin(binary, folder, &["serve"], settings)?;
    let begun = Instant::now();
    while begun.elapsed() < START {
        let mut client = Client::new(base);
        if client
            .ask(&Ask::get("/healthz"))
            .is_ok_and(|reply| reply.status == 200)
        {
            return Ok(running);
        }
        if running.wait_until(Duration::ZERO)?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!(
        "tenure serve does not answer: {}",
        tail(&folder.join("run.log"))
    )
}

/// Sets the provider up by the link that the first start prints, and makes a client for a program.
///
/// # Errors
/// When a page does not do what it is for.
pub(crate) fn set_up(binary: &Path, folder: &Path, sandbox: &Sandbox) -> anyhow::Result<Office> {
    let base = configure(folder, sandbox, port()?)?;
    let mut running = open(binary, folder, &base, &[])?;
    let log = std::fs::read_to_string(folder.join("run.log"))?;
    let link = log
        .split_whitespace()
        .find(|word| word.contains("/set-up/tnu_"))
        .context("the first start prints no set-up link")?
        .trim_start_matches(&base)
        .to_owned();
    let mut client = Client::new(&base);
    let fields = [
        ("provider", "Example IT"),
        ("name", "Ada Admin"),
        ("email", OPERATOR),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let reply = client.ask(&Ask::form(&link, &fields).with("origin", &base))?;
    let cookie = reply
        .header("set-cookie")
        .and_then(|set| set.split(';').next())
        .with_context(|| format!("set-up answers {}: {}", reply.status, reply.text()))?
        .to_owned();
    let office = with_client(&base, cookie, "helpdesk")?;
    running.kill()?;
    std::fs::remove_file(folder.join("run.log"))?;
    Ok(office)
}

/// Signs the operator in who set the provider up.
///
/// # Errors
/// When nobody is let in.
pub(crate) fn sign_in(base: &str) -> anyhow::Result<Office> {
    let fields = [("email", OPERATOR), ("password", PASSWORD)];
    let reply = Client::new(base).ask(&Ask::form("/sign-in", &fields).with("origin", base))?;
    let cookie = reply
        .header("set-cookie")
        .and_then(|set| set.split(';').next())
        .with_context(|| format!("signing in answers {}: {}", reply.status, reply.text()))?
        .to_owned();
    // A name is taken once for good.
    with_client(base, cookie, &format!("bench-{}", judge::now()))
}

/// Makes a client for a program, as the operator of this cookie.
fn with_client(base: &str, cookie: String, name: &str) -> anyhow::Result<Office> {
    let mut client = Client::new(base);
    let mut office = Office {
        cookie,
        token: String::new(),
    };
    let page = client.ask(&office.page("/settings/clients"))?;
    let csrf = field(&page, "csrf").context("the page has no token")?;
    let fields = [
        ("csrf", csrf.as_str()),
        ("name", name),
        ("role", "admin"),
        ("tenant", ""),
    ];
    let made = client.ask(&office.form("/settings/clients", &fields, base))?;
    let text = made.text();
    let at = text.find("tnr_").context("no client was made")?;
    let letters = |letter: char| !(letter.is_ascii_alphanumeric() || "_-".contains(letter));
    office.token = text[at..]
        .split(letters)
        .next()
        .unwrap_or_default()
        .to_owned();
    ensure!(office.token.len() > 40, "the client's token is cut off");
    Ok(office)
}

impl Office {
    /// A page, as the operator's browser asks for it.
    pub(crate) fn page(&self, path: &str) -> Ask {
        Ask::get(path).with("cookie", &self.cookie)
    }

    /// A form of a page.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)], base: &str) -> Ask {
        Ask::form(path, fields)
            .with("cookie", &self.cookie)
            .with("origin", base)
    }

    /// A call of the program.
    pub(crate) fn call(&self, ask: Ask) -> Ask {
        ask.with("authorization", &format!("Bearer {}", self.token))
    }
}

/// The value of a hidden field.
pub(crate) fn field(page: &Reply, name: &str) -> Option<String> {
    let text = page.text();
    let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split('"').next().map(str::to_owned)
}
