//! `convert-mailbox`: the mailbox becomes a shared one, and keeps a licence of its own where it cannot do without.

use async_trait::async_trait;
use connectors::graph::Call;
use domain::facts::{Mailbox, Sku};
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::request::Kind;
use domain::rules::needs_licence;
use domain::spec::{
    Budget, Change, Effect, Expect, ObjectKind, ObjectRef, Reversal, Route, StepSpec,
};
use domain::{ObjectId, StepKey};
use engine::hands::{Applied, Problem, Seen, Task};
use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, param, presence, takes_away, wanted};
use crate::membership;
use crate::settings;
use crate::step::{About, Step, change};
use crate::wish::{Wish, mailbox_ref};
use crate::{licence, mailbox};

/// Makes the mailbox a shared one.
pub(crate) struct ConvertMailbox;

const NAME: &str = "convert-mailbox";

const ABOUT: About = About {
    name: NAME,
    version: 1,
    purpose: "Makes the mailbox a shared one, so that it stays when the licence goes.",
    aliases: &[domain::catalogue::Alias {
        name: "ConvertToShared",
        settings: settings::switch,
    }],
    kinds: &[Kind::Offboard],
    default_on: true,
    fields: &[],
    permissions: &[
        "Exchange.ManageAsApp",
        "LicenseAssignment.ReadWrite.All",
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
        "User.Read.All",
    ],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// What becomes of a mailbox that a shared one may not be without a licence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Oversized {
    /// It keeps a licence of its own.
    #[default]
    KeepLicence,
    /// There is no plan until somebody has decided.
    Stop,
}

/// How the mailbox is converted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// What happens from 45 GB on, on hold, with an archive, or when the size could not be read.
    oversized: Oversized,
    /// The object id of the group that gives Exchange Online Plan 2, for people who are licensed by group.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_licence_group: Option<String>,
}

/// The vendor's word for a shared mailbox.
pub(crate) const SHARED: &str = "SharedMailbox";
/// The property of the type.
const TYPE: &str = "type";
/// The property of the licence that is kept.
const KEPT: &str = "licence for the mailbox";
/// The value of a licence that is there.
pub(crate) const ASSIGNED: &str = "assigned";
/// The part number of Exchange Online Plan 2. Source: Microsoft, "Product names and service plan identifiers for licensing".
const EXCHANGE_PLAN_2: &str = "EXCHANGEENTERPRISE";

/// How a mailbox that needs a licence of its own keeps one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It needs none.
    NotNeeded,
    /// The person holds one already, by this route; it is left alone.
    Held(ObjectId, Route),
    /// It is assigned to the person.
    Assign(ObjectId, String),
    /// The person joins this group.
    Join(ObjectId),
}

/// Decides how the mailbox keeps a licence.
///
/// # Errors
/// A refusal that says what somebody has to decide or buy first.
pub(crate) fn keep(wish: &Wish<'_>, mailbox: &Mailbox) -> Result<Keep, Refusal> {
    let Some(settings) = wish.settings_of::<Settings>(NAME) else {
        return Ok(Keep::NotNeeded);
    };
    let Some(because) = needs_licence(mailbox) else {
        return Ok(Keep::NotNeeded);
    };
    if settings.oversized == Oversized::Stop {
        return Err(Refusal::new(
            "oversized-mailbox",
            format!(
                "the mailbox {} needs a licence of its own once it is shared, because {because}; policy says to stop there",
                mailbox.address
            ),
            "set `oversized = \"keep-licence\"` for convert-mailbox, or make the mailbox fit first",
        ));
    }
    let by_group = wish
        .facts
        .licenses
        .iter()
        .any(|held| matches!(held.route, Route::Group(_)));
    if by_group && let Some(group) = &settings.keep_licence_group {
        let group = ObjectId::new(group.as_str());
        let held = wish
            .facts
            .licenses
            .iter()
            .find(|held| held.route == Route::Group(group.clone()));
        return Ok(match held {
            Some(held) => Keep::Held(held.sku.clone(), held.route.clone()),
            None => Keep::Join(group),
        });
    }
    let keeper = wish
        .facts
        .licenses
        .iter()
        .find(|held| held.name == EXCHANGE_PLAN_2 && held.route == Route::Direct);
    if let Some(held) = keeper {
        return Ok(Keep::Held(held.sku.clone(), held.route.clone()));
    }
    let sku = plan_2(&wish.facts.tenant.skus);
    match sku {
        Some(sku) if sku.seats > sku.used => Ok(Keep::Assign(sku.id.clone(), sku.name.clone())),
        Some(sku) => Err(Refusal::new(
            "no-seat",
            format!(
                "the mailbox {} needs a licence of its own because {because}, and no seat of {} is free ({} of {} in use)",
                mailbox.address, sku.name, sku.used, sku.seats
            ),
            "buy a seat or free one, then plan again",
        )),
        None => Err(Refusal::new(
            "no-seat",
            format!(
                "the mailbox {} needs an Exchange Online Plan 2 licence of its own because {because}, and the tenant has none",
                mailbox.address
            ),
            "buy one, or make the mailbox fit first",
        )),
    }
}

