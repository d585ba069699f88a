use std::io;
use std::path::PathBuf;

use sanmon_shared::seal::SealError;
use sanmon_shared::store::StoreError;
use sanmon_shared::tls::TlsError;
use {sanmon_control_plane as control_plane, sanmon_data_plane as data_plane};

/// Why Sanmon does not start. The texts name the setting that would help.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing can be kept in the data folder.
    #[error("cannot write in the data folder {} (--data-dir): {source}", folder.display())]
    DataFolder {
        /// Which one.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The seal key is none.
    #[error("SANMON_SEAL_KEY cannot be used: {0}")]
    Seal(#[from] SealError),
    /// The data plane's certificate cannot be used.
    #[error("--tls-cert and --tls-key: {0}")]
    Tls(#[from] TlsError),
    /// The control plane does not start.
    #[error("{source}{hint}", hint = admin_hint(source))]
    ControlPlane {
        /// Why.
        #[from]
        source: control_plane::StartError,
    },
    /// The data plane does not start.
    #[error("{source}{hint}", hint = data_hint(source))]
    DataPlane {
        /// Why.
        #[from]
        source: data_plane::StartError,
    },
}

/// Which flag moves the listener.
fn admin_hint(error: &control_plane::StartError) -> &'static str {
    match error {
        control_plane::StartError::Listen { .. } => " (choose another address with --admin-listen)",
        control_plane::StartError::Tls(_) => " (--admin-tls-cert, --admin-tls-key)",
        _ => "",
    }
}

fn data_hint(error: &data_plane::StartError) -> &'static str {
    match error {
        data_plane::StartError::Listen { .. } => {
            " (choose another address with --listen or --telemetry-listen)"
        }
        data_plane::StartError::AccessLog(_) => " (see --access-log)",
    }
}
