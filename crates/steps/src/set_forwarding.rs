//! `set-forwarding`: mail goes on to somebody else, or an earlier forwarding is cleared.

use async_trait::async_trait;
use domain::facts::Mailbox;
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::request::{Kind, Request};
use domain::spec::{Budget, Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::try_join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::cx::{Cx, Tried, applied, param, text, wanted};
use crate::mailbox;
use crate::rights;
use crate::settings;
use crate::step::{About, Step, change};
use crate::wish::{MANAGER, Wish, mailbox_ref};

/// Forwards mail, or clears what is forwarded.
pub(crate) struct SetForwarding;

const FIELD: &str = "forward-to";

const ABOUT: About = About {
    name: "set-forwarding",
    version: 1,
    purpose: "Forwards mail to the manager, another person or an address, or clears forwarding.",
    aliases: &[
        domain::catalogue::Alias {
            name: "forward",
            settings: forward,
        },
        domain::catalogue::Alias {
            name: "KeepCopy",
            settings: keep_copy,
        },
        domain::catalogue::Alias {
            name: "disableForwarding",
            settings: clear,
        },
    ],
    kinds: &[Kind::Offboard],
    default_on: false,
    fields: &[FIELD],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// Where mail goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// `manager`, a person's sign-in name, or an address; a request may name another person.
    to: String,
    /// Whether a copy stays in the mailbox.
    keep_copy: bool,
    /// Clears forwarding instead of setting it.
    clear: bool,
    /// Whether a request may have mail forwarded to an address outside the tenant.
    allow_outside: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: MANAGER.to_owned(),
            keep_copy: true,
            clear: false,
            allow_outside: false,
        }
    }
}

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let clears = value.get("clear").and_then(Value::as_bool).unwrap_or(false);
    if clears
        && value
            .get("to")
            .and_then(Value::as_str)
            .is_some_and(|to| to != MANAGER)
    {
        return Err("clear: mail cannot be forwarded and forwarding cleared at once; leave out `to` or `clear`".to_owned());
    }
    Ok(())
}

fn forward(value: &Value) -> Result<Map<String, Value>, String> {
    Ok(match settings::text(value)? {
        Some(to) => settings::table([("on", true.into()), ("to", to.into())]),
        None => settings::table([("on", false.into())]),
    })
}

fn keep_copy(value: &Value) -> Result<Map<String, Value>, String> {
    Ok(settings::table([(
        "keep-copy",
        settings::truth(value)?.into(),
    )]))
}

fn clear(value: &Value) -> Result<Map<String, Value>, String> {
    Ok(if settings::truth(value)? {
        settings::table([("on", true.into()), ("clear", true.into())])
    } else {
        settings::table([("clear", false.into())])
    })
}

/// The property of forwarding to a recipient inside.
pub(crate) const INSIDE: &str = "forwards to";
/// The property of forwarding to an address outside.
pub(crate) const OUTSIDE: &str = "forwards outside to";
/// The property of keeping a copy.
pub(crate) const COPY: &str = "keeps a copy";

/// Where mail shall go: at most one of the two, as the vendor ignores the second when both are set.
#[derive(Default)]
struct Target {
    inside: Option<String>,
    inside_id: Option<String>,
    outside: Option<String>,
    shown: String,
}

#[async_trait]
impl Step for SetForwarding {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, settings: &Value) -> Vec<String> {
        let settings: Settings = serde_json::from_value(settings.clone()).unwrap_or_default();
        if settings.clear {
            return Vec::new();
        }
        let asked = request.field(FIELD).map(str::to_owned);
        asked
            .into_iter()
            .chain([settings.to])
            .filter(|name| name != MANAGER)
            .collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let Some(mailbox) = wish.mailbox("Forwarding", out) else {
            return;
        };
        if settings.clear {
            clears(wish, mailbox, out);
        } else {
            sets(wish, &settings, mailbox, out);
        }
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let names = async {
            match param(task, "inside-id") {
                "" => Ok(Vec::new()),
                id => rights::names_of(cx, task, id, param(task, "inside")).await,
            }
        };
        let (mailbox, names) = try_join(mailbox::read(cx, task), names).await?;
        let changes = task.spec.changes.iter();
        let seen = changes.map(|change| {
            let value = match change.property.as_str() {
                INSIDE => recipient(task, change, text(&mailbox, "ForwardingAddress"), &names),
                OUTSIDE => match bare_address(text(&mailbox, "ForwardingSmtpAddress")) {
                    "" => Value::Null,
                    address => address.into(),
                },
                _ => mailbox["DeliverToMailboxAndForward"]
                    .as_bool()
                    .unwrap_or_default()
                    .into(),
            };
            Seen::Value { value }
        });
        Ok(seen.collect())
    }

    /// The vendor ignores the second address when both are set, so the other one is always nulled.
    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let target = |property: &str| {
            task.spec
                .changes
                .iter()
                .find(|change| change.property == property)
                .map(wanted)
        };
        let mut parameters = json!({ "ForwardingAddress": null, "ForwardingSmtpAddress": null });
        if let Some(inside) = target(INSIDE).and_then(Value::as_str) {
            let known = inside == param(task, "inside");
            parameters["ForwardingAddress"] = (if known {
                param(task, "inside-id")
            } else {
                inside
            })
            .into();
        } else if let Some(outside) = target(OUTSIDE).and_then(Value::as_str) {
            parameters["ForwardingSmtpAddress"] = outside.into();
        } else if target(INSIDE).is_none() && target(OUTSIDE).is_none() {
            // Only the copy changes: where mail goes stays as it is.
            parameters = json!({});
        }
        if let Some(copy) = target(COPY) {
            parameters["DeliverToMailboxAndForward"] = copy.clone();
        }
        let result = mailbox::set(cx, task, parameters).await;
        applied(task, [Tried::all(todo, result)])
    }
}

