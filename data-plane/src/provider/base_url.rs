//! The base of a provider's API, checked when it is built.

use url::Url;

use super::Kind;

/// The base URL of a provider, without a slash at its end. `given` wins over `own`, which is empty
/// where there is none.
pub(super) fn base_url(kind: &Kind, own: &str, given: Option<&str>) -> Result<Url, String> {
    let text = given.map(str::trim).filter(|text| !text.is_empty());
    if text.is_none() && own.is_empty() {
        return Err(format!("a provider of the kind {:?} needs a base_url", kind.name));
    }
    let mut url =
        Url::parse(text.unwrap_or(own)).map_err(|error| format!("it is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its scheme is {:?}; there are http and https", url.scheme()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or password; credentials go into token or headers".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or fragment".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let above = kind.above_base.iter().find_map(|above| path.strip_suffix(above));
    let path = above.map_or(path.clone(), str::to_owned);
    let vendor = Url::parse(own).ok();
    let path = match &vendor {
        // `https://api.openai.com` stands for `https://api.openai.com/v1`.
        Some(vendor) if path.is_empty() && vendor.host_str() == url.host_str() => {
            vendor.path().trim_end_matches('/').to_owned()
        }
        _ if !path.ends_with(kind.below_base) => path + kind.below_base,
        _ => path,
    };
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::kinds;

    fn base(kind: &str, given: Option<&str>) -> Result<String, String> {
        let kind = kinds::find(kind).unwrap();
        let base = base_url(kind, kind.base_url, given)?;
        Ok(format!("{}/models", base.as_str().trim_end_matches('/')))
    }

    #[test]
    fn bases_are_completed_as_documents_of_otoroshi_mean_them() {
        for (kind, given, expected) in [
            ("openai", None, "https://api.openai.com/v1/models"),
            ("openai", Some("https://api.openai.com"), "https://api.openai.com/v1/models"),
            ("openai", Some("https://api.openai.com/v1/"), "https://api.openai.com/v1/models"),
            ("openai", Some("http://127.0.0.1:1/v1//"), "http://127.0.0.1:1/v1/models"),
            ("openai", Some("http://127.0.0.1:1"), "http://127.0.0.1:1/models"),
            ("openai-compatible", Some(" http://h/a/b "), "http://h/a/b/models"),
            ("mistral", Some("https://api.mistral.ai"), "https://api.mistral.ai/v1/models"),
            ("mistral", Some("http://h"), "http://h/v1/models"),
            ("mistral", Some("http://h/v1"), "http://h/v1/models"),
            ("groq", Some("https://api.groq.com"), "https://api.groq.com/openai/v1/models"),
            ("x-ai", Some("https://api.x.ai/v1"), "https://api.x.ai/v1/models"),
            ("anthropic", Some("https://h/v1"), "https://h/models"),
            ("gemini", Some("https://h/v1beta/openai"), "https://h/v1beta/models"),
            ("ollama", Some("http://h:1/api"), "http://h:1/models"),
        ] {
            assert_eq!(base(kind, given).as_deref(), Ok(expected), "{kind} {given:?}");
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for given in [
            "ftp://h",
            "h/v1",
            "http://",
            "http://user@h",
            "http://u:p@h/v1",
            "http://h?a=b",
            "http://h#x",
            "file:///etc/passwd",
        ] {
            assert!(base("openai", Some(given)).is_err(), "{given}");
        }
        assert!(base("openai-compatible", None).unwrap_err().contains("needs a base_url"));
        assert!(base("openai-compatible", Some("  ")).is_err());
    }

    #[test]
    fn every_row_has_a_base_that_parses() {
        for kind in kinds::all().filter(|kind| !kind.base_url.is_empty()) {
            let url = base_url(kind, kind.base_url, None).unwrap();
            assert_eq!(url.as_str().trim_end_matches('/'), kind.base_url, "{}", kind.name);
        }
    }
}
