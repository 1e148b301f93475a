//! Steps that a person carries out: whoever has to is told what, and by when.

use engine::state::Status;
use jiff::Timestamp;
use store::{About, Channel, NewDelivery, RunFilter, RunLine, RunStatus, TenantScope};

use super::{People, Telling, body, id, notes, whom};
use crate::problem::Problem;
use crate::wiring::of_store;

impl Telling<'_> {
    /// Tells everybody who was asked to do a step. What goes wrong with one run keeps no other from being told of.
    pub(super) async fn ask_hands(
        &mut self,
        people: &People,
        now: Timestamp,
    ) -> Result<(), Problem> {
        for line in self.under_way().await? {
            if let Err(problem) = self.ask_hands_of(&line, people, now).await {
                tracing::error!("telling of run {}: {problem}", line.id);
            }
        }
        Ok(())
    }

    /// The runs that have begun and not ended.
    async fn under_way(&self) -> Result<Vec<RunLine>, Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::provider());
        let mut all = Vec::new();
        for status in [RunStatus::Containing, RunStatus::Running, RunStatus::Paused] {
            let filter = RunFilter {
                status: Some(status),
                ..RunFilter::default()
            };
            let mut after = None;
            loop {
                let page = store.list_runs(&scope, &filter, after.as_deref()).await;
                let page = page.map_err(of_store)?;
                all.extend(page.lines);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(all)
    }

    async fn ask_hands_of(
        &mut self,
        line: &RunLine,
        people: &People,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::of(&line.tenant));
        let row = store.run(&scope, &line.id).await.map_err(of_store)?;
        let with = row.state.steps.iter();
        let with: Vec<_> = with
            .filter_map(|(key, step)| match step.status {
                Status::WithPerson { due_ms } => Some((key, due_ms)),
                _ => None,
            })
            .collect();
        if with.is_empty() {
            return Ok(());
        }
        let stored = store.plan(&scope, &line.plan).await.map_err(of_store)?;
        let plan = &stored.plan;
        let request = store.request(&scope, &plan.request).await;
        let request = request.map_err(of_store)?;
        for (key, due_ms) in with {
            let spec = plan.step(key);
            let work = spec.and_then(|spec| Some((spec, spec.by_hand.as_ref()?)));
            let due = Timestamp::from_millisecond(due_ms).unwrap_or(now);
            // Asked anew after a retry, it has another deadline and is told again.
            let id = id(
                "by-hand",
                &[line.id.as_str(), key.as_str(), &due.to_string()],
            );
            let Some((spec, work)) = work.filter(|_| !self.told.contains(&id)) else {
                continue;
            };
            let to = whom::assignee(&work.assignee, plan, &request, &people.kept);
            let Some(to) = to else {
                continue;
            };
            let clocks = self.clocks(&self.site(plan, &request).await, &to, now);
            let url = format!(
                "{}/t/{}/runs/{}/steps/{key}",
                self.base, line.tenant, line.id
            );
            let letter = notes::by_hand(plan, (spec, work), due, &to, &url, &clocks)?;
            self.enqueue(NewDelivery {
                id,
                channel: Channel::Mail,
                tenant: Some(line.tenant.clone()),
                endpoint: None,
                target: to.address,
                event: "step-asked".to_owned(),
                body: body(&letter)?,
                about: About::Run(line.id.clone()),
                at: now,
                due_at: now,
            })
            .await?;
        }
        Ok(())
    }
}
