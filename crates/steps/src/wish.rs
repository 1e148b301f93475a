//! What a step looks at when it proposes: the request, the policy, the facts, its settings, and who is meant by a name.

use std::collections::BTreeMap;

use domain::ObjectId;
use domain::facts::{Facts, Mailbox, MailboxFacts, Named, PersonLite};
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::policy::Policy;
use domain::request::{Kind, Request};
use domain::spec::{ObjectKind, ObjectRef};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The steps that are switched on, by name, each with its settings (without `on`).
pub type Switches = BTreeMap<String, Value>;

/// The word under which settings mean the person's manager, whoever that is.
pub(crate) const MANAGER: &str = "manager";

/// What a step looks at when it proposes.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The request.
    pub request: &'a Request,
    /// The policy.
    pub policy: &'a Policy,
    /// The live tenant.
    pub facts: &'a Facts,
    /// The step's own settings.
    pub settings: &'a Value,
    /// All steps that are switched on.
    pub switches: &'a Switches,
}

impl Wish<'_> {
    /// The settings as the step's own type. They were checked before anything was proposed.
    pub(crate) fn settings<S: DeserializeOwned + Default>(&self) -> S {
        serde_json::from_value(self.settings.clone()).unwrap_or_default()
    }

    /// Another step's settings, when it is switched on.
    pub(crate) fn settings_of<S: DeserializeOwned + Default>(&self, step: &str) -> Option<S> {
        let settings = self.switches.get(step)?;
        Some(serde_json::from_value(settings.clone()).unwrap_or_default())
    }

    /// Whether this step is switched on.
    pub(crate) fn is_on(&self, step: &str) -> bool {
        self.switches.contains_key(step)
    }

    /// The person as an object.
    pub(crate) fn person(&self) -> ObjectRef {
        let person = &self.facts.person;
        ObjectRef::new(ObjectKind::Person, &person.id, &person.display_name)
    }

    /// The person's display name.
    pub(crate) fn name(&self) -> &str {
        &self.facts.person.display_name
    }

    /// The mailbox in the cloud. Where it cannot be touched for a reason worth knowing, `left_out` is told in a remark.
    pub(crate) fn mailbox(&self, left_out: &str, out: &mut Proposal) -> Option<&Mailbox> {
        let because = match &self.facts.mailbox {
            MailboxFacts::Cloud(mailbox) => return Some(mailbox),
            MailboxFacts::None => return None,
            MailboxFacts::OnPremises => "the mailbox is kept on premises".to_owned(),
            MailboxFacts::Unread { because } => {
                format!("the mailbox could not be read ({because})")
            }
        };
        out.remarks.push(Remark::new(
            Weight::Caution,
            format!("{left_out} is left out: {because}."),
        ));
        None
    }

    /// The one person meant by a name in the settings or the request.
    ///
    /// # Errors
    /// A refusal that says why it is nobody, several people, or somebody who cannot take over.
    pub(crate) fn resolve(&self, written: &str, purpose: &str) -> Result<PersonLite, Refusal> {
        let person = &self.facts.person;
        let found = if written.eq_ignore_ascii_case(MANAGER) {
            person.manager.clone().ok_or_else(|| {
                Refusal::new(
                    "unknown-person",
                    format!("{purpose} goes to the manager, and {} has no manager in the directory", person.upn),
                    "name a person in the request or in the policy, or set the manager in the directory",
                )
            })?
        } else {
            self.look_up(written, purpose)?
        };
        if found.id == person.id {
            let who = match self.request.kind {
                Kind::Offboard => "who is leaving",
                Kind::Onboard | Kind::Transfer | Kind::Restore => "who is this very person",
            };
            return Err(Refusal::new(
                "unknown-person",
                format!("{purpose} would go to {}, {who}", found.upn),
                "name somebody else",
            ));
        }
        if self.is_inactive(&found.id) {
            return Err(Refusal::new(
                "inactive-person",
                format!(
                    "{purpose} would go to {}, whose sign-in is blocked",
                    found.upn
                ),
                "name somebody who can sign in",
            ));
        }
        Ok(found)
    }

    fn look_up(&self, written: &str, purpose: &str) -> Result<PersonLite, Refusal> {
        let entry: Option<&Named> = self
            .facts
            .named
            .iter()
            .find(|named| named.written.eq_ignore_ascii_case(written));
        match entry.map_or(&[] as &[PersonLite], |named| named.found.as_slice()) {
            [one] => Ok(one.clone()),
            [] => Err(Refusal::new(
                "unknown-person",
                format!("{purpose} goes to “{written}”, and nobody of that name is in the tenant"),
                "give the sign-in name as it stands in the directory",
            )),
            several => {
                let upns: Vec<&str> = several.iter().map(|one| one.upn.as_str()).collect();
                Err(Refusal::new(
                    "ambiguous-person",
                    format!(
                        "{purpose} goes to “{written}”, and that can be any of {}",
                        upns.join(", ")
                    ),
                    "give the sign-in name of the one who is meant",
                ))
            }
        }
    }

    /// What was read of somebody whom request, policy or directory name.
    pub(crate) fn known(&self, id: &ObjectId) -> Option<&Named> {
        self.facts
            .named
            .iter()
            .find(|named| matches!(named.found.as_slice(), [one] if one.id == *id))
    }

    /// Where mail to somebody goes: the mail address where there is one, else the sign-in name.
    pub(crate) fn mail_of(&self, person: &PersonLite) -> String {
        let mail = self.known(&person.id).and_then(|known| known.mail.clone());
        mail.unwrap_or_else(|| person.upn.clone())
    }

    fn is_inactive(&self, id: &ObjectId) -> bool {
        self.facts
            .named
            .iter()
            .any(|named| matches!(named.found.as_slice(), [one] if one.id == *id) && !named.active)
    }
}

/// A person as an object.
pub(crate) fn person_ref(person: &PersonLite) -> ObjectRef {
    ObjectRef::new(ObjectKind::Person, &person.id, &person.display_name)
}

/// A mailbox as an object.
pub(crate) fn mailbox_ref(mailbox: &Mailbox) -> ObjectRef {
    ObjectRef::new(ObjectKind::Mailbox, &mailbox.id, &mailbox.address)
}
