"""Compare batchhook's engines with the suites' own frameworks, test by test."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from batchhook.core.test_ids import parse_id
from benchmarks.engine.cache import Cache
from benchmarks.engine.measure import measure
from benchmarks.engine.oracle import HERE, Row, run_framework
from benchmarks.engine.suites import Suite

LIMIT = 900.0
"""Seconds after which a runner is killed."""
MOST_SHOWN = 10
"""Differing tests shown of each suite."""
WIDEST = 300
"""Characters shown of each."""


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One run of a suite by batchhook's engine.

    Attributes:
        broken: why it could not run; empty if it did.
        rows: one per test, in order of completion.
        durations: the tests' seconds.
        seconds: of the whole run.
    """

    broken: str
    rows: Sequence[Row]
    durations: Sequence[float]
    seconds: float

    @property
    def is_plausible(self) -> bool:
        """Whether the tests' durations fit into the run, for one in one process."""
        return min(self.durations, default=0.0) >= 0.0 and sum(self.durations) <= self.seconds


def check_suite(suite: Suite, cache: Cache, jobs: int, console: Console) -> dict[str, Any]:
    """Check a suite in one process and in several; return the numbers as a JSON document, and print them."""
    framework, root = suite.engine.value, cache.root(suite)
    expected, done = run_framework(suite, cache.python, root, cache.project_environment(suite), LIMIT)
    document: dict[str, Any] = {"suite": suite.name, "results": len(expected), "seconds": done.seconds}
    if not expected:
        console.print(f"[bold]{suite.name}[/]: {framework} cannot run it")
        console.print((done.stdout + done.stderr)[-2000:], markup=False)
        return document | {"is_equal": False}
    console.print(f"[bold]{suite.name}[/]: {len(expected)} results, {done.seconds:.1f} s with plain {framework}")
    files = set(root.rglob("*"))
    is_equal = True
    for processes in dict.fromkeys((1, jobs)):
        run = run_engine(suite, cache, processes)
        differing = differences(framework, expected, run.rows)
        if processes == 1 and not run.is_plausible:
            differing.append(f"implausible durations: {sum(run.durations):.1f} s in tests")
        if left := sorted(str(path.relative_to(root)) for path in set(root.rglob("*")) - files):
            differing.append(f"left behind, unlike by {framework}: {', '.join(left[:MOST_SHOWN])}")
        is_equal = is_equal and not run.broken and not differing
        document[f"jobs={processes}"] = {"seconds": run.seconds, "broken": run.broken, "differing": differing}
        is_reordered = processes == 1 and list(run.rows) != expected
        verdict = f"{len(differing)} differ" if differing else "equal, in another order" if is_reordered else "equal"
        console.print(
            f"    jobs={processes}: {f'BROKEN: {run.broken}' if run.broken else verdict}, {run.seconds:.1f} s"
        )
        for line in differing[:MOST_SHOWN]:
            console.print(f"        {line[:WIDEST]}", markup=False)
        if processes == 1 and run.rows:
            document["spread"] = spread(run)
            console.print(f"    {document['spread']}", markup=False)
    return document | {"is_equal": is_equal}


def run_engine(suite: Suite, cache: Cache, jobs: int) -> EngineRun:
    """Run a suite with batchhook's engine."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "results.json"
        options = ("--python", cache.python, "--jobs", str(jobs), "--results", file)
        command: list[str | Path] = [sys.executable, HERE / "launcher.py", *options, *suite.launch]
        done = measure(command, cache.root(suite), cache.environment, LIMIT)
        if not file.exists():
            return EngineRun(f"the launcher failed: {done.stderr.strip()[-500:]}", (), (), done.seconds)
        document = json.loads(file.read_text())
    results = document["results"]
    rows = [Row.create(suite, *result[:3]) for result in results]
    return EngineRun(document["broken"], rows, [result[3] for result in results], done.seconds)


def differences(framework: str, expected: Sequence[Row], actual: Sequence[Row]) -> list[str]:
    """Return a line for each test that differs; tests with the same id are distinguished by their outcomes only."""
    missing, extra = (Counter(expected) - Counter(actual)), (Counter(actual) - Counter(expected))
    lines: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((missing, extra)):
        for row in rows.elements():
            outcome = row.outcome.value
            lines[row.test_id][side].append(f"{outcome} ({row.reason})" if row.reason else outcome)
    return [
        f"{name}: {framework} {', '.join(theirs) or 'none'}; batchhook {', '.join(ours) or 'none'}"
        for name, (theirs, ours) in sorted(lines.items())
    ]


def spread(run: EngineRun) -> str:
    """Describe how the tests' time is distributed; the largest part limits what running in parallel can gain."""
    rows, durations = run.rows, run.durations
    total = sum(durations) or 1e-9
    classes: defaultdict[str, float] = defaultdict(float)
    modules: defaultdict[str, float] = defaultdict(float)
    for row, seconds in zip(rows, durations, strict=True):
        parts = parse_id(row.test_id)
        classes[parts.owner] += seconds
        modules[parts.module] += seconds
    largest, longest = max(classes, key=lambda name: classes[name]), max(range(len(rows)), key=lambda at: durations[at])
    return (
        f"{len(classes)} classes, {total:.2f} s in tests: largest module {max(modules.values()) / total:.0%}, "
        f"largest class {classes[largest] / total:.0%} ({largest}), "
        f"longest test {durations[longest] / total:.0%} ({rows[longest].test_id})"
    )
