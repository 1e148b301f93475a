//! `notify-manager`: when all is settled, the manager of somebody who comes is told how it stands, and given the pass.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::facts::PersonLite;
use domain::joiner::wanted;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Budget, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::create_temporary_access_pass::{SECRET, opened};
use crate::cx::{Cx, param};
use crate::messages::{self, Letter, Template, failed, fill, sending};
use crate::notify::recipients;
use crate::send_welcome::{Values, in_language};
use crate::settings;
use crate::step::{About, Step};
use crate::vault::secret_name;
use crate::wish::{MANAGER, Wish};

/// Tells the manager.
pub(crate) struct NotifyManager;

/// The step's name.
pub(crate) const NAME: &str = "notify-manager";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Tells the manager by mail how the onboarding ended, and hands over the pass for the first sign-in.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[],
    permissions: &["Mail.ReadWrite", "Mail.Send"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// What the notice says. Macros: `{first}`, `{last}`, `{name}`, `{upn}`, `{company}`, `{manager}`, `{start}`, `{site}`; `{state}` for one
/// word or two on how it ended, `{outcome}` for all of it, `{pass}` for the pass. The body always has the last two: what it does not
/// place itself stands at its ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// How a Temporary Access Pass is handed over: `message` (or `true`) in this mail, `link` behind a link in it that opens once,
    /// `none` (or `false`) not at all. A link that cannot be made never becomes a message.
    pass: HandOver,
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
            pass: HandOver::Way(Way::Message),
            subject: "{name}: {state}".to_owned(),
            body: "{outcome}\n\nName: {name}\nSign-in name: {upn}\nStart: {start}\n\n{pass}\n"
                .to_owned(),
            languages: BTreeMap::new(),
        }
    }
}

/// How a pass is handed over, as a policy may write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum HandOver {
    /// In the message, or not at all.
    Switch(bool),
    /// By name.
    Way(Way),
}

/// How a pass is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Way {
    /// In the message.
    Message,
    /// Behind a link that opens once.
    Link,
    /// Not at all.
    None,
}

impl HandOver {
    fn way(self) -> Way {
        match self {
            Self::Way(way) => way,
            Self::Switch(true) => Way::Message,
            Self::Switch(false) => Way::None,
        }
    }
}

/// Macros that are filled in at sending.
const LATE: [&str; 3] = ["state", "outcome", "pass"];

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let settings: Settings =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let own = Template {
        subject: settings.subject,
        body: settings.body,
    };
    own.check(&LATE)?;
    for (language, template) in settings.languages {
        template
            .check(&LATE)
            .map_err(|wrong| format!("languages: {language}: {wrong}"))?;
    }
    Ok(())
}

/// Who is given the pass of somebody who comes.
///
/// # Errors
/// Why nobody is, in the words of a remark, and how much that should worry.
pub(crate) fn hand_over(wish: &Wish<'_>) -> Result<PersonLite, (Weight, String)> {
    let nobody = |why: String| Err((Weight::Caution, why));
    let Some(settings) = wish.settings_of::<Settings>(NAME) else {
        return nobody(format!("{NAME} is switched off"));
    };
    if settings.pass.way() == Way::None {
        return nobody(format!("{NAME} does not hand it over (pass = \"none\")"));
    }
    if wish.policy.notify.sender.is_none() {
        return nobody("policy names no mailbox to send from ([notify] sender)".to_owned());
    }
    let manager = manager(wish).or_else(nobody)?;
    match outside(wish, &manager) {
        Some(why) => Err((Weight::Danger, why)),
        None => Ok(manager),
    }
}

/// Why a pass must not be mailed to somebody: it would leave the company.
fn outside(wish: &Wish<'_>, manager: &PersonLite) -> Option<String> {
    let name = &manager.display_name;
    if wish.known(&manager.id).is_some_and(|known| known.guest) {
        return Some(format!(
            "the manager, {name}, is a guest of another company"
        ));
    }
    let address = wish.mail_of(manager);
    let domain = address.rsplit('@').next().unwrap_or_default();
    let mut domains = wish.facts.tenant.domains.iter();
    let ours = domains.any(|own| own.eq_ignore_ascii_case(domain));
    (!ours).then(|| {
        format!("mail to the manager, {name}, goes to {address}, which is no domain of this tenant")
    })
}

