//! Asking: a request becomes a plan, and a plan a newer one. Nothing is changed in the tenant.

pub(crate) mod person;

use std::collections::BTreeMap;

use domain::plan::StoredPlan;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use domain::{PlanId, RequestId, TenantId};
use jiff::{Timestamp, Zoned};
use serde_json::Value;
use store::TenantScope;

use crate::clock;
use crate::planning;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// Makes a plan for the same request again, from the tenant as it is now; it takes the place of the old one.
///
/// # Errors
/// When the plan is not in scope, and as [`planning::again`].
pub(crate) async fn again(
    wiring: &Wiring,
    scope: &TenantScope,
    plan: &PlanId,
) -> Result<StoredPlan, Problem> {
    let stored = wiring.store.plan(scope, plan).await.map_err(of_store)?;
    planning::again(wiring, &stored.id, true).await
}

/// Makes a new version of a plan in which something is decided otherwise; it takes the place of the old one, and so of its approvals.
///
/// # Errors
/// When the plan is not in scope, and as [`planning::otherwise`].
pub(crate) async fn otherwise(
    wiring: &Wiring,
    scope: &TenantScope,
    plan: &PlanId,
    switches: BTreeMap<String, Value>,
) -> Result<StoredPlan, Problem> {
    let stored = wiring.store.plan(scope, plan).await.map_err(of_store)?;
    planning::otherwise(wiring, &stored.id, switches).await
}

/// A moment or a day as somebody typed it.
///
/// # Errors
/// When it is no time, or a time of day without its zone.
pub(crate) fn when(field: &str, text: &str) -> Result<When, Problem> {
    let text = text.trim();
    if text == "now" {
        return Ok(When::Now);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(When::At(at));
    }
    if let Ok(at) = text.parse::<Zoned>() {
        return Ok(When::At(at.timestamp()));
    }
    let wrong = |why: &str| {
        Err(Problem::refused("at", format!("{field} {text} {why}")).hint("give a time with its zone, like 2026-11-28T17:00+01:00, a date like 2026-11-28, or now"))
    };
    // A date alone; with a time of day beside it nobody would know in which zone that is.
    if text.contains([':', 'T', ' ']) {
        return wrong("is no time with a zone");
    }
    match text.parse::<jiff::civil::Date>() {
        Ok(day) => Ok(When::On(day)),
        Err(_) => wrong("is no time"),
    }
}

/// What somebody asks for, in whatever way they were asked for it.
pub(crate) struct Wish {
    /// The tenant.
    pub(crate) tenant: TenantId,
    /// What is wished for.
    pub(crate) kind: Kind,
    /// Who.
    pub(crate) person: PersonHint,
    /// When.
    pub(crate) when: When,
    /// Further fields.
    pub(crate) fields: BTreeMap<String, Cited<String>>,
    /// Switches for this request alone.
    pub(crate) switches: BTreeMap<String, Value>,
    /// Steps that the plan holds, and no other; the whole playbook without them.
    pub(crate) only: Option<Vec<String>>,
    /// Who alone may see it; empty for everybody with the right to.
    pub(crate) confidential: Vec<String>,
    /// Where the wish comes from: `cli`, `form`, `api`.
    pub(crate) channel: &'static str,
    /// Who asks; may not approve.
    pub(crate) requester: String,
    /// What it refers to, such as the run that is taken back.
    pub(crate) reference: Option<String>,
}

impl Wish {
    /// The wish as a request.
    pub(crate) fn into_request(self) -> Request {
        Request {
            id: RequestId::new(clock::short_id('q')),
            tenant: self.tenant,
            kind: self.kind,
            person: self.person,
            when: Some(Cited::typed(self.when)),
            fields: self.fields,
            switches: self.switches,
            origin: Origin {
                channel: self.channel.to_owned(),
                requester: self.requester,
                reference: self.reference,
                received_at: clock::now(),
                subject: None,
                body: None,
            },
            asks: Vec::new(),
            confidential: self.confidential,
            only: self.only,
        }
    }
}

/// The person as somebody writes them: a sign-in name or an id is looked up as such, anything else as a name.
pub(crate) fn hint(written: &str) -> PersonHint {
    let written = written.trim();
    let is_address = written.contains('@') || uuid::Uuid::try_parse(written).is_ok();
    let cited = Some(Cited::typed(written.to_owned()));
    PersonHint {
        address: cited.clone().filter(|_| is_address),
        name: cited.filter(|_| !is_address),
        employee_id: None,
    }
}

/// Makes a plan for a wish; both are kept.
///
/// # Errors
/// As [`planning::make`].
pub(crate) async fn make(wiring: &Wiring, wish: Wish, scan: bool) -> Result<StoredPlan, Problem> {
    planning::make(wiring, wish.into_request(), scan).await
}

/// What answers to a draft came to.
pub(crate) enum Answered {
    /// Nothing is open any more, and there is a plan.
    Planned(Box<StoredPlan>),
    /// Something is open still; what was answered is kept.
    Open,
}

/// Puts answers into a draft. When nothing is open any more it becomes a request with a plan.
///
/// # Errors
/// When an answer cannot be read, by its field, and as [`planning::make`].
pub(crate) async fn answer(
    wiring: &Wiring,
    scope: &TenantScope,
    draft: &RequestId,
    answers: &BTreeMap<String, String>,
) -> Result<Answered, Problem> {
    let mut request = wiring.store.draft(scope, draft).await.map_err(of_store)?;
    for (field, text) in answers {
        let text = text.trim();
        if text.is_empty() || !request.asks.iter().any(|ask| ask.field == *field) {
            continue;
        }
        put(&mut request, field, text)?;
        request.asks.retain(|ask| ask.field != *field);
    }
    if request.asks.is_empty() {
        let stored = planning::make(wiring, request, true).await?;
        return Ok(Answered::Planned(Box::new(stored)));
    }
    let own = TenantScope::of(&request.tenant);
    let kept = wiring.store.put_draft(&own, &request, clock::now()).await;
    kept.map_err(of_store)?;
    Ok(Answered::Open)
}

/// One answer into its field.
fn put(request: &mut Request, field: &str, text: &str) -> Result<(), Problem> {
    match field {
        "person" => {
            let hint = hint(text);
            let id = request.person.employee_id.take();
            request.person = PersonHint {
                employee_id: id,
                ..hint
            };
        }
        "when" => request.when = Some(Cited::typed(when("when", text)?)),
        "kind" => {
            let kinds = [Kind::Onboard, Kind::Offboard];
            let kind = kinds.into_iter().find(|kind| kind.word() == text);
            request.kind = kind.ok_or_else(|| {
                Problem::refused("kind", format!("{text} is no kind of request"))
                    .hint("answer onboard or offboard")
            })?;
        }
        "contract-end" => {
            if text.parse::<jiff::civil::Date>().is_err() {
                return Err(
                    Problem::refused("contract-end", format!("{text} is no date"))
                        .hint("give a date like 2026-11-28"),
                );
            }
            let value = Cited::typed(text.to_owned());
            request.fields.insert(field.to_owned(), value);
        }
        _ => {
            let value = Cited::typed(text.to_owned());
            request.fields.insert(field.to_owned(), value);
        }
    }
    Ok(())
}
