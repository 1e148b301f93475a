//! `grant-shared-mailbox`: somebody who comes gets into the shared mailboxes of the role, and into those that the request may ask for.

use async_trait::async_trait;
use domain::facts::{MailboxLite, Right};
use domain::joiner::{Sourced, Wanted, wanted};
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::policy::MailboxWish;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::{join_all, try_join_all};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::await_mailbox::place;
use crate::cx::{Cx, Tried, applied, presence, takes_away, who};
use crate::rights::{self, On};
use crate::settings;
use crate::step::{About, Step, change, names};
use crate::wish::Wish;

/// Gives rights on shared mailboxes.
pub(crate) struct GrantSharedMailbox;

const ABOUT: About = About {
    name: "grant-shared-mailbox",
    version: 1,
    purpose: "Gives rights on the shared mailboxes that the role brings or the request may ask for.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &["shared-mailboxes"],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// How rights are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// Whether the mailboxes appear in Outlook by themselves.
    automap: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { automap: true }
    }
}

/// The value of a right that is there.
const GRANTED: &str = "granted";

/// The source of what the request itself asks for, as [`domain::joiner`] names it.
const REQUEST: &str = "the request";

/// Mailboxes that belong to nobody in particular.
const COMMON: [&str; 5] = [
    "SharedMailbox",
    "RoomMailbox",
    "EquipmentMailbox",
    "SchedulingMailbox",
    "TeamMailbox",
];

/// What the calls of one change need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The mailbox, by the id that calls use.
    mailbox: String,
    /// Its address.
    address: String,
    /// The right.
    right: Right,
}

#[async_trait]
impl Step for GrantSharedMailbox {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let wanted = wanted(wish.request, wish.policy);
        let found: Vec<(&Sourced<MailboxWish>, &MailboxLite)> = wanted
            .mailboxes
            .iter()
            .filter_map(|one| Some((one, mailbox(wish, one, out)?)))
            .collect();
        if found.is_empty() || place(wish, &wanted, &what(&wanted), out).is_none() {
            return;
        }
        let mut changes: Vec<Change> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for (one, mailbox) in &found {
            for &right in one.wish.rights() {
                if right_held(wish, mailbox, right) {
                    continue;
                }
                let object = ObjectRef::new(ObjectKind::Mailbox, &mailbox.id, &mailbox.address);
                let property = format!("{} by {}", word(right), wish.facts.person.upn);
                changes.push(change(object, property, Value::Null, GRANTED));
                entries.push(Entry {
                    mailbox: mailbox.id.as_str().to_owned(),
                    address: mailbox.address.clone(),
                    right,
                });
            }
        }
        if changes.is_empty() {
            return;
        }
        let mut addresses: Vec<&str> = entries.iter().map(|one| one.address.as_str()).collect();
        addresses.dedup();
        out.specs.push(StepSpec {
            params: json!({ "rights": entries, "automap": settings.automap }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Let {} use {}", wish.name(), names(addresses)),
                changes,
                vec![Effect::NeedsMailbox],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let entries = entries(task);
        // What the mail system calls the person, asked once and only where a list is read by names.
        let names = if entries.iter().any(|one| one.right == Right::SendOnBehalf) {
            rights::names_of(cx, task, who(task), &task.plan.upn).await?
        } else {
            Vec::new()
        };
        let changes = task.spec.changes.iter().zip(&entries);
        try_join_all(changes.map(|(change, entry)| async {
            let on = entry.on(task);
            let there = match entry.right {
                Right::FullAccess => rights::opens(cx, task, &on).await?,
                Right::SendAs => rights::sends_as(cx, task, &on).await?,
                Right::SendOnBehalf => {
                    rights::is_listed(&names, &rights::on_behalf(cx, task, &on).await?)
                }
            };
            Ok(presence(change, there))
        }))
        .await
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let entries = entries(task);
        let automap = task.spec.params["automap"].as_bool().unwrap_or_default();
        let known = todo
            .iter()
            .filter_map(|&index| Some((index, entries.get(index)?)));
        let tried = known.map(|(index, entry)| async move {
            let on = entry.on(task);
            let gone = takes_away(&task.spec.changes[index]);
            let cmdlet = match entry.right {
                Right::FullAccess => rights::full_access(&on, gone, automap),
                Right::SendAs => rights::send_as(&on, gone),
                Right::SendOnBehalf => rights::send_on_behalf(&on, gone),
            };
            Tried::one(task, index, cx.command(task, index, cmdlet).await)
        });
        applied(task, join_all(tried).await)
    }
}

fn entries(task: &Task<'_>) -> Vec<Entry> {
    let entries = task.spec.params.get("rights").cloned().unwrap_or_default();
    serde_json::from_value(entries).unwrap_or_default()
}

impl Entry {
    fn on<'a>(&'a self, task: &'a Task<'_>) -> On<'a> {
        On {
            mailbox: &self.mailbox,
            address: &self.address,
            holder: who(task),
        }
    }
}

