//! Certificates of listeners, read again when their files change, so that a renewal needs no
//! restart. Both planes serve with what [`server_config`] makes; who listens is theirs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::task::Tasks;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(2);

/// The files of a TLS listener, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by the chain up to (without) the root.
    pub cert: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Why a listener cannot serve TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no PEM block of the kind that it should.
    #[error("{} holds no {what} in PEM form", path.display())]
    Pem {
        /// Which one.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Certificate and key do not belong together, or cannot be used.
    #[error("certificate and key cannot be used: {0}")]
    Pair(#[from] rustls::Error),
}

/// Serves with this certificate and key, and with what the files hold later: they are looked at
/// every two seconds until `tasks` stops. A pair that cannot be used is logged, and the last good
/// one stays.
///
/// The listener sets its ALPN protocols itself.
pub fn server_config(
    cert: &Path,
    key: &Path,
    tasks: &Tasks,
) -> Result<Arc<ServerConfig>, TlsError> {
    let files = TlsFiles { cert: cert.to_owned(), key: key.to_owned() };
    let pem = files.read()?;
    let current = Arc::new(Current(ArcSwap::from_pointee(files.certified(&pem)?)));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
    let follower = Follower { files, pem, current };
    let stopping = tasks.clone();
    tasks.spawn(async move { follower.run(&stopping).await });
    Ok(Arc::new(config))
}

/// The bytes of both files.
#[derive(PartialEq, Eq)]
struct Pem {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl TlsFiles {
    fn read(&self) -> Result<Pem, TlsError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
        };
        Ok(Pem { cert: read(&self.cert)?, key: read(&self.key)? })
    }

    fn certified(&self, pem: &Pem) -> Result<CertifiedKey, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem.cert)
            .collect::<Result<_, _>>()
            .ok()
            .filter(|chain: &Vec<_>| !chain.is_empty())
            .ok_or_else(|| TlsError::Pem { path: self.cert.clone(), what: "certificate" })?;
        let key = PrivateKeyDer::from_pem_slice(&pem.key)
            .map_err(|_| TlsError::Pem { path: self.key.clone(), what: "private key" })?;
        Ok(CertifiedKey::from_der(chain, key, &default_provider())?)
    }
}

/// What new connections are served with.
struct Current(ArcSwap<CertifiedKey>);

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current(..)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

struct Follower {
    files: TlsFiles,
    /// What was last tried, good or not: a bad pair is reported once.
    pem: Pem,
    current: Arc<Current>,
}

impl Follower {
    async fn run(mut self, stopping: &Tasks) {
        let mut every = tokio::time::interval(POLL);
        loop {
            tokio::select! {
                () = stopping.stopping() => return,
                _ = every.tick() => self = self.looked().await,
            }
        }
    }

    /// Looks at the files on a thread that may block.
    async fn looked(self) -> Self {
        let files = self.files.clone();
        let current = Arc::clone(&self.current);
        let look = move || {
            let mut follower = self;
            follower.look();
            follower
        };
        match tokio::task::spawn_blocking(look).await {
            Ok(follower) => follower,
            // The runtime stops, or the look panicked: go on with what there is.
            Err(_) => Self { files, pem: Pem { cert: Vec::new(), key: Vec::new() }, current },
        }
    }

    /// The bytes are compared, not the times: a file system's clock may be too coarse to show that
    /// the second file of a pair followed the first.
    fn look(&mut self) {
        let pem = match self.files.read() {
            Ok(pem) => pem,
            Err(error) => {
                // A rename in progress; said again at each look, since serving will end one day.
                tracing::warn!(%error, "cannot look at the certificate");
                return;
            }
        };
        if pem == self.pem {
            return;
        }
        match self.files.certified(&pem) {
            Ok(certified) => {
                self.current.0.store(Arc::new(certified));
                tracing::info!(cert = %self.files.cert.display(), "certificate reloaded");
            }
            Err(error) => {
                tracing::warn!(
                    %error,
                    cert = %self.files.cert.display(),
                    "the changed certificate is not used"
                );
            }
        }
        self.pem = pem;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        follower: Follower,
        _folder: tempfile::TempDir,
    }

    fn pair(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let files =
            TlsFiles { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
        let (cert, key) = pair("one.test");
        std::fs::write(&files.cert, cert).unwrap();
        std::fs::write(&files.key, key).unwrap();
        let pem = files.read().unwrap();
        let current = Arc::new(Current(ArcSwap::from_pointee(files.certified(&pem).unwrap())));
        Fixture { follower: Follower { files, pem, current }, _folder: folder }
    }

    impl Fixture {
        fn served(&self) -> Vec<u8> {
            self.follower.current.0.load().cert[0].to_vec()
        }
    }

    #[test]
    fn a_renewed_pair_is_served() {
        let mut fixture = fixture();
        let before = fixture.served();
        let (cert, key) = pair("two.test");
        std::fs::write(&fixture.follower.files.cert, &cert).unwrap();
        fixture.follower.look();
        assert_eq!(fixture.served(), before, "half a renewal is not served");
        std::fs::write(&fixture.follower.files.key, key).unwrap();
        fixture.follower.look();
        let expected = CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
        assert_eq!(fixture.served(), expected.to_vec());
    }

    #[test]
    fn a_removed_or_broken_file_leaves_the_last_good_pair() {
        let mut fixture = fixture();
        let before = fixture.served();
        std::fs::write(&fixture.follower.files.cert, "nothing").unwrap();
        fixture.follower.look();
        std::fs::remove_file(&fixture.follower.files.key).unwrap();
        fixture.follower.look();
        assert_eq!(fixture.served(), before);
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_with_its_file() {
        let fixture = fixture();
        let tasks = Tasks::default();
        let files = &fixture.follower.files;
        assert!(server_config(&files.cert, &files.key, &tasks).is_ok());
        let swapped = server_config(&files.key, &files.cert, &tasks).unwrap_err();
        assert!(swapped.to_string().ends_with("tls.key holds no certificate in PEM form"));
        let absent = server_config(Path::new("absent.crt"), &files.key, &tasks).unwrap_err();
        assert!(absent.to_string().starts_with("cannot read absent.crt"));
        tasks.stop().await;
    }
}
