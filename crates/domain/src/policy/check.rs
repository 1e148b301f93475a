//! Finds what contradicts itself inside a policy, each part of which is fine alone.

mod people;

use std::collections::BTreeMap;

use super::parse::Reader;
use super::{Policy, Setting};

/// Reports every contradiction.
pub(super) fn contradictions(policy: &Policy, reader: &mut Reader<'_>) {
    sites(policy, reader);
    approvals(policy, reader);
    persons(policy, reader);
    steps(policy, reader);
    people::contradictions(policy, reader);
    if policy.notify.sender.is_none() && !policy.notify.recipients.is_empty() {
        reader.wrong_at(
            "notify.recipients",
            "notices have recipients and no sender",
            "add `sender = \"…\"` to [notify]: the mailbox that notices are sent from",
        );
    }
}

fn sites(policy: &Policy, reader: &mut Reader<'_>) {
    if policy.sites.len() > 1 && !policy.sites.contains_key("default") {
        reader.wrong_at(
            "sites",
            "several sites, and none is called `default`",
            "name the one that holds for people without a site [sites.default]",
        );
    }
}

fn approvals(policy: &Policy, reader: &mut Reader<'_>) {
    let approvals = &policy.approvals;
    let listed = approvals.approvers.len();
    if listed == 0 {
        return;
    }
    if approvals.people as usize > listed {
        reader.wrong_at(
            "approvals.people",
            format!(
                "{} people have to approve, and only {listed} may",
                approvals.people
            ),
            "list more approvers, or ask for fewer people",
        );
    } else if listed < 2 && !policy.protected.vip.is_empty() {
        reader.wrong_at(
            "protected.vip",
            "people on this list need two approvers, and only one may approve",
            "list a second approver in [approvals]",
        );
    }
}

fn persons(policy: &Policy, reader: &mut Reader<'_>) {
    let protected = &policy.protected;
    let has = |list: &[String], who: &str| list.iter().any(|one| one.eq_ignore_ascii_case(who));
    for who in &policy.pilot.persons {
        if has(&protected.break_glass, who) || has(&protected.service_accounts, who) {
            reader.wrong_at(
                &format!("pilot.persons.{who}"),
                format!("{who} is a test person here and never to be touched under [protected]"),
                "remove it from one of the lists",
            );
        }
    }
    for who in &protected.vip {
        if has(&protected.break_glass, who) || has(&protected.service_accounts, who) {
            reader.wrong_at(
                &format!("protected.vip.{who}"),
                format!(
                    "{who} needs a second approver here and is never touched at all by another list"
                ),
                "remove it from one of the lists",
            );
        }
    }
    if policy.pilot.on && policy.pilot.persons.is_empty() {
        reader.wrong_at(
            "pilot.on",
            "the pilot is on and has no test persons, so nobody can be planned",
            "list them in `persons`, or set `on = false`",
        );
    }
}

fn steps(policy: &Policy, reader: &mut Reader<'_>) {
    let Some(allowed) = &policy.steps.allowed else {
        return;
    };
    let playbooks: [(&str, &BTreeMap<String, Setting>); 2] =
        [("offboard", &policy.offboard), ("onboard", &policy.onboard)];
    for (playbook, steps) in playbooks {
        for (step, setting) in steps {
            if setting.on() && !allowed.contains(step) {
                reader.wrong_at(
                    &format!("{playbook}.{step}"),
                    format!("{step} is on here and not allowed by [steps]"),
                    "switch it off, or add it to `allowed`",
                );
            }
        }
    }
}
