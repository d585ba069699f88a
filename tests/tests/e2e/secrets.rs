//! Canaries: secrets are planted wherever one can be, everything is exercised, and no answer, log line,
//! metric or error may sing.

use sanmon_tests::admin::Admin;
use sanmon_tests::client::{chat, chat_stream};
use sanmon_tests::documents::{apikey, guarded_route, provider};
use sanmon_tests::redis_server::Redis;
use sanmon_tests::sanmon::{ADMIN_KEY, DATA_PLANE_TOKEN, Sanmon, Setup};
use sanmon_tests::upstream::{Reply, Request, ScriptedUpstream, openai};
use serde_json::{Value, json};

const TOKEN: &str = "canary-token-4f9a";
const ENVIRONMENT: &str = "canary-environment-77b1";
const HEADER: &str = "canary-header-c02d";
const SECRET: &str = "canary-client-secret-91e5";
const NEXT: &str = "canary-next-secret-1d83";
const CALLER: &str = "canary-caller-5e02";
const PROMPT: &str = "canary-prompt-8810";
const ANSWER: &str = "canary-answer-2c4d";
const REDIS: &str = "canary-redis-password-aa31";
const WRONG: &str = "canary-wrong-admin-key";
const SEAL: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What no log, metric or admin answer may hold.
const ALL: [&str; 11] = [
    TOKEN,
    ENVIRONMENT,
    HEADER,
    SECRET,
    NEXT,
    CALLER,
    PROMPT,
    ANSWER,
    REDIS,
    SEAL,
    DATA_PLANE_TOKEN,
];

#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn note(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    async fn admin(&mut self, admin: &Admin, method: &str, path: &str, body: Option<&Value>) {
        let answer = admin.send(method, path, body).await;
        self.note(format!("{method} {path}"), format!("{:?} {}", answer.headers, answer.text()));
    }

    fn assert_silent(&self, canaries: &[&str]) {
        for (place, text) in &self.0 {
            for canary in canaries {
                let lower = text.to_lowercase();
                if let Some(at) = lower.find(&canary.to_lowercase()) {
                    let around: String =
                        text.chars().skip(at.saturating_sub(200)).take(400).collect();
                    panic!("{canary} sings in {place}: …{around}…");
                }
            }
        }
    }
}

/// Where everything runs, its secrets planted.
struct Planted {
    redis: Redis,
    control: Sanmon,
    data: Sanmon,
    upstream: ScriptedUpstream,
    /// What an application was told once.
    bearer: String,
    /// What the admin API has said.
    seen: Seen,
}

fn redis_url(redis: &Redis) -> String {
    format!("redis://:{REDIS}@127.0.0.1:{}", redis.port())
}

/// Tells its caller what it was sent, as some upstreams do in errors.
fn blab(request: &Request) -> Reply {
    let told = format!("bad key {} {ANSWER}", request.header("authorization"));
    match request.json()["model"].as_str() {
        Some("fails") => Reply::json(401, &openai::error(&told, "invalid_request_error", None)),
        Some("cut") => Reply::events().event("{\"choices\":[]}").close(),
        Some("html") => Reply::whole(200, &[("content-type", "text/html")], told),
        _ => openai::answer(request),
    }
}

async fn plant() -> Planted {
    let redis = Redis::start_with(&["--requirepass", REDIS]).await;
    let setup = |setup: Setup| {
        setup
            .env("SANMON_REDIS_URL", &redis_url(&redis))
            .env("SANMON_SEAL_KEY", SEAL)
            .env("SANMON_TEST_TOKEN", ENVIRONMENT)
            .flag("--log-level", "trace")
    };
    let control = setup(Setup::control_plane()).start().await;
    let data = setup(Setup::data_plane()).start().await;
    let upstream = ScriptedUpstream::start_with(blab).await;
    let admin = control.admin();
    let mut seen = Seen::default();

    let with_token = with_token(&upstream);
    let mut with_environment = provider("provider_environment", &upstream);
    with_environment["connection"]["token"] = json!("$env://SANMON_TEST_TOKEN");
    for document in [&with_token, &with_environment] {
        seen.admin(&admin, "POST", "/providers", Some(document)).await;
    }
    let mut key = apikey("app");
    key["clientSecret"] = json!(SECRET);
    key["keepSecret"] = json!(true);
    key["rotation"] = json!({"enabled": true, "nextSecret": NEXT});
    // The one answer that shows the key's secret, as it must.
    let bearer = admin.store("apikeys", &key).await["bearer"].as_str().unwrap().to_owned();
    for (id, host, target) in [
        ("route_token", "token.test", "provider_token"),
        ("route_environment", "environment.test", "provider_environment"),
    ] {
        admin.create("routes", &guarded_route(id, Some(host), target)).await;
    }
    Planted { redis, control, data, upstream, bearer, seen }
}

fn with_token(upstream: &ScriptedUpstream) -> Value {
    let mut document = provider("provider_token", upstream);
    document["connection"]["token"] = json!(TOKEN);
    document["connection"]["headers"] = json!({"x-extra": HEADER});
    document
}

