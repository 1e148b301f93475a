//! One synchronisation cycle: what changed in the on-premises directory is pushed to the cloud, whole object by whole object.
//!
//! A cloud value of a mastered attribute stands until a cycle carries its object; a full cycle carries all of them.

use jiff::Timestamp;
use uuid::Uuid;

use super::on_premises::{anchor, security_identifier};
use super::{DeletedUser, Group, Id, OnPremisesUser, Tenant, User};

/// Runs a cycle on the primary.
pub(crate) fn synchronise(tenant: &mut Tenant, full: bool, now: Timestamp) {
    if !tenant.on_premises.exists() {
        return;
    }
    tenant.on_premises.last_sync = Some(now);
    if !full && !tenant.on_premises.has_pending() {
        return;
    }
    delete_removed(tenant, full, now);
    let mut carried: Vec<Id> = tenant.on_premises.users.keys().cloned().collect();
    carried.retain(|guid| full || tenant.on_premises.users[guid].pending);
    let before = tenant.users.len();
    for guid in &carried {
        let outcome = export(tenant, guid, now);
        let errors = &mut tenant.on_premises.errors;
        match outcome {
            Ok(()) => drop(errors.remove(guid)),
            Err(why) => drop(errors.insert(guid.clone(), why)),
        }
    }
    for guid in &carried {
        set_manager(tenant, guid);
        let failed = tenant.on_premises.errors.contains_key(guid);
        if let Some(user) = tenant.on_premises.users.get_mut(guid) {
            // What could not be exported is tried again in the next cycle.
            user.pending = failed;
        }
    }
    // A member who is new in the cloud enters groups that were exported before.
    let all = full || tenant.users.len() != before;
    let groups: Vec<Id> = tenant.on_premises.groups.keys().cloned().collect();
    for guid in groups {
        if all || tenant.on_premises.groups[&guid].pending {
            export_group(tenant, &guid, now);
        }
    }
}

/// What went away on-premises goes into the cloud's recycle bin.
fn delete_removed(tenant: &mut Tenant, full: bool, now: Timestamp) {
    let mut gone: Vec<Id> = std::mem::take(&mut tenant.on_premises.removed)
        .into_iter()
        .filter_map(|guid| tenant.synced_user(&guid).cloned())
        .collect();
    if full {
        let known: Vec<String> = tenant
            .on_premises
            .users
            .keys()
            .map(|guid| anchor(guid))
            .collect();
        let orphans = tenant.users.iter().filter(|(_, user)| {
            user.on_premises_sync_enabled == Some(true)
                && user
                    .on_premises_immutable_id
                    .as_ref()
                    .is_some_and(|anchor| !known.contains(anchor))
        });
        gone.extend(orphans.map(|(id, _)| id.clone()).collect::<Vec<_>>());
    }
    for id in gone {
        recycle(tenant, &id, now);
    }
}

/// Finds, revives, takes over or makes the account in the cloud, and writes it.
fn export(tenant: &mut Tenant, guid: &str, now: Timestamp) -> Result<(), String> {
    let source = tenant.on_premises.users[guid].clone();
    let upn = cloud_name(tenant, &source.user_principal_name);
    let binned = tenant.deleted_users.iter().find(|(_, deleted)| {
        deleted.user.on_premises_immutable_id.as_deref() == Some(anchor(guid).as_str())
    });
    let binned = binned.map(|(id, _)| id.clone());
    let known = tenant.synced_user(guid).cloned();
    let id = match (known, binned) {
        (Some(id), _) => id,
        (None, Some(id)) => {
            free(tenant, &upn, &id)?;
            revive(tenant, &id);
            id
        }
        (None, None) => match soft_match(tenant, &upn, &source)? {
            Some(id) => id,
            None => make(tenant, guid, now),
        },
    };
    free(tenant, &upn, &id).inspect_err(|_| {
        // A new account that cannot have its name does not come to be.
        if tenant
            .users
            .get(&id)
            .is_some_and(|user| user.user_principal_name.is_empty())
        {
            tenant.users.remove(&id);
        }
    })?;
    let domain = tenant.on_premises.domain_name.clone();
    if let Some(user) = tenant.users.get_mut(&id) {
        write(user, &source, now);
        user.user_principal_name = upn;
        user.on_premises_immutable_id = Some(anchor(guid));
        user.on_premises_security_identifier = Some(security_identifier(&domain, guid));
        user.on_premises_domain_name = Some(domain);
    }
    if let (Some(mailbox), Some(hidden)) = (
        tenant.mailboxes.get_mut(&id),
        source.hidden_from_address_lists,
    ) {
        mailbox.hidden = hidden;
    }
    Ok(())
}

