//! Foreign words become typed requests: what a ticket says is read, cited and completed by questions, never by guesses.
//!
//! Text is data. It fills the known fields of a [`Draft`] and nothing else; what looks like an order to the reader itself is
//! flagged and read as nothing.

mod draft;
pub mod extract;
pub mod form;
mod hostile;
mod labels;
mod language;
mod lines;
pub mod mail;
mod merge;
mod person;
mod place;
mod products;
pub mod prose;
pub mod reader;
mod visible;
mod when;

pub use draft::{Draft, Flag, Reading};
pub use place::{Order, Place};
pub use reader::{Reader, Ticket, read};

/// Why something could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mail lacks something, or is of a sort that is not read.
    #[error("this mail cannot be read: {0}")]
    Mail(String),
    /// The line is no ticket.
    #[error("this line is no ticket: {0}")]
    Line(String),
    /// The site's time zone is not in the database.
    #[error("“{0}” is no time zone")]
    Zone(String),
}
