//! `create-temporary-access-pass`: a pass for the first sign-in, sealed until it is handed over.

use async_trait::async_trait;
use connectors::graph::{Call, Path};
use connectors::{Answer, Error, Meaning};
use domain::joiner::wanted;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Effect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, presence, takes_away, text, who};
use crate::messages::failed;
use crate::notify_manager;
use crate::problem;
use crate::remove_auth_methods::{PASSWORD, plain_kind};
use crate::settings;
use crate::step::{About, Step, change};
use crate::vault::secret_name;
use crate::wish::Wish;

/// Makes a pass for the first sign-in.
pub(crate) struct CreateTemporaryAccessPass;

const ABOUT: About = About {
    name: "create-temporary-access-pass",
    version: 1,
    purpose: "Makes a Temporary Access Pass for the first sign-in, which the ready notice to the manager carries.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: true,
    fields: &[],
    permissions: &["UserAuthenticationMethod.ReadWrite.All"],
    schema: settings::schema::<Settings>,
    defaults: settings::defaults::<Settings>,
    check,
};

/// What the pass is like. The tenant's own policy has the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// How long it works, in minutes: 10 to 43200.
    lifetime_minutes: u32,
    /// Whether it works for one sign-in only.
    once: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lifetime_minutes: 480,
            once: true,
        }
    }
}

/// What a tenant's policy can allow at all. Source: Graph, temporaryAccessPassAuthenticationMethodConfiguration.
const MINUTES: std::ops::RangeInclusive<u32> = 10..=43_200;

fn check(value: &Value) -> Result<(), String> {
    settings::check::<Settings>(value)?;
    let settings: Settings =
        serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    if MINUTES.contains(&settings.lifetime_minutes) {
        Ok(())
    } else {
        Err(format!(
            "lifetime-minutes: {} is not between {} and {}",
            settings.lifetime_minutes,
            MINUTES.start(),
            MINUTES.end()
        ))
    }
}

/// The kind under which the pass of a run lies in the vault.
pub(crate) const SECRET: &str = "temporary-access-pass";
/// The evidence under which the id of the pass stands, which is no secret.
const METHOD: &str = "method";
/// The value of a pass that was made and can be handed over.
const MADE: &str = "made";

#[async_trait]
impl Step for CreateTemporaryAccessPass {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let settings: Settings = wish.settings();
        let kinds = || wish.facts.methods.iter().map(|one| plain_kind(&one.kind));
        if kinds().any(|kind| kind != PASSWORD && kind != KIND) {
            out.remarks.push(Remark::new(
                Weight::Note,
                format!(
                    "{} has sign-in methods already, so no Temporary Access Pass is made.",
                    wish.name()
                ),
            ));
            return;
        }
        let manager = match notify_manager::hand_over(wish) {
            Ok(manager) => manager,
            Err((weight, why)) => {
                out.remarks.push(Remark::new(
                    weight,
                    format!(
                        "No Temporary Access Pass is made, because nobody would be given it: {why}."
                    ),
                ));
                return;
            }
        };
        in_use(wish, &manager.display_name, out);
        let object = ObjectRef::new(
            ObjectKind::Method,
            &SECRET.into(),
            &format!("Temporary Access Pass of {}", wish.name()),
        );
        out.specs.push(StepSpec {
            params: json!({
                "lifetime-minutes": settings.lifetime_minutes,
                "once": settings.once,
                "replaces": kinds().any(|kind| kind == KIND),
            }),
            budget: Budget::DIRECTORY,
            not_before: wanted(wish.request, wish.policy).starts,
            ..ABOUT.spec(
                format!(
                    "Make a Temporary Access Pass for {}, valid for {} minutes, which {} is given",
                    wish.name(),
                    settings.lifetime_minutes,
                    manager.display_name
                ),
                vec![change(object, "pass", Value::Null, MADE)],
                vec![Effect::GivesPass],
            )
        });
    }

    /// A pass whose secret was lost is as good as none.
    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let passes = cx.list(task, &collection(task)).await?;
        let change = &task.spec.changes[0];
        if takes_away(change) {
            return Ok(vec![presence(change, !passes.is_empty())]);
        }
        let own = task.evidence.get(&task.spec.key);
        let own = own.and_then(|evidence| evidence.get(METHOD)?.as_str());
        let ours = match own {
            Some(id) => passes.iter().find(|pass| text(pass, "id") == id),
            // The call was answered and the secret kept, but the process ended before it could say so. A secret is erased before a
            // new pass is asked for, so one that lies there is that of the last pass.
            None if is_kept(cx, task).await? => passes.first(),
            None => None,
        };
        if let Some(pass) = ours
            && text(pass, "methodUsabilityReason") == "DisabledByPolicy"
        {
            return Ok(vec![Seen::Impossible {
                because: NOT_ALLOWED.to_owned(),
            }]);
        }
        Ok(vec![presence(change, ours.is_some())])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        if takes_away(&task.spec.changes[0]) {
            return match clear(cx, task, 0).await {
                Ok(answers) => {
                    let tried = answers
                        .into_iter()
                        .map(|answer| Tried::all(todo, Ok(answer)));
                    applied(task, tried)
                }
                Err(problem) => failed(todo, &problem),
            };
        }
        match make(cx, task).await {
            Ok(answer) => keep(cx, task, todo, answer).await,
            Err(problem) => failed(todo, &problem),
        }
    }
}

