//! The vendor's sentences, one by one, and what the engine and the steps learn from them.

use connectors::graph::{Call, Path};
use connectors::{Ctx, Meaning, Purpose};
use serde_json::json;
use transport::Class;

use crate::script::{Script, connection, graph_error, reply};

const BAD: &str = "Request_BadRequest";
const AGAIN: Class = Class::RetryAfter { after_ms: None };

#[rustfmt::skip]
const CASES: &[(u16, &str, &str, Option<Meaning>, Class)] = &[
    (400, BAD, "One or more added object references already exist for the following modified properties: 'members'.", Some(Meaning::AlreadyMember), Class::Conflict),
    (400, BAD, "One or more removed object references do not exist for the following modified properties: 'members'.", Some(Meaning::NotMember), Class::Missing),
    (400, BAD, "The group must have at least one owner, hence this owner cannot be removed.", Some(Meaning::LastOwner), Class::Conflict),
    (400, "badRequest", "Cannot delete default method with other methods configured. Please change default method before deletion.", Some(Meaning::DefaultMethodFirst), Class::Conflict),
    (400, "badRequest", "The requested authentication method id of [3179e48a] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed", Some(Meaning::DefaultMethodFirst), Class::Conflict),
    (400, BAD, "License assignment cannot be done for user with invalid usage location.", Some(Meaning::NoUsageLocation), Class::Conflict),
    (400, BAD, "Subscription with SKU c7df2760 does not have any available licenses.", Some(Meaning::NoSeat), Class::Conflict),
    (400, BAD, "User does not have a corresponding license.", Some(Meaning::NoSuchLicence), Class::Missing),
    (400, BAD, "User license is inherited from a group membership and it cannot be removed directly from the user.", Some(Meaning::InheritedLicence), Class::Conflict),
    (400, BAD, "License assignment failed because service plans a, b are mutually exclusive.", Some(Meaning::PlansExclusive), Class::Conflict),
    (400, BAD, "License assignment failed because service plan a depends on the service plan(s) b, c.", Some(Meaning::PlanDependency), Class::Conflict),
    (400, BAD, "License x does not correspond to a valid company License.", Some(Meaning::UnknownLicence), Class::Invalid),
    (400, BAD, "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.", Some(Meaning::OnPremisesMastered), Class::Conflict),
    (400, BAD, "Cannot Update a mail-enabled security groups and or distribution list.", Some(Meaning::MailEnabledViaExchange), Class::Conflict),
    (400, BAD, "Another object with the same value for property userPrincipalName already exists.", Some(Meaning::NameTaken), Class::Conflict),
    (400, BAD, "Another object with the same value for property proxyAddresses already exists.", Some(Meaning::AddressTaken), Class::Conflict),
    (400, BAD, "Another object with the same value for property mailNickname already exists.", Some(Meaning::AddressTaken), Class::Conflict),
    (400, BAD, "Another object with the same value for property onPremisesImmutableId already exists.", Some(Meaning::DuplicateValue), Class::Conflict),
    (400, BAD, "A conflicting object with one or more of the specified property values is present in the directory.", Some(Meaning::DuplicateValue), Class::Conflict),
    (400, BAD, "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.", Some(Meaning::UnverifiedDomain), Class::Invalid),
    (400, "badRequest", "A Temporary Access Pass already exists for this user.", Some(Meaning::PassExists), Class::Conflict),
    (400, "badRequest", "Temporary Access Pass is not enabled for this user.", Some(Meaning::PassNotAllowed), Class::Denied),
    (400, "badRequest", "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].", Some(Meaning::PassNotAllowed), Class::Denied),
    (400, "badRequest", "The phone number is not in the required format: +<country code> <number>x<extension>, with extension optional.", Some(Meaning::InvalidPhone), Class::Invalid),
    (400, "badRequest", "A phone authentication method of type 'mobile' already exists for this user. Only one phone of each type is allowed.", Some(Meaning::PhoneExists), Class::Conflict),
    (400, BAD, "The specified password does not comply with password complexity requirements. Please provide a different password.", Some(Meaning::WeakPassword), Class::Invalid),
    (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", Some(Meaning::NotEnoughPrivilege), Class::Denied),
    (403, "Directory_QuotaExceeded", "Unable to perform operation as '121' would exceed the maximum quota count '100' for forward-link owners.", Some(Meaning::QuotaExceeded), Class::Conflict),
    (404, "Request_ResourceNotFound", "Resource 'manager' does not exist or one of its queried reference-property objects are not present.", Some(Meaning::NotFound), Class::Missing),
    (404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.", Some(Meaning::NoMailbox), Class::Missing),
    (401, "Authorization_IdentityNotFound", "The identity of the calling application could not be established.", Some(Meaning::NotReplicated), AGAIN),
    (409, "Directory_ConcurrencyViolation", "", Some(Meaning::ConcurrentWrite), AGAIN),
    (400, BAD, "Invalid value specified for property 'city' of resource 'User'.", None, Class::Invalid),
    (412, "PreconditionFailed", "", None, Class::Conflict),
    (403, "", "You do not have the required permissions to access this item.", None, Class::Denied),
    (302, "", "", None, Class::Invalid),
    (500, "UnknownError", "The group must have at least one owner", None, Class::Unknown),
];

#[tokio::test(start_paused = true)]
async fn each_sentence_has_its_class_and_meaning() {
    for (status, code, message, meaning, class) in CASES {
        let script = Script::new(move |_| Ok(reply(*status, &graph_error(code, message))));
        let call = Call::post(Path::of(["users", "u", "assignLicense"]), json!({}));
        let error = connection(&script)
            .graph
            .write(&Ctx::of(Purpose::Apply), call)
            .await
            .unwrap_err();
        assert_eq!(
            (error.meaning, error.class),
            (*meaning, *class),
            "{status} {code} {message}"
        );
        assert_eq!(error.status(), Some(*status));
        assert!(!error.message.is_empty());
        let kept = serde_json::to_string(&error).unwrap();
        assert_eq!(
            serde_json::from_str::<connectors::Error>(&kept).unwrap(),
            error,
            "kept in run logs"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_text_inside_is_read_and_a_long_one_is_cut() {
    let script = Script::new(|_| {
        Ok(reply(
            400,
            &json!({ "error": { "code": "badRequest", "message": "x ".repeat(900), "innerError": {
            "message": "Cannot delete default method with other methods configured." } } }),
        ))
    });
    let call = Call::delete(Path::of([
        "users",
        "u",
        "authentication",
        "phoneMethods",
        "p",
    ]));
    let error = connection(&script)
        .graph
        .write(&Ctx::of(Purpose::Apply), call)
        .await
        .unwrap_err();
    assert!(error.means(Meaning::DefaultMethodFirst));
    assert!(error.message.chars().count() <= 302);
}
