//! Whether the process lives and can work: for a supervisor, without a session and without a word about tenants.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;

use super::{Answer, Needs, Routes, Web};
use crate::running;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/healthz", Needs::Nothing, lives)
        .get("/readyz", Needs::Nothing, ready)
}

async fn lives() -> Answer {
    Ok((StatusCode::OK, "ok\n").into_response())
}

/// Ready once the store answers and some process, this one or another, carries runs.
async fn ready(State(web): State<Web>) -> Answer {
    let (status, word) = if running::is_driven(&web.wiring).await? {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "no process carries runs now\n",
        )
    };
    Ok((status, word).into_response())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::Silent;
    use tokio::sync::watch;

    use crate::background;
    use crate::running;
    use crate::web::tests::TestApp;

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_ready_while_runs_are_carried_and_takes_over_from_whoever_carried_them() {
        let app = TestApp::new().await;
        assert_eq!(app.get("/readyz", None).await.status, 503);
        let other = running::worker(&app.web.wiring);
        let (stop_other, other_stopped) = watch::channel(false);
        let elsewhere = tokio::spawn(async move {
            let mut ending = other_stopped;
            let stop = async move {
                let _ = ending.wait_for(|stop| *stop).await;
            };
            other.serve(Arc::new(Silent), stop).await
        });
        while app.get("/readyz", None).await.status != 200 {
            tokio::task::yield_now().await;
        }
        let (stop, stopped) = watch::channel(false);
        let wiring = Arc::clone(&app.web.wiring);
        let here = tokio::spawn(async move {
            background::beside(&wiring, Arc::new(Silent), |_| {}, stopped).await;
        });
        stop_other.send_replace(true);
        elsewhere.await.unwrap().unwrap();
        while app.get("/readyz", None).await.status != 200 {
            tokio::task::yield_now().await;
        }
        stop.send_replace(true);
        here.await.unwrap();
        assert_eq!(app.get("/readyz", None).await.status, 503);
    }
}
