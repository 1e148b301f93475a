//! Answers who may ask: text counts only from an address that the policy names.

use super::Policy;
use super::words::address_problem;

/// Whether a request from this sender counts. `Name <address>` is taken by its address; several addresses count for nobody.
#[must_use]
pub fn may_ask(policy: &Policy, sender: &str) -> bool {
    let Some(address) = address(sender) else {
        return false;
    };
    policy.requesters.addresses.iter().any(|allowed| {
        let allowed = allowed.to_lowercase();
        match allowed.strip_prefix("*@") {
            Some(domain) => address.split_once('@').is_some_and(|(_, of)| of == domain),
            None => allowed == address,
        }
    })
}

/// The one address of a sender (`Name <address>` or bare), in lower case; none when there is not exactly one.
#[must_use]
pub fn address(sender: &str) -> Option<String> {
    let sender = sender.trim();
    if sender.matches('<').count() > 1 {
        return None;
    }
    let address = match sender.rsplit_once('<') {
        // Whatever stands before the bracket is a name that the sender chose himself.
        Some((_, rest)) => rest.strip_suffix('>')?,
        None => sender,
    };
    let address = address.trim();
    address_problem(address)
        .is_none()
        .then(|| address.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::policy;

    #[test]
    fn only_listed_addresses_count() {
        let policy = policy(
            "[requesters]\naddresses = [\"HR@contoso.example\", \"*@people.contoso.example\"]",
        );
        let check =
            |sender: &str, expect: bool| assert_eq!(may_ask(&policy, sender), expect, "{sender}");
        check("hr@contoso.example", true);
        check("Hannah Roe <Hr@Contoso.example>", true);
        check("anyone@people.contoso.example", true);
        check("it@contoso.example", false);
        check("anyone@deep.people.contoso.example", false);
        check("anyone@notpeople.contoso.example", false);
        check("\"hr@contoso.example\" <mallory@evil.example>", false);
        check("hr@contoso.example <mallory@evil.example>", false);
        check("<mallory@evil.example> hr@contoso.example", false);
        check("hr@contoso.example, mallory@evil.example", false);
        check("mallory@evil.example@people.contoso.example", false);
        check("*@people.contoso.example.evil.example", false);
        check("", false);
    }
}
