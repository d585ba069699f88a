"""targets.py RUNS.jsonl: what Sanmon has to reach beside nginx, what it reached, and whether.

Figures are medians over quiet rounds, as in measure.py; ends with 1 where a figure is missed."""

import collections
import json
import pathlib
import statistics
import sys

from measure import pick

runs, times = collections.defaultdict(list), {}
for file in sys.argv[1:]:
    for line in pathlib.Path(file).read_text().splitlines():
        row = json.loads(line)
        times |= row.get("translate_ms", {})
        if "scenario" in row:
            runs[row["gateway"], row["scenario"]].append(row)


def median(gateway, scenario, get):
    values = [get(row) for row in pick(runs[gateway, scenario])] if (gateway, scenario) in runs else []
    return statistics.median(values) if values else None


def cpu(scenario):
    """CPU per request, as a multiple of nginx's."""
    ours, theirs = (median(name, scenario, lambda r: r["cpu_per_1k"] * 1000) for name in ("sanmon", "nginx"))
    return (None, "") if not ours or not theirs else (ours / theirs, f"{ours:.1f} µs, nginx {theirs:.1f} µs")


def beside(scenario, same, plainly):
    """CPU per request, as a multiple of ours in a scenario that differs in one thing."""
    ours, plain = (median("sanmon", name, lambda r: r["cpu_per_1k"] * 1000) for name in (scenario, same))
    return (None, "") if not ours or not plain else (ours / plain, f"{ours:.1f} µs, {plainly} {plain:.1f} µs")


def conversations():
    """The slowest translation of a conversation of 1 MB."""
    if not times:
        return None, ""
    return max(times.values()), ", ".join(f"{pair} {time:.1f}" for pair, time in times.items())


def slow(get):
    return median("sanmon", "d", get)


def chunk_delay():
    ours, direct = (median(name, "d", lambda r: r["load"]["chunk_delay_ms"]["p99"]) for name in ("sanmon", "direct"))
    return (None, "") if ours is None or direct is None else (ours - direct, f"{ours:.2f} ms, direct {direct:.2f} ms")


figures = [
    ("chat, c=64: CPU per request", "× nginx", 2.5, *cpu("a")),
    ("100 KiB body, c=16: CPU per request", "× nginx", 2.5, *cpu("b")),
    ("stream of 100 chunks, c=32: CPU per stream", "× nginx", 2.0, *cpu("c")),
    ("embeddings, batch of 16, c=16: CPU per request", "× nginx", 2.0, *cpu("e")),
    ("messages in, chat upstream, 1 KB: CPU per request", "× untranslated", 1.6, *beside("tk", "k", "untranslated")),
    ("the same, streams of 100 chunks: CPU per stream", "× untranslated", 1.8, *beside("tc", "c", "untranslated")),
    ("balancing, breakers and limits: CPU per request", "× plain route", 1.1, *beside("l", "a", "plain")),
    ("1 MB conversations: translation, the slowest pair", "ms", 15, *conversations()),
    ("500 slow streams: CPU per stream", "× nginx", None, *cpu("d")),
    ("500 slow streams: failed", "", 0, slow(lambda r: sum(r["load"]["errors"].values())), ""),
    ("500 slow streams: chunk delay p99, above direct", "ms", 2.0, *chunk_delay()),
    ("500 slow streams: peak RSS", "MiB", 60, slow(lambda r: r["rss_peak"]), ""),
    ("500 clients at once: latest first chunk", "ms", 300, slow(lambda r: r["load"]["first_chunk_ms"]["max"]), ""),
    ("idle data plane: RSS", "MiB", 15, slow(lambda r: r["rss_before"]), ""),
]
missed = False
print("\n| figure | target | measured | |\n|---|---|---|---|")
for name, unit, target, value, detail in figures:
    if value is None:
        continue
    good = target is None or value <= target
    missed |= not good
    shown = f"{value:,.2f}".rstrip("0").rstrip(".")
    goal = "–" if target is None else f"≤ {target} {unit}".rstrip()
    print(f"| {name} | {goal} | {shown} {unit}".rstrip() + (f" ({detail})" if detail else "") + f" | {'' if good else 'missed'} |")
sys.exit(missed)
