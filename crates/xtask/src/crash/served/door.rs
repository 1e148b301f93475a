//! The two who decide: a browser that sends its form again when it was cut off and then looks at the page, and a program that sends the
//! same call with the same key.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::point::Point;
use super::super::scene::{Scene, TENANT};
use super::super::story::Story;
use super::api;
use super::judge;
use super::office::{Office, field};
use crate::http::{Ask, Client, Reply};

/// Whether the client has anything left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It was cut off.
    Cut,
    /// It waits for the run, or has seen that there is none.
    Rest,
}

/// Most pages and calls until a client gives up: more would be a form that never leads on.
const TURNS: usize = 8;

/// Somebody who decides on the plan.
#[derive(Debug)]
pub(crate) struct Door {
    /// Who comes in.
    pub(crate) office: Office,
    /// The crash point that the next deciding request carries.
    pub(crate) arm: Option<String>,
    /// Statuses of what was answered to decisions, for a message.
    pub(crate) answers: Vec<String>,
    /// What is wrong with the answers.
    pub(crate) complaints: Vec<String>,
    story: Story,
    base: String,
    plan: String,
    /// The form that was sent last, until it is answered.
    cut: Option<Vec<(String, String, String)>>,
    /// How many keys the program has used.
    keys: u32,
    /// Whether the other decision of a race is still to be made.
    race: Option<Race>,
}

/// The other decision of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Race {
    /// The approval is taken back so many milliseconds after it was given.
    TakeBack(u64),
    /// A program refuses while the browser approves.
    Refuse(u64),
}

impl Door {
    /// Somebody at the beginning.
    pub(crate) fn new(office: &Office, scene: &Scene, point: &Point, base: &str) -> Self {
        let mut chance = Chance::new(point.seed, &point.to_string());
        let race = (scene.story == Story::Race && !point.strikes.is_empty()).then(|| {
            let ms = chance.between(0, 400);
            if chance.between(0, 1) == 0 {
                Race::TakeBack(ms)
            } else {
                Race::Refuse(ms / 40)
            }
        });
        Self {
            office: office.clone(),
            arm: None,
            answers: Vec::new(),
            complaints: Vec::new(),
            story: scene.story,
            base: base.to_owned(),
            plan: scene.plan.clone(),
            cut: None,
            keys: 0,
            race,
        }
    }

    /// Where the API lists the tenant's runs.
    pub(crate) fn runs(&self) -> String {
        api("runs")
    }

    fn here(&self) -> String {
        format!("/t/{TENANT}/plans/{}", self.plan)
    }

    /// How many entries of the ledger are to be told of by now.
    ///
    /// # Errors
    /// When the process does not answer with JSON.
    pub(crate) fn due(&self, client: &mut Client) -> anyhow::Result<usize> {
        let mut due = 0;
        for kind in judge::TOLD {
            let path = api(&format!("ledger?kind={kind}"));
            let Ok(reply) = client.ask(&self.office.call(Ask::get(&path))) else {
                return Ok(usize::MAX);
            };
            let entries: Value = serde_json::from_slice(&reply.body)?;
            due += judge::lines(&entries).count();
        }
        Ok(due)
    }

    /// Does what is to be done now, after a start or a restart.
    pub(crate) fn go_on(&mut self) -> Next {
        let done = match (self.story, self.race) {
            (_, Some(race)) => self.raced(race),
            (Story::Api, _) => self.program(),
            _ => self.browser(),
        };
        done.unwrap_or(Next::Cut)
    }

    fn armed(&mut self, ask: Ask) -> Ask {
        match self.arm.take() {
            Some(point) => ask.with("x-tenure-crash", &point),
            None => ask,
        }
    }

    fn note(&mut self, what: &str, reply: &Reply) {
        self.answers.push(format!("{what} {}", reply.status));
        if reply.status >= 500 {
            self.complaints
                .push(format!("{what} was answered {}", reply.status));
        }
    }

    /// Sends a form. The fields are kept until it is answered, so that a browser can send them again.
    fn send(&mut self, path: &str, fields: Vec<(String, String)>) -> anyhow::Result<Reply> {
        let kept = fields
            .into_iter()
            .map(|(name, value)| (path.to_owned(), name, value))
            .collect();
        self.cut = Some(kept);
        self.resend()
    }

    fn resend(&mut self) -> anyhow::Result<Reply> {
        let fields = self.cut.clone().unwrap_or_default();
        let path = fields.first().map_or_else(String::new, |one| one.0.clone());
        let pairs: Vec<(&str, &str)> = fields
            .iter()
            .map(|(_, name, value)| (name.as_str(), value.as_str()))
            .collect();
        let ask = self.office.form(&path, &pairs, &self.base);
        let ask = self.armed(ask);
        let reply = Client::new(&self.base).ask(&ask)?;
        self.cut = None;
        self.note(path.rsplit('/').next().unwrap_or_default(), &reply);
        Ok(reply)
    }

