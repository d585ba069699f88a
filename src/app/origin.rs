//! Opens what the configuration is kept in, or followed from.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sanmon_control_plane::store::{DataPlaneToken, Given, RedbOptions, RedbStore};
use sanmon_shared::clock::Clock;
use sanmon_shared::seal::Seal;
use sanmon_shared::store::{Source, Store, StoreError};

use super::StartError;
use crate::settings::{Origin, Settings};

/// The configuration of this process.
pub(super) struct Opened {
    /// Where the control plane writes; none without one.
    pub(super) store: Option<Arc<dyn Store>>,
    /// What the data plane follows.
    pub(super) source: Arc<dyn Source>,
    /// Which data planes may follow over HTTP.
    pub(super) token: Option<DataPlaneToken>,
}

/// Makes the data folder, for its owner only.
pub(super) fn prepare_folder(folder: &Path) -> Result<(), StartError> {
    make(folder).map_err(|source| StartError::DataFolder { folder: folder.to_owned(), source })
}

fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Opens it.
pub(super) async fn open(settings: &Settings, clock: &Clock) -> Result<Opened, StartError> {
    let given = given(settings)?;
    match &settings.origin {
        Origin::Embedded => {
            let options =
                RedbOptions { given, clock: clock.clone(), ..RedbOptions::new(&settings.data_dir) };
            let store = RedbStore::open(options).await?;
            let token = store.token();
            Ok(Opened::both(settings, Arc::new(store), token))
        }
        Origin::Redis { .. } | Origin::ControlPlane { .. } => {
            Err(StoreError::Refused("this build follows the embedded store only".to_owned()).into())
        }
    }
}

impl Opened {
    /// A store that both planes use, as far as they run here.
    fn both<S: Store>(settings: &Settings, store: Arc<S>, token: DataPlaneToken) -> Self {
        let source: Arc<dyn Source> = store.clone();
        let store = settings.mode.has_control_plane().then_some(store as Arc<dyn Store>);
        Self { store, source, token: Some(token) }
    }
}

/// What the settings say of the store's identity.
fn given(settings: &Settings) -> Result<Given, StartError> {
    let secrets = &settings.secrets;
    let seal = secrets.seal_key.as_ref().map(|key| Seal::from_text(key.expose())).transpose()?;
    let token = secrets.data_plane_token.as_ref().map(|token| token.expose().to_owned());
    Ok(Given { seal, token })
}
