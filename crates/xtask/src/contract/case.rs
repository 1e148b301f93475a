//! One request under check: the tables, the tally and the place where the request was seen.

use super::csdl::Model;
use super::tally::Tally;

/// What every part of the check of one request works on.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) model: &'a Model,
    pub(crate) tally: &'a mut Tally,
    pub(crate) origin: &'a str,
}

impl Case<'_> {
    /// Something about this request does not hold.
    pub(crate) fn refuse(&mut self, what: String) {
        self.tally.refuse(self.origin, what);
    }
}
