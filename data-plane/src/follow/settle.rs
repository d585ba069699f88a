//! Secrets that managers keep: asked for before the documents that name them are built, and again from
//! time to time. A manager that is away holds a revision up for one deadline; what names its secrets is
//! set aside then, as anything that cannot be built, and comes as soon as it answers.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use sanmon_shared::reference::Managed;
use sanmon_shared::seal::Seal;
use tokio::time::Instant;

use super::alarms::Alarm;
use super::chase::{Chase, Served, context, sight};
use crate::secrets::{Fetched, fetch};
use crate::snapshot::Edit;

/// How long managers may hold up what is to be served.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often documents are built again: one may come to name another secret once it has the first.
const ROUNDS: usize = 8;

impl Chase {
    /// Asks for what the documents of an edit name and nobody has asked for, and builds them with it.
    pub(super) async fn settle(&mut self, edit: &mut Edit, seal: &Seal) {
        let by = Instant::now() + PATIENCE;
        for _ in 0..ROUNDS {
            let now = Instant::now();
            let (mut changed, mut wanted) = (Vec::new(), Vec::new());
            for secret in edit.named() {
                let Some(manager) = edit.secret_manager_of(&secret) else {
                    if self.known.orphan(&secret, now) {
                        changed.push(secret);
                    }
                    continue;
                };
                if self.known.lacks(&secret, manager, now) {
                    self.known.ask(&secret, manager, now);
                    wanted.push((secret, Arc::clone(manager)));
                }
            }
            changed.extend(self.learn(fetch(wanted, &self.caller, by).await));
            if changed.is_empty() {
                break;
            }
            let sight = sight(&self.known, &self.options);
            edit.rebuild(&changed, &context(seal, &sight, &self.options));
        }
        self.tell_stale();
    }

    /// The same for the last good state, whose other documents are served meanwhile.
    pub(super) async fn settle_restored(&mut self) {
        let Some((head, seal)) = self.served() else { return };
        let began = std::time::Instant::now();
        let mut edit = self.options.live.now().edit();
        edit.name_all();
        if edit.named().is_empty() {
            return;
        }
        self.settle(&mut edit, &seal).await;
        self.swap(edit, Served { head, seal }, began);
        // Until the source was asked.
        self.ready = false;
        self.publish();
    }

    /// Asks again for what is due.
    pub(super) fn refresh(&mut self) -> LocalBoxFuture<'static, Vec<Fetched>> {
        let snapshot = self.options.live.now();
        self.known.retain(|secret| snapshot.names(secret));
        let now = Instant::now();
        let (wanted, caller) = (self.known.take_due(now), Rc::clone(&self.caller));
        async move { fetch(wanted, &caller, now + PATIENCE).await }.boxed_local()
    }

    /// What changed is used from now on, in one swap.
    pub(super) async fn refreshed(&mut self, fetched: Vec<Fetched>) {
        let began = std::time::Instant::now();
        let changed = self.learn(fetched);
        self.tell_stale();
        if let (false, Some((head, seal))) = (changed.is_empty(), self.served()) {
            let mut edit = self.options.live.now().edit();
            let sight = sight(&self.known, &self.options);
            edit.rebuild(&changed, &context(&seal, &sight, &self.options));
            self.settle(&mut edit, &seal).await;
            self.swap(edit, Served { head, seal }, began);
        }
    }

    fn learn(&mut self, fetched: Vec<Fetched>) -> Vec<Managed> {
        let now = Instant::now();
        fetched.into_iter().filter_map(|one| self.known.learn(one, now)).collect()
    }

    fn tell_stale(&mut self) {
        match self.known.stale() {
            Some(text) => self.alarms.raise(Alarm::Secrets, text),
            None => self.alarms.clear(Alarm::Secrets),
        }
    }

    fn served(&self) -> Option<(sanmon_shared::Head, Seal)> {
        self.served.as_ref().map(|served| (served.head.clone(), served.seal.clone()))
    }
}
