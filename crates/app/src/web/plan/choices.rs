//! What an approver or requester can decide otherwise on a plan: few choices with what they cost, each of which makes a new version.

use std::collections::BTreeMap;

use domain::catalogue::Catalogue;
use domain::plan::Plan;
use domain::policy::{self, Policy, Prices, Resolved};
use domain::request::{Kind, Request};
use domain::spec::{Effect, ObjectKind, StepSpec};
use serde_json::{Value, json};

use super::known::Known;
use super::lead::number;
use super::standing::Stands;

/// One way to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// What the form sends.
    pub(crate) value: &'static str,
    /// What it does, and what that costs where the policy says it.
    pub(crate) label: String,
    /// Whether this version does it.
    pub(crate) is_current: bool,
    /// Whether the policy does it of itself.
    pub(crate) is_default: bool,
}

/// Something to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What the form sends.
    pub(crate) name: &'static str,
    /// What is to be decided.
    pub(crate) text: String,
    /// The ways, at least two.
    pub(crate) picks: Vec<Pick>,
}

/// What a choice sets, by its name and the way: switches of the request.
pub(crate) fn switches(name: &str, pick: &str) -> Option<BTreeMap<String, Value>> {
    let set = match (name, pick) {
        ("mailbox", "keep") => vec![(CONVERT, json!({"on": true, "oversized": "keep-licence"}))],
        ("mailbox", "leave") => vec![(CONVERT, json!(false)), (LICENCES, json!(false))],
        ("licences", "back") => vec![(LICENCES, json!(true))],
        ("licences", "stay") => vec![(LICENCES, json!(false))],
        ("forwarding", "on") => vec![(FORWARD, json!(true))],
        ("forwarding", "off") => vec![(FORWARD, json!(false))],
        _ => return None,
    };
    let set = set.into_iter();
    Some(
        set.map(|(switch, value)| (switch.to_owned(), value))
            .collect(),
    )
}

const CONVERT: &str = "convert-mailbox";
const LICENCES: &str = "remove-licenses";
const FORWARD: &str = "set-forwarding";

/// Everything to decide on a plan that nothing was carried out of; nothing for an action, whose one step was named.
pub(crate) fn of(known: &Known, stands: &Stands) -> Vec<Choice> {
    let Some((_, policy)) = &known.policy else {
        return Vec::new();
    };
    let open = matches!(
        stands,
        Stands::Waiting | Stands::Approved | Stands::Expired(_)
    );
    if !open {
        return Vec::new();
    }
    made(known.plan(), &known.request, policy, &steps::catalogue())
}

fn made(plan: &Plan, request: &Request, policy: &Policy, catalogue: &Catalogue) -> Vec<Choice> {
    if plan.kind != Kind::Offboard || plan.only.is_some() {
        return Vec::new();
    }
    let standing = policy::resolve(policy, plan.kind, &BTreeMap::new(), catalogue);
    let here = policy::resolve(policy, plan.kind, &request.switches, catalogue);
    let (Ok(standing), Ok(here)) = (standing, here) else {
        return Vec::new();
    };
    let ground = Ground {
        plan,
        prices: &policy.prices,
        standing,
        here,
    };
    let mailbox = ground.mailbox();
    // Leaving the licences is one of the ways to decide on the mailbox.
    let licences = ground.licences().filter(|_| mailbox.is_none());
    [mailbox, licences, ground.forwarding()]
        .into_iter()
        .flatten()
        .collect()
}

struct Ground<'a> {
    plan: &'a Plan,
    prices: &'a Prices,
    /// What the policy says of itself.
    standing: BTreeMap<String, Resolved>,
    /// The same with the request's word.
    here: BTreeMap<String, Resolved>,
}