/// The recipient as the plan calls it. The mail system answers with a name of its own, which need not be the one it was given.
fn recipient(task: &Task<'_>, change: &Change, read: &str, names: &[String]) -> Value {
    if read.is_empty() {
        return Value::Null;
    }
    let known = change.now != read && rights::is_listed(names, &[read.to_owned()]);
    if known {
        param(task, "inside").into()
    } else {
        read.into()
    }
}

fn clears(wish: &Wish<'_>, mailbox: &Mailbox, out: &mut Proposal) {
    if let Some(asked) = wish.request.field(FIELD) {
        out.remarks.push(Remark::new(
            Weight::Caution,
            format!("The request asks for mail to be sent to {asked}. This plan does not do that: it clears forwarding."),
        ));
    }
    if mailbox.forwarding_to.is_none() && mailbox.forwarding_smtp.is_none() {
        return;
    }
    let changes = changes(mailbox, &Target::default(), false);
    out.specs.push(StepSpec {
        params: json!({ "mailbox": mailbox.id }),
        budget: Budget::MAIL,
        ..ABOUT.spec(
            format!("Stop forwarding mail of {}", wish.name()),
            changes,
            vec![Effect::ClearsForwarding],
        )
    });
}

fn sets(wish: &Wish<'_>, settings: &Settings, mailbox: &Mailbox, out: &mut Proposal) {
    let target = match target(wish, settings, out) {
        Ok(target) => target,
        Err(refusal) => return out.refusals.push(refusal),
    };
    let changes = changes(mailbox, &target, settings.keep_copy);
    if changes.is_empty() {
        return;
    }
    if target.outside.is_some() {
        out.remarks.push(Remark::new(
            Weight::Caution,
            format!("Mail of {} leaves the tenant, to {}. The tenant's outbound spam policy may stop it.", wish.name(), target.shown),
        ));
    }
    let copy = if settings.keep_copy {
        "and keep a copy"
    } else {
        "and keep no copy"
    };
    out.specs.push(StepSpec {
        params: json!({ "mailbox": mailbox.id, "inside": target.inside, "inside-id": target.inside_id }),
        budget: Budget::MAIL,
        ..ABOUT.spec(
            format!("Forward mail of {} to {} {copy}", wish.name(), target.shown),
            changes,
            vec![Effect::SetsForwarding],
        )
    });
}

fn target(wish: &Wish<'_>, settings: &Settings, out: &mut Proposal) -> Result<Target, Refusal> {
    let asked = wish.request.field(FIELD);
    let mut written = asked.unwrap_or(&settings.to);
    if is_outside(wish, written) {
        if asked.is_none() || settings.allow_outside {
            return Ok(Target {
                outside: Some(written.to_owned()),
                shown: written.to_owned(),
                ..Target::default()
            });
        }
        out.remarks.push(Remark::new(
            Weight::Caution,
            format!(
                "The request asks for mail to be sent to {written}. This plan does not do that: policy lets requests forward inside the tenant only."
            ),
        ));
        written = &settings.to;
        if is_outside(wish, written) {
            return Ok(Target {
                outside: Some(written.to_owned()),
                shown: written.to_owned(),
                ..Target::default()
            });
        }
    }
    let person = wish.resolve(written, "Forwarded mail")?;
    Ok(Target {
        inside: Some(person.upn.clone()),
        inside_id: Some(person.id.as_str().to_owned()),
        outside: None,
        shown: person.display_name,
    })
}

