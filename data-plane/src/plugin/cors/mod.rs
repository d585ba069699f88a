//! `cors`: lets browsers call from other origins.
//!
//! A preflight is answered before anybody is asked for a key; the headers are on every other answer
//! of the route too, errors and streams included. What a target says about CORS is replaced.

mod origins;

use actix_web::HttpResponse;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HeaderMap,
    HeaderName, HeaderValue, ORIGIN, VARY,
};
use actix_web::http::{Method, StatusCode};
use regex::RegexSet;
use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::problem::join_pointer;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use origins::Origins;

use super::{BuildContext, Plugin};
use crate::exchange::{AnswerHead, Exchange};
use crate::snapshot::compile;

const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Which origins may call, how.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CorsConfig)]
#[serde(default)]
pub struct Config {
    /// `*`, or origins with a comma between them, in which `*` stands for any text. The origin that
    /// asks is told back, where it is one of them.
    #[schema(example = "https://app.example.com, https://*.example.org")]
    allow_origin: String,
    /// Regular expressions that match anywhere in an origin. Where there are any, `*` in `allow_origin`
    /// lets nobody call.
    #[schema(example = json!(["\\.example\\.org$"]))]
    allow_origins_by_regex: Vec<String>,
    /// Origins whose scripts may see how long answers took, as `allow_origin`; none when absent.
    timing_allow_origins: Option<String>,
    /// The same as regular expressions.
    timing_allow_origins_by_regex: Vec<String>,
    /// Headers of answers that scripts may read.
    expose_headers: Vec<String>,
    /// Headers that requests may have; none or `*` for whatever is asked for.
    allow_headers: Vec<String>,
    /// Methods that requests may have; none or `*` for whatever is asked for.
    #[schema(example = json!(["GET", "POST"]))]
    allow_methods: Vec<String>,
    /// Regular expressions of whole paths without CORS.
    excluded_patterns: Vec<String>,
    /// Seconds for which browsers may remember the answer to a preflight.
    max_age: Option<u64>,
    /// Whether requests may carry cookies and other credentials of the browser.
    allow_credentials: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_origin: "*".to_owned(),
            allow_origins_by_regex: Vec::new(),
            timing_allow_origins: None,
            timing_allow_origins_by_regex: Vec::new(),
            expose_headers: Vec::new(),
            allow_headers: Vec::new(),
            allow_methods: Vec::new(),
            excluded_patterns: Vec::new(),
            max_age: None,
            allow_credentials: true,
        }
    }
}

/// The plugin.
pub struct Cors {
    origins: Origins,
    timing: Option<Origins>,
    credentials: bool,
    expose: Option<HeaderValue>,
    headers: Allowed,
    methods: Allowed,
    excluded: Option<RegexSet>,
    max_age: Option<HeaderValue>,
}

/// Names that may be asked for; none for all.
struct Allowed(Option<(Box<[Box<str>]>, HeaderValue)>);

impl Allowed {
    fn build(names: &[String], at: &str, problems: &mut Vec<Problem>) -> Self {
        if names.is_empty() || names.iter().any(|name| name.trim() == "*") {
            return Self(None);
        }
        let header = list(names, at, problems);
        let names = names.iter().map(|name| name.trim().into()).collect();
        Self(header.map(|header| (names, header)))
    }

    /// What to answer when these, with commas between them, are asked for.
    fn answer(&self, asked: &HeaderValue) -> Option<HeaderValue> {
        match &self.0 {
            None => Some(asked.clone()),
            Some((names, header)) => {
                let allowed = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
                let mut asked = asked.to_str().ok()?.split(',').map(str::trim);
                asked.all(|name| name.is_empty() || allowed(name)).then(|| header.clone())
            }
        }
    }
}

/// Names as a header; none where there are none.
fn list(names: &[String], at: &str, problems: &mut Vec<Problem>) -> Option<HeaderValue> {
    for (index, name) in names.iter().enumerate() {
        if name.trim() != "*" && HeaderName::try_from(name.trim()).is_err() {
            problems.push(Problem::at(join_pointer(at, &index.to_string()), "not a name"));
        }
    }
    let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    (!names.is_empty()).then(|| HeaderValue::try_from(names.join(", ")).ok()).flatten()
}

