//! What policy lets a request ask for, and a colleague's access be copied.

use crate::facts::Group;
use crate::naming::matches;
use crate::policy::Policy;

fn any(patterns: &[String], names: &[&str]) -> Option<String> {
    let hit = |pattern: &&String| names.iter().any(|name| matches(pattern, name));
    patterns.iter().find(hit).cloned()
}

/// The rule that keeps a group or list from being given on request or copied; nothing when none does. Hand in every name and address it
/// goes by: a request may write one that the rule does not name.
#[must_use]
pub fn barred(policy: &Policy, contractor: bool, names: &[&str]) -> Option<String> {
    if let Some(pattern) = any(&policy.asks.never, names) {
        return Some(format!("“{pattern}” is on the policy's list [asks] never"));
    }
    kept_from_contractors(policy, contractor, names)
}

/// The rule that keeps a group or list from a contractor, whoever wishes it, a role included; nothing when none does. Hand in every name
/// and address it goes by.
pub fn kept_from_contractors(policy: &Policy, contractor: bool, names: &[&str]) -> Option<String> {
    let pattern = any(&policy.contractors.never, names).filter(|_| contractor)?;
    Some(format!(
        "“{pattern}” is on the policy's list [contractors] never"
    ))
}

/// Whether a colleague's membership may be copied. What is kept back counts by every name of the group, what is let by its name and main
/// address alone.
///
/// # Errors
/// Why not, in the words of a remark.
pub fn may_copy(policy: &Policy, contractor: bool, group: &Group) -> Result<(), String> {
    let names: Vec<&str> = group.names().collect();
    if group.role_assignable {
        return Err(
            "admin roles can be assigned to it, and such groups are never copied".to_owned(),
        );
    }
    if let Some(rule) = barred(policy, contractor, &names) {
        return Err(rule);
    }
    let main = [Some(group.name.as_str()), group.address.as_deref()];
    let main: Vec<&str> = main.into_iter().flatten().collect();
    match any(&policy.asks.copy, &main) {
        Some(_) => Ok(()),
        None => Err("the policy's list [asks] copy does not name it".to_owned()),
    }
}
