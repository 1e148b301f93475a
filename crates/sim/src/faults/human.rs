//! What other people do in a tenant while a plan runs: administrators of the cloud and of the on-premises directory.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Error;
use crate::world::{Due, Id, OnPremises, OnPremisesUser, Tenant, Work};

/// What another human does. Ids are object ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HumanChange {
    /// Opens an account again.
    EnableAccount {
        /// The user.
        user: String,
    },
    /// Sets another external forwarding.
    SetForwarding {
        /// The mailbox.
        mailbox: String,
        /// The address.
        to: String,
    },
    /// Puts a user into a group.
    AddToGroup {
        /// The group.
        group: String,
        /// The user.
        user: String,
    },
    /// Takes a user out of a group.
    RemoveFromGroup {
        /// The group.
        group: String,
        /// The user.
        user: String,
    },
    /// Takes a direct licence away.
    TakeLicence {
        /// The user.
        user: String,
        /// The SKU.
        sku: String,
    },
    /// Makes an account in the on-premises directory.
    AddOnPremisesUser {
        /// The account; its place in the tree may be left out.
        user: Box<OnPremisesUser>,
    },
    /// Changes an account of the on-premises directory.
    ChangeOnPremisesUser {
        /// Its objectGUID, sAMAccountName or sign-in name.
        user: String,
        /// The new values by the fields' names in the world; a new `password_hash` also sets the time.
        set: Map<String, Value>,
    },
    /// Removes an account from the on-premises directory.
    RemoveOnPremisesUser {
        /// Its objectGUID, sAMAccountName or sign-in name.
        user: String,
    },
    /// Changes the members of a group of the on-premises directory.
    ChangeOnPremisesGroup {
        /// Its objectGUID or name.
        group: String,
        /// Accounts that become members.
        #[serde(default)]
        add: Vec<String>,
        /// Accounts that cease to be members.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Starts a cycle of the directory sync now.
    SyncDirectory {
        /// Whether every object is pushed, changed or not.
        #[serde(default)]
        full: bool,
    },
    /// Sets any field of any object of the world, such as `department` of `users/{id}`.
    Set {
        /// Collection and id.
        object: String,
        /// The field's name in the world.
        field: String,
        /// The new value.
        value: Value,
    },
}

impl HumanChange {
    /// Makes the change.
    pub(crate) fn make(&self, tenant: &mut Tenant, now: Timestamp) -> Result<(), Error> {
        let missing = |what: &str| Error::Human(format!("there is no {what}"));
        match self {
            Self::EnableAccount { user } => {
                tenant
                    .users
                    .get_mut(user)
                    .ok_or_else(|| missing(user))?
                    .account_enabled = true;
            }
            Self::SetForwarding { mailbox, to } => {
                let found = tenant
                    .mailboxes
                    .get_mut(mailbox)
                    .ok_or_else(|| missing(mailbox))?;
                found.forwarding_smtp_address = Some(format!("smtp:{to}"));
            }
            Self::AddToGroup { group, user } => {
                tenant
                    .groups
                    .get_mut(group)
                    .ok_or_else(|| missing(group))?
                    .members
                    .insert(user.clone());
            }
            Self::RemoveFromGroup { group, user } => {
                tenant
                    .groups
                    .get_mut(group)
                    .ok_or_else(|| missing(group))?
                    .members
                    .remove(user);
            }
            Self::TakeLicence { user, sku } => {
                let found = tenant.users.get_mut(user).ok_or_else(|| missing(user))?;
                found.licences.retain(|licence| {
                    licence.sku_id != *sku || licence.assigned_by_group.is_some()
                });
            }
            Self::AddOnPremisesUser { .. }
            | Self::ChangeOnPremisesUser { .. }
            | Self::RemoveOnPremisesUser { .. }
            | Self::ChangeOnPremisesGroup { .. }
            | Self::SyncDirectory { .. } => self.make_on_premises(tenant, now)?,
            Self::Set {
                object,
                field,
                value,
            } => {
                let mut whole = serde_json::to_value(&*tenant).unwrap_or_else(|_| json!({}));
                let (collection, id) = object.split_once('/').ok_or_else(|| missing(object))?;
                let found = whole[collection]
                    .get_mut(id)
                    .and_then(Value::as_object_mut)
                    .ok_or_else(|| missing(object))?;
                found.insert(field.clone(), value.clone());
                *tenant = serde_json::from_value(whole)
                    .map_err(|error| Error::Human(error.to_string()))?;
            }
        }
        Ok(())
    }

