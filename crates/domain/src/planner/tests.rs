//! Actions, the limit on leavers, and what a policy may approve beforehand.

use super::*;
use crate::facts::{RoleHeld, RoleHeldBy};
use crate::policy::tests::policy;
use crate::request::{Origin, PersonHint};
use crate::rules::tests::{facts, spec};
use crate::{RequestId, TenantId};

fn request(channel: &str, only: Option<&[&str]>) -> Request {
    Request {
        id: RequestId::from("request"),
        tenant: TenantId::from("contoso"),
        kind: Kind::Offboard,
        person: PersonHint::default(),
        when: None,
        fields: BTreeMap::new(),
        switches: BTreeMap::new(),
        origin: Origin {
            channel: channel.to_owned(),
            requester: "HR <hr@contoso.example>".to_owned(),
            reference: None,
            received_at: Timestamp::UNIX_EPOCH,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: only.map(|only| only.iter().map(|&name| name.to_owned()).collect()),
    }
}

/// Closing access, and one thing more.
fn proposal() -> Proposal {
    let specs = vec![
        spec("block-sign-in", vec![Effect::ClosesSignIn]),
        spec("reset-password", vec![Effect::ResetsPassword]),
        spec("revoke-sessions", vec![Effect::EndsSessions]),
        spec("revoke-sessions:again", vec![Effect::EndsSessionsAgain]),
        spec("set-auto-reply", vec![Effect::SetsAutoReply]),
    ];
    let mut proposal = Proposal {
        specs,
        ..Proposal::default()
    };
    for spec in &mut proposal.specs {
        let name = spec.key.as_str().split(':').next().unwrap_or_default();
        spec.step = name.to_owned();
    }
    proposal
}

const CONTAIN: &[&str] = &["block-sign-in", "reset-password", "revoke-sessions"];
const LIMIT: &str = "[limits]\nleavers = { count = 3, within-hours = 24 }";
const ALLOWED: &str = "[approvals]\npeople = 2\npre-approved-containment = [\"operators\", \"hr\"]\nreviewers = [\"ciso@contoso.example\"]";

struct Table {
    policy: String,
    request: Request,
    facts: Facts,
    leavers: u32,
    operators: Vec<String>,
    contain_now: bool,
    at: Option<Timestamp>,
}

impl Table {
    fn of(policy: &str, request: Request) -> Self {
        let mut facts = facts();
        facts.tenant.global_administrators = Vec::new();
        Self {
            policy: policy.to_owned(),
            request,
            facts,
            leavers: 0,
            operators: Vec::new(),
            contain_now: false,
            at: None,
        }
    }

    fn contain(channel: &str) -> Self {
        Self {
            contain_now: true,
            ..Self::of(ALLOWED, request(channel, Some(CONTAIN)))
        }
    }

    fn plan(&self) -> Result<Plan, Vec<Refusal>> {
        let ask = Ask {
            request: &self.request,
            directory: "directory",
            policy: &policy(&self.policy),
            policy_digest: "0123456789abcdef",
            facts: &self.facts,
            at: self.at,
            around: Around {
                leavers: self.leavers,
                operators: &self.operators,
                contain_now: self.contain_now,
            },
        };
        plan(&ask, proposal())
    }

    fn refused(&self) -> String {
        let refusals = self.plan().unwrap_err();
        assert!(
            refusals.iter().all(|one| one.code == "not-pre-approved"),
            "{refusals:#?}"
        );
        refusals.into_iter().map(|one| one.text).collect()
    }
}

#[test]
fn an_action_holds_its_steps_and_nothing_else_and_says_so() {
    let plan = Table::of("", request("cli", Some(&["set-auto-reply"])))
        .plan()
        .unwrap();
    let keys: Vec<&str> = plan.steps.iter().map(|spec| spec.key.as_str()).collect();
    assert_eq!(keys, ["set-auto-reply"]);
    assert_eq!(plan.only, Some(vec!["set-auto-reply".to_owned()]));
    let says = |words: &str| plan.remarks.iter().any(|one| one.text.contains(words));
    assert!(says("This is an action of 1 step: set-auto-reply."));
    assert!(
        !says("can still sign in after this plan"),
        "{:#?}",
        plan.remarks
    );
    // Order rules hold for it as for any other plan.
    let contain = Table::of("", request("cli", Some(CONTAIN))).plan().unwrap();
    assert!(
        contain
            .remarks
            .iter()
            .any(|one| one.text.contains("an action of 3 steps"))
    );
    assert_eq!(contain.steps[0].key.as_str(), "block-sign-in");
    assert_eq!(contain.steps[1].edges.len(), 1);
    let open = Table::of("", request("cli", None));
    assert_eq!(open.plan().unwrap().only, None);
    let nothing = Table::of("", request("cli", Some(&["convert-mailbox"]))).plan();
    assert_eq!(nothing.unwrap_err()[0].code, "nothing-to-do");
}

#[test]
fn an_action_that_breaks_a_rule_is_refused() {
    let mut table = Table::of("", request("cli", Some(&["revoke-sessions"])));
    table.facts.person.sign_in_allowed = true;
    let mut open = proposal();
    open.specs
        .push(spec("remove-auth-methods", vec![Effect::RemovesMethod]));
    table.request.only = Some(vec!["remove-auth-methods".to_owned()]);
    let policy = policy("");
    let ask = Ask {
        request: &table.request,
        directory: "directory",
        policy: &policy,
        policy_digest: "policy",
        facts: &table.facts,
        at: None,
        around: Around::default(),
    };
    let refusals = plan(&ask, open).unwrap_err();
    assert_eq!(refusals[0].code, "rule-18", "{refusals:#?}");
}

#[test]
fn one_leaver_too_many_needs_a_second_approver_and_an_action_does_not() {
    let mut table = Table::of(LIMIT, request("cli", None));
    table.leavers = 2;
    let third = table.plan().unwrap().approval;
    assert_eq!((third.people, third.because), (1, None));
    table.leavers = 3;
    let fourth = table.plan().unwrap().approval;
    assert_eq!(fourth.people, 2);
    assert!(fourth.because.unwrap().contains("leaver 4 within 24 hours"));
    table.request.only = Some(vec!["set-auto-reply".to_owned()]);
    assert_eq!(table.plan().unwrap().approval.people, 1);
    // Without a limit nothing changes.
    let mut many = Table::of("", request("cli", None));
    many.leavers = 1_000;
    assert_eq!(many.plan().unwrap().approval.people, 1);
}

#[test]
fn an_operator_of_ours_needs_a_second_approver() {
    let mut table = Table::of("", request("cli", None));
    table.operators = vec!["P@contoso.example".to_owned()];
    let need = table.plan().unwrap().approval;
    assert_eq!(need.people, 2);
    assert_eq!(
        need.because.as_deref(),
        Some("the person is an operator of Tenure")
    );
}

#[test]
fn containment_is_approved_beforehand_for_whom_the_policy_says_and_is_reviewed() {
    for channel in ["cli", "form", "hr"] {
        let plan = Table::contain(channel).plan().unwrap();
        let keys: Vec<&str> = plan.steps.iter().map(|spec| spec.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "block-sign-in",
                "reset-password",
                "revoke-sessions",
                "revoke-sessions:again"
            ]
        );
        // The policy's word counts for as many people as it would else ask.
        assert_eq!(plan.approval.people, 1);
        let review = plan.review.unwrap();
        assert!(
            review
                .text
                .contains("closed under the policy's pre-approval")
        );
        assert_eq!(review.reviewers, ["ciso@contoso.example"]);
    }
    assert_eq!(
        protect::by_policy("0123456789abcdef", "HR <hr@contoso.example>"),
        "policy:0123456789ab for hr@contoso.example"
    );
    let plan = Table::of(ALLOWED, request("hr", Some(CONTAIN)))
        .plan()
        .unwrap();
    assert_eq!(
        (plan.approval.people, plan.review),
        (2, None),
        "nobody asked for it to be at once"
    );
}

