use crate::format::Format;

/// What a format carries. Strategies make nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carries {
    /// Whose signatures, files and native members are made.
    pub(crate) format: Format,
    pub(crate) developer: bool,
    pub(crate) names: bool,
    pub(crate) images: bool,
    pub(crate) image_detail: bool,
    pub(crate) image_urls: bool,
    pub(crate) audio: bool,
    pub(crate) documents: bool,
    pub(crate) document_urls: bool,
    pub(crate) document_files: bool,
    pub(crate) document_text: bool,
    pub(crate) document_context: bool,
    pub(crate) document_names: bool,
    /// `cited` of documents.
    pub(crate) cited: bool,
    /// Cache breakpoints on parts, results and tools.
    pub(crate) cache: bool,
    /// `ttl` of cache breakpoints.
    pub(crate) cache_ttl: bool,
    pub(crate) tools: bool,
    pub(crate) strict: bool,
    pub(crate) custom_tools: bool,
    pub(crate) allowed_tools: bool,
    pub(crate) parallel_tool_calls: bool,
    /// Names in tool results.
    pub(crate) result_names: bool,
    pub(crate) result_errors: bool,
    pub(crate) result_images: bool,
    pub(crate) reasoning: bool,
    /// Signatures of reasoning.
    pub(crate) signatures: bool,
    /// Signatures of calls.
    pub(crate) call_signatures: bool,
    /// Reasoning that is nothing but a signature.
    pub(crate) redacted: bool,
    pub(crate) refusals: bool,
    pub(crate) citations: bool,
    /// Several texts, in any order with reasoning and calls; otherwise reasoning, one text, one
    /// refusal and calls, in this order.
    pub(crate) any_order: bool,
    pub(crate) top_k: bool,
    pub(crate) penalties: bool,
    pub(crate) seed: bool,
    /// `n`, and answers of several choices.
    pub(crate) n: bool,
    pub(crate) logit_bias: bool,
    pub(crate) logprobs: bool,
    pub(crate) stop: bool,
    pub(crate) json_object: bool,
    pub(crate) json_schema: bool,
    /// `name`, `description` and `strict` of a schema.
    pub(crate) schema_details: bool,
    pub(crate) effort: bool,
    pub(crate) budget: bool,
    pub(crate) verbosity: bool,
    pub(crate) user: bool,
    pub(crate) safety_identifier: bool,
    pub(crate) metadata: bool,
    pub(crate) service_tier: bool,
    pub(crate) store: bool,
    pub(crate) prompt_cache_key: bool,
    pub(crate) prediction: bool,
    pub(crate) created: bool,
    pub(crate) fingerprint: bool,
}

impl Carries {
    /// Everything.
    pub(crate) const fn all(format: Format) -> Self {
        Self {
            format,
            developer: true,
            names: true,
            images: true,
            image_detail: true,
            image_urls: true,
            audio: true,
            documents: true,
            document_urls: true,
            document_files: true,
            document_text: true,
            document_context: true,
            document_names: true,
            cited: true,
            cache: true,
            cache_ttl: true,
            tools: true,
            strict: true,
            custom_tools: true,
            allowed_tools: true,
            parallel_tool_calls: true,
            result_names: true,
            result_errors: true,
            result_images: true,
            reasoning: true,
            signatures: true,
            call_signatures: true,
            redacted: true,
            refusals: true,
            citations: true,
            any_order: true,
            top_k: true,
            penalties: true,
            seed: true,
            n: true,
            logit_bias: true,
            logprobs: true,
            stop: true,
            json_object: true,
            json_schema: true,
            schema_details: true,
            effort: true,
            budget: true,
            verbosity: true,
            user: true,
            safety_identifier: true,
            metadata: true,
            service_tier: true,
            store: true,
            prompt_cache_key: true,
            prediction: true,
            created: true,
            fingerprint: true,
        }
    }
}
