//! The form's values as they were sent, and the wish they make.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::policy::{Policy, requesters};
use domain::request::{Cited, PersonHint, When};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Sort;
use crate::acts::request::{self, Wish, person};
use crate::web::plan::zone_of;

/// What was sent. Every field may be missing: what is missing is empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Form {
    pub(crate) kind: Sort,
    /// `find` for the button that only searches.
    pub(crate) act: String,
    pub(crate) person: String,
    /// The one that was picked among those found: the directory's id.
    pub(crate) picked: String,
    pub(crate) step: String,
    /// `now` or `at`.
    pub(crate) when: String,
    pub(crate) date: String,
    pub(crate) time: String,
    pub(crate) delegate: String,
    pub(crate) forward_to: String,
    pub(crate) successor: String,
    pub(crate) note: String,
    pub(crate) confidential: String,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
    pub(crate) job_title: String,
    pub(crate) department: String,
    pub(crate) site: String,
    pub(crate) role: String,
    pub(crate) manager: String,
    pub(crate) mobile: String,
    pub(crate) private_mail: String,
    pub(crate) employee_id: String,
    pub(crate) contractor: String,
    pub(crate) contract_end: String,
    pub(crate) copy_from: String,
    pub(crate) groups: String,
    pub(crate) licences: String,
    pub(crate) shared_mailboxes: String,
    /// `step=on` and `step=off`, for this request alone.
    pub(crate) switch: Vec<String>,
}

/// What is wrong: the field, and the sentence.
pub(crate) type Wrong = Vec<(String, String)>;

