//! A joiner's mailbox: it comes late, and then takes everything that a joiner needs.

use serde_json::{Value, json};
use sim::world::User;
use sim::{Faults, Sandbox, Temper, World, worlds};
use transport::{HeaderMap, HeaderValue, Method, Request, Transport};

use crate::client::{BASE, Client, contoso, fabrikam, start, token, wait, world};

const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const E5: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";
const BUSINESS_PREMIUM: &str = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46";
pub(crate) const JOINER: &str = "a0000000-0000-4000-8000-00000000a0a0";

/// A caller of one tenant's Exchange.
pub(crate) struct Exchange {
    sandbox: Sandbox,
    tenant: String,
    token: String,
}

impl Exchange {
    pub(crate) async fn on(sandbox: &Sandbox, tenant: &str) -> Self {
        let scope = "https://outlook.office365.com/.default";
        let got = token(
            sandbox,
            tenant,
            worlds::CLIENT_ID,
            worlds::CLIENT_SECRET,
            scope,
        )
        .await;
        Self {
            sandbox: sandbox.clone(),
            tenant: tenant.to_owned(),
            token: got.body["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Runs one cmdlet and gives status and body.
    pub(crate) async fn run(&self, cmdlet: &str, parameters: Value) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", self.token);
        headers.insert("authorization", HeaderValue::try_from(bearer).unwrap());
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}});
        let request = Request {
            method: Method::POST,
            url: format!(
                "{BASE}/exchange/adminapi/beta/{}/InvokeCommand",
                self.tenant
            ),
            headers,
            body: body.to_string().into_bytes().into(),
        };
        let reply = self.sandbox.send(request).await.unwrap();
        let body = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        (reply.status.as_u16(), body)
    }

    /// The first row of a cmdlet that must succeed.
    pub(crate) async fn row(&self, cmdlet: &str, parameters: Value) -> Value {
        let (status, body) = self.run(cmdlet, parameters).await;
        assert_eq!(status, 200, "{cmdlet}: {body}");
        body["value"][0].clone()
    }

    /// What a cmdlet that must fail says.
    pub(crate) async fn refusal(&self, cmdlet: &str, parameters: Value) -> String {
        let (status, body) = self.run(cmdlet, parameters).await;
        assert!(status >= 400, "{cmdlet}: {body}");
        let detail = body["error"]["details"][0]["message"].as_str();
        let inner = &body["error"]["innererror"]["internalexception"]["message"];
        detail.or(inner.as_str()).unwrap_or_default().to_owned()
    }
}

/// An account as a directory holds it before any licence.
fn joiner(upn: &str) -> User {
    User {
        account_enabled: true,
        user_principal_name: upn.to_owned(),
        display_name: "Noor Vance".to_owned(),
        mail_nickname: Some("noor.vance".to_owned()),
        usage_location: Some("SE".to_owned()),
        user_type: "Member".to_owned(),
        created_date_time: start(),
        ..User::default()
    }
}

fn world_with_joiner() -> World {
    world(worlds::CONTOSO, |tenant| {
        let user = joiner("noor.vance@contoso.example");
        tenant.users.insert(JOINER.to_owned(), user);
    })
}

fn assign(sku: &str) -> Value {
    json!({"addLicenses": [{"skuId": sku, "disabledPlans": []}], "removeLicenses": []})
}

/// Unkind in everything but the noise, which would hide what is looked at.
fn late() -> Faults {
    Faults {
        temper: Temper {
            stray_429: 0.0,
            ..Temper::default()
        },
        ..Faults::default()
    }
}

pub(crate) async fn licensed(faults: Faults) -> (Client, Exchange) {
    let client = Client::of(world_with_joiner(), faults, worlds::CONTOSO).await;
    let exchange = Exchange::on(&client.sandbox, worlds::CONTOSO).await;
    let got = client
        .post(&format!("/users/{JOINER}/assignLicense"), assign(E3))
        .await;
    assert_eq!(got.status, 200, "{}", got.body);
    (client, exchange)
}

