//! Where the program under test is.

use std::path::PathBuf;

/// The `sanmon` binary: `SANMON_BIN`, or the one in the folder of the test's own build.
///
/// Cargo does not build another package's binary for a test. `scripts/test` does, before the tests.
pub fn sanmon() -> PathBuf {
    if let Some(path) = std::env::var_os("SANMON_BIN") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().find(|folder| folder.join("deps").is_dir()).unwrap();
    let path = folder.join("sanmon");
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build` first (scripts/test does), or set SANMON_BIN",
        path.display()
    );
    path
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_owned()
}
