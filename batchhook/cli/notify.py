"""notify: whether notifications arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from batchhook.cli.arguments import Json
from batchhook.cli.options import console, emit, options, project
from batchhook.core.sanitize import one_line
from batchhook.errors import ExitCode, UsageError
from batchhook.lazy import Late
from batchhook.workflow.notify.notifications import send_test

if TYPE_CHECKING:
    from batchhook.workflow import serializers
else:
    serializers = Late("batchhook.workflow.serializers")


def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a message to every address, and say how it went.")] = False,
    _json: Json = False,
) -> int:
    """See whether notifications arrive."""
    if not test:
        raise UsageError("notifications are sent by themselves", "batchhook notify --test sends one now")
    with project() as opened:
        sent = send_test(opened)
        events = ", ".join(event.value for event in opened.settings.notify.events)
    ok = all(not one.problem for one in sent)
    if options.json:
        emit(serializers.notified_document(sent))
        return ExitCode.OK if ok else ExitCode.ERROR
    out = console()
    for one in sent:
        mark = Text("✗ ", style="red") if one.problem else Text("✓ ", style="green")
        said = one_line(one.problem) or "sent"
        out.print(Text.assemble(mark, (one_line(one.destination.name), "bold"), f": {said}"), soft_wrap=True)
    out.print(f"Sent by themselves: {events}." if events else "No events are chosen, so none is sent by itself.")
    return ExitCode.OK if ok else ExitCode.ERROR
