//! Mail against a real SMTP server (aiosmtpd): encryption, sign-in, faults, and words that try to be headers.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connectors::smtp::{Config, Delivery, Mail, Person, Security, Smtp};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::{run, sdk};

const REQUIREMENTS: &str = include_str!("../outbound/requirements.txt");
const USER: &str = "tenure@contoso.example";
const PASSWORD: &str = "planted pässword";
/// A text that a careless client would turn into a second mail: the end of the data, in every spelling.
const SMUGGLED: &str = "Good morning.\r\n.\r\nMAIL FROM:<evil@fabrikam.example>\n.\nQUIT\r.\r.leading\r\n..two\r\nBye.";

/// The interpreter of an environment with a mail server and the library of Standard Webhooks.
///
/// # Errors
/// When Python is missing or a package cannot be had.
pub(crate) fn python() -> anyhow::Result<PathBuf> {
    sdk::environment(&sdk::Packages {
        folder: "outbound",
        requirements: REQUIREMENTS,
        file: "crates/xtask/outbound/requirements.txt",
        name: "a mail server and the library of Standard Webhooks",
    })
}

/// Starts the server and sends it mails in every way and with every fault.
///
/// # Errors
/// When Python is missing, a package cannot be had, or a mail ends otherwise than it should.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let cases = runtime.block_on(async {
        encryption(&mut server).await?;
        faults(&mut server).await?;
        words(&mut server).await
    });
    cases?;
    say("Mail by SMTP: encryption, sign-in, faults and foreign words are as they should be.");
    Ok(())
}

/// Every way to connect, and what must not be sent by it.
async fn encryption(server: &mut Server) -> anyhow::Result<()> {
    for (kind, security) in [
        ("starttls", Security::StartTls),
        ("implicit", Security::Implicit),
    ] {
        let smtp = Smtp::new(server.config(kind, security))?;
        delivered(&smtp.send(&mail("mara@contoso.example")).await)?;
        let taken = server.taken()?;
        ensure!(
            taken["encrypted"] == true && taken["signed_in"] == true,
            "{kind}: {taken}"
        );

        let mut wrong = server.config(kind, security);
        wrong.password = Some(SecretString::from("wrong"));
        refused(
            &Smtp::new(wrong)?.send(&mail("mara@contoso.example")).await,
            "535",
        )?;

        // Nobody vouches for this certificate without the authority.
        let mut unknown = server.config(kind, security);
        unknown.authority = None;
        again(
            &Smtp::new(unknown)?
                .send(&mail("mara@contoso.example"))
                .await,
            false,
        )?;
        // It is not for this name.
        let mut other = server.config(kind, security);
        other.host = "127.0.0.1".to_owned();
        again(
            &Smtp::new(other)?.send(&mail("mara@contoso.example")).await,
            false,
        )?;
    }
    // A server without STARTTLS gets neither password nor mail.
    let stripped = Smtp::new(server.config("stripped", Security::StartTls))?;
    refused(
        &stripped.send(&mail("mara@contoso.example")).await,
        "STARTTLS",
    )?;
    // TLS to a port that speaks none, and no server at all.
    let plain = Smtp::new(server.config("plain", Security::Implicit))?;
    again(&plain.send(&mail("mara@contoso.example")).await, false)?;
    let mut nobody = server.config("plain", Security::None);
    nobody.port = free_port()?;
    again(
        &Smtp::new(nobody)?.send(&mail("mara@contoso.example")).await,
        false,
    )?;
    // A user where nobody can sign in.
    let mut plain = server.config("plain", Security::None);
    plain.user = Some(USER.to_owned());
    plain.password = Some(SecretString::from(PASSWORD));
    refused(
        &Smtp::new(plain)?.send(&mail("mara@contoso.example")).await,
        "mechanism",
    )
}

/// What the server answers, and what is made of it.
async fn faults(server: &mut Server) -> anyhow::Result<()> {
    let smtp = Smtp::new(server.config("plain", Security::None))?;
    for (to, code) in [("busy", "451"), ("slow-down", "452")] {
        let delivery = smtp.send(&mail(&format!("{to}@contoso.example"))).await;
        let why = again(&delivery, false)?;
        ensure!(why.contains(code), "{to}: {why}");
    }
    for (to, code) in [("unknown", "550"), ("full", "552")] {
        let delivery = smtp.send(&mail(&format!("{to}@contoso.example"))).await;
        refused(&delivery, code)?;
    }
    for to in ["cut", "cut-early", "gibberish"] {
        let delivery = smtp.send(&mail(&format!("{to}@contoso.example"))).await;
        again(&delivery, true)?;
    }
    // It took the one it was cut off after; the next one has the same id and is a repetition.
    let first = server.taken()?;
    smtp.send(&mail("cut@contoso.example")).await;
    let id = |taken: &Value| {
        let text = content(taken)?;
        let line = text.lines().find(|line| line.starts_with("Message-ID:"));
        line.map(str::to_owned).context("it has an id")
    };
    ensure!(
        id(&first)? == id(&server.taken()?)?,
        "a repetition has another id"
    );
    Ok(())
}

