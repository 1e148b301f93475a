//! Tenants in words: a line each, and of one its sites, limits and connection.

use domain::policy::Policy;
use store::{Counts, PolicyVersion, Tenant};

use crate::acts::tenant as acts;
use crate::config::Config;
use crate::web::lists::{Mark, many};
use crate::web::when;
use crate::web::zones::Zones;

/// A tenant in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) findings: String,
    pub(super) leavers: String,
    pub(super) signs: String,
    pub(super) cloud: String,
    pub(super) connected: bool,
}

/// A tenant as a line. One without a policy is still being connected: its line leads to where that goes on.
pub(super) fn line(
    tenant: &Tenant,
    has_policy: bool,
    findings: u64,
    leavers: usize,
    rehearsal: bool,
) -> Line {
    let mark = match (has_policy, findings) {
        (false, _) => Mark::new("waiting", "Waits for a policy"),
        (true, 0) => Mark::new("verified", "Connected"),
        (true, findings) => Mark::new(
            "finding",
            many(
                usize::try_from(findings).unwrap_or(usize::MAX),
                "finding",
                "findings",
            ),
        ),
    };
    Line {
        href: if has_policy {
            format!("/t/{}", tenant.name)
        } else {
            format!("/t/{}/connect/policy", tenant.name)
        },
        name: tenant.name.to_string(),
        mark,
        findings: findings.to_string(),
        leavers: many(leavers, "leaver in 30 days", "leavers in 30 days"),
        signs: signs(&tenant.credential).to_owned(),
        cloud: cloud(&tenant.cloud, rehearsal),
        connected: has_policy,
    }
}

/// The sentence over the list.
pub(super) fn lead(lines: &[Line]) -> (String, String) {
    let waiting = lines.iter().filter(|line| !line.connected).count();
    let bold = match lines.len() {
        0 => "No tenant yet.".to_owned(),
        count => many(count, "tenant.", "tenants."),
    };
    let rest = match (lines.len(), waiting) {
        (0, _) => "Connecting one takes four steps and changes nothing there.".to_owned(),
        (_, 0) => "Every one is connected and has a policy.".to_owned(),
        (_, waiting) => format!(
            "{} a policy: nothing can be planned there.",
            many(waiting, "waits for", "wait for")
        ),
    };
    (bold, rest)
}

fn signs(credential: &str) -> &'static str {
    match credential {
        "certificate" => "Certificate",
        _ => "Client secret",
    }
}

fn cloud(name: &str, rehearsal: bool) -> String {
    match (name, rehearsal) {
        (_, true) => format!("{name}, a rehearsal"),
        ("global", _) => "Worldwide".to_owned(),
        (name, _) => name.to_owned(),
    }
}

/// What is known of a tenant without asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) version: Option<u64>,
    pub(super) signs: &'static str,
    pub(super) directory: String,
    pub(super) client: String,
    pub(super) cloud: String,
    pub(super) since: String,
    pub(super) rehearsal: bool,
}

/// What is known of a tenant without asking it.
pub(super) fn about(
    config: &Config,
    tenant: &Tenant,
    policy: Option<&PolicyVersion>,
    zones: &Zones,
) -> About {
    let rehearsal = acts::is_rehearsal(config, tenant);
    About {
        name: tenant.name.to_string(),
        version: policy.map(|policy| policy.version),
        signs: signs(&tenant.credential),
        directory: tenant.directory.clone(),
        client: tenant.client.clone(),
        cloud: cloud(&tenant.cloud, rehearsal),
        since: when::day(tenant.created_at, &zones.here, zones.now),
        rehearsal,
    }
}

/// The sentence over a tenant.
pub(super) fn lead_of_one(policy: Option<&PolicyVersion>, counts: &Counts) -> (String, String) {
    let Some(policy) = policy else {
        return (
            "It has no policy yet,".to_owned(),
            "so nothing can be planned. Connecting goes on at step 4.".to_owned(),
        );
    };
    let findings = match counts.open_findings {
        0 => "no finding is open".to_owned(),
        1 => "1 finding is open".to_owned(),
        many => format!("{many} findings are open"),
    };
    let runs = match counts.runs_under_way {
        0 => "nothing runs".to_owned(),
        1 => "1 run is under way".to_owned(),
        many => format!("{many} runs are under way"),
    };
    (
        format!("Policy version {} is in force,", policy.version),
        format!("{runs}, {findings}."),
    )
}

/// A site of the policy, with its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) name: String,
    pub(super) location: String,
    pub(super) clock: String,
    pub(super) zone: String,
    pub(super) day: String,
}

/// The sites with what time it is there.
pub(super) fn sites(policy: &Policy, zones: &Zones) -> Vec<Site> {
    policy
        .sites
        .iter()
        .map(|(name, site)| {
            let zone = when::zone(&site.time_zone);
            Site {
                name: name.clone(),
                location: site.usage_location.clone(),
                clock: zones
                    .now
                    .to_zoned(zone.clone())
                    .strftime("%a %H:%M")
                    .to_string(),
                zone: when::place(&zone),
                day: format!("{} to {}", site.start_of_day, site.end_of_day),
            }
        })
        .collect()
}

/// What the policy limits.
pub(super) fn limits(policy: &Policy) -> Vec<(String, String)> {
    let mut limits = vec![
        (
            "Approvals for a plan".to_owned(),
            policy.approvals.people.to_string(),
        ),
        (
            "An approval holds".to_owned(),
            format!("{}\u{202f}h", policy.approvals.holds_for_hours),
        ),
        (
            "Leavers at once".to_owned(),
            policy.limits.leavers.as_ref().map_or_else(
                || "no limit".to_owned(),
                |limit| format!("{} in {}\u{202f}h", limit.count, limit.within_hours),
            ),
        ),
        (
            "Emergency accounts".to_owned(),
            match (
                policy.protected.break_glass.len(),
                policy.protected.break_glass_confirmed,
            ) {
                (_, false) => "not confirmed".to_owned(),
                (count, true) => format!("{count}, confirmed"),
            },
        ),
    ];
    if policy.pilot.on {
        limits.push((
            "Pilot".to_owned(),
            many(policy.pilot.persons.len(), "test person", "test persons"),
        ));
    }
    limits
}

#[cfg(test)]
mod tests {
    use store::Tenant;

    use super::*;

    fn tenant() -> Tenant {
        Tenant {
            name: "contoso".into(),
            directory: "d".to_owned(),
            cloud: "global".to_owned(),
            client: "c".to_owned(),
            credential: "certificate".to_owned(),
            seal: "A0".to_owned(),
            created_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_tenant_without_a_policy_leads_to_where_connecting_goes_on() {
        let waiting = line(&tenant(), false, 0, 0, false);
        assert_eq!(waiting.href, "/t/contoso/connect/policy");
        assert_eq!(waiting.mark, Mark::new("waiting", "Waits for a policy"));
        let found = line(&tenant(), true, 2, 1, false);
        assert_eq!(
            (found.href.as_str(), found.mark.word.as_str()),
            ("/t/contoso", "2 findings")
        );
        assert_eq!(found.leavers, "1 leaver in 30 days");
        assert_eq!(
            lead(&[waiting, found]).1,
            "1 waits for a policy: nothing can be planned there."
        );
    }

    #[test]
    fn sites_have_their_clock_and_limits_their_words() {
        let text = crate::acts::policy::Start::of("cloud-only").unwrap().text();
        let policy = crate::acts::policy::read(&text).unwrap();
        let limits = limits(&policy);
        assert!(
            limits.contains(&("Emergency accounts".to_owned(), "1, confirmed".to_owned())),
            "{limits:?}"
        );
    }
}
