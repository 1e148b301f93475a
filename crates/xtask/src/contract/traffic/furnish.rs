//! Gives a person of the demo worlds everything that a step can meet, or takes away what a step counts on.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _};
use sim::world::{
    Application, AuthMethod, Eligibility, Event, Group, InboxRule, Licence, MailboxAce, MethodKind,
    MobileDevice, RoleAssignment, Tenant,
};
use sim::worlds::id;

use super::play::START;
use super::scene::Cast;

/// A role that any administrator may take away, and one that counts as privileged (Microsoft Entra built-in roles).
const REPORTS_READER: &str = "4a5d8f65-41da-4de4-8968-e035b65339cf";
const USER_ADMINISTRATOR: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";

const METHODS: [MethodKind; 9] = [
    MethodKind::Phone,
    MethodKind::MicrosoftAuthenticator,
    MethodKind::Fido2,
    MethodKind::SoftwareOath,
    MethodKind::WindowsHelloForBusiness,
    MethodKind::Email,
    MethodKind::TemporaryAccessPass,
    MethodKind::PlatformCredential,
    MethodKind::External,
];

/// One of everything.
pub(super) fn everything(tenant: &mut Tenant, cast: &Cast) {
    directory(tenant, cast);
    roles(tenant, cast);
    mailbox(tenant, cast);
    rights(tenant, cast);
}

fn hours(hours: i64) -> Timestamp {
    START.saturating_add(hours.hours()).unwrap_or(START)
}

fn directory(tenant: &mut Tenant, cast: &Cast) {
    let [one, other] = cast.others.map(|local| cast.user(local));
    let leaver = cast.leaver.clone();
    if let Some(user) = tenant.users.get_mut(&other) {
        user.manager = Some(leaver.clone());
    }
    if let Some(user) = tenant.users.get_mut(&leaver) {
        user.manager.get_or_insert(one);
        if user.on_premises_sync_enabled != Some(true) {
            user.on_premises_immutable_id = Some("q83vEjRWeJCrze8SNFZ4kA==".to_owned());
        }
        for kind in METHODS {
            let method = AuthMethod {
                kind,
                label: Some("of the scene".to_owned()),
                phone_number: (kind == MethodKind::Phone).then(|| "+46 700000001".to_owned()),
                phone_type: (kind == MethodKind::Phone).then(|| "mobile".to_owned()),
                is_default: kind == MethodKind::MicrosoftAuthenticator,
                created_date_time: hours(-9_000),
                ..AuthMethod::default()
            };
            user.methods
                .insert(id(cast.tenant, &format!("method {kind:?}")), method);
        }
    }
    let own = BTreeSet::from([leaver.clone()]);
    let group =
        |name: &str, mail: bool, secure: bool, types: &[&str], owners: &BTreeSet<String>| Group {
            display_name: name.to_owned(),
            mail_nickname: name.to_lowercase(),
            mail: (mail || !types.is_empty()).then(|| cast.address(&name.to_lowercase())),
            mail_enabled: mail || !types.is_empty(),
            security_enabled: secure,
            group_types: types.iter().map(|word| (*word).to_owned()).collect(),
            members: own.clone(),
            owners: owners.clone(),
            created_date_time: hours(-9_000),
            ..Group::default()
        };
    for group in [
        group("Scenery", false, true, &[], &BTreeSet::new()),
        group("Stagehands", false, false, &["Unified"], &own),
        group("Prompters", true, false, &[], &BTreeSet::new()),
        group("Ushers", true, true, &[], &BTreeSet::new()),
    ] {
        tenant.groups.insert(
            id(cast.tenant, &format!("group {}", group.display_name)),
            group,
        );
    }
    licence_group(tenant, cast);
    let application = Application {
        app_id: id(cast.tenant, "app id of the scene"),
        display_name: "Box Office".to_owned(),
        owners: own,
        secret_ends: vec![hours(3_000)],
    };
    tenant
        .applications
        .insert(id(cast.tenant, "application of the scene"), application);
}

