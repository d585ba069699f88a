//! Lists of models, in the shapes that vendors give. A shape is data.

use crate::json::{Elements, Object, Value};

/// How a vendor lists its models.
#[derive(Debug, PartialEq, Eq)]
pub struct ListShape {
    /// The members that hold the list; the first that is there counts. An array alone is a list in
    /// every shape.
    pub list: &'static [&'static str],
    /// The members of a model by which requests name it; the first that is there counts.
    pub id: &'static [&'static str],
    /// Where the list goes on.
    pub next: Next,
}

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Nowhere: it is all there.
    Nowhere,
    /// Behind the token in `member`, which is sent as `parameter`.
    Token {
        /// Of the list.
        member: &'static str,
        /// Of the query.
        parameter: &'static str,
    },
    /// Behind the model in `last_id`, which is sent as `after_id`, while `has_more` (Anthropic).
    After,
    /// On the page after `result_info.page`, sent as `page`, until there are `total_pages`
    /// (Cloudflare).
    Numbered,
}

/// What nearly everybody gives.
pub static OPENAI: ListShape =
    ListShape { list: &["data", "models"], id: &["id", "name"], next: Next::Nowhere };

/// Anthropic.
pub static ANTHROPIC: ListShape = ListShape { list: &["data"], id: &["id"], next: Next::After };

/// Gemini, whose names begin with `models/`.
pub static GEMINI: ListShape = ListShape {
    list: &["models"],
    id: &["name"],
    next: Next::Token { member: "nextPageToken", parameter: "pageToken" },
};

/// Vertex, whose names begin with `publishers/google/models/`.
pub static VERTEX: ListShape = ListShape {
    list: &["publisherModels"],
    id: &["name"],
    next: Next::Token { member: "nextPageToken", parameter: "pageToken" },
};

/// Bedrock's models.
pub static BEDROCK_MODELS: ListShape =
    ListShape { list: &["modelSummaries"], id: &["modelId"], next: Next::Nowhere };

/// Bedrock's inference profiles, which are called like models.
pub static BEDROCK_PROFILES: ListShape = ListShape {
    list: &["inferenceProfileSummaries"],
    id: &["inferenceProfileId"],
    next: Next::Token { member: "nextToken", parameter: "nextToken" },
};

/// Cohere.
pub static COHERE: ListShape = ListShape {
    list: &["models"],
    id: &["name"],
    next: Next::Token { member: "next_page_token", parameter: "page_token" },
};

/// Ollama's own.
pub static OLLAMA: ListShape =
    ListShape { list: &["models"], id: &["model", "name"], next: Next::Nowhere };

/// Cloudflare, whose ids are no names.
pub static CLOUDFLARE: ListShape =
    ListShape { list: &["result"], id: &["name"], next: Next::Numbered };

/// A model of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// By what requests name it.
    pub id: Box<str>,
    /// When it was made, in seconds since 1970, where the list says so.
    pub created: Option<u64>,
    /// What people call it, where the list says so.
    pub label: Option<Box<str>>,
}

impl ListedModel {
    /// One of which no more is known.
    pub fn named(id: &str) -> Self {
        Self { id: id.into(), created: None, label: None }
    }
}

/// A piece of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its models.
    pub models: Vec<ListedModel>,
    /// A parameter of the query and its value, by which the next piece is asked for.
    pub next: Option<(&'static str, String)>,
}

impl ListShape {
    /// Reads a piece of a list; `None` when it is none.
    pub fn read(&self, body: &[u8]) -> Option<Page> {
        let body = body.trim_ascii();
        if body.first() == Some(&b'[') {
            return Some(Page { models: self.models(Elements::of(body)), next: None });
        }
        let page = Object::scan(body).ok()?;
        let list = self.list.iter().find_map(|name| page.first(name))?;
        Some(Page { models: self.models(Elements::of(list.raw)), next: self.next.of(&page) })
    }

    fn models<'a>(&self, list: impl Iterator<Item = Value<'a>>) -> Vec<ListedModel> {
        list.filter_map(|model| self.model(&model)).collect()
    }

    fn model(&self, model: &Value<'_>) -> Option<ListedModel> {
        let model = model.object()?;
        let text = |name: &str| model.first(name)?.text().filter(|text| !text.is_empty());
        let id = self.id.iter().find_map(|name| text(name))?;
        let created = model.first("created").and_then(|created| created.number());
        let label = text("display_name").or_else(|| text("displayName"));
        Some(ListedModel { id: bare(&id).into(), created, label: label.map(|text| (*text).into()) })
    }
}

/// A name without the collection that it stands in (Google).
fn bare(name: &str) -> &str {
    match name.rsplit_once("models/") {
        Some(("", bare)) => bare,
        Some((collection, bare)) if collection.starts_with("publishers/") => bare,
        _ => name,
    }
}

