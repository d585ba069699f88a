use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;

use super::segment::{Captures, PathPattern, Segment};

/// `host[/path]` of a route or service, compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    pub(crate) host: HostPattern,
    pub(crate) path: PathPattern,
    pub(crate) captures: Option<Arc<Captures>>,
    pub(crate) end: End,
}

/// What of a request's path may follow a configured one. In the order in which routes are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Nothing: `/chat`.
    Nothing,
    /// A slash: `/chat/`.
    Slash,
    /// A slash and anything: `/chat/*`.
    Below,
    /// Nothing, or a slash and anything: as domains say it.
    #[default]
    Open,
}

impl End {
    /// Whether this may follow.
    pub(super) fn admits(self, rest: &str) -> bool {
        match self {
            Self::Nothing => rest.is_empty(),
            Self::Slash => rest == "/",
            Self::Below => rest.starts_with('/'),
            Self::Open => true,
        }
    }
}

/// Which hosts a domain is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPattern {
    /// Every host: `*`.
    Any,
    /// Those of the route's service: the domain begins with `/`.
    Service,
    /// This one.
    Exact(Box<str>),
    /// `*.` and this.
    Below(Box<str>),
    /// Any other with `*` in it.
    Glob(Box<str>),
}

impl Domain {
    /// Reads domains; problems point below `at`.
    pub(crate) fn list(texts: &[String], at: &str, problems: &mut Vec<Problem>) -> Vec<Self> {
        let mut domains = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            domains.extend(Self::one(text, &join_pointer(at, &index.to_string()), problems));
        }
        domains
    }

    /// Reads a domain; the problem points at it.
    pub(crate) fn one(text: &str, at: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        Self::parse(text).map_err(|error| problems.push(Problem::at(at, error))).ok()
    }

    /// Any host, any path.
    pub(crate) fn any() -> Self {
        Self {
            host: HostPattern::Any,
            path: PathPattern::default(),
            captures: None,
            end: End::Open,
        }
    }

    /// Reads a path that is compared to its end, or to the `*` at its end; its hosts are those that
    /// it is put below.
    pub(crate) fn of_path(text: &str) -> Result<Self, String> {
        let (literal, star) = match text.strip_suffix('*') {
            Some(literal) => (literal, true),
            None => (text, false),
        };
        if literal.contains('*') {
            return Err("a path has \"*\" at its end only".into());
        }
        if !literal.starts_with('/') && text != "*" {
            return Err("a path begins with \"/\"".into());
        }
        let end = match (literal.is_empty() || literal.ends_with('/'), star) {
            (false, false) => End::Nothing,
            (true, false) => End::Slash,
            (true, true) => End::Below,
            // The last segment is the beginning of one.
            (false, true) => End::Open,
        };
        let mut segments = Vec::new();
        for segment in literal.split('/').filter(|segment| !segment.is_empty()) {
            segments.push(Segment::Literal(spelt(segment)?.into_owned().into()));
        }
        if end == End::Open
            && let Some(Segment::Literal(last)) = segments.pop()
        {
            segments.push(Segment::Glob(format!("{last}*").into()));
        }
        let path = PathPattern { segments: segments.into(), captures: Captures::default() };
        Ok(Self { host: HostPattern::Service, path, captures: None, end })
    }

    /// Reads `host[/path]`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return Err("a domain has no scheme".into());
        }
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        if text.is_empty() {
            return Err("a domain is not empty".into());
        }
        let path = PathPattern::parse(path)?;
        let captures = (!path.captures.is_empty()).then(|| Arc::new(path.captures.clone()));
        Ok(Self { host: HostPattern::parse(host)?, path, captures, end: End::Open })
    }

    /// Whether it begins with a path and so takes its hosts from a service.
    pub(crate) fn is_relative(&self) -> bool {
        self.host == HostPattern::Service
    }

    /// The same path below the domain of a service, which may itself have a path.
    pub(crate) fn below(&self, service: &Self) -> Self {
        let segments = service.path.segments.iter().chain(&self.path.segments).cloned().collect();
        let captures = service.path.captures.then(service.path.segments.len(), &self.path.captures);
        Self {
            host: service.host.clone(),
            captures: (!captures.is_empty()).then(|| Arc::new(captures.clone())),
            path: PathPattern { segments, captures },
            end: self.end,
        }
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Service);
        }
        let bracketed = text.starts_with('[') && text.ends_with(']');
        let literal_v6 = bracketed || text.parse::<std::net::Ipv6Addr>().is_ok();
        if text.contains(':') && !literal_v6 {
            return Err("a domain has no port".into());
        }
        if text.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#' | '@' | '\\')) {
            return Err("not the name of a host".into());
        }
        let host = if text.is_ascii() {
            super::host(text).into_owned()
        } else {
            // Internationalised names travel in their ASCII form.
            url::Host::parse(text).map_err(|_| "not the name of a host".to_owned())?.to_string()
        };
        Ok(match host.strip_prefix("*.") {
            _ if host == "*" => Self::Any,
            Some(rest) if !rest.contains('*') => Self::Below(rest.into()),
            _ if host.contains('*') => Self::Glob(host.into()),
            _ => Self::Exact(host.into()),
        })
    }
}

/// A literal segment in the spelling of requests: see [`super::path`].
pub(super) fn spelt(segment: &str) -> Result<Cow<'_, str>, String> {
    if segment.contains(['?', '#']) {
        return Err("the path of a domain has neither query nor fragment".into());
    }
    let mut path = String::with_capacity(segment.len() + 1);
    path.push('/');
    for character in segment.chars() {
        if character.is_ascii_graphic() {
            path.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string does not fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    let path = super::path(&path).map_err(|_| "no request has such a path".to_owned())?;
    let spelt = path.strip_prefix('/').unwrap_or_default();
    Ok(if spelt == segment { Cow::Borrowed(segment) } else { Cow::Owned(spelt.to_owned()) })
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostPattern::Any => f.write_str("*"),
            HostPattern::Service => Ok(()),
            HostPattern::Exact(host) | HostPattern::Glob(host) => f.write_str(host),
            HostPattern::Below(host) => write!(f, "*.{host}"),
        }?;
        let mut segments = self.path.segments.iter();
        segments.try_for_each(|segment: &Segment| write!(f, "/{segment}"))
    }
}
