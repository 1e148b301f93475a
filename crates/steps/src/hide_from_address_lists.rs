//! `hide-from-address-lists`: the mailbox no longer shows in address lists.

use async_trait::async_trait;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::json;

use crate::cx::{Cx, Tried, applied, wanted};
use crate::mailbox;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, change};
use crate::wish::{Wish, mailbox_ref};

/// Hides the mailbox from address lists.
pub(crate) struct HideFromAddressLists;

const ABOUT: About = About {
    name: "hide-from-address-lists",
    version: 1,
    purpose: "Hides the mailbox from address lists.",
    aliases: &[domain::catalogue::Alias {
        name: "HideFromGAL",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for HideFromAddressLists {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some(mailbox) = wish.mailbox("Hiding from address lists", out) else {
            return;
        };
        if mailbox.hidden {
            return;
        }
        if wish.facts.person.synced {
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!("{} stays in address lists: that is set on premises (msExchHideFromAddressLists).", wish.name()),
            ));
            return;
        }
        out.specs.push(StepSpec {
            params: json!({ "mailbox": mailbox.id }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!("Hide {} from address lists", wish.name()),
                vec![change(
                    mailbox_ref(mailbox),
                    "in address lists",
                    "shown",
                    "hidden",
                )],
                vec![Effect::HidesFromAddressLists],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let mailbox = mailbox::read(cx, task).await?;
        let hidden = mailbox["HiddenFromAddressListsEnabled"]
            .as_bool()
            .unwrap_or_default();
        Ok(vec![Seen::Value {
            value: (if hidden { HIDDEN } else { SHOWN }).into(),
        }])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let hidden = wanted(&task.spec.changes[0]) == HIDDEN;
        let result =
            mailbox::set(cx, task, json!({ "HiddenFromAddressListsEnabled": hidden })).await;
        applied(task, [Tried::all(todo, result)])
    }
}

const SHOWN: &str = "shown";
const HIDDEN: &str = "hidden";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, mailbox_mut, propose_one};

    #[test]
    fn what_is_hidden_or_mastered_on_premises_is_left() {
        let mut facts = leaver();
        assert_eq!(
            propose_one(&HideFromAddressLists, &facts, "{}").specs.len(),
            1
        );
        facts.person.synced = true;
        let out = propose_one(&HideFromAddressLists, &facts, "{}");
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
        mailbox_mut(&mut facts).hidden = true;
        assert_eq!(
            propose_one(&HideFromAddressLists, &facts, "{}"),
            Proposal::default()
        );
    }
}
