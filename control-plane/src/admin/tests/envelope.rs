//! What every answer has, whatever happened.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, error};
use serde_json::Value;

use super::fixture::fixture;
use crate::admin::envelope::envelope;
use crate::admin::error::{ApiError, Code};

#[actix_web::test]
async fn a_defect_is_told_without_its_cause() {
    let fixture = fixture().await;
    let broken = || async {
        Err::<HttpResponse, _>(ApiError::new(Code::Internal, "a part broke").cause("the inside"))
    };
    let foreign =
        || async { Err::<HttpResponse, _>(error::ErrorInternalServerError("the inside")) };
    let app = App::new()
        .app_data(Data::clone(&fixture.shared))
        .route("/ours", web::get().to(broken))
        .route("/foreign", web::get().to(foreign))
        .wrap(from_fn(envelope));
    let app = init_service(app).await;
    for path in ["/ours", "/foreign"] {
        let answer = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json");
        let problem: Value = read_body_json(answer).await;
        assert_eq!(problem["code"], "internal_error");
        assert!(!problem.to_string().contains("the inside"), "{problem}");
    }
}

#[actix_web::test]
async fn every_answer_has_a_request_id_and_security_headers() {
    let fixture = fixture().await;
    for path in ["/livez", "/apis/v1/routes", "/apis/v1/nothing", "/swagger-ui/", "/metrics"] {
        let answer = fixture.get(path).header("x-request-id", "mine").send().await;
        assert_eq!(answer.header("x-request-id"), "mine");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let head = fixture.ask(actix_web::http::Method::HEAD, "/apis/v1/routes").send().await;
    assert_eq!(head.status, 200);
}

#[actix_web::test]
async fn probes_and_metrics_need_no_key() {
    let fixture = fixture().await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(fixture.get(path).anonymous().send().await.status, 200);
    }
    let metrics = fixture.get("/metrics").anonymous().send().await;
    for line in [
        "sanmon_control_plane_revision 2",
        "sanmon_store_up 1",
        "sanmon_data_planes 0",
        "sanmon_admin_requests_total{kind=\"admins\",method=\"POST\",status=\"201\"} 1",
    ] {
        assert!(metrics.text().contains(line), "{line}\n{}", metrics.text());
    }
}