/// Tells of an account that somebody may be working with: whoever holds the pass comes into it.
fn in_use(wish: &Wish<'_>, manager: &str, out: &mut Proposal) {
    let known = wish.facts.joiner.as_ref().is_some_and(|joiner| !joiner.new);
    let person = &wish.facts.person;
    if known && person.sign_in_allowed {
        out.remarks.push(Remark::new(
            Weight::Danger,
            format!(
                "The account {} is there already and in use: it can sign in today. The pass lets {manager}, and whoever else reads the notice, into it. Switch {} off if the person signs in already.",
                person.upn, ABOUT.name
            ),
        ));
    }
}

/// The kind of method that a pass is, as the directory names it.
const KIND: &str = "temporaryAccessPass";

const NOT_ALLOWED: &str = "the tenant's policy gives this person no Temporary Access Pass. Allow it in the Entra admin center under Authentication methods, Policies, Temporary Access Pass (enabled, and the person among its targets)";

fn collection(task: &Task<'_>) -> Path {
    Path::of(["users", who(task), "authentication", COLLECTION])
}

const COLLECTION: &str = "temporaryAccessPassMethods";

async fn is_kept(cx: &Cx<'_>, task: &Task<'_>) -> Result<bool, Problem> {
    let kept = cx
        .vault
        .open(&task.plan.tenant, &secret_name(task.run, SECRET))
        .await?;
    Ok(kept.is_some())
}

/// Asks for a pass. One whose secret is not ours goes first: an older service refuses a second one, a newer replaces it.
async fn make(cx: &Cx<'_>, task: &Task<'_>) -> Result<Answer, Problem> {
    let name = secret_name(task.run, SECRET);
    cx.vault.erase(&task.plan.tenant, &name).await?;
    let params = &task.spec.params;
    if task.attempt > 1 || params["replaces"].as_bool().unwrap_or_default() {
        clear(cx, task, 2).await?;
    }
    let body = json!({
        "lifetimeInMinutes": params["lifetime-minutes"],
        "isUsableOnce": params["once"],
    });
    let call = || Call::post(collection(task), body.clone());
    let mut result = cx.write(task, 0, call()).await;
    if result
        .as_ref()
        .is_err_and(|error| error.means(Meaning::PassExists))
    {
        clear(cx, task, 2).await?;
        result = cx.write(task, 1, call()).await;
    }
    result.map_err(|error| refused(&error, task))
}

