//! Lists over HTTP: pages, order, filters, members.

use serde_json::{Value, json};

use super::fixture::{Answered, fixture};

/// The `after` of the next page.
fn next(answered: &Answered) -> Option<String> {
    let link = answered.header("link");
    let url = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(url.to_owned())
}

#[actix_web::test]
async fn pages_have_every_document_once_whatever_the_order() {
    let fixture = fixture().await;
    for n in 0..23 {
        let backend = json!({"name": format!("n{}", n % 5), "backend": {},
            "metadata": {"even": (n % 2 == 0).to_string()}});
        let path = format!("/apis/v1/backends/b{n:02}");
        assert_eq!(fixture.put(&path).json(&backend).await.status, 201);
    }
    for (query, total) in [
        ("limit=5", 23),
        ("limit=5&sort=name", 23),
        ("limit=7&sort=-name,id", 23),
        ("limit=4&filter.metadata.even=true", 12),
        ("limit=1&sort=-metadata.even&filter.name=n1&filter.name=n2", 10),
    ] {
        let mut path = format!("/apis/v1/backends?fields=id,name&{query}");
        let mut found: Vec<Value> = Vec::new();
        loop {
            let page = fixture.get(&path).send().await;
            assert_eq!(page.status, 200, "{path}: {}", page.text());
            assert_eq!(page.header("x-total-count"), total.to_string());
            found.extend(page.json().as_array().unwrap().clone());
            match next(&page) {
                Some(next) => path = next,
                None => break,
            }
        }
        let mut ids: Vec<_> = found.iter().map(|one| one["id"].to_string()).collect();
        assert_eq!(ids.len(), total, "{query}");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), total, "{query}");
        if query.contains("sort=name") {
            assert!(found.is_sorted_by_key(|one| one["name"].to_string()), "{found:?}");
        }
    }
}

#[actix_web::test]
async fn what_is_written_between_pages_shifts_nothing() {
    let fixture = fixture().await;
    for id in ["b", "d", "f"] {
        let path = format!("/apis/v1/backends/{id}");
        assert_eq!(fixture.put(&path).json(&json!({"backend": {}})).await.status, 201);
    }
    let first = fixture.get("/apis/v1/backends?limit=2").send().await;
    assert_eq!(fixture.delete("/apis/v1/backends/d").send().await.status, 204);
    assert_eq!(fixture.put("/apis/v1/backends/a").json(&json!({"backend": {}})).await.status, 201);
    let second = fixture.get(&next(&first).unwrap()).send().await;
    assert_eq!(second.json()[0]["id"], "f");
    assert_eq!(second.json().as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn yaml_goes_in_and_out() {
    let fixture = fixture().await;
    let yaml = "name: billing\nbackend:\n  targets:\n    - hostname: \"yes\"\n      port: 80\n";
    let ask = fixture.put("/apis/v1/backends/b").header("accept", "application/yaml");
    let made = ask.bytes("application/yaml", yaml).await;
    assert_eq!((made.status, made.header("content-type")), (201, "application/yaml"));
    let read = fixture.get("/apis/v1/backends/b").send().await.json();
    assert_eq!(read["backend"]["targets"][0], json!({"hostname": "yes", "port": 80}));
    let again = fixture.put("/apis/v1/backends/b").bytes("text/yaml", made.body.clone()).await;
    assert_eq!((again.status, again.header("etag")), (200, made.header("etag")));
    let list = fixture.get("/apis/v1/backends").header("accept", "text/yaml").send().await;
    assert!(list.text().contains("hostname: \"yes\"") || list.text().contains("hostname: 'yes'"));
}
