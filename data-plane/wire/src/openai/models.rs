use crate::json::{Elements, Object, Value};

/// A model of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// By what requests name it.
    pub id: Box<str>,
    /// When it was made, in seconds since 1970, where the list says so.
    pub created: Option<u64>,
}

/// The models of a list, in the shapes that vendors give: `{"data": […]}`, `{"models": […]}`, or the
/// array alone. `None` when it is none of them.
pub fn read_models(body: &[u8]) -> Option<Vec<ListedModel>> {
    let body = body.trim_ascii();
    let models = if body.first() == Some(&b'[') {
        Elements::of(body)
    } else {
        let list = Object::scan(body).ok()?;
        Elements::of(list.first("data").or_else(|| list.first("models"))?.raw)
    };
    Some(models.filter_map(|model| read(&model)).collect())
}

fn read(model: &Value<'_>) -> Option<ListedModel> {
    let model = model.object()?;
    let text = |name: &str| model.first(name)?.text().filter(|text| !text.is_empty());
    let id = text("id").or_else(|| text("name"))?;
    let created = model.first("created").and_then(|created| created.number());
    Some(ListedModel { id: (*id).into(), created })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_the_shapes_that_vendors_give() {
        let ids = |text: &str| -> Option<Vec<String>> {
            let models = read_models(text.as_bytes())?;
            Some(models.into_iter().map(|model| model.id.into()).collect())
        };
        let own = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        let openai = r#"{"object":"list","data":[{"id":"a","created":1},{"id":"b"},{"x":1}]}"#;
        assert_eq!(ids(openai), own(&["a", "b"]));
        assert_eq!(read_models(openai.as_bytes()).unwrap()[0].created, Some(1));
        assert_eq!(ids(r#" [{"id":"a"}] "#), own(&["a"]));
        assert_eq!(ids(r#"{"models":[{"name":"a"}]}"#), own(&["a"]));
        assert_eq!(ids("<html>"), None);
        assert_eq!(ids("{}"), None);
    }
}
