//! The kind `loadbalancer`: its targets, as `targets` or as Otoroshi's documents have them among the
//! options.

use std::sync::Arc;
use std::time::Duration;

use sanmon_shared::Problem;
use sanmon_shared::problem::join_pointer;
use sanmon_shared::resources::{self, Algorithm, ProviderId, ProviderTarget, TargetCondition};
use serde_json::Value;

use super::selector;
use crate::expression::{Path, Template};
use crate::snapshot::compile;
use crate::target::breaker::BreakerRules;
use crate::target::choice::{Choice, HashOn, Price};
use crate::target::condition::{Condition, Expected, Looked};
use crate::target::pool::{MemberConfig, PoolConfig, ProviderRef};
use crate::target::retry::Retry;
use crate::target::semantic::{
    Embedder, SemanticConfig, check_examples, check_threshold, check_total,
};

/// What `provider` says.
pub(crate) const KIND: &str = "loadbalancer";

/// The most targets that a balancer has.
const MOST: usize = 256;

/// The pool of a balancer; none of any other kind.
pub(super) fn config(
    document: &resources::Provider,
    retry: Retry,
    breaker: Option<BreakerRules>,
    problems: &mut Vec<Problem>,
) -> Option<PoolConfig> {
    if !document.provider.trim().eq_ignore_ascii_case(KIND) {
        if !document.targets.is_empty() {
            let text = "only a provider of the kind \"loadbalancer\" has targets";
            problems.push(Problem::at("/targets", text));
        }
        return None;
    }
    let path = selected(document, problems);
    let mut members = Vec::new();
    let is_semantic = document.balancing.algorithm == Some(Algorithm::Semantic);
    let mut add = |target: &ProviderTarget, at: &str, problems: &mut Vec<Problem>| {
        if is_semantic {
            check_examples(&target.examples, &join_pointer(at, "examples"), problems);
        }
        members.push(member(target, path.as_ref(), at, problems));
    };
    for (index, target) in document.targets.iter().enumerate() {
        add(target, &join_pointer("/targets", &index.to_string()), problems);
    }
    for (at, target) in refs(document, problems) {
        add(&target, &at, problems);
    }
    if members.is_empty() {
        problems.push(Problem::at("/targets", "it names no target, so no request can be answered"));
    }
    if members.len() > MOST {
        problems.push(Problem::at("/targets", format!("there are more than {MOST}")));
    }
    for (index, member) in members.iter().enumerate() {
        if members.iter().take(index).any(|other| other.name == member.name) && is_named(document) {
            let text = format!("two targets are called {:?}", member.name);
            problems.push(Problem::at("/targets", text));
        }
    }
    Some(PoolConfig {
        choice: choice(document, problems),
        semantic: if is_semantic { semantic(document, &members, problems) } else { None },
        members,
        retry,
        breaker,
        sticky: document.balancing.sticky.map(|sticky| Duration::from_millis(sticky.ttl)),
    })
}

/// Whether targets have names of their own, which then have to differ.
fn is_named(document: &resources::Provider) -> bool {
    document.targets.iter().any(|target| target.name.is_some())
}

/// The targets among the options: ids, or objects as `targets` has them.
fn refs(
    document: &resources::Provider,
    problems: &mut Vec<Problem>,
) -> Vec<(String, ProviderTarget)> {
    let mut targets = Vec::new();
    let refs = match document.options.get("refs") {
        None | Some(Value::Null) => return targets,
        Some(refs) => refs,
    };
    let Some(refs) = refs.as_array() else {
        problems.push(Problem::at("/options/refs", "it is a list of ids or of objects"));
        return targets;
    };
    for (index, one) in refs.iter().enumerate() {
        let at = join_pointer("/options/refs", &index.to_string());
        match one {
            Value::String(id) => targets.push((at, ProviderTarget::of(ProviderId::new(&**id)))),
            object => match compile::read::<ProviderTarget>(object) {
                Ok(target) => targets.push((at, target)),
                Err(inner) => problems.extend(inner.into_iter().map(|p| p.under(&at))),
            },
        }
    }
    targets
}