impl Ground<'_> {
    fn on(of: &BTreeMap<String, Resolved>, step: &str) -> bool {
        of.get(step).is_some_and(|one| one.on)
    }

    /// Whether the request has switched off what the policy has on.
    fn declined(&self, step: &str) -> bool {
        Self::on(&self.standing, step) && !Self::on(&self.here, step)
    }

    fn with(&self, effect: fn(&Effect) -> bool) -> impl Iterator<Item = &StepSpec> {
        let all = self.plan.steps.iter();
        all.filter(move |spec| spec.has(effect))
    }

    /// The licence names of these steps' changes.
    fn names(&self, effect: fn(&Effect) -> bool) -> Vec<&str> {
        self.with(effect)
            .flat_map(|spec| &spec.changes)
            .filter(|change| change.object.kind == ObjectKind::License)
            .map(|change| change.object.name.as_str())
            .collect()
    }

    /// What these seats cost a month; nothing where one price is not known.
    fn money(&self, names: &[&str]) -> Option<String> {
        let known: Option<Vec<u64>> = names.iter().map(|name| self.prices.minor(name)).collect();
        let sum: u64 = known?.into_iter().sum();
        (sum > 0).then(|| format!("{} a month", self.prices.amount(sum)))
    }

    fn mailbox(&self) -> Option<Choice> {
        let keeps = |effect: &Effect| matches!(effect, Effect::KeepsMailboxLicense { .. });
        let kept = self.with(keeps).next();
        let left = self.declined(CONVERT) && self.declined(LICENCES);
        if kept.is_none() && !left {
            return None;
        }
        let names = self.names(keeps);
        let keep = match names.as_slice() {
            [] => "Make it shared and keep it licensed".to_owned(),
            names => format!("Make it shared and keep {}", names.join(", ")),
        };
        let stops = self.standing[CONVERT].settings["oversized"] == "stop";
        Some(Choice {
            name: "mailbox",
            text: kept.map_or_else(
                || "The mailbox stays as it is, and so do the licences.".to_owned(),
                |spec| format!("{}.", spec.summary),
            ),
            picks: vec![
                Pick {
                    value: "keep",
                    label: with(keep, self.money(&names)),
                    is_current: kept.is_some(),
                    // A policy that stops there has no default: somebody decides.
                    is_default: Self::on(&self.standing, CONVERT) && !stops,
                },
                Pick {
                    value: "leave",
                    label: "Leave the mailbox and all licences".to_owned(),
                    is_current: kept.is_none(),
                    is_default: false,
                },
            ],
        })
    }

    fn licences(&self) -> Option<Choice> {
        let frees = |effect: &Effect| matches!(effect, Effect::FreesLicense { .. });
        let count = self.with(frees).count();
        if count == 0 && !self.declined(LICENCES) {
            return None;
        }
        let names = self.names(frees);
        let money = self.money(&names);
        let is_default = Self::on(&self.standing, LICENCES);
        Some(Choice {
            name: "licences",
            text: if count == 0 {
                "The licences stay with the account.".to_owned()
            } else if names.is_empty() {
                "The licences come back.".to_owned()
            } else {
                format!(
                    "{}: {}.",
                    number(names.len(), "licence comes back", "licences come back"),
                    names.join(", ")
                )
            },
            picks: vec![
                Pick {
                    value: "back",
                    label: with(
                        "Take them back".to_owned(),
                        money.as_ref().map(|money| format!("saves {money}")),
                    ),
                    is_current: count > 0,
                    is_default,
                },
                Pick {
                    value: "stay",
                    label: with("Leave them".to_owned(), money),
                    is_current: count == 0,
                    is_default: !is_default,
                },
            ],
        })
    }

    fn forwarding(&self) -> Option<Choice> {
        let sends = |effect: &Effect| *effect == Effect::SetsForwarding;
        let sent = self.with(sends).next();
        if sent.is_none() && !self.declined(FORWARD) {
            return None;
        }
        let is_default = Self::on(&self.standing, FORWARD);
        Some(Choice {
            name: "forwarding",
            text: sent.map_or_else(
                || "Mail is not forwarded.".to_owned(),
                |spec| format!("{}.", spec.summary),
            ),
            picks: vec![
                Pick {
                    value: "on",
                    label: "Forward mail".to_owned(),
                    is_current: sent.is_some(),
                    is_default,
                },
                Pick {
                    value: "off",
                    label: "Don\u{2019}t forward".to_owned(),
                    is_current: sent.is_none(),
                    is_default: !is_default,
                },
            ],
        })
    }
}

fn with(label: String, money: Option<String>) -> String {
    match money {
        Some(money) => format!("{label}, {money}"),
        None => label,
    }
}

/// What another choice does, said beforehand.
pub(crate) fn consequence(known: &Known) -> String {
    let (_, of) = known.version();
    let next = format!("Another choice makes version {}", of + 1);
    match known.holding().len() {
        0 => format!("{next}, which is approved anew."),
        1 => format!("{next} and voids the approval already given."),
        many => format!("{next} and voids the {many} approvals already given."),
    }
}

#[cfg(test)]
mod tests {
    use domain::ObjectId;
    use domain::spec::{Carries, Expect, ObjectRef, Reversal, Route};

