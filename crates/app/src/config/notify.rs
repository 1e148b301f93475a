//! `[notify]`: by which mail server people are told, and into which Teams channels cards go.

use std::fs;
use std::path::{Path, PathBuf};

use connectors::outbound::{Address, Allow};
use connectors::smtp::{self, Person, Security, Smtp};
use connectors::teams;
use domain::TenantId;
use domain::plan::Digest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::bot::BotConfig;
use crate::problem::Problem;

/// The environment variable that holds the mail server's password, in place of a file.
const PASSWORD: &str = "TENURE_SMTP_PASSWORD";

/// `[notify]`; without it nobody is told anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NotifyConfig {
    /// The mail server.
    pub(crate) smtp: Option<SmtpConfig>,
    /// Workflows that post into Teams channels.
    pub(crate) teams: Vec<WorkflowConfig>,
    /// The Teams bot.
    pub(crate) bot: Option<BotConfig>,
}

/// `[notify] smtp`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SmtpConfig {
    /// The server's name or address.
    host: String,
    /// Its port; the usual one for `tls` unless said.
    port: Option<u16>,
    /// `implicit`, `starttls`, or `none` for a relay on this machine.
    #[serde(default = "starttls")]
    tls: Security,
    /// The user to sign in as; none for a relay that asks for none.
    user: Option<String>,
    /// A file that holds the user's password; else `TENURE_SMTP_PASSWORD` does.
    password_file: Option<PathBuf>,
    /// Whom mails come from: an address, or `Name <address>`.
    from: String,
    /// Read by [`NotifyConfig::load`].
    #[serde(skip)]
    password: Option<SecretString>,
}

/// One of `[notify] teams`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct WorkflowConfig {
    /// The tenant whose plans are shown there; all of them unless said.
    pub(crate) tenant: Option<TenantId>,
    /// A file that holds the workflow's address, which is a secret.
    workflow_url_file: PathBuf,
    /// Read by [`NotifyConfig::load`].
    #[serde(skip)]
    url: Option<SecretString>,
}

fn starttls() -> Security {
    Security::StartTls
}

impl NotifyConfig {
    /// Reads the secrets from where the configuration says and checks every field; relative files are in `folder`. Nothing is
    /// connected to.
    ///
    /// # Errors
    /// The field that cannot be used, and what to write instead.
    pub(super) fn load(
        &mut self,
        folder: &Path,
        password: Option<String>,
        allow: Allow,
    ) -> Result<(), Problem> {
        if let Some(smtp) = &mut self.smtp {
            smtp.load(folder, password)?;
            smtp.server()?;
        }
        if let Some(bot) = &mut self.bot {
            bot.load(folder)?;
        }
        for (at, workflow) in self.teams.iter_mut().enumerate() {
            let field = format!("teams[{at}].workflow-url-file");
            workflow.load(&field, folder)?;
            let address = workflow.address(&field, allow)?;
            teams::check_address(&field, &address).map_err(|error| wrong(&error))?;
        }
        Ok(())
    }

    /// The environment's word for the mail server's password.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge where the environment enters"
    )]
    pub(super) fn password() -> Option<String> {
        std::env::var(PASSWORD).ok()
    }

    /// The workflow that is called this in the log of deliveries.
    pub(crate) fn workflow(&self, name: &str) -> Option<&WorkflowConfig> {
        self.teams.iter().find(|workflow| workflow.name() == name)
    }
}

impl SmtpConfig {
    fn load(&mut self, folder: &Path, password: Option<String>) -> Result<(), Problem> {
        self.password = match &self.password_file {
            Some(file) => Some(read(folder, file, "smtp.password-file")?),
            None if self.user.is_some() => password.map(SecretString::from),
            None => None,
        };
        Ok(())
    }

    /// Whom mails come from.
    pub(crate) fn sender(&self) -> Person {
        let written = self.from.trim();
        let parts = written
            .strip_suffix('>')
            .and_then(|rest| rest.rsplit_once('<'));
        let (name, address) = parts.unwrap_or(("Tenure", written));
        Person {
            name: name.trim().trim_matches('"').trim().to_owned(),
            address: address.trim().to_owned(),
        }
    }

    /// The mail server, ready to be sent to.
    ///
    /// # Errors
    /// The field that cannot be used.
    pub(crate) fn server(&self) -> Result<Smtp, Problem> {
        Smtp::new(smtp::Config {
            host: self.host.clone(),
            port: self.port.unwrap_or_else(|| self.tls.usual_port()),
            security: self.tls,
            user: self.user.clone(),
            password: self.password.clone(),
            from: self.sender(),
            hello: None,
            authority: None,
        })
        .map_err(|error| wrong(&error))
    }
}

