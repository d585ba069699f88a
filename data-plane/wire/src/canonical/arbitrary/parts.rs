use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

pub(super) fn cache(carries: Carries) -> impl Strategy<Value = Option<CacheControl>> {
    let ttl = maybe(carries.cache_ttl, prop_oneof![Just("5m".to_owned()), Just("1h".to_owned())]);
    let cache = ttl.prop_map(|ttl| CacheControl { ttl });
    proptest::option::weighted(0.2, cache).prop_map(move |cache| cache.filter(|_| carries.cache))
}

pub(super) fn signature(carried: bool, format: Format) -> impl Strategy<Value = Option<Signature>> {
    maybe(carried, base64().prop_map(move |data| Signature { format, data }))
}

/// A text as a person, an operator or a tool says it.
pub(crate) fn text(carries: Carries) -> impl Strategy<Value = Part> {
    (words(), cache(carries))
        .prop_map(|(text, cache)| Part::Text(Text { text, cache, ..Text::default() }))
}

/// A picture.
pub(crate) fn image(carries: Carries) -> impl Strategy<Value = Part> {
    let data = base64().prop_map(|data| Source::Data { media_type: "image/png".into(), data });
    let url = Just(Source::Url("https://example.com/a.png".into()));
    let source = if carries.image_urls { prop_oneof![data, url].boxed() } else { data.boxed() };
    let detail =
        maybe(carries.image_detail, prop_oneof![Just("low".to_owned()), Just("high".to_owned())]);
    (source, detail, cache(carries))
        .prop_map(|(source, detail, cache)| Part::Image(Image { source, detail, cache }))
}

/// A file.
pub(crate) fn document(carries: Carries) -> impl Strategy<Value = Part> {
    let data =
        base64().prop_map(|data| Source::Data { media_type: "application/pdf".into(), data });
    let mut sources = vec![data.boxed()];
    if carries.document_urls {
        sources.push(Just(Source::Url("https://example.com/a.pdf".into())).boxed());
    }
    if carries.document_files {
        let format = carries.format;
        sources.push(name().prop_map(move |id| Source::File { format, id }).boxed());
    }
    if carries.document_text {
        sources.push(words().prop_map(Source::Text).boxed());
    }
    (
        proptest::strategy::Union::new(sources),
        maybe(carries.document_names, name()),
        maybe(carries.document_context, words()),
        flag(carries.cited),
        cache(carries),
    )
        .prop_map(|(source, name, context, cited, cache)| {
            Part::Document(Document { source, name, context, cited, cache })
        })
}

/// What a person says.
pub(crate) fn user_part(carries: Carries) -> impl Strategy<Value = Part> {
    let mut parts = vec![text(carries).boxed(), text(carries).boxed()];
    if carries.images {
        parts.push(image(carries).boxed());
    }
    if carries.documents {
        parts.push(document(carries).boxed());
    }
    if carries.audio {
        let sound = |data| Audio { data, format: "wav".into(), ..Audio::default() };
        parts.push(base64().prop_map(move |data| Part::Audio(sound(data))).boxed());
    }
    proptest::strategy::Union::new(parts)
}

/// What the model thought; empty only where it is signed.
pub(crate) fn reasoning(carries: Carries) -> impl Strategy<Value = Reasoning> {
    let shown = (words(), signature(carries.signatures, carries.format))
        .prop_map(|(text, signature)| Reasoning { text, signature, ..Reasoning::default() });
    let format = carries.format;
    let hidden = base64().prop_map(move |data| Reasoning {
        signature: Some(Signature { format, data }),
        redacted: true,
        ..Reasoning::default()
    });
    if carries.redacted { prop_oneof![3 => shown, 1 => hidden].boxed() } else { shown.boxed() }
}

/// A call, its id to be numbered by [`number_calls`].
pub(crate) fn tool_call(carries: Carries) -> impl Strategy<Value = ToolCall> {
    let arguments = (object(), words(), flag(carries.custom_tools));
    (name(), arguments, signature(carries.call_signatures, carries.format)).prop_map(
        |(name, (object, text, custom), signature)| ToolCall {
            id: String::new(),
            name,
            arguments: if custom { text } else { object.text().to_owned() },
            custom,
            signature,
            cache: None,
        },
    )
}

/// Gives every call an id of its own, of nine letters and digits.
pub(crate) fn number_calls(from: usize, parts: &mut [Part]) {
    for (index, part) in parts.iter_mut().enumerate() {
        if let Part::ToolCall(call) = part {
            call.id = format!("call{:05}", from + index);
        }
    }
}

fn citation() -> impl Strategy<Value = Citation> {
    ("[a-z]{1,8}", words(), 0_u64..5).prop_map(|(page, title, start)| Citation {
        url: Some(format!("https://example.com/{page}")),
        title: Some(title),
        span: Some((start, start + 2)),
        ..Citation::default()
    })
}

/// What the model says. Never empty.
pub(crate) fn assistant(carries: Carries) -> impl Strategy<Value = Vec<Part>> {
    let citations = vec(citation(), if carries.citations { 0..2 } else { 0..1 });
    let text = (words(), citations).prop_map(move |(text, mut citations)| {
        citations.truncate(if carries.citations { 2 } else { 0 });
        Part::Text(Text { text, citations, ..Text::default() })
    });
    let text = text.boxed();
    let reasoning = maybe(carries.reasoning, reasoning(carries).prop_map(Part::Reasoning));
    let refusal = words().prop_map(|text| Part::Refusal(Refusal { text }));
    let refusal = proptest::option::weighted(0.1, refusal)
        .prop_map(move |refusal| refusal.filter(|_| carries.refusals));
    let calls = vec(tool_call(carries).prop_map(Part::ToolCall), 0..3)
        .prop_map(move |calls| if carries.tools { calls } else { Vec::new() });
    let ordered = (reasoning, option::of(text.clone()), refusal, calls, text.clone()).prop_map(
        |(reasoning, text, refusal, calls, other)| {
            let mut parts: Vec<Part> = reasoning.into_iter().chain(text).chain(refusal).collect();
            if parts.is_empty() && calls.is_empty() {
                parts.push(other);
            }
            parts.extend(calls);
            parts
        },
    );
    if !carries.any_order {
        return ordered.boxed();
    }
    (ordered, option::of(text))
        .prop_flat_map(|(mut parts, more)| {
            parts.extend(more);
            Just(parts).prop_shuffle()
        })
        .boxed()
}

pub(super) fn tool_result(carries: Carries) -> impl Strategy<Value = ToolResult> {
    let text = text(Carries { cache: false, ..carries });
    let image = image(Carries { cache: false, image_detail: false, ..carries });
    let part = if carries.result_images {
        prop_oneof![3 => text, 1 => image].boxed()
    } else {
        text.boxed()
    };
    (vec(part, 1..3), flag(carries.result_errors), cache(carries)).prop_map(
        |(content, is_error, cache)| ToolResult {
            call_id: String::new(),
            name: None,
            content,
            is_error,
            custom: false,
            cache,
        },
    )
}
