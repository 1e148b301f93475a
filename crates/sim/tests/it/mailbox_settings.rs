//! What is set on a mailbox: language, addresses, the archive, rights on its calendar.

use serde_json::{Value, json};
use sim::Faults;

use crate::client::contoso;
use crate::mailboxes::{Exchange, JOINER, licensed};

#[tokio::test(start_paused = true)]
async fn language_formats_and_time_zone() {
    let (_, exchange) = licensed(Faults::calm()).await;
    let get = || {
        exchange.row(
            "Get-MailboxRegionalConfiguration",
            json!({"Identity": JOINER}),
        )
    };
    let set = async |mut parameters: Value| {
        parameters["Identity"] = json!(JOINER);
        exchange
            .run("Set-MailboxRegionalConfiguration", parameters)
            .await
    };
    let refused = async |mut parameters: Value| {
        parameters["Identity"] = json!(JOINER);
        exchange
            .refusal("Set-MailboxRegionalConfiguration", parameters)
            .await
    };
    let fresh = get().await;
    assert_eq!(
        (&fresh["Language"], &fresh["TimeZone"]),
        (&Value::Null, &Value::Null)
    );
    let (status, _) =
        set(json!({"Language": "en-US", "TimeZone": "W. Europe Standard Time"})).await;
    assert_eq!(status, 200);
    let row = get().await;
    assert_eq!(
        (&row["DateFormat"], &row["TimeFormat"]),
        (&json!("M/d/yyyy"), &json!("h:mm tt"))
    );
    // The formats of the old language stand in the way of the new one until they are given up.
    let text = refused(json!({"Language": "de-DE"})).await;
    assert!(
        text.contains("DateFormat \"M/d/yyyy\" isn't valid for current language setting \"de-DE\"")
            && text.contains("dd.MM.yyyy"),
        "{text}"
    );
    assert_eq!(get().await, row, "a refused change changes nothing");
    let (status, _) = set(
        json!({"Language": "de-de", "DateFormat": null, "TimeFormat": null,
        "LocalizeDefaultFolderName": true}),
    )
    .await;
    assert_eq!(status, 200);
    let row = get().await;
    assert_eq!(
        (&row["Language"], &row["DateFormat"], &row["TimeZone"]),
        (
            &json!("de-DE"),
            &json!("dd.MM.yyyy"),
            &json!("W. Europe Standard Time")
        )
    );
    for (name, value) in [
        ("TimeZone", "Europe/Berlin"),
        ("Language", "german"),
        ("DateFormat", "MM-dd-yyyy"),
    ] {
        let mut parameters = json!({});
        parameters[name] = json!(value);
        assert!(refused(parameters).await.contains(value), "{name}");
    }
    the_calendar_is_called(&exchange, "Kalender").await;
}

/// The calendar has a new name, and the old one names nothing any more.
async fn the_calendar_is_called(exchange: &Exchange, name: &str) {
    let at = |folder: &str| json!({"Identity": format!("noor.vance@contoso.example:\\{folder}")});
    let text = exchange
        .refusal("Get-MailboxFolderPermission", at("Calendar"))
        .await;
    assert!(text.contains("ManagementObjectNotFoundException"), "{text}");
    let row = exchange.row("Get-MailboxFolderPermission", at(name)).await;
    assert_eq!(row["FolderName"], name);
    let prefixed = format!("smtp:noor.vance@contoso.example:\\{name}");
    let row = exchange
        .row("Get-MailboxFolderPermission", json!({"Identity": prefixed}))
        .await;
    assert_eq!(row["FolderName"], name);
    let folder = exchange
        .row(
            "Get-MailboxFolderStatistics",
            json!({"Identity": JOINER, "FolderScope": "Calendar"}),
        )
        .await;
    assert_eq!(folder["Name"], name);
    let by_id = format!("{JOINER}:{}", folder["FolderId"].as_str().unwrap());
    let row = exchange
        .row("Get-MailboxFolderPermission", json!({"Identity": by_id}))
        .await;
    assert_eq!(row["FolderName"], name);
}

