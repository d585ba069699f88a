"""scale.py [--routes N] [--keys N] [--stores embedded,redis]: a large configuration.

Loads it over the admin API, and measures: start to ready, memory, how soon a changed route is served,
CPU per request beside a small configuration, and what ten changes a second do to the latency.
Environment as for measure.py. Ends with 1 where a figure is missed."""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

# Read where it is imported.
os.environ.setdefault("SANMON_ADMIN_KEY", "sanmon-bench-admin-key-0123456789abcdef")

import measure
from configure import CHAT, call, configure

SANMON = os.environ.get("BENCH_SANMON") or measure.HERE.parent.parent / "target" / "release" / "sanmon"
PATIENCE = 120
BATCH = 50_000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sanmon:
    """Both planes: in one process over the embedded store, or two processes over Redis."""

    def __init__(self, store, work):
        self.store, self.work = store, work
        work.mkdir(parents=True)
        self.port, self.admin_port, self.telemetry = free_port(), free_port(), free_port()
        self.admin, self.trees = f"http://127.0.0.1:{self.admin_port}", []
        self.redis = None
        if store == "redis":
            port = free_port()
            command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(work),
                       "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]
            self.redis = measure.Tree(command, measure.CPUS, work / "redis.log")
            self.url = f"redis://127.0.0.1:{port}"
            await_answer(lambda: socket.create_connection(("127.0.0.1", port), 1).close(), self.redis)

    def start(self):
        """Starts the planes; the data plane is the last of the trees. Returns its seconds to ready."""
        admin = ["--admin-listen", f"127.0.0.1:{self.admin_port}"]
        data = ["--listen", f"127.0.0.1:{self.port}", "--telemetry-listen", f"127.0.0.1:{self.telemetry}",
                "--workers", "1", "--access-log", str(self.work / "access.log")]
        if self.store == "redis":
            self.run("control-plane", [*admin, "--redis", self.url])
            await_answer(lambda: get(f"{self.admin}/readyz"), self.trees[-1])
            began = time.monotonic()
            self.run("data-plane", [*data, "--redis", self.url])
        else:
            began = time.monotonic()
            self.run("serve", [*admin, *data])
        await_answer(lambda: get(f"http://127.0.0.1:{self.telemetry}/readyz"), self.trees[-1])
        ready = time.monotonic() - began
        await_answer(lambda: get(f"{self.admin}/readyz"), self.trees[0])
        return ready

    def run(self, mode, arguments):
        command = [str(SANMON), mode, "--data-dir", str(self.work / mode), *arguments]
        cpus = measure.CPUS if mode == "control-plane" else measure.CPUS[:1]
        self.trees.append(measure.Tree(command, cpus, self.work / f"{mode}.log"))

    def stop(self):
        while self.trees:
            self.trees.pop().stop()

    def close(self):
        self.stop()
        if self.redis:
            self.redis.stop()

    def data_plane(self):
        return self.trees[-1]


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer


def await_answer(probe, tree):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return probe()
        except OSError:
            if tree.process.poll() is not None:
                sys.exit(f"scale: a process ended; see {tree.log.name}")
            if time.monotonic() > end:
                sys.exit(f"scale: not ready after {PATIENCE} s; see {tree.log.name}")
            time.sleep(0.02)


def fill(sanmon, plural, documents):
    """Creates them in bulk."""
    batch = []

    def send():
        lines = call(sanmon.admin, "PUT", f"{plural}/_bulk?results=errors", "".join(batch).encode(),
                     media="application/x-ndjson", lines=True)
        failed = lines[-1]["summary"].get("failed", 0)
        if failed:
            sys.exit(f"scale: {failed} of the {plural} were refused, such as {lines[0]}")
        batch.clear()

    for document in documents:
        batch.append(json.dumps(document) + "\n")
        if len(batch) == BATCH:
            send()
    if batch:
        send()


def routes(count):
    for i in range(count):
        yield {
            "id": f"route_{i}", "name": f"route {i}", "frontend": {"domains": [f"r{i}.example.com/team-{i % 100}"]},
            "plugins": [{"plugin": "apikeys"},
                        {"plugin": "openai-chat-completions", "includes": ["/v1/chat/completions"],
                         "config": {"refs": [CHAT]}}],
        }


def apikeys(count):
    for i in range(count):
        yield {"clientId": f"key-{i}", "clientName": f"key {i}", "clientSecret": f"secret-of-key-{i}",
               "authorizedEntities": ["group_default"]}


