//! The cloud-only tenant: licences assigned directly.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::CONTOSO;
use super::build::{
    Builder, GLOBAL_ADMINISTRATOR, HELPDESK_ADMINISTRATOR, USER_ADMINISTRATOR, profile,
};
use super::groups::{dynamic, list, security, team};
use super::subscriptions::{BUSINESS, E3, POWER_BI};
use crate::world::{Application, Eligibility, Group, Id, RecipientKind, Tenant};

/// Bytes of a mailbox that no shared mailbox may have without a licence.
const OVERSIZED: u64 = 62 * 1024 * 1024 * 1024;

pub(super) fn tenant(now: Timestamp) -> Tenant {
    let mut build = Builder::new(CONTOSO, "Contoso", "contoso.example", now);
    let people = people(&mut build);
    special_people(&mut build);
    leaver(&mut build, &people);
    groups(&mut build, &people);
    joining(&mut build);
    build.tenant
}

/// What a joiner meets: departments' groups, a list, a shared mailbox, a colleague to copy from, a name in the recycle bin.
fn joining(build: &mut Builder) {
    let colleague = build.person(profile("elin.sato", "Elin Sato, Marketing, Coordinator"));
    build.license(&colleague, &[BUSINESS]);
    let second = build.person(profile(
        "ravi.menon",
        "Ravi Menon, Marketing, Head of Marketing",
    ));
    build.license(&second, &[BUSINESS]);
    build.user(&colleague).manager = Some(second.clone());
    let inbox = build.resource(
        profile("marketing.inbox", "Marketing Inbox"),
        RecipientKind::SharedMailbox,
    );
    build.full_access(&inbox, &colleague);
    build.mailbox(&inbox).send_as = vec![colleague.clone()];
    build.group("Sales", security(&[]));
    build.group("Finance", security(&[]));
    build.group("Marketing", security(&[&colleague, &second]));
    build.group("Marketing Team", team(&[&second], &[&second, &colleague]));
    build.group("Marketing News", list(&second, &[&second, &colleague]));
    build.recycled(profile("mia.holt", "Mia Holt, Marketing, Designer"), 120);
}

/// The ids that groups and rights need.
struct People {
    nora: Id,
    henrik: Id,
    amira: Id,
    tomas: Id,
    alex: [Id; 2],
    liam: Id,
}

fn people(build: &mut Builder) -> People {
    let henrik = build.person(profile("henrik.dahl", "Henrik Dahl, Sales, Head of Sales"));
    let nora = build.person(profile(
        "nora.lindqvist",
        "Nora Lindqvist, Sales, Account Executive",
    ));
    let amira = build.person(profile(
        "amira.haddad",
        "Amira Haddad, Sales, Account Manager",
    ));
    let tomas = build.person(profile(
        "tomas.novak",
        "Tomas Novak, Sales, Account Manager",
    ));
    let alex = [
        build.person(profile("alex.murphy", "Alex Murphy, Finance, Controller")),
        build.person(profile("alex.murphy2", "Alex Murphy, Warehouse, Picker")),
    ];
    let liam = build.person(profile("liam.byrne", "Liam Byrne, IT, Support Engineer"));
    let admins = [
        build.person(profile("priya.raman", "Priya Raman, IT, IT Manager")),
        build.person(profile("jonas.weber", "Jonas Weber, IT, Systems Engineer")),
    ];
    for id in [&henrik, &amira, &liam, &admins[0], &admins[1], &alex[0]] {
        build.license(id, &[E3]);
    }
    for id in [&tomas, &alex[1]] {
        build.license(id, &[BUSINESS]);
    }
    for id in &admins {
        build.role(id, GLOBAL_ADMINISTRATOR);
    }
    let people = People {
        nora,
        henrik,
        amira,
        tomas,
        alex,
        liam,
    };
    relations(build, &people, &admins[0]);
    people
}

/// Who reports to whom, and the one who holds a role and may take another.
fn relations(build: &mut Builder, people: &People, boss: &Id) {
    build.user(&people.amira).manager = Some(people.nora.clone());
    build.user(&people.tomas).manager = Some(people.nora.clone());
    build.user(&people.nora).manager = Some(people.henrik.clone());
    build.user(&people.liam).manager = Some(boss.clone());
    build.role(&people.liam, HELPDESK_ADMINISTRATOR);
    let eligibility = Eligibility {
        principal_id: people.liam.clone(),
        role_definition_id: USER_ADMINISTRATOR.to_owned(),
        directory_scope_id: "/".to_owned(),
        created_date_time: build.hours(-2_000),
    };
    let key = build.id("eligibility liam");
    build.tenant.eligibilities.insert(key, eligibility);
}

