//! Errors as Otoroshi writes them. The texts are Otoroshi's, by which scripts know them; the
//! statuses are the usual ones where Otoroshi answers 401 to nearly everything.

use crate::admin::parts::{ApiError, Code};
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// Writes `{"error", "error_description"}`; of credentials `{"Otoroshi-Error"}`.
pub(super) fn write(error: &ApiError, request: &HttpRequest) -> HttpResponse {
    let body = match error.code {
        Code::Unauthenticated => json!({"Otoroshi-Error": credentials(request.headers())}),
        Code::TooManyFailures => json!({"Otoroshi-Error": "You performed too much requests"}),
        code => json!({"error": name(code), "error_description": description(error)}),
    };
    error.head(status(error.code)).content_type("application/json").body(body.to_string())
}

/// The status; here an invalid document is a bad request like any other.
pub(super) fn status(code: Code) -> StatusCode {
    match code {
        Code::Invalid | Code::UnsupportedMediaType => StatusCode::BAD_REQUEST,
        code => code.status(),
    }
}

/// What Otoroshi calls it.
pub(super) fn name(code: Code) -> &'static str {
    match code {
        Code::Malformed
        | Code::TooDeep
        | Code::BadParameter
        | Code::UnsupportedMediaType
        | Code::Invalid => "bad_request",
        Code::PathUnknown | Code::NotFound => "not_found",
        Code::IdTaken | Code::Referenced | Code::LastAdmin | Code::Contended => "conflict",
        Code::Unauthenticated | Code::TooManyFailures => "unauthorized",
        Code::Forbidden
        | Code::Timeout
        | Code::MethodNotAllowed
        | Code::NotAcceptable
        | Code::Gone
        | Code::PreconditionFailed
        | Code::TooLarge
        | Code::StoreUnavailable
        | Code::NotReady
        | Code::Internal => code.as_str(),
    }
}

/// A text, or a text for each problem.
fn description(error: &ApiError) -> Value {
    if !error.problems.is_empty() {
        return problems(&error.problems);
    }
    if !error.referrers.is_empty() {
        let by =
            error.referrers.iter().map(|one| format!("{}/{} at {}", one.kind, one.id, one.pointer));
        let by: Vec<_> = by.collect();
        return json!(format!(
            "it is still used by {}; ?force=true deletes it all the same",
            by.join(", ")
        ));
    }
    json!(error.detail)
}

/// A text for each problem.
pub(super) fn problems(problems: &[sanmon_shared::Problem]) -> Value {
    let text = |problem: &sanmon_shared::Problem| match problem.pointer.as_str() {
        "" => problem.message.clone(),
        pointer => format!("{pointer}: {}", problem.message),
    };
    problems.iter().map(text).collect()
}

fn credentials(headers: &HeaderMap) -> &'static str {
    let shown = [
        "authorization",
        "otoroshi-authorization",
        "otoroshi-token",
        "x-api-key",
        "otoroshi-client-id",
    ];
    if shown.iter().any(|name| headers.contains_key(*name)) { "bad apikey" } else { "no apikey" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_and_a_status() {
        let table: Vec<_> = Code::ALL
            .iter()
            .map(|code| format!("{} {} ({})", status(*code).as_u16(), name(*code), code.as_str()))
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }
}
