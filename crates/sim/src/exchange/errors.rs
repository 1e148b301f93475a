//! How the Exchange admin API says no: its error envelope and the texts behind it.
//!
//! Shapes and texts are those of captured replies and of the cmdlet reference. What went wrong stands in `details[0].message` as
//! `id|exception type|text`, in `innererror.internalexception`, or in both; the status alone says little.

mod joining;

use serde_json::{Value, json};

use crate::call::Answer;

/// The directory server that the real service names in its texts; it differs from call to call there.
const SERVER: &str = "PR0P264A012DC003.FRAP264A012.PROD.OUTLOOK.COM";
const ODATA: &str = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException";
const INVOKED: &str =
    "Microsoft.Exchange.Management.PSDirectInvoke.DirectInvokeCmdletExecutionException";
const BINDING: &str =
    "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException";
const TRANSFORMATION: &str =
    "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException";

/// A call that was refused, with everything its reply needs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// The JSON body; none where the service answers with an empty one.
    pub(super) body: Option<Value>,
}

impl Refusal {
    /// The reply that says it.
    pub(super) fn answer(self) -> Answer {
        match self.body {
            Some(body) => Answer::json(self.status, body),
            None => Answer::empty(self.status),
        }
    }

    /// A cmdlet that ran and threw.
    fn thrown(status: u16, code: &str, id: &str, kind: &str, text: &str) -> Self {
        let body = json!({ "error": {
            "code": code,
            "message": "Error executing cmdlet",
            "details": [{ "code": "Client", "target": "", "message": format!("{id}|{kind}|{text}") }],
            "innererror": {
                "message": "Error executing cmdlet",
                "type": ODATA,
                "stacktrace": "",
                "internalexception": {
                    "message": format!("Exception of type '{INVOKED}' was thrown."),
                    "type": INVOKED,
                    "stacktrace": "",
                },
            },
            "adminapi.warnings@odata.type": "#Collection(String)",
            "@adminapi.warnings": [],
        }});
        Self {
            status,
            body: Some(body),
        }
    }

    /// A call that the gateway refused before the cmdlet ran.
    fn gateway(kind: &str, text: &str, with_details: bool) -> Self {
        let mut error = json!({
            "code": "BadRequest",
            "message": "Invalid Operation",
            "innererror": {
                "message": "Invalid Operation",
                "type": ODATA,
                "stacktrace": "",
                "internalexception": { "message": text, "type": kind, "stacktrace": "" },
            },
        });
        if with_details {
            error["details"] =
                json!([{ "code": "Client", "target": "", "message": format!("|{kind}|{text}") }]);
        }
        Self {
            status: 400,
            body: Some(json!({ "error": error })),
        }
    }

    /// A malformed request: no cmdlet was named, no JSON, no such resource.
    pub(super) fn malformed(status: u16, code: &str, text: &str) -> Self {
        let body = json!({ "error": {
            "code": code,
            "message": text,
            "innererror": { "message": text, "type": ODATA, "stacktrace": "" },
        }});
        Self {
            status,
            body: Some(body),
        }
    }

    /// What the real service does, but the sandbox does not model: said aloud instead of ignored.
    pub(super) fn not_simulated(what: &str) -> Self {
        Self::malformed(
            501,
            "NotImplemented",
            &format!("The sandbox does not simulate {what}."),
        )
    }

    /// A cmdlet that the caller's roles do not hold, or that does not exist: 403 with nothing to read (captured behaviour).
    pub(super) fn forbidden() -> Self {
        Self {
            status: 403,
            body: None,
        }
    }

    /// Parameters that the cmdlet does not have.
    pub(super) fn unknown_parameters(names: &[&str]) -> Self {
        let text = format!(
            "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters specified. {}",
            names.join(", ")
        );
        Self::gateway(BINDING, &text, true)
    }

    /// Parameters that cannot stand together, or an incomplete set of them.
    pub(super) fn parameter_set() -> Self {
        Self::gateway(
            BINDING,
            "Parameter set cannot be resolved using the specified named parameters.",
            true,
        )
    }

    /// A mandatory parameter left out.
    pub(super) fn missing_parameters(names: &[&str]) -> Self {
        let text = format!(
            "Cannot process command because of one or more missing mandatory parameters: {}.",
            names.join(" ")
        );
        Self::gateway(
            "System.Management.Automation.ParameterBindingException",
            &text,
            true,
        )
    }

    /// A value of the wrong type; this one comes without `details`.
    pub(super) fn wrong_type(parameter: &str, value: &Value, kind: &str) -> Self {
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let text = format!(
            "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{shown}\" to type \"{kind}\"."
        );
        Self::gateway(TRANSFORMATION, &text, false)
    }

