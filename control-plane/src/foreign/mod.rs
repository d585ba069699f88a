//! Other admin APIs, each a thin translator onto our own service: their documents become documents
//! of our kinds when they are written, nothing foreign is stored, and what they show is put together
//! from our documents. So whatever one API wrote, the others can read.

pub(crate) mod apisix;
pub(crate) mod otoroshi;
