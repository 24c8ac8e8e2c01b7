"""The actions of the pages' forms: each is the use case of a command."""

from __future__ import annotations

import os
from collections.abc import Mapping

from batchhook.core.events import ignore_event
from batchhook.core.progress import format_progress
from batchhook.core.views.overview import AttentionItem, Urgency
from batchhook.errors import BatchhookError, ConflictError, UsageError
from batchhook.git.location import Location
from batchhook.report.json_models import TestDocument
from batchhook.serve.page_routes import MAX_DIGITS
from batchhook.store.state_dir import StateDir
from batchhook.workflow.baseline import set_baseline
from batchhook.workflow.context.project import open_project
from batchhook.workflow.rollback.request import RollbackRequest, prepare_rollback
from batchhook.workflow.rollback.undo import prepare_undo
from batchhook.workflow.status import gate
from batchhook.workflow.status.background_test import BackgroundTest
from batchhook.workflow.views.rollback import digest_plan

_RUNS = {"run": (), "run-fresh": ("--fresh",), "run-failed": ("--failed",)}


class Actions:
    """The actions, on one repository.

    Args:
        location: of the repository.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._test: BackgroundTest | None = None

    def close(self) -> None:
        """Stop the run that was started here, if it still goes on."""
        if self._test is not None:
            self._test.close()

    def perform(self, name: str, form: Mapping[str, str]) -> str:
        """Perform an action; return the address of the page that shows its result.

        Raises:
            UsageError: there is no such action, or a field is wrong.
            BatchhookError: it cannot be done; nothing was changed.
        """
        state = StateDir.for_repository(self._location.common_dir)
        if not os.access(state.root, os.W_OK):
            raise BatchhookError("this repository is read-only here", f"change the rights of {state.root}")
        if name in _RUNS:
            return self._run(_RUNS[name])
        match name:
            case "acknowledge":
                return self._acknowledge(_number(form, "batch"))
            case "baseline":
                return self._set_baseline(form.get("commit", ""))
            case "rollback":
                return self._roll_back(_number(form, "batch"), form)
            case "undo":
                return self._undo(_number(form, "operation"))
            case _:
                raise UsageError("there is no such action", "go back to the overview")

    def describe_run(self) -> AttentionItem | None:
        """Return how the run goes that was started here, or how it ended; None if there was none."""
        if self._test is None:
            return None
        try:
            document = self._test.result()
        except BatchhookError as error:
            return AttentionItem(Urgency.UNTESTED, f"the run that you started: {error.message}", command=error.hint)
        if document is None:
            return AttentionItem(Urgency.REMARK, f"the run that you started: {format_progress(self._test.progress())}")
        result = TestDocument.model_validate(document)
        counts = f"{result.totals.tests} tests, {len(result.failures)} failed"
        urgency = Urgency.FAILED if result.failures else Urgency.UNTESTED if result.broken else Urgency.REMARK
        text = f"the run that you started, of {result.commit[:8]}: {result.broken or counts} ({result.verdict})"
        return AttentionItem(urgency, text)

    def _run(self, options: tuple[str, ...]) -> str:
        if self._test is not None:
            if self._test.is_running:
                raise ConflictError("a run that was started here goes on", "wait until it has ended")
            self._test.close()
        self._test = BackgroundTest(self._location, options)
        return "/"

    def _acknowledge(self, batch: int) -> str:
        with open_project(self._location) as project:
            gate.acknowledge(project, batch)
        return f"/batches/{batch}"

    def _set_baseline(self, commit: str) -> str:
        if commit.startswith("-"):
            raise UsageError("this is no commit", "go back to the batch")
        with open_project(self._location) as project:
            set_baseline(project, commit, os.environ, ignore_event, force=False)
        return "/"

    def _roll_back(self, batch: int, form: Mapping[str, str]) -> str:
        if form.get("confirmation", "").strip() != f"rollback {batch}":
            raise UsageError("the words that confirm a rollback were not typed", "go back, and type them")
        with open_project(self._location) as project:
            project.reconcile()
            with prepare_rollback(project, RollbackRequest((batch, batch))) as prepared:
                if digest_plan(prepared.plan) != form.get("digest", ""):
                    raise ConflictError("something has changed since the plan was shown", "look at the plan again")
                if prepared.has_work:
                    prepared.execute()
        return "/operations"

    def _undo(self, operation: int) -> str:
        with open_project(self._location) as project, prepare_undo(project, operation) as prepared:
            prepared.execute()
        return "/operations"


def _number(form: Mapping[str, str], name: str) -> int:
    value = form.get(name, "")
    if not value.isdecimal() or len(value) > MAX_DIGITS:
        raise UsageError(f"a number is missing: {name}", "go back to the page")
    return int(value)
