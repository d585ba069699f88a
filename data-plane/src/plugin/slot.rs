use std::sync::Arc;

use sanmon_shared::catalogue::Phase;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{PluginId, PluginSlot};
use sanmon_shared::{Problem, resources};

use super::{AnyPlugin, BuildContext, PathFilter, registry};

/// A set of phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases(u8);

impl Phases {
    /// These.
    pub const fn of(phases: &[Phase]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < phases.len() {
            bits |= 1 << phases[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// All there are.
    const ALL: Self = Self(u8::MAX);

    /// Whether `phase` is one of them.
    pub const fn contains(self, phase: Phase) -> bool {
        self.0 & (1 << phase as u8) != 0
    }

    /// Whether all of them, and at least one, are among `others`.
    pub const fn is_within(self, others: Self) -> bool {
        self.0 != 0 && self.0 & !others.0 == 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a slot runs.
#[derive(Clone)]
pub enum SlotPlugin {
    /// A plugin of its own.
    Own(Arc<dyn AnyPlugin>),
    /// A stored one, looked up in the snapshot when a request comes.
    Named(PluginId),
}

/// A plugin and the paths on which it acts.
#[derive(Clone)]
pub struct Slot {
    /// What it runs.
    pub plugin: SlotPlugin,
    /// Where.
    pub paths: PathFilter,
}

/// The slots of a route or service, in order; disabled ones are left out.
#[derive(Clone, Default)]
pub struct Slots {
    list: Box<[Slot]>,
    /// In which of them one of the slots may act.
    phases: Phases,
}

impl Slots {
    /// These.
    pub fn of(list: Box<[Slot]>) -> Self {
        let phases = list.iter().map(|slot| match &slot.plugin {
            SlotPlugin::Own(plugin) => plugin.phases(),
            SlotPlugin::Named(_) => Phases::ALL,
        });
        Self { phases: phases.fold(Phases::default(), Phases::and), list }
    }

    /// Each, in order.
    pub fn all(&self) -> &[Slot] {
        &self.list
    }

    /// Those of which one may act in this phase: all or none.
    pub fn of_phase(&self, phase: Phase) -> &[Slot] {
        if self.phases.contains(phase) { &self.list } else { &[] }
    }

    /// Builds them; problems point into the list.
    pub fn build(slots: &[PluginSlot], context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut built = Vec::with_capacity(slots.len());
        for (index, slot) in slots.iter().enumerate() {
            let at = join_pointer("", &index.to_string());
            match Slot::build(slot, context) {
                Ok(built_slot) if slot.enabled => built.push(built_slot),
                Ok(_) => {}
                Err(inner) => problems.extend(inner.into_iter().map(|p| p.under(&at))),
            }
        }
        if problems.is_empty() { Ok(Self::of(built.into())) } else { Err(problems) }
    }
}

impl Slot {
    fn build(slot: &PluginSlot, context: &BuildContext<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let paths = PathFilter::build(&slot.include, &slot.exclude, &slot.includes, &slot.excludes)
            .map_err(|inner| problems.extend(inner));
        let plugin = match (&slot.plugin, &slot.instance) {
            (_, Some(id)) => Ok(SlotPlugin::Named(id.clone())),
            (Some(name), None) => plugin(name, &slot.config, context).map(SlotPlugin::Own),
            (None, None) => Err(vec![Problem::at("", "a slot names its \"plugin\" or a \"ref\"")]),
        }
        .map_err(|inner| problems.extend(inner));
        match (plugin, paths) {
            (Ok(plugin), Ok(paths)) => Ok(Self { plugin, paths }),
            _ => Err(problems),
        }
    }
}

/// Builds the plugin with this name; problems point into what has `plugin` and `config`.
pub(crate) fn plugin(
    name: &str,
    config: &resources::PluginConfig,
    context: &BuildContext<'_>,
) -> Result<Arc<dyn AnyPlugin>, Vec<Problem>> {
    let kind = registry::find(name).ok_or_else(|| {
        vec![Problem::at("/plugin", format!("there is no kind of plugin named {name:?}"))]
    })?;
    kind.build(&config.0, context)
        .map_err(|inner| inner.into_iter().map(|p| p.under("/config")).collect())
}