/// Exchange Online Plan 2 itself before larger bundles that contain it.
fn plan_2(skus: &[Sku]) -> Option<&Sku> {
    let keepers = || skus.iter().filter(|sku| sku.keeps_large_mailbox);
    keepers().find(|sku| sku.name == EXCHANGE_PLAN_2)
}

/// Whether this plan makes the mailbox a shared one.
pub(crate) fn converts(wish: &Wish<'_>) -> bool {
    wish.is_on(NAME)
        && wish
            .facts
            .mailbox
            .cloud()
            .is_some_and(|mailbox| mailbox.kind != SHARED)
}

#[async_trait]
impl Step for ConvertMailbox {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some(mailbox) = wish.mailbox("Converting the mailbox", out) else {
            return;
        };
        if mailbox.kind == SHARED {
            return;
        }
        let kept = match keep(wish, mailbox) {
            Ok(keep) => keep_spec(wish, mailbox, &keep, out),
            Err(refusal) => return out.refusals.push(refusal),
        };
        out.specs.extend(kept);
        out.specs.push(StepSpec {
            params: json!({ "mailbox": mailbox.id }),
            budget: Budget::QUEUED,
            permissions: vec!["Exchange.ManageAsApp".to_owned()],
            ..ABOUT.spec(
                format!("Make the mailbox of {} a shared one", wish.name()),
                vec![change(
                    mailbox_ref(mailbox),
                    TYPE,
                    mailbox.kind.as_str(),
                    SHARED,
                )],
                vec![Effect::ConvertsMailbox],
            )
        });
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let change = &task.spec.changes[0];
        let id = change.object.id.as_str();
        Ok(vec![match change.property.as_str() {
            TYPE => Seen::Value {
                value: mailbox::read(cx, task).await?["RecipientTypeDetails"].clone(),
            },
            KEPT => presence(
                change,
                licence::held(cx, task, param(task, "user"))
                    .await?
                    .directly(id),
            ),
            _ => presence(
                change,
                membership::holds(
                    &membership::of_user(cx, task, param(task, "user")).await?,
                    id,
                ),
            ),
        }])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let tried = todo.iter().map(|&index| async move {
            let change = &task.spec.changes[index];
            let user = param(task, "user");
            match change.property.as_str() {
                TYPE => {
                    let kind = if wanted(change) == SHARED {
                        "Shared"
                    } else {
                        "Regular"
                    };
                    Tried::one(
                        task,
                        index,
                        mailbox::set(cx, task, json!({ "Type": kind })).await,
                    )
                }
                KEPT => {
                    let sku = [change.object.id.as_str()];
                    let body = if takes_away(change) {
                        licence::take(&sku)
                    } else {
                        licence::give(&sku, &Value::Null)
                    };
                    let call = Call::post(licence::path(user), body);
                    Tried::one(task, index, cx.write(task, index, call).await)
                }
                _ => membership::write(cx, task, index, user).await,
            }
        });
        applied(task, join_all(tried).await)
    }
}

fn keep_spec(
    wish: &Wish<'_>,
    mailbox: &Mailbox,
    keep: &Keep,
    out: &mut Proposal,
) -> Option<StepSpec> {
    let because = needs_licence(mailbox).unwrap_or_default();
    let user = &wish.facts.person.id;
    let spec =
        |change: Change, route: Route, how: &str, params: Value, permissions: &[&str]| StepSpec {
            key: StepKey::new(format!("{NAME}:keep-licence")),
            params,
            budget: Budget::QUEUED,
            permissions: permissions.iter().map(|&name| name.to_owned()).collect(),
            ..ABOUT.spec(
                format!(
                    "Keep the mailbox of {} licensed {how}, because {because}",
                    wish.name()
                ),
                vec![change],
                vec![Effect::KeepsMailboxLicense { route }],
            )
        };
    match keep {
        Keep::NotNeeded => None,
        Keep::Held(sku, _) => {
            let name = wish
                .facts
                .licenses
                .iter()
                .find(|held| held.sku == *sku)
                .map_or("a licence", |held| held.name.as_str());
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!(
                    "{name} stays with the mailbox {}, because {because}.",
                    mailbox.address
                ),
            ));
            None
        }
        Keep::Assign(sku, name) => Some(spec(
            change(
                ObjectRef::new(ObjectKind::License, sku, name),
                KEPT,
                Value::Null,
                ASSIGNED,
            ),
            Route::Direct,
            &format!("with {name}"),
            json!({ "user": user, "sku": sku }),
            &["LicenseAssignment.ReadWrite.All", "User.Read.All"],
        )),
        Keep::Join(group) => Some(spec(
            Change {
                object: ObjectRef::new(
                    ObjectKind::Group,
                    group,
                    "the licence group named by policy",
                ),
                property: membership::PROPERTY.to_owned(),
                now: Value::Null,
                after: Expect::Is(membership::MEMBER.into()),
                reversal: Reversal::Return,
            },
            Route::Group(group.clone()),
            "by group",
            json!({ "user": user, "group": group }),
            &["GroupMember.ReadWrite.All", "Directory.Read.All"],
        )),
    }
}

