//! Compares what an application was granted with what is needed, before anything is tried.

/// The needed permissions that none of the granted ones covers, in the order given.
///
/// An entry may name alternatives, as in `User.EnableDisableAccount.All|User.ReadWrite.All`. A granted
/// `X.ReadWrite.All` covers a needed `X.Read.All`, and `X.ReadWrite` an `X.Read`, as Microsoft's permission tables have it throughout.
#[must_use]
pub fn missing<G: AsRef<str>, N: AsRef<str>>(granted: &[G], needed: &[N]) -> Vec<String> {
    let has = |permission: &str| {
        let wider = match permission.strip_suffix(".Read") {
            Some(resource) => format!("{resource}.ReadWrite"),
            None => permission.replace(".Read.", ".ReadWrite."),
        };
        granted.iter().any(|held| {
            let held = held.as_ref();
            held.eq_ignore_ascii_case(permission) || held.eq_ignore_ascii_case(&wider)
        })
    };
    needed
        .iter()
        .map(AsRef::as_ref)
        .filter(|entry| !entry.split('|').map(str::trim).any(has))
        .map(str::to_owned)
        .collect()
}