    /// A browser: what was cut off is sent again, then the page says what is left to do.
    fn browser(&mut self) -> anyhow::Result<Next> {
        if self.cut.is_some() {
            self.resend()?;
        }
        for _ in 0..TURNS {
            let here = self.here();
            let page = Client::new(&self.base).ask(&self.office.page(&here))?;
            let text = page.text();
            let hidden = |name: &str| {
                let value = field(&page, name).unwrap_or_default();
                (name.to_owned(), value)
            };
            if text.contains(&format!("action=\"{here}/approve\"")) {
                let mut fields = vec![hidden("csrf"), hidden("digest")];
                // Every line that needs a tick of its own is ticked.
                for part in text.split("name=\"line\" value=\"").skip(1) {
                    let key = part.split('"').next().unwrap_or_default();
                    fields.push(("line".to_owned(), key.to_owned()));
                }
                self.send(&format!("{here}/approve"), fields)?;
            } else if text.contains(&format!("action=\"{here}/begin\"")) {
                self.send(&format!("{here}/begin"), vec![hidden("csrf")])?;
            } else {
                return Ok(Next::Rest);
            }
        }
        self.complaints
            .push("the page asks for a decision again and again".to_owned());
        Ok(Next::Rest)
    }

    fn key(&self) -> String {
        format!("approve-{}-{}", self.plan, self.keys)
    }

    fn plan(&self) -> anyhow::Result<Value> {
        let path = api(&format!("plans/{}", self.plan));
        let reply = Client::new(&self.base).ask(&self.office.call(Ask::get(&path)))?;
        Ok(serde_json::from_slice(&reply.body)?)
    }

    /// A program: the same call under the same key; where that says the first was cut off, it looks, and calls anew for what is missing.
    fn program(&mut self) -> anyhow::Result<Next> {
        let plan = self.plan()?;
        let lines: Vec<&Value> = plan["plan"]["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|step| {
                let changes = step["changes"].as_array();
                let mut changes = changes.into_iter().flatten();
                changes.any(|change| !change["reversal"]["approved-apart"].is_null())
            })
            .map(|step| &step["key"])
            .collect();
        let body = json!({ "digest": plan["digest"], "lines": lines });
        for _ in 0..TURNS {
            let path = api(&format!("plans/{}/approvals", self.plan));
            let ask = Ask::json(&path, &body).with("idempotency-key", &self.key());
            let ask = self.office.call(ask);
            let ask = self.armed(ask);
            let reply = Client::new(&self.base).ask(&ask)?;
            self.note("approvals", &reply);
            if reply.status == 200 {
                return Ok(Next::Rest);
            }
            let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            if said["code"] != "idempotency" {
                break;
            }
            self.keys += 1;
        }
        let path = api(&format!("plans/{}/run", self.plan));
        let ask = Ask::json(&path, &json!({}));
        let reply = Client::new(&self.base).ask(&self.office.call(ask))?;
        self.note("run", &reply);
        if reply.status != 200 {
            self.complaints.push(format!(
                "the program cannot go on: {} ({})",
                reply.text(),
                self.answers.join(", ")
            ));
        }
        Ok(Next::Rest)
    }

    /// The browser approves; somebody decides otherwise at the same time, or shortly after.
    fn raced(&mut self, race: Race) -> anyhow::Result<Next> {
        let (base, office, here) = (self.base.clone(), self.office.clone(), self.here());
        let page = Client::new(&base).ask(&office.page(&here))?;
        let csrf = field(&page, "csrf").unwrap_or_default();
        let plan = self.plan()?;
        let digest = plan["digest"].as_str().unwrap_or_default().to_owned();
        let refusal = json!({ "digest": digest, "reason": "not this one" });
        let path = api(&format!("plans/{}/refusal", self.plan));
        let other = move || {
            let mut client = Client::new(&base);
            match race {
                Race::TakeBack(ms) => {
                    std::thread::sleep(Duration::from_millis(ms));
                    let fields = [("csrf", csrf.as_str())];
                    client.ask(&office.form(&format!("{here}/take-back"), &fields, &base))
                }
                Race::Refuse(ms) => {
                    std::thread::sleep(Duration::from_millis(ms));
                    client.ask(&office.call(Ask::json(&path, &refusal)))
                }
            }
        };
        let (approved, other) = std::thread::scope(|scope| {
            let other = scope.spawn(other);
            let approved = self.browser();
            (approved, other.join())
        });
        match other {
            Ok(Ok(reply)) => {
                self.note("the other decision", &reply);
                self.race = None;
            }
            // It was cut off: it is made again when the process is back.
            Ok(Err(error)) => return Err(error),
            Err(_) => anyhow::bail!("the other client panicked"),
        }
        approved
    }
}
