//! Writes answers: JSON, a line per document, YAML, or YAML as Kubernetes has it, by what the caller
//! accepts. JSON wins where it is accepted at all.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde_json::{Value, json};

use super::kinds::Kind;
use crate::admin::parts::{
    ApiError, Code, Query, STALE, bad_parameter,
    list::{self, Path},
};

/// How many pages a list has; -1 where there is no list.
const PAGES: HeaderName = HeaderName::from_static("x-pages");

/// In which form an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Lines,
    Yaml,
    Kubernetes,
}

impl Form {
    fn wanted(request: &HttpRequest) -> Self {
        let mut first = None;
        for value in request.headers().get_all(header::ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                let essence = range.split(';').next().unwrap_or_default().trim();
                match essence.to_ascii_lowercase().as_str() {
                    "*/*" | "application/*" | "application/json" => return Self::Json,
                    "application/x-ndjson" => first = first.or(Some(Self::Lines)),
                    "application/yaml" | "application/yml" => first = first.or(Some(Self::Yaml)),
                    "application/yaml+k8s" | "application/yml+k8s" => {
                        first = first.or(Some(Self::Kubernetes));
                    }
                    _ => {}
                }
            }
        }
        first.unwrap_or(Self::Json)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/x-ndjson",
            Self::Yaml | Self::Kubernetes => "application/yaml",
        }
    }
}

/// An answer that is being made.
pub(super) struct Answer {
    form: Form,
    pretty: bool,
    envelope: bool,
    fields: Vec<Path>,
    builder: HttpResponseBuilder,
}

impl Answer {
    /// An answer as the caller wants it. Takes `pretty`, `envelope` and `fields` out of the query.
    pub(super) fn to(request: &HttpRequest, query: &mut Query) -> Result<Self, ApiError> {
        let pretty = match query.one("pretty")? {
            None => true,
            Some(text) => text != "false",
        };
        let envelope = query.flag("envelope")?;
        let fields = list::listed(query.one("fields")?)
            .map(|name| list::path(&name).ok_or_else(|| bad_parameter("fields", "names no member")))
            .collect::<Result<Vec<_>, _>>()?;
        let mut builder = HttpResponse::Ok();
        builder.insert_header((header::VARY, "accept"));
        Ok(Self { form: Form::wanted(request), pretty, envelope, fields, builder })
    }

    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.builder.status(status);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.builder.insert_header((name, value));
        self
    }

    /// Says that the store could not confirm what is read.
    pub(super) fn stale(mut self, stale: bool) -> Self {
        if stale {
            self.builder.insert_header((STALE, "true"));
        }
        self
    }

    /// A document of this kind, as [`super::document::shown`] made it.
    pub(super) fn document(
        mut self,
        kind: &Kind,
        document: Value,
    ) -> Result<HttpResponse, ApiError> {
        self.pages(-1);
        let document = self.projected(document);
        let document =
            if self.form == Form::Kubernetes { kubernetes(kind, &document) } else { document };
        self.value(document)
    }

    /// A part of a list that has so many pages.
    pub(super) fn list(
        mut self,
        kind: &Kind,
        documents: Vec<Value>,
        pages: usize,
    ) -> Result<HttpResponse, ApiError> {
        self.pages(i64::try_from(pages).unwrap_or(i64::MAX));
        let documents = documents.into_iter().map(|document| self.projected(document));
        match self.form {
            Form::Lines => {
                let mut text = String::new();
                for document in documents {
                    text.push_str(&document.to_string());
                    text.push('\n');
                }
                Ok(self.builder.content_type(self.form.media_type()).body(text))
            }
            Form::Kubernetes => {
                let documents: Value =
                    documents.map(|document| kubernetes(kind, &document)).collect();
                self.value(documents)
            }
            Form::Json | Form::Yaml => {
                let documents = documents.collect();
                self.value(documents)
            }
        }
    }

    /// Something that is no document.
    pub(super) fn value(mut self, value: Value) -> Result<HttpResponse, ApiError> {
        let failed = |error: &dyn std::fmt::Display| {
            ApiError::new(Code::Internal, "the answer cannot be written").cause(error)
        };
        let value = if self.envelope { json!({"data": value}) } else { value };
        let text = match self.form {
            Form::Yaml | Form::Kubernetes => {
                serde_saphyr::to_string(&value).map_err(|error| failed(&error))?
            }
            Form::Json if self.pretty => {
                serde_json::to_string_pretty(&value).map_err(|error| failed(&error))?
            }
            Form::Json | Form::Lines => value.to_string(),
        };
        Ok(self.builder.content_type(self.form.media_type()).body(text))
    }

    fn projected(&self, document: Value) -> Value {
        if self.fields.is_empty() { document } else { list::project(&document, &self.fields) }
    }

    fn pages(&mut self, pages: i64) {
        if self.form != Form::Yaml {
            self.builder.insert_header((PAGES, pages.to_string()));
        }
    }
}

/// The document as an object of Kubernetes. Otoroshi has one group for all of its kinds.
fn kubernetes(kind: &Kind, document: &Value) -> Value {
    let name = ["name", "clientName", "id", "clientId"]
        .iter()
        .filter_map(|member| document.get(member).and_then(Value::as_str))
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    json!({
        "apiVersion": "proxy.otoroshi.io/v1",
        "kind": kind.name,
        "metadata": {"name": name},
        "spec": document,
    })
}
