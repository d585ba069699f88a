//! Where conversations went, so that the next request of each finds its beginning in the prompt cache
//! of the provider.

use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use foldhash::quality::FixedState;
use moka::sync::Cache;
use sanmon_wire::json::{Elements, Object, ValueKind};

use super::Ask;

/// Conversations that a balancer remembers; those unused for longest are forgotten first.
const MOST: u64 = 65_536;

/// What comes before the conversation, and the conversation itself, in the words of all dialects.
const BEFORE: &[&str] = &["system", "instructions", "tools"];
const CONVERSATION: &[&str] = &["messages", "input", "contents", "prompt"];

/// More messages at the beginning are not looked at.
const BEGINNING: usize = 4;

/// The targets of conversations.
#[derive(Debug)]
pub(crate) struct Sticky {
    pub(super) ttl: Duration,
    targets: Cache<u64, u64>,
}

impl Sticky {
    /// Remembers for so long after the last request.
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, targets: Cache::builder().max_capacity(MOST).time_to_idle(ttl).build() }
    }

    /// The target where a conversation went last: the hash of its name.
    pub(super) fn target(&self, conversation: u64) -> Option<u64> {
        self.targets.get(&conversation)
    }

    /// It goes to this one now.
    pub(super) fn goes_to(&self, conversation: u64, target: u64) {
        if self.target(conversation) != Some(target) {
            self.targets.insert(conversation, target);
        }
    }
}

/// The hash of a name.
pub(super) fn name(name: &str) -> u64 {
    FixedState::default().hash_one(name)
}

/// The hash of a conversation: of who asks, and of all until the first message of a user, which is the
/// same for all requests of it.
pub(super) fn conversation(ask: &Ask<'_>) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    match &ask.exchange.key {
        Some(key) => hasher.write(key.id.as_str().as_bytes()),
        None => hasher.write(ask.exchange.client.to_string().as_bytes()),
    }
    for name in BEFORE {
        if let Some(value) = ask.object.first(name) {
            hasher.write(value.raw);
        }
        hasher.write_u8(0xff);
    }
    for name in CONVERSATION {
        let Some(value) = ask.object.first(name) else { continue };
        if value.kind != ValueKind::Array {
            hasher.write(value.raw);
            continue;
        }
        for message in Elements::of(value.raw).take(BEGINNING) {
            hasher.write(message.raw);
            if message.object().as_ref().is_some_and(is_of_user) {
                break;
            }
        }
    }
    hasher.finish()
}

fn is_of_user(message: &Object<'_>) -> bool {
    message.first("role").and_then(|role| role.text()).is_some_and(|role| role == "user")
}