impl Next {
    fn of(&self, page: &Object<'_>) -> Option<(&'static str, String)> {
        let text = |name: &str| {
            let text = page.first(name)?.text()?;
            (!text.is_empty()).then(|| text.into_owned())
        };
        match self {
            Self::Nowhere => None,
            Self::Token { member, parameter } => Some((parameter, text(member)?)),
            Self::After => {
                let more = page.first("has_more")?.bool()?;
                more.then(|| text("last_id")).flatten().map(|last| ("after_id", last))
            }
            Self::Numbered => {
                let info = page.first("result_info")?.object()?;
                let number = |name: &str| info.first(name)?.number();
                let at = number("page")?;
                let pages = number("total_pages").or_else(|| {
                    Some(number("total_count")?.div_ceil(number("per_page")?.max(1)))
                })?;
                (at < pages).then(|| ("page", (at + 1).to_string()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of a page, and the parameter that asks for the next one.
    type Read = (Vec<String>, Option<(&'static str, String)>);

    fn read(shape: &ListShape, text: &str) -> Option<Read> {
        let page = shape.read(text.as_bytes())?;
        Some((page.models.into_iter().map(|model| model.id.into()).collect(), page.next))
    }

    #[test]
    fn lists_are_read_in_the_shapes_that_vendors_give() {
        for (shape, text, expected) in [
            (
                &OPENAI,
                r#"{"object":"list","data":[{"id":"a","created":1},{"id":"b"},{"x":1}]}"#,
                "a b",
            ),
            (&OPENAI, r#" [{"id":"a"}] "#, "a"),
            (&OPENAI, r#"{"models":[{"name":"a"}]}"#, "a"),
            (&OPENAI, r#"{"data":[{"id":"x/models/y"}]}"#, "x/models/y"),
            (
                &ANTHROPIC,
                r#"{"data":[{"type":"model","id":"claude-x"}],"has_more":false}"#,
                "claude-x",
            ),
            (&GEMINI, r#"{"models":[{"name":"models/gemini-x"}]}"#, "gemini-x"),
            (
                &VERTEX,
                r#"{"publisherModels":[{"name":"publishers/google/models/gemini-x"}]}"#,
                "gemini-x",
            ),
            (&BEDROCK_MODELS, r#"{"modelSummaries":[{"modelId":"a.b-v1:0"}]}"#, "a.b-v1:0"),
            (
                &BEDROCK_PROFILES,
                r#"{"inferenceProfileSummaries":[{"inferenceProfileId":"eu.a.b-v1:0"}]}"#,
                "eu.a.b-v1:0",
            ),
            (&COHERE, r#"{"models":[{"name":"command-x"}]}"#, "command-x"),
            (&OLLAMA, r#"{"models":[{"name":"l:latest","model":"l:latest"}]}"#, "l:latest"),
            (&CLOUDFLARE, r#"{"result":[{"id":"0-1","name":"@cf/meta/l"}]}"#, "@cf/meta/l"),
        ] {
            let (ids, next) = read(shape, text).unwrap();
            assert_eq!(ids.join(" "), expected, "{text}");
            assert_eq!(next, None, "{text}");
        }
        assert_eq!(read(&OPENAI, "<html>"), None);
        assert_eq!(read(&OPENAI, "{}"), None);
    }

    #[test]
    fn a_list_goes_on_as_its_vendor_says() {
        for (shape, text, expected) in [
            (&ANTHROPIC, r#"{"data":[],"has_more":true,"last_id":"m"}"#, ("after_id", "m")),
            (&GEMINI, r#"{"models":[],"nextPageToken":"t/1"}"#, ("pageToken", "t/1")),
            (&COHERE, r#"{"models":[],"next_page_token":"t"}"#, ("page_token", "t")),
            (
                &CLOUDFLARE,
                r#"{"result":[],"result_info":{"page":1,"per_page":50,"total_count":51}}"#,
                ("page", "2"),
            ),
        ] {
            let (_, next) = read(shape, text).unwrap();
            assert_eq!(next, Some((expected.0, expected.1.to_owned())), "{text}");
        }
        let last = r#"{"result":[],"result_info":{"page":2,"per_page":50,"total_count":51}}"#;
        assert_eq!(read(&CLOUDFLARE, last).unwrap().1, None);
        assert_eq!(read(&GEMINI, r#"{"models":[],"nextPageToken":""}"#).unwrap().1, None);
    }

    #[test]
    fn what_a_list_says_of_a_model_is_kept() {
        let text = r#"{"data":[{"id":"a","created":1,"display_name":"A"}]}"#;
        let page = OPENAI.read(text.as_bytes()).unwrap();
        assert_eq!(page.models[0].created, Some(1));
        assert_eq!(page.models[0].label.as_deref(), Some("A"));
    }
}
