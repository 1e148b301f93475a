//! Tenant shapes of people who come: somebody new in several circumstances, and somebody who is there already.

mod build;

use domain::ObjectId;
use domain::facts::{Facts, Group};
use domain::spec::Route;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::build::{coming, there};
use super::parts::{PLAN_2, by, held, licence_group, sku};
use super::shapes::{Mail, Shape, Takes, Traits, USUAL};

/// What the role gives by way of licences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// Nothing that the person does not have, or nothing that may be given beside a group's.
    Nothing,
    /// A licence directly.
    Directly,
    /// A licence through a group.
    ByGroup,
}

/// Whom the new person reports to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boss {
    /// Somebody in the directory.
    Known,
    /// Nobody is named and nobody stands in the directory.
    Nobody,
    /// Somebody who is not in the directory.
    Stranger,
}

/// What the judge knows of somebody who comes, written by hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comes {
    /// The account has to be made.
    pub(super) new: bool,
    /// The sign-in name can be had.
    pub(super) free: bool,
    /// In place, the profile or sign-in is not as it shall be, and can be written in the cloud.
    pub(super) incomplete: bool,
    /// There is a site that gives this person a usage location.
    pub(super) site: bool,
    /// What licences mean here.
    pub(super) gives: Gives,
    /// A seat is free for it.
    pub(super) seat: bool,
    /// A mailbox comes with it, to somebody who has none.
    pub(super) brings: bool,
    /// Taking what the role does not give would take the mailbox's licence.
    pub(super) exchange_takes_mail: bool,
    /// A rule that gives the mailbox's licence reads the department, which changes.
    pub(super) reads_department: bool,
    pub(super) groups: bool,
    pub(super) lists: bool,
    pub(super) shared: bool,
    pub(super) phone: bool,
    /// There are sign-in methods already.
    pub(super) methods: bool,
    pub(super) boss: Boss,
    /// The first moment of work.
    pub(super) starts: Option<Timestamp>,
    /// Groups that this person must never be put into.
    pub(super) barred: &'static [&'static str],
}

/// What holds of most people who come.
const NEW: Comes = Comes {
    new: true,
    free: true,
    incomplete: false,
    site: true,
    gives: Gives::Directly,
    seat: true,
    brings: true,
    exchange_takes_mail: false,
    reads_department: false,
    groups: true,
    lists: true,
    shared: true,
    phone: true,
    methods: false,
    boss: Boss::Known,
    starts: None,
    barred: &["licences", "copied-admins", "board", "dynamic", "synced"],
};

const NOBODY_YET: Traits = Traits {
    mail: Mail::None,
    located: false,
    takes: Takes::Nothing,
    idle: 0,
    ..USUAL
};

/// Somebody who is there, with mailbox, licence and methods.
const THERE: Comes = Comes {
    new: false,
    incomplete: true,
    gives: Gives::Nothing,
    brings: false,
    methods: true,
    ..NEW
};

const IN_PLACE: Traits = Traits { idle: 0, ..USUAL };

const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// How a shape differs from the usual one.
struct Differs {
    fields: &'static [(&'static str, &'static str)],
    role: Value,
    policy: Value,
    change: fn(&mut Facts),
}

impl Default for Differs {
    fn default() -> Self {
        Self {
            fields: &[],
            role: directly("SPE_E3"),
            policy: Value::Null,
            change: |_| {},
        }
    }
}

/// Every shape.
pub(super) fn all() -> Vec<Shape> {
    let mut shapes = new();
    shapes.extend(refused());
    shapes.extend(in_place());
    shapes.extend(exchanged());
    shapes.extend(elsewhere());
    shapes
}

fn directly(licence: &str) -> Value {
    json!({ "licences": [licence] })
}

fn by_group() -> Value {
    json!({ "licence-groups": ["licences", "licence-list"] })
}