/// The sign-in name in the cloud: a suffix that is no verified domain is replaced by the initial one.
fn cloud_name(tenant: &Tenant, upn: &str) -> String {
    let (local, suffix) = upn.split_once('@').unwrap_or((upn, ""));
    let verified = tenant
        .domains
        .iter()
        .any(|domain| domain.verified && domain.name.eq_ignore_ascii_case(suffix));
    if verified {
        upn.to_owned()
    } else {
        format!("{local}@{}", tenant.initial_domain())
    }
}

fn free(tenant: &Tenant, upn: &str, id: &str) -> Result<(), String> {
    match tenant.user(upn) {
        Some((other, _)) if other != id => Err(format!(
            "AttributeValueMustBeUnique: the value '{upn}' of UserPrincipalName is in use by object {other}"
        )),
        _ => Ok(()),
    }
}

/// A cloud-only account with the same sign-in name or primary address is taken over, unless it holds an administrator's role.
fn soft_match(tenant: &Tenant, upn: &str, source: &OnPremisesUser) -> Result<Option<Id>, String> {
    let primary = source
        .proxy_addresses
        .iter()
        .find_map(|address| address.strip_prefix("SMTP:"));
    let primary = primary.or(source.mail.as_deref());
    let same = |user: &User| {
        user.user_principal_name.eq_ignore_ascii_case(upn)
            || primary.is_some_and(|primary| {
                user.proxy_addresses.iter().any(|own| {
                    own.strip_prefix("SMTP:")
                        .is_some_and(|own| own.eq_ignore_ascii_case(primary))
                })
            })
    };
    let found = tenant.users.iter().find(|(_, user)| same(user));
    let Some((id, user)) = found else {
        return Ok(None);
    };
    if user.on_premises_immutable_id.is_some() {
        return Err(format!(
            "InvalidSoftMatch: object {id} already carries another source anchor"
        ));
    }
    if tenant.is_privileged(id) {
        return Err(format!(
            "InvalidSoftMatch: object {id} holds an administrator role and is not matched"
        ));
    }
    Ok(Some(id.clone()))
}

/// An empty account; usageLocation stays empty, because nothing on-premises carries it by default.
fn make(tenant: &mut Tenant, guid: &str, now: Timestamp) -> Id {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("cloud {guid}").as_bytes()).to_string();
    let user = User {
        user_type: "Member".to_owned(),
        created_date_time: now,
        sign_in_sessions_valid_from_date_time: now,
        last_password_change_date_time: now,
        ..User::default()
    };
    tenant.users.insert(id.clone(), user);
    id
}

