"""Run a suite by a command, and read what it reports."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from math import inf
from pathlib import Path
from time import perf_counter

from batchhook.core.culprits.renames import NameIndex
from batchhook.core.plural import plural
from batchhook.core.results import Outcome, SuiteResult, TestResult, broken_result
from batchhook.core.sanitize import one_line, sanitize_lines
from batchhook.core.settings import ReportFormat
from batchhook.core.test_ids import EVERYTHING, NODE_SEPARATOR, is_unloaded_module, parse_id
from batchhook.engines.command import template
from batchhook.engines.command.engine import CommandEngine
from batchhook.engines.command.ids import UNNAMED_CLASS, as_results, selected_test
from batchhook.engines.command.reports.case import ReportedCase, ReportError
from batchhook.engines.command.reports.reading import read_report
from batchhook.errors import NoTestsError, SuiteError
from batchhook.execution.scheduling import TestItem, nearest_ids, select
from batchhook.execution.spec import NONE_SELECTED, Listener, SuiteSpec
from batchhook.execution.supervised_command import CommandResult, SupervisedCommand, run_command
from batchhook.execution.worker import signal_name

MAX_OUTPUT = 1 << 30
"""Bytes of output from which on a command is killed."""
_REPORTERS = Path(template.__file__).with_name("reporters")
_MAX_REPORTS = 20_000
_MAX_CASES = 2_000_000
_MAX_COMMAND, _MAX_WORD, _MAX_LINE = 120, 60, 300
"""Characters of a command, of one of its words with a path, and of a line of output, that messages show."""
_ERROR = re.compile(r"(?:error|\bfatal|\bcannot|\bundefined|\bpanic)\b", re.IGNORECASE)
_SHOWN_BYTES = 8_000
"""Bytes of the end of a command's output that a finding shows."""
_CANNOT_RUN = frozenset({126, 127})
"""Exit codes of a shell that cannot start a command (https://www.gnu.org/software/bash/manual, "Exit Status")."""
_CANNOT_TEST = 125
"""The exit code by which a command says that a commit cannot be tested (git-bisect(1))."""
_FROM_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT})
"""Signals that a program does not send to itself by a fault: they say nothing about what is tested."""


@dataclass(frozen=True, slots=True)
class _Observation:
    """Outcome of one execution of the command.

    Attributes:
        results: of all tests that it reported.
        finding: what is no test, and failed: the build, or the command as a whole; None if nothing of that kind did.
        hint: what is odd about it, and no failure.
        is_whole: whether all tests were to run.
    """

    results: tuple[TestResult, ...] = ()
    finding: TestResult | None = None
    hint: str = ""
    is_whole: bool = True


def run_command_suite(spec: SuiteSpec, engine: CommandEngine, listener: Listener) -> SuiteResult:
    """Run a suite, or a part of it, by its command; see ``execution/runner.run_suite``.

    Args:
        spec: of the run.
        engine: the command.
        listener: is told the results at the end, as the command reports them.
    """
    begin = perf_counter()
    spec = replace(spec, root=spec.root.resolve())
    try:
        result = _answer(spec, engine, _CommandRun(spec, engine).observe())
    except SuiteError as error:
        return broken_result(error, perf_counter() - begin)
    listener.discovered(len(result.results))
    for each in result.results:
        listener.finished(each)
    return replace(result, duration=perf_counter() - begin)


