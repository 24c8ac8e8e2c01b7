"""Runs of a project's own suite on each state of its history, with the planted mistakes; cached in a file."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.prediction.blocks import REST, changed_blocks
from benchmarks.prediction.planting import Fault, ProjectHistory, draw_fault

LIMIT, LIMIT_WITH_FUNCTIONS = 60.0, 400.0
"""Time limits of a run, in seconds; a mistake with which the suite takes longer is dropped."""
MOST_BROKEN = 0.2
"""Share of the tests that a mistake may break: no developer commits one that breaks more."""
MAP_EVERY = 10
"""Changes between two runs that observe which functions each test calls."""
_OFF = ("cacheprovider", "xdist", "hypothesispytest", "timeout")
"""Plug-ins that write files, or that the projects' tests do not need."""
OPTIONS = ("-q", "-W", "ignore", "-c", os.devnull, "--rootdir", ".", *(f"-pno:{name}" for name in _OFF))
"""Without the project's own options, which come and go in the course of a history."""
_DETERMINING = (".py", ".toml", ".cfg", ".ini", ".sql")

Tests = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Step:
    """One change as it was tested.

    Attributes:
        oid, author, subject, time: of the project's commit.
        lines: path -> lines touched; with those of planted and fixed mistakes.
        planted: the mistake; empty if there is none.
        failing: tests that fail after it.
        seconds: test -> duration, of all tests that ran.
        affected: tests that the latest map of calls relates to the functions that it touched.
    """

    oid: str
    author: str
    subject: str
    time: int
    lines: dict[str, int]
    planted: str = ""
    failing: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    affected: list[str] = field(default_factory=list)


