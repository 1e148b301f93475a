//! `[notify] bot`: the Teams bot that shows cards in which can be decided.

use std::path::{Path, PathBuf};

use connectors::Credential;
use connectors::bot::{Framework, Services};
use secrecy::SecretString;
use serde::Deserialize;
use uuid::Uuid;

use super::notify::{read, wrong};
use crate::problem::Problem;

/// The environment variable that holds the bot's secret, in place of a file.
const SECRET: &str = "TENURE_BOT_SECRET";

/// `[notify] bot`: one of a single tenant, the provider's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BotConfig {
    /// The application id of its registration.
    pub(crate) app_id: Uuid,
    /// The tenant that it is registered in and that the operators work in: a call of any other is refused.
    pub(crate) tenant: Uuid,
    /// A file that holds its secret; else `TENURE_BOT_SECRET` does.
    secret_file: Option<PathBuf>,
    /// A file with its certificate, PEM, in place of a secret.
    certificate_file: Option<PathBuf>,
    /// A file with the certificate's private key, PEM.
    key_file: Option<PathBuf>,
    /// Whether it is registered in a cloud of the United States' government.
    #[serde(default)]
    us_government: bool,
    /// For a rehearsal: the login address, in place of Microsoft's.
    login: Option<String>,
    /// For a rehearsal: the OpenID metadata of the service, in place of Microsoft's.
    metadata: Option<String>,
    /// For a rehearsal: a service on this machine, in place of those of Teams.
    service: Option<String>,
    /// Read by [`BotConfig::load`].
    #[serde(skip)]
    proof: Option<Proof>,
}

/// What it proves itself with.
#[derive(Clone, Debug)]
enum Proof {
    Secret(SecretString),
    Certificate {
        certificate: SecretString,
        key: SecretString,
    },
}

impl BotConfig {
    /// Reads its secret from where the configuration says.
    ///
    /// # Errors
    /// The field that cannot be used.
    pub(super) fn load(&mut self, folder: &Path) -> Result<(), Problem> {
        let proof = match (&self.secret_file, &self.certificate_file, &self.key_file) {
            (Some(secret), None, None) => Proof::Secret(read(folder, secret, "bot.secret-file")?),
            (None, Some(certificate), Some(key)) => Proof::Certificate {
                certificate: read(folder, certificate, "bot.certificate-file")?,
                key: read(folder, key, "bot.key-file")?,
            },
            (None, None, None) => Proof::Secret(SecretString::from(secret().unwrap_or_default())),
            _ => {
                let what =
                    "[notify] bot: it has either secret-file, or certificate-file and key-file";
                return Err(Problem::refused("config", what).hint("leave the others out"));
            }
        };
        self.proof = Some(proof);
        self.credential().map(drop)
    }

    /// What it proves itself with.
    ///
    /// # Errors
    /// When there is none, or it is no certificate or key.
    pub(crate) fn credential(&self) -> Result<Credential, Problem> {
        use secrecy::ExposeSecret as _;
        let made = match &self.proof {
            None => Credential::secret(SecretString::default()),
            Some(Proof::Secret(secret)) => Credential::secret(secret.clone()),
            Some(Proof::Certificate { certificate, key }) => {
                Credential::certificate(certificate.expose_secret(), key)
            }
        };
        made.map_err(|error| wrong(&error))
    }

    /// Where its service publishes its keys.
    pub(crate) fn framework(&self) -> Framework {
        let mut framework = if self.us_government {
            Framework::us_government()
        } else {
            Framework::global()
        };
        if let Some(metadata) = &self.metadata {
            framework.metadata.clone_from(metadata);
        }
        framework
    }

    /// The address that gives it tokens.
    pub(crate) fn login(&self) -> &str {
        let known = if self.us_government {
            "https://login.microsoftonline.us"
        } else {
            "https://login.microsoftonline.com"
        };
        self.login.as_deref().unwrap_or(known)
    }

    /// The services that it speaks to.
    pub(crate) fn services(&self) -> Services {
        let here = self.service.clone();
        here.map_or(Services::Teams, Services::Loopback)
    }
}

/// The environment's word for the bot's secret.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge where the environment enters"
)]
fn secret() -> Option<String> {
    std::env::var(SECRET).ok()
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const APP: &str = "7a1de7b4-1111-4222-8333-123456789abc";

    /// The configuration with these further fields of the bot, and a file `secret` beside it.
    fn read(fields: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("secret"), "planted-secret\n").unwrap();
        std::fs::write(at("empty"), " \n").unwrap();
        let text = format!("[notify.bot]\napp-id = \"{APP}\"\ntenant = \"{APP}\"\n{fields}\n");
        std::fs::write(at("tenure.toml"), text).unwrap();
        Config::load(Some(&at("tenure.toml"))).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_bot_proves_itself_in_exactly_one_way() {
        let bot = read("secret-file = \"secret\"")
            .unwrap()
            .notify
            .bot
            .unwrap();
        assert!(bot.credential().is_ok());
        assert!(!format!("{bot:?}").contains("planted-secret"));
        let both = "secret-file = \"secret\"\ncertificate-file = \"secret\"\nkey-file = \"secret\"";
        let half = "certificate-file = \"secret\"";
        for fields in [both, half] {
            let why = read(fields).unwrap_err();
            assert!(why.contains("it has either secret-file"), "{fields}: {why}");
        }
        let why = read("secret-file = \"nowhere\"").unwrap_err();
        assert!(why.contains("bot.secret-file"), "{why}");
        let why = read("secret-file = \"empty\"").unwrap_err();
        assert!(why.contains("empty is empty"), "{why}");
        let why = read("").unwrap_err();
        assert!(why.contains("TENURE_BOT_SECRET"), "{why}");
        let no_certificate = "certificate-file = \"secret\"\nkey-file = \"secret\"";
        assert!(read(no_certificate).is_err());
    }

    #[test]
    fn the_governments_clouds_have_services_of_their_own() {
        let bot = |fields: &str| read(fields).unwrap().notify.bot.unwrap();
        let us = bot("secret-file = \"secret\"\nus-government = true");
        assert_eq!(us.framework().issuer, "https://api.botframework.us");
        assert_eq!(us.login(), "https://login.microsoftonline.us");
        let world = bot("secret-file = \"secret\"");
        assert_eq!(world.framework().issuer, "https://api.botframework.com");
        assert_eq!(world.login(), "https://login.microsoftonline.com");
    }
}
