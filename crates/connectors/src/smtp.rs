//! Mail by SMTP: one connection for each mail, encrypted unless the server is this very machine.
//!
//! Sources: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (implicit TLS), RFC 3834 (`Auto-Submitted`).

mod mail;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::{SetupError, plain_text};
use crate::http::Timeouts;
pub use mail::{Mail, Person, Rendered};

/// The library limits the connection only; a server that falls silent later would hold us for ever.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(30),
    total: Duration::from_secs(90),
};

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte; port 465.
    Implicit,
    /// TLS by STARTTLS, which the server must offer; port 587.
    StartTls,
    /// Not at all: for a relay on this very machine only.
    None,
}

impl Security {
    /// The port that servers usually have for it.
    #[must_use]
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// What the configuration says of the mail server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its name or address. A relay in the own network is usual, so no address is forbidden.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// The user to sign in as; `None` for a relay that asks for none.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// Whom mails come from.
    pub from: Person,
    /// The name that this machine greets with; some relays want the domain. By default its address literal.
    pub hello: Option<String>,
    /// A certificate (PEM) of an own authority that is trusted besides the system's.
    pub authority: Option<String>,
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it; that is not yet the mailbox.
    Delivered {
        /// What it answered, often its own id of the mail.
        answer: String,
    },
    /// Not now. Sent again it has the same message id, by which receivers drop repetitions.
    TryAgain {
        /// One sentence.
        why: String,
        /// Whether the server may have taken it.
        may_have_arrived: bool,
    },
    /// Not this mail, or not with this configuration; the sentence says which.
    Refused {
        /// One sentence.
        why: String,
    },
}

/// A configured mail server.
pub struct Smtp {
    config: Config,
    hello: ClientId,
    tls: Option<TlsParameters>,
    timeouts: Timeouts,
}

impl Smtp {
    /// Checks the configuration; connects to nothing.
    ///
    /// # Errors
    /// [`SetupError::Field`] naming the field.
    pub fn new(config: Config) -> Result<Self, SetupError> {
        let wrong = |field: &str, reason: &str| Err(SetupError::field(field, reason));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if config.host.is_empty() || !config.host.chars().all(plain) {
            return wrong(
                "smtp.host",
                "is not the name of a server; give it alone, without smtp://, port or path",
            );
        }
        if config.port == 0 {
            return wrong("smtp.port", "must be 1 to 65535, usually 465 or 587");
        }
        if config.security == Security::None && !is_this_machine(&config.host) {
            return wrong(
                "smtp.tls",
                "is none, which is for a relay on this machine only (localhost, 127.0.0.1, ::1); choose implicit or starttls",
            );
        }
        match (&config.user, &config.password) {
            (Some(_), None) => return wrong("smtp.password", "is missing, but a user is given"),
            (None, Some(_)) => return wrong("smtp.user", "is missing, but a password is given"),
            _ => {}
        }
        let hello = match &config.hello {
            None => ClientId::default(),
            Some(name) if !name.is_empty() && name.chars().all(plain) => {
                ClientId::Domain(name.clone())
            }
            Some(_) => return wrong("smtp.hello", "is not a host name"),
        };
        config.from.mailbox("smtp.from")?;
        let tls = match config.security {
            Security::None => None,
            Security::Implicit | Security::StartTls => Some(tls(&config)?),
        };
        Ok(Self {
            config,
            hello,
            tls,
            timeouts: TIMEOUTS,
        })
    }

    /// The same with other time limits: `connect` covers the sign-in too, `total` the mail besides. By default 30 s and 90 s.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Sends one mail.
    pub async fn send(&self, mail: &Mail) -> Delivery {
        let rendered = match mail.render(&self.config.from) {
            Ok(rendered) => rendered,
            Err(error) => {
                return Delivery::Refused {
                    why: error.to_string(),
                };
            }
        };
        match self.deliver(&rendered).await {
            Ok(delivery) | Err(delivery) => delivery,
        }
    }

