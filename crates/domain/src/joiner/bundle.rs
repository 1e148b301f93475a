//! What it gets: role, standing instructions, and what the request asks for beyond them.

use super::{Sourced, Wanted, list, same, text};
use super::{barred, kept_from_contractors};
use crate::naming::matches;
use crate::planner::Refusal;
use crate::policy::{Circumstances, Instruction, LicenceWish, MailboxWish, Policy, Role};
use crate::request::Request;

/// The source that is the request itself.
const REQUEST: &str = "the request";

/// Chooses the role: the request's, the contractors', the first fitting instruction's, `default`.
pub(super) fn choose_role(wanted: &mut Wanted, request: &Request, policy: &Policy) {
    if let Some(written) = text(request, "role") {
        let found = policy
            .roles
            .keys()
            .find(|name| *name == written)
            .or_else(|| policy.roles.keys().find(|name| same(name, written)));
        if found.is_none() {
            let known: Vec<&str> = policy.roles.keys().map(String::as_str).collect();
            let hint = if known.is_empty() {
                "the policy has no roles; leave it out, or add [roles.NAME]".to_owned()
            } else {
                format!("name one of these, or leave it out: {}", known.join(", "))
            };
            wanted.refusals.push(Refusal::new(
                "unknown-role",
                format!("the policy has no role “{written}”"),
                hint,
            ));
        }
        wanted.role = found.cloned();
        return;
    }
    let contractors = policy
        .contractors
        .role
        .clone()
        .filter(|_| wanted.contractor);
    wanted.role = contractors.filter(|role| policy.roles.contains_key(role));
    if wanted.role.is_none() {
        let ground = circumstances(wanted, request);
        let mut fitting = policy
            .instructions
            .iter()
            .filter(|one| one.when.holds(&ground));
        wanted.role = fitting.find_map(|one| one.role.clone());
    }
    if wanted.role.is_none() && policy.roles.contains_key("default") {
        wanted.role = Some("default".to_owned());
    }
    if wanted.role.is_none() {
        wanted.caution(
            "No role: the request names none, no instruction gives one, and the policy has no role `default`. Only what instructions and the request give is given.",
        );
    }
}

/// The facts that instructions ask about.
fn circumstances(wanted: &Wanted, request: &Request) -> Circumstances {
    Circumstances {
        kind: request.kind,
        department: wanted.profile.get("department").cloned(),
        job_title: wanted.profile.get("job-title").cloned(),
        site: Some(wanted.site_name.clone()).filter(|name| !name.is_empty()),
        role: wanted.role.clone(),
        contractor: Some(wanted.contractor),
    }
}

/// Gathers licences, groups, mailboxes and switches from role, instructions and request.
pub(super) fn gather(wanted: &mut Wanted, request: &Request, policy: &Policy) {
    let role = wanted.role.clone();
    if let Some((name, role)) = role.and_then(|name| policy.roles.get_key_value(&name)) {
        Giver::of_role(name, role).give(wanted, policy);
    }
    let ground = circumstances(wanted, request);
    for one in &policy.instructions {
        if one.when.holds(&ground) {
            Giver::of_instruction(one).give(wanted, policy);
            instruct(wanted, one);
        }
    }
    ask(wanted, request, policy);
    one_route(wanted);
}

/// What a role or an instruction gives.
struct Giver<'p> {
    because: String,
    licences: &'p [LicenceWish],
    licence_groups: &'p [String],
    groups: &'p [String],
    lists: &'p [String],
    mailboxes: &'p [MailboxWish],
}

impl<'p> Giver<'p> {
    fn of_role(name: &str, role: &'p Role) -> Self {
        Self {
            because: format!("role {name}"),
            licences: &role.licences,
            licence_groups: &role.licence_groups,
            groups: &role.groups,
            lists: &role.lists,
            mailboxes: &role.mailboxes,
        }
    }

    fn of_instruction(one: &'p Instruction) -> Self {
        Self {
            because: source(one),
            licences: &one.licences,
            licence_groups: &one.licence_groups,
            groups: &one.groups,
            lists: &one.lists,
            mailboxes: &one.mailboxes,
        }
    }

    fn give(&self, wanted: &mut Wanted, policy: &Policy) {
        for wish in self.licences {
            licence(wanted, wish.clone(), &self.because);
        }
        for name in self.licence_groups {
            if self.open(wanted, policy, name) && !has_group(wanted, name) {
                wanted
                    .licence_groups
                    .push(sourced(name.clone(), &self.because));
            }
        }
        for name in self.groups.iter().chain(self.lists) {
            if self.open(wanted, policy, name) {
                group(wanted, name, &self.because);
            }
        }
        for wish in self.mailboxes {
            mailbox(wanted, wish.clone(), &self.because);
        }
    }

