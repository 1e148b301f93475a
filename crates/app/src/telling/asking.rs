//! Who is asked to decide on a plan, by which way, and once more before its time is over; and that nobody did.

use std::collections::BTreeSet;

use connectors::card::Mode;
use domain::approval::{Case, Standing};
use domain::protect::is_one;
use domain::request::Request;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use store::{About, Channel, NewDelivery, Operator, Secret, TenantScope};

use super::ends::NEWS;
use super::whom::Reader;
use super::words::{Clocks, Why};
use super::{BY_BOT, Carried, People, Telling, body, id, key, notes, whom, words};
use crate::acts::judge::{Judge, Matter};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// A question, as everybody is asked it.
pub(super) struct Asking<'a> {
    /// The plan, and where it stands.
    pub(super) case: &'a Case<'a>,
    /// The name of whoever asked for it.
    pub(super) asked_by: String,
    /// The page where it is decided on.
    pub(super) url: String,
    /// The zone of the person's site.
    pub(super) site: TimeZone,
}

/// A mail that is still to be written.
pub(super) struct Ask {
    id: String,
    to: Reader,
    why: Why,
}

impl Telling<'_> {
    /// The mails that are still to be written: to those who are asked, to those whom the policy names for when nobody decides, and once
    /// more to both in the last quarter of the time that there is.
    pub(super) fn mails(
        &self,
        case: &Case<'_>,
        request: &Request,
        asked: Vec<&Operator>,
        people: &People,
    ) -> Vec<Ask> {
        if self.wiring.config.notify.smtp.is_none() {
            return Vec::new();
        }
        let key = key(case.stored);
        let named: &[String] = match &case.stored.plan.approval.escalation {
            Some(escalation) if case.is_escalated() => &escalation.to,
            _ => &[],
        };
        let strangers = whom::strangers(case, request, named, &people.kept);
        let asked = asked.into_iter();
        let asked = asked.map(|one| (one.id.as_str().to_owned(), Reader::of(one)));
        let all = asked.chain(strangers.into_iter().map(|one| (one.address.clone(), one)));
        let mut mails = Vec::new();
        for (who, to) in all {
            let escalated = named.iter().any(|one| is_one(one, &to.address));
            let (kind, why) = if escalated {
                ("escalated", Why::Escalated)
            } else {
                ("ask", Why::Asked)
            };
            let again = is_late(case, &to.address).then(|| Ask {
                id: id("remind", &[&key, &who]),
                to: to.clone(),
                why: Why::Reminded,
            });
            let id = id(kind, &[&key, &who]);
            mails.push(Ask { id, to, why });
            mails.extend(again);
        }
        mails.retain(|mail| !self.told.contains(&mail.id));
        mails
    }

    /// Writes the mails.
    pub(super) async fn send_mails(
        &mut self,
        asking: &Asking<'_>,
        mails: Vec<Ask>,
    ) -> Result<(), Problem> {
        let mut first = BTreeSet::new();
        for mail in mails {
            let is_reminder = mail.why == Why::Reminded;
            if is_reminder && first.contains(&mail.to.address) {
                // Whoever is asked only now needs no reminder.
                self.told.insert(mail.id);
                continue;
            }
            let clocks = self.clocks(&asking.site, &mail.to, asking.case.now);
            let letter = words::ask(asking, mail.why, &mail.to, &clocks)?;
            let address = mail.to.address.clone();
            let new = asked(
                mail.id,
                Channel::Mail,
                mail.to.address,
                body(&letter)?,
                asking.case,
            );
            if self.enqueue(new).await? {
                first.insert(address);
            }
        }
        Ok(())
    }

    /// Sends the cards with buttons.
    pub(super) async fn send_own_cards(
        &mut self,
        asking: &Asking<'_>,
        cards: Vec<(String, &Operator)>,
    ) -> Result<(), Problem> {
        for (id, to) in cards {
            let card = self.own_card(asking, to)?;
            let target = format!("{BY_BOT}{}", to.id);
            let body = Secret::new(card.to_string());
            let new = asked(id, Channel::Card, target, body, asking.case);
            self.enqueue(new).await?;
        }
        Ok(())
    }

    /// The card with buttons for one who may decide.
    fn own_card(&self, asking: &Asking<'_>, to: &Operator) -> Result<Value, Problem> {
        let clocks = self.clocks(&asking.site, &Reader::of(to), asking.case.now);
        let carried = Carried::of(asking.case.stored, to);
        let carried = carried.seal(&self.wiring.store)?;
        let mut card = words::card(asking, &clocks);
        card.mode = Mode::Bot {
            data: serde_json::json!({ "seal": carried }),
        };
        Ok(card.build())
    }

    /// Shows the channels what waits.
    pub(super) async fn send_cards(
        &mut self,
        asking: &Asking<'_>,
        cards: Vec<(String, String)>,
    ) -> Result<(), Problem> {
        for (id, target) in cards {
            // Of a channel it is not known where its readers are.
            let clocks = Clocks {
                site: asking.site.clone(),
                here: asking.site.clone(),
                now: asking.case.now,
            };
            let card = words::card(asking, &clocks).build();
            let body = Secret::new(card.to_string());
            let new = asked(id, Channel::Card, target, body, asking.case);
            self.enqueue(new).await?;
        }
        Ok(())
    }

    /// Tells whoever asked that nobody decided in time; no old news when mail is configured for the first time.
    pub(super) async fn expired(
        &mut self,
        matter: &Matter,
        request: &Request,
        at: Timestamp,
        people: &People,
    ) -> Result<(), Problem> {
        let (stored, now) = (&matter.stored, people.judge.now);
        if self.wiring.config.notify.smtp.is_none() || at < now - NEWS {
            return Ok(());
        }
        let plan = &stored.plan;
        let site = self.site(plan, request).await;
        let url = format!("{}/t/{}/plans/{}", self.base, plan.tenant, stored.id);
        for to in whom::to_tell(plan, request, &[], &people.kept) {
            let clocks = self.clocks(&site, &to, now);
            let letter = notes::expired(plan, at, &to, &url, &clocks)?;
            let id = id("expired", &[&key(stored), &to.address]);
            self.enqueue(NewDelivery {
                id,
                channel: Channel::Mail,
                tenant: Some(plan.tenant.clone()),
                endpoint: None,
                target: to.address,
                event: "approval-expired".to_owned(),
                body: body(&letter)?,
                about: About::Plan(stored.id.clone()),
                at: now,
                due_at: now,
            })
            .await?;
        }
        Ok(())
    }

    /// The cards with buttons that are still to be sent, each to one who may decide.
    pub(super) fn own_cards<'b>(
        &self,
        case: &Case<'_>,
        asked: &[&'b Operator],
        people: &People,
    ) -> Vec<(String, &'b Operator)> {
        let key = key(case.stored);
        let reached = asked.iter().filter(|one| people.reached.contains(&one.id));
        let cards = reached.map(|one| (id("own-card", &[&key, one.id.as_str()]), *one));
        cards.filter(|(id, _)| !self.told.contains(id)).collect()
    }

    /// The workflows that are still to be given a card.
    pub(super) fn cards(&self, case: &Case<'_>) -> Vec<(String, String)> {
        let tenant = &case.stored.plan.tenant;
        if !matches!(case.standing(), Standing::Waiting { .. }) {
            return Vec::new();
        }
        let workflows = self.wiring.config.notify.teams.iter();
        let here = workflows.filter(|one| one.tenant.as_ref().is_none_or(|of| of == tenant));
        let key = key(case.stored);
        let cards = here.map(|one| (id("card", &[&key, &one.name()]), one.name()));
        cards.filter(|(id, _)| !self.told.contains(id)).collect()
    }
}

