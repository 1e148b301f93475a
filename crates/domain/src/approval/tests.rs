//! Who may still decide, whose voice counts, and until when.

use super::*;
use crate::plan::{ApprovalNeed, Escalation, FORMAT, Plan};
use crate::request::Kind;
use crate::spec::{ObjectKind, ObjectRef};
use crate::{ObjectId, RequestId};

const ALL: [&str; 4] = [
    "kim@partner.example",
    "lou@partner.example",
    "max@partner.example",
    "hr@contoso.example",
];

fn moment(hours: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(hours)
}

fn stored(need: ApprovalNeed) -> StoredPlan {
    let plan = Plan {
        format: FORMAT,
        tenant: TenantId::from("contoso"),
        directory: "directory".to_owned(),
        request: RequestId::from("request"),
        kind: Kind::Offboard,
        person: ObjectRef::new(ObjectKind::Person, &ObjectId::from("ada"), "Ada"),
        upn: "ada@contoso.example".to_owned(),
        at: None,
        steps: Vec::new(),
        remarks: Vec::new(),
        policy: "policy".to_owned(),
        requester: "HR <hr@contoso.example>".to_owned(),
        approval: need,
        removals_may_grow: false,
        reserves: Vec::new(),
        follow_up: None,
        only: None,
        review: None,
    };
    StoredPlan::seal(PlanId::from("plan"), plan, moment(0), moment(0))
}

fn need(people: u32) -> ApprovalNeed {
    ApprovalNeed {
        people,
        holds_for_hours: 72,
        ..ApprovalNeed::default()
    }
}

fn grant(tenant: Option<&str>, role: Role) -> Grant {
    Grant {
        tenant: tenant.map(TenantId::from),
        role,
    }
}

/// Everybody here is an approver of every tenant.
fn operators() -> Vec<Operator> {
    let approver = |address: &&str| Operator {
        address: (*address).to_owned(),
        grants: vec![grant(None, Role::Approver)],
    };
    let mut all: Vec<Operator> = ALL.iter().map(approver).collect();
    all.push(Operator {
        address: "viewer@partner.example".to_owned(),
        grants: vec![
            grant(None, Role::Requester),
            grant(Some("fabrikam"), Role::Admin),
        ],
    });
    all
}

/// A plan on the table.
struct Table {
    stored: StoredPlan,
    operators: Vec<Operator>,
    delegations: Vec<Delegation>,
    decisions: Vec<Decision>,
    superseded: Option<PlanId>,
    hour: i64,
}

impl Table {
    fn of(need: ApprovalNeed) -> Self {
        Self {
            stored: stored(need),
            operators: operators(),
            delegations: Vec::new(),
            decisions: Vec::new(),
            superseded: None,
            hour: 1,
        }
    }

    fn case(&self) -> Case<'_> {
        Case {
            stored: &self.stored,
            operators: &self.operators,
            delegations: &self.delegations,
            decisions: &self.decisions,
            superseded_by: self.superseded.as_ref(),
            now: moment(self.hour),
        }
    }

    fn says(&mut self, voice: &str, through: Option<&str>, says: Says) {
        self.decisions.push(Decision {
            digest: self.stored.digest.clone(),
            voice: voice.to_owned(),
            through: through.map(str::to_owned),
            at: moment(self.hour),
            says,
        });
    }

    /// Approves as the rules allow, with whichever voice that gives.
    fn approve(&mut self, by: &str) {
        let voice = self.case().may_decide(by).unwrap();
        self.says(&voice.of, voice.through.as_deref(), Says::Approved);
    }

    fn no(&self, by: &str) -> String {
        self.case().may_decide(by).unwrap_err()
    }

    fn lend(&mut self, from: &str, to: &str) {
        self.delegations.push(Delegation {
            from: from.to_owned(),
            to: to.to_owned(),
            tenant: None,
            begins: moment(0),
            ends: moment(24),
        });
    }
}