    async fn deliver(&self, mail: &Rendered) -> Result<Delivery, Delivery> {
        let late = |may_have_arrived| Delivery::TryAgain {
            why: format!("{} fell silent.", self.server()),
            may_have_arrived,
        };
        let begun = Instant::now();
        let connected = timeout(self.timeouts.connect, self.connect()).await;
        let mut connection = connected.map_err(|_| late(false))??;
        let sent = connection.send(&mail.envelope, &mail.bytes);
        let sent = timeout_at(begun + self.timeouts.total, sent).await;
        let sent = sent.map_err(|_| late(true))?;
        // The answer to the mail is what counts; how the parting goes does not matter.
        if sent.is_ok() {
            let _ = timeout(Duration::from_secs(5), connection.quit()).await;
        }
        Ok(match sent {
            Ok(response) => Delivery::Delivered {
                answer: plain_text(&words(&response), &[]),
            },
            Err(error) => self.failed(
                &error,
                "refused the mail",
                "broke off during the mail",
                true,
            ),
        })
    }

    /// Connects, encrypts and signs in, in this order.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Delivery> {
        let Config { host, port, .. } = &self.config;
        let security = self.config.security;
        let at_once = self.tls.clone().filter(|_| security == Security::Implicit);
        let address = (host.trim_matches(['[', ']']), *port);
        let connected = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(self.timeouts.connect),
            &self.hello,
            at_once,
            None,
        );
        let mut connection = connected.await.map_err(|error| {
            self.failed(&error, "turned us away", "could not be reached", false)
        })?;
        if let (Security::StartTls, Some(tls)) = (security, &self.tls) {
            if !connection.can_starttls() {
                connection.abort().await;
                return Err(Delivery::Refused {
                    why: format!(
                        "{} does not offer STARTTLS, so everybody on the way could read mail and password; nothing was sent. \
                         Set smtp.tls to implicit if the server has port 465, or correct the server.",
                        self.server()
                    ),
                });
            }
            let encrypted = connection.starttls(tls.clone(), &self.hello).await;
            encrypted.map_err(|error| {
                self.failed(&error, "refused STARTTLS", "could not be encrypted", false)
            })?;
        }
        if let (Some(user), Some(password)) = (&self.config.user, &self.config.password) {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let signed_in = connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await;
            if let Err(error) = signed_in {
                connection.abort().await;
                let what = "refused smtp.user and smtp.password";
                return Err(self.failed(&error, what, "broke off during the sign-in", false));
            }
        }
        Ok(connection)
    }

    /// `refused` is said when the server answered, `broken` when it did not.
    fn failed(
        &self,
        error: &lettre::transport::smtp::Error,
        refused: &str,
        broken: &str,
        sending: bool,
    ) -> Delivery {
        let secrets: Vec<String> = self
            .config
            .password
            .iter()
            .map(|password| password.expose_secret().to_owned())
            .collect();
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        let cause = plain_text(&cause.to_string(), &secrets);
        let server = self.server();
        match error.status() {
            Some(code) if error.is_permanent() => Delivery::Refused {
                why: format!("{server} {refused}: {code} {cause}"),
            },
            Some(code) => Delivery::TryAgain {
                why: format!("{server} {refused} for now: {code} {cause}"),
                may_have_arrived: false,
            },
            // What the library found before it spoke: no way to sign in, an address that the server cannot take.
            None if error.is_client() => Delivery::Refused {
                why: format!("{server} cannot be used for this mail: {cause}"),
            },
            None => Delivery::TryAgain {
                why: format!("{server} {broken}: {cause}"),
                may_have_arrived: sending,
            },
        }
    }

    fn server(&self) -> String {
        format!("The mail server {}:{}", self.config.host, self.config.port)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn tls(config: &Config) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(config.host.trim_matches(['[', ']']).to_owned());
    if let Some(pem) = &config.authority {
        let wrong = || SetupError::field("smtp.authority", "is not a certificate in PEM");
        // The library takes a text without any certificate as none at all, which would be found out at the first mail.
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(wrong());
        }
        let certificate = Certificate::from_pem(pem.as_bytes()).map_err(|_| wrong())?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build_rustls()
        .map_err(|error| SetupError::field("smtp.tls", format!("TLS cannot start: {error}")))
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn words(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}
