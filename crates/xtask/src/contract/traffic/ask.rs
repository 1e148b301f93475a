//! What a scene asks for: the request, the policy and the switches, and the facts that are read for them.

use std::collections::BTreeMap;

use connectors::facts::{JoinerWanted, Owned, Scan, Wanted, Who};
use connectors::{Ctx, Purpose};
use domain::facts::Facts;
use domain::joiner;
use domain::policy::Policy;
use domain::request::{Cited, Kind, Origin, PersonHint, Request, When};
use jiff::ToSpan as _;
use serde_json::{Value, json};
use steps::Switches;

use super::play::START;
use super::scene::{Cast, Scene};
use super::stage::Stage;

/// How far ahead of the first plan a joiner's first moment of work lies.
const UNTIL_START_H: i64 = 1;

/// What a scene asks for.
pub(super) struct Ask {
    pub(super) request: Request,
    pub(super) policy: Policy,
    pub(super) switches: Switches,
    nobody: String,
}

impl Ask {
    /// What this scene asks for with this cast.
    ///
    /// # Errors
    /// When its policy is none.
    pub(super) fn of(scene: &Scene, cast: &Cast) -> anyhow::Result<Self> {
        Ok(Self {
            request: request(scene, cast),
            policy: policy(scene, cast)?,
            switches: switches(scene, cast),
            nobody: cast.address("nobody.at.all"),
        })
    }

    /// The facts as the planner reads them, or as the drift check does, which knows some of them already. Nothing where they cannot be
    /// read, which is an answer, too.
    pub(super) async fn facts(&self, stage: &Stage, known: Option<&Facts>) -> Option<Facts> {
        let mut names = steps::names(&self.request, &self.switches);
        names.push("Alex Murphy".to_owned());
        names.push(self.nobody.clone());
        let ctx = Ctx::of(if known.is_some() {
            Purpose::Drift
        } else {
            Purpose::Plan
        });
        if self.request.kind == Kind::Onboard {
            return self.of_joiner(stage, (&ctx, names), known).await;
        }
        let hint = &self.request.person;
        let written = hint.address.as_ref().or(hint.name.as_ref())?;
        let (person, scan) = match known {
            None => (Who::Written(&written.value), Scan::Everywhere),
            Some(Facts {
                person,
                rights_elsewhere,
                ..
            }) => (
                Who::Known {
                    id: person.id.as_str(),
                    upn: &person.upn,
                },
                Scan::Known(rights_elsewhere.clone()),
            ),
        };
        let owned = known.map(owned).unwrap_or_default();
        let wanted = Wanted {
            person,
            names: &names,
            scan,
            owned: &owned,
            now: stage.sandbox.now(),
        };
        connectors::facts::read(&stage.connection, &ctx, wanted)
            .await
            .ok()
    }

    async fn of_joiner(
        &self,
        stage: &Stage,
        (ctx, mut names): (&Ctx, Vec<String>),
        known: Option<&Facts>,
    ) -> Option<Facts> {
        let wanted = joiner::wanted(&self.request, &self.policy);
        names.extend(wanted.manager.clone());
        let groups: Vec<String> = wanted
            .groups
            .iter()
            .chain(&wanted.licence_groups)
            .map(|group| group.wish.clone())
            .collect();
        let mailboxes: Vec<String> = wanted
            .mailboxes
            .iter()
            .map(|mailbox| mailbox.wish.address().to_owned())
            .collect();
        let asked = JoinerWanted {
            candidates: &wanted.candidates,
            domain: self.policy.naming.domain.as_deref(),
            address: wanted.address.as_deref(),
            reserved: &[],
            employee_id: wanted.profile.get("employee-id").map(String::as_str),
            display_name: &wanted.display_name,
            groups: &groups,
            mailboxes: &mailboxes,
            copy_from: wanted.copy_from.as_deref(),
            names: &names,
            chosen: known.map(|known| known.person.upn.as_str()),
            now: stage.sandbox.now(),
        };
        connectors::facts::read_joiner(&stage.connection, ctx, asked)
            .await
            .ok()
    }
}

fn owned(facts: &Facts) -> Vec<Owned> {
    let groups = facts
        .owned_groups
        .iter()
        .map(|owned| Owned::Group(owned.group.id.clone()));
    let applications = facts
        .owned_applications
        .iter()
        .map(|owned| Owned::Application(owned.id.clone()));
    groups.chain(applications).collect()
}

fn request(scene: &Scene, cast: &Cast) -> Request {
    let mut fields: BTreeMap<String, Cited<String>> = (scene.fields)(cast)
        .into_iter()
        .map(|(name, text)| (name.to_owned(), Cited::typed(text)))
        .collect();
    let mut person = PersonHint {
        address: fields.remove("address"),
        ..PersonHint::default()
    };
    let mut when = When::Now;
    if scene.kind == Kind::Onboard {
        let start = START.saturating_add(UNTIL_START_H.hours());
        when = start.map_or(When::Now, When::At);
    } else {
        let world = sim::worlds::demo(START);
        let user = &world.tenants[cast.tenant].users[&cast.leaver];
        if scene.by_name {
            person.name = Some(Cited::typed(user.display_name.clone()));
        } else {
            person.address = Some(Cited::typed(user.user_principal_name.clone()));
        }
    }
    Request {
        id: "request".into(),
        tenant: "tenant".into(),
        kind: scene.kind,
        person,
        when: Some(Cited::typed(when)),
        fields,
        switches: BTreeMap::new(),
        origin: Origin {
            channel: "cli".to_owned(),
            requester: cast.address("hr"),
            reference: None,
            received_at: START,
            subject: None,
            body: None,
        },
        asks: Vec::new(),
        confidential: Vec::new(),
        only: None,
    }
}

fn policy(scene: &Scene, cast: &Cast) -> anyhow::Result<Policy> {
    let mut policy = json!({
        "version": 1, "sites": {}, "requesters": {}, "approvals": {},
        "protected": { "break-glass-confirmed": true },
        "notify": { "sender": cast.address(cast.shared), "recipients": ["it@partner.example"] },
    });
    if let (Value::Object(policy), Value::Object(more)) = (&mut policy, (scene.policy)(cast)) {
        policy.extend(more);
    }
    Ok(serde_json::from_value(policy)?)
}

/// Every step of the list with its defaults, and what the scene has to say about them.
fn switches(scene: &Scene, cast: &Cast) -> Switches {
    let entries = steps::catalogue().entries;
    let mut switches: Switches = entries
        .into_iter()
        .map(|entry| (entry.name.to_owned(), entry.defaults))
        .collect();
    if let Value::Object(settings) = (scene.settings)(cast) {
        for (step, wanted) in settings {
            match wanted {
                Value::Null => drop(switches.remove(&step)),
                wanted => drop(switches.insert(step, wanted)),
            }
        }
    }
    switches
}
