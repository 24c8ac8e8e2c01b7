"""Telling plug-ins of an event: each in a process of its own, all of them side by side, each for so long at most."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from batchhook.core.metrics import Metric, checked
from batchhook.lazy import Late
from batchhook.plugins.discovery import Plugin, installed
from batchhook.store import integration_errors, outbox
from batchhook.workflow.context.project import Project
from batchhook.workflow.notify.sandbox import Answer, Call, call
from batchhook.workflow.status.analyze import analyzed

if TYPE_CHECKING:
    from pydantic import BaseModel

    from batchhook.report import json_models
else:
    json_models = Late("batchhook.report.json_models")

_HOST = "batchhook.plugins.host"
_SIDE_BY_SIDE = 8


class Audience:
    """The plug-ins that are installed; with this, hooks and commands know that there are some.

    Args:
        project: the repository.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.plugins = installed()
        self._hooks: dict[str, frozenset[str]] = {}
        outbox.set_plugins(project.database, [plugin.name for plugin in self.plugins])

    def tell(self, hook: str, **arguments: BaseModel) -> dict[str, dict[str, Metric]]:
        """Tell plug-ins of an event, and note what was the matter with whom.

        Args:
            hook: one of ``plugins/hookspecs.py``.
            arguments: its own, without ``repository``.

        Returns:
            the metrics that they gave, by plug-in.
        """
        shown: dict[str, Any] = {name: document.model_dump(mode="json") for name, document in arguments.items()}
        shown["repository"] = json_models.shown(os.fspath(self._project.location.top))
        found: dict[str, dict[str, Metric]] = {}
        for plugin, answer in self.ask(hook, shown).items():
            problem = answer.problem
            try:
                metrics = checked(answer.said.get("metrics"))
            except ValueError as error:
                metrics, problem = {}, str(error)
            integration_errors.note(self._project.database, integration_errors.of_plugin(plugin), hook, problem)
            if metrics:
                found[plugin] = metrics
        return found

    def ask(self, hook: str, arguments: Mapping[str, Any]) -> dict[str, Answer]:
        """Call a hook of each plug-in that has it, side by side; with an empty one they are only loaded.

        One that is known not to have it is not asked.
        """
        asked = [plugin for plugin in self.plugins if hook in self._hooks.get(plugin.name, {hook})]

        def call_one(plugin: Plugin) -> Answer:
            order = {"name": plugin.name, "value": plugin.value, "hook": hook, "arguments": arguments}
            limit, event = self._project.settings.plugin_timeout, hook or "loading it"
            return call(
                self._project.state,
                os.environ,
                Call(_HOST, order, integration_errors.of_plugin(plugin.name), event, limit),
            )

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            answers = dict(zip([plugin.name for plugin in asked], pool.map(call_one, asked), strict=True))
        for name, answer in answers.items():
            if not answer.problem:
                self._hooks[name] = frozenset(answer.said.get("hooks", ()))
        return answers


def add_metrics(project: Project, number: int) -> None:
    """Let plug-ins look at a batch of which all is known, and store the metrics that they add: a step of closing."""
    audience = Audience(project)
    if audience.plugins:
        analysis = json_models.analysis_document(analyzed(project, number))
        found = audience.tell("batchhook_analysis_made", analysis=analysis)
        outbox.put_metrics(project.database, number, found)
