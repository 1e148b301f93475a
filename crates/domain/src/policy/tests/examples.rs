//! Holds the example policies to being valid, and their roles to giving what they say.

use super::people::joiner;
use super::*;
use crate::joiner::wanted;

const EXAMPLES: [(&str, &str); 3] = [
    (
        "cloud-only",
        include_str!("../../../../../examples/policies/cloud-only.toml"),
    ),
    (
        "group-licensed",
        include_str!("../../../../../examples/policies/group-licensed.toml"),
    ),
    (
        "hybrid",
        include_str!("../../../../../examples/policies/hybrid.toml"),
    ),
];

/// The example without its playbooks, whose steps this crate does not know.
fn people(name: &str, text: &str) -> Policy {
    let end = text.find("\n[offboard]").unwrap_or(text.len());
    match parse(&text[..end], &catalogue()) {
        Ok(policy) => policy,
        Err(errors) => panic!("{name}: {errors:?}"),
    }
}

#[test]
fn the_roles_of_the_examples_give_without_a_word() {
    for (name, text) in EXAMPLES {
        let policy = people(name, text);
        assert!(policy.roles.contains_key("default"), "{name}");
        for (role, bundle) in &policy.roles {
            let got = wanted(&joiner(role), &policy);
            assert_eq!(got.refusals, [], "{name} {role}");
            assert_eq!(
                got.groups.len(),
                bundle.groups.len() + bundle.lists.len(),
                "{name} {role}"
            );
            assert_eq!(
                got.licences.len() + got.licence_groups.len(),
                bundle.licences.len() + bundle.licence_groups.len(),
                "{name} {role}"
            );
            let domain = policy.naming.domain.as_deref().unwrap_or_default();
            assert_eq!(
                got.candidates[0],
                format!("siobhan.obrien@{domain}"),
                "{name}"
            );
        }
    }
}
