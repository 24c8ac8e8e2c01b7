"""Delivery of events to plug-ins: each in a process of its own, in parallel, with a timeout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from batchhook.core.metrics import Metric, validate_metrics
from batchhook.lazy import LazyModule
from batchhook.plugins.discovery import Plugin, find_plugins
from batchhook.plugins.sandbox import SandboxCall, SandboxResult, run_sandboxed
from batchhook.store import batches, deliveries, integration_errors
from batchhook.workflow.context.project import Project
from batchhook.workflow.status.analyze import load_analysis
from batchhook.workflow.suite.environment import clean_environment

if TYPE_CHECKING:
    from pydantic import BaseModel

    from batchhook.report import json_models
else:
    json_models = LazyModule("batchhook.report.json_models")

_HOST = "batchhook.plugins.host"
_MAX_CONCURRENT = 8


class PluginSet:
    """The installed plug-ins. Creating it stores their names, so that hooks know whether there are any."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.plugins = find_plugins()
        self._hooks: dict[str, frozenset[str]] = {}
        deliveries.save_plugins(project.database, [plugin.name for plugin in self.plugins])

    def publish(self, hook: str, **arguments: BaseModel) -> dict[str, dict[str, Metric]]:
        """Deliver an event to the plug-ins, and store which of them failed.

        Args:
            hook: name of a hook in ``plugins/hookspecs.py``.
            arguments: of the hook, without ``repository``.

        Returns:
            Plug-in name -> the metrics that it returned.
        """
        values: dict[str, Any] = {name: document.model_dump(mode="json") for name, document in arguments.items()}
        values["repository"] = json_models.json_path(os.fspath(self._project.location.top))
        metrics_by_plugin: dict[str, dict[str, Metric]] = {}
        for plugin, result in self.call_hook(hook, values).items():
            problem = result.problem
            try:
                metrics = validate_metrics(result.output.get("metrics"))
            except ValueError as error:
                metrics, problem = {}, str(error)
            integration_errors.record(self._project.database, integration_errors.plugin_key(plugin), hook, problem)
            if metrics:
                metrics_by_plugin[plugin] = metrics
        return metrics_by_plugin

    def call_hook(self, hook: str, arguments: Mapping[str, Any]) -> dict[str, SandboxResult]:
        """Call a hook of all plug-ins in parallel, except those known not to implement it.

        With an empty name they are only loaded.
        """
        callees = [plugin for plugin in self.plugins if hook in self._hooks.get(plugin.name, {hook})]

        def call_one(plugin: Plugin) -> SandboxResult:
            request = {"name": plugin.name, "value": plugin.value, "hook": hook, "arguments": arguments}
            timeout, event = self._project.settings.plugin_timeout, hook or "loading"
            return run_sandboxed(
                self._project.state,
                clean_environment(os.environ),
                SandboxCall(_HOST, request, integration_errors.plugin_key(plugin.name), event, timeout),
            )

        with ThreadPoolExecutor(_MAX_CONCURRENT) as pool:
            results = dict(zip([plugin.name for plugin in callees], pool.map(call_one, callees), strict=True))
        for name, result in results.items():
            if not result.problem:
                self._hooks[name] = frozenset(result.output.get("hooks", ()))
        return results


def add_metrics(project: Project, number: int) -> None:
    """Store the metrics that plug-ins compute from a batch's analysis."""
    plugin_set = PluginSet(project)
    if plugin_set.plugins:
        document = json_models.analysis_document(load_analysis(project, number))
        metrics = plugin_set.publish("batchhook_analysis_made", analysis=document)
        batches.save_metrics(project.database, number, metrics)
