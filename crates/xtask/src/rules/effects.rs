//! The judge's own table of which effects each step's changes have. A step that declares others is believed by every order
//! rule, so it is a violation by itself.

use domain::ObjectId;
use domain::facts::{Facts, RoleHeldBy};
use domain::spec::{Change, Effect, Expect, ObjectKind, Reversal, Route, StepSpec};

/// Whether a spec declares exactly the effects that its changes have.
pub(super) fn honest(spec: &StepSpec, facts: &Facts) -> bool {
    let Some(mut expected) = expected(spec, facts) else {
        return false;
    };
    let mut declared = spec.effects.clone();
    expected.sort();
    declared.sort();
    expected == declared && spec.key.as_str().starts_with(spec.step.as_str())
}

/// The effects that follow from a step's key and changes; absent for a step that the judge does not know or whose changes are
/// not of its kind.
fn expected(spec: &StepSpec, facts: &Facts) -> Option<Vec<Effect>> {
    let one = |effect: Effect, kind: ObjectKind| {
        spec.changes
            .iter()
            .all(|change| change.object.kind == kind)
            .then(|| vec![effect])
    };
    let each = |effect: fn(ObjectId) -> Effect, kind: ObjectKind| {
        let ours = spec.changes.iter().all(|change| change.object.kind == kind);
        ours.then(|| {
            spec.changes
                .iter()
                .map(|change| effect(change.object.id.clone()))
                .collect()
        })
    };
    match spec.key.as_str() {
        "block-sign-in" => one(Effect::ClosesSignIn, ObjectKind::Person),
        "reset-password" => one(Effect::ResetsPassword, ObjectKind::Person),
        "revoke-sessions" => one(Effect::EndsSessions, ObjectKind::Person),
        "revoke-sessions:again" => one(Effect::EndsSessionsAgain, ObjectKind::Person),
        "remove-admin-roles" => Some(roles(spec, facts)),
        "remove-auth-methods" => one(Effect::RemovesMethod, ObjectKind::Method),
        "cancel-meetings" => one(Effect::CancelsMeetings, ObjectKind::Meeting),
        "set-auto-reply" => one(Effect::SetsAutoReply, ObjectKind::Mailbox),
        "set-forwarding" if forwards(spec) => one(Effect::SetsForwarding, ObjectKind::Mailbox),
        "set-forwarding" => one(Effect::ClearsForwarding, ObjectKind::Mailbox),
        "grant-mailbox-access" => one(Effect::GrantsMailboxAccess, ObjectKind::Mailbox),
        "convert-mailbox" => one(Effect::ConvertsMailbox, ObjectKind::Mailbox),
        "convert-mailbox:keep-licence" => keeps(spec),
        "hide-from-address-lists" => one(Effect::HidesFromAddressLists, ObjectKind::Mailbox),
        "remove-inbox-rules" => one(Effect::RemovesRules, ObjectKind::Rule),
        "remove-mobile-devices" => one(Effect::RemovesPartnership, ObjectKind::Device),
        "remove-mailbox-permissions" => one(Effect::RemovesMailboxRights, ObjectKind::Mailbox),
        "transfer-ownership" => Some(hands_over(spec)),
        "remove-from-groups" => each(
            |group| Effect::RemovesMembership { group },
            ObjectKind::Group,
        ),
        "remove-from-groups:ownerships" => {
            each(|group| Effect::RemovesOwner { group }, ObjectKind::Group)
        }
        "remove-from-lists" => each(
            |list| Effect::RemovesListMembership { list },
            ObjectKind::List,
        ),
        "reassign-reports" => one(Effect::MovesReport, ObjectKind::Person),
        "remove-licenses" => Some(frees(spec, facts)),
        "notify" => one(Effect::Notifies, ObjectKind::Message),
        _ => None,
    }
}

/// Whether mail goes somewhere afterwards, or the change is only about the copy of mail that does.
fn forwards(spec: &StepSpec) -> bool {
    let to = |change: &&Change| change.property.contains("to");
    let mut targets = spec.changes.iter().filter(to).peekable();
    targets.peek().is_none() || targets.any(|change| change.after != Expect::absent())
}

fn roles(spec: &StepSpec, facts: &Facts) -> Vec<Effect> {
    let mut effects = Vec::new();
    for change in &spec.changes {
        let group = change.object.kind == ObjectKind::Group;
        let held = facts.roles.iter().filter(|role| match &role.by {
            RoleHeldBy::Group(by) => group && *by == change.object.id,
            RoleHeldBy::Assignment | RoleHeldBy::Eligibility => {
                !group && role.id == change.object.id
            }
        });
        effects.extend(held.map(|role| Effect::RemovesRole {
            role: role.role.clone(),
        }));
        if group {
            effects.push(Effect::RemovesMembership {
                group: change.object.id.clone(),
            });
        }
    }
    effects
}

fn keeps(spec: &StepSpec) -> Option<Vec<Effect>> {
    let [change] = spec.changes.as_slice() else {
        return None;
    };
    let route = match change.object.kind {
        ObjectKind::License => Route::Direct,
        ObjectKind::Group => Route::Group(change.object.id.clone()),
        _ => return None,
    };
    Some(vec![Effect::KeepsMailboxLicense { route }])
}

fn hands_over(spec: &StepSpec) -> Vec<Effect> {
    let effect = |change: &Change| match change.object.kind {
        ObjectKind::Application => Effect::HandsOverApplication {
            application: change.object.id.clone(),
        },
        _ => Effect::AddsOwner {
            group: change.object.id.clone(),
        },
    };
    spec.changes.iter().map(effect).collect()
}

fn frees(spec: &StepSpec, facts: &Facts) -> Vec<Effect> {
    let mut effects = Vec::new();
    for change in &spec.changes {
        let id = &change.object.id;
        match change.object.kind {
            ObjectKind::Group => effects.push(Effect::RemovesMembership { group: id.clone() }),
            ObjectKind::List => effects.push(Effect::RemovesListMembership { list: id.clone() }),
            _ => {}
        }
        let taken = facts.licenses.iter().filter(|held| match &held.route {
            Route::Direct => change.object.kind == ObjectKind::License && held.sku == *id,
            Route::Group(group) => change.object.kind != ObjectKind::License && group == id,
        });
        effects.extend(taken.map(|held| Effect::FreesLicense {
            sku: held.sku.clone(),
            route: held.route.clone(),
            carries: held.carries,
        }));
    }
    if spec
        .changes
        .iter()
        .any(|change| matches!(change.reversal, Reversal::ApprovedApart(_)))
    {
        effects.push(Effect::LetsMailboxGo);
    }
    effects
}
