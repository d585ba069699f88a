use std::collections::BTreeMap;

use super::config::RoutingConfig;
use crate::snapshot::Apikey;

/// Which keys a route is for.
#[derive(Debug)]
pub(super) struct Routing(RoutingConfig);

impl Routing {
    /// None where every key is right.
    pub(super) fn of(mut config: RoutingConfig) -> Option<Self> {
        config.none_tag_in.append(&mut config.none_tag_in_as_written);
        let lists = [
            &config.none_tag_in,
            &config.one_tag_in,
            &config.all_tags_in,
            &config.none_meta_keys_in,
            &config.one_meta_key_in,
            &config.all_meta_keys_in,
        ];
        let maps = [&config.none_meta_in, &config.one_meta_in, &config.all_meta_in];
        let says_something =
            lists.iter().any(|list| !list.is_empty()) || maps.iter().any(|map| !map.is_empty());
        (config.enabled && says_something).then_some(Self(config))
    }

    /// Whether the route is for this key.
    pub(super) fn admits(&self, key: &Apikey) -> bool {
        let Self(config) = self;
        let tag = |tag: &String| key.tags().iter().any(|other| **other == **tag);
        let name = |name: &String| key.metadata(name).is_some();
        let pair = |(name, value): (&String, &String)| key.metadata(name) == Some(value.as_str());
        let one = |list: &[String], has: &dyn Fn(&String) -> bool| {
            list.is_empty() || list.iter().any(has)
        };
        let one_pair = |map: &BTreeMap<String, String>| map.is_empty() || map.iter().any(pair);
        !config.none_tag_in.iter().any(tag)
            && one(&config.one_tag_in, &tag)
            && config.all_tags_in.iter().all(tag)
            && !config.none_meta_in.iter().any(pair)
            && one_pair(&config.one_meta_in)
            && config.all_meta_in.iter().all(pair)
            && !config.none_meta_keys_in.iter().any(name)
            && one(&config.one_meta_key_in, &name)
            && config.all_meta_keys_in.iter().all(name)
    }
}
