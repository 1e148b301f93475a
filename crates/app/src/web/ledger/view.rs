//! The ledger in words: heads, lines, one entry, and what a walk found.

use domain::TenantId;
use domain::ledger::{Place, Proof, Report};
use jiff::Timestamp;
use serde_json::Value;
use store::EntryLine;

use super::path::{self, Level};
use crate::acts::ledger::SignedHead;
use crate::problem::Problem;
use crate::web::lists::many;
use crate::web::reading;
use crate::web::when;
use crate::web::zones::Zones;

/// The kinds to filter by, with what they are called.
pub(super) const KINDS: [(&str, &str); 6] = [
    ("request", "Requests"),
    ("plan", "Plans"),
    ("approval", "Approvals"),
    ("receipt", "Receipts"),
    ("finding", "Findings"),
    ("policy", "Policies"),
];

/// A ledger's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tenant: String,
    pub(super) entries: String,
    pub(super) root: String,
    pub(super) short: String,
    pub(super) spaced: String,
    pub(super) signed: String,
    pub(super) iso: String,
    pub(super) key: String,
    /// When the ledger was last walked, and how far.
    pub(super) verified: String,
    /// What does not hold; empty when the head does.
    pub(super) wrong: String,
}

/// What a walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) holds: bool,
    pub(super) said: String,
    pub(super) more: String,
}

/// An entry as a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) seq: u64,
    pub(super) iso: String,
    pub(super) at: String,
    pub(super) kind: String,
    pub(super) tenant: String,
    pub(super) person: String,
    pub(super) short: String,
    pub(super) spaced: String,
}

/// An entry as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) kind: String,
    pub(super) at: String,
    pub(super) iso: String,
    pub(super) person: String,
    /// Where the object it tells of is shown, and what it is; empty for none.
    pub(super) about: Vec<(String, String)>,
    pub(super) canonical: String,
    pub(super) leaf: String,
    pub(super) payload: String,
    pub(super) erased: bool,
    pub(super) levels: Vec<Level>,
    pub(super) size: u64,
    pub(super) root: String,
    pub(super) note: String,
    pub(super) key: String,
}

/// A head, with when its ledger was last walked.
pub(super) fn head(
    tenant: &TenantId,
    signed: Result<SignedHead, Problem>,
    kept: Option<String>,
    zones: &Zones,
) -> Head {
    let verified = kept
        .as_deref()
        .and_then(|text| walked(text, zones))
        .unwrap_or_else(|| "not here yet".to_owned());
    match signed {
        Ok(SignedHead { head, key, .. }) => {
            let root = head.root.to_string();
            Head {
                tenant: tenant.to_string(),
                entries: head.size.to_string(),
                short: root.chars().take(12).collect(),
                spaced: reading::digest_groups(&root),
                root,
                signed: when::day(head.time, &zones.here, zones.now),
                iso: when::machine(head.time),
                key,
                verified,
                wrong: String::new(),
            }
        }
        Err(problem) => Head {
            tenant: tenant.to_string(),
            verified,
            wrong: problem.what.join(" "),
            ..Head::default()
        },
    }
}

/// `Today 16:40, 128 entries`.
fn walked(text: &str, zones: &Zones) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let at = value.get("at")?.as_str()?.parse().ok()?;
    let entries = value.get("entries")?.as_u64()?;
    Some(format!(
        "{}, {entries} entries",
        when::day(at, &zones.here, zones.now)
    ))
}

fn number(count: u64, one: &str, several: &str) -> String {
    many(usize::try_from(count).unwrap_or(usize::MAX), one, several)
}

