//! The forms in which settings are written: durations, sizes, addresses, secrets.
//!
//! One parser serves flags, environment and file. No error repeats a value that may hold a password.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use sanmon_data_plane::AccessLog;
use sanmon_shared::network::NetworkError;
use sanmon_shared::proxies::TrustedProxies;
use serde::{Deserialize, Deserializer, de};

/// A length of time: `250ms`, `5s`, `2m`, `1h`; a bare number counts seconds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A number of bytes: `65536`, `64KiB`, `32MiB`, `1GiB`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// Addresses and networks, by commas; in the file also as a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxies(pub TrustedProxies);

/// Where the access log goes: `stdout`, `off`, or the path of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessLogTo(pub AccessLog);

/// A URL that may hold a password: `Debug` and errors show neither user nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateUrl(String);

/// A value that nobody may see. `Debug` tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

/// Splits `12ms` into number and unit.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = number_and_unit(text).and_then(|(number, unit)| {
            let millis = match unit {
                "ms" => number,
                "" | "s" => number.checked_mul(1_000)?,
                "m" => number.checked_mul(60_000)?,
                "h" => number.checked_mul(3_600_000)?,
                _ => return None,
            };
            Some(Self(Duration::from_millis(millis)))
        });
        parsed.ok_or_else(|| "a duration is written as 250ms, 5s, 2m or 1h".to_owned())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = number_and_unit(text).and_then(|(number, unit)| {
            let factor = match unit {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            Some(Self(number.checked_mul(factor)?))
        });
        parsed.ok_or_else(|| "a size is written as 65536, 64KiB, 32MiB or 1GiB".to_owned())
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n > 0 && n % (1 << 20) == 0 => write!(f, "{}MiB", n >> 20),
            n if n > 0 && n % (1 << 10) == 0 => write!(f, "{}KiB", n >> 10),
            n => write!(f, "{n}"),
        }
    }
}

impl FromStr for Proxies {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for AccessLogTo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "stdout" => Ok(Self(AccessLog::Stdout)),
            "off" => Ok(Self(AccessLog::Off)),
            "" => Err("stdout, off, or the path of a file".to_owned()),
            path => Ok(Self(AccessLog::File(path.into()))),
        }
    }
}

impl fmt::Display for AccessLogTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PrivateUrl {
    /// The URL itself, for the client that connects to it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Never fails: what is wrong with a URL is said by [`super::Settings`], which knows not to repeat it.
impl FromStr for PrivateUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for PrivateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("(a URL)") };
        match rest.rsplit_once('@') {
            Some((_, host)) => write!(f, "{scheme}://***@{host}"),
            None => f.write_str(&self.0),
        }
    }
}

impl Hidden {
    /// Takes a secret in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret, for whoever has to use it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `Debug` is `Display` for all of these: it is what the start log and `--check` show.
macro_rules! debug_as_display {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}
debug_as_display!(AccessLogTo Span Bytes Proxies PrivateUrl Hidden);

/// How a value stands in the file: as the text of the flag, or as a bare number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a number")]
enum Written {
    Number(u64),
    Text(String),
}

/// The same, or a list of texts.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum Listed {
    Text(String),
    List(Vec<String>),
}

macro_rules! read_as_text {
    ($($name:ident)+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = match Written::deserialize(deserializer)? {
                    Written::Number(number) => number.to_string(),
                    Written::Text(text) => text,
                };
                text.parse().map_err(de::Error::custom)
            }
        }
    )+};
}
read_as_text!(AccessLogTo Span Bytes PrivateUrl);

impl<'de> Deserialize<'de> for Proxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Listed::deserialize(deserializer)? {
            Listed::Text(text) => text,
            Listed::List(texts) => texts.join(","),
        };
        text.parse().map_err(de::Error::custom)
    }
}

/// Where a listener listens: an address and a port, 0 for any free one.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "an address and a port, such as 127.0.0.1:9080".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_with_their_units() {
        let span = |text: &str| text.parse::<Span>().map(|s| s.0.as_millis());
        assert_eq!(span("250ms"), Ok(250));
        assert_eq!(span("5"), Ok(5_000));
        assert_eq!(span("2 m"), Ok(120_000));
        assert!(span("5 days").is_err());
        assert!(span("-1s").is_err());
        assert!(span("99999999999999999999h").is_err());
        let bytes = |text: &str| text.parse::<Bytes>().map(|b| b.0);
        assert_eq!(bytes("32MiB"), Ok(32 << 20));
        assert_eq!(bytes("100"), Ok(100));
        assert!(bytes("32MB").is_err());
        assert!(bytes("18446744073709551615KiB").is_err());
    }

    #[test]
    fn a_url_shows_no_password() {
        let url: PrivateUrl = "rediss://user:p@ss@db.example:6380/0".parse().unwrap();
        assert_eq!(format!("{url:?}"), "rediss://***@db.example:6380/0");
        assert_eq!(format!("{:?}", Hidden::new("canary")), "***");
    }
}
