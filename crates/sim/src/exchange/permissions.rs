//! Rights on mailboxes: full access and send as.

use serde_json::{Value, json};

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind, Recipient};
use super::output::Output;
use super::parameters::Parameters;
use crate::world::{Id, Mailbox, MailboxAce, Tenant};

const RIGHTS: &str = "Microsoft.Exchange.Management.RecipientTasks.MailboxRights[]";
const MAILBOX_RIGHTS: [&str; 6] = [
    "FullAccess",
    "ReadPermission",
    "ChangePermission",
    "ChangeOwner",
    "DeleteItem",
    "ExternalAccount",
];
const RECIPIENT_RIGHTS: &str =
    "Microsoft.Exchange.Management.RecipientTasks.RecipientAccessRight[]";
const INHERITANCE: &str = "System.DirectoryServices.ActiveDirectorySecurityInheritance";
const SELF: &str = "NT AUTHORITY\\SELF";
const SELF_SID: &str = "S-1-5-10";

/// `Get-MailboxPermission`.
pub(super) fn get_mailbox(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let only = parameters.text("User")?;
    let only_id = match only {
        Some(name) if !name.eq_ignore_ascii_case(SELF) => {
            Some(identity::principal(tenant, name)?.id.to_owned())
        }
        _ => None,
    };
    let mut rows = Vec::new();
    if only_id.is_none() {
        let own = MailboxAce {
            rights: vec!["FullAccess".to_owned(), "ReadPermission".to_owned()],
            ..MailboxAce::default()
        };
        rows.push(entry(&found, &own, (SELF, SELF_SID)));
    }
    let wanted = |ace: &&MailboxAce| only.is_none() || only_id.as_ref() == Some(&ace.user);
    for ace in mailbox.permissions.iter().filter(wanted) {
        let user = identity::shown_principal(tenant, &ace.user);
        rows.push(entry(&found, ace, (&user, &identity::sid(&ace.user))));
    }
    Output::rows(rows).listed(parameters)
}