#[test]
fn each_reason_why_not_is_a_sentence_of_its_own() {
    let table = Table::of(need(1));
    assert_eq!(
        table.no("hr@contoso.example"),
        "You asked for this, so another approver must decide."
    );
    assert!(
        table
            .no("Ada@contoso.example")
            .contains("is the person this plan is about")
    );
    assert!(
        table
            .no("viewer@partner.example")
            .contains("is not an approver of contoso")
    );
    assert!(
        table
            .no("nobody@partner.example")
            .contains("is no operator of Tenure")
    );
    assert!(
        table
            .no("policy:abc for kim@partner.example")
            .contains("is no person")
    );
    let mut named = Table::of(ApprovalNeed {
        approvers: vec!["lou@partner.example".to_owned()],
        ..need(1)
    });
    assert!(
        named
            .no("kim@partner.example")
            .contains("approvers are lou@partner.example")
    );
    named
        .case()
        .may_decide("Lou <LOU@partner.example>")
        .unwrap();
    // Without any account, the names of the policy rule, or anybody's where it names none.
    named.operators.clear();
    assert!(named.no("kim@partner.example").contains("not an approver"));
    named.case().may_decide("lou@partner.example").unwrap();
    let mut open = Table::of(need(1));
    open.operators.clear();
    open.case().may_decide("somebody").unwrap();
}

#[test]
fn people_are_counted_and_each_once() {
    let mut table = Table::of(need(2));
    assert_eq!(
        table.case().standing(),
        Standing::Waiting { have: 0, need: 2 }
    );
    assert_eq!(
        table.case().who_may(),
        [
            "kim@partner.example",
            "lou@partner.example",
            "max@partner.example"
        ]
    );
    table.approve("kim@partner.example");
    assert!(
        table
            .no("KIM@partner.example")
            .contains("has approved this already")
    );
    assert_eq!(
        table.case().standing(),
        Standing::Waiting { have: 1, need: 2 }
    );
    // The same again, however it came to be kept, counts once.
    table.says("Kim <kim@partner.example>", None, Says::Approved);
    assert_eq!(table.case().have(), 1);
    assert_eq!(
        table.case().who_may(),
        ["lou@partner.example", "max@partner.example"]
    );
    table.approve("lou@partner.example");
    assert_eq!(table.case().standing(), Standing::Approved);
    assert!(table.no("max@partner.example").contains("Enough people"));
    table.says("lou@partner.example", None, Says::TakenBack);
    assert_eq!(
        table.case().standing(),
        Standing::Waiting { have: 1, need: 2 }
    );
    table.approve("lou@partner.example");
    // An approval holds for its time and no longer.
    table.hour = 74;
    assert_eq!(
        table.case().standing(),
        Standing::Waiting { have: 0, need: 2 }
    );
}

#[test]
fn a_decision_on_other_bytes_counts_for_nothing() {
    let mut table = Table::of(need(1));
    table.approve("kim@partner.example");
    table.decisions[0].digest = Digest::from("another");
    assert_eq!(table.case().have(), 0);
    table.case().may_decide("kim@partner.example").unwrap();
}

#[test]
fn a_refusal_and_a_newer_plan_end_it() {
    let mut table = Table::of(need(1));
    let refused = Says::Refused {
        reason: "She stays until March.".to_owned(),
    };
    table.says("kim@partner.example", None, refused);
    let why = table.no("lou@partner.example");
    assert!(
        why.starts_with("Refused by kim@partner.example: She stays until March."),
        "{why}"
    );
    assert!(table.case().who_may().is_empty());
    table.says("kim@partner.example", None, Says::TakenBack);
    table.case().may_decide("lou@partner.example").unwrap();
    table.superseded = Some(PlanId::from("newer"));
    assert!(
        table
            .no("lou@partner.example")
            .starts_with("Plan newer took the place")
    );
}

#[test]
fn nobody_decides_after_the_end_and_others_are_asked_before_it() {
    let mut table = Table::of(ApprovalNeed {
        approvers: vec!["kim@partner.example".to_owned()],
        escalation: Some(Escalation {
            after_hours: 8,
            to: vec![
                "max@partner.example".to_owned(),
                "head@contoso.example".to_owned(),
            ],
        }),
        expires_after_hours: Some(48),
        ..need(1)
    });
    assert_eq!(table.case().escalates_at(), Some(moment(8)));
    assert_eq!(table.case().expires_at(), Some(moment(48)));
    table.hour = 7;
    assert!(!table.case().is_escalated());
    assert!(table.no("max@partner.example").contains("not an approver"));
    assert!(table.no("head@contoso.example").contains("not an approver"));
    table.hour = 8;
    assert!(table.case().is_escalated());
    assert_eq!(
        table.case().who_may(),
        [
            "kim@partner.example",
            "max@partner.example",
            "head@contoso.example"
        ]
    );
    table.hour = 48;
    assert_eq!(
        table.case().standing(),
        Standing::Expired { at: moment(48) }
    );
    assert!(
        table
            .no("kim@partner.example")
            .starts_with("Expired at 2026-11-22")
    );
    assert!(!table.case().is_escalated());
    // What was approved in time stays approved.
    table.hour = 9;
    table.approve("max@partner.example");
    assert!(!table.case().is_escalated());
    table.hour = 49;
    assert_eq!(table.case().standing(), Standing::Approved);
}

