//! Holds the permissions that steps declare against Microsoft's permission table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context;
use serde::Deserialize;

use super::resolve::{Path, Segment};
use super::tally::{Kind, Tally};

/// Application permissions that the Graph table does not have because they belong to another resource.
const ELSEWHERE: &[(&str, &str)] = &[(
    EXCHANGE,
    "an app role of Office 365 Exchange Online; learn.microsoft.com/powershell/exchange/app-only-auth-powershell-v2",
)];

/// The permission behind every Exchange admin call.
pub(crate) const EXCHANGE: &str = "Exchange.ManageAsApp";

/// Permissions that a request needs besides those that the table lists for it.
struct Besides {
    permission: &'static str,
    request: &'static str,
    /// Where Microsoft says so.
    source: &'static str,
}

const BESIDES: &[Besides] = &[
    Besides {
        permission: "RoleManagement.ReadWrite.Directory",
        request: "POST /groups/{id}/members/$ref",
        source: "learn.microsoft.com/graph/api/group-post-members, for groups to which roles can be assigned",
    },
    Besides {
        permission: "RoleManagement.ReadWrite.Directory",
        request: "DELETE /groups/{id}/members/{id}/$ref",
        source: "learn.microsoft.com/graph/api/group-delete-members, for groups to which roles can be assigned",
    },
    Besides {
        permission: "RoleManagement.ReadWrite.Directory",
        request: "DELETE /groups/{id}/owners/{id}/$ref",
        source: "learn.microsoft.com/graph/api/group-delete-owners, for groups to which roles can be assigned",
    },
];

/// A request that the table does not list.
struct Unlisted {
    method: &'static str,
    template: &'static str,
    accepts: &'static [&'static str],
    /// Where Microsoft says so; printed whenever the entry is used.
    source: &'static str,
}

/// Requests that the table does not list although Microsoft's own pages document them. The extract that we are given
/// leaves `/applications` out altogether.
const UNLISTED: &[Unlisted] = &[
    Unlisted {
        method: "POST",
        template: "/groups/{id}/members/$ref",
        accepts: &[
            "GroupMember.ReadWrite.All",
            "Group.ReadWrite.All",
            "Directory.ReadWrite.All",
        ],
        source: "learn.microsoft.com/graph/api/group-post-members",
    },
    Unlisted {
        method: "GET",
        template: "/directory/deletedItems",
        accepts: &["User.Read.All"],
        source: "learn.microsoft.com/graph/api/directory-deleteditems-list, for users",
    },
    Unlisted {
        method: "GET",
        template: "/applications/{id}/owners",
        accepts: &[
            "Application.Read.All",
            "Application.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        source: "learn.microsoft.com/graph/api/application-list-owners",
    },
    Unlisted {
        method: "POST",
        template: "/applications/{id}/owners/$ref",
        accepts: &["Application.ReadWrite.All", "Directory.ReadWrite.All"],
        source: "learn.microsoft.com/graph/api/application-post-owners",
    },
    Unlisted {
        method: "DELETE",
        template: "/applications/{id}/owners/{id}/$ref",
        accepts: &["Application.ReadWrite.All", "Directory.ReadWrite.All"],
        source: "learn.microsoft.com/graph/api/application-delete-owners",
    },
];

/// Microsoft's table.
#[derive(Debug)]
pub(crate) struct Table {
    known: BTreeSet<String>,
    rows: HashMap<String, Vec<Row>>,
}

#[derive(Debug)]
struct Row {
    segments: Vec<String>,
    accepts: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Written {
    known: BTreeSet<String>,
    paths: BTreeMap<String, BTreeSet<String>>,
}

impl Table {
    /// Reads `{"paths": {"GET /users/{id}": ["User.Read.All", …]}, "known": […]}`.
    ///
    /// # Errors
    /// When the text has another form.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let written: Written = serde_json::from_str(text)?;
        let mut rows: HashMap<String, Vec<Row>> = HashMap::new();
        for (key, accepts) in written.paths {
            let (method, path) = key
                .split_once(' ')
                .with_context(|| format!("'{key}' names no method"))?;
            let segments = path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(blank)
                .collect();
            rows.entry(method.to_owned())
                .or_default()
                .push(Row { segments, accepts });
        }
        Ok(Self {
            known: written.known,
            rows,
        })
    }

    /// The permissions that the table accepts for a request.
    fn accepted(&self, method: &str, path: &Path<'_>) -> Option<&BTreeSet<String>> {
        let full: Vec<&Segment> = path.segments.iter().collect();
        let tail = matches!(full.last(), Some(Segment::Name(name)) if name.starts_with('$'));
        let short = &full[..full.len() - usize::from(tail)];
        let uncast = |segments: &[&Segment]| -> Vec<Segment> {
            segments
                .iter()
                .filter(|s| !matches!(s, Segment::Cast(_)))
                .map(|s| (*s).clone())
                .collect()
        };
        let own = |segments: &[&Segment]| -> Vec<Segment> {
            segments.iter().map(|s| (*s).clone()).collect()
        };
        [own(&full), own(short), uncast(&full), uncast(short)]
            .iter()
            .find_map(|segments| self.row(method, segments))
            .map(|row| &row.accepts)
    }

    fn row(&self, method: &str, segments: &[Segment]) -> Option<&Row> {
        self.rows
            .get(method)?
            .iter()
            .filter(|row| row.segments.len() == segments.len())
            .filter(|row| {
                row.segments
                    .iter()
                    .zip(segments)
                    .all(|(written, segment)| fits(written, segment))
            })
            .min_by_key(|row| {
                row.segments
                    .iter()
                    .filter(|written| *written == "{}")
                    .count()
            })
    }
}

/// Takes the names out of placeholders: `{userId}` and `{id}` are the same.
fn blank(segment: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in segment.to_ascii_lowercase().chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                text.push_str("{}");
            }
            _ if inside => {}
            _ => text.push(c),
        }
    }
    text
}