#[cfg(test)]
mod tests {
    use domain::facts::MailboxFacts;
    use domain::spec::Carries;

    use super::*;
    use crate::tests::{leaver, licence, mailbox_mut, propose_one};

    const GB: u64 = 1 << 30;

    fn sku(seats: i64) -> Sku {
        Sku {
            id: "exo2".into(),
            name: EXCHANGE_PLAN_2.to_owned(),
            seats,
            used: 1,
            carries: Carries {
                mailbox: true,
                ..Carries::default()
            },
            keeps_large_mailbox: true,
            titles: Vec::new(),
            plans: Vec::new(),
            reserved: 0,
        }
    }

    #[test]
    fn a_mailbox_of_usual_size_is_converted_and_a_shared_one_left() {
        let mut facts = leaver();
        let out = propose_one(&ConvertMailbox, &facts, "{}");
        assert_eq!(out.specs.len(), 1);
        assert_eq!(out.specs[0].budget, Budget::QUEUED);
        mailbox_mut(&mut facts).kind = SHARED.to_owned();
        assert_eq!(
            propose_one(&ConvertMailbox, &facts, "{}"),
            Proposal::default()
        );
        facts.mailbox = MailboxFacts::Unread {
            because: "no permission".to_owned(),
        };
        let out = propose_one(&ConvertMailbox, &facts, "{}");
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
    }

    #[test]
    fn a_large_mailbox_keeps_a_licence_or_stops() {
        let unusual: [fn(&mut Mailbox); 4] = [
            |mailbox| mailbox.size_bytes = Some(45 * GB),
            |mailbox| mailbox.size_bytes = None,
            |mailbox| mailbox.archive = true,
            |mailbox| mailbox.holds = vec!["litigation".to_owned()],
        ];
        for make in unusual {
            let mut facts = leaver();
            make(mailbox_mut(&mut facts));
            assert_eq!(
                propose_one(&ConvertMailbox, &facts, "{}").refusals[0].code,
                "no-seat"
            );
            facts.tenant.skus = vec![sku(1)];
            assert_eq!(
                propose_one(&ConvertMailbox, &facts, "{}").refusals[0].code,
                "no-seat"
            );
            facts.tenant.skus = vec![sku(2)];
            let out = propose_one(&ConvertMailbox, &facts, "{}");
            assert_eq!(
                out.specs[0].effects,
                [Effect::KeepsMailboxLicense {
                    route: Route::Direct
                }]
            );
            assert_eq!(out.specs[1].effects, [Effect::ConvertsMailbox]);
            let out = propose_one(&ConvertMailbox, &facts, r#"{"oversized": "stop"}"#);
            assert_eq!(out.refusals[0].code, "oversized-mailbox");
        }
    }

    #[test]
    fn a_group_licensed_person_keeps_it_by_the_group_of_the_policy() {
        let mut facts = leaver();
        mailbox_mut(&mut facts).archive = true;
        facts.licenses = vec![licence("e3", Route::Group("lic".into()))];
        let out = propose_one(&ConvertMailbox, &facts, r#"{"keep-licence-group": "keep"}"#);
        assert_eq!(
            out.specs[0].effects,
            [Effect::KeepsMailboxLicense {
                route: Route::Group("keep".into())
            }]
        );
        let out = propose_one(&ConvertMailbox, &facts, r#"{"keep-licence-group": "lic"}"#);
        assert_eq!(out.specs.len(), 1, "{:?}", out.specs);
        assert!(out.remarks[0].text.contains("stays with the mailbox"));
    }
}
