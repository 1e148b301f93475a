//! Mail that must not be sent twice: made as a draft with the operation's mark, found again by it, then sent. And the texts of mails.

use connectors::Error;
use connectors::graph::{Call, Path, quoted};
use domain::ObjectId;
use domain::spec::{Change, ObjectKind, ObjectRef, Reversal};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, param, text};
use crate::problem;
use crate::step::change;

/// The value of a mail that was sent.
pub(crate) const SENT: &str = "sent";

/// The header by which a mail is found again.
const HEADER: &str = "x-tenure-operation";
/// Internet headers as an extended property. Source: Microsoft, MS-OXPROPS, the property set of internet headers.
const HEADERS: &str = "String {00020386-0000-0000-C000-000000000046} Name";

/// A mail to be sent.
pub(crate) struct Letter {
    /// Whom to, by address.
    pub(crate) to: Vec<String>,
    /// The subject line.
    pub(crate) subject: String,
    /// The body, plain text.
    pub(crate) text: String,
    /// What in the body must stand nowhere but in the mail itself.
    pub(crate) secret: Option<SecretString>,
}

/// The change that a mail is: sent, and sent for good.
pub(crate) fn sending(id: &str, name: &str, property: String) -> Change {
    let object = ObjectRef::new(ObjectKind::Message, &ObjectId::new(id), name);
    Change {
        reversal: Reversal::CannotReturn("a mail that was sent stays sent".to_owned()),
        ..change(object, property, Value::Null, SENT)
    }
}

/// Reads whether the mail of this operation was sent. The sender is the parameter `sender`.
pub(crate) async fn is_sent(cx: &Cx<'_>, task: &Task<'_>) -> Result<bool, Problem> {
    let found = cx.list(task, &marked(task)).await?;
    Ok(found
        .iter()
        .any(|message| message["isDraft"] == Value::Bool(false)))
}

/// What is seen of a mail.
pub(crate) fn seen(sent: bool) -> Vec<Seen> {
    let value = if sent { SENT.into() } else { Value::Null };
    vec![Seen::Value { value }]
}

/// A problem that concerns all of these changes.
pub(crate) fn failed(todo: &[usize], problem: &Problem) -> Applied {
    Applied {
        problems: todo.iter().map(|&index| (index, problem.clone())).collect(),
        ..Applied::default()
    }
}

/// Sends. A mail that is sent twice cannot be taken back, so it is made as a draft with this operation's mark, and a draft that an
/// earlier attempt has left is the one that is sent.
pub(crate) async fn send(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize], letter: &Letter) -> Applied {
    let sender = param(task, "sender");
    let left = if task.attempt > 1 {
        match cx.list(task, &marked(task)).await {
            Ok(found) => found
                .into_iter()
                .find(|message| message["isDraft"] == Value::Bool(true)),
            Err(problem) => return failed(todo, &problem),
        }
    } else {
        None
    };
    let draft = match left {
        Some(draft) => draft,
        None => {
            let path = Path::of(["users", sender, "messages"]);
            let call = Call::post(path, message(task, letter)).serial(format!("mail/{sender}"));
            match cx.write(task, 0, call).await {
                Ok(answer) => answer.body,
                Err(error) => {
                    return applied(task, [Tried::all(todo, Err(clean(error, letter)))]);
                }
            }
        }
    };
    let id = text(&draft, "id");
    let path = Path::of(["users", sender, "messages", id, "send"]);
    let send = Call::post(path, json!({})).serial(format!("mail/{sender}"));
    let result = cx.write(task, 1, send).await;
    if let Err(error) = &result
        && letter.secret.is_some()
        && matches!(problem::class(error), Class::Denied | Class::Invalid)
    {
        // It will never be sent, and what is in it shall not lie in a mailbox. Should this fail as well, the pass runs out by itself.
        let path = Path::of(["users", sender, "messages", id]);
        let call = Call::delete(path).serial(format!("mail/{sender}"));
        let _ = cx.write(task, 2, call).await;
    }
    let result = result.map_err(|error| clean(error, letter));
    applied(task, [Tried::all(todo, result)])
}

/// Messages of the sender that carry this operation's mark, drafts as well as sent ones.
fn marked(task: &Task<'_>) -> Path {
    let mark = format!(
        "singleValueExtendedProperties/any(p:p/id eq {} and p/value eq {})",
        quoted(&format!("{HEADERS} {HEADER}")),
        quoted(task.operation)
    );
    Path::of(["users", param(task, "sender"), "messages"])
        .filter(&mark)
        .select(&["id", "isDraft"])
}

fn message(task: &Task<'_>, letter: &Letter) -> Value {
    let to: Vec<Value> = letter
        .to
        .iter()
        .map(|address| json!({ "emailAddress": { "address": address } }))
        .collect();
    json!({
        "subject": letter.subject,
        "body": { "contentType": "text", "content": letter.text },
        "toRecipients": to,
        "internetMessageHeaders": [{ "name": HEADER, "value": task.operation }],
    })
}

/// The error without the secret, should the vendor have quoted the mail.
fn clean(mut error: Error, letter: &Letter) -> Error {
    if let Some(secret) = &letter.secret {
        error.message = error.message.replace(secret.expose_secret(), "[redacted]");
    }
    error
}

/// Subject and body of a mail, with macros such as `{first}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    /// The subject line.
    pub(crate) subject: String,
    /// The body, plain text.
    pub(crate) body: String,
}

/// The macros that every mail about a joiner has.
pub(crate) const MACROS: [&str; 8] = [
    "first", "last", "name", "upn", "company", "manager", "start", "site",
];

impl Template {
    /// Says which macro is none of those known, by the field it stands in.
    pub(crate) fn check(&self, further: &[&str]) -> Result<(), String> {
        for (field, text) in [("subject", &self.subject), ("body", &self.body)] {
            for name in macros(text) {
                if !MACROS.contains(&name) && !further.contains(&name) {
                    let known: Vec<&str> = MACROS.iter().chain(further).copied().collect();
                    return Err(format!(
                        "{field}: there is no macro {{{name}}}; there are {}",
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The words in braces that a text holds.
fn macros(text: &str) -> impl Iterator<Item = &str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
}

/// The text with its macros filled in, in one pass: what is filled in is not read for macros. Others stay as they are.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let found = behind.split_once('}').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((*value, after))
        });
        match found {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_filled_once_and_unknown_ones_are_named() {
        let values = [("first", "{upn}"), ("upn", "ada@contoso.example")];
        assert_eq!(
            fill("Dear {first}, {upn} {pass} {", &values),
            "Dear {upn}, ada@contoso.example {pass} {"
        );
        let template = Template {
            subject: "{frist}".to_owned(),
            body: String::new(),
        };
        let wrong = template.check(&["pass"]).unwrap_err();
        assert!(
            wrong.starts_with("subject: ") && wrong.contains("{frist}"),
            "{wrong}"
        );
        let template = Template {
            subject: "{first}".to_owned(),
            body: "{pass}".to_owned(),
        };
        assert_eq!(template.check(&["pass"]), Ok(()));
        assert!(template.check(&[]).is_err());
    }
}
