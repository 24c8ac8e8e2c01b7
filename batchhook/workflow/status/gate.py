"""The gate: the pre-commit hook warns, or blocks, after a batch that failed critically.

Its state is derived from the database each time, and written to a file that the hook reads without Python.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from batchhook.core.batch import BatchStatus
from batchhook.core.results import Run
from batchhook.core.settings import GateMode
from batchhook.core.verdict import Verdict, judge_suite
from batchhook.errors import BatchhookError, NothingToDoError
from batchhook.store import batches, critical_failures, runs
from batchhook.store.critical_failures import Resolution
from batchhook.store.files import replace_file
from batchhook.workflow.context.project import Project


def update_gate_files(project: Project) -> None:
    """Write the gate file of each branch with an unresolved critical failure; delete all others."""
    unresolved = {
        branch: batch
        for branch, batch in critical_failures.list_unresolved(project.database).items()
        if branch.startswith("refs/")  # the hook does not check a detached HEAD
    }
    gates = {branch: project.for_branch(branch).settings.gate for branch in unresolved}
    closed = {project.state.gate(branch) for branch, gate in gates.items() if gate is not GateMode.OFF}
    root = project.state.gates
    for path in [path for path in root.rglob("*") if path.is_file() and path not in closed]:
        path.unlink(missing_ok=True)
    for branch, gate in gates.items():
        with suppress(OSError):  # branch `a` where a branch `a/b` was: it gets no warning
            if gate is not GateMode.OFF:
                _write_gate(project.state.gate(branch), unresolved[branch], gate)


def _write_gate(path: Path, batch: int, gate: GateMode) -> None:
    message = f"batchhook: batch {batch} failed critically and is not resolved yet"
    hint = f"batchhook analyze {batch}; then rollback {batch}, or fix it and run batchhook test, or ack {batch}"
    block = "; until then, commit with --no-verify" if gate is GateMode.BLOCK else ""
    text = f"{gate.value} {batch}\n{message} ({hint}{block})\n"
    if path.exists() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text, mode=0o666, durable=False)


def acknowledge(project: Project, number: int) -> None:
    """Resolve a critical batch by accepting it as it is.

    Raises:
        NoSuchBatchError: there is no such batch.
        BatchhookError: the batch has no run yet, or did not fail critically.
        NothingToDoError: it is already resolved.
    """
    batch = batches.load(project.database, number)
    totals = runs.load_totals(project.database, number)
    if totals is None:
        state = "is still open" if batch.status is BatchStatus.OPEN else "has not been tested yet"
        raise BatchhookError(f"batch {number} {state}: there is nothing to acknowledge", f"batchhook wait {number}")
    if totals[0] is not Verdict.CRITICAL:
        raise BatchhookError(f"batch {number} did not fail critically", f"batchhook analyze {number}")
    if number not in critical_failures.list_unresolved(project.database).values():
        raise NothingToDoError(f"batch {number} is already resolved", "batchhook status")
    critical_failures.resolve(project.database, number, Resolution.ACKNOWLEDGED)
    update_gate_files(project)


def resolve_by_run(project: Project, branch: str, run: Run) -> None:
    """Mark a critical failure as fixed if the run covered the critical batch's whole suite and was not critical.

    Always updates the gate files.
    """
    batch = critical_failures.list_unresolved(project.database).get(branch)
    verdict = judge_suite(run.result, project.for_branch(branch).settings.critical_failure_threshold)
    if batch is not None and run.result.is_complete and verdict in {Verdict.PASSED, Verdict.FAILED}:
        critical = runs.load_for_batch(project.database, batch)
        if critical is not None and _has_same_tests(critical[0], run):
            critical_failures.resolve(project.database, batch, Resolution.FIXED)
    update_gate_files(project)


def _has_same_tests(run: Run, other: Run) -> bool:
    """Return whether two runs are of the same tests, wherever and however these ran."""
    keys = ("engine", "start_dir", "pattern", "top_level_dir")
    return all(run.suite.get(key) == other.suite.get(key) for key in keys)
