//! Refusals of the cmdlets that a joiner's mailbox needs.

use super::Refusal;

impl Refusal {
    /// The user has an entry of their own on a folder already.
    pub(in crate::exchange) fn folder_entry_exists(user: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Management.StoreTasks.UserAlreadyExistsInPermissionEntryException",
            &format!("An existing permission entry was found for user: {user}."),
        )
    }

    /// A grantee of a folder who is nobody, or cannot hold rights.
    pub(in crate::exchange) fn no_folder_user(user: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Management.StoreTasks.InvalidExternalUserIdException",
            &format!(
                "The user \"{user}\" is either not valid SMTP address, or there is no matching information."
            ),
        )
    }

    /// An address that somebody else has.
    pub(in crate::exchange) fn address_taken(address: &str, holder: &str) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Configuration.ObjectModel.ProxyAddressExistsException",
            &format!(
                "The proxy address \"{address}\" is already being used by the proxy addresses or LegacyExchangeDN of \
                 \"{holder}\". Please choose another proxy address."
            ),
        )
    }

    /// An address in a domain for which the tenant receives no mail.
    pub(in crate::exchange) fn not_accepted_domain() -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Configuration.ObjectModel.NotAcceptedDomainException",
            "You can't use the domain because it's not an accepted domain for your organization.",
        )
    }

    /// The primary address cannot be removed while it is that.
    pub(in crate::exchange) fn primary_address(address: &str) -> Self {
        Self::task(&format!(
            "The address \"{address}\" can't be removed because it's the primary SMTP address. Set another primary SMTP address first."
        ))
    }

    /// Addresses with no primary one among them, or with several.
    pub(in crate::exchange) fn primaries(count: usize) -> Self {
        Self::task(&format!(
            "There are {count} primary SMTP addresses in the list of email addresses. There must be exactly one."
        ))
    }

    /// A date or time format that the mailbox's language does not have.
    pub(in crate::exchange) fn wrong_format(
        name: &str,
        value: &str,
        language: &str,
        allowed: &str,
    ) -> Self {
        Self::thrown(
            400,
            "BadRequest",
            "",
            "Microsoft.Exchange.Data.DataValidationException",
            &format!(
                "{name} \"{value}\" isn't valid for current language setting \"{language}\". Valid formats include \"{allowed}\"."
            ),
        )
    }
}
