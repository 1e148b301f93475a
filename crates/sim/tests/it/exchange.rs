//! The Exchange admin API as a caller meets it: conversions, rights, lists, rules, calendars, errors, pages and batches.

mod lab;

use std::time::Duration;

use serde_json::{Value, json};

use self::lab::{ADA, BO, GLOBAL_READER, Lab, RECIPIENT_ADMINISTRATOR, SHARED};

/// `id|exception|text` of a refusal.
fn detail(body: &Value) -> &str {
    body["error"]["details"][0]["message"]
        .as_str()
        .unwrap_or("")
}

/// What stands where a refusal has no details.
fn internal(body: &Value) -> &str {
    body["error"]["innererror"]["internalexception"]["message"]
        .as_str()
        .unwrap_or("")
}

fn warnings(body: &Value) -> &str {
    body["@adminapi.warnings"][0].as_str().unwrap_or("")
}

fn column<'a>(body: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = body["value"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    rows.iter()
        .map(|row| row[name].as_str().unwrap_or(""))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_answers_to_all_its_names_and_to_no_other() {
    let lab = Lab::calm().await;
    for name in [
        ADA,
        "ada@contoso.com",
        "ADA.lovelace@contoso.com",
        "ada",
        "Ada Lovelace",
    ] {
        let (status, body) = lab.run("Get-Mailbox", json!({ "Identity": name })).await;
        assert_eq!(
            (status, &body["value"][0]["ExternalDirectoryObjectId"]),
            (200, &json!(ADA)),
            "{name}"
        );
    }
    let (status, body) = lab
        .run("Get-Mailbox", json!({ "Identity": "nobody@contoso.com" }))
        .await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("NotFound")));
    assert!(detail(&body).starts_with(
        "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|"
    ));
    // The licence went first, and the mailbox with it.
    let (status, _) = lab
        .run("Get-Mailbox", json!({ "Identity": "lost@contoso.com" }))
        .await;
    assert_eq!(status, 404);
    // Two people of one name.
    let (_, body) = lab
        .run("Get-Mailbox", json!({ "Identity": "Sam Twin" }))
        .await;
    assert!(detail(&body).contains("ManagementObjectAmbiguousException"));
}

