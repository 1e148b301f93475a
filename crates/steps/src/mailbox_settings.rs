//! `mailbox-settings`: a new mailbox speaks the site's language, lives in its time zone, and has the addresses and the archive that
//! policy wants.

mod parts;

use async_trait::async_trait;
use connectors::Error;
use connectors::exchange::changes;
use domain::joiner::wanted;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::await_mailbox::{Place, place};
use crate::cx::{Cx, Tried, about, applied, presence, takes_away, text, wanted as after, who};
use crate::settings;
use crate::step::{About, Step, names};
use crate::windows_zones::windows;
use crate::wish::Wish;

/// Sets a new mailbox up.
pub(crate) struct MailboxSettings;

const ABOUT: About = About {
    name: "mailbox-settings",
    version: 1,
    purpose: "Sets language and time zone of a new mailbox, adds addresses, and switches its archive on.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// What a new mailbox gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// The language, such as `en-GB`; that of the person's site unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// The time zone by its IANA name, such as `Europe/Berlin`; that of the person's site unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// Further addresses: patterns as in `[naming]` (`{first}`, `{last}`, `{f}`, `{l}`), with `@domain` where it is another than the
    /// sign-in name's.
    aliases: Vec<String>,
    /// Whether the archive is switched on.
    archive: bool,
}

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let settings: Settings =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    if let Some(zone) = settings.time_zone.filter(|zone| windows(zone).is_none()) {
        return Err(format!(
            "time-zone: “{zone}” is no time zone that the mail system knows; write it like Europe/Berlin"
        ));
    }
    for pattern in &settings.aliases {
        let local = pattern.split('@').next().unwrap_or_default();
        if local.is_empty() || local.contains("{n}") || pattern.matches('@').count() > 1 {
            return Err(format!(
                "aliases: “{pattern}” is no pattern of one address; write it like {{f}}{{last}} or {{first}}@example.com"
            ));
        }
    }
    Ok(())
}

/// What one change does, as its calls need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    /// The language, and with it formats and the names of folders.
    Language,
    /// The time zone.
    TimeZone,
    /// An address more.
    Alias(String),
    /// The archive.
    Archive,
}

/// The value of an address that the mailbox has, and of an archive that is on.
const ALIAS: &str = "alias";
const ENABLED: &str = "enabled";

