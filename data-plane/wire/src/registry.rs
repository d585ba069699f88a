//! Every codec, a line each: what the cross product of formats and the table of fidelity go over.

use crate::format::{Codec, Format};
use crate::{anthropic, chat, cohere, completions, converse, gemini, ollama, responses};

/// A format in one of its dialects.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// As documentation calls it.
    pub name: &'static str,
    /// What reads and writes it.
    pub codec: &'static dyn Codec,
}

/// Every dialect; the usual one of a format comes before its others.
pub static DIALECTS: &[Dialect] = &[
    dialect("OpenAI", &chat::OPENAI),
    dialect("compatible", &chat::COMPATIBLE),
    dialect("Mistral", &chat::MISTRAL),
    dialect("DeepSeek", &chat::DEEPSEEK),
    dialect("Groq", &chat::GROQ),
    dialect("xAI", &chat::XAI),
    dialect("OpenRouter", &chat::OPENROUTER),
    dialect("Perplexity", &chat::PERPLEXITY),
    dialect("Together", &chat::TOGETHER),
    dialect("Fireworks", &chat::FIREWORKS),
    dialect("Scaleway", &chat::SCALEWAY),
    dialect("Gemini by OpenAI's format", &chat::GOOGLE),
    dialect("Ollama by OpenAI's format", &chat::OLLAMA),
    dialect("Completions", &completions::COMPLETIONS),
    dialect("Responses", &responses::OPENAI),
    dialect("Open Responses", &responses::OPEN),
    dialect("Anthropic", &anthropic::MESSAGES),
    dialect("Anthropic 2026-10-21", &anthropic::MESSAGES_2026_10_21),
    dialect("Gemini", &gemini::AI_STUDIO),
    dialect("Vertex", &gemini::VERTEX),
    dialect("Converse", &converse::CONVERSE),
    dialect("Converse (Claude)", &converse::CLAUDE),
    dialect("Cohere", &cohere::COHERE),
    dialect("Ollama", &ollama::OLLAMA),
];

const fn dialect(name: &'static str, codec: &'static dyn Codec) -> Dialect {
    Dialect { name, codec }
}

/// The usual dialect of a format.
pub fn usual(format: Format) -> Option<&'static Dialect> {
    DIALECTS.iter().find(|dialect| dialect.codec.format() == format)
}
