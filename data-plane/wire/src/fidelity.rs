//! What a translation could not carry.

use std::borrow::Cow;

use serde::Serialize;

/// How a member fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It was left out.
    Dropped,
    /// It was sent as something that comes near to it.
    Approximated,
}

/// A member that did not arrive as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The member, by its path in the canonical types: `seed`, `tools.strict`,
    /// `messages.audio`.
    pub field: Cow<'static, str>,
    /// How it fared.
    pub how: How,
    /// What was done or why, in a few words, for documentation and logs.
    pub note: &'static str,
    /// It was left out for what is known of the model, which
    /// [`Parameters`](crate::format::Parameters) decides about, and not for want of a word in the
    /// format.
    pub policy: bool,
}

/// What did not arrive, each member once; bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Losses(Vec<Loss>);

/// What callers know a request by.
const LABELS: &str = "metadata";

/// More are not told apart.
const MOST: usize = 64;

impl Losses {
    /// A member was left out: the format has no word for it.
    pub fn dropped(&mut self, field: impl Into<Cow<'static, str>>) {
        self.push(field.into(), How::Dropped, "the format has no such member", false);
    }

    /// A member was left out, for this reason.
    pub fn dropped_for(&mut self, field: impl Into<Cow<'static, str>>, note: &'static str) {
        self.push(field.into(), How::Dropped, note, false);
    }

    /// A member was left out: the model would refuse it.
    pub fn refused_by_model(&mut self, field: impl Into<Cow<'static, str>>, note: &'static str) {
        self.push(field.into(), How::Dropped, note, true);
    }

    /// A member was sent as something near to it: `note` says as what.
    pub fn approximated(&mut self, field: impl Into<Cow<'static, str>>, note: &'static str) {
        self.push(field.into(), How::Approximated, note, false);
    }

    fn push(&mut self, field: Cow<'static, str>, how: How, note: &'static str, policy: bool) {
        let known = self.0.iter().any(|loss| loss.field == field && loss.how == how);
        if !known && self.0.len() < MOST {
            self.0.push(Loss { field, how, note, policy });
        }
    }

    /// Each, in the order in which they were met.
    pub fn iter(&self) -> std::slice::Iter<'_, Loss> {
        self.0.iter()
    }

    /// The first that the answer may tell: not labels, which are for those who look a request up later.
    pub fn first_of_meaning(&self) -> Option<&Loss> {
        self.0.iter().find(|loss| loss.field != LABELS)
    }

    /// Whether everything arrived.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the header `x-sanmon-fidelity` has it: `dropped=seed,n; approximated=reasoning`.
    pub fn header(&self) -> String {
        let of = |how: How| {
            let fields = self.0.iter().filter(move |loss| loss.how == how).map(|loss| &*loss.field);
            fields.collect::<Vec<_>>().join(",")
        };
        let mut out = String::new();
        for (name, fields) in
            [("dropped", of(How::Dropped)), ("approximated", of(How::Approximated))]
        {
            if !fields.is_empty() {
                if !out.is_empty() {
                    out.push_str("; ");
                }
                out.push_str(name);
                out.push('=');
                out.push_str(&fields);
            }
        }
        out
    }
}

impl<'a> IntoIterator for &'a Losses {
    type Item = &'a Loss;
    type IntoIter = std::slice::Iter<'a, Loss>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_loss_is_told_once_in_a_header() {
        let mut losses = Losses::default();
        assert_eq!(losses.header(), "");
        losses.dropped("seed");
        losses.approximated("reasoning", "as a budget");
        losses.dropped("seed");
        losses.refused_by_model("temperature", "the model takes none");
        assert_eq!(losses.header(), "dropped=seed,temperature; approximated=reasoning");
        for index in 0..200 {
            losses.dropped(index.to_string());
        }
        assert_eq!(losses.iter().count(), MOST);
    }
}
