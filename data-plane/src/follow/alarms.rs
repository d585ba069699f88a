use std::collections::BTreeMap;

/// What can be wrong with a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// The source does not answer.
    Source,
    /// The source is of another lineage, behind us, or has another content.
    Lineage,
    /// What the source holds does not fit its own digest.
    Digest,
    /// A file of the last good state cannot be read.
    LastGoodDamaged,
    /// It cannot be written.
    LastGoodUnwritable,
    /// A secret that a manager keeps cannot be had any more.
    Secrets,
}

/// The alarms that are raised now, one of a kind.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeMap<Alarm, String>);

impl Alarms {
    /// Raises an alarm, or says anew what it is about; logged when it is news.
    pub(super) fn raise(&mut self, alarm: Alarm, text: impl Into<String>) {
        let text = text.into();
        if self.0.insert(alarm, text.clone()).is_none() {
            tracing::warn!(?alarm, reason = text, "alarm");
        }
    }

    /// It is over.
    pub(super) fn clear(&mut self, alarm: Alarm) {
        if self.0.remove(&alarm).is_some() {
            tracing::info!(?alarm, "alarm is over");
        }
    }

    /// For people.
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.values().cloned().collect()
    }
}
