//! Ids are types: a provider's id where a route's belongs does not compile.

use std::borrow::Borrow;
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::resource::Resource;

/// The id of an `R`. As a field of another resource it is a reference: its schema carries
/// `x-ref: <plural>`, from which reference checks and the reverse index are made.
pub struct Id<R: ?Sized> {
    text: Arc<str>,
    of: PhantomData<fn() -> Box<R>>,
}

impl<R: ?Sized> Id<R> {
    /// An id with this text; whether something has it is for the snapshot to say.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), of: PhantomData }
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The shared text, without a copy.
    pub fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl<R: ?Sized> Clone for Id<R> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), of: PhantomData }
    }
}

impl<R: ?Sized> fmt::Debug for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl<R: ?Sized> fmt::Display for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<R: ?Sized> PartialEq for Id<R> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<R: ?Sized> Eq for Id<R> {}

impl<R: ?Sized> Hash for Id<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// Lets a map keyed by ids be asked with a `&str`.
impl<R: ?Sized> Borrow<str> for Id<R> {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl<R: ?Sized> Serialize for Id<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, R: ?Sized> Deserialize<'de> for Id<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|text| Self::new(text.as_ref()))
    }
}

impl<R: Resource> PartialSchema for Id<R> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("Id of one of the `{}`.", R::PLURAL)))
            .extensions(Some(ExtensionsBuilder::new().add("x-ref", R::PLURAL).build()))
            .into()
    }
}

impl<R: Resource> ToSchema for Id<R> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Ref", R::TITLE))
    }
}
