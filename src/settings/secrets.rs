use std::fs;
use std::path::Path;

use super::SettingsError;
use super::values::Hidden;

/// Secrets: from the environment, or from the file that `<NAME>_FILE` names. Never from a flag,
/// which every user of the machine can see, and never from the settings file, which is shared.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// `SANMON_ADMIN_KEY`: the first admin's key where the store is empty.
    pub admin_key: Option<Hidden>,
    /// `SANMON_DATA_PLANE_TOKEN`: what data planes show to the control plane.
    pub data_plane_token: Option<Hidden>,
    /// `SANMON_SEAL_KEY`: what seals secrets in the store, instead of a key kept beside them.
    pub seal_key: Option<Hidden>,
}

/// The shortest secret that is taken.
const SHORTEST: usize = 32;

impl Secrets {
    /// Reads them by `environment`, which looks a variable up.
    pub fn read(environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let secrets = Self {
            admin_key: secret("SANMON_ADMIN_KEY", environment)?,
            data_plane_token: secret("SANMON_DATA_PLANE_TOKEN", environment)?,
            seal_key: secret("SANMON_SEAL_KEY", environment)?,
        };
        for (name, value) in [
            ("SANMON_ADMIN_KEY", &secrets.admin_key),
            ("SANMON_DATA_PLANE_TOKEN", &secrets.data_plane_token),
        ] {
            if value.as_ref().is_some_and(|value| value.expose().chars().count() < SHORTEST) {
                return Err(SettingsError::Secret(
                    name,
                    format!("shorter than {SHORTEST} characters"),
                ));
            }
        }
        Ok(secrets)
    }
}

fn secret(
    name: &'static str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Hidden>, SettingsError> {
    let set = |name: &str| environment(name).filter(|text| !text.is_empty());
    let text = match (set(name), set(&format!("{name}_FILE"))) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(SettingsError::Secret(name, format!("set beside {name}_FILE; set one")));
        }
        (Some(text), None) => text,
        (None, Some(path)) => fs::read_to_string(Path::new(&path))
            .map_err(|error| SettingsError::Secret(name, format!("cannot read {path}: {error}")))?,
    };
    let text = text.trim();
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let why = "empty, or of several lines or words".to_owned();
        return Err(SettingsError::Secret(name, why));
    }
    Ok(Some(Hidden::new(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Secrets, SettingsError> {
        Secrets::read(&|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_secret_comes_from_the_environment_or_from_a_file() {
        let key = "k".repeat(32);
        let direct = read(&[("SANMON_ADMIN_KEY", &key)]).unwrap();
        assert_eq!(direct.admin_key.unwrap().expose(), key);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, format!("{key}\n")).unwrap();
        let path = path.to_str().unwrap();
        let filed = read(&[("SANMON_ADMIN_KEY_FILE", path)]).unwrap();
        assert_eq!(filed.admin_key.unwrap().expose(), key);
        let both = read(&[("SANMON_ADMIN_KEY", &key), ("SANMON_ADMIN_KEY_FILE", path)]);
        assert!(both.is_err());
    }

    #[test]
    fn a_short_or_broken_secret_is_refused_without_being_told() {
        let error = read(&[("SANMON_ADMIN_KEY", "canary")]).unwrap_err().to_string();
        assert!(!error.contains("canary") && error.contains("32"), "{error}");
        assert!(read(&[("SANMON_SEAL_KEY", "two words")]).is_err());
        assert!(read(&[("SANMON_SEAL_KEY_FILE", "/nonexistent")]).is_err());
        let unset = read(&[("SANMON_ADMIN_KEY", "")]).unwrap();
        assert!(unset.admin_key.is_none());
    }
}
