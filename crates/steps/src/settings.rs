//! Reads the settings of steps, and the values that other tools give under their own names for the same switches.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// For steps that have nothing to set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoSettings {}

/// The JSON Schema of settings.
pub(crate) fn schema<S: JsonSchema>() -> Value {
    schemars::schema_for!(S).to_value()
}

/// The settings of a fresh policy.
pub(crate) fn defaults<S: Default + Serialize>() -> Value {
    serde_json::to_value(S::default()).unwrap_or(Value::Null)
}

/// Says what is wrong with settings, naming the field.
pub(crate) fn check<S: DeserializeOwned>(settings: &Value) -> Result<(), String> {
    let Some(table) = settings.as_object() else {
        return Err("settings are a table, for example { on = true }".to_owned());
    };
    // Field by field, because the parser does not say which field it stumbled over.
    for (key, value) in table {
        let alone = json!({ key: value });
        serde_json::from_value::<S>(alone).map_err(|error| format!("{key}: {error}"))?;
    }
    Ok(())
}

/// A switch of another tool: `true`, `"true"`, `{value: true}`, `[{value: true}]`, and their opposites.
pub(crate) fn switch(value: &Value) -> Result<Map<String, Value>, String> {
    Ok(table([("on", Value::Bool(truth(value)?))]))
}

/// A truth value in any of the forms in which callers send one; nothing means no.
pub(crate) fn truth(value: &Value) -> Result<bool, String> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(yes) => Ok(*yes),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" | "" => Ok(false),
            other => Err(format!("expected true or false, found “{other}”")),
        },
        Value::Object(table) => truth(inner(table)?),
        Value::Array(items) => match items.as_slice() {
            [] => Ok(false),
            [one] => truth(one),
            _ => Err("expected true or false, found a list".to_owned()),
        },
        Value::Number(number) => Err(format!("expected true or false, found {number}")),
    }
}

/// Texts in any of the forms in which callers send them: `"a"`, `{value: "a"}`, `["a"]`, `[{value: "a"}]`; nothing means none.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null | Value::Bool(false) => Ok(Vec::new()),
        Value::String(text) if text.trim().is_empty() => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text.trim().to_owned()]),
        Value::Object(table) => texts(inner(table)?),
        Value::Array(items) => {
            let nested: Result<Vec<Vec<String>>, String> = items.iter().map(texts).collect();
            Ok(nested?.concat())
        }
        other => Err(format!("expected a text, found {other}")),
    }
}

/// One text at most.
pub(crate) fn text(value: &Value) -> Result<Option<String>, String> {
    let mut found = texts(value)?;
    match found.len() {
        0 | 1 => Ok(found.pop()),
        more => Err(format!("expected one value, found {more}")),
    }
}

/// Settings from their entries.
pub(crate) fn table<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn inner(table: &Map<String, Value>) -> Result<&Value, String> {
    table
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("value"))
        .map(|(_, value)| value)
        .ok_or_else(|| "expected an object with a `value`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_other_tools_are_one_value() {
        for yes in [
            json!(true),
            json!("true"),
            json!("True"),
            json!({"value": true}),
            json!([{"value": "true"}]),
        ] {
            assert_eq!(truth(&yes), Ok(true), "{yes}");
        }
        for no in [
            json!(false),
            json!("false"),
            json!(null),
            json!({"Value": false}),
            json!([]),
        ] {
            assert_eq!(truth(&no), Ok(false), "{no}");
        }
        assert!(truth(&json!("perhaps")).unwrap_err().contains("perhaps"));
        for one in [
            json!("a@b"),
            json!({"value": "a@b", "label": "A"}),
            json!(["a@b"]),
            json!([{"value": "a@b"}]),
        ] {
            assert_eq!(texts(&one), Ok(vec!["a@b".to_owned()]), "{one}");
        }
        assert!(text(&json!(["a", "b"])).is_err());
    }

    #[test]
    fn a_wrong_setting_is_named() {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[derive(Default)]
        struct Some {
            yes: bool,
        }
        assert!(
            check::<Some>(&json!({"yes": 3}))
                .unwrap_err()
                .starts_with("yes: ")
        );
        assert!(check::<Some>(&json!({"no": 3})).unwrap_err().contains("no"));
        assert_eq!(check::<Some>(&json!({"yes": true})), Ok(()));
    }
}
