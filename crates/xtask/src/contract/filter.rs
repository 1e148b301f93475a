//! Reads a `$filter` expression (OData URL conventions 4.01, section 5.1.1) as far as names and types go.

use uuid::Uuid;

use super::values::is_instant;

/// An operand of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A path to a property, split at slashes.
    Path(Vec<String>),
    Text(String),
    Boolean,
    Number,
    Guid,
    Instant,
    Date,
    Null,
    /// The result of a function or of an expression in parentheses.
    Computed,
}

/// What an expression uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Every path to a property; a lambda variable is written as its collection and [`EACH`].
    pub(crate) paths: Vec<Vec<String>>,
    /// Every comparison with a literal: the path, the operator and the literal.
    pub(crate) comparisons: Vec<(Vec<String>, String, Operand)>,
    /// Every operator and function, in lower case.
    pub(crate) uses: Vec<String>,
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// A sentence that says where the expression breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            variables: Vec::new(),
            filter: Self::default(),
        };
        parser.either()?;
        match parser.peek() {
            None => Ok(parser.filter),
            Some(token) => Err(format!("'{token}' is one too many")),
        }
    }
}

/// Stands in a path for one item of the collection before it.
pub(crate) const EACH: &str = "$it";

const COMPARISONS: [&str; 7] = ["eq", "ne", "gt", "ge", "lt", "le", "has"];

/// Functions that Microsoft Graph documents for `$filter`.
const FUNCTIONS: [&str; 7] = [
    "startswith",
    "endswith",
    "contains",
    "tolower",
    "toupper",
    "length",
    "substring",
];

struct Parser {
    tokens: Vec<String>,
    at: usize,
    /// Lambda variables in scope and the path of the collection that each runs over.
    variables: Vec<(String, Vec<String>)>,
    filter: Filter,
}

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, word: &str) -> bool {
        let taken = self
            .peek()
            .is_some_and(|token| token.eq_ignore_ascii_case(word));
        if taken {
            self.at += 1;
        }
        taken
    }

    fn need(&mut self, mark: &str) -> Result<(), String> {
        if self.take(mark) {
            Ok(())
        } else {
            Err(format!(
                "'{mark}' is missing before '{}'",
                self.peek().unwrap_or("the end")
            ))
        }
    }

    fn either(&mut self) -> Result<(), String> {
        self.both()?;
        while self.take("or") {
            self.both()?;
        }
        Ok(())
    }

    fn both(&mut self) -> Result<(), String> {
        self.negated()?;
        while self.take("and") {
            self.negated()?;
        }
        Ok(())
    }

    fn negated(&mut self) -> Result<(), String> {
        if self.take("not") {
            self.filter.uses.push("not".to_owned());
            return self.negated();
        }
        self.compared()
    }

    fn compared(&mut self) -> Result<(), String> {
        let left = self.operand()?;
        let Some(operator) = self.peek().map(str::to_ascii_lowercase) else {
            return Ok(());
        };
        if COMPARISONS.contains(&operator.as_str()) {
            self.at += 1;
            let right = self.operand()?;
            self.compare(left, &operator, right);
        } else if operator == "in" {
            self.at += 1;
            self.need("(")?;
            loop {
                let right = self.operand()?;
                self.compare(left.clone(), "in", right);
                if !self.take(",") {
                    break;
                }
            }
            self.need(")")?;
        }
        Ok(())
    }

    fn compare(&mut self, left: Operand, operator: &str, right: Operand) {
        self.filter.uses.push(operator.to_owned());
        if let Operand::Path(path) = left
            && !matches!(right, Operand::Path(_) | Operand::Computed)
        {
            self.filter
                .comparisons
                .push((path, operator.to_owned(), right));
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        if self.take("(") {
            self.either()?;
            self.need(")")?;
            return Ok(Operand::Computed);
        }
        let token = self.next().ok_or("the expression ends too early")?;
        if let Some(literal) = literal(&token) {
            return Ok(literal);
        }
        if !token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@') {
            return Err(format!(
                "'{token}' stands where a property or a value should"
            ));
        }
        let mut names: Vec<String> = token.split('/').map(str::to_owned).collect();
        if self.take("(") {
            return self.call(&mut names);
        }
        let path = self.scoped(&names);
        self.filter.paths.push(path.clone());
        Ok(Operand::Path(path))
    }

    fn call(&mut self, names: &mut Vec<String>) -> Result<Operand, String> {
        let name = names.pop().unwrap_or_default().to_ascii_lowercase();
        self.filter.uses.push(name.clone());
        if names.is_empty() {
            if !FUNCTIONS.contains(&name.as_str()) {
                return Err(format!("'{name}' is no function"));
            }
            loop {
                self.operand()?;
                if !self.take(",") {
                    break;
                }
            }
            self.need(")")?;
            return Ok(Operand::Computed);
        }
        if !matches!(name.as_str(), "any" | "all") {
            return Err(format!("'{name}' cannot be asked of a collection"));
        }
        let collection = self.scoped(names);
        self.filter.paths.push(collection.clone());
        if self.take(")") {
            return Ok(Operand::Computed);
        }
        let variable = self.next().unwrap_or_default();
        self.need(":")?;
        self.variables.push((variable, collection));
        self.either()?;
        self.variables.pop();
        self.need(")")?;
        Ok(Operand::Computed)
    }

    /// The path with a lambda variable replaced by [`EACH`] of the collection that it runs over.
    fn scoped(&self, names: &[String]) -> Vec<String> {
        match self
            .variables
            .iter()
            .rev()
            .find(|(variable, _)| names.first() == Some(variable))
        {
            Some((_, collection)) => collection
                .iter()
                .chain([&EACH.to_owned()])
                .chain(&names[1..])
                .cloned()
                .collect(),
            None => names.to_vec(),
        }
    }
}

