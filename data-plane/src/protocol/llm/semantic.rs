//! Pools whose targets are chosen by what is asked: the prompt is embedded before anybody is asked, the
//! examples once for all requests. Whatever goes wrong with that, the request goes its way: it is put to
//! the targets as if nothing were known of it.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::HeaderValue;
use futures_util::future::try_join;
use sanmon_wire::canonical;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Failed, Front};
use crate::exchange::{Exchange, Meant};
use crate::prompts;
use crate::protocol::openai::{Embedded, embed};
use crate::provider::Provider;
use crate::target::{
    Course, Failure, FailureKind, Flight, Look, Order, Pool, Scores, Semantic, Vectors, asked,
};

/// Fetching examples may take so long, or as long as choosing where that is longer. No request waits for
/// more than its own part of it.
const FETCHING: Duration = Duration::from_secs(30);

/// The most bytes of names and scores that callers are told.
const TOLD: usize = 4_096;

/// Orders the pools of a request that chats, by what its user said last.
pub(super) async fn begin(
    exchange: &Exchange,
    front: &dyn Front,
    body: &[u8],
    course: &mut Course,
) {
    let said = front.codec().decode_request(body).ok().and_then(|mut request| {
        prompts::rewrite(&mut request, exchange, body).ok()?;
        // Of several prompts the last one counts.
        let last = front.split(&request).ok().flatten().and_then(|mut all| all.pop());
        asked(last.as_ref().unwrap_or(&request))
    });
    course.asks(said);
    settle(exchange, course).await;
}

/// The same of a conversation that the gateway itself has.
pub(crate) async fn begin_with(
    exchange: &Exchange,
    request: &canonical::Request,
    course: &mut Course,
) {
    course.asks(asked(request));
    settle(exchange, course).await;
}

/// Orders those pools of which the next candidate may be and that have no order yet.
pub(super) async fn settle(exchange: &Exchange, course: &mut Course) {
    for pool in course.unsettled() {
        let Some(semantic) = pool.pool.as_ref().and_then(Pool::semantic) else { continue };
        let within = course.time_left().map_or(semantic.timeout, |left| left.min(semantic.timeout));
        let began = Instant::now();
        // Waiting for vectors is not the gateway's own time.
        exchange.account.upstream_again(began);
        let mut meant = Meant::of(&pool.id);
        let scores = compared(exchange, &pool, semantic, course.asked(), within, &mut meant).await;
        exchange.account.upstream_ended(Instant::now());
        meant.took = began.elapsed();
        if let Err(reason) = &scores {
            meant.failed = Some(reason);
        }
        let scores = scores.ok();
        let order = semantic.order(scores.as_ref());
        course.settle(&pool, &order);
        tell(&pool, semantic, scores.as_ref(), &order, &mut meant);
        exchange.account.meant(meant);
    }
}

/// How like what is asked the targets are, or why that is not known.
async fn compared(
    exchange: &Exchange,
    pool: &Arc<Provider>,
    semantic: &Semantic,
    asked: Option<&str>,
    within: Duration,
    meant: &mut Meant,
) -> Result<Scores, &'static str> {
    let asked = asked.ok_or("no_prompt")?;
    let embedder = semantic.embedder(&exchange.snapshot).ok_or("no_embedding_model")?;
    let model = semantic.model.as_deref().or(embedder.default_model.as_deref());
    let model = model.unwrap_or_default();
    meant.embedder = Some((Arc::clone(&embedder.id), model.into()));
    let comparing = Comparing { exchange, pool, semantic, embedder, model, within };
    let both = try_join(comparing.examples(), comparing.prompt(asked));
    let (vectors, Embedded { vectors: prompts, tokens }) = both.await?;
    meant.tokens = Some(tokens);
    let prompt = prompts.first().map(Vec::as_slice).unwrap_or_default();
    semantic.scores(&vectors, prompt).ok_or("invalid")
}

/// Who makes vectors for a request, and how long that may take.
#[derive(Clone, Copy)]
struct Comparing<'a> {
    exchange: &'a Exchange,
    pool: &'a Arc<Provider>,
    semantic: &'a Semantic,
    embedder: &'a Arc<Provider>,
    model: &'a str,
    within: Duration,
}

