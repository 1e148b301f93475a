//! Holds Exchange admin calls against the parameter tables of the cmdlets that they run.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::address::absolute;
use super::case::Case;
use super::har::Reply;
use super::tally::Kind;
use super::values::{is_guid, shape};

/// A cmdlet that the table does not have.
struct Outside {
    cmdlet: &'static str,
    /// Name, type, and whether it is required.
    parameters: &'static [(&'static str, &'static str, bool)],
    /// The page that documents the parameters.
    source: &'static str,
}

/// Cmdlets that are right although the table, which covers a part of a person's lifecycle only, does not have them.
const OUTSIDE_THE_TABLE: &[Outside] = &[
    Outside {
        cmdlet: "Get-MailboxRegionalConfiguration",
        parameters: &[
            ("Identity", "MailboxIdParameter", false),
            ("Archive", "SwitchParameter", false),
            ("MailboxLocation", "MailboxLocationIdParameter", false),
            ("UseCustomRouting", "SwitchParameter", false),
            ("VerifyDefaultFolderNameLanguage", "SwitchParameter", false),
        ],
        source: "learn.microsoft.com/powershell/module/exchange/get-mailboxregionalconfiguration",
    },
    Outside {
        cmdlet: "Set-MailboxRegionalConfiguration",
        parameters: &[
            ("Identity", "MailboxIdParameter", true),
            ("Archive", "SwitchParameter", false),
            ("Confirm", "SwitchParameter", false),
            ("DateFormat", "String", false),
            ("Language", "CultureInfo", false),
            ("LocalizeDefaultFolderName", "SwitchParameter", false),
            ("TimeFormat", "String", false),
            ("TimeZone", "ExTimeZoneValue", false),
            ("WhatIf", "SwitchParameter", false),
        ],
        source: "learn.microsoft.com/powershell/module/exchange/set-mailboxregionalconfiguration",
    },
];

impl Outside {
    fn table(&self) -> BTreeMap<String, Parameter> {
        let parameters = self.parameters.iter();
        parameters
            .map(|(name, ty, required)| {
                let parameter = Parameter {
                    ty: (*ty).to_owned(),
                    required: *required,
                };
                ((*name).to_owned(), parameter)
            })
            .collect()
    }
}

/// Values of the enumerations among the parameter types, from the cmdlets' pages in MicrosoftDocs/office-docs-powershell.
const VALUES: &[(&str, &[&str])] = &[
    (
        "ConvertibleMailboxSubType",
        &["Regular", "Room", "Equipment", "Shared", "Workspace"],
    ),
    ("OofState", &["Enabled", "Disabled", "Scheduled"]),
    ("ExternalAudience", &["None", "Known", "All"]),
    (
        "MailboxRights",
        &[
            "ChangeOwner",
            "ChangePermission",
            "DeleteItem",
            "ExternalAccount",
            "FullAccess",
            "ReadPermission",
        ],
    ),
    (
        "ActiveDirectorySecurityInheritance",
        &["None", "All", "Children", "Descendents", "SelfAndChildren"],
    ),
];

/// The parameters of each cmdlet.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cmdlets(BTreeMap<String, BTreeMap<String, Parameter>>);

#[derive(Debug, Deserialize)]
struct Parameter {
    #[serde(rename = "type")]
    ty: String,
    required: bool,
}

impl Cmdlets {
    /// Reads `{"Get-Mailbox": {"Identity": {"type": "MailboxIdParameter", "required": false}}}`.
    ///
    /// # Errors
    /// When the text has another form.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Query options that the endpoint takes: which output to return, and what it put into a link of its own.
const OPTIONS: [&str; 2] = ["$select", "$skiptoken"];

impl Case<'_> {
    /// Holds the address of an admin call.
    pub(crate) fn admin_address(
        &mut self,
        method: &str,
        segments: &[String],
        options: &[(String, String)],
    ) {
        let right = matches!(segments, [api, version, tenant, _]
            if api == "adminapi" && version == "beta" && is_guid(tenant));
        if !right {
            self.refuse("an admin call goes to /adminapi/beta/{tenant GUID}/…".to_owned());
        }
        if method != "POST" {
            self.refuse(format!("an admin call wants POST, not {method}"));
        }
        for (name, _) in options {
            self.tally.count(Kind::QueryOptions);
            if !OPTIONS.contains(&name.as_str()) {
                self.refuse(format!("InvokeCommand takes no query option '{name}'"));
            }
        }
    }

