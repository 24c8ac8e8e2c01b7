"""The public Python API: what the commands do, for programs. Documented in ``docs/api.md``."""

from __future__ import annotations

from batchhook.api.going_back import GoingBack
from batchhook.api.reporting import Reporting
from batchhook.api.room import Room
from batchhook.api.seeing import Seeing
from batchhook.api.setting_up import SettingUp
from batchhook.api.testing import Testing
from batchhook.workflow.context.project import opened


class Workflow(SettingUp, Seeing, Testing, GoingBack, Reporting, Room):
    """A repository in which batchhook is installed, or is going to be.

    Each method does what the command of its name does, and gives what that prints with ``--json``, as a frozen
    pydantic model. What a command ends with 3 for is raised: a ``BatchhookError`` with a message and a hint. Failing
    tests are no error: they are in what is given back.

    As a context manager, it keeps the repository open between calls (in one thread); without, each call opens it.

    Args:
        folder: any folder inside the work tree.
        settings: of ``docs/guide.md``, over those of the file and the environment, for what is done here. The runner,
            which tests full batches, has its own from the file.
    """

    def __enter__(self) -> Workflow:  # noqa: PYI034 - typing.Self came with Python 3.11
        self._project = self._stack.enter_context(opened(self._folder, flags=self._settings))
        return self

    def __exit__(self, *_: object) -> None:
        self._project = None
        self._stack.close()
