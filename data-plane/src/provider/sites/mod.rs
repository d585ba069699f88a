//! Where a provider's paths begin: most vendors have one base, some make theirs of a document's
//! members.

mod azure;
mod bedrock;
mod cloudflare;
mod hugging_face;
mod ovh;
mod vertex;

use sanmon_shared::Problem;
use sanmon_shared::resources::Connection;
use sanmon_wire::model_list::ListShape;
use url::Url;

pub(super) use azure::{azure_ai_foundry, azure_openai};
pub(super) use bedrock::bedrock;
pub(super) use cloudflare::cloudflare;
pub(super) use hugging_face::hugging_face;
pub(super) use ovh::ovh;
pub(super) use vertex::vertex;

use super::address::encode_segment;
use super::base_url::base_url;
use super::kind::{Embeds, Kind, Listing, Speaks};

/// What a site is made of.
pub(super) struct Given<'a> {
    pub(super) kind: &'static Kind,
    pub(super) connection: &'a Connection,
    /// Where the connection stands in its document.
    pub(super) at: &'a str,
}

/// Where a provider's paths begin.
pub(super) struct Site {
    /// Of the formats and embeddings.
    pub(super) base: Url,
    /// Between the base and their paths; may hold `{model}`.
    pub(super) prefix: String,
    /// Of every call.
    pub(super) query: Option<String>,
    pub(super) formats: &'static [Speaks],
    pub(super) embeds: &'static [Embeds],
    pub(super) lists: Vec<ListPlace>,
    /// Each model has a host of its own, below that of the base.
    pub(super) host_per_model: bool,
    /// Goes over the kind's own.
    pub(super) default_model: Option<String>,
    /// Base and prefix are the address of every call, whatever the path of its format.
    pub(super) fixed: bool,
}

/// Where models are listed.
pub(super) struct ListPlace {
    pub(super) base: Url,
    /// Below it.
    pub(super) path: String,
    pub(super) shape: &'static ListShape,
}

impl ListPlace {
    fn new(base: &Url, listing: &Listing) -> Self {
        Self { base: base.clone(), path: listing.path.to_owned(), shape: listing.shape }
    }
}

/// The site of a vendor with one base.
pub(super) fn plain(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Site> {
    let base = given.base(given.kind.base_url, problems)?;
    Some(given.site(base))
}

impl Given<'_> {
    /// The row's paths below this base.
    fn site(&self, base: Url) -> Site {
        let Self { kind, connection, at: _ } = self;
        // A document's own path is read in the shape of the row.
        let own = present(connection.models_path.as_deref()).zip(kind.lists.first());
        let lists = match own {
            Some((path, list)) => {
                let path = path.to_owned();
                vec![ListPlace { path, ..ListPlace::new(&base, list) }]
            }
            None => kind.lists.iter().map(|list| ListPlace::new(&base, list)).collect(),
        };
        Site {
            prefix: String::new(),
            query: None,
            formats: kind.formats,
            embeds: kind.embeds,
            lists,
            host_per_model: false,
            default_model: None,
            fixed: false,
            base,
        }
    }

    /// The base that the document gives, else `own`.
    fn base(&self, own: &str, problems: &mut Vec<Problem>) -> Option<Url> {
        let (member, given) = self.given_base();
        base_url(self.kind, own, given)
            .map_err(|message| problems.push(Problem::at(format!("{}/{member}", self.at), message)))
            .ok()
    }

    /// The base that the document gives, and under which name.
    fn given_base(&self) -> (&'static str, Option<&str>) {
        match (present(self.connection.base_url.as_deref()), &self.connection.base_domain) {
            (None, Some(domain)) => ("base_domain", present(Some(domain))),
            (given, _) => ("base_url", given),
        }
    }

    /// A member that has to be there and to fit into the name of a host; a problem otherwise.
    fn label<'m>(
        &self,
        name: &str,
        value: Option<&'m str>,
        problems: &mut Vec<Problem>,
    ) -> Option<&'m str> {
        let value = present(value);
        let fits = |value: &&str| value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match value {
            Some(value) if fits(&value) => Some(value),
            Some(_) => {
                let at = format!("{}/{name}", self.at);
                problems
                    .push(Problem::at(at, "it holds other characters than letters, digits and -"));
                None
            }
            None => {
                self.missing(name, problems);
                None
            }
        }
    }

    fn missing(&self, name: &str, problems: &mut Vec<Problem>) {
        let text = format!("a provider of the kind {:?} needs it", self.kind.name);
        problems.push(Problem::at(format!("{}/{name}", self.at), text));
    }
}

/// A text of a document that is there.
fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::new();
    encode_segment(&mut out, text);
    out
}
