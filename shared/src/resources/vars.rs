use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Conditions on variables of a request, as APISIX writes them; the data plane says what is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vars(pub Vec<Value>);

const ABOUT: &str = "\
Conditions that all hold: `[variable, operator, value]`, with `\"!\"` before the operator for its \
opposite; or lists of them that begin with `AND`, `OR`, `!AND` or `!OR`.

Operators: `==`, `~=`, `>`, `>=`, `<`, `<=`, `~~` and `~*` (regular expressions that match anywhere, \
`~*` whatever the case), `in` (one of a list), `has` (one of the variable's values), `ipmatch` \
(addresses and networks).

Variables: `arg_<parameter>`, `http_<header>`, `cookie_<name>`, `uri`, `request_uri`, `query_string`, \
`host`, `scheme`, `request_method`, `remote_addr`, `post_arg.<path>` (a member of a JSON body) and \
`post_arg_<name>` (a field of a form). One that the request lacks is `null`. The body is only read \
where nothing else decides.";

impl PartialSchema for Vars {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
        ArrayBuilder::new()
            .items(any)
            .description(Some(ABOUT))
            .examples([json!([
                ["post_arg.model", "==", "gpt-4"],
                ["OR", ["http_x_team", "in", ["a", "b"]], ["remote_addr", "ipmatch", "10.0.0.0/8"]]
            ])])
            .into()
    }
}

impl ToSchema for Vars {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Vars")
    }
}
