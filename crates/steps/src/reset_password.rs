//! `reset-password`: the password becomes one that nobody knows.

use async_trait::async_trait;
use connectors::graph::{Call, Path};
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Change, Effect, Expect, Reversal};
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::Value;
use serde_json::json;

use crate::access;
use crate::cx::Cx;
use crate::disable_on_premises;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step};
use crate::wish::Wish;

/// Replaces the password by a random one that is kept by nobody.
pub(crate) struct ResetPassword;

const ABOUT: About = About {
    name: "reset-password",
    version: 1,
    purpose: "Replaces the password by a random one that nobody knows and nothing stores.",
    aliases: &[domain::catalogue::Alias {
        name: "ResetPass",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["User-PasswordProfile.ReadWrite.All", "User.Read.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for ResetPassword {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let person = &wish.facts.person;
        if person.synced {
            // Where somebody is asked to close the account there, that is part of it.
            if !wish.is_on(disable_on_premises::NAME) {
                out.remarks.push(Remark::new(
                    Weight::ByHand,
                    format!("The password of {} is kept on premises and cannot be reset from the cloud: reset it there.", person.upn),
                ));
            }
            return;
        }
        out.specs.push(ABOUT.spec(
            format!(
                "Replace the password of {} by a random one that nobody knows",
                wish.name()
            ),
            vec![Change {
                    object: wish.person(),
                    property: "password set".to_owned(),
                    now: person
                        .password_changed_at
                        .clone()
                        .map_or(Value::Null, Value::String),
                    after: Expect::Later,
                    reversal: Reversal::CannotReturn(
                        "the old password is known to nobody but the person".to_owned(),
                    ),
                }],
            vec![Effect::ResetsPassword],
        ));
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let account = access::read(cx, task).await?;
        let instead = access::after(task, &[Effect::ClosesSignIn]);
        Ok(vec![access::later(
            task,
            &account["lastPasswordChangeDateTime"],
            instead,
        )])
    }

    /// A lost reply means a new password: nobody needs to know either of them.
    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let user = task.spec.changes[0].object.id.as_str();
        let profile = json!({ "passwordProfile": {
            "password": password(cx.random),
            "forceChangePasswordNextSignIn": true,
        }});
        let result = cx
            .write(task, 0, Call::patch(Path::of(["users", user]), profile))
            .await;
        access::answered(cx, task, todo, result)
    }
}

/// Letters, digits and signs that no password policy refuses and no reader takes for another.
const SETS: [&[u8]; 4] = [
    b"ABCDEFGHJKLMNPQRSTUVWXYZ",
    b"abcdefghijkmnopqrstuvwxyz",
    b"23456789",
    b"!#$%*+-=?@_",
];
const LENGTH: usize = 40;

/// A password of [`LENGTH`] characters with all of the four kinds in it.
pub(crate) fn password(random: &(dyn Fn(&mut [u8]) + Send + Sync)) -> String {
    let all: Vec<u8> = SETS.concat();
    // The first four are of the four kinds, the rest of any: 36 characters of 68 leave nothing to guess.
    let sets = SETS.into_iter().chain(std::iter::repeat(all.as_slice()));
    sets.take(LENGTH)
        .map(|set| char::from(one_of(set, random)))
        .collect()
}

/// One byte of the set, each as likely as the others.
fn one_of(set: &[u8], random: &(dyn Fn(&mut [u8]) + Send + Sync)) -> u8 {
    let fair = 256 - 256 % set.len();
    loop {
        let mut byte = [0u8];
        random(&mut byte);
        if usize::from(byte[0]) < fair {
            return set[usize::from(byte[0]) % set.len()];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_on, propose_one};

    #[test]
    fn a_password_is_long_and_of_all_kinds() {
        let counter = std::sync::atomic::AtomicU8::new(7);
        let random = |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| {
                *byte = counter.fetch_add(41, std::sync::atomic::Ordering::Relaxed)
            });
        };
        let (one, other) = (password(&random), password(&random));
        assert_ne!(one, other);
        assert_eq!(one.len(), LENGTH);
        for set in SETS {
            assert!(one.bytes().any(|byte| set.contains(&byte)), "{one}");
        }
    }

    #[test]
    fn a_password_kept_on_premises_is_for_a_human() {
        let mut facts = leaver();
        let out = propose_one(&ResetPassword, &facts, "{}");
        assert_eq!(out.specs[0].changes[0].after, Expect::Later);
        facts.person.synced = true;
        let out = propose_one(&ResetPassword, &facts, "{}");
        assert!(out.specs.is_empty());
        assert_eq!(out.remarks[0].weight, Weight::ByHand);
        let both = [("reset-password", "{}"), ("disable-on-premises", "{}")];
        assert_eq!(
            propose_on(&ResetPassword, &facts, &both),
            Proposal::default()
        );
    }
}
