//! Connecting a tenant, renewing what it is signed in with, and checking what it granted.

use std::collections::{BTreeMap, BTreeSet};

use connectors::{Granted, Meaning};
use domain::TenantId;
use domain::policy::Policy;
use domain::request::Kind;
use store::{Credential, NewTenant, Secret, TenantScope};

use crate::clock;
use crate::config::Config;
use crate::planning;
use crate::problem::Problem;
use crate::wiring::{self, Wiring, of_call, of_store};

/// What an operator gives to sign in with.
pub(crate) enum Given {
    /// A client secret.
    Secret(Secret),
    /// A certificate and its key, both PEM.
    Certificate {
        /// The certificate.
        certificate: Secret,
        /// The private key.
        key: Secret,
    },
}

impl Given {
    /// The credential, held against what connectors can use.
    ///
    /// # Errors
    /// When it is empty, or no certificate or key; the message names the field.
    fn usable(self) -> Result<Credential, Problem> {
        let credential = match self {
            Self::Secret(secret) => {
                filled("secret", &secret)?;
                Credential::Secret(secret)
            }
            Self::Certificate { certificate, key } => {
                filled("certificate", &certificate)?;
                filled("key", &key)?;
                Credential::Certificate { certificate, key }
            }
        };
        wiring::usable(credential.clone())?;
        Ok(credential)
    }
}

fn filled(what: &str, secret: &Secret) -> Result<(), Problem> {
    if secret.expose().iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::refused(what, format!("the {what} is empty"))
            .hint("give it as the portal shows it"));
    }
    Ok(())
}

/// A tenant to be connected, as it was typed.
pub(crate) struct Connect {
    /// The name the provider gives it.
    pub(crate) name: String,
    /// The customer's directory id.
    pub(crate) directory: String,
    /// The cloud.
    pub(crate) cloud: String,
    /// The application's client id.
    pub(crate) client: String,
    /// What it is signed in with.
    pub(crate) given: Given,
}

/// Keeps a new tenant. Nothing is sent to it.
///
/// # Errors
/// A field that cannot be used, a name or directory that is there already, and store errors.
pub(crate) async fn add(wiring: &Wiring, connect: Connect) -> Result<TenantId, Problem> {
    let directory = guid("directory", &connect.directory)?;
    let client = guid("client", &connect.client)?;
    wiring::cloud(&wiring.config, &connect.cloud)?;
    let credential = connect.given.usable()?;
    let name = TenantId::new(connect.name);
    let new = NewTenant {
        name: name.clone(),
        directory,
        cloud: connect.cloud,
        client,
        credential,
        at: clock::now(),
    };
    wiring
        .store
        .add_tenant(&TenantScope::of(&name), &new)
        .await
        .map_err(of_store)?;
    Ok(name)
}

/// Replaces what a tenant is signed in with, once the tenant has taken it; the client id stays unless another is given. Returns the
/// client id.
///
/// # Errors
/// As [`add`]; and what the tenant said to the new credential, when the one in place stays.
pub(crate) async fn renew(
    wiring: &Wiring,
    tenant: &store::Tenant,
    client: Option<&str>,
    given: Given,
) -> Result<String, Problem> {
    let client = match client {
        Some(given) => guid("client", given)?,
        None => tenant.client.clone(),
    };
    let credential = given.usable()?;
    let changed = store::Tenant {
        client: client.clone(),
        ..tenant.clone()
    };
    try_out(wiring, &changed, credential.clone()).await?;
    let scope = TenantScope::of(&tenant.name);
    let set = wiring
        .store
        .set_credential(&scope, &tenant.name, &client, &credential, clock::now());
    set.await.map_err(of_store)?;
    Ok(client)
}