    /// Holds the body of one `InvokeCommand` against the tables.
    pub(crate) fn cmdlet(&mut self, cmdlets: &Cmdlets, anchored: bool, body: Option<&Value>) {
        let input = body
            .and_then(Value::as_object)
            .filter(|object| object.len() == 1)
            .and_then(|object| object.get("CmdletInput")?.as_object());
        let Some(input) = input else {
            return self
                .refuse("InvokeCommand wants {\"CmdletInput\": …} and nothing else".to_owned());
        };
        if let Some(extra) = input
            .keys()
            .find(|key| !matches!(key.as_str(), "CmdletName" | "Parameters"))
        {
            self.refuse(format!("CmdletInput has no '{extra}'"));
        }
        let Some(name) = input.get("CmdletName").and_then(Value::as_str) else {
            return self.refuse("CmdletInput lacks its CmdletName".to_owned());
        };
        let empty = Map::new();
        let given = match input.get("Parameters") {
            None => &empty,
            Some(Value::Object(given)) => given,
            Some(other) => return self.refuse(format!("{name}: Parameters is {}", shape(other))),
        };
        self.tally.count(Kind::Cmdlets);
        if !anchored {
            self.refuse(format!("{name} is sent without X-AnchorMailbox"));
        }
        let outside = OUTSIDE_THE_TABLE
            .iter()
            .find(|outside| outside.cmdlet == name);
        match (cmdlets.0.get(name), outside) {
            (Some(table), None) => self.cmdlet_parameters(name, table, given),
            (Some(_), Some(_)) => self.refuse(format!(
                "{name} is in the table by now; take our own entry for it out of this check"
            )),
            (None, Some(outside)) => {
                let source = outside.source;
                self.tally
                    .remark(format!("{name} is not in the table; judged by {source}"));
                self.cmdlet_parameters(name, &outside.table(), given);
            }
            (None, None) => self.refuse(format!("there is no cmdlet {name} in the table")),
        }
    }

    fn cmdlet_parameters(
        &mut self,
        name: &str,
        table: &BTreeMap<String, Parameter>,
        given: &Map<String, Value>,
    ) {
        for (key, value) in given {
            self.tally.count(Kind::Parameters);
            let Some(parameter) = table.get(key) else {
                self.refuse(format!("{name} has no parameter '{key}'"));
                continue;
            };
            if value.is_null() && parameter.required {
                self.refuse(format!("{name} -{key} is required, but null"));
            } else if !plausible(&parameter.ty, value) {
                self.refuse(format!(
                    "{name} -{key} is {}, but {} is wanted",
                    shape(value),
                    parameter.ty
                ));
            }
            self.known_values(name, key, &parameter.ty, value);
        }
        for (key, _) in table
            .iter()
            .filter(|(key, parameter)| parameter.required && !given.contains_key(*key))
        {
            self.refuse(format!("{name} lacks its required -{key}"));
        }
    }

    fn known_values(&mut self, name: &str, key: &str, ty: &str, value: &Value) {
        let Some((_, known)) = VALUES
            .iter()
            .find(|(enumeration, _)| *enumeration == ty.trim_end_matches("[]"))
        else {
            return;
        };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for text in items.iter().filter_map(Value::as_str) {
            self.tally.count(Kind::EnumValues);
            if !known.contains(&text) {
                self.refuse(format!(
                    "{name} -{key} '{text}' is none of {}",
                    known.join(", ")
                ));
            }
        }
    }

