//! The labels of forms: what people and form builders call the fields of a leaver, a joiner, a mover. English.

/// The fields a form can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Label {
    Kind,
    /// Like `Kind`, under a name that other things have as well: it counts only when its value is a kind.
    KindMaybe,
    /// The person: a name, an address, or both.
    Who,
    GivenName,
    FamilyName,
    SignInName,
    Email,
    UserName,
    EmployeeId,
    /// The moment at which access ends; it goes before the last day.
    CutOff,
    LeaveDate,
    StartDate,
    EffectiveDate,
    EndDate,
    ContractEnd,
    Time,
    Zone,
    Urgency,
    Manager,
    ForwardTo,
    Delegate,
    Successor,
    AutoReply,
    KeepLicence,
    RemoveLicence,
    Convert,
    KeepMailbox,
    Device,
    JobTitle,
    Department,
    Office,
    Mobile,
    Phone,
    Licences,
    Groups,
    SharedMailboxes,
    CopyFrom,
    Contractor,
    Note,
    /// Who asks: never the person.
    Requester,
    /// The head of a forwarded message.
    MailHead,
}

/// Every label by the words it goes under, as [`normal`] writes them.
const LABELS: &[(Label, &str)] = &[
    (
        Label::Kind,
        "request type|type of request|request|action requested|requested action|kind|kind of request|process|workflow|lifecycle event|event type|change type|request kind|form type",
    ),
    (
        Label::KindMaybe,
        "type|action|category|service|request category",
    ),
    (
        Label::Who,
        "employee|employee name|name of employee|employee full name|full name of employee|name|full name|display name|user|user account|account|account name|person|person name|leaver|leaver name|name of leaver|departing employee|departing user|departing employee name|terminated employee|staff member|staff name|staff|colleague|team member|worker|worker name|new hire|new hire name|new starter|new starter name|name of new employee|candidate|candidate name|name of joiner|new joiner|new joiner name|contractor full name|intern name|starter|starter name|joiner|joiner name|new employee|new employee name|employee to offboard|user to offboard|user to disable|user to be disabled|person leaving|who|who is leaving|who is joining|name of new starter|name of new hire|contractor name|consultant|consultant name|employee details|user name and email|affected user",
    ),
    (
        Label::GivenName,
        "first name|given name|forename|firstname|given names|first names|employee first name|preferred first name",
    ),
    (
        Label::FamilyName,
        "last name|family name|surname|lastname|employee last name",
    ),
    (
        Label::SignInName,
        "upn|user principal name|userprincipalname|sign in name|sign in|login name|microsoft 365 account|office 365 account|m365 account|o365 account|entra account|azure ad account",
    ),
    (
        Label::Email,
        "email|email address|mail|mail address|mailbox|employee email|employee email address|user email|user email address|work email|work email address|business email|company email|corporate email|email of employee|email of leaver|leaver email|leaver email address|primary email|smtp address|emailaddress|preferred email|preferred email address|requested email|requested email address|new email|new email address|desired email|desired email address",
    ),
    (
        Label::UserName,
        "username|user id|userid|login|logon|logon name|account id|samaccountname|network id|ad account|user logon|windows login|user name",
    ),
    (
        Label::EmployeeId,
        "employee id|employeeid|employee number|employee no|emp id|emp no|empid|employee #|personnel number|personnel no|staff id|staff number|staff no|payroll number|payroll id|payroll no|hr id|worker id|badge number|person number",
    ),
    (
        Label::CutOff,
        "cutoff|cutoff time|cutoff date|access ends|access end|access end date|access until|disable on|disable at|disable access on|disable access at|disable account on|disable account at|remove access on|remove access at|revoke access on|revoke access at|block on|block sign in on|block sign in at|account disable date|account disabled on|access removal date|access removal|access removal time|offboard on|offboard at|offboarding date|offboarding time|deactivate on|deactivation date|date and time to disable|when should access be removed|disable account",
    ),
    (
        Label::LeaveDate,
        "last day|last working day|last day of work|last day of employment|last date|last day at work|last day worked|final day|final working day|last work day|last workday|last working date|leaving date|leave date|date of leaving|leaver date|leaving on|leaves on|leaving|leaves|termination date|date of termination|terminated on|employment end date|end of employment|employment ends|employment end|resignation date|separation date|departure date|date of departure|exit date|release date|lwd|termination effective date|termination effective|effective termination date|termination|retirement date|last day in office|contract termination date",
    ),
    (
        Label::StartDate,
        "start date|starting date|date of joining|joining date|join date|first day|first working day|first day of work|hire date|starts on|starts|start|employment start date|commencement date|date of hire|begin date|starting on|onboarding date|doj|date of commencement|date of start|begins|first day at work|joining on|starting|starting from|joins on|joins|joining|planned start date|proposed start date|expected start date|start date of employment|date joining",
    ),
    (
        Label::EffectiveDate,
        "effective|effective date|effective from|effective as of|effective on|date effective|date of change|change date|transfer date|when|requested date|due|as of|valid from|date and time|requested for",
    ),
    (
        Label::EndDate,
        "end date|ends|ends on|end|date of end|ending on|until|end day",
    ),
    (
        Label::ContractEnd,
        "contract end|contract end date|end of contract|contract ends|contract until|contract expiry|contract expires|fixed term until|contract expiry date|contract finish date|fixed term end date|end of assignment|assignment end|assignment end date|engagement end|engagement end date|end date of contract|internship end|placement end",
    ),
    (
        Label::Time,
        "time|effective time|end time|time of day|at|leaving time|termination time|time of termination|hour",
    ),
    (Label::Zone, "time zone|timezone|tz"),
    (Label::Urgency, "urgency|urgent|same day"),
    (
        Label::Manager,
        "manager|line manager|manager name|name of manager|supervisor|supervisor name|reports to|reporting to|reporting manager|direct manager|team lead|employee manager|hiring manager|managers name|manager email|line manager email|line manager name|boss",
    ),
    (
        Label::ForwardTo,
        "forward mail to|forward email to|forward emails to|forward mails to|forward to|forward|mail forwarding|email forwarding|forwarding|forwarding address|forward address|mail forwarded to|email forwarded to|emails forwarded to|redirect mail to|redirect email to|redirect emails to|mail to be forwarded to|email to be forwarded to|emails to be forwarded to|forward incoming mail to|forward incoming email to|forward all mail to|forward mailbox to|forwarding to|forward future email to|mail forward",
    ),
    (
        Label::Delegate,
        "mailbox access|mailbox access for|mailbox access to|access to mailbox|access to themailbox|mailbox delegate|delegate|delegate access|delegate access to|delegatemailbox to|mailbox delegated to|delegate to|who needs access to themailbox|who needs mailbox access|who should have access to mailbox|who should have access to themailbox|givemailbox access to|grant mailbox access to|grant access to mailbox|full access|full access to|mailbox full access|email access|email access for|email access to|access to email|access to emails|mailbox permissions|mailbox to|mailbox goes to|inbox access",
    ),
    (
        Label::Successor,
        "successor|replacement|replaced by|handover to|hand over to|handover|ownership to|transfer ownership to|new owner|owner after|groups to|reports reassigned to|reassign reports to|direct reports to|taken over by|takes over",
    ),
    (
        Label::AutoReply,
        "out of office|ooo|oof|auto reply|autoreply|automatic reply|automatic replies|out of office message|out of office reply|out of office text|auto response|autoresponder|auto responder|ooo message|auto reply message|auto reply text|vacation message|away message",
    ),
    (
        Label::KeepLicence,
        "keep licence|keep license|keep licences|keep licenses|retain licence|retain license|retain licences|retain licenses|leave licence|leave license|keep microsoft 365 licence|keep microsoft 365 license",
    ),
    (
        Label::RemoveLicence,
        "remove licence|remove license|remove licences|remove licenses|release licence|release license|reclaim licence|reclaim license|revoke licence|revoke license",
    ),
    (
        Label::Convert,
        "convert to shared|convert to shared mailbox|convert mailbox|convert mailbox to shared|shared mailbox conversion|convert themailbox|makemailbox shared|mailbox to shared|convert mailbox to shared mailbox|converttoshared|convert into shared mailbox",
    ),
    (
        Label::KeepMailbox,
        "keep mailbox|retain mailbox|preservemailbox|keep themailbox|mailbox retention|keep email|keep emails",
    ),
    (
        Label::Device,
        "device|devices|device action|laptop|equipment|hardware|phone action|company phone|company laptop|mobile device|assets",
    ),
    (
        Label::JobTitle,
        "job title|title|position title|new job title|new title|new position|business title|position|role|job|job role|designation|function",
    ),
    (
        Label::Department,
        "department|dept|division|team|business unit|org unit|cost centre|cost center|unit|section|department name|dept name|department team|directorate",
    ),
    (
        Label::Office,
        "office|office location|location|site|branch|work location|workplace|building|place of work|city|based at|based in|office site|site location|base location|primary location|work site",
    ),
    (
        Label::Mobile,
        "mobile|mobile phone|mobile number|cell|cell phone|cell number|mobile no|cellphone",
    ),
    (
        Label::Phone,
        "phone|telephone|tel|phone number|extension|ext|desk phone|direct dial|work phone|telephone number",
    ),
    (
        Label::Licences,
        "licence|license|licences|licenses|licence type|license type|microsoft 365 licence|microsoft 365 license|licence required|license required|licences required|licenses required|m365 licence|m365 license|m365 licences|m365 licenses|microsoft licence|microsoft license|office 365 licence|office 365 license|software licence|software license|licence needed|license needed|licence level|license level",
    ),
    (
        Label::Groups,
        "groups|group|group memberships|group membership|distribution lists|distribution list|teams|security groups|add to groups|groups and teams|lists|mailing lists|group access|distribution groups|teams and groups|groups required|groups needed|required groups|groups to add|microsoft 365 groups|m365 groups|mail groups|email groups|ms teams|teams channels",
    ),
    (
        Label::SharedMailboxes,
        "shared mailboxes|shared mailbox|access to shared mailboxes|shared mailbox access|shared inboxes|shared mailboxes required|access to shared mailbox|shared mailboxes needed|mailboxes|additional mailboxes|functional mailboxes|team mailboxes",
    ),
    (
        Label::CopyFrom,
        "copy from|copy access from|same access as|mirror access of|mirror access from|mirror|copy permissions from|model after|same as|permissions like|access same as|clone from|same permissions as|same rights as|same groups as|copy rights from|copy permissions of|copy access of|copy user|mirror user|mirror permissions of|template user|reference user|replicate access of|access to match|access like|copy from user|model user|rights as",
    ),
    (
        Label::Contractor,
        "employment type|contract type|worker type|employment|contractor|employee type|staff type|type of contract|engagement type|worker category|employment status|employee or contractor|is contractor|external|external worker|employee category|person type",
    ),
    (
        Label::Note,
        "note|notes|comment|comments|remark|remarks|additional information|additional info|additional notes|additional comments|further information|special instructions|instructions|other|other information|anything else|details|description|additional details|more information",
    ),
    (
        Label::Requester,
        "requested by|requester|requestor|requester name|requester email|submitted by|completed by|reported by|created by|form completed by|filled in by|authorised by|authorized by|approved by|hr contact|contact|contact person|your name|your email|author|sender|raised by|submitter",
    ),
    (
        Label::MailHead,
        "from|sent|to|cc|bcc|subject|importance|attachments",
    ),
];

