use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::quality::FixedState;
use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, HashSource};

use super::super::Ask;
use super::{Contender, View};

/// Points of a target of weight 1 on the ring. More make parts more even.
const POINTS: u64 = 160;

/// Points on a ring; larger weights are made smaller.
const MOST: u64 = 65_536;

/// What of a request is hashed. Where a request lacks it, its caller's address is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HashOn {
    /// The id of the API key.
    Key,
    /// The consumer whose key it is; the key itself, where it is nobody's.
    Consumer,
    /// The caller's address.
    Client,
    /// The host that the caller named.
    Host,
    /// The path.
    Path,
    /// The query.
    QueryString,
    /// Path and query.
    Uri,
    /// A header.
    Header(Box<str>),
    /// A parameter of the query.
    Query(Box<str>),
    /// A cookie.
    Cookie(Box<str>),
    /// A member of the body.
    Member(Box<str>),
    /// All of these together.
    Several(Box<[HashOn]>),
}

impl HashOn {
    /// Compiles what documents say; problems point below `at`.
    pub(crate) fn build(
        documents: &[resources::HashOn],
        at: &str,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let parts = documents.iter().enumerate().filter_map(|(index, document)| {
            Self::one(document, &join_pointer(at, &index.to_string()), problems)
        });
        let mut parts: Vec<Self> = parts.collect();
        match (parts.pop(), parts.is_empty()) {
            (None, _) => Self::Client,
            (Some(only), true) => only,
            (Some(last), false) => {
                parts.push(last);
                Self::Several(parts.into())
            }
        }
    }

    fn one(document: &resources::HashOn, at: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let name = document.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let mut named = || -> Option<Box<str>> {
            if name.is_none() {
                problems.push(Problem::at(join_pointer(at, "name"), "it needs a name"));
            }
            Some(name?.into())
        };
        Some(match document.source {
            HashSource::Key => Self::Key,
            HashSource::Consumer => Self::Consumer,
            HashSource::Client => Self::Client,
            HashSource::Host => Self::Host,
            HashSource::Path => Self::Path,
            HashSource::Uri => Self::Uri,
            HashSource::QueryString => Self::QueryString,
            HashSource::Header => Self::Header(named()?),
            HashSource::Query => Self::Query(named()?),
            HashSource::Cookie => Self::Cookie(named()?),
            HashSource::Body => Self::Member(named()?),
        })
    }

    /// The hash of a request that has this text where it is looked for.
    pub(crate) fn of_text(text: &str) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        write(text, &mut hasher);
        hasher.finish()
    }

    /// Whether a request has it.
    pub(crate) fn is_in(&self, ask: &Ask<'_>) -> bool {
        self.value(ask).is_some()
    }

    /// The hash of a request. The same on all data planes.
    pub(crate) fn of(&self, ask: &Ask<'_>) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        if !self.feed(ask, &mut hasher) {
            Self::Client.feed(ask, &mut hasher);
        }
        hasher.finish()
    }

    /// Whether the request has it.
    fn feed(&self, ask: &Ask<'_>, hasher: &mut impl std::hash::Hasher) -> bool {
        if let Self::Several(parts) = self {
            return parts.iter().fold(false, |any, part| part.feed(ask, hasher) | any);
        }
        let Some(value) = self.value(ask) else { return false };
        write(&value, hasher);
        true
    }

    fn value<'a>(&self, ask: &Ask<'a>) -> Option<Cow<'a, str>> {
        let exchange = ask.exchange;
        let request = &exchange.request;
        let lossy = |bytes: &'a [u8]| String::from_utf8_lossy(bytes);
        let value = match self {
            Self::Consumer if exchange.consumer.is_some() => {
                Cow::Borrowed(exchange.consumer.as_ref()?.id.as_str())
            }
            Self::Key | Self::Consumer => Cow::Borrowed(exchange.key.as_ref()?.id.as_str()),
            Self::Client => Cow::Owned(exchange.client.to_string()),
            Self::Host => exchange.host(),
            Self::Path => Cow::Borrowed(exchange.path()),
            Self::QueryString => Cow::Borrowed(request.query_string()),
            Self::Uri => Cow::Owned(format!("{}?{}", exchange.path(), request.query_string())),
            Self::Header(name) => lossy(request.headers().get(&**name)?.as_bytes()),
            Self::Query(name) => url::form_urlencoded::parse(request.query_string().as_bytes())
                .find_map(|(key, value)| (*key == **name).then_some(value))?,
            Self::Cookie(name) => request
                .headers()
                .get_all(actix_web::http::header::COOKIE)
                .filter_map(|header| header.to_str().ok())
                .flat_map(|header| header.split(';'))
                .filter_map(|pair| pair.trim().split_once('='))
                .find_map(|(key, value)| (key == &**name).then_some(Cow::Borrowed(value)))?,
            Self::Member(name) => {
                let value = ask.object.first(name)?;
                value.text().unwrap_or_else(|| lossy(value.raw))
            }
            Self::Several(_) => return None,
        };
        (!value.is_empty()).then_some(value)
    }
}

