use std::borrow::Cow;

use super::{Object, write_string};

/// Changes to the members of an object, made in one pass over its text. What is not changed is
/// copied byte for byte, white space included; what is inserted comes last.
#[derive(Clone, Debug, Default)]
pub struct Edits<'a> {
    changes: Vec<(usize, Change<'a>)>,
    inserts: Vec<(Cow<'a, str>, Cow<'a, [u8]>)>,
}

#[derive(Clone, Debug)]
enum Change<'a> {
    Replace(Cow<'a, [u8]>),
    Rename(Cow<'a, str>),
    Remove,
}

impl<'a> Edits<'a> {
    /// Whether the text stays as it is.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.inserts.is_empty()
    }

    /// Gives the member at this place another value, which is JSON.
    pub fn replace(&mut self, index: usize, json: impl Into<Cow<'a, [u8]>>) {
        self.change(index, Change::Replace(json.into()));
    }

    /// Gives the member at this place another name.
    pub fn rename(&mut self, index: usize, name: impl Into<Cow<'a, str>>) {
        self.change(index, Change::Rename(name.into()));
    }

    /// Takes the member at this place out.
    pub fn remove(&mut self, index: usize) {
        self.change(index, Change::Remove);
    }

    /// Adds a member; its value is JSON. A later one of the same name wins.
    pub fn insert(&mut self, name: impl Into<Cow<'a, str>>, json: impl Into<Cow<'a, [u8]>>) {
        let name = name.into();
        self.inserts.retain(|(known, _)| *known != name);
        self.inserts.push((name, json.into()));
    }

    /// Whether a member of this name is to be added.
    pub fn inserts(&self, name: &str) -> bool {
        self.inserts.iter().any(|(known, _)| known == name)
    }

    /// A later change wins over an earlier one of the same sort; a value over a removal, and a
    /// removal over a value.
    fn change(&mut self, index: usize, change: Change<'a>) {
        let renames = |known: &Change<'_>| matches!(known, Change::Rename(_));
        self.changes.retain(|(at, known)| *at != index || renames(known) != renames(&change));
        self.changes.push((index, change));
    }

    /// The changed text.
    pub fn apply(&self, object: &Object<'_>) -> Vec<u8> {
        let added: usize = self.inserts.iter().map(|(n, v)| n.len() * 2 + v.len() + 8).sum();
        let changed: usize = self
            .changes
            .iter()
            .map(|(_, change)| match change {
                Change::Replace(json) => json.len(),
                Change::Rename(name) => name.len() * 2 + 2,
                Change::Remove => 0,
            })
            .sum();
        let text = object.text();
        let mut out = Out { text, out: Vec::with_capacity(text.len() + added + changed), from: 0 };
        let mut kept = false;
        let mut end = 0;
        for (index, member) in object.members().iter().enumerate() {
            let (mut replaced, mut renamed, mut removed) = (None, None, false);
            for (_, change) in self.changes.iter().filter(|(at, _)| *at == index) {
                match change {
                    Change::Replace(json) => replaced = Some(json),
                    Change::Rename(name) => renamed = Some(name),
                    Change::Remove => removed = true,
                }
            }
            let (key, value) = (member.key(), member.value());
            if removed {
                if end == 0 {
                    // What stands before the first member stays there.
                    out.copy_to(key.start);
                } else {
                    out.copy_to(end);
                }
                out.skip_to(value.end);
            } else {
                if !kept && end != 0 {
                    // All before it are gone, and with them the comma.
                    out.skip_to(key.start);
                }
                kept = true;
                if let Some(name) = renamed {
                    out.copy_to(key.start);
                    write_string(&mut out.out, name);
                    out.skip_to(key.end);
                }
                if let Some(json) = replaced {
                    out.copy_to(value.start);
                    out.out.extend_from_slice(json);
                    out.skip_to(value.end);
                }
            }
            end = value.end;
        }
        if end == 0 {
            end = memchr::memchr(b'{', text).map_or(0, |at| at + 1);
        }
        out.copy_to(end);
        for (name, json) in &self.inserts {
            if kept {
                out.out.push(b',');
            }
            kept = true;
            write_string(&mut out.out, name);
            out.out.push(b':');
            out.out.extend_from_slice(json);
        }
        out.copy_to(text.len());
        out.out
    }
}

struct Out<'t> {
    text: &'t [u8],
    out: Vec<u8>,
    /// How far the text is dealt with.
    from: usize,
}

impl Out<'_> {
    fn copy_to(&mut self, to: usize) {
        self.out.extend_from_slice(self.text.get(self.from..to).unwrap_or_default());
        self.from = self.from.max(to);
    }

    fn skip_to(&mut self, to: usize) {
        self.from = self.from.max(to);
    }
}
