use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Trusts what the system trusts. Made once, at the first call over TLS: the roots of a system are
/// half a megabyte, which every worker and pool would otherwise have for itself.
pub(super) fn system() -> Result<ClientConfig, rustls::Error> {
    static SYSTEM: OnceLock<Result<ClientConfig, rustls::Error>> = OnceLock::new();
    SYSTEM.get_or_init(load).clone()
}

fn load() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?;
    Ok(builder.with_no_client_auth())
}

/// For pools that never use TLS: trusts nobody, and costs nothing.
pub(super) fn none() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty());
    Ok(builder.with_no_client_auth())
}
