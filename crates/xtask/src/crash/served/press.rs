//! The one press that shows a password: struck in the middle of it, the password was shown once or the page owns that it is gone.

use std::path::Path;

use anyhow::Context as _;
use store::{NewLink, Purpose, Secret, TenantScope};

use super::super::carried::Played;
use super::super::play::Stage;
use super::super::point::{Point, Strike};
use super::super::process::{End, Sandbox, tail};
use super::super::scene::TENANT;
use super::super::secrets;
use super::{judge, office};
use crate::http::{Ask, Client};

/// What is behind the link; a word that stands nowhere else.
const PASSWORD: &str = "Planted-Pass-9f3c";
const TOKEN: &str = "tnl_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
/// How often the button is pressed: once, again after the kill, and once more.
const PRESSES: usize = 3;

impl Stage<'_> {
    /// Presses the button of a one-time link, struck as the point says.
    ///
    /// # Errors
    /// When the harness fails.
    pub(crate) fn press(&self, folder: &Path, point: &Point) -> anyhow::Result<Played> {
        let sandbox = Sandbox::start(self.binary, folder, point.seed)?;
        let base = office::configure(folder, &sandbox, office::port()?)?;
        sealed(folder)?;
        let mut played = Played::nothing();
        let (mut shown, mut last) = (0, String::new());
        for index in 0..PRESSES {
            let strike = point.strikes.get(index).copied();
            let settings = self.settings(point, index);
            let mut running = office::open(self.binary, folder, &base, &settings)?;
            played.restarts = u64::try_from(index)?;
            let mut press = Ask::form(&format!("/link/{TOKEN}"), &[]).with("origin", &base);
            if let Some(Strike::Own(class, nth)) = strike {
                press = press.with("x-tenure-crash", &format!("{class}:{nth}"));
            }
            let at = base.clone();
            let pressed = std::thread::spawn(move || Client::new(&at).ask(&press));
            let end = match strike {
                Some(Strike::At(us)) => {
                    std::thread::sleep(std::time::Duration::from_micros(us));
                    Some(running.kill()?)
                }
                _ => None,
            };
            let reply = pressed
                .join()
                .map_err(|_| anyhow::anyhow!("the browser panicked"))?;
            if let Ok(reply) = reply {
                last = reply.text();
                shown += usize::from(last.contains(PASSWORD));
            }
            let gone = match end {
                Some(end) => end,
                // What is armed may strike later than the answer; whoever is not struck by then is struck now.
                None => running.kill()?,
            };
            let meant = strike.is_some();
            played.kills += u64::from(meant && gone == End::Killed);
        }
        played.complaints = complaints(shown, &last);
        for (what, word) in [("the password", PASSWORD), ("the link's token", TOKEN)] {
            played
                .complaints
                .extend(secrets::in_clear(folder, word, what)?);
        }
        if !played.complaints.is_empty() {
            played.complaints.push(tail(&folder.join("run.log")));
        }
        Ok(played)
    }
}

/// Seals the password behind the link.
fn sealed(folder: &Path) -> anyhow::Result<()> {
    let at = judge::now();
    let new = NewLink {
        id: "l-crash".to_owned(),
        token: Secret::new(TOKEN),
        purpose: Purpose::Password,
        tenant: Some(TENANT.into()),
        payload: Secret::new(PASSWORD),
        views: 1,
        expires_at: at + jiff::SignedDuration::from_hours(1),
        passphrase: None,
        by: "harness".to_owned(),
        at,
    };
    judge::with_store(folder, async |store| {
        store.add_link(&new).await?;
        let scope = TenantScope::provider();
        let links = store.links(&scope, &TENANT.into(), at).await?;
        links.first().context("the link is not there")?;
        Ok(())
    })
}

/// What is wrong with what was shown: at most once, and when never, the page that is left says that it was opened and what to do.
pub(crate) fn complaints(shown: usize, last: &str) -> Vec<String> {
    let mut out = Vec::new();
    if shown > 1 {
        out.push(format!("the password was shown {shown} times"));
    }
    let owns = last.contains("It was opened") && last.contains("Ask whoever sent it for a new one");
    if !owns {
        out.push(
            "the page does not say that the password was shown, and to whom to turn".to_owned(),
        );
    }
    if shown == 0 && !last.contains("or nothing was shown") {
        out.push("nobody was shown the password, and the page does not reckon with it".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_twice_is_seen_and_so_is_a_page_that_says_nothing() {
        let well = "It was opened 1 May from 127.0.0.1. If that was not you, or nothing was shown, say so. Ask whoever sent it for a new one.";
        assert_eq!(complaints(1, well), Vec::<String>::new());
        assert_eq!(complaints(0, well), Vec::<String>::new());
        assert_eq!(complaints(2, well).len(), 1);
        assert_eq!(complaints(0, "Nothing is behind this link").len(), 2);
    }
}