fn word(right: Right) -> &'static str {
    match right {
        Right::FullAccess => "full access",
        Right::SendAs => "sending as it",
        Right::SendOnBehalf => "sending on its behalf",
    }
}

fn what(wanted: &Wanted) -> String {
    let addresses = wanted.mailboxes.iter().map(|one| one.wish.address());
    format!("Access to {}", names(addresses))
}

/// Whether somebody who is in the directory already has the right.
fn right_held(wish: &Wish<'_>, mailbox: &MailboxLite, right: Right) -> bool {
    wish.facts.rights_elsewhere.iter().any(|held| {
        held.right == right
            && (held.mailbox == mailbox.id || held.address.eq_ignore_ascii_case(&mailbox.address))
    })
}

/// The mailbox that is wished for, where it may be given.
fn mailbox<'a>(
    wish: &'a Wish<'_>,
    one: &Sourced<MailboxWish>,
    out: &mut Proposal,
) -> Option<&'a MailboxLite> {
    let written = one.wish.address();
    let joiner = wish.facts.joiner.as_ref();
    let named = joiner
        .into_iter()
        .flat_map(|joiner| &joiner.mailboxes)
        .find(|named| named.written.eq_ignore_ascii_case(written));
    if let Some(unread) = named.and_then(|named| named.unread.as_deref()) {
        // Nobody knows whether it is there: what does not depend on it goes on.
        out.remarks.push(Remark::new(
            Weight::Caution,
            format!(
                "Access to “{written}” ({}) is left out, because the mailbox could not be read: {unread}. Put that right and plan again, or give the access by hand.",
                one.because
            ),
        ));
        return None;
    }
    let (why, hint) = match named.and_then(|named| named.found.as_ref()) {
        None => (
            format!("the tenant has no mailbox “{written}”"),
            "correct the address, or make the mailbox first",
        ),
        Some(found) if is_common(found) || is_allowed(wish, found) => return Some(found),
        Some(found) => (
            format!("{} is no shared mailbox but somebody's own", found.address),
            "list its full address under [asks] mailboxes in the policy if it is meant",
        ),
    };
    if one.because == REQUEST {
        out.remarks.push(Remark::new(
            Weight::Caution,
            format!("Access to “{written}” is asked for and left out: {why}."),
        ));
    } else {
        out.refusals.push(Refusal::new(
            "unknown-mailbox",
            format!("{} brings access to “{written}”: {why}", one.because),
            hint,
        ));
    }
    None
}

fn is_common(mailbox: &MailboxLite) -> bool {
    COMMON
        .iter()
        .any(|kind| mailbox.kind.eq_ignore_ascii_case(kind))
}

