//! Tenant shapes: one leaver each, with what makes the tenant awkward, and what the judge has been told about it by hand.
//!
//! The traits repeat in the judge's own words what the facts say, so that neither the list of refusals nor the world model
//! reads the facts the way the planner does.

use domain::facts::{
    Facts, Group, GroupKind, Mailbox, MailboxDevice, MailboxFacts, MailboxRight, MailboxRule,
    OwnedApplication, Right, RoleHeldBy,
};
use domain::policy::Policy;
use domain::request::{Kind, Request};
use domain::spec::Route;

use super::joiners::{self, Comes};
use super::parts::{
    GB, PLAN_2, by, group, held, leaver, licence_group, lite, mailbox, owned, role, sku,
};
use super::switches::{
    AUTO_REPLY, BLOCK, CONVERT, FORWARD, GRANT, GROUPS, HIDE, LISTS, MEETINGS, MOBILE, REPORTS,
    RESET, RIGHTS, ROLES, RULES, TRANSFER, set,
};

/// The group that gives Plan 2 where policy names one.
pub(super) const KEEPERS: &str = "keepers";

/// Where the mailbox is and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mail {
    /// There is none.
    None,
    /// It is kept on premises.
    OnPremises,
    /// Nobody could read it.
    Unread,
    /// A person's, in the cloud.
    User,
    /// A shared one, in the cloud.
    Shared,
}

/// How a mailbox that needs a licence of its own can keep one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// It can not.
    Impossible,
    /// A licence that is held stays.
    Held,
    /// A free seat is assigned directly.
    Seat,
    /// The person joins the group that policy names.
    Group,
}

/// What giving licences back would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing can be taken.
    Nothing,
    /// Every licence that carries the mailbox, but for one that a rule may take at any moment once sign-in is blocked.
    AllButTouchy,
    /// Every licence that carries the mailbox.
    Mailbox,
}

/// What the judge knows of a shape, written by hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// Sign-in is allowed.
    pub(super) open: bool,
    /// The mailbox.
    pub(super) mail: Mail,
    /// The mailbox may not be shared without a licence of its own.
    pub(super) large: bool,
    /// How it keeps one.
    pub(super) keeper: Keeper,
    /// The person may be given a licence: there is a usage location.
    pub(super) located: bool,
    /// What giving licences back would take.
    pub(super) takes: Takes,
    /// A licence group whose rule reads whether the account is enabled.
    pub(super) touchy: Option<&'static str>,
    /// The person has a manager.
    pub(super) manager: bool,
    /// Blocking the person or taking his roles would leave fewer than two Global Administrators.
    pub(super) last_admins: bool,
    /// The account is mastered on premises.
    pub(super) synced: bool,
    /// Mail is forwarded already.
    pub(super) forwards: bool,
    /// The account was mastered on premises once, and the link is still there.
    pub(super) linked: bool,
    /// Steps that have nothing to do here; those that follow from the traits above need not be named.
    pub(super) idle: u32,
}

/// One tenant shape.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Whether policy names a group that gives Plan 2.
    pub(super) keepers: bool,
    /// Its name, for the report.
    pub(super) name: &'static str,
    /// What is read from the tenant.
    pub(super) facts: Facts,
    /// What the judge knows of it.
    pub(super) traits: Traits,
    /// Whether somebody leaves or comes.
    pub(super) kind: Kind,
    /// What the judge knows besides of somebody who comes.
    pub(super) comes: Option<Comes>,
    /// Its own request and policy, where the usual ones do not do.
    pub(super) own: Option<Box<(Request, Policy)>>,
}

/// What holds of most shapes.
pub(super) const USUAL: Traits = Traits {
    open: true,
    mail: Mail::User,
    large: false,
    keeper: Keeper::Impossible,
    located: true,
    takes: Takes::Mailbox,
    touchy: None,
    manager: true,
    last_admins: false,
    synced: false,
    forwards: false,
    linked: false,
    idle: FEW,
};

/// What only the richest shapes have work for.
const FEW: u32 = OUTSIDE | set(&[RULES, MOBILE]);
/// What has work only outside the mailbox.
const OUTSIDE: u32 = set(&[ROLES, RIGHTS, TRANSFER, GROUPS, LISTS, REPORTS]);
/// What has no work where no mailbox can be touched.
const NO_MAIL: u32 = set(&[
    MEETINGS, AUTO_REPLY, FORWARD, GRANT, CONVERT, HIDE, RULES, MOBILE, ROLES, TRANSFER,
]);

