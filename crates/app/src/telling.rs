//! Tells people what waits for their decision and how it ended, by mail and into Teams channels, each thing once.
//!
//! What is told waits in the outbox under an id that follows from what it tells and whom: after a restart nobody is told twice.

mod carried;
mod ends;
mod letter;
#[cfg(test)]
mod tests;
mod whom;
mod words;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use connectors::card::Mode;
use domain::approval::{Case, Standing};
use domain::plan::{Digest, Plan, StoredPlan};
use domain::protect::is_one;
use domain::request::Request;
use domain::{OperatorId, PlanId, TenantId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::{
    About, Channel, NewDelivery, Operator, PlanFilter, PlanLine, PlanStatus, Secret, TenantScope,
};

use self::whom::Reader;
use self::words::Clocks;
use crate::acts::judge::{Judge, Matter};
use crate::clock;
use crate::planning;
use crate::problem::Problem;
use crate::web::{plan as pages, when};
use crate::wiring::{Wiring, of_store};

pub(crate) use carried::Carried;
pub(crate) use letter::Letter;

/// What stands before an operator's id where a card goes to them by the bot.
pub(crate) const BY_BOT: &str = "bot:";

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(10);

/// Tells what is to be told, for ever.
pub(crate) async fn go_on(wiring: &Wiring) -> Infallible {
    let Some(mut telling) = Telling::of(wiring) else {
        return std::future::pending().await;
    };
    loop {
        if let Err(problem) = telling.turn(clock::now()).await {
            tracing::error!("telling: {problem}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What this process knows to be told already; the outbox knows it for good.
struct Telling<'a> {
    wiring: &'a Wiring,
    /// The address under which people reach this Tenure.
    base: String,
    /// Ids of what was told.
    told: BTreeSet<String>,
    /// Plans that nobody can decide on any more.
    over: BTreeSet<PlanId>,
    /// Entries that were told of.
    ended: BTreeSet<(TenantId, u64)>,
    /// When it was looked last.
    looked: Option<Timestamp>,
}

/// The provider's operators as they are kept, and who of them decides.
struct People {
    kept: Vec<Operator>,
    judge: Judge,
    /// Whom the bot reaches.
    reached: Vec<OperatorId>,
}

impl<'a> Telling<'a> {
    /// Nothing where there is no way to tell anybody, or no address that could stand in a message.
    fn of(wiring: &'a Wiring) -> Option<Self> {
        let config = &wiring.config;
        let notify = &config.notify;
        if notify.smtp.is_none() && notify.teams.is_empty() && wiring.bot.is_none() {
            return None;
        }
        if config.server.url.is_none() {
            tracing::warn!("[notify] is set, and [server] url is not: nobody is told anything");
            return None;
        }
        Some(Self {
            wiring,
            base: config.server.origin(),
            told: BTreeSet::new(),
            over: BTreeSet::new(),
            ended: BTreeSet::new(),
            looked: None,
        })
    }

    /// Looks once. What goes wrong with one plan or run keeps no other from being told of.
    async fn turn(&mut self, now: Timestamp) -> Result<(), Problem> {
        let people = People {
            kept: self.wiring.store.operators().await.map_err(of_store)?,
            judge: Judge::read(self.wiring, now).await?,
            reached: self.reached().await?,
        };
        for line in self.waiting().await? {
            if let Err(problem) = self.ask(&line, &people, now).await {
                tracing::error!("telling of plan {}: {problem}", line.id);
            }
        }
        if self.wiring.config.notify.smtp.is_none() {
            return Ok(());
        }
        let mut all_told = true;
        for entry in self.ends(now).await? {
            if let Err(problem) = self.tell(&entry, &people, now).await {
                tracing::error!("telling of {} {}: {problem}", entry.tenant, entry.seq);
                all_told = false;
                continue;
            }
            self.ended.insert((entry.tenant, entry.seq));
        }
        // What could not be told is read again.
        if all_told {
            self.looked = Some(now);
        }
        Ok(())
    }

    /// The plans that wait for approvals.
    async fn waiting(&self) -> Result<Vec<PlanLine>, Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::provider());
        let filter = PlanFilter {
            status: Some(PlanStatus::Waiting),
            ..PlanFilter::default()
        };
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = store.list_plans(&scope, &filter, after.as_deref()).await;
            let page = page.map_err(of_store)?;
            let open = page.lines.into_iter();
            all.extend(open.filter(|line| !self.over.contains(&line.id)));
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Asks everybody who may still decide on a plan, and shows it in the channels for its tenant.
    async fn ask(
        &mut self,
        line: &PlanLine,
        people: &People,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::of(&line.tenant));
        let matter = Matter::read(self.wiring, &scope, &line.id).await?;
        let stored = &matter.stored;
        let request = store.request(&scope, &stored.plan.request).await;
        let request = request.map_err(of_store)?;
        let case = people.judge.case(&matter);
        if matches!(case.standing(), Standing::Expired { .. }) {
            self.over.insert(line.id.clone());
            return Ok(());
        }
        let asked = whom::to_ask(&case, &request, &people.kept);
        let own_cards = self.own_cards(&case, &asked, people);
        let is_reached = asked.iter().any(|one| people.reached.contains(&one.id));
        let mails = self.mails(&case, asked);
        // A channel is read by people whom nobody named; and where the bot reaches somebody, the card with buttons is enough.
        let cards = if request.confidential.is_empty() && !is_reached {
            self.cards(&case)
        } else {
            Vec::new()
        };
        if mails.is_empty() && cards.is_empty() && own_cards.is_empty() {
            return Ok(());
        }
        let site = self.site(&stored.plan, &request).await;
        let asked_by = people.name_of(&stored.plan.requester);
        let url = self.page(stored);
        for (id, to) in mails {
            let clocks = self.clocks(&site, &to, now);
            let letter = words::ask(&case, &asked_by, &to, &url, &clocks)?;
            let body = body(&letter)?;
            let new = asking(id, Channel::Mail, to.address, body, &case);
            self.enqueue(new).await?;
        }
        for (id, to) in own_cards {
            let clocks = self.clocks(&site, &Reader::of(to), now);
            let carried = Carried::of(stored, to).seal(store)?;
            let mut card = words::card(&case, &asked_by, &url, &clocks);
            card.mode = Mode::Bot {
                data: serde_json::json!({ "seal": carried }),
            };
            let target = format!("{BY_BOT}{}", to.id);
            let body = Secret::new(card.build().to_string());
            let new = asking(id, Channel::Card, target, body, &case);
            self.enqueue(new).await?;
        }
        for (id, target) in cards {
            // Of a channel it is not known where its readers are.
            let clocks = Clocks {
                site: site.clone(),
                here: site.clone(),
                now,
            };
            let card = words::card(&case, &asked_by, &url, &clocks).build();
            let body = Secret::new(card.to_string());
            let new = asking(id, Channel::Card, target, body, &case);
            self.enqueue(new).await?;
        }
        Ok(())
    }

    /// The mails that are still to be written to those who are asked.
    fn mails(&self, case: &Case<'_>, asked: Vec<&Operator>) -> Vec<(String, Reader)> {
        if self.wiring.config.notify.smtp.is_none() {
            return Vec::new();
        }
        let key = key(case.stored);
        let mail = |one: &Operator| (id("ask", &[&key, one.id.as_str()]), Reader::of(one));
        let mails = asked.into_iter().map(mail);
        mails.filter(|(id, _)| !self.told.contains(id)).collect()
    }

    /// Whom the bot reaches.
    async fn reached(&self) -> Result<Vec<OperatorId>, Problem> {
        if self.wiring.bot.is_none() {
            return Ok(Vec::new());
        }
        let known = self.wiring.store.conversations().await.map_err(of_store)?;
        Ok(known.into_iter().map(|one| one.operator).collect())
    }

    /// The cards with buttons that are still to be sent, each to one who may decide.
    fn own_cards<'b>(
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
    fn cards(&self, case: &Case<'_>) -> Vec<(String, String)> {
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

    async fn enqueue(&mut self, new: NewDelivery) -> Result<(), Problem> {
        self.wiring.store.enqueue(&new).await.map_err(of_store)?;
        self.told.insert(new.id);
        Ok(())
    }

    /// The page where a plan is decided on.
    fn page(&self, stored: &StoredPlan) -> String {
        let tenant = &stored.plan.tenant;
        format!("{}/t/{tenant}/plans/{}/approve", self.base, stored.id)
    }

    fn clocks(&self, site: &TimeZone, to: &Reader, now: Timestamp) -> Clocks {
        let own = to.zone.as_deref();
        Clocks {
            site: site.clone(),
            here: when::zone(own.unwrap_or(&self.wiring.config.server.zone)),
            now,
        }
    }

    /// The zone of the person's site; that of the server where the plan's policy cannot be read.
    async fn site(&self, plan: &Plan, request: &Request) -> TimeZone {
        let scope = TenantScope::of(&plan.tenant);
        let version = self
            .wiring
            .store
            .policy_of(&scope, &plan.tenant, &plan.policy)
            .await;
        let policy = version
            .ok()
            .and_then(|version| planning::parsed(&version).ok());
        let written = request.field("site").or_else(|| request.field("office"));
        policy.map_or_else(
            || when::zone(&self.wiring.config.server.zone),
            |policy| pages::zone_of(&policy, written),
        )
    }
}

impl People {
    fn name_of(&self, address: &str) -> String {
        let mut all = self.kept.iter();
        all.find(|one| is_one(&one.email, address))
            .map_or_else(|| address.to_owned(), |one| one.name.clone())
    }
}

/// What exactly is asked: a plan made anew has the same digest when nothing changed, and is asked for again.
fn key(stored: &StoredPlan) -> String {
    format!("{} {}", stored.id, stored.digest)
}

/// An id that follows from what is told and whom.
fn id(kind: &str, parts: &[&str]) -> String {
    let digest = Digest::of(parts.join("\n").as_bytes());
    let digest = digest.as_str();
    format!("{kind}-{}", digest.get(..32).unwrap_or(digest))
}

fn asking(
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

fn body(letter: &Letter) -> Result<Secret, Problem> {
    let text = serde_json::to_string(letter).map_err(|error| {
        Problem::failed("mail", format!("a mail could not be kept: {error}"))
            .hint("this is a fault of Tenure; report it")
    })?;
    Ok(Secret::new(text))
}
