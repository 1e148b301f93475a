//! Reads the schemas of a CSDL document, element by element.

use std::collections::HashMap;

use anyhow::Context;
use roxmltree::Node;

use super::{Enumeration, Member, Model, Operation, Parameter, Role, Root, Structured, Type};

/// Capabilities that can be ruled out per navigation. `Expandable` is not among them: Microsoft marks
/// `user/messages` as not expandable while its pages expand attachments there.
const CAPABILITIES: [&str; 6] = [
    "Deletable",
    "Insertable",
    "Updatable",
    "Searchable",
    "Countable",
    "Filterable",
];

/// Reads one schema.
pub(super) struct Reader {
    pub(super) namespace: String,
    pub(super) scope: HashMap<String, String>,
}

impl Reader {
    pub(super) fn element(&self, node: Node<'_, '_>, model: &mut Model) -> anyhow::Result<()> {
        match node.tag_name().name() {
            "EntityType" | "ComplexType" => {
                model.types.insert(self.own(node)?, self.structured(node)?);
            }
            "EnumType" => {
                let enumeration = Enumeration {
                    flags: truth(node, "IsFlags").unwrap_or(false),
                    members: elements(node, "Member")
                        .map(|member| named(member, "Name"))
                        .collect::<Result<_, _>>()?,
                };
                model.enums.insert(self.own(node)?, enumeration);
            }
            "Action" | "Function" => {
                let operation = self.operation(node)?;
                model
                    .operations
                    .entry(operation.name.clone())
                    .or_default()
                    .push(operation);
            }
            "EntityContainer" => self.container(node, model)?,
            "Annotations" => self.annotations(node, model)?,
            _ => {}
        }
        Ok(())
    }

    fn structured(&self, node: Node<'_, '_>) -> anyhow::Result<Structured> {
        let mut ty = Structured {
            base: node.attribute("BaseType").map(|base| self.full(base)),
            open: truth(node, "OpenType").unwrap_or(false),
            is_abstract: truth(node, "Abstract").unwrap_or(false),
            ..Structured::default()
        };
        for child in node.children().filter(Node::is_element) {
            let role = match child.tag_name().name() {
                "Property" => Role::Property,
                "NavigationProperty" => Role::Navigation {
                    contained: truth(child, "ContainsTarget").unwrap_or(false),
                },
                "Key" => {
                    for key in elements(child, "PropertyRef") {
                        ty.keys.insert(named(key, "Name")?);
                    }
                    continue;
                }
                "Annotation" if ends_with(child, "Term", ".AlternateKeys") => {
                    let paths = child
                        .descendants()
                        .filter_map(|value| value.attribute("PropertyPath"));
                    ty.keys.extend(paths.map(str::to_owned));
                    continue;
                }
                _ => continue,
            };
            let member = Member {
                ty: self.ty(child)?,
                nullable: truth(child, "Nullable").unwrap_or(true),
                role,
            };
            ty.members.insert(named(child, "Name")?, member);
        }
        Ok(ty)
    }

    fn operation(&self, node: Node<'_, '_>) -> anyhow::Result<Operation> {
        let mut parameters = Vec::new();
        let mut bound = None;
        for parameter in elements(node, "Parameter") {
            let ty = self.ty(parameter)?;
            if bound.is_none() {
                bound = Some(ty);
                continue;
            }
            parameters.push(Parameter {
                name: named(parameter, "Name")?,
                ty,
                nullable: truth(parameter, "Nullable").unwrap_or(true),
                optional: elements(parameter, "Annotation")
                    .any(|annotation| ends_with(annotation, "Term", ".OptionalParameter")),
            });
        }
        let result = elements(node, "ReturnType")
            .next()
            .map(|result| anyhow::Ok((self.ty(result)?, truth(result, "Nullable").unwrap_or(true))))
            .transpose()?;
        let name = named(node, "Name")?;
        Ok(Operation {
            bound: bound.with_context(|| format!("the operation {name} is bound to nothing"))?,
            name,
            namespace: self.namespace.clone(),
            action: node.tag_name().name() == "Action",
            parameters,
            result,
        })
    }

    fn container(&self, node: Node<'_, '_>, model: &mut Model) -> anyhow::Result<()> {
        for child in node.children().filter(Node::is_element) {
            let (attribute, set) = match child.tag_name().name() {
                "EntitySet" => ("EntityType", true),
                "Singleton" => ("Type", false),
                _ => continue,
            };
            let ty = self.full(&named(child, attribute)?);
            model.roots.insert(named(child, "Name")?, Root { ty, set });
        }
        Ok(())
    }

    fn annotations(&self, node: Node<'_, '_>, model: &mut Model) -> anyhow::Result<()> {
        let target = named(node, "Target")?;
        let Some((owner, navigation)) = target.split_once('/') else {
            return Ok(());
        };
        let owner = self.full(owner);
        for annotation in elements(node, "Annotation") {
            let values =
                elements(annotation, "Record").flat_map(|record| elements(record, "PropertyValue"));
            for value in values.filter(|value| value.attribute("Bool") == Some("false")) {
                let capability = value.attribute("Property").unwrap_or_default();
                if CAPABILITIES.contains(&capability) {
                    model
                        .ruled_out
                        .insert(format!("{owner}/{navigation} {capability}"));
                }
            }
        }
        Ok(())
    }

    fn own(&self, node: Node<'_, '_>) -> anyhow::Result<String> {
        Ok(format!("{}.{}", self.namespace, named(node, "Name")?))
    }

    fn ty(&self, node: Node<'_, '_>) -> anyhow::Result<Type> {
        let written = named(node, "Type")?;
        let element = written
            .strip_prefix("Collection(")
            .and_then(|rest| rest.strip_suffix(')'));
        Ok(Type {
            name: self.full(element.unwrap_or(&written)),
            collection: element.is_some(),
        })
    }

    fn full(&self, written: &str) -> String {
        match written.rsplit_once('.') {
            Some((prefix, name)) => match self.scope.get(prefix) {
                Some(namespace) => format!("{namespace}.{name}"),
                None => written.to_owned(),
            },
            None => written.to_owned(),
        }
    }
}

/// Compares tag names without their XML namespace, which differs between CSDL versions.
pub(super) trait LocalName {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl LocalName for Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn elements<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.has_tag_name_local(name))
}

pub(super) fn named(node: Node<'_, '_>, attribute: &str) -> anyhow::Result<String> {
    node.attribute(attribute)
        .map(str::to_owned)
        .with_context(|| format!("an element {} has no {attribute}", node.tag_name().name()))
}

fn truth(node: Node<'_, '_>, attribute: &str) -> Option<bool> {
    node.attribute(attribute).map(|value| value == "true")
}

fn ends_with(node: Node<'_, '_>, attribute: &str, end: &str) -> bool {
    node.attribute(attribute)
        .is_some_and(|value| value.ends_with(end))
}
