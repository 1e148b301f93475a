//! What a cmdlet gives back: rows, warnings, and the annotations that the service puts beside values.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use super::filter::Filter;
use super::parameters::Parameters;

/// One object of a cmdlet's output.
pub(super) type Row = Map<String, Value>;

/// What a cmdlet wrote to its output and its warning stream.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) rows: Vec<Row>,
    pub(super) warnings: Vec<String>,
}

impl Output {
    /// Output of a cmdlet that returns objects.
    pub(super) fn rows(values: impl IntoIterator<Item = Value>) -> Self {
        Self {
            rows: values.into_iter().map(row).collect(),
            warnings: Vec::new(),
        }
    }

    /// Output of a cmdlet that says nothing but perhaps a warning.
    pub(super) fn warned(warning: Option<String>) -> Self {
        Self {
            rows: Vec::new(),
            warnings: warning.into_iter().collect(),
        }
    }

    /// Applies `Filter`, `Anr` and `ResultSize` to a whole list.
    pub(super) fn listed(mut self, parameters: &Parameters) -> Result<Self, Refusal> {
        if let Some(text) = parameters.text("Filter")? {
            let filter = Filter::parse(text)?;
            self.rows.retain(|row| filter.matches(row));
        }
        if let Some(text) = parameters.text("Anr")? {
            let start = text.to_lowercase();
            let found = |row: &Row| {
                [
                    "Name",
                    "DisplayName",
                    "Alias",
                    "FirstName",
                    "LastName",
                    "PrimarySmtpAddress",
                ]
                .iter()
                .any(|property| {
                    row.get(*property)
                        .and_then(Value::as_str)
                        .is_some_and(|value| value.to_lowercase().starts_with(&start))
                })
            };
            self.rows.retain(found);
        }
        if let Some(by) = parameters.text("SortBy")?.or(parameters.text("Sortby")?) {
            self.rows.sort_by_key(|row| {
                row.get(by)
                    .and_then(Value::as_str)
                    .unwrap_or("")
                    .to_lowercase()
            });
        }
        let given = parameters.has("ResultSize");
        if let Some(size) = parameters.result_size()?
            && self.rows.len() > size
        {
            self.rows.truncate(size);
            self.warnings.push(if given {
                MORE.to_owned()
            } else {
                FIRST_1000.to_owned()
            });
        }
        Ok(self)
    }
}

const MORE: &str = "There are more results available than are currently displayed. To view them, increase the value for the \
                    ResultSize parameter.";
const FIRST_1000: &str = "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number \
                          of items returned. To return all items, specify \"-ResultSize Unlimited\".";

fn row(value: Value) -> Row {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("Value".to_owned(), other)]),
    }
}

/// The warning of a write that found everything as asked.
pub(super) fn nothing_modified(name: &str) -> String {
    format!("The command completed successfully but no settings of '{name}' have been modified.")
}

/// A moment as the service writes it.
pub(super) fn time(moment: Timestamp) -> String {
    moment
        .strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00")
        .to_string()
}

/// A size as the service writes it: `14.61 GB (15,687,850,951 bytes)`.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let mut scaled = bytes as f64;
    let mut unit = 0;
    while scaled >= 1024.0 && unit < units.len() - 1 {
        scaled /= 1024.0;
        unit += 1;
    }
    let digits = bytes.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rounded = (scaled * 100.0).round() / 100.0;
    format!("{rounded} {} ({grouped} bytes)", units[unit])
}

/// The rows with `$select` applied and with the type annotations that stand beside arrays, numbers, GUIDs and dates.
pub(super) fn annotated(rows: Vec<Row>, select: Option<&str>) -> Vec<Value> {
    let wanted: Option<Vec<&str>> = select.map(|names| names.split(',').map(str::trim).collect());
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let mut annotated = Map::new();
        for (name, value) in row {
            if wanted.as_ref().is_some_and(|names| {
                !names
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(&name))
            }) {
                continue;
            }
            for (annotation, kind) in annotations(&name, &value) {
                annotated.insert(format!("{name}@{annotation}"), json!(kind));
            }
            annotated.insert(name, value);
        }
        out.push(Value::Object(annotated));
    }
    out
}

fn annotations(name: &str, value: &Value) -> Vec<(&'static str, &'static str)> {
    match value {
        Value::Array(_) => vec![("odata.type", "#Collection(String)")],
        Value::Number(number)
            if number
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok()) =>
        {
            vec![("data.type", "System.Int32")]
        }
        Value::Number(_) => vec![("data.type", "System.UInt64")],
        Value::String(_) if name.ends_with("Guid") => {
            vec![("data.type", "System.Guid"), ("odata.type", "#Guid")]
        }
        Value::String(text) if text.ends_with(".0000000+00:00") => {
            vec![("data.type", "System.DateTime")]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_as_the_service_writes_them() {
        let check = |bytes, expect: &str| assert_eq!(size(bytes), expect);
        check(0, "0 B (0 bytes)");
        check(15_687_850_951, "14.61 GB (15,687,850,951 bytes)");
        check(107_374_182_400, "100 GB (107,374,182,400 bytes)");
        check(262_144, "256 KB (262,144 bytes)");
    }
}
