//! How a house stands, to tell whether anything was changed or lost.

use serde_json::{Value, json};
use store::{Key, Store, TenantScope};

use super::House;

/// What the cloud has seen changed, and what the store holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    log: Value,
    store: Value,
}

impl Standing {
    pub(super) fn of(house: &House) -> Self {
        Self {
            log: house.ask("log"),
            store: house.store(|store| Box::pin(held(store))),
        }
    }

    /// Nothing was changed and nothing was lost.
    #[track_caller]
    pub(crate) fn is_still(&self, before: &Self) {
        assert_eq!(self.log, before.log, "the cloud was changed");
        for (what, held) in before.store.as_object().unwrap() {
            assert_eq!(&self.store[what], held, "{what} of the store were changed");
        }
    }

    /// How many changes the cloud has seen.
    pub(crate) fn changes(&self) -> usize {
        self.log.as_array().unwrap().len()
    }
}

async fn held(store: &Store) -> Value {
    let all = TenantScope::provider();
    let mut policies = Vec::new();
    for tenant in store.tenants(&all).await.unwrap() {
        policies.push(store.policies(&all, &tenant.name).await.unwrap());
    }
    let plans = store.plans(&all, 1_000).await.unwrap();
    json!({
        "tenants": store.tenants(&all).await.unwrap(),
        "policies": policies,
        "requests": store.requests(&all, 1_000).await.unwrap(),
        "drafts": store.drafts(&all).await.unwrap(),
        "plans": plans.iter().map(|plan| format!("{plan:?}")).collect::<Vec<_>>(),
        "runs": store.runs(&all, 1_000).await.unwrap(),
    })
}

/// Work on a store that is open.
pub(crate) type Work<'s, T> = std::pin::Pin<Box<dyn Future<Output = T> + 's>>;

impl House {
    /// Opens the store beside the binary.
    pub(crate) fn store<T>(&self, work: impl for<'s> FnOnce(&'s Store) -> Work<'s, T>) -> T {
        let key = std::fs::read(self.path("tenure.key")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let key = Key::from_bytes(key.trim_ascii()).unwrap();
            let store = Store::open(&self.path("tenure.db"), key).await.unwrap();
            let done = work(&store).await;
            store.close().await;
            done
        })
    }
}
