//! The hybrid tenant: most people are mastered in an on-premises directory and synchronised.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::NORTHWIND;
use super::build::{Builder, GLOBAL_ADMINISTRATOR, Profile, profile};
use super::groups::{list, security, team};
use super::subscriptions::{E3, POWER_BI};
use crate::world::{
    Group, Id, OnPremises, OnPremisesGroup, OnPremisesUser, RecipientKind, Tenant, User, anchor,
};

/// DNS name of the on-premises domain.
const DOMAIN: &str = "corp.northwind.example";

/// Seconds between two cycles, so that a demonstration sees one pass.
const SYNC_EVERY_S: u32 = 20;

pub(super) fn tenant(now: Timestamp) -> Tenant {
    let mut build = Builder::new(NORTHWIND, "Northwind", "northwind.example", now);
    build.tenant.on_premises = OnPremises {
        domain_name: DOMAIN.to_owned(),
        sync_every_s: SYNC_EVERY_S,
        last_sync: Some(now),
        ..OnPremises::default()
    };
    admins(&mut build);
    let people = people(&mut build);
    cloud_groups(&mut build, &people);
    mirror(&mut build);
    groups(&mut build, &people);
    build.tenant
}

/// People who live in the cloud alone.
fn admins(build: &mut Builder) {
    let lead = build.person(profile("karin.moe", "Karin Moe, IT, Head of IT"));
    let engineer = build.person(profile("samir.aziz", "Samir Aziz, IT, Cloud Engineer"));
    for id in [&lead, &engineer] {
        build.license(id, &[E3]);
        build.role(id, GLOBAL_ADMINISTRATOR);
    }
    build.user(&engineer).manager = Some(lead);
    let emergency = build.account(profile("emergency.access", "Emergency Access"));
    let initial = build.tenant.initial_domain().to_owned();
    build.user(&emergency).user_principal_name = format!("emergency.access@{initial}");
    build.role(&emergency, GLOBAL_ADMINISTRATOR);
    // The account with which the synchronisation itself signs in.
    let service = build.account(profile(
        "sync_dc01_4f1c2a",
        "On-Premises Directory Synchronization Service Account",
    ));
    let user = build.user(&service);
    user.user_principal_name = format!("sync_dc01_4f1c2a@{initial}");
    user.employee_id = None;
}

/// Whom groups and lists need.
struct People {
    greta: Id,
    ivan: Id,
    lena: Id,
    marcus: Id,
    all: Vec<Id>,
}

fn people(build: &mut Builder) -> People {
    let person = |build: &mut Builder, who: Profile| build.person(who);
    let greta = person(
        build,
        profile(
            "greta.nilsen",
            "Greta Nilsen, Operations, Head of Operations",
        ),
    );
    let ivan = person(
        build,
        profile("ivan.koroma", "Ivan Koroma, Operations, Shift Lead"),
    );
    let lena = person(
        build,
        profile("lena.fischer", "Lena Fischer, Finance, Head of Finance"),
    );
    let marcus = person(
        build,
        profile("marcus.dean", "Marcus Dean, Finance, Accountant"),
    );
    let others = [
        ("aisha.bello", "Aisha Bello, Operations, Planner"),
        ("bruno.keller", "Bruno Keller, Warehouse, Warehouse Lead"),
        ("carla.reyes", "Carla Reyes, Warehouse, Picker"),
        ("dmitri.volk", "Dmitri Volk, Warehouse, Picker"),
        ("eva.svensson", "Eva Svensson, Sales, Account Manager"),
        ("farid.nasser", "Farid Nasser, Sales, Account Executive"),
        ("gwen.pryce", "Gwen Pryce, HR, HR Partner"),
    ];
    let others = others.map(|(local, card)| person(build, profile(local, card)));
    // Licensed directly; the others inherit.
    for id in [&greta, &lena] {
        build.license(id, &[E3]);
    }
    build.license(&greta, &[POWER_BI]);
    // Two accounts that have no mailbox: a trainee whose suffix is not verified in the cloud, and one who left.
    let trainee = build.account(profile("tom.trainee", "Tom Arvid, Warehouse, Trainee"));
    let initial = build.tenant.initial_domain().to_owned();
    build.user(&trainee).user_principal_name = format!("tom.trainee@{initial}");
    let former = build.account(profile(
        "olga.former",
        "Olga Brandt, Sales, Account Manager",
    ));
    build.user(&former).account_enabled = false;
    for id in [&ivan, &others[0], &others[1]] {
        build.user(id).manager = Some(greta.clone());
    }
    for id in [&others[2], &others[3], &trainee] {
        build.user(id).manager = Some(others[1].clone());
    }
    build.user(&marcus).manager = Some(lena.clone());
    build.user(&others[5]).manager = Some(others[4].clone());
    let mut all = vec![greta.clone(), ivan.clone(), lena.clone(), marcus.clone()];
    all.extend(others);
    for id in all.iter().chain([&trainee, &former]) {
        build.user(id).on_premises_sync_enabled = Some(true);
    }
    build.belongings(&ivan);
    People {
        greta,
        ivan,
        lena,
        marcus,
        all,
    }
}

