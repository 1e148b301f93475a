//! Microsoft's metadata (CSDL) as the types, members and operations that the check looks up.

mod reader;

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, bail};
use roxmltree::{Document, Node};

use self::reader::{LocalName as _, Reader, named};

/// A type by its full name, or a collection of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// `Edm.String`, `microsoft.graph.user`, …
    pub(crate) name: String,
    pub(crate) collection: bool,
}

/// A property or a navigation property.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) ty: Type,
    pub(crate) nullable: bool,
    pub(crate) role: Role,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Property,
    /// Leads to entities that live here (`contained`) or elsewhere.
    Navigation {
        contained: bool,
    },
}

/// An entity type or a complex type.
#[derive(Debug, Default)]
pub(crate) struct Structured {
    base: Option<String>,
    pub(crate) open: bool,
    pub(crate) is_abstract: bool,
    keys: HashSet<String>,
    members: BTreeMap<String, Member>,
}

/// The values of an enumeration.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) flags: bool,
    pub(crate) members: HashSet<String>,
}

/// What the service root offers under one name.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) ty: String,
    pub(crate) set: bool,
}

/// A bound action or function.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    namespace: String,
    pub(crate) action: bool,
    bound: Type,
    pub(crate) parameters: Vec<Parameter>,
    /// The type of the result and whether it may be null.
    pub(crate) result: Option<(Type, bool)>,
}

/// One parameter of an operation, the binding one left out.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) nullable: bool,
    pub(crate) optional: bool,
}

/// Everything the metadata says.
#[derive(Debug, Default)]
pub(crate) struct Model {
    types: HashMap<String, Structured>,
    enums: HashMap<String, Enumeration>,
    roots: HashMap<String, Root>,
    operations: HashMap<String, Vec<Operation>>,
    /// `type/navigation Deletable` and the like: what the capability annotations rule out.
    ruled_out: HashSet<String>,
}

impl Model {
    /// Reads a CSDL document.
    ///
    /// # Errors
    /// When it is not XML, declares no types or has an element without its name.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let document = Document::parse(text).context("the metadata is not well-formed XML")?;
        let schemas: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name_local("Schema"))
            .collect();
        let mut aliases = HashMap::new();
        for schema in &schemas {
            if let Some(alias) = schema.attribute("Alias") {
                aliases.insert(alias.to_owned(), named(*schema, "Namespace")?);
            }
        }
        let mut model = Self::default();
        for schema in schemas {
            let mut scope = aliases.clone();
            let namespace = named(schema, "Namespace")?;
            if let Some(alias) = schema.attribute("Alias") {
                scope.insert(alias.to_owned(), namespace.clone());
            }
            let reader = Reader { namespace, scope };
            for child in schema.children().filter(Node::is_element) {
                reader.element(child, &mut model)?;
            }
        }
        if model.types.is_empty() {
            bail!("the metadata declares no types");
        }
        Ok(model)
    }

    /// The structured type of this full name.
    pub(crate) fn structured(&self, name: &str) -> Option<&Structured> {
        self.types.get(name)
    }

    /// The enumeration of this full name.
    pub(crate) fn enumeration(&self, name: &str) -> Option<&Enumeration> {
        self.enums.get(name)
    }

    /// The entity set or singleton of this name.
    pub(crate) fn root(&self, name: &str) -> Option<&Root> {
        self.roots.get(name)
    }

    /// A type and its base types, the nearest first.
    pub(crate) fn lineage<'m>(
        &'m self,
        name: &str,
    ) -> impl Iterator<Item = (&'m str, &'m Structured)> {
        let first = self.types.get_key_value(name);
        std::iter::successors(first, |(_, ty)| {
            ty.base
                .as_ref()
                .and_then(|base| self.types.get_key_value(base))
        })
        .map(|(name, ty)| (name.as_str(), ty))
    }

    /// The member of this name, inherited ones included.
    pub(crate) fn member(&self, ty: &str, name: &str) -> Option<&Member> {
        self.lineage(ty).find_map(|(_, ty)| ty.members.get(name))
    }

    /// A member of this name on some type that derives from `ty`, where it says the same on all of them.
    pub(crate) fn derived_member(&self, ty: &str, name: &str) -> Option<&Member> {
        self.types
            .iter()
            .filter(|(_, candidate)| candidate.members.contains_key(name))
            .filter(|(candidate, _)| self.derives(candidate, ty))
            .min_by_key(|(candidate, _)| candidate.as_str())
            .and_then(|(_, candidate)| candidate.members.get(name))
    }

    /// Whether `ty` is `base` or derives from it.
    pub(crate) fn derives(&self, ty: &str, base: &str) -> bool {
        ty == base || self.lineage(ty).any(|(name, _)| name == base)
    }

    /// Whether entities of this type are found under this property.
    pub(crate) fn is_key(&self, ty: &str, property: &str) -> bool {
        self.lineage(ty).any(|(_, ty)| ty.keys.contains(property))
    }

    /// Whether nothing is declared for this type, so that any content is right (`graph.Json`, dictionaries).
    pub(crate) fn is_bag(&self, ty: &str) -> bool {
        self.types.contains_key(ty) && self.lineage(ty).all(|(_, ty)| ty.members.is_empty())
    }

    /// The operation that can be called here under this name, with or without its namespace; the nearest binding wins.
    pub(crate) fn operation(&self, called: &str, on: &Type) -> Option<&Operation> {
        let short = called.rsplit('.').next()?;
        self.operations
            .get(short)?
            .iter()
            .filter(|operation| {
                called == short || called == format!("{}.{short}", operation.namespace)
            })
            .filter(|operation| operation.bound.collection == on.collection)
            .filter_map(|operation| {
                let distance = self
                    .lineage(&on.name)
                    .position(|(name, _)| name == operation.bound.name)?;
                Some((distance, operation))
            })
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, operation)| operation)
    }

    /// Whether a capability annotation (`Deletable`, `Insertable`, …) says no for this navigation.
    pub(crate) fn rules_out(&self, owner: &str, navigation: &str, capability: &str) -> bool {
        self.lineage(owner).any(|(name, _)| {
            self.ruled_out
                .contains(&format!("{name}/{navigation} {capability}"))
        })
    }

    /// The full name of a type written with an alias, a leading `#` or in full.
    pub(crate) fn full_name(&self, written: &str) -> String {
        let bare = written.trim_start_matches('#');
        match bare.strip_prefix("graph.") {
            Some(rest) => format!("microsoft.graph.{rest}"),
            None => bare.to_owned(),
        }
    }
}
