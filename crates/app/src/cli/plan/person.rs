//! A joiner described in a file, TOML or JSON.

use std::path::Path;

use serde_json::{Map, Value};

use crate::acts::request::person::{self, Person};
use crate::problem::Problem;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Reads a joiner from a file.
///
/// # Errors
/// What is wrong, by field.
pub(super) fn read(file: &Path) -> Result<Person, Problem> {
    let size = std::fs::metadata(file).map_or(0, |about| about.len());
    if size > LARGEST {
        return Err(Problem::refused(
            "person",
            format!(
                "{} has {size} bytes, and no person needs more than {LARGEST}",
                file.display()
            ),
        )
        .hint("is it the right file?"));
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| Problem::unreadable("person", file, &error))?;
    let is_json = file
        .extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("json"));
    let table = if is_json {
        serde_json::from_str::<Map<String, Value>>(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str::<Map<String, Value>>(&text).map_err(|error| error.to_string())
    };
    let table = table.map_err(|why| {
        Problem::refused("person", format!("{}: {}", file.display(), why.trim_end()))
            .hint("one field per line, like given-name = \"Ada\"; lists in brackets")
    })?;
    person::of(&table).map_err(|wrong| {
        let mut problem =
            Problem::refused("person", "").hint("correct the file; nothing was planned");
        let lines = wrong.into_iter();
        problem.what = lines
            .map(|one| format!("{}: {}", one.field, one.why))
            .collect();
        problem
    })
}
