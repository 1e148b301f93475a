//! What a policy says about people who come: roles, names, what a request may ask for, contractors, and standing instructions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::Right;

/// The bundle that a job gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Role {
    /// Licences assigned to the person, by part number or product name. Give either these or licence groups.
    #[serde(default)]
    pub licences: Vec<LicenceWish>,
    /// Groups that give licences, by name.
    #[serde(default)]
    pub licence_groups: Vec<String>,
    /// Security and Microsoft 365 groups, by name.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Distribution lists and mail-enabled security groups, by name or address.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Shared mailboxes.
    #[serde(default)]
    pub mailboxes: Vec<MailboxWish>,
    /// Further parts of the profile, by name (`company`, `employee-type`, …); macros of the site are filled in.
    #[serde(default)]
    pub profile: BTreeMap<String, String>,
}

/// A licence, and the services in it that are switched off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LicenceWish {
    /// All of it.
    Whole(String),
    /// Without some services.
    Part {
        /// The licence.
        licence: String,
        /// The services left out, by plan name (`TEAMS1`).
        without: Vec<String>,
    },
}

impl LicenceWish {
    /// The licence as written.
    #[must_use]
    pub fn licence(&self) -> &str {
        match self {
            Self::Whole(licence) | Self::Part { licence, .. } => licence,
        }
    }

    /// The services left out.
    #[must_use]
    pub fn without(&self) -> &[String] {
        match self {
            Self::Whole(_) => &[],
            Self::Part { without, .. } => without,
        }
    }
}

/// A shared mailbox, and the rights on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MailboxWish {
    /// Opened and sent as.
    Address(String),
    /// With these rights.
    Rights {
        /// Its address.
        address: String,
        /// The rights.
        rights: Vec<Right>,
    },
}

impl MailboxWish {
    /// The address as written.
    #[must_use]
    pub fn address(&self) -> &str {
        match self {
            Self::Address(address) | Self::Rights { address, .. } => address,
        }
    }

    /// The rights.
    #[must_use]
    pub fn rights(&self) -> &[Right] {
        match self {
            Self::Address(_) => &[Right::FullAccess, Right::SendAs],
            Self::Rights { rights, .. } => rights,
        }
    }
}

/// How names are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Naming {
    /// The domain of new sign-in names; the tenant's own default domain unless said.
    #[serde(default)]
    pub domain: Option<String>,
    /// Patterns for the part before the `@`, in the order in which they are tried: `{first}`, `{last}`, `{f}`, `{l}`, `{n}` (2 to 99).
    #[serde(default = "patterns")]
    pub upn: Vec<String>,
    /// The pattern of the display name: `{First}` and `{Last}` as written.
    #[serde(default = "display")]
    pub display: String,
    /// How letters are written in sign-in names, before everything else becomes plain ASCII by itself: `"ä" = "ae"`.
    #[serde(default)]
    pub letters: BTreeMap<String, String>,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            domain: None,
            upn: patterns(),
            display: display(),
            letters: BTreeMap::new(),
        }
    }
}

fn patterns() -> Vec<String> {
    ["{first}.{last}", "{f}{last}", "{first}.{last}{n}"]
        .map(str::to_owned)
        .to_vec()
}

fn display() -> String {
    "{First} {Last}".to_owned()
}

/// What a request may ask for beyond its role, by name; `*` stands for any letters. What is not allowed is shown to the approver and
/// not done. Groups that roles can be assigned to are never given on request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Asks {
    /// Groups and lists, by name or address.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Licences, by part number or product name.
    #[serde(default)]
    pub licences: Vec<String>,
    /// Shared mailboxes, by address.
    #[serde(default)]
    pub mailboxes: Vec<String>,
    /// Groups and lists that may be copied from a colleague, by name or address.
    #[serde(default)]
    pub copy: Vec<String>,
    /// Groups and lists that are never given on request nor copied, whatever the lists above say.
    #[serde(default)]
    pub never: Vec<String>,
}

/// What holds for contractors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contractors {
    /// The role they get when the request names none.
    #[serde(default)]
    pub role: Option<String>,
    /// Whether a request without an end of contract is asked for it.
    #[serde(default = "yes")]
    pub need_end: bool,
    /// Groups and lists that they never get, by name or address; `*` stands for any letters.
    #[serde(default)]
    pub never: Vec<String>,
}

impl Default for Contractors {
    fn default() -> Self {
        Self {
            role: None,
            need_end: true,
            never: Vec::new(),
        }
    }
}

fn yes() -> bool {
    true
}

/// A standing instruction of the company: for whom, and what then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Instruction {
    /// What a remark calls it.
    pub name: String,
    /// For whom; every part must hold.
    pub when: When,
    /// The role, where the request names none.
    #[serde(default)]
    pub role: Option<String>,
    /// Further licences.
    #[serde(default)]
    pub licences: Vec<LicenceWish>,
    /// Further licence groups.
    #[serde(default)]
    pub licence_groups: Vec<String>,
    /// Further groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Further lists.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Further shared mailboxes.
    #[serde(default)]
    pub mailboxes: Vec<MailboxWish>,
    /// Switches, as a request sets them: step name or `step.setting`.
    #[serde(default)]
    pub switches: BTreeMap<String, Value>,
    /// Something that a person has to do or know; the approver reads it.
    #[serde(default)]
    pub note: Option<String>,
}

/// For whom an instruction is. Text is compared without case; `*` stands for any letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// `onboard` or `offboard`; both unless said.
    #[serde(default)]
    pub kind: Option<crate::request::Kind>,
    /// The department.
    #[serde(default)]
    pub department: Option<String>,
    /// The job title.
    #[serde(default)]
    pub job_title: Option<String>,
    /// The site, by its name in the policy.
    #[serde(default)]
    pub site: Option<String>,
    /// The role.
    #[serde(default)]
    pub role: Option<String>,
    /// Whether it is a contractor.
    #[serde(default)]
    pub contractor: Option<bool>,
}