/// Every shape.
pub(super) fn all() -> Vec<Shape> {
    let mut shapes = usual();
    shapes.extend(licensed());
    shapes.extend(large());
    shapes.extend(keepers());
    shapes.extend(shared_already());
    shapes.extend(elsewhere());
    shapes.extend(people());
    shapes.extend(administrators());
    shapes.extend(joiners::all());
    shapes
}

/// A shape that differs from the usual leaver's by this.
pub(super) fn shape(name: &'static str, traits: Traits, change: impl Fn(&mut Facts)) -> Shape {
    let mut facts = leaver();
    change(&mut facts);
    Shape {
        keepers: false,
        name,
        facts,
        traits,
        kind: Kind::Offboard,
        comes: None,
        own: None,
    }
}

fn mailbox_of(facts: &mut Facts, change: impl Fn(&mut Mailbox)) {
    let mut changed = mailbox();
    change(&mut changed);
    facts.mailbox = MailboxFacts::Cloud(Box::new(changed));
}

/// A leaver with something of everything outside the mailbox.
fn rich(facts: &mut Facts) {
    facts.licenses.push(held("MCOEV", Route::Direct));
    facts.memberships = ["plain", "role-group", "list"].map(group).to_vec();
    facts.memberships[1].role_assignable = true;
    facts.memberships[2].kind = GroupKind::Distribution;
    facts.roles = vec![
        role("eligible", RoleHeldBy::Eligibility),
        role("by-group", RoleHeldBy::Group("role-group".into())),
    ];
    facts.owned_groups = vec![
        owned("owned-alone", &["leaver"]),
        owned("owned-shared", &["leaver", "other"]),
    ];
    facts.owned_applications = vec![OwnedApplication {
        id: "application".into(),
        name: "Billing".to_owned(),
        owners: vec!["leaver".into()],
        secrets: 1,
    }];
    facts.reports = vec![lite("report-1"), lite("report-2")];
    facts.rights_elsewhere = [Right::FullAccess, Right::SendAs, Right::SendOnBehalf]
        .map(|right| MailboxRight {
            mailbox: "info".into(),
            address: "info@contoso.example".to_owned(),
            right,
        })
        .to_vec();
}

/// What only a look into the mailbox shows.
fn full_mailbox(facts: &mut Facts) {
    mailbox_of(facts, |mailbox| {
        mailbox.rules = vec![MailboxRule {
            id: "rule".into(),
            name: "Invoices".to_owned(),
            sends_to: Vec::new(),
        }];
        mailbox.devices = vec![MailboxDevice {
            id: "phone".into(),
            name: "phone".to_owned(),
        }];
    });
}

fn usual() -> Vec<Shape> {
    vec![
        shape(
            "cloud only, everything outside the mailbox",
            Traits {
                idle: set(&[RULES, MOBILE]),
                ..USUAL
            },
            rich,
        ),
        shape(
            "cloud only, everything in the mailbox",
            Traits {
                idle: OUTSIDE,
                ..USUAL
            },
            full_mailbox,
        ),
        shape(
            "sign-in blocked already",
            Traits {
                open: false,
                idle: BLOCKED,
                ..USUAL
            },
            |facts| {
                facts.person.sign_in_allowed = false;
            },
        ),
    ]
}

const BLOCKED: u32 = set(&[
    RULES, MOBILE, BLOCK, ROLES, RIGHTS, TRANSFER, GROUPS, LISTS, REPORTS,
]);

fn dynamic(id: &str) -> Group {
    Group {
        rule: Some("(user.accountEnabled -eq true)".to_owned()),
        ..licence_group(id, &["SPE_E3"])
    }
}