fn write(value: &str, hasher: &mut impl std::hash::Hasher) {
    hasher.write(value.as_bytes());
    // So that `a`, `bc` is not `ab`, `c`.
    hasher.write_u8(0xff);
}

/// A ring of all targets. Who cannot be asked stays on it, so that only its own requests go elsewhere,
/// and come back.
#[derive(Debug)]
pub(super) struct Ring {
    /// In order, with the place of the target whose point it is.
    points: Box<[(u64, u16)]>,
}

impl Ring {
    pub(super) fn new(contenders: &[Contender<'_>]) -> Self {
        let total: u64 = contenders.iter().map(|one| u64::from(one.weight)).sum();
        let mut points = Vec::new();
        for (at, one) in contenders.iter().enumerate() {
            let weight = u64::from(one.weight);
            let count = if total * POINTS > MOST {
                (weight * MOST / total).max(u64::from(weight > 0))
            } else {
                weight * POINTS
            };
            let at = u16::try_from(at).unwrap_or_default();
            points.extend((0..count).map(|number| (point(one.name, number), at)));
        }
        points.sort_unstable();
        Self { points: points.into() }
    }

    /// The first one after `hash` that can be asked.
    pub(super) fn pick(&self, view: &dyn View, hash: u64) -> Option<usize> {
        let from = self.points.partition_point(|(point, _)| *point < hash);
        let (before, after) = self.points.split_at_checked(from)?;
        let mut out: Option<u16> = None;
        after.iter().chain(before).find_map(|(_, at)| {
            if out == Some(*at) {
                return None;
            }
            let at = *at;
            if view.is_there(usize::from(at)) {
                return Some(usize::from(at));
            }
            out = Some(at);
            None
        })
    }
}

fn point(name: &str, number: u64) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(name.as_bytes());
    hasher.write_u64(number);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::for_test::Said;
    use super::*;

    fn ring(members: &[(&str, u32)]) -> Ring {
        let contenders: Vec<Contender<'_>> = members
            .iter()
            .map(|(name, weight)| Contender { name, weight: *weight, price: None })
            .collect();
        Ring::new(&contenders)
    }

    fn hashes() -> impl Iterator<Item = u64> {
        (0..10_000).map(|number| point("request", number))
    }

    #[test]
    fn each_has_its_part_of_the_ring() {
        let ring = ring(&[("a", 3), ("b", 1), ("c", 0)]);
        let mut counts = [0_u32; 3];
        for hash in hashes() {
            counts[ring.pick(&Said::default(), hash).unwrap()] += 1;
        }
        assert!((7_000..8_000).contains(&counts[0]), "{counts:?}");
        assert_eq!(counts[2], 0);
    }

    #[test]
    fn only_the_requests_of_one_that_is_out_go_elsewhere() {
        let ring = ring(&[("a", 1), ("b", 1), ("c", 1)]);
        let mut elsewhere = [0_u32; 3];
        for hash in hashes() {
            let usual = ring.pick(&Said::default(), hash).unwrap();
            let now = ring.pick(&Said::without(&[1]), hash).unwrap();
            assert!(usual == now || usual == 1);
            if usual == 1 {
                elsewhere[now] += 1;
            }
        }
        assert!(elsewhere[0] > 500 && elsewhere[2] > 500, "{elsewhere:?}");
        assert_eq!(ring.pick(&Said::without(&[0, 1, 2]), 7), None);
    }

    #[test]
    fn a_new_target_takes_requests_but_moves_no_others() {
        let (before, after) = (ring(&[("a", 1), ("b", 1)]), ring(&[("a", 1), ("b", 1), ("c", 1)]));
        for hash in hashes() {
            let now = after.pick(&Said::default(), hash).unwrap();
            assert!(now == 2 || before.pick(&Said::default(), hash) == Some(now));
        }
    }

    #[test]
    fn weights_beyond_measure_keep_their_proportions() {
        let ring = ring(&[("a", u32::MAX), ("b", u32::MAX / 3)]);
        assert!(u64::try_from(ring.points.len()).unwrap() <= MOST);
        assert!(
            hashes().filter(|hash| ring.pick(&Said::default(), *hash) == Some(1)).count() > 2_000
        );
    }
}
