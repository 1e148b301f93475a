//! The primary of every tenant, its lagging replicas and its log; and a visit, which is one request's sight of one tenant.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::chance::Chance;
use crate::temper::Temper;
use crate::world::{self, Cause, Change, Clock, Id, Replicas, Tenant, World};

/// How many pieces of vendor work one request may set off, so that two rules that undo each other cannot hang us.
const MAX_SETTLED: usize = 500;

/// State of the simulated cloud, apart from faults and budgets.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) world: World,
    pub(crate) log: Vec<Change>,
    pub(crate) clock: Clock,
    pub(crate) chance: Chance,
    pub(crate) temper: Temper,
    /// Commits that changed something through a request, over all tenants.
    pub(crate) writes: u64,
    /// When this cloud, and with it the log, began.
    started: Timestamp,
    replicas: BTreeMap<Id, Replicas>,
}

/// Who changes something, for the log and for the draws.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) cause: Cause,
    pub(crate) operation: String,
    pub(crate) request_id: Option<String>,
    pub(crate) client_request_id: Option<String>,
    /// The name under which lags and delays are drawn.
    pub(crate) name: String,
}

impl Cloud {
    pub(crate) fn new(world: World, temper: Temper, seed: u64, clock: Clock) -> Self {
        let mut cloud = Self {
            world,
            log: Vec::new(),
            started: clock.now(),
            clock,
            chance: Chance::new(seed),
            temper,
            writes: 0,
            replicas: BTreeMap::new(),
        };
        let (now, temper, chance) = (cloud.clock.now(), cloud.temper.clone(), cloud.chance);
        for tenant in cloud.world.tenants.values_mut() {
            world::arm(tenant, now, &temper, (chance, "start"));
        }
        cloud
    }

    /// Lets the vendor's own processes catch up with the clock.
    pub(crate) fn settle(&mut self, tenant_id: &str) {
        let now = self.clock.now();
        for _ in 0..MAX_SETTLED {
            let Some(tenant) = self.world.tenants.get_mut(tenant_id) else {
                return;
            };
            let Some(due) = world::next_due(tenant, now) else {
                return;
            };
            let operation = due.work.operation();
            let name = format!("{operation} {:?} {}", due.work, due.at);
            let origin = Origin {
                cause: Cause::Vendor,
                operation: operation.to_owned(),
                request_id: None,
                client_request_id: None,
                name,
            };
            let at = due.at;
            let Ok(()) =
                self.commit::<_, std::convert::Infallible>(tenant_id, at, &origin, |tenant| {
                    world::perform(tenant, &due);
                    Ok(())
                });
        }
    }

    /// Changes the primary as a whole or not at all, writes the log, and lets the replicas lag.
    pub(crate) fn commit<R, E>(
        &mut self,
        tenant_id: &str,
        at: Timestamp,
        origin: &Origin,
        change: impl FnOnce(&mut Tenant) -> Result<R, E>,
    ) -> Result<R, E> {
        let before = self
            .world
            .tenants
            .get(tenant_id)
            .cloned()
            .unwrap_or_default();
        let mut after = before.clone();
        let result = change(&mut after)?;
        let differences = world::differences(&before, &after);
        if !differences.is_empty() {
            if origin.cause == Cause::Request {
                self.writes += 1;
            }
            let draw = (self.chance, origin.name.as_str());
            self.replicas
                .entry(tenant_id.to_owned())
                .or_default()
                .committed((&before, &after), at, self.temper.lag_ms, draw);
        }
        world::arm(&mut after, at, &self.temper, (self.chance, &origin.name));
        for difference in differences {
            self.log.push(Change {
                n: self.log.len() as u64 + 1,
                time: at,
                tenant: tenant_id.to_owned(),
                object: difference.object,
                field: difference.field,
                before: difference.before,
                after: difference.after,
                cause: origin.cause,
                request_id: origin.request_id.clone(),
                client_request_id: origin.client_request_id.clone(),
                operation: origin.operation.clone(),
            });
        }
        self.world.tenants.insert(tenant_id.to_owned(), after);
        Ok(result)
    }

    fn view(&self, tenant_id: &str, replica: usize, moment: Timestamp) -> Tenant {
        let Some(primary) = self.world.tenants.get(tenant_id) else {
            return Tenant::default();
        };
        match self.replicas.get(tenant_id) {
            Some(replicas) => replicas.view(primary, replica, moment),
            None => primary.clone(),
        }
    }
}

