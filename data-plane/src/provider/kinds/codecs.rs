//! The codecs of the table's rows.

use sanmon_wire::format::Codec;

type AnyCodec = Option<&'static dyn Codec>;

pub(super) const COMPLETIONS: AnyCodec = None;
pub(super) const COHERE: AnyCodec = None;
pub(super) const OLLAMA: AnyCodec = None;