#[tokio::test(start_paused = true)]
async fn a_licence_gives_a_mailbox_only_later() {
    let (client, exchange) = licensed(late()).await;
    let found = |identity: &str| json!({"Identity": identity});
    wait(9).await;
    let text = exchange.refusal("Get-Mailbox", found(JOINER)).await;
    assert!(text.contains("ManagementObjectNotFoundException"), "{text}");
    let got = client
        .get(&format!("/users/{JOINER}/mailboxSettings"))
        .await;
    assert_eq!(
        (got.status, got.code()),
        (404, "MailboxNotEnabledForRESTAPI")
    );
    let path = format!("/users/{JOINER}?$select=mail,proxyAddresses");
    let mail = || client.get(&path);
    assert_eq!(mail().await.body["mail"], Value::Null);
    wait(25).await;
    let row = exchange.row("Get-Mailbox", found(JOINER)).await;
    assert_eq!(row["RecipientTypeDetails"], "UserMailbox");
    assert_eq!(row["PrimarySmtpAddress"], "noor.vance@contoso.example");
    assert_eq!(row["Alias"], "noor.vance");
    let body = mail().await.body;
    assert_eq!(body["mail"], "noor.vance@contoso.example");
    assert_eq!(
        body["proxyAddresses"],
        json!([
            "SMTP:noor.vance@contoso.example",
            "smtp:noor.vance@contoso.onmicrosoft.example"
        ])
    );
    let got = client
        .get(&format!("/users/{JOINER}/mailboxSettings"))
        .await;
    assert_eq!(got.status, 200);
    // The vendor did it, some time after the licence and not at once.
    let log = client.sandbox.log();
    let made = log
        .iter()
        .find(|change| change.object == format!("mailboxes/{JOINER}"))
        .unwrap();
    let waited = made.time.duration_since(start()).as_secs();
    assert!((10..=26).contains(&waited), "{waited} s");
}

#[tokio::test(start_paused = true)]
async fn a_licence_group_gives_a_mailbox_too() {
    let world = world(worlds::FABRIKAM, |tenant| {
        let user = joiner("noor.vance@fabrikam.example");
        tenant.users.insert(JOINER.to_owned(), user);
    });
    let client = Client::of(world, late(), worlds::FABRIKAM).await;
    let group = fabrikam("group Licence Microsoft 365 E3");
    let got = client
        .post(
            &format!("/groups/{group}/members/$ref"),
            crate::client::link(JOINER),
        )
        .await;
    assert_eq!(got.status, 204);
    wait(3).await;
    assert!(!client.truth().mailboxes.contains_key(JOINER));
    wait(45).await;
    let mailbox = &client.truth().mailboxes[JOINER];
    assert_eq!(mailbox.primary_smtp_address, "noor.vance@fabrikam.example");
}

#[tokio::test(start_paused = true)]
async fn names_that_are_taken_give_way() {
    let world = world(worlds::CONTOSO, |tenant| {
        let user = User {
            // The alias of a list, and an address that somebody has beside their own.
            mail_nickname: Some("allstaff".to_owned()),
            ..joiner("noor.vance@contoso.example")
        };
        tenant.users.insert(JOINER.to_owned(), user);
        let henrik = tenant
            .mailboxes
            .get_mut(&contoso("user henrik.dahl"))
            .unwrap();
        henrik
            .email_addresses
            .push("smtp:noor.vance@contoso.example".to_owned());
    });
    let client = Client::of(world, Faults::calm(), worlds::CONTOSO).await;
    let path = format!("/users/{JOINER}/assignLicense");
    assert_eq!(client.post(&path, assign(E3)).await.status, 200);
    let mailbox = &client.truth().mailboxes[JOINER];
    assert!(
        mailbox.alias.starts_with("allstaff") && mailbox.alias != "allstaff",
        "{}",
        mailbox.alias
    );
    let routing = format!("{}@contoso.onmicrosoft.example", mailbox.alias);
    assert_eq!(mailbox.primary_smtp_address, routing);
}