/// One authenticated request's sight of its tenant: reads come from a replica, writes go to the primary.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    cloud: &'a mut Cloud,
    tenant_id: Id,
    app_id: Id,
    now: Timestamp,
    origin: Origin,
    seen: OnceCell<Tenant>,
    indexed: OnceCell<Tenant>,
}

impl<'a> Visit<'a> {
    /// Opens a visit; `origin.name` is the request's identity, from which its replica and all draws follow.
    pub(crate) fn new(cloud: &'a mut Cloud, tenant_id: &str, app_id: &str, origin: Origin) -> Self {
        cloud.settle(tenant_id);
        let now = cloud.clock.now();
        Self {
            cloud,
            tenant_id: tenant_id.to_owned(),
            app_id: app_id.to_owned(),
            now,
            origin,
            seen: OnceCell::new(),
            indexed: OnceCell::new(),
        }
    }

    /// The tenant's GUID.
    pub(crate) fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The caller's client id.
    pub(crate) fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Vendor time of this request.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Every effective change since the cloud began, of all tenants.
    pub(crate) fn log(&self) -> &[Change] {
        &self.cloud.log
    }

    /// When the log began.
    pub(crate) fn started(&self) -> Timestamp {
        self.cloud.started
    }

    /// How unkind the cloud is.
    pub(crate) fn temper(&self) -> &Temper {
        &self.cloud.temper
    }

    fn replica(&self) -> usize {
        usize::try_from(
            self.cloud
                .chance
                .between(&["replica", &self.origin.name], 0, 2),
        )
        .unwrap_or(0)
    }

    /// The tenant as this request's replica shows it: what every GET and Get- cmdlet answers from.
    pub(crate) fn seen(&self) -> &Tenant {
        self.seen
            .get_or_init(|| self.cloud.view(&self.tenant_id, self.replica(), self.now))
    }

    /// The tenant as the index behind `$filter` and `$search` shows it, which lags further.
    pub(crate) fn indexed(&self) -> &Tenant {
        self.indexed.get_or_init(|| {
            let lag = i64::try_from(self.cloud.temper.index_lag_ms).unwrap_or(0);
            self.cloud.view(
                &self.tenant_id,
                self.replica(),
                world::after(self.now, -lag),
            )
        })
    }

    /// The tenant as it stood at an earlier moment: what change tracking tells of.
    pub(crate) fn as_of(&self, moment: Timestamp) -> Tenant {
        match self.cloud.replicas.get(&self.tenant_id) {
            Some(replicas) => replicas.as_of(self.primary(), moment),
            None => self.primary().clone(),
        }
    }

    /// The truth: what a write is checked against.
    pub(crate) fn primary(&self) -> &Tenant {
        self.cloud
            .world
            .tenants
            .get(&self.tenant_id)
            .expect("a visit is opened for a known tenant only")
    }

    /// Commits a change as a whole; on an error nothing has changed. A change without effect leaves no trace.
    pub(crate) fn change<R, E>(
        &mut self,
        operation: &str,
        change: impl FnOnce(&mut Tenant) -> Result<R, E>,
    ) -> Result<R, E> {
        operation.clone_into(&mut self.origin.operation);
        let result = self
            .cloud
            .commit(&self.tenant_id, self.now, &self.origin, change);
        self.seen = OnceCell::new();
        self.indexed = OnceCell::new();
        result
    }

    /// A new object id, the same for the same request under the same seed.
    pub(crate) fn new_id(&self, what: &str) -> Id {
        self.cloud.chance.id(&["id", what, &self.origin.name])
    }

    /// An id that is always the same for the same name in this tenant.
    pub(crate) fn name_id(&self, name: &[&str]) -> Id {
        self.cloud
            .chance
            .id(&[name, &[self.tenant_id.as_str()]].concat())
    }

    /// Whether something of this probability happens to this request.
    pub(crate) fn happens(&self, what: &str, probability: f64) -> bool {
        self.cloud
            .chance
            .happens(&["happens", what, &self.origin.name], probability)
    }

    /// A moment drawn between `[least, most]` milliseconds from now.
    pub(crate) fn later(&self, what: &str, ms: [u64; 2]) -> Timestamp {
        let wait = self
            .cloud
            .chance
            .between(&["later", what, &self.origin.name], ms[0], ms[1]);
        world::after(self.now, i64::try_from(wait).unwrap_or(0))
    }
}
