//! `await-mailbox`: what needs the new mailbox begins when the mail system shows it.

use async_trait::async_trait;
use domain::facts::{Mailbox, MailboxFacts, Sku};
use domain::joiner::{Wanted, wanted};
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::policy::LicenceWish;
use domain::request::Kind;
use domain::spec::{Budget, Change, Effect, ObjectKind, ObjectRef, Reversal, Route, StepSpec};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, about_organization, who};
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, change};
use crate::wish::Wish;

/// Waits for the mailbox of somebody who comes.
pub(crate) struct AwaitMailbox;

const NAME: &str = "await-mailbox";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Waits until the new mailbox exists, so that what needs it can begin.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[],
    permissions: &["Exchange.ManageAsApp"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// A mailbox comes minutes after its licence as a rule, and Microsoft documents up to a day.
const A_DAY: Budget = Budget {
    converge_ms: 24 * 3_600_000,
    poll_ms: 5_000,
    attempts: 2,
};

/// The value of a mailbox that is there.
const PROVISIONED: &str = "provisioned";

/// Where a step for somebody who comes finds the mailbox.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place<'a> {
    /// It is there already.
    There(&'a Mailbox),
    /// It comes in this plan, and is waited for.
    Coming,
}

/// The mailbox that the person has or gets. Where there is none, or nobody waits for it, `left_out` is told in a remark.
pub(crate) fn place<'a>(
    wish: &'a Wish<'_>,
    wanted: &Wanted,
    left_out: &str,
    out: &mut Proposal,
) -> Option<Place<'a>> {
    let because = match &wish.facts.mailbox {
        MailboxFacts::None if !comes(wish, wanted) => {
            format!("{} has no mailbox and gets none by this plan", wish.name())
        }
        MailboxFacts::None if !wish.is_on(NAME) => {
            format!("{NAME} is switched off, so nothing waits for the mailbox")
        }
        MailboxFacts::None => return Some(Place::Coming),
        _ => return wish.mailbox(left_out, out).map(Place::There),
    };
    out.remarks.push(Remark::new(
        Weight::Caution,
        format!("{left_out} is left out: {because}."),
    ));
    None
}

/// The step that gives licences: it alone knows what names mean, and by which route they come.
const ASSIGNS: &str = "assign-licenses";

/// Whether a licence that the person holds or is given by this plan carries a mailbox, by whichever route.
fn comes(wish: &Wish<'_>, wanted: &Wanted) -> bool {
    let facts = wish.facts;
    if facts.licenses.iter().any(|held| held.carries.mailbox) {
        return true;
    }
    let (Some(assigns), Some(settings)) = (crate::find(ASSIGNS), wish.switches.get(ASSIGNS)) else {
        return false;
    };
    let mut licences = Proposal::default();
    assigns.propose(&Wish { settings, ..*wish }, &mut licences);
    let mut effects = licences.specs.iter().flat_map(|spec| &spec.effects);
    effects.any(|effect| match effect {
        Effect::AssignsLicense {
            sku,
            route,
            carries,
        } => {
            let bought = facts.tenant.skus.iter().find(|bought| bought.id == *sku);
            carries.mailbox
                && (*route != Route::Direct || bought.is_none_or(|bought| keeps_it(wanted, bought)))
        }
        _ => false,
    })
}

/// Whether nobody wishes for the licence without the services in it that are the mailbox.
fn keeps_it(wanted: &Wanted, sku: &Sku) -> bool {
    let mail: Vec<&str> = sku
        .plans
        .iter()
        .map(|plan| plan.name.as_str())
        .filter(|name| is_mailbox(name))
        .collect();
    let without_mail = |wish: &LicenceWish| {
        let left_out = |name: &&str| {
            let mut without = wish.without().iter();
            without.any(|one| one.trim().eq_ignore_ascii_case(name))
        };
        !mail.is_empty() && mail.iter().all(left_out)
    };
    !wanted.licences.iter().any(|one| without_mail(&one.wish))
}

