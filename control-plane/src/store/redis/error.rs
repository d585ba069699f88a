//! What Redis's errors mean for whoever wanted something of it.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use sanmon_shared::store::StoreError;

/// Codes after which trying again does not help until somebody does something.
const REFUSALS: &[&str] = &["NOAUTH", "WRONGPASS", "NOPERM", "OOM", "MISCONF", "NOREPLICAS"];

/// Whether the server answered, so that what it was asked for is certainly not done.
pub(super) fn is_answer(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed
    )
}

pub(super) fn store_error(error: &RedisError) -> StoreError {
    let text = error.to_string();
    let refused = error.kind() == ErrorKind::AuthenticationFailed
        || error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        || error.code().is_some_and(|code| REFUSALS.contains(&code));
    if refused {
        StoreError::Refused(format!("Redis answers: {text}"))
    } else if matches!(error.kind(), ErrorKind::UnexpectedReturnType | ErrorKind::Parse) {
        StoreError::Damaged(format!("an answer of Redis is not understood: {text}"))
    } else {
        StoreError::Unavailable(format!("Redis: {text}"))
    }
}
