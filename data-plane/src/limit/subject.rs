use actix_web::http::header::HeaderName;
use ring::digest::{SHA256, digest};

use super::Size;
use crate::error::GatewayError;
use crate::exchange::Exchange;
use crate::expression::{Scope, Template};

/// A longer subject is kept by its hash: callers choose what headers hold.
const LONGEST: usize = 96;

/// Between the parts of a subject; no header and no id has it.
pub(super) const BETWEEN: char = '\u{1f}';

/// For whom a rule counts apart: everything that differs here has a counter of its own.
#[derive(Debug, Default)]
pub(crate) struct Subject {
    parts: Box<[Part]>,
    by_provider: bool,
}

/// Something in which requests differ. What a request lacks is empty: those that lack it count
/// together.
#[derive(Debug)]
pub(crate) enum Part {
    /// The API key: its id.
    Key,
    /// Whose key it is.
    Consumer,
    /// The route.
    Route,
    /// The provider that answers.
    Provider,
    /// The model, as the provider calls it.
    Model,
    /// The caller's address.
    Client,
    /// The first header of this name.
    Header(HeaderName),
    /// A text with expressions.
    Expression(Template),
}

impl Subject {
    pub(crate) fn of(parts: impl IntoIterator<Item = Part>) -> Self {
        let (providers, parts): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| matches!(part, Part::Provider));
        Self { parts: parts.into(), by_provider: !providers.is_empty() }
    }

    /// Whether it differs by the provider, which may become another while a request is answered: that
    /// is the last part of every key.
    pub(super) fn has_provider(&self) -> bool {
        self.by_provider
    }

    /// Appends whose request this is, up to the provider.
    pub(super) fn write(
        &self,
        out: &mut String,
        exchange: &Exchange,
        size: &Size<'_>,
    ) -> Result<(), GatewayError> {
        let from = out.len();
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                out.push(BETWEEN);
            }
            part.write(out, exchange, size)?;
        }
        shorten(out, from);
        Ok(())
    }
}

/// Puts its hash in the place of a long text.
pub(super) fn shorten(out: &mut String, from: usize) {
    let long = out.get(from..).filter(|text| text.len() > LONGEST);
    if let Some(hash) = long.map(|text| hex::encode(digest(&SHA256, text.as_bytes()))) {
        out.truncate(from);
        out.push_str(&hash);
    }
}

impl Part {
    fn write(
        &self,
        out: &mut String,
        exchange: &Exchange,
        size: &Size<'_>,
    ) -> Result<(), GatewayError> {
        match self {
            Self::Key => out.push_str(exchange.key.as_ref().map_or("", |key| key.id.as_str())),
            Self::Consumer => {
                let consumer = exchange.key.as_ref().and_then(|key| key.consumer());
                out.push_str(consumer.map_or("", |id| id.as_str()));
            }
            Self::Route => out.push_str(exchange.matched.route.id.as_str()),
            Self::Provider => {}
            Self::Model => out.push_str(size.model),
            Self::Client => out.push_str(&exchange.client.to_string()),
            Self::Header(name) => {
                let value = exchange.request.headers().get(name);
                let value = value.map(|value| String::from_utf8_lossy(value.as_bytes()));
                out.push_str(&value.unwrap_or_default());
            }
            Self::Expression(template) => {
                out.push_str(&template.evaluate(&Scope::new(exchange, b""))?);
            }
        }
        Ok(())
    }
}
