//! Holds the query options of a Graph request against the type that they speak of.

use super::address::{Address, split_outside};
use super::case::Case;
use super::csdl::{Role, Type};
use super::filter::{EACH, Filter, Operand};
use super::resolve::{End, Path, Segment, Via};
use super::tally::Kind;
use super::values::is_instant;

/// Options that carry no names of ours: what the service itself put into a link.
const OPAQUE: [&str; 3] = ["$skiptoken", "$deltatoken", "$format"];

impl Case<'_> {
    /// Holds all query options of a request.
    pub(crate) fn options(
        &mut self,
        method: &str,
        path: &Path<'_>,
        address: &Address,
        eventual: bool,
    ) {
        let calendar_view =
            matches!(&path.end, End::Entities { via, .. } if via.name == "calendarView");
        for (name, value) in &address.options {
            self.tally.count(Kind::QueryOptions);
            if method != "GET" {
                self.refuse(format!(
                    "{method} takes no query option, but '{name}' is sent"
                ));
            } else if calendar_view && matches!(name.as_str(), "startDateTime" | "endDateTime") {
                if !is_instant(value) && value.parse::<jiff::civil::DateTime>().is_err() {
                    self.refuse(format!("{name} is no time"));
                }
            } else if !OPAQUE.contains(&name.as_str()) {
                self.option(path, name, value);
            }
        }
        let names: Vec<&String> = address.options.iter().map(|(name, _)| name).collect();
        if names
            .iter()
            .enumerate()
            .any(|(at, name)| names[..at].contains(name))
        {
            self.refuse(format!(
                "a query option of {} is sent twice",
                path.template()
            ));
        }
        let continued =
            address.option("$skiptoken").is_some() || address.option("$deltatoken").is_some();
        if calendar_view
            && !continued
            && (address.option("startDateTime").is_none()
                || address.option("endDateTime").is_none())
        {
            self.refuse("calendarView needs startDateTime and endDateTime".to_owned());
        }
        if !continued {
            self.advanced(path, address, eventual);
        }
    }

    fn option(&mut self, path: &Path<'_>, name: &str, value: &str) {
        let Some(ty) = path.subject() else {
            return self.refuse(format!(
                "{} has nothing that '{name}' could speak of",
                path.template()
            ));
        };
        let ty = ty.to_owned();
        let many_only = matches!(
            name,
            "$filter" | "$orderby" | "$top" | "$skip" | "$count" | "$search"
        );
        let many = path.is_many() || matches!(path.end, End::Count { .. });
        if many_only && !many {
            return self.refuse(format!(
                "{} is no collection, but '{name}' is sent",
                path.template()
            ));
        }
        self.capability(path, name);
        self.option_on(&ty, name, value);
    }

    /// Holds one option against a type; also those nested in `$expand`.
    fn option_on(&mut self, ty: &str, name: &str, value: &str) {
        match name {
            "$select" => {
                for item in value.split(',') {
                    if let Err(why) = self.property(ty, item.trim()) {
                        self.refuse(format!("$select: {why}"));
                    }
                }
            }
            "$orderby" => {
                for item in value.split(',') {
                    let mut words = item.split_whitespace();
                    if let Err(why) = self.property(ty, words.next().unwrap_or_default()) {
                        self.refuse(format!("$orderby: {why}"));
                    }
                    if !matches!(words.next(), None | Some("asc" | "desc")) {
                        self.refuse(format!("$orderby: '{item}' is neither asc nor desc"));
                    }
                }
            }
            "$top" | "$skip" => {
                if value.parse::<u32>().is_err() || (name == "$top" && value == "0") {
                    self.refuse(format!("{name} is '{value}', which is no such number"));
                }
            }
            "$count" => {
                if !matches!(value, "true" | "false") {
                    self.refuse(format!("$count is '{value}', neither true nor false"));
                }
            }
            "$search" => {
                if !(value.starts_with('"') && value.ends_with('"')) {
                    self.refuse("$search is not in double quotes".to_owned());
                }
            }
            "$filter" => self.filter(ty, value),
            "$expand" => self.expand(ty, value),
            _ => self.refuse(format!("there is no query option '{name}'")),
        }
    }

    fn filter(&mut self, ty: &str, text: &str) {
        let filter = match Filter::parse(text) {
            Ok(filter) => filter,
            Err(why) => return self.refuse(format!("$filter: {why}")),
        };
        for path in &filter.paths {
            if let Err(why) = self.property(ty, &path.join("/")) {
                self.refuse(format!("$filter: {why}"));
            }
        }
        for (path, operator, literal) in &filter.comparisons {
            let path = path.join("/");
            let Ok(property) = self.property(ty, &path) else {
                continue;
            };
            if let Operand::Text(text) = literal
                && self.model.enumeration(&property.name).is_some()
            {
                self.enumerated(
                    &property.name,
                    &serde_json::Value::from(text.as_str()),
                    &format!("$filter: {path}"),
                );
            } else if !comparable(&property, literal) {
                self.refuse(format!(
                    "$filter: {path} {operator} … compares {} with {literal:?}",
                    property.name
                ));
            }
        }
    }

    fn expand(&mut self, ty: &str, value: &str) {
        for item in split_outside(value, ',') {
            let (name, inner) = item
                .split_once('(')
                .and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)))
                .unwrap_or((item, ""));
            let name = name.trim();
            let Some(member) = self.navigation(ty, name) else {
                self.refuse(format!("$expand: {ty} has no navigation '{name}'"));
                continue;
            };
            for option in split_outside(inner, ';')
                .into_iter()
                .filter(|option| !option.is_empty())
            {
                let (name, value) = option.split_once('=').unwrap_or((option, ""));
                self.tally.count(Kind::QueryOptions);
                self.option_on(&member.name, name.trim(), value);
            }
        }
    }

    fn navigation(&self, ty: &str, name: &str) -> Option<Type> {
        let (ty, name) = match name.rsplit_once('/') {
            Some((cast, name)) => (self.model.full_name(cast), name),
            None => (ty.to_owned(), name),
        };
        let member = self
            .model
            .member(&ty, name)
            .or_else(|| self.model.derived_member(&ty, name))?;
        matches!(member.role, Role::Navigation { .. }).then(|| member.ty.clone())
    }

    /// The type at the end of a path of properties. A name that only a derived type has is right as well:
    /// `/users/{id}/memberOf?$select=displayName` selects from groups although it is declared as directory objects.
    fn property(&self, ty: &str, path: &str) -> Result<Type, String> {
        let mut here = Type {
            name: ty.to_owned(),
            collection: false,
        };
        for name in path.split('/') {
            let full = self.model.full_name(name);
            if name.contains('.') && self.model.structured(&full).is_some() {
                here.name = full;
                continue;
            }
            if name == EACH {
                here.collection = false;
                continue;
            }
            if name == "$count" {
                here = Type {
                    name: "Edm.Int32".to_owned(),
                    collection: false,
                };
                continue;
            }
            if here.collection {
                return Err(format!(
                    "'{name}' is asked of a whole collection in '{path}'"
                ));
            }
            let member = self
                .model
                .member(&here.name, name)
                .or_else(|| self.model.derived_member(&here.name, name));
            match member {
                Some(member) => here = member.ty.clone(),
                None if self.model.is_bag(&here.name) => return Ok(here),
                None => return Err(format!("{} has no property '{name}'", here.name)),
            }
        }
        Ok(here)
    }

    fn capability(&mut self, path: &Path<'_>, option: &str) {
        let capability = match option {
            "$search" => "Searchable",
            "$filter" => "Filterable",
            "$count" => "Countable",
            _ => return,
        };
        if let End::Entities {
            via:
                Via {
                    owner: Some(owner),
                    name,
                    ..
                },
            ..
        } = &path.end
            && self.model.rules_out(owner, name, capability)
        {
            self.refuse(format!(
                "{owner}/{name} is not {capability}, but '{option}' is sent"
            ));
        }
    }

    /// Queries of directory objects that only the eventually consistent index answers: they need the header
    /// `ConsistencyLevel: eventual` and, except `$search` and `/$count`, `$count=true`
    /// (learn.microsoft.com/graph/aad-advanced-queries).
    fn advanced(&mut self, path: &Path<'_>, address: &Address, eventual: bool) {
        let Some(ty) = path.subject() else {
            return;
        };
        if !self.model.derives(ty, "microsoft.graph.directoryObject") {
            return;
        }
        let has = |name: &str| address.option(name).is_some();
        let cast = path
            .segments
            .iter()
            .any(|segment| matches!(segment, Segment::Cast(_)));
        let operator = address
            .option("$filter")
            .and_then(|text| Filter::parse(text).ok())
            .and_then(|filter| {
                filter
                    .uses
                    .into_iter()
                    .find(|word| matches!(word.as_str(), "ne" | "not" | "endswith"))
            });
        let why = if let Some(operator) = operator {
            format!("'{operator}' in $filter")
        } else if has("$filter") && has("$orderby") {
            "$orderby with $filter".to_owned()
        } else if cast && (has("$filter") || has("$orderby")) {
            "a cast with $filter or $orderby".to_owned()
        } else if matches!(path.end, End::Count { .. }) {
            "/$count".to_owned()
        } else if has("$search") {
            "$search".to_owned()
        } else {
            return;
        };
        let counted = address.option("$count") == Some("true")
            || has("$search")
            || matches!(path.end, End::Count { .. });
        if !eventual {
            self.refuse(format!(
                "{}: {why} needs the header ConsistencyLevel: eventual",
                path.template()
            ));
        }
        if !counted {
            self.refuse(format!("{}: {why} needs $count=true", path.template()));
        }
    }
}

/// Whether a literal can be compared with a property of this type.
fn comparable(property: &Type, literal: &Operand) -> bool {
    let primitive = property.name.strip_prefix("Edm.");
    match literal {
        Operand::Null | Operand::Computed | Operand::Path(_) => true,
        _ if property.collection => false,
        Operand::Text(_) => matches!(primitive, Some("String")),
        Operand::Boolean => matches!(primitive, Some("Boolean")),
        Operand::Guid => matches!(primitive, Some("Guid")),
        Operand::Instant => matches!(primitive, Some("DateTimeOffset")),
        Operand::Date => matches!(primitive, Some("Date" | "DateTimeOffset")),
        Operand::Number => {
            matches!(
                primitive,
                Some("Byte" | "Int16" | "Int32" | "Int64" | "Double" | "Single" | "Decimal")
            )
        }
    }
}
