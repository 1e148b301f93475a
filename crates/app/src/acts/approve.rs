//! Deciding on exactly one plan: approving it, approving a line of it later, taking the approval back.

use domain::approval::{Standing, Voice};
use domain::plan::{Approval, Plan, StoredPlan};
use domain::protect;
use domain::{PlanId, RunId, StepKey};
use engine::state::Event;
use store::TenantScope;

use super::judge::{Judge, Matter};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// What whoever decides says they have read.
#[derive(Clone, Copy)]
pub(crate) enum Read<'a> {
    /// The whole digest, as pages and programs name it: nothing is bound to the short code, which is for eyes only.
    Whole(&'a str),
    /// The digest or its beginning, as a person typed it.
    Typed(&'a str),
    /// The plan of that id, whatever its digest.
    Unsaid,
}

impl Read<'_> {
    /// Refuses a decision about anything but this plan.
    fn is_of(self, stored: &StoredPlan) -> Result<(), Problem> {
        /// Fewer digits than these are no choice between two plans.
        const FEWEST: usize = 8;
        let digest = stored.digest.as_str();
        let (given, is_same) = match self {
            Self::Unsaid => return Ok(()),
            Self::Whole(given) => (given, given == digest),
            Self::Typed(given) => (given, given.len() >= FEWEST && digest.starts_with(given)),
        };
        if is_same {
            return Ok(());
        }
        let short = stored.digest.short();
        let what = match self {
            Self::Whole(_) if given.len() != digest.len() => {
                format!(
                    "the whole digest of plan {} is wanted, {} hex digits",
                    stored.id,
                    digest.len()
                )
            }
            _ => format!("plan {} has the digest {short}, not {given}", stored.id),
        };
        Err(Problem::refused("digest", what).hint("look at the plan again before deciding on it"))
    }
}

/// A decision to approve, as it was given.
pub(crate) struct Decision<'a> {
    /// The plan.
    pub(crate) plan: &'a PlanId,
    /// Who decides.
    pub(crate) by: &'a str,
    /// What was read; the approval is refused when the plan has another digest.
    pub(crate) read: Read<'a>,
    /// Irreversible lines that are approved as well.
    pub(crate) lines: &'a [String],
}

/// What a decision came to.
pub(crate) enum Decided {
    /// The approval is kept.
    Kept {
        /// The plan.
        stored: Box<StoredPlan>,
        /// How many approvals stand.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// Lines of a run that goes on already were approved.
    Lines {
        /// The run.
        run: RunId,
        /// The lines.
        lines: Vec<StepKey>,
    },
}

/// Approves a plan, or lines of a run that waits for them.
///
/// # Errors
/// When this person may not decide, the digest is another, a line is none of the plan's, and store errors.
pub(crate) async fn approve(
    wiring: &Wiring,
    scope: &TenantScope,
    decision: &Decision<'_>,
) -> Result<Decided, Problem> {
    let judge = Judge::read(wiring, clock::now()).await?;
    let matter = Matter::read(wiring, scope, decision.plan).await?;
    let run = wiring.store.run_of_plan(scope, decision.plan).await;
    let run = run.map_err(of_store)?;
    let voice = voice(&judge, &matter, decision.by, run.is_some())?;
    let stored = matter.stored;
    super::behind::apart(wiring, scope, &stored, decision.by).await?;
    super::behind::apart(wiring, scope, &stored, &voice.of).await?;
    decision.read.is_of(&stored)?;
    let apart = lines(&stored.plan, decision.lines)?;
    if let Some(run) = run {
        return later_lines(wiring, scope, run, &stored.plan, &voice, apart).await;
    }
    fits(wiring, scope, &stored).await?;
    let approval = Approval {
        plan: stored.id.clone(),
        digest: stored.digest.clone(),
        by: voice.of,
        at: clock::now(),
        through: voice.through,
        apart,
    };
    wiring
        .store
        .approve(scope, &approval)
        .await
        .map_err(of_store)?;
    wiring.forget_waits();
    let kept = wiring.store.approvals(scope, &stored.id).await;
    let kept = kept.map_err(of_store)?;
    Ok(Decided::Kept {
        have: kept.iter().filter(|kept| kept.taken_back.is_none()).count(),
        need: stored.plan.approval.people as usize,
        stored: Box::new(stored),
    })
}

/// Refuses to approve what the last look at the tenant has found to fit it no more.
async fn fits(wiring: &Wiring, scope: &TenantScope, stored: &StoredPlan) -> Result<(), Problem> {
    let looks = super::look::last(wiring, scope, std::slice::from_ref(&stored.id)).await?;
    match looks.into_iter().find(|(_, _, seen)| seen.voids) {
        None => Ok(()),
        Some((_, at, _)) => {
            let what = format!(
                "the tenant was no longer as plan {} says when it was looked at, {at}",
                stored.id
            );
            Err(Problem::refused("drift", what)
                .hint("plan again, and decide on the tenant as it is now"))
        }
    }
}

/// A decision to refuse, as it was given.
pub(crate) struct Refusing<'a> {
    /// The plan.
    pub(crate) plan: &'a PlanId,
    /// Who decides.
    pub(crate) by: &'a str,
    /// What was read; the refusal is refused when the plan has another digest.
    pub(crate) read: Read<'a>,
    /// Why.
    pub(crate) reason: &'a str,
}

/// The longest reason that is kept, in characters.
const LONGEST: usize = 4_000;

