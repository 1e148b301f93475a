//! A tenant's policy: a text to begin with, what is wrong with one, what it changes, and applying it.

use domain::policy::{self, Policy, PolicyError};
use domain::{PlanId, TenantId};
use store::{NewPolicy, PlanFilter, PlanLine, PlanStatus, PolicyVersion, TenantScope};

use crate::clock;
use crate::guard;
use crate::planning;
use crate::problem::Problem;
use crate::wiring::{Wiring, of_store};

/// A text to begin with.
pub(crate) struct Start {
    /// The word that names it in a form.
    pub(crate) key: &'static str,
    /// The shape of tenant that it is for.
    pub(crate) name: &'static str,
    /// What is in it.
    pub(crate) says: &'static str,
    text: Option<&'static str>,
}

/// The texts to begin with, one for each shape of tenant, and the complete one.
pub(crate) const STARTS: [Start; 4] = [
    Start {
        key: "complete",
        name: "Every switch",
        says: "All steps with their defaults and what each is for. No sites, roles or names yet.",
        text: None,
    },
    Start {
        key: "cloud-only",
        name: "Licences assigned directly",
        says: "A worked example of a cloud-only tenant. Its names are examples: put yours in their place.",
        text: Some(include_str!(
            "../../../../examples/policies/cloud-only.toml"
        )),
    },
    Start {
        key: "group-licensed",
        name: "Licences by group",
        says: "A worked example of a tenant whose groups carry the licences. Its names are examples.",
        text: Some(include_str!(
            "../../../../examples/policies/group-licensed.toml"
        )),
    },
    Start {
        key: "hybrid",
        name: "Mastered on premises",
        says: "A worked example of a tenant whose people come from a directory of its own. Its names are examples.",
        text: Some(include_str!("../../../../examples/policies/hybrid.toml")),
    },
];

impl Start {
    /// The one of this word.
    pub(crate) fn of(key: &str) -> Option<&'static Self> {
        STARTS.iter().find(|start| start.key == key)
    }

    /// Its text.
    pub(crate) fn text(&self) -> String {
        self.text.map_or_else(template, str::to_owned)
    }
}

/// A complete policy with every switch, ready to edit.
pub(crate) fn template() -> String {
    policy::template(&steps::catalogue())
}

/// One thing that is wrong with a text, where a person can find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The field; empty for the document.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) sentence: String,
    /// What to do, or which values there are; empty where nothing more is known.
    pub(crate) help: String,
}

/// The longest text that is read, in bytes: the longest policy anybody wrote has a tenth of it.
const LONGEST: usize = 64 * 1024;
/// So many errors are told at once; nobody reads more.
const MOST: usize = 100;

/// Reads and checks a text.
///
/// # Errors
/// Everything that is wrong with it, each with its line.
pub(crate) fn read(text: &str) -> Result<Policy, Vec<Wrong>> {
    if text.len() > LONGEST {
        return Err(vec![Wrong {
            line: 1,
            field: String::new(),
            sentence: format!("the text has more than {} KB", LONGEST / 1024),
            help: "give lists that long by group or role".to_owned(),
        }]);
    }
    policy::parse(text, &steps::catalogue()).map_err(|errors| {
        let wrong = |error: &PolicyError| Wrong {
            line: line_of(text, error.span.start),
            field: error.field.clone(),
            sentence: error.message.clone(),
            help: error.help.clone().unwrap_or_default(),
        };
        meaningful(&errors).iter().take(MOST).map(wrong).collect()
    })
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// The errors that say something. A text that is not TOML is reported anew for each line after the first mistake; only the first is one.
pub(crate) fn meaningful(errors: &[PolicyError]) -> &[PolicyError] {
    match errors {
        [first, ..] if first.field.is_empty() => std::slice::from_ref(first),
        all => all,
    }
}

/// A policy to be applied.
pub(crate) struct Application<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// Who applies it.
    pub(crate) by: &'a str,
    /// Why.
    pub(crate) comment: Option<&'a str>,
    /// The version that the text was written over, 0 for none; nothing for whoever does not say.
    pub(crate) base: Option<u64>,
}

/// Applies a text that has no errors: it becomes the tenant's policy, and the newest version.
///
/// # Errors
/// `policy` with what is wrong, `superseded` when another version was applied meanwhile, and store errors.
pub(crate) async fn apply(
    wiring: &Wiring,
    tenant: &TenantId,
    application: &Application<'_>,
) -> Result<PolicyVersion, Problem> {
    read(application.text).map_err(of_wrong)?;
    let new = NewPolicy {
        text: application.text,
        by: application.by,
        comment: application
            .comment
            .map(str::trim)
            .filter(|comment| !comment.is_empty()),
        base: application.base,
        at: clock::now(),
    };
    let scope = TenantScope::of(tenant);
    let applied = wiring.store.change_policy(&scope, tenant, &new).await;
    applied.map_err(of_store)
}