#[async_trait]
impl Step for MailboxSettings {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let wanted = wanted(wish.request, wish.policy);
        let parts = match place(wish, &wanted, "Setting the mailbox up", out) {
            None => return,
            Some(Place::There(mailbox)) => {
                out.remarks.push(Remark::new(
                    Weight::Note,
                    format!("{} has a mailbox already: its language, time zone and addresses stay as they are.", wish.name()),
                ));
                let archive = settings.archive && !mailbox.archive;
                archive.then(|| parts::archived(wish)).into_iter().collect()
            }
            Some(Place::Coming) => parts::new(wish, &settings, &wanted, out),
        };
        let (parts, changes): (Vec<Part>, Vec<Change>) = parts.into_iter().unzip();
        if changes.is_empty() {
            return;
        }
        let what = changes.iter().map(|change| change.property.as_str());
        out.specs.push(StepSpec {
            params: json!({ "parts": parts }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Set up the mailbox of {}: {}", wish.name(), names(what)),
                changes,
                vec![Effect::NeedsMailbox],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let parts = planned(task);
        let regional = async {
            if parts.iter().any(Part::is_regional) {
                let found = cx
                    .ask(task, asked(task, "Get-MailboxRegionalConfiguration"))
                    .await?;
                Ok(found.into_iter().next().unwrap_or_default())
            } else {
                Ok(Value::Null)
            }
        };
        let mailbox = async {
            if parts.iter().all(Part::is_regional) {
                return Ok(Value::Null);
            }
            let cmdlet = asked(task, "Get-Mailbox").select(&["EmailAddresses", "ArchiveStatus"]);
            let found = cx.ask(task, cmdlet).await?;
            Ok(found.into_iter().next().unwrap_or_default())
        };
        let (regional, mailbox) = futures::try_join!(regional, mailbox)?;
        let changes = task.spec.changes.iter();
        Ok(changes
            .zip(&parts)
            .map(|(change, part)| part.seen(change, &regional, &mailbox))
            .collect())
    }

    /// Language and time zone are one call; each address is one, so that one that is taken does not keep the others away.
    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let parts = planned(task);
        let (regional, others): (Vec<usize>, Vec<usize>) = todo
            .iter()
            .copied()
            .filter(|&index| index < parts.len())
            .partition(|&index| parts[index].is_regional());
        let mut tried = Vec::new();
        if let Some(&first) = regional.first() {
            let mut cmdlet = json!({ "Identity": who(task) });
            for &index in &regional {
                parts[index].regional(&task.spec.changes[index], &mut cmdlet);
            }
            let cmdlet = about("Set-MailboxRegionalConfiguration", &task.plan.upn, cmdlet);
            let result = cx.command(task, first, cmdlet).await;
            tried.push(Tried::all(&regional, result));
        }
        let others = others.into_iter().map(|index| {
            let change = &task.spec.changes[index];
            let cmdlet = parts[index].cmdlet(task, change);
            let is_archive = parts[index] == Part::Archive;
            async move {
                let result = cx.command(task, index, cmdlet).await;
                let enabled = |error: &Error| error.message.contains("already has an archive");
                let already = is_archive && result.as_ref().is_err_and(enabled);
                let mut tried = Tried::one(task, index, result);
                tried.already |= already;
                tried
            }
        });
        tried.extend(join_all(others).await);
        applied(task, tried)
    }
}

fn asked(task: &Task<'_>, cmdlet: &str) -> connectors::exchange::Invocation {
    about(cmdlet, &task.plan.upn, json!({ "Identity": who(task) }))
}

fn planned(task: &Task<'_>) -> Vec<Part> {
    let parts = task.spec.params.get("parts").cloned().unwrap_or_default();
    serde_json::from_value(parts).unwrap_or_default()
}

impl Part {
    fn is_regional(&self) -> bool {
        matches!(self, Self::Language | Self::TimeZone)
    }

    fn seen(&self, change: &Change, regional: &Value, mailbox: &Value) -> Seen {
        match self {
            Self::Language => same(change, culture(&regional["Language"])),
            Self::TimeZone => same(change, text(regional, "TimeZone")),
            Self::Alias(address) => {
                let listed = mailbox["EmailAddresses"].as_array().into_iter().flatten();
                let there = listed.filter_map(Value::as_str).any(|one| {
                    let bare = one.split_once(':').map_or(one, |(_, bare)| bare);
                    bare.eq_ignore_ascii_case(address)
                });
                presence(change, there)
            }
            Self::Archive => presence(change, text(mailbox, "ArchiveStatus") == "Active"),
        }
    }

    /// Adds what this part asks for. The formats of dates and times are those of the new language: one of another would be refused.
    fn regional(&self, change: &Change, cmdlet: &mut Value) {
        match self {
            Self::Language => {
                cmdlet["Language"] = after(change).clone();
                cmdlet["DateFormat"] = Value::Null;
                cmdlet["TimeFormat"] = Value::Null;
                cmdlet["LocalizeDefaultFolderName"] = true.into();
            }
            Self::TimeZone => cmdlet["TimeZone"] = after(change).clone(),
            Self::Alias(_) | Self::Archive => {}
        }
    }

