//! Errors of the other crates as a person sees them: what happened, to which object, and what to do now.

use connectors::Meaning;
use domain::TenantId;
use transport::Class;

use crate::problem::Problem;

/// A store's error.
pub(crate) fn of_store(error: store::Error) -> Problem {
    let make = if error.is_refusal() {
        Problem::refused
    } else {
        Problem::failed
    };
    let code = code(&error);
    if let Some(hint) = own_advice(&error) {
        let what = error.to_string();
        let what = what.split("; ").next().unwrap_or(&what);
        return make(code, what).hint(hint);
    }
    // The store's own sentences end with what to do.
    let text = error.to_string();
    match text.split_once("; ") {
        Some((what, advice)) => make(code, what).hint(advice),
        None => make(code, text.as_str()),
    }
}

/// The word for programs: what was refused has one of its own, and everything else is the store's trouble.
fn code(error: &store::Error) -> &'static str {
    use store::Error;
    match error {
        Error::Missing { .. } => "not-found",
        Error::Exists { .. } | Error::SameDirectory(_) => "exists",
        Error::BadName(_) => "name",
        Error::OtherDigest { .. } => "digest",
        Error::Superseded { .. } | Error::OtherPolicy { .. } => "superseded",
        Error::AlreadyApproved { .. } => "already-approved",
        Error::Refused { .. } => "refused",
        Error::BadCursor => "cursor",
        Error::NameReserved { .. } | Error::NoSeat { .. } => "reserved",
        Error::Unapproved { .. } => "unapproved",
        Error::HasRun { .. } => "has-run",
        Error::TakenBack(_) => "taken-back",
        Error::Started(_) => "started",
        Error::PersonBusy(_) => "busy",
        Error::LastAdmin(_) => "last-admin",
        _ => "store",
    }
}

/// What to type, where that is known here and not in the store.
fn own_advice(error: &store::Error) -> Option<String> {
    use store::Error;
    Some(match error {
        Error::Missing { what, .. } => match *what {
            "plan" => "`tenure plan list` shows the plans there are".to_owned(),
            "run" => "`tenure runs list` shows the runs there are".to_owned(),
            "tenant" => "`tenure tenant list` shows the tenants there are".to_owned(),
            "approval by" => "only an approval that stands can be taken back".to_owned(),
            _ => "check the name or number".to_owned(),
        },
        Error::Exists { what: "tenant", id } => {
            format!("choose another name; a new secret is given with `tenure tenant renew {id}`")
        }
        Error::SameDirectory(name) => format!("go on with {name}"),
        Error::Unapproved { plan, .. } => format!(
            "tenure approve {plan} --as NAME; where approvals ran out: tenure plan again {plan}"
        ),
        Error::AlreadyApproved { plan, .. } => format!(
            "carry it out with `tenure run {plan}`, or have somebody else approve if another approval is needed"
        ),
        Error::OtherDigest { .. } => "look at the plan again before approving it".to_owned(),
        Error::Superseded { by, .. } => format!("look at the new one: tenure plan show {by}"),
        Error::PersonBusy(run) => format!(
            "wait for it (`tenure runs show {run}`), or stop it (`tenure runs cancel {run} --as NAME`)"
        ),
        Error::Started(run) => format!("cancel the run: tenure runs cancel {run} --as NAME"),
        Error::BadKey(given) => {
            format!("give the key that was made with the store, as it was; {given}")
        }
        Error::BadName(_) => "choose another name, like contoso".to_owned(),
        Error::Denied { .. } => {
            "check that the folder exists and belongs to the user who runs Tenure".to_owned()
        }
        Error::Unreadable { .. } => {
            "use the version that wrote it, or run tenure doctor".to_owned()
        }
        _ => return None,
    })
}

/// An error of a field of the configuration.
pub(crate) fn of_setup(error: connectors::SetupError) -> Problem {
    Problem::refused("setup", error.to_string()).hint("correct that field, then try again")
}

/// A connector's error. What the tenant refuses is refused; what may go better another time has failed.
pub(crate) fn of_call(tenant: &TenantId, error: &connectors::Error) -> Problem {
    let request = error
        .sent
        .request_id
        .as_ref()
        .map(|id| format!(" (request {id})"))
        .unwrap_or_default();
    let what = format!("{tenant}: {}{request}", error.message);
    let again = matches!(error.class, Class::RetryAfter { .. } | Class::Unknown);
    if again {
        return Problem::failed("cloud", what).hint(
            "nothing was changed; check the network and the addresses of the tenant's cloud, then try again",
        );
    }
    let hint = match error.meaning {
        Some(Meaning::BadCredential) => {
            format!("give the right one: tenure tenant renew {tenant} --secret-file FILE")
        }
        Some(Meaning::NoConsent | Meaning::UnknownTenant | Meaning::BadToken) => format!(
            "check the ids with `tenure tenant list` and the consent in {tenant}, then `tenure tenant check {tenant}`"
        ),
        _ if error.class == Class::Denied => {
            format!("`tenure tenant check {tenant}` names the permissions that are missing")
        }
        _ => "nothing was changed; report this with the request id".to_owned(),
    };
    Problem::refused("cloud", what).hint(hint)
}
