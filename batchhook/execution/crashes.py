"""Results for tests that cannot report one: crashed, killed, timed out, or missing in another process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from batchhook.core.results import IsolationLevel, Outcome, TestResult
from batchhook.core.test_ids import module_of
from batchhook.errors import SuiteError
from batchhook.execution.pool import WorkerState
from batchhook.execution.scheduling import ItemResult, TestItem
from batchhook.execution.spec import SuiteSpec
from batchhook.execution.worker import describe_exit

TRACEBACK_LIMIT = 16 * 1024
MISSING = "missing: this test was not found when another process discovered the suite"


def crash_result(
    worker: WorkerState, lost: Sequence[int], items: Sequence[TestItem], spec: SuiteSpec, isolation: IsolationLevel
) -> ItemResult | None:
    """Blame the end of a process on the running test or fixture; on the first test if nothing has run; on the last one.

    Args:
        worker: which has ended.
        lost: numbers of the items in its chunk that have no result.
        items: the whole suite.
        spec: of the run.
        isolation: of the session.

    Returns:
        the result (item -1 for a fixture); None if the results of other tests account for the end already.
    """
    if worker.running:
        test_id, number = worker.running, worker.item
    elif lost and not worker.has_progressed:
        test_id, number = items[lost[0]].test_id, lost[0]
    elif lost or not worker.chunk:
        return None
    else:
        test_id, number = f"after {items[worker.chunk[-1]].test_id}", -1
    stacks, output = worker.process.stacks, worker.process.output
    texts = (stacks, f"--- last output ---\n{output}" if output.strip() else "")
    result = TestResult(
        test_id=test_id,
        module=items[number].module if number >= 0 else module_of(test_id.removeprefix("after ")),
        outcome=Outcome.TIMED_OUT if worker.timed_out else Outcome.CRASHED,
        duration=perf_counter() - worker.since,
        message=f"timed out after {spec.limit_of(test_id):.3g} s"
        if worker.timed_out
        else describe_exit(worker.process.status),
        location=innermost_location(stacks, spec.root),
        traceback="\n".join(filter(None, texts))[:TRACEBACK_LIMIT],
        isolation=isolation,
    )
    return ItemResult(number, result)


def missing_result(item: TestItem) -> TestResult:
    """Return the result of a test that no remaining worker has discovered."""
    return TestResult(item.test_id, item.module, Outcome.ERRORED, message=MISSING)


def discovery_error(worker: WorkerState, spec: SuiteSpec) -> SuiteError:
    """Return the error for a process that ended, or was killed, during discovery."""
    process = worker.process
    last_line = (process.output.strip().splitlines() or [""])[-1]
    ending = f"({process.status or 'killed'}) {last_line}".rstrip()
    if not process.pid:
        return SuiteError(
            f"The test interpreter does not start: {spec.interpreter} {ending}",
            "Set `python` in the configuration to Python 3.8 or newer.",
        )
    where = f" while importing `{worker.importing}`" if worker.importing else ""
    if worker.timed_out:
        return SuiteError(
            f"Discovery timed out after {spec.test_timeout:g} s{where}",
            "Importing a test module must not block; or raise `test_timeout`.",
        )
    return SuiteError(
        f"The process ended during discovery{where} {ending}",
        "Importing a test module must not end the process.",
    )


def innermost_location(stacks: str, root: Path) -> str:
    """Return ``path:line`` of the current thread's innermost frame in the checkout, from faulthandler's text."""
    _, current, rest = stacks.rpartition("Current thread")
    for line in (rest if current else stacks).splitlines():
        path, quote, tail = line.strip().removeprefix('File "').partition('", line ')
        number = tail.partition(" ")[0]
        if quote and number.isdigit() and Path(path).is_relative_to(root) and "-packages/" not in path:
            return f"{Path(path).relative_to(root)}:{number}"
    return ""