/// Refuses a plan for good: it can neither be approved nor run.
///
/// # Errors
/// When this person may not decide, the digest is another, no reason is given, and store errors.
pub(crate) async fn refuse(
    wiring: &Wiring,
    scope: &TenantScope,
    refusing: &Refusing<'_>,
) -> Result<StoredPlan, Problem> {
    let judge = Judge::read(wiring, clock::now()).await?;
    let matter = Matter::read(wiring, scope, refusing.plan).await?;
    let voice = voice(&judge, &matter, refusing.by, false)?;
    let stored = matter.stored;
    super::behind::apart(wiring, scope, &stored, refusing.by).await?;
    super::behind::apart(wiring, scope, &stored, &voice.of).await?;
    refusing.read.is_of(&stored)?;
    let reason = refusing.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST {
        let what = if reason.is_empty() {
            "it is not said why the plan is refused".to_owned()
        } else {
            format!("the reason is longer than {LONGEST} characters")
        };
        return Err(Problem::refused("reason", what)
            .hint("say in a sentence what would have to be otherwise; whoever asked reads it"));
    }
    let refusal = store::Refusal {
        plan: stored.id.clone(),
        digest: stored.digest.clone(),
        by: voice.of,
        through: voice.through,
        reason: reason.to_owned(),
        at: clock::now(),
    };
    wiring
        .store
        .refuse(scope, &refusal)
        .await
        .map_err(of_store)?;
    wiring.forget_waits();
    Ok(stored)
}

/// The voice with which this person decides on a plan; on a line alone where its run goes on already.
fn voice(judge: &Judge, matter: &Matter, by: &str, is_line: bool) -> Result<Voice, Problem> {
    let case = judge.case(matter);
    let voice = if is_line {
        case.may_decide_line(by)
    } else {
        case.may_decide(by)
    };
    let plan = &matter.stored.plan;
    let id = &matter.stored.id;
    voice.map_err(|why| match case.standing() {
        Standing::Superseded { by } => of_store(store::Error::Superseded {
            plan: id.clone(),
            by,
        }),
        _ if case
            .approvals()
            .iter()
            .any(|one| protect::is_one(&one.voice, by)) =>
        {
            of_store(store::Error::AlreadyApproved {
                plan: id.clone(),
                by: by.to_owned(),
            })
        }
        Standing::Waiting { .. } => {
            // The plan's own word about a person comes before that about roles.
            let why = protect::may_approve(plan, by).err().unwrap_or(why);
            Problem::refused("approver", why).hint(format!(
                "have an approver of {} look at the plan and decide",
                plan.tenant
            ))
        }
        _ => Problem::refused("approver", format!("plan {id}: {why}"))
            .hint(format!("look at it: tenure plan show {id}")),
    })
}

/// Takes this person's approval back; the run that it cancels is returned.
///
/// # Errors
/// When there is no such approval, or the run has begun.
pub(crate) async fn take_back(
    wiring: &Wiring,
    scope: &TenantScope,
    plan: &PlanId,
    by: &str,
) -> Result<Option<RunId>, Problem> {
    let taken = wiring.store.take_back(scope, plan, by, clock::now()).await;
    wiring.forget_waits();
    taken.map_err(of_store)
}

/// The irreversible lines named, each of which must be one of the plan.
fn lines(plan: &Plan, named: &[String]) -> Result<Vec<StepKey>, Problem> {
    let all: Vec<&StepKey> = plan
        .steps
        .iter()
        .filter(|spec| spec.approved_apart())
        .map(|spec| &spec.key)
        .collect();
    let one = |line: &String| {
        let found = all.iter().find(|key| key.as_str() == line);
        found.map(|key| (*key).clone()).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|key| key.as_str()).collect();
            let has = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let what = format!("{line} is no line that is approved apart; this plan has {has}");
            Problem::refused("line", what).hint("leave it out, or name one of those")
        })
    };
    named.iter().map(one).collect()
}

/// Lines approved while the run waits for them.
async fn later_lines(
    wiring: &Wiring,
    scope: &TenantScope,
    run: RunId,
    plan: &Plan,
    voice: &Voice,
    lines: Vec<StepKey>,
) -> Result<Decided, Problem> {
    if lines.is_empty() {
        let what = format!("the plan is carried out by run {run} already");
        return Err(Problem::refused("has-run", what)
            .hint("to approve an irreversible line that the run waits for, name it"));
    }
    if plan.approval.people > 1 {
        let people = plan.approval.people;
        let what = format!(
            "run {run} goes on already, and an irreversible line of this plan needs {people} people"
        );
        return Err(Problem::refused("people", what)
            .hint("plan what is left anew, and have it approved with its line by as many people"));
    }
    for step in &lines {
        let event = Event::ApprovedApart {
            by: named(&voice.of, voice.through.as_deref()),
            step: step.clone(),
        };
        let submitted = wiring.store.submit(scope, &run, &event, clock::now()).await;
        submitted.map_err(of_store)?;
    }
    Ok(Decided::Lines { run, lines })
}

/// `B for A` where B decides in A's name.
fn named(whose: &str, through: Option<&str>) -> String {
    through.map_or_else(
        || whose.to_owned(),
        |through| format!("{through} for {whose}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::plan::tests::plan;

    #[test]
    fn a_program_names_the_whole_digest_and_a_person_its_beginning() {
        let id = PlanId::from("p-1");
        let now = clock::now();
        let stored = StoredPlan::seal(id, plan("hr@contoso.example"), now, now);
        let (whole, short) = (stored.digest.as_str(), stored.digest.short());
        let other = "0".repeat(whole.len());
        let check = |read: Read<'_>, holds: bool| assert_eq!(read.is_of(&stored).is_ok(), holds);
        check(Read::Whole(whole), true);
        check(Read::Whole(short), false);
        check(Read::Whole(&other), false);
        check(Read::Whole(""), false);
        check(Read::Typed(short), true);
        check(Read::Typed(&whole[..7]), false);
        check(Read::Typed(&other), false);
        check(Read::Unsaid, true);
    }
}
