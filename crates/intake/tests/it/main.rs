//! Tickets as they come, read from end to end.

mod english;
