//! Shows the first admin's key, once, to whoever started Sanmon: never in the log stream that
//! programs read.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use sanmon_control_plane::configuration::FirstAdmin;

use crate::settings::LogFormat;

/// The file of the data folder that holds the key where nobody looks at the output.
const FILE: &str = "first-admin-key";

/// Shows the key on the terminal; without one, on stderr where the log is for people, and
/// otherwise in a file that only its owner can read. A key that was given is not repeated.
pub fn show(first: &FirstAdmin, format: LogFormat, folder: &Path) -> io::Result<()> {
    if !first.generated {
        tracing::info!(admin = first.id, "the first admin has the key of SANMON_ADMIN_KEY");
        return Ok(());
    }
    if io::stderr().is_terminal() || format == LogFormat::Human && !io::stdout().is_terminal() {
        return write(&mut io::stderr(), first);
    }
    if io::stdout().is_terminal() {
        return write(&mut io::stdout(), first);
    }
    let path = folder.join(FILE);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    writeln!(file, "{}", first.key)?;
    file.sync_all()?;
    tracing::warn!(
        admin = first.id,
        path = %path.display(),
        "the first admin's key is in this file; take it and remove the file"
    );
    Ok(())
}

fn write(out: &mut dyn Write, first: &FirstAdmin) -> io::Result<()> {
    writeln!(
        out,
        "\n  The first admin's key. It is shown this once:\n\n      {}\n\n  \
         admin id: {}\n",
        first.key, first.id
    )?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_shows_the_key_and_a_given_one_is_not_repeated() {
        let first = FirstAdmin { id: "admin".to_owned(), key: "k-1".to_owned(), generated: true };
        let mut out = Vec::new();
        write(&mut out, &first).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("k-1"));
        let given = FirstAdmin { generated: false, ..first };
        let folder = tempfile::tempdir().unwrap();
        show(&given, LogFormat::Json, folder.path()).unwrap();
        assert!(!folder.path().join(FILE).exists());
    }
}
