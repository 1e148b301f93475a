//! The switches of a leaver's playbook, their states, and every combination of them.

use domain::policy::{Notify, Policy};
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use jiff::Timestamp;
use serde_json::{Value, json};
use steps::Switches;

use super::shapes::{KEEPERS, Shape};

/// The most steps that a playbook has.
pub(super) const MOST: usize = 23;

/// A playbook as the judge knows it: its steps in order, the states of their switches, and what each state sets.
#[derive(Clone, Copy)]
pub(super) struct Playbook {
    /// Whom it is for.
    pub(super) kind: Kind,
    /// Its steps. The numbers below name them.
    pub(super) steps: &'static [&'static str],
    states: fn(usize) -> u8,
    settings: fn(&Shape, usize, u8) -> Value,
}

/// The leaver's playbook.
pub(super) static LEAVER: Playbook = Playbook {
    kind: Kind::Offboard,
    steps: &[
        "block-sign-in",
        "reset-password",
        "revoke-sessions",
        "remove-admin-roles",
        "remove-auth-methods",
        "disable-on-premises",
        "read-block-again",
        "clear-immutable-id",
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
    ],
    states: states_of_leaver,
    settings: settings_of_leaver,
};

/// The joiner's playbook.
pub(super) static JOINER: Playbook = Playbook {
    kind: Kind::Onboard,
    steps: &[
        "create-user",
        "set-usage-location",
        "assign-licenses",
        "add-to-groups",
        "add-to-lists",
        "await-mailbox",
        "mailbox-settings",
        "grant-shared-mailbox",
        "register-phone-method",
        "create-temporary-access-pass",
        "send-welcome",
        "notify-manager",
        "notify",
    ],
    states: states_of_joiner,
    settings: settings_of_joiner,
};

pub(super) const BLOCK: usize = 0;
pub(super) const RESET: usize = 1;
pub(super) const ROLES: usize = 3;
pub(super) const METHODS: usize = 4;
pub(super) const DISABLE: usize = 5;
pub(super) const READ_BLOCK: usize = 6;
pub(super) const LINK: usize = 7;
pub(super) const MEETINGS: usize = 8;
pub(super) const AUTO_REPLY: usize = 9;
pub(super) const FORWARD: usize = 10;
pub(super) const GRANT: usize = 11;
pub(super) const CONVERT: usize = 12;
pub(super) const HIDE: usize = 13;
pub(super) const RULES: usize = 14;
pub(super) const MOBILE: usize = 15;
pub(super) const RIGHTS: usize = 16;
pub(super) const TRANSFER: usize = 17;
pub(super) const GROUPS: usize = 18;
pub(super) const LISTS: usize = 19;
pub(super) const REPORTS: usize = 20;
pub(super) const LICENSES: usize = 21;

pub(super) const CREATE: usize = 0;
pub(super) const LOCATE: usize = 1;
pub(super) const ASSIGN: usize = 2;
pub(super) const JOIN: usize = 3;
pub(super) const JOIN_LISTS: usize = 4;
pub(super) const AWAIT: usize = 5;
pub(super) const SET_UP: usize = 6;
pub(super) const SHARE: usize = 7;
pub(super) const PHONE: usize = 8;
pub(super) const PASS: usize = 9;
pub(super) const WELCOME: usize = 10;
pub(super) const TELL_MANAGER: usize = 11;
pub(super) const TELL: usize = 12;

/// A step that is off. Every other state is on.
pub(super) const OFF: u8 = 0;
pub(super) const FORWARD_SET: u8 = 1;
pub(super) const FORWARD_CLEAR: u8 = 2;
pub(super) const CONVERT_KEEP: u8 = 1;
pub(super) const CONVERT_STOP: u8 = 2;
pub(super) const LICENSES_GIVE: u8 = 1;
pub(super) const LICENSES_LEAVE: u8 = 2;
pub(super) const LICENSES_LET_GO: u8 = 3;

/// On premises, by hand. The two other states that are on make the account in the cloud: before the first day, and on it.
pub(super) const CREATE_THERE: u8 = 3;
pub(super) const ASSIGN_REPLACES: u8 = 2;
pub(super) const ASSIGN_WAITS: u8 = 3;
/// The manager is told, and is given the pass.
pub(super) const TELL_WITH_PASS: u8 = 1;

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

/// The state of every switch; those beyond a playbook's steps stay off.
pub(super) type Combination = [u8; MOST];

