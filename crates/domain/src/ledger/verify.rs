//! The check of an exported ledger: names the first entry that was changed, cut or reordered, and says what is not proven.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    ERASED, FORMAT, Frontier, Hash, Head, HeadRow, Header, Key, Row, Salt, Verifier, commitment,
    origin,
};
use crate::TenantId;

/// Where a fault lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Place {
    /// The first line.
    Header,
    /// One entry; or, where only a head tells that something is wrong, the entries among which the first bad one is.
    Entries {
        /// The first.
        first: u64,
        /// The last; the same for one entry.
        last: u64,
    },
    /// A head in the file.
    Head {
        /// Its number.
        number: u64,
    },
    /// The head that was kept elsewhere.
    OutsideHead,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

impl Fault {
    fn new(place: Place, what: impl Into<String>) -> Self {
        Self {
            place,
            what: what.into(),
        }
    }

    fn entry(seq: u64, what: impl Into<String>) -> Self {
        Self::entries(seq, seq, what)
    }

    fn entries(first: u64, last: u64, what: impl Into<String>) -> Self {
        Self::new(Place::Entries { first, last }, what)
    }

    fn first_entry(&self) -> Option<u64> {
        match self.place {
            Place::Entries { first, .. } => Some(first),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Header => write!(f, "the first line")?,
            Place::Entries { first, last } if first == last => write!(f, "entry {first}")?,
            Place::Entries { first, last } => write!(f, "entries {first} to {last}")?,
            Place::Head { number } => write!(f, "head {number}")?,
            Place::OutsideHead => write!(f, "the head kept elsewhere")?,
        }
        write!(f, ": {}", self.what)
    }
}

/// How far the end of the log is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// No head from elsewhere was given: entries and heads may have been cut off the end, or the whole file written anew
    /// with another key, and nothing in the file would show it.
    NotProven,
    /// A head kept elsewhere vouches for this many entries.
    ProvenTo {
        /// How many.
        entries: u64,
    },
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The tenant, as the file says.
    pub tenant: Option<TenantId>,
    /// The key of the heads, as the file says.
    pub key: Option<String>,
    /// How many entries the file holds.
    pub entries: u64,
    /// How many heads it holds.
    pub heads: u64,
    /// How many entries are covered by a signed head that holds.
    pub signed: u64,
    /// The root over all entries, if no entry is at fault.
    pub root: Option<Hash>,
    /// Entries whose payload was erased.
    pub erased: Vec<u64>,
    /// Of those, the ones of whose erasure no entry tells.
    pub erased_unrecorded: Vec<u64>,
    /// How far the end is proven.
    #[serde(flatten)]
    pub end: End,
    /// The first fault; nothing when all is as it was recorded.
    pub fault: Option<Fault>,
}

impl Report {
    /// Whether nothing is wrong. The end may still be unproven: see [`Report::end`].
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }
}

/// Checks an exported ledger, and with it a head that was kept elsewhere.
#[must_use]
pub fn verify(export: &[u8], outside: Option<&str>, verifier: &dyn Verifier) -> Report {
    let mut report = Report {
        tenant: None,
        key: None,
        entries: 0,
        heads: 0,
        signed: 0,
        root: None,
        erased: Vec::new(),
        erased_unrecorded: Vec::new(),
        end: End::NotProven,
        fault: None,
    };
    let mut lines: Vec<&[u8]> = export.split(|byte| *byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    let (header, key) = match lines.first().and_then(|line| read_header(line)) {
        Some(read) => read,
        None => {
            report.fault = Some(Fault::new(
                Place::Header,
                "this is not a ledger that this version of Tenure wrote, or the line was changed",
            ));
            return report;
        }
    };
    report.tenant = Some(header.tenant.clone());
    report.key = Some(header.key.clone());
    if !rest.is_empty() {
        lines.push(rest);
    }
    let (entries, heads) = part(lines.get(1..).unwrap_or_default(), header.entries);
    report.entries = entries.len() as u64;
    report.heads = heads.len() as u64;

    let mut check = Check {
        header: &header,
        key: &key,
        verifier,
        leaves: Vec::with_capacity(entries.len()),
        seen: entries.len() as u64,
        faults: Vec::new(),
    };
    check.entries(&entries, &mut report);
    report.signed = check.heads(&heads);
    check.counts(&report);
    if let Some(note) = outside {
        check.outside(note, &mut report);
    }
    check.coverage(&report);
    if !rest.is_empty() && check.faults.is_empty() {
        check.faults.push(Fault::new(
            Place::Head {
                number: report.heads,
            },
            "the file ends in the middle of its line",
        ));
    }
    report.fault = check.faults.into_iter().min();
    if check.leaves.len() as u64 == report.entries {
        report.root = Some(super::root(&check.leaves));
    }
    report
}

/// Reads a line only if it is byte for byte what would be written.
fn read<T: Serialize + DeserializeOwned>(line: &[u8]) -> Option<T> {
    let row: T = serde_json::from_slice(line).ok()?;
    (serde_json::to_vec(&row).ok()? == line).then_some(row)
}

fn read_header(line: &[u8]) -> Option<(Header, Key)> {
    let header: Header = read(line)?;
    let key = Key::parse(&header.key)?;
    (header.format == FORMAT && key.name == origin(&header.tenant)).then_some((header, key))
}

/// Parts the lines into entries and heads; a line that is neither any more counts as what should stand there.
fn part<'a>(lines: &[&'a [u8]], entries: u64) -> (Vec<&'a [u8]>, Vec<&'a [u8]>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for line in lines {
        let is_entry = if line.starts_with(b"{\"entry\":") {
            true
        } else if line.starts_with(b"{\"head\":") {
            false
        } else {
            right.is_empty() && (left.len() as u64) < entries
        };
        if is_entry { &mut left } else { &mut right }.push(*line);
    }
    (left, right)
}