    fn cmdlet(&self, task: &Task<'_>, change: &Change) -> connectors::exchange::Invocation {
        let gone = takes_away(change);
        let (cmdlet, parameters) = match self {
            Self::Alias(address) => {
                let entry = format!("smtp:{address}");
                let (add, remove): (&[&str], &[&str]) = if gone {
                    (&[], &[&entry])
                } else {
                    (&[&entry], &[])
                };
                (
                    "Set-Mailbox",
                    json!({ "EmailAddresses": changes(add, remove) }),
                )
            }
            // An archive is never taken away: what has moved into it would be lost.
            _ => ("Enable-Mailbox", json!({ "Archive": true })),
        };
        let mut named = Map::from_iter([("Identity".to_owned(), Value::from(who(task)))]);
        named.extend(parameters.as_object().cloned().unwrap_or_default());
        about(cmdlet, &task.plan.upn, Value::Object(named))
    }
}

/// A culture as the mail system shows it: by its name, or as an object that has one.
fn culture(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| text(value, "Name"))
}

/// A name that was read; it counts as the wanted one whatever its case.
fn same(change: &Change, read: &str) -> Seen {
    let wanted = after(change);
    let value = if wanted
        .as_str()
        .is_some_and(|name| name.eq_ignore_ascii_case(read))
    {
        wanted.clone()
    } else if read.is_empty() {
        Value::Null
    } else {
        read.into()
    };
    Seen::Value { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{joiner, leaver, propose_joiner};

    fn on(settings: &str) -> [(&str, &str); 3] {
        [
            ("mailbox-settings", settings),
            ("await-mailbox", "{}"),
            ("assign-licenses", "{}"),
        ]
    }

    #[test]
    fn a_new_mailbox_is_set_up_as_its_site_and_policy_want() {
        let all = r#"{"aliases": ["{f}{last}", "{first}@contoso.example", "{first}.{last}"], "archive": true}"#;
        let out = propose_joiner(&MailboxSettings, &joiner(), &on(all), |_, _| {});
        let spec = &out.specs[0];
        let shown: Vec<(&str, &Value)> = spec
            .changes
            .iter()
            .map(|change| (change.property.as_str(), after(change)))
            .collect();
        assert_eq!(
            shown,
            [
                ("language", &json!("en-GB")),
                ("time zone", &json!("GMT Standard Time")),
                ("address jcomer@contoso.example", &json!(ALIAS)),
                ("address joy@contoso.example", &json!(ALIAS)),
                ("archive", &json!(ENABLED)),
            ]
        );
        assert_eq!(spec.effects, [Effect::NeedsMailbox]);
        let strange = r#"{"aliases": ["{first}@elsewhere.example"]}"#;
        let out = propose_joiner(&MailboxSettings, &joiner(), &on(strange), |_, _| {});
        assert!(out.refusals[0].text.contains("elsewhere.example"));
    }

    #[test]
    fn a_mailbox_that_is_there_keeps_its_owners_choices() {
        let mut facts = joiner();
        facts.mailbox = leaver().mailbox;
        let out = propose_joiner(&MailboxSettings, &facts, &on("{}"), |_, _| {});
        assert!(out.specs.is_empty());
        assert!(out.remarks[0].text.contains("has a mailbox already"));
        let settings = r#"{"archive": true}"#;
        let out = propose_joiner(&MailboxSettings, &facts, &on(settings), |_, _| {});
        assert_eq!(out.specs[0].changes.len(), 1);
    }

    #[test]
    fn nothing_is_set_up_where_no_mailbox_comes() {
        let out = propose_joiner(&MailboxSettings, &joiner(), &on("{}")[..1], |_, _| {});
        assert!(out.specs.is_empty());
        assert!(out.remarks[0].text.contains("gets none"));
        let out = propose_joiner(
            &MailboxSettings,
            &joiner(),
            &[("mailbox-settings", "{}"), ("assign-licenses", "{}")],
            |_, _| {},
        );
        assert!(out.remarks[0].text.contains("await-mailbox"));
    }

    #[test]
    fn settings_that_cannot_be_are_named() {
        for (settings, field) in [
            (json!({ "time-zone": "Mars/Olympus_Mons" }), "time-zone: "),
            (json!({ "aliases": ["@contoso.example"] }), "aliases: "),
            (json!({ "aliases": ["{first}{n}"] }), "aliases: "),
        ] {
            assert!(check(&settings).unwrap_err().starts_with(field));
        }
    }
}
