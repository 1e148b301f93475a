//! Who is told what, and that nobody is told twice.

use connectors::smtp::{Mail, Person};
use domain::access::{Grant, Role};
use domain::plan::{Plan, StoredPlan};
use domain::{OperatorId, PlanId};
use engine::journal::Journal as _;
use store::{Channel, Credential, Delivery, NewOperator, NewTenant};

use super::*;
use crate::config::Config;
use crate::web::plan::tests as made;

const NOTIFY: &str = r#"
[server]
url = "https://tenure.provider.example"
[notify]
smtp = { host = "localhost", tls = "none", from = "tenure@provider.example" }
teams = [{ workflow-url-file = "url" }, { tenant = "fabrikam", workflow-url-file = "url" }]
"#;

/// A store with one tenant and these approvers.
struct Place {
    wiring: Wiring,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn of(configured: &str, approvers: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config: Config = toml::from_str(configured).unwrap();
        config.store.url = format!("sqlite:{}", folder.path().join("tenure.db").display());
        let wiring = Wiring::open(&config).await.unwrap();
        let new = NewTenant {
            name: TenantId::from("contoso"),
            directory: "11111111-1111-4111-8111-111111111111".to_owned(),
            cloud: "global".to_owned(),
            client: "33333333-3333-4333-8333-333333333333".to_owned(),
            credential: Credential::Secret(Secret::new("not a real one")),
            at: clock::now(),
        };
        let scope = TenantScope::provider();
        wiring.store.add_tenant(&scope, &new).await.unwrap();
        for address in approvers {
            operator(&wiring, address).await;
        }
        Self {
            wiring,
            _folder: folder,
        }
    }

    async fn plan(&self, plan: Plan, confidential: &[&str]) -> StoredPlan {
        self.plan_made(plan, confidential, clock::now()).await
    }

    async fn plan_made(&self, plan: Plan, confidential: &[&str], at: Timestamp) -> StoredPlan {
        let scope = TenantScope::of(&plan.tenant);
        let request = made::request(&plan, confidential);
        let id = PlanId::new(clock::short_id('p'));
        let stored = StoredPlan::seal(id, plan, at, at);
        let store = &self.wiring.store;
        let kept = store.add_request_with_plan(&scope, &request, &stored, clock::now());
        kept.await.unwrap();
        stored
    }

    /// Two looks of one process at this moment.
    async fn look_at(&self, now: Timestamp) {
        let mut telling = Telling::of(&self.wiring).unwrap();
        telling.turn(now).await.unwrap();
        telling.turn(now).await.unwrap();
    }

    /// Address and subject of each mail, in their order; nothing else is left to send afterwards.
    async fn letters(&self) -> Vec<(String, Letter)> {
        let store = &self.wiring.store;
        let later = clock::now() + jiff::SignedDuration::from_hours(10_000);
        let claimed = store.claim_deliveries(Channel::Mail, later, 60_000, 100);
        let mut letters = Vec::new();
        for mail in claimed.await.unwrap() {
            let body = mail.body.unwrap();
            let letter = serde_json::from_slice(body.expose()).unwrap();
            letters.push((mail.target, letter));
            let told = store.delivered(&mail.id, mail.attempt, None, later);
            told.await.unwrap();
        }
        letters.sort_by(|one, other| one.0.cmp(&other.0));
        letters
    }

    async fn subjects(&self) -> Vec<(String, String)> {
        let letters = self.letters().await.into_iter();
        let start = |subject: String| subject.split([':', '(']).next().unwrap().to_owned();
        letters
            .map(|(to, letter)| (to, start(letter.subject)))
            .collect()
    }

    /// Two looks of one process.
    async fn look(&self) {
        if let Some(mut telling) = Telling::of(&self.wiring) {
            telling.turn(clock::now()).await.unwrap();
            telling.turn(clock::now()).await.unwrap();
        }
    }

    async fn told(&self) -> Vec<Delivery> {
        let all = TenantScope::provider();
        let store = &self.wiring.store;
        store.deliveries(&all, None, None).await.unwrap()
    }

    async fn mailed(&self) -> Vec<String> {
        let told = self.told().await.into_iter();
        let mails = told.filter(|one| one.channel == Channel::Mail);
        let mut mailed: Vec<String> = mails.map(|one| one.target).collect();
        mailed.sort();
        mailed
    }
}

async fn operator(wiring: &Wiring, address: &str) {
    let id = OperatorId::new(clock::short_id('o'));
    let new = NewOperator {
        id: id.clone(),
        name: address.to_owned(),
        email: address.to_owned(),
        zone: None,
        at: clock::now(),
    };
    let grant = Grant {
        tenant: None,
        role: Role::Approver,
    };
    let store = &wiring.store;
    store.add_operator(&new).await.unwrap();
    store
        .set_grants(&id, &[grant], "test", clock::now())
        .await
        .unwrap();
}

