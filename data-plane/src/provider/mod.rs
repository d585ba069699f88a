//! What upstreams speak: addresses, credentials and headers of each kind, and the rows of vendors
//! that speak OpenAI's dialect. Nothing here opens a socket.

/// A provider or embedding model, ready to be called.
pub struct Provider {}
