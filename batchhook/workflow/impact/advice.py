"""Advice on how to run a suite: affected tests come first, and the code that each test runs is recorded."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from batchhook.core.impact.code_map import AffectedTest, Sureness
from batchhook.core.results import Run
from batchhook.core.settings import CodeMapMode, EachCommit
from batchhook.engines.command.engine import CommandEngine
from batchhook.errors import StoreError
from batchhook.execution.code_recording import CodeRecording
from batchhook.store import code_map
from batchhook.workflow.context.project import Project
from batchhook.workflow.impact.affected import TreeComparison
from batchhook.workflow.impact.record import store_recording
from batchhook.workflow.status import affected_note
from batchhook.workflow.suite.fingerprint import Suite
from batchhook.workflow.suite.run import RunAdvice

MIN_STALE_SHARE = 0.2
"""Share of the tests without a valid record from which on a run is recorded where that costs much."""
_CHEAP_SINCE = (3, 12)
"""The Python from which on recording costs little (``engines/harness/code_recorder.py``)."""
_SLOWNESS = 3.0
"""Factor by which tests may take longer before that Python: those that do little but call functions."""
_HIGHEST = {Sureness.RUNS: 1.0, Sureness.IMPORTS: 0.5, Sureness.POSSIBLE: 0.2}
_LOWEST = {Sureness.RUNS: 0.6, Sureness.IMPORTS: 0.3, Sureness.POSSIBLE: 0.1}
"""Priorities of the first and of the last test of each kind."""


@dataclass(slots=True)
class ImpactAdvisor:
    """Gives advice on one run, and stores what it has recorded.

    Nothing that goes wrong here keeps a suite from running: it is logged.

    Attributes:
        project: the repository.
        is_recorded: whether to record it in any case.
        is_awaited: whether a terminal waits for it: then it is not recorded where that costs much.
    """

    project: Project
    is_recorded: bool = False
    is_awaited: bool = False
    _recording: CodeRecording | None = None

    def __call__(self, suite: Suite, tree: str) -> RunAdvice:
        """Return advice on the run of a suite on a tree."""
        try:
            return self._advise(suite, tree)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a run without advice is better than none
            traceback.print_exc()
            return RunAdvice()

    def _advise(self, suite: Suite, tree: str) -> RunAdvice:
        mode = self.project.settings.code_map
        engines = [part.engine for part in suite.parts] or [suite.engine]
        if mode is CodeMapMode.OFF or all(isinstance(engine, CommandEngine) for engine in engines):
            return RunAdvice()
        known = code_map.load(self.project.database, suite.fingerprint)
        affected = TreeComparison(self.project, known).affected_since_record(known.records, tree)
        is_cheap = suite.interpreter is not None and suite.interpreter.version_info >= _CHEAP_SINCE
        is_stale = not self.is_awaited and len(affected) >= MIN_STALE_SHARE * len(known.records)
        if self.is_recorded or mode is CodeMapMode.ALWAYS or is_cheap or is_stale:
            self._recording = CodeRecording()
        is_slower = self._recording is not None and not is_cheap
        return RunAdvice(rank(affected), self._recording, _SLOWNESS if is_slower else 1.0)

    def store(self, run: Run) -> None:
        """Store what a run has recorded."""
        if self._recording is None or run.result.broken_reason:
            return
        try:
            store_recording(self.project, run, self._recording)
            if self.project.settings.each_commit is EachCommit.AFFECTED and self._recording.has_tests:
                affected_note.enable(self.project.state)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - the run itself is stored
            traceback.print_exc()


def rank(affected: Sequence[AffectedTest]) -> dict[str, float]:
    """Return the priorities of affected tests, which are sorted: 0 to 1."""
    priorities: dict[str, float] = {}
    for sureness in Sureness:
        tests = [each.test_id for each in affected if each.sureness is sureness]
        step = (_HIGHEST[sureness] - _LOWEST[sureness]) / max(1, len(tests) - 1)
        priorities |= {test: _HIGHEST[sureness] - step * number for number, test in enumerate(tests)}
    return priorities