    /// Whether the person may have the group at all; tells the approver when not.
    fn open(&self, wanted: &mut Wanted, policy: &Policy, name: &str) -> bool {
        let Some(rule) = kept_from_contractors(policy, wanted.contractor, &[name]) else {
            return true;
        };
        wanted.caution(format!(
            "“{name}” comes with {} and is not given: {rule}.",
            self.because
        ));
        false
    }
}

fn source(one: &Instruction) -> String {
    format!("instruction “{}”", one.name)
}

/// Takes over the switches and the note of an instruction. Of two that set one switch differently, the later one counts.
fn instruct(wanted: &mut Wanted, one: &Instruction) {
    for (switch, value) in &one.switches {
        let before = wanted.switches.insert(switch.clone(), value.clone());
        if before.is_some_and(|before| before != *value) {
            wanted.caution(format!(
                "Switch `{switch}` is set to {value} by {}, and was set otherwise by one before it.",
                source(one)
            ));
        }
    }
    if let Some(note) = one
        .note
        .as_deref()
        .map(str::trim)
        .filter(|note| !note.is_empty())
    {
        wanted.caution(crate::policy::note(one, note));
    }
}

/// What the request asks for by itself.
fn ask(wanted: &mut Wanted, request: &Request, policy: &Policy) {
    let asks = &policy.asks;
    let allowed =
        |patterns: &[String], name: &str| patterns.iter().any(|pattern| matches(pattern, name));
    for name in list(request, "licences") {
        if wanted
            .licences
            .iter()
            .any(|one| same(one.wish.licence(), &name))
        {
            continue;
        }
        if allowed(&asks.licences, &name) {
            licence(wanted, LicenceWish::Whole(name), REQUEST);
        } else {
            // The role may give the same licence under another of its names, which only the tenant knows.
            wanted.licences_not_allowed.push(name);
        }
    }
    for name in list(request, "groups") {
        if has_group(wanted, &name) {
            continue;
        }
        if let Some(rule) = barred(policy, wanted.contractor, &[&name]) {
            not_allowed(wanted, ("Group", &name), &rule);
        } else if allowed(&asks.groups, &name) {
            group(wanted, &name, REQUEST);
        } else {
            not_allowed(wanted, ("Group", &name), "[asks] groups does not name it");
        }
    }
    for name in list(request, "shared-mailboxes") {
        if wanted
            .mailboxes
            .iter()
            .any(|one| same(one.wish.address(), &name))
        {
            continue;
        }
        if allowed(&asks.mailboxes, &name) {
            mailbox(wanted, MailboxWish::Address(name), REQUEST);
        } else {
            not_allowed(
                wanted,
                ("Shared mailbox", &name),
                "[asks] mailboxes does not name it",
            );
        }
    }
}

fn not_allowed(wanted: &mut Wanted, (what, name): (&str, &str), why: &str) {
    wanted.caution(format!(
        "{what} “{name}” is asked for and not allowed by policy, so it is not given: {why}."
    ));
}

fn sourced<T>(wish: T, because: &str) -> Sourced<T> {
    Sourced {
        wish,
        because: because.to_owned(),
    }
}

fn has_group(wanted: &Wanted, name: &str) -> bool {
    let mut known = wanted.groups.iter().chain(&wanted.licence_groups);
    known.any(|one| same(&one.wish, name))
}

fn group(wanted: &mut Wanted, name: &str, because: &str) {
    if !has_group(wanted, name) {
        wanted.groups.push(sourced(name.to_owned(), because));
    }
}

fn licence(wanted: &mut Wanted, wish: LicenceWish, because: &str) {
    let known = |one: &Sourced<LicenceWish>| same(one.wish.licence(), wish.licence());
    if !wanted.licences.iter().any(known) {
        wanted.licences.push(sourced(wish, because));
    }
}

fn mailbox(wanted: &mut Wanted, wish: MailboxWish, because: &str) {
    let known = |one: &Sourced<MailboxWish>| same(one.wish.address(), wish.address());
    if !wanted.mailboxes.iter().any(known) {
        wanted.mailboxes.push(sourced(wish, because));
    }
}

/// Order rule 8: somebody who is licensed by group gets no direct licence beside it.
fn one_route(wanted: &mut Wanted) {
    let Some(group) = wanted.licence_groups.first().map(|one| one.wish.clone()) else {
        return;
    };
    for dropped in std::mem::take(&mut wanted.licences) {
        wanted.caution(format!(
            "Licence “{}” ({}) is not assigned directly, because “{group}” licenses this person by group: an add-on needs a licence group too. Name one in `licence-groups`.",
            dropped.wish.licence(),
            dropped.because
        ));
    }
}
