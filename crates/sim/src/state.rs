//! One request from its arrival to its answer: faults, tokens, budgets, the API, and the record of it.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::address::Surface;
use crate::auth::{self, Claims, Resource};
use crate::call::{Answer, Call};
use crate::cloud::{Cloud, Origin, Visit};
use crate::faults::{Effect, Faults, HumanChange, Subject};
use crate::sandbox::Seen;
use crate::throttle::{self, Budgets, Charge, Service};
use crate::world::{Cause, Clock, World};
use crate::{Error, batch, exchange, graph};

/// Requests that one app may have under way on one mailbox (throttling-limits page, Outlook).
const MAILBOX_CONCURRENCY: u32 = 4;
/// Connections that one app may have to the Exchange admin API of a tenant (the old limit of remote PowerShell per user).
const EXCHANGE_CONCURRENCY: u32 = 3;

/// Everything behind the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) cloud: Cloud,
    pub(crate) requests: Vec<Seen>,
    faults: Faults,
    /// How often each rule matched.
    matched: Vec<u64>,
    /// Which human changes are done.
    done: Vec<bool>,
    faults_since: Timestamp,
    writes_before: u64,
    budgets: Budgets,
    in_flight: BTreeMap<String, u32>,
    repeats: BTreeMap<String, u64>,
    /// Set when a lost reply inside a batch cuts the whole connection.
    cut: bool,
}

/// What a request gets when it arrives.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) ticket: Ticket,
    pub(crate) half_latency_ms: u64,
}

/// One request under way.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    /// Index into the record of requests.
    index: usize,
    /// Its identity for all draws.
    name: String,
    request_id: String,
    client_request_id: Option<String>,
    effects: Vec<Effect>,
    /// The slot of a concurrency limit that it holds.
    pub(crate) slot: Option<String>,
    crowded: Option<Service>,
}

/// How a request ends.
#[derive(Debug)]
pub(crate) enum Verdict {
    Answered(Answer),
    Cut,
    Down,
}

impl State {
    pub(crate) fn new(world: World, faults: Faults, seed: u64, start: Timestamp) -> Self {
        let cloud = Cloud::new(world, faults.temper.clone(), seed, Clock::starting(start));
        let mut state = Self {
            cloud,
            requests: Vec::new(),
            faults: Faults::default(),
            matched: Vec::new(),
            done: Vec::new(),
            faults_since: start,
            writes_before: 0,
            budgets: Budgets::default(),
            in_flight: BTreeMap::new(),
            repeats: BTreeMap::new(),
            cut: false,
        };
        state.set_faults(faults);
        state
    }

    pub(crate) fn set_faults(&mut self, faults: Faults) {
        self.cloud.temper = faults.temper.clone();
        self.matched = vec![0; faults.rules.len()];
        self.done = vec![false; faults.human.len()];
        self.faults_since = self.cloud.clock.now();
        self.writes_before = self.cloud.writes;
        self.faults = faults;
    }

    /// Lets every tenant's own processes catch up and returns the primary.
    pub(crate) fn ground_truth(&mut self) -> World {
        self.humans();
        let tenants: Vec<String> = self.cloud.world.tenants.keys().cloned().collect();
        for tenant in tenants {
            self.cloud.settle(&tenant);
        }
        self.cloud.world.clone()
    }

    pub(crate) fn human(&mut self, tenant: &str, change: &HumanChange) -> Result<(), Error> {
        if !self.cloud.world.tenants.contains_key(tenant) {
            return Err(Error::Human(format!("there is no tenant {tenant}")));
        }
        self.cloud.settle(tenant);
        let now = self.cloud.clock.now();
        let origin = Origin {
            cause: Cause::Human,
            operation: "human change".to_owned(),
            request_id: None,
            client_request_id: None,
            name: format!("human {change:?} {now}"),
        };
        self.cloud
            .commit(tenant, now, &origin, |tenant| change.make(tenant, now))
    }

    fn elapsed_ms(&self) -> u64 {
        let passed = self
            .cloud
            .clock
            .now()
            .duration_since(self.faults_since)
            .as_millis();
        u64::try_from(passed).unwrap_or(0)
    }

    /// Makes the human changes whose time has come. One that cannot be made any more is skipped.
    fn humans(&mut self) {
        let (elapsed, writes) = (self.elapsed_ms(), self.cloud.writes - self.writes_before);
        for index in 0..self.done.len() {
            let human = &self.faults.human[index];
            let at_once = human.after_writes.is_none() && human.at_ms.is_none();
            let due = at_once
                || human.after_writes.is_some_and(|after| writes >= after)
                || human.at_ms.is_some_and(|at| elapsed >= at);
            if due && !self.done[index] {
                self.done[index] = true;
                let human = human.clone();
                let _skipped = self.human(&human.tenant, &human.change);
            }
        }
    }

