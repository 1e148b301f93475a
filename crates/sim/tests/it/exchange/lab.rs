//! A small tenant, and a caller who speaks to its Exchange through the transport.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim::world::Change;
use sim::{Faults, Sandbox, Temper, World};
use transport::{HeaderMap, HeaderValue, Method, Reply, Request, Transport};

const BASE: &str = "http://sandbox.test";
const TENANT: &str = "7f3b1e52-0c44-4a7e-9d27-5a1c6f0b8e11";
const APP: &str = "11111111-aaaa-4bbb-8ccc-000000000001";
pub(super) const ADA: &str = "a0000000-0000-4000-8000-000000000001";
pub(super) const BO: &str = "a0000000-0000-4000-8000-000000000002";
pub(super) const SHARED: &str = "support@contoso.com";
pub(super) const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
pub(super) const RECIPIENT_ADMINISTRATOR: &str = "31392ffb-586c-42d1-9346-e59415a2cc4e";
const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";

fn id(n: usize) -> String {
    format!("a0000000-0000-4000-8000-{n:012}")
}

fn user(n: usize, local: &str, name: &str) -> (String, Value) {
    let mut user = json!({
        "account_enabled": true, "user_principal_name": format!("{local}@contoso.com"), "display_name": name,
        "mail": format!("{local}@contoso.com"), "mail_nickname": local, "user_type": "Member",
        "created_date_time": "2024-03-01T08:00:00Z",
        "licences": [{ "sku_id": E3, "state": "Active", "error": "None", "last_updated_date_time": "2024-03-01T08:00:00Z" }],
    });
    if matches!(local, "support" | "locked") {
        user["licences"] = json!([]);
        user["created_date_time"] = json!("2019-03-01T08:00:00Z");
    }
    if local == "syd" {
        user["on_premises_sync_enabled"] = json!(true);
    }
    (id(n), user)
}

fn mailbox(n: usize, local: &str, name: &str) -> (String, Value) {
    let mut mailbox = json!({
        "exchange_guid": format!("b0000000-0000-4000-8000-{n:012}"), "alias": local, "display_name": name,
        "primary_smtp_address": format!("{local}@contoso.com"), "email_addresses": [format!("SMTP:{local}@contoso.com")],
    });
    match local {
        "ada" => {
            mailbox["email_addresses"] =
                json!(["SMTP:ada@contoso.com", "smtp:ada.lovelace@contoso.com"]);
            mailbox["size_bytes"] = json!(15_687_850_951_u64);
            mailbox["rules"] = json!([
                { "identity": "15394007230974001153", "name": "to home", "enabled": true, "priority": 2,
                  "forward_to": ["ada@home.example"] },
                { "identity": "721857812023476225", "name": "Junk E-mail Rule", "enabled": true, "hidden": true },
            ]);
            mailbox["devices"] = json!([{ "device_id": "APPL1", "guid": "c0000000-0000-4000-8000-000000000001",
                "client_type": "EAS", "device_type": "iPhone", "first_sync": "2025-01-01T00:00:00Z" }]);
        }
        "support" => {
            mailbox["kind"] = json!("SharedMailbox");
            mailbox["permissions"] = json!([{ "user": ADA, "rights": ["FullAccess"] }]);
            mailbox["send_as"] = json!([ADA]);
            mailbox["calendar_permissions"] = json!({ ADA: ["Editor"] });
        }
        "lost" => mailbox["lost_at"] = json!("2026-01-01T00:00:00Z"),
        "locked" => {
            mailbox["kind"] = json!("SharedMailbox");
            mailbox["locked"] = json!(true);
            mailbox["size_bytes"] = json!(60_u64 << 30);
        }
        _ => {}
    }
    (id(n), mailbox)
}

fn event(
    subject: &str,
    start: &str,
    attendees: &[&str],
    weekly_until: Option<&str>,
) -> (String, Value) {
    let event = json!({
        "mailbox": ADA, "ical_uid": format!("uid-{subject}"), "subject": subject, "start": start, "end": start,
        "weekly_until": weekly_until, "organizer": "ada@contoso.com", "attendees": attendees, "is_organizer": true,
    });
    (format!("event-{subject}"), event)
}