impl Comparing<'_> {
    /// The vector of a prompt.
    async fn prompt(&self, asked: &str) -> Result<Embedded, &'static str> {
        let Self { exchange, semantic, embedder, model, within, .. } = *self;
        let began = Instant::now();
        if !semantic.memory.admits(embedder.build, began, within) {
            return Err("held");
        }
        let worker = &exchange.worker;
        let embedded = timeout(within, embed(worker, embedder, model, &[asked], within)).await;
        let embedded = embedded.unwrap_or_else(|_| Err(too_late()));
        semantic.memory.embedded(began, embedded.as_ref().err().map(|failed| &failed.failure));
        match &embedded {
            Ok(embedded) => count(exchange, embedder, model, embedded.tokens),
            Err(failed) => warn(embedder, failed),
        }
        embedded.map_err(|failed| failed.failure.kind.as_str())
    }

    /// The vectors of the examples; where they are being fetched, once they are there.
    async fn examples(&self) -> Result<Arc<Vectors>, &'static str> {
        let Self { semantic, embedder, .. } = *self;
        let end = Instant::now() + self.within;
        loop {
            let mut landed = pin!(semantic.memory.landed());
            landed.as_mut().enable();
            let (maker, build) = (semantic.maker(embedder), embedder.build);
            let coming = match semantic.memory.look(maker, build, Instant::now(), FETCHING) {
                Look::Known(vectors, flight) => {
                    if let Some(flight) = flight {
                        self.fetch(flight);
                    }
                    return Ok(vectors);
                }
                Look::Unknown(flight) => {
                    self.fetch(flight);
                    end
                }
                // Whoever comes late does not wait for what has kept others waiting.
                Look::Coming(since) => end.min(since + semantic.timeout),
                Look::Held => return Err("held"),
            };
            timeout_at(coming, landed).await.map_err(|_| FailureKind::Timeout.as_str())?;
        }
    }

    /// Fetches the vectors of the examples, whatever becomes of the request.
    fn fetch(&self, flight: Flight) {
        let (pool, embedder) = (Arc::clone(self.pool), Arc::clone(self.embedder));
        let (worker, model) = (Rc::clone(&self.exchange.worker), self.model.to_owned());
        let route = self.exchange.matched.route.id.text();
        actix_web::rt::spawn(async move {
            let Some(semantic) = pool.pool.as_ref().and_then(Pool::semantic) else { return };
            let texts: Vec<&str> = semantic.examples.iter().map(|example| &**example).collect();
            let within = FETCHING.max(semantic.timeout);
            let embedded = timeout(within, embed(&worker, &embedder, &model, &texts, within)).await;
            match embedded.unwrap_or_else(|_| Err(too_late())) {
                Ok(Embedded { vectors, tokens }) => {
                    worker.telemetry.embedded((&route, &embedder.id, &model), tokens);
                    flight.land(semantic.vectors(&vectors).ok_or(None));
                }
                Err(failed) => {
                    warn(&embedder, &failed);
                    flight.land(Err(failed.failure.retry_after));
                }
            }
        });
    }
}

fn too_late() -> Box<Failed> {
    crate::upstream::UpstreamError::Timeout(crate::upstream::Stage::Total).into()
}

/// Notes the tokens of a prompt: not as the caller's, whose limits are for what it asks for.
fn count(exchange: &Exchange, embedder: &Provider, model: &str, tokens: u64) {
    let route = exchange.matched.route.id.as_str();
    exchange.worker.telemetry.embedded((route, &embedder.id, model), tokens);
}

fn warn(embedder: &Provider, failed: &Failed) {
    let Failure { kind, status, .. } = failed.failure;
    let error = failed.gateway_error();
    tracing::warn!(
        provider = &*embedder.id,
        kind = kind.as_str(),
        status,
        detail = error.detail.as_deref().unwrap_or(&error.message),
        "texts could not be embedded, so that targets are not chosen by what is asked"
    );
}

/// What is logged of it, and what callers are told.
fn tell(
    pool: &Provider,
    semantic: &Semantic,
    scores: Option<&Scores>,
    order: &Order,
    meant: &mut Meant,
) {
    let members = pool.pool.as_ref().map(Pool::members).unwrap_or_default();
    let first = order.places.first().and_then(|place| members.get(usize::from(*place)));
    meant.picked = first.filter(|_| order.is_like).map(|member| Arc::clone(&member.name));
    if !semantic.debugging {
        return;
    }
    let mut all: Vec<(&str, f32)> = members
        .iter()
        .enumerate()
        .filter_map(|(place, member)| Some((&*member.name, scores?.of(place)?)))
        .collect();
    all.sort_by(|a, b| a.0.cmp(b.0));
    let mut text = String::new();
    for (name, score) in all {
        let one = format!("{}:{score:.4}", safe(name));
        if text.len() + one.len() > TOLD {
            break;
        }
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&one);
    }
    let picked = meant.picked.as_deref().map_or_else(|| "fallback".to_owned(), safe);
    let value = |text: &str| HeaderValue::from_str(text).ok();
    meant.told = value(&text).zip(value(&picked));
}

/// A name as it may stand in a header, in a list.
fn safe(name: &str) -> String {
    let safe = |char: char| if char.is_ascii_graphic() && char != ',' { char } else { '_' };
    name.chars().take(100).map(safe).collect()
}