#[tokio::test(start_paused = true)]
async fn addresses_come_and_go_and_are_unique() {
    let (client, exchange) = licensed(Faults::calm()).await;
    let change = |table: Value| {
        let mut table = table;
        table["@odata.type"] = json!("#Exchange.GenericHashTable");
        json!({"Identity": JOINER, "EmailAddresses": table})
    };
    let refused = async |table: Value| exchange.refusal("Set-Mailbox", change(table)).await;
    let (status, _) = exchange
        .run(
            "Set-Mailbox",
            change(json!({"add": ["n.vance@contoso.example", "SMTP:noor@contoso.example"]})),
        )
        .await;
    assert_eq!(status, 200);
    let user = client.truth().users[JOINER].clone();
    assert_eq!(user.mail.as_deref(), Some("noor@contoso.example"));
    assert_eq!(
        user.proxy_addresses,
        [
            "smtp:noor.vance@contoso.example",
            "smtp:noor.vance@contoso.onmicrosoft.example",
            "smtp:n.vance@contoso.example",
            "SMTP:noor@contoso.example",
        ]
    );
    for taken in [
        "henrik.dahl@contoso.example",
        "allstaff@contoso.example",
        "sales@contoso.example",
    ] {
        let text = refused(json!({"add": [taken]})).await;
        assert!(
            text.contains("ProxyAddressExistsException")
                && text.contains(&format!(
                    "The proxy address \"smtp:{taken}\" is already being used by"
                )),
            "{text}"
        );
    }
    let text = refused(json!({"add": ["noor@elsewhere.example"]})).await;
    assert!(text.contains("not an accepted domain"), "{text}");
    let text = refused(json!({"remove": ["noor@contoso.example"]})).await;
    assert!(text.contains("primary SMTP address"), "{text}");
    let text = refused(json!({"add": ["no address"]})).await;
    assert!(text.contains("no address"), "{text}");
    let (status, _) = exchange
        .run(
            "Set-Mailbox",
            change(json!({"remove": ["n.vance@contoso.example"]})),
        )
        .await;
    assert_eq!(status, 200);
    let addresses = client.truth().mailboxes[JOINER].email_addresses.clone();
    assert!(!addresses.iter().any(|address| address.contains("n.vance@")));
    let text = exchange
        .refusal(
            "Set-Mailbox",
            json!({"Identity": "sofia.rossi@contoso.example", "EmailAddresses": {
                "@odata.type": "#Exchange.GenericHashTable", "add": ["s.rossi@contoso.example"]}}),
        )
        .await;
    assert!(
        text.contains("synchronized from your on-premises"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_archive_needs_a_licence_and_comes_once() {
    let (_, exchange) = licensed(Faults::calm()).await;
    let archive = |identity: &str| json!({"Identity": identity, "Archive": true});
    let row = exchange.row("Enable-Mailbox", archive(JOINER)).await;
    assert_eq!(row["ArchiveStatus"], "Active");
    let row = exchange
        .row("Get-Mailbox", json!({"Identity": JOINER}))
        .await;
    assert_ne!(row["ArchiveGuid"], "00000000-0000-0000-0000-000000000000");
    let text = exchange.refusal("Enable-Mailbox", archive(JOINER)).await;
    assert!(text.contains("already has an archive"), "{text}");
    let text = exchange
        .refusal("Enable-Mailbox", archive("orders@contoso.example"))
        .await;
    assert!(text.contains("license"), "{text}");
    let (status, _) = exchange.run("Disable-Mailbox", archive(JOINER)).await;
    assert_eq!(status, 200);
    let text = exchange.refusal("Disable-Mailbox", archive(JOINER)).await;
    assert!(text.contains("doesn't have an archive"), "{text}");
    // Without the switch it would be the mailbox itself: said aloud, not done.
    let (status, _) = exchange
        .run("Disable-Mailbox", json!({"Identity": JOINER}))
        .await;
    assert_eq!(status, 501);
}

#[tokio::test(start_paused = true)]
async fn calendar_rights_are_added_once_and_then_set() {
    let (client, exchange) = licensed(Faults::calm()).await;
    let henrik = "henrik.dahl@contoso.example";
    let entry = |user: &str, rights: &str| json!({"Identity": "noor.vance@contoso.example:\\Calendar", "User": user, "AccessRights": [rights]});
    let text = exchange
        .refusal("Set-MailboxFolderPermission", entry(henrik, "Editor"))
        .await;
    assert!(
        text.contains("UserNotFoundInPermissionEntryException"),
        "{text}"
    );
    let row = exchange
        .row("Add-MailboxFolderPermission", entry(henrik, "Reviewer"))
        .await;
    assert_eq!(
        (&row["User"], &row["AccessRights"]),
        (&json!("Henrik Dahl"), &json!(["Reviewer"]))
    );
    let text = exchange
        .refusal("Add-MailboxFolderPermission", entry(henrik, "Editor"))
        .await;
    assert!(
        text.contains("An existing permission entry was found for user: Henrik Dahl."),
        "{text}"
    );
    let text = exchange
        .refusal("Add-MailboxFolderPermission", entry("Default", "Reviewer"))
        .await;
    assert!(
        text.contains("UserAlreadyExistsInPermissionEntryException"),
        "{text}"
    );
    for (user, rights) in [(henrik, "Editor"), ("Default", "LimitedDetails")] {
        let (status, _) = exchange
            .run("Set-MailboxFolderPermission", entry(user, rights))
            .await;
        assert_eq!(status, 200);
    }
    let mailbox = client.truth().mailboxes[JOINER].clone();
    assert_eq!(
        mailbox.calendar_default,
        Some(vec!["LimitedDetails".to_owned()])
    );
    assert_eq!(
        mailbox.calendar_permissions[&contoso("user henrik.dahl")],
        ["Editor"]
    );
    for stranger in ["nobody@contoso.example", "allstaff@contoso.example"] {
        let text = exchange
            .refusal("Add-MailboxFolderPermission", entry(stranger, "Editor"))
            .await;
        assert!(text.contains("there is no matching information"), "{text}");
    }
    let text = exchange
        .refusal("Add-MailboxFolderPermission", entry(henrik, "Ruler"))
        .await;
    assert!(text.contains("PublishingEditor"), "{text}");
}
