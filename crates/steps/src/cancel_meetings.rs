//! `cancel-meetings`: future meetings that the person organises are cancelled while the mailbox can still send.

use std::collections::BTreeSet;

use async_trait::async_trait;
use connectors::facts::meetings;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::Class;
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::json;

use crate::cx::{Cx, Tried, about, applied, param, presence};
use crate::problem;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count, removal};
use crate::wish::Wish;

/// Cancels future meetings with attendees.
pub(crate) struct CancelMeetings;

const ABOUT: About = About {
    name: "cancel-meetings",
    version: 1,
    purpose: "Cancels future meetings that the person organises; the people invited are told.",
    aliases: &[domain::catalogue::Alias {
        name: "removeCalendarInvites",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &["Exchange.ManageAsApp", "Calendars.Read"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for CancelMeetings {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some(mailbox) = wish.mailbox("Cancelling meetings", out) else {
            return;
        };
        if wish.facts.meetings.is_empty() {
            return;
        }
        let changes: Vec<Change> = wish
            .facts
            .meetings
            .iter()
            .map(|meeting| Change {
                reversal: Reversal::CannotReturn(
                    "the people invited have been told that it is cancelled".to_owned(),
                ),
                ..removal(
                    ObjectRef::new(ObjectKind::Meeting, &meeting.id, &meeting.subject),
                    "meeting",
                    format!(
                        "{}, {}",
                        meeting.start,
                        count(meeting.attendees, "attendee")
                    ),
                )
            })
            .collect();
        out.specs.push(StepSpec {
            params: json!({ "user": wish.facts.person.id, "mailbox": mailbox.id }),
            budget: Budget::MAIL,
            ..ABOUT.spec(
                format!(
                    "Cancel {} that {} organises",
                    count(changes.len(), "future meeting"),
                    wish.name()
                ),
                changes,
                vec![Effect::CancelsMeetings],
            )
        });
    }

    /// Done means that no future meeting is left at all, also none that was made after the plan.
    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let open = meetings(&cx.connection.graph, &cx.ctx, param(task, "user"), cx.now)
            .await
            .map_err(|error| problem::of_read(&error, &task.spec.permissions))?;
        let open: BTreeSet<&str> = open.iter().map(|meeting| meeting.id.as_str()).collect();
        let planned: BTreeSet<&str> = task
            .spec
            .changes
            .iter()
            .map(|change| change.object.id.as_str())
            .collect();
        let others = open.difference(&planned).count();
        let mut seen: Vec<Seen> = task
            .spec
            .changes
            .iter()
            .map(|change| presence(change, open.contains(change.object.id.as_str())))
            .collect();
        if others > 0
            && let Some(last) = seen.last_mut()
        {
            *last = Seen::Todo {
                value: format!("{} more", count(others, "future meeting")).into(),
            };
        }
        Ok(seen)
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let cmdlet = about(
            "Remove-CalendarEvents",
            &task.plan.upn,
            json!({
                "Identity": param(task, "mailbox"),
                "CancelOrganizedMeetings": true,
                "QueryWindowInDays": WINDOW_DAYS,
                "Confirm": false,
            }),
        );
        let result = cx.command(task, 0, cmdlet).await;
        let said = result.as_ref().err().map(problem::said).unwrap_or_default();
        let mut applied = applied(task, [Tried::all(todo, result)]);
        // A mailbox that refuses to send may do so again once it is a shared one: its state is in the way, not the request.
        let refused = applied
            .problems
            .iter_mut()
            .map(|(_, problem)| problem)
            .filter(|problem| problem.class == Class::Invalid);
        for problem in refused {
            problem.class = Class::Conflict;
            problem.message = format!(
                "{said} It may work once the mailbox is a shared one, so it is tried again; else cancel the meetings by hand."
            );
        }
        applied
    }
}

/// As far ahead as the meetings of the plan were looked for, and a day more for the hours of today.
const WINDOW_DAYS: u32 = 366;

#[cfg(test)]
mod tests {
    use domain::facts::{MailboxFacts, Meeting};

    use super::*;
    use crate::tests::{leaver, propose_one};

    #[test]
    fn meetings_need_a_mailbox_in_the_cloud() {
        let mut facts = leaver();
        facts.meetings = vec![Meeting {
            id: "m1".into(),
            subject: "Plan".to_owned(),
            start: "2030-01-01T09:00:00Z".to_owned(),
            attendees: 2,
        }];
        let out = propose_one(&CancelMeetings, &facts, "{}");
        assert_eq!(out.specs[0].changes[0].object.name, "Plan");
        assert!(!out.specs[0].may_grow);
        facts.mailbox = MailboxFacts::OnPremises;
        let out = propose_one(&CancelMeetings, &facts, "{}");
        assert!(out.specs.is_empty());
        assert_eq!(out.remarks.len(), 1);
    }
}