class SuiteRunner:
    """Runs a project's suite with pytest, in a work tree of its own.

    Args:
        history: the project's.
        python: interpreter with what the tests need.
        folder: for the work tree and the cache of outcomes.
    """

    def __init__(self, history: ProjectHistory, python: Path, folder: Path) -> None:
        self._history = history
        self._python = python
        self.top = folder / "worktree"
        self._file = folder / "outcomes.json"
        self._known: dict[str, Tests | None] = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.runs = 0
        if not self.top.exists():
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(["git", "clone", "--quiet", "--shared", history.folder, self.top], check=True)

    def run(
        self, oid: str, contents: Mapping[str, bytes], *, with_functions: bool = False, attempt: int = 1
    ) -> Tests | None:
        """Return the outcome of each test; None if the suite does not end, or cannot be collected.

        The same code is not run twice.

        Args:
            oid: commit.
            contents: files with mistakes.
            with_functions: observe the functions that each test calls.
            attempt: number of the run, to run the same code once more.
        """
        listed = self._history.git("ls-tree", "-r", oid).decode("utf-8", "replace").splitlines()
        rows = [row for row in listed if row.endswith(_DETERMINING) or "\ttests/" in row]
        digests = [f"{path} {hashlib.sha256(text).hexdigest()}" for path, text in sorted(contents.items())]
        key = hashlib.sha256("\n".join([str(with_functions), str(attempt), *rows, *digests]).encode()).hexdigest()
        if key not in self._known:
            self._known[key] = self._run(oid, contents, with_functions=with_functions)
            self.runs += 1
        return self._known[key]

    def save(self) -> None:
        """Write the cache."""
        self._file.write_text(json.dumps(self._known))

    def _run(self, oid: str, contents: Mapping[str, bytes], *, with_functions: bool) -> Tests | None:
        git = ("git", "-C", self.top)
        subprocess.run([*git, "checkout", "--quiet", "--force", "--detach", oid], check=True)
        subprocess.run([*git, "clean", "--quiet", "-ffdx"], check=True)
        for path, text in contents.items():
            (self.top / path).write_bytes(text)
        results = self._file.with_name("results.json")
        results.unlink(missing_ok=True)
        roots = [str(self.top / name) for name in ("src", "") if (self.top / name).is_dir()]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_"))},
            "PYTHONPATH": os.pathsep.join((*roots, str(Path(__file__).parent))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PREDICTION_RECORDER_FILE": str(results),
            "PREDICTION_RECORDER_FUNCTIONS": str(int(with_functions)),
        }
        limit = LIMIT_WITH_FUNCTIONS if with_functions else LIMIT
        command: list[str | Path] = [
            self._python,
            "-m",
            "pytest",
            *OPTIONS,
            "-p",
            "recorder",
            "--continue-on-collection-errors",
        ]
        try:
            subprocess.run(
                command,
                cwd=self.top,
                env=environment,
                check=False,
                capture_output=True,
                timeout=limit,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return None
        tests: Tests = json.loads(results.read_text()) if results.exists() else {}
        return tests or None


def play(history: ProjectHistory, runner: SuiteRunner, seed: int) -> Iterator[Step]:
    """Make the history's changes one after the other, with mistakes, and yield each as it was tested."""
    chance = random.Random(seed)
    runs = (runner.run(change.oid, {}, with_functions=True) for change in history.changes)
    begin, first = next(((number, tests) for number, tests in enumerate(runs) if tests), (0, None))
    if first is None:
        raise RuntimeError("the suite can be run at none of the changes")
    failing = {name for name, test in first.items() if test["failed"]}
    calls = _CallMap(first)
    contents: dict[str, bytes] = {}
    faults: list[Fault] = []
    for number in range(begin + 1, len(history.changes)):
        change = history.changes[number]
        faults, before = _carry(history, faults, number), contents
        fault = draw_fault(history, number, chance)
        with_map = number % MAP_EVERY == 0
        tests: Tests | None = None
        broken: set[str] = set()
        choices: list[list[Fault]] = [faults, []] if fault is None else [[*faults, fault], faults, []]
        for planted in choices:
            contents = _mutate(history, change.oid, planted)
            tests = runner.run(change.oid, contents)
            broken = {name for name, test in (tests or {}).items() if test["failed"]} - failing
            if tests is not None and len(broken) <= max(1, MOST_BROKEN * len(tests)):
                fault = fault if fault in planted else None
                faults = planted
                break
        if tests is None:
            continue  # the project's own change cannot be tested with this Python
        lines = dict(change.lines)
        for path in before.keys() | contents.keys():
            if before.get(path) != contents.get(path):
                lines[path] = lines.get(path, 0) + 1
        step = Step(change.oid, change.author, change.subject, change.time, lines, str(fault or ""))
        if broken:  # not a test that fails now and then
            again = runner.run(change.oid, contents, attempt=2) or tests
            broken = {name for name in broken if again.get(name, tests[name])["failed"]}
        failing = {name for name, test in tests.items() if test["failed"] and name in failing | broken}
        step.failing = sorted(failing)
        step.seconds = {
            name: round(test["seconds"], 5) for name, test in tests.items() if test["ran"] or test["failed"]
        }
        previous = history.changes[number - 1].oid
        step.affected = sorted(calls.affected(_blocks(history, previous, change.oid, before, contents, lines), tests))
        if with_map:
            calls = _CallMap(runner.run(change.oid, contents, with_functions=True) or first)
        yield step


def _carry(history: ProjectHistory, faults: Iterable[Fault], number: int) -> list[Fault]:
    """Return the faults that a change leaves: it fixes some, and rewrites the lines of others."""
    oid = history.changes[number].oid
    moved = (fault.relocate(history.read(oid, fault.mutation.path)) for fault in faults if fault.fixed_by > number)
    return [fault for fault in moved if fault is not None]


def _mutate(history: ProjectHistory, oid: str, faults: Iterable[Fault]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for fault in faults:
        path = fault.mutation.path
        text = contents.get(path) or history.read(oid, path) or b""
        try:
            contents[path] = fault.mutation.apply(text)
        except ValueError:  # two faults in one expression
            continue
    return contents


def _blocks(  # noqa: PLR0913, PLR0917 - two states, each with its mistakes
    history: ProjectHistory,
    previous: str,
    oid: str,
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    paths: Iterable[str],
) -> frozenset[str]:
    """Return the functions that differ between two states of the project, each with its mistakes."""
    texts = (
        (path, before.get(path) or history.read(previous, path), after.get(path) or history.read(oid, path))
        for path in paths
        if path.endswith(".py")
    )
    return frozenset().union(*(changed_blocks(path, old, new) for path, old, new in texts))


class _CallMap:
    """The functions that each test calls."""

    def __init__(self, tests: Tests) -> None:
        self._functions = {name: frozenset(test.get("functions", ())) for name, test in tests.items()}

    def affected(self, blocks: frozenset[str], tests: Iterable[str]) -> Iterator[str]:
        """Yield the tests that call a changed function, or anything in a file of which the rest changed."""
        files = {block.partition(":")[0] for block in blocks if block.endswith(f":{REST}")}
        touched = {block.partition(":")[0] for block in blocks}
        for name in tests:
            functions = self._functions.get(name)
            if functions is None:  # a test that is new
                if name.partition("::")[0] in touched:
                    yield name
            elif functions & blocks or any(each.partition(":")[0] in files for each in functions):
                yield name


def load_steps(folder: Path, history: ProjectHistory, python: Path, seed: int) -> list[Step]:
    """Return the steps of a history; the suite runs if they are not cached."""
    file = folder / f"steps-{seed}.json"
    if not file.exists():
        runner = SuiteRunner(history, python, folder)
        steps = []
        for step in play(history, runner, seed):
            steps.append(step)
            if len(steps) % MAP_EVERY == 0:
                broken = sum(bool(each.planted) for each in steps)
                print(f"  {len(steps)} changes, {broken} mistakes, {runner.runs} runs", file=sys.stderr, flush=True)
                runner.save()
        file.write_text(json.dumps([asdict(step) for step in steps]))
    return [Step(**step) for step in json.loads(file.read_text())]
