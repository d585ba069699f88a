//! The body of a request, as far as conditions look at it.

use std::borrow::Cow;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use sanmon_wire::json::Object;

use super::found::Found;
use crate::expression::Path;

/// A body, scanned once for all routes that ask.
pub(crate) struct Body<'a> {
    /// Where it is a JSON object, whatever the caller calls it.
    object: Option<Object<'a>>,
    /// Where it is a form.
    form: Option<&'a [u8]>,
}

impl<'a> Body<'a> {
    /// Looks where its members are.
    pub(crate) fn of(bytes: &'a [u8], headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_form = kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        Self { object: Object::scan(bytes).ok(), form: is_form.then_some(bytes) }
    }

    /// What is at a place of a JSON object.
    pub(super) fn member(&self, path: &Path) -> Found<'_> {
        let value = self.object.as_ref().and_then(|object| path.find(object));
        value.map_or(Found::Nothing, Found::of)
    }

    /// The values of a field of a form.
    pub(super) fn field<'b>(&'b self, name: &'b str) -> impl Iterator<Item = Cow<'b, str>> {
        let fields = url::form_urlencoded::parse(self.form.unwrap_or_default());
        fields.filter(move |(key, _)| **key == *name).map(|(_, value)| value)
    }
}
