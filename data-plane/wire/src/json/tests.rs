use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn seen(text: &str) -> Vec<(String, String, ValueKind)> {
    let object = Object::scan(text.as_bytes()).unwrap();
    object
        .iter()
        .map(|(key, value)| {
            (key.into_owned(), String::from_utf8(value.raw.to_vec()).unwrap(), value.kind)
        })
        .collect()
}

fn error(text: &str) -> (ScanErrorKind, usize) {
    let error = Scanner::scan(text.as_bytes()).unwrap_err();
    (error.kind, error.offset)
}

#[test]
fn members_are_found_with_their_kinds() {
    let text = r#" { "a" : "x\"}" ,"b":[1,{"c":"]"}], "d" :{ "e":[ ] } , "n":null,"t":true,"m":-1.5e+3 } "#;
    let own = |a: &str, b: &str, kind| (a.to_owned(), b.to_owned(), kind);
    assert_eq!(
        seen(text),
        [
            own("a", r#""x\"}""#, ValueKind::String),
            own("b", r#"[1,{"c":"]"}]"#, ValueKind::Array),
            own("d", r#"{ "e":[ ] }"#, ValueKind::Object),
            own("n", "null", ValueKind::Null),
            own("t", "true", ValueKind::Bool),
            own("m", "-1.5e+3", ValueKind::Number),
        ]
    );
    assert_eq!(seen("{}"), []);
}

#[test]
fn what_is_no_object_is_refused_with_its_place() {
    assert_eq!(error(""), (ScanErrorKind::NotAnObject, 0));
    assert_eq!(error("  [1]"), (ScanErrorKind::NotAnObject, 2));
    assert_eq!(error("{\"a\":1"), (ScanErrorKind::Truncated, 6));
    assert_eq!(error("{\"a\":\"1}"), (ScanErrorKind::Truncated, 8));
    assert_eq!(error("{\"a\":1} x"), (ScanErrorKind::Trailing, 8));
    assert_eq!(error("{\"a\":1,}"), (ScanErrorKind::Malformed, 7));
    assert_eq!(error("{\"a\" 1}"), (ScanErrorKind::Malformed, 5));
    assert_eq!(error("{\"a\":[1}]}"), (ScanErrorKind::Malformed, 7));
    assert_eq!(error("{\"a\":1\"b\":2}"), (ScanErrorKind::Malformed, 6));
    assert_eq!(error("{a:1}"), (ScanErrorKind::Malformed, 1));
}

#[test]
fn nesting_and_members_are_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(Scanner::scan(nested(127).as_bytes()).is_ok());
    assert_eq!(error(&nested(128)).0, ScanErrorKind::TooDeep(128));
    for depth in [200, 256, 257, 258, 300, 1000] {
        let mut scanner = Scanner::with_depth(1001);
        scanner.feed(nested(depth).as_bytes()).unwrap();
        assert_eq!(scanner.finish().unwrap().len(), 1);
        let mixed = format!("{{\"a\":{}{}}}", "[{\"\":".repeat(depth / 2), "}]".repeat(depth / 2));
        let mut scanner = Scanner::with_depth(1001);
        assert!(scanner.feed(mixed.replace("\"\":}", "\"\":0}").as_bytes()).is_ok());
        let wrong = mixed.replacen("}]", "]}", depth / 4 + 1);
        assert!(Scanner::with_depth(1001).feed(wrong.as_bytes()).is_err());
    }
    assert!(Scanner::with_depth(1001).feed(nested(1001).as_bytes()).is_err());
    let wide = |count: usize| {
        let members: Vec<String> = (0..count).map(|n| format!("\"{n}\":\"\"")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(Scanner::scan(wide(1024).as_bytes()).unwrap().len(), 1024);
    assert_eq!(error(&wide(1025)).0, ScanErrorKind::TooManyMembers);
}

#[test]
fn keys_are_compared_unescaped() {
    let object = Object::scan(br#"{"mod\u0065l":"a","x":1}"#).unwrap();
    assert_eq!(object.get("model").unwrap().unwrap().text().unwrap(), "a");
    assert_eq!(object.get("stream").unwrap(), None);
}

#[test]
fn a_member_that_decides_may_be_there_once() {
    let get = |text: &str, name: &str| Object::scan(text.as_bytes()).unwrap().get(name).err();
    let duplicate = || Some(MemberError::Duplicate("model".to_owned()));
    assert_eq!(get(r#"{"model":"a","model":"b"}"#, "model"), duplicate());
    assert_eq!(get(r#"{"model":"a","mo\u0064el":"b"}"#, "model"), duplicate());
    assert_eq!(get(r#"{"other":"a","other":"b"}"#, "model"), None);
    for lookalike in ["Model", "MODEL", "\\u004dodel"] {
        let text = format!("{{\"{lookalike}\":1}}");
        assert!(matches!(get(&text, "model"), Some(MemberError::Lookalike { .. })), "{text}");
    }
    assert!(matches!(get("{\"ſtream\":1}", "stream"), Some(MemberError::Lookalike { .. })));
    assert_eq!(get(r#"{"a\ud800":1}"#, "model"), Some(MemberError::Key(1)));
}

#[test]
fn strings_and_numbers_are_read() {
    assert_eq!(string(br#""a\n\u00e9""#).unwrap(), "a\né");
    assert_eq!(string(b"\"a\nb\""), None);
    assert_eq!(string(b"1"), None);
    assert_eq!(number(b"12"), Some(12));
    assert_eq!(number(b"12.0"), Some(12));
    assert_eq!(number(b"12.5"), None);
    assert_eq!(number(b"-1"), None);
    let mut out = Vec::new();
    write_string(&mut out, "a\"\\\n\u{1}é");
    assert_eq!(out, "\"a\\\"\\\\\\n\\u0001é\"".as_bytes());
}

#[test]
fn edits_touch_what_they_name_and_nothing_else() {
    let texts = [
        r#"{"model":"a","stream":true,"messages":[{"role":"user"}]}"#,
        "{ \"model\" : \"a\" ,\n  \"stream\" : true ,\n  \"messages\" : [ ]\n}\n",
        r#"{"stream":true,"messages":[],"model":"a"}"#,
        r#"{"messages":[]}"#,
        "{ }",
    ];
    let mut told = String::new();
    for text in texts {
        let object = Object::scan(text.as_bytes()).unwrap();
        let at = |name: &str| object.get(name).unwrap().map(|value| value.index);
        let mut tell = |what: &str, make: &dyn Fn(&mut Edits<'static>)| {
            let mut edits = Edits::default();
            make(&mut edits);
            let out = String::from_utf8(edits.apply(&object)).unwrap();
            serde_json::from_str::<serde_json::Value>(&out).unwrap();
            let _ = writeln!(told, "{what}: {out}");
        };
        tell("nothing", &|_| {});
        tell("replace model", &|edits| {
            if let Some(at) = at("model") {
                edits.replace(at, b"\"b/c\"".as_slice());
            }
        });
        tell("rename and replace model", &|edits| {
            if let Some(at) = at("model") {
                edits.replace(at, b"1".as_slice());
                edits.rename(at, "m\"");
            }
        });
        for name in ["model", "stream", "messages"] {
            tell(&format!("remove {name}"), &|edits| {
                if let Some(at) = at(name) {
                    edits.remove(at);
                }
            });
        }
        tell("remove all, insert two", &|edits| {
            for at in ["model", "stream", "messages"].into_iter().filter_map(at) {
                edits.remove(at);
            }
            edits.insert("x", b"1".as_slice());
            edits.insert("y", b"[]".as_slice());
        });
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}

/// JSON objects of all sorts, as text, with white space here and there.
fn objects() -> impl Strategy<Value = (serde_json::Value, String)> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        "[a-z\"\\\\{}\\[\\],: é\n]{0,12}".prop_map(|value| json!(value)),
    ];
    let value = leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| json!(items)),
            prop::collection::hash_map("[a-z\"\\\\]{0,4}", inner, 0..5)
                .prop_map(|members| json!(members)),
        ]
    });
    (prop::collection::hash_map("[a-z\"\\\\é]{0,5}", value, 0..8), any::<bool>()).prop_map(
        |(members, pretty)| {
            let value = json!(members);
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            (value, text)
        },
    )
}

proptest! {
    #[test]
    fn where_the_text_is_cut_does_not_show((_, text) in objects(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let whole = Scanner::scan(text.as_bytes()).unwrap();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.sort_unstable();
        places.push(text.len());
        let mut scanner = Scanner::default();
        let mut from = 0;
        for to in places {
            scanner.feed(&text.as_bytes()[from..to]).unwrap();
            from = to;
        }
        let pieces = scanner.finish().unwrap();
        prop_assert_eq!(whole.iter().collect::<Vec<_>>(), pieces.iter().collect::<Vec<_>>());
    }

    #[test]
    fn what_is_found_is_what_a_parser_finds((value, text) in objects()) {
        let object = Object::scan(text.as_bytes()).unwrap();
        let found: serde_json::Map<String, serde_json::Value> = object
            .iter()
            .map(|(key, value)| (key.into_owned(), serde_json::from_slice(value.raw).unwrap()))
            .collect();
        prop_assert_eq!(serde_json::Value::Object(found), value);
    }

    #[test]
    fn edits_do_what_they_do_to_a_tree((value, text) in objects(), seeds in prop::collection::vec(0u8..4, 8), insert in any::<bool>()) {
        let object = Object::scan(text.as_bytes()).unwrap();
        let mut tree = value.as_object().unwrap().clone();
        let mut edits = Edits::default();
        for ((key, member), seed) in object.iter().zip(&seeds) {
            match seed {
                1 => {
                    edits.remove(member.index);
                    tree.shift_remove(&*key);
                }
                2 => {
                    edits.replace(member.index, b"[\"new\"]".as_slice());
                    tree.insert(key.into_owned(), json!(["new"]));
                }
                3 => {
                    let name = format!("{key}2");
                    edits.rename(member.index, name.clone());
                    let value = tree.shift_remove(&*key).unwrap();
                    tree.insert(name, value);
                }
                _ => {}
            }
        }
        if insert {
            edits.insert("INSERTED", b"1".as_slice());
            tree.insert("INSERTED".to_owned(), json!(1));
        }
        let out = edits.apply(&object);
        let parsed: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(parsed, serde_json::Value::Object(tree));
        if edits.is_empty() {
            prop_assert_eq!(out, text.into_bytes());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}\",:a\\\\ ]{0,40}") {
        let _ = Scanner::scan(&bytes);
        let _ = Scanner::scan(text.as_bytes());
        let _ = Scanner::scan(format!("{{{text}").as_bytes());
    }
}

#[test]
fn elements_of_arrays_are_found() {
    let raw = |text: &str| -> Vec<String> {
        let text = text.as_bytes();
        Elements::of(text).map(|e| String::from_utf8(e.raw.to_vec()).unwrap()).collect()
    };
    assert_eq!(
        raw(r#"[ {"a":[1,"]"]} , "x,\"y" ,[2,[3]],-1.5, null,true]"#),
        [r#"{"a":[1,"]"]}"#, r#""x,\"y""#, "[2,[3]]", "-1.5", "null", "true"]
    );
    assert_eq!(raw("[]"), [""; 0]);
    assert_eq!(raw("{}"), [""; 0]);
    assert_eq!(raw("[1,[2"), ["1"]);
}

proptest! {
    #[test]
    fn elements_are_those_that_a_parser_finds((value, text) in objects()) {
        let values: Vec<_> = value.as_object().unwrap().values().cloned().collect();
        let object = Object::scan(text.as_bytes()).unwrap();
        let mut array = b"[".to_vec();
        for (_, value) in object.iter() {
            if array.len() > 1 {
                array.extend_from_slice(b" , ");
            }
            array.extend_from_slice(value.raw);
        }
        array.push(b']');
        let found: Vec<serde_json::Value> =
            Elements::of(&array).map(|e| serde_json::from_slice(e.raw).unwrap()).collect();
        prop_assert_eq!(found, values);
    }
}

#[test]
fn the_first_of_each_name_is_found_in_one_go_however_it_is_spelt() {
    let text = br#"{"b":1,"a":2,"b":3,"\u0063":4,"A":5,"\ud800":6,"e":null}"#;
    let object = Object::scan(text).unwrap();
    let values = object.firsts(["a", "b", "c", "d", "A", "e"]);
    let raw = values.map(|value| value.map(|value| (value.index, value.raw)));
    let expected: [Option<(usize, &[u8])>; 6] = [
        Some((1, b"2")),
        Some((0, b"1")),
        Some((3, b"4")),
        None,
        Some((4, b"5")),
        Some((6, b"null")),
    ];
    assert_eq!(raw, expected);
    assert_eq!(object.first("b").unwrap().raw, b"1");
}