fn write(user: &mut User, source: &OnPremisesUser, now: Timestamp) {
    let copy = |text: &Option<String>| text.clone();
    user.account_enabled = source.enabled;
    user.display_name.clone_from(&source.display_name);
    user.given_name = copy(&source.given_name);
    user.surname = copy(&source.surname);
    user.department = copy(&source.department);
    user.job_title = copy(&source.job_title);
    user.company_name = copy(&source.company_name);
    user.office_location = copy(&source.office_location);
    user.employee_id = copy(&source.employee_id);
    user.business_phones = source.business_phone.iter().cloned().collect();
    user.mobile_phone = copy(&source.mobile_phone);
    user.city = copy(&source.city);
    user.country = copy(&source.country);
    user.state = copy(&source.state);
    user.street_address = copy(&source.street_address);
    user.postal_code = copy(&source.postal_code);
    let local = source
        .user_principal_name
        .split('@')
        .next()
        .unwrap_or_default();
    user.mail_nickname = Some(copy(&source.mail_nickname).unwrap_or_else(|| local.to_owned()));
    if source.mail.is_some() {
        user.mail = copy(&source.mail);
    }
    if !source.proxy_addresses.is_empty() {
        user.proxy_addresses.clone_from(&source.proxy_addresses);
    }
    if let Some(hidden) = source.hidden_from_address_lists {
        user.show_in_address_list = Some(!hidden);
    }
    if let Some(set) = source.password_set
        && user.password_hash != source.password_hash
    {
        user.password_hash.clone_from(&source.password_hash);
        user.last_password_change_date_time = set;
        user.force_change_password = false;
    }
    user.on_premises_sync_enabled = Some(true);
    user.on_premises_last_sync_date_time = Some(now);
    user.on_premises_sam_account_name = Some(source.sam_account_name.clone());
    user.on_premises_distinguished_name = Some(source.distinguished_name.clone());
    user.on_premises_user_principal_name = Some(source.user_principal_name.clone());
}

fn set_manager(tenant: &mut Tenant, guid: &str) {
    let Some(id) = tenant.synced_user(guid).cloned() else {
        return;
    };
    let manager = tenant.on_premises.users[guid].manager.clone();
    let manager = manager.and_then(|guid| tenant.synced_user(&guid).cloned());
    if let Some(user) = tenant.users.get_mut(&id) {
        user.manager = manager;
    }
}

fn export_group(tenant: &mut Tenant, guid: &str, now: Timestamp) {
    let Some(source) = tenant.on_premises.groups.get(guid).cloned() else {
        return;
    };
    let made =
        || Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("cloud {guid}").as_bytes()).to_string();
    let id = source.cloud_id.clone().unwrap_or_else(made);
    let members = source
        .members
        .iter()
        .filter_map(|guid| tenant.synced_user(guid).cloned())
        .collect();
    let group = tenant.groups.entry(id.clone()).or_insert_with(|| Group {
        mail_nickname: source.display_name.to_lowercase().replace(' ', ""),
        security_enabled: true,
        created_date_time: now,
        ..Group::default()
    });
    group.display_name = source.display_name;
    group.members = members;
    group.on_premises_sync_enabled = Some(true);
    if let Some(source) = tenant.on_premises.groups.get_mut(guid) {
        source.pending = false;
        source.cloud_id = Some(id);
    }
}

/// Moves an account into the recycle bin with mailbox and memberships; licences are free at once.
pub(crate) fn recycle(tenant: &mut Tenant, id: &str, now: Timestamp) -> Option<()> {
    let user = tenant.users.remove(id)?;
    let mut deleted = DeletedUser {
        deleted_date_time: now,
        user,
        mailbox: tenant.mailboxes.remove(id).map(Box::new),
        ..DeletedUser::default()
    };
    for (group_id, group) in &mut tenant.groups {
        if group.members.remove(id) {
            deleted.member_of.insert(group_id.clone());
        }
        if group.owners.remove(id) {
            deleted.owner_of.insert(group_id.clone());
        }
    }
    tenant
        .role_assignments
        .retain(|_, assignment| assignment.principal_id != id);
    tenant
        .eligibilities
        .retain(|_, eligibility| eligibility.principal_id != id);
    tenant.deleted_users.insert(id.to_owned(), deleted);
    Some(())
}

/// Brings an account back from the recycle bin with what it had.
fn revive(tenant: &mut Tenant, id: &str) {
    let Some(deleted) = tenant.deleted_users.remove(id) else {
        return;
    };
    tenant.users.insert(id.to_owned(), deleted.user);
    if let Some(mailbox) = deleted.mailbox {
        tenant.mailboxes.insert(id.to_owned(), *mailbox);
    }
    for group in &deleted.member_of {
        if let Some(group) = tenant.groups.get_mut(group) {
            group.members.insert(id.to_owned());
        }
    }
    for group in &deleted.owner_of {
        if let Some(group) = tenant.groups.get_mut(group) {
            group.owners.insert(id.to_owned());
        }
    }
}