    use super::super::tests::{plan, request};
    use super::*;

    /// A plan that keeps a licence for a large mailbox, or takes one back.
    fn with_effect(effect: Effect, name: &str) -> Plan {
        let mut plan = plan("hr@contoso.example");
        let mut spec = plan.steps[0].clone();
        spec.key = domain::StepKey::from("licence");
        spec.summary = "Keep the mailbox licensed, because it holds 61 GB".to_owned();
        spec.effects = vec![effect];
        let change = &mut spec.changes[0];
        change.object = ObjectRef::new(ObjectKind::License, &ObjectId::from("sku"), name);
        change.after = Expect::absent();
        change.reversal = Reversal::Return;
        plan.steps.push(spec);
        plan
    }

    fn policy(more: &str) -> Policy {
        let base = include_str!("../../../../../examples/policies/cloud-only.toml");
        policy::parse(&format!("{base}{more}"), &steps::catalogue()).unwrap()
    }

    const PRICED: &str = "\n[prices]\ncurrency = \"GBP\"\n[prices.month]\nEXCHANGEENTERPRISE = \"6.10\"\nSPE_E3 = \"39.00\"\n";

    fn keeps() -> Plan {
        let route = Route::Direct;
        with_effect(Effect::KeepsMailboxLicense { route }, "EXCHANGEENTERPRISE")
    }

    fn choices(plan: &Plan, more: &str, set: Option<(&str, &str)>) -> Vec<Choice> {
        let mut request = request(plan, &[]);
        if let Some((name, pick)) = set {
            request.switches = switches(name, pick).unwrap();
        }
        made(plan, &request, &policy(more), &steps::catalogue())
    }

    #[test]
    fn a_large_mailbox_is_decided_with_its_price_and_the_policys_way_is_marked() {
        let plan = keeps();
        let [choice] = choices(&plan, PRICED, None).try_into().unwrap();
        assert_eq!(choice.name, "mailbox");
        let [keep, leave] = choice.picks.as_slice() else {
            panic!("{choice:?}")
        };
        assert_eq!(
            keep.label,
            "Make it shared and keep EXCHANGEENTERPRISE, GBP\u{202f}6.10 a month"
        );
        assert!(keep.is_current && keep.is_default && !leave.is_current && !leave.is_default);
        // Without a price nothing is said about money.
        let [plain] = choices(&plan, "", None).try_into().unwrap();
        assert_eq!(
            plain.picks[0].label,
            "Make it shared and keep EXCHANGEENTERPRISE"
        );
    }

    #[test]
    fn licences_say_what_they_save_only_when_every_price_is_known() {
        let frees = |name: &str| {
            with_effect(
                Effect::FreesLicense {
                    sku: ObjectId::from("sku"),
                    route: Route::Direct,
                    carries: Carries::default(),
                },
                name,
            )
        };
        let label = |name: &str| {
            choices(&frees(name), PRICED, None)[0].picks[0]
                .label
                .clone()
        };
        assert_eq!(
            label("SPE_E3"),
            "Take them back, saves GBP\u{202f}39.00 a month"
        );
        assert_eq!(label("UNPRICED"), "Take them back");
    }

    #[test]
    fn what_was_declined_can_be_chosen_again() {
        let plain = plan("hr@contoso.example");
        assert_eq!(choices(&plain, "", None), []);
        let declined = choices(&plain, "", Some(("mailbox", "leave")));
        let [choice] = declined.as_slice() else {
            panic!("{declined:?}")
        };
        let current: Vec<&str> = choice
            .picks
            .iter()
            .filter(|pick| pick.is_current)
            .map(|pick| pick.value)
            .collect();
        assert_eq!(
            (choice.name, current.as_slice()),
            ("mailbox", ["leave"].as_slice())
        );
    }

    #[test]
    fn every_way_sets_switches_that_a_policy_takes() {
        for (name, picks) in [
            ("mailbox", ["keep", "leave"]),
            ("licences", ["back", "stay"]),
            ("forwarding", ["on", "off"]),
        ] {
            for pick in picks {
                let set = switches(name, pick).unwrap();
                let resolved =
                    policy::resolve(&policy(""), Kind::Offboard, &set, &steps::catalogue());
                assert!(resolved.is_ok(), "{name} {pick}: {resolved:?}");
            }
        }
        assert_eq!(switches("mailbox", "wipe"), None);
        assert_eq!(switches("wipe", "on"), None);
    }
}
