//! What a document's options say in the canonical request's words.

use sanmon_shared::Problem;
use sanmon_wire::canonical::Request;
use sanmon_wire::format::Format;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::Options;
use super::options::Member;

/// The options of a document that the canonical request has members for, and the others.
#[derive(Debug)]
pub struct Defaults {
    values: Vec<Default>,
    /// Whether they win over the request's.
    win: bool,
    rest: Box<[Member]>,
}

/// A value for a member of a request.
#[derive(Clone, Debug, PartialEq)]
enum Default {
    Temperature(f64),
    TopP(f64),
    TopK(u64),
    FrequencyPenalty(f64),
    PresencePenalty(f64),
    MaxTokens(u64),
    Stop(Vec<String>),
    Seed(i64),
    N(u64),
    User(String),
    ServiceTier(String),
}

impl Default {
    /// Of an option, by its canonical name or one that Otoroshi has; `None`: it is no member of the
    /// canonical request.
    fn read(name: &str, value: &Value) -> Option<Result<Self, &'static str>> {
        let number = || value.as_f64().ok_or("it is a number");
        let whole = || value.as_u64().ok_or("it is a whole number");
        let text = || value.as_str().map(str::to_owned).ok_or("it is a string");
        Some(match name {
            "temperature" => number().map(Self::Temperature),
            "top_p" | "topP" | "p" => number().map(Self::TopP),
            "top_k" | "topK" | "k" => whole().map(Self::TopK),
            "frequency_penalty" => number().map(Self::FrequencyPenalty),
            "presence_penalty" => number().map(Self::PresencePenalty),
            "max_tokens" | "max_completion_tokens" | "max_output_tokens" | "num_predict" => {
                whole().map(Self::MaxTokens)
            }
            "stop" | "stop_sequences" => match value {
                Value::String(stop) => Ok(Self::Stop(vec![stop.clone()])),
                list => Vec::deserialize(list)
                    .map(Self::Stop)
                    .map_err(|_| "it is a string or a list of strings"),
            },
            "seed" | "random_seed" => value.as_i64().map(Self::Seed).ok_or("it is a whole number"),
            "n" => whole().map(Self::N),
            "user" => text().map(Self::User),
            "service_tier" => text().map(Self::ServiceTier),
            _ => return None,
        })
    }

    fn apply(&self, request: &mut Request, win: bool) {
        fn fill<T: Clone>(member: &mut Option<T>, value: &T, win: bool) {
            if win || member.is_none() {
                *member = Some(value.clone());
            }
        }
        match self {
            Self::Temperature(value) => fill(&mut request.temperature, value, win),
            Self::TopP(value) => fill(&mut request.top_p, value, win),
            Self::TopK(value) => fill(&mut request.top_k, value, win),
            Self::FrequencyPenalty(value) => fill(&mut request.frequency_penalty, value, win),
            Self::PresencePenalty(value) => fill(&mut request.presence_penalty, value, win),
            Self::MaxTokens(value) => fill(&mut request.max_tokens, value, win),
            Self::Seed(value) => fill(&mut request.seed, value, win),
            Self::N(value) => fill(&mut request.n, value, win),
            Self::User(value) => fill(&mut request.user, value, win),
            Self::ServiceTier(value) => fill(&mut request.service_tier, value, win),
            Self::Stop(value) => {
                if win || request.stop.is_empty() {
                    request.stop.clone_from(value);
                }
            }
        }
    }
}

impl Defaults {
    /// Of no options.
    pub(super) fn none() -> Self {
        Self { values: Vec::new(), win: false, rest: Box::default() }
    }

    /// Of a document's `options`, which stand below `config`.
    pub(super) fn build(
        document: &Map<String, Value>,
        options: &Options,
        config: &str,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut values = Vec::new();
        for (name, value) in document.iter().filter(|(_, value)| !value.is_null()) {
            match Default::read(name, value) {
                Some(Ok(value)) => values.push(value),
                Some(Err(message)) => {
                    problems.push(Problem::at(format!("{config}/options/{name}"), message));
                }
                None => {}
            }
        }
        let known = |member: &&Member| Default::read(&member.name, &Value::Null).is_some();
        let rest = options.members.iter().filter(|member| !known(member)).cloned().collect();
        Self { values, win: options.win, rest }
    }

