//! What create-user proposes.
