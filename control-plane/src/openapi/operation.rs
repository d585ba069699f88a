//! One operation of the document, built in the order in which it is read.

use serde_json::{Map, Value, json};

use super::components::error_name;

/// One operation.
pub(super) struct Operation {
    members: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

/// `{"$ref": "#/components/schemas/<name>"}`.
pub(super) fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A list of these.
pub(super) fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// What is answered to whoever has a key that may read.
const KEYED: &[u16] = &[400, 401, 406, 429, 500, 503];

impl Operation {
    /// An operation that needs no key.
    pub(super) fn open(id: &str, tag: &str, summary: &str) -> Self {
        let mut operation = Self::bare(id, tag, summary);
        operation.members.insert("security".to_owned(), json!([]));
        operation
    }

    /// One that needs an admin's key.
    pub(super) fn keyed(id: &str, tag: &str, summary: &str) -> Self {
        Self::bare(id, tag, summary).errors(KEYED)
    }

    /// One that needs the key of an admin who may write, takes what all writes take, and may be
    /// answered as they are.
    pub(super) fn write(id: &str, tag: &str, summary: &str) -> Self {
        let mut operation = Self::keyed(id, tag, summary).errors(&[403, 404, 409, 422]);
        for name in ["dry_run", "wait", "timeout", "message", "message_header"] {
            operation = operation.parameter(name);
        }
        operation.answer(
            202,
            "Stored, and not all live data planes run it: some are late, refused a document, or \
             none is alive",
            &schema("WriteResult"),
            None,
        )
    }

    fn bare(id: &str, tag: &str, summary: &str) -> Self {
        let mut members = Map::new();
        members.insert("operationId".to_owned(), json!(id));
        members.insert("tags".to_owned(), json!([tag]));
        members.insert("summary".to_owned(), json!(summary));
        Self { members, parameters: Vec::new(), responses: Map::new() }
    }

    /// More than the summary says.
    pub(super) fn about(mut self, text: &str) -> Self {
        self.members.insert("description".to_owned(), json!(text));
        self
    }

    /// One of the document's parameters.
    pub(super) fn parameter(mut self, name: &str) -> Self {
        self.parameters.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        self
    }

    /// A part of the path.
    pub(super) fn path(mut self, name: &str, about: &str, schema: &Value) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": schema,
        }));
        self
    }

    /// A query parameter of this operation alone.
    pub(super) fn query(mut self, name: &str, about: &str, schema: &Value) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "query", "description": about, "schema": schema,
        }));
        self
    }

    /// A body of these media types, each with schema and example.
    pub(super) fn body(mut self, content: &[(&str, Value, Value)]) -> Self {
        let content: Map<_, _> = content
            .iter()
            .map(|(media, schema, example)| {
                ((*media).to_owned(), json!({"schema": schema, "example": example}))
            })
            .collect();
        self.members
            .insert("requestBody".to_owned(), json!({"required": true, "content": content}));
        self.errors(&[408, 413, 415, 422])
    }

    /// A body that is one document, in JSON or YAML.
    pub(super) fn document(self, schema: &Value, example: &Value) -> Self {
        self.body(&[
            ("application/json", schema.clone(), example.clone()),
            ("application/yaml", schema.clone(), example.clone()),
        ])
    }

    /// A body of lines.
    pub(super) fn lines(self, about: &str, example: &str) -> Self {
        let lines = json!({"type": "string", "description": about});
        self.body(&[("application/x-ndjson", lines, json!(example))])
    }

    /// An answer with a document, in JSON or YAML.
    pub(super) fn answer(
        self,
        status: u16,
        about: &str,
        schema: &Value,
        example: Option<&Value>,
    ) -> Self {
        let mut media = json!({"schema": schema});
        if let (Some(media), Some(example)) = (media.as_object_mut(), example) {
            media.insert("example".to_owned(), example.clone());
        }
        let content = json!({"application/json": media, "application/yaml": media});
        self.raw(status, about, Some(content), &[])
    }

    /// An answer with this content and these headers.
    pub(super) fn raw(
        mut self,
        status: u16,
        about: &str,
        content: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Self {
        let mut response = Map::new();
        response.insert("description".to_owned(), json!(about));
        let headers: Map<_, _> = headers
            .iter()
            .map(|(name, about)| {
                let header = json!({"description": about, "schema": {"type": "string"}});
                ((*name).to_owned(), header)
            })
            .collect();
        if !headers.is_empty() {
            response.insert("headers".to_owned(), Value::Object(headers));
        }
        if let Some(content) = content {
            response.insert("content".to_owned(), content);
        }
        self.responses.insert(status.to_string(), Value::Object(response));
        self
    }

    /// Adds headers to an answer that is there.
    pub(super) fn headers(mut self, status: u16, headers: &[(&str, &str)]) -> Self {
        if let Some(response) =
            self.responses.get_mut(&status.to_string()).and_then(Value::as_object_mut)
        {
            let all = response.entry("headers").or_insert_with(|| Value::Object(Map::new()));
            for (name, about) in headers {
                if let Some(all) = all.as_object_mut() {
                    let header = json!({"description": about, "schema": {"type": "string"}});
                    all.insert((*name).to_owned(), header);
                }
            }
        }
        self
    }

    /// Problem documents with these statuses.
    pub(super) fn errors(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            let name = error_name(*status);
            self.responses.insert(
                status.to_string(),
                json!({"$ref": format!("#/components/responses/{name}")}),
            );
        }
        self
    }

    /// The whole.
    pub(super) fn build(mut self) -> Value {
        if !self.parameters.is_empty() {
            self.members.insert("parameters".to_owned(), Value::Array(self.parameters));
        }
        self.responses.sort_keys();
        self.members.insert("responses".to_owned(), Value::Object(self.responses));
        // A body reads better before the answers.
        if let Some(body) = self.members.shift_remove("requestBody")
            && let Some(responses) = self.members.shift_remove("responses")
        {
            self.members.insert("requestBody".to_owned(), body);
            self.members.insert("responses".to_owned(), responses);
        }
        Value::Object(self.members)
    }
}
