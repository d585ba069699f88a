/// What is logged and counted when an exchange ends, however it ends: the record goes out in `Drop`.
#[derive(Debug, Default)]
pub struct Account {
    /// The model as the caller named it.
    pub model: Option<String>,
}