/// Withdraws every pass there is; their calls are numbered from `first`.
async fn clear(cx: &Cx<'_>, task: &Task<'_>, first: usize) -> Result<Vec<Answer>, Problem> {
    let passes = cx.list(task, &collection(task)).await?;
    let mut answers = Vec::new();
    for (index, pass) in passes.iter().enumerate() {
        let id = text(pass, "id");
        let path = Path::of(["users", who(task), "authentication", COLLECTION, id]);
        match cx.write(task, first + index, Call::delete(path)).await {
            Ok(answer) => answers.push(answer),
            Err(error) if problem::class(&error) == Class::Missing => {}
            Err(error) => return Err(problem::of(&error, &task.spec.permissions)),
        }
    }
    Ok(answers)
}

/// Seals the pass. Should that fail, the pass is lost, and the next attempt makes another.
async fn keep(cx: &Cx<'_>, task: &Task<'_>, todo: &[usize], answer: Answer) -> Applied {
    let secret = sealed(&expires(cx, &answer.body), text(&answer.body, KIND));
    let id = text(&answer.body, "id").to_owned();
    let mut out = applied(task, [Tried::all(todo, Ok(answer))]);
    let name = secret_name(task.run, SECRET);
    match cx.vault.keep(&task.plan.tenant, &name, &secret).await {
        Ok(()) => {
            out.evidence.insert(METHOD.to_owned(), id.into());
        }
        Err(problem) => out.problems = failed(todo, &problem).problems,
    }
    out
}

/// A pass as it lies in the vault: behind the moment until which it works. Both outlive the process together.
fn sealed(expires: &str, pass: &str) -> SecretString {
    SecretString::from(format!("{expires} {pass}"))
}

/// A pass from the vault, and until when it works.
pub(crate) fn opened(sealed: &SecretString) -> (Option<Timestamp>, SecretString) {
    let (expires, pass) = sealed
        .expose_secret()
        .split_once(' ')
        .unwrap_or(("", sealed.expose_secret()));
    (expires.parse().ok(), SecretString::from(pass))
}

/// Until when the pass works, by what the vendor answered.
fn expires(cx: &Cx<'_>, pass: &Value) -> String {
    let start: Timestamp = text(pass, "startDateTime").parse().unwrap_or(cx.now);
    let minutes = pass["lifetimeInMinutes"].as_i64().unwrap_or_default();
    let end = start.saturating_add(SignedDuration::from_mins(minutes));
    end.unwrap_or(start).to_string()
}