fn entry(mailbox: &Recipient<'_>, ace: &MailboxAce, user: (&str, &str)) -> Value {
    json!({
        "Identity": mailbox.name(),
        "User": user.0,
        "UserSid": user.1,
        // One element that holds all rights, joined: so it comes over the wire.
        "AccessRights": [ace.rights.join(", ")],
        "Deny": ace.deny,
        "IsInherited": ace.inherited,
        "InheritanceType": "All",
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// `Add-MailboxPermission`.
pub(super) fn add_mailbox(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (target, grantee, rights) = mailbox_grant(tenant, parameters)?;
    // Outlook opens mailboxes by itself for people, never for the members of a group.
    let person = tenant.users.contains_key(&grantee.id);
    let auto_mapping = person && parameters.boolean("AutoMapping").unwrap_or(true);
    let mailbox = mailbox_of(tenant, &target)?;
    let own = |ace: &&mut MailboxAce| ace.user == grantee.id && !ace.deny && !ace.inherited;
    match mailbox.permissions.iter_mut().find(own) {
        Some(ace) => {
            let absent: Vec<String> = rights
                .into_iter()
                .filter(|right| !ace.rights.contains(right))
                .collect();
            if absent.is_empty() {
                return Ok(Output::warned(Some(already_present(
                    &target,
                    &grantee.shown,
                ))));
            }
            ace.rights.extend(absent);
        }
        None => {
            let user = grantee.id;
            mailbox.permissions.push(MailboxAce {
                user,
                rights,
                auto_mapping,
                ..MailboxAce::default()
            });
        }
    }
    Ok(Output::default())
}

/// `Remove-MailboxPermission`.
pub(super) fn remove_mailbox(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (target, grantee, rights) = mailbox_grant(tenant, parameters)?;
    let mailbox = mailbox_of(tenant, &target)?;
    let before = mailbox.permissions.clone();
    for ace in mailbox
        .permissions
        .iter_mut()
        .filter(|ace| ace.user == grantee.id && !ace.deny && !ace.inherited)
    {
        ace.rights.retain(|right| !rights.contains(right));
    }
    mailbox.permissions.retain(|ace| !ace.rights.is_empty());
    let warning = (mailbox.permissions == before).then(|| not_present(&target, &grantee.shown));
    Ok(Output::warned(warning))
}

/// Who gets or loses a right.
struct Grantee {
    id: Id,
    shown: String,
}

/// What a right is given on.
struct Target {
    id: Id,
    distinguished_name: String,
}

fn mailbox_grant(
    tenant: &Tenant,
    parameters: &Parameters,
) -> Result<(Target, Grantee, Vec<String>), Refusal> {
    let target = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let rights = parameters.list_of("AccessRights", RIGHTS, &MAILBOX_RIGHTS)?;
    let rights = rights.ok_or_else(|| Refusal::missing_parameters(&["AccessRights"]))?;
    let inheritance = ["None", "All", "Children", "Descendents", "SelfAndChildren"];
    parameters.one_of("InheritanceType", INHERITANCE, &inheritance)?;
    let grantee = grantee(tenant, parameters.required("User")?)?;
    let rights = rights.into_iter().map(str::to_owned).collect();
    Ok((
        Target {
            id: target.id.to_owned(),
            distinguished_name: target.distinguished_name(),
        },
        grantee,
        rights,
    ))
}

fn grantee(tenant: &Tenant, name: &str) -> Result<Grantee, Refusal> {
    let found = identity::principal(tenant, name)?;
    Ok(Grantee {
        id: found.id.to_owned(),
        shown: identity::shown_principal(tenant, found.id),
    })
}

fn mailbox_of<'a>(tenant: &'a mut Tenant, target: &Target) -> Result<&'a mut Mailbox, Refusal> {
    tenant
        .mailboxes
        .get_mut(&target.id)
        .ok_or_else(|| Refusal::not_found(&target.id))
}

fn already_present(target: &Target, account: &str) -> String {
    let object = &target.distinguished_name;
    format!(
        "The appropriate access control entry is already present on the object \"{object}\" for account \"{account}\"."
    )
}

fn not_present(target: &Target, account: &str) -> String {
    let object = &target.distinguished_name;
    format!(
        "Can't remove the access control entry on the object \"{object}\" for account \"{account}\" because the ACE doesn't exist on \
         the object."
    )
}

/// `Get-RecipientPermission`, also for one trustee over the whole organisation.
pub(super) fn get_recipient(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    parameters.list_of("AccessRights", RECIPIENT_RIGHTS, &["SendAs"])?;
    let on = match parameters.text("Identity")? {
        Some(name) => vec![
            identity::find(tenant, name, Recipient::has_mail)?
                .ok_or_else(|| Refusal::not_found(name))?,
        ],
        None => identity::everybody(tenant)
            .filter(Recipient::has_mail)
            .collect(),
    };
    let only = parameters.text("Trustee")?;
    let only_id = only
        .map(|name| identity::principal(tenant, name).map(|found| found.id.to_owned()))
        .transpose()?;
    let mut rows = Vec::new();
    for recipient in on {
        let Kind::Mailbox(mailbox, _) = recipient.kind else {
            continue;
        };
        if only.is_none() {
            rows.push(trustee(&recipient, SELF, SELF_SID));
        }
        for id in mailbox
            .send_as
            .iter()
            .filter(|id| only_id.as_ref().is_none_or(|only| only == *id))
        {
            rows.push(trustee(
                &recipient,
                &identity::shown_principal(tenant, id),
                &identity::sid(id),
            ));
        }
    }
    Output::rows(rows).listed(parameters)
}

fn trustee(recipient: &Recipient<'_>, shown: &str, sid: &str) -> Value {
    json!({
        "Identity": recipient.name(),
        "Trustee": shown,
        "TrusteeSidString": sid,
        "AccessControlType": "Allow",
        "AccessRights": ["SendAs"],
        "IsInherited": false,
        "InheritanceType": "None",
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// `Add-RecipientPermission`.
pub(super) fn add_recipient(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (target, grantee) = recipient_grant(tenant, parameters)?;
    let send_as = &mut mailbox_of(tenant, &target)?.send_as;
    if send_as.contains(&grantee.id) {
        return Ok(Output::warned(Some(already_present(
            &target,
            &grantee.shown,
        ))));
    }
    send_as.push(grantee.id);
    Ok(Output::default())
}

/// `Remove-RecipientPermission`.
pub(super) fn remove_recipient(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let (target, grantee) = recipient_grant(tenant, parameters)?;
    let send_as = &mut mailbox_of(tenant, &target)?.send_as;
    let before = send_as.len();
    send_as.retain(|id| *id != grantee.id);
    let warning = (send_as.len() == before).then(|| not_present(&target, &grantee.shown));
    Ok(Output::warned(warning))
}

fn recipient_grant(tenant: &Tenant, parameters: &Parameters) -> Result<(Target, Grantee), Refusal> {
    let name = parameters.required("Identity")?;
    let target = identity::find(tenant, name, Recipient::has_mail)?
        .ok_or_else(|| Refusal::not_found(name))?;
    parameters.list_of("AccessRights", RECIPIENT_RIGHTS, &["SendAs"])?;
    if !matches!(target.kind, Kind::Mailbox(..)) {
        return Err(Refusal::not_simulated(
            "SendAs on recipients other than mailboxes",
        ));
    }
    let target = Target {
        id: target.id.to_owned(),
        distinguished_name: target.distinguished_name(),
    };
    Ok((target, grantee(tenant, parameters.required("Trustee")?)?))
}
