//! The switches of a leaver's playbook, their states, and every combination of them.

use domain::policy::{Notify, Policy};
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use jiff::Timestamp;
use serde_json::{Value, json};
use steps::Switches;

use super::shapes::{KEEPERS, Shape};

/// How many steps there are.
pub(super) const COUNT: usize = 20;

/// The steps as the judge knows them. The numbers below name them.
pub(super) const STEPS: [&str; COUNT] = [
    "block-sign-in",
    "reset-password",
    "revoke-sessions",
    "remove-admin-roles",
    "remove-auth-methods",
    "cancel-meetings",
    "set-auto-reply",
    "set-forwarding",
    "grant-mailbox-access",
    "convert-mailbox",
    "hide-from-address-lists",
    "remove-inbox-rules",
    "remove-mobile-devices",
    "remove-mailbox-permissions",
    "transfer-ownership",
    "remove-from-groups",
    "remove-from-lists",
    "reassign-reports",
    "remove-licenses",
    "notify",
];

pub(super) const BLOCK: usize = 0;
pub(super) const RESET: usize = 1;
pub(super) const ROLES: usize = 3;
pub(super) const METHODS: usize = 4;
pub(super) const MEETINGS: usize = 5;
pub(super) const AUTO_REPLY: usize = 6;
pub(super) const FORWARD: usize = 7;
pub(super) const GRANT: usize = 8;
pub(super) const CONVERT: usize = 9;
pub(super) const HIDE: usize = 10;
pub(super) const RULES: usize = 11;
pub(super) const MOBILE: usize = 12;
pub(super) const RIGHTS: usize = 13;
pub(super) const TRANSFER: usize = 14;
pub(super) const GROUPS: usize = 15;
pub(super) const LISTS: usize = 16;
pub(super) const REPORTS: usize = 17;
pub(super) const LICENSES: usize = 18;

/// A step that is off. Every other state is on.
pub(super) const OFF: u8 = 0;
pub(super) const FORWARD_SET: u8 = 1;
pub(super) const FORWARD_CLEAR: u8 = 2;
pub(super) const CONVERT_KEEP: u8 = 1;
pub(super) const CONVERT_STOP: u8 = 2;
pub(super) const LICENSES_GIVE: u8 = 1;
pub(super) const LICENSES_LEAVE: u8 = 2;
pub(super) const LICENSES_LET_GO: u8 = 3;

/// These steps as a set, one bit each.
pub(super) const fn set(steps: &[usize]) -> u32 {
    let mut set = 0;
    let mut at = 0;
    while at < steps.len() {
        set |= 1 << steps[at];
        at += 1;
    }
    set
}

/// The state of every switch.
pub(super) type Combination = [u8; COUNT];

/// How many states a switch has.
pub(super) const fn states(step: usize) -> u8 {
    match step {
        FORWARD | CONVERT => 3,
        LICENSES => 4,
        _ => 2,
    }
}

/// How many combinations there are.
pub(super) fn combinations() -> usize {
    (0..COUNT).map(|step| usize::from(states(step))).product()
}

/// The combination of this number.
pub(super) fn combination(mut number: usize) -> Combination {
    let mut combination = [OFF; COUNT];
    for (step, state) in combination.iter_mut().enumerate() {
        let radix = usize::from(states(step));
        *state = u8::try_from(number % radix).expect("a remainder is smaller than its radix");
        number /= radix;
    }
    combination
}

/// Every combination, by number.
pub(super) fn every() -> impl Iterator<Item = Combination> {
    let first = Some([OFF; COUNT]);
    std::iter::successors(first, |combination| {
        let mut next = *combination;
        for (step, state) in next.iter_mut().enumerate() {
            *state += 1;
            if *state < states(step) {
                return Some(next);
            }
            *state = OFF;
        }
        None
    })
}

/// The settings of a step in a state; absent when it is off.
fn settings(shape: &Shape, step: usize, state: u8) -> Option<Value> {
    let keepers = |oversized: &str| match shape.keepers {
        true => json!({ "oversized": oversized, "keep-licence-group": KEEPERS }),
        false => json!({ "oversized": oversized }),
    };
    Some(match (step, state) {
        (_, OFF) => return None,
        (FORWARD, FORWARD_CLEAR) => json!({ "clear": true }),
        (GRANT, _) => json!({ "automap": ["manager"] }),
        (CONVERT, CONVERT_KEEP) => keepers("keep-licence"),
        (CONVERT, CONVERT_STOP) => keepers("stop"),
        (LICENSES, LICENSES_LEAVE) => json!({ "leave-as-is": true }),
        (LICENSES, LICENSES_LET_GO) => json!({ "mailbox": "let-go" }),
        _ => json!({}),
    })
}

/// The switches of a combination, as steps and policy know them.
pub(super) fn switches(shape: &Shape, combination: &Combination) -> Switches {
    (0..COUNT)
        .filter_map(|step| {
            Some((
                STEPS[step].to_owned(),
                settings(shape, step, combination[step])?,
            ))
        })
        .collect()
}

/// A combination in words, for the report.
pub(super) fn words(shape: &Shape, combination: &Combination) -> String {
    let on: Vec<String> = switches(shape, combination)
        .into_iter()
        .map(|(step, settings)| match settings.as_object() {
            Some(table) if !table.is_empty() => format!("{step} {settings}"),
            _ => step,
        })
        .collect();
    if on.is_empty() {
        "everything off".to_owned()
    } else {
        on.join(", ")
    }
}

/// The request that every combination answers.
pub(super) fn request(kind: Kind) -> Request {
    Request {
        id: "request".into(),
        tenant: "contoso".into(),
        kind,
        person: PersonHint::default(),
        when: Some(Cited::typed(When::Now)),
        fields: std::collections::BTreeMap::new(),
        switches: std::collections::BTreeMap::new(),
        origin: Origin {
            channel: "cli".to_owned(),
            requester: "hr@contoso.example".to_owned(),
            reference: None,
            received_at: Timestamp::UNIX_EPOCH,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
    }
}

/// The policy that every combination is planned under.
///
/// # Errors
/// When a policy of nothing but defaults is none.
pub(super) fn policy() -> anyhow::Result<Policy> {
    let mut policy: Policy = serde_json::from_value(json!({
        "version": 1,
        "sites": { "default": { "usage-location": "DE", "time-zone": "Europe/Berlin" } },
        "requesters": {},
        "approvals": {},
        "protected": { "break-glass-confirmed": true },
    }))?;
    policy.notify = Notify {
        sender: Some("it@contoso.example".to_owned()),
        recipients: vec!["it@contoso.example".to_owned()],
    };
    Ok(policy)
}
