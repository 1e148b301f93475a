//! The group-licensed tenant: licences come through groups, one of them dynamic.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::FABRIKAM;
use super::build::{Builder, GLOBAL_ADMINISTRATOR, profile};
use super::groups::{dynamic, list, security, team};
use super::subscriptions::{BUSINESS_PREMIUM, E3, EXCHANGE_2, POWER_BI};
use crate::world::{Group, Id, RecipientKind, TapPolicy, Tenant};

pub(super) fn tenant(now: Timestamp) -> Tenant {
    let mut build = Builder::new(FABRIKAM, "Fabrikam", "fabrikam.example", now);
    let people = people(&mut build);
    leaver(&mut build, &people);
    groups(&mut build, &people);
    joining(&mut build);
    build.tenant
}

/// What a joiner meets: a licence group of another plan, departments' groups, a front desk, a name in the recycle bin, one-time passes.
fn joining(build: &mut Builder) {
    let head = build.person(profile(
        "petra.lind",
        "Petra Lind, Logistics, Head of Logistics",
    ));
    let colleague = build.person(profile("hugo.falk", "Hugo Falk, Logistics, Dispatcher"));
    build.user(&colleague).manager = Some(head.clone());
    let licensed = Group {
        assigned_licenses: BTreeSet::from([BUSINESS_PREMIUM.to_owned()]),
        ..security(&[&head, &colleague])
    };
    build.group("Licence Business Premium", licensed);
    let desk = build.resource(
        profile("dispatch", "Dispatch"),
        RecipientKind::SharedMailbox,
    );
    build.full_access(&desk, &colleague);
    build.group("Finance", security(&[]));
    build.group("Logistics", security(&[&head, &colleague]));
    build.group("Logistics Team", team(&[&head], &[&head, &colleague]));
    build.group("Logistics News", list(&head, &[&head, &colleague]));
    build.recycled(profile("nils.aber", "Nils Aber, Logistics, Driver"), 400);
    build.tenant.tap_policy = TapPolicy {
        maximum_minutes: 1_440,
        default_minutes: 120,
        must_be_one_time: true,
        ..TapPolicy::default()
    };
}

struct People {
    maria: Id,
    oskar: Id,
    reports: [Id; 2],
    engineers: [Id; 2],
    all: Vec<Id>,
}

fn people(build: &mut Builder) -> People {
    let oskar = build.person(profile(
        "oskar.berg",
        "Oskar Berg, Engineering, Head of Engineering",
    ));
    let maria = build.person(profile(
        "maria.sandoval",
        "Maria Sandoval, Engineering, Team Lead",
    ));
    let reports = [
        build.person(profile("yusuf.demir", "Yusuf Demir, Engineering, Engineer")),
        build.person(profile("ines.costa", "Ines Costa, Quality, Test Engineer")),
    ];
    let engineers = [
        build.person(profile(
            "chris.young",
            "Chris Young, Support, Support Agent",
        )),
        build.person(profile(
            "chris.young.lab",
            "Chris Young, Research, Scientist",
        )),
    ];
    let admins = [
        build.person(profile("wanda.kovac", "Wanda Kovac, IT, IT Lead")),
        build.person(profile("felix.brandt", "Felix Brandt, IT, Administrator")),
    ];
    let large = build.person(profile("ulrika.holm", "Ulrika Holm, Research, Archivist"));
    let held = build.person(profile("peter.quist", "Peter Quist, Legal, Counsel"));
    build.mailbox(&large).size_bytes = 58 * 1024 * 1024 * 1024;
    let archive = build.id("archive peter.quist");
    let mailbox = build.mailbox(&held);
    mailbox.litigation_hold = true;
    mailbox.archive_guid = Some(archive);
    for id in &admins {
        build.role(id, GLOBAL_ADMINISTRATOR);
    }
    let synced = special_people(build);
    for id in &reports {
        build.user(id).manager = Some(maria.clone());
    }
    build.user(&maria).manager = Some(oskar.clone());
    let mut all = vec![maria.clone(), oskar.clone(), large, held, synced];
    all.extend(reports.iter().chain(&engineers).chain(&admins).cloned());
    People {
        maria,
        oskar,
        reports,
        engineers,
        all,
    }
}

