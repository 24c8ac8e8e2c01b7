"""Setting up: hooks, folders without git, what is in place."""

from __future__ import annotations

import os

from batchhook.api.opening import Opening
from batchhook.errors import NoRepositoryError
from batchhook.git.location import locate
from batchhook.report import json_models
from batchhook.workflow import serializers as composed
from batchhook.workflow.notify import notifications
from batchhook.workflow.setup import doctor, install, shadow_init


class SettingUp(Opening):
    """A part of ``Workflow``."""

    def install(self, *, shared: bool = False) -> json_models.InstalledDocument:
        """Write git's hooks; what is there already keeps running. What was recorded before there was git is taken over.

        Args:
            shared: write into a hooks folder that serves other repositories, too.

        Raises:
            BatchhookError: the folder serves other repositories, or cannot be written; or pre-commit runs us here.
        """
        location = locate(self._folder)
        return composed.installed_document(install.install(location, location.git(), shared=shared))

    def begin_without_git(self) -> None:
        """Begin to count in a folder that no git repository is around, as ``record --yes`` does; else nothing.

        The files as they are now are the state before the first change.

        Raises:
            BatchhookError: it is no folder to do that in, or cannot be written.
        """
        try:
            locate(self._folder)
        except NoRepositoryError:
            shadow_init.begin_without_git(self._folder, os.environ)

    def doctor(self) -> json_models.DoctorDocument:
        """What is and isn't in place, which Python runs the tests and why, what discovery finds."""
        location = locate(self._folder)
        return composed.doctor_document(doctor.examine(location, location.git(), os.environ))

    def send_test(self) -> json_models.NotifiedDocument:
        """Send a message to every address that notifications go to, and say how it went.

        Raises:
            BatchhookError: there is none.
        """
        with self._opened() as project:
            return composed.notified_document(notifications.send_test(project))
