//! References to secrets that are kept elsewhere: what a text says, and where it is looked up.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::secret::RevealError;

/// How a reference to a variable of the environment begins.
const VARIABLE: &str = "$env://";
/// How a reference to what a manager keeps begins.
const MANAGED: &str = "$secret://";
/// How a variable within a text begins.
const WITHIN: &str = "${vault://";

/// Sorts of managers: as the first word of a reference one of them says that an id follows.
pub const SORTS: &[&str] = &["vault", "aws", "gcp"];

/// The longest reference to a managed secret, in bytes.
const LONGEST: usize = 1_024;

/// The most segments of the path of a managed secret.
const SEGMENTS: usize = 16;

/// Where the secrets are that documents only refer to.
pub trait Elsewhere {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// What a manager keeps; `Err` says why it cannot be had.
    fn managed(&self, secret: &Managed) -> Result<String, String>;
}

/// Where nothing is kept.
pub struct Nowhere;

impl Elsewhere for Nowhere {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn managed(&self, _: &Managed) -> Result<String, String> {
        Err("no manager is asked here".to_owned())
    }
}

/// Where there are variables only.
pub struct Variables<F>(pub F);

impl<F: Fn(&str) -> Option<String>> Elsewhere for Variables<F> {
    fn variable(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    fn managed(&self, secret: &Managed) -> Result<String, String> {
        Nowhere.managed(secret)
    }
}

/// What a secret manager keeps: `$secret://<id of the manager>/<path>`. The manager `vault.1` is also
/// called `vault/1`, as APISIX does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Managed {
    manager: Arc<str>,
    path: Arc<str>,
}

impl Managed {
    /// The one that `text` refers to, where it does.
    pub fn named_by(text: &str) -> Option<Self> {
        match Reference::read(text) {
            Ok(Some(Reference { what: What::Managed(managed), .. })) => Some(managed),
            _ => None,
        }
    }

    /// Whether one of the texts in `text` may refer to such a secret.
    pub fn may_be_in(text: &str) -> bool {
        text.contains(MANAGED)
    }

    fn read(text: &str) -> Result<Self, RevealError> {
        let (first, rest) = text.split_once('/').ok_or(RevealError::Reference)?;
        let (manager, path) = if SORTS.contains(&first) {
            let (id, path) = rest.split_once('/').ok_or(RevealError::Reference)?;
            if id.is_empty() {
                return Err(RevealError::Reference);
            }
            (format!("{first}.{id}"), path)
        } else {
            (first.to_owned(), rest)
        };
        let plain = |segment: &str| {
            !matches!(segment, "" | "." | "..") && !segment.contains(char::is_control)
        };
        let segments = path.split('/');
        let few = segments.clone().count() <= SEGMENTS && text.len() <= LONGEST;
        if manager.is_empty() || !few || !segments.clone().all(plain) {
            return Err(RevealError::Reference);
        }
        Ok(Self { manager: manager.into(), path: path.into() })
    }

    /// The id of its manager: `vault.1` of `$secret://vault/1/openai/key`.
    pub fn manager(&self) -> &str {
        &self.manager
    }

    /// What its manager is asked for: `openai/key` of `$secret://vault/1/openai/key`.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// The reference in its usual form.
impl fmt::Display for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = self.manager.split_once('.').filter(|(sort, _)| SORTS.contains(sort));
        match sorted {
            Some((sort, id)) => write!(f, "{MANAGED}{sort}/{id}/{}", self.path),
            None => write!(f, "{MANAGED}{}/{}", self.manager, self.path),
        }
    }
}

/// A text that refers to a secret.
pub(crate) struct Reference<'t> {
    /// Stands before what is found: the name of a scheme, as in `Bearer $env://NAME`.
    before: &'t str,
    what: What<'t>,
}

enum What<'t> {
    /// A variable, or a member of the JSON object that it holds.
    Variable(&'t str, Option<&'t str>),
    Managed(Managed),
    /// Text and variables in turn, of which a variable comes second.
    Mixed(Vec<(&'t str, &'t str)>, &'t str),
}

/// Whether `text` names a secret kept elsewhere, and so is none itself: `$env://NAME`,
/// `$secret://vault/1/openai/key`, `Bearer $env://NAME`, `${vault://env/NAME}`. Shown and stored as
/// written.
pub fn is_reference(text: &str) -> bool {
    let (_, rest) = scheme(text);
    rest.starts_with(VARIABLE) || rest.starts_with(MANAGED) || text.contains(WITHIN)
}

/// Says what is wrong with a text that [`is_reference`].
pub fn check_reference(text: &str) -> Result<(), RevealError> {
    Reference::read(text).map(drop)
}

/// Splits `Bearer $…` behind the blank.
fn scheme(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest))
            if rest.starts_with('$')
                && !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') =>
        {
            text.split_at_checked(word.len() + 1).unwrap_or(("", text))
        }
        _ => ("", text),
    }
}

impl<'t> Reference<'t> {
    /// What `text` refers to; none where it is no reference.
    pub(crate) fn read(text: &'t str) -> Result<Option<Self>, RevealError> {
        let (before, rest) = scheme(text);
        let what = if let Some(variable) = rest.strip_prefix(VARIABLE) {
            let (name, key) = match variable.split_once('/') {
                Some((name, key)) => (name, Some(key)),
                None => (variable, None),
            };
            if name.is_empty() || key.is_some_and(str::is_empty) {
                return Err(RevealError::Reference);
            }
            What::Variable(name, key)
        } else if let Some(managed) = rest.strip_prefix(MANAGED) {
            What::Managed(Managed::read(managed)?)
        } else if text.contains(WITHIN) {
            return Self::mixed(text).map(Some);
        } else {
            return Ok(None);
        };
        Ok(Some(Self { before, what }))
    }

