//! A run as it was rendered last, piece by piece, each with the sequence number at which it last changed.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::body::Bytes;
use engine::state::{Outcome, Phase};

use crate::web::run::band::{self, Band};
use crate::web::run::head::{self, Head};
use crate::web::run::line::Line;
use crate::web::run::load::View;
use crate::web::run::phases::{self, Group};

#[derive(Template)]
#[template(path = "run-chip.html")]
struct ChipPart<'a> {
    head: &'a Head,
}

#[derive(Template)]
#[template(path = "run-lead.html")]
struct LeadPart<'a> {
    head: &'a Head,
    groups: &'a [Group],
}

#[derive(Template)]
#[template(path = "run-band.html")]
struct BandPart<'a> {
    band: &'a Option<Band>,
}

#[derive(Template)]
#[template(path = "run-group.html")]
struct GroupPart<'a> {
    group: &'a Group,
}

#[derive(Template)]
#[template(path = "run-line.html")]
struct LinePart<'a> {
    base: &'a str,
    line: &'a Line,
}

/// A piece of the page.
struct Piece {
    /// Its id on the page.
    id: String,
    /// The event that says it changed, for whoever shows more of it; empty for none.
    event: String,
    html: Arc<str>,
    /// At which sequence number it last changed.
    changed: u64,
}

/// The whole of it.
pub(crate) struct Painted {
    /// The run's sequence number.
    pub(super) seq: u64,
    /// Whether the run has ended.
    pub(super) ended: bool,
    /// From which sequence number on changes are known.
    known: u64,
    /// When it last changed what can be asked of the run.
    steered: u64,
    steer: (std::mem::Discriminant<Phase>, bool),
    outcome: Option<Outcome>,
    pieces: Vec<Piece>,
    /// What was put together already, by what it begins after: nearly everybody has seen the same.
    sent: Mutex<HashMap<Option<u64>, Bytes>>,
}

impl Painted {
    /// Renders a run; what reads as before keeps the number at which it changed.
    ///
    /// # Errors
    /// When a template fails.
    pub(super) fn of(
        view: View<'_>,
        base: &str,
        seq: u64,
        before: Option<&Self>,
    ) -> Result<Self, askama::Error> {
        let groups = phases::groups(view);
        let head = head::head(view);
        let band = band::band(view);
        let mut pieces = vec![
            piece(
                "run-chip",
                String::new(),
                ChipPart { head: &head }.render()?,
            ),
            piece(
                "run-lead",
                String::new(),
                LeadPart {
                    head: &head,
                    groups: &groups,
                }
                .render()?,
            ),
            piece(
                "run-band",
                String::new(),
                BandPart { band: &band }.render()?,
            ),
        ];
        for group in &groups {
            let id = format!("g-{}", group.number);
            pieces.push(piece(&id, String::new(), GroupPart { group }.render()?));
            for line in &group.lines {
                let id = format!("s-{}", line.index);
                let event = format!("step-{}", line.index);
                pieces.push(piece(&id, event, LinePart { base, line }.render()?));
            }
        }
        for piece in &mut pieces {
            let same =
                before.and_then(|before| before.pieces.iter().find(|old| old.id == piece.id));
            piece.changed = match same {
                Some(old) if old.html == piece.html => old.changed,
                _ => seq,
            };
        }
        let steer = (std::mem::discriminant(&view.state.phase), view.state.paused);
        Ok(Self {
            seq,
            ended: view.state.outcome().is_some(),
            known: before.map_or(seq, |before| before.known),
            steered: match before {
                Some(before) if before.steer == steer => before.steered,
                _ => seq,
            },
            steer,
            outcome: view.state.outcome(),
            pieces,
            sent: Mutex::default(),
        })
    }

    /// What somebody is sent who has seen everything up to this number; nothing when there is nothing new.
    pub(super) fn since(&self, seen: Option<u64>) -> Option<Bytes> {
        // A number from before we looked, or of another store: everything.
        let seen = seen.filter(|seen| (self.known..=self.seq).contains(seen));
        if seen == Some(self.seq) && !self.ended {
            return None;
        }
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        Some(
            sent.entry(seen)
                .or_insert_with(|| self.message(seen))
                .clone(),
        )
    }

    fn message(&self, seen: Option<u64>) -> Bytes {
        let is_new = |changed: u64| seen.is_none_or(|seen| changed > seen);
        let mut out = format!("id: {}\n", self.seq);
        let mut events = String::new();
        for piece in self.pieces.iter().filter(|piece| is_new(piece.changed)) {
            let Piece {
                id, event, html, ..
            } = piece;
            let _ = write!(
                out,
                "data: <hx-partial hx-target=\"#{id}\" hx-swap=\"outerMorph\">"
            );
            for part in html.lines().map(str::trim).filter(|part| !part.is_empty()) {
                let _ = write!(out, "{part} ");
            }
            out.push_str("</hx-partial>\n");
            if !event.is_empty() {
                let _ = write!(events, "event: {event}\ndata: {}\n\n", self.seq);
            }
        }
        out.push('\n');
        out.push_str(&events);
        if is_new(self.steered) {
            let _ = write!(out, "event: steer\ndata: {}\n\n", self.seq);
        }
        if let Some(outcome) = self.outcome {
            let _ = write!(out, "event: ended\ndata: {}\n\n", outcome.words());
        }
        Bytes::from(out)
    }
}

fn piece(id: &str, event: String, html: String) -> Piece {
    Piece {
        id: id.to_owned(),
        event,
        html: html.into(),
        changed: 0,
    }
}
