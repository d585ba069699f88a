use socket2::{Domain, Socket, Type};

use super::*;

/// How long the time is that a case is about, in milliseconds. All others are long.
const TIME: u64 = 80;

/// What a target does, and which of the times ends that.
struct Case {
    what: &'static str,
    mood: Mood,
    streams: bool,
    /// In a provider's `connection`.
    of_provider: &'static str,
    /// In `timeouts` of a route's slot, and of a target.
    elsewhere: &'static str,
    /// Whether the caller has seen content by then.
    is_late: bool,
}

fn begun(pieces: &[&str]) -> Mood {
    let text = streamed(pieces);
    Mood::Says(text.strip_suffix("0\r\n\r\n").unwrap().replace("connection: close\r\n", ""))
}

fn cases() -> [Case; 4] {
    let (role, content) = (CHATS[0], CHATS[1]);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    [
        Case {
            what: "no first token",
            mood: begun(&[role]),
            streams: true,
            of_provider: "first_token_timeout",
            elsewhere: "first_token",
            is_late: false,
        },
        Case {
            what: "silence after content",
            mood: begun(&[role, content]),
            streams: true,
            of_provider: "idle_timeout",
            elsewhere: "idle",
            is_late: true,
        },
        Case {
            what: "half a whole answer",
            mood: Mood::Says(head.to_owned()),
            streams: false,
            of_provider: "timeout",
            elsewhere: "total",
            is_late: false,
        },
        Case {
            what: "a stream that takes too long",
            mood: begun(&[role, content]),
            streams: true,
            of_provider: "stream_timeout",
            elsewhere: "stream",
            is_late: true,
        },
    ]
}

/// Keeps connections open after what was said, which [`Target`] would close.
async fn holding(tasks: &Tasks, mood: &Mood) -> Upstream {
    let Mood::Says(text) = mood.clone() else { panic!("it says nothing") };
    Upstream::start(tasks, move |mut call, _| {
        let text = text.clone();
        async move {
            call.say(&text).await;
            call.closed().await;
        }
    })
    .await
}

/// A gateway where this time is set on the provider, the target of a pool, or the route's slot.
fn timed(upstream: std::net::SocketAddr, case: (&str, &str), place: &str) -> Gateway {
    let mut provider = json!({"id": "a", "name": "a", "provider": "openai-compatible",
        "connection": {"base_url": format!("http://{upstream}/v1")}, "options": {"model": "m"}});
    let (of_provider, elsewhere) = case;
    let mut target = json!({"ref": "a"});
    let mut config = json!({"refs": ["pool"]});
    match place {
        "provider" => provider["connection"][of_provider] = json!(TIME),
        "target" => target["timeouts"] = json!({elsewhere: TIME}),
        _ => config["timeouts"] = json!({elsewhere: TIME}),
    }
    let pool =
        json!({"id": "pool", "name": "pool", "provider": "loadbalancer", "targets": [target]});
    let route = json!({"id": "r1", "frontend": {"domains": []}, "plugins": [
        {"plugin": "openai-chat-completions", "config": config}]});
    gateway(vec![("providers", provider), ("providers", pool), ("routes", route)])
}

/// Asks, and says after which time the answer came.
async fn timed_ask(gateway: &Gateway, streams: bool, what: &str) -> Answer {
    let begun = Instant::now();
    let answer = ask(gateway, streams).await;
    let took = begun.elapsed();
    let soon = Duration::from_millis(TIME)..Duration::from_secs(5);
    assert!(soon.contains(&took), "{what}: {took:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn every_time_ends_what_it_is_for_wherever_it_is_set() {
    let tasks = Tasks::default();
    for case in cases() {
        let upstream = holding(&tasks, &case.mood).await;
        for place in ["provider", "target", "route"] {
            let what = format!("{} of the {place}", case.what);
            let times = (case.of_provider, case.elsewhere);
            let gateway = timed(upstream.address, times, place);
            let answer = timed_ask(&gateway, case.streams, &what).await;
            if case.is_late {
                assert_eq!(answer.status, 200, "{what}: {}", answer.body);
                assert!(answer.complete && answer.body.contains("hi"), "{what}: {}", answer.body);
                let last = answer.body.trim_end().rsplit("data: ").next().unwrap();
                let event: Value = serde_json::from_str(last).unwrap();
                assert_eq!(event["error"]["code"], "upstream_timeout", "{what}: {event}");
            } else {
                assert_eq!(answer.status, 504, "{what}: {}", answer.body);
                assert_eq!(answer.json()["error"]["code"], "upstream_timeout", "{what}");
            }
        }
    }
}

/// A place where connections are neither made nor refused: its queue is full.
fn black_hole() -> (Socket, Vec<Socket>, std::net::SocketAddr) {
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    bound.bind(&any.into()).unwrap();
    bound.listen(0).unwrap();
    let address = bound.local_addr().unwrap().as_socket().unwrap();
    let waiting = (0..4).map(|_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        // Made, or on its way for ever.
        let _ = socket.connect(&address.into());
        socket
    });
    let waiting = waiting.collect();
    (bound, waiting, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_never_made_is_given_up_and_another_target_asked() {
    let tasks = Tasks::default();
    let second = Target::start(&tasks).await;
    let (_bound, _waiting, hole) = black_hole();
    for place in ["provider", "target", "route"] {
        let gateway = timed(hole, ("connect_timeout", "connect"), place);
        for streams in [false, true] {
            let answer = timed_ask(&gateway, streams, place).await;
            assert_eq!(answer.status, 504, "{place}: {}", answer.body);
            assert_eq!(answer.json()["error"]["code"], "upstream_timeout", "{place}");
        }
    }
    let base =
        json!({"connection": {"base_url": format!("http://{hole}/v1"), "connect_timeout": TIME}});
    let gateway = pair(&second, &second, &base);
    for streams in [false, true] {
        let answer = timed_ask(&gateway, streams, "passed over").await;
        assert_eq!((answer.status, answer.header("x-sanmon-attempts")), (200, Some("2")));
        assert!(answer.complete && answer.body.contains("hi"), "{}", answer.body);
    }
}