def list_tests(spec: SuiteSpec, engine: CommandEngine) -> list[str]:
    """Return what the command lists; empty if it cannot.

    Raises:
        SuiteError: it cannot be built or listed.
    """
    run = _CommandRun(replace(spec, root=spec.root.resolve()), engine)
    return run.list_tests() if engine.list else []


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

    def observe(self) -> _Observation:
        """Build, and run all tests, or those that were asked for.

        Raises:
            SuiteError: nothing is known of any test: the command cannot be started, or was killed.
        """
        problem = self._engine.find_problem(self._spec.root)
        if problem is not None:
            if self._spec.from_other_tree:
                return _Observation()
            raise problem
        finding = self._run_build()
        if finding is not None:
            return _Observation(finding=finding)
        test_ids = self._asked_ids()
        places = self._next_places()
        words = self._engine.selection([selected_test(test_id) for test_id in test_ids], places)
        if words is not None:
            partial = self._execute(words, places, is_whole=False)
            if partial is not None and {result.test_id for result in partial.results}.issuperset(test_ids):
                return partial
            places = self._next_places()
        return self._execute(template.expand(self._engine.command, places), places, is_whole=True) or _Observation()

    def list_tests(self) -> list[str]:
        """Return what the command lists.

        Raises:
            SuiteError: it cannot be built or listed.
        """
        finding = self._run_build()
        if finding is not None:
            raise SuiteError(one_line(finding.message), "batchhook test shows all of it")
        log, words = self._spec.scratch / "list.log", template.expand(self._engine.list, self._next_places())
        ended = self._start(words, log)
        if ended.exit_code != 0:
            raise SuiteError(f"`{_shown(words)}` {_describe_end(ended)}", _last_line(log))
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
        known = [_as_item(name) for name in self._spec.stats.durations]
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
            ended = self._start(words, log)
            if ended.exit_code in _CANNOT_RUN:
                raise SuiteError(f"`{_shown(words)}` cannot be started: {_last_line(log)}", _fix("build"))
            if ended.exit_code != 0:
                return _finding(ended, f"`{_shown(words)}` {_describe_end(ended)}", log)
        return None

    def _execute(self, words: Sequence[str], places: Mapping[str, str], *, is_whole: bool) -> _Observation | None:
        """Run the command and read its report; return None for a part of the suite that shows nothing.

        Raises:
            SuiteError: nothing is known of any test.
        """
        log = self._spec.scratch / f"command-{self._executions}.log"
        before = dict(self._stamps(places))
        ended = self._start(words, log, places)
        if self._engine.format is ReportFormat.EXIT:
            return _Observation((self._exit_result(words, ended, log),))
        files = [path for path, stamp in self._stamps(places) if before.get(path) != stamp]
        cases, damage = self._read([log] if self._pattern is None else files, places)
        results = tuple(as_results(cases, self._spec.root))
        failures = sum(result.outcome.is_failure for result in results)
        if not is_whole and (damage or (ended.exit_code != 0 and not failures)):
            return None
        is_missing = self._pattern is not None and not files
        problem = self._find_problem(words, ended, log, damage, has_cases=bool(cases), is_missing=is_missing)
        if not problem and ended.exit_code != 0 and not failures:
            problem = f"`{_shown(words)}` {_describe_end(ended)}, although no test failed"
        hint = ""
        if ended.exit_code == 0 and failures:
            failed = plural(failures, "test")
            hint = f"`{_shown(words)}` ends with exit code 0 although {failed} failed: other tools take that for a pass"
        return _Observation(results, _finding(ended, problem, log) if problem else None, hint, is_whole)

    def _find_problem(  # noqa: PLR0913 - all that is known of one execution
        self, words: Sequence[str], ended: CommandResult, log: Path, damage: str, *, has_cases: bool, is_missing: bool
    ) -> str:
        """Return what went wrong besides failing tests; empty if nothing did.

        Raises:
            SuiteError: what went wrong says nothing about what was tested.
        """
        command = f"`{_shown(words)}`"
        if ended.exit_code in _CANNOT_RUN and not has_cases:
            raise SuiteError(f"{command} cannot be started: {_last_line(log)}", _fix("command"))
        if ended.timed_out or ended.exit_code is None:
            return f"{command} {_describe_end(ended)}"
        if damage and (has_cases or self._pattern is not None):
            return f"{command} {_describe_end(ended)}, and its report is damaged: {damage}"
        if has_cases:
            return ""
        what = "wrote no report" if is_missing else "reported no test"
        # Without tests so far there are none that a change has broken.
        is_new = not self._spec.from_other_tree and not self._spec.stats.durations
        if ended.exit_code == 0 or is_new:
            raise NoTestsError(
                f"{command} {_describe_end(ended)} and {what}: {_last_line(log)}",
                "Run it by hand; `command`, `report` and `format` in the configuration say what is read.",
            )
        return f"{command} {_describe_end(ended)} and {what}"

    def _exit_result(self, words: Sequence[str], ended: CommandResult, log: Path) -> TestResult:
        """Return the result of a command that is one test.

        Raises:
            SuiteError: it says nothing about what was tested.
        """
        if ended.exit_code in _CANNOT_RUN:
            raise SuiteError(f"`{_shown(words)}` cannot be started: {_last_line(log)}", _fix("command"))
        if ended.exit_code == _CANNOT_TEST:
            raise SuiteError(f"`{_shown(words)}` ended with exit code 125: this commit cannot be tested")
        test_id = f"{UNNAMED_CLASS}{NODE_SEPARATOR}{one_line(self._engine.command, _MAX_COMMAND)}"
        if ended.exit_code == 0:
            return TestResult(test_id, UNNAMED_CLASS, Outcome.PASSED, ended.seconds)
        outcome = Outcome.FAILED if ended.exit_code else _outcome_of(ended)
        message = f"{_describe_end(ended)}: {_last_line(log)}"
        return TestResult(test_id, UNNAMED_CLASS, outcome, ended.seconds, message=message, traceback=_tail(log))

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

    def _start(self, words: Sequence[str], log: Path, places: Mapping[str, str] | None = None) -> CommandResult:
        """Run a command to its end.

        Raises:
            SuiteError: it cannot be started, or was killed by something else than its own fault.
        """
        if not words:
            raise SuiteError("`command` is empty", _fix("command"))
        spec = self._spec
        environment = {
            name: template.fill(value, places) if places and self._engine.env.get(name) == value else value
            for name, value in spec.environment.items()
        }
        program = self._find_program(words[0], environment)
        limits = [limit for limit in (self._engine.timeout, spec.run_limit) if limit]
        timeout = min(limits, default=0.0)
        command = SupervisedCommand([program, *words[1:]], environment, log, timeout, spec.cancel, MAX_OUTPUT)
        ended = run_command(command, spec.root)
        if spec.cancel is not None and spec.cancel.is_cancelled:
            raise SuiteError("the run was cancelled")
        if ended.errno:
            raise SuiteError(f"{program} cannot be started: {os.strerror(ended.errno)}", _fix("command"))
        if ended.is_flooded:
            raise SuiteError(f"`{_shown(words)}` was ended: it printed more than {MAX_OUTPUT >> 20} MB", f"see {log}")
        if ended.timed_out and timeout < (self._engine.timeout or inf):
            raise SuiteError(f"`{_shown(words)}` did not end within {timeout:g} s")
        if ended.signal in _FROM_OUTSIDE:
            hint = "is there enough memory?" if ended.signal == signal.SIGKILL else ""
            raise SuiteError(f"`{_shown(words)}` was killed by {signal_name(ended.signal)}", hint)
        return ended

    def _find_program(self, name: str, environment: Mapping[str, str]) -> str:
        """Return a program of the project's own (``node_modules/.bin/jest``), or the installed one of that name."""
        if "/" in name and not name.startswith("/") and not (self._spec.root / name).exists():
            return shutil.which(name.rpartition("/")[2], path=environment.get("PATH")) or name
        return name


