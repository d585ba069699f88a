//! What is known of a vendor. What differs between vendors is data here, never a `match` on a name
//! elsewhere.

use std::fmt;

use sanmon_shared::Problem;
use sanmon_wire::embeddings::EmbedCodec;
use sanmon_wire::format::{Codec, Format};
use sanmon_wire::model_list::{self, ListShape};

use super::credentials::Auth;
use super::kinds::embeddings;
use super::sites::{Given, Site, plain};

/// A vendor.
pub struct Kind {
    /// What `provider` says.
    pub name: &'static str,
    /// The vendor's name for people.
    pub label: &'static str,
    /// Base of its API; empty where a document must give it.
    pub base_url: &'static str,
    /// Appended to a given base URL that does not end with it, as documents of Otoroshi have it.
    pub below_base: &'static str,
    /// Taken from the end of a given base URL: what the paths of its formats begin with.
    pub above_base: &'static [&'static str],
    /// How credentials travel.
    pub auth: Auth,
    /// Makes its addresses of a document.
    pub(super) site: fn(&Given<'_>, &mut Vec<Problem>) -> Option<Site>,
    /// Members of `connection` that only some kinds have, and this one has.
    pub members: &'static [&'static str],
    /// The formats of chats that it speaks; what it does not speak is translated to the first.
    pub formats: &'static [Speaks],
    /// Default model of chats; `None` where it does not serve them.
    pub chat: Option<Option<&'static str>>,
    /// Default model of embeddings; `None` where it does not serve them.
    pub embeddings: Option<Option<&'static str>>,
    /// The formats of embeddings that it speaks, where it serves them.
    pub embeds: &'static [Embeds],
    /// Where it lists its models; nowhere when empty.
    pub lists: &'static [Listing],
    /// The member by which chat output is bounded, where the gateway has to bound it.
    pub max_tokens: &'static str,
    /// Members of chat bodies under other names.
    pub renames: &'static [(&'static str, &'static str)],
    /// Members of chat bodies that it refuses, so that they are left out.
    pub refuses: &'static [&'static str],
    /// Members, as JSON, that every chat body gets.
    pub extras: &'static [(&'static str, &'static str)],
    /// Whether it takes `stream_options`; who does not sends usage unasked.
    pub stream_options: bool,
    /// Whether it can answer `encoding_format: base64`; otherwise floats are asked and encoded here.
    pub base64: bool,
    /// Answered in process.
    pub mock: bool,
    /// Calls nobody itself but its targets.
    pub balances: bool,
}

/// Tells the name: the rest is in the table.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A format that a vendor speaks.
#[derive(Clone, Copy)]
pub struct Speaks {
    /// Which.
    pub format: Format,
    /// Reads and writes it as the vendor does.
    pub codec: &'static dyn Codec,
    /// Below the base; `{model}` stands for the model's name.
    pub path: &'static str,
    /// Where streams are asked for, if that is elsewhere.
    pub stream_path: Option<&'static str>,
    /// Where tokens are counted, if they are.
    pub count_path: Option<&'static str>,
    /// Members that its bodies get where they lack them, as JSON, and those that they may not have.
    pub envelope: &'static [(&'static str, Option<&'static str>)],
    /// For which models.
    pub models: Models,
    /// Only where a document says that the server has it.
    pub on_request: bool,
}

impl fmt::Debug for Speaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Speaks")
            .field("format", &self.format)
            .field("path", &self.path)
            .field("models", &self.models)
            .finish_non_exhaustive()
    }
}

/// A format of embeddings that a vendor speaks.
#[derive(Clone, Copy)]
pub struct Embeds {
    /// Reads and writes it; `None` where it is OpenAI's, so that bytes pass through.
    pub codec: Option<&'static dyn EmbedCodec>,
    /// Below the base; `{model}` stands for the model's name.
    pub path: &'static str,
    /// For which models.
    pub models: Models,
}

impl fmt::Debug for Embeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embeds")
            .field("path", &self.path)
            .field("models", &self.models)
            .finish_non_exhaustive()
    }
}

/// The models of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Models {
    /// All.
    Any,
    /// Those whose names hold one of these.
    Holding(&'static [&'static str]),
    /// Those whose names hold none of these.
    Without(&'static [&'static str]),
    /// Those whose names begin with this, which is no part of the name in an address.
    Below(&'static str),
}

impl Models {
    /// The name of a model in an address; `None` when it is none of these.
    pub fn name<'m>(&self, model: &'m str) -> Option<&'m str> {
        match self {
            Self::Any => Some(model),
            Self::Holding(parts) => parts.iter().any(|part| model.contains(part)).then_some(model),
            Self::Without(parts) => parts.iter().all(|part| !model.contains(part)).then_some(model),
            Self::Below(prefix) => model.strip_prefix(prefix),
        }
    }
}

/// Where models are listed, and how.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// Below the base.
    pub path: &'static str,
    /// How the list is read.
    pub shape: &'static ListShape,
}

impl Listing {
    pub(super) const fn new(path: &'static str, shape: &'static ListShape) -> Self {
        Self { path, shape }
    }
}

/// What most vendors give.
const LIKE_OPENAI: &[Listing] = &[Listing::new("/models", &model_list::OPENAI)];

/// What most rows have.
pub(super) const ROW: Kind = Kind {
    name: "",
    label: "",
    base_url: "",
    below_base: "",
    above_base: &[],
    auth: Auth::Bearer,
    site: plain,
    members: &[],
    formats: &[],
    chat: Some(None),
    embeddings: None,
    embeds: embeddings::OPENAI,
    lists: LIKE_OPENAI,
    max_tokens: "max_completion_tokens",
    renames: &[],
    refuses: &[],
    extras: &[],
    stream_options: true,
    base64: true,
    mock: false,
    balances: false,
};