fn fits(written: &str, segment: &Segment) -> bool {
    match segment {
        Segment::Key(_) if written == "{}" => true,
        Segment::Key(text) | Segment::Name(text) | Segment::Call(text) | Segment::Cast(text) => {
            written.eq_ignore_ascii_case(text) || written == blank(text)
        }
    }
}

/// Whoever sends requests, and the permissions that have to be enough for them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sender {
    name: String,
    permissions: BTreeSet<String>,
}

impl Sender {
    /// An entry of `permissions` may name alternatives, as in `A|B`.
    pub(crate) fn new<P: AsRef<str>>(name: &str, permissions: &[P]) -> Self {
        let all = permissions
            .iter()
            .flat_map(|entry| entry.as_ref().split('|'));
        Self {
            name: name.to_owned(),
            permissions: all.map(|name| name.trim().to_owned()).collect(),
        }
    }
}

/// What the steps declare, and what of it was of use.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    steps: Vec<Sender>,
    /// What single proposals of steps declare, which can be less than the step does.
    proposed: BTreeMap<Sender, BTreeSet<String>>,
    /// By sender, the permissions that were accepted for one of its requests.
    used: BTreeMap<String, BTreeSet<String>>,
    judged: BTreeSet<(String, String)>,
}

impl Declared {
    /// What each step declares.
    pub(crate) fn of(steps: Vec<Sender>) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }

    /// A sender that may use whatever any step declares: the reading of facts, which every plan needs.
    pub(crate) fn everybody(&self, name: &str) -> Sender {
        Sender {
            name: name.to_owned(),
            permissions: self
                .steps
                .iter()
                .flat_map(|step| step.permissions.clone())
                .collect(),
        }
    }

    /// Every declared name exists and opens something.
    pub(crate) fn names(&self, table: &Table, tally: &mut Tally) {
        for step in &self.steps {
            let origin = format!("{} in the list of steps", step.name);
            for permission in &step.permissions {
                tally.count(Kind::Permissions);
                let opens = |row: &Row| row.accepts.contains(permission);
                if ELSEWHERE.iter().any(|(name, _)| name == permission) {
                    continue;
                }
                if !table.known.contains(permission) {
                    tally.refuse(
                        &origin,
                        format!("there is no application permission {permission}; take the name from the table of permissions"),
                    );
                } else if !table.rows.values().flatten().any(opens) {
                    tally.refuse(
                        &origin,
                        format!("no request in the table accepts {permission}; declare one that a request of the step needs"),
                    );
                }
            }
        }
    }

    /// Some permission of the sender is accepted for this request.
    pub(crate) fn covers(
        &mut self,
        sender: &Sender,
        table: &Table,
        (method, path): (&str, &Path<'_>),
        origin: &str,
        tally: &mut Tally,
    ) {
        let request = format!("{method} {}", path.template());
        let uncast = path.uncast();
        let unlisted = UNLISTED
            .iter()
            .find(|entry| entry.method == method && entry.template == uncast);
        let accepts = match (table.accepted(method, path), unlisted) {
            (Some(accepts), None) => accepts.clone(),
            (Some(_), Some(_)) => {
                return tally.refuse(
                    origin,
                    format!("{request} is in the table of permissions by now; take our own entry for it out of this check"),
                );
            }
            (None, Some(entry)) => {
                tally.remark(format!(
                    "{request} is not in the table of permissions; judged by {}",
                    entry.source
                ));
                entry
                    .accepts
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect()
            }
            (None, None) => {
                return tally.refuse(
                    origin,
                    format!("{request} is not in the table of permissions; ask for it in a way that Microsoft documents"),
                );
            }
        };
        self.judge(sender, &request, &accepts, origin, tally);
    }

    /// The permission behind Exchange admin calls is among the sender's.
    pub(crate) fn covers_exchange(&mut self, sender: &Sender, origin: &str, tally: &mut Tally) {
        let accepts = BTreeSet::from([EXCHANGE.to_owned()]);
        self.judge(sender, "a cmdlet", &accepts, origin, tally);
    }

    fn judge(
        &mut self,
        sender: &Sender,
        request: &str,
        accepts: &BTreeSet<String>,
        origin: &str,
        tally: &mut Tally,
    ) {
        if self
            .judged
            .insert((sender.name.clone(), request.to_owned()))
        {
            tally.count(Kind::Permissions);
        }
        let mut held: BTreeSet<String> =
            accepts.intersection(&sender.permissions).cloned().collect();
        if held.is_empty() {
            tally.refuse(
                origin,
                format!(
                    "{} declares {} and sends {request}, which wants one of: {}",
                    sender.name,
                    list(&sender.permissions),
                    list(accepts)
                ),
            );
        }
        for besides in BESIDES.iter().filter(|besides| besides.request == request) {
            if sender.permissions.contains(besides.permission) {
                tally.remark(format!(
                    "{} may want {} besides: {}",
                    besides.request, besides.permission, besides.source
                ));
                held.insert(besides.permission.to_owned());
            }
        }
        if self.steps.iter().any(|step| step.name == sender.name) {
            let used = self.proposed.entry(sender.clone()).or_default();
            used.extend(held.iter().cloned());
        }
        self.used
            .entry(sender.name.clone())
            .or_default()
            .extend(held);
    }

    /// A step that declares what none of its requests accepts asks customers for too much; so does a proposal that names more than
    /// all proposals which name the same had use for.
    pub(crate) fn idle(&self, tally: &mut Tally) {
        for (sender, used) in &self.proposed {
            let known = self.used.get(&sender.name).cloned().unwrap_or_default();
            // What the step never has use for is told below, once.
            for permission in sender
                .permissions
                .difference(used)
                .filter(|one| known.contains(*one))
            {
                tally.refuse(
                    &format!("a proposal of {}", sender.name),
                    format!(
                        "it declares {} and no such proposal has use for {permission}; leave it out there",
                        list(&sender.permissions)
                    ),
                );
            }
        }
        for step in &self.steps {
            let used = self.used.get(&step.name).cloned().unwrap_or_default();
            for permission in step.permissions.difference(&used) {
                tally.refuse(
                    &format!("{} in the list of steps", step.name),
                    format!(
                        "{} declares {permission}, which none of its requests accepts; take it out",
                        step.name
                    ),
                );
            }
        }
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
