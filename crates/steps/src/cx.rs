//! What a step is given to touch a tenant with, and how its calls become receipts.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use connectors::exchange::{Anchor, Invocation};
use connectors::facts::user;
use connectors::graph::{Call, Path};
use connectors::{Answer, Connection, Ctx, Error, Gather, Meaning};
use domain::spec::{Change, Expect};
use engine::hands::{Applied, Class, Problem, Seen, Task};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem;
use crate::vault::Vault;

/// A tenant's connection, whose call it is, the time, and a source of secrets. Nothing more.
#[derive(Clone)]
pub struct Cx<'a> {
    /// The tenant's clients.
    pub connection: &'a Connection,
    /// Whose call it is and what for.
    pub ctx: Ctx,
    /// The time now.
    pub now: Timestamp,
    /// Fills with bytes that nobody can guess.
    pub random: &'a (dyn Fn(&mut [u8]) + Send + Sync),
    /// Where secrets lie until they are handed over.
    pub vault: &'a dyn Vault,
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("ctx", &self.ctx)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Cx<'_> {
    /// The object id of the plan's person. Somebody who is created by this very run is known to the plan by the sign-in name alone.
    pub(crate) async fn person_id(&self, task: &Task<'_>) -> Result<String, Problem> {
        let who = who(task);
        if !who.contains('@') {
            return Ok(who.to_owned());
        }
        let account = self.get(task, &user(who, &["id"])).await?;
        Ok(text(&account, "id").to_owned())
    }

    /// Reads one object of the directory.
    pub(crate) async fn get(&self, task: &Task<'_>, path: &Path) -> Result<Value, Problem> {
        match self.connection.graph.get(&self.ctx, path).await {
            Ok(answer) => Ok(answer.body),
            Err(error) => Err(problem::of_read(&error, &task.spec.permissions)),
        }
    }

    /// Reads one object of the directory that may not be there.
    pub(crate) async fn find(
        &self,
        task: &Task<'_>,
        path: &Path,
    ) -> Result<Option<Value>, Problem> {
        match self.connection.graph.get(&self.ctx, path).await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(problem::of_read(&error, &task.spec.permissions)),
        }
    }

    /// Reads a whole collection of the directory.
    pub(crate) async fn list(&self, task: &Task<'_>, path: &Path) -> Result<Vec<Value>, Problem> {
        match self.connection.graph.list(&self.ctx, path).await {
            Ok(listing) => Ok(listing.entries),
            Err(error) => Err(problem::of_read(&error, &task.spec.permissions)),
        }
    }

    /// Reads what a `Get-` cmdlet lists.
    pub(crate) async fn ask(
        &self,
        task: &Task<'_>,
        cmdlet: Invocation,
    ) -> Result<Vec<Value>, Problem> {
        match self.connection.exchange.list(&self.ctx, cmdlet).await {
            Ok(listing) => Ok(listing.entries),
            Err(error) => Err(problem::of_read(&error, &task.spec.permissions)),
        }
    }

    /// Writes to the directory for one change. Calls made at the same time travel together.
    pub(crate) fn write(
        &self,
        task: &Task<'_>,
        change: usize,
        call: Call,
    ) -> impl Future<Output = Result<Answer, Error>> + Send {
        let call = call
            .gathered(Gather::Run(task.run.to_owned()))
            .operation(call_id(task, change));
        async move { self.connection.graph.write(&self.ctx, call).await }
    }

    /// Changes something in the mail system for one change. Calls made at the same time travel together.
    pub(crate) fn command(
        &self,
        task: &Task<'_>,
        change: usize,
        cmdlet: Invocation,
    ) -> impl Future<Output = Result<Answer, Error>> + Send {
        let cmdlet = cmdlet
            .gathered(Gather::Run(task.run.to_owned()))
            .operation(call_id(task, change));
        async move { self.connection.exchange.write(&self.ctx, cmdlet).await }
    }
}

/// The id that a call carries to the vendor: it follows from the intent, so that a lost call can be found again.
fn call_id(task: &Task<'_>, change: usize) -> Uuid {
    let intent = format!("{}/{}/{}/{change}", task.run, task.operation, task.attempt);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, intent.as_bytes())
}

/// A cmdlet about one mailbox, carried out where that mailbox lives.
pub(crate) fn about(cmdlet: &str, address: &str, parameters: Value) -> Invocation {
    Invocation::new(
        cmdlet,
        table(parameters),
        Anchor::Mailbox(address.to_owned()),
    )
}