#[tokio::test(start_paused = true)]
async fn what_a_cmdlet_does_not_take_is_refused_as_the_service_does() {
    let lab = Lab::calm().await;
    let (status, body) = lab
        .run("Get-Mailbox", json!({ "Identity": ADA, "Bogus": 1 }))
        .await;
    assert_eq!(status, 400);
    assert_eq!(
        detail(&body),
        "|Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException|Parameter set cannot be resolved using \
         the specified named parameters. Invalid cmdlet parameters specified. Bogus"
    );
    let (status, body) = lab
        .run("Set-Mailbox", json!({ "Identity": ADA, "Type": "Sharde" }))
        .await;
    assert_eq!((status, &body["error"]["details"]), (400, &Value::Null));
    assert!(internal(&body).contains("Regular, Room, Equipment, Shared"));
    let (status, _) = lab.run("Set-Mailbox", json!({ "Type": "Shared" })).await;
    assert_eq!(status, 400);
    // A parameter of the real cmdlet that is not modelled is never ignored.
    let (status, _) = lab
        .run(
            "Set-Mailbox",
            json!({ "Identity": ADA, "CustomAttribute1": "x" }),
        )
        .await;
    assert_eq!(status, 501);
    let (status, body) = lab.run("Set-Mailbux", json!({})).await;
    assert_eq!((status, body), (403, Value::Null));
    assert!(lab.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reader_reads_and_a_recipient_manager_cannot_bypass_owners() {
    let lab = Lab::with_role(GLOBAL_READER).await;
    assert_eq!(
        lab.run("Get-Mailbox", json!({ "Identity": ADA })).await.0,
        200
    );
    assert_eq!(
        lab.run("Set-Mailbox", json!({ "Identity": ADA, "Type": "Shared" }))
            .await,
        (403, Value::Null)
    );
    let lab = Lab::with_role(RECIPIENT_ADMINISTRATOR).await;
    let member = json!({ "Identity": "staff@contoso.com", "Member": ADA, "BypassSecurityGroupManagerCheck": true, "Confirm": false });
    let (status, body) = lab.run("Remove-DistributionGroupMember", member).await;
    assert_eq!(status, 400);
    assert!(
        detail(&body)
            .ends_with("Invalid cmdlet parameters specified. BypassSecurityGroupManagerCheck")
    );
    assert!(lab.changes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_conversion_takes_its_time_and_happens_once() {
    let lab = Lab::unkind().await;
    let kind = || async {
        let (_, body) = lab.run("Get-Mailbox", json!({ "Identity": ADA })).await;
        body["value"][0]["RecipientTypeDetails"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    let shared = || lab.run("Set-Mailbox", json!({ "Identity": ADA, "Type": "Shared" }));
    let (status, body) = shared().await;
    assert_eq!(
        (status, &body["value"], warnings(&body)),
        (200, &json!([]), "")
    );
    tokio::time::advance(Duration::from_secs(7)).await;
    assert_eq!(kind().await, "UserMailbox");
    // Asked again: nothing to modify. Asked for something else meanwhile: busy.
    assert!(warnings(&shared().await.1).contains("completed successfully but no settings of"));
    let (status, body) = lab
        .run("Set-Mailbox", json!({ "Identity": ADA, "Type": "Room" }))
        .await;
    assert_eq!(status, 500);
    assert!(detail(&body).contains("Server busy"));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(kind().await, "SharedMailbox");
    let kinds: Vec<Value> = lab
        .changes()
        .into_iter()
        .filter(|change| change.field == "kind")
        .map(|change| change.after)
        .collect();
    assert_eq!(kinds, [json!("SharedMailbox")]);
}

#[tokio::test(start_paused = true)]
async fn reads_lag_behind_writes() {
    let lab = Lab::lagging(2_000).await;
    lab.run(
        "Set-Mailbox",
        json!({ "Identity": ADA, "HiddenFromAddressListsEnabled": true }),
    )
    .await;
    let hidden = || async {
        lab.run("Get-Mailbox", json!({ "Identity": ADA })).await.1["value"][0]["HiddenFromAddressListsEnabled"].clone()
    };
    assert_eq!(hidden().await, json!(false));
    tokio::time::advance(Duration::from_millis(2_100)).await;
    assert_eq!(hidden().await, json!(true));
    let (_, body) = lab
        .run(
            "Set-Mailbox",
            json!({ "Identity": ADA, "HiddenFromAddressListsEnabled": true }),
        )
        .await;
    assert!(warnings(&body).contains("no settings of"));
    assert_eq!(lab.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn forwarding_and_send_on_behalf_are_read_back_as_the_service_shows_them() {
    let lab = Lab::calm().await;
    let table =
        |key: &str| json!({ "@odata.type": "#Exchange.GenericHashTable", key: ["bo@contoso.com"] });
    let wish = json!({ "Identity": ADA, "ForwardingAddress": "bo@contoso.com", "ForwardingSmtpAddress": "out@example.net",
        "DeliverToMailboxAndForward": true, "GrantSendOnBehalfTo": table("add") });
    assert_eq!(lab.run("Set-Mailbox", wish).await.0, 200);
    let row = lab.run("Get-Mailbox", json!({ "Identity": ADA })).await.1["value"][0].clone();
    assert_eq!(row["ForwardingSmtpAddress"], "smtp:out@example.net");
    // By Name, which is neither an address nor the display name.
    assert_eq!(row["ForwardingAddress"], BO);
    assert_eq!(row["GrantSendOnBehalfTo"], json!([BO]));
    assert_eq!(row["GrantSendOnBehalfTo@odata.type"], "#Collection(String)");
    let wish = json!({ "Identity": ADA, "ForwardingAddress": null, "ForwardingSmtpAddress": null, "GrantSendOnBehalfTo": table("remove") });
    lab.run("Set-Mailbox", wish).await;
    let row = lab.run("Get-Mailbox", json!({ "Identity": ADA })).await.1["value"][0].clone();
    assert_eq!(
        (&row["ForwardingAddress"], &row["GrantSendOnBehalfTo"]),
        (&Value::Null, &json!([]))
    );
    // Mastered on-premises.
    let wish = json!({ "Identity": "syd@contoso.com", "HiddenFromAddressListsEnabled": true });
    let (status, body) = lab.run("Set-Mailbox", wish).await;
    assert_eq!(status, 400);
    assert!(
        detail(&body).contains(
            "because the object is being synchronized from your on-premises organization"
        )
    );
    assert_eq!(
        lab.run(
            "Set-Mailbox",
            json!({ "Identity": "syd@contoso.com", "Type": "Shared" })
        )
        .await
        .0,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn automatic_replies_come_back_wrapped() {
    let lab = Lab::calm().await;
    let wish = json!({ "Identity": ADA, "AutoReplyState": "Enabled", "InternalMessage": "Gone.", "ExternalAudience": "Known" });
    let (status, body) = lab.run("Set-MailboxAutoReplyConfiguration", wish).await;
    assert_eq!((status, &body["value"]), (200, &json!([])));
    let row = lab
        .run(
            "Get-MailboxAutoReplyConfiguration",
            json!({ "Identity": ADA }),
        )
        .await
        .1["value"][0]
        .clone();
    assert_eq!(
        (&row["AutoReplyState"], &row["ExternalAudience"]),
        (&json!("Enabled"), &json!("Known"))
    );
    assert_eq!(
        row["InternalMessage"],
        "<html>\n<body>\nGone.\n</body>\n</html>\n"
    );
}

#[tokio::test(start_paused = true)]
async fn rights_are_given_and_taken_with_warnings_instead_of_errors() {
    let lab = Lab::calm().await;
    let full = || json!({ "Identity": SHARED, "User": "ada@contoso.com", "AccessRights": ["FullAccess"], "Confirm": false });
    let (_, body) = lab
        .run("Get-MailboxPermission", json!({ "Identity": SHARED }))
        .await;
    assert_eq!(
        column(&body, "User"),
        ["NT AUTHORITY\\SELF", "ada@contoso.com"]
    );
    assert_eq!(
        body["value"][0]["AccessRights"],
        json!(["FullAccess, ReadPermission"])
    );
    let (status, body) = lab.run("Add-MailboxPermission", full()).await;
    assert!(status == 200 && warnings(&body).contains("access control entry is already present"));
    lab.run("Remove-MailboxPermission", full()).await;
    let (status, body) = lab.run("Remove-MailboxPermission", full()).await;
    assert!(status == 200 && warnings(&body).contains("the ACE doesn't exist"));
    let (status, _) = lab.run("Add-MailboxPermission", json!({ "Identity": SHARED, "User": "staff@contoso.com", "AccessRights": "FullAccess" })).await;
    assert_eq!(status, 400, "a distribution list cannot hold rights");

    // One question over the whole organisation.
    let (_, body) = lab
        .run(
            "Get-RecipientPermission",
            json!({ "Trustee": ADA, "ResultSize": "Unlimited" }),
        )
        .await;
    assert_eq!(column(&body, "Identity"), ["support"]);
    let send_as =
        json!({ "Identity": SHARED, "Trustee": ADA, "AccessRights": ["SendAs"], "Confirm": false });
    lab.run("Remove-RecipientPermission", send_as).await;
    let (_, body) = lab
        .run("Get-RecipientPermission", json!({ "Trustee": ADA }))
        .await;
    assert_eq!(body["value"], json!([]));

    let calendar = || json!({ "Identity": format!("{SHARED}:\\Calendar"), "User": ADA });
    let (_, body) = lab.run("Get-MailboxFolderPermission", calendar()).await;
    assert_eq!(column(&body, "User"), ["Ada Lovelace"]);
    assert_eq!(
        lab.run("Remove-MailboxFolderPermission", calendar())
            .await
            .0,
        200
    );
    let (status, body) = lab.run("Remove-MailboxFolderPermission", calendar()).await;
    assert_eq!(status, 404);
    assert!(detail(&body).contains("UserNotFoundInPermissionEntryException"));
    assert_eq!(lab.changes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn rules_go_one_by_one_and_system_rules_stay() {
    let lab = Lab::calm().await;
    let (_, body) = lab.run("Get-InboxRule", json!({ "Mailbox": ADA })).await;
    assert_eq!(column(&body, "Name"), ["to home"]);
    assert_eq!(
        body["value"][0]["RuleIdentity"].as_u64(),
        Some(15_394_007_230_974_001_153)
    );
    let (_, body) = lab
        .run(
            "Get-InboxRule",
            json!({ "Mailbox": ADA, "IncludeHidden": true }),
        )
        .await;
    assert_eq!(column(&body, "Name"), ["Junk E-mail Rule", "to home"]);
    let identities: Vec<String> = column(&body, "Identity")
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        lab.run(
            "Remove-InboxRule",
            json!({ "Mailbox": ADA, "Identity": identities[0], "Confirm": false })
        )
        .await
        .0,
        400
    );
    assert_eq!(
        lab.run(
            "Remove-InboxRule",
            json!({ "Identity": identities[1], "Confirm": false })
        )
        .await
        .0,
        200
    );
    assert_eq!(
        lab.run(
            "Remove-InboxRule",
            json!({ "Identity": identities[1], "Confirm": false })
        )
        .await
        .0,
        404
    );
    assert_eq!(lab.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_partnership_is_removed_once() {
    let lab = Lab::calm().await;
    let (_, body) = lab
        .run(
            "Get-MobileDevice",
            json!({ "Mailbox": ADA, "ResultSize": "Unlimited" }),
        )
        .await;
    let identity = column(&body, "Identity")[0].to_owned();
    assert_eq!(
        identity,
        format!("{ADA}\\ExchangeActiveSyncDevices\\EAS§iPhone§APPL1")
    );
    let (_, body) = lab
        .run(
            "Get-MobileDeviceStatistics",
            json!({ "Identity": identity }),
        )
        .await;
    assert_eq!(column(&body, "Status"), ["DeviceOk"]);
    assert_eq!(
        lab.run(
            "Remove-MobileDevice",
            json!({ "Identity": identity, "Confirm": false })
        )
        .await
        .0,
        200
    );
    assert_eq!(
        lab.run(
            "Remove-MobileDevice",
            json!({ "Identity": identity, "Confirm": false })
        )
        .await
        .0,
        404
    );
    assert_eq!(lab.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn meetings_are_called_off_later_and_only_by_a_mailbox_that_can_send() {
    let lab = Lab::unkind().await;
    let wish = |who: &str| json!({ "Identity": who, "CancelOrganizedMeetings": true, "QueryWindowInDays": 365, "Confirm": false });
    let (status, body) = lab
        .run("Remove-CalendarEvents", wish("locked@contoso.com"))
        .await;
    assert_eq!(status, 400);
    assert!(detail(&body).contains("isn't enabled to send mail"));
    let mut preview = wish(ADA);
    preview["PreviewOnly"] = json!(true);
    let (_, body) = lab.run("Remove-CalendarEvents", preview).await;
    assert!(warnings(&body).contains("queued"));
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(lab.meetings(), ["alone", "past", "series", "soon"]);
    assert_eq!(lab.run("Remove-CalendarEvents", wish(ADA)).await.0, 200);
    assert_eq!(lab.meetings(), ["alone", "past", "series", "soon"]);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(lab.meetings(), ["alone", "past"]);
}

#[tokio::test(start_paused = true)]
async fn list_members_change_by_owner_or_bypass_and_never_twice() {
    let lab = Lab::calm().await;
    let plain = || json!({ "Identity": "staff@contoso.com", "Member": ADA, "Confirm": false });
    let bypass = || json!({ "Identity": "staff@contoso.com", "Member": ADA, "BypassSecurityGroupManagerCheck": true, "Confirm": false });
    let (_, body) = lab
        .run(
            "Get-DistributionGroupMember",
            json!({ "Identity": "staff@contoso.com" }),
        )
        .await;
    assert_eq!(column(&body, "ExternalDirectoryObjectId"), [ADA, BO]);
    let (status, body) = lab.run("Remove-DistributionGroupMember", plain()).await;
    assert_eq!(status, 400);
    assert!(detail(&body).contains("OperationRequiresGroupManagerException"));
    assert_eq!(
        lab.run("Remove-DistributionGroupMember", bypass()).await.0,
        200
    );
    let (status, body) = lab.run("Remove-DistributionGroupMember", bypass()).await;
    assert_eq!(status, 400);
    assert!(
        detail(&body).contains("|Microsoft.Exchange.Management.Tasks.MemberNotFoundException|")
    );
    assert_eq!(
        lab.run("Add-DistributionGroupMember", bypass()).await.0,
        200
    );
    let (_, body) = lab.run("Add-DistributionGroupMember", bypass()).await;
    assert!(
        detail(&body)
            .contains("|Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException|")
    );
    // The last owner stays; a successor can follow.
    let owners = |by: Value| json!({ "Identity": "staff@contoso.com", "ManagedBy": by, "BypassSecurityGroupManagerCheck": true });
    assert_eq!(
        lab.run("Set-DistributionGroup", owners(json!([]))).await.0,
        400
    );
    assert_eq!(
        lab.run("Set-DistributionGroup", owners(json!([ADA])))
            .await
            .0,
        200
    );
    let (_, body) = lab
        .run(
            "Get-DistributionGroup",
            json!({ "Identity": "staff@contoso.com" }),
        )
        .await;
    assert_eq!(body["value"][0]["ManagedBy"], json!([ADA]));
    // Lists of a person, by the filter that callers use for it.
    let filter = format!("Members -eq '{}'", lab.distinguished_name(ADA).await);
    let (_, body) = lab
        .run(
            "Get-Recipient",
            json!({ "Filter": filter, "ResultSize": "Unlimited" }),
        )
        .await;
    assert_eq!(
        column(&body, "PrimarySmtpAddress"),
        ["staff@contoso.com", "onprem@contoso.com"]
    );
    let synced = json!({ "Identity": "onprem@contoso.com", "Member": ADA, "BypassSecurityGroupManagerCheck": true });
    let (_, body) = lab.run("Remove-DistributionGroupMember", synced).await;
    assert!(detail(&body).contains("synchronized from your on-premises organization"));
}

#[tokio::test(start_paused = true)]
async fn long_lists_come_in_pages_that_are_asked_for_with_the_same_body() {
    let lab = Lab::calm().await;
    let command = json!({ "CmdletInput": { "CmdletName": "Get-Mailbox", "Parameters": { "ResultSize": "Unlimited" } } });
    let mut url = lab.url("InvokeCommand?$select=Alias");
    let mut pages: Vec<Vec<String>> = Vec::new();
    loop {
        let (status, body) = lab.post(&url, &command, "odata.maxpagesize=3").await;
        assert_eq!(status, 200);
        assert!(body["value"][0].get("DisplayName").is_none());
        pages.push(
            column(&body, "Alias")
                .into_iter()
                .map(str::to_owned)
                .collect(),
        );
        match body["@odata.nextLink"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let mut all = pages.concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 7);
    let (_, body) = lab.run("Get-Mailbox", json!({ "ResultSize": 2 })).await;
    assert_eq!(column(&body, "Alias").len(), 2);
    assert!(warnings(&body).contains("more results available"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_answers_each_command_by_its_id() {
    let lab = Lab::calm().await;
    let item = |id: usize, identity: &str| {
        json!({ "id": id.to_string(), "method": "POST", "url": lab.url("InvokeCommand"),
            "headers": { "Content-Type": "application/json" },
            "body": { "CmdletInput": { "CmdletName": "Get-MailboxStatistics", "Parameters": { "Identity": identity } } } })
    };
    let requests: Vec<Value> = (0..9)
        .map(|id| item(id, ADA))
        .chain([item(9, "nobody@contoso.com")])
        .collect();
    let (status, body) = lab
        .post(
            &lab.url("$batch"),
            &json!({ "requests": requests }),
            "odata.continue-on-error",
        )
        .await;
    assert_eq!(status, 200);
    let answers = body["responses"].as_array().cloned().unwrap_or_default();
    let ids: Vec<&str> = answers
        .iter()
        .map(|one| one["id"].as_str().unwrap_or(""))
        .collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_ne!(ids, sorted, "answers come in any order");
    for one in &answers {
        let found = one["id"] != "9";
        assert_eq!(one["status"], if found { 200 } else { 404 });
        if found {
            assert_eq!(
                one["body"]["value"][0]["TotalItemSize"],
                "14.61 GB (15,687,850,951 bytes)"
            );
        }
    }
    let requests: Vec<Value> = (0..11).map(|id| item(id, ADA)).collect();
    assert_eq!(
        lab.post(&lab.url("$batch"), &json!({ "requests": requests }), "")
            .await
            .0,
        400
    );
}
