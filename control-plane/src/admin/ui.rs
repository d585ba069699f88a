//! Swagger UI, from files inside the binary: no other host is asked for anything.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Path;
use utoipa_swagger_ui::Config;

use super::error::{ApiError, Code};

/// Where the page is.
pub(crate) const PAGE: &str = "/swagger-ui/";
/// Its scripts and styles are its own. Its components set styles of their elements, and its icons
/// are `data:` URLs.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                   img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
                   form-action 'none'; frame-ancestors 'none'";

/// `GET /` and `GET /swagger-ui`.
pub(super) async fn to_page() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, PAGE)).finish()
}

/// `GET /swagger-ui/{file}`.
pub(super) async fn file(file: Path<String>) -> Result<HttpResponse, ApiError> {
    let served = utoipa_swagger_ui::serve(&file, Arc::new(config()))
        .map_err(|error| ApiError::new(Code::Internal, "the page cannot be made").cause(error))?;
    let Some(served) = served else {
        return Err(ApiError::new(Code::PathUnknown, "there is no such file"));
    };
    let mut answer = HttpResponse::Ok();
    if served.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer
        .insert_header((header::CONTENT_SECURITY_POLICY, CSP))
        // They change with the binary only.
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .content_type(served.content_type)
        .body(served.bytes.into_owned()))
}

fn config() -> Config<'static> {
    Config::from("/apis/openapi.json")
        .try_it_out_enabled(true)
        .persist_authorization(true)
        .display_request_duration(true)
        .display_operation_id(false)
        .deep_linking(true)
        .filter(true)
        .doc_expansion("none")
        .default_models_expand_depth(0)
        // Otherwise the page sends the document's address to a validator on the internet.
        .validator_url("none")
}
