//! The judge's own table of which effects each step's changes have. A step that declares others is believed by every order
//! rule, so it is a violation by itself.

use domain::ObjectId;
use domain::facts::{Facts, Group, RoleHeldBy, Sku};
use domain::spec::{Carries, Change, Effect, Expect, ObjectKind, Reversal, Route, StepSpec};

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
        "notify" | "notify-manager" => one(Effect::Notifies, ObjectKind::Message),
        "disable-on-premises" => {
            let both = vec![Effect::DisablesOnPremises, Effect::ResetsPasswordOnPremises];
            one(Effect::DisablesOnPremises, ObjectKind::Manual).map(|_| both)
        }
        "read-block-again" => Some(vec![Effect::AwaitsSync, Effect::ReadsBlockAgain]),
        "clear-immutable-id" => one(Effect::ClearsImmutableId, ObjectKind::Person),
        _ => of_joiner(spec, facts),
    }
}

/// The same for the joiner's steps.
fn of_joiner(spec: &StepSpec, facts: &Facts) -> Option<Vec<Effect>> {
    let all = |kind: ObjectKind| spec.changes.iter().all(|change| change.object.kind == kind);
    let ids = || spec.changes.iter().map(|change| change.object.id.clone());
    let needs = |kind: ObjectKind| all(kind).then(|| vec![Effect::NeedsMailbox]);
    match spec.key.as_str() {
        "create-user" => Some(vec![made(spec)]),
        // What came from on premises is read back, profile and sign-in apart.
        "create-user:profile-on-premises" | "create-user:sign-in-on-premises" => {
            all(ObjectKind::Person).then(|| vec![Effect::ChangesProfile])
        }
        "create-user:enable" => Some(vec![Effect::OpensSignIn]),
        "create-user:synced" => Some(vec![Effect::AwaitsSync, Effect::CreatesPerson]),
        "set-usage-location" => all(ObjectKind::Person).then(|| vec![Effect::SetsUsageLocation]),
        "assign-licenses" => all(ObjectKind::License).then(|| assigned(spec, facts)),
        "assign-licenses:groups" => Some(through_groups(spec, facts)),
        "add-to-groups" => all(ObjectKind::Group).then(|| {
            ids()
                .map(|group| Effect::AddsMembership { group })
                .collect()
        }),
        "add-to-lists" => all(ObjectKind::List).then(|| {
            let joined = ids().map(|list| Effect::AddsListMembership { list });
            joined.chain([Effect::NeedsMailbox]).collect()
        }),
        "await-mailbox" => all(ObjectKind::Mailbox).then(|| vec![Effect::AwaitsMailbox]),
        "mailbox-settings" | "grant-shared-mailbox" => needs(ObjectKind::Mailbox),
        "send-welcome" => needs(ObjectKind::Message),
        "register-phone-method" => all(ObjectKind::Method).then(|| vec![Effect::RegistersMethod]),
        "create-temporary-access-pass" => all(ObjectKind::Method).then(|| vec![Effect::GivesPass]),
        _ => None,
    }
}

/// What becomes of the account, from what the first change is about.
fn made(spec: &StepSpec) -> Effect {
    match spec.changes.first() {
        Some(change) if change.object.kind == ObjectKind::Manual => Effect::CreatesOnPremises,
        Some(change) if change.property == "account" => Effect::CreatesPerson,
        _ => Effect::ChangesProfile,
    }
}

fn sold<'f>(facts: &'f Facts, id: &ObjectId) -> Option<&'f Sku> {
    facts.tenant.skus.iter().find(|sku| sku.id == *id)
}

/// Direct licences given, changed, and taken in one call.
fn assigned(spec: &StepSpec, facts: &Facts) -> Vec<Effect> {
    let direct = || {
        facts
            .licenses
            .iter()
            .filter(|held| held.route == Route::Direct)
    };
    let taken = |id: &ObjectId| {
        let mut changes = spec.changes.iter();
        changes.any(|change| change.object.id == *id && change.after == Expect::absent())
    };
    let stays = direct()
        .filter(|held| !taken(&held.sku))
        .map(|held| held.carries);
    let comes = spec
        .changes
        .iter()
        .filter(|change| !taken(&change.object.id))
        .filter_map(|change| sold(facts, &change.object.id))
        .map(|sku| sku.carries);
    let carried: Vec<Carries> = stays.chain(comes).collect();
    let still = |of: fn(&Carries) -> bool| carried.iter().any(of);
    let effect = |change: &Change| {
        let sku = change.object.id.clone();
        let held = direct().find(|held| held.sku == sku);
        match held {
            Some(held) if taken(&sku) => Effect::FreesLicense {
                sku,
                route: Route::Direct,
                // What another licence carries as well does not hang on this one.
                carries: Carries {
                    mailbox: held.carries.mailbox && !still(|one| one.mailbox),
                    voice: held.carries.voice && !still(|one| one.voice),
                    devices: held.carries.devices && !still(|one| one.devices),
                },
            },
            Some(_) => Effect::ChangesLicense { sku },
            None => Effect::AssignsLicense {
                carries: sold(facts, &sku).map(|sku| sku.carries).unwrap_or_default(),
                sku,
                route: Route::Direct,
            },
        }
    };
    spec.changes.iter().map(effect).collect()
}

/// The group of this id among those that were read for somebody who comes.
pub(super) fn read_group<'f>(facts: &'f Facts, id: &ObjectId) -> Option<&'f Group> {
    let joiner = facts.joiner.as_ref()?;
    let named = joiner.groups.iter().flat_map(|named| &named.found);
    let copied = joiner.copied.iter().flat_map(|copied| &copied.memberships);
    named.chain(copied).find(|group| group.id == *id)
}

/// Groups joined for the sake of the licences that they give.
fn through_groups(spec: &StepSpec, facts: &Facts) -> Vec<Effect> {
    let mut effects = Vec::new();
    for change in &spec.changes {
        let id = &change.object.id;
        effects.push(match change.object.kind {
            ObjectKind::List => Effect::AddsListMembership { list: id.clone() },
            _ => Effect::AddsMembership { group: id.clone() },
        });
        let gives = read_group(facts, id).map_or(&[] as &[ObjectId], |group| &group.licenses);
        effects.extend(gives.iter().filter_map(|sku| {
            Some(Effect::AssignsLicense {
                sku: sku.clone(),
                route: Route::Group(id.clone()),
                carries: sold(facts, sku)?.carries,
            })
        }));
    }
    effects
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