fn literal(token: &str) -> Option<Operand> {
    if let Some(text) = token.strip_prefix('\'') {
        return Some(Operand::Text(
            text.strip_suffix('\'').unwrap_or(text).replace("''", "'"),
        ));
    }
    match token {
        "true" | "false" => return Some(Operand::Boolean),
        "null" => return Some(Operand::Null),
        _ => {}
    }
    if token.len() == 36 && Uuid::parse_str(token).is_ok() {
        return Some(Operand::Guid);
    }
    if is_instant(token) {
        return Some(Operand::Instant);
    }
    if token.len() == 10 && token.parse::<jiff::civil::Date>().is_ok() {
        return Some(Operand::Date);
    }
    token.parse::<f64>().is_ok().then_some(Operand::Number)
}

/// Splits an expression into marks, quoted texts and words.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' | ':' => 1,
            '\'' => quoted(rest).ok_or("a quote is not closed")?,
            _ => {
                let digit = first.is_ascii_digit() || first == '-';
                rest.find(|c: char| c.is_whitespace() || "(),'".contains(c) || (c == ':' && !digit))
                    .unwrap_or(rest.len())
            }
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The length of a quoted text, its doubled quotes included.
fn quoted(text: &str) -> Option<usize> {
    let mut from = 1;
    loop {
        let end = from + text.get(from..)?.find('\'')?;
        if text[end + 1..].starts_with('\'') {
            from = end + 2;
        } else {
            return Some(end + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_operators_and_literals_are_found() {
        let filter = Filter::parse("not(startsWith(displayName,'O''B')) and assignedLicenses/any(x:x/skuId eq 3179e48a-750b-4051-897c-87b9720928f7) or createdDateTime ge 2026-01-01T00:00:00Z")
            .unwrap();
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            filter.paths,
            [
                path("displayName"),
                path("assignedLicenses"),
                path("assignedLicenses/$it/skuId"),
                path("createdDateTime")
            ]
        );
        assert_eq!(filter.uses, ["not", "startswith", "any", "eq", "ge"]);
        assert_eq!(
            filter.comparisons,
            [
                (
                    path("assignedLicenses/$it/skuId"),
                    "eq".to_owned(),
                    Operand::Guid
                ),
                (path("createdDateTime"), "ge".to_owned(), Operand::Instant)
            ]
        );
    }

    #[test]
    fn broken_expressions_are_refused() {
        for (text, why) in [
            ("a eq 'x", "quote"),
            ("a eq", "too early"),
            ("a eq 'x' b", "too many"),
            ("(a eq 1", "missing"),
            ("near(a,1)", "no function"),
            ("a in ('x'", "missing"),
        ] {
            let error = Filter::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