    /// Takes a request in: its record, its faults, its slot.
    pub(crate) fn open(&mut self, surface: Surface, call: &Call, query: &str) -> Opening {
        self.humans();
        let mut ticket = self.ticket(surface, call, query, None);
        let (service, slot) = self.slot(surface, call);
        if let (Some(slot), true) = (slot, self.cloud.temper.budgets) {
            let most = if service == Service::Exchange {
                EXCHANGE_CONCURRENCY
            } else {
                MAILBOX_CONCURRENCY
            };
            let count = self.in_flight.entry(slot.clone()).or_default();
            *count += 1;
            if *count > most {
                ticket.crowded = Some(service);
            }
            ticket.slot = Some(slot);
        }
        let [low, high] = self.cloud.temper.latency_ms;
        let mut latency = self
            .cloud
            .chance
            .between(&["latency", &ticket.name], low, high);
        for effect in &ticket.effects {
            if let Effect::Delay { ms } = effect {
                latency += ms;
            }
        }
        Opening {
            ticket,
            half_latency_ms: latency.div_ceil(2),
        }
    }

    /// Gives a slot back.
    pub(crate) fn leave(&mut self, slot: &str) {
        if let Some(count) = self.in_flight.get_mut(slot) {
            *count = count.saturating_sub(1);
        }
    }

    fn slot(&self, surface: Surface, call: &Call) -> (Service, Option<String>) {
        let Ok(claims) = self.claims(surface, call) else {
            return (Service::Unpublished, None);
        };
        let key = |what: &str| Some(format!("{what} {} {}", claims.appid, claims.tid));
        match surface {
            Surface::Exchange => (Service::Exchange, key("exchange")),
            Surface::Graph if !batch::is_batch(call) => {
                let routed = graph::route(call).ok();
                let mailbox = routed
                    .as_ref()
                    .and_then(|routed| routed.mailbox())
                    .map(str::to_lowercase);
                (
                    Service::Outlook,
                    mailbox.and_then(|mailbox| key(&format!("mailbox {mailbox}"))),
                )
            }
            _ => (Service::Unpublished, None),
        }
    }

    fn claims(&self, surface: Surface, call: &Call) -> Result<Claims, auth::Rejected> {
        let wanted = if surface == Surface::Exchange {
            Resource::Exchange
        } else {
            Resource::Graph
        };
        let moment = (self.cloud.clock.now(), self.faults.token_dies_after_s);
        auth::verify(&self.cloud.world, call, wanted, moment)
    }

    fn ticket(
        &mut self,
        surface: Surface,
        call: &Call,
        query: &str,
        part_of: Option<u64>,
    ) -> Ticket {
        let command = call.json().filter(|_| surface == Surface::Exchange);
        let input = command.as_ref().map(|body| &body["CmdletInput"]);
        let cmdlet = input
            .and_then(|input| input["CmdletName"].as_str())
            .map(str::to_owned);
        let target = input
            .map(|input| input["Parameters"].to_string())
            .unwrap_or_default();
        let tenant = self.claims(surface, call).ok().map(|claims| claims.tid);
        let method = call.method.as_str();
        let identity = format!(
            "{} {method} {} {query} {} {target}",
            tenant.as_deref().unwrap_or("-"),
            call.path,
            cmdlet.as_deref().unwrap_or("-")
        );
        let repeat = self.repeats.entry(identity.clone()).or_default();
        *repeat += 1;
        let name = format!("{identity} #{repeat}");
        let full = if query.is_empty() {
            call.path.clone()
        } else {
            format!("{}?{query}", call.path)
        };
        let subject = Subject {
            method,
            path: &full,
            cmdlet: cmdlet.as_deref(),
            body: &call.body,
            elapsed_ms: self.elapsed_ms(),
        };
        let effects = self.effects(&subject, &name);
        let client_request_id = call.header("client-request-id").map(str::to_owned);
        let n = self.requests.len() as u64 + 1;
        let request_id = self.cloud.chance.id(&["request", &name]);
        let fault = effects.first().map(|effect| format!("{effect:?}"));
        self.requests.push(Seen {
            n,
            time: self.cloud.clock.now(),
            tenant,
            method: method.to_owned(),
            path: full,
            cmdlet,
            status: None,
            request_id: request_id.clone(),
            client_request_id: client_request_id.clone(),
            part_of,
            fault,
        });
        let index = self.requests.len() - 1;
        Ticket {
            index,
            name,
            request_id,
            client_request_id,
            effects,
            slot: None,
            crowded: None,
        }
    }

