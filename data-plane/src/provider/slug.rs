//! The names by which callers call providers.

use std::collections::BTreeMap;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The slug of an entity: of `metadata.endpoint_name`, else `metadata.provider_name`, else `name`.
///
/// `My OpenAI` is `my_openai`, `OpenAI (EU)` is `openai_eu_`, as Otoroshi has them.
pub fn slug(metadata: &BTreeMap<String, String>, name: &str) -> String {
    slug_of(display_name(metadata, name))
}

/// What people call an entity: the text that its slug is made of.
pub fn display_name<'a>(metadata: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    ["endpoint_name", "provider_name"]
        .iter()
        .filter_map(|key| metadata.get(*key))
        .map(|text| text.trim())
        .find(|text| !text.is_empty())
        .unwrap_or(name)
}

fn slug_of(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for letter in DecomposingNormalizerBorrowed::new_nfd().normalize_iter(name.trim().chars()) {
        match letter {
            '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' => {}
            ' ' | '-' | '.' | '_' | '~' | '!' | '$' | '\'' | '(' | ')' | '*' | ',' | ';' | '&'
            | '=' | '@' | ':' | '/' => {
                if !slug.ends_with('_') {
                    slug.push('_');
                }
            }
            letter => slug.extend(letter.to_lowercase()),
        }
    }
    slug
}

/// Whether a caller's word names the provider with this slug: `-` and `_` are the same, and so are
/// `A` and `a`.
pub fn names(word: &str, slug: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    !slug.is_empty()
        && word.len() == slug.len()
        && word.bytes().zip(slug.bytes()).all(|(a, b)| plain(a) == plain(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_those_of_the_reference() {
        let of = |name: &str| slug(&BTreeMap::new(), name);
        assert_eq!(of("My OpenAI"), "my_openai");
        assert_eq!(of("OpenAI (EU)"), "openai_eu_");
        assert_eq!(of("Mistral/FR"), "mistral_fr");
        assert_eq!(of("Générative--IA"), "generative_ia");
        assert_eq!(of("日本"), "日本");
    }

    #[test]
    fn metadata_come_before_the_name() {
        let of = |pairs: &[(&str, &str)]| {
            let metadata = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            slug(&metadata, "name")
        };
        assert_eq!(of(&[("provider_name", "p"), ("endpoint_name", "e")]), "e");
        assert_eq!(of(&[("provider_name", "p"), ("endpoint_name", " ")]), "p");
        assert_eq!(of(&[("other", "p")]), "name");
    }

    #[test]
    fn dashes_and_underscores_are_the_same() {
        assert!(names("my-openai", "my_openai"));
        assert!(names("My_OpenAI", "my_openai"));
        assert!(!names("my-openai-2", "my_openai"));
        assert!(!names("", ""));
    }
}
