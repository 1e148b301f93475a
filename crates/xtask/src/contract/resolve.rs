//! Follows a Graph path through the metadata to what it leads to, or says why it leads nowhere.

mod path;

use super::address::split_outside;
use super::csdl::{Model, Operation, Role, Type};

pub(crate) use self::path::{End, Path, Segment, Via};

/// Follows the segments of a path.
///
/// # Errors
/// A sentence that names the segment which leads nowhere.
pub(crate) fn resolve<'m>(model: &'m Model, segments: &[String]) -> Result<Path<'m>, String> {
    let (first, rest) = segments.split_first().ok_or("the path is empty")?;
    let (name, arguments) = split_call(first);
    let root = model
        .root(name)
        .ok_or_else(|| format!("there is no entity set or singleton '{name}'"))?;
    let mut walk = Walk {
        model,
        segments: vec![Segment::Name(name.to_owned())],
        at: End::Entity {
            ty: root.ty.clone(),
            via: Via {
                contained: true,
                name: name.to_owned(),
                owner: None,
            },
        },
    };
    if root.set {
        walk.many(
            &root.ty,
            Via {
                contained: true,
                name: name.to_owned(),
                owner: None,
            },
            name,
            arguments,
        )?;
    } else if arguments.is_some() {
        return Err(format!("the singleton '{name}' takes no key"));
    }
    for segment in rest {
        walk.step(segment)?;
    }
    Ok(Path {
        segments: walk.segments,
        end: walk.at,
    })
}

struct Walk<'m> {
    model: &'m Model,
    segments: Vec<Segment>,
    at: End<'m>,
}

impl<'m> Walk<'m> {
    fn step(&mut self, segment: &str) -> Result<(), String> {
        if let End::Operation(operation) = &self.at {
            let operation: &'m Operation = operation;
            self.at = result_of(self.model, operation)
                .filter(|_| !operation.action)
                .ok_or_else(|| {
                    format!(
                        "nothing can follow {}, so not '{segment}' either",
                        operation.name
                    )
                })?;
        }
        let here = std::mem::replace(&mut self.at, End::Media);
        match here {
            End::Entity { ty, via } => self.after_one(segment, &ty, via),
            End::Entities { ty, via } => self.after_many(segment, &ty, via),
            End::Property { ty, .. } => self.after_property(segment, &ty),
            End::Reference { .. } | End::Count { .. } | End::Media | End::Operation(_) => {
                Err(format!("nothing can stand at '{segment}'"))
            }
        }
    }

    fn after_one(&mut self, segment: &str, ty: &str, via: Via) -> Result<(), String> {
        match segment {
            "$ref" if via.owner.is_some() => {
                self.end(
                    segment,
                    End::Reference {
                        ty: ty.to_owned(),
                        many: false,
                    },
                );
                return Ok(());
            }
            "$value" => {
                self.end(segment, End::Media);
                return Ok(());
            }
            _ => {}
        }
        if let Some(cast) = self.cast(segment, ty)? {
            self.at = End::Entity { ty: cast, via };
            return Ok(());
        }
        self.below(
            segment,
            ty,
            &Type {
                name: ty.to_owned(),
                collection: false,
            },
        )
    }

    fn after_many(&mut self, segment: &str, ty: &str, via: Via) -> Result<(), String> {
        match segment {
            "$ref" if via.owner.is_some() => {
                self.end(
                    segment,
                    End::Reference {
                        ty: ty.to_owned(),
                        many: true,
                    },
                );
                return Ok(());
            }
            "$count" => {
                self.end(segment, End::Count { ty: ty.to_owned() });
                return Ok(());
            }
            _ => {}
        }
        if let Some(cast) = self.cast(segment, ty)? {
            self.at = End::Entities { ty: cast, via };
            return Ok(());
        }
        let on = Type {
            name: ty.to_owned(),
            collection: true,
        };
        if self.called(segment, &on)? {
            return Ok(());
        }
        if segment.starts_with('$') {
            return Err(format!("a collection has no '{segment}'"));
        }
        self.segments.push(Segment::Key(segment.to_owned()));
        self.at = End::Entity {
            ty: ty.to_owned(),
            via,
        };
        Ok(())
    }

    fn after_property(&mut self, segment: &str, ty: &Type) -> Result<(), String> {
        match segment {
            "$value" if !ty.collection => {
                self.end(segment, End::Media);
                Ok(())
            }
            "$count" if ty.collection => {
                self.end(
                    segment,
                    End::Count {
                        ty: ty.name.clone(),
                    },
                );
                Ok(())
            }
            _ if ty.collection => Err(format!("'{segment}' cannot follow a collection of values")),
            _ => self.below(segment, &ty.name, ty),
        }
    }

