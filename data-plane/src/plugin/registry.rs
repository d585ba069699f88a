//! The one list of plugins.

use super::PluginKind;

/// Every kind of plugin: a line each.
pub const PLUGINS: &[PluginKind] = &[];

/// The kind with this name or alias.
pub fn find(name: &str) -> Option<&'static PluginKind> {
    PLUGINS.iter().find(|kind| kind.is_called(name))
}
