//! What the admin API must know of each kind, as values: made once from [`each_resource`].

use sanmon_shared::problem::join_pointer;
use sanmon_shared::{EachResource, Problem, Resource, each_resource};
use serde_json::Value;

/// A kind of document.
#[derive(Clone, Copy, Debug)]
pub struct KindInfo {
    /// One of them, as in texts: `route`.
    pub kind: &'static str,
    /// Many of them, as in paths: `routes`.
    pub plural: &'static str,
    /// The name of its schema among the components: `Route`.
    pub title: &'static str,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// The member that holds the id.
    pub id_field: &'static str,
    /// The member that holds the name.
    pub name_field: &'static str,
    /// How generated ids begin.
    pub id_prefix: &'static str,
    /// A document that is taken as it is, references apart.
    pub example: fn() -> Value,
    /// Reads a stored document as the type of its kind.
    pub(super) read: fn(&Value) -> Result<(), Problem>,
}

/// Every kind, in the order of the documentation.
pub(super) fn kinds() -> Vec<KindInfo> {
    struct Collect(Vec<KindInfo>);
    impl EachResource for Collect {
        fn visit<R: Resource>(&mut self) {
            self.0.push(KindInfo {
                kind: R::KIND,
                plural: R::PLURAL,
                title: R::TITLE,
                about: R::ABOUT,
                id_field: R::ID_FIELD,
                name_field: R::NAME_FIELD,
                id_prefix: R::ID_PREFIX,
                example: R::example,
                read: read::<R>,
            });
        }
    }
    let mut collect = Collect(Vec::new());
    each_resource(&mut collect);
    collect.0
}

/// The last word on what a schema lets through: numbers beyond a type's range, say.
fn read<R: Resource>(document: &Value) -> Result<(), Problem> {
    serde_path_to_error::deserialize::<_, R>(document).map(drop).map_err(|error| {
        use serde_path_to_error::Segment;
        let pointer = error.path().iter().fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => join_pointer(&pointer, &index.to_string()),
            Segment::Map { key } => join_pointer(&pointer, key),
            Segment::Enum { .. } | Segment::Unknown => pointer,
        });
        Problem::at(pointer, error.into_inner().to_string())
    })
}
