"""The size of the open batch by the risk of its changes, for the setting ``batch_size = "adaptive"``.

Run as ``python -m batchhook.workflow.prediction.size_update TOP`` by the hooks, in the background: hooks only read the
size that it writes down. It may be killed at any moment; then the batch has the size that was written last.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from batchhook.core.plural import plural
from batchhook.errors import BatchhookError
from batchhook.git.environment import background_environment
from batchhook.store import adaptive_size
from batchhook.workflow.context.project import Project, open_project
from batchhook.workflow.counting.reconcile import Count
from batchhook.workflow.prediction.use import load_predictor
from batchhook.workflow.status import notices, spawn

_MAX_ROUNDS = 5
"""Times to compute the size again because of a newer commit; that commit starts a process of its own, too."""


def main() -> None:
    """Update the size of the open batch, then exit."""
    environment = background_environment(os.environ)
    try:
        update_size(Path(sys.argv[1]), environment)
    except BatchhookError as error:
        print(f"size of the batch: {error.message}", file=sys.stderr)  # noqa: T201 - into the log


def update_size(top: Path, environment: Mapping[str, str]) -> None:
    """Compute the size of the open batch, write it down, and seal the batch if it is full by it.

    Raises:
        BatchhookError: it cannot be computed; the batch keeps its size.
    """
    with open_project(top, environment=environment, timeout=60.0) as project:
        count = project.reconcile()
        for _ in range(_MAX_ROUNDS):
            if count is None or not count.changes or not project.is_size_adaptive:
                return
            head, number = count.head, count.batch
            adaptive_size.write(project.state, number, _choose_size(project, count))
            count = project.reconcile()
            if count is not None and number in count.sealed:
                _report_sealed(project, number, count.sealed[number])
            spawn.wake(project.location, project.database, environment, count)
            if count is not None and count.head == head:
                return


def _choose_size(project: Project, count: Count) -> int:
    usual = project.settings.usual_batch_size
    predictor = load_predictor(project, count.changes)
    return usual if predictor is None else predictor.batch_size(usual)


def _report_sealed(project: Project, number: int, size: int) -> None:
    usual = project.settings.usual_batch_size
    line = f"batch {number} is full with {plural(size, 'change')} instead of {usual}, by their risk: its tests run"
    notices.append_line(project.state, number, line)


if __name__ == "__main__":
    main()
