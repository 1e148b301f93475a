//! A small tenant behind the scripted transport: filters, limits and refusals as Graph's and Exchange's pages describe them.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::script::{Script, Seen, batch_reply, graph_error, reply};

/// Everything that is in it.
#[derive(Clone, Default)]
pub(crate) struct Directory {
    pub(crate) users: Vec<Value>,
    pub(crate) groups: Vec<Value>,
    pub(crate) deleted: Vec<Value>,
    pub(crate) recipients: Vec<Value>,
    /// Addresses and types.
    pub(crate) mailboxes: Vec<(&'static str, &'static str)>,
    /// Ids of users and of their groups.
    pub(crate) member_of: Vec<(&'static str, &'static str)>,
    pub(crate) exchange_refuses: bool,
    pub(crate) bin_refuses: bool,
}

pub(crate) fn user(id: &str, alias: &str, name: &str) -> Value {
    let upn = format!("{alias}@contoso.example");
    json!({ "id": id, "userPrincipalName": upn, "displayName": name, "mail": upn, "mailNickname": alias,
            "proxyAddresses": [format!("SMTP:{upn}")], "accountEnabled": true, "userType": "Member" })
}

pub(crate) fn group(id: &str, name: &str, mail: Option<&str>) -> Value {
    let proxies: Vec<String> = mail.iter().map(|mail| format!("SMTP:{mail}")).collect();
    json!({ "id": id, "displayName": name, "mail": mail, "mailNickname": id, "proxyAddresses": proxies,
            "groupTypes": [], "mailEnabled": mail.is_some(), "securityEnabled": true, "assignedLicenses": [] })
}

impl Directory {
    pub(crate) fn serve(self) -> Arc<Script> {
        Script::new(move |seen| {
            if seen.is_batch() {
                return batch_reply(seen, |item| {
                    let headers = &item["headers"];
                    let eventual = ["ConsistencyLevel", "consistencylevel"]
                        .iter()
                        .any(|name| headers[*name] == "eventual");
                    let (status, body) =
                        self.answer(item["url"].as_str().unwrap(), &item["body"], eventual);
                    json!({ "status": status, "headers": {}, "body": body })
                });
            }
            let eventual = seen
                .headers
                .get("consistencylevel")
                .is_some_and(|level| level == "eventual");
            let (status, body) = self.answer(&seen.url, &Seen::json(seen), eventual);
            Ok(reply(status, &body))
        })
    }