/// The emergency account, the synced person, the guest, the oversized mailbox, the one on hold, the one kept by nobody's rule.
fn special_people(build: &mut Builder) {
    let emergency = build.account(profile("emergency.access", "Emergency Access"));
    let initial = build.tenant.initial_domain().to_owned();
    build.user(&emergency).user_principal_name = format!("emergency.access@{initial}");
    build.role(&emergency, GLOBAL_ADMINISTRATOR);

    let synced = build.person(profile("sofia.rossi", "Sofia Rossi, Operations, Planner"));
    let last_sync = build.hours(-1);
    build.license(&synced, &[E3]);
    let user = build.user(&synced);
    user.on_premises_sync_enabled = Some(true);
    user.on_premises_immutable_id = Some("q83vEjRWeJCrze8SNFZ4kA==".to_owned());
    user.on_premises_last_sync_date_time = Some(last_sync);

    let guest = build.account(profile("dana.cole_partner.example#EXT#", "Dana Cole"));
    let user = build.user(&guest);
    user.user_principal_name = format!("dana.cole_partner.example#EXT#@{initial}");
    user.mail = Some("dana.cole@partner.example".to_owned());
    user.user_type = "Guest".to_owned();
    user.usage_location = None;
    user.employee_id = None;

    let large = build.person(profile("viktor.petrov", "Viktor Petrov, Legal, Counsel"));
    build.license(&large, &[E3]);
    build.mailbox(&large).size_bytes = OVERSIZED;

    let held = build.person(profile("grace.okafor", "Grace Okafor, Legal, Paralegal"));
    build.license(&held, &[E3]);
    let since = build.hours(-4_000);
    let mailbox = build.mailbox(&held);
    mailbox.litigation_hold = true;
    mailbox.litigation_hold_date = Some(since);
}

/// The reference leaver: everything a person can leave behind.
fn leaver(build: &mut Builder, people: &People) {
    let nora = people.nora.as_str();
    build.license(nora, &[E3, POWER_BI]);
    build.belongings(nora);
    let sales = build.resource(
        profile("sales", "Sales Inbox"),
        RecipientKind::SharedMailbox,
    );
    let orders = build.resource(profile("orders", "Orders"), RecipientKind::SharedMailbox);
    let room = build.resource(
        profile("room.fjord", "Room Fjord"),
        RecipientKind::RoomMailbox,
    );
    build.full_access(&sales, nora);
    build.full_access(&sales, &people.amira);
    build.mailbox(&sales).send_as = vec![people.nora.clone(), people.amira.clone()];
    build.mailbox(&orders).send_as = vec![people.nora.clone()];
    build.mailbox(&people.henrik).send_on_behalf = vec![people.nora.clone()];
    let (amira, tomas, henrik) = (
        people.amira.as_str(),
        people.tomas.as_str(),
        people.henrik.as_str(),
    );
    let start = |hours| build.hours(hours);
    let (soon, later, weekly, past) = (start(50), start(400), start(26), start(-700));
    build.meeting("Quarterly pipeline", &[nora, henrik, amira], soon, None);
    build.meeting("Customer workshop", &[nora, tomas, &room], later, None);
    build.meeting("Sales stand-up", &[nora, amira, tomas], weekly, Some(20));
    build.meeting("Kick-off", &[nora, henrik], past, None);
    build.meeting("Board preview", &[henrik, nora], soon, None);
    build.meeting("Focus time", &[nora], soon, None);
    let application = Application {
        app_id: build.id("app id quote tool"),
        display_name: "Quote Tool".to_owned(),
        owners: BTreeSet::from([people.nora.clone()]),
        secret_ends: Vec::new(),
    };
    let key = build.id("application quote tool");
    build.tenant.applications.insert(key, application);
    let application = Application {
        app_id: build.id("app id patch robot"),
        display_name: "Patch Robot".to_owned(),
        owners: BTreeSet::from([people.liam.clone()]),
        secret_ends: vec![build.hours(3_000)],
    };
    let key = build.id("application patch robot");
    build.tenant.applications.insert(key, application);
}

fn groups(build: &mut Builder, people: &People) {
    let People {
        nora,
        henrik,
        amira,
        tomas,
        alex,
        liam,
    } = people;
    build.group("Sales Team", team(&[nora], &[nora, henrik, amira, tomas]));
    build.group("Project Aurora", security(&[nora, amira]));
    build.group("VPN Users", security(&[nora, tomas, liam]));
    build.group("Sales News", list(henrik, &[nora, amira, tomas]));
    build.group(
        "All Staff",
        list(
            henrik,
            &[nora, henrik, amira, tomas, &alex[0], &alex[1], liam],
        ),
    );
    build.group(
        "Finance Department",
        dynamic("(user.department -eq \"Finance\")", &[&alex[0]]),
    );
    let operators = Group {
        is_assignable_to_role: Some(true),
        ..security(&[liam])
    };
    build.group("Helpdesk Operators", operators);
    let synced = Group {
        on_premises_sync_enabled: Some(true),
        ..security(&[&alex[1]])
    };
    build.group("Warehouse Printers", synced);
    let wardens = Group {
        mail_enabled: true,
        ..security(&[amira, &alex[1]])
    };
    build.group("Fire Wardens", wardens);
}