#[test]
fn containment_waits_for_approvers_wherever_text_or_anybody_protected_is_concerned() {
    assert!(Table::contain("api").refused().contains("“api”"));
    for text in ["ticket", "mail", "run", ""] {
        assert!(
            Table::contain(text)
                .refused()
                .contains("text proves nothing"),
            "{text}"
        );
    }
    let mut vip = Table::contain("hr");
    vip.policy = format!("{ALLOWED}\n[protected]\nvip = [\"p@contoso.example\"]");
    assert!(vip.refused().contains("VIP list"));
    let mut holder = Table::contain("hr");
    holder.facts.roles = vec![RoleHeld {
        privileged: true,
        id: "held".into(),
        role: "role".into(),
        name: "Privileged Role Administrator".to_owned(),
        scope: "/".to_owned(),
        by: RoleHeldBy::Assignment,
    }];
    assert!(holder.refused().contains("the person holds"));
    let mut own = Table::contain("hr");
    own.operators = vec!["p@contoso.example".to_owned()];
    assert!(own.refused().contains("operator of Tenure"));
    let mut many = Table::contain("hr");
    many.policy = format!("{ALLOWED}\n{LIMIT}");
    many.leavers = 3;
    assert!(many.refused().contains("leaver 4"));
    let mut later = Table::contain("hr");
    later.at = Some(Timestamp::UNIX_EPOCH);
    assert!(later.refused().contains("for later"));
    let mut more = Table::contain("hr");
    more.request
        .only
        .as_mut()
        .unwrap()
        .push("set-auto-reply".to_owned());
    assert!(more.refused().contains("set-auto-reply does more"));
    let mut all = Table::contain("hr");
    all.request.only = None;
    assert!(all.refused().contains("does more than close access"));
}
