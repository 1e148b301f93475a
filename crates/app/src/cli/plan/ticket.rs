//! `tenure plan ticket`: everybody whom a ticket is about, read by forms and sentences, each with a plan or a question.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::request::{Cited, Origin, Request};
use domain::{RequestId, TenantId};
use intake::{Draft, Place, Reading};
use serde_json::{Value, json};
use store::TenantScope;

use super::{How, at_option, data, show, switches};
use crate::cli::{Cx, out, talk};
use crate::clock;
use crate::planning;
use crate::problem::{Exit, Outcome, Problem};
use crate::wiring::{Wiring, of_store};

#[derive(clap::Args)]
pub(crate) struct Ticket {
    /// The ticket as a mail: header lines, an empty line, the text
    file: PathBuf,
    #[command(flatten)]
    how: How,
}

pub(super) async fn plan(cx: &Cx, wiring: &Wiring, args: Ticket) -> Outcome<Exit> {
    let tenant = TenantId::new(args.how.tenant);
    let (reading, origin) = read_ticket(wiring, &args.file, &tenant).await?;
    let set = switches(&args.how.set)?;
    let drafts = match reading {
        Reading::NoRequest { because, flags } => {
            let data = json!({ "requests": [], "because": because, "flags": flags });
            cx.show(
                &data,
                format!("No request: {because}. Nothing was planned."),
            );
            return Ok(Exit::Done);
        }
        Reading::Requests(drafts) => drafts,
    };
    let at = args.how.at.as_deref().map(at_option).transpose()?;
    let mut plans = Vec::new();
    let mut open: Option<Problem> = None;
    for draft in drafts {
        let made = async {
            let mut request = request_of(wiring, draft, &tenant, &origin, &set).await?;
            if let Some(at) = &at {
                request.when = Some(Cited::typed(at.clone()));
            }
            planning::make(wiring, request, !args.how.no_scan).await
        };
        match (made.await, &mut open) {
            (Ok(plan), _) => plans.push(plan),
            // One person's question does not keep the others waiting.
            (Err(problem), None) => open = Some(problem),
            (Err(problem), Some(open)) => open.what.extend(problem.what),
        }
    }
    if let Some(problem) = open {
        for stored in &plans {
            talk(&format!("Planned {} for {}.", stored.id, stored.plan.upn));
        }
        return Err(problem);
    }
    if let [only] = plans.as_slice() {
        show(cx, wiring, only).await?;
    } else if cx.json {
        out(&format!(
            "{:#}",
            Value::Array(plans.iter().map(data).collect())
        ));
    } else {
        for stored in &plans {
            show(cx, wiring, stored).await?;
        }
    }
    Ok(Exit::Done)
}

/// The drafts of a ticket, and where it came from.
async fn read_ticket(
    wiring: &Wiring,
    file: &Path,
    tenant: &TenantId,
) -> Result<(Reading, Origin), Problem> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Problem::unreadable("ticket", file, &error))?;
    let mail = intake::mail::read(&text).map_err(|error| {
        Problem::refused("ticket", format!("{}: {error}", file.display()))
            .hint("give the mail as it was received: header lines, an empty line, the text")
    })?;
    let (_, policy) = planning::policy(wiring, tenant).await?;
    let place = policy
        .default_site()
        .map(Place::of)
        .transpose()
        .map_err(|error| Problem::refused("site", error.to_string()))?;
    let place =
        place.ok_or_else(|| Problem::refused("site", "the policy has no site to read dates by"))?;
    let ticket = intake::Ticket {
        subject: &mail.subject,
        body: &mail.body,
        received_at: mail.received_at,
        sender: Some(&mail.from),
        language: None,
    };
    let reading = intake::read(&ticket, &place);
    let origin = Origin {
        channel: "ticket".to_owned(),
        requester: mail.from,
        reference: file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned()),
        received_at: mail.received_at,
        subject: Some(mail.subject),
        body: Some(mail.body),
    };
    Ok((reading, origin))
}

/// A draft as a complete request. What is missing is kept as a draft, asked for, and refused until it is answered.
async fn request_of(
    wiring: &Wiring,
    draft: Draft,
    tenant: &TenantId,
    origin: &Origin,
    set: &BTreeMap<String, Value>,
) -> Result<Request, Problem> {
    let made = draft.into_request(
        RequestId::new(clock::short_id('q')),
        tenant.clone(),
        origin.clone(),
    );
    let asks = match made {
        Ok(mut request) if request.asks.is_empty() => {
            request.switches.extend(set.clone());
            return Ok(request);
        }
        Ok(request) => {
            wiring
                .store
                .put_draft(&TenantScope::of(tenant), &request, clock::now())
                .await
                .map_err(of_store)?;
            talk(&format!("Kept as draft {}.", request.id));
            request.asks
        }
        Err(asks) => asks,
    };
    Err(Problem {
        code: "incomplete".to_owned(),
        what: asks
            .into_iter()
            .map(|ask| format!("{}: {}", ask.field, ask.question))
            .collect(),
        hint: Some(format!(
            "nothing was planned; put the answer into the ticket, or ask {}",
            origin.requester
        )),
        exit: Exit::Refused,
    })
}