/// What a walk found, in a sentence, and what to do.
pub(super) fn verified(report: &Report, zones: &Zones) -> Verified {
    let now = when::day(zones.now, &zones.here, zones.now);
    let Some(fault) = &report.fault else {
        let erased = match report.erased.len() {
            0 => String::new(),
            1 => " The content of 1 entry was erased; its commitment holds.".to_owned(),
            many => format!(" The content of {many} entries was erased; their commitments hold."),
        };
        return Verified {
            holds: true,
            said: format!(
                "{} and {} hold.",
                number(report.entries, "entry", "entries"),
                number(report.heads, "signed head", "signed heads")
            ),
            more: format!(
                "Checked {now}: nothing was changed, cut or reordered.{erased} Keep a head elsewhere: it proves the end as well."
            ),
        };
    };
    let place = match fault.place {
        Place::Header => "The first line does not hold".to_owned(),
        Place::Entries { first, last } if first == last => format!("Entry {first} does not match"),
        Place::Entries { first, last } => {
            format!("One of the entries {first} to {last} does not match")
        }
        Place::Head { number } => format!("Head {number} does not hold"),
        Place::OutsideHead => "The head kept elsewhere does not fit".to_owned(),
    };
    Verified {
        holds: false,
        said: format!("{place}: {}. Nothing was repaired.", fault.what),
        more: "Export the ledger and keep it as evidence, take the store out of use, and compare with a head that was kept elsewhere or with a backup.".to_owned(),
    }
}

/// To the second: entries follow each other closely.
fn moment(at: Timestamp, zones: &Zones) -> String {
    let (at, now) = (
        at.to_zoned(zones.here.clone()),
        zones.now.to_zoned(zones.here.clone()),
    );
    let form = if at.date() == now.date() {
        "%H:%M:%S"
    } else {
        "%-d %b %Y %H:%M:%S"
    };
    at.strftime(form).to_string()
}

/// An entry as a line.
pub(super) fn line(line: &EntryLine, zones: &Zones, one: bool) -> Line {
    let digest = line.digest.as_ref().map_or("", |digest| digest.as_str());
    Line {
        href: format!("/t/{}/ledger/{}", line.tenant, line.seq),
        seq: line.seq,
        iso: when::machine(line.at),
        at: moment(line.at, zones),
        kind: reading::property(&line.kind),
        tenant: if one {
            String::new()
        } else {
            line.tenant.to_string()
        },
        person: line
            .name
            .clone()
            .or_else(|| line.upn.clone())
            .unwrap_or_default(),
        short: digest.chars().take(12).collect(),
        spaced: reading::digest_groups(digest),
    }
}

/// An entry with its proof.
pub(super) fn entry(line: &EntryLine, proof: &Proof, zones: &Zones) -> Entry {
    let tenant = &line.tenant;
    let request = line.request.as_ref().map(|id| {
        (
            format!("/t/{tenant}/requests/{id}"),
            format!("Request {id}"),
        )
    });
    let plan = line
        .plan
        .as_ref()
        .map(|id| (format!("/t/{tenant}/plans/{id}"), format!("Plan {id}")));
    let run = line
        .run
        .as_ref()
        .map(|id| (format!("/t/{tenant}/runs/{id}"), format!("Run {id}")));
    let checked = proof.check(&store::Ed25519);
    let (size, root) = checked.map_or_else(
        |_| (0, String::new()),
        |head| (head.size, head.root.to_string()),
    );
    let payload = proof.row.payload.as_deref();
    let pretty = payload.map(|text| {
        serde_json::from_str::<Value>(text)
            .map_or_else(|_| text.to_owned(), |value| format!("{value:#}"))
    });
    Entry {
        seq: line.seq,
        kind: reading::property(&line.kind),
        at: when::short(line.at, &zones.here, zones.now),
        iso: when::machine(line.at),
        person: line
            .name
            .clone()
            .or_else(|| line.upn.clone())
            .unwrap_or_default(),
        about: [request, plan, run].into_iter().flatten().collect(),
        canonical: proof.row.entry.canonical(),
        leaf: proof.row.leaf.to_string(),
        erased: payload.is_none(),
        payload: pretty.unwrap_or_default(),
        levels: path::levels(line.seq, size, &proof.path),
        size,
        root,
        note: proof.note.clone(),
        key: proof.key.clone(),
    }
}