fn states_of_leaver(step: usize) -> u8 {
    match step {
        FORWARD | CONVERT => 3,
        LICENSES => 4,
        _ => 2,
    }
}

fn states_of_joiner(step: usize) -> u8 {
    match step {
        CREATE | ASSIGN => 4,
        TELL_MANAGER => 3,
        _ => 2,
    }
}

fn settings_of_leaver(shape: &Shape, step: usize, state: u8) -> Value {
    let keepers = |oversized: &str| match shape.keepers {
        true => json!({ "oversized": oversized, "keep-licence-group": KEEPERS }),
        false => json!({ "oversized": oversized }),
    };
    match (step, state) {
        (FORWARD, FORWARD_CLEAR) => json!({ "clear": true }),
        (GRANT, _) => json!({ "automap": ["manager"] }),
        (CONVERT, CONVERT_KEEP) => keepers("keep-licence"),
        (CONVERT, CONVERT_STOP) => keepers("stop"),
        (LICENSES, LICENSES_LEAVE) => json!({ "leave-as-is": true }),
        (LICENSES, LICENSES_LET_GO) => json!({ "mailbox": "let-go" }),
        _ => json!({}),
    }
}

fn settings_of_joiner(_: &Shape, step: usize, state: u8) -> Value {
    match (step, state) {
        (CREATE, CREATE_THERE) => {
            json!({ "where": "on-premises", "assignee": "ad@contoso.example" })
        }
        (CREATE, ahead) => json!({ "ahead": ahead == 1 }),
        (ASSIGN, ASSIGN_REPLACES) => json!({ "replace-direct": true }),
        (ASSIGN, ASSIGN_WAITS) => json!({ "no-seat": "wait" }),
        (SET_UP, _) => json!({ "aliases": ["{f}{last}"], "archive": true }),
        (TELL_MANAGER, pass) => json!({ "pass": pass == TELL_WITH_PASS }),
        _ => json!({}),
    }
}

impl Playbook {
    /// The playbook for this kind of request.
    pub(super) fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Onboard => &JOINER,
            _ => &LEAVER,
        }
    }

    /// How many steps it has.
    pub(super) fn count(&self) -> usize {
        self.steps.len()
    }

    /// How many states a switch has.
    pub(super) fn states(&self, step: usize) -> u8 {
        (self.states)(step)
    }

    /// How many combinations there are.
    pub(super) fn combinations(&self) -> usize {
        let states = (0..self.count()).map(|step| usize::from(self.states(step)));
        states.product()
    }

    /// The combination of this number.
    pub(super) fn combination(&self, mut number: usize) -> Combination {
        let mut combination = [OFF; MOST];
        for (step, state) in combination.iter_mut().enumerate().take(self.count()) {
            let radix = usize::from(self.states(step));
            *state = u8::try_from(number % radix).expect("a remainder is smaller than its radix");
            number /= radix;
        }
        combination
    }

    /// Every switch in its first state that is on.
    pub(super) fn all_on(&self) -> Combination {
        std::array::from_fn(|step| u8::from(step < self.count()))
    }

    /// Every switch in its last state.
    pub(super) fn all_last(&self) -> Combination {
        std::array::from_fn(|step| match step < self.count() {
            true => self.states(step) - 1,
            false => OFF,
        })
    }

    /// Every combination of these switches, the others as in `rest`.
    pub(super) fn every(
        &self,
        moved: Vec<usize>,
        rest: Combination,
    ) -> impl Iterator<Item = Combination> {
        let mut first = rest;
        for step in &moved {
            first[*step] = OFF;
        }
        std::iter::successors(Some(first), move |combination| {
            let mut next = *combination;
            for &step in &moved {
                next[step] += 1;
                if next[step] < self.states(step) {
                    return Some(next);
                }
                next[step] = OFF;
            }
            None
        })
    }

    /// The switches of a combination, as steps and policy know them.
    pub(super) fn switches(&self, shape: &Shape, combination: &Combination) -> Switches {
        let on = (0..self.count()).filter(|step| combination[*step] != OFF);
        on.map(|step| {
            let settings = (self.settings)(shape, step, combination[step]);
            (self.steps[step].to_owned(), settings)
        })
        .collect()
    }

    /// A combination in words, for the report.
    pub(super) fn words(&self, shape: &Shape, combination: &Combination) -> String {
        let on: Vec<String> = self
            .switches(shape, combination)
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
        confidential: Vec::new(),
        only: None,
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
