//! Takes recorded calls one by one, unfolds batches, and holds each against the table of its service.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::address::Address;
use super::case::Case;
use super::csdl::Model;
use super::exchange::Cmdlets;
use super::har::{Body, Call, Reply};
use super::permissions::{Declared, Sender, Table};
use super::resolve::resolve;
use super::tally::{Kind, Tally};

/// The hosts of the worldwide cloud, under which the sandbox records.
const GRAPH: &str = "https://graph.microsoft.com/";
const EXCHANGE: &str = "https://outlook.office365.com/";
const LOGIN: &str = "https://login.microsoftonline.com/";

/// Items of a batch: Graph's own limit, and the size that is known to work for the Exchange admin endpoint.
const GRAPH_BATCH: usize = 20;
const EXCHANGE_BATCH: usize = 10;

/// Everything that calls are held against, and the tally.
#[derive(Debug)]
pub(crate) struct Check<'a> {
    pub(crate) model: &'a Model,
    pub(crate) table: &'a Table,
    pub(crate) cmdlets: &'a Cmdlets,
    pub(crate) declared: &'a mut Declared,
    pub(crate) sender: &'a Sender,
    pub(crate) tally: &'a mut Tally,
}

impl Check<'_> {
    /// Holds one recorded call.
    pub(crate) fn call(&mut self, call: &Call) {
        if let Some(rest) = call.url.strip_prefix(GRAPH) {
            match rest.strip_prefix("v1.0/") {
                Some(relative) => self.graph(call, relative),
                None => self.tally.refuse(
                    &call.origin,
                    "a Graph request goes to another version than v1.0".to_owned(),
                ),
            }
        } else if let Some(relative) = call.url.strip_prefix(EXCHANGE) {
            self.exchange(call, relative);
        } else if call.url.starts_with(LOGIN) {
            self.tally
                .remark("token requests stand in none of the tables and were left out".to_owned());
        } else {
            let host: String = call.url.split('/').take(3).collect::<Vec<_>>().join("/");
            self.tally.refuse(
                &call.origin,
                format!("a request goes to {host}, which is none of the services"),
            );
        }
    }

    fn graph(&mut self, call: &Call, relative: &str) {
        if relative == "$batch" {
            for item in self.unfold(call, GRAPH_BATCH) {
                let url = item.url.strip_prefix('/').unwrap_or_default().to_owned();
                if url.is_empty() {
                    self.tally.refuse(
                        &item.origin,
                        "the url of a batch item starts with '/'".to_owned(),
                    );
                }
                self.graph_single(&item, &url);
            }
            return;
        }
        self.graph_single(call, relative);
    }

    fn graph_single(&mut self, call: &Call, relative: &str) {
        self.tally.count(Kind::Requests);
        let address = Address::parse(relative);
        let path = match resolve(self.model, &address.segments) {
            Ok(path) => path,
            Err(why) => {
                return self
                    .tally
                    .refuse(&call.origin, format!("{}: {why}", call.method));
            }
        };
        let origin = format!("{} {} {}", call.origin, call.method, path.template());
        let mut case = Case {
            model: self.model,
            tally: self.tally,
            origin: &origin,
        };
        let eventual = call
            .header("ConsistencyLevel")
            .is_some_and(|value| value.eq_ignore_ascii_case("eventual"));
        case.tally
            .shape(format!("{} {}", call.method, path.template()));
        case.options(&call.method, &path, &address, eventual);
        if let Some(body) = case.json(call) {
            case.sent(&call.method, &path, body);
        }
        if let Some(reply) = &call.reply {
            case.replied(&call.method, &path, &address, reply);
        }
        self.declared.covers(
            self.sender,
            self.table,
            (&call.method, &path),
            &origin,
            self.tally,
        );
    }

    fn exchange(&mut self, call: &Call, relative: &str) {
        let address = Address::parse(relative);
        let mut case = Case {
            model: self.model,
            tally: self.tally,
            origin: &call.origin,
        };
        case.admin_address(&call.method, &address.segments, &address.options);
        match address.segments.last().map(String::as_str) {
            Some("InvokeCommand") => self.invoke(call),
            Some("$batch") => {
                for item in self.unfold(call, EXCHANGE_BATCH) {
                    let path = item.url.split('?').next().unwrap_or_default();
                    if !path.ends_with("/InvokeCommand") || item.method != "POST" {
                        self.tally.refuse(
                            &item.origin,
                            "an item of an admin batch is a POST to InvokeCommand".to_owned(),
                        );
                    }
                    self.invoke(&item);
                }
            }
            _ => self.tally.refuse(
                &call.origin,
                "the admin endpoint is InvokeCommand or $batch".to_owned(),
            ),
        }
    }

    fn invoke(&mut self, call: &Call) {
        self.tally.count(Kind::Requests);
        let name = match &call.body {
            Some(Ok(body)) => body
                .pointer("/CmdletInput/CmdletName")
                .and_then(Value::as_str),
            _ => None,
        };
        let origin = format!("{} {}", call.origin, name.unwrap_or("InvokeCommand"));
        let mut case = Case {
            model: self.model,
            tally: self.tally,
            origin: &origin,
        };
        case.tally.shape(name.unwrap_or("InvokeCommand").to_owned());
        if let Some(body) = case.json(call) {
            case.cmdlet(self.cmdlets, call.header("X-AnchorMailbox").is_some(), body);
        }
        if let Some(reply) = &call.reply {
            case.admin_reply(reply);
        }
        self.declared
            .covers_exchange(self.sender, &origin, self.tally);
    }

    /// The items of a batch, each with its own reply.
    fn unfold(&mut self, call: &Call, most: usize) -> Vec<Call> {
        let mut case = Case {
            model: self.model,
            tally: self.tally,
            origin: &call.origin,
        };
        if call.method != "POST" {
            case.refuse(format!("$batch wants POST, not {}", call.method));
        }
        let requests = list(&call.body, "requests");
        if requests.is_empty() || requests.len() > most {
            case.refuse(format!(
                "a batch holds {} requests, 1 to {most} are right",
                requests.len()
            ));
        }
        let replies = match &call.reply {
            Some(reply) if reply.status == 200 => list(&reply.body, "responses"),
            Some(reply) => {
                case.failure("$batch", reply, |_, _| false);
                Vec::new()
            }
            None => Vec::new(),
        };
        let mut ids = BTreeSet::new();
        let items: Vec<Call> = requests
            .iter()
            .filter_map(|request| case.item(call, request, &mut ids, &replies))
            .collect();
        if call.reply.as_ref().is_some_and(|reply| reply.status == 200)
            && replies.len() != items.len()
        {
            case.refuse(format!(
                "a batch of {} is answered with {} replies",
                items.len(),
                replies.len()
            ));
        }
        items
    }
}

