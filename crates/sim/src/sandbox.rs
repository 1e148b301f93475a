//! The sandbox as others hold it: a world behind a transport, with ground truth to read and faults to set.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use transport::{Failure, Reply, Request, Transport};

use crate::Error;
use crate::address::{Address, Surface};
use crate::call::{Answer, Call, pairs};
use crate::control;
use crate::faults::{Faults, HumanChange};
use crate::har::Recording;
use crate::state::{Opening, State, Verdict};
use crate::world::{Change, World};

/// A simulated Microsoft cloud. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Sandbox {
    state: Arc<Mutex<State>>,
    recording: Arc<Mutex<Option<Recording>>>,
}

/// One request that reached the sandbox, or one item of a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Position, from 1; items of a batch have positions of their own.
    pub n: u64,
    /// Vendor time of arrival.
    pub time: Timestamp,
    /// The tenant, when the token named one.
    pub tenant: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path with query, as it came.
    pub path: String,
    /// Exchange cmdlet, if any.
    pub cmdlet: Option<String>,
    /// The status; none while under way, and for a cut connection.
    pub status: Option<u16>,
    /// The `request-id` given.
    pub request_id: String,
    /// The `client-request-id` sent.
    pub client_request_id: Option<String>,
    /// The position of the batch it was part of.
    pub part_of: Option<u64>,
    /// The fault that hit it.
    pub fault: Option<String>,
}

impl Sandbox {
    /// A sandbox that begins with this world at this time. The same seed and requests give the same behaviour.
    #[must_use]
    pub fn new(world: World, faults: Faults, seed: u64, start: Timestamp) -> Self {
        let state = Arc::new(Mutex::new(State::new(world, faults, seed, start)));
        Self {
            state,
            recording: Arc::default(),
        }
    }

    /// Records every request and reply into a HAR file from now on, secrets left out.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&self, file: &Path) -> std::io::Result<()> {
        *self
            .recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Recording::create(file)?);
        Ok(())
    }

    /// Ground truth: the primary of every tenant, with the vendor's own work done up to now.
    #[must_use]
    pub fn world(&self) -> World {
        self.lock().ground_truth()
    }

    /// The log of effective changes so far.
    #[must_use]
    pub fn log(&self) -> Vec<Change> {
        let mut state = self.lock();
        state.ground_truth();
        state.cloud.log.clone()
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.lock().requests.clone()
    }

    /// Vendor time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().cloud.clock.now()
    }

    /// Replaces what goes wrong from now on; counts and times begin anew.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().set_faults(faults);
    }

    /// Lets another human change something at once.
    ///
    /// # Errors
    /// [`Error::Human`] when the tenant or object is not there.
    pub fn human(&self, tenant: &str, change: &HumanChange) -> Result<(), Error> {
        self.lock().human(tenant, change)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of the log was written, and the world that goes with it.
    pub(crate) fn generation(&self) -> usize {
        self.lock().cloud.log.len()
    }

    async fn dispatch(&self, request: &Request) -> Result<Answer, Failure> {
        let Some(address) = Address::of(&request.url) else {
            return Ok(Answer::empty(404));
        };
        let call = Call {
            method: request.method.clone(),
            base: address.base,
            path: address.path,
            query: pairs(&address.query),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        if address.surface == Surface::Control {
            return Ok(control::handle(self, &call));
        }
        let opening = self.lock().open(address.surface, &call, &address.query);
        let Opening {
            ticket,
            half_latency_ms,
        } = opening;
        let half = Duration::from_millis(half_latency_ms);
        let guard = InFlight {
            sandbox: self,
            slot: ticket.slot.clone(),
        };
        if !half.is_zero() {
            tokio::time::sleep(half).await;
        }
        let verdict = self.lock().carry_out(address.surface, &call, &ticket);
        if !half.is_zero() {
            tokio::time::sleep(half).await;
        }
        drop(guard);
        match verdict {
            Verdict::Answered(answer) => Ok(answer),
            Verdict::Cut => Err(Failure::Cut(
                "connection closed before message completed".to_owned(),
            )),
            Verdict::Down => Err(Failure::NotSent("connection refused".to_owned())),
        }
    }
}

/// Gives the slot of a concurrency limit back, also when the caller stops waiting.
struct InFlight<'a> {
    sandbox: &'a Sandbox,
    slot: Option<String>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            self.sandbox.lock().leave(slot);
        }
    }
}

#[async_trait]
impl Transport for Sandbox {
    async fn send(&self, request: Request) -> Result<Reply, Failure> {
        let started = self.now();
        let result = self.dispatch(&request).await.map(reply);
        let ended = self.now();
        if let Some(recording) = self
            .recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_mut()
        {
            recording.add(&request, result.as_ref().ok(), [started, ended]);
        }
        result
    }
}

fn reply(answer: Answer) -> Reply {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            headers.append(name, value);
        }
    }
    let body = match &answer.body {
        Some(body) => {
            if !headers.contains_key("content-type") {
                let kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
                headers.insert("content-type", HeaderValue::from_static(kind));
            }
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply {
        status,
        headers,
        body,
    }
}
