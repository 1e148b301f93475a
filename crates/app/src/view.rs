//! What people read in the terminal: plans and runs. Colour never carries meaning alone.

pub(crate) mod live;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod style;
