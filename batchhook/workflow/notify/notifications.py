"""Notifications of the events that the user chose, sent with apprise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec

from batchhook.core.analysis import Analysis
from batchhook.core.notification import Notification, batch_notification, notification_event, operation_notification
from batchhook.core.operations import Operation
from batchhook.core.sanitize import one_line
from batchhook.core.settings import NotifyEvent, NotifySettings
from batchhook.errors import BatchhookError
from batchhook.plugins.notification_sender import APPRISE_MISSING
from batchhook.plugins.sandbox import SandboxCall, run_sandboxed
from batchhook.store import batches, deliveries, events, integration_errors, runs
from batchhook.workflow.context.project import Project
from batchhook.workflow.suite.environment import clean_environment

URLS = "BATCHHOOK_NOTIFY_URLS"
"""Environment variable with addresses for the notifications of all repositories."""

_SENDER = "batchhook.plugins.notification_sender"
_MAX_CONCURRENT = 8


@dataclass(frozen=True, slots=True)
class Destination:
    """An address of notifications: an environment variable, and the position in it if it holds several addresses."""

    variable: str
    position: int = 0

    @property
    def name(self) -> str:
        """Return a name for messages; the address itself is a secret."""
        return f"notification to {self.variable}" + (f", address {self.position + 1}" if self.position else "")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of sending to one destination; ``problem`` is empty on success."""

    destination: Destination
    problem: str


def list_destinations(notify: NotifySettings, environment: Mapping[str, str]) -> tuple[Destination, ...]:
    """Return the destinations in the settings, and those in ``BATCHHOOK_NOTIFY_URLS``."""
    configured = [Destination(url.removeprefix("${").removesuffix("}")) for url in notify.urls]
    general = [Destination(URLS, position) for position in range(len(environment.get(URLS, "").split()))]
    return tuple(dict.fromkeys((*configured, *general)))


def find_obstacle(destination: Destination, environment: Mapping[str, str]) -> str:
    """Return why notifications cannot be sent to a destination, checked without sending one; empty if they can."""
    if find_spec("apprise") is None:
        return APPRISE_MISSING
    addresses = environment.get(destination.variable, "").split()
    return (
        "" if len(addresses) > destination.position else f"the environment variable {destination.variable} is not set"
    )


def is_enabled(project: Project, branch: str = "") -> bool:
    """Return whether notifications are configured for a branch (full ref name)."""
    settings = project.for_branch(branch).settings if branch else project.settings
    return bool(settings.notify.events and list_destinations(settings.notify, os.environ))


def prepare_delivery(project: Project, branch: str = "") -> None:
    """Have events delivered from now on if there are plug-ins, or notifications for a branch (full ref name)."""
    if deliveries.load_plugins(project.database) or is_enabled(project, branch):
        events.join(project.database, events.DISPATCHER)
    elif not events.has_unread(project.database, events.DISPATCHER):
        events.leave(project.database, events.DISPATCHER)


def notify_batch(project: Project, analysis: Analysis) -> None:
    """Send a notification of a finished batch, if the settings ask for it."""
    project = project.for_branch(analysis.batch.branch)
    previous = batches.find_previous_finished(project.database, analysis.batch.id)
    previous_totals = runs.load_totals(project.database, previous) if previous else None
    changes = analysis.since_previous.overall
    event = notification_event(analysis.verdict, previous_totals[0] if previous_totals else None, changes)
    if event in project.settings.notify.events:
        name, messages = project.location.top.name, project.settings.notify.messages
        send(project, batch_notification(analysis, event, name, messages=messages), event.value)


def notify_operation(project: Project, operation: Operation) -> None:
    """Send a notification of a rollback, an undo or a redo, if the settings ask for it."""
    if NotifyEvent.ROLLED_BACK in project.settings.notify.events:
        notification = operation_notification(operation, project.location.top.name)
        send(project, notification, NotifyEvent.ROLLED_BACK.value)


def send(project: Project, notification: Notification, event: str) -> tuple[Delivery, ...]:
    """Send a notification to all destinations in parallel, and store which of them failed."""

    def send_to(destination: Destination) -> Delivery:
        request = {"variable": destination.variable, "position": destination.position}
        request |= {"title": notification.title, "body": notification.body, "kind": notification.kind}
        call = SandboxCall(_SENDER, request, destination.name, event, project.settings.plugin_timeout)
        return Delivery(destination, run_sandboxed(project.state, clean_environment(os.environ), call).problem)

    with ThreadPoolExecutor(_MAX_CONCURRENT) as pool:
        deliveries = tuple(pool.map(send_to, list_destinations(project.settings.notify, os.environ)))
    for delivery in deliveries:
        integration_errors.record(project.database, delivery.destination.name, "notify", delivery.problem)
    return deliveries


def send_test(project: Project) -> tuple[Delivery, ...]:
    """Send a test message to all destinations.

    Raises:
        BatchhookError: there is no destination.
    """
    if not list_destinations(project.settings.notify, os.environ):
        raise BatchhookError(
            "no notification address is configured",
            f"set urls in [tool.batchhook.notify], or the environment variable {URLS}",
        )
    name = one_line(project.location.top.name, 40)
    return send(project, Notification(f"{name}: a test", "batchhook's notifications arrive here."), "test")
