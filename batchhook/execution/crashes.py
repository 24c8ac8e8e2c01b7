"""Results for tests that could not tell their own: crashed, killed, or stopped because they took too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from batchhook.core.results import Outcome, TestResult
from batchhook.core.unittest_ids import module_of
from batchhook.errors import SuiteError
from batchhook.execution.scheduling import Unit
from batchhook.execution.spec import SuiteSpec
from batchhook.execution.worker import Worker, describe_end
from batchhook.execution.worker_state import Member

TRACEBACK_LIMIT = 16 * 1024


def blamed(
    member: Member, lost: Sequence[int], units: Sequence[Unit], spec: SuiteSpec
) -> tuple[int, TestResult] | None:
    """Who brought a process to its end: the test or fixture that ran; the next, if nothing has run; the last.

    Args:
        member: the process, which has ended.
        lost: the units of its batch that have no result.
        units: the whole suite.
        spec: of the run.

    Returns:
        the unit's number (-1 for a fixture) and its result; None where other tests' results say it already.
    """
    if member.running:
        culprit, unit = member.running, member.unit
    elif lost and not member.progress:
        culprit, unit = units[lost[0]].test_id, lost[0]
    elif lost or not member.batch:
        return None
    else:
        culprit, unit = f"after {units[member.batch[-1]].test_id}", -1
    result = TestResult(
        test_id=culprit,
        module=units[unit].module if unit >= 0 else module_of(culprit),
        outcome=Outcome.TIMED_OUT if member.condemned else Outcome.CRASHED,
        duration=perf_counter() - member.since,
        message=f"took longer than {spec.test_timeout:g} seconds"
        if member.condemned
        else describe_end(member.worker.status),
    )
    return unit, _with_traces(result, member.worker, spec.root)


def _with_traces(result: TestResult, worker: Worker, root: Path) -> TestResult:
    """A result with what can still be found out: the threads' stacks, and the last that was printed."""
    stacks, output = worker.stacks, worker.output
    parts = [stacks, f"--- the last output ---\n{output}" if output.strip() else ""]
    return replace(
        result,
        location=innermost_location(stacks, root),
        traceback="\n".join(part for part in parts if part)[:TRACEBACK_LIMIT],
    )


def ended_in_discovery(member: Member, spec: SuiteSpec) -> SuiteError:
    """What is said of a process that ended, or was ended, before it had found the tests."""
    worker = member.worker
    tail = worker.output.strip().splitlines()[-1:] or [""]
    if not worker.pid:
        return SuiteError(
            f"The Python that is to run the tests does not start: {spec.interpreter} "
            f"({worker.status or 'killed'}) {tail[0]}".rstrip(),
            "Set `python` in the configuration to a Python of version 3.8 or newer.",
        )
    module = f" while importing `{member.loading}`" if member.loading else ""
    if member.condemned:
        return SuiteError(
            f"Discovery stood still for {spec.test_timeout:g} seconds{module}",
            "Importing a test module must not wait for anything; or raise `test_timeout`.",
        )
    return SuiteError(
        f"The process ended during discovery{module} ({worker.status or 'killed'}) {tail[0]}".rstrip(),
        "Importing a test module must not end the process.",
    )


def innermost_location(stacks: str, root: Path) -> str:
    """``path:line`` of the innermost frame in the checkout of the current thread, from what faulthandler wrote."""
    _, current, rest = stacks.rpartition("Current thread")
    for line in (rest if current else stacks).splitlines():
        path, quote, tail = line.strip().removeprefix('File "').partition('", line ')
        number = tail.partition(" ")[0]
        if quote and number.isdigit() and Path(path).is_relative_to(root) and "-packages/" not in path:
            return f"{Path(path).relative_to(root)}:{number}"
    return ""
