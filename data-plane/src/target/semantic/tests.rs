use super::*;
use crate::target::pool::ProviderRef;
use sanmon_shared::resources::ProviderId;

/// Targets with these thresholds, one example each.
fn semantic(thresholds: &[Option<f32>], fallback: Option<&str>) -> Semantic {
    let members: Vec<MemberConfig> = thresholds
        .iter()
        .enumerate()
        .map(|(place, threshold)| MemberConfig {
            examples: [format!("example of {place}")].into(),
            threshold: *threshold,
            ..MemberConfig::of(ProviderRef::Stored(ProviderId::new("p")), place.to_string())
        })
        .collect();
    let config = SemanticConfig {
        embedder: Embedder::Stored(EmbeddingModelId::new("e")),
        model: None,
        timeout: Duration::from_secs(3),
        threshold: 0.5,
        fallback: fallback.map(Into::into),
        debugging: false,
    };
    Semantic::build("pool", config, &members, None).unwrap()
}

/// The order for a prompt that is so like the targets.
fn order(semantic: &Semantic, cosines: &[f32]) -> (Vec<u16>, bool) {
    // Of two numbers, the first of which is the cosine with the prompt.
    let vectors: Vec<Vec<f32>> =
        cosines.iter().map(|x| vec![*x, (1.0 - x * x).max(0.0).sqrt()]).collect();
    let vectors = semantic.vectors(&vectors).unwrap();
    let scores = semantic.scores(&vectors, &[1.0, 0.0]).unwrap();
    let Order { places, is_like } = semantic.order(Some(&scores));
    (places.to_vec(), is_like)
}

#[test]
fn those_that_are_like_come_first_then_the_fallback_then_the_others() {
    let semantic = semantic(&[None, None, Some(0.9), None], Some("3"));
    assert_eq!(order(&semantic, &[0.6, 0.8, 0.85, 0.1]), (vec![1, 0, 3, 2], true));
    assert_eq!(order(&semantic, &[0.6, 0.8, 0.95, 0.7]), (vec![2, 1, 3, 0], true));
    assert_eq!(order(&semantic, &[0.1, 0.3, 0.2, -0.5]), (vec![3, 1, 2, 0], false));
}

#[test]
fn equal_ones_stay_as_they_stand_and_the_first_is_the_fallback_of_those_who_name_none() {
    let semantic = semantic(&[None, None, Some(-1.0)], None);
    assert_eq!(order(&semantic, &[0.75, 0.75, 0.75]), (vec![0, 1, 2], true));
    assert_eq!(order(&semantic, &[0.0, 0.25, -0.75]), (vec![2, 0, 1], true));
    assert_eq!(order(&self::semantic(&[None; 3], None), &[0.1, 0.4, 0.3]), (vec![0, 1, 2], false));
}

#[test]
fn nothing_known_of_the_prompt_leaves_the_fallback_and_the_others_as_they_stand() {
    let semantic = semantic(&[Some(-1.0); 3], Some("1"));
    let Order { places, is_like } = semantic.order(None);
    assert_eq!((&*places, is_like), (&[1, 0, 2][..], false));
    assert_eq!(*semantic.usual.places, *places);
}

#[test]
fn a_threshold_that_is_just_reached_is() {
    let semantic = semantic(&[Some(1.0), Some(0.0)], Some("1"));
    let exact = semantic.vectors(&[vec![2.0, 0.0], vec![0.0, 1.0]]).unwrap();
    let scores = semantic.scores(&exact, &[4.0, 0.0]).unwrap();
    assert_eq!(*semantic.order(Some(&scores)).places, [0, 1]);
}

#[test]
fn one_target_alone_is_not_chosen() {
    let members = [MemberConfig::of(ProviderRef::Stored(ProviderId::new("p")), "only")];
    let config = SemanticConfig {
        embedder: Embedder::Stored(EmbeddingModelId::new("e")),
        model: None,
        timeout: Duration::from_secs(3),
        threshold: 0.0,
        fallback: None,
        debugging: false,
    };
    assert!(Semantic::build("pool", config, &members, None).is_none());
}
