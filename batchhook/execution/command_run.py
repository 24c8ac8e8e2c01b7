"""Run a suite by a command, and read what it reports."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from math import inf
from pathlib import Path
from time import perf_counter

from batchhook.core.events import RunListener, TestEnded, TestsCounted
from batchhook.core.plural import plural
from batchhook.core.results import Outcome, SuiteResult, TestResult, broken_result
from batchhook.core.sanitize import one_line
from batchhook.core.settings import ReportFormat
from batchhook.core.test_ids import NODE_SEPARATOR, is_unloaded_module
from batchhook.engines.command import template
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.command.ids import UNNAMED_CLASS, as_results, selected_test
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.reading import read_report
from batchhook.errors import NoTestsError, SuiteError
from batchhook.execution.command_answer import CommandObservation, answer, as_item
from batchhook.execution.command_output import (
    MAX_COMMAND,
    describe_end,
    describe_finding,
    outcome_of,
    read_last_line,
    read_tail,
    shorten_command,
)
from batchhook.execution.scheduling import select
from batchhook.execution.spec import SuiteSpec
from batchhook.execution.supervised_command import CommandResult, SupervisedCommand, run_command
from batchhook.execution.worker import signal_name

MAX_OUTPUT = 1 << 30
"""Bytes of output from which on a command is killed."""
_REPORTERS = Path(template.__file__).with_name("reporters")
_MAX_REPORTS = 20_000
_MAX_CASES = 2_000_000
_CANNOT_RUN = frozenset({126, 127})
"""Exit codes of a shell that cannot start a command (https://www.gnu.org/software/bash/manual, "Exit Status")."""
_CANNOT_TEST = 125
"""The exit code by which a command says that a commit cannot be tested (git-bisect(1))."""
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
"""Signals that a program does not send to itself by a fault: they say nothing about what is tested."""


def run_command_suite(spec: SuiteSpec, engine: CommandEngine, listener: RunListener) -> SuiteResult:
    """Run a suite, or a part of it, by its command; see ``execution/runner.run_suite``.

    Args:
        spec: of the run.
        engine: the command.
        listener: is told the results at the end, as the command reports them.
    """
    begin = perf_counter()
    spec = replace(spec, root=spec.root.resolve())
    try:
        result = answer(spec, _CommandRun(spec, engine).observe())
    except SuiteError as error:
        return broken_result(error, perf_counter() - begin)
    listener(TestsCounted(len(result.results)))
    for each in result.results:
        listener(TestEnded(each))
    return replace(result, duration=perf_counter() - begin)


def list_tests(spec: SuiteSpec, engine: CommandEngine) -> list[str]:
    """Return what the command lists; empty if it cannot.

    Raises:
        SuiteError: it cannot be built or listed.
    """
    run = _CommandRun(replace(spec, root=spec.root.resolve()), engine)
    return run.list_tests() if engine.list else []


@dataclass(frozen=True, slots=True)
class _Execution:
    """One execution of the command.

    Attributes:
        command: as messages show it.
        ended: how it ended.
        log: its output.
        results: of the tests in its report.
        damage: what is wrong with the report; empty if nothing is.
        is_missing: whether it wrote none of the files that hold its report.
    """

    command: str
    ended: CommandResult
    log: Path
    results: tuple[TestResult, ...]
    damage: str = ""
    is_missing: bool = False

    @property
    def failures(self) -> int:
        """Number of tests that failed."""
        return sum(result.outcome.is_failure for result in self.results)

    @property
    def is_conclusive(self) -> bool:
        """Return whether it shows how the tests in it end, if only some were to run."""
        return not self.damage and (self.ended.exit_code == 0 or self.failures > 0)


class _CommandRun:
    """The executions of a command in one checkout.

    Args:
        spec: of the run; its scratch folder exists.
        engine: the command.
    """

    def __init__(self, spec: SuiteSpec, engine: CommandEngine) -> None:
        self._spec = spec
        self._engine = engine
        self._executions = 0

    def observe(self) -> CommandObservation:
        """Build, and run all tests, or those that were asked for.

        Raises:
            SuiteError: nothing is known of any test: the command cannot be started, or was killed.
        """
        problem = self._engine.find_problem(self._spec.root)
        if problem is not None:
            if self._spec.from_other_tree:
                return CommandObservation()
            raise problem
        finding = self._run_build()
        if finding is not None:
            return CommandObservation(finding=finding)
        test_ids = self._asked_ids()
        places = self._next_places()
        words = self._engine.selection([selected_test(test_id) for test_id in test_ids], places)
        if words is not None:
            partial = self._execute(words, places)
            if partial.is_conclusive and {result.test_id for result in partial.results}.issuperset(test_ids):
                return self._judge(partial, is_whole=False)
            places = self._next_places()
        return self._judge(self._execute(template.expand(self._engine.command, places), places), is_whole=True)

    def list_tests(self) -> list[str]:
        """Return what the command lists.

        Raises:
            SuiteError: it cannot be built or listed.
        """
        finding = self._run_build()
        if finding is not None:
            raise SuiteError(one_line(finding.message), "batchhook test shows all of it")
        log, places = self._spec.scratch / "list.log", self._next_places()
        words = template.expand(self._engine.list, places)
        ended = self._start(words, log, places, setting="list")
        if ended.exit_code != 0:
            raise SuiteError(f"`{shorten_command(words)}` {describe_end(ended)}", read_last_line(log))
        pattern = re.compile(self._engine.listed)
        matches = map(pattern.match, log.read_text("utf-8", "replace").splitlines())
        return list(dict.fromkeys(match[1] for match in matches if match))

    # --- the parts of a run -------------------------------------------------------------------------------------------

    def _asked_ids(self) -> tuple[str, ...]:
        """Return the ids of the tests to select; empty if all have to run.

        A word of the user's may be a class or a file: which tests it means is known from earlier runs.
        """
        only = self._spec.only
        if self._engine.format is ReportFormat.EXIT or any(is_unloaded_module(word) for word in only):
            return ()
        if self._spec.from_other_tree:
            return only
        known = [as_item(name) for name in self._spec.stats.durations]
        chosen = [select(known, [word]) for word in only]
        return tuple(known[number].test_id for number in sorted({*chain(*chosen)})) if all(chosen) else ()

    def _run_build(self) -> TestResult | None:
        """Build; return what failed, or None.

        Raises:
            SuiteError: a command cannot be started, or was killed from outside.
        """
        log, places = self._spec.scratch / "build.log", self._next_places()
        for line in self._engine.build:
            words = template.expand(line, places)
            ended = self._start(words, log, places, setting="build")
            if ended.exit_code in _CANNOT_RUN:
                raise SuiteError(f"`{shorten_command(words)}` cannot be started: {read_last_line(log)}", _fix("build"))
            if ended.exit_code != 0:
                return describe_finding(ended, f"`{shorten_command(words)}` {describe_end(ended)}", log)
        return None

    def _execute(self, words: Sequence[str], places: Mapping[str, str]) -> _Execution:
        """Run the command, and read its report.

        Raises:
            SuiteError: nothing is known of any test.
        """
        log = self._spec.scratch / f"command-{self._executions}.log"
        before = dict(self._stamps(places))
        ended = self._start(words, log, places)
        if self._engine.format is ReportFormat.EXIT:
            return _Execution(shorten_command(words), ended, log, (self._exit_result(words, ended, log),))
        files = [path for path, stamp in self._stamps(places) if before.get(path) != stamp]
        cases, damage = self._read([log] if self._pattern is None else files, places)
        is_missing = self._pattern is not None and not files
        return _Execution(
            shorten_command(words), ended, log, tuple(as_results(cases, self._spec.root)), damage, is_missing=is_missing
        )

    def _judge(self, execution: _Execution, *, is_whole: bool) -> CommandObservation:
        """Return what an execution shows.

        Raises:
            SuiteError: it shows nothing of what was tested.
        """
        if self._engine.format is ReportFormat.EXIT:
            return CommandObservation(execution.results)
        command, ended, failures = f"`{execution.command}`", execution.ended, execution.failures
        problem = self._find_problem(execution)
        if not problem and ended.exit_code != 0 and not failures:
            problem = f"{command} {describe_end(ended)}, although no test failed"
        hint = ""
        if ended.exit_code == 0 and failures:
            failed = plural(failures, "test")
            hint = f"{command} ends with exit code 0 although {failed} failed: other tools take that for a pass"
        finding = describe_finding(ended, problem, execution.log) if problem else None
        return CommandObservation(execution.results, finding, hint, is_whole)

    def _find_problem(self, execution: _Execution) -> str:
        """Return what went wrong besides failing tests; empty if nothing did.

        Raises:
            SuiteError: what went wrong says nothing about what was tested.
        """
        command, ended, log = f"`{execution.command}`", execution.ended, execution.log
        has_cases, damage = bool(execution.results), execution.damage
        if ended.exit_code in _CANNOT_RUN and not has_cases:
            raise SuiteError(f"{command} cannot be started: {read_last_line(log)}", _fix("command"))
        if ended.timed_out or ended.exit_code is None:
            return f"{command} {describe_end(ended)}"
        if damage and (has_cases or self._pattern is not None):
            return f"{command} {describe_end(ended)}, and its report is damaged: {damage}"
        if has_cases:
            return ""
        what = "wrote no report" if execution.is_missing else "reported no test"
        # Without tests so far there are none that a change has broken.
        is_new = not self._spec.from_other_tree and not self._spec.stats.durations
        if ended.exit_code == 0 or is_new:
            raise NoTestsError(
                f"{command} {describe_end(ended)} and {what}: {read_last_line(log)}",
                "Run it by hand; `command`, `report` and `format` in the configuration say what is read.",
            )
        return f"{command} {describe_end(ended)} and {what}"

    def _exit_result(self, words: Sequence[str], ended: CommandResult, log: Path) -> TestResult:
        """Return the result of a command that is one test.

        Raises:
            SuiteError: it says nothing about what was tested.
        """
        if ended.exit_code in _CANNOT_RUN:
            raise SuiteError(f"`{shorten_command(words)}` cannot be started: {read_last_line(log)}", _fix("command"))
        if ended.exit_code == _CANNOT_TEST:
            raise SuiteError(f"`{shorten_command(words)}` ended with exit code 125: this commit cannot be tested")
        test_id = f"{UNNAMED_CLASS}{NODE_SEPARATOR}{one_line(self._engine.command, MAX_COMMAND)}"
        if ended.exit_code == 0:
            return TestResult(test_id, UNNAMED_CLASS, Outcome.PASSED, ended.seconds)
        outcome = Outcome.FAILED if ended.exit_code else outcome_of(ended)
        message = f"{describe_end(ended)}: {read_last_line(log)}"
        return TestResult(test_id, UNNAMED_CLASS, outcome, ended.seconds, message=message, traceback=read_tail(log))

    # --- files and processes ------------------------------------------------------------------------------------------

    def _next_places(self) -> dict[str, str]:
        """Return the values of placeholders for the next execution, and create its folders."""
        self._executions += 1
        scratch = self._spec.scratch
        reports, build = scratch / f"reports-{self._executions}", scratch / "build"
        for folder in (reports, build, *([self._spec.cache] if self._spec.cache else [])):
            folder.mkdir(parents=True, exist_ok=True)
        return {
            "report": str(scratch / f"report-{self._executions}"),
            "reports": str(reports),
            "build": str(build),
            "cache": str(self._spec.cache or scratch / "cache"),
            "reporters": str(_REPORTERS),
            "jobs": str(max(1, self._spec.jobs)),
        }

    @property
    def _pattern(self) -> str | None:
        """Pattern of the report's files, as a template; None if the output is the report."""
        engine = self._engine
        if engine.report:
            return engine.report
        texts = (engine.command, *engine.env.values())
        if any("{report}" in text for text in texts):
            return "{report}"
        return "{reports}/**/*" if any("{reports}" in text for text in texts) else None

    def _stamps(self, places: Mapping[str, str]) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """Yield the plain files of the report, sorted, each with what changes if it is written again.

        A committed report, or one of an earlier run in the user's own work tree, is not one of this run.
        """
        pattern = self._pattern
        if pattern is None:
            return
        filled = template.fill(pattern, places)
        root = Path(filled).anchor or self._spec.root
        paths = Path(root).glob(str(Path(filled).relative_to(root)) if Path(filled).is_absolute() else filled)
        for path in islice(sorted(paths), _MAX_REPORTS):
            with suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    yield path, (status.st_ino, status.st_size, status.st_mtime_ns)

    def _read(self, files: Sequence[Path], places: Mapping[str, str]) -> tuple[list[ReportedCase], str]:
        """Return the tests in reports, and what is wrong with one of these; empty if nothing is."""
        cases: list[ReportedCase] = []
        damage = ""
        for path in files:
            roots = (places["reports"], self._spec.root)
            name = next((str(path.relative_to(root)) for root in roots if path.is_relative_to(root)), "")
            try:
                for case in read_report(path, self._engine.format, name=name, root=self._spec.root):
                    cases.append(_without_root(case, f"{self._spec.root}/"))
                    if len(cases) > _MAX_CASES:
                        return cases, f"more than {_MAX_CASES} tests"
            except ReportError as error:
                if self._engine.format is ReportFormat.TAP and name and not error.ends_run:
                    cases.append(ReportedCase(name, "", Outcome.ERRORED, message=str(error)))
                else:
                    damage = damage or str(error)
        return cases, damage

    def _start(
        self, words: Sequence[str], log: Path, places: Mapping[str, str], *, setting: str = "command"
    ) -> CommandResult:
        """Run the command of a setting to its end.

        Raises:
            SuiteError: it cannot be started, or was killed by something else than its own fault.
        """
        if not words:
            raise SuiteError(f"`{setting}` is empty", _fix(setting))
        spec = self._spec
        environment = self._environment(places)
        program = self._find_program(words[0], environment)
        limits = [limit for limit in (self._engine.timeout, spec.run_limit) if limit]
        timeout = min(limits, default=0.0)
        command = SupervisedCommand([program, *words[1:]], environment, log, timeout, spec.cancel, MAX_OUTPUT)
        ended = run_command(command, spec.root)
        if spec.cancel is not None and spec.cancel.is_cancelled:
            raise SuiteError("the run was cancelled")
        if ended.errno:
            is_own = "/" in program and not program.startswith("/")
            own_hint = f"install the project's dependencies first, or fix `{setting}` in [tool.batchhook]"
            hint = own_hint if is_own else _fix(setting)
            raise SuiteError(f"{program} cannot be started: {os.strerror(ended.errno)}", hint)
        if ended.is_flooded:
            raise SuiteError(
                f"`{shorten_command(words)}` was ended: it printed more than {MAX_OUTPUT >> 20} MB", f"see {log}"
            )
        if ended.timed_out and timeout < (self._engine.timeout or inf):
            raise SuiteError(f"`{shorten_command(words)}` did not end within {timeout:g} s")
        if ended.signal in _FROM_OUTSIDE:
            hint = "is there enough memory?" if ended.signal == signal.SIGKILL else ""
            raise SuiteError(f"`{shorten_command(words)}` was killed by {signal_name(ended.signal)}", hint)
        return ended

    def _environment(self, places: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of a command, those of a preset with their placeholders filled in.

        In the user's own work tree, tools keep what they build where they usually do.
        """
        of_preset, has_cache = self._engine.env, self._spec.cache is not None
        variables = {}
        for name, value in self._spec.environment.items():
            if of_preset.get(name) != value:
                variables[name] = value
            elif has_cache or "{cache}" not in value:
                variables[name] = template.fill(value, places)
        return variables

    def _find_program(self, name: str, environment: Mapping[str, str]) -> str:
        """Return a program of the project's own (``node_modules/.bin/jest``), or the installed one of that name."""
        if "/" in name and not name.startswith("/") and not (self._spec.root / name).exists():
            return shutil.which(name.rpartition("/")[2], path=environment.get("PATH")) or name
        return name


def _without_root(case: ReportedCase, root: str) -> ReportedCase:
    """Return a test with its paths relative to the checkout: many tools write absolute ones, even into names."""
    texts = {name: getattr(case, name) for name in ("class_name", "name", "message", "details", "file")}
    relative = {name: text.replace(root, "") for name, text in texts.items() if root in text}
    return replace(case, **relative) if relative else case


def _fix(name: str) -> str:
    return f"install it, or fix `{name}` in [tool.batchhook]"
