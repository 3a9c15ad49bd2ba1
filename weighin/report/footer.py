"""What stands under a table: machine, versions, data and sample sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from weighin.core import Record, Results
from weighin.report import units


def samples(results: Results, rows: Iterable[Mapping[str, Record]], dataset: str) -> list[str]:
    """What a table's figures rest on: images, rounds, threads, seeds, profile."""
    rows = list(rows)
    words = []
    images = _range(rows, "top1")
    if images:
        facts = results.environment.get("datasets", {}).get(dataset, {})
        trained = f", {facts['train']:,} to train on" if "train" in facts else ""
        words.append(f"{dataset}: {images} test images{trained}")
    rounds = _range(rows, "latency")
    if rounds:
        threads = sorted({row["latency"].threads for row in rows if "latency" in row})
        count = ", ".join(map(str, threads))
        words.append(
            f"latency: median of {rounds} single inferences, {count} "
            f"thread{'' if threads == [1] else 's'}"
        )
    seeds = sorted({record.seed for row in rows for record in row.values()})
    words.append(f"seed {', '.join(map(str, seeds))}")
    profile = results.environment.get("profile")
    if profile:
        words.append(f"profile {profile}")
    return [
        "; ".join(words),
        "[95 % intervals]; × smaller is gzip -9 against the baseline's in the same file format; "
        "Δ is paired, on the same images",
    ]


def origin(results: Results) -> list[str]:
    """Where and when it was measured: machine, versions, date."""
    return [line for line in (_machine(results), _packages(results)) if line]


def _range(rows: list[Mapping[str, Record]], metric: str) -> str:
    counts = sorted({row[metric].n or 0 for row in rows if metric in row} - {0})
    if not counts:
        return ""
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _machine(results: Results) -> str:
    machine = results.environment.get("machine")
    if not machine:
        return ""
    memory = units.size(machine.get("memory_bytes", 0))
    features = " ".join(machine.get("cpu_features", ())) or "no known extensions"
    return (
        f"{machine.get('cpu')}, {machine.get('cores')} cores ({features}), {memory}, "
        f"{machine.get('system')}"
    )


def _packages(results: Results) -> str:
    environment = results.environment
    packages = environment.get("packages", {})
    words = [f"{name} {version}" for name, version in packages.items() if version]
    date = environment.get("date")
    return ", ".join(words) + (f"; {date}" if date else "")