#[test]
fn a_delegate_decides_in_the_others_name_and_never_counts_twice() {
    let mut table = Table::of(ApprovalNeed {
        approvers: vec![
            "kim@partner.example".to_owned(),
            "lou@partner.example".to_owned(),
            "hr@contoso.example".to_owned(),
        ],
        ..need(2)
    });
    assert!(table.no("max@partner.example").contains("not an approver"));
    table.lend("kim@partner.example", "max@partner.example");
    let voice = table.case().may_decide("max@partner.example").unwrap();
    assert_eq!(
        (voice.of.as_str(), voice.through.as_deref()),
        ("kim@partner.example", Some("max@partner.example"))
    );
    assert!(
        !table
            .case()
            .who_may()
            .contains(&"max@partner.example".to_owned())
    );
    table.approve("max@partner.example");
    // Kim's voice is used up, and so is Max, whatever else is lent to him.
    assert!(
        table
            .no("kim@partner.example")
            .contains("has approved this already, for kim")
    );
    table.lend("lou@partner.example", "max@partner.example");
    assert!(table.case().may_decide("max@partner.example").is_err());
    table.says(
        "lou@partner.example",
        Some("max@partner.example"),
        Says::Approved,
    );
    assert_eq!(table.case().have(), 1, "one person counted twice");
    table.decisions.pop();
    table.approve("lou@partner.example");
    assert_eq!(table.case().standing(), Standing::Approved);
}

#[test]
fn whoever_asked_decides_in_nobodys_name_and_lends_nothing_either() {
    let mut table = Table::of(need(1));
    table.lend("kim@partner.example", "hr@contoso.example");
    table.lend("kim@partner.example", "ada@contoso.example");
    table.lend("hr@contoso.example", "viewer@partner.example");
    assert!(
        table
            .no("hr@contoso.example")
            .starts_with("You asked for this")
    );
    assert!(
        table
            .no("ada@contoso.example")
            .contains("the person this plan is about")
    );
    assert!(
        table
            .no("viewer@partner.example")
            .contains("not an approver")
    );
    // Neither before nor after its time, nor for another tenant, nor to oneself.
    table.lend("kim@partner.example", "viewer@partner.example");
    table.case().may_decide("viewer@partner.example").unwrap();
    table.hour = 24;
    assert!(table.case().may_decide("viewer@partner.example").is_err());
    table.hour = 1;
    table.delegations[3].tenant = Some(TenantId::from("fabrikam"));
    assert!(table.case().may_decide("viewer@partner.example").is_err());
}

#[test]
fn a_chain_of_delegates_is_one_person_and_nothing_is_passed_on() {
    let mut table = Table::of(ApprovalNeed {
        approvers: vec![
            "kim@partner.example".to_owned(),
            "lou@partner.example".to_owned(),
        ],
        ..need(2)
    });
    // Lou decides for Kim; then nobody decides for Lou, nor does Lou.
    table.lend("kim@partner.example", "lou@partner.example");
    table.lend("lou@partner.example", "max@partner.example");
    table.says(
        "kim@partner.example",
        Some("lou@partner.example"),
        Says::Approved,
    );
    assert!(table.case().may_decide("lou@partner.example").is_err());
    assert!(table.case().may_decide("max@partner.example").is_err());
    table.says(
        "lou@partner.example",
        Some("max@partner.example"),
        Says::Approved,
    );
    assert_eq!(table.case().have(), 1, "a chain counted twice");
    // What Kim lent to Lou is not Lou's to lend.
    table.decisions.clear();
    table.delegations.remove(0);
    table.lend("kim@partner.example", "viewer@partner.example");
    table.lend("viewer@partner.example", "eve@partner.example");
    assert!(table.case().may_decide("eve@partner.example").is_err());
}

#[test]
fn a_line_of_a_run_is_decided_by_those_who_may_decide_on_the_plan() {
    let mut table = Table::of(need(1));
    table.approve("kim@partner.example");
    assert!(table.case().may_decide("lou@partner.example").is_err());
    for one in ["kim@partner.example", "lou@partner.example"] {
        let voice = table.case().may_decide_line(one).unwrap();
        assert_eq!(voice.of, one);
    }
    let refused = [
        "hr@contoso.example",
        "ada@contoso.example",
        "viewer@partner.example",
    ];
    for one in refused {
        assert!(table.case().may_decide_line(one).is_err(), "{one}");
    }
}
