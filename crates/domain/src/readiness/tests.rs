//! Each check, once fine and once with the sentence that says what to do.

use super::*;
use crate::drift::DifferenceKind;
use crate::facts::{MailboxFacts, Sku};
use crate::plan::{ApprovalNeed, FORMAT, Reserve};
use crate::request::Kind;
use crate::rules::tests::{facts, spec};
use crate::spec::{ObjectKind, ObjectRef};
use crate::{ObjectId, PlanId, RequestId, StepKey, TenantId};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn plan(effects: Vec<Effect>) -> Plan {
    let mut step = spec("convert", effects);
    step.permissions = vec!["User.Read.All".to_owned()];
    Plan {
        format: FORMAT,
        tenant: TenantId::from("contoso"),
        directory: "directory".to_owned(),
        request: RequestId::from("request"),
        kind: Kind::Offboard,
        person: ObjectRef::new(ObjectKind::Person, &ObjectId::from("p"), "P"),
        upn: "p@contoso.example".to_owned(),
        at: None,
        steps: vec![step],
        remarks: Vec::new(),
        policy: "policy".to_owned(),
        requester: "hr".to_owned(),
        approval: ApprovalNeed::default(),
        removals_may_grow: false,
        reserves: vec![Reserve {
            kind: ReserveKind::Seat { free: 1 },
            key: "suite".to_owned(),
            step: StepKey::from("convert"),
        }],
        follow_up: None,
        only: None,
        review: None,
    }
}

fn ready() -> Facts {
    let mut facts = facts();
    facts.tenant.skus = vec![Sku {
        id: ObjectId::from("suite"),
        name: "SUITE".to_owned(),
        seats: 10,
        used: 8,
        reserved: 1,
        carries: crate::spec::Carries::default(),
        keeps_large_mailbox: false,
        titles: Vec::new(),
        plans: Vec::new(),
    }];
    facts.person.synced = true;
    facts.person.synced_at = Some("2026-11-20T08:30:00Z".to_owned());
    facts
}

/// The problems, after something was changed.
fn told(
    change: impl Fn(&mut Facts),
    standing: &Standing,
    missing: Result<&[String], &str>,
    differences: Result<&[Difference], &str>,
) -> Vec<(Check, String)> {
    let plan = plan(vec![Effect::ConvertsMailbox]);
    let mut facts = ready();
    change(&mut facts);
    let known = Known {
        plan: &plan,
        missing,
        facts: Ok(&facts),
        differences,
        standing,
        approved_until: Some(at("2026-11-22T09:00:00Z")),
        due: at("2026-11-21T09:00:00Z"),
        now: at("2026-11-20T09:00:00Z"),
    };
    let all = check(&known);
    assert_eq!(all.len(), 6);
    all.into_iter()
        .filter_map(|one| Some((one.check, one.problem?)))
        .collect()
}

fn of_facts_alone(change: impl Fn(&mut Facts)) -> Vec<(Check, String)> {
    told(change, &Standing::Approved, Ok(&[]), Ok(&[]))
}

fn one(problems: Vec<(Check, String)>, check: Check, words: &str) {
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].0, check);
    assert!(problems[0].1.contains(words), "{}", problems[0].1);
}

#[test]
fn a_run_that_can_begin_has_no_problem() {
    assert_eq!(of_facts_alone(|_| {}), []);
}

#[test]
fn what_the_tenant_shows_is_told_with_what_to_do() {
    one(
        of_facts_alone(|facts| facts.tenant.skus[0].reserved = 2),
        Check::Seats,
        "SUITE has 10 seats, of which 8 are used and 2 are reserved",
    );
    one(
        of_facts_alone(|facts| facts.tenant.skus.clear()),
        Check::Seats,
        "suite is not bought",
    );
    one(
        of_facts_alone(|facts| {
            facts.mailbox = MailboxFacts::Unread {
                because: "no role".to_owned(),
            }
        }),
        Check::Mailbox,
        "no role",
    );
    let held = |facts: &mut Facts| {
        let MailboxFacts::Cloud(mailbox) = &mut facts.mailbox else {
            return;
        };
        mailbox.holds = vec!["litigation".to_owned()];
    };
    one(of_facts_alone(held), Check::Mailbox, "on hold");
    let old = |facts: &mut Facts| facts.person.synced_at = Some("2026-11-20T05:00:00Z".to_owned());
    one(
        of_facts_alone(old),
        Check::Synchronisation,
        "more than 3 hours ago",
    );
    one(
        of_facts_alone(|facts| facts.person.synced_at = None),
        Check::Synchronisation,
        "not known",
    );
}

#[test]
fn what_people_have_to_give_is_told() {
    let missing = ["User.Read.All".to_owned()];
    one(
        told(|_| {}, &Standing::Approved, Ok(&missing), Ok(&[])),
        Check::Permissions,
        "User.Read.All",
    );
    one(
        told(
            |_| {},
            &Standing::Approved,
            Err("the consent is gone"),
            Ok(&[]),
        ),
        Check::Permissions,
        "the consent is gone",
    );
    let waiting = Standing::Waiting { have: 1, need: 2 };
    one(
        told(|_| {}, &waiting, Ok(&[]), Ok(&[])),
        Check::Approval,
        "1 of 2",
    );
    let newer = Standing::Superseded {
        by: PlanId::from("newer"),
    };
    one(
        told(|_| {}, &newer, Ok(&[]), Ok(&[])),
        Check::Approval,
        "newer",
    );
    let drifted = [Difference {
        step: None,
        kind: DifferenceKind::New,
        text: "one more group".to_owned(),
    }];
    one(
        told(|_| {}, &Standing::Approved, Ok(&[]), Ok(&drifted)),
        Check::Drift,
        "one more group",
    );
}

#[test]
fn what_cannot_be_read_is_not_fine() {
    let plan = plan(vec![Effect::ConvertsMailbox]);
    let known = Known {
        plan: &plan,
        missing: Ok(&[]),
        facts: Err("the tenant does not answer"),
        differences: Err("the tenant does not answer"),
        standing: &Standing::Approved,
        approved_until: Some(at("2026-11-20T10:00:00Z")),
        due: at("2026-11-21T09:00:00Z"),
        now: at("2026-11-20T09:00:00Z"),
    };
    let fine: Vec<Check> = check(&known)
        .into_iter()
        .filter(|one| one.problem.is_none())
        .map(|one| one.check)
        .collect();
    assert_eq!(fine, [Check::Permissions]);
}
