//! `grant-mailbox-access`: somebody else can open the mailbox, or send as it.

use async_trait::async_trait;
use domain::facts::{Mailbox, PersonLite, Trustee};
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Budget, Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cx::{Cx, Tried, applied, param, presence, takes_away};
use crate::rights::{self, On};
use crate::settings;
use crate::step::{About, Step, change, names};
use crate::wish::{MANAGER, Wish, mailbox_ref};

/// Gives others access to the mailbox.
pub(crate) struct GrantMailboxAccess;

const FIELD: &str = "delegate";

const ABOUT: About = About {
    name: "grant-mailbox-access",
    version: 1,
    purpose: "Lets the manager or other people open the mailbox, or send as it.",
    aliases: &[
        domain::catalogue::Alias {
            name: "AccessAutomap",
            settings: automap,
        },
        domain::catalogue::Alias {
            name: "AccessNoAutomap",
            settings: no_automap,
        },
        domain::catalogue::Alias {
            name: "AccessSendAs",
            settings: send_as,
        },
    ],
    kinds: &[Kind::Offboard],
    default_on: false,
    fields: &[FIELD],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// Who gets in. `manager` means the person's manager; others are sign-in names. While nobody is named at all, the manager can open it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// People who can open it and see it appear in Outlook by itself. A delegate named in the request replaces them.
    automap: Vec<String>,
    /// People who can open it without it appearing by itself.
    no_automap: Vec<String>,
    /// People who can send as it.
    send_as: Vec<String>,
}

fn automap(value: &Value) -> Result<Map<String, Value>, String> {
    list("automap", value)
}

fn no_automap(value: &Value) -> Result<Map<String, Value>, String> {
    list("no-automap", value)
}

fn send_as(value: &Value) -> Result<Map<String, Value>, String> {
    list("send-as", value)
}

fn list(key: &str, value: &Value) -> Result<Map<String, Value>, String> {
    let people = settings::texts(value)?;
    if people.is_empty() {
        return Ok(settings::table([(key, json!([]))]));
    }
    Ok(settings::table([("on", true.into()), (key, people.into())]))
}

/// A right that is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Grant {
    /// Open it, and have it appear in Outlook.
    Automap,
    /// Open it.
    NoAutomap,
    /// Send as it.
    SendAs,
}

impl Grant {
    fn property(self, person: &PersonLite) -> String {
        match self {
            Self::Automap | Self::NoAutomap => format!("full access of {}", person.upn),
            Self::SendAs => format!("sending as it by {}", person.upn),
        }
    }
}

/// The value of a right that is there.
const GRANTED: &str = "granted";

/// What the calls of one change need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The person who gets the right, by object id.
    person: String,
    /// The right.
    grant: Grant,
}

impl Settings {
    fn lists(&self, request: &Request) -> [(Grant, Vec<String>); 3] {
        let nobody =
            self.automap.is_empty() && self.no_automap.is_empty() && self.send_as.is_empty();
        let automap = match request.field(FIELD) {
            Some(asked) => vec![asked.to_owned()],
            None if nobody => vec![MANAGER.to_owned()],
            None => self.automap.clone(),
        };
        [
            (Grant::NoAutomap, self.no_automap.clone()),
            (Grant::Automap, automap),
            (Grant::SendAs, self.send_as.clone()),
        ]
    }
}

