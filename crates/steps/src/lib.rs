//! What Tenure can do to a tenant: one file per step, and the one list that names them.
//!
//! Steps propose specs from facts and policy, read each change back directly, and make it true. They know vendors by way of
//! `connectors`; they know no SQL and no page.

use std::collections::BTreeMap;

use domain::catalogue::Catalogue;
use domain::facts::Facts;
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};
use domain::policy::{Policy, Resolved};
use domain::request::Request;

mod access;
mod cx;
mod hands;
mod joining;
mod licence;
mod mailbox;
mod markup;
mod membership;
mod messages;
mod phone;
mod problem;
mod rights;
mod settings;
mod step;
mod taking_back;
#[cfg(test)]
mod tests;
mod vault;
mod windows_zones;
mod wish;

mod add_to_groups;
mod add_to_lists;
mod assign_licenses;
mod await_mailbox;
mod block_sign_in;
mod cancel_meetings;
mod clear_immutable_id;
mod convert_mailbox;
mod create_temporary_access_pass;
mod create_user;
mod disable_on_premises;
mod grant_mailbox_access;
mod grant_shared_mailbox;
mod hide_from_address_lists;
mod mailbox_settings;
mod notify;
mod notify_manager;
mod read_block_again;
mod reassign_reports;
mod register_phone_method;
mod remove_admin_roles;
mod remove_auth_methods;
mod remove_from_groups;
mod remove_from_lists;
mod remove_inbox_rules;
mod remove_licenses;
mod remove_mailbox_permissions;
mod remove_mobile_devices;
mod reset_password;
mod revoke_sessions;
mod send_welcome;
mod set_auto_reply;
mod set_forwarding;
mod set_usage_location;
mod transfer_ownership;

pub use cx::Cx;
pub use hands::{Ground, Now, Random, Source, TenantHands};
pub use problem::of_facts;
pub use remove_mailbox_permissions::rights_in;
pub use remove_mailbox_permissions::rights_of;
pub use step::{About, Step, Undo};
pub use taking_back::{hold_against, take_back};
pub use transfer_ownership::owned_of;
pub use vault::{Vault, out_of_order, secret_name};
pub use wish::{Switches, Wish};

/// Every step, in the order in which a policy template lists them and in which equals are carried out.
pub const ALL: &[&dyn Step] = &[
    &block_sign_in::BlockSignIn,
    &reset_password::ResetPassword,
    &revoke_sessions::RevokeSessions,
    &remove_admin_roles::RemoveAdminRoles,
    &remove_auth_methods::RemoveAuthMethods,
    &disable_on_premises::DisableOnPremises,
    &read_block_again::ReadBlockAgain,
    &clear_immutable_id::ClearImmutableId,
    &cancel_meetings::CancelMeetings,
    &set_auto_reply::SetAutoReply,
    &set_forwarding::SetForwarding,
    &grant_mailbox_access::GrantMailboxAccess,
    &convert_mailbox::ConvertMailbox,
    &hide_from_address_lists::HideFromAddressLists,
    &remove_inbox_rules::RemoveInboxRules,
    &remove_mobile_devices::RemoveMobileDevices,
    &remove_mailbox_permissions::RemoveMailboxPermissions,
    &transfer_ownership::TransferOwnership,
    &remove_from_groups::RemoveFromGroups,
    &remove_from_lists::RemoveFromLists,
    &reassign_reports::ReassignReports,
    &remove_licenses::RemoveLicenses,
    &create_user::CreateUser,
    &set_usage_location::SetUsageLocation,
    &assign_licenses::AssignLicenses,
    &add_to_groups::AddToGroups,
    &add_to_lists::AddToLists,
    &await_mailbox::AwaitMailbox,
    &mailbox_settings::MailboxSettings,
    &grant_shared_mailbox::GrantSharedMailbox,
    &register_phone_method::RegisterPhoneMethod,
    &create_temporary_access_pass::CreateTemporaryAccessPass,
    &send_welcome::SendWelcome,
    &notify_manager::NotifyManager,
    &notify::Notify,
];

/// The steps that close access: what a policy may approve beforehand (DESIGN.md section 9).
pub const CONTAINMENT: [&str; 3] = ["block-sign-in", "reset-password", "revoke-sessions"];

/// The step of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Step> {
    ALL.iter().copied().find(|step| step.about().name == name)
}

/// All steps as policy, planner and manual see them.
#[must_use]
pub fn catalogue() -> Catalogue {
    Catalogue {
        entries: ALL
            .iter()
            .map(|step| domain::catalogue::Entry {
                not_alone: step.not_alone(),
                ..step.about().entry()
            })
            .collect(),
    }
}

/// The steps that are on, from what policy and request come to together.
#[must_use]
pub fn switched_on(resolved: &BTreeMap<String, Resolved>) -> Switches {
    let on = resolved.iter().filter(|(_, step)| step.on);
    on.map(|(name, step)| (name.clone(), step.settings.clone()))
        .collect()
}

/// People that the request and the settings name, as written, so that facts can hold who they are. Never `manager`.
#[must_use]
pub fn names(request: &Request, switches: &Switches) -> Vec<String> {
    let mut names: Vec<String> = ALL
        .iter()
        .filter_map(|step| Some((step, switches.get(step.about().name)?)))
        .flat_map(|(step, settings)| step.names(request, settings))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What the steps that are switched on propose. Pure. Where the account that was found is not the person's, nothing is proposed but a
/// refusal.
#[must_use]
pub fn propose(request: &Request, policy: &Policy, facts: &Facts, switches: &Switches) -> Proposal {
    match joining::somebody_else(request, policy, facts) {
        Some(refusal) => Proposal {
            refusals: vec![refusal],
            ..Proposal::default()
        },
        None => proposed(request, policy, facts, switches),
    }
}

/// The same without asking whose account it is.
pub(crate) fn proposed(
    request: &Request,
    policy: &Policy,
    facts: &Facts,
    switches: &Switches,
) -> Proposal {
    let mut out = Proposal::default();
    for name in switches.keys().filter(|name| find(name).is_none()) {
        out.refusals.push(Refusal::new(
            "unknown-step",
            format!("there is no step “{name}”"),
            "see `tenure policy init` for all steps and their settings",
        ));
    }
    for step in ALL {
        let about = step.about();
        if !about.kinds.contains(&request.kind) {
            continue;
        }
        let Some(settings) = switches.get(about.name) else {
            unheard(request, about, &mut out);
            continue;
        };
        if let Err(reason) = (about.check)(settings) {
            out.refusals.push(Refusal::new(
                "settings",
                format!("the settings of {} cannot be used: {reason}", about.name),
                "correct them in the policy or in the request",
            ));
            continue;
        }
        step.propose(
            &Wish {
                request,
                policy,
                facts,
                settings,
                switches,
            },
            &mut out,
        );
    }
    out
}

/// What a request asks for is never silently left out.
fn unheard(request: &Request, about: &About, out: &mut Proposal) {
    for field in about.fields {
        if let Some(asked) = request.field(field) {
            out.remarks.push(Remark::new(
                Weight::Caution,
                format!("The request names {asked} ({field}). This plan does nothing about it: {} is switched off.", about.name),
            ));
        }
    }
}
