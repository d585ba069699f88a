//! Secrets that managers keep: how a manager is asked, and what is known of its answers.
//!
//! Nothing here is on the path of a request: [`crate::follow`] asks before it builds the documents that
//! refer to such secrets, again from time to time, and builds them anew when a secret has changed.

mod aws;
mod gcp;
mod known;
mod manager;
#[cfg(test)]
mod tests;
mod vault;

pub(crate) use known::{Known, Sight};
pub(crate) use manager::{Caller, Fetched, Manager, fetch};
