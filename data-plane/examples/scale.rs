//! What a large configuration costs: loading it, holding it, changing it, asking it.
//!
//! `cargo run --release -p sanmon-data-plane --example scale -- [routes] [apikeys]`

use std::hint::black_box;
use std::io::{Write as _, stdout};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, Uri};
use sanmon_data_plane::plugin::BuildContext;
use sanmon_data_plane::router::RouteQuery;
use sanmon_data_plane::snapshot::Snapshot;
use sanmon_shared::reference::Nowhere;
use sanmon_shared::secret::{HashedSecret, bearer};
use sanmon_shared::{Change, Head, Kind};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn change(plural: &str, id: &str, document: &Value) -> Change {
    let after = to_raw_value(document).ok().map(Arc::from);
    Change { kind: Kind::named(plural), id: id.into(), before: None, after }
}

fn route(index: usize) -> Change {
    let id = format!("route_{index:08}");
    let document = json!({
        "id": id,
        "name": format!("route {index}"),
        "frontend": {"domains": [format!("tenant-{}.example.com/team-{}", index % 10_000, index)]},
        "backend": {"targets": [{"hostname": "request.otoroshi.io", "port": 443, "tls": true}]},
        "plugins": [
            {"plugin": "cp:otoroshi.next.plugins.OverrideHost"},
            {"plugin": "apikeys"},
            {"plugin": "cors", "config": {"allow_origin": "https://app.example.com"}}
        ]
    });
    change("routes", &id, &document)
}

fn apikey(index: usize, stored: &str) -> Change {
    let id = format!("client{index:010}");
    let document = json!({
        "clientId": id,
        "clientSecret": stored,
        "clientName": format!("application {index}"),
        "authorizedEntities": ["group_default"]
    });
    change("apikeys", &id, &document)
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn say(text: &str) {
    // Nobody is left to tell when standard output is gone.
    let _ = writeln!(stdout(), "{text}");
}

/// Nanoseconds of one of `times` calls.
fn nanos(times: u32, mut call: impl FnMut(u32)) -> u128 {
    let began = Instant::now();
    (0..times).for_each(&mut call);
    began.elapsed().as_nanos() / u128::from(times)
}

fn main() {
    let mut counts = std::env::args().skip(1).filter_map(|count| count.parse::<usize>().ok());
    let routes = counts.next().unwrap_or(100_000);
    let apikeys = counts.next().unwrap_or(1_000_000);
    let context = BuildContext { owner: "scale", seal: None, elsewhere: &Nowhere, targets: None };
    let stored = HashedSecret::store("client", "secret-secret", None);
    let mut snapshot = Arc::new(Snapshot::empty(Head::empty("scale")));

    for (what, count) in [("routes", routes), ("apikeys", apikeys)] {
        let before = resident();
        let began = Instant::now();
        let mut edit = snapshot.edit();
        drop(snapshot);
        let mut making = std::time::Duration::ZERO;
        for index in 0..count {
            let made = Instant::now();
            let change = if what == "routes" { route(index) } else { apikey(index, &stored) };
            making += made.elapsed();
            edit.apply(&change, 1, &context);
        }
        let (next, refusals) = edit.finish(Head::empty("scale"));
        snapshot = Arc::new(next);
        let bytes = resident().saturating_sub(before);
        let per = bytes / u64::try_from(count.max(1)).unwrap_or(1);
        let took = began.elapsed().saturating_sub(making);
        say(&format!(
            "{count} {what}: loaded in {took:?}, {per} bytes each, {} refused, {} MiB resident",
            refusals.len(),
            resident() >> 20,
        ));
    }

    let at = |index: u32, count: usize| (index as usize).wrapping_mul(7_919) % count.max(1);
    for (what, count) in [("route", routes), ("apikey", apikeys)] {
        let mut worst = 0;
        let mean = nanos(2_000, |index| {
            let index = at(index, count);
            let change = if what == "route" { route(index) } else { apikey(index, &stored) };
            let began = Instant::now();
            let mut edit = snapshot.edit();
            edit.apply(&change, 2, &context);
            let (next, _) = edit.finish(Head::empty("scale"));
            snapshot = Arc::new(next);
            worst = worst.max(began.elapsed().as_micros());
        });
        say(&format!("one changed {what}: {} µs, at worst {worst} µs", mean / 1000));
    }

    let (headers, uri) = (HeaderMap::new(), Uri::default());
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let asked: Vec<(String, String)> = (0..10_000)
        .map(|index| at(index, routes))
        .map(|i| (format!("tenant-{}.example.com", i % 10_000), format!("/team-{i}/v1/models")))
        .collect();
    let find = nanos(1_000_000, |index| {
        let (host, path) = &asked[index as usize % asked.len()];
        let (uri, method, headers) = (&uri, &Method::POST, &headers);
        let query = RouteQuery { host, path, uri, method, headers, client, secure: false };
        black_box(snapshot.candidates(query).next().is_some());
    });
    let ids: Vec<String> =
        (0..10_000).map(|index| format!("client{:010}", at(index, apikeys))).collect();
    let look_up = nanos(1_000_000, |index| {
        black_box(snapshot.apikey(&ids[index as usize % ids.len()]).is_some());
    });
    let shown = bearer("client", "secret-secret");
    let prove = nanos(1_000_000, |index| {
        let key = snapshot.apikey(&ids[index as usize % ids.len()]);
        black_box(key.is_some_and(|key| key.is_bearer(shown.as_bytes())));
    });
    say(&format!(
        "a route found: {find} ns; a key found: {look_up} ns; found and proved: {prove} ns"
    ));
}