/// A cmdlet about no single mailbox.
pub(crate) fn about_organization(cmdlet: &str, parameters: Value) -> Invocation {
    Invocation::new(cmdlet, table(parameters), Anchor::Organization)
}

fn table(parameters: Value) -> Map<String, Value> {
    match parameters {
        Value::Object(table) => table,
        _ => Map::new(),
    }
}

/// The name of the evidence under which the step that creates a person leaves the new object's id.
pub(crate) const CREATED: &str = "created";

/// The plan's person as calls name them: the object id where it is known, else the sign-in name.
pub(crate) fn who<'a>(task: &'a Task<'_>) -> &'a str {
    let created = |evidence: &'a BTreeMap<String, Value>| evidence.get(CREATED)?.as_str();
    task.evidence
        .values()
        .find_map(created)
        .unwrap_or_else(|| task.plan.person.id.as_str())
}

/// A parameter of the spec as text; empty where it is not there.
pub(crate) fn param<'a>(task: &'a Task<'_>, name: &str) -> &'a str {
    task.spec
        .params
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A property as text; empty where it is not there.
pub(crate) fn text<'a>(entry: &'a Value, property: &str) -> &'a str {
    entry
        .get(property)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether the change takes something away.
pub(crate) fn takes_away(change: &Change) -> bool {
    change.after == Expect::absent()
}

/// The value that the change leads to; `null` for absent and for times.
pub(crate) fn wanted(change: &Change) -> &Value {
    match &change.after {
        Expect::Is(value) => value,
        Expect::Later => &Value::Null,
    }
}

/// What is seen of something that is there or not there.
pub(crate) fn presence(change: &Change, present: bool) -> Seen {
    let value = match (present, takes_away(change)) {
        (true, true) => change.now.clone(),
        (true, false) => wanted(change).clone(),
        (false, _) => Value::Null,
    };
    Seen::Value { value }
}

/// Whether an error says that what should go is gone already.
pub(crate) fn is_gone(error: &Error) -> bool {
    problem::class(error) == Class::Missing && !error.means(Meaning::NoMailbox)
}

/// Whether an error says that what should be there is there already.
pub(crate) fn is_there(error: &Error) -> bool {
    error.means(Meaning::AlreadyMember)
        || error.means(Meaning::DuplicateValue)
        || error.code == "RoleAssignmentExists"
}

/// An error of either direction that says that the world is as wanted already.
pub(crate) fn is_so(change: &Change, error: &Error) -> bool {
    if takes_away(change) {
        is_gone(error)
    } else {
        is_there(error)
    }
}

/// One write that was tried.
pub(crate) struct Tried {
    /// The changes it was for.
    pub(crate) changes: Vec<usize>,
    /// What came of it.
    pub(crate) result: Result<Answer, Error>,
    /// Whether an error means that nothing was left to do.
    pub(crate) already: bool,
}

impl Tried {
    /// A write for one change.
    pub(crate) fn one(task: &Task<'_>, index: usize, result: Result<Answer, Error>) -> Self {
        let already = result
            .as_ref()
            .is_err_and(|error| is_so(&task.spec.changes[index], error));
        Self {
            changes: vec![index],
            result,
            already,
        }
    }

    /// One write for all of these changes.
    pub(crate) fn all(todo: &[usize], result: Result<Answer, Error>) -> Self {
        Self {
            changes: todo.to_vec(),
            result,
            already: false,
        }
    }
}

/// The receipts and problems of writes.
pub(crate) fn applied(task: &Task<'_>, tried: impl IntoIterator<Item = Tried>) -> Applied {
    let mut applied = Applied::default();
    for Tried {
        changes,
        result,
        already,
    } in tried
    {
        let Some(&first) = changes.first() else {
            continue;
        };
        let sent = match &result {
            Ok(answer) => &answer.sent,
            Err(error) if already => &*error.sent,
            Err(error) => {
                let problem = problem::of(error, &task.spec.permissions);
                applied
                    .problems
                    .extend(changes.iter().map(|&change| (change, problem.clone())));
                continue;
            }
        };
        applied.calls.push(engine::hands::Call {
            change: first,
            client_request_id: sent.client_request_id.clone().unwrap_or_default(),
            request_id: sent.request_id.clone(),
            status: sent.status.unwrap_or_default(),
            vendor_time: sent.vendor_date.map(|date| date.to_string()),
        });
    }
    applied
}
