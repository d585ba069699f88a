//! The router against a list that is searched from end to end, and against itself: in whatever order
//! routes come and go, what is left decides.

use std::cmp::{Ordering, Reverse};
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::router::node::Node;

/// A route as the reference sees it: texts only.
#[derive(Clone, Debug)]
struct Plain {
    id: String,
    domains: Vec<(String, Vec<String>)>,
    exact: bool,
    methods: Vec<String>,
    header: Option<String>,
}

impl Plain {
    fn built(&self) -> Arc<Route> {
        let join = |(host, path): &(String, Vec<String>)| {
            if path.is_empty() { host.clone() } else { format!("{host}/{}", path.join("/")) }
        };
        let headers = self.header.iter().map(|value| ("x-h".to_owned(), json!(value)));
        let frontend = json!({
            "domains": self.domains.iter().map(join).collect::<Vec<_>>(),
            "exact": self.exact,
            "methods": self.methods,
            "headers": headers.collect::<serde_json::Map<_, _>>(),
        });
        route(&self.id, frontend)
    }

    fn meets(&self, asked: &Asked, rest: &str) -> bool {
        let header = asked.headers.get("x-h").map(|value| value.to_str().unwrap());
        let header = match self.header.as_deref() {
            None => true,
            Some("Exists()") => header.is_some(),
            Some("NotDefined()") => header.is_none(),
            Some("Regex(1|2)") => matches!(header, Some("1" | "2")),
            Some(literal) => header == Some(literal),
        };
        header
            && (!self.exact || rest.is_empty() || rest == "/")
            && (self.methods.is_empty() || self.methods.contains(&asked.method.to_string()))
    }
}

/// Tries every length of every star.
fn starred(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|taken| tail.get(taken..).is_some_and(|t| starred(rest, t)))
        }),
    }
}

/// How specific a segment is: smaller goes first. Then longer texts, then by text.
fn rank(segment: &str) -> (u8, Reverse<usize>, &str) {
    match segment {
        "*" => (3, Reverse(0), ""),
        name if name.starts_with(':') => (3, Reverse(0), ""),
        glob if glob.contains('*') && !glob.starts_with('$') => (2, Reverse(glob.len()), glob),
        named if named.starts_with('$') => (1, Reverse(named.len()), named),
        literal => (0, Reverse(literal.len()), literal),
    }
}

fn segment_matches(pattern: &str, segment: &str) -> bool {
    match rank(pattern).0 {
        3 => true,
        2 => starred(pattern, segment),
        1 => match pattern.split_once('<').unwrap().1 {
            "a|b>" => matches!(segment, "a" | "b"),
            "[ab]+>" => segment.chars().all(|letter| matches!(letter, 'a' | 'b')),
            "b>" => segment == "b",
            other => panic!("{other}"),
        },
        _ => pattern == segment,
    }
}

fn order_of_paths(a: &[String], b: &[String]) -> Ordering {
    for (a, b) in a.iter().zip(b) {
        let order = rank(a).cmp(&rank(b));
        if order.is_ne() {
            return order;
        }
    }
    b.len().cmp(&a.len())
}

/// Exact, then patterns, the longest first (`*.` before others), then any.
fn rank_of_host(host: &str) -> (u8, Reverse<usize>, bool, &str) {
    match host {
        "*" => (2, Reverse(0), false, ""),
        pattern if pattern.contains('*') => {
            let below = pattern.strip_prefix("*.").is_some_and(|rest| !rest.contains('*'));
            (1, Reverse(pattern.len()), !below, pattern)
        }
        exact => (0, Reverse(0), false, exact),
    }
}

/// Every match, by looking at every domain of every route.
fn reference(routes: &[Plain], asked: &Asked) -> Vec<(String, String)> {
    let segments: Vec<&str> = asked.path.split('/').skip(1).collect();
    let mut found = Vec::new();
    for plain in routes {
        let mut seen: Vec<(&str, &[String])> = Vec::new();
        for (host, path) in &plain.domains {
            let same = |(h, p): &(&str, &[String])| *h == host && order_of_paths(p, path).is_eq();
            if seen.iter().any(same) {
                continue;
            }
            seen.push((host, path));
            let given: Vec<&&str> = segments
                .iter()
                .take_while(|segment| !segment.is_empty())
                .take(path.len())
                .collect();
            let there = starred(host, &asked.host)
                && given.len() == path.len()
                && path.iter().zip(&given).all(|(pattern, s)| segment_matches(pattern, s));
            let prefix: String = given.iter().fold(String::new(), |mut prefix, segment| {
                write!(prefix, "/{segment}").unwrap();
                prefix
            });
            let rest = asked.path.strip_prefix(&prefix).unwrap_or_default();
            if there && plain.meets(asked, rest) {
                found.push((plain, host, path, prefix));
            }
        }
    }
    found.sort_by(|(a, host_a, path_a, _), (b, host_b, path_b, _)| {
        let conditions = |plain: &Plain| {
            Reverse((usize::from(plain.header.is_some()), plain.exact, !plain.methods.is_empty()))
        };
        rank_of_host(host_a)
            .cmp(&rank_of_host(host_b))
            .then_with(|| order_of_paths(path_a, path_b))
            .then_with(|| conditions(a).cmp(&conditions(b)))
            .then_with(|| a.id.cmp(&b.id))
    });
    found.into_iter().map(|(plain, _, _, prefix)| (plain.id.clone(), prefix)).collect()
}

