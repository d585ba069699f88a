use std::borrow::Cow;
use std::str::FromStr as _;

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use sanmon_shared::Problem;

use super::Credentials;
use super::claims::Claims;
use super::config::{ExtractorsConfig, PlacesConfig};
use crate::exchange::{Credential, Exchange};

/// How the bearer form of a key begins.
const BEARER: &str = "otoapk_";

/// Clients leave the padding out or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request presents.
pub(super) enum Form<'a> {
    /// The id alone.
    ClientId(Cow<'a, str>),
    /// Id and secret.
    Pair { id: Cow<'a, str>, secret: Cow<'a, str> },
    /// `otoapk_<id>_<hash>`; the id is within.
    Bearer { bearer: Cow<'a, str>, id: (usize, usize) },
    /// A JWT.
    Token { token: Cow<'a, str>, claims: Box<Claims> },
}

impl Form<'_> {
    /// The id of the key that it claims to be.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::ClientId(id) | Self::Pair { id, .. } => id,
            Self::Bearer { bearer, id: (from, to) } => bearer.get(*from..*to).unwrap_or_default(),
            Self::Token { claims, .. } => claims.id(),
        }
    }
}

/// Where it was found.
pub(super) enum Found<'a> {
    Header(&'a HeaderName),
    Headers(&'a HeaderName, &'a HeaderName),
    Query(&'a str),
    Cookie(&'a str),
    /// A part of the path cannot be taken out.
    Path,
}

impl Found<'_> {
    /// What to wipe out.
    pub(super) fn credentials(&self) -> Credentials {
        let mut found = Credentials::new();
        match *self {
            Self::Header(name) => found.push(Credential::Header(name.clone())),
            Self::Headers(id, secret) => {
                found.push(Credential::Header(id.clone()));
                found.push(Credential::Header(secret.clone()));
            }
            Self::Query(name) => found.push(Credential::Query(name.to_owned())),
            Self::Cookie(name) => found.push(Credential::Cookie(name.to_owned())),
            Self::Path => {}
        }
        found
    }
}

/// A key that a request presents, unproved.
pub(super) struct Presented<'a> {
    pub(super) form: Form<'a>,
    pub(super) found: Found<'a>,
}

/// Where the forms of keys are looked for; none where they are not.
pub(super) struct Extractors {
    client_id: Option<Places>,
    headers: Option<(HeaderName, HeaderName)>,
    token: Option<Places>,
    basic: Option<Places>,
    bearer: Option<Places>,
}

/// Where one form is looked for.
struct Places {
    headers: Box<[HeaderName]>,
    /// The scheme in `Authorization`.
    scheme: Option<&'static str>,
    queries: Box<[Box<str>]>,
    cookie: Box<str>,
    param: Box<str>,
}

/// The usual places of one form.
struct Usual {
    headers: &'static [&'static str],
    scheme: Option<&'static str>,
    queries: &'static [&'static str],
    cookie: &'static str,
    param: &'static str,
}

const CLIENT_ID: Usual = Usual {
    headers: &["x-api-key"],
    scheme: None,
    queries: &["x-api-key"],
    cookie: "x-api-key",
    param: "apikey_simple_id",
};

const TOKEN: Usual = Usual {
    headers: &["otoroshi-token"],
    scheme: Some("bearer"),
    queries: &["bearer_auth"],
    cookie: "access_token",
    param: "apikey_jwt",
};

const BASIC: Usual = Usual {
    headers: &["otoroshi-authorization"],
    scheme: Some("basic"),
    queries: &["basic_auth"],
    cookie: "basic_auth",
    param: "apikey_basic",
};

/// The last three headers are where clients of Anthropic, Azure and Google put their keys.
const OTO_BEARER: Usual = Usual {
    headers: &["otoroshi-token", "x-api-key", "api-key", "x-goog-api-key"],
    scheme: Some("bearer"),
    queries: &["bearer_auth", "x-api-key"],
    cookie: "bearer",
    param: "apikey_bearer",
};