/// The manager that the request names, else the one in the directory.
pub(crate) fn manager(wish: &Wish<'_>) -> Result<PersonLite, String> {
    let written = wanted(wish.request, wish.policy).manager;
    let written = written.as_deref().unwrap_or(MANAGER);
    wish.resolve(written, "The ready notice")
        .map_err(|refusal| refusal.text)
}

#[async_trait]
impl Step for NotifyManager {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, _settings: &Value) -> Vec<String> {
        let named = request.field("manager").map(str::trim);
        let named = named.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(MANAGER));
        named.map(str::to_owned).into_iter().collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let Some(sender) = &wish.policy.notify.sender else {
            out.remarks.push(Remark::new(
                Weight::Note,
                "The manager is not told when the person is ready: policy names no mailbox to send from ([notify] sender).",
            ));
            return;
        };
        let manager = match manager(wish) {
            Ok(manager) => manager,
            Err(why) => {
                out.remarks.push(Remark::new(
                    Weight::Caution,
                    format!("No manager is told when {} is ready: {why}.", wish.name()),
                ));
                return;
            }
        };
        let address = wish.mail_of(&manager);
        let wanted = wanted(wish.request, wish.policy);
        let values = Values::of(wish, &wanted);
        let own = Template {
            subject: settings.subject,
            body: settings.body,
        };
        let template = in_language(&wanted, &settings.languages).unwrap_or(&own);
        let zone = wanted.site.as_ref().map(|site| site.time_zone.as_str());
        out.specs.push(StepSpec {
            params: json!({
                "sender": sender,
                "recipients": [address],
                "subject": values.fill(&template.subject),
                "body": values.fill(&template.body),
                "pass": outside(wish, &manager).map_or(settings.pass.way(), |_| Way::None),
                "time-zone": zone,
            }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!(
                    "Tell {} when {} is ready",
                    manager.display_name,
                    wish.name()
                ),
                vec![sending(
                    "ready-notice",
                    "ready notice",
                    format!("notice to {address}"),
                )],
                vec![Effect::Notifies],
            )
        });
    }

    /// Once the notice is seen to be sent, the pass is in it and nowhere else.
    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let sent = messages::is_sent(cx, task).await?;
        if sent && hands_over(task) {
            let name = secret_name(task.run, SECRET);
            cx.vault.erase(&task.plan.tenant, &name).await?;
        }
        Ok(messages::seen(sent))
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let sealed = match pass(cx, task).await {
            Ok(sealed) => sealed,
            Err(problem) => return failed(todo, &problem),
        };
        let given = match given(cx, task, sealed.as_ref()).await {
            Ok(given) => given,
            Err(problem) => return failed(todo, &problem),
        };
        messages::send(cx, task, todo, &letter(task, given)).await
    }
}

/// Whether this plan makes a pass that this notice carries.
fn hands_over(task: &Task<'_>) -> bool {
    let steps = &task.plan.steps;
    let made = steps
        .iter()
        .any(|spec| spec.has(|effect| *effect == Effect::GivesPass));
    made && way(task) != Way::None
}

/// How this notice hands the pass over. Plans made before there were links say `true` or `false`.
fn way(task: &Task<'_>) -> Way {
    let pass = task.spec.params["pass"].clone();
    serde_json::from_value::<HandOver>(pass).map_or(Way::None, HandOver::way)
}

async fn pass(cx: &Cx<'_>, task: &Task<'_>) -> Result<Option<SecretString>, Problem> {
    if !hands_over(task) {
        return Ok(None);
    }
    let name = secret_name(task.run, SECRET);
    cx.vault.open(&task.plan.tenant, &name).await
}

/// What the notice says of the pass, and what in it is secret.
#[derive(Default)]
struct Given {
    text: String,
    secret: Option<SecretString>,
}