/// Everything that is wrong with a text, as a refusal.
pub(crate) fn of_wrong(wrong: Vec<Wrong>) -> Problem {
    let line = |wrong: &Wrong| format!("line {}: {}", wrong.line, wrong.sentence);
    let mut problem = Problem::refused("policy", "").hint("correct the lines, then try again");
    problem.what = wrong.iter().map(line).collect();
    problem
}

/// Applies a text for which the history is told why, as pages and programs have to.
///
/// # Errors
/// `comment` where nothing is told, and as [`apply`].
pub(crate) async fn apply_with_reason(
    wiring: &Wiring,
    tenant: &TenantId,
    application: &Application<'_>,
) -> Result<PolicyVersion, Problem> {
    if application.comment.unwrap_or_default().trim().is_empty() {
        return Err(Problem::refused("comment", "The change has no comment.")
            .hint("Say in a few words why; the history shows it."));
    }
    apply(wiring, tenant, application).await
}

/// What applying a policy does to plans that are there already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Consequences {
    /// Plans that wait, are approved or are scheduled: they keep the version they were made under.
    pub(crate) open: usize,
    /// Those of them that could not be carried out any more, and why.
    pub(crate) refused: Vec<Stopped>,
}

/// A plan that a policy stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// The plan.
    pub(crate) plan: PlanId,
    /// Whom it is about.
    pub(crate) name: String,
    /// Whether somebody had approved it.
    pub(crate) approved: bool,
    /// Why.
    pub(crate) because: Vec<String>,
}

/// What applying this policy would do to plans that are there already, as far as the scope sees them.
///
/// # Errors
/// Store errors.
pub(crate) async fn consequences(
    wiring: &Wiring,
    scope: &TenantScope,
    policy: &Policy,
) -> Result<Consequences, Problem> {
    let mut all = Consequences::default();
    for status in [
        PlanStatus::Waiting,
        PlanStatus::Approved,
        PlanStatus::Scheduled,
    ] {
        let filter = PlanFilter {
            status: Some(status),
            ..PlanFilter::default()
        };
        for line in every(wiring, scope, &filter).await? {
            let stored = wiring.store.plan(scope, &line.id).await.map_err(of_store)?;
            all.open += 1;
            let because = guard::against(policy, &stored.plan);
            if !because.is_empty() {
                all.refused.push(Stopped {
                    plan: line.id,
                    name: line.name,
                    approved: line.have > 0,
                    because,
                });
            }
        }
    }
    Ok(all)
}

async fn every(
    wiring: &Wiring,
    scope: &TenantScope,
    filter: &PlanFilter,
) -> Result<Vec<PlanLine>, Problem> {
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = wiring.store.list_plans(scope, filter, after.as_deref());
        let page = page.await.map_err(of_store)?;
        lines.extend(page.lines);
        after = page.next;
        if after.is_none() {
            return Ok(lines);
        }
    }
}

/// The policy in force as it was applied; nothing where there is none.
///
/// # Errors
/// Store errors.
pub(crate) async fn in_force(
    wiring: &Wiring,
    tenant: &TenantId,
) -> Result<Option<PolicyVersion>, Problem> {
    match planning::version(wiring, tenant).await {
        Ok(version) => Ok(Some(version)),
        Err(problem) if problem.code == "no-policy" => Ok(None),
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_to_begin_with_has_no_errors() {
        for start in &STARTS {
            let found = read(&start.text());
            assert!(found.is_ok(), "{}: {:?}", start.key, found.err());
        }
    }

    #[test]
    fn an_error_names_its_line() {
        let mut text = Start::of("cloud-only").unwrap().text();
        text = text.replacen(
            "time-zone = \"Europe/Berlin\"",
            "time-zone = \"Europe/Nowhere\"",
            1,
        );
        let at = text
            .lines()
            .position(|line| line.contains("Nowhere"))
            .unwrap()
            + 1;
        let wrong = read(&text).unwrap_err();
        assert_eq!((wrong.len(), wrong[0].line), (1, at), "{wrong:?}");
        let broken = read("version = 1\nsites = [\n").unwrap_err();
        assert_eq!(broken.len(), 1);
    }
}
