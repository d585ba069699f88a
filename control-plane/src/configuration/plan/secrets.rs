//! Secrets on their way into the store: sealed, hashed, or found again where a placeholder stands
//! for them. No text made here holds one.

use std::collections::HashSet;

use sanmon_shared::Problem;
use sanmon_shared::marks::{Mark, Marked};
use sanmon_shared::problem::join_pointer;
use sanmon_shared::reference::{Nowhere, check_reference, is_reference};
use sanmon_shared::seal::{Seal, SealError};
use sanmon_shared::secret::{HashedSecret, bearer, is_placeholder, placeholder};
use serde_json::Value;

use super::hashed::{HashedMember, members};
use super::{Planner, Trust};
use crate::configuration::kinds::KindInfo;

const LOST: &str = "this placeholder stands for no secret of the document as it is stored; \
                    write the secret itself";

/// A secret that the answer shows once. No `Debug`.
pub(super) struct Show {
    /// Where it stands.
    pub(super) pointer: String,
    pub(super) secret: String,
    /// Its bearer form, and where that stands.
    pub(super) bearer: Option<(&'static str, String)>,
}

/// A secret as it was stored until now.
struct Old {
    pointer: String,
    mark: Mark,
    stored: String,
}

/// Secrets of one document on their way.
struct Keeping<'a> {
    planner: &'a Planner<'a>,
    info: &'a KindInfo,
    id: &'a str,
    old: Vec<Old>,
    /// Whether the document wants its hashed secrets to be kept sealed beside their hashes.
    keep: bool,
    shows: Vec<Show>,
}