/// Puts the pass where policy wants it: into the notice, or behind a link of its own.
async fn given(
    cx: &Cx<'_>,
    task: &Task<'_>,
    sealed: Option<&SecretString>,
) -> Result<Given, Problem> {
    if !hands_over(task) {
        return Ok(Given::default());
    }
    let only = |text: &str| {
        Ok(Given {
            text: text.to_owned(),
            secret: None,
        })
    };
    let Some((expires, pass)) = sealed.map(opened) else {
        return only(
            "There is no Temporary Access Pass to hand over: it could not be made. Ask whoever runs Tenure for one.",
        );
    };
    if expires.is_some_and(|at| at <= cx.now) {
        return only(
            "The Temporary Access Pass has run out before it could be handed over. Ask whoever runs Tenure for a new one.",
        );
    }
    let until = expires.map_or_else(String::new, |at| {
        let zone = task.spec.params["time-zone"].as_str();
        format!(", valid until {}", local(at, zone))
    });
    if way(task) == Way::Link {
        let name = secret_name(task.run, SECRET);
        let link = cx
            .vault
            .link(&task.plan.tenant, &name, &pass, expires)
            .await?;
        let text = format!(
            "Temporary Access Pass{until}: behind this link, which shows it once:\n\n{}\n\nIt takes the place of a password at the first sign-in. Open the link when the person is ready for it, and give the pass to nobody else.",
            link.expose_secret()
        );
        return Ok(Given {
            text,
            secret: Some(link),
        });
    }
    let text = format!(
        "Temporary Access Pass{until}:\n\n{}\n\nIt takes the place of a password at the first sign-in. Give it to nobody but this person, not by mail or chat, and delete this message then.",
        pass.expose_secret()
    );
    Ok(Given {
        text,
        secret: Some(pass),
    })
}

fn letter(task: &Task<'_>, given: Given) -> Letter {
    let outcome = task.outcome.unwrap_or("The run has not ended yet.");
    let first = outcome.lines().next().unwrap_or(outcome);
    let state = if first.contains(": completed.") {
        "ready"
    } else {
        "needs review"
    };
    let mut body = param(task, "body").to_owned();
    if !body.contains("{outcome}") {
        body = format!("{{outcome}}\n\n{body}");
    }
    if !body.contains("{pass}") && !given.text.is_empty() {
        body.push_str("\n\n{pass}\n");
    }
    let values = [
        ("state", state),
        ("outcome", outcome),
        ("pass", given.text.as_str()),
    ];
    Letter {
        to: recipients(task),
        // The pass stands in the body alone: subjects are shown in lists and on locked telephones.
        subject: fill(param(task, "subject"), &values[..1]),
        text: fill(&body, &values).trim_end().to_owned(),
        secret: given.secret,
    }
}

/// A moment as people there read it.
pub(crate) fn local(at: Timestamp, zone: Option<&str>) -> String {
    let known = zone.and_then(|name| Some((name, TimeZone::get(name).ok()?)));
    let (name, zone) = known.unwrap_or(("UTC", TimeZone::UTC));
    let there = at.to_zoned(zone);
    format!("{} ({name})", there.strftime("%Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{field, joiner, propose_joiner};

    const ON: &[(&str, &str)] = &[(NAME, "{}")];

    #[test]
    fn the_manager_that_the_request_names_is_told() {
        let mut facts = joiner();
        let out = propose_joiner(&NotifyManager, &facts, ON, |_, _| {});
        assert_eq!(
            out.specs[0].params["recipients"],
            json!(["boss@contoso.example"])
        );
        assert_eq!(out.specs[0].effects, [Effect::Notifies]);
        assert_eq!(out.specs[0].params["subject"], "Joy Comer: {state}");
        let asked = |request: &mut Request, _: &mut _| field(request, "manager", "Kim");
        let out = propose_joiner(&NotifyManager, &facts, ON, asked);
        assert!(out.specs.is_empty());
        assert!(out.remarks[0].text.contains("Kim"));
        facts.named = vec![domain::facts::Named {
            written: "Kim".to_owned(),
            found: vec![PersonLite {
                id: "kim".into(),
                upn: "kim@contoso.example".to_owned(),
                display_name: "Kim".to_owned(),
            }],
            active: true,
            guest: false,
            mail: None,
        }];
        let out = propose_joiner(&NotifyManager, &facts, ON, asked);
        assert_eq!(
            out.specs[0].params["recipients"],
            json!(["kim@contoso.example"])
        );
    }

    #[test]
    fn a_site_can_have_words_of_its_own() {
        let settings = json!({ "languages": { "en": { "subject": "Welcome {name}", "body": "{pass} {upn}" } } });
        assert_eq!(check(&settings), Ok(()));
        let text = settings.to_string();
        let out = propose_joiner(&NotifyManager, &joiner(), &[(NAME, &text)], |_, _| {});
        assert_eq!(out.specs[0].params["subject"], "Welcome Joy Comer");
        let wrong = check(&json!({ "body": "{password}" })).unwrap_err();
        assert!(wrong.starts_with("body: "), "{wrong}");
    }
}
