"""What recording costs: batchhook with and without it, beside coverage.py and pytest-testmon, all in one process."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from benchmarks.culprits.clone import Clone
from benchmarks.engine.cache import Cache
from benchmarks.engine.suites import PYTEST, Suite
from benchmarks.impact.selection import BATCHHOOK

BASELINES = {"batchhook, recording": "batchhook", "coverage": "plain", "testmon": "plain under pytest"}
"""What each is compared with."""


def time_all(suite: Suite, cache: Cache, rounds: int) -> Mapping[str, Sequence[float]]:
    """Run a suite in each way, in turns, and return the seconds by name; the first round is a warm-up.

    Args:
        suite: whose tests are run.
        cache: has its repository.
        rounds: that are timed.
    """
    folder = cache.folder / "impact" / suite.name / "overhead"
    clone = Clone.create(cache.repository(suite), folder, cache)
    clone.run(*BATCHHOOK, "install")
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for turn in range(rounds + 1):
        for name, run in _ways(suite, clone, cache).items():
            (clone.folder / ".testmondata").unlink(missing_ok=True)
            taken = run()
            if turn:
                seconds[name].append(taken)
    return seconds


def _ways(suite: Suite, clone: Clone, cache: Cache) -> Mapping[str, Callable[[], float]]:
    pytest_command = (str(cache.python), "-m", "pytest", "-q")
    tests = suite.discovery if suite.engine is PYTEST else ["-o", "python_files=test*.py", suite.start_dir]
    plugin = ("-p", "testmon.pytest_testmon") if "PYTEST_PLUGINS" in cache.environment else ()
    plain = suite.command(cache.python)

    def batchhook(mode: str) -> float:
        ours = (f"BATCHHOOK_CODE_MAP={mode}", *BATCHHOOK, "test", "--fresh", "--jobs", "1")
        return clone.time("env", *ours).seconds

    return {
        "plain": lambda: clone.time(*plain, own=True).seconds,
        "plain under pytest": lambda: clone.time(*pytest_command, *tests, own=True).seconds,
        "batchhook": lambda: batchhook("off"),
        "batchhook, recording": lambda: batchhook("always"),
        "coverage": lambda: clone.time(plain[0], "-m", "coverage", "run", *plain[1:], own=True).seconds,
        "testmon": lambda: clone.time(*pytest_command, *plugin, "--testmon", *tests, own=True).seconds,
    }


def ratios(seconds: Mapping[str, Sequence[float]]) -> Mapping[str, float]:
    """Return the median of each way that records, divided by that of its baseline."""
    return {
        name: statistics.median(seconds[name]) / statistics.median(seconds[baseline])
        for name, baseline in BASELINES.items()
    }