/// Whether it is an address of a domain that is not the tenant's.
fn is_outside(wish: &Wish<'_>, written: &str) -> bool {
    let domains = &wish.facts.tenant.domains;
    written
        .rsplit_once('@')
        .is_some_and(|(_, domain)| !domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
}

fn changes(mailbox: &Mailbox, target: &Target, keep_copy: bool) -> Vec<Change> {
    // The recipient may have been read by its id; in the plan it is the one name people know.
    let inside_now = mailbox.forwarding_to.as_deref().map(|now| {
        let same = target
            .inside_id
            .as_deref()
            .is_some_and(|id| id.eq_ignore_ascii_case(now));
        if same {
            target.inside.as_deref().unwrap_or(now)
        } else {
            now
        }
    });
    let outside_now = mailbox.forwarding_smtp.as_deref().map(bare_address);
    [
        (INSIDE, json!(inside_now), json!(target.inside)),
        (OUTSIDE, json!(outside_now), json!(target.outside)),
        (COPY, json!(mailbox.keep_copy), json!(keep_copy)),
    ]
    .into_iter()
    .filter(|(_, now, after)| now != after)
    .map(|(property, now, after)| change(mailbox_ref(mailbox), property, now, after))
    .collect()
}

/// The address without the `smtp:` that the mail system puts before it.
pub(crate) fn bare_address(address: &str) -> &str {
    match address.split_at_checked(5) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("smtp:") => rest,
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use domain::facts::{Named, PersonLite};

    use super::*;
    use crate::tests::{leaver, mailbox_mut, propose_one, propose_with};

    fn properties(out: &Proposal) -> Vec<(&str, &Value)> {
        out.specs[0]
            .changes
            .iter()
            .map(|change| (change.property.as_str(), &change.now))
            .collect()
    }

    #[test]
    fn the_other_address_is_always_nulled() {
        let mut facts = leaver();
        mailbox_mut(&mut facts).forwarding_smtp = Some("smtp:private@elsewhere.example".to_owned());
        let out = propose_one(&SetForwarding, &facts, "{}");
        assert_eq!(
            properties(&out),
            [
                (INSIDE, &json!(null)),
                (OUTSIDE, &json!("private@elsewhere.example")),
                (COPY, &json!(false))
            ]
        );
        let out = propose_one(&SetForwarding, &facts, r#"{"clear": true}"#);
        assert_eq!(
            properties(&out),
            [(OUTSIDE, &json!("private@elsewhere.example"))]
        );
        mailbox_mut(&mut facts).forwarding_smtp = None;
        assert_eq!(
            propose_one(&SetForwarding, &facts, r#"{"clear": true}"#),
            Proposal::default()
        );
    }

    #[test]
    fn a_request_forwards_inside_only_unless_policy_says_otherwise() {
        let mut facts = leaver();
        let to = |address: &'static str| {
            move |request: &mut Request| crate::tests::field(request, FIELD, address)
        };
        let out = propose_with(&SetForwarding, &facts, "{}", to("me@private.example"));
        assert_eq!(out.specs[0].params["inside"], "boss@contoso.example");
        assert!(out.remarks[0].text.contains("does not do that"));
        let out = propose_with(
            &SetForwarding,
            &facts,
            r#"{"allow-outside": true}"#,
            to("me@private.example"),
        );
        assert_eq!(out.specs[0].changes[0].property, OUTSIDE);

        let out = propose_with(&SetForwarding, &facts, "{}", to("kim@contoso.example"));
        assert_eq!(out.refusals[0].code, "unknown-person");
        let kim = PersonLite {
            id: "kim".into(),
            upn: "kim@contoso.example".to_owned(),
            display_name: "Kim".to_owned(),
        };
        facts.named = vec![Named {
            written: "kim@contoso.example".to_owned(),
            found: vec![kim.clone()],
            active: true,
            guest: false,
            mail: None,
        }];
        let out = propose_with(&SetForwarding, &facts, "{}", to("kim@contoso.example"));
        assert_eq!(out.specs[0].params["inside-id"], "kim");
        facts.named[0].found.push(PersonLite {
            id: "kim2".into(),
            ..kim
        });
        let out = propose_with(&SetForwarding, &facts, "{}", to("kim@contoso.example"));
        assert_eq!(out.refusals[0].code, "ambiguous-person");
    }

    #[test]
    fn contradicting_settings_are_named() {
        assert!(
            check(&json!({"clear": true, "to": "a@b"}))
                .unwrap_err()
                .starts_with("clear")
        );
        assert_eq!(check(&json!({"clear": true})), Ok(()));
    }
}
