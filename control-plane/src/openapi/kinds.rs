//! The paths of every kind.

use sanmon_shared::{EachResource, Resource};
use serde_json::{Map, Value, json};

use super::insert;
use super::operation::{Operation, list, schema};
use crate::admin::BASE;

/// Describes every kind.
#[derive(Default)]
pub(super) struct SpecBuilder {
    pub(super) paths: Map<String, Value>,
    pub(super) tags: Vec<Value>,
}

impl EachResource for SpecBuilder {
    fn visit<R: Resource>(&mut self) {
        self.tags.push(json!({"name": R::PLURAL, "description": R::ABOUT}));
        let kind = Described::of::<R>();
        let (many, one, bulk) = (
            format!("{BASE}/{}", R::PLURAL),
            format!("{BASE}/{}/{{id}}", R::PLURAL),
            format!("{BASE}/{}/_bulk", R::PLURAL),
        );
        let mut add = |path: &str, method: &str, operation: Operation| {
            insert(&mut self.paths, path, method, operation.build());
        };
        add(&many, "get", kind.list());
        add(&many, "post", kind.create());
        add(&one, "get", kind.read());
        add(&one, "put", kind.put());
        add(&one, "patch", kind.patch());
        add(&one, "delete", kind.delete());
        for (method, word, about, line) in kind.bulk() {
            add(&bulk, method, kind.bulk_operation(word, about, &line));
        }
    }
}

/// What the operations of a kind say of it.
struct Described {
    plural: &'static str,
    title: &'static str,
    id_field: &'static str,
    schema: Value,
    example: Value,
    /// The example as an answer has it.
    stored: Value,
}

impl Described {
    fn of<R: Resource>() -> Self {
        let example = R::example();
        let mut stored = Map::new();
        stored.insert(R::ID_FIELD.to_owned(), json!(Self::example_id::<R>()));
        stored.extend(example.as_object().cloned().unwrap_or_default());
        Self {
            plural: R::PLURAL,
            title: R::TITLE,
            id_field: R::ID_FIELD,
            schema: schema(R::TITLE),
            example,
            stored: Value::Object(stored),
        }
    }

    fn example_id<R: Resource>() -> String {
        match R::ID_PREFIX {
            "" => "example".to_owned(),
            prefix => format!("{prefix}_example"),
        }
    }

    fn keyed(&self, verb: &str, summary: &str) -> Operation {
        Operation::keyed(&format!("{verb}{}", self.title), self.plural, summary)
    }

    fn write(&self, verb: &str, summary: &str) -> Operation {
        Operation::write(&format!("{verb}{}", self.title), self.plural, summary)
    }

    fn with_id(&self, operation: Operation) -> Operation {
        let about = format!("The `{}` of the document", self.id_field);
        operation.path("id", &about, &json!({"type": "string", "minLength": 1}))
    }

    fn list(&self) -> Operation {
        let mut operation = Operation::keyed(
            &format!("list{}s", self.title),
            self.plural,
            &format!("List {}", self.plural),
        );
        for name in ["limit", "after", "sort", "filter", "fields"] {
            operation = operation.parameter(name);
        }
        let example = json!([self.stored]);
        operation.answer(200, "A page", &list(&self.schema), Some(&example)).headers(
            200,
            &[
                ("Link", "The next page, as `<…>; rel=\"next\"`, where there is one"),
                ("X-Total-Count", "How many pass the filters, on all pages"),
                ("X-Sanmon-Revision", "At which revision of the configuration"),
                ("X-Sanmon-Stale", "`true` where the store could not be asked for newer ones"),
            ],
        )
    }

    fn create(&self) -> Operation {
        self.write("create", "Create one")
            .about("The id is the document's, or generated.")
            .parameter("if_none_match")
            .document(&self.schema, &self.example)
            .answer(200, "The plan of a dry run", &schema("WriteResult"), None)
            .answer(201, "Created", &self.schema, Some(&self.stored))
            .headers(201, WRITTEN)
            .headers(201, &[("Location", "The path of the document")])
            .errors(&[412])
    }

    fn read(&self) -> Operation {
        self.with_id(self.keyed("get", "Read one"))
            .parameter("fields")
            .parameter("if_none_match")
            .answer(200, "The document", &self.schema, Some(&self.stored))
            .headers(200, &[("ETag", "The revision that wrote it last")])
            .raw(304, "The caller has it already", None, &[])
            .errors(&[404])
    }