/// The card with buttons as it would be sent to this operator now; nothing where they cannot decide any more.
///
/// # Errors
/// Store errors.
pub(crate) async fn still_asks(
    wiring: &Wiring,
    scope: &TenantScope,
    matter: &Matter,
    to: &Operator,
) -> Result<Option<Value>, Problem> {
    let judge = Judge::read(wiring, clock::now()).await?;
    let (case, plan) = (judge.case(matter), &matter.stored.plan);
    let telling = Telling::of(wiring).filter(|_| case.may_decide(&to.email).is_ok());
    let Some(telling) = telling else {
        return Ok(None);
    };
    let request = wiring.store.request(scope, &plan.request).await;
    let request = request.map_err(of_store)?;
    let asking = Asking {
        case: &case,
        asked_by: judge.name_of(&plan.requester),
        url: telling.page(&matter.stored),
        site: telling.site(plan, &request).await,
    };
    telling.own_card(&asking, to).map(Some)
}

/// Whether the last quarter of the time has begun, and this person could decide already then.
fn is_late(case: &Case<'_>, address: &str) -> bool {
    let Some(ends) = case.expires_at() else {
        return false;
    };
    let quarter = ends.duration_since(case.stored.made_at) / 4;
    let begins = ends - quarter;
    let then = Case {
        now: begins,
        ..*case
    };
    begins <= case.now && then.may_decide(address).is_ok()
}

fn asked(
    id: String,
    channel: Channel,
    target: String,
    body: Secret,
    case: &Case<'_>,
) -> NewDelivery {
    NewDelivery {
        id,
        channel,
        tenant: Some(case.stored.plan.tenant.clone()),
        endpoint: None,
        target,
        event: "approval-asked".to_owned(),
        body,
        about: About::Plan(case.stored.id.clone()),
        at: case.now,
        due_at: case.now,
    }
}
