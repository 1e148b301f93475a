//! Membership rules of dynamic groups, as far as a user's lifecycle touches them.
//!
//! Syntax: learn.microsoft.com/entra/identity/users/groups-dynamic-membership. What is not understood decides nothing.

use super::User;

/// Whether the rule takes the user in; none when the rule is beyond this evaluator.
pub(super) fn matches(rule: &str, user: &User) -> Option<bool> {
    let tokens = tokens(rule);
    let mut reader = Reader {
        tokens: &tokens,
        user,
    };
    let verdict = reader.either()?;
    reader.tokens.is_empty().then_some(verdict)
}

struct Reader<'a> {
    tokens: &'a [String],
    user: &'a User,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first.trim_start_matches('-').eq_ignore_ascii_case(word) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn next(&mut self) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn either(&mut self) -> Option<bool> {
        let mut verdict = self.both()?;
        while self.take("or") {
            verdict |= self.both()?;
        }
        Some(verdict)
    }

    fn both(&mut self) -> Option<bool> {
        let mut verdict = self.single()?;
        while self.take("and") {
            verdict &= self.single()?;
        }
        Some(verdict)
    }

    fn single(&mut self) -> Option<bool> {
        if self.take("not") {
            return Some(!self.single()?);
        }
        if self.take("(") {
            let verdict = self.either()?;
            return self.take(")").then_some(verdict);
        }
        let value = property(self.user, &self.next()?)?;
        let operator = self.next()?.to_lowercase();
        let wanted = self.next()?.to_lowercase();
        let value = value.to_lowercase();
        match operator.trim_start_matches('-') {
            "eq" => Some(value == wanted),
            "ne" => Some(value != wanted),
            "startswith" => Some(value.starts_with(&wanted)),
            "contains" => Some(value.contains(&wanted)),
            _ => None,
        }
    }
}

fn property(user: &User, name: &str) -> Option<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    Some(match name.to_lowercase().as_str() {
        "user.accountenabled" => user.account_enabled.to_string(),
        "user.department" => text(&user.department),
        "user.jobtitle" => text(&user.job_title),
        "user.usagelocation" => text(&user.usage_location),
        "user.companyname" => text(&user.company_name),
        "user.city" => text(&user.city),
        "user.country" => text(&user.country),
        "user.employeeid" => text(&user.employee_id),
        "user.displayname" => user.display_name.clone(),
        "user.userprincipalname" => user.user_principal_name.clone(),
        "user.mail" => text(&user.mail),
        "user.usertype" => user.user_type.clone(),
        _ => return None,
    })
}

fn tokens(rule: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut letters = rule.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' | ')' => out.push(letter.to_string()),
            '"' | '\'' => out.push(
                letters
                    .by_ref()
                    .take_while(|next| *next != letter)
                    .collect(),
            ),
            _ if letter.is_whitespace() => {}
            _ => {
                let mut word = letter.to_string();
                while let Some(next) =
                    letters.next_if(|next| !next.is_whitespace() && !"()".contains(*next))
                {
                    word.push(next);
                }
                out.push(word);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rules_of_several_parts() {
        let user = User {
            account_enabled: true,
            department: Some("Sales".to_owned()),
            ..User::default()
        };
        let check = |rule: &str| matches(rule, &user);
        assert_eq!(
            check("(user.department -eq \"sales\") and (user.accountEnabled -eq true)"),
            Some(true)
        );
        assert_eq!(
            check("user.department -ne \"Sales\" -or user.accountEnabled -eq false"),
            Some(false)
        );
        assert_eq!(
            check("not (user.department -startsWith \"Sa\")"),
            Some(false)
        );
        assert_eq!(check("user.extensionAttribute1 -eq \"x\""), None);
    }
}
