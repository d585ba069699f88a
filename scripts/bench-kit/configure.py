"""configure.py ADMIN_URL UPSTREAM_URL: the configuration that is measured, over the admin API of a
started Sanmon; prints the API key. The admin's key is SANMON_ADMIN_KEY."""

import json
import os
import sys
import urllib.request

KEY = os.environ["SANMON_ADMIN_KEY"]
CHAT, EMBEDDINGS = "provider_bench", "embedding-model_bench"
BALANCED, TWIN = "provider_balanced", "provider_twin"


def call(base, method, path, document=None, media="application/json", lines=False):
    """The answer's document, or the documents of its lines; an error ends the program with its text."""
    data = document if isinstance(document, (bytes, type(None))) else json.dumps(document).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": media}
    request = urllib.request.Request(f"{base}/apis/v1/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read()[:2000].decode(errors='replace')}")
    if lines:
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text) if text else None


def configure(base, upstream):
    """Providers, embedding model, API key and route; returns the key."""
    connection = {"base_url": upstream, "token": "sk-upstream"}
    provider = {"id": CHAT, "name": "bench", "provider": "openai-compatible", "connection": connection}
    call(base, "PUT", f"providers/{CHAT}", provider)
    model = {"id": EMBEDDINGS, "name": "bench", "provider": "openai-compatible", "config": {"connection": connection}}
    call(base, "PUT", f"embedding-models/{EMBEDDINGS}", model)
    key = {"clientId": "bench", "clientName": "bench", "authorizedEntities": ["group_default"]}
    key = call(base, "PUT", "apikeys/bench", key)["bearer"]
    call(base, "PUT", f"providers/{TWIN}", provider | {"id": TWIN, "name": "twin"})
    balancer = {"refs": [CHAT, TWIN], "loadbalancing": "round_robin", "circuit_breaker": {"enabled": True}}
    balancer = {"id": BALANCED, "name": "balanced", "provider": "loadbalancer", "options": balancer}
    call(base, "PUT", f"providers/{BALANCED}", balancer)
    # As strict as limits get that nobody reaches.
    rules = [
        {"limit": 1_000_000_000, "per": "minute", "by": ["key"]},
        {"count": "tokens", "limit": 1_000_000_000_000, "per": "hour", "by": ["key", "model"]},
        {"count": "concurrency", "limit": 1_000_000, "by": ["route"]},
    ]
    plugins = [
        {"plugin": "apikeys"},
        {"plugin": "rate-limit", "includes": ["/balanced"], "config": {"rules": rules}},
        {
            "plugin": "openai-chat-completions",
            "includes": ["/balanced/v1/chat/completions"],
            "config": {"refs": [BALANCED]},
        },
        {"plugin": "openai-chat-completions", "includes": ["/v1/chat/completions"], "config": {"refs": [CHAT]}},
        {"plugin": "anthropic-messages", "includes": ["/v1/messages"], "config": {"refs": [CHAT]}},
        {"plugin": "openai-embeddings", "includes": ["/v1/embeddings"], "config": {"refs": [EMBEDDINGS]}},
    ]
    route = {"id": "route_bench", "name": "bench", "plugins": plugins}
    call(base, "PUT", "routes/route_bench?wait=applied", route)
    return key


if __name__ == "__main__":
    print(configure(sys.argv[1], sys.argv[2]))
