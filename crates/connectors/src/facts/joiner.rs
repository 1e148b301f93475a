//! Reads facts for somebody who comes: whether the person is in the directory already, which sign-in name is free, and what stands behind
//! the groups, mailboxes and people that role and request name.
//!
//! A new person costs two rounds: what depends on nothing, then the names, because their domain comes from the tenant. Each round is one
//! batch per API.

mod access;
mod names;
mod who;

use std::collections::BTreeMap;

use domain::ObjectId;
use domain::facts::{AccountKind, Facts, Joiner, MailboxFacts, Person, TenantFacts, Unchecked};
use futures::FutureExt as _;
use jiff::Timestamp;

use super::{FactsError, Gaps, Scan, Wanted, Who, directory, people};
use crate::{Connection, Ctx};

use access::Access;
use names::Candidates;

/// What is to be read for somebody who comes.
#[derive(Clone, Debug)]
pub struct JoinerWanted<'a> {
    /// Sign-in names to try, best first: whole ones, or the part before the `@`.
    pub candidates: &'a [String],
    /// The domain of those without one; the tenant's default domain unless given.
    pub domain: Option<&'a str>,
    /// The sign-in name or address that the request itself gives: whoever has it is the person, and when nobody has it, it is
    /// tried first.
    pub address: Option<&'a str>,
    /// Sign-in names that other approved plans have reserved.
    pub reserved: &'a [String],
    /// The employee id: whoever has it is the person.
    pub employee_id: Option<&'a str>,
    /// The display name of the new account.
    pub display_name: &'a str,
    /// Groups and lists, by name, address or id, as written.
    pub groups: &'a [String],
    /// Mailboxes, by address or name, as written.
    pub mailboxes: &'a [String],
    /// The colleague whose access is copied, as written.
    pub copy_from: Option<&'a str>,
    /// Other people that request or policy name (the manager among them), as written.
    pub names: &'a [String],
    /// The sign-in name that a plan has chosen: only this one is looked at, and our own reservation of it does not count. When it has an
    /// account by now, that account is the person.
    pub chosen: Option<&'a str>,
    /// The time now.
    pub now: Timestamp,
}

/// Reads everything a planner needs about somebody who comes.
///
/// Somebody who is in the directory already is read as [`super::read`] does, and [`Joiner::new`] is false. For anybody else the person
/// holds no more than the names, with the sign-in name as id. When no name is free, id and sign-in name are empty, so that nothing can be
/// written to whoever has the name; the reasons stand in [`Joiner::names`].
///
/// # Errors
/// [`FactsError::Several`] when employee id and address fit different people, [`FactsError::Call`] when a read without which there is no
/// plan failed.
pub async fn read_joiner(
    connection: &Connection,
    ctx: &Ctx,
    wanted: JoinerWanted<'_>,
) -> Result<Facts, FactsError> {
    // On the heap: so many calls side by side are more than a thread's stack should hold.
    let account = account(connection, ctx, &wanted).boxed();
    let access = access::read(connection, ctx, &wanted).boxed();
    let (facts, access) = tokio::join!(account, access);
    let (mut facts, access) = (facts?, access?);
    let Access {
        groups,
        mailboxes,
        copied,
        named,
    } = access;
    if let Some(joiner) = &mut facts.joiner {
        joiner.groups = groups;
        joiner.mailboxes = mailboxes;
        joiner.copied = copied;
    }
    facts.named.splice(0..0, named);
    Ok(facts)
}

/// The person, found or to be made, and the tenant.
async fn account(
    connection: &Connection,
    ctx: &Ctx,
    wanted: &JoinerWanted<'_>,
) -> Result<Facts, FactsError> {
    let graph = &connection.graph;
    let (tenant, known, namesakes) = tokio::join!(
        directory::tenant(graph, ctx).boxed(),
        who::known(graph, ctx, wanted).boxed(),
        who::namesakes(graph, ctx, wanted).boxed()
    );
    if let Some(known) = known? {
        return in_place(connection, ctx, &known, wanted.now).await;
    }
    let tenant = tenant?;
    let mut gaps = Gaps::default();
    let candidates = Candidates::of(wanted, &tenant);
    let names = names::choose(connection, ctx, &candidates, &mut gaps).await?;
    let free = names.last().filter(|last| last.taken.is_none());
    let upn = free.map(|free| free.upn.clone());
    // The name of a plan that is there already has an account of nobody, so it can go on naming the person.
    let upn = upn.or_else(|| wanted.chosen.map(str::to_owned));
    gaps.0
        .extend(upn.as_deref().and_then(|upn| federation(upn, &tenant)));
    let administrators = gaps.take(
        tenant.administrators,
        "Global Administrators",
        "RoleManagement.Read.Directory",
    );
    let tenant = TenantFacts {
        domains: tenant.domains,
        skus: tenant.skus,
        global_administrators: administrators,
    };
    let person = newcomer(upn.unwrap_or_default(), wanted);
    let joiner = Joiner {
        new: true,
        names,
        namesakes: namesakes?,
        ..Joiner::default()
    };
    Ok(empty(person, tenant, joiner, gaps.0, wanted.now))
}

/// Everything about somebody who is in the directory already. Rights on other mailboxes are nothing to look for: nothing is taken away.
async fn in_place(
    connection: &Connection,
    ctx: &Ctx,
    known: &domain::facts::PersonLite,
    now: Timestamp,
) -> Result<Facts, FactsError> {
    let wanted = Wanted {
        person: Who::Known {
            id: known.id.as_str(),
            upn: &known.upn,
        },
        names: &[],
        scan: Scan::Known(Vec::new()),
        owned: &[],
        now,
    };
    let mut facts = super::read(connection, ctx, wanted).boxed().await?;
    facts.joiner = Some(Joiner::default());
    Ok(facts)
}

/// What nobody here can see about a domain whose people sign in elsewhere.
fn federation(upn: &str, tenant: &directory::Tenant) -> Option<Unchecked> {
    let domain = people::domain_of(upn)?;
    let federated = tenant
        .federated
        .iter()
        .find(|known| known.eq_ignore_ascii_case(domain))?;
    Some(Unchecked {
        what: format!("sign-in in {federated}"),
        because: "people of this domain sign in at its own federation service; an account made in the cloud needs an immutable id \
                  that this service knows"
            .to_owned(),
    })
}

/// Somebody who is not there yet.
fn newcomer(upn: String, wanted: &JoinerWanted<'_>) -> Person {
    Person {
        id: ObjectId::new(upn.clone()),
        upn,
        display_name: wanted.display_name.to_owned(),
        mail: None,
        sign_in_allowed: false,
        guest: false,
        synced: false,
        kind: AccountKind::Human,
        usage_location: None,
        department: None,
        job_title: None,
        employee_id: None,
        manager: None,
        password_changed_at: None,
        sessions_valid_from: None,
        attributes: BTreeMap::new(),
        synced_at: None,
    }
}

/// The facts about somebody who has nothing yet.
fn empty(
    person: Person,
    tenant: TenantFacts,
    joiner: Joiner,
    unchecked: Vec<Unchecked>,
    now: Timestamp,
) -> Facts {
    Facts {
        read_at: now,
        tenant,
        person,
        licenses: Vec::new(),
        memberships: Vec::new(),
        owned_groups: Vec::new(),
        owned_applications: Vec::new(),
        roles: Vec::new(),
        methods: Vec::new(),
        reports: Vec::new(),
        mailbox: MailboxFacts::None,
        meetings: Vec::new(),
        rights_elsewhere: Vec::new(),
        named: Vec::new(),
        unchecked,
        joiner: Some(joiner),
    }
}