    fn effects(&mut self, subject: &Subject<'_>, name: &str) -> Vec<Effect> {
        let mut out = Vec::new();
        for (index, rule) in self.faults.rules.iter().enumerate() {
            if !rule.speaks_of(subject) {
                continue;
            }
            self.matched[index] += 1;
            let nth = self.matched[index];
            let in_turn = nth >= rule.nth && rule.times.is_none_or(|times| nth < rule.nth + times);
            if in_turn
                && self
                    .cloud
                    .chance
                    .happens(&["rule", &index.to_string(), name], rule.probability)
            {
                out.push(rule.effect.clone());
            }
        }
        out
    }

    /// Does what a request asks for, as far as its faults allow, and writes down how it ended.
    pub(crate) fn carry_out(&mut self, surface: Surface, call: &Call, ticket: &Ticket) -> Verdict {
        self.cut = false;
        if ticket.effects.contains(&Effect::Down) {
            return Verdict::Down;
        }
        let answer = if surface == Surface::Graph && batch::is_batch(call) {
            let (chance, name) = (self.cloud.chance, ticket.name.clone());
            self.faulty(surface, ticket, |state| {
                let shuffle = |items| chance.shuffle(&["batch", &name], items);
                batch::perform(call, shuffle, |item, query| {
                    state.item(surface, item, query, ticket)
                })
            })
        } else if surface == Surface::Exchange && exchange::batch::is_batch(call) {
            let (chance, name) = (self.cloud.chance, ticket.name.clone());
            self.faulty(surface, ticket, |state| {
                let shuffle = |items| chance.shuffle(&["batch", &name], items);
                exchange::batch::perform(call, shuffle, |item| {
                    state.item(surface, item, "", ticket)
                })
            })
        } else {
            self.faulty(surface, ticket, |state| state.single(surface, call, ticket))
        };
        self.humans();
        if self.cut {
            return Verdict::Cut;
        }
        self.requests[ticket.index].status = Some(answer.status);
        Verdict::Answered(self.dressed(surface, answer, ticket))
    }

    /// One item of a batch: a request of its own in everything but the connection.
    fn item(&mut self, surface: Surface, call: &Call, query: &str, outer: &Ticket) -> Answer {
        let part_of = self.requests[outer.index].n;
        let ticket = self.ticket(surface, call, query, Some(part_of));
        let cut_before = std::mem::take(&mut self.cut);
        let answer = self.faulty(surface, &ticket, |state| {
            state.single(surface, call, &ticket)
        });
        if !self.cut {
            self.requests[ticket.index].status = Some(answer.status);
        }
        self.cut |= cut_before;
        self.dressed(surface, answer, &ticket)
    }

    /// The faults before and after the work.
    fn faulty(
        &mut self,
        surface: Surface,
        ticket: &Ticket,
        work: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        let service = if surface == Surface::Exchange {
            Service::Exchange
        } else {
            Service::Identity
        };
        for effect in &ticket.effects {
            match effect {
                Effect::LoseRequest => {
                    self.cut = true;
                    return Answer::empty(502);
                }
                Effect::FailBefore {
                    status,
                    retry_after_s,
                } => {
                    let answer = server_error(surface, *status);
                    return match retry_after_s {
                        Some(seconds) => answer.with("retry-after", seconds.to_string()),
                        None => answer,
                    };
                }
                Effect::Throttle { retry_after_s } => {
                    return throttle::refusal(service, None, *retry_after_s);
                }
                Effect::RejectToken => {
                    return graph::unauthorized(
                        "Lifetime validation failed, the token is expired.",
                    );
                }
                _ => {}
            }
        }
        let answer = work(self);
        for effect in &ticket.effects {
            match effect {
                Effect::FailAfter { status } => return server_error(surface, *status),
                Effect::LoseReply => self.cut = true,
                _ => {}
            }
        }
        answer
    }

