//! Holds a JSON value against the type that the metadata gives it.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::address::absolute;
use super::case::Case;
use super::csdl::{Member, Role, Type};
use super::tally::Kind;

/// Which way a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Body,
    Reply,
}

impl Side {
    fn kind(self) -> Kind {
        match self {
            Self::Body => Kind::BodyProperties,
            Self::Reply => Kind::ReplyProperties,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Body => "sent",
            Self::Reply => "replied",
        }
    }
}

/// Microsoft's name for extension properties that an organisation adds to a directory object.
const EXTENSION_PREFIX: &str = "extension_";

impl Case<'_> {
    /// Holds one value against a type.
    pub(crate) fn value(&mut self, side: Side, ty: &Type, nullable: bool, value: &Value, at: &str) {
        if value.is_null() {
            if !nullable {
                self.refuse(format!(
                    "{at} is {} as null, which its type does not allow",
                    side.word()
                ));
            }
            return;
        }
        if !ty.collection {
            return self.single(side, &ty.name, value, at);
        }
        let Value::Array(items) = value else {
            return self.refuse(format!(
                "{at} is {} as {}, but is a collection",
                side.word(),
                shape(value)
            ));
        };
        for item in items {
            if item.is_null() {
                self.refuse(format!(
                    "{at} is {} with a null among its items",
                    side.word()
                ));
            } else {
                self.single(side, &ty.name, item, at);
            }
        }
    }

    fn single(&mut self, side: Side, ty: &str, value: &Value, at: &str) {
        if let Some(primitive) = ty.strip_prefix("Edm.") {
            if !is_primitive(primitive, value) {
                self.refuse(format!(
                    "{at} is {} as {}, but is {ty}",
                    side.word(),
                    shape(value)
                ));
            }
        } else if self.model.enumeration(ty).is_some() {
            self.enumerated(ty, value, at);
        } else if self.model.is_bag(ty) {
            // Nothing is declared, so nothing can be wrong.
        } else if let Value::Object(object) = value {
            self.object(side, ty, object, at);
        } else {
            self.refuse(format!(
                "{at} is {} as {}, but is {ty}",
                side.word(),
                shape(value)
            ));
        }
    }

    /// Holds a value against an enumeration.
    pub(crate) fn enumerated(&mut self, ty: &str, value: &Value, at: &str) {
        let Some(enumeration) = self.model.enumeration(ty) else {
            return;
        };
        let Value::String(text) = value else {
            return self.refuse(format!(
                "{at} is {}, but {ty} is written by name",
                shape(value)
            ));
        };
        let names: Vec<&str> = if enumeration.flags {
            text.split(',').map(str::trim).collect()
        } else {
            vec![text]
        };
        for name in names {
            self.tally.count(Kind::EnumValues);
            if !enumeration.members.contains(name) {
                self.refuse(format!("{at} is '{name}', which {ty} does not have"));
            }
        }
    }

    /// Holds an object against a structured type, or against the derived type that it names.
    pub(crate) fn object(
        &mut self,
        side: Side,
        declared: &str,
        object: &Map<String, Value>,
        at: &str,
    ) {
        let ty = self.actual_type(declared, object, at);
        let is_abstract = self.model.structured(&ty).is_some_and(|ty| ty.is_abstract);
        if is_abstract && !object.contains_key("@odata.type") && !object.contains_key("@removed") {
            self.refuse(format!(
                "{at} is {} without @odata.type, but {ty} is abstract",
                side.word()
            ));
        }
        for (name, value) in object {
            let at = format!("{at}/{name}");
            if let Some((target, annotation)) = name.split_once('@') {
                self.annotation(side, &ty, target, annotation, value, &at);
                continue;
            }
            self.tally.count(side.kind());
            match self.model.member(&ty, name) {
                Some(member) => self.member(side, member, value, &at),
                None => self.undeclared(&ty, name),
            }
        }
    }

    fn member(&mut self, side: Side, member: &Member, value: &Value, at: &str) {
        // A single navigation that leads nowhere is null whatever the metadata says of its target.
        let nullable = member.nullable || (member.role != Role::Property && !member.ty.collection);
        self.value(side, &member.ty, nullable, value, at);
    }

    /// The type that `@odata.type` names, once it is known to be a kind of the declared one.
    fn actual_type(&mut self, declared: &str, object: &Map<String, Value>, at: &str) -> String {
        let Some(Value::String(written)) = object.get("@odata.type") else {
            return declared.to_owned();
        };
        let named = self.model.full_name(written);
        if !written.starts_with('#') {
            self.refuse(format!(
                "{at}/@odata.type is '{written}', which lacks its leading '#'"
            ));
        }
        if self.model.structured(&named).is_none() {
            self.refuse(format!("{at}/@odata.type is '{written}', which is no type"));
            return declared.to_owned();
        }
        if !self.model.derives(&named, declared) {
            self.refuse(format!(
                "{at}/@odata.type is '{written}', which is no kind of {declared}"
            ));
            return declared.to_owned();
        }
        named
    }

    fn undeclared(&mut self, ty: &str, name: &str) {
        // An open type takes any name, but what Microsoft puts there are extensions; anything else is a mistake.
        let open = self.model.lineage(ty).any(|(_, ty)| ty.open);
        if !(open && name.starts_with(EXTENSION_PREFIX)) {
            self.refuse(format!("{ty} has no property '{name}'"));
        }
    }

    fn annotation(
        &mut self,
        side: Side,
        ty: &str,
        target: &str,
        annotation: &str,
        value: &Value,
        at: &str,
    ) {
        let member = self.model.member(ty, target);
        if !target.is_empty() && member.is_none() {
            return self.refuse(format!(
                "{ty} has no property '{target}' that {annotation} could speak of"
            ));
        }
        let known = annotation.starts_with("odata.")
            || (side == Side::Reply
                && (annotation.starts_with("microsoft.graph.") || annotation == "removed"))
            || (side == Side::Reply && annotation == "delta");
        if !known {
            return self.refuse(format!("{at} is an annotation that nobody documents"));
        }
        let well_typed = match annotation {
            "odata.nextLink" | "odata.deltaLink" => {
                value.as_str().is_some_and(|link| absolute(link).is_some())
            }
            "odata.context" | "odata.id" | "odata.type" | "odata.etag" => value.is_string(),
            "odata.count" => value.is_u64(),
            _ => true,
        };
        if !well_typed {
            self.refuse(format!("{at} is {} as {}", side.word(), shape(value)));
        }
        if let ("odata.bind", Some(member)) = (annotation, member) {
            self.tally.count(side.kind());
            let ty = member.ty.clone();
            self.bind(&ty, value, at);
        }
    }
}

