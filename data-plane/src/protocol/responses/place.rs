use actix_web::http::Method;

use crate::error::{Code, GatewayError};

/// What a request is about, by its method and the end of its path: where it begins is for the route to
/// say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A new answer.
    Create,
    /// An answer by its id.
    Stored {
        /// Its id.
        id: String,
        /// What of it.
        what: What,
    },
}

/// What of a kept answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Read,
    Delete,
    Cancel,
    InputItems,
}

impl What {
    /// How a provider is asked for it.
    pub(super) fn method(self) -> reqwest::Method {
        match self {
            Self::Read | Self::InputItems => reqwest::Method::GET,
            Self::Delete => reqwest::Method::DELETE,
            Self::Cancel => reqwest::Method::POST,
        }
    }

    /// What follows the id in the path.
    pub(super) fn below(self) -> &'static str {
        match self {
            Self::Read | Self::Delete => "",
            Self::Cancel => "/cancel",
            Self::InputItems => "/input_items",
        }
    }
}

impl Place {
    pub(super) fn of(method: &Method, path: &str) -> Result<Self, GatewayError> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty()).rev();
        let last = segments.next().unwrap_or_default();
        let before = segments.next().unwrap_or_default();
        let stored = |id: &str, what| Ok(Self::Stored { id: id.to_owned(), what });
        let is_id = last.starts_with("resp_");
        match (method, last) {
            (&Method::POST, "cancel") => stored(before, What::Cancel),
            (&Method::GET, "input_items") => stored(before, What::InputItems),
            (&Method::POST, "input_tokens" | "compact") => {
                let text = format!("the endpoint {last:?} is not served here");
                Err(GatewayError::new(Code::Unsupported, text))
            }
            (&Method::POST, _) if !is_id => Ok(Self::Create),
            (&Method::GET, "" | "responses") => Err(wrong("POST")),
            (&Method::GET, id) => stored(id, What::Read),
            (&Method::DELETE, id) if !id.is_empty() => stored(id, What::Delete),
            _ => Err(wrong(if is_id { "GET and DELETE" } else { "POST" })),
        }
    }
}

fn wrong(methods: &str) -> GatewayError {
    GatewayError::new(Code::MethodNotAllowed, format!("this endpoint takes {methods}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_by_method_and_the_end_of_the_path() {
        let at = |method: &str, path: &str| {
            Place::of(&method.parse().unwrap(), path).map_err(|error| error.code)
        };
        let stored = |what| Ok(Place::Stored { id: "resp_1".into(), what });
        assert_eq!(at("POST", "/v1/responses"), Ok(Place::Create));
        assert_eq!(at("POST", "/anything"), Ok(Place::Create));
        assert_eq!(at("GET", "/v1/responses/resp_1"), stored(What::Read));
        assert_eq!(at("DELETE", "/v1/responses/resp_1/"), stored(What::Delete));
        assert_eq!(at("POST", "/v1/responses/resp_1/cancel"), stored(What::Cancel));
        assert_eq!(at("GET", "/responses/resp_1/input_items"), stored(What::InputItems));
        for (method, path) in
            [("GET", "/v1/responses"), ("POST", "/v1/responses/resp_1"), ("PUT", "/v1/responses")]
        {
            assert_eq!(at(method, path), Err(Code::MethodNotAllowed), "{method} {path}");
        }
        assert_eq!(at("POST", "/v1/responses/compact"), Err(Code::Unsupported));
    }
}
