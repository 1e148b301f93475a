//! Who it is: names, sign-in names, profile.

use super::{Wanted, text};
use crate::naming::{self, PersonName};
use crate::policy::{Policy, address_problem};
use crate::request::Request;

/// Fields of a request that are parts of the profile under the same name.
const PROFILE: [&str; 5] = ["job-title", "department", "office", "mobile", "employee-id"];

/// Reads what the request says about the person; the policy is not asked yet.
pub(super) fn read(wanted: &mut Wanted, request: &Request) {
    for field in PROFILE {
        if let Some(value) = text(request, field) {
            wanted
                .profile
                .insert(field.to_owned(), naming::squeeze(value));
        }
    }
    if let Some(id) = &request.person.employee_id
        && !id.value.trim().is_empty()
    {
        let id = id.value.trim().to_owned();
        wanted.profile.entry("employee-id".to_owned()).or_insert(id);
    }
    let owned = |field| text(request, field).map(str::to_owned);
    wanted.manager = owned("manager");
    wanted.private_mail = owned("private-mail");
    wanted.copy_from = owned("copy-from");
    match text(request, "contractor")
        .map(str::to_lowercase)
        .as_deref()
    {
        None | Some("false" | "no") => {}
        Some("true" | "yes") => wanted.contractor = true,
        Some(other) => wanted.incomplete(
            format!("contractor is “{other}”, which is neither true nor false"),
            "Is the person a contractor? Answer true or false and plan again.",
        ),
    }
    let name = name(request);
    wanted.given_name = name.given;
    wanted.family_name = name.family;
}

/// Given and family name, from their own fields as far as given, else from the name in one piece.
fn name(request: &Request) -> PersonName {
    let one = |field| text(request, field).map(naming::squeeze);
    let hint = request.person.name.as_ref().map(|name| name.value.as_str());
    let whole = hint
        .map(naming::squeeze)
        .filter(|name| !name.is_empty())
        .or_else(|| one("display-name"));
    match (one("given-name"), one("family-name"), whole) {
        (Some(given), Some(family), _) => PersonName { given, family },
        (None, None, whole) => naming::split(&whole.unwrap_or_default()),
        (Some(given), None, whole) => PersonName {
            family: whole
                .and_then(|whole| rest(&whole, &given))
                .unwrap_or_default(),
            given,
        },
        (None, Some(family), whole) => match whole.and_then(|whole| rest(&whole, &family)) {
            Some(given) => PersonName { given, family },
            None => PersonName {
                given: family,
                family: String::new(),
            },
        },
    }
}

/// What is left of a whole name without one part, at whichever end the part stands.
fn rest(whole: &str, part: &str) -> Option<String> {
    let (words, part): (Vec<&str>, Vec<&str>) =
        (whole.split(' ').collect(), part.split(' ').collect());
    let alike = |some: &[&str]| {
        some.len() == part.len() && some.iter().zip(&part).all(|(a, b)| super::same(a, b))
    };
    let split = words
        .len()
        .checked_sub(part.len())
        .filter(|left| *left > 0)?;
    if alike(&words[..part.len()]) {
        Some(words[part.len()..].join(" "))
    } else if alike(&words[split..]) {
        Some(words[..split].join(" "))
    } else {
        None
    }
}

/// Adds the profile that role and site give, macros filled in. What the request says stands; the role goes before the site.
pub(super) fn profile(wanted: &mut Wanted, policy: &Policy) {
    for (key, name) in [
        ("given-name", &wanted.given_name),
        ("family-name", &wanted.family_name),
    ] {
        if !name.is_empty() {
            wanted.profile.insert(key.to_owned(), name.clone());
        }
    }
    let site = wanted.site.as_ref().map(|site| site.profile.clone());
    let mut written = site.unwrap_or_default();
    let role = wanted.role.as_ref().and_then(|name| policy.roles.get(name));
    written.extend(role.map(|role| role.profile.clone()).unwrap_or_default());
    written.retain(|key, value| !wanted.profile.contains_key(key) && !value.trim().is_empty());
    // Values without macros come first, because macros read some of them.
    let (plain, macros): (Vec<_>, Vec<_>) = written
        .into_iter()
        .partition(|(_, value)| !value.contains('{'));
    wanted.profile.extend(plain);
    for (key, value) in macros {
        match filled(wanted, &value) {
            Ok(text) => {
                wanted.profile.insert(key, text);
            }
            Err(unknown) => wanted.caution(format!(
                "The profile's {key} is left empty: the policy writes it as “{value}”, and {unknown} is not known for this person."
            )),
        }
    }
}

/// The text with its macros filled in, or the macro that has no value. What is filled in is not read for macros again.
fn filled(wanted: &Wanted, text: &str) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((name, after)) = behind.split_once('}') else {
            break;
        };
        let name = format!("{{{name}}}");
        done.push_str(before);
        done.push_str(&value(wanted, &name).ok_or(name)?);
        rest = after;
    }
    done.push_str(rest);
    Ok(naming::squeeze(&done))
}

fn value(wanted: &Wanted, name: &str) -> Option<String> {
    let site = |key: &str| {
        let value = wanted.site.as_ref()?.profile.get(key)?;
        (!value.contains('{')).then(|| value.clone())
    };
    let value = match name {
        "{site.city}" => site("city"),
        "{site.office}" => site("office"),
        "{site.name}" => Some(wanted.site_name.clone()),
        "{first}" => Some(wanted.given_name.clone()),
        "{last}" => Some(wanted.family_name.clone()),
        "{department}" => wanted.profile.get("department").cloned(),
        "{job-title}" => wanted.profile.get("job-title").cloned(),
        _ => None,
    };
    value.filter(|value| !value.trim().is_empty())
}

/// Makes display name and sign-in names.
pub(super) fn names(wanted: &mut Wanted, request: &Request, policy: &Policy) {
    let name = PersonName {
        given: wanted.given_name.clone(),
        family: wanted.family_name.clone(),
    };
    wanted.display_name = match text(request, "display-name") {
        Some(written) => naming::squeeze(written),
        None => naming::display(&name, &policy.naming),
    };
    if wanted.display_name.is_empty() {
        wanted.incomplete(
            "the person's name is missing",
            "What are the person's given and family name? Answer and plan again.",
        );
    }
    let domain = policy.naming.domain.as_deref();
    let whole = |local: String| match domain {
        Some(domain) if !local.contains('@') => format!("{local}@{domain}"),
        _ => local,
    };
    if let Some(address) = &request.person.address
        && !address.value.trim().is_empty()
    {
        let address = whole(address.value.trim().to_owned());
        if let Some(problem) = sign_in_problem(&address) {
            wanted.incomplete(
                format!("“{address}” cannot be a sign-in name: {problem}"),
                "Which sign-in name shall the person have? Answer and plan again.",
            );
        }
        wanted.address = Some(address);
    }
    if wanted.display_name.is_empty() {
        return;
    }
    match naming::candidates(&name, &policy.naming) {
        Ok(found) => wanted.candidates = found.into_iter().map(whole).collect(),
        // Nobody has to be asked for a sign-in name that stands in the request.
        Err(refusal) if wanted.address.is_none() => wanted.refusals.push(refusal),
        Err(_) => {}
    }
}

fn sign_in_problem(address: &str) -> Option<&'static str> {
    let Some((local, _)) = address.split_once('@') else {
        return naming::local_part_problem(address);
    };
    address_problem(address).or_else(|| naming::local_part_problem(local))
}
