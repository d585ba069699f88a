use std::path::Path;

use super::SettingsError;
use super::overlay::Overlay;

/// Reads the settings file. A mistake names its line and column; the line itself is not shown,
/// because it may hold a password.
pub(super) fn read(path: &Path) -> Result<Overlay, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsError::ReadFile { path: path.to_owned(), source })?;
    parse(&text).map_err(|(line, column, message)| SettingsError::File {
        path: path.to_owned(),
        line,
        column,
        message,
    })
}

fn parse(text: &str) -> Result<Overlay, (usize, usize, String)> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column, error.message().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_refused_with_its_line() {
        let (line, column, message) =
            parse("listen = \"0.0.0.0:80\"\nlisten-adr = 1\n").unwrap_err();
        assert_eq!((line, column), (2, 1), "{message}");
        assert!(message.contains("unknown field `listen-adr`"), "{message}");
        let (line, _, message) = parse("# a comment\n\nmax-body = \"32MB\"\n").unwrap_err();
        assert_eq!(line, 3, "{message}");
        assert!(message.contains("32MiB"), "{message}");
        let (line, _, _) = parse("listen = \"0.0.0.0:80\"\nlisten = \"0.0.0.0:81\"\n").unwrap_err();
        assert_eq!(line, 2);
        let (line, _, _) = parse("a = \n").unwrap_err();
        assert_eq!(line, 1);
    }

    #[test]
    fn a_password_on_a_wrong_line_is_not_repeated() {
        let (_, _, message) = parse("redis = [\"redis://:canary@db:6379\"]\n").unwrap_err();
        assert!(!message.contains("canary"), "{message}");
    }

    #[test]
    fn every_setting_can_stand_in_the_file_under_the_name_of_its_flag() {
        let mut command = <Overlay as clap::Args>::augment_args(clap::Command::new("x"));
        command.build();
        for arg in command.get_arguments().filter(|arg| arg.get_id() != "help") {
            let flag = arg.get_long().unwrap();
            let message = parse(&format!("{flag} = {{}}")).unwrap_err().2;
            assert!(!message.contains("unknown field"), "{flag}: {message}");
        }
    }
}