impl Case<'_> {
    /// The JSON body of a call; `None` once it has been refused.
    fn json<'c>(&mut self, call: &'c Call) -> Option<Option<&'c Value>> {
        match &call.body {
            None => Some(None),
            Some(Err(_)) => {
                self.refuse(format!("{} sends a body that is not JSON", call.method));
                None
            }
            Some(Ok(body)) => {
                let json = call
                    .header("Content-Type")
                    .is_some_and(|value| value.starts_with("application/json"));
                if !json {
                    self.refuse(format!(
                        "{} sends a body without Content-Type: application/json",
                        call.method
                    ));
                }
                Some(Some(body))
            }
        }
    }

    fn item(
        &mut self,
        outer: &Call,
        request: &Map<String, Value>,
        ids: &mut BTreeSet<String>,
        replies: &[&Map<String, Value>],
    ) -> Option<Call> {
        const KEYS: [&str; 6] = ["id", "method", "url", "headers", "body", "dependsOn"];
        if let Some(extra) = request.keys().find(|key| !KEYS.contains(&key.as_str())) {
            self.refuse(format!("a batch item has no '{extra}'"));
        }
        let text = |key: &str| request.get(key).and_then(Value::as_str);
        let (Some(id), Some(method), Some(url)) = (text("id"), text("method"), text("url")) else {
            self.refuse("a batch item lacks its id, method or url".to_owned());
            return None;
        };
        for needed in request
            .get("dependsOn")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !needed
                .as_str()
                .is_some_and(|needed| ids.contains(&needed.to_ascii_lowercase()))
            {
                self.refuse(
                    "a batch item depends on an item that does not stand before it".to_owned(),
                );
            }
        }
        if !ids.insert(id.to_ascii_lowercase()) {
            self.refuse("two items of a batch have one id".to_owned());
        }
        let reply = replies
            .iter()
            .find(|reply| reply.get("id").and_then(Value::as_str) == Some(id));
        let status = reply
            .and_then(|reply| reply.get("status")?.as_u64())
            .and_then(|status| u16::try_from(status).ok());
        if reply.is_some() && status.is_none() {
            self.refuse("the reply to a batch item lacks its status".to_owned());
        }
        Some(Call {
            origin: format!("{} item {id}", outer.origin),
            method: method.to_ascii_uppercase(),
            url: url.to_owned(),
            headers: headers(request.get("headers")),
            // Actions without parameters are still written with an empty body in a batch.
            body: present(
                request
                    .get("body")
                    .filter(|body| body.as_object().is_none_or(|body| !body.is_empty())),
            ),
            reply: status.map(|status| Reply {
                status,
                body: present(reply.and_then(|reply| reply.get("body"))),
            }),
        })
    }
}

fn present(value: Option<&Value>) -> Body {
    match value? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(Err(text.clone())),
        other => Some(Ok(other.clone())),
    }
}

fn headers(value: Option<&Value>) -> Vec<(String, String)> {
    let pairs = value.and_then(Value::as_object).into_iter().flatten();
    pairs
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn list<'v>(body: &'v Body, name: &str) -> Vec<&'v Map<String, Value>> {
    let items = match body {
        Some(Ok(body)) => body.get(name).and_then(Value::as_array),
        _ => None,
    };
    items
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect()
}