impl Plugin for Cors {
    const NAME: &'static str = "cors";
    const ALIASES: &'static [&'static str] = &["cp:otoroshi.next.plugins.Cors"];
    const ABOUT: &'static str = "Lets browsers call from other origins; answers their preflights.";
    const PHASES: &'static [Phase] = &[Phase::Preflight, Phase::Response];
    type Config = Config;

    fn examples() -> Vec<Value> {
        vec![
            json!({}),
            json!({
                "allow_origin": "https://app.example.com",
                "allow_methods": ["GET", "POST"],
                "allow_headers": ["authorization", "content-type"],
                "max_age": 600
            }),
        ]
    }

    fn build(config: Config, _: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let by_regex = &config.allow_origins_by_regex;
        let at = "/allow_origins_by_regex";
        let origins = Origins::build(&config.allow_origin, by_regex, at, &mut problems);
        if origins.is_empty() && by_regex.is_empty() {
            problems.push(Problem::at("/allow_origin", "no origin could ever call"));
        }
        let named = config.timing_allow_origins.as_deref();
        let by_regex = &config.timing_allow_origins_by_regex;
        let at = "/timing_allow_origins_by_regex";
        let timing = (named.is_some() || !by_regex.is_empty())
            .then(|| Origins::build(named.unwrap_or_default(), by_regex, at, &mut problems));
        let cors = Self {
            origins,
            timing,
            credentials: config.allow_credentials,
            expose: list(&config.expose_headers, "/expose_headers", &mut problems),
            headers: Allowed::build(&config.allow_headers, "/allow_headers", &mut problems),
            methods: Allowed::build(&config.allow_methods, "/allow_methods", &mut problems),
            excluded: compile::whole_set(
                &config.excluded_patterns,
                "/excluded_patterns",
                &mut problems,
            ),
            max_age: config.max_age.map(HeaderValue::from),
        };
        if problems.is_empty() { Ok(cors) } else { Err(problems) }
    }

    fn preflight(&self, exchange: &Exchange) -> Option<HttpResponse> {
        let request = exchange.request.headers();
        let origin = request.get(ORIGIN)?;
        let method = request.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        if exchange.request.method() != Method::OPTIONS || !self.acts_on(exchange.path()) {
            return None;
        }
        let none = HeaderValue::from_static("");
        let asked = request.get(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or(&none);
        let refused = |what| {
            let mut response = HttpResponse::new(StatusCode::FORBIDDEN);
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, text);
            Some(response.set_body(actix_web::body::BoxBody::new(what)))
        };
        let Some(origin) = self.origins.answer(origin, self.credentials) else {
            return refused("calls from this origin are not allowed");
        };
        let Some(method) = self.methods.answer(method) else {
            return refused("calls with this method are not allowed from other origins");
        };
        let Some(asked) = self.headers.answer(asked) else {
            return refused("calls with these headers are not allowed from other origins");
        };
        let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method);
        if !asked.is_empty() {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
        }
        if let Some(max_age) = &self.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
        Some(response)
    }

    fn response(&self, exchange: &Exchange, head: &mut AnswerHead) {
        if !self.acts_on(exchange.path()) {
            return;
        }
        let headers = &mut *head.headers;
        let request = exchange.request.headers();
        let is_preflight = exchange.request.method() == Method::OPTIONS
            && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        vary(headers, is_preflight);
        headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
        headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        let origin = request.get(ORIGIN);
        if let Some(timing) = &self.timing {
            headers.remove(TIMING_ALLOW_ORIGIN);
            if let Some(origin) = origin.and_then(|origin| timing.answer(origin, false)) {
                headers.insert(TIMING_ALLOW_ORIGIN, origin);
            }
        }
        let allowed = origin.and_then(|origin| self.origins.answer(origin, self.credentials));
        let Some(origin) = allowed else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(expose) = self.expose.as_ref().filter(|_| !is_preflight) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }
}

impl Cors {
    fn acts_on(&self, path: &str) -> bool {
        self.excluded.as_ref().is_none_or(|excluded| !excluded.is_match(path))
    }
}

/// Says what answers depend on, so that no cache gives one origin's to another.
fn vary(headers: &mut HeaderMap, is_preflight: bool) {
    let preflight = [ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS];
    let more = if is_preflight { preflight.as_slice() } else { &[] };
    for name in [ORIGIN].iter().chain(more) {
        let there = headers.get_all(VARY).filter_map(|value| value.to_str().ok()).any(|value| {
            value
                .split(',')
                .any(|n| n.trim() == "*" || n.trim().eq_ignore_ascii_case(name.as_str()))
        });
        if !there {
            headers.append(VARY, HeaderValue::from(name.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
