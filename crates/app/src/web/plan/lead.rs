//! The sentence that answers, before any table, what a plan does: when, what ends or begins, and who gets what.

use domain::plan::Plan;
use domain::request::Kind;
use domain::spec::{Effect, StepSpec};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::web::when;

/// When a plan starts, in its reader's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// `At 17:00 in Leeds`, or `As soon as it is approved`; comes first and is bold.
    pub(crate) site: String,
    /// ` (18:00 here)`, where that differs.
    pub(crate) here: String,
    /// The instant, for machines; empty for at once.
    pub(crate) machine: String,
}

/// When a plan starts.
pub(crate) fn start(
    at: Option<Timestamp>,
    site: &TimeZone,
    here: &TimeZone,
    now: Timestamp,
) -> Start {
    let Some(at) = at else {
        return Start {
            site: "As soon as it is approved".to_owned(),
            here: String::new(),
            machine: String::new(),
        };
    };
    let (there, ours) = (when::day(at, site, now), when::short(at, here, now));
    let differs = at.to_zoned(site.clone()).datetime() != at.to_zoned(here.clone()).datetime();
    Start {
        site: format!("{there} in {}", when::place(site)),
        here: if differs {
            format!(" ({ours} here)")
        } else {
            String::new()
        },
        machine: when::machine(at),
    }
}

/// What happens, in one or two sentences that go on after [`Start`] and a colon.
pub(crate) fn what(plan: &Plan) -> String {
    let sentence = match plan.kind {
        Kind::Onboard => comes(plan),
        Kind::Offboard | Kind::Transfer => leaves(plan),
        Kind::Restore => format!(
            "what an earlier run did to {} is taken back, as far as it can return.",
            plan.person.name
        ),
    };
    match &plan.only {
        Some(only) => format!("{sentence} Nothing else: {}.", only.join(", ")),
        None => sentence,
    }
}

fn has(plan: &Plan, question: impl Fn(&Effect) -> bool) -> bool {
    plan.steps.iter().any(|spec| spec.has(&question))
}

fn leaves(plan: &Plan) -> String {
    use Effect as E;
    let name = &plan.person.name;
    let blocks = has(plan, |effect| *effect == E::ClosesSignIn);
    let ends = has(plan, |effect| *effect == E::EndsSessions);
    let mut sentences = vec![match (blocks, ends) {
        (true, true) => format!("{name} can no longer sign in, and every session ends."),
        (true, false) => format!("{name} can no longer sign in."),
        (false, true) => format!("every session of {name} ends."),
        (false, false) => format!("{} of {name} change.", objects(plan)),
    }];
    let getters = of(plan, "full access of ");
    let forward = forwards_to(plan);
    let shared = has(plan, |effect| *effect == E::ConvertsMailbox);
    match (getters.as_slice(), forward) {
        ([], None) => {}
        ([], Some(to)) => sentences.push(format!("Mail goes on to {to}.")),
        (getters, None) => sentences.push(format!(
            "{} {} the mailbox.",
            join(getters),
            verb(getters, "gets", "get")
        )),
        (getters, Some(to)) => sentences.push(format!(
            "{} {} the mailbox, and mail goes on to {to}.",
            join(getters),
            verb(getters, "gets", "get")
        )),
    }
    let frees = has(plan, |effect| matches!(effect, E::FreesLicense { .. }));
    match (frees, shared) {
        (true, true) => {
            sentences.push("Licences leave once the mailbox is verified as shared.".to_owned())
        }
        (true, false) => sentences.push("Licences come back.".to_owned()),
        (false, true) => sentences.push("The mailbox becomes a shared one.".to_owned()),
        (false, false) => {}
    }
    sentences.join(" ")
}

fn comes(plan: &Plan) -> String {
    use Effect as E;
    let name = &plan.person.name;
    let count = |question: fn(&Effect) -> bool| {
        let effects = plan.steps.iter().flat_map(|spec| &spec.effects);
        effects.filter(|effect| question(effect)).count()
    };
    let first = if has(plan, |effect| *effect == E::CreatesPerson) {
        format!("{name} gets the account {}.", plan.upn)
    } else {
        format!("{name} ({}) is set up in place.", plan.upn)
    };
    let licences = count(|effect| matches!(effect, E::AssignsLicense { .. }));
    let groups = count(|effect| {
        matches!(
            effect,
            E::AddsMembership { .. } | E::AddsListMembership { .. }
        )
    });
    let mut gets = Vec::new();
    if licences > 0 {
        gets.push(number(licences, "licence", "licences"));
    }
    if groups > 0 {
        gets.push(format!(
            "{} of groups and lists",
            number(groups, "membership", "memberships")
        ));
    }
    let mut sentences = vec![first];
    if !gets.is_empty() {
        sentences.push(format!("{} come with it.", gets.join(" and ")));
    }
    let opens = plan
        .steps
        .iter()
        .find(|spec| spec.has(|effect| *effect == E::OpensSignIn))
        .and_then(|spec: &StepSpec| spec.not_before);
    if let Some(opens) = opens {
        sentences.push(format!(
            "Sign-in opens {}.",
            opens.strftime("%a %-d %b %Y %H:%M UTC")
        ));
    }
    sentences.join(" ")
}

/// Whoever follows these words in the properties of the plan's changes, each once.
fn of(plan: &Plan, words: &str) -> Vec<String> {
    let changes = plan.steps.iter().flat_map(|spec| &spec.changes);
    let mut found: Vec<String> = changes
        .filter(|change| change.now.is_null())
        .filter_map(|change| change.property.strip_prefix(words).map(str::to_owned))
        .collect();
    found.dedup();
    found
}

fn forwards_to(plan: &Plan) -> Option<String> {
    let spec = plan
        .steps
        .iter()
        .find(|spec| spec.has(|effect| *effect == Effect::SetsForwarding))?;
    spec.changes.iter().find_map(|change| match &change.after {
        domain::spec::Expect::Is(serde_json::Value::String(to)) => Some(to.clone()),
        _ => None,
    })
}

fn objects(plan: &Plan) -> String {
    let changes = plan.steps.iter().map(|spec| spec.changes.len()).sum();
    number(changes, "thing", "things")
}

/// `1 licence`, `3 licences`.
pub(crate) fn number(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn verb<'a>(who: &[String], one: &'a str, several: &'a str) -> &'a str {
    if who.len() == 1 { one } else { several }
}

/// `A`, `A and B`, `A, B and C`.
pub(crate) fn join(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
