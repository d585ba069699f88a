use serde_json::{Map, Value, json};

use super::{Scope, field};

/// What is known of a request, as templates see it: names of headers in lower case, the first of
/// several values, and no credential that must not travel on.
pub(crate) fn request_json(scope: &Scope<'_>) -> Value {
    let exchange = scope.exchange;
    let text = |name: &str| field::find(name, scope).map_or(Value::Null, Into::into);
    let headers: Map<String, Value> = exchange
        .request
        .headers()
        .keys()
        .filter_map(|name| Some((name.as_str().to_owned(), scope.header(name.as_str())?.into())))
        .collect();
    let query = exchange.query().unwrap_or_default();
    let mut parameters = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        parameters.entry(name).or_insert_with(|| value.into());
    }
    json!({
        "snowflake": exchange.request_id.as_str(),
        "route": field::route(scope),
        "apikey": exchange.key.as_deref().map(field::key_json),
        "user": null,
        "request": {
            "id": exchange.request_id.as_str(),
            "method": text("req.method"),
            "uri": text("req.uri"),
            "path": text("req.path"),
            "host": text("req.host"),
            "domain": text("req.domain"),
            "protocol": text("req.protocol"),
            "version": text("req.version"),
            "ip": text("req.ip"),
            "headers": headers,
            "query": parameters
        }
    })
}
