//! Who calls: the keys of our admins, in the query, in `X-API-KEY` or in a cookie.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpResponse, web};
use serde_json::json;

use crate::admin::Shared;
use crate::admin::parts::{Code, allowed};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Lets only admins pass, viewers only where they read; everybody may ask whether we are alive.
pub(super) async fn authenticate(
    shared: web::Data<Shared>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let alive = *request.method() == Method::HEAD
        && matches!(request.path(), "/apisix/admin" | "/apisix/admin/");
    if alive {
        return Ok(request.into_response(HttpResponse::Ok().finish()));
    }
    let shown = present(&mut request);
    let refused = match allowed(&shared, request.request()).await {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            return Ok(next.call(request).await?.map_into_boxed_body());
        }
        Err(error) => error,
    };
    let (status, description) = match refused.code {
        Code::Unauthenticated if !shown => (StatusCode::UNAUTHORIZED, "missing apikey"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "wrong apikey"),
        Code::Forbidden => (StatusCode::UNAUTHORIZED, "invalid method for role viewer"),
        code => (code.status(), &*refused.detail),
    };
    let body = json!({"error_msg": "failed to check token", "description": description});
    let mut answer = HttpResponse::build(status);
    for (name, value) in &refused.headers {
        answer.append_header((name.clone(), value.clone()));
    }
    Ok(request.into_response(answer.json(body)))
}

/// Brings a key from the query or a cookie to where keys are looked for. Whether any was shown.
fn present(request: &mut ServiceRequest) -> bool {
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.ok().and_then(|pairs| {
        pairs.into_inner().into_iter().find(|(name, _)| name == "api_key").map(|(_, key)| key)
    });
    let headers = request.headers_mut();
    if let Some(key) = query.and_then(|key| HeaderValue::from_str(&key).ok()) {
        headers.remove(header::AUTHORIZATION);
        headers.insert(API_KEY, key);
        return true;
    }
    if headers.contains_key(API_KEY) {
        headers.remove(header::AUTHORIZATION);
        return true;
    }
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key("otoroshi-client-id") {
        return true;
    }
    let Some(key) = cookie(headers).filter(|_| !is_cross_site(headers)) else { return false };
    headers.insert(API_KEY, key);
    true
}

fn cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';'));
    let key = pairs.find_map(|pair| pair.trim().strip_prefix("x_api_key="))?;
    HeaderValue::from_str(key).ok()
}

/// A browser adds cookies to what other sites make it send; those do not know the key.
fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}