def _answer(spec: SuiteSpec, engine: CommandEngine, observation: _Observation) -> SuiteResult:
    """Return what was asked for, of all that an execution showed.

    Raises:
        SuiteError: no test was asked for that exists.
    """
    results = (*observation.results, *([observation.finding] if observation.finding else ()))
    if spec.from_other_tree:
        return _answer_other_tree(spec, observation, results)
    if not results:
        raise engine.explain_empty()
    if not spec.only:
        return SuiteResult(results, hint=observation.hint)
    items = [_as_item(result.test_id) for result in results]
    chosen = set(select(items, spec.only))
    if not chosen and observation.finding is None:
        nearest = ", ".join(nearest_ids(items, spec.only))
        raise SuiteError(
            NONE_SELECTED, f"Did you mean: {nearest}?" if nearest else "Run the whole suite to see their ids."
        )
    answered = (each for number, each in enumerate(results) if number in chosen or each is observation.finding)
    return SuiteResult(tuple(answered), hint=observation.hint, is_complete=False)


def _answer_other_tree(spec: SuiteSpec, observation: _Observation, results: Sequence[TestResult]) -> SuiteResult:
    """Return the results of tests of another tree, and which of them this one does not have."""
    known = {result.test_id for result in results}
    classes = {result.module for result in results if NODE_SEPARATOR in result.test_id}
    unloaded = {name for name in known if is_unloaded_module(name)}
    index = NameIndex(known)
    implied, absent, untestable = [], {}, []
    for name in spec.only:
        if name in known:
            continue
        if is_unloaded_module(name) and (name == EVERYTHING or _has_loaded(name, classes, spec, observation)):
            implied.append(TestResult(name, name, Outcome.PASSED))  # it can be built and loaded here
        elif observation.finding is not None or _is_in(parse_id(name).module, unloaded):
            untestable.append(name)
        else:
            absent[name] = index.similar(name)
    return SuiteResult(
        (*results, *implied),
        is_complete=False,
        absent=absent,
        untestable=tuple(untestable),
        known_ids=frozenset(known) if observation.is_whole and observation.finding is None else frozenset(),
    )


