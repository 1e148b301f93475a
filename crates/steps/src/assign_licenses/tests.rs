//! What assign-licenses proposes.