/// What a refusal means: where the tenant's policy stands against it, which setting that is.
fn refused(error: &Error, task: &Task<'_>) -> Problem {
    let problem = problem::of(error, &task.spec.permissions);
    if !error.means(Meaning::PassNotAllowed) {
        return problem;
    }
    let said = problem::said(error);
    let message = if problem.class == Class::Denied {
        format!("{said} It means that {NOT_ALLOWED}. Then retry the run.")
    } else {
        format!(
            "{said} Change lifetime-minutes or once of {} in Tenure's policy, or the Temporary Access Pass settings in the Entra admin center (Authentication methods, Policies).",
            ABOUT.name
        )
    };
    Problem { message, ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{joiner, propose_joiner};
    use domain::facts::Method;
    use domain::request::{Cited, When};

    const ON: &[(&str, &str)] = &[
        ("create-temporary-access-pass", "{}"),
        ("notify-manager", "{}"),
    ];

    fn method(kind: &str) -> Method {
        Method {
            id: kind.into(),
            kind: format!("#microsoft.graph.{kind}AuthenticationMethod"),
            name: kind.to_owned(),
        }
    }

    #[test]
    fn a_pass_is_made_at_the_start_when_somebody_hands_it_over() {
        let step = &CreateTemporaryAccessPass;
        let start: Timestamp = "2026-12-01T09:00:00Z".parse().unwrap();
        let out = propose_joiner(step, &joiner(), ON, |request, _| {
            request.when = Some(Cited::typed(When::At(start)));
        });
        let spec = &out.specs[0];
        assert_eq!(spec.not_before, Some(start));
        assert_eq!(spec.effects, [Effect::GivesPass]);
        assert!(spec.summary.contains("Boss"), "{}", spec.summary);
        for switches in [&ON[..1], &[ON[0], ("notify-manager", r#"{"pass": false}"#)]] {
            let out = propose_joiner(step, &joiner(), switches, |_, _| {});
            assert!(out.specs.is_empty());
            assert!(out.remarks[0].text.contains("nobody would be given it"));
        }
        let out = propose_joiner(step, &joiner(), ON, |_, policy| {
            policy.notify.sender = None;
        });
        assert!(out.specs.is_empty() && out.remarks.len() == 1);
    }

    #[test]
    fn whoever_can_sign_in_already_gets_no_pass() {
        let mut facts = joiner();
        facts.methods = vec![method("password"), method("temporaryAccessPass")];
        let out = propose_joiner(&CreateTemporaryAccessPass, &facts, ON, |_, _| {});
        assert_eq!(out.specs[0].params["replaces"], true);
        facts.methods.push(method("fido2"));
        let out = propose_joiner(&CreateTemporaryAccessPass, &facts, ON, |_, _| {});
        assert!(out.specs.is_empty());
    }

    #[test]
    fn a_pass_into_an_account_in_use_is_a_danger() {
        let dangers = |facts: &domain::facts::Facts| {
            let out = propose_joiner(&CreateTemporaryAccessPass, facts, ON, |_, _| {});
            let remarks = out.remarks.iter();
            let dangers = remarks.filter(|remark| remark.weight == Weight::Danger);
            (out.specs.len(), dangers.count())
        };
        let mut facts = joiner();
        assert_eq!(dangers(&facts), (1, 0));
        facts.joiner.as_mut().unwrap().new = false;
        facts.person.sign_in_allowed = false;
        assert_eq!(dangers(&facts), (1, 0));
        facts.person.sign_in_allowed = true;
        assert_eq!(dangers(&facts), (1, 1));
    }

    #[test]
    fn no_pass_is_mailed_outside() {
        let mut facts = joiner();
        facts.named = vec![domain::facts::Named {
            written: "manager".to_owned(),
            found: facts.person.manager.clone().into_iter().collect(),
            active: true,
            guest: false,
            mail: Some("the.boss@contoso.example".to_owned()),
        }];
        let made = |facts: &domain::facts::Facts| {
            let out = propose_joiner(&CreateTemporaryAccessPass, facts, ON, |_, _| {});
            let notice = propose_joiner(
                &notify_manager::NotifyManager,
                facts,
                &[ON[1], ON[0]],
                |_, _| {},
            );
            let params = &notice.specs[0].params;
            assert_eq!(params["recipients"], json!([facts.named[0].mail]));
            assert_eq!(params["pass"] != "none", !out.specs.is_empty());
            (
                out.specs.len(),
                out.remarks.first().map(|remark| remark.weight),
            )
        };
        assert_eq!(made(&facts), (1, None));
        facts.named[0].guest = true;
        assert_eq!(made(&facts), (0, Some(Weight::Danger)));
        facts.named[0].guest = false;
        facts.named[0].mail = Some("boss@elsewhere.example".to_owned());
        assert_eq!(made(&facts), (0, Some(Weight::Danger)));
    }

    #[test]
    fn a_pass_is_sealed_with_the_moment_until_which_it_works() {
        let (expires, pass) = opened(&sealed("2026-12-01T17:00:00Z", "a b"));
        assert_eq!(expires.unwrap().to_string(), "2026-12-01T17:00:00Z");
        assert_eq!(pass.expose_secret(), "a b");
    }

    #[test]
    fn a_lifetime_that_no_tenant_allows_is_named() {
        let wrong = check(&json!({ "lifetime-minutes": 5 })).unwrap_err();
        assert!(wrong.starts_with("lifetime-minutes: "), "{wrong}");
    }
}