/// The emergency account, the guest, and the synced person, whose id is given back.
fn special_people(build: &mut Builder) -> Id {
    let emergency = build.account(profile("emergency.access", "Emergency Access"));
    build.role(&emergency, GLOBAL_ADMINISTRATOR);
    let guest = build.account(profile("lee.hart_supplier.example#EXT#", "Lee Hart"));
    let initial = build.tenant.initial_domain().to_owned();
    let user = build.user(&guest);
    user.user_principal_name = format!("lee.hart_supplier.example#EXT#@{initial}");
    user.user_type = "Guest".to_owned();
    user.usage_location = None;
    let synced = build.person(profile("rolf.aker", "Rolf Aker, Production, Foreman"));
    let last_sync = build.hours(-1);
    let user = build.user(&synced);
    user.on_premises_sync_enabled = Some(true);
    user.on_premises_last_sync_date_time = Some(last_sync);
    synced
}

fn leaver(build: &mut Builder, people: &People) {
    let maria = people.maria.as_str();
    build.belongings(maria);
    let support = build.resource(profile("support", "Support"), RecipientKind::SharedMailbox);
    let builds = build.resource(
        profile("builds", "Build Notices"),
        RecipientKind::SharedMailbox,
    );
    build.full_access(&support, maria);
    build.full_access(&support, &people.engineers[0]);
    build.mailbox(&builds).send_as = vec![people.maria.clone()];
    build.full_access(&people.oskar, maria);
    let (oskar, yusuf) = (people.oskar.as_str(), people.reports[0].as_str());
    let (soon, weekly) = (build.hours(70), build.hours(30));
    build.meeting("Release review", &[maria, oskar, yusuf], soon, None);
    build.meeting(
        "Team sync",
        &[maria, yusuf, &people.reports[1]],
        weekly,
        Some(12),
    );
    build.meeting("Leadership", &[oskar, maria], soon, None);
}

fn groups(build: &mut Builder, people: &People) {
    let People {
        maria,
        oskar,
        reports,
        engineers,
        all,
    } = people;
    let everybody: Vec<&Id> = all.iter().collect();
    let licence = |sku: &str, group: Group| Group {
        assigned_licenses: BTreeSet::from([sku.to_owned()]),
        ..group
    };
    build.group(
        "Licence Microsoft 365 E3",
        licence(E3, security(&everybody)),
    );
    let rule = "(user.department -eq \"Engineering\") and (user.accountEnabled -eq true)";
    let members = [oskar, maria, &reports[0]];
    build.group(
        "Licence Power BI Pro",
        licence(POWER_BI, dynamic(rule, &members)),
    );
    build.group(
        "Licence Exchange Online Plan 2",
        licence(EXCHANGE_2, security(&[])),
    );
    build.group(
        "Engineering Team",
        team(&[maria], &[maria, oskar, &reports[0], &reports[1]]),
    );
    build.group(
        "Engineering News",
        list(oskar, &[maria, &reports[0], &reports[1]]),
    );
    build.group("Everybody", list(oskar, &everybody));
    build.group(
        "Support Desk",
        team(&[&engineers[0], oskar], &[&engineers[0], oskar]),
    );
    build.group(
        "Research",
        dynamic("user.department -eq \"Research\"", &research(build, people)),
    );
}

fn research<'p>(build: &Builder, people: &'p People) -> Vec<&'p Id> {
    let of_research = |id: &&Id| build.tenant.users[*id].department.as_deref() == Some("Research");
    people.all.iter().filter(of_research).collect()
}
