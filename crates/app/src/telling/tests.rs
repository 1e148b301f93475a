//! Who is told what, and that nobody is told twice.

use connectors::smtp::{Mail, Person};
use domain::access::{Grant, Role};
use domain::plan::{Plan, StoredPlan};
use domain::{OperatorId, PlanId};
use store::{Credential, Delivery, NewOperator, NewTenant};

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

    async fn plan(&self, plan: Plan, confidential: &[&str]) {
        let scope = TenantScope::of(&plan.tenant);
        let request = made::request(&plan, confidential);
        let id = PlanId::new(clock::short_id('p'));
        let stored = StoredPlan::seal(id, plan, clock::now(), clock::now());
        let store = &self.wiring.store;
        let kept = store.add_request_with_plan(&scope, &request, &stored, clock::now());
        kept.await.unwrap();
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