#[async_trait]
impl Step for GrantMailboxAccess {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, settings: &Value) -> Vec<String> {
        let settings: Settings = serde_json::from_value(settings.clone()).unwrap_or_default();
        let lists = settings.lists(request);
        lists
            .into_iter()
            .flat_map(|(_, people)| people)
            .filter(|name| name != MANAGER)
            .collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let Some(mailbox) = wish.mailbox("Access to the mailbox", out) else {
            return;
        };
        let mut changes: Vec<Change> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut people: Vec<String> = Vec::new();
        for (grant, list) in settings.lists(wish.request) {
            for written in list {
                let person = match wish.resolve(&written, "Access to the mailbox") {
                    Ok(person) => person,
                    Err(refusal) => {
                        out.refusals.push(refusal);
                        continue;
                    }
                };
                let property = grant.property(&person);
                if has(mailbox, grant, &person)
                    || changes.iter().any(|change| change.property == property)
                {
                    continue;
                }
                changes.push(change(mailbox_ref(mailbox), property, Value::Null, GRANTED));
                entries.push(Entry {
                    person: person.id.as_str().to_owned(),
                    grant,
                });
                people.push(person.display_name);
            }
        }
        if changes.is_empty() {
            return;
        }
        people.dedup();
        out.specs.push(StepSpec {
            params: json!({ "mailbox": mailbox.id, "grants": entries }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!(
                    "Let {} use the mailbox of {}",
                    names(people.iter().map(String::as_str)),
                    wish.name()
                ),
                changes,
                vec![Effect::GrantsMailboxAccess],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let entries = entries(task);
        try_join_all(
            task.spec
                .changes
                .iter()
                .zip(&entries)
                .map(|(change, entry)| async move {
                    let on = entry.on(task);
                    let there = match entry.grant {
                        Grant::SendAs => rights::sends_as(cx, task, &on).await?,
                        Grant::Automap | Grant::NoAutomap => rights::opens(cx, task, &on).await?,
                    };
                    Ok(presence(change, there))
                }),
        )
        .await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let entries = entries(task);
        let tried = todo
            .iter()
            .filter_map(|&index| Some((index, entries.get(index)?)))
            .map(|(index, entry)| async move {
                let on = entry.on(task);
                let gone = takes_away(&task.spec.changes[index]);
                let cmdlet = match entry.grant {
                    Grant::SendAs => rights::send_as(&on, gone),
                    Grant::Automap | Grant::NoAutomap => {
                        rights::full_access(&on, gone, entry.grant == Grant::Automap)
                    }
                };
                Tried::one(task, index, cx.command(task, index, cmdlet).await)
            });
        applied(task, join_all(tried).await)
    }
}

fn entries(task: &Task<'_>) -> Vec<Entry> {
    let entries = task.spec.params.get("grants").cloned().unwrap_or_default();
    serde_json::from_value(entries).unwrap_or_default()
}

impl Entry {
    fn on<'a>(&'a self, task: &'a Task<'_>) -> On<'a> {
        On {
            mailbox: param(task, "mailbox"),
            address: &task.plan.upn,
            holder: &self.person,
        }
    }
}

fn has(mailbox: &Mailbox, grant: Grant, person: &PersonLite) -> bool {
    let trustees: &[Trustee] = match grant {
        Grant::Automap | Grant::NoAutomap => &mailbox.full_access,
        Grant::SendAs => &mailbox.send_as,
    };
    trustees
        .iter()
        .any(|trustee| trustee.id == person.id || trustee.name.eq_ignore_ascii_case(&person.upn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{field, leaver, mailbox_mut, propose_one, propose_with};

    const MANAGER_IN: &str = "{}";

    #[test]
    fn the_manager_gets_in_unless_there_already() {
        let mut facts = leaver();
        let out = propose_one(&GrantMailboxAccess, &facts, MANAGER_IN);
        assert_eq!(
            out.specs[0].params["grants"][0],
            json!({"person": "boss", "grant": "automap"})
        );
        mailbox_mut(&mut facts).full_access = vec![Trustee {
            id: "boss".into(),
            name: "Boss".to_owned(),
        }];
        assert_eq!(
            propose_one(&GrantMailboxAccess, &facts, MANAGER_IN),
            Proposal::default()
        );
    }

    #[test]
    fn whoever_cannot_be_found_or_is_leaving_is_refused() {
        let facts = leaver();
        let asked = |who: &'static str| move |request: &mut Request| field(request, FIELD, who);
        let out = propose_with(&GrantMailboxAccess, &facts, MANAGER_IN, asked("Nobody"));
        assert_eq!(out.refusals[0].code, "unknown-person");
        assert!(out.specs.is_empty());
    }

    #[test]
    fn both_forms_of_access_are_understood() {
        assert_eq!(
            automap(&json!([{"value": "a@b"}])),
            Ok(settings::table([
                ("on", json!(true)),
                ("automap", json!(["a@b"]))
            ]))
        );
        assert_eq!(
            no_automap(&json!({"value": "a@b"})),
            Ok(settings::table([
                ("on", json!(true)),
                ("no-automap", json!(["a@b"]))
            ]))
        );
    }
}