impl Planner<'_> {
    /// Brings the secrets of `document` into their stored form.
    pub(super) fn keep_secrets(
        &self,
        info: &KindInfo,
        id: &str,
        document: &mut Value,
        before: Option<&Value>,
    ) -> (Vec<Show>, Vec<Problem>) {
        let keep = document.get("keepSecret") == Some(&Value::Bool(true));
        let old = before.map_or_else(Vec::new, |before| self.old(info.plural, before));
        let mut keeping = Keeping { planner: self, info, id, old, keep, shows: Vec::new() };
        let mut problems = Vec::new();
        for member in members(info.plural) {
            if let Err(error) = keeping.complete(member, document) {
                problems.push(Problem::at(member.pointer(), error.to_string()));
            }
        }
        let marks = self.rules.marks(info.plural, document);
        let secret = |marked: &&Marked| matches!(marked.mark, Mark::Secret | Mark::Hashed);
        let secret = marks.iter().filter(secret).map(|marked| marked.pointer.as_str()).collect();
        misplaced(document, "", &secret, &mut problems);
        for marked in marks {
            let Some(text) = document.pointer(&marked.pointer).and_then(Value::as_str) else {
                continue;
            };
            let stored = match marked.mark {
                Mark::Secret => keeping.secret(&marked.pointer, text),
                Mark::Hashed => keeping.hashed(&marked.pointer, text),
                _ => continue,
            };
            match stored {
                Ok(stored) => {
                    if let Some(place) = document.pointer_mut(&marked.pointer) {
                        *place = Value::String(stored);
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        (keeping.shows, problems)
    }

    fn old(&self, plural: &str, before: &Value) -> Vec<Old> {
        let old = |marked: Marked| {
            let stored = before.pointer(&marked.pointer)?.as_str()?.to_owned();
            let secret = matches!(marked.mark, Mark::Secret | Mark::Hashed) && !stored.is_empty();
            secret.then_some(Old { pointer: marked.pointer, mark: marked.mark, stored })
        };
        self.rules.marks(plural, before).into_iter().filter_map(old).collect()
    }
}

impl Keeping<'_> {
    fn seal(&self) -> &Seal {
        self.planner.seal
    }

    /// Puts in a secret that the document has to have and leaves out: the stored one, else a new
    /// one.
    fn complete(&self, member: &HashedMember, document: &mut Value) -> Result<(), SealError> {
        let pointer = member.pointer();
        let absent = document.pointer(&pointer).is_none_or(Value::is_null);
        if !absent || !(member.wanted)(document) {
            return Ok(());
        }
        let old = self.old.iter().find(|old| old.pointer == pointer);
        let secret = match old {
            Some(old) => old.stored.clone(),
            None => member.generate()?,
        };
        if let Some(parent) = document.pointer_mut(member.parent).and_then(Value::as_object_mut) {
            if let Some(place) = parent.get_mut(member.name) {
                *place = Value::String(secret);
            } else {
                // Beside the id, and always there: the same document gives the same text.
                let index = usize::from(member.parent.is_empty() && !parent.is_empty());
                parent.shift_insert(index, member.name.to_owned(), Value::String(secret));
            }
        }
        Ok(())
    }

    /// The stored secret that the placeholder at `pointer` stands for.
    fn find(&self, mark: &Mark, pointer: &str, text: &str) -> Option<&str> {
        let mut of_mark = self.old.iter().filter(|old| old.mark == *mark);
        let found = if text.contains('-') {
            of_mark.find(|old| placeholder(&old.stored) == text)
        } else {
            of_mark.find(|old| old.pointer == pointer)
        };
        found.map(|old| old.stored.as_str())
    }

    /// The stored form of a secret that upstreams want to see.
    fn secret(&self, pointer: &str, text: &str) -> Result<String, Problem> {
        let wrong = |why: String| Problem::at(pointer, why);
        if text.is_empty() {
            return Ok(String::new());
        }
        if is_placeholder(text) {
            let found = self.find(&Mark::Secret, pointer, text);
            return found.map(str::to_owned).ok_or_else(|| wrong(LOST.to_owned()));
        }
        if Seal::is_sealed(text) {
            let opens = self.seal().open(text);
            return opens.map(|_| text.to_owned()).map_err(|error| wrong(error.to_string()));
        }
        if is_reference(text) {
            let known = check_reference(text).map_err(|error| wrong(error.to_string()));
            return known.map(|()| text.to_owned());
        }
        // The same secret again stays the same bytes, so that writing it again changes nothing.
        let same = |old: &&Old| {
            old.mark == Mark::Secret
                && self.seal().open(&old.stored).is_ok_and(|secret| secret == text)
        };
        let here = self.old.iter().filter(|old| old.pointer == pointer).find(same);
        match here.or_else(|| self.old.iter().find(same)) {
            Some(old) => Ok(old.stored.clone()),
            None => self.seal().seal(text).map_err(|error| wrong(error.to_string())),
        }
    }

    /// The stored form of a secret that callers must know.
    fn hashed(&mut self, pointer: &str, text: &str) -> Result<String, Problem> {
        let wrong = |why: &str| Problem::at(pointer, why);
        if is_placeholder(text) {
            let found = self.find(&Mark::Hashed, pointer, text).map(str::to_owned);
            return self.again(pointer, &found.ok_or_else(|| wrong(LOST))?);
        }
        if HashedSecret::is_hashed(text) {
            let ours = self.old.iter().any(|old| old.stored == text);
            if !ours && self.planner.trust == Trust::Client {
                return Err(wrong("the hash of a secret is taken from an import only"));
            }
            return self.again(pointer, text);
        }
        if is_reference(text) || Seal::is_sealed(text) {
            return Err(wrong("callers show this secret: it has to be written itself"));
        }
        let member = members(self.info.plural).iter().find(|member| member.pointer() == pointer);
        let shortest = member.map_or(0, |member| member.shortest);
        if text.chars().count() < shortest {
            return Err(wrong(&format!("the secret needs at least {shortest} characters")));
        }
        let known = |old: &&Old| {
            HashedSecret::parse(&old.stored).is_some_and(|hashed| {
                hashed.is_secret(text.as_bytes()) && hashed.sealed().is_some() == self.keep
            })
        };
        if let Some(old) = self.old.iter().filter(|old| old.mark == Mark::Hashed).find(known) {
            return Ok(old.stored.clone());
        }
        let sealed = self.keep.then(|| self.seal().seal(text)).transpose();
        let sealed = sealed.map_err(|error| wrong(&error.to_string()))?;
        let bearer = member.and_then(|member| member.bearer).map(|at| (at, bearer(self.id, text)));
        self.shows.push(Show { pointer: pointer.to_owned(), secret: text.to_owned(), bearer });
        Ok(HashedSecret::store(self.id, text, sealed.as_deref()))
    }

    /// A stored hash again, with or without the sealed secret as the document now wants it.
    fn again(&self, pointer: &str, stored: &str) -> Result<String, Problem> {
        let hashed = HashedSecret::parse(stored)
            .ok_or_else(|| Problem::at(pointer, "this is not the hash of a secret"))?;
        match (hashed.sealed(), self.keep) {
            (None, true) => Err(Problem::at(
                "/keepSecret",
                "the secret was not kept and cannot be opened again; write it once more",
            )),
            (Some(sealed), true) => {
                let opens = sealed.reveal(self.seal(), &Nowhere);
                opens.map(|_| stored.to_owned()).map_err(|e| Problem::at(pointer, e.to_string()))
            }
            // `hashed:v1:<secret>:<bearer>` and then what is no longer wanted.
            (_, false) => Ok(stored.splitn(5, ':').take(4).collect::<Vec<_>>().join(":")),
        }
    }
}

/// Stored forms where no secret belongs: a read would mask them, and nobody could ever open them.
fn misplaced(value: &Value, pointer: &str, secret: &HashSet<&str>, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text)
            if (Seal::is_sealed(text) || HashedSecret::is_hashed(text))
                && !secret.contains(pointer) =>
        {
            problems.push(Problem::at(pointer, "no secret belongs here"));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                misplaced(item, &join_pointer(pointer, &index.to_string()), secret, problems);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                misplaced(member, &join_pointer(pointer, name), secret, problems);
            }
        }
        _ => {}
    }
}
