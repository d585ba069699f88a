//! What an upstream says, whatever its dialect: a small vocabulary that every dialect can write, so
//! that one test runs against all of them.

use serde_json::{Value, json};

/// An answer to be given.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// What is said, in order.
    pub says: Vec<Say>,
    /// Why it ends.
    pub end: End,
    /// What is counted.
    pub usage: Usage,
    /// What goes wrong.
    pub fault: Option<Fault>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Say {
    /// Text.
    Text(String),
    /// What the model thinks, with a signature where the dialect has one.
    Reasoning(String),
    /// A tool is called.
    Call {
        /// The call's id, where the dialect has one.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments: an object.
        arguments: Value,
    },
}

/// Why an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is complete; for tools, where any are called.
    Complete,
    /// At the bound of output tokens.
    Length,
    /// The vendor's filter cut it.
    Filter,
}

/// What is counted: sums, as OpenAI has them. A dialect that counts otherwise writes the numbers that
/// come to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// Those of them that came from the cache.
    pub cached: u64,
    /// All output tokens.
    pub output: u64,
    /// Those of them spent on reasoning.
    pub reasoning: u64,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is an error with this status.
    Status(u16),
    /// An error comes in the middle of the stream; a whole answer is the error with a status of
    /// success.
    Late,
    /// The body ends before the answer does, as if that were all.
    Cut,
    /// The connection closes in the middle.
    Closed,
}

impl Script {
    /// This text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(vec![Say::Text(text.into())])
    }

    /// All of this.
    pub fn of(says: Vec<Say>) -> Self {
        let thinks = says.iter().any(|say| matches!(say, Say::Reasoning(_)));
        let reasoning = if thinks { 3 } else { 0 };
        let usage = Usage { input: 11, cached: 4, output: 7, reasoning };
        Self { says, end: End::Complete, usage, fault: None }
    }

    /// The same, ended for this reason.
    #[must_use]
    pub fn ended(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// The same, gone wrong.
    #[must_use]
    pub fn failing(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The tools that are called: id, name, arguments.
    pub fn calls(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.says.iter().filter_map(|say| match say {
            Say::Call { id, name, arguments } => Some((id.as_str(), name.as_str(), arguments)),
            _ => None,
        })
    }

    /// All text together.
    pub fn all_text(&self) -> String {
        let text = |say: &Say| if let Say::Text(text) = say { text.clone() } else { String::new() };
        self.says.iter().map(text).collect()
    }

    /// All reasoning together.
    pub fn all_reasoning(&self) -> String {
        let text =
            |say: &Say| if let Say::Reasoning(text) = say { text.clone() } else { String::new() };
        self.says.iter().map(text).collect()
    }

    /// Whether tools are called.
    pub fn is_calling(&self) -> bool {
        self.calls().next().is_some()
    }
}

/// A call.
pub fn call(id: &str, name: &str, arguments: Value) -> Say {
    Say::Call { id: id.to_owned(), name: name.to_owned(), arguments }
}

/// The weather's call that most tests make.
pub fn weather(id: &str, city: &str) -> Say {
    call(id, "weather", json!({"city": city}))
}

/// Text in the pieces in which a stream says it: words.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// Arguments in the pieces in which a stream says them: two, cut inside.
pub fn halves(arguments: &Value) -> [String; 2] {
    let mut text = arguments.to_string();
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle += 1;
    }
    let rest = text.split_off(middle);
    [text, rest]
}
