//! What a kind of resource is. Routes, OpenAPI, validation, storage and the dashboard's form follow
//! from one `impl Resource` and one line in [`each_resource`].

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use crate::resources::{
    Admin, Apikey, BackendEntity, Consumer, ConsumerGroup, EmbeddingModel, GlobalPlugin,
    PluginInstance, Prompt, PromptContext, PromptTemplate, Provider, Route, SecretManager, Service,
};

/// A kind of document that the admin API keeps.
pub trait Resource: DeserializeOwned + ToSchema + Send + Sync + 'static {
    /// One of them, as in error texts: `route`.
    const KIND: &'static str;
    /// Many of them, as in paths and storage keys: `routes`.
    const PLURAL: &'static str;
    /// The name of its schema: `Route`.
    const TITLE: &'static str;
    /// What it is for, in a sentence; the tag's description in the OpenAPI document.
    const ABOUT: &'static str;
    /// The member that holds the id.
    const ID_FIELD: &'static str = "id";
    /// The member that holds the name shown to people.
    const NAME_FIELD: &'static str = "name";
    /// A generated id is `<prefix>_<random>`; empty for a bare random one.
    const ID_PREFIX: &'static str = Self::KIND;
    /// A document that the admin API takes as it is, references apart.
    fn example() -> Value;
}

/// Sees every kind once.
pub trait EachResource {
    /// Called for each kind, in the order of the documentation.
    fn visit<R: Resource>(&mut self);
}

/// The only list of kinds.
pub fn each_resource(v: &mut impl EachResource) {
    v.visit::<Route>();
    v.visit::<Service>();
    v.visit::<BackendEntity>();
    v.visit::<PluginInstance>();
    v.visit::<GlobalPlugin>();
    v.visit::<Provider>();
    v.visit::<EmbeddingModel>();
    v.visit::<Prompt>();
    v.visit::<PromptContext>();
    v.visit::<PromptTemplate>();
    v.visit::<Apikey>();
    v.visit::<Consumer>();
    v.visit::<ConsumerGroup>();
    v.visit::<SecretManager>();
    v.visit::<Admin>();
}

/// The plural of a kind, as stored. Unknown ones are kept: a neighbouring version may know them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(Arc<str>);

impl Kind {
    /// The kind of `R`.
    pub fn of<R: Resource>() -> Self {
        Self(Arc::from(R::PLURAL))
    }

    /// The kind with this plural, whether this version knows it or not.
    pub fn named(plural: &str) -> Self {
        Self(Arc::from(plural))
    }

    /// The plural.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|plural| Self(plural.into()))
    }
}