    fn single(&mut self, surface: Surface, call: &Call, ticket: &Ticket) -> Answer {
        let now = self.cloud.clock.now();
        if surface == Surface::Login {
            let moment = auth::Moment {
                now,
                token_seconds: auth::TOKEN_SECONDS,
                trace_id: &ticket.request_id,
            };
            return auth::handle(&self.cloud.world, call, moment);
        }
        let claims = match self.claims(surface, call) {
            Ok(claims) => claims,
            Err(auth::Rejected(why)) => return graph::unauthorized(why),
        };
        if let Some(service) = ticket.crowded {
            return throttle::refusal(service, None, Some(1.0));
        }
        let origin = Origin {
            cause: Cause::Request,
            operation: format!("{} {}", call.method, call.path),
            request_id: Some(ticket.request_id.clone()),
            client_request_id: ticket.client_request_id.clone(),
            name: ticket.name.clone(),
        };
        if surface == Surface::Exchange {
            if let Some(refusal) = auth::exchange_refusal(&claims) {
                return refusal;
            }
            let cmdlet = self.requests[ticket.index]
                .cmdlet
                .clone()
                .unwrap_or_default();
            let write = !cmdlet.to_lowercase().starts_with("get-");
            if let Err(refusal) =
                self.charge((Service::Exchange, 1.0, write), None, &claims, ticket)
            {
                return refusal;
            }
            let mut visit = Visit::new(&mut self.cloud, &claims.tid, &claims.appid, origin);
            return exchange::handle(&mut visit, call);
        }
        let routed = match graph::route(call) {
            Ok(routed) => routed,
            Err(refusal) => return refusal,
        };
        let headers = match self.charge(routed.cost(), routed.mailbox(), &claims, ticket) {
            Ok(headers) => headers,
            Err(refusal) => return refusal,
        };
        let mut visit = Visit::new(&mut self.cloud, &claims.tid, &claims.appid, origin);
        let mut answer = routed.answer(&mut visit, &claims);
        answer.headers.extend(headers);
        answer
    }

    /// Charges the budgets; the refusal when one is spent, or when the service is simply in the mood.
    fn charge(
        &mut self,
        (service, units, write): (Service, f64, bool),
        mailbox: Option<&str>,
        claims: &Claims,
        ticket: &Ticket,
    ) -> Result<Vec<(String, String)>, Answer> {
        let (chance, name) = (self.cloud.chance, ticket.name.as_str());
        let (stray, silent) = (self.cloud.temper.stray_429, self.cloud.temper.silent_429);
        let spoken = !chance.happens(&["silent 429", name], silent);
        if chance.happens(&["stray 429", name], stray) {
            let tenths = chance.between(&["wait", name], 5, 30);
            let wait = spoken.then_some(f64::from(u32::try_from(tenths).unwrap_or(10)) / 10.0);
            return Err(throttle::refusal(service, None, wait));
        }
        if !self.cloud.temper.budgets {
            return Ok(Vec::new());
        }
        let users = self
            .cloud
            .world
            .tenants
            .get(&claims.tid)
            .map_or(0, |tenant| tenant.users.len());
        let charge = Charge {
            service,
            app: &claims.appid,
            tenant: &claims.tid,
            users,
            units,
            write,
            mailbox,
        };
        self.budgets
            .charge(&charge, self.cloud.clock.now())
            .map_err(|spent| {
                throttle::refusal(service, Some(&spent), spoken.then_some(spent.wait_s))
            })
    }

    /// Ids, date and the inner error that every reply carries.
    fn dressed(&self, surface: Surface, answer: Answer, ticket: &Ticket) -> Answer {
        let now = self.cloud.clock.now();
        let mut answer = answer.with("request-id", ticket.request_id.clone()).with(
            "date",
            now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        );
        let client = ticket
            .client_request_id
            .as_ref()
            .unwrap_or(&ticket.request_id)
            .clone();
        if ticket.client_request_id.is_some() {
            answer = answer.with("client-request-id", client.clone());
        }
        if surface == Surface::Graph
            && let Some(Value::Object(error)) =
                answer.body.as_mut().and_then(|body| body.get_mut("error"))
        {
            let inner = error.entry("innerError").or_insert_with(|| json!({}));
            inner["date"] = json!(now.strftime("%Y-%m-%dT%H:%M:%S").to_string());
            inner["request-id"] = json!(ticket.request_id);
            inner["client-request-id"] = json!(client);
        }
        answer
    }
}

fn server_error(surface: Surface, status: u16) -> Answer {
    let (code, message) = match status {
        503 => (
            "ServiceUnavailable",
            "The service is temporarily unavailable. Please retry.",
        ),
        504 => (
            "GatewayTimeout",
            "The server, while acting as a proxy, did not receive a timely response.",
        ),
        502 => ("BadGateway", "Bad gateway."),
        _ => ("InternalServerError", "An internal server error occurred."),
    };
    match surface {
        Surface::Graph => graph::error(status, code, message),
        _ => Answer::json(status, json!({"error": {"code": code, "message": message}})),
    }
}

/// Whether a method may carry a body in a batch, so that Graph demands one.
pub(crate) fn carries_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}
