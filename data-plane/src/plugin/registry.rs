//! The one list of plugins.
