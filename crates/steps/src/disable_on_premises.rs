//! `disable-on-premises`: an account that is mastered on premises is closed there, by somebody who can.

use async_trait::async_trait;
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, ByHand, Change, Effect, ObjectKind, ObjectRef, Reversal, StepSpec};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cx::Cx;
use crate::messages::failed;
use crate::settings;
use crate::step::{About, Step, change};
use crate::wish::Wish;

/// Has the on-premises account disabled.
pub(crate) struct DisableOnPremises;

/// The step's name.
pub(crate) const NAME: &str = "disable-on-premises";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Asks somebody to disable an account that is mastered on premises, and to reset its password there.",
    aliases: &[],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &[],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// Who does it, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// Whoever looks after Active Directory: an address or an operator's name. The first of `[notify] recipients` unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    /// How long it may take, in hours; after that it is a finding.
    within_hours: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            assignee: None,
            within_hours: 24,
        }
    }
}

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let settings: Settings =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    if settings.within_hours == 0 {
        return Err("within-hours: 0 hours is no time to do it in".to_owned());
    }
    if settings.assignee.is_some_and(|who| who.trim().is_empty()) {
        return Err("assignee: name somebody, or leave it out".to_owned());
    }
    Ok(())
}

/// The part of the profile under which the name of the on-premises account stands, where it was read.
const ACCOUNT: &str = "on-premises-account";

#[async_trait]
impl Step for DisableOnPremises {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let person = &wish.facts.person;
        if !person.synced {
            return;
        }
        let settings: Settings = wish.settings();
        let told = wish.policy.notify.recipients.first();
        let assignee = settings
            .assignee
            .or_else(|| told.cloned())
            .unwrap_or_else(|| "whoever looks after Active Directory".to_owned());
        let account = match person.attributes.get(ACCOUNT) {
            Some(name) => format!("{name} ({})", person.upn),
            None => person.upn.clone(),
        };
        let object = ObjectRef::new(ObjectKind::Manual, &person.id, &account);
        let by_hand = |property: &str, now: &str, after: &str, why: &str| Change {
            reversal: Reversal::CannotReturn(why.to_owned()),
            ..change(object.clone(), property, now, after)
        };
        out.specs.push(StepSpec {
            budget: Budget::DIRECTORY,
            by_hand: Some(ByHand {
                assignee: assignee.clone(),
                within_hours: settings.within_hours,
                instructions: instructions(&account),
            }),
            ..ABOUT.spec(
                format!(
                    "Have {assignee} disable {account} on premises and reset its password there"
                ),
                vec![
                    by_hand(
                        "on-premises account",
                        "as it stands",
                        "disabled",
                        "it is enabled again by hand, on premises",
                    ),
                    by_hand(
                        "on-premises password",
                        "as it stands",
                        "replaced",
                        "the old password is known to nobody but the person",
                    ),
                ],
                vec![Effect::DisablesOnPremises, Effect::ResetsPasswordOnPremises],
            )
        });
    }

    async fn observe(&self, _cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        Err(by_hand(task))
    }

    async fn apply(&self, _cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        failed(todo, &by_hand(task))
    }
}

/// What has to be done, in the order in which it closes most first.
fn instructions(account: &str) -> Vec<String> {
    vec![
        format!("In Active Directory, disable the account {account}."),
        "Reset its password to a random one that nobody knows, twice, so that cached ones are of no use.".to_owned(),
        "End its sessions on file servers, remote desktops and VPN.".to_owned(),
        "Start a directory synchronisation (Start-ADSyncSyncCycle -PolicyType Delta), or wait for the next one.".to_owned(),
        "Then say here that it is done. The block is read again after the synchronisation.".to_owned(),
    ]
}

fn by_hand(task: &Task<'_>) -> Problem {
    Problem {
        class: Class::Invalid,
        message: format!(
            "{} is done by hand and can be neither carried out nor read from here. Say that it is done once it is.",
            task.spec.summary
        ),
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{leaver, propose_one};
    use serde_json::json;

    #[test]
    fn whoever_is_mastered_on_premises_is_closed_there_by_hand() {
        let mut facts = leaver();
        assert_eq!(
            propose_one(&DisableOnPremises, &facts, "{}"),
            Proposal::default()
        );
        facts.person.synced = true;
        facts
            .person
            .attributes
            .insert(ACCOUNT.to_owned(), "lver".to_owned());
        let out = propose_one(
            &DisableOnPremises,
            &facts,
            r#"{"assignee": "ad@contoso.example"}"#,
        );
        let spec = &out.specs[0];
        let by_hand = spec.by_hand.as_ref().unwrap();
        assert_eq!(
            (by_hand.assignee.as_str(), by_hand.within_hours),
            ("ad@contoso.example", 24)
        );
        assert!(by_hand.instructions[0].contains("lver (leaver@contoso.example)"));
        assert_eq!(
            spec.effects,
            [Effect::DisablesOnPremises, Effect::ResetsPasswordOnPremises]
        );
        assert!(matches!(
            DisableOnPremises.undo(spec, &[]),
            crate::Undo::Cannot(_)
        ));
    }

    #[test]
    fn no_time_and_nobody_are_no_settings() {
        assert!(check(&json!({ "within-hours": 0 })).is_err());
        assert!(check(&json!({ "assignee": " " })).is_err());
    }
}