/// One small tenant with one of everything that the tests look at. The sandbox's clock starts on 1 September 2026.
fn world(role: &str) -> World {
    let people = [
        (1, "ada", "Ada Lovelace"),
        (2, "bo", "Bo Diddley"),
        (3, "support", "Support"),
        (4, "lost", "Lost Soul"),
        (5, "sam1", "Sam Twin"),
        (6, "sam2", "Sam Twin"),
        (7, "syd", "Syd Barrett"),
        (8, "locked", "Locked Box"),
    ];
    let users: Map<String, Value> = people
        .iter()
        .map(|(n, local, name)| user(*n, local, name))
        .collect();
    let mailboxes: Map<String, Value> = people
        .iter()
        .map(|(n, local, name)| mailbox(*n, local, name))
        .collect();
    let mut users = Value::Object(users);
    users[id(4)]["licences"] = json!([]);
    let list = |local: &str, synced: bool| {
        json!({ "display_name": local, "mail": format!("{local}@contoso.com"), "mail_nickname": local,
        "mail_enabled": true, "members": [ADA, BO], "owners": [BO], "on_premises_sync_enabled": synced })
    };
    let ada = ["bo@contoso.com"];
    let events: Map<String, Value> = [
        event("soon", "2026-09-20T09:00:00Z", &ada, None),
        event(
            "series",
            "2026-01-05T09:00:00Z",
            &ada,
            Some("2027-01-05T09:00:00Z"),
        ),
        event("past", "2026-02-05T09:00:00Z", &ada, None),
        event("alone", "2026-09-21T09:00:00Z", &[], None),
    ]
    .into_iter()
    .collect();
    let tenant = json!({
        "name": "Contoso", "country": "GB",
        "domains": [{ "name": "contoso.onmicrosoft.com", "verified": true, "initial": true },
                    { "name": "contoso.com", "verified": true, "is_default": true }],
        "apps": { APP: { "display_name": "Tenure", "service_principal_id": "11111111-aaaa-4bbb-8ccc-000000000002",
            "secrets": [{ "value": "secret" }], "exchange_roles": ["Exchange.ManageAsApp"], "graph_roles": ["Calendars.Read"],
            "directory_roles": [role] } },
        "users": users, "mailboxes": mailboxes, "events": events,
        "groups": { "d0000000-0000-4000-8000-000000000001": list("staff", false),
                    "d0000000-0000-4000-8000-000000000002": list("onprem", true) },
        "skus": { E3: { "part_number": "SPE_E3", "enabled": 20,
            "plans": { "efb87545-963c-4e0d-99df-69c6916d9eb0": { "name": "EXCHANGE_S_ENTERPRISE", "service": "exchange" } } } },
    });
    World::parse(&json!({ "tenants": { TENANT: tenant } }).to_string()).expect("a valid world")
}

/// The caller: its sandbox and its token.
pub(super) struct Lab {
    sandbox: Sandbox,
    token: String,
}

impl Lab {
    async fn new(role: &str, temper: Temper) -> Self {
        let start: Timestamp = "2026-09-01T08:00:00Z".parse().expect("a time");
        let sandbox = Sandbox::new(
            world(role),
            Faults {
                temper,
                ..Faults::default()
            },
            7,
            start,
        );
        let form = format!(
            "grant_type=client_credentials&client_id={APP}&client_secret=secret&scope={BASE}%2Fexchange%2F.default"
        );
        let url = format!("{BASE}/login/{TENANT}/oauth2/v2.0/token");
        let reply = send(&sandbox, &url, HeaderMap::new(), form).await;
        let token = json_of(&reply)["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        Self { sandbox, token }
    }

    /// No lag and no delay.
    pub(super) async fn calm() -> Self {
        Self::new(EXCHANGE_ADMINISTRATOR, Temper::calm()).await
    }

    /// As unkind as the default, except that it never throttles out of mere mood.
    pub(super) async fn unkind() -> Self {
        Self::new(
            EXCHANGE_ADMINISTRATOR,
            Temper {
                stray_429: 0.0,
                ..Temper::default()
            },
        )
        .await
    }

    /// A caller with another directory role.
    pub(super) async fn with_role(role: &str) -> Self {
        Self::new(role, Temper::calm()).await
    }

    /// Every replica lags by so much.
    pub(super) async fn lagging(ms: u64) -> Self {
        Self::new(
            EXCHANGE_ADMINISTRATOR,
            Temper {
                lag_ms: [ms, ms],
                ..Temper::calm()
            },
        )
        .await
    }

    /// An address of the admin API.
    pub(super) fn url(&self, rest: &str) -> String {
        format!("{BASE}/exchange/adminapi/beta/{TENANT}/{rest}")
    }

    /// Sends a body and reads status and JSON; null for an empty reply.
    pub(super) async fn post(&self, url: &str, body: &Value, prefer: &str) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        let header = |text: String| HeaderValue::try_from(text).expect("a header");
        headers.insert("authorization", header(format!("Bearer {}", self.token)));
        headers.insert(
            "content-type",
            header("application/json; charset=utf-8".to_owned()),
        );
        headers.insert("prefer", header(prefer.to_owned()));
        headers.insert(
            "x-anchormailbox",
            header(format!(
                "APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}"
            )),
        );
        let reply = send(&self.sandbox, url, headers, body.to_string()).await;
        (reply.status.as_u16(), json_of(&reply))
    }

    /// Runs one cmdlet.
    pub(super) async fn run(&self, cmdlet: &str, parameters: Value) -> (u16, Value) {
        let body = json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } });
        self.post(&self.url("InvokeCommand"), &body, "odata.maxpagesize=1000")
            .await
    }

    /// Effective changes of mailboxes and groups so far.
    pub(super) fn changes(&self) -> Vec<Change> {
        let of_mail = |change: &Change| {
            change.object.starts_with("mailboxes/") || change.object.starts_with("groups/")
        };
        self.sandbox.log().into_iter().filter(of_mail).collect()
    }

    /// Subjects of the calendar entries that are left.
    pub(super) fn meetings(&self) -> Vec<String> {
        self.sandbox.world().tenants[TENANT]
            .events
            .values()
            .map(|event| event.subject.clone())
            .collect()
    }

    /// The distinguished name behind an identity.
    pub(super) async fn distinguished_name(&self, identity: &str) -> String {
        let (_, body) = self
            .run("Get-Recipient", json!({ "Identity": identity }))
            .await;
        body["value"][0]["DistinguishedName"]
            .as_str()
            .expect("a recipient")
            .to_owned()
    }
}

async fn send(sandbox: &Sandbox, url: &str, headers: HeaderMap, body: String) -> Reply {
    let request = Request {
        method: Method::POST,
        url: url.to_owned(),
        headers,
        body: body.into(),
    };
    sandbox.send(request).await.expect("the sandbox answers")
}

fn json_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or(Value::Null)
}