const ALL: [&str; 4] = [
    "ada@provider.example",
    "bo@provider.example",
    "cy@provider.example",
    "nora.lindqvist@contoso.example",
];

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_decide_is_asked_once_also_after_a_restart() {
    let place = Place::of(NOTIFY, &ALL).await;
    place.plan(made::plan("ada@provider.example"), &[]).await;
    place.look().await;
    // Neither whoever asked nor whom it is about; and the channel of the other tenant shows nothing.
    let two = ["bo@provider.example", "cy@provider.example"];
    assert_eq!(place.mailed().await, two);
    assert_eq!(place.told().await.len(), 3);
    place.look().await;
    assert_eq!(place.told().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_plan_is_told_to_the_named_alone_and_to_no_channel() {
    let place = Place::of(NOTIFY, &ALL).await;
    let named = ["cy@provider.example", "ada@provider.example"];
    let plan = made::plan("ada@provider.example");
    place.plan(plan, &named).await;
    place.look().await;
    assert_eq!(place.mailed().await, ["cy@provider.example"]);
    assert_eq!(place.told().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_way_or_an_address_nobody_is_told_anything() {
    let no_url = NOTIFY.replace("url = \"https://tenure.provider.example\"", "");
    for configured in ["", no_url.as_str()] {
        let place = Place::of(configured, &ALL).await;
        place.plan(made::plan("ada@provider.example"), &[]).await;
        place.look().await;
        assert!(place.told().await.is_empty(), "{configured}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_becomes_no_header_and_no_line_of_the_mail() {
    let place = Place::of(NOTIFY, &ALL).await;
    let mut plan = made::plan("ada@provider.example");
    plan.person.name = "Nora\r\nBcc: all@contoso.example\r\n\r\n<b>Approved</b>".to_owned();
    plan.approval.expires_after_hours = Some(24);
    place.plan(plan, &[]).await;
    place.look().await;
    let store = &place.wiring.store;
    let claimed = store.claim_deliveries(Channel::Mail, clock::now(), 60_000, 1);
    let claimed = claimed.await.unwrap().remove(0);
    let body = claimed.body.unwrap();
    let letter: Letter = serde_json::from_slice(body.expose()).unwrap();
    assert!(
        letter.subject.starts_with("Approve by "),
        "{}",
        letter.subject
    );
    assert!(
        letter
            .subject
            .contains(": offboard Nora Bcc: all@contoso.example")
    );
    let starts = |start: &str| letter.text.lines().any(|line| line.starts_with(start));
    assert!(!starts("Bcc:") && !starts("<b>"), "{}", letter.text);
    assert!(!letter.html.contains("<b>Approved"), "{}", letter.html);
    // What the ticket said stands in the HTML as text.
    assert!(!letter.html.contains("<b>more"), "{}", letter.html);
    let page = "https://tenure.provider.example/t/contoso/plans/p-";
    assert!(letter.text.contains(page) && letter.html.contains(page));
    let person = |address: &str| Person {
        name: String::new(),
        address: address.to_owned(),
    };
    let mail = Mail {
        to: person(&claimed.target),
        subject: letter.subject,
        text: letter.text,
        html: Some(letter.html),
        message_id: format!("{}@provider.example", claimed.id),
        headers: Vec::new(),
        at: claimed.created_at,
    };
    let rendered = mail.render(&person("tenure@provider.example")).unwrap();
    let bytes = String::from_utf8_lossy(rendered.bytes()).into_owned();
    let (headers, _) = bytes.split_once("\r\n\r\n").unwrap();
    assert!(
        !headers.lines().any(|line| line.starts_with("Bcc")),
        "{headers}"
    );
}

fn kept(address: &str, role: Option<Role>, disabled: bool) -> Operator {
    let tenant = None;
    Operator {
        id: OperatorId::new(address),
        name: address.to_owned(),
        email: address.to_owned(),
        zone: None,
        disabled,
        local: false,
        created_at: Timestamp::UNIX_EPOCH,
        grants: role
            .map(|role| Grant { tenant, role })
            .into_iter()
            .collect(),
    }
}

#[test]
fn the_end_is_told_to_whoever_asked_and_approved_and_to_nobody_else() {
    let operators = [
        kept("ada@provider.example", Some(Role::Approver), false),
        kept("gone@provider.example", Some(Role::Approver), true),
        kept("moved@provider.example", None, false),
    ];
    let check = |requester: &str, approvers: &[&str], confidential: &[&str], expect: &[&str]| {
        let plan = made::plan(requester);
        let request = made::request(&plan, confidential);
        let approvers: Vec<String> = approvers.iter().map(|&one| one.to_owned()).collect();
        let told = whom::to_tell(&plan, &request, &approvers, &operators);
        let told: Vec<&str> = told.iter().map(|one| one.address.as_str()).collect();
        assert_eq!(told, expect);
    };
    let hr = "HR <hr@contoso.example>";
    let (hr_told, ada) = ("hr@contoso.example", "ada@provider.example");
    check(hr, &[ada, "Ada@Provider.example"], &[], &[hr_told, ada]);
    // Whoever left the provider, or holds nothing in the tenant any more.
    check(
        hr,
        &["gone@provider.example", "moved@provider.example"],
        &[],
        &[hr_told],
    );
    // The person concerned, a policy, and what is no address.
    check(
        "nora.lindqvist@contoso.example",
        &["policy:contain", "import"],
        &[],
        &[],
    );
    check(
        "hr@contoso.example\r\nBcc: x@contoso.example",
        &[],
        &[],
        &[],
    );
    check(hr, &[ada], &[ada], &[ada]);
}

/// So many hours after another moment.
fn after(at: Timestamp, hours: i64) -> Timestamp {
    at + jiff::SignedDuration::from_hours(hours)
}

/// A plan that expires after 40 hours.
fn expiring() -> Plan {
    let mut plan = made::plan("hr@contoso.example");
    plan.approval.expires_after_hours = Some(40);
    plan
}

fn to(letters: &[(String, String)]) -> Vec<&str> {
    letters.iter().map(|(to, _)| to.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_asked_is_reminded_once_in_the_last_quarter() {
    let place = Place::of(NOTIFY, &ALL[..2]).await;
    let began = clock::now();
    let plan = place.plan_made(expiring(), &[], began).await;
    place.look_at(began).await;
    assert_eq!(to(&place.subjects().await), ALL[..2]);
    place.look_at(after(began, 29)).await;
    assert!(place.subjects().await.is_empty(), "too early");
    // Ada has decided meanwhile.
    let approval = domain::plan::Approval {
        plan: plan.id.clone(),
        digest: plan.digest.clone(),
        by: "ada@provider.example".to_owned(),
        at: began,
        through: None,
        apart: Vec::new(),
    };
    let scope = TenantScope::provider();
    let two = {
        let mut plan = expiring();
        plan.approval.people = 2;
        place.plan_made(plan, &[], began).await
    };
    place.wiring.store.approve(&scope, &approval).await.unwrap();
    let second = domain::plan::Approval {
        plan: two.id.clone(),
        digest: two.digest.clone(),
        ..approval
    };
    place.wiring.store.approve(&scope, &second).await.unwrap();
    place.look_at(after(began, 1)).await;
    assert_eq!(to(&place.subjects().await), ["bo@provider.example"]);
    for hours in [30, 31, 39] {
        place.look_at(after(began, hours)).await;
    }
    let told = place.subjects().await;
    assert_eq!(
        to(&told),
        ["bo@provider.example"],
        "of the plan that needs two"
    );
    assert!(
        told[0].1.starts_with("Still waits, approve by "),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_late_is_not_reminded_at_once() {
    let place = Place::of(NOTIFY, &ALL[..1]).await;
    let began = clock::now();
    place.plan_made(expiring(), &[], began).await;
    // Mail was configured when the last quarter had begun.
    place.look_at(after(began, 35)).await;
    let told = place.subjects().await;
    assert_eq!(told.len(), 1);
    assert!(told[0].1.starts_with("Approve by "), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_is_told_once_that_nobody_decided_in_time() {
    let place = Place::of(NOTIFY, &[]).await;
    let began = clock::now();
    place.plan_made(expiring(), &[], began).await;
    // One that expired days ago is no news, and whom it is about is told nothing.
    place.plan_made(expiring(), &[], after(began, -100)).await;
    let mut own = expiring();
    own.requester = "nora.lindqvist@contoso.example".to_owned();
    place.plan_made(own, &[], began).await;
    place.look_at(after(began, 39)).await;
    assert!(place.letters().await.is_empty());
    place.look_at(after(began, 41)).await;
    place.look_at(after(began, 42)).await;
    let told = place.letters().await;
    assert_eq!(told.len(), 1, "{told:?}");
    let (to, letter) = &told[0];
    assert_eq!(to, "hr@contoso.example");
    assert!(
        letter.subject.starts_with("Expired: offboard Nora"),
        "{}",
        letter.subject
    );
    assert!(
        letter.text.contains("nobody decided in time"),
        "{}",
        letter.text
    );
    assert!(
        letter
            .text
            .contains("https://tenure.provider.example/t/contoso/plans/p-"),
        "{}",
        letter.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn those_whom_the_policy_names_are_told_when_nobody_decided() {
    let place = Place::of(NOTIFY, &ALL[..3]).await;
    let began = clock::now();
    let mut plan = made::plan("hr@contoso.example");
    plan.approval.approvers = vec!["ada@provider.example".to_owned()];
    let named = [
        "bo@provider.example",
        "head@provider.example",
        "hr@contoso.example",
        "nora.lindqvist@contoso.example",
        "no address",
    ];
    plan.approval.escalation = Some(domain::plan::Escalation {
        after_hours: 8,
        to: named.map(str::to_owned).to_vec(),
    });
    let hidden_plan = Plan {
        request: domain::RequestId::new(clock::short_id('q')),
        ..plan.clone()
    };
    place.plan_made(plan, &[], began).await;
    // Of a confidential one the named alone learn.
    let hidden = ["ada@provider.example", "bo@provider.example"];
    place.plan_made(hidden_plan, &hidden, began).await;
    place.look_at(after(began, 1)).await;
    let asked = ["ada@provider.example", "ada@provider.example"];
    assert_eq!(to(&place.subjects().await), asked);
    place.look_at(after(began, 9)).await;
    place.look_at(after(began, 10)).await;
    let told = place.letters().await;
    let who: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
    let (bo, head) = ("bo@provider.example", "head@provider.example");
    assert_eq!(
        who,
        [bo, bo, head],
        "neither who asked nor whom it is about"
    );
    for (_, letter) in &told {
        assert!(
            letter.subject.starts_with("Nobody has decided, approve: "),
            "{}",
            letter.subject
        );
        let said = "Too few have decided within 8 hours, so the policy asks you as well.";
        assert!(
            letter.text.contains(said) && letter.html.contains(said),
            "{}",
            letter.text
        );
    }
}

/// A run about somebody that has come to a step that somebody else has to do.
async fn with_a_person(place: &Place, upn: &str, assignee: &str, confidential: &[&str]) {
    let mut plan = made::plan("hr@contoso.example");
    plan.upn = upn.to_owned();
    plan.person.id = domain::ObjectId::new(upn);
    plan.steps[0].by_hand = Some(domain::spec::ByHand {
        assignee: assignee.to_owned(),
        within_hours: 8,
        instructions: vec!["Disable the account <nora>.".to_owned()],
    });
    let stored = place.plan(plan, confidential).await;
    let (store, scope, now) = (&place.wiring.store, TenantScope::provider(), clock::now());
    let approval = domain::plan::Approval {
        plan: stored.id.clone(),
        digest: stored.digest.clone(),
        by: "ada@provider.example".to_owned(),
        at: now,
        through: None,
        apart: Vec::new(),
    };
    store.approve(&scope, &approval).await.unwrap();
    let new = store::NewRun {
        run: domain::RunId::new(clock::short_id('r')),
        plan: stored.id.clone(),
        at: now,
    };
    let mut state = store.begin_run(&scope, &new).await.unwrap();
    let due = after(now, 8);
    state.phase = engine::state::Phase::Running;
    state.steps[0].1.status = engine::state::Status::WithPerson {
        due_ms: due.as_millisecond(),
    };
    let epoch = store
        .lease("test", now.as_millisecond(), 60_000)
        .await
        .unwrap();
    let event = engine::state::Event::Due;
    let commit = engine::journal::Commit {
        run: &new.run,
        expected_seq: 0,
        epoch,
        event: &event,
        now_ms: now.as_millisecond(),
        settles: None,
        inbox: None,
        state: &state,
        commands: &[],
        withdrawn: &[],
        leaves: &[],
    };
    store.commit(commit).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_to_do_a_step_by_hand_is_told_once() {
    let place = Place::of(NOTIFY, &["ada@provider.example"]).await;
    with_a_person(&place, "a@contoso.example", "ad-team@contoso.example", &[]).await;
    // An operator, a name that is no way to reach anybody, somebody who may not know of it, and whom it is about.
    with_a_person(&place, "b@contoso.example", "ADA@provider.example", &[]).await;
    with_a_person(
        &place,
        "c@contoso.example",
        "whoever looks after Active Directory",
        &[],
    )
    .await;
    with_a_person(
        &place,
        "d@contoso.example",
        "ad-team@contoso.example",
        &["ada@provider.example"],
    )
    .await;
    with_a_person(
        &place,
        "nora.lindqvist@contoso.example",
        "nora.lindqvist@contoso.example",
        &[],
    )
    .await;
    place.look().await;
    place.look().await;
    let told = place.letters().await;
    let who: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(who, ["ad-team@contoso.example", "ada@provider.example"]);
    let letter = &told[0].1;
    assert!(
        letter.subject.starts_with("To be done by "),
        "{}",
        letter.subject
    );
    assert!(
        letter.text.contains("- Disable the account <nora>."),
        "{}",
        letter.text
    );
    assert!(!letter.html.contains("<nora>"), "{}", letter.html);
    assert!(
        letter.text.contains("/steps/block-sign-in"),
        "{}",
        letter.text
    );
}
