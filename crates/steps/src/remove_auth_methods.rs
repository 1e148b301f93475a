//! `remove-auth-methods`: every way to prove who one is at sign-in goes, the default one last.

use std::collections::BTreeSet;

use async_trait::async_trait;
use connectors::Meaning;
use connectors::graph::{Call, Path};
use domain::facts::Method;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use serde_json::json;

use crate::cx::{Cx, Tried, applied, param, presence, text};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, removal};
use crate::wish::Wish;

/// Removes all sign-in methods but the password.
pub(crate) struct RemoveAuthMethods;

const ABOUT: About = About {
    name: "remove-auth-methods",
    version: 1,
    purpose: "Removes every registered sign-in method, the default one last, until none is left.",
    aliases: &[domain::catalogue::Alias {
        name: "RemoveMFADevices",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["UserAuthenticationMethod.ReadWrite.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// Which collection a kind of method is deleted from. Source: Microsoft Graph v1.0 metadata, `authentication` of `user`; hardware
/// tokens are in beta only.
const COLLECTIONS: [(&str, &str); 9] = [
    ("phone", "phoneMethods"),
    ("microsoftAuthenticator", "microsoftAuthenticatorMethods"),
    ("fido2", "fido2Methods"),
    ("softwareOath", "softwareOathMethods"),
    ("windowsHelloForBusiness", "windowsHelloForBusinessMethods"),
    ("email", "emailMethods"),
    ("temporaryAccessPass", "temporaryAccessPassMethods"),
    ("platformCredential", "platformCredentialMethods"),
    ("external", "externalAuthenticationMethods"),
];

/// The password's own entry among the methods, which is no method to remove.
pub(crate) const PASSWORD: &str = "password";

/// The kind as the directory names it, without the words around it.
pub(crate) fn plain_kind(kind: &str) -> &str {
    let kind = kind.rsplit('.').next().unwrap_or(kind);
    kind.strip_suffix("AuthenticationMethod").unwrap_or(kind)
}

/// The collection that a kind of method is deleted from, where there is one.
pub(crate) fn collection(kind: &str) -> Option<&'static str> {
    let kind = plain_kind(kind);
    COLLECTIONS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(kind))
        .map(|(_, collection)| *collection)
}

#[async_trait]
impl Step for RemoveAuthMethods {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let methods = wish
            .facts
            .methods
            .iter()
            .filter(|method| plain_kind(&method.kind) != PASSWORD);
        let (known, unknown): (Vec<&Method>, Vec<&Method>) =
            methods.partition(|method| collection(&method.kind).is_some());
        for method in unknown {
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!(
                    "The sign-in method “{}” ({}) cannot be removed from here: remove it by hand.",
                    method.name, method.kind
                ),
            ));
        }
        if known.is_empty() {
            return;
        }
        let changes: Vec<Change> = known
            .iter()
            .map(|method| Change {
                reversal: Reversal::CannotReturn(
                    "the person would have to register it again".to_owned(),
                ),
                ..removal(
                    ObjectRef::new(ObjectKind::Method, &method.id, &method.name),
                    "sign-in method",
                    plain_kind(&method.kind),
                )
            })
            .collect();
        out.specs.push(StepSpec {
            params: json!({ "user": wish.facts.person.id }),
            may_grow: true,
            ..ABOUT.spec(
                format!(
                    "Remove {} of {}",
                    count(changes.len(), "sign-in method"),
                    wish.name()
                ),
                changes,
                vec![Effect::RemovesMethod],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let path = Path::of(["users", param(task, "user"), "authentication", "methods"]);
        let methods = cx.list(task, &path).await?;
        let left: BTreeSet<&str> = methods.iter().map(|method| text(method, "id")).collect();
        let changes = task.spec.changes.iter();
        Ok(changes
            .map(|change| presence(change, left.contains(change.object.id.as_str())))
            .collect())
    }

    /// The default method goes only when no other is left, so whatever was refused for that reason is tried again as long as
    /// something else went meanwhile.
    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let mut settled: Vec<Tried> = Vec::new();
        let mut open = in_order(task, todo);
        loop {
            let tried = join_all(open.iter().map(|&index| remove(cx, task, index))).await;
            let (refused, done): (Vec<Tried>, Vec<Tried>) = tried.into_iter().partition(is_default);
            let progress = done.iter().any(|tried| tried.result.is_ok());
            settled.extend(done);
            if refused.is_empty() || !progress {
                settled.extend(refused);
                return applied(task, settled);
            }
            open = refused
                .into_iter()
                .flat_map(|tried| tried.changes)
                .collect();
        }
    }
}

/// The alternate phone before the mobile one, which cannot go while the other is there. Source: Graph, phoneAuthenticationMethod;
/// the three ids are the same in every tenant.
const MOBILE_PHONE: &str = "3179e48a-750b-4051-897c-87b9720928f7";

/// The default method goes last, and nothing that an application may read says which one it is. For most people it is the
/// authenticator app, so that is tried last; where it is another, the service says so and it is tried again at the end.
fn in_order(task: &Task<'_>, todo: &[usize]) -> Vec<usize> {
    let mut order = todo.to_vec();
    order.sort_by_key(|&index| {
        let change = &task.spec.changes[index];
        let is_mobile = change.object.id.as_str() == MOBILE_PHONE;
        let is_app = change.now.as_str() == Some("microsoftAuthenticator");
        (is_app, is_mobile)
    });
    order
}

/// One deletion. All of one person's go one after the other, in the order in which they are asked for.
async fn remove(cx: &Cx<'_>, task: &Task<'_>, index: usize) -> Tried {
    let change = &task.spec.changes[index];
    let collection = change
        .now
        .as_str()
        .and_then(collection)
        .unwrap_or("methods");
    let path = Path::of([
        "users",
        param(task, "user"),
        "authentication",
        collection,
        change.object.id.as_str(),
    ]);
    Tried::one(task, index, cx.write(task, index, Call::delete(path)).await)
}

fn is_default(tried: &Tried) -> bool {
    tried
        .result
        .as_ref()
        .is_err_and(|error| error.means(Meaning::DefaultMethodFirst))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn all_methods_but_the_password_go_and_unknown_ones_are_said() {
        let mut facts = leaver();
        facts.methods = [
            "phone",
            "#microsoft.graph.fido2AuthenticationMethod",
            "password",
            "brainScan",
        ]
        .map(|kind| Method {
            id: kind.into(),
            kind: kind.to_owned(),
            name: kind.to_owned(),
        })
        .to_vec();
        let out = propose_one(&RemoveAuthMethods, &facts, "{}");
        assert_eq!(out.specs[0].changes.len(), 2);
        assert_eq!(out.specs[0].changes[1].now, "fido2");
        assert!(out.remarks[0].text.contains("brainScan"));
    }
}