impl WorkflowConfig {
    fn load(&mut self, field: &str, folder: &Path) -> Result<(), Problem> {
        self.url = Some(read(folder, &self.workflow_url_file, field)?);
        Ok(())
    }

    fn url(&self) -> &str {
        self.url.as_ref().map_or("", |url| url.expose_secret())
    }

    /// Its name where the address may not stand: the same as long as the address is.
    pub(crate) fn name(&self) -> String {
        let digest = Digest::of(self.url().as_bytes());
        format!("Teams workflow {}", digest.short())
    }

    /// Its address, checked.
    ///
    /// # Errors
    /// What makes it none.
    pub(crate) fn address(&self, field: &str, allow: Allow) -> Result<Address, Problem> {
        Address::parse(field, self.url(), allow).map_err(|error| {
            Problem::refused("config", format!("[notify] {error}"))
                .hint("give the address that Teams shows at the workflow, and nothing else")
        })
    }
}

pub(super) fn wrong(error: &connectors::SetupError) -> Problem {
    let hint = "correct that field; a password stands in password-file or TENURE_SMTP_PASSWORD, a bot's secret in secret-file or TENURE_BOT_SECRET";
    Problem::refused("config", format!("[notify] {error}")).hint(hint)
}

pub(super) fn read(folder: &Path, file: &Path, field: &str) -> Result<SecretString, Problem> {
    let file = folder.join(file);
    let text = fs::read_to_string(&file).map_err(|error| {
        let what = format!(
            "[notify] {field}: {} cannot be read: {error}",
            file.display()
        );
        Problem::refused("config", what).hint("check the path, and that you may read the file")
    })?;
    let text = text.trim();
    if text.is_empty() {
        let what = format!("[notify] {field}: {} is empty", file.display());
        return Err(
            Problem::refused("config", what).hint("write the secret into it, and nothing else")
        );
    }
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, files: &[(&str, &str)]) -> Result<NotifyConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut config: NotifyConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config
            .load(folder.path(), None, Allow::default())
            .map_err(|problem| problem.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_mail_server_and_workflows_are_read_and_their_secrets_never_print() {
        let text = r#"
            smtp = { host = "mail.provider.example", user = "tenure", password-file = "password", from = "Tenure <tenure@provider.example>" }
            teams = [{ workflow-url-file = "all" }, { tenant = "contoso", workflow-url-file = "one" }]
        "#;
        let files = [
            ("password", "planted-password\n"),
            (
                "all",
                "https://prod-1.logic.azure.com/workflows/a?sig=planted-one\n",
            ),
            (
                "one",
                "https://prod-1.logic.azure.com/workflows/b?sig=planted-two\n",
            ),
        ];
        let config = load(text, &files).unwrap();
        let sender = config.smtp.as_ref().unwrap().sender();
        assert_eq!(
            (sender.name.as_str(), sender.address.as_str()),
            ("Tenure", "tenure@provider.example")
        );
        let [all, one] = config.teams.as_slice() else {
            panic!("two workflows are written")
        };
        assert_ne!(all.name(), one.name());
        assert_eq!(one.tenant, Some(TenantId::from("contoso")));
        assert!(config.workflow(&one.name()).is_some());
        assert!(!format!("{config:?}").contains("planted"));
    }

    #[test]
    fn what_cannot_be_used_is_named_at_the_start() {
        let wrong = |text: &str, field: &str| {
            let files = [
                ("password", "secret"),
                ("empty", " \n"),
                ("inside", "https://10.0.0.8/hook"),
                ("old", "https://contoso.webhook.office.com/webhookb2/a"),
            ];
            let said = load(text, &files).unwrap_err();
            assert!(said.contains(field), "{said}");
        };
        wrong(
            r#"smtp = { host = "mail.provider.example", tls = "none", from = "tenure@provider.example" }"#,
            "smtp.tls",
        );
        wrong(
            r#"smtp = { host = "mail.provider.example", from = "nobody" }"#,
            "smtp.from",
        );
        wrong(
            r#"smtp = { host = "mail.provider.example", user = "tenure", from = "tenure@provider.example" }"#,
            "smtp.password",
        );
        wrong(
            r#"smtp = { host = "mail.provider.example", user = "tenure", password-file = "empty", from = "tenure@provider.example" }"#,
            "smtp.password-file",
        );
        wrong(
            r#"smtp = { host = "mail.provider.example", password = "x", from = "tenure@provider.example" }"#,
            "password",
        );
        wrong(
            r#"teams = [{ workflow-url-file = "none" }]"#,
            "teams[0].workflow-url-file",
        );
        wrong(
            r#"teams = [{ workflow-url-file = "inside" }]"#,
            "teams[0].workflow-url-file",
        );
        wrong(
            r#"teams = [{ workflow-url-file = "old" }]"#,
            "teams[0].workflow-url-file",
        );
    }
}
