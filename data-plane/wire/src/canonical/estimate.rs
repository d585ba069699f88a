//! A guess of how many tokens a request is, where nobody counts them.

use super::{Document, Part, Request, Source, Tool, ToolResult};

/// About what a picture of common size costs; vendors scale larger ones down to that.
const PICTURE: u64 = 1_600;

/// About what a message costs beside what it says.
const MESSAGE: u64 = 4;

impl Request {
    /// A guess of its input tokens: four letters of ASCII are one token, and so is each other character;
    /// a picture counts as one of common size, and a file by its length.
    pub fn estimated_tokens(&self) -> u64 {
        let messages = self
            .messages
            .iter()
            .map(|message| message.content.iter().map(of_part).fold(MESSAGE, u64::saturating_add));
        let tools = self.tools.iter().map(|tool| match tool {
            Tool::Function(tool) => of_text(&tool.name)
                .saturating_add(tool.description.as_deref().map_or(0, of_text))
                .saturating_add(tool.parameters.as_ref().map_or(0, |json| of_text(json.text()))),
            Tool::Custom(tool) => of_text(&tool.name)
                .saturating_add(tool.description.as_deref().map_or(0, of_text))
                .saturating_add(tool.format.as_ref().map_or(0, |json| of_text(json.text()))),
            Tool::Native(tool) => of_text(tool.json.text()),
        });
        messages.chain(tools).fold(0, u64::saturating_add).max(1)
    }
}

fn of_text(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let others = text.chars().filter(|c| !c.is_ascii()).count() as u64;
    ascii.div_ceil(4).saturating_add(others)
}

fn of_part(part: &Part) -> u64 {
    match part {
        Part::Text(text) => of_text(&text.text),
        Part::Image(_) => PICTURE,
        // A second of sound is about 16 kB of WAV, and ten tokens.
        Part::Audio(audio) => audio.data.len() as u64 / 2_000,
        Part::Document(document) => of_document(document),
        Part::ToolCall(call) => of_text(&call.name).saturating_add(of_text(&call.arguments)),
        Part::ToolResult(ToolResult { content, .. }) => {
            content.iter().map(of_part).fold(MESSAGE, u64::saturating_add)
        }
        Part::Reasoning(reasoning) => of_text(&reasoning.shown()),
        Part::Refusal(refusal) => of_text(&refusal.text),
        Part::Native(native) => of_text(native.json.text()),
    }
}

fn of_document(document: &Document) -> u64 {
    match &document.source {
        Source::Text(text) => of_text(text),
        // A page of PDF is about 50 kB, and two thousand tokens.
        Source::Data { data, .. } => (data.len() as u64 / 33).max(PICTURE),
        Source::Url(_) | Source::File { .. } => PICTURE,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Image, Message, Role, Text};
    use super::*;

    #[test]
    fn pictures_do_not_count_by_their_bytes() {
        let request = |parts: Vec<Part>| Request {
            messages: vec![Message::new(Role::User, parts)],
            ..Request::default()
        };
        let text = |text: &str| Part::Text(Text::new(text));
        assert_eq!(Request::default().estimated_tokens(), 1);
        assert_eq!(request(vec![text("hello, world")]).estimated_tokens(), 7);
        assert_eq!(request(vec![text("山門")]).estimated_tokens(), 6);
        let data = Source::Data { media_type: "image/png".into(), data: "A".repeat(1_000_000) };
        let image = Part::Image(Image { source: data, detail: None, cache: None });
        assert_eq!(request(vec![image]).estimated_tokens(), 1_604);
    }
}
