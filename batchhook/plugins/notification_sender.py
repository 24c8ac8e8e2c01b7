"""The process that sends one notification to one place: ``python -m batchhook.plugins.notification_sender``.

Where to is in an environment variable, whose name the order says: the address is a secret, and stands in no file, on no
command line, and in nothing that this prints.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MISSING = 'apprise is not installed: pip install "batchhook[notify]"'


def main() -> None:
    """Send, and write the answer: what was the matter, if anything was."""
    order, answer = (Path(argument) for argument in sys.argv[1:3])
    try:
        problem = send(json.loads(order.read_text("utf-8")))
    except Exception as error:  # noqa: BLE001 - whatever apprise and what it sends with may raise
        problem = f"{type(error).__name__} while it was sent"  # its text may hold the address
    answer.write_text(json.dumps({"problem": problem}), "utf-8")


def send(order: Mapping[str, Any]) -> str:
    """Send a notification.

    Args:
        order: ``variable`` has the address, or several of which ``position`` counts one, from 0; ``title``, ``body``,
            ``kind`` as ``core.notification.Message`` has them.

    Returns:
        what was the matter; empty where it was sent.
    """
    try:
        import apprise  # noqa: PLC0415 - an extra, that may not be there
    except ImportError:
        return MISSING
    addresses = os.environ.get(order["variable"], "").split()
    if order["position"] >= len(addresses):
        return f"the environment variable {order['variable']} is not set"
    address = addresses[order["position"]]
    said = _Said()
    logging.getLogger("apprise").addHandler(said)
    notifier = apprise.Apprise(asset=apprise.AppriseAsset(app_id="batchhook", app_desc="batchhook"))
    if not notifier.add(address):
        return "apprise knows no such address, or something is missing in it: docs/notifications.md"
    sent = notifier.notify(
        title=order["title"], body=order["body"], notify_type=order["kind"], body_format=apprise.NotifyFormat.TEXT
    )
    return "" if sent else _without(address, said.last or "it was not taken")


class _Said(logging.Handler):
    """The last that apprise complained about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


def _without(address: str, text: str) -> str:
    """A text without any part of an address that may be a secret."""
    parts = sorted({address, *re.split(r"[/:@?&=,]+", address)}, key=len, reverse=True)
    for part in parts:
        if len(part) > 3:  # noqa: PLR2004 - shorter ones are in every text, and no secret
            text = text.replace(part, "***")
    return text


if __name__ == "__main__":
    main()
