//! Which sign-in name is free: checked against everybody and everything that can have it, several names at once.
//!
//! Source: Graph reference pages of user (characters of `userPrincipalName`) and of `$filter` (at most 15 values or alternatives).

mod holders;

use domain::facts::NameTried;

use super::JoinerWanted;
use crate::facts::{Gaps, directory, people};
use crate::{Connection, Ctx, Error};

use holders::Holders;

/// This many names are asked about together. Graph takes 15 values or alternatives in one filter.
const AT_ONCE: usize = 10;
/// What a sign-in name may hold before the `@` beside letters and digits without accents.
const MARKS: &str = "'.-_!#^~";

/// The names to try, and what is known of them beforehand.
pub(super) struct Candidates<'a> {
    names: Vec<String>,
    verified: &'a [String],
    reserved: &'a [String],
    employee_id: Option<&'a str>,
}

impl<'a> Candidates<'a> {
    /// What the request gives first, then the candidates, each once; the plan's own name alone when there is one.
    pub(super) fn of(wanted: &JoinerWanted<'a>, tenant: &'a directory::Tenant) -> Self {
        let domain = wanted.domain.or(tenant.default_domain.as_deref());
        let whole = |name: &str| match name.trim() {
            name if name.contains('@') => name.to_owned(),
            name => format!("{name}@{}", domain.unwrap_or_default()),
        };
        let mut names: Vec<String> = Vec::new();
        let given = wanted.candidates.iter().map(String::as_str);
        let all: Vec<&str> = match wanted.chosen {
            Some(chosen) => vec![chosen],
            None => wanted.address.into_iter().chain(given).collect(),
        };
        for name in all.into_iter().map(whole) {
            if !names.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        let ours = wanted.chosen.is_some();
        Self {
            names,
            verified: &tenant.domains,
            reserved: if ours { &[] } else { wanted.reserved },
            employee_id: wanted
                .employee_id
                .map(str::trim)
                .filter(|id| !id.is_empty()),
        }
    }

    /// Why a name cannot be had, as far as nobody has to be asked.
    fn refused(&self, upn: &str) -> Option<String> {
        let domain = people::domain_of(upn).unwrap_or_default();
        let among = |names: &[String], name: &str| {
            names.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        if !among(self.verified, domain) {
            return Some("its domain is not verified in this tenant".to_owned());
        }
        if !is_well_formed(upn) {
            return Some(
                "it is too long, or has a character that a sign-in name cannot have".to_owned(),
            );
        }
        among(self.reserved, upn).then(|| "another approved plan has reserved it".to_owned())
    }
}

/// Whether a sign-in name has the form that the directory takes: 64 characters before the `@`, 113 in all.
pub(super) fn is_well_formed(upn: &str) -> bool {
    let Some((local, domain)) = upn.rsplit_once('@') else {
        return false;
    };
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || MARKS.contains(letter);
    (1..=64).contains(&local.len())
        && upn.len() <= 113
        && !domain.is_empty()
        && local.chars().all(allowed)
        && !local.starts_with('.')
        && !local.ends_with('.')
}

/// Tries the names in their order up to the first free one; some are asked about together, and more only when all of those are taken.
pub(super) async fn choose(
    connection: &Connection,
    ctx: &Ctx,
    candidates: &Candidates<'_>,
    gaps: &mut Gaps,
) -> Result<Vec<NameTried>, Error> {
    let mut tried = Vec::new();
    for (at, names) in candidates.names.chunks(AT_ONCE).enumerate() {
        let open: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| candidates.refused(name).is_none())
            .collect();
        // Whoever had the employee id is asked for once, with the first names.
        let employee_id = candidates.employee_id.filter(|_| at == 0);
        let holders = Holders::read(connection, ctx, &open, employee_id, gaps).await?;
        gaps.0.extend(holders.returning(employee_id));
        for upn in names {
            let taken = candidates.refused(upn).or_else(|| holders.of(upn));
            let free = taken.is_none();
            tried.push(NameTried {
                upn: upn.clone(),
                taken,
            });
            if free {
                return Ok(tried);
            }
        }
    }
    Ok(tried)
}
