//! What is read for somebody who comes, against a small tenant that answers filters as Graph documents them.

mod directory;

use connectors::facts::{FactsError, JoinerWanted, read_joiner};
use connectors::{Ctx, Purpose};
use domain::facts::{Facts, Joiner};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::script::connection;
use directory::{Directory, group, user};

const ADA: &str = "a0000000-0000-4000-8000-00000000000a";
const BEN: &str = "b0000000-0000-4000-8000-00000000000b";

/// What is wished for by somebody called Ada King who has nothing yet.
struct Wish {
    candidates: Vec<String>,
    domain: Option<&'static str>,
    address: Option<&'static str>,
    reserved: Vec<String>,
    employee_id: Option<&'static str>,
    groups: Vec<String>,
    mailboxes: Vec<String>,
    copy_from: Option<&'static str>,
    chosen: Option<&'static str>,
}

fn wish(candidates: &[&str]) -> Wish {
    Wish {
        candidates: texts(candidates),
        domain: None,
        address: None,
        reserved: Vec::new(),
        employee_id: None,
        groups: Vec::new(),
        mailboxes: Vec::new(),
        copy_from: None,
        chosen: None,
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The facts, and how many requests they cost.
async fn read(directory: Directory, wish: &Wish) -> (Result<Facts, FactsError>, Vec<String>) {
    let script = directory.serve();
    let names = texts(&["henrik.dahl@contoso.example"]);
    let wanted = JoinerWanted {
        candidates: &wish.candidates,
        domain: wish.domain,
        address: wish.address,
        reserved: &wish.reserved,
        employee_id: wish.employee_id,
        display_name: "Ada King",
        groups: &wish.groups,
        mailboxes: &wish.mailboxes,
        copy_from: wish.copy_from,
        names: &names,
        chosen: wish.chosen,
        now: "2026-11-20T10:00:00Z".parse::<Timestamp>().unwrap(),
    };
    let facts = read_joiner(&connection(&script), &Ctx::of(Purpose::Plan), wanted).await;
    let calls = script.calls().into_iter().map(|call| call.url).collect();
    (facts, calls)
}

async fn joiner(directory: Directory, wish: &Wish) -> (Facts, Joiner) {
    let facts = read(directory, wish).await.0.unwrap();
    let joiner = facts.joiner.clone().unwrap();
    (facts, joiner)
}

fn tried(joiner: &Joiner) -> Vec<(&str, Option<&str>)> {
    let names = joiner.names.iter();
    names
        .map(|name| (name.upn.as_str(), name.taken.as_deref()))
        .collect()
}

fn ada() -> Value {
    let mut ada = user(ADA, "ada.king", "Ada King");
    ada["employeeId"] = json!("4711");
    ada
}

/// A tenant in which names are taken in every way there is.
fn crowded() -> Directory {
    let mut directory = Directory::default();
    directory.users.push(user(ADA, "ada.king", "Ada King"));
    let mut ben = user(BEN, "ben.okoro", "Ben Okoro");
    ben["proxyAddresses"] = json!([
        "SMTP:ben.okoro@contoso.example",
        "smtp:a.king@contoso.example"
    ]);
    directory.users.push(ben);
    let mut named_alike = user("c", "someone.else", "Someone Else");
    named_alike["mailNickname"] = json!("Ada");
    directory.users.push(named_alike);
    directory
        .groups
        .push(group("g", "Kings", Some("king@contoso.example")));
    directory.recipients.push(json!({
        "DisplayName": "Ada Outside", "RecipientTypeDetails": "MailContact", "Alias": "outside",
        "EmailAddresses": ["SMTP:ada.outside@partner.example", "smtp:aking@contoso.example"],
    }));
    directory
}

#[tokio::test(start_paused = true)]
async fn the_first_free_name_is_found_and_every_taken_one_says_why() {
    let mut wish = wish(&[
        "ada.king", "a.king", "ada", "king", "aking", "Ada.King", "adá", "k.ada", "kinga",
        "kingada",
    ]);
    wish.reserved = texts(&["K.Ada@Contoso.Example"]);
    let (facts, calls) = read(crowded(), &wish).await;
    let facts = facts.unwrap();
    let joiner = facts.joiner.clone().unwrap();
    let at = |name: &str| format!("{name}@contoso.example");
    assert_eq!(
        tried(&joiner),
        [
            (
                at("ada.king").as_str(),
                Some("Ada King <ada.king@contoso.example> signs in with it")
            ),
            (
                at("a.king").as_str(),
                Some("it is an address of Ben Okoro <ben.okoro@contoso.example>")
            ),
            (
                at("ada").as_str(),
                Some("Someone Else <someone.else@contoso.example> has the alias ada")
            ),
            (
                at("king").as_str(),
                Some("it is an address of the group “Kings”")
            ),
            (
                at("aking").as_str(),
                Some("it is an address of “Ada Outside” in Exchange (MailContact)")
            ),
            (
                at("adá").as_str(),
                Some("it is too long, or has a character that a sign-in name cannot have")
            ),
            (
                at("k.ada").as_str(),
                Some("another approved plan has reserved it")
            ),
            (at("kinga").as_str(), None),
        ]
    );
    assert!(joiner.new);
    assert_eq!(
        (facts.person.id.as_str(), facts.person.upn.as_str()),
        (at("kinga").as_str(), at("kinga").as_str())
    );
    assert_eq!(
        (
            facts.person.display_name.as_str(),
            facts.person.sign_in_allowed
        ),
        ("Ada King", false)
    );
    assert_eq!(facts.tenant.domains.len(), 2, "verified ones only");
    assert_eq!(facts.unchecked, []);
    assert_eq!(facts.named[0].found.len(), 1, "the manager");
    assert!(calls.len() <= 4, "two rounds: {calls:#?}");
}

#[tokio::test(start_paused = true)]
async fn more_names_are_asked_about_only_when_the_first_ten_are_taken() {
    let mut directory = Directory::default();
    let mut names = vec!["ada".to_owned()];
    names.extend((2..=30).map(|n| format!("ada{n}")));
    for name in &names[..10] {
        directory.users.push(user(name, name, "Ada"));
    }
    let wish = Wish {
        candidates: names.clone(),
        ..wish(&[])
    };
    let (facts, calls) = read(directory.clone(), &wish).await;
    let joiner = facts.unwrap().joiner.unwrap();
    assert_eq!(joiner.names.len(), 11);
    assert_eq!(joiner.names[10].upn, "ada11@contoso.example");
    assert!(joiner.names[..10].iter().all(|name| name.taken.is_some()));
    let recipients = calls.iter().filter(|url| url.contains("InvokeCommand"));
    assert_eq!(
        recipients.count(),
        2,
        "one question for each ten: {calls:#?}"
    );

    let few = Wish {
        candidates: names[..3].to_vec(),
        ..wish
    };
    let (facts, joiner) = self::joiner(directory, &few).await;
    assert_eq!(joiner.names.len(), 3);
    assert_eq!(
        facts.person.id.as_str(),
        "",
        "nobody may be written to by a name that somebody has"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_in_an_unverified_domain_is_told_and_asked_of_nobody() {
    let mut wish = wish(&["ada.king", "ada@contoso.example"]);
    wish.domain = Some("unproven.example");
    let (_, joiner) = joiner(Directory::default(), &wish).await;
    assert_eq!(
        tried(&joiner),
        [
            (
                "ada.king@unproven.example",
                Some("its domain is not verified in this tenant")
            ),
            ("ada@contoso.example", None),
        ]
    );
    wish.candidates.truncate(1);
    let (facts, calls) = read(Directory::default(), &wish).await;
    assert_eq!(facts.unwrap().person.upn, "");
    assert!(
        !calls.iter().any(|url| url.contains("InvokeCommand")),
        "{calls:?}"
    );

    wish.domain = Some("sts.contoso.example");
    let (facts, _) = self::joiner(Directory::default(), &wish).await;
    assert_eq!(facts.unchecked[0].what, "sign-in in sts.contoso.example");
}

#[tokio::test(start_paused = true)]
async fn somebody_deleted_keeps_the_name_busy_and_shows_by_employee_id() {
    let mut directory = Directory::default();
    let mut gone = ada();
    gone["userPrincipalName"] = json!(format!("{}ada.king@contoso.example", ADA.replace('-', "")));
    gone["deletedDateTime"] = json!("2026-11-03T09:30:00Z");
    directory.deleted.push(gone);
    let mut wish = wish(&["ada.king", "a.king", "king@contoso.example"]);
    wish.employee_id = Some("4711");
    let (facts, joiner) = joiner(directory, &wish).await;
    assert_eq!(
        tried(&joiner),
        [
            (
                "ada.king@contoso.example",
                Some(
                    "Ada King <ada.king@contoso.example> had it and was deleted on 2026-11-03: the account could be restored until 2026-12-03"
                )
            ),
            ("a.king@contoso.example", None),
        ]
    );
    assert_eq!(facts.unchecked.len(), 1);
    assert_eq!(
        facts.unchecked[0].what,
        "whether an earlier account of employee id 4711 should come back instead"
    );
    assert!(
        facts.unchecked[0]
            .because
            .contains("restored until 2026-12-03")
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_who_is_there_already_is_onboarded_in_place() {
    let mut directory = Directory::default();
    let mut known = ada();
    known["givenName"] = json!("Ada");
    known["businessPhones"] = json!(["+44 20 7946 0000"]);
    known["officeLocation"] = json!("");
    known["onPremisesSyncEnabled"] = json!(true);
    known["onPremisesLastSyncDateTime"] = json!("2026-11-20T09:40:00Z");
    known["department"] = json!("Sales");
    directory.users.push(known);
    let mut by_address = wish(&["somebody.new"]);
    by_address.address = Some("Ada.King@contoso.example");
    let mut by_id = wish(&["somebody.new"]);
    by_id.employee_id = Some("4711");
    by_id.address = Some("somebody.new@contoso.example");
    for wish in [by_address, by_id] {
        let (facts, calls) = read(directory.clone(), &wish).await;
        let facts = facts.unwrap();
        assert_eq!(
            facts.joiner,
            Some(Joiner::default()),
            "not new, and no name was tried"
        );
        assert_eq!(
            (facts.person.id.as_str(), facts.person.department.as_deref()),
            (ADA, Some("Sales"))
        );
        let parts: Vec<(&str, &str)> = facts
            .person
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            parts,
            [("given-name", "Ada"), ("phone", "+44 20 7946 0000")]
        );
        assert_eq!(
            facts.person.synced_at.as_deref(),
            Some("2026-11-20T09:40:00Z")
        );
        assert_eq!(
            facts.unchecked,
            [],
            "rights elsewhere are nothing to look for"
        );
        let sku = &facts.tenant.skus[0];
        assert_eq!(sku.titles, ["Microsoft 365 E3", "M365 E3"]);
        let plans: Vec<_> = sku
            .plans
            .iter()
            .map(|plan| (plan.name.as_str(), plan.family.as_deref()))
            .collect();
        assert_eq!(
            plans,
            [
                ("EXCHANGE_S_ENTERPRISE", Some("Exchange Online")),
                ("TEAMS1", None)
            ]
        );
        assert!(calls.len() <= 10, "{calls:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_no_sign_in_name_finds_its_owner_but_a_further_address_does_not() {
    let mut directory = Directory::default();
    let mut known = ada();
    known["mail"] = json!("ada+crew@contoso.example");
    known["proxyAddresses"] = json!([
        "SMTP:ada+crew@contoso.example",
        "smtp:b.okoro@contoso.example"
    ]);
    directory.users.push(known);
    let mut wish = wish(&["somebody.new"]);
    wish.address = Some("Ada+Crew@contoso.example");
    let (facts, joiner) = joiner(directory.clone(), &wish).await;
    assert_eq!((facts.person.id.as_str(), joiner.new), (ADA, false));

    // Ada has taken over the address of somebody who left: that makes her nobody who comes.
    wish.address = Some("b.okoro@contoso.example");
    let (_, joiner) = self::joiner(directory, &wish).await;
    assert!(joiner.new);
    assert_eq!(
        tried(&joiner)[0].1,
        Some("it is an address of Ada King <ada.king@contoso.example>")
    );
}

#[tokio::test(start_paused = true)]
async fn two_people_of_one_employee_id_are_not_chosen_from() {
    let mut directory = Directory::default();
    directory.users.push(ada());
    let mut ben = user(BEN, "ben.okoro", "Ben Okoro");
    ben["employeeId"] = json!("0815");
    directory.users.push(ben.clone());
    let mut wish = wish(&["somebody.new"]);
    wish.address = Some("ben.okoro@contoso.example");
    wish.employee_id = Some("4711");
    let error = read(directory.clone(), &wish).await.0.unwrap_err();
    let FactsError::Several { written, found } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (written.as_str(), found.len()),
        ("ben.okoro@contoso.example, employee id 4711", 2)
    );

    wish.address = None;
    directory.users[1]["employeeId"] = json!("4711");
    let error = read(directory, &wish).await.0.unwrap_err();
    assert!(matches!(error, FactsError::Several { found, .. } if found.len() == 2));
}

#[tokio::test(start_paused = true)]
async fn groups_mailboxes_and_the_colleague_are_found_or_told_missing() {
    let mut directory = Directory::default();
    directory.users.push(user(BEN, "ben.okoro", "Ben Okoro"));
    directory.groups.push(group("1", "Sales", None));
    directory
        .groups
        .push(group("2", "sales", Some("sales@contoso.example")));
    let mut news = group("3", "O'Neill News", Some("news@contoso.example"));
    news["mailEnabled"] = json!(true);
    news["proxyAddresses"] = json!(["SMTP:news@contoso.example", "smtp:bulletin@contoso.example"]);
    directory.groups.push(news);
    directory.member_of.push((BEN, "3"));
    directory
        .mailboxes
        .push(("orders@contoso.example", "SharedMailbox"));
    let mut wish = wish(&["ada.king"]);
    wish.groups = texts(&[
        "Sales",
        "o'neill news",
        "Bulletin@contoso.example",
        "Nobody's",
    ]);
    wish.mailboxes = texts(&[
        "orders@contoso.example",
        "gone@contoso.example",
        "ambiguous",
    ]);
    wish.copy_from = Some("Ben Okoro");
    let (facts, calls) = read(directory, &wish).await;
    let facts = facts.unwrap();
    let joiner = facts.joiner.unwrap();
    let ids: Vec<Vec<&str>> = joiner
        .groups
        .iter()
        .map(|named| named.found.iter().map(|group| group.id.as_str()).collect())
        .collect();
    assert_eq!(ids, [vec!["1", "2"], vec!["3"], vec!["3"], vec![]]);
    assert!(joiner.groups[1].found[0].is_list());
    let found: Vec<Option<&str>> = joiner
        .mailboxes
        .iter()
        .map(|named| named.found.as_ref().map(|found| found.kind.as_str()))
        .collect();
    assert_eq!(found, [Some("SharedMailbox"), None, None]);
    let unread: Vec<bool> = joiner
        .mailboxes
        .iter()
        .map(|named| named.unread.is_some())
        .collect();
    assert_eq!(unread, [false, false, true], "missing is not unread");
    let copied = joiner.copied.unwrap();
    assert_eq!(
        (
            copied.person.id.as_str(),
            copied.memberships[0].name.as_str()
        ),
        (BEN, "O'Neill News")
    );
    assert!(calls.len() <= 6, "{calls:#?}");
}

#[tokio::test(start_paused = true)]
async fn before_the_run_only_the_chosen_name_is_looked_at() {
    let mut wish = wish(&["ada.king", "a.king"]);
    wish.chosen = Some("a.king@contoso.example");
    wish.address = Some("ben.okoro@contoso.example");
    wish.reserved = texts(&["a.king@contoso.example"]);
    let mut directory = Directory::default();
    directory.users.push(user(BEN, "ben.okoro", "Ben Okoro"));
    let (facts, joiner) = joiner(directory.clone(), &wish).await;
    assert_eq!(
        tried(&joiner),
        [("a.king@contoso.example", None)],
        "our own reservation"
    );
    assert_eq!(facts.person.id.as_str(), "a.king@contoso.example");

    let mut taken = directory.clone();
    taken
        .groups
        .push(group("g", "Kings", Some("a.king@contoso.example")));
    let (facts, joiner) = self::joiner(taken, &wish).await;
    assert_eq!(
        tried(&joiner),
        [(
            "a.king@contoso.example",
            Some("it is an address of the group “Kings”")
        )]
    );
    assert_eq!(
        facts.person.id.as_str(),
        "a.king@contoso.example",
        "still the plan's person"
    );

    directory.users.push(user(ADA, "a.king", "Ada King"));
    let (facts, joiner) = self::joiner(directory, &wish).await;
    assert!(!joiner.new, "created meanwhile");
    assert_eq!(facts.person.id.as_str(), ADA);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_once_and_the_rest_goes_on() {
    let directory = Directory {
        exchange_refuses: true,
        bin_refuses: true,
        ..Directory::default()
    };
    let mut wish = wish(&["ada.king"]);
    wish.mailboxes = texts(&["orders@contoso.example"]);
    let (facts, joiner) = joiner(directory, &wish).await;
    assert_eq!(tried(&joiner), [("ada.king@contoso.example", None)]);
    let [orders] = joiner.mailboxes.as_slice() else {
        panic!("{:?}", joiner.mailboxes);
    };
    let unread = orders.unread.as_deref().unwrap();
    assert!(unread.contains("Exchange.ManageAsApp"), "{unread}");
    let gaps: Vec<&str> = facts
        .unchecked
        .iter()
        .map(|gap| gap.what.as_str())
        .collect();
    assert_eq!(
        gaps,
        [
            "deleted accounts",
            "addresses of contacts and lists in Exchange"
        ]
    );
    assert!(
        facts
            .unchecked
            .iter()
            .all(|gap| gap.because.contains("not granted"))
    );
}

#[tokio::test(start_paused = true)]
async fn accounts_of_the_same_name_are_told_with_what_they_share() {
    let mut directory = Directory::default();
    let mut namesake = ada();
    namesake["department"] = json!("Sales");
    namesake["manager"] = json!({ "id": BEN, "displayName": "Ben Okoro", "userPrincipalName": "ben.okoro@contoso.example" });
    directory.users.push(namesake);
    let mut wish = wish(&["ada.king2"]);
    let (_, joiner) = joiner(directory.clone(), &wish).await;
    let [one] = joiner.namesakes.as_slice() else {
        panic!("{:?}", joiner.namesakes);
    };
    assert_eq!(one.person.id.as_str(), ADA);
    assert_eq!(
        (one.department.as_deref(), one.employee_id.as_deref()),
        (Some("Sales"), Some("4711"))
    );
    assert_eq!(one.manager.as_ref().unwrap().id.as_str(), BEN);
    wish.chosen = Some("ada.king2@contoso.example");
    let (_, joiner) = self::joiner(directory, &wish).await;
    assert_eq!(joiner.namesakes, []);
}
