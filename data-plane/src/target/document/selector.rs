//! The expressions by which Otoroshi's documents say for which requests a target is.

use crate::expression::Path;

/// What an expression looks at; `Ok(None)` where it looks at nothing.
pub(super) fn path(expression: &str) -> Result<Option<Path>, &'static str> {
    let expression = expression.trim();
    if matches!(expression, "" | "*") {
        return Ok(None);
    }
    let inner = |name: &str| {
        let inner = expression.strip_prefix(name)?.strip_suffix(')')?;
        Some(inner.trim())
    };
    let path = if let Some(pointer) = inner("JsonPointer(") {
        Some(pointer).filter(|pointer| pointer.starts_with('/')).and_then(Path::parse)
    } else if let Some(path) = inner("JsonPath(") {
        Some(path).filter(|path| path.starts_with('$')).and_then(Path::parse)
    } else {
        Path::parse(expression)
    };
    path.map(Some).ok_or("it is not `JsonPointer(/a/b)`, `JsonPath($.a.b)` or `a.b`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings_and_none() {
        for same in ["a.b", "JsonPointer(/a/b)", "JsonPath($.a.b)", " JsonPath( $['a']['b'] ) "] {
            assert_eq!(path(same), Ok(Path::parse("a.b")), "{same}");
        }
        assert_eq!(path("*"), Ok(None));
        assert_eq!(path(" "), Ok(None));
        for wrong in ["JsonPath(a)", "JsonPointer(a)", "JsonPath($..a)", "$.[*]"] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
    }
}
