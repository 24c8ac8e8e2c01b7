"""``batchhook notify``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, project
from batchhook.errors import ExitCode, UsageError


def notify(
    test: Annotated[bool, typer.Option("--test", help="Send a test message to every address.")] = False,
    _json: Json = False,
) -> int:
    """Check whether notifications arrive."""
    if not test:
        raise UsageError("notifications are sent automatically", "batchhook notify --test sends one now")
    from batchhook.workflow.notify.notifications import send_test

    with project() as opened:
        deliveries = send_test(opened)
        events = ", ".join(event.value for event in opened.settings.notify.events)
    code = ExitCode.ERROR if any(delivery.problem for delivery in deliveries) else ExitCode.OK
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.notify_document(deliveries))
        return code
    from rich.text import Text

    from batchhook.core.sanitize import one_line

    out = console()
    for delivery in deliveries:
        mark = Text("✗ ", style="red") if delivery.problem else Text("✓ ", style="green")
        name, outcome = one_line(delivery.destination.name), one_line(delivery.problem) or "sent"
        out.print(Text.assemble(mark, (name, "bold"), f": {outcome}"), soft_wrap=True)
    out.print(f"Sent automatically: {events}." if events else "No events are configured, so nothing is sent.")
    return code
