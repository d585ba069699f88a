use serde::Serialize;

use super::{Json, write_string};

/// Writes an object member by member, without a tree.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// Writes an array element by element.
#[derive(Debug)]
pub struct ListWriter<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens an object; it is whole after [`close`](Self::close).
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes a key; one value has to be appended to what is returned.
    pub fn key(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        write_string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// A text.
    pub fn text(&mut self, name: &str, text: &str) {
        write_string(self.key(name), text);
    }

    /// A JSON text, as it is.
    pub fn json(&mut self, name: &str, json: &Json) {
        self.key(name).extend_from_slice(json.text().as_bytes());
    }

    /// Whatever serialises; `null` where it does not.
    pub fn value(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        write_value(self.key(name), value);
    }

    /// The same, where it is there.
    pub fn option(&mut self, name: &str, value: Option<&(impl Serialize + ?Sized)>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// An object inside.
    pub fn object(&mut self, name: &str) -> ObjectWriter<'_> {
        ObjectWriter::open(self.key(name))
    }

    /// An array inside.
    pub fn list(&mut self, name: &str) -> ListWriter<'_> {
        ListWriter::open(self.key(name))
    }

    /// Closes it.
    pub fn close(self) {
        self.out.push(b'}');
    }

    /// Closes it after a last member, a text.
    pub fn close_with(mut self, name: &str, text: &str) {
        self.text(name, text);
        self.close();
    }
}

impl<'a> ListWriter<'a> {
    /// Opens an array; it is whole after [`close`](Self::close).
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, empty: true }
    }

    /// Begins an element; one value has to be appended to what is returned.
    pub fn item(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out
    }

    /// An object as an element.
    pub fn object(&mut self) -> ObjectWriter<'_> {
        ObjectWriter::open(self.item())
    }

    /// Whether it has no elements so far.
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// Closes it.
    pub fn close(self) {
        self.out.push(b']');
    }
}

/// Appends whatever serialises; `null` where it does not.
pub fn write_value(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_lists_are_written_in_order() {
        let mut out = Vec::new();
        let mut object = ObjectWriter::open(&mut out);
        object.text("a", "x\"");
        object.option("absent", None::<&u8>);
        object.option("b", Some(&1.5));
        object.json("c", &Json::parse("{ }").unwrap());
        let mut list = object.list("d");
        assert!(list.is_empty());
        list.item().push(b'1');
        list.object().close();
        assert!(!list.is_empty());
        list.close();
        let mut inner = object.object("e");
        inner.value("f", &[true]);
        inner.close();
        object.close();
        let expected = r#"{"a":"x\"","b":1.5,"c":{ },"d":[1,{}],"e":{"f":[true]}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_does_not_serialise_is_null() {
        let mut out = b"[".to_vec();
        let keys = std::collections::HashMap::from([(vec![1], 1)]);
        write_value(&mut out, &keys);
        assert_eq!(out, b"[null");
    }
}
