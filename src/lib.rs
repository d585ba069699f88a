//! Sanmon as a program: settings, the two planes put together, start and stop. Nothing else.

pub mod cli;
pub mod log;
pub mod settings;
