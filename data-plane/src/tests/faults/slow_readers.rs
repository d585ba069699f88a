use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::limits::Limits;

/// More than sockets hold.
const LARGE: usize = 64 * 1024 * 1024;

/// A target that says as much as anybody takes, and counts what was taken.
async fn generous(tasks: &Tasks) -> (Upstream, Arc<AtomicUsize>) {
    let taken = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&taken);
    let text = "y".repeat(60_000);
    let event =
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let upstream = Upstream::start(tasks, move |mut call, tell| {
        let (count, event) = (Arc::clone(&count), event.clone());
        async move {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            call.say(head).await;
            while count.load(Ordering::SeqCst) < LARGE
                && call.socket.write_all(event.as_bytes()).await.is_ok()
            {
                count.fetch_add(event.len(), Ordering::SeqCst);
            }
            let _ = tell.send("left".to_owned());
        }
    })
    .await;
    (upstream, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_caller_that_reads_little_little_is_kept_and_it_is_cut_in_time() {
    let tasks = Tasks::default();
    let first = Target::start(&tasks).await;
    first.is(Mood::Fails("503 Busy", ""));
    let (mut second, taken) = generous(&tasks).await;
    let other = json!({"id": "b", "name": "b", "connection": {
        "base_url": format!("http://{}/v1", second.address)}});
    let documents = pool(
        "openai-chat-completions",
        &[at("a", &first, &json!({})), at("b", &first, &other)],
        &json!({}),
    );
    let limits = Limits { write_timeout: Duration::from_millis(300), ..Limits::default() };
    let gateway = Gateway::start(Setting { documents, limits, ..Setting::default() });
    let mut caller = TcpStream::connect(gateway.address).await.unwrap();
    let body = json!({"messages": [], "stream": true}).to_string();
    caller.write_all(post(CHAT, "", &body).as_bytes()).await.unwrap();
    assert!(second.saw().await.starts_with("POST"));
    let (mut head, mut byte) = (Vec::new(), [0]);
    while head.len() < 4_096 {
        assert_eq!(caller.read(&mut byte).await.unwrap(), 1);
        head.push(byte[0]);
    }
    // It reads no more, and does not leave.
    assert_eq!(second.saw().await, "left");
    let head = String::from_utf8_lossy(&head).into_owned();
    assert!(head.contains("x-sanmon-attempts: 2\r\n"), "{head}");
    let taken = taken.load(Ordering::SeqCst);
    assert!(taken < LARGE / 2, "{taken} bytes went into sockets and memory");
    gateway.shared.idle_now().await;
    drop(caller);
}
