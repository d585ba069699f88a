//! Otoroshi's probes. They need no key and say what `/livez` and `/readyz` say.

use crate::admin::parts::{Shared, at};
use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig};
use serde_json::{Value, json};

/// Where monitoring asks on any host.
const WELL_KNOWN: &str = "/.well-known/otoroshi/monitoring";

/// At both their places.
pub(super) fn mount(config: &mut ServiceConfig) {
    for base in ["", WELL_KNOWN] {
        config
            .service(at!(&format!("{base}/health"), GET => health))
            .service(at!(&format!("{base}/live"), GET => live))
            .service(at!(&format!("{base}/ready"), GET => ready))
            .service(at!(&format!("{base}/startup"), GET => startup));
    }
}

/// `GET /health`. Of what only Otoroshi has, nothing is ill.
async fn health(shared: Data<Shared>) -> HttpResponse {
    let well = is_well(&shared).await;
    let status = if well { "healthy" } else { "unhealthy" };
    let part = |status: &str| json!({"initialized": true, "status": status});
    answer(
        well,
        &json!({
            "otoroshi": status,
            "datastore": if well { "healthy" } else { "unreachable" },
            "proxy": part("healthy"),
            "storage": part(status),
            "eventstore": part("healthy"),
            "certificates": part("loaded"),
            "scripts": part("loaded"),
            "cluster": {"health": status},
        }),
    )
}

async fn live() -> HttpResponse {
    answer(true, &json!({"live": true}))
}

async fn ready(shared: Data<Shared>) -> HttpResponse {
    let well = is_well(&shared).await;
    answer(well, &json!({"ready": well}))
}

async fn startup(shared: Data<Shared>) -> HttpResponse {
    let well = is_well(&shared).await;
    answer(well, &json!({"started": well}))
}

async fn is_well(shared: &Shared) -> bool {
    !shared.tasks.is_stopping() && shared.configuration.fresh().await.stale.is_none()
}

fn answer(well: bool, body: &Value) -> HttpResponse {
    let mut answer = if well { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.content_type("application/json").body(body.to_string())
}