fn licensed() -> Vec<Shape> {
    const IN_GROUPS: u32 = set(&[RULES, MOBILE, ROLES, RIGHTS, TRANSFER, LISTS, REPORTS]);
    vec![
        shape(
            "licensed by group",
            Traits {
                idle: IN_GROUPS,
                ..USUAL
            },
            |facts| {
                facts.memberships = vec![licence_group("licences", &["SPE_E3"]), group("plain")];
                facts.licenses = vec![held("SPE_E3", by("licences"))];
            },
        ),
        shape(
            "licensed directly and by two groups, one of them a list; forwards already",
            Traits {
                forwards: true,
                ..USUAL
            },
            |facts| {
                facts.memberships = vec![
                    licence_group("licences", &["SPE_E3", "MCOEV"]),
                    Group {
                        kind: GroupKind::MailSecurity,
                        ..licence_group("licence-list", &["SPE_E3"])
                    },
                ];
                facts.licenses = vec![
                    held("MCOEV", Route::Direct),
                    held("SPE_E3", Route::Direct),
                    held("SPE_E3", by("licences")),
                    held("MCOEV", by("licences")),
                    held("SPE_E3", by("licence-list")),
                ];
                mailbox_of(facts, |mailbox| {
                    mailbox.forwarding_smtp = Some("smtp:private@elsewhere.example".to_owned());
                });
            },
        ),
        shape(
            "licensed by a rule that reads accountEnabled, and directly",
            Traits {
                takes: Takes::Nothing,
                touchy: Some("dynamic"),
                ..USUAL
            },
            |facts| {
                facts.memberships = vec![dynamic("dynamic")];
                facts.licenses = vec![held("SPE_E3", by("dynamic")), held("MCOEV", Route::Direct)];
            },
        ),
        shape(
            "licensed by a rule that reads accountEnabled, and by a group",
            Traits {
                takes: Takes::AllButTouchy,
                touchy: Some("dynamic"),
                ..USUAL
            },
            |facts| {
                facts.memberships =
                    vec![dynamic("dynamic"), licence_group("licences", &["SPE_E3"])];
                facts.licenses = vec![
                    held("SPE_E3", by("dynamic")),
                    held("SPE_E3", by("licences")),
                ];
            },
        ),
    ]
}

const LARGE: Traits = Traits {
    large: true,
    ..USUAL
};

fn big(facts: &mut Facts) {
    mailbox_of(facts, |mailbox| mailbox.size_bytes = Some(60 * GB));
}

fn large() -> Vec<Shape> {
    vec![
        shape(
            "60 GB, a seat is free",
            Traits {
                keeper: Keeper::Seat,
                ..LARGE
            },
            big,
        ),
        shape(
            "60 GB, holds Plan 2 already",
            Traits {
                keeper: Keeper::Held,
                ..LARGE
            },
            |facts| {
                big(facts);
                facts.licenses.push(held(PLAN_2, Route::Direct));
            },
        ),
        shape("on litigation hold, no seat free", LARGE, |facts| {
            mailbox_of(facts, |mailbox| {
                mailbox.holds = vec!["litigation".to_owned()]
            });
            facts.tenant.skus = vec![sku("SPE_E3", 5), sku(PLAN_2, 0)];
        }),
        shape(
            "size unknown, no usage location",
            Traits {
                keeper: Keeper::Seat,
                located: false,
                ..LARGE
            },
            |facts| {
                mailbox_of(facts, |mailbox| mailbox.size_bytes = None);
                facts.person.usage_location = None;
            },
        ),
    ]
}

/// Policy names a group that gives Plan 2.
fn keepers() -> Vec<Shape> {
    let mut by_group = shape(
        "60 GB, licensed by group, policy names a group",
        Traits {
            keeper: Keeper::Group,
            ..LARGE
        },
        |facts| {
            big(facts);
            facts.memberships = vec![licence_group("licences", &["SPE_E3"])];
            facts.licenses = vec![held("SPE_E3", by("licences")), held("MCOEV", Route::Direct)];
        },
    );
    by_group.keepers = true;
    let mut in_group = shape(
        "with archive, in the group that policy names",
        Traits {
            keeper: Keeper::Held,
            ..LARGE
        },
        |facts| {
            mailbox_of(facts, |mailbox| mailbox.archive = true);
            facts.memberships = vec![
                licence_group("licences", &["SPE_E3"]),
                licence_group(KEEPERS, &[PLAN_2]),
            ];
            facts.licenses = vec![
                held("SPE_E3", by("licences")),
                held(PLAN_2, by(KEEPERS)),
                held("MCOEV", Route::Direct),
            ];
        },
    );
    in_group.keepers = true;
    vec![by_group, in_group]
}