impl Planted {
    /// Reads, histories, exports, plans, and refusals of what holds a secret.
    async fn administer(&mut self) {
        let admin = self.control.admin();
        let seen = &mut self.seen;
        let whole = with_token(&self.upstream);
        let mut wrong = whole.clone();
        wrong["provider"] = json!("no-such-kind");
        wrong["connection"]["token"] = json!({"wrong": TOKEN});
        wrong["connection"]["unknown"] = json!(HEADER);
        seen.admin(&admin, "POST", "/providers", Some(&wrong)).await;
        seen.admin(&admin, "PUT", "/providers/provider_token?dry_run=true", Some(&whole)).await;
        let patch = json!({"connection": {"timeout": 1000}});
        let patched = admin.merge("/providers/provider_token", &patch).await.expect(200);
        seen.note("patch", patched.text());
        let head = admin.head().await;
        for path in [
            "/providers",
            "/providers/provider_token",
            "/providers/provider_environment",
            "/apikeys",
            "/apikeys/app",
            "/admins",
            "/routes",
            "/export",
            "/data-planes",
            "/revisions",
            &format!("/revisions/1/diff/{head}"),
            "/apis/openapi.json",
            "/metrics",
        ] {
            seen.admin(&admin, "GET", path, None).await;
        }
        for revision in 1..=head {
            seen.admin(&admin, "GET", &format!("/revisions/{revision}"), None).await;
        }
        seen.admin(&admin, "POST", &format!("/revisions/{}/rollback", head - 1), None).await;
        seen.admin(&admin.with_key(WRONG), "GET", "/routes", None).await;
    }

    /// Calls that succeed, fail, break off, and are refused.
    async fn call(&mut self) {
        for host in ["token.test", "environment.test"] {
            let client = self.data.client().host(host);
            let known = client.clone().key(&self.bearer);
            for model in ["m", "fails", "cut", "html"] {
                for body in [chat(model, PROMPT), chat_stream(model, PROMPT)] {
                    let answer = known.chat(&body).await;
                    // The caller's own prompt is the caller's, and so is what the upstream says of it.
                    let own = if model == "fails" { String::new() } else { answer.text() };
                    let own = own.replace(PROMPT, "").replace(ANSWER, "");
                    self.seen.note(format!("{host} {model} {}", answer.status), own);
                }
            }
            let refused = client.key(CALLER).chat(&chat("m", PROMPT)).await.expect(401);
            self.seen.note("refused", refused.text());
            let odd = known.chat(&json!({"messages": PROMPT})).await;
            self.seen.note("odd", odd.text().replace(PROMPT, ""));
        }
    }

    /// What Redis and the data plane's folder hold.
    async fn stored(&self) -> Seen {
        let mut stored = Seen::default();
        let client = redis::Client::open(redis_url(&self.redis)).unwrap();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut redis).await.unwrap();
        assert!(!keys.is_empty());
        for key in keys {
            let dump: Vec<u8> = redis::cmd("DUMP").arg(&key).query_async(&mut redis).await.unwrap();
            stored.note(format!("the Redis key {key}"), String::from_utf8_lossy(&dump));
        }
        for file in walk(self.data.folder()) {
            let bytes = std::fs::read(&file).unwrap();
            stored.note(file.display().to_string(), String::from_utf8_lossy(&bytes));
        }
        stored
    }
}

#[tokio::test]
async fn no_planted_secret_is_ever_told() {
    let mut planted = plant().await;
    planted.administer().await;
    planted.call().await;
    let requests = planted.upstream.requests();
    assert_eq!(requests[0].header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(requests[0].header("x-extra"), HEADER);
    let last = requests.last().unwrap();
    assert_eq!(last.header("authorization"), format!("Bearer {ENVIRONMENT}"));

    let Planted { control, data, bearer, seen, .. } = &mut planted;
    seen.note("metrics of the data plane", data.metrics().await);
    seen.note("metrics of the control plane", control.metrics().await);
    seen.note("output of the control plane", control.output());
    seen.note("output of the data plane", data.output());
    let proof = bearer.rsplit('_').next().unwrap().to_owned();
    let mut canaries = ALL.to_vec();
    canaries.extend([proof.as_str(), ADMIN_KEY, WRONG]);
    seen.assert_silent(&canaries);

    // Nor do the stores hold one in the clear: the seal's key is not beside them here.
    let secrets = [TOKEN, ENVIRONMENT, HEADER, SECRET, NEXT, SEAL, ADMIN_KEY, proof.as_str()];
    planted.stored().await.assert_silent(&secrets);

    // What is on disk opens with the key from outside, also when nobody else is there.
    let Planted { redis, control, data, upstream, bearer, .. } = &mut planted;
    redis.kill().await;
    control.kill().await;
    data.restart().await;
    let known = data.client().host("token.test").key(bearer);
    known.chat(&chat("m", "alone")).await.expect(200);
    assert_eq!(upstream.last().header("authorization"), format!("Bearer {TOKEN}"));
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { walk(&path) } else { vec![path] }
        })
        .collect()
}
