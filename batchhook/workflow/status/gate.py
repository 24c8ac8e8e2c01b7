"""The gate: what the pre-commit hook says, or does, after a batch that failed critically.

Whether it is closed is derived from the database each time, and written to a file that the hook reads by itself.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from batchhook.core.results import Run
from batchhook.core.settings import Gate
from batchhook.core.verdict import Verdict, judge
from batchhook.errors import BatchhookError, NothingToDoError
from batchhook.store import acknowledgements, batches, runs
from batchhook.store.acknowledgements import Answer
from batchhook.workflow.context.project import Project


def settle(project: Project) -> None:
    """Close the gate of each branch whose last batch is critical and unanswered, and open all others."""
    standing = {
        branch: batch for branch, batch in acknowledgements.standing(project.database).items() if _is_ref(branch)
    }
    gates = {branch: project.on(branch).settings.gate for branch in standing}
    closed = {project.state.gate(branch) for branch, gate in gates.items() if gate is not Gate.OFF}
    root = project.state.gate("")
    for path in [path for path in root.rglob("*") if path.is_file() and path not in closed]:
        path.unlink(missing_ok=True)
    for branch, gate in gates.items():
        with suppress(OSError):  # a branch `a` where a branch `a/b` was: a warning less
            if gate is not Gate.OFF:
                _close(project.state.gate(branch), standing[branch], gate)


def _is_ref(branch: str) -> bool:
    """Whether it is a branch, and no detached HEAD, before whose commits nobody asks."""
    return branch.startswith("refs/")


def _close(path: Path, batch: int, gate: Gate) -> None:
    said = f"batchhook: batch {batch} failed critically, and nothing was done about it"
    ways = f"batchhook analyze {batch}; then rollback {batch}, or mend it and run batchhook test, or ack {batch}"
    block = "; no commit until then, but by --no-verify" if gate is Gate.BLOCK else ""
    text = f"{gate.value} {batch}\n{said} ({ways}{block})\n"
    if path.exists() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def acknowledge(project: Project, number: int) -> None:
    """Take a critical batch as it is.

    Raises:
        NoSuchBatchError: there is no such batch.
        BatchhookError: it has no run yet, or did not fail critically.
        NothingToDoError: something was done about it before.
    """
    batches.get(project.database, number)
    found = runs.totals(project.database, number)
    if found is None or found[0] is not Verdict.CRITICAL:
        raise BatchhookError(f"batch {number} did not fail critically", f"batchhook analyze {number}")
    if number not in acknowledgements.standing(project.database).values():
        raise NothingToDoError(f"batch {number} needs no answer any more", "batchhook status")
    acknowledgements.put(project.database, number, Answer.ACKNOWLEDGED)
    settle(project)


def note_run(project: Project, branch: str, run: Run) -> None:
    """Note that a suite ran on what a branch holds: the failure of its last batch may be mended with this.

    It is, where all of the batch's suite had its turn and did not fail critically.
    """
    batch = acknowledgements.standing(project.database).get(branch)
    verdict = judge(run.outcome, project.on(branch).settings.critical_failure_threshold)
    if batch is not None and run.outcome.complete and verdict in {Verdict.PASSED, Verdict.FAILED}:
        found = runs.of_batch(project.database, batch)
        if found is not None and _same_tests(found[0], run):
            acknowledgements.put(project.database, batch, Answer.FIXED)
    settle(project)


def _same_tests(one: Run, other: Run) -> bool:
    """Whether two runs are of the same tests, wherever and however these ran."""
    return all(one.suite.get(key) == other.suite.get(key) for key in ("start_dir", "pattern", "top_level_dir"))