/// Groups that are mastered in the cloud, licence group included.
fn cloud_groups(build: &mut Builder, people: &People) {
    let People {
        greta,
        ivan,
        lena,
        marcus,
        all,
    } = people;
    let directly = [greta, lena];
    let inherit: Vec<&Id> = all.iter().filter(|id| !directly.contains(id)).collect();
    let licensed = Group {
        assigned_licenses: BTreeSet::from([E3.to_owned()]),
        ..security(&inherit)
    };
    build.group("Licence Microsoft 365 E3", licensed);
    build.group("Operations Team", team(&[greta], &[greta, ivan]));
    let everybody: Vec<&Id> = all.iter().collect();
    build.group("All Northwind", list(greta, &everybody));
    let invoices = build.resource(
        profile("invoices", "Invoices"),
        RecipientKind::SharedMailbox,
    );
    let shifts = build.resource(
        profile("shifts", "Shift Desk"),
        RecipientKind::SharedMailbox,
    );
    build.full_access(&invoices, marcus);
    build.mailbox(&invoices).send_as = vec![marcus.clone()];
    build.full_access(&shifts, ivan);
    let (soon, weekly) = (build.hours(48), build.hours(20));
    build.meeting("Stock count", &[ivan, greta], soon, None);
    build.meeting("Shift handover", &[ivan, greta, &all[5]], weekly, Some(10));
}

/// The objectGUID behind a local part.
fn guid(build: &Builder, local: &str) -> Id {
    build.id(&format!("on-premises {local}"))
}

fn local(user: &User) -> &str {
    user.user_principal_name
        .split('@')
        .next()
        .unwrap_or_default()
}

/// Makes the on-premises account behind every synced one, equal to it in all that is pushed.
fn mirror(build: &mut Builder) {
    let synced = |user: &&User| user.on_premises_sync_enabled == Some(true);
    let ids: BTreeMap<Id, String> = build
        .tenant
        .users
        .iter()
        .filter(|(_, user)| synced(user))
        .map(|(id, user)| (id.clone(), local(user).to_owned()))
        .collect();
    let now = build.now;
    for (id, name) in &ids {
        let own = guid(build, name);
        let user = build.tenant.users[id].clone();
        let manager = user.manager.as_ref().and_then(|id| ids.get(id));
        let source = source(&user, manager.map(|name| guid(build, name)));
        let sid = crate::world::security_identifier(DOMAIN, &own);
        let cloud = build.user(id);
        cloud.on_premises_immutable_id = Some(anchor(&own));
        cloud.on_premises_last_sync_date_time = Some(now);
        cloud.on_premises_sam_account_name = Some(source.sam_account_name.clone());
        cloud.on_premises_distinguished_name = Some(source.distinguished_name.clone());
        cloud.on_premises_domain_name = Some(DOMAIN.to_owned());
        cloud.on_premises_user_principal_name = Some(source.user_principal_name.clone());
        cloud.on_premises_security_identifier = Some(sid);
        build.tenant.on_premises.users.insert(own, source);
    }
}

fn source(user: &User, manager: Option<Id>) -> OnPremisesUser {
    let department = user.department.clone().unwrap_or_default();
    let suffix = if user.user_principal_name.ends_with("@northwind.example") {
        "northwind.example"
    } else {
        DOMAIN
    };
    OnPremisesUser {
        sam_account_name: local(user).chars().take(20).collect(),
        distinguished_name: format!(
            "CN={},OU={department},OU=People,DC=corp,DC=northwind,DC=example",
            user.display_name
        ),
        user_principal_name: format!("{}@{suffix}", local(user)),
        enabled: user.account_enabled,
        display_name: user.display_name.clone(),
        given_name: user.given_name.clone(),
        surname: user.surname.clone(),
        mail: user.mail.clone(),
        proxy_addresses: user.proxy_addresses.clone(),
        mail_nickname: user.mail_nickname.clone(),
        department: user.department.clone(),
        job_title: user.job_title.clone(),
        company_name: user.company_name.clone(),
        office_location: user.office_location.clone(),
        employee_id: user.employee_id.clone(),
        manager,
        password_hash: user.password_hash.clone(),
        password_set: Some(user.last_password_change_date_time),
        ..OnPremisesUser::default()
    }
}

/// Groups that are mastered on-premises.
fn groups(build: &mut Builder, people: &People) {
    let of = |build: &Builder, department: &str| -> Vec<Id> {
        let members = people.all.iter();
        let here = |id: &&Id| build.tenant.users[*id].department.as_deref() == Some(department);
        members.filter(here).cloned().collect()
    };
    for (name, department) in [
        ("Warehouse Access", "Warehouse"),
        ("Finance Share", "Finance"),
        ("Operations Share", "Operations"),
        ("Sales Share", "Sales"),
    ] {
        let members = of(build, department);
        let synced = Group {
            on_premises_sync_enabled: Some(true),
            ..security(&members.iter().collect::<Vec<_>>())
        };
        let cloud_id = build.group(name, synced);
        let own = build.id(&format!("on-premises group {name}"));
        let members = members
            .iter()
            .map(|id| guid(build, local(&build.tenant.users[id])));
        let source = OnPremisesGroup {
            display_name: name.to_owned(),
            members: members.collect(),
            cloud_id: Some(cloud_id),
            pending: false,
        };
        build.tenant.on_premises.groups.insert(own, source);
    }
}
