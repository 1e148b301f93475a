//! What a call is for: the words, shapes and codes that its entry in the OpenAPI document is made of.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// Makes the schema of a type.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What a parameter after the `?` can be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A text of at most so many characters.
    Text(u32),
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// A whole number within these bounds.
    Number(i64, i64),
}

impl Form {
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
            Self::Words(words) => json!({ "type": "string", "enum": words() }),
            Self::Number(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
        }
    }
}

/// A parameter after the `?`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(super) name: &'static str,
    pub(super) means: &'static str,
    pub(super) form: Form,
    pub(super) required: bool,
}

impl Param {
    /// One that may be left out.
    pub(crate) const fn new(name: &'static str, means: &'static str, form: Form) -> Self {
        Self {
            name,
            means,
            form,
            required: false,
        }
    }

    /// One that has to be there.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// What a call answers.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// JSON of this shape.
    Json(Shape),
    /// A file of this type, as text.
    File(&'static str),
}

/// What a call is for.
#[derive(Clone)]
pub(crate) struct Doc {
    pub(super) group: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    pub(super) takes: Option<Shape>,
    pub(super) example: Option<fn() -> Value>,
    pub(super) gives: Gives,
    pub(super) query: &'static [Param],
    pub(super) codes: Vec<&'static str>,
    pub(super) is_for_people: bool,
    pub(super) is_list: bool,
}

impl Doc {
    /// A call of a group, in one sentence.
    pub(crate) fn new(group: &'static str, summary: &'static str) -> Self {
        Self {
            group,
            summary,
            about: "",
            takes: None,
            example: None,
            gives: Gives::Json(|made| made.subschema_for::<Value>()),
            query: &[],
            codes: Vec::new(),
            is_for_people: false,
            is_list: false,
        }
    }

    /// What else whoever calls it has to know.
    pub(crate) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// What its body looks like, and one that could be sent.
    pub(crate) fn takes<T: JsonSchema>(mut self, example: fn() -> Value) -> Self {
        self.takes = Some(|made| made.subschema_for::<T>());
        self.example = Some(example);
        self
    }

    /// What its answer looks like.
    pub(crate) fn gives<T: JsonSchema>(mut self) -> Self {
        self.gives = Gives::Json(|made| made.subschema_for::<T>());
        self
    }

    /// That its answer is a file of this type.
    pub(crate) fn gives_file(mut self, kind: &'static str) -> Self {
        self.gives = Gives::File(kind);
        self
    }

    /// Its parameters after the `?`.
    pub(crate) fn query(mut self, query: &'static [Param]) -> Self {
        self.query = query;
        self
    }

    /// That it is a list, read page by page.
    pub(crate) fn paged(mut self) -> Self {
        self.is_list = true;
        self
    }

    /// The codes of what speaks against it, beside those of every call.
    pub(crate) fn codes(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// That only a person with a session can call it, and no API client whatever its role.
    pub(crate) fn for_people(mut self) -> Self {
        self.is_for_people = true;
        self
    }
}
