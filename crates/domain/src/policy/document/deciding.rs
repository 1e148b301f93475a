//! Reads who decides, within which time, what is decided beforehand, and how many may leave at once.

use toml::de::DeValue;

use crate::policy::deciding::{one, three_days};
use crate::policy::parse::{Reader, Section, whole};
use crate::policy::words::nearest;
use crate::policy::{Approvals, LeaverLimit, Limits, PreApproved};

impl Reader<'_> {
    pub(super) fn approvals(&mut self, root: &Section<'_>) -> Approvals {
        let Some(section) = self.needed(root, "approvals", "who decides") else {
            return Approvals::default();
        };
        self.only(
            &section,
            &[
                "people",
                "approvers",
                "holds-for-hours",
                "escalate-after-hours",
                "escalate-to",
                "expires-after-hours",
                "pre-approved-containment",
                "reviewers",
            ],
        );
        Approvals {
            people: self.count(&section, "people", one()),
            approvers: self.texts(&section, "approvers"),
            holds_for_hours: self.count(&section, "holds-for-hours", three_days()),
            escalate_after_hours: self.hours(&section, "escalate-after-hours"),
            escalate_to: self.addresses(&section, "escalate-to"),
            expires_after_hours: self.hours(&section, "expires-after-hours"),
            pre_approved_containment: self.pre_approved(&section),
            reviewers: self.addresses(&section, "reviewers"),
        }
    }

    fn hours(&mut self, section: &Section<'_>, key: &str) -> Option<u32> {
        self.typed(section, key, "a whole number from 1", |value| {
            whole(value).filter(|hours| *hours >= 1)
        })
    }

    fn pre_approved(&mut self, section: &Section<'_>) -> Vec<PreApproved> {
        let key = "pre-approved-containment";
        let known = PreApproved::ALL.map(PreApproved::word);
        let mut from = Vec::new();
        for word in self.texts(section, key) {
            let found = PreApproved::ALL.into_iter().find(|one| one.word() == word);
            if let Some(found) = found {
                from.push(found);
                continue;
            }
            let help = match word.to_lowercase().as_str() {
                "ticket" | "tickets" | "mail" => {
                    "text proves nothing of who wrote it, so it never closes access by itself; leave it out".to_owned()
                }
                other => nearest(other, known).map_or_else(
                    || format!("known here: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                ),
            };
            self.wrong_at(
                &format!("{}.{word}", section.path_of(key)),
                format!("containment cannot be approved beforehand for “{word}”"),
                &help,
            );
        }
        from.sort_unstable();
        from
    }

    pub(super) fn limits(&mut self, root: &Section<'_>) -> Limits {
        let Some(section) = self.section(root, "limits") else {
            return Limits::default();
        };
        self.only(&section, &["leavers"]);
        Limits {
            leavers: self.leavers(&section),
        }
    }

    fn leavers(&mut self, limits: &Section<'_>) -> Option<LeaverLimit> {
        let section = self.section(limits, "leavers")?;
        self.only(&section, &["count", "within-hours"]);
        for key in ["count", "within-hours"] {
            if !section.table.contains_key(key) {
                let help = "for example `leavers = { count = 5, within-hours = 24 }`";
                self.missing(&section, key, help.to_owned());
            }
        }
        let mut number = |key: &str| {
            let from_one = |value: &DeValue<'_>| whole(value).filter(|number| *number >= 1);
            self.typed(&section, key, "a whole number from 1", from_one)
        };
        let (count, within_hours) = (number("count"), number("within-hours"));
        Some(LeaverLimit {
            count: count?,
            within_hours: within_hours?,
        })
    }
}
