//! API clients: programs that call Tenure, each with a token that is shown once.

use domain::ClientId;
use domain::access::Grant;
use secrecy::{ExposeSecret as _, SecretString};
use store::{NewClient, Secret};

use super::operators;
use crate::clock;
use crate::problem::Problem;
use crate::sign_in::token::{self, Kind};
use crate::wiring::{Wiring, of_store};

/// The longest name, in characters.
const LONGEST: usize = 64;

/// A client that was just made.
pub(crate) struct Made {
    /// Its id.
    pub(crate) id: ClientId,
    /// Its name.
    pub(crate) name: String,
    /// Its token, which is kept nowhere.
    pub(crate) token: SecretString,
}

/// Makes a client. Its token is in the answer, and nowhere afterwards.
///
/// # Errors
/// `name` and `tenant` for what cannot be used, `exists` for a name that is taken, and store errors.
pub(crate) async fn make(
    wiring: &Wiring,
    name: &str,
    grants: Vec<Grant>,
    by: &str,
) -> Result<Made, Problem> {
    let name = name.trim().to_owned();
    let is_name =
        !name.is_empty() && name.chars().count() <= LONGEST && !name.contains(char::is_control);
    if !is_name {
        return Err(Problem::refused(
            "name",
            "Name: say in 1 to 64 characters which program this is.",
        )
        .hint("give it the program's name"));
    }
    operators::known(wiring, &grants).await?;
    let (token, _) = token::make(Kind::Api, |bytes| rand::fill(bytes));
    let new = NewClient {
        id: ClientId::new(clock::short_id('c')),
        name: name.clone(),
        token: Secret::new(token.expose_secret()),
        grants,
        by: by.to_owned(),
        at: clock::now(),
    };
    match wiring.store.add_client(&new).await {
        Err(store::Error::Exists { .. }) => {
            let what = format!(
                "Name: there is or was a client called {name}; decisions are kept under its name, so choose another."
            );
            return Err(Problem::refused("exists", what).hint("give it another name"));
        }
        added => added.map_err(of_store)?,
    }
    Ok(Made {
        id: new.id,
        name,
        token,
    })
}

/// Ends a client for good: its token opens nothing any more.
///
/// # Errors
/// `not-found` where there is none that still opens anything, and store errors.
pub(crate) async fn revoke(wiring: &Wiring, id: &ClientId, by: &str) -> Result<(), Problem> {
    let revoked = wiring.store.revoke_client(id, by, clock::now()).await;
    revoked.map_err(of_store)
}