/// A mail-enabled security group that gives a licence: it is left in the mail system.
fn licence_group(tenant: &mut Tenant, cast: &Cast) {
    let ushers = id(cast.tenant, "group Ushers");
    let mut skus = tenant.skus.iter();
    let Some((sku, _)) = skus.find(|(_, sku)| sku.part_number == "POWER_BI_PRO") else {
        return;
    };
    if let Some(group) = tenant.groups.get_mut(&ushers) {
        group.assigned_licenses.insert(sku.clone());
    }
    if let Some(user) = tenant.users.get_mut(&cast.leaver) {
        let licence = Licence::inherited(sku, &ushers, hours(-9_000));
        user.licences.push(licence);
    }
}

/// Roles of every kind: active, through a group, and one that could be activated.
fn roles(tenant: &mut Tenant, cast: &Cast) {
    let role = |principal: &str| RoleAssignment {
        principal_id: principal.to_owned(),
        role_definition_id: REPORTS_READER.to_owned(),
        directory_scope_id: "/".to_owned(),
    };
    let group = id(cast.tenant, "group of the scene's roles");
    let through = Group {
        display_name: "Report Readers".to_owned(),
        mail_nickname: "reportreaders".to_owned(),
        security_enabled: true,
        is_assignable_to_role: Some(true),
        members: [cast.leaver.clone()].into(),
        created_date_time: hours(-9_000),
        ..Group::default()
    };
    tenant
        .role_assignments
        .insert(id(cast.tenant, "own role"), role(&cast.leaver));
    tenant
        .role_assignments
        .insert(id(cast.tenant, "group's role"), role(&group));
    tenant.groups.insert(group, through);
    let eligibility = Eligibility {
        principal_id: cast.leaver.clone(),
        role_definition_id: USER_ADMINISTRATOR.to_owned(),
        directory_scope_id: "/".to_owned(),
        created_date_time: hours(-9_000),
    };
    tenant
        .eligibilities
        .insert(id(cast.tenant, "eligibility"), eligibility);
}

fn mailbox(tenant: &mut Tenant, cast: &Cast) {
    let archive = id(cast.tenant, "archive of the scene");
    let one = cast.user(cast.others[0]);
    let Some(mailbox) = tenant.mailboxes.get_mut(&cast.leaver) else {
        return;
    };
    mailbox.archive_guid = Some(archive);
    mailbox.forwarding_address = Some(one);
    mailbox.deliver_and_forward = true;
    "Enabled".clone_into(&mut mailbox.auto_reply.state);
    "<p>Back soon</p>".clone_into(&mut mailbox.auto_reply.internal_message);
    mailbox.rules.push(InboxRule {
        identity: "17438121928704".to_owned(),
        name: "Send it on".to_owned(),
        enabled: true,
        priority: 1,
        hidden: true,
        description: "If the message is from anybody, forward it.".to_owned(),
        forward_to: vec!["friend@partner.example".to_owned()],
    });
    mailbox.devices.push(MobileDevice {
        device_id: "TENURE0123456789".to_owned(),
        guid: id(cast.tenant, "device of the scene"),
        friendly_name: "Phone".to_owned(),
        device_type: "iPhone".to_owned(),
        device_model: "iPhone16C1".to_owned(),
        device_os: "iOS 19.0".to_owned(),
        client_type: "EAS".to_owned(),
        first_sync: hours(-2_000),
        wipe_queued: false,
    });
    let address = mailbox.primary_smtp_address.clone();
    for (position, weeks) in [None, Some(10)].into_iter().enumerate() {
        let meeting = meeting(cast, &address, position, weeks);
        tenant
            .events
            .insert(id(cast.tenant, &meeting.ical_uid), meeting);
    }
}