    fn make_on_premises(&self, tenant: &mut Tenant, now: Timestamp) -> Result<(), Error> {
        let missing = |what: &str| Error::Human(format!("there is no on-premises {what}"));
        if !tenant.on_premises.exists() {
            return Err(missing("directory"));
        }
        let directory = &mut tenant.on_premises;
        match self {
            Self::AddOnPremisesUser { user } => add_user(directory, user, now)?,
            Self::ChangeOnPremisesUser { user, set } => change_user(directory, user, (set, now))?,
            Self::RemoveOnPremisesUser { user } => {
                let guid = directory.user(user).ok_or_else(|| missing(user))?.clone();
                directory.users.remove(&guid);
                for group in directory.groups.values_mut() {
                    group.pending |= group.members.remove(&guid);
                }
                directory.errors.remove(&guid);
                directory.removed.insert(guid);
            }
            Self::ChangeOnPremisesGroup { group, add, remove } => {
                let guid = directory
                    .group(group)
                    .ok_or_else(|| missing(group))?
                    .clone();
                let known = |names: &Vec<String>| {
                    let one =
                        |name: &String| directory.user(name).cloned().ok_or_else(|| missing(name));
                    names.iter().map(one).collect::<Result<Vec<_>, _>>()
                };
                let (add, remove) = (known(add)?, known(remove)?);
                if let Some(group) = directory.groups.get_mut(&guid) {
                    group.members.extend(add);
                    group.members.retain(|member| !remove.contains(member));
                    group.pending = true;
                }
            }
            _ => {
                let full = matches!(self, Self::SyncDirectory { full: true });
                let work = Work::SyncDirectory { full };
                tenant.due.push(Due { at: now, work });
            }
        }
        Ok(())
    }
}

/// The default place of an account: a unit for people under the domain's own components.
fn place(directory: &OnPremises, name: &str) -> String {
    let components: Vec<String> = directory
        .domain_name
        .split('.')
        .map(|part| format!("DC={part}"))
        .collect();
    format!("CN={name},OU=People,{}", components.join(","))
}

fn add_user(
    directory: &mut OnPremises,
    user: &OnPremisesUser,
    now: Timestamp,
) -> Result<(), Error> {
    let seed = format!("{} {} {now}", directory.domain_name, user.sam_account_name);
    let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes()).to_string();
    let mut user = user.clone();
    if user.display_name.is_empty() {
        user.display_name.clone_from(&user.sam_account_name);
    }
    if user.distinguished_name.is_empty() {
        user.distinguished_name = place(directory, &user.display_name);
    }
    user.manager = manager(directory, user.manager.as_deref())?;
    if !user.password_hash.is_empty() {
        user.password_set = Some(now);
    }
    user.pending = true;
    // Nobody is excepted from the comparison: an account that is there already is a twin.
    directory.check("", &user).map_err(Error::Human)?;
    directory.users.insert(guid, user);
    Ok(())
}

fn change_user(
    directory: &mut OnPremises,
    name: &str,
    (set, now): (&Map<String, Value>, Timestamp),
) -> Result<(), Error> {
    let missing = || Error::Human(format!("there is no on-premises {name}"));
    let guid = directory.user(name).ok_or_else(missing)?.clone();
    let before = &directory.users[&guid];
    let mut whole = serde_json::to_value(before).unwrap_or_else(|_| json!({}));
    for (field, value) in set {
        whole[field.as_str()] = value.clone();
    }
    let mut user: OnPremisesUser =
        serde_json::from_value(whole).map_err(|error| Error::Human(error.to_string()))?;
    if set.contains_key("manager") {
        user.manager = manager(directory, user.manager.as_deref())?;
    }
    if set.contains_key("password_hash") {
        user.password_set = Some(now);
    }
    directory.check(&guid, &user).map_err(Error::Human)?;
    // A write that changes nothing is nothing for the next cycle to carry.
    user.pending |= user != *before;
    directory.users.insert(guid, user);
    Ok(())
}

/// The objectGUID of a manager given by any name.
fn manager(directory: &OnPremises, name: Option<&str>) -> Result<Option<Id>, Error> {
    let known = |name: &str| {
        let found = directory.user(name).cloned();
        found.ok_or_else(|| {
            Error::Human(format!("there is no on-premises {name} to be the manager"))
        })
    };
    name.map(known).transpose()
}
