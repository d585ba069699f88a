//! What consumer groups, plugin configs and global rules have in common: plugins under one id.

use serde_json::Value;

use super::super::documents::{self, Bundle};
use super::super::plugins::{self, Placed};
use super::super::refusal::Refusal;
use super::super::view::View;

/// Reads one, which needs plugins.
pub(super) fn read(
    view: &View<'_>,
    singular: &str,
    document: Value,
) -> Result<(Bundle, Vec<Placed>), Refusal> {
    let mut bundle: Bundle = documents::read(singular, document)?;
    let Some(plugins) = bundle.plugins.take() else {
        return Err(Refusal::invalid("property \"plugins\" is required"));
    };
    let placed = plugins::read(view, Some(plugins))?;
    Ok((bundle, placed))
}

/// The same, where nothing is left to be stored without plugins.
pub(super) fn read_some(
    view: &View<'_>,
    singular: &str,
    document: Value,
) -> Result<(Bundle, Vec<Placed>), Refusal> {
    let (bundle, placed) = read(view, singular, document)?;
    if placed.is_empty() {
        return Err(Refusal::property("plugins", "expected one plugin at least"));
    }
    Ok((bundle, placed))
}
