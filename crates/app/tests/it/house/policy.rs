//! The policy of the house's tenant.

use domain::request::Kind;

/// What a joiner gets in these tests.
const JOINING: [&str; 8] = [
    "create-user",
    "set-usage-location",
    "assign-licenses",
    "add-to-groups",
    "add-to-lists",
    "await-mailbox",
    "mailbox-settings",
    "grant-shared-mailbox",
];

/// Steps that close access and do nothing else.
pub(crate) const CLOSING: [&str; 3] = ["block-sign-in", "reset-password", "revoke-sessions"];

/// A policy to be written. Whatever is not switched on is switched off.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    on: Vec<String>,
    tables: Vec<(String, String)>,
}

impl Policy {
    /// Everything that belongs to every policy, with these steps on.
    pub(crate) fn of(on: &[&str]) -> Self {
        let tables = [
            (
                "sites.default",
                "usage-location = \"DE\"\ntime-zone = \"Europe/Berlin\"",
            ),
            ("requesters", "addresses = [\"hr@contoso.example\"]"),
            (
                "approvals",
                "approvers = [\"lead@provider.example\", \"second@provider.example\"]",
            ),
            (
                "protected",
                "break-glass = [\"emergency.access@contoso.onmicrosoft.example\"]\nbreak-glass-confirmed = true",
            ),
        ];
        Self {
            on: on.iter().map(|step| (*step).to_owned()).collect(),
            tables: tables
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into(),
        }
    }

    /// One that closes access and does nothing else.
    pub(crate) fn closing() -> Self {
        Self::of(&CLOSING)
    }

    /// One for people who come, with a role for everybody.
    pub(crate) fn joining() -> Self {
        Self::of(&JOINING)
            .with("naming", "domain = \"contoso.example\"")
            .with("roles.default", "licences = [\"SPE_E3\"]")
            .with(
                "roles.sales",
                "licences = [\"SPE_E3\"]\ngroups = [\"Sales Team\"]\nlists = [\"All Staff\"]",
            )
    }

    /// With this table instead of, or besides, what it has.
    pub(crate) fn with(mut self, table: &str, text: &str) -> Self {
        self.tables.retain(|(name, _)| name != table);
        self.tables.push((table.to_owned(), text.to_owned()));
        self
    }

    /// With this step on as well.
    pub(crate) fn and(mut self, step: &str) -> Self {
        self.on.push(step.to_owned());
        self
    }

    /// The document.
    pub(crate) fn text(&self) -> String {
        let mut text = "version = 1\n".to_owned();
        for (name, table) in &self.tables {
            text.push_str(&format!("\n[{name}]\n{table}\n"));
        }
        for (playbook, kind) in [("offboard", Kind::Offboard), ("onboard", Kind::Onboard)] {
            text.push_str(&format!("\n[{playbook}]\n"));
            let steps = steps::ALL.iter().map(|step| step.about());
            for about in steps.filter(|about| about.kinds.contains(&kind)) {
                let on = self.on.iter().any(|on| on == about.name);
                text.push_str(&format!("{} = {on}\n", about.name));
            }
        }
        text
    }
}
