/// The versions of the format, as the header `anthropic-version` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `2023-06-01`: what nearly everybody speaks.
    #[default]
    V2023_06_01,
    /// `2026-10-21`: without sampling parameters, without documents in answers, and without citations
    /// in what users say.
    V2026_10_21,
}

impl Version {
    /// As the header has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2023_06_01 => "2023-06-01",
            Self::V2026_10_21 => "2026-10-21",
        }
    }

    /// What the header says; a version that is not known is taken for the newest one that is.
    pub fn of(header: &str) -> Self {
        // Dates compare as texts do.
        if header.trim() < Self::V2026_10_21.as_str() {
            Self::V2023_06_01
        } else {
            Self::V2026_10_21
        }
    }
}