/// Checks a payload, if it is there, against what its entry says of it.
pub(super) fn check_payload(row: &Row) -> Result<(), String> {
    match (&row.payload, &row.salt) {
        (None, None) => Ok(()),
        (Some(payload), Some(salt)) => {
            let bytes: Option<Salt> = hex::decode(salt).ok().and_then(|s| s.try_into().ok());
            // Upper case would say the same in other bytes: a changed file all the same.
            let bytes = bytes.filter(|bytes| hex::encode(bytes) == *salt);
            let fits = bytes.is_some_and(|s| commitment(&s, payload) == row.entry.commitment);
            if fits {
                Ok(())
            } else {
                Err("its payload is not the one that was recorded".to_owned())
            }
        }
        _ => Err("its payload and its salt do not stand together".to_owned()),
    }
}

struct Check<'a> {
    header: &'a Header,
    key: &'a Key,
    verifier: &'a dyn Verifier,
    /// Leaves computed from the entries, up to the first that is at fault.
    leaves: Vec<Hash>,
    seen: u64,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn entries(&mut self, lines: &[&[u8]], report: &mut Report) {
        let mut recorded = BTreeSet::new();
        for (index, line) in lines.iter().enumerate() {
            let seq = index as u64 + 1;
            match self.entry(seq, line, &lines[index + 1..]) {
                Ok(row) => {
                    self.leaves.push(row.entry.leaf());
                    if row.payload.is_none() {
                        report.erased.push(seq);
                    }
                    recorded.extend(erasure(&row));
                }
                Err(what) => {
                    self.faults.push(Fault::entry(seq, what));
                    break;
                }
            }
        }
        report.erased_unrecorded = report
            .erased
            .iter()
            .copied()
            .filter(|seq| !recorded.contains(seq))
            .collect();
    }

    fn entry(&self, seq: u64, line: &[u8], later: &[&[u8]]) -> Result<Row, String> {
        let row: Row = read(line).ok_or("its line is not as it was written")?;
        if row.entry.leaf() != row.leaf {
            return Err("it is not as it was recorded: its hash is another".to_owned());
        }
        let found = row.entry.seq;
        if found != seq {
            let comes_later = later
                .iter()
                .filter_map(|line| read::<Row>(line))
                .any(|row| row.entry.seq == seq);
            return Err(if found > seq && !comes_later {
                format!("it is missing: entry {found} stands in its place")
            } else {
                format!("entry {found} stands in its place: entries were reordered or repeated")
            });
        }
        if row.entry.tenant != self.header.tenant {
            return Err(format!("it belongs to tenant {}", row.entry.tenant));
        }
        check_payload(&row)?;
        Ok(row)
    }

    /// The first entry already known to be at fault.
    fn bad_entry(&self) -> u64 {
        let firsts = self.faults.iter().filter_map(Fault::first_entry);
        firsts.min().unwrap_or(u64::MAX)
    }

    /// Checks the heads in their order and returns how many entries the last good one covers.
    fn heads(&mut self, lines: &[&[u8]]) -> u64 {
        let mut tree = Frontier::default();
        let (mut covered, mut before) = (0, 0);
        for (index, line) in lines.iter().enumerate() {
            let number = index as u64 + 1;
            let head = match self.head(number, line, before) {
                Ok(head) => head,
                Err(what) => {
                    self.faults.push(Fault::new(Place::Head { number }, what));
                    continue;
                }
            };
            before = head.size;
            if self.is_short(head.size, &format!("head {number}")) || self.bad_entry() <= head.size
            {
                continue;
            }
            for leaf in &self.leaves[index_of(tree.size())..index_of(head.size)] {
                tree.push(*leaf);
            }
            if tree.root() == head.root {
                covered = head.size;
            } else {
                self.faults.push(Fault::entries(
                    covered + 1,
                    head.size,
                    format!(
                        "the first one that was changed is among them: head {number} signs another root"
                    ),
                ));
            }
        }
        covered
    }

    fn head(&self, number: u64, line: &[u8], before: u64) -> Result<Head, String> {
        let row: HeadRow = read(line).ok_or("its line is not as it was written")?;
        if row.head != number {
            return Err(format!(
                "head {} stands in its place: heads were cut or reordered",
                row.head
            ));
        }
        let head = Head::open(&row.note, self.key, self.verifier).map_err(|f| f.to_string())?;
        if head.origin != self.key.name {
            return Err("it belongs to another tenant's ledger".to_owned());
        }
        // Four lines of text, an empty one, our signature: anything else was added later.
        if row.note.lines().count() != 6 || !row.note.ends_with('\n') {
            return Err("something was added to it".to_owned());
        }
        if head.size <= before {
            return Err("it does not come after the head before it".to_owned());
        }
        Ok(head)
    }

    /// Notes a cut end when something signed covers more entries than there are.
    fn is_short(&mut self, size: u64, by: &str) -> bool {
        let short = size > self.seen;
        if short {
            self.faults.push(Fault::entries(
                self.seen + 1,
                size,
                format!("missing: {by} signs {size} entries"),
            ));
        }
        short
    }

    fn counts(&mut self, report: &Report) {
        let (said, seen) = (self.header.entries, self.seen);
        if said != seen && report.signed == seen && self.faults.is_empty() {
            let what = format!("it says {said} entries, and the heads sign {seen}");
            self.faults.push(Fault::new(Place::Header, what));
        } else if said > seen {
            let what = format!("missing: the first line says {said} entries");
            self.faults.push(Fault::entries(seen + 1, said, what));
        } else if said < seen {
            let what = format!("added: the first line says {said} entries");
            self.faults.push(Fault::entries(said + 1, seen, what));
        }
        if self.header.heads != report.heads {
            let number = report.heads.min(self.header.heads) + 1;
            let what = format!(
                "the first line says {} heads, the file has {}",
                self.header.heads, report.heads
            );
            self.faults.push(Fault::new(Place::Head { number }, what));
        }
    }

    fn outside(&mut self, note: &str, report: &mut Report) {
        let mut note = note.replace("\r\n", "\n");
        if !note.ends_with('\n') {
            note.push('\n');
        }
        let head = match Head::open(&note, self.key, self.verifier) {
            Ok(head) if head.origin == self.key.name => head,
            Ok(_) => {
                let what = "it belongs to another tenant's ledger";
                self.faults.push(Fault::new(Place::OutsideHead, what));
                return;
            }
            Err(fault) => {
                self.faults
                    .push(Fault::new(Place::OutsideHead, fault.to_string()));
                return;
            }
        };
        if self.is_short(head.size, "the head kept elsewhere") || self.bad_entry() <= head.size {
            return;
        }
        if super::root(&self.leaves[..index_of(head.size)]) == head.root {
            report.end = End::ProvenTo { entries: head.size };
            report.signed = report.signed.max(head.size);
        } else {
            self.faults.push(Fault::entries(
                1,
                head.size,
                "the first one that was changed is among them: the head kept elsewhere signs another root",
            ));
        }
    }

    /// What nothing signed covers could have been written by anybody.
    fn coverage(&mut self, report: &Report) {
        if self.faults.is_empty() && report.signed < self.seen {
            self.faults.push(Fault::entries(
                report.signed + 1,
                self.seen,
                "no signed head covers them",
            ));
        }
    }
}

fn index_of(size: u64) -> usize {
    usize::try_from(size).expect("a size is compared with the number of lines first")
}

/// The entry of whose erasure this one tells.
fn erasure(row: &Row) -> Option<u64> {
    #[derive(Deserialize)]
    struct Erased {
        seq: u64,
    }
    if row.entry.kind != ERASED {
        return None;
    }
    let payload = row.payload.as_deref()?;
    let erased: Erased = serde_json::from_str(payload).ok()?;
    Some(erased.seq)
}
