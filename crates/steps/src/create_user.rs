//! `create-user`: the account of somebody who comes, with profile and manager; in place for somebody who is in the directory already.

mod account;
mod in_place;
mod making;
mod ours;
mod premises;
mod profile;
mod sign_in;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::facts::{Facts, Joiner, NameTried, PersonLite};
use domain::joiner::Wanted;
use domain::plan::{Plan, Weight};
use domain::planner::{Proposal, Refusal};
use domain::request::{Kind, Request};
use domain::spec::{Change, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cx::Cx;
use crate::joining;
use crate::settings;
use crate::step::{About, Step, Undo, names, swapped};
use crate::wish::{MANAGER, Wish};

/// Creates the account, or completes one that is there.
pub(crate) struct CreateUser;

/// The key's part of the step that opens sign-in.
const ENABLE: &str = "enable";
/// The key's part of the step that waits for the synchronised account.
const SYNCED: &str = "synced";
/// The key's part of the step that reads what was written on premises.
const PROFILE: &str = "profile-on-premises";
/// The key's part of the step that reads that sign-in was opened on premises.
const OPENED: &str = "sign-in-on-premises";

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
        "User-PasswordProfile.ReadWrite.All",
        "User.RevokeSessions.All",
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
        if !is_as_asked(wish, &asked, joiner, out) || !name_is_free(wish, joiner, out) {
            return;
        }
        namesakes(joiner, &coming, out);
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
            Part::Premises | Part::Opened => premises::observe_parts(cx, task).await,
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
            Part::Synced | Part::Opened => Applied::default(),
            Part::Premises => premises::compare(cx, task, todo).await,
            Part::Account if task.spec.params[account::CREATES] == true => {
                making::create(cx, task, todo).await
            }
            Part::Account => in_place::write(cx, task, todo).await,
        }
    }

    /// An account that was created stays, and nobody comes in by it any more.
    fn undo(&self, spec: &StepSpec, before: &[Value]) -> Undo {
        match part(spec) {
            Part::Account if spec.params[account::CREATES] == true => account::undo(spec),
            _ => swapped(spec, before),
        }
    }
}

/// What a spec of this step is about.
enum Part {
    Account,
    Enable,
    Synced,
    Premises,
    Opened,
}

fn part(spec: &StepSpec) -> Part {
    let parts = |part: &str| spec.key.as_str().split(':').any(|piece| piece == part);
    if parts(ENABLE) {
        Part::Enable
    } else if parts(SYNCED) {
        Part::Synced
    } else if parts(PROFILE) {
        Part::Premises
    } else if parts(OPENED) {
        Part::Opened
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
    let person = &wish.facts.person;
    let itself = [
        Some(&person.upn),
        person.mail.as_ref(),
        asked.address.as_ref(),
    ];
    let named = wish.resolve(written, "");
    if itself
        .into_iter()
        .flatten()
        .any(|own| own.eq_ignore_ascii_case(written))
        || named.is_err() && written.eq_ignore_ascii_case(&asked.display_name)
    {
        let text = format!(
            "the request names {written} as the manager of {}, and nobody is their own manager",
            asked.display_name
        );
        let hint = "name the manager, or leave it out";
        joining::refuse(out, Refusal::new("own-manager", text, hint));
        return None;
    }
    let purpose = format!("The line of report of {}", asked.display_name);
    match wish.resolve(written, &purpose) {
        Ok(manager) => Some(manager),
        Err(refusal) => {
            joining::refuse(out, refusal);
            None
        }
    }
}

/// Whether the person gets the sign-in name that the request itself gives: none other is chosen silently.
fn is_as_asked(wish: &Wish<'_>, asked: &Wanted, joiner: &Joiner, out: &mut Proposal) -> bool {
    let Some(address) = asked.address.as_deref() else {
        return true;
    };
    let is = |upn: &str| {
        let local = upn.split('@').next().unwrap_or_default();
        upn.eq_ignore_ascii_case(address) || local.eq_ignore_ascii_case(address)
    };
    let tried = joiner.names.iter().find(|tried| is(&tried.upn));
    let Some(because) = tried.and_then(|tried| tried.taken.as_deref()) else {
        return true;
    };
    joining::refuse(
        out,
        Refusal::new(
            "name-taken",
            format!(
                "the request asks for the sign-in name {address} for {}, and it cannot be had: {because}",
                wish.name()
            ),
            "give another one, leave the address out to have one chosen, or restore the account where it is the same person",
        ),
    );
    false
}

/// Tells of accounts that may be this very person's, by more than the name.
fn namesakes(joiner: &Joiner, coming: &Coming<'_>, out: &mut Proposal) {
    let same = |name: &str, known: Option<&String>| {
        let asked = coming.asked.profile.get(name);
        matches!((asked, known), (Some(a), Some(b)) if a.trim().eq_ignore_ascii_case(b.trim()))
    };
    for namesake in &joiner.namesakes {
        let managed = match (coming.manager, &namesake.manager) {
            (Some(manager), Some(known)) => manager.id == known.id,
            _ => false,
        };
        let shared = [
            (
                same("employee-id", namesake.employee_id.as_ref()),
                "employee id",
            ),
            (
                same("department", namesake.department.as_ref()),
                "department",
            ),
            (managed, "manager"),
        ];
        let shared: Vec<&str> = shared
            .iter()
            .filter_map(|(same, what)| same.then_some(*what))
            .collect();
        if shared.is_empty() {
            continue;
        }
        let (upn, name) = (&namesake.person.upn, &namesake.person.display_name);
        joining::remark(
            out,
            Weight::Danger,
            format!(
                "{name} <{upn}> has the same name and the same {}: this may be the same person. If it is, give {upn} as the address in the request, which onboards in place.",
                names(shared)
            ),
        );
    }
}

/// What a plan that creates the account is held against when the tenant is read again and the name has an account: its own specs, whose
/// probes know whether the account is the run's. Where the run has not made it yet, somebody else has the name.
pub(crate) fn hold_on(plan: &Plan, facts: &Facts, fresh: &mut Vec<StepSpec>) {
    if facts.joiner.as_ref().is_none_or(|joiner| joiner.new) {
        return;
    }
    fresh.retain(|spec| spec.step != ABOUT.name);
    for spec in plan.steps.iter().filter(|spec| spec.step == ABOUT.name) {
        let mut spec = spec.clone();
        let creates = spec.params[account::CREATES] == true;
        let account = |change: &&mut Change| creates && change.property == account::ACCOUNT;
        for change in spec.changes.iter_mut().filter(account) {
            let holder = &facts.person.display_name;
            change.now = format!("taken by an account of {holder}").into();
        }
        fresh.push(spec);
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