/// Whether policy names this very mailbox. A wildcard does not open a person's mail.
fn is_allowed(wish: &Wish<'_>, mailbox: &MailboxLite) -> bool {
    let asks = &wish.policy.asks.mailboxes;
    asks.iter()
        .any(|written| written.trim().eq_ignore_ascii_case(&mailbox.address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{field, joiner, propose_joiner};
    use domain::facts::{Facts, MailboxNamed};
    use domain::policy::Policy;
    use domain::request::Request;

    const ON: &[(&str, &str)] = &[
        ("grant-shared-mailbox", "{}"),
        ("await-mailbox", "{}"),
        ("assign-licenses", "{}"),
    ];

    fn with(written: &str, kind: Option<&str>) -> Facts {
        let mut facts = joiner();
        facts.joiner.as_mut().unwrap().mailboxes = vec![MailboxNamed {
            written: written.to_owned(),
            found: kind.map(|kind| MailboxLite {
                id: "box".into(),
                address: written.to_owned(),
                kind: kind.to_owned(),
            }),
            unread: None,
        }];
        facts
    }

    fn of_role(_: &mut Request, policy: &mut Policy) {
        let role = policy.roles.get_mut("default").unwrap();
        role.mailboxes = vec![MailboxWish::Address("info@contoso.example".to_owned())];
    }

    fn asked(request: &mut Request, policy: &mut Policy) {
        field(request, "shared-mailboxes", "boss@contoso.example");
        policy.asks.mailboxes = vec!["*".to_owned()];
    }

    #[test]
    fn a_role_brings_its_mailboxes_or_there_is_no_plan() {
        let facts = with("info@contoso.example", Some("SharedMailbox"));
        let out = propose_joiner(&GrantSharedMailbox, &facts, ON, of_role);
        let spec = &out.specs[0];
        assert_eq!(spec.changes.len(), 2);
        assert_eq!(
            spec.params["rights"][0],
            json!({"mailbox": "box", "address": "info@contoso.example", "right": "full-access"})
        );
        assert_eq!(spec.effects, [Effect::NeedsMailbox]);
        let out = propose_joiner(
            &GrantSharedMailbox,
            &with("info@contoso.example", None),
            ON,
            of_role,
        );
        assert_eq!(out.refusals[0].code, "unknown-mailbox");
        let out = propose_joiner(&GrantSharedMailbox, &facts, &ON[..1], of_role);
        assert!(out.specs.is_empty());
        assert!(out.remarks[0].text.contains("info@contoso.example"));
    }

    #[test]
    fn a_wildcard_does_not_open_a_persons_mail() {
        let facts = with("boss@contoso.example", Some("UserMailbox"));
        let out = propose_joiner(&GrantSharedMailbox, &facts, ON, asked);
        assert!(out.specs.is_empty() && out.refusals.is_empty());
        assert!(out.remarks[0].text.contains("somebody's own"));
        let named = |request: &mut Request, policy: &mut Policy| {
            asked(request, policy);
            policy
                .asks
                .mailboxes
                .push("Boss@contoso.example".to_owned());
        };
        let out = propose_joiner(&GrantSharedMailbox, &facts, ON, named);
        assert_eq!(out.specs[0].changes.len(), 2);
        let missing = with("boss@contoso.example", None);
        let out = propose_joiner(&GrantSharedMailbox, &missing, ON, asked);
        assert!(out.refusals.is_empty());
        assert!(out.remarks[0].text.contains("no mailbox"));
    }

    #[test]
    fn a_mailbox_that_could_not_be_read_is_not_called_missing() {
        let mut facts = with("info@contoso.example", None);
        let denied = "it needs Exchange.ManageAsApp, which is not granted";
        facts.joiner.as_mut().unwrap().mailboxes[0].unread = Some(denied.to_owned());
        let out = propose_joiner(&GrantSharedMailbox, &facts, ON, of_role);
        assert_eq!(
            (out.specs.len(), out.refusals.as_slice()),
            (0, [].as_slice())
        );
        let text = &out.remarks[0].text;
        assert!(
            text.contains(denied) && text.contains("role default"),
            "{text}"
        );
        assert!(!text.contains("has no mailbox"), "{text}");
    }
}
