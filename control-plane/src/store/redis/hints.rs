//! What `PUBLISH` tells. Messages may be lost: after each subscription the head is asked for, and
//! whoever follows compares now and then anyway.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use sanmon_shared::Head;
use sanmon_shared::task::Tasks;
use tokio::sync::watch;

use super::connection::{Connection, Keys};

/// The pauses between attempts to subscribe.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

type Heard = Option<(Arc<str>, u64)>;

/// The newest head that was heard of.
pub(super) struct Hints(Arc<watch::Sender<Heard>>);

impl Hints {
    /// Listens until the plane stops.
    pub(super) fn follow(connection: Connection, keys: Keys, tasks: &Tasks) -> Self {
        let heard = Arc::new(watch::Sender::new(None));
        let (sender, until) = (Arc::clone(&heard), tasks.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = until.stopping() => {}
                () = listen(&connection, &keys, &sender) => {}
            }
        });
        Self(heard)
    }

    /// Wakes those who wait in this process without the way through Redis.
    pub(super) fn announce(&self, head: &Head) {
        hear(&self.0, &head.lineage, head.revision);
    }

    pub(super) async fn wait(&self, head: &Head, patience: Duration) {
        let mut heard = self.0.subscribe();
        let news = heard.wait_for(|heard| {
            heard.as_ref().is_some_and(|(lineage, revision)| {
                **lineage != *head.lineage || *revision > head.revision
            })
        });
        let _ = tokio::time::timeout(patience, news).await;
    }
}

fn hear(heard: &watch::Sender<Heard>, lineage: &str, revision: u64) {
    heard.send_if_modified(|now| {
        let news = now.as_ref().is_none_or(|(l, r)| **l != *lineage || *r < revision);
        if news {
            *now = Some((Arc::from(lineage), revision));
        }
        news
    });
}

async fn listen(connection: &Connection, keys: &Keys, heard: &watch::Sender<Heard>) {
    let mut pause = PAUSE.0;
    loop {
        match connection.subscribe(&keys.channel).await {
            Ok(mut subscription) => {
                pause = PAUSE.0;
                // What was published before the subscription was not heard.
                if let Ok(head) = connection.head(keys).await {
                    hear(heard, &head.lineage, head.revision);
                }
                let mut messages = subscription.on_message();
                while let Some(message) = messages.next().await {
                    let text: String = message.get_payload().unwrap_or_default();
                    if let Some((lineage, revision)) = text.split_once(' ')
                        && let Ok(revision) = revision.parse()
                    {
                        hear(heard, lineage, revision);
                    }
                }
                tracing::info!("the subscription to redis ended");
            }
            Err(error) => tracing::debug!(%error, "no subscription to redis"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}