/// Whether a service is a mailbox. Source: Microsoft, "Product names and service plan identifiers for licensing".
fn is_mailbox(plan: &str) -> bool {
    let kinds = ["STANDARD", "ENTERPRISE", "DESKLESS", "ESSENTIALS"];
    plan.strip_prefix("EXCHANGE_S_")
        .is_some_and(|kind| kinds.iter().any(|known| kind.starts_with(known)))
}

#[async_trait]
impl Step for AwaitMailbox {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let wanted = wanted(wish.request, wish.policy);
        if wish.facts.mailbox != MailboxFacts::None || !comes(wish, &wanted) {
            return;
        }
        let person = &wish.facts.person;
        let object = ObjectRef::new(ObjectKind::Mailbox, &person.id, &person.upn);
        out.specs.push(StepSpec {
            budget: A_DAY,
            ..ABOUT.spec(
                format!("Wait for the mailbox of {}", wish.name()),
                vec![Change {
                    reversal: Reversal::CannotReturn(
                        "a mailbox comes and goes with its licence".to_owned(),
                    ),
                    ..change(object, "mailbox", Value::Null, PROVISIONED)
                }],
                vec![Effect::AwaitsMailbox],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        // Not by way of the mailbox's own server: there is none before there is a mailbox.
        let cmdlet = about_organization("Get-Mailbox", json!({ "Identity": who(task) }));
        let there = match cx.ask(task, cmdlet.select(&["RecipientTypeDetails"])).await {
            Ok(found) => !found.is_empty(),
            Err(problem) if problem.class == Class::Missing => false,
            Err(problem) => return Err(problem),
        };
        Ok(vec![Seen::Value {
            value: if there {
                PROVISIONED.into()
            } else {
                Value::Null
            },
        }])
    }

    /// Nothing to write: the licence has asked for the mailbox.
    async fn apply(&self, _cx: &Cx<'_>, _task: &Task<'_>, _todo: &[usize]) -> Applied {
        Applied::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{joiner, propose_joiner};

    const ON: &[(&str, &str)] = &[(NAME, "{}"), (ASSIGNS, "{}")];

    #[test]
    fn a_mailbox_is_waited_for_when_a_licence_brings_one() {
        let mut facts = joiner();
        let out = propose_joiner(&AwaitMailbox, &facts, ON, |_, _| {});
        assert_eq!(out.specs[0].effects, [Effect::AwaitsMailbox]);
        let without = |plans: &'static [&'static str]| {
            move |_: &mut _, policy: &mut domain::policy::Policy| {
                let role = policy.roles.get_mut("default").unwrap();
                role.licences = vec![LicenceWish::Part {
                    licence: "Microsoft 365 E3".to_owned(),
                    without: plans.iter().map(|&plan| plan.to_owned()).collect(),
                }];
            }
        };
        let out = propose_joiner(&AwaitMailbox, &facts, ON, without(&["TEAMS1"]));
        assert_eq!(out.specs.len(), 1);
        let out = propose_joiner(
            &AwaitMailbox,
            &facts,
            ON,
            without(&["exchange_s_enterprise"]),
        );
        assert_eq!(out, Proposal::default());
        let out = propose_joiner(&AwaitMailbox, &facts, &ON[..1], |_, _| {});
        assert_eq!(out, Proposal::default());
        facts.mailbox = crate::tests::leaver().mailbox;
        let out = propose_joiner(&AwaitMailbox, &facts, ON, |_, _| {});
        assert_eq!(out, Proposal::default());
    }

    #[test]
    fn a_mailbox_can_come_by_a_group() {
        let facts = joiner();
        let by_group = |_: &mut _, policy: &mut domain::policy::Policy| {
            let role = policy.roles.get_mut("default").unwrap();
            role.licences = Vec::new();
            role.licence_groups = vec!["Licence E3".to_owned()];
        };
        let out = propose_joiner(&AwaitMailbox, &facts, ON, by_group);
        assert_eq!(out.specs.len(), 1);
    }
}
