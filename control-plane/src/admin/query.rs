//! Query parameters, read strictly: an unknown or misspelt one is refused, since ignoring
//! `?dryrun=true` would write.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web;

use super::error::{ApiError, Code};

/// The longest message of a write.
const MESSAGE: usize = 1_000;
/// The longest that a write waits for data planes.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The header form of `message`.
const MESSAGE_HEADER: &str = "x-sanmon-message";

/// The parameters of a request that were not yet taken.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

pub(crate) fn bad_parameter(name: &str, what: &str) -> ApiError {
    ApiError::new(Code::BadParameter, format!("the parameter {name:?} {what}"))
}

impl Query {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        web::Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map(|pairs| Self(pairs.into_inner()))
            .map_err(|_| ApiError::new(Code::BadParameter, "the query cannot be read"))
    }

    /// Takes every value of a parameter.
    pub(crate) fn many(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(found, _)| found == name).map(|(_, value)| value).collect()
    }

    /// Takes a parameter that may stand once.
    pub(crate) fn one(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let mut values = self.many(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(bad_parameter(name, "stands twice")),
        }
    }

    /// Takes a parameter that is `true` or `false`; alone it means `true`.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.one(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(_) => Err(bad_parameter(name, "is neither true nor false")),
        }
    }

    /// Takes a number.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, ApiError> {
        let parse = |text: String| text.parse().map_err(|_| bad_parameter(name, "is no number"));
        self.one(name)?.map(parse).transpose()
    }

    /// Takes every parameter whose name begins so, without that beginning.
    pub(crate) fn prefixed(&mut self, prefix: &str) -> Vec<(String, String)> {
        self.0
            .extract_if(.., |(name, _)| name.len() > prefix.len() && name.starts_with(prefix))
            .map(|(name, value)| (name.replacen(prefix, "", 1), value))
            .collect()
    }

    /// Refuses what is left.
    pub(crate) fn done(self) -> Result<(), ApiError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let name: String = name.chars().take(64).collect();
                Err(bad_parameter(&name, "is not one of this operation"))
            }
        }
    }
}

/// What every write may be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WriteOptions {
    /// Only the plan.
    pub(crate) dry_run: bool,
    /// How long to wait until every live data plane runs it.
    pub(crate) wait: Option<Duration>,
    /// Why, for the history.
    pub(crate) message: String,
}

impl WriteOptions {
    pub(crate) fn take(request: &HttpRequest, query: &mut Query) -> Result<Self, ApiError> {
        let dry_run = query.flag("dry_run")?;
        let timeout = query.one("timeout")?;
        let wait = match query.one("wait")?.as_deref() {
            None if timeout.is_some() => {
                return Err(bad_parameter("timeout", "needs wait=applied"));
            }
            None => None,
            Some("applied") => Some(timeout.map_or(Ok(LONGEST_WAIT), |text| duration(&text))?),
            Some(_) => return Err(bad_parameter("wait", "can only be \"applied\"")),
        };
        let header = || request.headers().get(MESSAGE_HEADER).map(|value| value.to_str());
        let message = match (query.one("message")?, header()) {
            (Some(message), _) => message,
            (None, Some(Ok(message))) => message.to_owned(),
            (None, Some(Err(_))) => return Err(bad_parameter(MESSAGE_HEADER, "is not ASCII")),
            (None, None) => String::new(),
        };
        if message.chars().count() > MESSAGE {
            return Err(bad_parameter("message", "is longer than 1000 characters"));
        }
        Ok(Self { dry_run, wait, message })
    }

    /// Takes these and nothing else.
    pub(crate) fn only(request: &HttpRequest) -> Result<Self, ApiError> {
        let mut query = Query::of(request)?;
        let options = Self::take(request, &mut query)?;
        query.done()?;
        Ok(options)
    }
}

/// `500ms`, `5s`, `1m`, or seconds without a unit; at most a minute.
fn duration(text: &str) -> Result<Duration, ApiError> {
    let wrong = || bad_parameter("timeout", "is no duration such as 500ms, 5s or 1m");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let millis = match text.strip_prefix(digits) {
        Some("ms") => Some(number),
        Some("s" | "") => number.checked_mul(1_000),
        Some("m") => number.checked_mul(60_000),
        _ => None,
    };
    Ok(Duration::from_millis(millis.ok_or_else(wrong)?).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn options(query: &str) -> Result<WriteOptions, String> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        WriteOptions::only(&request).map_err(|error| error.detail.into_owned())
    }

    #[test]
    fn what_a_write_may_be_asked_for() {
        let read = options("dry_run=true&wait=applied&timeout=1500ms&message=new%20key").unwrap();
        let wait = Some(Duration::from_millis(1500));
        assert_eq!(read, WriteOptions { dry_run: true, wait, message: "new key".to_owned() });
        assert!(options("dry_run").unwrap().dry_run);
        assert_eq!(options("wait=applied&timeout=5").unwrap().wait, Some(Duration::from_secs(5)));
        assert_eq!(options("wait=applied&timeout=9m").unwrap().wait, Some(LONGEST_WAIT));
        assert_eq!(options("wait=applied").unwrap().wait, Some(LONGEST_WAIT));
        let request = TestRequest::default().insert_header((MESSAGE_HEADER, "by header"));
        let read = WriteOptions::only(&request.to_http_request()).unwrap();
        assert_eq!(read.message, "by header");
    }

    #[test]
    fn a_mistake_in_a_parameter_is_not_passed_over() {
        for (query, what) in [
            ("dryrun=true", "\"dryrun\" is not one of this operation"),
            ("dry_run=yes", "\"dry_run\" is neither true nor false"),
            ("dry_run=true&dry_run=false", "\"dry_run\" stands twice"),
            ("wait=stored", "\"wait\" can only be \"applied\""),
            ("timeout=5s", "\"timeout\" needs wait=applied"),
            ("wait=applied&timeout=5h", "\"timeout\" is no duration"),
            ("wait=applied&timeout=s", "\"timeout\" is no duration"),
            ("wait=applied&timeout=99999999999999999999s", "\"timeout\" is no duration"),
            ("wait=applied&timeout=18446744073709551615s", "\"timeout\" is no duration"),
        ] {
            let wrong = options(query).unwrap_err();
            assert!(wrong.contains(what), "{query}: {wrong}");
        }
        assert!(options(&format!("message={}", "a".repeat(1001))).is_err());
    }
}
