//! One call of a model, whatever the client speaks and whatever the provider does.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod draft;
pub(crate) mod headers;
pub(crate) mod model;
pub(crate) mod native;
pub(crate) mod pieces;
