//! A joiner's mailbox: it comes late, and then takes everything that a joiner needs.

use serde_json::{Value, json};
use sim::world::User;
use sim::{Faults, Sandbox, Temper, World, worlds};
use transport::{HeaderMap, HeaderValue, Method, Request, Transport};

use crate::client::{BASE, Client, contoso, fabrikam, start, token, wait, world};

const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const E5: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";
const BUSINESS_PREMIUM: &str = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46";
const JOINER: &str = "a0000000-0000-4000-8000-00000000a0a0";

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

async fn licensed(faults: Faults) -> (Client, Exchange) {
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
async fn language_formats_and_time_zone() {
    let (_, exchange) = licensed(Faults::calm()).await;
    let get = || {
        exchange.row(
            "Get-MailboxRegionalConfiguration",
            json!({"Identity": JOINER}),
        )
    };
    let set = async |mut parameters: Value| {
        parameters["Identity"] = json!(JOINER);
        exchange
            .run("Set-MailboxRegionalConfiguration", parameters)
            .await
    };
    let refused = async |mut parameters: Value| {
        parameters["Identity"] = json!(JOINER);
        exchange
            .refusal("Set-MailboxRegionalConfiguration", parameters)
            .await
    };
    let fresh = get().await;
    assert_eq!(
        (&fresh["Language"], &fresh["TimeZone"]),
        (&Value::Null, &Value::Null)
    );
    let (status, _) =
        set(json!({"Language": "en-US", "TimeZone": "W. Europe Standard Time"})).await;
    assert_eq!(status, 200);
    let row = get().await;
    assert_eq!(
        (&row["DateFormat"], &row["TimeFormat"]),
        (&json!("M/d/yyyy"), &json!("h:mm tt"))
    );
    // The formats of the old language stand in the way of the new one until they are given up.
    let text = refused(json!({"Language": "de-DE"})).await;
    assert!(
        text.contains("DateFormat \"M/d/yyyy\" isn't valid for current language setting \"de-DE\"")
            && text.contains("dd.MM.yyyy"),
        "{text}"
    );
    assert_eq!(get().await, row, "a refused change changes nothing");
    let (status, _) = set(
        json!({"Language": "de-de", "DateFormat": null, "TimeFormat": null,
        "LocalizeDefaultFolderName": true}),
    )
    .await;
    assert_eq!(status, 200);
    let row = get().await;
    assert_eq!(
        (&row["Language"], &row["DateFormat"], &row["TimeZone"]),
        (
            &json!("de-DE"),
            &json!("dd.MM.yyyy"),
            &json!("W. Europe Standard Time")
        )
    );
    for (name, value) in [
        ("TimeZone", "Europe/Berlin"),
        ("Language", "german"),
        ("DateFormat", "MM-dd-yyyy"),
    ] {
        let mut parameters = json!({});
        parameters[name] = json!(value);
        assert!(refused(parameters).await.contains(value), "{name}");
    }
    the_calendar_is_called(&exchange, "Kalender").await;
}

/// The calendar has a new name, and the old one names nothing any more.
async fn the_calendar_is_called(exchange: &Exchange, name: &str) {
    let at = |folder: &str| json!({"Identity": format!("noor.vance@contoso.example:\\{folder}")});
    let text = exchange
        .refusal("Get-MailboxFolderPermission", at("Calendar"))
        .await;
    assert!(text.contains("ManagementObjectNotFoundException"), "{text}");
    let row = exchange.row("Get-MailboxFolderPermission", at(name)).await;
    assert_eq!(row["FolderName"], name);
    let prefixed = format!("smtp:noor.vance@contoso.example:\\{name}");
    let row = exchange
        .row("Get-MailboxFolderPermission", json!({"Identity": prefixed}))
        .await;
    assert_eq!(row["FolderName"], name);
    let folder = exchange
        .row(
            "Get-MailboxFolderStatistics",
            json!({"Identity": JOINER, "FolderScope": "Calendar"}),
        )
        .await;
    assert_eq!(folder["Name"], name);
    let by_id = format!("{JOINER}:{}", folder["FolderId"].as_str().unwrap());
    let row = exchange
        .row("Get-MailboxFolderPermission", json!({"Identity": by_id}))
        .await;
    assert_eq!(row["FolderName"], name);
}

#[tokio::test(start_paused = true)]
async fn addresses_come_and_go_and_are_unique() {
    let (client, exchange) = licensed(Faults::calm()).await;
    let change = |table: Value| {
        let mut table = table;
        table["@odata.type"] = json!("#Exchange.GenericHashTable");
        json!({"Identity": JOINER, "EmailAddresses": table})
    };
    let refused = async |table: Value| exchange.refusal("Set-Mailbox", change(table)).await;
    let (status, _) = exchange
        .run(
            "Set-Mailbox",
            change(json!({"add": ["n.vance@contoso.example", "SMTP:noor@contoso.example"]})),
        )
        .await;
    assert_eq!(status, 200);
    let user = client.truth().users[JOINER].clone();
    assert_eq!(user.mail.as_deref(), Some("noor@contoso.example"));
    assert_eq!(
        user.proxy_addresses,
        [
            "smtp:noor.vance@contoso.example",
            "smtp:noor.vance@contoso.onmicrosoft.example",
            "smtp:n.vance@contoso.example",
            "SMTP:noor@contoso.example",
        ]
    );
    for taken in [
        "henrik.dahl@contoso.example",
        "allstaff@contoso.example",
        "sales@contoso.example",
    ] {
        let text = refused(json!({"add": [taken]})).await;
        assert!(
            text.contains("ProxyAddressExistsException")
                && text.contains(&format!(
                    "The proxy address \"smtp:{taken}\" is already being used by"
                )),
            "{text}"
        );
    }
    let text = refused(json!({"add": ["noor@elsewhere.example"]})).await;
    assert!(text.contains("not an accepted domain"), "{text}");
    let text = refused(json!({"remove": ["noor@contoso.example"]})).await;
    assert!(text.contains("primary SMTP address"), "{text}");
    let text = refused(json!({"add": ["no address"]})).await;
    assert!(text.contains("no address"), "{text}");
    let (status, _) = exchange
        .run(
            "Set-Mailbox",
            change(json!({"remove": ["n.vance@contoso.example"]})),
        )
        .await;
    assert_eq!(status, 200);
    let addresses = client.truth().mailboxes[JOINER].email_addresses.clone();
    assert!(!addresses.iter().any(|address| address.contains("n.vance@")));
    let text = exchange
        .refusal(
            "Set-Mailbox",
            json!({"Identity": "sofia.rossi@contoso.example", "EmailAddresses": {
                "@odata.type": "#Exchange.GenericHashTable", "add": ["s.rossi@contoso.example"]}}),
        )
        .await;
    assert!(
        text.contains("synchronized from your on-premises"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_archive_needs_a_licence_and_comes_once() {
    let (_, exchange) = licensed(Faults::calm()).await;
    let archive = |identity: &str| json!({"Identity": identity, "Archive": true});
    let row = exchange.row("Enable-Mailbox", archive(JOINER)).await;
    assert_eq!(row["ArchiveStatus"], "Active");
    let row = exchange
        .row("Get-Mailbox", json!({"Identity": JOINER}))
        .await;
    assert_ne!(row["ArchiveGuid"], "00000000-0000-0000-0000-000000000000");
    let text = exchange.refusal("Enable-Mailbox", archive(JOINER)).await;
    assert!(text.contains("already has an archive"), "{text}");
    let text = exchange
        .refusal("Enable-Mailbox", archive("orders@contoso.example"))
        .await;
    assert!(text.contains("license"), "{text}");
    let (status, _) = exchange.run("Disable-Mailbox", archive(JOINER)).await;
    assert_eq!(status, 200);
    let text = exchange.refusal("Disable-Mailbox", archive(JOINER)).await;
    assert!(text.contains("doesn't have an archive"), "{text}");
    // Without the switch it would be the mailbox itself: said aloud, not done.
    let (status, _) = exchange
        .run("Disable-Mailbox", json!({"Identity": JOINER}))
        .await;
    assert_eq!(status, 501);
}

#[tokio::test(start_paused = true)]
async fn calendar_rights_are_added_once_and_then_set() {
    let (client, exchange) = licensed(Faults::calm()).await;
    let henrik = "henrik.dahl@contoso.example";
    let entry = |user: &str, rights: &str| json!({"Identity": "noor.vance@contoso.example:\\Calendar", "User": user, "AccessRights": [rights]});
    let text = exchange
        .refusal("Set-MailboxFolderPermission", entry(henrik, "Editor"))
        .await;
    assert!(
        text.contains("UserNotFoundInPermissionEntryException"),
        "{text}"
    );
    let row = exchange
        .row("Add-MailboxFolderPermission", entry(henrik, "Reviewer"))
        .await;
    assert_eq!(
        (&row["User"], &row["AccessRights"]),
        (&json!("Henrik Dahl"), &json!(["Reviewer"]))
    );
    let text = exchange
        .refusal("Add-MailboxFolderPermission", entry(henrik, "Editor"))
        .await;
    assert!(
        text.contains("An existing permission entry was found for user: Henrik Dahl."),
        "{text}"
    );
    let text = exchange
        .refusal("Add-MailboxFolderPermission", entry("Default", "Reviewer"))
        .await;
    assert!(
        text.contains("UserAlreadyExistsInPermissionEntryException"),
        "{text}"
    );
    for (user, rights) in [(henrik, "Editor"), ("Default", "LimitedDetails")] {
        let (status, _) = exchange
            .run("Set-MailboxFolderPermission", entry(user, rights))
            .await;
        assert_eq!(status, 200);
    }
    let mailbox = client.truth().mailboxes[JOINER].clone();
    assert_eq!(
        mailbox.calendar_default,
        Some(vec!["LimitedDetails".to_owned()])
    );
    assert_eq!(
        mailbox.calendar_permissions[&contoso("user henrik.dahl")],
        ["Editor"]
    );
    for stranger in ["nobody@contoso.example", "allstaff@contoso.example"] {
        let text = exchange
            .refusal("Add-MailboxFolderPermission", entry(stranger, "Editor"))
            .await;
        assert!(text.contains("there is no matching information"), "{text}");
    }
    let text = exchange
        .refusal("Add-MailboxFolderPermission", entry(henrik, "Ruler"))
        .await;
    assert!(text.contains("PublishingEditor"), "{text}");
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
