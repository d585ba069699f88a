//! A provider over HTTP: its addresses, and an account per credential.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::header::HeaderMap;
use sanmon_wire::format::{Codec, Format};
use sanmon_wire::model_list::ListShape;
use url::Url;

use super::Timeouts;
use super::account::Account;
use super::address::Address;
use super::inline::Patch;
use super::kind::{Embeds, Speaks};

/// Where and how a provider is called over HTTP.
#[derive(Debug)]
pub struct Http {
    /// One per credential; a document may hold several, which take turns.
    accounts: Arc<[Account]>,
    turn: AtomicUsize,
    addresses: Arc<Addresses>,
    /// How long a call may take.
    pub timeouts: Timeouts,
    /// Whether it can stream; otherwise its whole answer is made into a stream.
    pub streams: bool,
}

impl Http {
    pub(super) fn new(
        accounts: Vec<Account>,
        addresses: Arc<Addresses>,
        timeouts: Timeouts,
        streams: bool,
    ) -> Self {
        let turn = AtomicUsize::new(0);
        Self { accounts: accounts.into(), turn, addresses, timeouts, streams }
    }

    /// The format in which a request that came in `front` is put: `front` itself, else the first in
    /// which the provider answers about the model.
    pub(super) fn chat(&self, front: Format, model: &str) -> Option<&ChatAddresses> {
        let about = || {
            let all = self.addresses.chats.iter();
            all.filter(|chat| chat.speaks.models.name(model).is_some())
        };
        about().find(|chat| chat.speaks.format == front).or_else(|| about().next())
    }

    /// The format in which embeddings of this model are asked for.
    pub fn embeds(&self, model: &str) -> Option<&'static Embeds> {
        let mut formats = self.addresses.embeddings.iter().map(|one| one.embeds);
        formats.find(|embeds| embeds.models.name(model).is_some())
    }

    /// The account whose turn it is.
    pub fn account(&self) -> Option<&Account> {
        let count = self.accounts.len();
        let turn = if count > 1 { self.turn() } else { 0 };
        self.accounts.get(turn % count.max(1))
    }

    /// The account at this place.
    pub fn account_at(&self, at: usize) -> Option<&Account> {
        self.accounts.get(at)
    }

    /// All accounts.
    pub(super) fn accounts(&self) -> Arc<[Account]> {
        Arc::clone(&self.accounts)
    }

    /// A number that counts up; the accounts take turns by it.
    pub(super) fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    /// What tells the accounts apart, and from those of other hosts.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = u64> {
        self.accounts.iter().map(Account::fingerprint)
    }

    /// Of a provider whose targets are called instead of itself.
    pub(super) fn nowhere() -> Self {
        let addresses = Arc::new(Addresses {
            chats: Box::default(),
            embeddings: Box::default(),
            lists: Box::default(),
            stored: None,
            passed: None,
        });
        Self::new(Vec::new(), addresses, Timeouts::default(), true)
    }
}

/// The addresses of a provider, which all its accounts share.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) chats: Box<[ChatAddresses]>,
    /// None where it serves none.
    pub(super) embeddings: Box<[EmbedAddress]>,
    pub(super) lists: Box<[ListAddress]>,
    /// Of the answers that it keeps; their ids follow.
    pub(super) stored: Option<Url>,
    /// Of what passes as it is, where anything does.
    pub(super) passed: Option<Passed>,
}

/// Where goes what passes as it is.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) url: Url,
    /// It has the path of every call.
    pub(super) fixed: bool,
    pub(super) patch: Patch,
}

/// The addresses of a format.
pub(super) struct ChatAddresses {
    pub(super) speaks: &'static Speaks,
    /// The row's, in the version that the document names.
    pub(super) codec: &'static dyn Codec,
    pub(super) whole: Address,
    pub(super) stream: Option<Address>,
    pub(super) count: Option<Address>,
    /// Of its calls.
    pub(super) headers: HeaderMap,
    /// What changes of its bodies.
    pub(super) patch: Patch,
}

impl fmt::Debug for ChatAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { speaks, codec: _, whole, stream, count, headers, patch: _ } = self;
        f.debug_struct("ChatAddresses")
            .field("speaks", speaks)
            .field("whole", whole)
            .field("stream", stream)
            .field("count", count)
            .field("headers", headers)
            .finish_non_exhaustive()
    }
}

/// The address of a format of embeddings.
#[derive(Debug)]
pub(super) struct EmbedAddress {
    pub(super) embeds: &'static Embeds,
    pub(super) address: Address,
    pub(super) patch: Patch,
}

/// The address of a list of models.
#[derive(Debug)]
pub struct ListAddress {
    pub(super) url: Url,
    /// How the list is read.
    pub shape: &'static ListShape,
}