fn meeting(cast: &Cast, organizer: &str, position: usize, weeks: Option<i64>) -> Event {
    let start = hours(40 + i64::try_from(position).unwrap_or(0));
    Event {
        mailbox: cast.leaver.clone(),
        ical_uid: format!("meeting {position} of the scene"),
        subject: format!("Rehearsal {position}"),
        start,
        end: hours(42 + i64::try_from(position).unwrap_or(0)),
        weekly_until: weeks.map(|weeks| hours(weeks * 168)),
        organizer: organizer.to_owned(),
        attendees: vec![cast.address(cast.others[0])],
        is_organizer: true,
        is_cancelled: false,
    }
}

/// All three rights on the shared mailbox.
fn rights(tenant: &mut Tenant, cast: &Cast) {
    let Some(shared) = tenant.mailboxes.get_mut(&cast.user(cast.shared)) else {
        return;
    };
    shared.permissions.push(MailboxAce {
        user: cast.leaver.clone(),
        rights: vec!["FullAccess".to_owned()],
        auto_mapping: true,
        ..MailboxAce::default()
    });
    shared.send_as.push(cast.leaver.clone());
    shared.send_on_behalf.push(cast.leaver.clone());
}

/// More than fits on one page: meetings, owned groups, and members of a list.
pub(super) fn by_the_hundred(tenant: &mut Tenant, cast: &Cast) {
    everything(tenant, cast);
    let address = cast.address(cast.reference);
    for number in 100..210 {
        let meeting = meeting(cast, &address, number, None);
        tenant
            .events
            .insert(id(cast.tenant, &meeting.ical_uid), meeting);
        let group = Group {
            display_name: format!("Troupe {number}"),
            mail_nickname: format!("troupe{number}"),
            security_enabled: true,
            owners: [cast.leaver.clone(), cast.user(cast.others[0])].into(),
            created_date_time: hours(-9_000),
            ..Group::default()
        };
        tenant
            .groups
            .insert(id(cast.tenant, &format!("group {number}")), group);
    }
    let template = tenant
        .users
        .get(&cast.user(cast.others[0]))
        .cloned()
        .unwrap_or_default();
    let list = id(cast.tenant, "group Prompters");
    for number in 0..1_050 {
        let extra = id(cast.tenant, &format!("extra {number}"));
        let mut user = template.clone();
        user.user_principal_name = cast.address(&format!("extra{number}"));
        user.mail = Some(user.user_principal_name.clone());
        user.display_name = format!("Extra {number}");
        user.licences.clear();
        tenant.users.insert(extra.clone(), user);
        if let Some(list) = tenant.groups.get_mut(&list) {
            list.members.insert(extra);
        }
    }
}

/// The customer took every permission back.
pub(super) fn no_permission(tenant: &mut Tenant, _: &Cast) {
    for app in tenant.apps.values_mut() {
        app.graph_roles.clear();
        app.exchange_roles.clear();
    }
}

/// The customer lets mails be written and not be sent.
pub(super) fn no_sending(tenant: &mut Tenant, _: &Cast) {
    for app in tenant.apps.values_mut() {
        app.graph_roles.retain(|role| role != "Mail.Send");
    }
}

/// Somebody else was quicker: the person and everything of the person's is gone.
pub(super) fn gone(tenant: &mut Tenant, cast: &Cast) {
    let leaver = &cast.leaver;
    tenant.users.remove(leaver);
    tenant.mailboxes.remove(leaver);
    tenant.mailboxes.remove(&cast.user(cast.shared));
    tenant.events.clear();
    tenant
        .role_assignments
        .retain(|_, role| role.principal_id != *leaver);
    tenant.eligibilities.clear();
    tenant.applications.clear();
    tenant
        .groups
        .retain(|_, group| !group.members.contains(leaver) && !group.owners.contains(leaver));
    for user in tenant.users.values_mut() {
        user.manager = user.manager.take().filter(|manager| manager != leaver);
    }
}