#[tokio::test(start_paused = true)]
async fn a_lost_mailbox_comes_back_within_thirty_days_only() {
    let (client, _) = licensed(Faults::calm()).await;
    let path = format!("/users/{JOINER}/assignLicense");
    let take = json!({"addLicenses": [], "removeLicenses": [E3]});
    let first = client.truth().mailboxes[JOINER].exchange_guid.clone();
    let lose = async || {
        assert_eq!(client.post(&path, take.clone()).await.status, 200);
        assert!(client.truth().mailboxes[JOINER].lost_at.is_some());
    };
    lose().await;
    wait(29 * 86_400).await;
    let fresh = Client::on(client.sandbox.clone(), worlds::CONTOSO).await;
    assert_eq!(fresh.post(&path, assign(E3)).await.status, 200);
    let mailbox = client.truth().mailboxes[JOINER].clone();
    assert_eq!(
        (mailbox.lost_at, mailbox.exchange_guid),
        (None, first.clone())
    );
    assert_eq!(fresh.post(&path, take.clone()).await.status, 200);
    assert!(client.truth().mailboxes[JOINER].lost_at.is_some());
    wait(31 * 86_400).await;
    let fresh = Client::on(client.sandbox.clone(), worlds::CONTOSO).await;
    assert_eq!(fresh.post(&path, assign(E3)).await.status, 200);
    let mailbox = client.truth().mailboxes[JOINER].clone();
    assert!(mailbox.lost_at.is_none() && mailbox.exchange_guid != first);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_mailbox_takes_rights_lists_and_protocols() {
    let (client, exchange) = licensed(Faults::calm()).await;
    let grant = json!({"Identity": "sales@contoso.example", "User": JOINER, "AccessRights": ["FullAccess"],
        "InheritanceType": "All", "AutoMapping": false});
    let member = json!({"Identity": "allstaff@contoso.example", "Member": JOINER, "BypassSecurityGroupManagerCheck": true});
    for (cmdlet, parameters) in [
        ("Add-MailboxPermission", grant.clone()),
        (
            "Add-RecipientPermission",
            json!({"Identity": "sales@contoso.example", "Trustee": JOINER, "AccessRights": ["SendAs"], "Confirm": false}),
        ),
        (
            "Set-Mailbox",
            json!({"Identity": "orders@contoso.example", "GrantSendOnBehalfTo": {
                "@odata.type": "#Exchange.GenericHashTable", "add": [JOINER]}}),
        ),
        ("Add-DistributionGroupMember", member.clone()),
        (
            "Set-CASMailbox",
            json!({"Identity": JOINER, "ImapEnabled": false, "PopEnabled": false}),
        ),
    ] {
        let (status, body) = exchange.run(cmdlet, parameters).await;
        assert_eq!(status, 200, "{cmdlet}: {body}");
    }
    let truth = client.truth();
    let sales = &truth.mailboxes[&contoso("user sales")];
    let ace = sales
        .permissions
        .iter()
        .find(|ace| ace.user == JOINER)
        .unwrap();
    assert!(!ace.auto_mapping && sales.send_as.contains(&JOINER.to_owned()));
    assert!(
        truth.mailboxes[&contoso("user orders")]
            .send_on_behalf
            .contains(&JOINER.to_owned())
    );
    assert!(
        truth.groups[&contoso("group All Staff")]
            .members
            .contains(JOINER)
    );
    assert!(!truth.mailboxes[JOINER].cas.imap && truth.mailboxes[JOINER].cas.owa);
    // A repetition does not turn the mapping on.
    let again = json!({"Identity": "sales@contoso.example", "User": JOINER, "AccessRights": ["FullAccess"], "AutoMapping": true});
    let (_, body) = exchange.run("Add-MailboxPermission", again).await;
    assert!(
        body["@adminapi.warnings"][0]
            .as_str()
            .unwrap()
            .contains("already present")
    );
    let sales = &client.truth().mailboxes[&contoso("user sales")];
    assert!(
        !sales
            .permissions
            .iter()
            .any(|ace| ace.user == JOINER && ace.auto_mapping)
    );
    let text = exchange
        .refusal("Add-DistributionGroupMember", member)
        .await;
    assert!(text.contains("MemberAlreadyExistsException"), "{text}");
    let (_, body) = exchange.run("Get-AcceptedDomain", json!({})).await;
    assert_eq!(body["value"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_demo_world_has_scarce_and_clashing_licences() {
    let client = Client::of(world_with_joiner(), Faults::calm(), worlds::CONTOSO).await;
    let path = format!("/users/{JOINER}/assignLicense");
    let got = client.post(&path, assign(E5)).await;
    assert!(
        got.message()
            .contains("does not have any available licenses")
    );
    assert_eq!(client.post(&path, assign(E3)).await.status, 200);
    let got = client.post(&path, assign(BUSINESS_PREMIUM)).await;
    assert!(
        got.message().contains("are mutually exclusive"),
        "{}",
        got.message()
    );
    // The same clash through a group is nobody's reply: it stands at the person.
    let truth = client.truth();
    let binned: Vec<&str> = truth
        .deleted_users
        .values()
        .map(|deleted| deleted.user.user_principal_name.as_str())
        .collect();
    assert_eq!(binned, ["mia.holt@contoso.example"]);
    let fabrikam_client = Client::on(client.sandbox.clone(), worlds::FABRIKAM).await;
    let group = fabrikam("group Licence Business Premium");
    let yusuf = fabrikam("user yusuf.demir");
    let got = fabrikam_client
        .post(
            &format!("/groups/{group}/members/$ref"),
            crate::client::link(&yusuf),
        )
        .await;
    assert_eq!(got.status, 204);
    let user = &fabrikam_client.truth().users[&yusuf];
    let clash = user
        .licences
        .iter()
        .find(|licence| licence.sku_id == BUSINESS_PREMIUM)
        .unwrap();
    assert_eq!(
        (clash.state.as_str(), clash.error.as_str()),
        ("Error", "MutuallyExclusiveViolation")
    );
}