/// Asks the tenant for a token with a credential that is not kept yet.
async fn try_out(
    wiring: &Wiring,
    tenant: &store::Tenant,
    credential: Credential,
) -> Result<(), Problem> {
    let connection = wiring::connect(&wiring.config, tenant, credential)?;
    let Err(error) = connection.held(false).await else {
        return Ok(());
    };
    let said = of_call(&tenant.name, &error);
    let what = format!(
        "the new credential of {} was tried and not kept; the one in place stays",
        tenant.name
    );
    let hint = match error.meaning {
        Some(Meaning::BadCredential) => {
            "give the secret's value, not its id, or the certificate that the app registration has"
        }
        Some(Meaning::NoConsent | Meaning::UnknownTenant | Meaning::BadToken) => {
            "check the application (client) id, and that an administrator of the tenant consented"
        }
        _ => "check the network and the addresses of the tenant's cloud, then give it again",
    };
    let mut problem = Problem {
        code: "credential".to_owned(),
        ..said
    };
    problem.what.insert(0, what);
    Err(problem.hint(hint))
}

/// What a person calls the customer's directory id.
pub(crate) const DIRECTORY: &str = "the directory (tenant) id";
/// What a person calls the application's id.
pub(crate) const CLIENT: &str = "the application (client) id";

/// A GUID as stored.
fn guid(field: &str, value: &str) -> Result<String, Problem> {
    let guid = value.trim().to_lowercase();
    if uuid::Uuid::try_parse(&guid).is_err() {
        let what = match field {
            "directory" => DIRECTORY,
            _ => CLIENT,
        };
        return Err(
            Problem::refused(field, format!("{what} “{value}” is no GUID"))
                .hint("copy it from the app registration in the Entra admin center"),
        );
    }
    Ok(guid)
}

/// Whether a permission is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// A step needs it, and it was not granted.
    Missing,
    /// A step needs it, and it was granted.
    Granted,
    /// It was granted, and no step of the policy needs it.
    NotNeeded,
}

/// A permission of the application in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    /// Its name at the vendor; alternatives are parted by `|`.
    pub(crate) name: String,
    /// The steps that need it, in the order of the catalogue.
    pub(crate) steps: Vec<&'static str>,
    /// Whether it is there.
    pub(crate) state: State,
}

/// What a check of a tenant found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// What the tokens say.
    pub(crate) granted: Granted,
    /// What the policy needs, in alphabetical order.
    pub(crate) needed: Vec<&'static str>,
    /// The needed ones that were not granted.
    pub(crate) missing: Vec<String>,
    /// Every permission with the steps that need it, missing ones first.
    pub(crate) matrix: Vec<Permission>,
}

/// Asks for tokens, and compares what was granted with what the policy needs.
///
/// # Errors
/// What keeps Tenure from signing in, with what to do.
pub(crate) async fn check(wiring: &Wiring, tenant: &store::Tenant) -> Result<Checked, Problem> {
    let connection = wiring.connection(tenant).await?;
    let granted = connection
        .granted()
        .await
        .map_err(|error| of_call(&tenant.name, &error))?;
    let needs = needs(wiring, &tenant.name).await?;
    let needed: Vec<&str> = needs.keys().copied().collect();
    Ok(Checked {
        missing: granted.missing(&needed),
        matrix: matrix(&granted, &needs),
        needed,
        granted,
    })
}

/// What the switched-on steps of the policy need, or those of a fresh policy where there is none yet: the permission, and by which steps.
async fn needs(
    wiring: &Wiring,
    name: &TenantId,
) -> Result<BTreeMap<&'static str, Vec<&'static str>>, Problem> {
    let policy = match planning::policy(wiring, name).await {
        Ok((_, policy)) => Some(policy),
        Err(problem) if problem.code == "no-policy" => None,
        Err(problem) => return Err(problem),
    };
    Ok(needs_of(policy.as_deref()))
}