    fn put(&self) -> Operation {
        let either = json!({"anyOf": [self.schema, schema("WriteResult")]});
        self.with_id(self.write("put", "Create or replace one"))
            .parameter("if_match")
            .parameter("if_none_match")
            .document(&self.schema, &self.example)
            .answer(200, "Replaced, or the plan of a dry run", &either, Some(&self.stored))
            .headers(200, WRITTEN)
            .answer(201, "Created", &self.schema, Some(&self.stored))
            .headers(201, WRITTEN)
            .errors(&[412])
    }

    fn patch(&self) -> Operation {
        let either = json!({"anyOf": [self.schema, schema("WriteResult")]});
        let merge = json!({"type": "object"});
        let example = json!({"metadata": {"team": "a"}});
        let operations = schema("JsonPatch");
        let operations_example =
            json!([{"op": "add", "path": "/metadata", "value": {"team": "a"}}]);
        let any = json!({"anyOf": [merge, operations]});
        self.with_id(self.write("patch", "Change one"))
            .about(
                "By RFC 7396 (merge patch) or RFC 6902 (JSON Patch). In plain JSON or YAML, an \
                 object is a merge patch and a list a JSON Patch.",
            )
            .parameter("if_match")
            .parameter("if_none_match")
            .body(&[
                ("application/merge-patch+json", merge, example.clone()),
                ("application/json-patch+json", operations, operations_example),
                ("application/json", any.clone(), example.clone()),
                ("application/yaml", any, example),
            ])
            .answer(200, "Changed, or the plan of a dry run", &either, Some(&self.stored))
            .headers(200, WRITTEN)
            .errors(&[412])
    }

    fn delete(&self) -> Operation {
        let either = json!({"anyOf": [schema("DocumentResult"), schema("WriteResult")]});
        self.with_id(self.write("delete", "Delete one"))
            .about(
                "Refused with 409 while something refers to it. `force=true` deletes nevertheless, \
                 and lists the references that are then broken: calls that need them are answered \
                 503 `reference_missing`.",
            )
            .query("force", "Delete although something refers to it", &json!({"type": "boolean"}))
            .parameter("if_match")
            .parameter("if_none_match")
            .answer(200, "Deleted by force, or the plan of a dry run", &either, None)
            .raw(204, "Deleted", None, &[])
            .errors(&[412])
    }

    /// Method, word of the operation's id, what it does, an example line.
    fn bulk(&self) -> [(&'static str, &'static str, &'static str, Value); 4] {
        let id = self.stored.get(self.id_field).cloned().unwrap_or_default();
        let patch = json!({"id": id, "patch": {"metadata": {"team": "a"}}});
        [
            ("post", "Create", "Create many: a document per line", self.example.clone()),
            ("put", "Put", "Create or replace many: a document per line", self.stored.clone()),
            ("patch", "Patch", "Change many: `id` and `patch` per line", patch),
            ("delete", "Delete", "Delete many: `id` per line", json!({"id": id})),
        ]
    }

    fn bulk_operation(&self, word: &str, about: &str, line: &Value) -> Operation {
        let id = format!("bulk{word}{}s", self.title);
        let results = json!({"type": "string", "enum": ["all", "errors"], "default": "all"});
        let lines = json!({
            "type": "string",
            "description": "A `BulkLine` for each line of the body, then a `BulkSummary`.",
        });
        let content = json!({"application/x-ndjson": {"schema": lines}});
        let mut operation = Operation::write(&id, self.plural, about).about(
            "Each line is a write of its own, and each line of the answer says what came of it. Up \
             to 1,000 lines become one revision. The body is read as a stream of at most 1,000,000 \
             lines of at most 1 MiB each.",
        );
        if word == "Delete" {
            let force = json!({"type": "boolean"});
            operation =
                operation.query("force", "Delete although something refers to them", &force);
        }
        operation
            .query("results", "Which lines the answer has", &results)
            .lines("A JSON value per line", &format!("{line}\n"))
            .raw(200, "What came of each line", Some(content.clone()), &[])
            .raw(202, "The same, and not all live data planes run it", Some(content), &[])
    }
}

/// Headers of answers to writes.
const WRITTEN: &[(&str, &str)] = &[
    ("ETag", "The revision that wrote it last"),
    ("X-Sanmon-Revision", "At which revision the configuration stands"),
];
