//! The admin API of APISIX and API7, under `/apisix/admin`.

mod access;

use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

/// Everything below `/apisix/admin`.
pub(crate) fn mount(config: &mut ServiceConfig) {
    config.service(
        web::scope("/apisix/admin")
            .wrap(from_fn(access::authenticate))
            .default_service(web::to(serve)),
    );
}

async fn serve(request: HttpRequest) -> HttpResponse {
    if *request.method() == Method::HEAD {
        return HttpResponse::Ok().finish();
    }
    HttpResponse::build(StatusCode::NOT_FOUND).json(serde_json::json!({"error_msg": "not found"}))
}
