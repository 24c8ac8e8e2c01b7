"""Comparison of skipped tests, and of what is collected, with the user's own work tree."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from batchhook.core.events import RunListener, StageBegan
from batchhook.core.plural import plural
from batchhook.core.results import Run, SuiteResult
from batchhook.core.skip_comparison import SkipComparison, TestSets
from batchhook.core.test_ids import EVERYTHING, split_suite
from batchhook.engines.command.engine import CommandEngine
from batchhook.errors import SuiteError
from batchhook.execution.runner import run_suite
from batchhook.execution.spec import SuiteSpec
from batchhook.store import locks
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.run import default_spec, run_located


def compare_skips(project: Project, suite: Suite, run: Run, listener: RunListener, scratch: Path) -> SkipComparison:
    """Run the tests that a run skipped in the user's work tree, in place, and compare; nothing of it is stored.

    Args:
        project: the repository.
        suite: of the run.
        run: of the whole suite in a private work tree.
        listener: follows the run in place.
        scratch: a folder for the run in place; it is emptied first, and removed.

    Raises:
        SuiteError: the suite cannot be collected or run in the user's work tree, or its command cannot run single
            tests.
    """
    uncompared = suite.unselective
    if uncompared and len(uncompared) >= len(suite.parts):
        raise SuiteError(
            "the command cannot run single tests: the skipped ones would run with all others",
            "batchhook test --in-place runs all of them in your work tree",
        )
    suite = suite.without(uncompared)
    results = tuple(each for each in run.result.results if split_suite(each.test_id)[0] not in uncompared)
    listener(StageBegan("waiting for another run in place"))
    with locks.lock(project.state.in_place_lock):
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            spec = default_spec(project.settings, suite, project.location.top, scratch)
            listener(StageBegan("collecting the tests of the work tree"))
            collected = _collect_ids(spec)
            countable = frozenset(
                each.test_id for each in results if split_suite(each.test_id)[0] not in suite.commands
            )
            tests = TestSets(results, collected, countable)
            selected = tests.select()
            listener(StageBegan(f"running {plural(len(selected), 'skipped test')} in the work tree"))
            result = _run_selected(spec, selected, (each.module for each in tests.skipped), listener)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return replace(tests.compare(result.results), uncompared=uncompared)


def _collect_ids(spec: SuiteSpec) -> frozenset[str]:
    """Return the ids of all tests, and of modules that cannot be loaded; those of commands are left out.

    Raises:
        SuiteError: a suite cannot be collected.
    """
    parts = tuple(part for part in spec.parts if not isinstance(part.engine, CommandEngine))
    if not parts and (spec.parts or isinstance(spec.engine, CommandEngine)):
        return frozenset()
    # As a search for tests of another tree that looks for none, it collects everything and runs nothing.
    collected = run_suite(replace(spec, parts=parts, from_other_tree=True, only=(), jobs=1))
    _check(collected)
    return collected.known_ids


def _run_selected(
    spec: SuiteSpec, selected: tuple[str, ...], modules: Iterable[str], listener: RunListener
) -> SuiteResult:
    if not selected:
        return SuiteResult()
    chosen = replace(spec, only=selected, from_other_tree=True)
    result = run_located(chosen, frozenset(modules), listener)
    _check(result)
    return result


def _check(result: SuiteResult) -> None:
    """Raise if a suite could not be run.

    Raises:
        SuiteError: it could not.
    """
    prefix = "the tests of your work tree cannot be run: "
    if result.broken_reason:
        raise SuiteError(f"{prefix}{result.broken_reason}", result.hint)
    for each in result.results:
        suite, name = split_suite(each.test_id)
        if suite and name == EVERYTHING:
            raise SuiteError(f"{prefix}{suite}: {each.message.splitlines()[0]}")
