//! `cors`, of which the config has other members with us.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema};

use super::documents;
use super::refusal::Refusal;

/// The config, as far as there is a counterpart.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ApisixCors)]
#[serde(default, deny_unknown_fields)]
struct Cors {
    /// Origins with commas between them; `*` for any, `**` for any with credentials.
    allow_origins: String,
    /// Regular expressions of origins; then `*` counts for nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_origins_by_regex: Vec<String>,
    /// Origins that may see how long answers took.
    timing_allow_origins: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timing_allow_origins_by_regex: Vec<String>,
    /// Methods with commas between them; `*` or `**` for any.
    allow_methods: String,
    /// Headers with commas between them; `*` or `**` for any.
    allow_headers: String,
    /// Headers with commas between them.
    expose_headers: String,
    /// Seconds; -1 says nothing of it.
    max_age: i64,
    allow_credential: bool,
}

impl Default for Cors {
    fn default() -> Self {
        let any = || "*".to_owned();
        Self {
            allow_origins: any(),
            allow_origins_by_regex: Vec::new(),
            timing_allow_origins: None,
            timing_allow_origins_by_regex: Vec::new(),
            allow_methods: any(),
            allow_headers: any(),
            expose_headers: String::new(),
            max_age: 5,
            allow_credential: false,
        }
    }
}

/// The schema of the config.
pub(super) fn schema() -> Value {
    serde_json::to_value(Cors::schema()).unwrap_or_default()
}

/// As a config of ours.
pub(super) fn read(config: Map<String, Value>) -> Result<Value, Refusal> {
    let cors: Cors = documents::read("cors", Value::Object(config))?;
    let origins = cors.allow_origins_by_regex.is_empty().then_some(&cors.allow_origins);
    let mut stars = origins.into_iter().chain([&cors.allow_methods, &cors.allow_headers]);
    if cors.allow_credential && stars.any(|value| value == "*") {
        return Err(Refusal::bad(
            "you can not set '*' for other option when 'allow_credential' is true",
        ));
    }
    let origins = if cors.allow_origins == "**" { "*" } else { cors.allow_origins.as_str() };
    let mut ours = json!({
        "allow_origin": origins,
        "allow_methods": names(&cors.allow_methods),
        "allow_headers": names(&cors.allow_headers),
        "expose_headers": names(&cors.expose_headers),
        "allow_credentials": cors.allow_credential,
    });
    if let Some(members) = ours.as_object_mut() {
        if let Ok(seconds) = u64::try_from(cors.max_age) {
            members.insert("max_age".to_owned(), Value::from(seconds));
        }
        if let Some(origins) = cors.timing_allow_origins {
            let origins = if origins == "**" { "*".to_owned() } else { origins };
            members.insert("timing_allow_origins".to_owned(), Value::from(origins));
        }
        for (name, expressions) in [
            ("allow_origins_by_regex", cors.allow_origins_by_regex),
            ("timing_allow_origins_by_regex", cors.timing_allow_origins_by_regex),
        ] {
            if !expressions.is_empty() {
                members.insert(name.to_owned(), Value::from(expressions));
            }
        }
    }
    Ok(ours)
}

/// Names in a text with commas between them; none for any.
fn names(text: &str) -> Vec<&str> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.filter(|name| !matches!(*name, "*" | "**")).collect()
}

/// A config of ours as one of these; none where it says more.
pub(super) fn show(config: Map<String, Value>) -> Option<Map<String, Value>> {
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Ours {
        allow_origin: String,
        allow_origins_by_regex: Vec<String>,
        timing_allow_origins: Option<String>,
        timing_allow_origins_by_regex: Vec<String>,
        expose_headers: Vec<String>,
        allow_headers: Vec<String>,
        allow_methods: Vec<String>,
        excluded_patterns: [(); 0],
        max_age: Option<i64>,
        allow_credentials: bool,
    }
    impl Default for Ours {
        fn default() -> Self {
            Self {
                allow_origin: "*".to_owned(),
                allow_origins_by_regex: Vec::new(),
                timing_allow_origins: None,
                timing_allow_origins_by_regex: Vec::new(),
                expose_headers: Vec::new(),
                allow_headers: Vec::new(),
                allow_methods: Vec::new(),
                excluded_patterns: [],
                max_age: None,
                allow_credentials: true,
            }
        }
    }
    let ours: Ours = serde_json::from_value(Value::Object(config)).ok()?;
    let any = if ours.allow_credentials { "**" } else { "*" };
    let list = |names: &[String]| if names.is_empty() { any.to_owned() } else { names.join(",") };
    let theirs = Cors {
        allow_origins: if ours.allow_origin == "*" { any.to_owned() } else { ours.allow_origin },
        allow_origins_by_regex: ours.allow_origins_by_regex,
        timing_allow_origins: ours.timing_allow_origins,
        timing_allow_origins_by_regex: ours.timing_allow_origins_by_regex,
        allow_methods: list(&ours.allow_methods),
        allow_headers: list(&ours.allow_headers),
        expose_headers: ours.expose_headers.join(","),
        max_age: ours.max_age.unwrap_or(-1),
        allow_credential: ours.allow_credentials,
    };
    Some(documents::written(&theirs))
}