/// What a value looks like, for a message that must not repeat what may be secret.
pub(crate) fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Whether a JSON value is a right way to write a primitive type (OData JSON Format 4.01, section 7.1).
fn is_primitive(primitive: &str, value: &Value) -> bool {
    let text = value.as_str();
    let fits = |low: i64, high: i64| {
        value
            .as_i64()
            .is_some_and(|number| (low..=high).contains(&number))
    };
    match primitive {
        "String" => text.is_some(),
        "Boolean" => value.is_boolean(),
        "Byte" => fits(0, 255),
        "SByte" => fits(-128, 127),
        "Int16" => fits(i64::from(i16::MIN), i64::from(i16::MAX)),
        "Int32" => fits(i64::from(i32::MIN), i64::from(i32::MAX)),
        "Int64" => value.is_i64(),
        "Double" | "Single" | "Decimal" => {
            value.is_number() || matches!(text, Some("INF" | "-INF" | "NaN"))
        }
        "Guid" => text.is_some_and(is_guid),
        "DateTimeOffset" => text.is_some_and(is_instant),
        "Date" => text.is_some_and(|text| text.len() == 10 && text.parse::<Date>().is_ok()),
        "TimeOfDay" => text.is_some_and(|text| text.parse::<Time>().is_ok()),
        "Duration" => text.is_some_and(|text| {
            text.trim_start_matches('-').starts_with('P') && text.parse::<jiff::Span>().is_ok()
        }),
        "Binary" => text.is_some_and(|text| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "+/-_=".contains(c))
        }),
        _ => true,
    }
}

/// Whether a text is a GUID with its hyphens.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::parse_str(text).is_ok()
}

/// Whether a text is a point in time with its offset.
pub(crate) fn is_instant(text: &str) -> bool {
    text.contains('T') && text.parse::<Timestamp>().is_ok()
}