    /// A property, navigation or operation of one object.
    fn below(&mut self, segment: &str, ty: &str, on: &Type) -> Result<(), String> {
        let (name, arguments) = split_call(segment);
        if let Some(member) = self.model.member(ty, name) {
            let Role::Navigation { contained } = member.role else {
                self.end(
                    name,
                    End::Property {
                        ty: member.ty.clone(),
                        nullable: member.nullable,
                    },
                );
                return Ok(());
            };
            let via = Via {
                owner: Some(ty.to_owned()),
                name: name.to_owned(),
                contained,
            };
            self.segments.push(Segment::Name(name.to_owned()));
            if member.ty.collection {
                return self.many(&member.ty.name, via, name, arguments);
            }
            self.at = End::Entity {
                ty: member.ty.name.clone(),
                via,
            };
            return Ok(());
        }
        if self.called(segment, on)? {
            return Ok(());
        }
        Err(format!(
            "{ty} has no property, navigation or operation '{segment}'"
        ))
    }

    /// Stands on a collection, or on one of its objects where a key follows in parentheses.
    fn many(
        &mut self,
        ty: &str,
        via: Via,
        name: &str,
        arguments: Option<&str>,
    ) -> Result<(), String> {
        let Some(arguments) = arguments else {
            self.at = End::Entities {
                ty: ty.to_owned(),
                via,
            };
            return Ok(());
        };
        if let Some((key, _)) = arguments
            .split_once('=')
            .filter(|_| !arguments.starts_with('\''))
        {
            if !self.model.is_key(ty, key) {
                return Err(format!("{ty} is not found under '{key}'"));
            }
            self.segments.pop();
            self.segments
                .push(Segment::Call(format!("{name}({key}={{}})")));
        } else {
            self.segments
                .push(Segment::Key(arguments.trim_matches('\'').to_owned()));
        }
        self.at = End::Entity {
            ty: ty.to_owned(),
            via,
        };
        Ok(())
    }

    fn cast(&mut self, segment: &str, ty: &str) -> Result<Option<String>, String> {
        let full = self.model.full_name(segment);
        if !segment.contains('.') || self.model.structured(&full).is_none() {
            return Ok(None);
        }
        if !self.model.derives(&full, ty) {
            return Err(format!("{full} is no kind of {ty}"));
        }
        self.segments.push(Segment::Cast(full.clone()));
        Ok(Some(full))
    }

    fn called(&mut self, segment: &str, on: &Type) -> Result<bool, String> {
        let (name, arguments) = split_call(segment);
        let Some(operation) = self.model.operation(name, on) else {
            return Ok(false);
        };
        let given: Vec<&str> = arguments
            .map(|text| split_outside(text, ','))
            .unwrap_or_default()
            .into_iter()
            .filter(|part| !part.trim().is_empty())
            .map(|part| part.split_once('=').map_or(part, |(key, _)| key).trim())
            .collect();
        if operation.action && arguments.is_some() {
            return Err(format!(
                "the action {name} takes its parameters in the body"
            ));
        }
        if !operation.action {
            if let Some(extra) = given
                .iter()
                .find(|key| !operation.parameters.iter().any(|p| p.name == **key))
            {
                return Err(format!("the function {name} has no parameter '{extra}'"));
            }
            if let Some(missing) = operation
                .parameters
                .iter()
                .find(|p| !p.optional && !given.contains(&p.name.as_str()))
            {
                return Err(format!(
                    "the function {name} lacks its parameter '{}'",
                    missing.name
                ));
            }
        }
        self.segments.push(if given.is_empty() {
            Segment::Name(name.to_owned())
        } else {
            let keys: Vec<String> = given.iter().map(|key| format!("{key}={{}}")).collect();
            Segment::Call(format!("{name}({})", keys.join(",")))
        });
        self.at = End::Operation(operation);
        Ok(true)
    }

    fn end(&mut self, segment: &str, end: End<'m>) {
        self.segments.push(Segment::Name(segment.to_owned()));
        self.at = end;
    }
}

/// Where a function's result lets a path go on.
fn result_of<'m>(model: &Model, operation: &Operation) -> Option<End<'m>> {
    let (ty, nullable) = operation.result.as_ref()?;
    let entity = model.member(&ty.name, "id").is_some();
    let via = Via {
        owner: None,
        name: operation.name.clone(),
        contained: false,
    };
    Some(match (entity, ty.collection) {
        (true, true) => End::Entities {
            ty: ty.name.clone(),
            via,
        },
        (true, false) => End::Entity {
            ty: ty.name.clone(),
            via,
        },
        (false, _) => End::Property {
            ty: ty.clone(),
            nullable: *nullable,
        },
    })
}

/// Splits `name(arguments)`.
fn split_call(segment: &str) -> (&str, Option<&str>) {
    segment
        .split_once('(')
        .and_then(|(name, rest)| Some((name, Some(rest.strip_suffix(')')?))))
        .unwrap_or((segment, None))
}