fn member(
    target: &ProviderTarget,
    path: Option<&Path>,
    at: &str,
    problems: &mut Vec<Problem>,
) -> MemberConfig {
    let mut conditions: Vec<Condition> = Vec::new();
    if let (Some(path), Some(expected)) = (path, &target.selector_expected) {
        conditions.push(Condition {
            value: Looked::Selector(path.clone()),
            expected: Expected::OneOf([expected.as_str().into()].into()),
        });
    }
    for (index, document) in target.conditions.iter().enumerate() {
        let at = join_pointer(&join_pointer(at, "conditions"), &index.to_string());
        conditions.extend(condition(document, &at, problems));
    }
    let name = target.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let model = target.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
    MemberConfig {
        weight: target.weight,
        tier: target.priority.into(),
        model: model.map(Into::into),
        conditions: conditions.into(),
        price: target.price.map(|price| Price { input: price.input, output: price.output }),
        context_window: target.context_window,
        examples: target.examples.clone().into(),
        threshold: target
            .threshold
            .map(|own| check_threshold(own, &join_pointer(at, "threshold"), problems)),
        timeouts: target.timeouts,
        ..MemberConfig::of(
            ProviderRef::Stored(target.provider.clone()),
            name.map_or_else(|| target.provider.text(), Arc::from),
        )
    }
}

fn condition(
    document: &TargetCondition,
    at: &str,
    problems: &mut Vec<Problem>,
) -> Option<Condition> {
    let value = Template::compile(&document.value)
        .map_err(|problem| problems.push(problem.under("/value").under(at)))
        .ok()?;
    let expected = match (&document.one_of[..], &document.matches) {
        (values @ [_, ..], None) => {
            Expected::OneOf(values.iter().map(|value| value.as_str().into()).collect())
        }
        ([], Some(expression)) => Expected::Matches(Box::new(
            compile::whole(expression)
                .map_err(|error| problems.push(Problem::at(join_pointer(at, "matches"), error)))
                .ok()?,
        )),
        _ => {
            problems.push(Problem::at(at, "it has `one_of` or `matches`"));
            return None;
        }
    };
    Some(Condition { value: Looked::Text(value), expected })
}

/// What targets are selected by.
fn selected(document: &resources::Provider, problems: &mut Vec<Problem>) -> Option<Path> {
    let (at, expression) = match &document.balancing.selector_expr {
        Some(expression) => ("/balancing/selector_expr", expression.as_str()),
        None => ("/options/selector_expr", document.options.get("selector_expr")?.as_str()?),
    };
    selector::path(expression).unwrap_or_else(|text| {
        problems.push(Problem::at(at, text));
        None
    })
}

fn choice(document: &resources::Provider, problems: &mut Vec<Problem>) -> Choice {
    let algorithm = document.balancing.algorithm.unwrap_or_else(|| {
        let name = document.options.get("loadbalancing").and_then(Value::as_str);
        match name.unwrap_or_default().to_ascii_lowercase().as_str() {
            "random" => Algorithm::Random,
            "best_response_time" => Algorithm::BestResponseTime,
            // As Otoroshi has it, whatever else there is.
            _ => Algorithm::RoundRobin,
        }
    });
    match algorithm {
        Algorithm::RoundRobin => Choice::RoundRobin,
        Algorithm::Random => Choice::Random,
        Algorithm::LeastBusy => Choice::LeastBusy,
        Algorithm::BestResponseTime => Choice::FASTEST,
        Algorithm::Cheapest => Choice::Cheapest,
        Algorithm::Semantic => Choice::Semantic,
        Algorithm::ConsistentHash => {
            let on = &document.balancing.hash_on;
            Choice::Hash(HashOn::build(on, "/balancing/hash_on", problems))
        }
    }
}

fn semantic(
    document: &resources::Provider,
    members: &[MemberConfig],
    problems: &mut Vec<Problem>,
) -> Option<SemanticConfig> {
    const AT: &str = "/balancing/semantic";
    let Some(config) = &document.balancing.semantic else {
        let text = "it says which model embeds what is asked, and is needed for that choice";
        problems.push(Problem::at(AT, text));
        return None;
    };
    let given = |text: &Option<String>| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        text.map(Box::<str>::from)
    };
    let fallback = given(&config.fallback);
    if let Some(name) = &fallback
        && !members.iter().any(|member| *member.name == **name)
    {
        let text = format!("no target is called {name:?}");
        problems.push(Problem::at(join_pointer(AT, "fallback"), text));
    }
    check_total(members.iter().map(|member| member.examples.len()).sum(), "/targets", problems);
    Some(SemanticConfig {
        embedder: Embedder::Stored(config.embedding_model.clone()),
        model: given(&config.model),
        timeout: Duration::from_millis(config.timeout.max(1)),
        threshold: check_threshold(config.threshold, &join_pointer(AT, "threshold"), problems),
        fallback,
        debugging: config.debugging,
    })
}