impl Form {
    /// The wish that these values make.
    ///
    /// # Errors
    /// Everything that is wrong, by field.
    pub(crate) fn wish(
        &self,
        tenant: &TenantId,
        policy: &Policy,
        requester: &str,
    ) -> Result<Wish, Wrong> {
        let mut wrong = Wrong::new();
        let when = self.moment(policy).unwrap_or_else(|why| {
            wrong.push(("date".to_owned(), why));
            When::Now
        });
        let confidential = self.named(requester).unwrap_or_else(|why| {
            wrong.push(("confidential".to_owned(), why));
            Vec::new()
        });
        let switches = self.switches().unwrap_or_else(|why| {
            wrong.push(("switches".to_owned(), why));
            BTreeMap::new()
        });
        let (hint, fields) = self.content().unwrap_or_else(|more| {
            wrong.extend(more);
            (PersonHint::default(), BTreeMap::new())
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Wish {
            tenant: tenant.clone(),
            kind: self.kind.kind(),
            person: hint,
            when,
            fields,
            switches,
            only: (self.kind == Sort::Action).then(|| vec![self.step.clone()]),
            confidential,
            channel: "form",
            requester: requester.to_owned(),
            reference: None,
        })
    }

    /// Person and fields.
    fn content(&self) -> Result<(PersonHint, BTreeMap<String, Cited<String>>), Wrong> {
        if self.kind == Sort::Onboard {
            return self.joiner();
        }
        let mut wrong = Wrong::new();
        let written = if self.picked.is_empty() {
            &self.person
        } else {
            &self.picked
        };
        if written.trim().is_empty() {
            wrong.push((
                "person".to_owned(),
                "Say who: a name or a sign-in name.".to_owned(),
            ));
        }
        if self.kind == Sort::Action && self.step.is_empty() {
            wrong.push(("step".to_owned(), "Choose what shall be done.".to_owned()));
        }
        let given = [
            ("delegate", &self.delegate),
            ("forward-to", &self.forward_to),
            ("successor", &self.successor),
            ("note", &self.note),
        ];
        let fields = given
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.to_owned(), Cited::typed(value.trim().to_owned())))
            .collect();
        if wrong.is_empty() {
            Ok((request::hint(written), fields))
        } else {
            Err(wrong)
        }
    }

    /// Somebody who comes: the fields are read by the same hand that reads a file of them.
    fn joiner(&self) -> Result<(PersonHint, BTreeMap<String, Cited<String>>), Wrong> {
        let given = [
            ("given-name", &self.given_name),
            ("family-name", &self.family_name),
            ("job-title", &self.job_title),
            ("department", &self.department),
            ("site", &self.site),
            ("role", &self.role),
            ("manager", &self.manager),
            ("mobile", &self.mobile),
            ("private-mail", &self.private_mail),
            ("employee-id", &self.employee_id),
            ("contractor", &self.contractor),
            ("contract-end", &self.contract_end),
            ("copy-from", &self.copy_from),
            ("note", &self.note),
        ];
        let mut table: Map<String, Value> = given
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.to_owned(), Value::String(value.trim().to_owned())))
            .collect();
        let lists = [
            ("groups", &self.groups),
            ("licences", &self.licences),
            ("shared-mailboxes", &self.shared_mailboxes),
        ];
        for (name, text) in lists {
            let lines = text
                .split(['\n', ','])
                .map(str::trim)
                .filter(|line| !line.is_empty());
            let lines: Vec<Value> = lines.map(|line| Value::String(line.to_owned())).collect();
            if !lines.is_empty() {
                table.insert(name.to_owned(), Value::Array(lines));
            }
        }
        let mut wrong = Wrong::new();
        for (name, value, words) in [
            ("given-name", &self.given_name, "Give the first name."),
            ("family-name", &self.family_name, "Give the last name."),
        ] {
            if value.trim().is_empty() {
                wrong.push((name.to_owned(), words.to_owned()));
            }
        }
        match person::of(&table) {
            Ok(person) if wrong.is_empty() => Ok((person.hint, person.fields)),
            Ok(_) => Err(wrong),
            Err(more) => {
                wrong.extend(more.into_iter().map(|one| (one.field, one.why)));
                Err(wrong)
            }
        }
    }

    /// When, in the zone of the site.
    fn moment(&self, policy: &Policy) -> Result<When, String> {
        if self.when != "at" {
            return Ok(When::Now);
        }
        let date: jiff::civil::Date = self
            .date
            .trim()
            .parse()
            .map_err(|_| "Give a day, like 2026-11-28.".to_owned())?;
        if self.time.trim().is_empty() {
            return Ok(When::On(date));
        }
        let time: jiff::civil::Time = self
            .time
            .trim()
            .parse()
            .map_err(|_| "Give a time, like 17:00.".to_owned())?;
        let site = Some(self.site.as_str()).filter(|site| !site.is_empty());
        let zone = zone_of(policy, site);
        let moment = date.to_datetime(time).to_zoned(zone);
        moment
            .map(|moment| When::At(moment.timestamp()))
            .map_err(|error| format!("That moment cannot be: {error}."))
    }

    /// Who alone may see it: whoever asks, and the named.
    fn named(&self, requester: &str) -> Result<Vec<String>, String> {
        let written = self.confidential.split(['\n', ',', ';', ' ']);
        let written: Vec<&str> = written
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .collect();
        if written.is_empty() {
            return Ok(Vec::new());
        }
        let mut named = vec![requester.to_owned()];
        for one in written {
            let address =
                requesters::address(one).ok_or_else(|| format!("{one} is no mail address."))?;
            if !named.contains(&address) {
                named.push(address);
            }
        }
        Ok(named)
    }

    fn switches(&self) -> Result<BTreeMap<String, Value>, String> {
        let mut switches = BTreeMap::new();
        for pair in self.switch.iter().filter(|pair| !pair.is_empty()) {
            let (step, on) = match pair.rsplit_once('=') {
                Some((step, "on")) => (step, true),
                Some((step, "off")) => (step, false),
                _ => return Err(format!("{pair} is no switch.")),
            };
            switches.insert(step.to_owned(), Value::Bool(on));
        }
        Ok(switches)
    }
}

/// What the template asks.
impl Form {
    /// Whether a step was switched so.
    pub(crate) fn has(&self, step: &str, to: &str) -> bool {
        self.switch
            .iter()
            .any(|pair| pair.rsplit_once('=') == Some((step, to)))
    }

    /// Whether more than the role is asked for.
    pub(crate) fn has_more(&self) -> bool {
        let more = [
            &self.copy_from,
            &self.groups,
            &self.licences,
            &self.shared_mailboxes,
        ];
        more.iter().any(|text| !text.is_empty())
    }
}