/// Foreign words stay words.
async fn words(server: &mut Server) -> anyhow::Result<()> {
    let smtp = Smtp::new(server.config("plain", Security::None))?;
    let mut sent = mail("mara@contoso.example");
    sent.to.name = "Lindqvist, \"Mara\" <evil@fabrikam.example> Ñ".to_owned();
    sent.subject = "Approve: Bcc: evil@fabrikam.example · Ñandú ".repeat(5);
    sent.text = SMUGGLED.to_owned();
    sent.headers = vec![("X-Tenure-Run".to_owned(), "01J · ü".to_owned())];
    delivered(&smtp.send(&sent).await)?;
    let taken = server.taken()?;
    ensure!(
        taken["to"] == serde_json::json!(["mara@contoso.example"])
            && taken["from"] == "tenure@contoso.example",
        "the envelope is another: {taken}"
    );
    let text = content(&taken)?;
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    for line in head.lines() {
        let name = line.split(':').next().unwrap_or_default();
        let known = [
            "From",
            "To",
            "Subject",
            "Message-ID",
            "Date",
            "Auto-Submitted",
            "X-Tenure-Run",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding",
        ];
        ensure!(
            line.starts_with(' ') || known.contains(&name),
            "a header came from nowhere: {line}"
        );
    }
    // Had a part of it been a second mail, it would have been taken before this one.
    delivered(&smtp.send(&mail("after@contoso.example")).await)?;
    let next = server.taken()?;
    ensure!(
        next["to"] == serde_json::json!(["after@contoso.example"]),
        "a second mail was smuggled in: {next}"
    );
    Ok(())
}

fn mail(to: &str) -> Mail {
    Mail {
        to: Person {
            name: String::new(),
            address: to.to_owned(),
        },
        subject: "Approve by 17:50: offboard Mara Lindqvist".to_owned(),
        text: "Mara Lindqvist leaves today.".to_owned(),
        html: Some("<p>Mara Lindqvist leaves today.</p>".to_owned()),
        message_id: "01J.approve@tenure.contoso.example".to_owned(),
        headers: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn delivered(delivery: &Delivery) -> anyhow::Result<()> {
    match delivery {
        Delivery::Delivered { answer } if answer.contains("4711") => Ok(()),
        other => bail!("it was not delivered: {other:?}"),
    }
}

fn again(delivery: &Delivery, maybe: bool) -> anyhow::Result<&str> {
    match delivery {
        Delivery::TryAgain {
            why,
            may_have_arrived,
        } if *may_have_arrived == maybe && !why.contains("planted") => Ok(why),
        other => bail!("it should be tried again (may have arrived: {maybe}): {other:?}"),
    }
}

fn refused(delivery: &Delivery, part: &str) -> anyhow::Result<()> {
    match delivery {
        Delivery::Refused { why } if why.contains(part) && !why.contains("planted") => Ok(()),
        other => bail!("it should be refused with “{part}”: {other:?}"),
    }
}

fn content(taken: &Value) -> anyhow::Result<String> {
    let bytes = STANDARD.decode(taken["content"].as_str().context("it has content")?)?;
    Ok(String::from_utf8(bytes)?)
}

fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

/// The server's process.
struct Server {
    child: Child,
    lines: BufReader<ChildStdout>,
    start: Value,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let python = python()?;
        let mut child = Command::new(&python)
            .args([
                "-B",
                "-W",
                "ignore",
                "crates/xtask/outbound/server.py",
                USER,
                PASSWORD,
            ])
            .current_dir(run::root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started", python.display()))?;
        let stdout = child.stdout.take().context("its output is piped")?;
        let mut server = Self {
            child,
            lines: BufReader::new(stdout),
            start: Value::Null,
        };
        server.start = server.taken()?;
        Ok(server)
    }

    /// The next mail that it took.
    fn taken(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        serde_json::from_str(&line).context("the mail server ended; it says above why")
    }

    fn config(&self, kind: &str, security: Security) -> Config {
        let port = self.start["ports"][kind].as_u64().unwrap_or_default();
        let signs_in = security != Security::None;
        Config {
            host: "localhost".to_owned(),
            port: u16::try_from(port).unwrap_or_default(),
            security,
            user: signs_in.then(|| USER.to_owned()),
            password: signs_in.then(|| SecretString::from(PASSWORD)),
            from: Person {
                name: "Tenure".to_owned(),
                address: USER.to_owned(),
            },
            hello: None,
            authority: self.start["authority"].as_str().map(str::to_owned),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and it ends with us whatever happened.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One line for whoever started the command.
#[expect(clippy::print_stdout, reason = "what this command is for")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
