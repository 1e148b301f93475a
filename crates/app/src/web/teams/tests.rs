//! The bot's route, called with real RS256 tokens of a Bot Framework on this machine: what it does, and everything it refuses.

mod cards;
mod deciding;
mod door;
mod framework;
mod scene;
