//! What stands around every page: navigation with its counts, the tenant that is looked at, the operator, the time.

use domain::TenantId;
use domain::access::Role;
use jiff::tz::TimeZone;

use super::{Caller, Web, waits, when};
use crate::clock;
use crate::problem::Problem;
use crate::wiring::of_store;

/// Who is signed in, at the foot of the side bar.
pub(crate) struct OperatorLine {
    /// The name.
    pub(crate) name: String,
    /// The highest role, in words.
    pub(crate) role: String,
    /// The first letters of the name.
    pub(crate) initials: String,
    /// Whether the settings of the provider are theirs to change.
    pub(crate) is_admin: bool,
}

/// What stands around a page.
pub(crate) struct Shell {
    /// The page's title.
    pub(crate) title: String,
    /// Which line of the navigation is current.
    pub(crate) active: &'static str,
    /// The tenant that is looked at; all of them without one.
    pub(crate) tenant: Option<String>,
    /// The tenants there are to look at, each with how many of its findings are open.
    pub(crate) tenants: Vec<(String, u64)>,
    /// Counts in the navigation.
    pub(crate) counts: store::Counts,
    /// Who is signed in.
    pub(crate) operator: OperatorLine,
    /// The token that every form carries.
    pub(crate) csrf: String,
    /// Whether nothing here touches a real tenant.
    pub(crate) sandbox: bool,
    /// The time here, and at the tenant's site where one is looked at.
    pub(crate) now_text: String,
    /// What addresses begin with: nothing, or `/t/NAME`.
    pub(crate) base: String,
    /// The provider's name.
    pub(crate) provider: String,
}

impl Shell {
    /// The surroundings of a page for this caller.
    ///
    /// # Errors
    /// Store errors.
    pub(crate) async fn new(
        web: &Web,
        caller: &Caller,
        active: &'static str,
        title: &str,
        tenant: Option<&TenantId>,
    ) -> Result<Self, Problem> {
        let store = &web.wiring.store;
        let scope = caller.scope_at(tenant);
        let mut counts = store.counts(&scope).await.map_err(of_store)?;
        counts.plans_waiting =
            waits::count(&web.wiring, caller, &scope, counts.plans_waiting).await?;
        let all = caller.scope(Role::Viewer);
        let tenants = store.tenant_counts(&all).await.map_err(of_store)?;
        let here = caller.here(web);
        let now = clock::now().to_zoned(here.clone());
        Ok(Self {
            title: title.to_owned(),
            active,
            tenant: tenant.map(ToString::to_string),
            tenants: tenants
                .into_iter()
                .map(|(tenant, findings)| (tenant.to_string(), findings))
                .collect(),
            counts,
            operator: OperatorLine {
                initials: initials(&caller.name),
                name: caller.name.clone(),
                role: caller.role().map_or("no role", Role::word).to_owned(),
                is_admin: caller
                    .role_everywhere()
                    .is_some_and(|role| role == Role::Admin),
            },
            csrf: caller.csrf.clone(),
            sandbox: web.server.sandbox,
            now_text: format!(
                "{} in {}",
                now.strftime("%A %-d %B %Y, %H:%M"),
                when::place(&here)
            ),
            base: tenant.map_or_else(String::new, |tenant| format!("/t/{tenant}")),
            provider: provider(web).await,
        })
    }

    /// Where changing the tenant leads: the same page of the other one, and Today from pages that no tenant has.
    pub(crate) fn place(&self) -> &'static str {
        match self.active {
            "new" => "requests/new",
            "settings" => "today",
            page => page,
        }
    }
}

impl Caller {
    /// The zone in which this reader lives.
    pub(crate) fn here(&self, web: &Web) -> TimeZone {
        when::zone(self.zone.as_deref().unwrap_or(&web.server.zone))
    }
}

/// The first letters of the first and last word of a name.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

/// The provider's name, as the set-up page asked for it; `Tenure` before that, and when the store cannot say.
pub(crate) async fn provider(web: &Web) -> String {
    let setting = web.wiring.store.setting("provider").await;
    let name = setting.ok().flatten().map(|setting| setting.value);
    name.unwrap_or_else(|| "Tenure".to_owned())
}