def change(sanmon, n):
    """Changes one route; the revision that did it, and when it was answered."""
    document = {"id": "route_changing", "name": f"changing {n}", "frontend": {"domains": [f"changing-{n}.example.com"]},
                "plugins": [{"plugin": "apikeys"}]}
    data = json.dumps(document).encode()
    headers = {"Authorization": f"Bearer {os.environ['SANMON_ADMIN_KEY']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{sanmon.admin}/apis/v1/routes/route_changing", data, headers, method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
        return int(answer.headers["x-sanmon-revision"]), time.monotonic()


def visible(sanmon, times=20):
    """Milliseconds from the answer to a write until the data plane serves its revision."""
    took = []
    for n in range(times):
        revision, committed = change(sanmon, n)
        while served(sanmon) < revision:
            if time.monotonic() - committed > 30:
                sys.exit("scale: a change was not applied within 30 s")
        took.append((time.monotonic() - committed) * 1000)
    return took


def served(sanmon):
    request = urllib.request.Request(f"http://127.0.0.1:{sanmon.port}/none", headers={"Host": "none.invalid"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.headers["x-sanmon-revision"])
    except urllib.error.HTTPError as answer:
        return int(answer.headers["x-sanmon-revision"])


def load(sanmon, key, **options):
    """One run of llm-load; its report, and the data plane's CPU µs per request."""
    command = [measure.BIN / "llm-load", "--port", sanmon.port, "--header", f"Authorization: Bearer {key}"]
    for name, value in options.items():
        command += [f"--{name}", value]
    before = sanmon.data_plane().cpu()
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, check=True, timeout=120,
                          preexec_fn=measure.place(measure.CPUS[-1:]))
    report = json.loads(done.stdout)
    if report["errors"]:
        sys.exit(f"scale: requests failed: {report['errors']}")
    return report, (sanmon.data_plane().cpu() - before) / max(report["ok"], 1) * 1e6


def cpu_per_request(sanmon, key, rounds=3):
    load(sanmon, key, concurrency=64, duration=1)
    return statistics.median(load(sanmon, key, concurrency=64, duration=5)[1] for _ in range(rounds))


def tail(sanmon, key, changing, rounds=3):
    """p99 in ms at 500 requests a second, with ten changes a second or without."""
    found = []
    for _ in range(rounds):
        stop, made = threading.Event(), [0]

        def changer():
            while not stop.wait(0.1):
                change(sanmon, 1000 + made[0])
                made[0] += 1

        thread = threading.Thread(target=changer)
        if changing:
            thread.start()
        try:
            report, _ = load(sanmon, key, concurrency=64, duration=8, rate=500)
        finally:
            stop.set()
            if changing:
                thread.join()
        found.append(report["latency_ms"]["p99"])
    return statistics.median(found)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--routes", type=int, default=100_000)
    p.add_argument("--keys", type=int, default=1_000_000)
    p.add_argument("--stores", default="embedded,redis")
    args = p.parse_args()
    rows, missed = [], False

    def figure(name, value, unit, target=None):
        nonlocal missed
        bad = target is not None and value > target
        missed |= bad
        goal = "–" if target is None else f"≤ {target} {unit}"
        rows.append(f"| {name} | {goal} | {value:,.1f} {unit} | {'missed' if bad else ''} |")
        print(f"{name}: {value:,.1f} {unit}", file=sys.stderr, flush=True)

    mock = measure.start_mock("pinned")
    try:
        for store in args.stores.split(","):
            work = pathlib.Path(measure.TMP) / f"scale-{store}"
            shutil.rmtree(work, ignore_errors=True)
            sanmon = Sanmon(store, work)
            try:
                sanmon.start()
                key = configure(sanmon.admin, f"http://127.0.0.1:{measure.MOCK_PORT}/v1")
                small = cpu_per_request(sanmon, key)
                began = time.monotonic()
                fill(sanmon, "routes", routes(args.routes))
                fill(sanmon, "apikeys", apikeys(args.keys))
                figure(f"{store}: loading {args.routes:,} routes and {args.keys:,} keys", time.monotonic() - began, "s")
                sanmon.stop()
                figure(f"{store}: start to ready", sanmon.start(), "s", 15)
                figure(f"{store}: memory of the data plane's process", sanmon.data_plane().rss(), "MiB")
                took = visible(sanmon)
                figure(f"{store}: a change is served, median", statistics.median(took), "ms", 50)
                figure(f"{store}: a change is served, slowest of {len(took)}", max(took), "ms")
                large = cpu_per_request(sanmon, key)
                figure(f"{store}: CPU per request, above the small configuration's {small:.1f} µs",
                       (large / small - 1) * 100, "%", 10)
                still = tail(sanmon, key, False)
                figure(f"{store}: p99 with ten changes a second, above {still:.2f} ms without",
                       tail(sanmon, key, True) - still, "ms", 1)
            finally:
                sanmon.close()
                shutil.rmtree(work, ignore_errors=True)
    finally:
        mock.stop()
    print("\n| figure | target | measured | |\n|---|---|---|---|")
    print("\n".join(rows))
    sys.exit(missed)


if __name__ == "__main__":
    main()
