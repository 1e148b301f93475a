//! A Graph path as the metadata understands it: what each segment is, and what it leads to.

use crate::contract::csdl::{Operation, Type};

/// A path that leads somewhere.
#[derive(Debug)]
pub(crate) struct Path<'m> {
    pub(crate) segments: Vec<Segment>,
    pub(crate) end: End<'m>,
}

/// One segment and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A name that the metadata declares.
    Name(String),
    /// The key of one object in a collection.
    Key(String),
    /// A name with arguments, their values taken out: `servicePrincipals(appId={})`.
    Call(String),
    /// A narrowing to a derived type.
    Cast(String),
}

/// How the path got to its end: the type and the navigation before it, where there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Via {
    pub(crate) owner: Option<String>,
    pub(crate) name: String,
    /// The objects live here; false for a reference to objects that live elsewhere.
    pub(crate) contained: bool,
}

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum End<'m> {
    Entity { ty: String, via: Via },
    Entities { ty: String, via: Via },
    Property { ty: Type, nullable: bool },
    Reference { ty: String, many: bool },
    Count { ty: String },
    Media,
    Operation(&'m Operation),
}

impl Path<'_> {
    /// The path with keys taken out, as documentation writes it.
    pub(crate) fn template(&self) -> String {
        written(self.segments.iter())
    }

    /// The same without narrowings to a derived type.
    pub(crate) fn uncast(&self) -> String {
        written(
            self.segments
                .iter()
                .filter(|segment| !matches!(segment, Segment::Cast(_))),
        )
    }

    /// The type that query options speak of, where the end has one.
    pub(crate) fn subject(&self) -> Option<&str> {
        match &self.end {
            End::Entity { ty, .. }
            | End::Entities { ty, .. }
            | End::Count { ty }
            | End::Reference { ty, .. } => Some(ty),
            End::Property { ty, .. } => Some(&ty.name),
            End::Operation(operation) => operation.result.as_ref().map(|(ty, _)| ty.name.as_str()),
            End::Media => None,
        }
    }

    /// Whether a reply holds many things.
    pub(crate) fn is_many(&self) -> bool {
        match &self.end {
            End::Entities { .. } => true,
            End::Reference { many, .. } => *many,
            End::Property { ty, .. } => ty.collection,
            End::Operation(operation) => operation
                .result
                .as_ref()
                .is_some_and(|(ty, _)| ty.collection),
            End::Entity { .. } | End::Count { .. } | End::Media => false,
        }
    }
}

fn written<'s>(segments: impl Iterator<Item = &'s Segment>) -> String {
    segments.fold(String::new(), |text, segment| match segment {
        Segment::Key(_) => text + "/{id}",
        Segment::Name(name) | Segment::Call(name) | Segment::Cast(name) => text + "/" + name,
    })
}
