//! Finds what contradicts itself inside a policy, each part of which is fine alone.

mod people;

use std::collections::BTreeMap;

use super::parse::Reader;
use super::{Approvals, Policy, Setting};

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
    times(&policy.approvals, reader);
    reviewers(&policy.approvals, reader);
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
    } else if listed < 2 && policy.limits.leavers.is_some() {
        reader.wrong_at(
            "limits.leavers",
            "leavers beyond this need two approvers, and only one may approve",
            "list a second approver in [approvals]",
        );
    }
}

/// Being asked as well needs somebody to ask, and time to answer.
fn times(approvals: &Approvals, reader: &mut Reader<'_>) {
    match approvals.escalate_after_hours {
        Some(_) if approvals.escalate_to.is_empty() => reader.wrong_at(
            "approvals.escalate-after-hours",
            "others are to be asked after this time, and nobody is named",
            "add `escalate-to = [\"…\"]`, or leave the time out",
        ),
        None if !approvals.escalate_to.is_empty() => reader.wrong_at(
            "approvals.escalate-to",
            "these are to be asked as well, and it is not said when",
            "add `escalate-after-hours = 8`, or leave the list out",
        ),
        Some(after)
            if approvals
                .expires_after_hours
                .is_some_and(|end| end <= after) =>
        {
            reader.wrong_at(
                "approvals.expires-after-hours",
                "nobody can decide any more by the time others are asked",
                "let it be longer than `escalate-after-hours`",
            )
        }
        _ => {}
    }
}

/// A review that nobody is asked for would never take place.
fn reviewers(approvals: &Approvals, reader: &mut Reader<'_>) {
    if !approvals.reviewers.is_empty() && approvals.pre_approved_containment.is_empty() {
        reader.wrong_at(
            "approvals.reviewers",
            "reviewers are named, and nothing is approved beforehand that they could look at",
            "add `pre-approved-containment`, or leave the list out",
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
