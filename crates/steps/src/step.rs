//! What a step is: how it is described, how it proposes, and how it is taken back.

use async_trait::async_trait;
use domain::StepKey;
use domain::catalogue::{Alias, Entry};
use domain::planner::Proposal;
use domain::request::{Kind, Request};
use domain::spec::{Budget, Change, Effect, Expect, ObjectRef, Reversal, Route, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::wish::Wish;

/// What is known of a step without looking at any tenant.
#[derive(Debug)]
pub struct About {
    /// Verb-noun, stored in run logs: never renamed.
    pub name: &'static str,
    /// Raised when the meaning of stored parameters changes.
    pub version: u32,
    /// One sentence for the manual and the policy template.
    pub purpose: &'static str,
    /// Other names under which its switch is accepted.
    pub aliases: &'static [Alias],
    /// The playbooks it can stand in.
    pub kinds: &'static [Kind],
    /// Whether a fresh policy has it on.
    pub default_on: bool,
    /// Fields of a request that it listens to: a request that has one while the step is off is answered with a remark.
    pub fields: &'static [&'static str],
    /// Application permissions, least privilege first, reads included.
    pub permissions: &'static [&'static str],
    /// JSON Schema of its settings.
    pub schema: fn() -> Value,
    /// Settings of a fresh policy.
    pub defaults: fn() -> Value,
    /// Says what is wrong with settings, naming the field.
    pub check: fn(&Value) -> Result<(), String>,
}

impl About {
    /// The step as policy, planner and manual see it.
    #[must_use]
    pub fn entry(&self) -> Entry {
        Entry {
            name: self.name,
            version: self.version,
            aliases: self.aliases,
            kinds: self.kinds,
            default_on: self.default_on,
            purpose: self.purpose,
            schema: (self.schema)(),
            defaults: (self.defaults)(),
            permissions: self.permissions,
            not_alone: None,
            check: self.check,
        }
    }

    /// A spec of this step with nothing unusual about it; callers change what differs.
    pub(crate) fn spec(
        &self,
        summary: String,
        changes: Vec<Change>,
        effects: Vec<Effect>,
    ) -> StepSpec {
        StepSpec {
            key: StepKey::new(self.name),
            step: self.name.to_owned(),
            version: self.version,
            summary,
            params: Value::Object(Map::new()),
            changes,
            effects,
            edges: Vec::new(),
            budget: Budget::DIRECTORY,
            permissions: self
                .permissions
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
            may_grow: false,
            not_before: None,
            by_hand: None,
        }
    }

    /// The key of a second spec of this step in one plan.
    pub(crate) fn key(&self, part: &str) -> StepKey {
        StepKey::new(format!("{}:{part}", self.name))
    }
}

/// The parameter of a spec that only reads what somebody else has done.
pub(crate) const READS_ONLY: &str = "reads-only";

/// How a step is taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    /// By this step of a reverse plan.
    Spec(Box<StepSpec>),
    /// Not at all, for this reason.
    Cannot(String),
}

/// One thing Tenure can do to one system for one person.
#[async_trait]
pub trait Step: Sync {
    /// What is known of it without looking at any tenant.
    fn about(&self) -> &'static About;

    /// People that its settings and the request name, as written, so that they can be looked up before it proposes.
    fn names(&self, _request: &Request, _settings: &Value) -> Vec<String> {
        Vec::new()
    }

    /// Why it makes no sense as the only step of a plan.
    fn not_alone(&self) -> Option<&'static str> {
        None
    }

    /// What it would do. Pure; proposes nothing where there is nothing to do.
    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal);

    /// Reads each change directly on its object, in the order of the spec's changes.
    ///
    /// # Errors
    /// When something could not be read.
    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem>;

    /// Makes the changes at these indices true, in whichever direction they point.
    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied;

    /// How a carried-out spec is taken back, given the values read before it.
    fn undo(&self, spec: &StepSpec, before: &[Value]) -> Undo {
        swapped(spec, before)
    }
}

