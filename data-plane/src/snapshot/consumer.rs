//! Who calls, and the plugins of their own that their requests pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use sanmon_shared::Problem;
use sanmon_shared::catalogue::Phase;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, ConsumerGroupId, ConsumerId, PluginSlot};

use super::shared::Shared;
use crate::plugin::{BuildContext, Phases, Slots};

/// What is over when it is known who calls.
const BEFORE: Phases = Phases::of(&[Phase::Match, Phase::Preflight, Phase::Authorize]);

/// A consumer, compiled.
pub struct Consumer {
    /// Its id.
    pub id: ConsumerId,
    /// None where it is the id.
    name: Option<Box<str>>,
    /// Keys of one that is not are refused.
    pub enabled: bool,
    /// The group whose plugins it has too.
    pub group: Option<ConsumerGroupId>,
    /// Its own slots.
    pub slots: Arc<Slots>,
    metadata: BTreeMap<Box<str>, Box<str>>,
}

/// A group of consumers, compiled.
pub struct ConsumerGroup {
    /// What requests of its consumers pass.
    pub slots: Arc<Slots>,
}

impl Consumer {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::Consumer,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::build_shared(document, context, &mut Shared::default())
    }

    /// The same, taking from `shared` what others have already.
    pub(super) fn build_shared(
        document: &resources::Consumer,
        context: &BuildContext<'_>,
        shared: &mut Shared,
    ) -> Result<Self, Vec<Problem>> {
        let name = document.name.as_str();
        Ok(Self {
            id: document.id.clone(),
            name: (!name.is_empty() && name != document.id.as_str()).then(|| name.into()),
            enabled: document.enabled,
            group: document.group_ref.clone(),
            slots: slots(&document.plugins, context, shared)?,
            metadata: document
                .metadata
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
        })
    }

    /// Its name, its id where it has none.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }

    /// One of its labels with values.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(|value| &**value)
    }
}

impl ConsumerGroup {
    /// Checks and compiles it; problems point into the document.
    pub fn build(
        document: &resources::ConsumerGroup,
        context: &BuildContext<'_>,
    ) -> Result<Self, Vec<Problem>> {
        Self::build_shared(document, context, &mut Shared::default())
    }

    /// The same, taking from `shared` what others have already.
    pub(super) fn build_shared(
        document: &resources::ConsumerGroup,
        context: &BuildContext<'_>,
        shared: &mut Shared,
    ) -> Result<Self, Vec<Problem>> {
        Ok(Self { slots: slots(&document.plugins, context, shared)? })
    }
}

/// Builds slots. A plugin that only acts before it is known who calls would never act.
fn slots(
    document: &[PluginSlot],
    context: &BuildContext<'_>,
    shared: &mut Shared,
) -> Result<Arc<Slots>, Vec<Problem>> {
    let under = |inner: Vec<Problem>| inner.into_iter().map(|p| p.under("/plugins")).collect();
    let mut problems = Vec::new();
    for (index, slot) in document.iter().enumerate() {
        let phases = slot.plugin.as_deref().and_then(crate::plugin::registry::find);
        if phases.is_some_and(|kind| kind.phases.is_within(BEFORE)) {
            let text = "it acts before it is known who calls, and so never for a consumer";
            let at = join_pointer(&join_pointer("", &index.to_string()), "plugin");
            problems.push(Problem::at(at, text));
        }
    }
    let built = shared.slots(document, context);
    match built {
        Ok(slots) if problems.is_empty() => Ok(slots),
        built => {
            problems.extend(built.err().into_iter().flatten());
            Err(under(problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::snapshot::for_test::CONTEXT;

    fn problems(plugins: &Value) -> Vec<String> {
        let document = json!({"id": "c", "plugins": plugins});
        let built = Consumer::build(&serde_json::from_value(document).unwrap(), &CONTEXT);
        let problems = built.err().unwrap_or_default();
        problems.into_iter().map(|p| format!("{}: {}", p.pointer, p.message)).collect()
    }

    #[test]
    fn a_plugin_that_would_never_act_is_refused() {
        let never = "it acts before it is known who calls, and so never for a consumer";
        assert_eq!(problems(&json!([{"plugin": "cors"}, {"ref": "stored"}])), [""; 0]);
        let apikeys = json!([{"plugin": "override-host"}, {"plugin": "apikeys"}]);
        assert_eq!(problems(&apikeys), [format!("/plugins/1/plugin: {never}")]);
        let unknown = json!([{"plugin": "nonesuch"}]);
        assert_eq!(
            problems(&unknown),
            ["/plugins/0/plugin: there is no kind of plugin named \"nonesuch\""]
        );
    }
}
