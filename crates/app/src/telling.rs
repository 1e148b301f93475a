//! Tells people what waits for their decision and how it ended, by mail and into Teams channels, each thing once.
//!
//! What is told waits in the outbox under an id that follows from what it tells and whom: after a restart nobody is told twice.

mod asking;
mod carried;
mod ends;
mod hands;
mod letter;
mod notes;
#[cfg(test)]
mod tests;
mod whom;
mod words;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use domain::approval::Standing;
use domain::plan::{Digest, Plan, StoredPlan};
use domain::protect::is_one;
use domain::request::Request;
use domain::{OperatorId, PlanId, TenantId};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::{NewDelivery, Operator, PlanFilter, PlanLine, PlanStatus, Secret, TenantScope};

use self::asking::Asking;
use self::whom::Reader;
use self::words::Clocks;
use crate::acts::judge::{Judge, Matter};
use crate::clock;
use crate::planning;
use crate::problem::Problem;
use crate::web::{plan as pages, when};
use crate::wiring::{Wiring, of_store};

pub(crate) use asking::still_asks;
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
            if let Err(problem) = self.ask(&line, &people).await {
                tracing::error!("telling of plan {}: {problem}", line.id);
            }
        }
        if self.wiring.config.notify.smtp.is_none() {
            return Ok(());
        }
        self.ask_hands(&people, now).await?;
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
    async fn ask(&mut self, line: &PlanLine, people: &People) -> Result<(), Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::of(&line.tenant));
        let matter = Matter::read(self.wiring, &scope, &line.id).await?;
        let stored = &matter.stored;
        let request = store.request(&scope, &stored.plan.request).await;
        let request = request.map_err(of_store)?;
        let case = people.judge.case(&matter);
        if let Standing::Expired { at } = case.standing() {
            self.expired(&matter, &request, at, people).await?;
            self.over.insert(line.id.clone());
            return Ok(());
        }
        let asked = whom::to_ask(&case, &request, &people.kept);
        let own_cards = self.own_cards(&case, &asked, people);
        let is_reached = asked.iter().any(|one| people.reached.contains(&one.id));
        // A channel is read by people whom nobody named; and where the bot reaches somebody, the card with buttons is enough.
        let cards = if request.confidential.is_empty() && !is_reached {
            self.cards(&case)
        } else {
            Vec::new()
        };
        let mails = self.mails(&case, &request, asked, people);
        if mails.is_empty() && cards.is_empty() && own_cards.is_empty() {
            return Ok(());
        }
        let asking = Asking {
            case: &case,
            asked_by: people.name_of(&stored.plan.requester),
            url: self.page(stored),
            site: self.site(&stored.plan, &request).await,
        };
        self.send_mails(&asking, mails).await?;
        self.send_own_cards(&asking, own_cards).await?;
        self.send_cards(&asking, cards).await
    }

    /// Whom the bot reaches.
    async fn reached(&self) -> Result<Vec<OperatorId>, Problem> {
        if self.wiring.bot.is_none() {
            return Ok(Vec::new());
        }
        let known = self.wiring.store.conversations().await.map_err(of_store)?;
        Ok(known.into_iter().map(|one| one.operator).collect())
    }

    /// Puts something into the outbox; says whether it was not there already.
    async fn enqueue(&mut self, new: NewDelivery) -> Result<bool, Problem> {
        let is_new = self.wiring.store.enqueue(&new).await.map_err(of_store)?;
        self.told.insert(new.id);
        Ok(is_new)
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

fn body(letter: &Letter) -> Result<Secret, Problem> {
    let text = serde_json::to_string(letter).map_err(|error| {
        Problem::failed("mail", format!("a mail could not be kept: {error}"))
            .hint("this is a fault of Tenure; report it")
    })?;
    Ok(Secret::new(text))
}