/// What a document says instead of the usual names.
struct Named<'a> {
    header: Option<&'a str>,
    query: Option<&'a str>,
    cookie: Option<&'a str>,
    param: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn of(config: &'a PlacesConfig) -> Self {
        Self {
            header: config.header_name.as_deref(),
            query: config.query_name.as_deref(),
            cookie: config.cookie_name.as_deref(),
            param: config.path_name.as_deref(),
        }
    }
}

fn header(name: &str, at: &str, problems: &mut Vec<Problem>) -> Option<HeaderName> {
    HeaderName::from_str(name)
        .map_err(|_| problems.push(Problem::at(at, "not the name of a header")))
        .ok()
}

impl Places {
    fn build(usual: &Usual, named: &Named<'_>, at: &str, problems: &mut Vec<Problem>) -> Self {
        let filled = |name: Option<&'_ str>| name.filter(|name| !name.is_empty()).map(Box::from);
        let headers = match named.header.filter(|name| !name.is_empty()) {
            Some(name) => {
                header(name, &format!("{at}/header_name"), problems).into_iter().collect()
            }
            None => usual.headers.iter().map(|name| HeaderName::from_static(name)).collect(),
        };
        Self {
            headers,
            scheme: usual.scheme,
            queries: match filled(named.query) {
                Some(name) => Box::new([name]),
                None => usual.queries.iter().map(|name| Box::from(*name)).collect(),
            },
            cookie: filled(named.cookie).unwrap_or_else(|| usual.cookie.into()),
            param: filled(named.param).unwrap_or_else(|| usual.param.into()),
        }
    }

    /// The first value from which `form` makes something.
    fn first<'a>(
        &'a self,
        looked: &Looked<'a>,
        form: impl Fn(Cow<'a, str>) -> Option<Form<'a>>,
    ) -> Option<Presented<'a>> {
        let headers = looked.exchange.request.headers();
        for name in &self.headers {
            let Some(value) = headers.get(name).and_then(text) else { continue };
            // A name that a document gives may be one whose values have a scheme.
            let value = self.scheme.and_then(|s| strip_scheme(value, s)).unwrap_or(value);
            if let Some(form) = form(value.into()) {
                return Some(Presented { form, found: Found::Header(name) });
            }
        }
        if let Some(scheme) = self.scheme
            && let Some(value) = looked.authorization
            && let Some(form) = strip_scheme(value, scheme).and_then(|value| form(value.into()))
        {
            return Some(Presented { form, found: Found::Header(&AUTHORIZATION) });
        }
        if let Some(query) = looked.query {
            for name in &self.queries {
                let values = url::form_urlencoded::parse(query.as_bytes());
                let value = values.into_iter().find(|(key, _)| **key == **name);
                if let Some(form) = value.and_then(|(_, value)| form(value)) {
                    return Some(Presented { form, found: Found::Query(name) });
                }
            }
        }
        if looked.has_cookies {
            let cookies = headers.get_all(COOKIE).filter_map(text).flat_map(|c| c.split(';'));
            let cookie = cookies
                .filter_map(|pair| pair.trim().split_once('='))
                .find(|(name, _)| **name == *self.cookie);
            if let Some(form) = cookie.and_then(|(_, value)| form(value.into())) {
                return Some(Presented { form, found: Found::Cookie(&self.cookie) });
            }
        }
        let param = looked.exchange.matched.param(looked.exchange.path(), &self.param)?;
        let form = form(param.into())?;
        Some(Presented { form, found: Found::Path })
    }
}

/// What several forms look at in a request.
struct Looked<'a> {
    exchange: &'a Exchange,
    authorization: Option<&'a str>,
    query: Option<&'a str>,
    has_cookies: bool,
}