    /// Fills a request: what it lacks, or all of it where the document's options win.
    pub fn apply(&self, request: &mut Request) {
        for value in &self.values {
            value.apply(request, self.win);
        }
    }

    /// Whether an option is called so in a format. What is no member of the canonical request is the
    /// vendor's own, and called as the document says.
    pub(super) fn is_word_of(name: &str, format: Format) -> bool {
        if Default::read(name, &Value::Null).is_none() {
            return true;
        }
        let anywhere = ["temperature", "top_p"];
        let own: &[&str] = match format {
            Format::Chat => &[
                "frequency_penalty",
                "max_completion_tokens",
                "max_tokens",
                "n",
                "presence_penalty",
                "seed",
                "service_tier",
                "stop",
                "top_k",
                "user",
            ],
            Format::Completions => &[
                "frequency_penalty",
                "max_tokens",
                "n",
                "presence_penalty",
                "seed",
                "stop",
                "user",
            ],
            Format::Responses => &["max_output_tokens", "service_tier", "user"],
            Format::Anthropic => &["max_tokens", "service_tier", "stop_sequences", "top_k"],
            // Nobody calls in these.
            Format::Gemini | Format::Converse | Format::Cohere | Format::Ollama => &[],
        };
        anywhere.contains(&name) || own.contains(&name)
    }

    /// The options that the canonical request has no member for: they go into the encoded body.
    pub fn rest(&self) -> &[Member] {
        &self.rest
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn defaults(document: &Value) -> (Defaults, Vec<Problem>) {
        let document = document.as_object().unwrap();
        let mut problems = Vec::new();
        let options = Options::build(document);
        (Defaults::build(document, &options, "", &mut problems), problems)
    }

    #[test]
    fn options_fill_what_a_request_lacks() {
        let (defaults, problems) = defaults(&json!({
            "model": "m", "temperature": 0.5, "topP": 0.9, "max_tokens": 10, "stop": "x",
            "random_seed": 7, "user": null, "num_ctx": 4096
        }));
        assert_eq!(problems, []);
        let mut request = Request { temperature: Some(1.0), ..Request::default() };
        defaults.apply(&mut request);
        assert_eq!(request.temperature, Some(1.0));
        assert_eq!(request.top_p, Some(0.9));
        assert_eq!(request.max_tokens, Some(10));
        assert_eq!(request.stop, ["x"]);
        assert_eq!(request.seed, Some(7));
        assert_eq!(request.user, None);
        let rest: Vec<&str> = defaults.rest().iter().map(|member| &*member.name).collect();
        assert_eq!(rest, ["num_ctx"]);
    }

    #[test]
    fn options_win_where_callers_may_not_override_them() {
        let (defaults, _) = defaults(&json!({"temperature": 0.5, "stop": ["a", "b"],
            "allow_config_override": false}));
        let stop = vec!["c".to_owned()];
        let mut request = Request { temperature: Some(1.0), stop, ..Request::default() };
        defaults.apply(&mut request);
        assert_eq!(request.temperature, Some(0.5));
        assert_eq!(request.stop, ["a", "b"]);
    }

    #[test]
    fn options_are_words_of_formats() {
        for (name, format, fits) in [
            ("max_tokens", Format::Chat, true),
            ("max_tokens", Format::Responses, false),
            ("max_output_tokens", Format::Responses, true),
            ("stop", Format::Anthropic, false),
            ("temperature", Format::Completions, true),
            ("vendor_member", Format::Anthropic, true),
        ] {
            assert_eq!(Defaults::is_word_of(name, format), fits, "{name} {format:?}");
        }
    }

    #[test]
    fn an_option_of_the_wrong_type_is_told() {
        let (_, problems) = defaults(&json!({"temperature": "hot", "stop": 1}));
        let places: Vec<&str> = problems.iter().map(|problem| &*problem.pointer).collect();
        assert_eq!(places, ["/options/temperature", "/options/stop"]);
    }
}
