use crate::canonical::{CacheControl, Document, Image, Part, Text, ToolCall};
use crate::json::ObjectWriter;

/// Sets the breakpoint behind a part.
pub(in crate::chat::request) fn set_cache(part: &mut Part, cache: CacheControl) {
    if let Some(slot) = cache_of(part) {
        slot.get_or_insert(cache);
    }
}

/// Takes the breakpoint behind a part.
pub(in crate::chat::request) fn take_cache(part: &mut Part) -> Option<CacheControl> {
    cache_of(part)?.take()
}

fn cache_of(part: &mut Part) -> Option<&mut Option<CacheControl>> {
    match part {
        Part::Text(Text { cache, .. })
        | Part::Image(Image { cache, .. })
        | Part::Document(Document { cache, .. })
        | Part::ToolCall(ToolCall { cache, .. }) => Some(cache),
        _ => None,
    }
}

/// Writes `cache_control`.
pub(in crate::chat::request) fn write_control(object: &mut ObjectWriter<'_>, cache: &CacheControl) {
    let mut control = object.object("cache_control");
    control.text("type", "ephemeral");
    control.option("ttl", cache.ttl.as_deref());
    control.close();
}