/// The same step with now and after exchanged. A step's `apply` makes `after` true in either direction where it can return.
pub(crate) fn swapped(spec: &StepSpec, before: &[Value]) -> Undo {
    let mut reasons: Vec<String> = Vec::new();
    let mut changes = Vec::with_capacity(spec.changes.len());
    for (index, change) in spec.changes.iter().enumerate() {
        match (&change.reversal, &change.after) {
            (Reversal::Return, Expect::Is(after)) => changes.push(Change {
                now: after.clone(),
                after: Expect::Is(before.get(index).unwrap_or(&change.now).clone()),
                ..change.clone()
            }),
            (Reversal::Return, Expect::Later) => {
                reasons.push("a time that has passed does not come back".to_owned());
            }
            (Reversal::CannotReturn(because) | Reversal::ApprovedApart(because), _) => {
                reasons.push(because.clone())
            }
        }
    }
    reasons.dedup();
    if !reasons.is_empty() {
        return Undo::Cannot(reasons.join("; "));
    }
    Undo::Spec(Box::new(StepSpec {
        key: StepKey::new(format!("{}:undo", spec.key)),
        summary: format!("Take back: {}", spec.summary),
        changes,
        effects: spec.effects.iter().filter_map(reversed).collect(),
        edges: Vec::new(),
        may_grow: false,
        not_before: None,
        ..spec.clone()
    }))
}

/// The effect of taking an effect back, where the order rules have a word for it.
fn reversed(effect: &Effect) -> Option<Effect> {
    Some(match effect {
        Effect::ClosesSignIn => Effect::OpensSignIn,
        Effect::OpensSignIn => Effect::ClosesSignIn,
        Effect::ChangesProfile => Effect::ChangesProfile,
        Effect::SetsUsageLocation => Effect::SetsUsageLocation,
        Effect::SetsForwarding => Effect::ClearsForwarding,
        Effect::ClearsForwarding => Effect::SetsForwarding,
        Effect::SetsAutoReply => Effect::SetsAutoReply,
        Effect::MovesReport => Effect::MovesReport,
        Effect::RemovesMailboxRights => Effect::GrantsMailboxAccess,
        Effect::AddsMembership { group } => Effect::RemovesMembership {
            group: group.clone(),
        },
        Effect::AddsListMembership { list } => Effect::RemovesListMembership { list: list.clone() },
        Effect::RemovesMembership { group } => Effect::AddsMembership {
            group: group.clone(),
        },
        Effect::RemovesListMembership { list } => Effect::AddsListMembership { list: list.clone() },
        Effect::AddsOwner { group } => Effect::RemovesOwner {
            group: group.clone(),
        },
        Effect::RemovesOwner { group } => Effect::AddsOwner {
            group: group.clone(),
        },
        Effect::FreesLicense {
            sku,
            route,
            carries,
        } => Effect::AssignsLicense {
            sku: sku.clone(),
            route: route.clone(),
            carries: *carries,
        },
        Effect::AssignsLicense {
            sku,
            route,
            carries,
        } => Effect::FreesLicense {
            sku: sku.clone(),
            route: route.clone(),
            carries: *carries,
        },
        Effect::ChangesLicense { sku } => Effect::ChangesLicense { sku: sku.clone() },
        Effect::KeepsMailboxLicense {
            route: Route::Group(group),
        } => Effect::RemovesMembership {
            group: group.clone(),
        },
        _ => return None,
    })
}

/// A change that can be taken back.
pub(crate) fn change(
    object: ObjectRef,
    property: impl Into<String>,
    now: impl Into<Value>,
    after: impl Into<Value>,
) -> Change {
    Change {
        object,
        property: property.into(),
        now: now.into(),
        after: Expect::Is(after.into()),
        reversal: Reversal::Return,
    }
}

/// A removal: the value read now is gone after.
pub(crate) fn removal(
    object: ObjectRef,
    property: impl Into<String>,
    now: impl Into<Value>,
) -> Change {
    change(object, property, now, Value::Null)
}

/// Names as a sentence holds them: three at most, then how many more.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.split_at_checked(3) {
        Some((shown, rest)) if !rest.is_empty() => {
            format!("{} and {} more", shown.join(", "), rest.len())
        }
        _ => match names.split_last() {
            Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => names.concat(),
        },
    }
}

/// A number with its noun, in the singular where it is one.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