def _is_in(class_name: str, unloaded: Collection[str]) -> bool:
    """Return whether a class is one of those that cannot be loaded, or inside of one."""
    parts = class_name.split(".")
    around = {".".join(parts[:number]) for number in range(1, len(parts) + 1)}
    return not around.isdisjoint(name.removeprefix("./") for name in unloaded)


def _has_loaded(name: str, classes: Collection[str], spec: SuiteSpec, observation: _Observation) -> bool:
    """Return whether a file, package or module that cannot be loaded in another tree could be in this one.

    Its tests show it, by a class that is named for it or is inside of it. Where tests do not say which file they are in
    (node), it is enough that the file exists, and that everything ran.
    """
    path = name.removeprefix("./")
    if any(each == path or each.startswith(f"{path}.") for each in classes):
        return True
    return observation.is_whole and observation.finding is None and (spec.root / path).is_file()


def _without_root(case: ReportedCase, root: str) -> ReportedCase:
    """Return a test with its paths relative to the checkout: many tools write absolute ones, even into names."""
    texts = {name: getattr(case, name) for name in ("class_name", "name", "message", "details", "file")}
    relative = {name: text.replace(root, "") for name, text in texts.items() if root in text}
    return replace(case, **relative) if relative else case


def _as_item(test_id: str) -> TestItem:
    test = parse_id(test_id)
    return TestItem(test_id, test.module, test.class_name, "")


def _finding(ended: CommandResult, message: str, log: Path) -> TestResult:
    """Return the result of what is no test."""
    details = _tail(log)
    return TestResult(
        EVERYTHING,
        EVERYTHING,
        Outcome.ERRORED if ended.exit_code is not None else _outcome_of(ended),
        message="\n".join(filter(None, (message, _first_error(details)))),
        traceback=details,
    )


def _outcome_of(ended: CommandResult) -> Outcome:
    return Outcome.TIMED_OUT if ended.timed_out else Outcome.CRASHED


def _describe_end(ended: CommandResult) -> str:
    """Return how a command ended, after its name."""
    if ended.timed_out:
        return "did not end in time"
    if ended.exit_code is None:
        return f"was killed by {signal_name(ended.signal)}"
    return f"ended with exit code {ended.exit_code}"


def _first_error(output: str) -> str:
    """Return the first line of a command's output that speaks of an error, where compilers begin to explain."""
    lines = [line.strip() for line in output.splitlines()]
    return one_line(next((line for line in lines if _ERROR.search(line)), ""), _MAX_LINE)


def _tail(log: Path) -> str:
    """Return the end of a command's output."""
    with suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _SHOWN_BYTES))
        return sanitize_lines(file.read().decode("utf-8", "replace")).strip("\n")
    return ""


def _last_line(log: Path) -> str:
    return one_line((_tail(log).strip().splitlines() or ["no output"])[-1], _MAX_LINE)


def _shown(words: Sequence[str]) -> str:
    """Return a command as messages show it, without the paths of private folders."""
    return one_line(shlex.join(word for word in words if "/" not in word or len(word) < _MAX_WORD), _MAX_COMMAND)


def _fix(name: str) -> str:
    return f"install it, or fix `{name}` in [tool.batchhook]"
