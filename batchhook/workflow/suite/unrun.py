"""Tests that are written for pytest, in a suite that unittest runs: none of them is passed over in silence."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from batchhook.core.engine_choice import find_reasons
from batchhook.core.missing_items import MissingModule, find_missing
from batchhook.core.pytest_config import read_config
from batchhook.core.pytest_style import find_pytest_style
from batchhook.core.results import SuiteResult, TestResult, UnrunTests, broken_result
from batchhook.core.settings import EngineName
from batchhook.errors import GitError, NoTestsError
from batchhook.execution.interpreter import Interpreter
from batchhook.execution.spec import SuiteSpec
from batchhook.workflow.suite.engine_choice import install_command, missing_pytest, reader

_MAX_EXAMPLES = 5


def next_step(configured: EngineName, interpreter: Interpreter) -> str:
    """Return the command or the setting by which pytest runs the tests that unittest does not run.

    Args:
        configured: the setting ``engine``.
        interpreter: the project's Python.
    """
    if interpreter.pytest:
        return 'engine = "pytest" in [tool.batchhook] runs them'
    then = '; then set engine = "pytest" in [tool.batchhook]' if configured is EngineName.UNITTEST else ""
    return f"{install_command(interpreter)}{then}"


def count_unrun(files: Collection[str], top: Path) -> UnrunTests | None:
    """Count the tests that unittest does not run; None if there are none.

    Args:
        files: of the project, relative to the top.
        top: the folder that they are in.
    """
    read = reader(top)
    tests = find_pytest_style(files, read_config(files, read), read).tests
    return UnrunTests(sum(tests.values()), len(tests), tuple(tests)[:_MAX_EXAMPLES]) if tests else None


def add_unrun_tests(
    result: SuiteResult,
    configured: EngineName,
    spec: SuiteSpec,
    interpreter: Interpreter | None,
    list_files: Callable[[], Collection[str]],
) -> SuiteResult:
    """Add the tests that unittest did not run to the result of a whole suite.

    Args:
        result: of a run. If it has no tests, or none that can be imported without pytest, the reason is replaced by
            that: the hint at another ``pattern`` would not help.
        configured: the setting ``engine``.
        spec: of that run; the result of a part of the suite, or of another test framework, is returned as it is.
        interpreter: the project's Python; None if commands run all tests.
        list_files: lists the files that were tested, relative to the top.
    """
    engines = {part.engine.name for part in spec.parts} or {spec.engine.name}
    is_relevant = EngineName.UNITTEST.value in engines and not spec.only
    if interpreter is None or not is_relevant or (result.broken_reason and not result.has_no_tests):
        return result
    try:
        files = list_files()
    except GitError:
        return result
    unrun = _count_in_parts(files, spec) if spec.parts else count_unrun(files, spec.root)
    is_chosen = configured is EngineName.AUTO and not spec.parts
    if is_chosen and not interpreter.pytest and _is_for_pytest(result, unrun, files, spec.root):
        error = NoTestsError(missing_pytest(interpreter), next_step(configured, interpreter))
        return broken_result(error, result.duration)
    if unrun is None:
        return result
    hint = next_step(configured, interpreter)
    if result.has_no_tests:
        return replace(result, broken_reason=f"No tests were found by unittest, only {unrun}", hint=hint)
    return replace(result, unrun=unrun, hint=result.hint or hint)


def _count_in_parts(files: Collection[str], spec: SuiteSpec) -> UnrunTests | None:
    """Count the tests that those of several suites do not run that unittest runs; None if there are none."""
    counts = []
    for part in spec.parts:
        if part.engine.name == EngineName.UNITTEST.value:
            prefix = f"{part.folder}/" if part.folder else ""
            inside = [path.removeprefix(prefix) for path in files if path.startswith(prefix)]
            unrun = count_unrun(inside, spec.root / part.folder)
            counts += [replace(unrun, examples=tuple(f"{prefix}{path}" for path in unrun.examples))] if unrun else []
    if not counts:
        return None
    examples = [path for unrun in counts for path in unrun.examples]
    return UnrunTests(sum(each.tests for each in counts), sum(each.files for each in counts), tuple(examples))


def _is_for_pytest(result: SuiteResult, unrun: UnrunTests | None, files: Collection[str], top: Path) -> bool:
    """Return whether nothing was run for lack of pytest: no test was found, or none could be imported."""
    if result.has_no_tests:
        return unrun is not None or bool(find_reasons(files, reader(top)))
    return bool(result.results) and all(map(_lacks_pytest, result.results))


def _lacks_pytest(result: TestResult) -> bool:
    """Return whether a test module cannot be imported for lack of pytest."""
    if not result.outcome.is_failure:
        return False
    missing = (item.name for item in find_missing(result) if isinstance(item, MissingModule))
    return any(name.partition(".")[0] in {"pytest", "_pytest"} for name in missing)