    fn mixed(text: &'t str) -> Result<Self, RevealError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, reference)) = rest.split_once(WITHIN) {
            let (path, after) = reference.split_once('}').ok_or(RevealError::Reference)?;
            let (vault, name) = path.split_once('/').ok_or(RevealError::Reference)?;
            if vault != "env" {
                return Err(RevealError::Vault(vault.to_owned()));
            }
            parts.push((before, name));
            rest = after;
        }
        Ok(Self { before: "", what: What::Mixed(parts, rest) })
    }

    /// What the text means where `elsewhere` is asked.
    pub(crate) fn resolve(&self, elsewhere: &dyn Elsewhere) -> Result<String, RevealError> {
        let variable = |name: &str| {
            let found = elsewhere.variable(name);
            let found = found.or_else(|| elsewhere.variable(&name.to_uppercase()));
            found.ok_or_else(|| RevealError::Unset(name.to_owned()))
        };
        let found = match &self.what {
            What::Variable(name, None) => variable(name)?,
            What::Variable(name, Some(key)) => member(&variable(name)?, key).ok_or_else(|| {
                RevealError::Member { name: (*name).to_owned(), key: (*key).to_owned() }
            })?,
            What::Managed(managed) => elsewhere.managed(managed).map_err(|reason| {
                RevealError::Managed { reference: managed.to_string(), reason }
            })?,
            What::Mixed(parts, rest) => {
                let mut text = String::new();
                for (before, name) in parts {
                    text.push_str(before);
                    text.push_str(&variable(name)?);
                }
                text.push_str(rest);
                text
            }
        };
        Ok(format!("{}{found}", self.before))
    }
}

/// A member of the JSON object in `text`: a text itself, anything else as JSON.
pub fn member(text: &str, key: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text).ok()?.get_mut(key)?.take() {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everything;

    impl Elsewhere for Everything {
        fn variable(&self, name: &str) -> Option<String> {
            match name {
                "KEY" => Some("sk-1".to_owned()),
                "JSON" => Some(r#"{"key": "sk-2", "port": 5, "none": null}"#.to_owned()),
                _ => None,
            }
        }

        fn managed(&self, secret: &Managed) -> Result<String, String> {
            Ok(format!("<{} of {}>", secret.path(), secret.manager()))
        }
    }

    fn resolved(text: &str) -> Result<String, RevealError> {
        Reference::read(text)?.unwrap().resolve(&Everything)
    }

    #[test]
    fn references_are_looked_up() {
        for (text, found) in [
            ("$env://KEY", "sk-1"),
            ("$env://key", "sk-1"),
            ("Bearer $env://KEY", "Bearer sk-1"),
            ("$env://JSON/key", "sk-2"),
            ("$env://JSON/port", "5"),
            ("$secret://vault/1/openai/key", "<openai/key of vault.1>"),
            ("Bearer $secret://aws/a.b/prod/openai/key", "Bearer <prod/openai/key of aws.a.b>"),
            ("$secret://main/openai/key", "<openai/key of main>"),
            ("$secret://vault.1/openai/key", "<openai/key of vault.1>"),
            ("Key ${vault://env/KEY}!", "Key sk-1!"),
        ] {
            assert!(is_reference(text), "{text}");
            assert_eq!(resolved(text).as_deref(), Ok(found), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_left_alone() {
        for text in
            ["sk-1", "Bearer sk-1", "a b $env://KEY", "x$secret://vault/1/a/b", "$ENV://KEY"]
        {
            assert!(!is_reference(text), "{text}");
            assert!(Reference::read(text).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_looked_up_is_told() {
        for (text, why) in [
            ("$env://", RevealError::Reference),
            ("$env://A/", RevealError::Reference),
            ("$env://NO", RevealError::Unset("NO".to_owned())),
            ("$secret://", RevealError::Reference),
            ("$secret://main", RevealError::Reference),
            ("$secret:///a/b", RevealError::Reference),
            ("$secret://vault/1", RevealError::Reference),
            ("$secret://vault//a/b", RevealError::Reference),
            ("$secret://vault/1/a//b", RevealError::Reference),
            ("$secret://vault/1/../b", RevealError::Reference),
        ] {
            assert_eq!(resolved(text).unwrap_err(), why, "{text}");
        }
        for key in ["no", "none"] {
            let (name, key) = ("JSON".to_owned(), key.to_owned());
            let text = format!("$env://JSON/{key}");
            assert_eq!(resolved(&text).unwrap_err(), RevealError::Member { name, key });
        }
    }

    #[test]
    fn a_managed_secret_is_shown_in_its_usual_form() {
        for (text, shown) in [
            ("Bearer $secret://vault/a.b/openai/key", "$secret://vault/a.b/openai/key"),
            ("$secret://vault.1/openai/key", "$secret://vault/1/openai/key"),
            ("$secret://main.1/openai/key", "$secret://main.1/openai/key"),
        ] {
            assert_eq!(Managed::named_by(text).unwrap().to_string(), shown);
        }
        assert_eq!(Managed::named_by("$env://KEY"), None);
    }
}
