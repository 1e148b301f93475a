//! `send-welcome`: a mail that waits in the new mailbox.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::joiner::{Wanted, wanted};
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::await_mailbox::{Place, place};
use crate::cx::{Cx, param};
use crate::messages::{self, Letter, Template, fill, sending};
use crate::notify::recipients;
use crate::notify_manager::{local, manager};
use crate::settings;
use crate::step::{About, Step};
use crate::wish::Wish;

/// Welcomes the person.
pub(crate) struct SendWelcome;

const ABOUT: About = About {
    name: "send-welcome",
    version: 1,
    purpose: "Sends a welcome to the new mailbox.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[],
    permissions: &["Mail.ReadWrite", "Mail.Send"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// What the welcome says. Macros: `{first}`, `{last}`, `{name}`, `{upn}`, `{company}`, `{manager}`, `{start}`, `{site}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// The subject line.
    subject: String,
    /// The body, plain text.
    body: String,
    /// The same for sites with another language, by its tag (`de`, `de-AT`).
    languages: BTreeMap<String, Template>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            subject: "Welcome, {first}".to_owned(),
            body: "Welcome to {company}, {first}.\n\nThis is your mailbox. Your sign-in name is {upn}.\n"
                .to_owned(),
            languages: BTreeMap::new(),
        }
    }
}

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let settings: Settings =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let own = Template {
        subject: settings.subject,
        body: settings.body,
    };
    own.check(&[])?;
    for (language, template) in settings.languages {
        template
            .check(&[])
            .map_err(|wrong| format!("languages: {language}: {wrong}"))?;
    }
    Ok(())
}

/// The text for the language of the person's site: for all of its tag, else for the part before the region.
pub(crate) fn in_language<'t>(
    wanted: &Wanted,
    templates: &'t BTreeMap<String, Template>,
) -> Option<&'t Template> {
    let tag = wanted.site.as_ref()?.language.as_deref()?;
    let of = |tag: &str| {
        templates
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(tag))
            .map(|(_, template)| template)
    };
    of(tag).or_else(|| of(tag.split('-').next()?))
}

/// What the macros of mails about somebody who comes stand for.
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    pub(crate) fn of(wish: &Wish<'_>, wanted: &Wanted) -> Self {
        let upn = &wish.facts.person.upn;
        let domain = upn.rsplit('@').next().unwrap_or_default();
        let company = wanted.profile.get("company").map_or(domain, String::as_str);
        let zone = wanted.site.as_ref().map(|site| site.time_zone.as_str());
        let start = wanted
            .starts
            .map_or_else(|| "at once".to_owned(), |at| local(at, zone));
        let manager = manager(wish).map_or_else(|_| String::new(), |one| one.display_name);
        Self(vec![
            ("first", wanted.given_name.clone()),
            ("last", wanted.family_name.clone()),
            ("name", wish.name().to_owned()),
            ("upn", upn.clone()),
            ("company", company.to_owned()),
            ("manager", manager),
            ("start", start),
            ("site", wanted.site_name.clone()),
        ])
    }

    /// The text with these macros filled in. What comes from a request is no macro, whatever it looks like.
    pub(crate) fn fill(&self, text: &str) -> String {
        let plain: Vec<(&str, String)> = self
            .0
            .iter()
            .map(|(name, value)| (*name, value.replace(['{', '}'], "")))
            .collect();
        let values: Vec<(&str, &str)> = plain
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        fill(text, &values)
    }
}

#[async_trait]
impl Step for SendWelcome {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let wanted = wanted(wish.request, wish.policy);
        let Some(sender) = &wish.policy.notify.sender else {
            out.remarks.push(Remark::new(
                Weight::Note,
                "No welcome is sent: policy names no mailbox to send from ([notify] sender).",
            ));
            return;
        };
        // A new mailbox gets the sign-in name for its address: names that are an address of something else are not given.
        let address = match place(wish, &wanted, "The welcome", out) {
            Some(Place::There(mailbox)) => &mailbox.address,
            Some(Place::Coming) => &wish.facts.person.upn,
            None => return,
        };
        let values = Values::of(wish, &wanted);
        let own = Template {
            subject: settings.subject,
            body: settings.body,
        };
        let template = in_language(&wanted, &settings.languages).unwrap_or(&own);
        out.specs.push(StepSpec {
            params: json!({
                "sender": sender,
                "recipients": [address],
                "subject": values.fill(&template.subject),
                "body": values.fill(&template.body),
            }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Welcome {} by mail", wish.name()),
                vec![sending(
                    "welcome",
                    "welcome",
                    format!("welcome to {address}"),
                )],
                vec![Effect::NeedsMailbox],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        Ok(messages::seen(messages::is_sent(cx, task).await?))
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let letter = Letter {
            to: recipients(task),
            subject: param(task, "subject").to_owned(),
            text: param(task, "body").to_owned(),
            secret: None,
        };
        messages::send(cx, task, todo, &letter).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{joiner, propose_joiner};

    const ON: &[(&str, &str)] = &[
        ("send-welcome", "{}"),
        ("await-mailbox", "{}"),
        ("assign-licenses", "{}"),
    ];

    #[test]
    fn the_welcome_goes_to_the_new_mailbox_in_the_sites_words() {
        let out = propose_joiner(&SendWelcome, &joiner(), ON, |_, _| {});
        let spec = &out.specs[0];
        assert_eq!(spec.params["subject"], "Welcome, Joy");
        let body = spec.params["body"].as_str().unwrap();
        assert!(body.contains("joy.comer@contoso.example"), "{body}");
        assert_eq!(spec.effects, [Effect::NeedsMailbox]);
        let out = propose_joiner(&SendWelcome, &joiner(), &ON[..1], |_, _| {});
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
    }

    #[test]
    fn a_name_cannot_smuggle_a_macro_in() {
        let mut facts = joiner();
        facts.person.display_name = "{pass}".to_owned();
        let wanted = Wanted::default();
        let request = crate::tests::request();
        let policy = crate::tests::policy();
        let wish = Wish {
            request: &request,
            policy: &policy,
            facts: &facts,
            settings: &Value::Null,
            switches: &crate::Switches::new(),
        };
        assert_eq!(
            Values::of(&wish, &wanted).fill("{name} {pass}"),
            "pass {pass}"
        );
    }
}
