use sanmon_shared::resources;

/// An API key, ready to be checked.
pub struct Apikey {
    /// The document.
    pub document: resources::Apikey,
}