fn shared_already() -> Vec<Shape> {
    const SHARED: u32 = set(&[
        RULES, MOBILE, CONVERT, ROLES, RIGHTS, TRANSFER, GROUPS, LISTS, REPORTS,
    ]);
    const SHARED_TRAITS: Traits = Traits {
        mail: Mail::Shared,
        idle: SHARED,
        ..USUAL
    };
    let shared = |mailbox: &mut Mailbox| mailbox.kind = "SharedMailbox".to_owned();
    vec![
        shape("shared already", SHARED_TRAITS, |facts| {
            mailbox_of(facts, shared)
        }),
        shape(
            "shared already, 60 GB, a seat is free",
            Traits {
                large: true,
                keeper: Keeper::Seat,
                ..SHARED_TRAITS
            },
            |facts| {
                mailbox_of(facts, |mailbox| {
                    shared(mailbox);
                    mailbox.size_bytes = Some(60 * GB);
                });
            },
        ),
    ]
}

/// What the mailbox has no part in.
fn more(facts: &mut Facts) {
    facts.memberships = vec![group("plain"), group("list")];
    facts.memberships[1].kind = GroupKind::Distribution;
    facts.reports = vec![lite("report")];
    facts.rights_elsewhere = vec![MailboxRight {
        mailbox: "info".into(),
        address: "info@contoso.example".to_owned(),
        right: Right::SendAs,
    }];
}

fn elsewhere() -> Vec<Shape> {
    vec![
        shape(
            "no mailbox",
            Traits {
                mail: Mail::None,
                idle: NO_MAIL,
                ..USUAL
            },
            |facts| {
                more(facts);
                facts.mailbox = MailboxFacts::None;
            },
        ),
        shape(
            "synced, mailbox on premises",
            Traits {
                mail: Mail::OnPremises,
                synced: true,
                idle: set(&[
                    RESET, MEETINGS, AUTO_REPLY, FORWARD, GRANT, CONVERT, HIDE, RULES, MOBILE,
                    ROLES, TRANSFER,
                ]),
                ..USUAL
            },
            |facts| {
                more(facts);
                facts.person.synced = true;
                facts.mailbox = MailboxFacts::OnPremises;
            },
        ),
        shape(
            "mailbox unreadable",
            Traits {
                mail: Mail::Unread,
                idle: NO_MAIL,
                ..USUAL
            },
            |facts| {
                more(facts);
                facts.mailbox = MailboxFacts::Unread {
                    because: "no permission".to_owned(),
                };
            },
        ),
    ]
}

fn people() -> Vec<Shape> {
    vec![
        shape(
            "synced, mailbox in the cloud",
            Traits {
                synced: true,
                idle: set(&[
                    RULES, MOBILE, RESET, HIDE, ROLES, RIGHTS, TRANSFER, GROUPS, REPORTS,
                ]),
                ..USUAL
            },
            |facts| {
                facts.person.synced = true;
                facts.memberships = vec![group("synced"), group("list")];
                facts.memberships[0].synced = true;
                facts.memberships[1].kind = GroupKind::Distribution;
            },
        ),
        shape(
            "synced once, the link is left",
            Traits {
                linked: true,
                ..USUAL
            },
            |facts| {
                let attributes = &mut facts.person.attributes;
                attributes.insert("immutable-id".to_owned(), "link".to_owned());
            },
        ),
        shape(
            "no manager, sole owner, with reports",
            Traits {
                manager: false,
                idle: set(&[RULES, MOBILE, HIDE, MEETINGS, ROLES, RIGHTS, LISTS]),
                ..USUAL
            },
            |facts| {
                facts.person.manager = None;
                facts.meetings.clear();
                mailbox_of(facts, |mailbox| mailbox.hidden = true);
                facts.memberships = vec![group("owned-alone")];
                facts.owned_groups = vec![
                    owned("owned-alone", &["leaver"]),
                    owned("owned-shared", &["leaver", "other"]),
                ];
                facts.reports = vec![lite("report")];
            },
        ),
    ]
}

fn administrators() -> Vec<Shape> {
    const ADMIN: u32 = set(&[RULES, MOBILE, RIGHTS, TRANSFER, GROUPS, LISTS, REPORTS]);
    let administrator = |others: usize| {
        move |facts: &mut Facts| {
            facts.roles = vec![role("global", RoleHeldBy::Assignment)];
            let administrators = &mut facts.tenant.global_administrators;
            administrators.truncate(others);
            administrators.push("leaver".into());
        }
    };
    vec![
        shape(
            "Global Administrator, two others",
            Traits {
                idle: ADMIN,
                ..USUAL
            },
            administrator(2),
        ),
        shape(
            "Global Administrator, one other",
            Traits {
                last_admins: true,
                idle: ADMIN,
                ..USUAL
            },
            administrator(1),
        ),
    ]
}
