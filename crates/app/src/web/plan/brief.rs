//! A plan in a handful of lines, one to an object: for a phone, a card, a mail.

use domain::plan::Plan;
use domain::spec::{Effect, ObjectKind};

use super::lead::{join, number};
use crate::web::reading;

/// One line of few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    /// The icon's name.
    pub(crate) icon: &'static str,
    /// What happens to it.
    pub(crate) title: String,
    /// What else; may be empty.
    pub(crate) more: String,
}

/// The plan in a few lines; what is approved apart is told elsewhere.
pub(crate) fn of(plan: &Plan) -> Vec<Brief> {
    let counts = Counts { plan };
    let lines = [
        account(&counts),
        mailbox(plan, &counts),
        groups(&counts),
        licences(&counts),
        rest(plan),
    ];
    lines.into_iter().flatten().collect()
}

struct Counts<'a> {
    plan: &'a Plan,
}

impl Counts<'_> {
    fn of(&self, question: impl Fn(&Effect) -> bool) -> usize {
        let effects = self.plan.steps.iter().flat_map(|spec| &spec.effects);
        effects.filter(|effect| question(effect)).count()
    }

    fn has(&self, effect: &Effect) -> bool {
        self.of(|other| other == effect) > 0
    }

    fn objects(&self, kind: ObjectKind) -> usize {
        let changes = self.plan.steps.iter().flat_map(|spec| &spec.changes);
        let mut ids: Vec<_> = changes
            .filter(|change| change.object.kind == kind)
            .map(|change| &change.object.id)
            .collect();
        ids.sort();
        ids.dedup();
        ids.len()
    }
}

fn line(icon: &'static str, titles: Vec<String>, more: Vec<String>) -> Option<Brief> {
    // What would stand small under nothing stands large.
    let (titles, more) = if titles.is_empty() {
        (more, Vec::new())
    } else {
        (titles, more)
    };
    if titles.is_empty() {
        return None;
    }
    let mut title = titles.join(", ");
    if let Some(first) = title.get(..1) {
        title = format!("{}{}", first.to_uppercase(), &title[1..]);
    }
    Some(Brief {
        icon,
        title,
        more: more.join(", "),
    })
}

fn account(counts: &Counts<'_>) -> Option<Brief> {
    use Effect as E;
    let mut titles = Vec::new();
    for (effect, words) in [
        (E::CreatesPerson, "account made"),
        (E::OpensSignIn, "sign-in opens"),
        (E::ClosesSignIn, "sign-in blocked"),
        (E::EndsSessions, "sessions ended"),
    ] {
        if counts.has(&effect) {
            titles.push(words.to_owned());
        }
    }
    let mut more = Vec::new();
    if counts.has(&E::ResetsPassword) {
        more.push("password replaced".to_owned());
    }
    let methods = counts.objects(ObjectKind::Method);
    if methods > 0 {
        more.push(number(methods, "sign-in method", "sign-in methods"));
    }
    let roles = counts.objects(ObjectKind::Role);
    if roles > 0 {
        more.push(number(roles, "admin role", "admin roles"));
    }
    line("key", titles, more)
}

fn mailbox(plan: &Plan, counts: &Counts<'_>) -> Option<Brief> {
    use Effect as E;
    let changes = plan.steps.iter().flat_map(|spec| &spec.changes);
    let getters: Vec<String> = changes
        .filter(|change| change.now.is_null())
        .filter_map(|change| change.property.strip_prefix("full access of "))
        .map(str::to_owned)
        .collect();
    let mut titles = Vec::new();
    if counts.has(&E::ConvertsMailbox) {
        titles.push("mailbox shared".to_owned());
    }
    if !getters.is_empty() {
        titles.push(format!("access for {}", join(&getters)));
    }
    let mut more = Vec::new();
    let meetings = counts.objects(ObjectKind::Meeting);
    if meetings > 0 {
        more.push(format!(
            "{} cancelled",
            number(meetings, "meeting", "meetings")
        ));
    }
    for (effect, words) in [
        (E::SetsForwarding, "mail goes on to somebody else"),
        (E::SetsAutoReply, "out of office on"),
        (E::HidesFromAddressLists, "hidden from address lists"),
    ] {
        if counts.has(&effect) {
            more.push(words.to_owned());
        }
    }
    let rules = counts.objects(ObjectKind::Rule);
    if rules > 0 {
        more.push(number(rules, "inbox rule removed", "inbox rules removed"));
    }
    line("mail", titles, more)
}

fn groups(counts: &Counts<'_>) -> Option<Brief> {
    use Effect as E;
    let mut titles = Vec::new();
    let leaves = counts.of(|effect| {
        matches!(
            effect,
            E::RemovesMembership { .. } | E::RemovesListMembership { .. }
        )
    });
    let joins = counts.of(|effect| {
        matches!(
            effect,
            E::AddsMembership { .. } | E::AddsListMembership { .. }
        )
    });
    let owners = counts.of(|effect| matches!(effect, E::AddsOwner { .. }));
    if leaves > 0 {
        titles.push(format!(
            "leaves {}",
            number(leaves, "group or list", "groups and lists")
        ));
    }
    if joins > 0 {
        titles.push(format!(
            "joins {}",
            number(joins, "group or list", "groups and lists")
        ));
    }
    if owners > 0 {
        titles.push(number(owners, "gets a new owner", "get a new owner"));
    }
    line("people", titles, Vec::new())
}

fn licences(counts: &Counts<'_>) -> Option<Brief> {
    use Effect as E;
    let mut titles = Vec::new();
    let back = counts.of(|effect| matches!(effect, E::FreesLicense { .. }));
    let given = counts.of(|effect| matches!(effect, E::AssignsLicense { .. }));
    let numbers = counts.objects(ObjectKind::Number);
    if back > 0 {
        titles.push(number(back, "licence comes back", "licences come back"));
    }
    if given > 0 {
        titles.push(number(given, "licence given", "licences given"));
    }
    if numbers > 0 {
        titles.push(number(numbers, "telephone number", "telephone numbers"));
    }
    line("seats", titles, Vec::new())
}

/// Everything that has no line of its own, by number.
fn rest(plan: &Plan) -> Option<Brief> {
    let told = [0, 1, 2, 3, 4, 5];
    let changes = plan
        .steps
        .iter()
        .filter(|spec| !spec.approved_apart())
        .flat_map(|spec| &spec.changes);
    let mut counts = [0_usize; reading::GROUPS.len()];
    for change in changes {
        counts[reading::group(change.object.kind)] += 1;
    }
    let parts: Vec<String> = reading::GROUPS
        .iter()
        .zip(counts)
        .enumerate()
        .filter(|(at, (_, count))| *count > 0 && !told.contains(at))
        .map(|(_, (group, count))| format!("{}: {count}", group.name.to_lowercase()))
        .collect();
    line("apps", parts, Vec::new())
}
