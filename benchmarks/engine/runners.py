"""Everyone who runs the suites: their command lines, and how to read what they print."""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine.measure import Measured
from benchmarks.engine.suites import Cache, Suite

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Counts:
    """What a runner says it did; ``tests`` includes the skipped ones."""

    tests: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Runner:
    """One contender.

    Attributes:
        name: what the table calls it.
        command: its command line for a suite.
        read: what its output says.
        batchhook: whether it is ours, and not started within the suite's own environment.
        in_repository: whether it works on what is committed.
        warm_up: whether it learns from earlier runs, and had one before those that are timed.
    """

    name: str
    command: Callable[[Suite], Sequence[str | Path]]
    read: Callable[[Measured], Counts | None]
    batchhook: bool = False
    in_repository: bool = False
    warm_up: bool = False

    def environment(self, suite: Suite, cache: Cache) -> Mapping[str, str]:
        """What it is started with."""
        return cache.environment if self.batchhook else cache.of_project(suite)

    def folder(self, suite: Suite, cache: Cache) -> Path:
        """Where it is started."""
        return cache.repository(suite) if self.in_repository else cache.root(suite)


def runners(cache: Cache, jobs: int) -> list[Runner]:
    """All contenders, plain unittest first.

    Args:
        cache: has their interpreter.
        jobs: how many processes those that run tests side by side may use.
    """
    python, side_by_side = cache.python, str(jobs)

    def engine(processes: int, *, learns: bool = False) -> Callable[[Suite], Sequence[str | Path]]:
        launcher = (sys.executable, HERE / "launcher.py", "--python", python, "--jobs", str(processes))

        def command(suite: Suite) -> Sequence[str | Path]:
            history = ("--history", cache.folder / f"{suite.name}.history.json") if learns else ()
            return (*launcher, *history, *suite.discovery)

        return command

    def parallel(level: str) -> Callable[[Suite], Sequence[str | Path]]:
        options = (python, "-m", "unittest_parallel", "-j", side_by_side, "--level", level)
        return lambda suite: (*options, *suite.discovery)

    def pytest(*options: str) -> Callable[[Suite], Sequence[str | Path]]:
        settings = (
            "-c",
            str(cache.folder / "pytest.ini"),
            "-p",
            "no:cacheprovider",
            "-q",
            "--continue-on-collection-errors",
            *options,
        )
        return lambda suite: (python, "-m", "pytest", *settings, "--rootdir", cache.root(suite), suite.start_dir)

    def green(suite: Suite) -> Sequence[str | Path]:
        return (python, "-m", "green", "-s", side_by_side, suite.start_dir)

    def stestr(_: Suite) -> Sequence[str | Path]:
        return (python, "-m", "stestr.cli", "run", "--concurrency", side_by_side)

    def unittest(suite: Suite) -> Sequence[str | Path]:
        return (python, "-m", "unittest", "discover", *suite.discovery)

    def batchhook(_: Suite) -> Sequence[str | Path]:
        return (sys.executable, "-m", "batchhook", "test", "--json", "--fresh")

    return [
        Runner("unittest", unittest, of_unittest),
        Runner("green", green, of_unittest),
        Runner("stestr", stestr, of_stestr),
        Runner("unittest-parallel, modules", parallel("module"), of_unittest),
        Runner("unittest-parallel, classes", parallel("class"), of_unittest),
        Runner("pytest", pytest(), of_pytest),
        Runner(f"pytest -n {jobs}", pytest("-n", side_by_side), of_pytest),
        Runner("batchhook engine, jobs=1", engine(1), of_launcher, batchhook=True),
        Runner(f"batchhook engine, jobs={jobs}", engine(jobs), of_launcher, batchhook=True),
        Runner(
            f"batchhook engine, jobs={jobs}, not the first run",
            engine(jobs, learns=True),
            of_launcher,
            batchhook=True,
            warm_up=True,
        ),
        Runner("batchhook test", batchhook, of_batchhook, batchhook=True, in_repository=True, warm_up=True),
    ]


# --- reading what they print ------------------------------------------------------------------------------------------


def number_before(text: str, words: str) -> int:
    """The number that stands before one of some words, added up; ``words`` is a regular expression."""
    return sum(int(found) for found in re.findall(rf"(\d+) (?:{words})\b", text))


def number_after(text: str, words: str) -> int:
    """The number that stands after one of some words and an equals sign or a colon, added up."""
    return sum(int(found) for found in re.findall(rf"(?:{words})(?:=|: +)(\d+)", text))


def last(pattern: str, text: str) -> re.Match[str] | None:
    """The last place where a pattern matches."""
    return next(iter(deque(re.finditer(pattern, text, re.MULTILINE), maxlen=1)), None)


def of_unittest(done: Measured) -> Counts | None:
    """What unittest says, and those that speak like it."""
    text = done.stderr if "Ran " in done.stderr else done.stdout
    ran = last(r"^Ran (\d+) tests? in ", text)
    if not ran:
        return None
    said = last(r"^(?:OK|FAILED|No Tests)\b.*", text[ran.end() :])
    words = said.group() if said else ""
    # `expected failures=1` is no failure, `unexpected successes=1` is one.
    words = re.sub(r"\bexpected[ _]failures=\d+", "", words)
    return Counts(
        int(ran[1]),
        number_after(words, "failures|errors|unexpected[ _]successes"),
        number_after(words, "skipped|skips"),
    )


def of_stestr(done: Measured) -> Counts | None:
    """What stestr says at its end."""
    totals = done.stdout.rpartition("Totals\n")[2]
    ran = re.search(r"^Ran: (\d+) tests", totals, re.MULTILINE)
    if not ran:
        return None
    return Counts(int(ran[1]), number_after(totals, "Failed|Unexpected Success"), number_after(totals, "Skipped"))


def of_pytest(done: Measured) -> Counts | None:
    """What pytest says in its last line."""
    said = last(r"^=*\s*(\d+ .*) in [\d.]+s", done.stdout)
    if not said:
        return None
    words = re.sub(r"\d+ subtests \w+", "", said[1])
    failed = number_before(words, "failed|errors?|xpassed")
    skipped = number_before(words, "skipped")
    return Counts(number_before(words, "passed|xfailed") + failed + skipped, failed, skipped)


def of_launcher(done: Measured) -> Counts | None:
    """What ``launcher.py`` prints."""
    said = document(done)
    return None if not said or said["broken"] else Counts(**said["totals"])


def of_batchhook(done: Measured) -> Counts | None:
    """What `batchhook test --json` prints."""
    said = document(done)
    if not said or said.get("broken") or "totals" not in said:
        return None
    totals = said["totals"]
    return Counts(totals["tests"], totals["failed"] + totals["errored"], totals["skipped"])


def document(done: Measured) -> dict[str, dict[str, int]] | None:
    """The JSON document that was printed."""
    try:
        said: dict[str, dict[str, int]] = json.loads(done.stdout)
    except ValueError:
        return None
    return said
