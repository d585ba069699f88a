//! Filters and pages.

use super::*;

async fn names<S>(fixture: &Fixture<S>, query: &str) -> (u64, Vec<String>)
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let answer = fixture.call("GET", &format!("/routes{query}"), &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    let list = json["list"].as_array().unwrap().iter();
    let id = |one: &Value| {
        let value = one.get("value").unwrap_or(one);
        value["id"].as_str().unwrap().to_owned()
    };
    (json["total"].as_u64().unwrap(), list.map(id).collect())
}

#[actix_web::test]
async fn lists_are_filtered_ordered_and_cut() {
    let fixture = fixture().await;
    assert_eq!(names(&fixture, "").await, (0, vec![]));
    fixture.made("/services/s", &json!({})).await;
    fixture.made("/upstreams/u", &json!({"nodes": {"127.0.0.1:80": 1}})).await;
    for n in (0..12).rev() {
        fixture.clock.advance(1_000);
        let mut route = json!({"uri": format!("/n{n}"), "service_id": "s"});
        if n < 2 {
            route = json!({
                "uris": ["/x", format!("/n{n}")], "name": format!("name {n}"),
                "labels": {"env": "prod"}, "upstream_id": "u",
            });
        }
        fixture.made(&format!("/routes/r{n:02}"), &route).await;
    }
    let ids = |list: &[u8]| list.iter().map(|n| format!("r{n:02}")).collect::<Vec<_>>();
    let (total, all) = names(&fixture, "").await;
    assert_eq!((total, all), (12, ids(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0])));
    for (query, expected) in [
        ("?name=name", ids(&[1, 0])),
        ("?name=e%200$", ids(&[0])),
        ("?label=env", ids(&[1, 0])),
        ("?label=none", vec![]),
        ("?uri=n1$", ids(&[1])),
        ("?filter=upstream_id%3Du", ids(&[1, 0])),
        ("?filter=service_id%3Ds%26upstream_id%3Du", vec![]),
        ("?filter=other%3Ds&name=name", ids(&[1, 0])),
        ("?gateway_group_id=default&service_id=s&direction=asc&search=R11", ids(&[11])),
    ] {
        let total = expected.len() as u64;
        assert_eq!(names(&fixture, query).await, (total, expected), "{query}");
    }
    assert_eq!(names(&fixture, "?page=2&page_size=10").await, (12, ids(&[1, 0])));
    assert_eq!(names(&fixture, "?page=0&page_size=10").await.1.len(), 10);
    assert_eq!(names(&fixture, "?page=9&page_size=10").await, (12, vec![]));
    assert_eq!(names(&fixture, "?page=1").await.1.len(), 12);
    let api7 = "?gateway_group_id=default&page=1&page_size=2";
    assert_eq!(names(&fixture, api7).await, (12, ids(&[0, 1])), "the newest first");
    let wrong = fixture.call("GET", "/routes?page=1&page_size=9", &Value::Null).await;
    assert_eq!((wrong.status, wrong.text()), (400, "page_size must be between 10 and 500"));
}

#[actix_web::test]
async fn lists_have_the_envelope_of_whoever_asks() {
    let fixture = fixture().await;
    fixture.made("/consumers", &json!({"username": "jack"})).await;
    let list = fixture.call("GET", "/consumers", &Value::Null).await.json();
    assert_eq!(list["list"][0]["key"], "/apisix/consumers/jack");
    assert_eq!(list["list"][0]["value"]["username"], "jack");
    let list =
        fixture.call("GET", "/consumers?gateway_group_id=default", &Value::Null).await.json();
    assert_eq!(list["list"][0]["username"], "jack");
}