fn dump_node(node: &Node, indent: usize, text: &mut String) {
    for leaf in &node.leaves {
        writeln!(text, "{:indent$}= {}", "", leaf.route.id).unwrap();
    }
    let mut literals: Vec<_> = node.literals.iter().flat_map(|map| map.iter()).collect();
    literals.sort_by_key(|(name, _)| (*name).clone());
    assert!(node.literals.as_ref().is_none_or(|map| !map.is_empty()));
    for (name, child) in literals {
        assert!(!child.is_empty());
        writeln!(text, "{:indent$}/{name}", "").unwrap();
        dump_node(child, indent + 1, text);
    }
    for (segment, child) in &node.patterns {
        assert!(!child.is_empty());
        writeln!(text, "{:indent$}~{segment}", "").unwrap();
        dump_node(child, indent + 1, text);
    }
}

/// Everything in a router, as text: equal texts, equal routers.
fn dump(router: &Router) -> String {
    let mut trees: Vec<(String, &Node)> = vec![("any".to_owned(), &router.any)];
    trees.extend(router.exact.iter().map(|(host, tree)| (format!("exact {host}"), &**tree)));
    trees.extend(router.below.iter().map(|(host, tree)| (format!("below {host}"), &**tree)));
    trees.extend(router.globs.iter().map(|(host, tree)| (format!("glob {host}"), &**tree)));
    trees.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut text = String::new();
    for (name, tree) in trees {
        writeln!(text, "{name}").unwrap();
        dump_node(tree, 1, &mut text);
    }
    text
}

fn hosts() -> impl Strategy<Value = String> {
    select(vec![
        "h.com",
        "a.h.com",
        "*.h.com",
        "*.com",
        "*.a.h.com",
        "a.*",
        "*h.com",
        "a*.h.com",
        "*",
    ])
    .prop_map(str::to_owned)
}

fn paths() -> impl Strategy<Value = Vec<String>> {
    let segment =
        select(vec!["a", "b", "ab", ":x", ":y", "*", "a*", "*b", "$n<a|b>", "$n<[ab]+>", "$m<b>"]);
    prop::collection::vec(segment.prop_map(str::to_owned), 0..4)
}

fn routes() -> impl Strategy<Value = Vec<Plain>> {
    let one = (
        prop::collection::vec((hosts(), paths()), 1..3),
        prop::bool::weighted(0.2),
        subsequence(vec!["GET".to_owned(), "POST".to_owned()], 0..=1),
        prop::option::weighted(
            0.3,
            select(vec!["1", "Exists()", "NotDefined()", "Regex(1|2)"]).prop_map(str::to_owned),
        ),
    );
    prop::collection::vec(one, 1..14).prop_map(|routes| {
        let plain = |(index, (domains, exact, methods, header))| Plain {
            id: format!("r{index:02}"),
            domains,
            exact,
            methods,
            header,
        };
        routes.into_iter().enumerate().map(plain).collect()
    })
}

fn requests() -> impl Strategy<Value = Asked> {
    let host =
        select(vec!["h.com", "a.h.com", "b.a.h.com", "ab.h.com", "com", "a.b", "ah.com", ""]);
    let path = prop::collection::vec(select(vec!["a", "b", "ab", "ba", "c"]), 0..5);
    let method = select(vec![Method::GET, Method::POST]);
    let header = prop::option::of(select(vec!["1", "2", "3"]));
    (host, path, any::<bool>(), method, header).prop_map(|(host, path, slash, method, header)| {
        let end = if slash || path.is_empty() { "/" } else { "" };
        let lead = if path.is_empty() { "" } else { "/" };
        let asked = Asked::get(&format!("{host}{lead}{}{end}", path.join("/"))).method(method);
        match header {
            Some(value) => asked.header("x-h", value),
            None => asked,
        }
    })
}

fn of_all(plains: &[Plain]) -> Router {
    let mut router = Router::default();
    for plain in plains {
        insert(&mut router, &plain.built());
    }
    router
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_a_search_from_end_to_end_finds(
        routes in routes(), requests in prop::collection::vec(requests(), 12)
    ) {
        let router = of_all(&routes);
        for asked in requests {
            let found: Vec<(String, String)> =
                asked.of(&router).into_iter().map(|(id, p)| (id, p.to_owned())).collect();
            prop_assert_eq!(found, reference(&routes, &asked), "{:?}", asked);
        }
    }

    #[test]
    fn the_order_of_insertion_does_not_show(
        (routes, shuffled) in routes().prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle()))
    ) {
        prop_assert_eq!(dump(&of_all(&routes)), dump(&of_all(&shuffled)));
    }

    #[test]
    fn what_is_removed_leaves_nothing(routes in routes(), keep in 0_usize..14) {
        let keep = keep.min(routes.len());
        let (kept, removed) = routes.split_at(keep);
        let before = of_all(kept);
        let mut after = before.clone();
        for plain in removed {
            insert(&mut after, &plain.built());
        }
        let text = dump(&before);
        for plain in removed {
            remove(&mut after, &plain.built());
        }
        prop_assert_eq!(dump(&after), &*text);
        // The clone from which it came never changed.
        prop_assert_eq!(dump(&before), &*text);
    }
}