/// A label as found: which one, and the number in it (`Employee 2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) label: Label,
    pub(crate) number: Option<u32>,
}

/// The label that these words are, if they are one.
pub(crate) fn find(words: &str) -> Option<Found> {
    let (normal, number) = normal(words);
    if normal.is_empty() {
        return None;
    }
    let label = LABELS
        .iter()
        .find(|(_, names)| names.split('|').any(|name| name == normal))
        .map(|(label, _)| *label)?;
    Some(Found { label, number })
}

/// Lower case, single blanks, no punctuation, no bracketed hints, no articles of possession; a number apart.
fn normal(words: &str) -> (String, Option<u32>) {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for character in words.chars() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {
                // `Employee (2)` counts; `Employee (required)` is a hint.
                if character.is_ascii_digit() {
                    plain.push(character);
                }
            }
            '\'' | '’' => plain.push('\''),
            '#' => plain.push('#'),
            _ if character.is_alphanumeric() => plain.extend(character.to_lowercase()),
            _ => plain.push(' '),
        }
    }
    let plain = plain
        .replace("e mail", "email")
        .replace("log on", "logon")
        .replace("cut off", "cutoff")
        .replace("mail box", "mailbox");
    let mut number = None;
    let words: Vec<String> = plain
        .split_whitespace()
        .map(|word| word.strip_suffix("'s").unwrap_or(word).replace('\'', ""))
        .filter(|word| {
            let digits = word.trim_start_matches('#');
            if number.is_none()
                && digits.len() <= 2
                && let Ok(found) = digits.parse::<u32>()
            {
                number = Some(found);
                return false;
            }
            !matches!(
                word.as_str(),
                "please" | "the" | "her" | "his" | "their" | "-"
            )
        })
        .collect();
    (words.join(" "), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_however_they_are_written() {
        let check = |words: &str, label: Label, number: Option<u32>| {
            assert_eq!(find(words), Some(Found { label, number }), "{words}");
        };
        check("Employee", Label::Who, None);
        check("EMPLOYEE'S NAME *", Label::Who, None);
        check("Employee 2", Label::Who, Some(2));
        check("Employee (2) e-mail address", Label::Email, Some(2));
        check("E-Mail", Label::Email, None);
        check("Employee #", Label::EmployeeId, None);
        check("Last_working-day (dd/mm/yyyy)", Label::LeaveDate, None);
        check("Cut-off", Label::CutOff, None);
        check("Out-of-Office message", Label::AutoReply, None);
        for stranger in [
            "",
            "personal email",
            "reason for leaving",
            "emergency contact",
        ] {
            assert_eq!(find(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn no_two_labels_share_a_name() {
        let mut names: Vec<&str> = LABELS
            .iter()
            .flat_map(|(_, names)| names.split('|'))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for name in names {
            // A name that `normal` would never write could never be found.
            assert!(find(name).is_some(), "{name}");
        }
    }
}
