//! Today: what needs me now?

use axum::response::{IntoResponse as _, Redirect};

use super::{Answer, Needs, Routes};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/", Needs::SignedIn, first)
}

/// The first page is Today, under an address of its own.
async fn first() -> Answer {
    Ok(Redirect::to("/today").into_response())
}
