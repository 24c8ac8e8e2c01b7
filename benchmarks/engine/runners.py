"""The compared runners: their command lines, and parsers of their output."""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.settings import EngineName
from benchmarks.engine.cache import Cache
from benchmarks.engine.measure import Measured
from benchmarks.engine.oracle import HERE
from benchmarks.engine.suites import PYTEST, Suite


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts that a runner reports; ``tests`` includes skipped ones."""

    tests: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Runner:
    """A test runner.

    Attributes:
        name: label in the table.
        command: returns its command line for a suite.
        read: parses its output.
        batchhook: whether it is batchhook, which sets up the suite's environment itself.
        in_repository: whether it tests what is committed.
        warm_up: whether it uses earlier runs, and has one before those that are timed.
    """

    name: str
    command: Callable[[Suite], Sequence[str | Path]]
    read: Callable[[Measured], Counts | None]
    batchhook: bool = False
    in_repository: bool = False
    warm_up: bool = False

    def environment(self, suite: Suite, cache: Cache) -> Mapping[str, str]:
        """Return the environment to start it in."""
        return cache.environment if self.batchhook else cache.project_environment(suite)

    def folder(self, suite: Suite, cache: Cache) -> Path:
        """Return the folder to start it in."""
        return cache.repository(suite) if self.in_repository else cache.root(suite)


def runners(engine: EngineName, cache: Cache, jobs: int) -> list[Runner]:
    """Return all runners of suites of a framework, the plain framework first.

    Args:
        engine: the framework.
        cache: has their interpreter.
        jobs: processes for those that run tests in parallel.
    """
    rivals = pytest_runners(cache, jobs) if engine is PYTEST else unittest_runners(cache, jobs)
    return [*rivals, *batchhook_runners(cache, jobs)]


def pytest_runners(cache: Cache, jobs: int) -> list[Runner]:
    """Return pytest, plain and with each way to distribute tests that pytest-xdist has."""

    def pytest(*options: str) -> Callable[[Suite], Sequence[str | Path]]:
        return lambda suite: suite.command(cache.python, *options)

    return [
        Runner("pytest", pytest(), parse_pytest, warm_up=True),
        *(
            Runner(f"pytest -n {jobs} --dist {mode}", pytest("-n", str(jobs), "--dist", mode), parse_pytest)
            for mode in ("load", "loadscope", "loadfile", "worksteal")
        ),
    ]


def unittest_runners(cache: Cache, jobs: int) -> list[Runner]:
    """Return unittest, and other runners of its suites."""
    python, processes = cache.python, str(jobs)

    def parallel(level: str) -> Callable[[Suite], Sequence[str | Path]]:
        options = (python, "-m", "unittest_parallel", "-j", processes, "--level", level)
        return lambda suite: (*options, *suite.discovery)

    def pytest(*options: str) -> Callable[[Suite], Sequence[str | Path]]:
        settings = (
            "-c",
            str(cache.folder / "home" / "pytest.ini"),
            "-p",
            "no:cacheprovider",
            "-q",
            "--continue-on-collection-errors",
            *options,
        )
        return lambda suite: (python, "-m", "pytest", *settings, "--rootdir", cache.root(suite), suite.start_dir)

    def green(suite: Suite) -> Sequence[str | Path]:
        return (python, "-m", "green", "-s", processes, suite.start_dir)

    def stestr(_: Suite) -> Sequence[str | Path]:
        return (python, "-m", "stestr.cli", "run", "--concurrency", processes)

    return [
        Runner("unittest", lambda suite: suite.command(python), parse_unittest),
        Runner("green", green, parse_unittest),
        Runner("stestr", stestr, parse_stestr),
        Runner("unittest-parallel, modules", parallel("module"), parse_unittest),
        Runner("unittest-parallel, classes", parallel("class"), parse_unittest),
        Runner("pytest", pytest(), parse_pytest),
        Runner(f"pytest -n {jobs}", pytest("-n", processes), parse_pytest),
    ]


def batchhook_runners(cache: Cache, jobs: int) -> list[Runner]:
    """Return batchhook: its engine alone, and its command."""

    def engine(number: int, *, learns: bool = False) -> Callable[[Suite], Sequence[str | Path]]:
        launcher = (sys.executable, HERE / "launcher.py", "--python", cache.python, "--jobs", str(number))

        def command(suite: Suite) -> Sequence[str | Path]:
            name = f"{suite.engine.value}-{suite.name}.history.json"
            return (*launcher, *(("--history", cache.folder / name) if learns else ()), *suite.launch)

        return command

    def batchhook(_: Suite) -> Sequence[str | Path]:
        return (sys.executable, "-m", "batchhook", "test", "--json", "--fresh")

    return [
        Runner("batchhook engine, jobs=1", engine(1), parse_launcher, batchhook=True),
        Runner(f"batchhook engine, jobs={jobs}", engine(jobs), parse_launcher, batchhook=True),
        Runner(
            f"batchhook engine, jobs={jobs}, not the first run",
            engine(jobs, learns=True),
            parse_launcher,
            batchhook=True,
            warm_up=True,
        ),
        Runner("batchhook test", batchhook, parse_batchhook, batchhook=True, in_repository=True, warm_up=True),
    ]


# --- output -----------------------------------------------------------------------------------------------------------


def number_before(text: str, words: str) -> int:
    """Return the sum of the numbers before some words, a regular expression."""
    return sum(int(number) for number in re.findall(rf"(\d+) (?:{words})\b", text))


def number_after(text: str, words: str) -> int:
    """Return the sum of the numbers after some words, a regular expression, and an equals sign or colon."""
    return sum(int(number) for number in re.findall(rf"(?:{words})(?:=|: +)(\d+)", text))


def last(pattern: str, text: str) -> re.Match[str] | None:
    """Return the last match of a pattern."""
    return next(iter(deque(re.finditer(pattern, text, re.MULTILINE), maxlen=1)), None)


def parse_unittest(done: Measured) -> Counts | None:
    """Parse the output of unittest, and of runners that print the same."""
    text = done.stderr if "Ran " in done.stderr else done.stdout
    ran = last(r"^Ran (\d+) tests? in ", text)
    if not ran:
        return None
    summary = last(r"^(?:OK|FAILED|No Tests)\b.*", text[ran.end() :])
    words = summary.group() if summary else ""
    # `expected failures=1` is no failure, `unexpected successes=1` is one.
    words = re.sub(r"\bexpected[ _]failures=\d+", "", words)
    return Counts(
        int(ran[1]),
        number_after(words, "failures|errors|unexpected[ _]successes"),
        number_after(words, "skipped|skips"),
    )


def parse_stestr(done: Measured) -> Counts | None:
    """Parse stestr's totals."""
    totals = done.stdout.rpartition("Totals\n")[2]
    ran = re.search(r"^Ran: (\d+) tests", totals, re.MULTILINE)
    if not ran:
        return None
    return Counts(int(ran[1]), number_after(totals, "Failed|Unexpected Success"), number_after(totals, "Skipped"))


def parse_pytest(done: Measured) -> Counts | None:
    """Parse pytest's last line."""
    summary = last(r"^=*\s*(\d+ .*) in [\d.]+s", done.stdout)
    if not summary:
        return None
    words = re.sub(r"\d+ subtests \w+", "", summary[1])
    failed = number_before(words, "failed|errors?|xpassed")
    skipped = number_before(words, "skipped")
    return Counts(number_before(words, "passed|xfailed") + failed + skipped, failed, skipped)


def parse_launcher(done: Measured) -> Counts | None:
    """Parse the document that ``launcher.py`` prints."""
    document = parse_document(done)
    return None if not document or document["broken"] else Counts(**document["totals"])


def parse_batchhook(done: Measured) -> Counts | None:
    """Parse the document that `batchhook test --json` prints."""
    document = parse_document(done)
    if not document or document.get("broken") or "totals" not in document:
        return None
    totals = document["totals"]
    return Counts(totals["tests"], totals["failed"] + totals["errored"], totals["skipped"])


def parse_document(done: Measured) -> dict[str, dict[str, int]] | None:
    """Return the printed JSON document, or None if the output is none."""
    try:
        document: dict[str, dict[str, int]] = json.loads(done.stdout)
    except ValueError:
        return None
    return document
