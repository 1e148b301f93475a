//! What the form makes of what was sent, and what it refuses.
