//! Opens what the configuration is kept in, or followed from.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sanmon_control_plane::store::{
    DataPlaneToken, Given, RedbOptions, RedbStore, RedisOptions, RedisState, RedisStore,
};
use sanmon_data_plane::RemoteSource;
use sanmon_shared::clock::Clock;
use sanmon_shared::counters::CounterStore;
use sanmon_shared::seal::Seal;
use sanmon_shared::state::StateStore;
use sanmon_shared::store::{Source, Store};
use sanmon_shared::task::Tasks;

use super::StartError;
use crate::settings::{Origin, Settings};

/// The configuration of this process.
pub(super) struct Opened {
    /// What the control plane needs; none without one.
    pub(super) control: Option<Control>,
    /// What the data plane follows.
    pub(super) source: Arc<dyn Source>,
    /// What data planes keep for their callers, where they share it.
    pub(super) state: Option<Arc<dyn StateStore>>,
    /// What data planes count together, where they do.
    pub(super) counters: Option<Arc<dyn CounterStore>>,
}

/// What a control plane needs of its store.
pub(super) struct Control {
    /// Where it writes.
    pub(super) store: Arc<dyn Store>,
    /// Which data planes may follow over HTTP.
    pub(super) token: DataPlaneToken,
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
pub(super) async fn open(
    settings: &Settings,
    clock: &Clock,
    tasks: &Tasks,
) -> Result<Opened, StartError> {
    let given = given(settings)?;
    match &settings.origin {
        Origin::Embedded => {
            let options =
                RedbOptions { given, clock: clock.clone(), ..RedbOptions::new(&settings.data_dir) };
            let store = RedbStore::open(options).await?;
            let token = store.token();
            Ok(Opened::both(settings, Arc::new(store), token))
        }
        Origin::Redis { url, prefix } => {
            let options = RedisOptions {
                prefix: prefix.clone(),
                given,
                clock: clock.clone(),
                token_folder: Some(settings.data_dir.clone()),
                ..RedisOptions::new(url.expose())
            };
            let state = Arc::new(RedisState::new(url.expose(), prefix)?);
            let opened = if settings.mode.has_control_plane() {
                let store = RedisStore::open(options, tasks).await?;
                let token = store.token()?;
                Opened::both(settings, Arc::new(store), token)
            } else {
                Opened::source(Arc::new(RedisStore::follow(options, tasks)?))
            };
            Ok(Opened { state: Some(state.clone()), counters: Some(state), ..opened })
        }
        Origin::ControlPlane { url, token } => {
            let source = RemoteSource::new(url.expose(), token.expose())?;
            Ok(Opened::source(Arc::new(source)))
        }
    }
}

impl Opened {
    /// A store that both planes use, as far as they run here.
    fn both<S: Store>(settings: &Settings, store: Arc<S>, token: DataPlaneToken) -> Self {
        let control =
            settings.mode.has_control_plane().then(|| Control { store: store.clone(), token });
        Self { control, source: store, state: None, counters: None }
    }

    /// For a data plane on its own.
    fn source(source: Arc<dyn Source>) -> Self {
        Self { control: None, source, state: None, counters: None }
    }
}

/// What the settings say of the store's identity.
fn given(settings: &Settings) -> Result<Given, StartError> {
    let secrets = &settings.secrets;
    let token = secrets.data_plane_token.as_ref().map(|token| token.expose().to_owned());
    Ok(Given { seal: seal(settings)?, token })
}

/// The seal that this process was given.
pub(super) fn seal(settings: &Settings) -> Result<Option<Seal>, StartError> {
    let key = settings.secrets.seal_key.as_ref();
    Ok(key.map(|key| Seal::from_text(key.expose())).transpose()?)
}
