//! What plugins of APISIX understand of requests: bodies of several protocols at one path, told apart by
//! the end of the path and by what is in them.

pub(crate) mod body;
mod converse;
mod passed;
mod proxy;
mod spoken;

pub(crate) use proxy::{Proxy, Says};
pub(crate) use spoken::Spoken;