    /// A value outside an enumeration; the text lists what is allowed.
    pub(super) fn wrong_value(parameter: &str, value: &str, kind: &str, allowed: &[&str]) -> Self {
        let text = format!(
            "Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{value}\" to type \"{kind}\". \
             Error: \"Unable to match the identifier name {value} to a valid enumerator name. Specify one of the following \
             enumerator names and try again: {}\"",
            allowed.join(", ")
        );
        Self::gateway(TRANSFORMATION, &text, false)
    }

    /// The identity names nothing here.
    pub(super) fn not_found(identity: &str) -> Self {
        Self::thrown(
            404,
            "NotFound",
            "Ex6F9304",
            "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
            &format!(
                "The operation couldn't be performed because object '{identity}' couldn't be found on '{SERVER}'."
            ),
        )
    }

    /// The identity fits several objects.
    pub(super) fn ambiguous(identity: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "Ex3BFDD1",
            "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException",
            &format!(
                "The operation couldn't be performed because '{identity}' matches multiple entries."
            ),
        )
    }

    /// A recipient given as a value, not as the identity, does not exist.
    pub(super) fn no_such_recipient(name: &str) -> Self {
        Self::thrown(
            404,
            "NotFound",
            "Ex94914C",
            "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
            &format!(
                "Couldn't find object \"{name}\". Please make sure that it was spelled correctly or specify a different object."
            ),
        )
    }

    /// A grantee that does not exist or cannot hold rights.
    pub(super) fn no_such_principal(name: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Management.Tasks.RecipientTaskException",
            &format!(
                "User or group \"{name}\" wasn't found. Please make sure you've typed it correctly."
            ),
        )
    }

    /// The member is there already.
    pub(super) fn member_exists(member: &str, group: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "ExE92BC7",
            "Microsoft.Exchange.Management.Tasks.MemberAlreadyExistsException",
            &format!("The recipient \"{member}\" is already a member of the group \"{group}\"."),
        )
    }

    /// The member is not there.
    pub(super) fn member_missing(member: &str, group: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "Ex2EFD0B",
            "Microsoft.Exchange.Management.Tasks.MemberNotFoundException",
            &format!("The recipient {member} isn't a member of the group {group}."),
        )
    }

    /// The caller is not among the group's managers and did not bypass the check.
    pub(super) fn not_a_manager() -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "ExA1A3F2",
            "Microsoft.Exchange.Configuration.Tasks.OperationRequiresGroupManagerException",
            "You don't have sufficient permissions. This operation can only be performed by a manager of the group.",
        )
    }

    /// The attribute is mastered on-premises.
    pub(super) fn synced(kind: &str, cmdlet: &str, property: &str, name: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "System.InvalidOperationException",
            &format!(
                "The operation on {kind} \"{name}\" failed because it's out of the current user's write scope. The action \
                 '{cmdlet}', '{property}', can't be performed on the object '{name}' because the object is being synchronized \
                 from your on-premises organization. This action should be performed on the object in your on-premises organization."
            ),
        )
    }

    /// The object is being changed by somebody else right now.
    pub(super) fn busy(name: &str) -> Self {
        Self::thrown(
            500,
            "InternalServerError",
            "",
            "Microsoft.Exchange.Configuration.DualWrite.LocStrings.UnableToWriteToAadException",
            &format!(
                "An Azure Active Directory call was made to keep object '{name}' in sync between Azure Active Directory and \
                 Exchange Online. However, it failed. Detailed error message: Server busy. Resource temporarily unavailable."
            ),
        )
    }

    /// A rule of the recipient tasks, in its own words.
    pub(super) fn task(text: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Management.Tasks.RecipientTaskException",
            text,
        )
    }

    /// The user has no entry of their own on a folder.
    pub(super) fn no_folder_entry(user: &str) -> Self {
        Self::thrown(
            404,
            "NotFound",
            "",
            "Microsoft.Exchange.Management.StoreTasks.UserNotFoundInPermissionEntryException",
            &format!("There is no existing permission entry found for user: {user}."),
        )
    }

    /// A mailbox that is no longer allowed to send.
    pub(super) fn cannot_send(name: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Data.Storage.StoragePermanentException",
            &format!(
                "The meeting cancellations couldn't be queued because the mailbox '{name}' isn't enabled to send mail."
            ),
        )
    }

    /// A filter that cannot be read.
    pub(super) fn filter(text: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Data.Directory.ParsingException",
            &format!(
                "Invalid filter syntax. For a description of the filter parameter syntax see the command help.\n\"{text}\""
            ),
        )
    }
}
