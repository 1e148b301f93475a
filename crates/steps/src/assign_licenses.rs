//! `assign-licenses`: the person gets licences, directly or by joining groups that give them, never by both routes.

mod direct;
mod groups;
mod products;
mod seats;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use domain::ObjectId;
use domain::facts::{Joiner, LicenseHeld, MailboxFacts, Sku};
use domain::joiner::Wanted;
use domain::plan::Weight;
use domain::planner::{Proposal, Refusal};
use domain::request::Kind;
use domain::spec::{Budget, Reversal, Route};
use engine::hands::{Applied, Problem, Seen, Task};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cx::Cx;
use crate::joining;
use crate::set_usage_location;
use crate::settings;
use crate::step::{About, Step, names};
use crate::wish::Wish;

/// Gives licences.
pub(crate) struct AssignLicenses;

pub(crate) const ABOUT: About = About {
    name: "assign-licenses",
    version: 1,
    purpose: "Assigns the licences of the role, directly or by joining the groups that give them; a group-licensed person gets none directly.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &["licences"],
    permissions: &[
        "LicenseAssignment.ReadWrite.All",
        "GroupMember.ReadWrite.All",
        "Directory.Read.All",
        "User.Read.All",
        "Exchange.ManageAsApp",
    ],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check: settings::check::<Settings>,
};

/// What becomes of a plan when no seat is free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoSeat {
    /// There is no plan, and the reason is told.
    #[default]
    Stop,
    /// The run waits up to three days for a seat.
    Wait,
}

/// How licences are assigned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Takes direct licences that the person holds and the role does not give, in the same call that assigns the role's.
    replace_direct: bool,
    /// When no seat is free: `stop` makes no plan, `wait` lets the run wait for one.
    no_seat: NoSeat,
}

/// What the run of a step that waits for a seat may take: three days, a try every quarter of an hour.
const WAITING: Budget = Budget {
    converge_ms: 3 * 24 * 3_600_000,
    poll_ms: 5_000,
    attempts: 300,
};
/// The wait between two tries while no seat is free, in milliseconds.
const NEXT_TRY_MS: u64 = 15 * 60_000;
/// The parameter that says whether a missing seat is waited for.
const WAITS: &str = "waits-for-seat";

#[async_trait]
impl Step for AssignLicenses {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let Some((joiner, asked)) = joining::joins(wish) else {
            return;
        };
        let settings: Settings = wish.settings();
        let joins = groups::to_join(wish, joiner, &asked, out);
        let mut direct = products::resolve(wish, &asked, out);
        let gets: Vec<&ObjectId> = joins
            .iter()
            .flat_map(|joins| joins.gives.iter().map(|sku| &sku.id))
            .chain(direct.iter().map(|given| &given.sku.id))
            .collect();
        products::not_allowed(wish, &asked, &gets, out);
        drop_beside_group(wish, &asked, &mut direct, out);
        let direct = direct::settle(wish, settings, joiner, &direct);
        if direct.is_empty() && joins.is_empty() {
            return;
        }
        no_location(wish, joiner, &asked, out);
        let seats = seats::check(wish, settings, &direct, &joins, out);
        seats::exclusive(wish, &direct, &joins, out);
        direct::large_mailbox(wish, &direct, out);
        out.specs.extend(direct::spec(wish, &direct, seats));
        out.specs.extend(groups::spec(wish, &joins, seats));
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        if groups::is_theirs(task.spec) {
            groups::observe(cx, task).await
        } else {
            direct::observe(cx, task).await
        }
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        if groups::is_theirs(task.spec) {
            groups::apply(cx, task, todo).await
        } else {
            direct::apply(cx, task, todo).await
        }
    }
}

/// The licences that the person holds through groups; nobody else has any before the first day.
fn by_group<'a>(wish: &Wish<'a>) -> impl Iterator<Item = &'a LicenseHeld> {
    let held = wish.facts.licenses.iter();
    held.filter(|held| held.route != Route::Direct)
}

/// The licence as bought by the tenant.
fn bought<'a>(wish: &Wish<'a>, id: &domain::ObjectId) -> Option<&'a Sku> {
    let same = |sku: &&Sku| sku.id.as_str().eq_ignore_ascii_case(id.as_str());
    wish.facts.tenant.skus.iter().find(same)
}

/// Whether a licence can be taken back like any other. The one that brings a mailbox cannot: the mailbox would be lost with it.
fn reversal<'s>(wish: &Wish<'_>, skus: impl IntoIterator<Item = &'s Sku>) -> Reversal {
    let brings =
        wish.facts.mailbox == MailboxFacts::None && skus.into_iter().any(|sku| sku.carries.mailbox);
    if brings {
        Reversal::CannotReturn(
            "a mailbox comes with it, and would be lost with it: whoever has it leaves by an offboarding"
                .to_owned(),
        )
    } else {
        Reversal::Return
    }
}

/// The name that people know a licence by.
fn title(sku: &Sku) -> &str {
    sku.titles.first().unwrap_or(&sku.name)
}

/// Order rule 8: somebody who is licensed by group gets no direct licence. Where the wish itself names groups, the direct wishes are
/// gone already.
fn drop_beside_group(
    wish: &Wish<'_>,
    asked: &Wanted,
    direct: &mut Vec<products::Given<'_>>,
    out: &mut Proposal,
) {
    let held: Vec<&LicenseHeld> = by_group(wish).collect();
    let through: Vec<&str> = wish
        .facts
        .memberships
        .iter()
        .filter(|group| {
            held.iter()
                .any(|held| held.route == Route::Group(group.id.clone()))
        })
        .map(|group| group.name.as_str())
        .collect();
    if held.is_empty() && asked.licence_groups.is_empty() {
        return;
    }
    for given in direct.drain(..) {
        let source = if through.is_empty() {
            String::new()
        } else {
            format!(" ({})", names(through.iter().copied()))
        };
        let text = format!(
            "{} ({}) is not assigned: {} is licensed by group{source}, and a group-licensed person gets no direct licence. Name a group that gives it in `licence-groups`.",
            title(given.sku),
            given.because,
            wish.name(),
        );
        joining::remark(out, Weight::Caution, text);
    }
}

/// A licence needs a usage location that is there or is set by this very plan.
fn no_location(wish: &Wish<'_>, joiner: &Joiner, asked: &Wanted, out: &mut Proposal) {
    let has = !joiner.new && wish.facts.person.usage_location.is_some();
    let sets =
        wish.is_on(set_usage_location::NAME) && set_usage_location::location(asked).is_some();
    if has || sets {
        return;
    }
    let because = match &asked.site {
        Some(site) => format!(
            "site {} would give {}, but {} is switched off",
            asked.site_name,
            site.usage_location,
            set_usage_location::NAME
        ),
        None => "the policy has no site that gives one".to_owned(),
    };
    joining::refuse(
        out,
        Refusal::new(
            "no-usage-location",
            format!(
                "{} shall get licences and has no usage location: {because}",
                wish.name()
            ),
            "switch set-usage-location on and give the site a usage-location in the policy",
        ),
    );
}
