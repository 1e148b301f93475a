//! `create-user`: the account of somebody who comes, with profile and manager; in place for somebody who is in the directory already.

mod account;
mod in_place;
mod premises;
mod profile;
mod sign_in;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::facts::{Joiner, NameTried, PersonLite};
use domain::joiner::Wanted;
use domain::plan::Weight;
use domain::planner::{Proposal, Refusal};
use domain::request::{Kind, Request};
use domain::spec::StepSpec;
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cx::Cx;
use crate::joining;
use crate::settings;
use crate::step::{About, Step, Undo, swapped};
use crate::wish::{MANAGER, Wish};

/// Creates the account, or completes one that is there.
pub(crate) struct CreateUser;

/// The key's part of the step that opens sign-in.
const ENABLE: &str = "enable";
/// The key's part of the step that waits for the synchronised account.
const SYNCED: &str = "synced";

const ABOUT: About = About {
    name: "create-user",
    version: 1,
    purpose: "Creates the account with its profile and manager, disabled until the first moment of work; somebody who is there already gets what is missing.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[MANAGER],
    permissions: &[
        "User.ReadWrite.All",
        "User.EnableDisableAccount.All",
        "User.Read.All",
    ],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// Where accounts are mastered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Place {
    /// In the cloud.
    #[default]
    Cloud,
    /// In the on-premises directory, where a person creates them; the cloud follows by synchronisation.
    OnPremises,
}

/// How the account comes to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// Whether it is created as soon as the plan is approved, disabled, and enabled at the first moment of work.
    ahead: bool,
    /// Where it is mastered: `cloud` or `on-premises`.
    #[serde(rename = "where")]
    place: Place,
    /// Who creates accounts on premises: an address or an operator's name.
    assignee: String,
    /// How long that may take, in hours.
    within_hours: u32,
    /// The organisational unit of accounts on premises, as its administrators write it.
    organizational_unit: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ahead: true,
            place: Place::Cloud,
            assignee: String::new(),
            within_hours: 24,
            organizational_unit: String::new(),
        }
    }
}

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let settings: Settings = serde_json::from_value(value.clone()).unwrap_or_default();
    if settings.place == Place::OnPremises && settings.assignee.trim().is_empty() {
        return Err(
            "assignee: accounts on premises are created by a person; name who does it".to_owned(),
        );
    }
    if settings.within_hours == 0 {
        return Err("within-hours: give at least one hour".to_owned());
    }
    Ok(())
}

#[async_trait]
impl Step for CreateUser {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn names(&self, request: &Request, _settings: &Value) -> Vec<String> {
        let manager = request.field(MANAGER).map(str::trim);
        manager
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(MANAGER))
            .map(str::to_owned)
            .into_iter()
            .collect()
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some((joiner, asked)) = joining::joins(wish) else {
            return;
        };
        let settings: Settings = wish.settings();
        let manager = manager(wish, &asked, out);
        let parts = profile::parts(&asked, joiner.new, out);
        let coming = Coming {
            asked: &asked,
            manager: manager.as_ref(),
            parts: &parts,
            settings: &settings,
        };
        if !joiner.new {
            in_place::propose(wish, &coming, out);
            return;
        }
        if !name_is_free(wish, joiner, out) {
            return;
        }
        if settings.place == Place::OnPremises {
            premises::propose(wish, &coming, out);
        } else {
            account::propose(wish, &coming, out);
        }
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        match part(task.spec) {
            Part::Enable => sign_in::observe(cx, task).await,
            Part::Synced => premises::observe(cx, task).await,
            Part::Account if task.spec.params[account::CREATES] == true => {
                account::observe(cx, task).await
            }
            Part::Account => in_place::observe(cx, task).await,
        }
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        match part(task.spec) {
            Part::Enable => sign_in::enable(cx, task, todo).await,
            // There is nothing to write: the directories sync by themselves.
            Part::Synced => Applied::default(),
            Part::Account if task.spec.params[account::CREATES] == true => {
                account::create(cx, task, todo).await
            }
            Part::Account => in_place::write(cx, task, todo).await,
        }
    }

    fn undo(&self, spec: &StepSpec, before: &[Value]) -> Undo {
        swapped(spec, before)
    }
}

/// What a spec of this step is about.
enum Part {
    Account,
    Enable,
    Synced,
}

fn part(spec: &StepSpec) -> Part {
    let parts = |part: &str| spec.key.as_str().split(':').any(|piece| piece == part);
    if parts(ENABLE) {
        Part::Enable
    } else if parts(SYNCED) {
        Part::Synced
    } else {
        Part::Account
    }
}

/// Everything that is known of the account to be made.
struct Coming<'a> {
    asked: &'a Wanted,
    manager: Option<&'a PersonLite>,
    parts: &'a [profile::Written],
    settings: &'a Settings,
}

/// The manager; nobody where none is named, which the approver is told, or where the name is not clear, which is refused.
fn manager(wish: &Wish<'_>, asked: &Wanted, out: &mut Proposal) -> Option<PersonLite> {
    let Some(written) = asked.manager.as_deref() else {
        if wish.facts.person.manager.is_none() {
            joining::remark(
                out,
                Weight::Caution,
                format!(
                    "No manager is named for {}, so none is set.",
                    asked.display_name
                ),
            );
        }
        return None;
    };
    let purpose = format!("The line of report of {}", asked.display_name);
    match wish.resolve(written, &purpose) {
        Ok(manager) => Some(manager),
        Err(refusal) => {
            joining::refuse(out, refusal);
            None
        }
    }
}

/// Whether the account can have the name that was chosen; tells why it is not the best one.
fn name_is_free(wish: &Wish<'_>, joiner: &Joiner, out: &mut Proposal) -> bool {
    let upn = &wish.facts.person.upn;
    let taken = |tried: &NameTried| {
        let because = tried.taken.as_deref()?;
        Some(format!("{}: {because}", tried.upn))
    };
    let all: Vec<String> = joiner.names.iter().filter_map(taken).collect();
    let free = joiner
        .names
        .iter()
        .any(|tried| tried.taken.is_none() && tried.upn.eq_ignore_ascii_case(upn));
    if !free {
        let text = if all.is_empty() {
            format!("no sign-in name could be found for {}", wish.name())
        } else {
            format!(
                "every sign-in name for {} is taken: {}",
                wish.name(),
                all.join("; ")
            )
        };
        let hint = "give a sign-in name in the request, add a pattern to [naming] upn, or restore the account where it is the same person";
        joining::refuse(out, Refusal::new("name-taken", text, hint));
        return false;
    }
    if !all.is_empty() {
        joining::remark(
            out,
            Weight::Note,
            format!(
                "The sign-in name is {upn}, because the better ones are taken: {}. Where one of them is this very person, restore or onboard that account instead.",
                all.join("; ")
            ),
        );
    }
    let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
    let verified = |known: &String| known.eq_ignore_ascii_case(domain);
    if !wish.facts.tenant.domains.iter().any(verified) {
        let text = format!(
            "{upn} cannot be a sign-in name here: {domain} is no verified domain of the tenant"
        );
        let hint = format!(
            "verify the domain, or use one of {}",
            wish.facts.tenant.domains.join(", ")
        );
        joining::refuse(out, Refusal::new("unverified-domain", text, hint));
        return false;
    }
    true
}
