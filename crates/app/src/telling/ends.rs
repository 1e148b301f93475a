//! How runs ended, told to whoever asked and who approved.

use jiff::{SignedDuration, Timestamp};
use store::{About, Channel, EntryFilter, EntryLine, NewDelivery, TenantScope};

use super::{People, Telling, body, id, whom, words};
use crate::problem::Problem;
use crate::wiring::of_store;

/// How long ago a run may have ended that is still told of: no old ones when mail is configured for the first time.
pub(super) const NEWS: SignedDuration = SignedDuration::from_hours(24);
/// How much earlier than the last look entries are read again, in case one was written late.
const LATE: SignedDuration = SignedDuration::from_mins(5);

impl Telling<'_> {
    /// The ends of runs that were not told of yet, of the last day.
    pub(super) async fn ends(&self, now: Timestamp) -> Result<Vec<EntryLine>, Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::provider());
        let filter = EntryFilter {
            kind: Some("run-ended".to_owned()),
            ..EntryFilter::default()
        };
        let since = self.looked.map_or(now - NEWS, |looked| looked - LATE);
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = store.list_entries(&scope, &filter, after.as_deref()).await;
            let page = page.map_err(of_store)?;
            let is_last = page.lines.iter().any(|entry| entry.at < since);
            let news = page.lines.into_iter().filter(|entry| {
                entry.at >= since && !self.ended.contains(&(entry.tenant.clone(), entry.seq))
            });
            all.extend(news);
            after = page.next;
            if is_last || after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Tells whoever asked and who approved how a run ended.
    pub(super) async fn tell(
        &mut self,
        entry: &EntryLine,
        people: &People,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (store, scope) = (&self.wiring.store, TenantScope::of(&entry.tenant));
        let Some(run) = &entry.run else {
            return Ok(());
        };
        let row = store.run(&scope, run).await.map_err(of_store)?;
        // Somebody had it try again: it will end once more.
        let Some(outcome) = row.outcome() else {
            return Ok(());
        };
        let stored = store.plan(&scope, &row.plan).await.map_err(of_store)?;
        let plan = &stored.plan;
        let request = store.request(&scope, &plan.request).await;
        let request = request.map_err(of_store)?;
        let site = self.site(plan, &request).await;
        let url = format!("{}/t/{}/runs/{run}", self.base, entry.tenant);
        for to in whom::to_tell(plan, &request, &row.state.approvers, &people.kept) {
            let seq = entry.seq.to_string();
            let parts = [entry.tenant.as_str(), seq.as_str(), to.address.as_str()];
            let clocks = self.clocks(&site, &to, now);
            let letter = words::done(plan, &row.state, outcome, &to, &url, &clocks)?;
            let new = NewDelivery {
                id: id("done", &parts),
                channel: Channel::Mail,
                tenant: Some(entry.tenant.clone()),
                endpoint: None,
                target: to.address,
                event: "run-ended".to_owned(),
                body: body(&letter)?,
                about: About::Run(run.clone()),
                at: now,
                due_at: now,
            };
            self.enqueue(new).await?;
        }
        Ok(())
    }
}
