//! Holds the body of a Graph request against what the path and the method take.

use serde_json::{Map, Value};

use super::address::{Address, absolute};
use super::case::Case;
use super::csdl::{Operation, Type};
use super::resolve::{End, Path, Via, resolve};
use super::tally::Kind;
use super::values::{Side, shape};

/// Members that one request may bind (Microsoft's page "Add members").
const BINDS_AT_MOST: usize = 20;

impl Case<'_> {
    /// Says whether the method can be used on what the path leads to, and holds the body against it.
    pub(crate) fn sent(&mut self, method: &str, path: &Path<'_>, body: Option<&Value>) {
        let template = path.template();
        match (method, &path.end) {
            ("GET", End::Operation(operation)) if operation.action => {
                self.refuse(format!(
                    "{} is an action and wants POST, not GET",
                    operation.name
                ));
            }
            ("GET", _) => self.no_body(method, &template, body),
            ("POST", End::Operation(operation)) if operation.action => {
                self.parameters(operation, body)
            }
            ("POST", End::Operation(operation)) => {
                self.refuse(format!(
                    "{} is a function and wants GET, not POST",
                    operation.name
                ));
            }
            ("POST", End::Entities { ty, via }) => {
                self.allowed(via, "Insertable", method);
                self.lives_here(via, method, &template);
                self.entity(ty, method, &template, body);
            }
            ("PATCH", End::Entity { ty, via }) => {
                self.allowed(via, "Updatable", method);
                self.entity(ty, method, &template, body);
            }
            ("PATCH", End::Property { ty, .. }) if !ty.collection => {
                self.whole(ty, &template, body)
            }
            ("PUT", End::Entity { ty, via }) => {
                self.lives_here(via, method, &template);
                self.entity(ty, method, &template, body);
            }
            ("POST", End::Reference { ty, many: true })
            | ("PUT", End::Reference { ty, many: false }) => {
                self.reference(ty, &template, body);
            }
            ("PUT" | "PATCH", End::Media) => {}
            ("DELETE", End::Entity { via, .. }) => {
                self.allowed(via, "Deletable", method);
                self.lives_here(via, method, &template);
                self.no_body(method, &template, body);
            }
            ("DELETE", End::Reference { many: false, .. }) => self.no_body(method, &template, body),
            _ => self.refuse(format!("{method} is nothing that {template} takes")),
        }
    }

    fn no_body(&mut self, method: &str, template: &str, body: Option<&Value>) {
        if body.is_some() {
            self.refuse(format!("{method} {template} takes no body"));
        }
    }

    fn allowed(&mut self, via: &Via, capability: &str, method: &str) {
        if let Some(owner) = &via.owner
            && self.model.rules_out(owner, &via.name, capability)
        {
            self.refuse(format!(
                "{owner}/{} is not {capability}, but {method} is sent",
                via.name
            ));
        }
    }

    /// A write to an object through a reference meets the object itself: `DELETE /groups/{id}/members/{id}` without
    /// `/$ref` deletes the user.
    fn lives_here(&mut self, via: &Via, method: &str, template: &str) {
        if !via.contained {
            self.refuse(format!(
                "{method} {template} meets the object itself; a membership is written with /$ref"
            ));
        }
    }

    fn entity(&mut self, ty: &str, method: &str, template: &str, body: Option<&Value>) {
        match body {
            Some(Value::Object(object)) => {
                if method == "PATCH" && object.is_empty() {
                    self.refuse(format!("PATCH {template} changes nothing"));
                }
                self.object(Side::Body, ty, object, ty);
            }
            Some(other) => self.refuse(format!(
                "{method} {template} wants an object and got {}",
                shape(other)
            )),
            None => self.refuse(format!("{method} {template} wants a body")),
        }
    }

    fn whole(&mut self, ty: &Type, template: &str, body: Option<&Value>) {
        match body {
            Some(value) => self.value(Side::Body, ty, false, value, &ty.name),
            None => self.refuse(format!("PATCH {template} wants a body")),
        }
    }

    /// Holds a body against an action's parameters. Their case is free: Microsoft's pages write `message` where the
    /// metadata of `sendMail` has `Message`.
    fn parameters(&mut self, operation: &Operation, body: Option<&Value>) {
        let empty = Map::new();
        let given = match body {
            Some(Value::Object(object)) => object,
            None => &empty,
            Some(other) => {
                return self.refuse(format!(
                    "{} wants an object and got {}",
                    operation.name,
                    shape(other)
                ));
            }
        };
        for (name, value) in given {
            self.tally.count(Kind::BodyProperties);
            let parameter = operation
                .parameters
                .iter()
                .find(|p| p.name.eq_ignore_ascii_case(name));
            let at = format!("{}({name})", operation.name);
            match parameter {
                Some(parameter) => {
                    self.value(Side::Body, &parameter.ty, parameter.nullable, value, &at)
                }
                None => self.refuse(format!("{} has no parameter '{name}'", operation.name)),
            }
        }
        for parameter in operation
            .parameters
            .iter()
            .filter(|p| !p.nullable && !p.optional)
        {
            if !given
                .keys()
                .any(|name| name.eq_ignore_ascii_case(&parameter.name))
            {
                self.refuse(format!(
                    "{} lacks its parameter '{}'",
                    operation.name, parameter.name
                ));
            }
        }
    }

    fn reference(&mut self, ty: &str, template: &str, body: Option<&Value>) {
        self.tally.count(Kind::BodyProperties);
        let link = body
            .and_then(Value::as_object)
            .filter(|object| object.len() == 1)
            .and_then(|object| object.get("@odata.id"));
        match link {
            Some(link) => self.leads_to(ty, link, template),
            None => self.refuse(format!("{template} wants one @odata.id and nothing else")),
        }
    }

    /// Holds the links of `members@odata.bind` and the like against the navigation's type.
    pub(crate) fn bind(&mut self, ty: &Type, value: &Value, at: &str) {
        match value {
            Value::Array(links) if ty.collection => {
                if links.len() > BINDS_AT_MOST {
                    self.refuse(format!(
                        "{at} binds {} objects, {BINDS_AT_MOST} are the most",
                        links.len()
                    ));
                }
                for link in links {
                    self.leads_to(&ty.name, link, at);
                }
            }
            link if !ty.collection => self.leads_to(&ty.name, link, at),
            other => self.refuse(format!(
                "{at} wants an array of links and got {}",
                shape(other)
            )),
        }
    }

    fn leads_to(&mut self, wanted: &str, link: &Value, at: &str) {
        let relative = link
            .as_str()
            .and_then(absolute)
            .and_then(|link| link.split_once("/v1.0/"));
        let Some((_, relative)) = relative else {
            return self.refuse(format!("{at}: the link is no absolute v1.0 address"));
        };
        match resolve(self.model, &Address::parse(relative).segments).map(|path| path.end) {
            Ok(End::Entity { ty, .. })
                if self.model.derives(&ty, wanted) || self.model.derives(wanted, &ty) => {}
            Ok(_) => self.refuse(format!("{at}: the link leads to no {wanted}")),
            Err(why) => self.refuse(format!("{at}: the link leads nowhere: {why}")),
        }
    }
}
