//! Collections that this gateway has no use for. Reading finds nothing; writing is refused, and the
//! text says what there is instead.

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode};
use serde_json::json;

use super::answer;
use super::refusal::Refusal;
use super::request::Call;

/// The collections, and why nothing can be put into them.
const ABSENT: &[(&str, &str)] = &[
    (
        "ssls",
        "certificates are files of the data plane: start it with --tls-cert and --tls-key; they are \
         read again when they change",
    ),
    ("protos", "gRPC is not translated"),
    ("stream_routes", "stream mode is disabled, can not add stream routes"),
    (
        "plugin_metadata",
        "no plugin of this gateway has metadata: what it needs stands in its config",
    ),
];

/// The answer where the path names one of them.
pub(super) fn serve(call: &Call) -> Option<Result<HttpResponse, Refusal>> {
    let name = call.path.first()?;
    let (_, why) = ABSENT.iter().find(|(absent, _)| absent == name)?;
    Some(match call.method {
        Method::GET | Method::HEAD if call.path.len() <= 1 => {
            Ok(answer::json(StatusCode::OK, &json!({"total": 0, "list": []})))
        }
        Method::GET | Method::HEAD | Method::DELETE => Err(Refusal::no_key()),
        _ => Err(Refusal::bad(*why)),
    })
}