fn needs_of(policy: Option<&Policy>) -> BTreeMap<&'static str, Vec<&'static str>> {
    let on_for = |entry: &domain::catalogue::Entry, kind: Kind| match policy {
        None => entry.default_on,
        Some(policy) => policy
            .playbook(kind)
            .get(entry.name)
            .map_or(entry.default_on, domain::policy::Setting::on),
    };
    let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in &steps::catalogue().entries {
        let mut playbooks = [Kind::Offboard, Kind::Onboard].into_iter();
        if !playbooks.any(|kind| entry.kinds.contains(&kind) && on_for(entry, kind)) {
            continue;
        }
        for permission in entry.permissions.iter().copied() {
            needs.entry(permission).or_default().push(entry.name);
        }
    }
    needs
}

/// Every permission with where it stands: missing ones first, then the granted, then what nobody needs.
fn matrix(granted: &Granted, needs: &BTreeMap<&'static str, Vec<&'static str>>) -> Vec<Permission> {
    let mut lines: Vec<Permission> = needs
        .iter()
        .map(|(name, steps)| Permission {
            name: (*name).to_owned(),
            steps: steps.clone(),
            state: if granted.missing(&[*name]).is_empty() {
                State::Granted
            } else {
                State::Missing
            },
        })
        .collect();
    // What was granted and covers nothing that is needed can be taken back.
    let held: BTreeSet<&String> = granted.graph.iter().chain(&granted.exchange).collect();
    for name in held {
        let alone = Granted {
            graph: vec![name.clone()],
            exchange: Vec::new(),
        };
        if needs.keys().all(|need| !alone.missing(&[*need]).is_empty()) {
            lines.push(Permission {
                name: name.clone(),
                steps: Vec::new(),
                state: State::NotNeeded,
            });
        }
    }
    lines.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
    lines
}

/// Where an administrator of the tenant consents to what the application's registration asks for, of every resource at once
/// (learn.microsoft.com, "Grant tenant-wide admin consent to an application").
///
/// # Errors
/// An unknown cloud.
pub(crate) fn consent_link(config: &Config, tenant: &store::Tenant) -> Result<String, Problem> {
    let cloud = wiring::cloud(config, &tenant.cloud)?;
    Ok(format!(
        "{}/{}/adminconsent?client_id={}",
        cloud.login().trim_end_matches('/'),
        tenant.directory,
        tenant.client
    ))
}

/// Whether a tenant lives in a cloud on this machine: a sandbox, where nothing touches a real one.
pub(crate) fn is_rehearsal(config: &Config, tenant: &store::Tenant) -> bool {
    let Ok(cloud) = wiring::cloud(config, &tenant.cloud) else {
        return false;
    };
    url::Url::parse(cloud.graph()).is_ok_and(|url| match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_permissions_come_first_and_what_nobody_needs_last() {
        let needs = BTreeMap::from([
            ("Group.ReadWrite.All", vec!["remove-memberships"]),
            ("User.Read.All", vec!["block-sign-in", "revoke-sessions"]),
        ]);
        let granted = Granted {
            graph: vec!["User.ReadWrite.All".to_owned(), "Mail.ReadWrite".to_owned()],
            exchange: Vec::new(),
        };
        let lines: Vec<(String, State)> = matrix(&granted, &needs)
            .into_iter()
            .map(|line| (line.name, line.state))
            .collect();
        // The wider grant covers the narrower need, so it is not "not needed".
        let expected = [
            ("Group.ReadWrite.All".to_owned(), State::Missing),
            ("User.Read.All".to_owned(), State::Granted),
            ("Mail.ReadWrite".to_owned(), State::NotNeeded),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_fresh_policy_needs_what_its_steps_need_and_no_policy_the_same() {
        let catalogue = steps::catalogue();
        let text = domain::policy::template(&catalogue);
        let fresh = domain::policy::parse(&text, &catalogue);
        let none = needs_of(None);
        assert!(none.values().all(|steps| !steps.is_empty()));
        // It lacks what only its reader knows, and says so; what its steps need is read from it all the same.
        let fresh = fresh.unwrap();
        assert_eq!(needs_of(Some(&fresh)), none);
    }
}
