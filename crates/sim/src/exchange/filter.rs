//! The part of the `-Filter` language (OPATH) that the sandbox understands: comparisons joined by `-and`, or by `-or`.

use serde_json::Value;

use super::errors::Refusal;
use super::output::Row;

/// A filter, read.
#[derive(Debug)]
pub(super) struct Filter {
    clauses: Vec<Clause>,
    /// Whether one clause suffices.
    any: bool,
}

#[derive(Debug)]
struct Clause {
    property: String,
    operator: Operator,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Is,
    IsNot,
    Like,
}

impl Filter {
    /// Reads `Property -eq 'value' -and …` or `… -or …`; what the language has besides is refused by name.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let words = words(text).ok_or_else(|| Refusal::filter(text))?;
        let mut clauses = Vec::new();
        let mut joints: Vec<bool> = Vec::new();
        for (at, chunk) in words.chunks(4).enumerate() {
            let [property, operator, value, rest @ ..] = chunk else {
                return Err(Refusal::filter(text));
            };
            let last = at == (words.len() - 1) / 4;
            match rest {
                [] if last => {}
                [and] if !last && and.eq_ignore_ascii_case("-and") => joints.push(false),
                [or] if !last && or.eq_ignore_ascii_case("-or") => joints.push(true),
                [not] if not.eq_ignore_ascii_case("-not") => {
                    return Err(Refusal::not_simulated(&format!("{not} in a filter")));
                }
                _ => return Err(Refusal::filter(text)),
            }
            let operator = match operator.to_lowercase().as_str() {
                "-eq" => Operator::Is,
                "-ne" => Operator::IsNot,
                "-like" => Operator::Like,
                "-gt" | "-ge" | "-lt" | "-le" | "-notlike" => {
                    return Err(Refusal::not_simulated(&format!("{operator} in a filter")));
                }
                _ => return Err(Refusal::filter(text)),
            };
            clauses.push(Clause {
                property: property.clone(),
                operator,
                value: value.clone(),
            });
        }
        let any = joints.first().copied().unwrap_or_default();
        if joints.iter().any(|joint| *joint != any) {
            return Err(Refusal::not_simulated("-and beside -or in a filter"));
        }
        Ok(Self { clauses, any })
    }

    /// Whether a row satisfies the clauses; a property that the row lacks is null.
    pub(super) fn matches(&self, row: &Row) -> bool {
        let holds = |clause: &Clause| {
            let found = row
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&clause.property));
            clause.holds(found.map_or(&Value::Null, |(_, value)| value))
        };
        if self.any {
            self.clauses.iter().any(holds)
        } else {
            self.clauses.iter().all(holds)
        }
    }
}

impl Clause {
    fn holds(&self, value: &Value) -> bool {
        let any = |test: &dyn Fn(&str) -> bool| match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).any(test),
            Value::String(text) => test(text),
            Value::Bool(flag) => test(if *flag { "$true" } else { "$false" }),
            Value::Null => test("$null"),
            other => test(&other.to_string()),
        };
        let is = |text: &str| text.eq_ignore_ascii_case(&self.value);
        match self.operator {
            Operator::Is => any(&is),
            Operator::IsNot => !any(&is),
            Operator::Like => any(&|text| like(&self.value.to_lowercase(), &text.to_lowercase())),
        }
    }
}

fn like(pattern: &str, text: &str) -> bool {
    let bare = pattern.trim_matches('*');
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (true, true) => text.contains(bare),
        (true, false) => text.ends_with(bare),
        (false, true) => text.starts_with(bare),
        (false, false) => text == bare,
    }
}

/// The words, quotes and outer brackets taken off; none when a quote stays open.
fn words(text: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = text
        .trim()
        .trim_start_matches(['(', '{'])
        .trim_end_matches([')', '}'])
        .trim();
    while !rest.is_empty() {
        let quote = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '\'' | '"'));
        let (word, after) = match quote {
            Some(quote) => quoted(&rest[1..], quote)?,
            None => {
                let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                (word.to_owned(), after)
            }
        };
        out.push(word);
        rest = after.trim_start();
    }
    (!out.is_empty()).then_some(out)
}

/// A text up to its closing quote, and what follows; a doubled quote stands for one.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once(quote)?;
        word.push_str(before);
        match after.strip_prefix(quote) {
            Some(after) => {
                word.push(quote);
                rest = after;
            }
            None => return Some((word, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Filter;

    fn check(filter: &str, expect: bool) {
        let row = json!({ "Alias": "ada", "Hidden": true, "Members": ["CN=Bo,OU=x"], "ForwardingAddress": null });
        let found =
            Filter::parse(filter).map(|read| read.matches(row.as_object().expect("an object")));
        assert_eq!(found, Ok(expect), "{filter}");
    }

    #[test]
    fn comparisons_joined_by_and() {
        check("Alias -eq 'ADA' -and Hidden -eq $true", true);
        check("Alias -eq 'ada' -and Hidden -eq $false", false);
        check("(Members -eq \"CN=Bo,OU=x\")", true);
        check("ForwardingAddress -ne $null", false);
        check("Alias -like 'a*'", true);
        assert!(Filter::parse("Alias").is_err());
    }

    #[test]
    fn comparisons_joined_by_or() {
        check("Alias -eq 'bo' -or Alias -eq 'ada'", true);
        check("Alias -eq 'bo' -or Hidden -eq $false", false);
        check("Alias -eq 'o''neil' -OR Members -eq 'CN=Bo,OU=x'", true);
        let mixed = "Alias -eq 'ada' -or Alias -eq 'bo' -and Hidden -eq $true";
        assert!(Filter::parse(mixed).is_err());
        assert!(Filter::parse("Alias -eq 'ada' -or").is_err());
    }
}