impl<'a> Looked<'a> {
    fn at(exchange: &'a Exchange) -> Self {
        let headers = exchange.request.headers();
        Self {
            exchange,
            authorization: headers.get(AUTHORIZATION).and_then(text),
            query: exchange.request.uri().query(),
            has_cookies: headers.contains_key(COOKIE),
        }
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

/// What follows `scheme`, in whatever case, and blanks.
fn strip_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    (start.eq_ignore_ascii_case(scheme) && rest.starts_with(' ')).then(|| rest.trim())
}

fn client_id(value: Cow<'_, str>) -> Option<Form<'_>> {
    // Clients of Anthropic put the bearer form where others put the id alone.
    (!value.is_empty() && !value.starts_with(BEARER)).then_some(Form::ClientId(value))
}

fn token(value: Cow<'_, str>) -> Option<Form<'_>> {
    let claims = Claims::read(&value)?;
    Some(Form::Token { token: value, claims: Box::new(claims) })
}

#[expect(clippy::needless_pass_by_value, reason = "all forms are made by functions of one type")]
fn basic(value: Cow<'_, str>) -> Option<Form<'_>> {
    let text = String::from_utf8(BASE64.decode(value.as_bytes()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let own = |text: &str| Cow::Owned(text.to_owned());
    (!id.is_empty()).then(|| Form::Pair { id: own(id), secret: own(secret) })
}

fn bearer(value: Cow<'_, str>) -> Option<Form<'_>> {
    let (id, _) = value.strip_prefix(BEARER)?.rsplit_once('_')?;
    let id = (BEARER.len(), BEARER.len() + id.len());
    Some(Form::Bearer { bearer: value, id })
}

impl Extractors {
    /// Problems point into the plugin's config.
    pub(super) fn build(config: &ExtractorsConfig) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut places = |usual, config: &PlacesConfig, at| {
            let named = Named::of(config);
            config.enabled.then(|| Places::build(usual, &named, at, &mut problems))
        };
        let client_id = places(&CLIENT_ID, &config.client_id, "/extractors/client_id");
        let basic = places(&BASIC, &config.basic, "/extractors/basic");
        let bearer = places(&OTO_BEARER, &config.oto_bearer, "/extractors/oto_bearer");
        let jwt = &config.jwt;
        let named = Named {
            header: jwt.header_name.as_deref(),
            query: jwt.query_name.as_deref(),
            cookie: jwt.cookie_name.as_deref(),
            param: jwt.path_name.as_deref(),
        };
        let token =
            jwt.enabled.then(|| Places::build(&TOKEN, &named, "/extractors/jwt", &mut problems));
        let pair = &config.custom_headers;
        let mut name = |name: &Option<String>, usual, member| {
            let name = name.as_deref().filter(|name| !name.is_empty()).unwrap_or(usual);
            header(name, &format!("/extractors/custom_headers/{member}"), &mut problems)
        };
        let id = name(&pair.client_id_header_name, "otoroshi-client-id", "client_id_header_name");
        let secret = name(
            &pair.client_secret_header_name,
            "otoroshi-client-secret",
            "client_secret_header_name",
        );
        let headers = id.zip(secret).filter(|_| pair.enabled);
        if problems.is_empty() {
            Ok(Self { client_id, headers, token, basic, bearer })
        } else {
            Err(problems)
        }
    }

    /// What the request presents: the first form that there is, whatever it is worth.
    pub(super) fn extract<'a>(&'a self, exchange: &'a Exchange) -> Option<Presented<'a>> {
        let looked = Looked::at(exchange);
        let first = |places: &'a Option<Places>, form: fn(Cow<'a, str>) -> Option<Form<'a>>| {
            places.as_ref()?.first(&looked, form)
        };
        first(&self.client_id, client_id)
            .or_else(|| self.pair(exchange))
            .or_else(|| first(&self.token, token))
            .or_else(|| first(&self.basic, basic))
            .or_else(|| first(&self.bearer, bearer))
    }

    fn pair<'a>(&'a self, exchange: &'a Exchange) -> Option<Presented<'a>> {
        let (id_name, secret_name) = self.headers.as_ref()?;
        let headers = exchange.request.headers();
        let value = |name| headers.get(name).and_then(text);
        let (id, secret) = (value(id_name)?, value(secret_name)?);
        let form = Form::Pair { id: id.into(), secret: secret.into() };
        Some(Presented { form, found: Found::Headers(id_name, secret_name) })
    }
}
