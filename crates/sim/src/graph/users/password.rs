//! Passwords: what they must be like, and what is kept of them.

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::call::Answer;
use crate::graph::{bad_request, invalid_value};
use crate::world::User;

const POLICIES: [&str; 3] = ["None", "DisableStrongPassword", "DisablePasswordExpiration"];

/// Sets the password policies: names separated by commas.
pub(super) fn set_policies(user: &mut User, value: &Value) -> Result<(), Answer> {
    let fits = |text: &str| {
        text.split(',')
            .all(|policy| POLICIES.contains(&policy.trim()))
    };
    user.password_policies = match value {
        Value::Null => None,
        Value::String(text) if fits(text) => Some(text.clone()),
        _ => return Err(invalid_value("passwordPolicies", "User")),
    };
    Ok(())
}

/// Takes a password profile over; of the password only its digest stays.
pub(super) fn set(user: &mut User, profile: &Value, now: Timestamp) -> Result<(), Answer> {
    let Value::Object(fields) = profile else {
        return Err(invalid_value("passwordProfile", "User"));
    };
    for (name, value) in fields {
        let fits = match name.as_str() {
            "password" => value.is_string(),
            "forceChangePasswordNextSignIn" | "forceChangePasswordNextSignInWithMfa" => {
                value.is_boolean()
            }
            "@odata.type" => true,
            _ => false,
        };
        if !fits {
            return Err(invalid_value("passwordProfile", "User"));
        }
    }
    let force = [
        "forceChangePasswordNextSignIn",
        "forceChangePasswordNextSignInWithMfa",
    ]
    .iter()
    .filter_map(|name| profile[*name].as_bool())
    .reduce(|one, other| one || other);
    if let Some(force) = force {
        user.force_change_password = force;
    }
    let Some(password) = profile["password"].as_str() else {
        return Ok(());
    };
    let lenient = user
        .password_policies
        .as_deref()
        .is_some_and(|policies| policies.contains("DisableStrongPassword"));
    if !is_strong(password, lenient) {
        return Err(bad_request(
            "The specified password does not comply with password complexity requirements. Please provide a different password.",
        ));
    }
    let digest = Sha256::digest(password.as_bytes());
    user.password_hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    user.last_password_change_date_time = now;
    Ok(())
}

/// Eight to 256 characters, three of the four kinds of them unless the policy waives that (password policies page of Entra).
fn is_strong(password: &str, lenient: bool) -> bool {
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_alphanumeric(),
    ];
    let found = kinds
        .iter()
        .filter(|kind| password.chars().any(**kind))
        .count();
    (8..=256).contains(&password.chars().count()) && (lenient || found >= 3)
}
