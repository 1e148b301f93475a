//! Newtypes for the ids that travel between crates, so that none is taken for another.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text of an id.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id!(
    /// A customer's tenant, by the name the provider gave it (`tenant add NAME`).
    TenantId
);
id!(
    /// An object in the directory or the mail system, by the id its owner gave it.
    ObjectId
);
id!(
    /// One request.
    RequestId
);
id!(
    /// One plan; short enough to be typed.
    PlanId
);
id!(
    /// One run.
    RunId
);
id!(
    /// One finding.
    FindingId
);
id!(
    /// One step within one plan: the step's name, and what sets it apart when a plan holds it twice.
    StepKey
);
id!(
    /// A person who works with Tenure at the provider.
    OperatorId
);
id!(
    /// A program that calls Tenure's API.
    ClientId
);