    fn answer(&self, url: &str, body: &Value, eventual: bool) -> (u16, Value) {
        if url.contains("InvokeCommand") {
            return self.cmdlet(&body["CmdletInput"]);
        }
        let url = percent_decode_str(url).decode_utf8().unwrap().into_owned();
        let path = url.split_once("/v1.0").map_or(&*url, |(_, path)| path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let filter = query
            .split('&')
            .find_map(|option| option.strip_prefix("$filter="));
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments[..] {
            ["domains"] => (200, domains()),
            ["subscribedSkus"] => (200, skus()),
            ["users"] => filtered(&self.users, filter, eventual),
            ["groups"] => filtered(&self.groups, filter, eventual),
            ["directory", "deletedItems", _] if self.bin_refuses => (
                403,
                graph_error(
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                ),
            ),
            ["directory", "deletedItems", _] => filtered(&self.deleted, filter, eventual),
            ["users", name] => self.user(name),
            ["users", id, "memberOf", _] => (200, json!({ "value": self.groups_of(id) })),
            _ => (200, json!({ "value": [] })),
        }
    }

    fn user(&self, name: &str) -> (u16, Value) {
        let is = |user: &&Value, property: &str| {
            user[property].as_str().unwrap().eq_ignore_ascii_case(name)
        };
        let found = self
            .users
            .iter()
            .find(|user| is(user, "id") || is(user, "userPrincipalName"));
        match found {
            Some(user) => (200, user.clone()),
            None if name == "henrik.dahl@contoso.example" => {
                (200, user("henrik", "henrik.dahl", "Henrik Dahl"))
            }
            None => (
                404,
                graph_error(
                    "Request_ResourceNotFound",
                    &format!("Resource '{name}' does not exist."),
                ),
            ),
        }
    }

    fn groups_of(&self, id: &str) -> Vec<Value> {
        let member = |group: &&Value| {
            let group = group["id"].as_str().unwrap();
            self.member_of
                .iter()
                .any(|(member, of)| *member == id && *of == group)
        };
        self.groups.iter().filter(member).cloned().collect()
    }

    fn cmdlet(&self, input: &Value) -> (u16, Value) {
        if self.exchange_refuses {
            return (403, Value::Null);
        }
        let parameters = &input["Parameters"];
        match input["CmdletName"].as_str().unwrap() {
            "Get-Recipient" => {
                let filter = parameters["Filter"].as_str().unwrap().to_lowercase();
                let named = |text: &str| filter.contains(&format!("'{}'", text.to_lowercase()));
                let found: Vec<&Value> = self
                    .recipients
                    .iter()
                    .filter(|one| {
                        let addresses = one["EmailAddresses"].as_array().unwrap();
                        addresses.iter().filter_map(Value::as_str).any(named)
                            || named(one["Alias"].as_str().unwrap())
                    })
                    .collect();
                (200, json!({ "value": found }))
            }
            "Get-Mailbox" => self.mailbox(parameters["Identity"].as_str().unwrap()),
            _ => (200, json!({ "value": [] })),
        }
    }

    fn mailbox(&self, identity: &str) -> (u16, Value) {
        let thrown = |status: u16, code: &str, kind: &str| {
            let message =
                format!("Ex|Microsoft.Exchange.Configuration.Tasks.{kind}|'{identity}' …");
            let error = json!({ "code": code, "message": "Error executing cmdlet",
                                "details": [{ "code": "Client", "message": message }] });
            (status, json!({ "error": error }))
        };
        match self
            .mailboxes
            .iter()
            .find(|(address, _)| *address == identity)
        {
            Some((address, kind)) => (
                200,
                json!({ "value": [{ "ExternalDirectoryObjectId": "m", "PrimarySmtpAddress": address,
                                    "RecipientTypeDetails": kind }] }),
            ),
            None if identity == "ambiguous" => {
                thrown(400, "BadRequest", "ManagementObjectAmbiguousException")
            }
            None => thrown(404, "NotFound", "ManagementObjectNotFoundException"),
        }
    }
}

fn domains() -> Value {
    let domain = |id: &str, verified: bool, default: bool, kind: &str| json!({ "id": id, "isVerified": verified, "isDefault": default, "isInitial": false, "authenticationType": kind });
    json!({ "value": [
        domain("unproven.example", false, false, "Managed"),
        domain("sts.contoso.example", true, false, "Federated"),
        domain("contoso.example", true, true, "Managed"),
    ] })
}

fn skus() -> Value {
    let plan = |id: &str, name: &str, to: &str| json!({ "servicePlanId": id, "servicePlanName": name, "appliesTo": to });
    json!({ "value": [{ "skuId": "s", "skuPartNumber": "SPE_E3", "consumedUnits": 3,
        "prepaidUnits": { "enabled": 5 }, "servicePlans": [
            plan("1", "EXCHANGE_S_ENTERPRISE", "User"), plan("2", "TEAMS1", "User"),
            plan("3", "EXCHANGE_S_FOUNDATION", "Company"),
        ] }] })
}

/// The entries that a filter finds; refused when it has more than 15 values, or asks for an end without the advanced parameters.
fn filtered(entries: &[Value], filter: Option<&str>, eventual: bool) -> (u16, Value) {
    let Some(filter) = filter else {
        return (200, json!({ "value": entries }));
    };
    let refused = |message: &str| (400, graph_error("Request_UnsupportedQuery", message));
    if filter.contains("endsWith") && !eventual {
        return refused("Operator not supported because the required parameters might be missing.");
    }
    if filter.matches('\'').count() % 2 == 1 {
        return refused("There is an unterminated string literal in the filter.");
    }
    let parts: Vec<&str> = filter.split(" or ").collect();
    let values: usize = parts.iter().map(|part| literals(part).len()).sum();
    if values > 15 && !eventual {
        return refused(
            "Too many child clauses specified in search filter expression containing 'OR' operators",
        );
    }
    let found: Vec<&Value> = entries
        .iter()
        .filter(|entry| parts.iter().any(|part| holds(part, entry)))
        .collect();
    (200, json!({ "value": found }))
}

/// The texts in quotes, in lower case.
fn literals(part: &str) -> Vec<String> {
    let whole = part.replace("''", "\u{1}");
    let texts = whole.split('\'').skip(1).step_by(2);
    texts
        .map(|text| text.replace('\u{1}', "'").to_lowercase())
        .collect()
}

fn holds(part: &str, entry: &Value) -> bool {
    let ends = part.strip_prefix("endsWith(");
    let property = ends.unwrap_or(part).split([' ', '/', ',']).next().unwrap();
    let wanted = literals(part);
    let is = |value: &Value| {
        let value = value.as_str().unwrap_or_default().to_lowercase();
        wanted.iter().any(|wanted| {
            if ends.is_some() {
                value.ends_with(wanted)
            } else {
                value == *wanted
            }
        })
    };
    match &entry[property] {
        Value::Array(values) => values.iter().any(is),
        value => is(value),
    }
}
