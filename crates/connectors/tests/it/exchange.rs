//! Exchange: cmdlets as the vendor's module sends them, and errors by their exception type.

use connectors::exchange::{Anchor, Invocation, changes};
use connectors::{Ctx, Gather, Meaning, Purpose};
use futures::future::join_all;
use serde_json::{Map, Value, json};
use transport::{Class, Failure, Reply};

use crate::script::{Script, TENANT, batch_reply, connection, reply, reply_with};

const ROOT: &str =
    "https://outlook.office365.com/adminapi/beta/11111111-2222-3333-4444-555555555555";

fn parameters(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn set_mailbox(mailbox: &str, parameters_of: Value) -> Invocation {
    Invocation::new(
        "Set-Mailbox",
        parameters(parameters_of),
        Anchor::Mailbox(mailbox.to_owned()),
    )
}

#[tokio::test(start_paused = true)]
async fn a_read_names_cmdlet_and_anchor_and_posts_the_same_body_for_each_page() {
    let script = Script::new(|seen| {
        let body = if seen.url.contains("skip") {
            json!({ "value": [{ "Name": "b" }], "@adminapi.warnings": ["more"] })
        } else {
            json!({ "value": [{ "Name": "a" }], "@odata.nextLink": format!("{ROOT}/InvokeCommand?skip=1") })
        };
        Ok(reply(200, &body))
    });
    let tenant = connection(&script);
    let scan = Invocation::new(
        "Get-MobileDevice",
        parameters(json!({ "Mailbox": "u@x.example" })),
        Anchor::Organization,
    )
    .select(&["Name", "Identity"]);
    let listing = tenant
        .exchange
        .invoke(&Ctx::of(Purpose::Scan), scan)
        .await
        .unwrap();
    assert_eq!((listing.entries.len(), listing.warnings.len()), (2, 1));
    let calls = script.calls();
    assert_eq!(
        calls[0].url,
        format!("{ROOT}/InvokeCommand?$select=Name,Identity")
    );
    assert_eq!(calls[1].url, format!("{ROOT}/InvokeCommand?skip=1"));
    assert_eq!(calls[0].text, calls[1].text);
    assert_eq!(
        calls[0].json(),
        json!({ "CmdletInput": { "CmdletName": "Get-MobileDevice", "Parameters": { "Mailbox": "u@x.example" } } })
    );
    let headers = &calls[1].headers;
    assert_eq!(
        headers["x-anchormailbox"],
        format!("APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}")
    );
    assert_eq!(headers["prefer"], "odata.maxpagesize=1000");
    assert_eq!(tenant.meter.counts().of(&[Purpose::Scan]).requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn writes_of_one_run_travel_together_one_after_the_other_where_a_mailbox_repeats() {
    let script = Script::new(|seen| {
        if seen.is_batch() {
            return batch_reply(seen, |_| json!({ "status": 200, "body": { "value": [] } }));
        }
        Ok(reply(500, &json!({})))
    });
    let tenant = connection(&script);
    let ctx = Ctx::of_run("run", Purpose::Apply);
    let run = Gather::Run("run".to_owned());
    let writes = [
        set_mailbox("u@x.example", json!({ "Identity": "u", "Type": "Shared" })),
        set_mailbox(
            "v@x.example",
            json!({ "Identity": "v", "GrantSendOnBehalfTo": changes(&[], &["u"]) }),
        ),
        set_mailbox(
            "U@x.example",
            json!({ "Identity": "u", "HiddenFromAddressListsEnabled": true }),
        ),
    ];
    let writes = writes.map(|write| tenant.exchange.write(&ctx, write.gathered(run.clone())));
    let answers = join_all(writes).await;
    let calls = script.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].url, format!("{ROOT}/$batch"));
    assert_eq!(calls[0].headers["prefer"], "odata.continue-on-error");
    let items = calls[0].items();
    assert_eq!(items.len(), 3);
    let chained: Vec<bool> = items
        .iter()
        .map(|item| item.get("dependsOn").is_some())
        .collect();
    assert_eq!(chained, [false, false, true]);
    assert_eq!(items[2]["dependsOn"], json!([items[0]["id"]]));
    assert_eq!(items[0]["url"], format!("{ROOT}/InvokeCommand"));
    assert_eq!(items[0]["headers"]["x-anchormailbox"], "UPN:u@x.example");
    assert_eq!(
        items[1]["body"]["CmdletInput"]["Parameters"]["GrantSendOnBehalfTo"],
        json!({ "@odata.type": "#Exchange.GenericHashTable", "remove": ["u"] })
    );
    assert!(answers.iter().all(Result::is_ok));
}

fn cmdlet_error(status: u16, detail: &str) -> Result<Reply, Failure> {
    Ok(reply(
        status,
        &json!({ "error": { "code": "InternalServerError", "message": "Error executing cmdlet",
            "details": [{ "code": "Client", "target": "", "message": detail }],
            "innererror": { "message": "Error executing cmdlet", "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException" } } }),
    ))
}

async fn refused(
    answer: impl Fn() -> Result<Reply, Failure> + Send + 'static,
) -> (connectors::Error, usize) {
    let script = Script::new(move |_| answer());
    let write = set_mailbox("u@x.example", json!({ "Identity": "u" }));
    let error = connection(&script)
        .exchange
        .write(&Ctx::of(Purpose::Apply), write)
        .await
        .unwrap_err();
    (error, script.calls().len())
}

#[tokio::test(start_paused = true)]
async fn the_exception_type_decides_whatever_the_status() {
    let cases = [
        (
            500,
            "Ex6F9304|Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException|The operation couldn't \
               be performed because object 'u' couldn't be found on 'server'.",
            Some(Meaning::NotFound),
            Class::Missing,
        ),
        (
            400,
            "Ex1|Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException|The recipient is already a member.",
            Some(Meaning::AlreadyMember),
            Class::Conflict,
        ),
        (
            400,
            "Ex2|Microsoft.Exchange.Management.Tasks.MemberNotFoundException|The recipient isn't a member.",
            Some(Meaning::NotMember),
            Class::Missing,
        ),
        (
            400,
            "Ex3|System.InvalidOperationException|The action 'Set-Mailbox' can't be performed on the object 'u' because \
               the object is being synchronized from your on-premises organization.",
            Some(Meaning::OnPremisesMastered),
            Class::Conflict,
        ),
        (
            400,
            "Ex4|Microsoft.Exchange.Configuration.Tasks.RecipientTaskException|Something is not as it must be.",
            None,
            Class::Invalid,
        ),
        (
            500,
            "Ex5|System.Exception|Something broke.",
            None,
            Class::Unknown,
        ),
    ];
    for (status, detail, meaning, class) in cases {
        let (error, requests) = refused(move || cmdlet_error(status, detail)).await;
        assert_eq!(
            (error.meaning, error.class, requests),
            (meaning, class, 1),
            "{detail}"
        );
        assert_eq!(error.message, detail.splitn(3, '|').nth(2).unwrap());
        assert!(detail.contains(&error.code) && !error.code.contains('.'));
    }
    let (error, requests) =
        refused(|| cmdlet_error(500, "Ex6|X.Y.Z|Server busy, try again.")).await;
    assert_eq!(
        (error.class, requests),
        (Class::RetryAfter { after_ms: None }, 4),
        "busy is certain non-execution"
    );
    let (error, _) = refused(|| Ok(reply(403, &json!(null)))).await;
    assert_eq!(error.meaning, Some(Meaning::NotEnoughPrivilege));
    assert!(error.message.contains("Exchange.ManageAsApp"));
}

#[tokio::test(start_paused = true)]
async fn an_error_under_a_good_status_in_a_batch_is_still_an_error() {
    let script = Script::new(|seen| {
        batch_reply(seen, |item| {
            if item["headers"]["x-anchormailbox"] == "UPN:a" {
                return json!({ "status": 200, "body": { "error": { "code": "NotFound", "details": [{ "message":
                    "E|A.ManagementObjectNotFoundException|gone" }] } } });
            }
            json!({ "status": 200, "body": { "value": [] } })
        })
    });
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let read = |of: &str| {
        let invocation = Invocation::new(
            "Get-Mailbox",
            parameters(json!({ "Identity": of })),
            Anchor::Mailbox(of.to_owned()),
        );
        tenant.exchange.list(&ctx, invocation)
    };
    let (a, b) = tokio::join!(read("a"), read("b"));
    assert_eq!(a.unwrap_err().class, Class::Missing);
    assert!(b.unwrap().entries.is_empty());
}

#[tokio::test(start_paused = true)]
async fn reads_and_writes_do_not_change_places() {
    let script = Script::new(|_| Ok(reply_with(200, &[], &json!({ "value": [] }))));
    let tenant = connection(&script);
    let ctx = Ctx::of(Purpose::Plan);
    let write = set_mailbox("u", json!({}));
    let read = Invocation::new("Get-Mailbox", Map::new(), Anchor::Organization);
    assert_eq!(
        tenant.exchange.list(&ctx, write).await.unwrap_err().class,
        Class::Invalid
    );
    assert_eq!(
        tenant.exchange.write(&ctx, read).await.unwrap_err().class,
        Class::Invalid
    );
    assert!(script.calls().is_empty());
}
