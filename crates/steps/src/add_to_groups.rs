//! `add-to-groups`: the person becomes a member of security and Microsoft 365 groups.

use async_trait::async_trait;
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Change, Effect, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use serde_json::Value;

use crate::cx::{Cx, applied, presence, who};
use crate::joining::{self, COPY_FROM, Kept};
use crate::membership;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, count};
use crate::wish::Wish;

/// Begins memberships that are written in the directory.
pub(crate) struct AddToGroups;

const ROLES: &str = "RoleManagement.ReadWrite.Directory";

const ABOUT: About = About {
    name: "add-to-groups",
    version: 1,
    purpose: "Adds the person to security and Microsoft 365 groups: those of the role, of instructions, of the request, and those copied from a colleague.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &["groups", COPY_FROM],
    permissions: &[
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
        "User.Read.All",
        ROLES,
    ],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

#[async_trait]
impl Step for AddToGroups {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, _settings: &Value) -> Vec<String> {
        request
            .field(COPY_FROM)
            .map(|written| written.trim().to_owned())
            .into_iter()
            .collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some((joiner, wanted)) = joining::joins(wish) else {
            return;
        };
        let picks = joining::picks(wish, joiner, &wanted, Kept::Directory, out);
        if picks.is_empty() {
            return;
        }
        let changes: Vec<Change> = picks.iter().map(|pick| joining::join(pick.group)).collect();
        let effects: Vec<Effect> = picks
            .iter()
            .map(|pick| joining::joined(pick.group))
            .collect();
        let guarded = picks.iter().any(|pick| pick.group.role_assignable);
        let permissions = ABOUT.permissions.iter();
        out.specs.push(StepSpec {
            permissions: permissions
                .filter(|name| guarded || **name != ROLES)
                .map(|&name| name.to_owned())
                .collect(),
            ..ABOUT.spec(
                format!(
                    "Add {} to {}: {}",
                    wish.name(),
                    count(picks.len(), "group"),
                    joining::picked(&picks)
                ),
                changes,
                effects,
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let groups = membership::of_user(cx, task, who(task)).await?;
        let seen = task.spec.changes.iter().map(|change| {
            let member = membership::holds(&groups, change.object.id.as_str());
            presence(change, member)
        });
        Ok(seen.collect())
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let person = match joining::person(cx, task, todo).await {
            Ok(person) => person,
            Err(none) => return none,
        };
        let writes = todo
            .iter()
            .map(|&index| membership::write(cx, task, index, &person));
        applied(task, join_all(writes).await)
    }
}

#[cfg(test)]
mod tests {
    use domain::facts::{Copied, Facts, Group, GroupKind, GroupNamed, Named, PersonLite};
    use domain::plan::Weight;
    use domain::policy::Policy;

    use super::*;
    use crate::tests::{field, joiner, propose_joiner, security_group};

    const ALONE: &[(&str, &str)] = &[("add-to-groups", "{}")];

    fn found(facts: &mut Facts, groups: Vec<Group>) {
        let joiner = facts.joiner.as_mut().unwrap();
        joiner.groups = groups
            .into_iter()
            .map(|group| GroupNamed {
                written: group.name.clone(),
                found: vec![group],
            })
            .collect();
    }

    fn gives(policy: &mut Policy, groups: &[&str]) {
        let role = policy.roles.get_mut("default").unwrap();
        role.groups = groups.iter().map(|&name| name.to_owned()).collect();
    }

    fn group(id: &str, change: impl Fn(&mut Group)) -> Group {
        let mut group = security_group(id);
        change(&mut group);
        group
    }

    fn joined(out: &Proposal) -> Vec<&str> {
        let changes = out.specs.iter().flat_map(|spec| &spec.changes);
        changes.map(|change| change.object.id.as_str()).collect()
    }

    #[test]
    fn only_groups_that_can_be_joined_from_here_are_proposed() {
        let mut facts = joiner();
        facts.memberships = vec![security_group("already")];
        let all = vec![
            group("plain", |_| {}),
            group("team", |g| g.kind = GroupKind::Unified),
            group("list", |g| g.kind = GroupKind::Distribution),
            group("dynamic", |g| {
                g.rule = Some("user.city -eq \"Oslo\"".to_owned())
            }),
            group("synced", |g| g.synced = true),
            group("licences", |g| g.licenses = vec!["e3".into()]),
            group("admins", |g| g.role_assignable = true),
            group("already", |_| {}),
        ];
        let names: Vec<String> = all.iter().map(|group| group.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        found(&mut facts, all);
        let out = propose_joiner(&AddToGroups, &facts, ALONE, |_, policy| {
            gives(policy, &names)
        });
        assert_eq!(joined(&out), ["plain", "team", "admins"]);
        assert!(out.specs[0].permissions.iter().any(|name| name == ROLES));
        let weights: Vec<Weight> = out.remarks.iter().map(|remark| remark.weight).collect();
        assert_eq!(
            weights,
            [
                Weight::Note,
                Weight::ByHand,
                Weight::Caution,
                Weight::Danger
            ],
            "{:?}",
            out.remarks
        );
    }

    #[test]
    fn a_fault_of_the_policy_is_refused_and_one_of_the_request_is_told() {
        let mut facts = joiner();
        let joiner = facts.joiner.as_mut().unwrap();
        joiner.groups = vec![GroupNamed {
            written: "Sales".to_owned(),
            found: vec![security_group("one"), security_group("two")],
        }];
        let out = propose_joiner(&AddToGroups, &facts, ALONE, |_, policy| {
            gives(policy, &["Sales", "Gone"]);
        });
        assert_eq!(out.refusals.len(), 2);
        assert!(
            out.refusals
                .iter()
                .all(|refusal| refusal.text.contains("role default"))
        );
        let out = propose_joiner(&AddToGroups, &facts, ALONE, |request, policy| {
            field(request, "groups", "Sales");
            policy.asks.groups = vec!["*".to_owned()];
        });
        assert!(out.refusals.is_empty() && out.specs.is_empty());
        assert_eq!(out.remarks[0].weight, Weight::Caution);
    }

    #[test]
    fn a_group_for_administrators_is_never_given_on_request() {
        let mut facts = joiner();
        found(
            &mut facts,
            vec![group("admins", |g| g.role_assignable = true)],
        );
        let out = propose_joiner(&AddToGroups, &facts, ALONE, |request, policy| {
            field(request, "groups", "admins");
            policy.asks.groups = vec!["*".to_owned()];
        });
        assert!(out.specs.is_empty());
        assert!(out.remarks[0].text.contains("never given on request"));
    }

    #[test]
    fn what_is_kept_back_by_address_is_kept_back_by_every_name() {
        let mut facts = joiner();
        let board = group("Board", |g| {
            g.address = Some("board@contoso.example".to_owned());
            g.aliases = vec!["directors@contoso.example".to_owned()];
        });
        for never in ["board@contoso.example", "DIRECTORS@*", "Board"] {
            found(&mut facts, vec![board.clone()]);
            let out = propose_joiner(&AddToGroups, &facts, ALONE, |request, policy| {
                field(request, "groups", "Board");
                policy.asks.groups = vec!["*".to_owned()];
                policy.asks.never = vec![never.to_owned()];
            });
            assert!(out.specs.is_empty(), "{never}");
            // What a role gives is kept from contractors alone.
            for (contractor, joins) in [("true", 0), ("false", 1)] {
                let out = propose_joiner(&AddToGroups, &facts, ALONE, |request, policy| {
                    field(request, "contractor", contractor);
                    field(request, "contract-end", "2027-01-01");
                    gives(policy, &["Board"]);
                    policy.contractors.never = vec![never.to_owned()];
                    policy.asks.never = vec![never.to_owned()];
                });
                assert_eq!(out.specs.len(), joins, "{never}: {:?}", out.remarks);
            }
            let kim = Copied {
                person: PersonLite {
                    id: "kim".into(),
                    upn: "kim@contoso.example".to_owned(),
                    display_name: "Kim".to_owned(),
                },
                memberships: vec![board.clone()],
            };
            facts.joiner.as_mut().unwrap().copied = Some(kim);
            let out = propose_joiner(&AddToGroups, &facts, ALONE, |request, policy| {
                field(request, "copy-from", "Kim");
                policy.asks.copy = vec!["*".to_owned()];
                policy.asks.never = vec![never.to_owned()];
            });
            assert!(out.specs.is_empty(), "{never}");
            facts.joiner.as_mut().unwrap().copied = None;
        }
    }

    #[test]
    fn a_colleagues_access_is_copied_as_far_as_policy_lets() {
        let mut facts = joiner();
        let person = PersonLite {
            id: "kim".into(),
            upn: "kim@contoso.example".to_owned(),
            display_name: "Kim".to_owned(),
        };
        facts.joiner.as_mut().unwrap().copied = Some(Copied {
            person: person.clone(),
            memberships: vec![
                security_group("Sales"),
                security_group("Sales Directors"),
                security_group("Board"),
                group("Sales Admins", |g| g.role_assignable = true),
                group("Sales Licences", |g| g.licenses = vec!["e3".into()]),
            ],
        });
        let ask = |request: &mut Request, policy: &mut Policy| {
            field(request, "copy-from", "Kim");
            policy.asks.copy = vec!["Sales*".to_owned()];
            policy.asks.never = vec!["*Directors".to_owned()];
        };
        let out = propose_joiner(&AddToGroups, &facts, ALONE, ask);
        assert_eq!(joined(&out), ["Sales"]);
        for left in ["Sales Directors", "Board", "Sales Admins", "Sales Licences"] {
            assert!(out.remarks[0].text.contains(left), "{:?}", out.remarks);
        }
        facts.joiner.as_mut().unwrap().copied = None;
        facts.named = vec![Named {
            written: "Kim".to_owned(),
            found: vec![person.clone(), person],
            active: false,
            guest: false,
            mail: None,
        }];
        let out = propose_joiner(&AddToGroups, &facts, ALONE, ask);
        assert_eq!(out.refusals[0].code, "ambiguous-person");
    }
}
