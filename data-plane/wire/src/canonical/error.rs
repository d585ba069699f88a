use serde::Serialize;

/// An error that a provider reported, in whatever shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderError {
    /// What kind of error.
    pub kind: ErrorKind,
    /// The HTTP status that it stands for: the answer's own, or the one that an error inside a
    /// success or a stream means.
    pub status: u16,
    /// What the provider says; may be empty.
    pub message: String,
    /// The provider's own code or type (`context_length_exceeded`, `RESOURCE_EXHAUSTED`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The member of the request that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// Milliseconds after which trying again may help, where the body says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// The kinds of errors that formats tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is wrong.
    InvalidRequest,
    /// The conversation is longer than the model's context.
    ContextLength,
    /// A filter refuses the request.
    ContentFilter,
    /// The credential is wrong.
    Authentication,
    /// There is no money left: trying again does not help.
    Billing,
    /// The credential is right and may not do this.
    Permission,
    /// There is no such model or object.
    NotFound,
    /// The request is too large.
    TooLarge,
    /// Too many requests or tokens.
    RateLimit,
    /// The provider has too much to do.
    Overloaded,
    /// The provider did not answer itself in time.
    Timeout,
    /// Any other failure of the provider.
    Server,
}

impl ErrorKind {
    /// What a status alone says.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            500.. => Self::Server,
            _ => Self::InvalidRequest,
        }
    }

    /// The status that stands for it where there is no other: as OpenAI has it.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::ContextLength | Self::ContentFilter => 400,
            Self::Authentication => 401,
            Self::Billing => 402,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::RateLimit => 429,
            Self::Server => 500,
            Self::Overloaded => 503,
            Self::Timeout => 504,
        }
    }
}

impl ProviderError {
    /// An error of this kind, with the status that stands for it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: kind.status(),
            message: message.into(),
            code: None,
            param: None,
            retry_after: None,
        }
    }
}

/// The status of an answer that is an error: its own, or the server's where that is one of success.
pub(crate) const fn failed(status: u16) -> u16 {
    if status < 400 { 500 } else { status }
}