fn new() -> Vec<Shape> {
    vec![
        coming("a joiner, licensed directly", NEW, Differs::default()),
        coming(
            "a joiner, licensed by group, who starts later",
            Comes {
                gives: Gives::ByGroup,
                starts: Some(START),
                barred: &["copied-admins", "board", "dynamic", "synced"],
                ..NEW
            },
            Differs {
                role: by_group(),
                ..Differs::default()
            },
        ),
        coming(
            "a contractor without a mailbox, who starts later",
            Comes {
                brings: false,
                starts: Some(START),
                barred: &[
                    "licences",
                    "copied-admins",
                    "board",
                    "dynamic",
                    "synced",
                    "team",
                ],
                ..NEW
            },
            Differs {
                fields: &[("contractor", "true"), ("contract-end", "2031-03-31")],
                role: directly("VISIO"),
                policy: json!({ "contractors": { "role": "role", "never": ["team"] } }),
                ..Differs::default()
            },
        ),
        coming(
            "a joiner without a role, a manager and a telephone",
            Comes {
                site: false,
                gives: Gives::Nothing,
                brings: false,
                groups: false,
                lists: false,
                shared: false,
                phone: false,
                boss: Boss::Nobody,
                ..NEW
            },
            Differs {
                fields: &[
                    ("role", ""),
                    ("manager", ""),
                    ("mobile", ""),
                    ("copy-from", ""),
                ],
                policy: json!({ "roles": {} }),
                ..Differs::default()
            },
        ),
    ]
}

fn refused() -> Vec<Shape> {
    vec![
        coming(
            "a joiner at no site",
            Comes { site: false, ..NEW },
            Differs {
                // A number is understood without a country only when it says its own.
                policy: json!({ "sites": {} }),
                ..Differs::default()
            },
        ),
        coming(
            "a joiner for whom there is no seat",
            Comes { seat: false, ..NEW },
            Differs {
                change: |facts| facts.tenant.skus[0] = sku("SPE_E3", 0),
                ..Differs::default()
            },
        ),
        coming(
            "a joiner whose names are all taken",
            Comes { free: false, ..NEW },
            Differs {
                change: |facts| {
                    facts.person.id = ObjectId::new("");
                    facts.person.upn = String::new();
                    if let Some(joiner) = &mut facts.joiner {
                        joiner.names[0].taken = Some("Joan Doe has it".to_owned());
                    }
                },
                ..Differs::default()
            },
        ),
        coming(
            "a joiner whose manager is not in the directory",
            Comes {
                boss: Boss::Stranger,
                ..NEW
            },
            Differs {
                change: |facts| facts.named[0].found.clear(),
                ..Differs::default()
            },
        ),
    ]
}

fn in_place() -> Vec<Shape> {
    vec![
        there(
            "in place, sign-in blocked",
            IN_PLACE,
            THERE,
            Differs {
                change: |facts| facts.person.sign_in_allowed = false,
                ..Differs::default()
            },
        ),
        there(
            "in place, licensed by group, the role gives one directly",
            IN_PLACE,
            Comes {
                methods: false,
                ..THERE
            },
            Differs {
                role: directly("VISIO"),
                change: |facts| {
                    facts.methods.clear();
                    facts.memberships = vec![licence_group("licences", &["SPE_E3"])];
                    facts.licenses = vec![held("SPE_E3", by("licences"))];
                },
                ..Differs::default()
            },
        ),
    ]
}

/// Somebody who is there and gets another licence.
fn exchanged() -> Vec<Shape> {
    vec![
        there(
            "in place, another licence directly, no usage location",
            Traits {
                located: false,
                ..IN_PLACE
            },
            Comes {
                gives: Gives::Directly,
                ..THERE
            },
            Differs {
                role: directly(PLAN_2),
                change: |facts| {
                    facts.person.usage_location = None;
                    facts.licenses.push(held("MCOEV", Route::Direct));
                },
                ..Differs::default()
            },
        ),
        there(
            "in place, the role's licence has no mailbox",
            IN_PLACE,
            Comes {
                gives: Gives::Directly,
                exchange_takes_mail: true,
                ..THERE
            },
            Differs {
                role: directly("VISIO"),
                ..Differs::default()
            },
        ),
    ]
}

/// Somebody who is there, and whose profile or licence is decided elsewhere.
fn elsewhere() -> Vec<Shape> {
    vec![
        there(
            "in place, licensed by a rule that reads the department",
            Traits {
                touchy: Some("by-rule"),
                ..IN_PLACE
            },
            Comes {
                reads_department: true,
                ..THERE
            },
            Differs {
                role: json!({}),
                change: |facts| {
                    facts.memberships = vec![Group {
                        rule: Some("(user.department -eq \"Warehouse\")".to_owned()),
                        ..licence_group("by-rule", &["SPE_E3"])
                    }];
                    facts.licenses = vec![held("SPE_E3", by("by-rule"))];
                },
                ..Differs::default()
            },
        ),
        there(
            "in place, mastered on premises",
            Traits {
                synced: true,
                ..IN_PLACE
            },
            Comes {
                incomplete: false,
                ..THERE
            },
            Differs {
                change: |facts| facts.person.synced = true,
                ..Differs::default()
            },
        ),
    ]
}