    /// Holds the reply to one admin call. What a cmdlet puts out is in no table; its envelope is.
    pub(crate) fn admin_reply(&mut self, reply: &Reply) {
        self.tally.count(Kind::Replies);
        if reply.status >= 400 {
            return self.admin_failure(reply);
        }
        if reply.status != 200 {
            self.refuse(format!(
                "InvokeCommand is answered with {}, not 200",
                reply.status
            ));
        }
        let Some(Ok(Value::Object(body))) = &reply.body else {
            return self.refuse("InvokeCommand is answered without a JSON object".to_owned());
        };
        for (name, value) in body {
            self.tally.count(Kind::ReplyProperties);
            let right = match name.as_str() {
                "value" => value.is_array(),
                WARNINGS => is_list_of_texts(value),
                WARNINGS_TYPE => value == TEXTS,
                "@odata.nextLink" => value.as_str().is_some_and(|link| absolute(link).is_some()),
                _ => name.starts_with("@odata.") || name.starts_with("@adminapi."),
            };
            if !right {
                self.refuse(format!(
                    "InvokeCommand is answered with '{name}' as {}",
                    shape(value)
                ));
            }
        }
        if !body.contains_key("value") {
            self.refuse("InvokeCommand is answered without 'value'".to_owned());
        }
    }

    /// The failure of a cmdlet names its exception in `details[0].message`, as `id|type|text`. A refusal before the
    /// cmdlet ran, or one by a gateway, may come without any body.
    fn admin_failure(&mut self, reply: &Reply) {
        let before_the_cmdlet = matches!(reply.status, 401 | 403 | 429 | 500..=599);
        if reply.body.is_none() && before_the_cmdlet {
            return;
        }
        let Some(Ok(body)) = &reply.body else {
            if !before_the_cmdlet {
                self.refuse(format!(
                    "InvokeCommand: a {} reply lacks the error envelope",
                    reply.status
                ));
            }
            return;
        };
        self.failure("InvokeCommand", reply, |name, value| match name {
            WARNINGS => is_list_of_texts(value),
            WARNINGS_TYPE => value == TEXTS,
            _ => false,
        });
        for detail in body
            .pointer("/error/details")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.tally.count(Kind::ReplyProperties);
            let message = detail
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if message.split('|').count() != 3 {
                self.refuse("InvokeCommand: error/details/message is not id|type|text".to_owned());
            }
        }
    }
}

/// Warnings stand beside the value and, after a failure, inside the error; their type before them. In no table; seen in replies of
/// the service that were recorded by its users.
const WARNINGS: &str = "@adminapi.warnings";
const WARNINGS_TYPE: &str = "adminapi.warnings@odata.type";
const TEXTS: &str = "#Collection(String)";

fn is_list_of_texts(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|texts| texts.iter().all(Value::is_string))
}

/// Whether a JSON value can become this parameter type. Nothing but switches, booleans and numbers refuses null,
/// which clears.
fn plausible(ty: &str, value: &Value) -> bool {
    match ty {
        "SwitchParameter" | "Boolean" | "System.Boolean" => value.is_boolean(),
        "Int32" => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        _ if value.is_null() => true,
        "Unlimited" | "ByteQuantifiedSize" => value.is_u64() || value.is_string(),
        "Guid" => value.as_str().is_some_and(is_guid),
        "MultiValuedProperty" | "ProxyAddressCollection" => texts(value) || is_change(value),
        _ if ty.ends_with("[]") => texts(value),
        _ => value.is_string(),
    }
}

/// A text, or several.
fn texts(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string),
        single => single.is_string(),
    }
}

/// `{"@odata.type": "#Exchange.GenericHashTable", "add": […], "remove": […]}`: changes some values of many.
fn is_change(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.get("@odata.type").and_then(Value::as_str) == Some("#Exchange.GenericHashTable")
            && object.len() > 1
            && object
                .iter()
                .all(|(key, value)| match key.to_ascii_lowercase().as_str() {
                    "add" | "remove" => texts(value),
                    other => other == "@odata.type",
                })
    })
}
