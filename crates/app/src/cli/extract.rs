//! `tenure extract`: reads tickets as JSON Lines and writes the requests found in them.

use std::io::BufRead as _;

use super::{Cx, out};
use crate::problem::{Exit, Outcome, Problem};

pub(super) fn run(_: &Cx) -> Outcome<Exit> {
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = intake::extract::extract(&line, None).map_err(|error| {
            Problem::refused("line", format!("line {}: {error}", number + 1))
                .hint("each line is {\"id\", \"subject\", \"body\", \"received_at\"}")
        })?;
        out(&answer.to_string());
    }
    Ok(Exit::Done)
}
