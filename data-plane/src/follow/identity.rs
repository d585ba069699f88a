use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use ulid::Ulid;

/// The file of the data folder that makes the id stay the same.
const FILE: &str = "data-plane-id";

/// This data plane's id: that of the data folder, or, where it can be neither read nor written, one
/// for this run.
pub(super) fn load(folder: &Path) -> Arc<str> {
    let path = folder.join(FILE);
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let known = kept.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !known.is_empty() && known.len() <= 64 && known.chars().all(plain) {
        return Arc::from(known);
    }
    let id = format!("dp_{}", Ulid::generate().to_string().to_lowercase());
    if let Err(error) = write(folder, &path, &id) {
        tracing::warn!(%error, id, "the id of this data plane cannot be kept");
    }
    Arc::from(id)
}

fn write(folder: &Path, path: &Path, id: &str) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{id}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stays_the_same_and_nonsense_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let id = load(folder.path());
        assert!(id.starts_with("dp_"));
        assert_eq!(load(folder.path()), id);
        std::fs::write(folder.path().join(FILE), "\u{0}<script>").unwrap();
        assert_ne!(load(folder.path()), id);
    }
}
