//! `remove-mobile-devices`: phones lose their partnership with the mailbox.

use async_trait::async_trait;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use serde_json::json;

use crate::cx::{Cx, Tried, about, applied, param, presence, text};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, removal};
use crate::wish::Wish;

/// Removes phones' partnerships with the mailbox.
pub(crate) struct RemoveMobileDevices;

const ABOUT: About = About {
    name: "remove-mobile-devices",
    version: 1,
    purpose: "Removes phones' partnerships with the mailbox; nothing on the phones is wiped.",
    aliases: &[domain::catalogue::Alias {
        name: "RemoveMobile",
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
impl Step for RemoveMobileDevices {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some(mailbox) = wish.mailbox("Removing phones", out) else {
            return;
        };
        let changes: Vec<Change> = mailbox
            .devices
            .iter()
            .map(|device| Change {
                reversal: Reversal::CannotReturn(
                    "the phone pairs again only when somebody signs in on it".to_owned(),
                ),
                ..removal(
                    ObjectRef::new(ObjectKind::Device, &device.id, &device.name),
                    "partnership",
                    "paired",
                )
            })
            .collect();
        if changes.is_empty() {
            return;
        }
        out.specs.push(StepSpec {
            params: json!({ "mailbox": mailbox.id }),
            budget: Budget::MAIL,
            may_grow: true,
            ..ABOUT.spec(
                format!(
                    "Remove {} of {} from the mailbox",
                    count(changes.len(), "phone"),
                    wish.name()
                ),
                changes,
                vec![Effect::RemovesPartnership],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let of = json!({ "Mailbox": param(task, "mailbox") });
        let devices = cx
            .ask(task, about("Get-MobileDevice", &task.plan.upn, of))
            .await?;
        let there = |id: &str| {
            devices
                .iter()
                .any(|device| text(device, "Identity") == id || text(device, "Guid") == id)
        };
        Ok(task
            .spec
            .changes
            .iter()
            .map(|change| presence(change, there(change.object.id.as_str())))
            .collect())
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let tried = todo.iter().map(|&index| async move {
            let device = task.spec.changes[index].object.id.as_str();
            let cmdlet = about(
                "Remove-MobileDevice",
                &task.plan.upn,
                json!({ "Identity": device, "Confirm": false }),
            );
            // A partnership is an object of its own beside the mailbox.
            Tried::one(
                task,
                index,
                cx.command(task, index, cmdlet.serial(format!("device/{device}")))
                    .await,
            )
        });
        applied(task, join_all(tried).await)
    }
}

#[cfg(test)]
mod tests {
    use domain::facts::MailboxDevice;

    use super::*;
    use crate::tests::{leaver, mailbox_mut, propose_one};

    #[test]
    fn each_phone_is_a_line() {
        let mut facts = leaver();
        assert_eq!(
            propose_one(&RemoveMobileDevices, &facts, "{}"),
            Proposal::default()
        );
        mailbox_mut(&mut facts).devices = vec![MailboxDevice {
            id: "d1".into(),
            name: "iPhone".to_owned(),
        }];
        assert_eq!(
            propose_one(&RemoveMobileDevices, &facts, "{}").specs[0].changes[0]
                .object
                .name,
            "iPhone"
        );
    }
}
