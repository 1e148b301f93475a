//! Holds the replies of the sandbox against what the metadata says of the place that was asked.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::address::{Address, absolute, split_outside};
use super::case::Case;
use super::csdl::{Role, Type};
use super::har::Reply;
use super::resolve::{End, Path};
use super::tally::Kind;
use super::values::{Side, shape};

/// Statuses with which a gateway may answer in a form of its own.
const GATEWAY: std::ops::RangeInclusive<u16> = 502..=504;

impl Case<'_> {
    /// Holds one Graph reply.
    pub(crate) fn replied(
        &mut self,
        method: &str,
        path: &Path<'_>,
        address: &Address,
        reply: &Reply,
    ) {
        self.tally.count(Kind::Replies);
        let template = path.template();
        match reply.status {
            200..=299 => self.success(method, path, address, reply),
            400..=599 => self.failure(&template, reply, |_, _| false),
            status => self.refuse(format!(
                "{method} {template} is answered with {status}, which Graph does not use"
            )),
        }
    }

    /// Holds an error reply against the envelope that every service behind Graph uses; `besides` knows what one service adds.
    pub(crate) fn failure(
        &mut self,
        template: &str,
        reply: &Reply,
        besides: impl Fn(&str, &Value) -> bool,
    ) {
        let error = match &reply.body {
            Some(Ok(Value::Object(object))) if object.len() == 1 => object.get("error"),
            Some(Ok(_)) => None,
            Some(Err(_)) | None if GATEWAY.contains(&reply.status) => return,
            Some(Err(_)) | None => None,
        };
        let Some(Value::Object(error)) = error else {
            return self.refuse(format!(
                "{template}: a {} reply lacks the error envelope",
                reply.status
            ));
        };
        for (name, value) in error {
            self.tally.count(Kind::ReplyProperties);
            let right = match name.as_str() {
                "code" | "message" => value.is_string(),
                "target" => value.is_string() || value.is_null(),
                "innerError" | "innererror" => value.is_object(),
                "details" => value.is_array(),
                name if besides(name, value) => true,
                _ => {
                    self.refuse(format!("{template}: the error envelope has no '{name}'"));
                    continue;
                }
            };
            if !right {
                self.refuse(format!("{template}: error/{name} is {}", shape(value)));
            }
        }
        for name in ["code", "message"] {
            if !error.contains_key(name) {
                self.refuse(format!("{template}: the error envelope lacks '{name}'"));
            }
        }
    }

    fn success(&mut self, method: &str, path: &Path<'_>, address: &Address, reply: &Reply) {
        let template = path.template();
        if !statuses(method, &path.end).contains(&reply.status) {
            self.refuse(format!(
                "{method} {template} is answered with {}, not {:?}",
                reply.status,
                statuses(method, &path.end)
            ));
        }
        let body = match &reply.body {
            Some(Ok(body)) => body,
            Some(Err(text)) => return self.plain(path, text),
            None => {
                let wanted =
                    reply.status != 204 && reply.status != 202 && has_result(method, &path.end);
                if wanted {
                    self.refuse(format!("{method} {template} is answered without a body"));
                }
                return;
            }
        };
        if reply.status == 204 || !has_result(method, &path.end) {
            return self.refuse(format!(
                "{method} {template} is answered with a body, but returns nothing"
            ));
        }
        let root = path.subject().unwrap_or_default().to_owned();
        match &path.end {
            End::Entity { ty, .. } => self.one(ty, body),
            End::Entities { ty, .. } if method == "POST" => self.one(ty, body),
            End::Entities { ty, .. } => self.many(
                &Type {
                    name: ty.clone(),
                    collection: true,
                },
                body,
                &root,
            ),
            End::Property { ty, nullable } => self.result(ty, *nullable, body, &root),
            End::Operation(operation) => {
                if let Some((ty, nullable)) = &operation.result {
                    self.result(ty, *nullable, body, &operation.name);
                }
            }
            End::Count { .. } if body.is_u64() => {}
            End::Count { .. } => {
                self.refuse(format!("{template} is answered with {}", shape(body)))
            }
            End::Reference { .. } | End::Media => {}
        }
        if method == "GET" {
            self.only_selected(path, address, body);
        }
    }

    /// A reply that is not JSON.
    fn plain(&mut self, path: &Path<'_>, text: &str) {
        let right = match path.end {
            End::Count { .. } => text
                .trim()
                .trim_start_matches('\u{feff}')
                .parse::<u64>()
                .is_ok(),
            End::Media => true,
            _ => false,
        };
        if !right {
            self.refuse(format!(
                "{} is answered with something that is not JSON",
                path.template()
            ));
        }
    }

    fn one(&mut self, ty: &str, body: &Value) {
        match body {
            Value::Object(object) => self.object(Side::Reply, ty, object, ty),
            other => self.refuse(format!("a {ty} is answered as {}", shape(other))),
        }
    }

    fn many(&mut self, ty: &Type, body: &Value, at: &str) {
        let Some(items) = self.wrapped(body, at) else {
            return;
        };
        self.value(Side::Reply, ty, false, items, at);
    }

    /// The result of a property or an operation: structured ones stand alone, all others in `value`.
    fn result(&mut self, ty: &Type, nullable: bool, body: &Value, at: &str) {
        if ty.collection || self.model.structured(&ty.name).is_none() {
            if let Some(value) = self.wrapped(body, at) {
                self.value(Side::Reply, ty, nullable, value, at);
            }
        } else {
            self.one(&ty.name, body);
        }
    }

    /// The content of `{"value": …}` with its annotations.
    fn wrapped<'v>(&mut self, body: &'v Value, at: &str) -> Option<&'v Value> {
        let Some(object) = body.as_object() else {
            self.refuse(format!(
                "{at} is answered as {}, not wrapped in 'value'",
                shape(body)
            ));
            return None;
        };
        for (name, value) in object.iter().filter(|(name, _)| *name != "value") {
            let right = match name.as_str() {
                "@odata.nextLink" | "@odata.deltaLink" => {
                    value.as_str().is_some_and(|link| absolute(link).is_some())
                }
                "@odata.count" => value.is_u64(),
                _ => name.starts_with("@odata.") || name.starts_with("@microsoft.graph."),
            };
            if !right {
                self.refuse(format!("{at} is answered with '{name}' beside 'value'"));
            }
        }
        let value = object.get("value");
        if value.is_none() {
            self.refuse(format!("{at} is answered without 'value'"));
        }
        value
    }

    /// With `$select`, a reply holds what was asked for and the keys; navigations only where `$expand` names them.
    /// A sandbox that sends more hides a client that forgot to ask.
    fn only_selected(&mut self, path: &Path<'_>, address: &Address, body: &Value) {
        if !matches!(path.end, End::Entity { .. } | End::Entities { .. }) {
            return;
        }
        let Some(ty) = path.subject() else { return };
        let ty = ty.to_owned();
        let names = |option: &str| -> Option<HashSet<String>> {
            let first = |item: &str| {
                item.split(['/', '('])
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            };
            address
                .option(option)
                .map(|value| split_outside(value, ',').into_iter().map(first).collect())
        };
        let selected =
            names("$select").filter(|names| !names.iter().any(|name| name.contains('.')));
        let expanded = names("$expand").unwrap_or_default();
        let items: Vec<&Map<String, Value>> = match body.get("value") {
            Some(Value::Array(items)) if path.is_many() => {
                items.iter().filter_map(Value::as_object).collect()
            }
            _ => body.as_object().into_iter().collect(),
        };
        for name in items
            .iter()
            .flat_map(|item| item.keys())
            .filter(|name| !name.contains('@'))
        {
            let Some(member) = self
                .model
                .member(&ty, name)
                .or_else(|| self.model.derived_member(&ty, name))
            else {
                continue;
            };
            if member.role != Role::Property {
                if !expanded.contains(name) {
                    self.refuse(format!(
                        "{} is answered with '{name}', which was not expanded",
                        path.template()
                    ));
                }
            } else if selected.as_ref().is_some_and(|names| !names.contains(name))
                && !self.model.is_key(&ty, name)
            {
                self.refuse(format!(
                    "{} is answered with '{name}', which was not selected",
                    path.template()
                ));
            }
        }
    }
}

/// The success statuses that Microsoft's pages give for a method on such a place.
fn statuses(method: &str, end: &End<'_>) -> &'static [u16] {
    match (method, end) {
        ("GET", _) => &[200],
        (_, End::Reference { .. }) | ("DELETE", _) => &[204],
        ("POST", End::Entities { .. }) => &[201],
        ("POST", _) => &[200, 201, 202, 204],
        ("PATCH", _) => &[200, 204],
        _ => &[200, 201, 204],
    }
}

/// Whether a success can carry a body.
fn has_result(method: &str, end: &End<'_>) -> bool {
    match (method, end) {
        ("GET", _) => true,
        (_, End::Reference { .. }) | ("DELETE", _) => false,
        (_, End::Operation(operation)) => operation.result.is_some(),
        _ => true,
    }
}
