//! `apikeys`: who calls, by an API key.
