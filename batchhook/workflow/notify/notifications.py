"""Notifications: telling people elsewhere, by apprise, of the events that they chose."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec

from batchhook.core.analysis import Analysis
from batchhook.core.notification import Message, about_batch, about_operation, event_of
from batchhook.core.operations import Operation
from batchhook.core.sanitize import one_line
from batchhook.core.settings import Notify, NotifyEvent
from batchhook.errors import BatchhookError
from batchhook.plugins.notification_sender import MISSING
from batchhook.store import batches, integration_errors, runs
from batchhook.workflow.context.project import Project
from batchhook.workflow.notify.sandbox import Call, call

URLS = "BATCHHOOK_NOTIFY_URLS"
"""The environment variable with addresses that every repository's notifications go to."""

_SENDER = "batchhook.plugins.notification_sender"
_SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True)
class Destination:
    """Where notifications go: an environment variable that has the address, or several of which one is counted."""

    variable: str
    position: int = 0

    @property
    def name(self) -> str:
        """What it is called; the address itself is a secret."""
        return f"notification to {self.variable}" + (f", address {self.position + 1}" if self.position else "")


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went with one destination; ``problem`` is empty where it went well."""

    destination: Destination
    problem: str


def destinations(notify: Notify, environment: Mapping[str, str]) -> tuple[Destination, ...]:
    """Where notifications go: what the settings refer to, and what ``BATCHHOOK_NOTIFY_URLS`` has."""
    referred = [Destination(url.removeprefix("${").removesuffix("}")) for url in notify.urls]
    general = [Destination(URLS, position) for position in range(len(environment.get(URLS, "").split()))]
    return tuple(dict.fromkeys((*referred, *general)))


def obstacle(destination: Destination, environment: Mapping[str, str]) -> str:
    """What keeps notifications from being sent there, as far as that shows without sending any; empty for nothing."""
    if find_spec("apprise") is None:
        return MISSING
    set_to = environment.get(destination.variable, "").split()
    return "" if len(set_to) > destination.position else f"the environment variable {destination.variable} is not set"


def is_wanted(project: Project, branch: str = "") -> bool:
    """Whether notifications go anywhere, of what happens on a branch (full ref name)."""
    settings = project.on(branch).settings if branch else project.settings
    return bool(settings.notify.events and destinations(settings.notify, os.environ))


def notify_of_batch(project: Project, analysis: Analysis) -> None:
    """Tell of a batch's end, if that is wanted."""
    there = project.on(analysis.batch.branch)
    before = batches.previous_finished(project.database, analysis.batch.id)
    earlier = runs.totals(project.database, before) if before else None
    event = event_of(analysis.verdict, earlier[0] if earlier else None)
    if event in there.settings.notify.events:
        name, messages = project.location.top.name, there.settings.notify.messages
        send(there, about_batch(analysis, event, name, messages=messages), event.value)


def notify_of_operation(project: Project, operation: Operation) -> None:
    """Tell of a rollback, an undo or a redo, if that is wanted."""
    if NotifyEvent.ROLLED_BACK in project.settings.notify.events:
        name = project.location.top.name
        message = about_operation(operation, name)
        send(project, message, NotifyEvent.ROLLED_BACK.value)


def send(project: Project, message: Message, event: str) -> tuple[Sent, ...]:
    """Send a notification to every destination, side by side, and note what was the matter."""

    def to_one(destination: Destination) -> Sent:
        order = {"variable": destination.variable, "position": destination.position}
        order |= {"title": message.title, "body": message.body, "kind": message.kind}
        asked = Call(_SENDER, order, destination.name, event, project.settings.plugin_timeout)
        return Sent(destination, call(project.state, os.environ, asked).problem)

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        sent = tuple(pool.map(to_one, destinations(project.settings.notify, os.environ)))
    for one in sent:
        integration_errors.note(project.database, one.destination.name, "notify", one.problem)
    return sent


def send_test(project: Project) -> tuple[Sent, ...]:
    """Send a message to every destination, to see whether it arrives.

    Raises:
        BatchhookError: there is none.
    """
    if not destinations(project.settings.notify, os.environ):
        raise BatchhookError(
            "no address is set to send to", f"urls in [tool.batchhook.notify], or the environment variable {URLS}"
        )
    name = one_line(project.location.top.name, 40)
    return send(project, Message(f"{name}: a test", "batchhook's notifications arrive here."), "test")
